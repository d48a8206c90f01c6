"""Staffing of each region: the common one, raked so that its occupations follow the region's own survey.

Regions with the same sectors differ in occupations, but a regional survey is noise below a few thousand
persons. So every cell, an occupation of a market, gets a composite: the survey's count over what sectors and
common staffing say, as a level over the years, drawn to 1 as far as its noise asks (empirical Bayes; Fay and
Herriot 1979, doi 10.1080/01621459.1979.10482505; sampling variance must enter, METHOD.md section 4). Sectors
keep their persons exactly: the composite only says how they spread over occupations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from forecasting.demand import Industry
from forecasting.raking import rake
from forecasting.series.panel import Array
from forecasting.series.shrinkage import fit_noise
from forecasting.vocabulary import ALL_AGES

_SWEEPS: Final = 3
"""Rounds in which levels and the noise that is read off them settle on each other."""

_FEWEST_YEARS: Final = 2
"""With one year and no stated error, noise and difference cannot be told apart."""

_SMALLEST: Final = 0.05
"""Ratio below which a logarithm says no more than that hardly anybody was found."""

_EXACT: Final = 1e-12
"""Variance below which a ratio is known for all purposes; zero would divide."""

_NEAR: Final = 2
"""Times the smallest published figure below which a cell that lacks one is taken as too small to publish."""

_ROUNDS: Final = 1_000
_MISS: Final = 1e-6
"""Largest miss of an occupation as a share of the market: far below the composite's own error."""


@dataclass(frozen=True)
class Counts:
    """A survey beside what sectors and common staffing say; rows are cells, an occupation of a market each.

    Parameters
    ----------
    index : DataFrame
        ``region, occupation``; the industry's occupations in its order, market by market.
    ratio : ndarray of shape (cells, years)
        Persons counted over persons expected; NaN where unknown. The years end with the base year.
    expected : ndarray of shape (cells, years)
        Persons by sector times the base year's common staffing, at the survey's total of the market and year:
        it may count residents, or leave some out.
    unit : ndarray of shape (cells,)
        Persons that a respondent stands for: the stated sampling variance over persons counted, all years
        together, as a figure that happens to be low also states a low variance. NaN where not stated.
    """

    index: pd.DataFrame
    ratio: Array
    expected: Array
    unit: Array


@dataclass(frozen=True)
class Composite:
    """How far each cell is from the common staffing, each of shape (cells,).

    Parameters
    ----------
    factor : ndarray
        Persons over those of the common staffing, before the market is scaled to its sectors.
    deviation : ndarray
        Standard deviation of its logarithm that is left.
    """

    factor: Array
    deviation: Array


def with_regional_staffing(
    industry: Industry, survey: pd.DataFrame, markets: Sequence[str], base_year: int
) -> Industry:
    """Give every market with a survey of its own a staffing of its own.

    Parameters
    ----------
    survey : DataFrame
        Canonical table ``occupation_employment``; only all ages, the industry's occupations, and years up to
        the base year are used.
    markets : sequence of str
        Codes of the regions that are scored.

    Returns
    -------
    Industry
        As given where no market is surveyed.
    """
    counts = survey_counts(industry, survey, markets, base_year)
    if counts.index.empty:
        return industry
    codes = [str(code) for code in counts.index["region"].unique()]
    factors = composite(counts).factor.reshape(len(codes), -1)
    persons = {
        code: np.nan_to_num(_leaf_persons(industry, code, range(base_year, base_year + 1))[0])
        for code in codes
    }
    regional = {
        code: raked(industry.staffing, persons[code], factor)
        for code, factor in zip(codes, factors, strict=True)
    }
    return replace(industry, regional=regional)


