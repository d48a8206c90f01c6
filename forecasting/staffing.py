"""Staffing that moves: what share of each sector an occupation will have, from a survey of past years.

The shares are forecast by `forecasting.series.pooled_drift` where it has beaten shares that stay. ROA derives
occupations from sectors with *flexible* relations rather than fixed coefficients (METHOD.md section 1.1);
BLS's naive comparator keeps shares (section 6).

Every sector's shares sum to 1 at every horizon in every draw, so occupations add up to sectors exactly.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.demand import Industry
from forecasting.raking import rake
from forecasting.series.baselines import Forecaster
from forecasting.series.intervals import Spread, fit_spread
from forecasting.series.panel import Array, Panel, panel_from_table
from forecasting.series.pooled_drift import Codes, group_sums, numbers
from forecasting.vocabulary import ALL_AGES

_KEYS: Final = ["sector", "occupation"]

_STREAM: Final = 1
"""Beside the seed, so that staffing does not stray with the sectors' own shocks."""

_MEANS: Final = 1e-8
"""Largest miss of a share's mean over the draws, as a share of its sector."""


@dataclass(frozen=True)
class History:
    """Past staffing as persons by sector and occupation.

    Parameters
    ----------
    panel : Panel
        Index ``sector, occupation``; share times the sector's employment in its first known year, so that
        cells weigh by size and no later employment enters. A pair without a row in a year in which its
        sector has some is 0; a sector without rows is unknown.
    variance : ndarray of shape (series, periods)
        Sampling variance over the figure squared, NaN where the survey does not state it.
    """

    panel: Panel
    variance: Array


def staffing_history(industry: Industry, table: pd.DataFrame, base_year: int) -> History:
    """Lay out the canonical table ``staffing_history`` up to the base year, shares scaled to sum to 1."""
    rows = table[(table["year"] <= base_year) & table["sector"].isin(industry.leaves)]
    rows = rows.reindex(columns=["year", *_KEYS, "share", "relative_standard_error"])
    panel = panel_from_table(rows, _KEYS, value="share")
    if rows.empty:
        return History(panel, np.empty((0, 0)))
    sector = numbers(panel.index, "sector")
    sums = group_sums(np.nan_to_num(panel.values), sector)
    known = np.where(sums > 0, np.nan_to_num(panel.values) / np.where(sums > 0, sums, 1), np.nan)
    persons = panel.index["sector"].map(_first_persons(industry)).to_numpy(dtype=float)
    errors = panel_from_table(rows, _KEYS, value="relative_standard_error").values
    return History(Panel(panel.index, panel.periods, known * persons[:, None]), errors.astype(float) ** 2)


def _first_persons(industry: Industry) -> "pd.Series[float]":
    """Return persons per leaf over all regions in its first known year; 1 for a leaf without any."""
    rows = industry.employment
    rows = rows[(rows["age_band"] == ALL_AGES) & rows["sector"].isin(industry.leaves) & (rows["persons"] > 0)]
    first = rows[rows["year"] == rows.groupby("sector")["year"].transform("min")]
    return first.groupby("sector")["persons"].sum().reindex(list(industry.leaves)).fillna(1.0)


@dataclass(frozen=True)
class StaffingPaths:
    """Draws of every sector's staffing at the end of each window, common to all regions: how it moves.

    Parameters
    ----------
    leaf, occupation : ndarray of int, shape (pairs,)
        Positions in `Industry.leaves` and `Industry.occupations` of the pairs that are staffed.
    shares : ndarray of shape (pairs, horizons, draws)
        Of the leaf; those of a leaf sum to 1 in every draw, and their mean is the forecast.
    base : ndarray of shape (pairs,)
        The common shares of the base year.
    """

    leaf: Codes
    occupation: Codes
    shares: Array
    base: Array