def survey_counts(industry: Industry, survey: pd.DataFrame, markets: Sequence[str], base_year: int) -> Counts:
    """Hold the survey of every market to its sectors and the common staffing, year by year."""
    rows = survey[
        (survey["age_band"] == ALL_AGES)
        & (survey["year"] <= base_year)
        & survey["region"].isin(markets)
        & survey["occupation"].isin(industry.occupations)
        & survey["persons"].notna()
    ]
    years = range(int(rows["year"].min()), base_year + 1) if len(rows) else range(0)
    codes, occupations = sorted(rows["region"].unique()), list(industry.occupations)
    figures, expected, units = [], [], []
    for code in codes:
        own = rows[rows["region"] == code].set_index(["occupation", "year"])
        found = own["persons"].unstack().reindex(index=occupations, columns=years).to_numpy(dtype=float)
        sectors = pd.DataFrame(_leaf_persons(industry, code, years)).ffill().bfill().fillna(0.0)
        synthetic = industry.staffing.T @ sectors.to_numpy(dtype=float).T
        found = _hidden(np.where(synthetic > 0, found, np.nan), synthetic)
        whole = np.nansum(found, axis=0)
        of_these = np.where(np.isfinite(found), synthetic, 0).sum(axis=0)
        figures.append(found)
        expected.append(synthetic * np.divide(whole, of_these, out=np.zeros(len(years)), where=of_these > 0))
        units.append(_unit(own, occupations))
    index = pd.MultiIndex.from_product([codes, occupations], names=["region", "occupation"])
    if not codes:
        return Counts(index.to_frame(index=False), *(np.empty((0, 0)),) * 2, np.empty(0))
    counted, whole = np.vstack(figures), np.vstack(expected)
    ratio = np.divide(counted, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return Counts(index.to_frame(index=False), ratio, whole, np.concatenate(units))


def _leaf_persons(industry: Industry, region: str, years: range) -> Array:
    """Return persons by staffed sector, NaN where not published, shape (years, leaves)."""
    rows = industry.employment
    rows = rows[(rows["region"] == region) & (rows["age_band"] == ALL_AGES)]
    wide = rows.pivot_table(index="year", columns="sector", values="persons", aggfunc="sum")
    return wide.reindex(index=years, columns=list(industry.leaves)).to_numpy(dtype=float)


def _hidden(figures: Array, synthetic: Array) -> Array:
    """Put half the smallest published figure where a small cell has none in a year that was surveyed.

    Surveys leave out figures of few respondents. Of a cell about as small as that, the published years are
    then those with many by chance: without the others its mean is too high. Half of the limit is the usual
    stand-in (Hornung and Reed 1990, doi 10.1080/1047322X.1990.10389587). A larger cell's gap stays unknown.

    Parameters
    ----------
    figures, synthetic : ndarray of shape (occupations, years)
        Of one market.
    """
    known = np.isfinite(figures)
    limit = np.where(known, figures, np.inf).min(axis=0, initial=np.inf)
    count = known.sum(axis=1)
    published = np.where(known, figures, 0).sum(axis=1) / np.maximum(count, 1)
    usual = np.where(count > 0, published, synthetic.mean(axis=1))
    small = ~known & np.isfinite(limit) & (usual[:, None] < _NEAR * limit) & (synthetic > 0)
    return np.where(small, np.minimum(limit / 2, synthetic), figures)


def _unit(own: pd.DataFrame, occupations: list[str]) -> Array:
    """Return each occupation's stated sampling variance over its persons, NaN where never stated."""
    stated = own[own["relative_standard_error"].notna() & (own["persons"] > 0)]
    variance = (stated["relative_standard_error"] * stated["persons"]) ** 2
    by_occupation = pd.DataFrame({"variance": variance, "persons": stated["persons"]}).groupby("occupation")
    sums = by_occupation.sum().reindex(occupations)
    return np.asarray(sums["variance"] / sums["persons"], dtype=float)


def composite(counts: Counts) -> Composite:
    """Shrink every cell's level to the common staffing by its noise and by how much cells differ at all.

    Notes
    -----
    The level at the base year is that of a local level model (`forecasting.series.shrinkage`): recent years
    weigh more as far as ratios move. Noise that is not stated is inversely proportional to persons, with the
    factor that the panel shows. The variance between cells is the one that makes the weighted sum of squared
    logarithms what it is expected to be (DerSimonian and Laird 1986, doi 10.1016/0197-2456(86)90046-2). A
    cell whose level or noise is unknown stays at 1.
    """
    level, variance = _levels(counts)
    size = np.maximum(level, _SMALLEST)
    known = np.isfinite(variance)
    distance = np.where(known, np.log(size), 0.0)
    error = np.where(known, np.maximum(variance / size**2, _EXACT), np.inf)
    weight = 1 / error
    total = weight.sum()
    excess = float((weight * distance**2).sum()) - int(known.sum())
    between = max(excess / total, 0.0) if total > 0 else 0.0
    kept = np.where(known, between / (between + error), 0.0)
    return Composite(np.exp(kept * distance), np.sqrt(between * (1 - kept)))


def _levels(counts: Counts) -> tuple[Array, Array]:
    """Return each cell's ratio at the base year and its variance (Kalman filter with a diffuse start)."""
    ratio, expected = counts.ratio, counts.expected
    known = np.isfinite(ratio)
    level = np.where(known, ratio, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    surveyed = np.maximum((expected > 0).sum(axis=1, keepdims=True), 1)
    size = expected.sum(axis=1, keepdims=True) / surveyed
    share = np.divide(size, expected, out=np.zeros_like(expected), where=expected > 0)
    noise = fit_noise(ratio * size, counts.unit[:, None] * level[:, None] * size * share)
    unit = np.where(np.isfinite(counts.unit), counts.unit, noise.unit)
    if known.any(axis=0).sum() < _FEWEST_YEARS:
        known = known & np.isfinite(counts.unit)[:, None]
    for _ in range(_SWEEPS):
        of_figure = unit * np.maximum(level, _SMALLEST)
        movement = noise.movement * level**2
        level, variance = np.zeros(len(ratio)), np.full(len(ratio), np.inf)
        for figure, here, persons in zip(ratio.T, known.T, expected.T, strict=True):
            error = np.divide(of_figure, persons, out=np.full(len(ratio), np.inf), where=persons > 0)
            before = variance + movement
            settled = here & np.isfinite(before) & (before + error > 0)
            gain = np.divide(before, before + error, out=np.ones(len(ratio)), where=settled)
            level = np.where(here, level + gain * (np.where(here, figure, 0) - level), level)
            variance = np.where(here, gain * error, before)
    return level, variance


def raked(staffing: Array, persons: Array, factor: Array) -> Array:
    """Return staffing as near to the common one as occupations moved by `factor` allow; rows sum to 1.

    Parameters
    ----------
    staffing : ndarray of shape (leaves, occupations)
        The common one. What is 0 stays 0: where a market's composite asks more of an occupation than its
        sectors can hold, it is met as nearly as they can.
    persons : ndarray of shape (leaves,)
        The market's at the base year; a sector without any keeps its row.
    factor : ndarray of shape (occupations,)
    """
    seed = staffing * persons[:, None]
    if not seed.any():
        return staffing
    table = rake(seed, persons, seed.sum(axis=0) * factor, tolerance=_MISS, limit=_ROUNDS)
    whole = table.sum(axis=1, keepdims=True)
    return np.divide(table, whole, out=staffing.copy(), where=whole > 0)