def staffing_paths(
    industry: Industry,
    past: History,
    method: Forecaster,
    errors: pd.DataFrame,
    base_year: int,
    horizons: tuple[int, ...],
    size_classes: list[float],
    draws: int,
    seed: int,
) -> StaffingPaths:
    """Draw how staffing moves from the base year's on.

    Parameters
    ----------
    method : Forecaster
        The one that ships, of `past`.
    errors : DataFrame
        Its rows of `rolling_errors`, at least one: they set how far shares stray, by size and horizon, and
        how they stray together.

    Notes
    -----
    The table ``staffing`` is the base; history moves it by the ratio of the forecasts for both years, so that
    what was noise in the last survey comes back as no job. A pair without history keeps its share before
    scaling. Draws stray by the part of past errors that grows with the horizon: the part that does
    not is the survey's noise at both ends, and no job is created or lost by it.
    """
    leaf, occupation = np.nonzero(industry.staffing)
    panel, lead = past.panel, base_year - past.panel.periods[-1]
    row = _rows(panel, industry, leaf, occupation)
    found, last = row >= 0, panel.values[:, -1]
    forecast = method.forecast(panel, tuple(years + lead for years in horizons))
    start = method.forecast(panel, (lead,))[:, 0]
    moves = (start > 0)[:, None] & np.isfinite(forecast)
    ratio = np.divide(forecast, start[:, None], out=np.ones_like(forecast), where=moves)
    spread = fit_spread(errors, size_classes, curved=True)
    shocks = _shocks(errors, spread, len(panel.index), draws, seed)
    base, shares = industry.staffing[leaf, occupation], np.empty((len(leaf), len(horizons), draws))
    for column, years in enumerate(horizons):
        point = base * np.where(found, ratio[row, column], 1.0)
        point = point / group_sums(point, leaf)
        deviation = np.where(found, spread.movement(np.nan_to_num(last), years)[row], 0.0)
        strayed = point[:, None] * np.exp(deviation[:, None] * shocks[row])
        for one in range(len(industry.leaves)):
            mine = leaf == one
            # Rows are draws, and sum to 1 to the last digit; columns are the means over them.
            whole = rake(strayed[mine].T, np.ones(draws), point[mine], tolerance=_MEANS)
            shares[mine, column] = whole.T
    return StaffingPaths(leaf, occupation, shares, base)


def _rows(panel: Panel, industry: Industry, leaf: Codes, occupation: Codes) -> Codes:
    """Return the series of each staffed pair, -1 where it has no history."""
    pairs = pd.MultiIndex.from_arrays(
        [np.asarray(industry.leaves)[leaf], np.asarray(industry.occupations)[occupation]]
    )
    return pd.MultiIndex.from_frame(panel.index[_KEYS]).get_indexer(pairs).astype(np.intp)


def _shocks(errors: pd.DataFrame, spread: Spread, series: int, draws: int, seed: int) -> Array:
    """Return standardised shocks that keep how shares stray together, shape (series, draws).

    A draw takes all errors of one past origin and horizon, with either sign; a series that has none there
    takes any error of the past.
    """
    generator = np.random.default_rng([seed, _STREAM])
    size, years = errors["size"].to_numpy(dtype=float), errors["horizon"].to_numpy()
    deviation = np.zeros(len(errors))
    for one in np.unique(years):
        deviation[years == one] = spread.deviation(size[years == one], int(one))
    error = errors["error"].to_numpy(dtype=float)
    shock = np.divide(error, deviation, out=np.zeros(len(error)), where=deviation > 0)
    moment = pd.MultiIndex.from_frame(errors[["origin", "horizon"]]).factorize()[0]
    blocks = np.full((int(moment.max()) + 1, series), np.nan)
    blocks[moment, errors["series"].to_numpy(dtype=int)] = shock
    drawn = blocks[generator.integers(len(blocks), size=draws)]
    without = np.isnan(drawn)
    drawn[without] = generator.choice(shock, size=int(without.sum()))
    return (drawn * generator.choice([-1.0, 1.0], size=(draws, 1))).T


def staffed(industry: Industry, leaf_shares: Array, sectors: Array, paths: StaffingPaths) -> Array:
    """Bring sector paths to occupations with moving staffing: adds up to the sectors in every draw.

    Parameters
    ----------
    industry : Industry
        As it is in the region (`Industry.in_region`).
    leaf_shares : ndarray of shape (leaves,)
        As returned by `forecasting.demand.leaf_shares`.
    sectors : ndarray of shape (sectors, horizons, draws)
        Persons.

    Returns
    -------
    ndarray of shape (occupations, horizons, draws)

    Notes
    -----
    A region's own staffing moves by the same ratios as the common one, and is scaled back to its sectors.
    """
    result = np.zeros((len(industry.occupations), *sectors.shape[1:]))
    own = industry.staffing[paths.leaf, paths.occupation] / paths.base
    for leaf, share in enumerate(leaf_shares):
        mine = paths.leaf == leaf
        shares = paths.shares[mine]
        if (own[mine] != 1).any():
            shares = shares * own[mine, None, None]
            shares = shares / shares.sum(axis=0)
        result[paths.occupation[mine]] += shares * (share * sectors[industry.parent[leaf]])
    return result


def long_enough(past: History, minimum_origins: int) -> bool:
    """Return whether a method can be held to outcomes from as many origins as a backtest asks."""
    return len(past.panel.periods) > minimum_origins
