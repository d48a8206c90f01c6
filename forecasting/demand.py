"""Demand per occupation: employment, expansion, replacement and openings, as joint draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from forecasting.cohorts import Cohorts
from forecasting.periods import year_of
from forecasting.separations import by_exit_rates
from forecasting.series.baselines import Forecaster
from forecasting.series.intervals import fit_spread, joint_shocks
from forecasting.series.panel import Array, Panel, panel_from_table
from forecasting.series.predictive import Predictive, RootSpread, root_draws
from forecasting.vintages import as_published
from forecasting.vocabulary import ALL_AGES, TOTAL


@dataclass(frozen=True)
class Industry:
    """How employment is cut: sectors that are forecast, leaves that are staffed, occupations that result.

    Parameters
    ----------
    employment : DataFrame
        ``year, region, sector, age_band, persons``.
    top : tuple of str
        Sectors that are forecast: the children of TOTAL.
    leaves : tuple of str
        Sectors with a staffing row each, `top` or below it.
    parent : ndarray of shape (leaves,)
        Position in `top` of each leaf.
    occupations : tuple of str
        Codes, sorted.
    staffing : ndarray of shape (leaves, occupations)
        Share of each leaf's employment; rows sum to 1. Common to all regions.
    regional : mapping of str to ndarray of shape (leaves, occupations)
        Staffing of the regions that have one of their own (`forecasting.regional_staffing`).
    """

    employment: pd.DataFrame
    top: tuple[str, ...]
    leaves: tuple[str, ...]
    parent: "np.ndarray[tuple[int], np.dtype[np.intp]]"
    occupations: tuple[str, ...]
    staffing: Array
    regional: Mapping[str, Array] = field(default_factory=dict)

    def in_region(self, region: str) -> "Industry":
        """Return the same industry with a region's own staffing, where it has one, as the staffing."""
        return replace(self, staffing=self.regional[region]) if region in self.regional else self


def industry_by_sector(employment: pd.DataFrame, sectors: pd.DataFrame, staffing: pd.DataFrame) -> Industry:
    """Lay out sectors and staffing.

    Parameters
    ----------
    employment, sectors, staffing : DataFrame
        Canonical tables; the staffed sectors are the leaves of the part that matters.
    """
    parents = dict(zip(sectors["code"], sectors["parent"], strict=True))
    top = tuple(sorted(code for code, parent in parents.items() if parent == TOTAL))
    matrix = staffing.pivot_table(index="sector", columns="occupation", values="share", fill_value=0.0)
    matrix = matrix.div(matrix.sum(axis=1), axis=0)
    parent = np.array([top.index(_top_of(str(leaf), parents)) for leaf in matrix.index], dtype=np.intp)
    return Industry(
        employment, top, tuple(matrix.index), parent, tuple(matrix.columns), matrix.to_numpy(dtype=float)
    )


def _top_of(code: str, parents: dict[str, str]) -> str:
    """Return the child of TOTAL at or above a sector."""
    while parents[code] != TOTAL:
        code = parents[code]
    return code


def industry_by_occupation(employment: pd.DataFrame) -> Industry:
    """Lay out a region that counts occupations itself: each is forecast, and staffs itself."""
    frame = employment.rename(columns={"occupation": "sector"})
    codes = tuple(sorted(set(frame["sector"]) - {TOTAL}))
    return Industry(frame, codes, codes, np.arange(len(codes)), codes, np.eye(len(codes)))


def employment_panel(industry: Industry, base_year: int, vintages: pd.DataFrame | None = None) -> Panel:
    """Return yearly employment of the forecast sectors in every region, reference regions included.

    Parameters
    ----------
    vintages : DataFrame, optional
        Canonical table ``employment_vintages``: what earlier publications said.
    """
    rows = industry.employment
    rows = rows[
        (rows["age_band"] == ALL_AGES) & rows["sector"].isin(industry.top) & (rows["year"] <= base_year)
    ]
    panel = panel_from_table(rows, ["region", "sector"])
    if vintages is None or vintages.empty:
        return panel
    return replace(panel, as_published=as_published(panel, vintages))


def employed(industry: Industry, region: str) -> "pd.Series[float]":
    """Return employed persons of a region by year: the published total, else the sum of what is forecast.

    A year without a published total has the sum where all sectors of the region are counted.
    """
    rows = industry.employment
    rows = rows[(rows["region"] == region) & (rows["age_band"] == ALL_AGES)]
    total = rows[rows["sector"] == TOTAL].set_index("year")["persons"]
    parts = rows[rows["sector"].isin(industry.top)]
    sums, counted = parts.groupby("year")["persons"].sum(), parts.groupby("year")["sector"].nunique()
    return total.combine_first(sums[counted == parts["sector"].nunique()]) if len(total) else sums


def leaf_shares(industry: Industry, region: str, base_year: int) -> Array:
    """Return each leaf's share of its forecast sector at the base year, shape (leaves,).

    Shares stay at their base-year value over the horizon.
    """
    rows = industry.employment
    at = rows[(rows["region"] == region) & (rows["year"] == base_year) & (rows["age_band"] == ALL_AGES)]
    persons = at.set_index("sector")["persons"].reindex(list(industry.leaves)).fillna(0).to_numpy(dtype=float)
    total = np.bincount(industry.parent, weights=persons, minlength=len(industry.top))[industry.parent]
    return np.divide(persons, total, out=np.zeros(len(persons)), where=total > 0)


def sector_draws(
    panel: Panel,
    method: Forecaster,
    errors: pd.DataFrame,
    sectors: tuple[str, ...],
    region: str,
    horizons: tuple[int, ...],
    size_classes: list[float],
    draws: int,
    seed: int,
) -> tuple[Array, Array]:
    """Forecast one region's sectors.

    Parameters
    ----------
    errors : DataFrame
        Rows of `rolling_errors` of `method`: they set the width, and how sectors move together, unless the
        method knows its own spread (`Predictive`). Without any, every draw is the point forecast: the
        caller must not publish it as certain.

    Returns
    -------
    base : ndarray of shape (sectors,)
        Persons at the base year; 0 where the region has no such sector.
    paths : ndarray of shape (sectors, horizons, draws)
        Persons at the end of each window. Their mean is the point forecast: persons add up over
        sectors, so a spread that is symmetric in logarithms must not create jobs on average.
    """
    rows = panel.index.reset_index()
    position = rows[rows["region"] == region].set_index("sector")["index"].reindex(list(sectors))
    known = position.notna().to_numpy()
    series = position[known].astype(int).to_numpy()
    base, point = np.zeros(len(sectors)), np.zeros((len(sectors), len(horizons)))
    base[known] = np.nan_to_num(panel.values[series, -1])
    point[known] = np.nan_to_num(method.forecast(panel, horizons)[series])
    if errors.empty:
        return base, np.repeat(point[:, :, None], draws, axis=2)
    if isinstance(method, Predictive):
        own = method.spread(panel, horizons)
        spread_of = np.zeros((2, *point.shape))
        spread_of[:, known] = np.nan_to_num([own.deviation[series], own.common[series]])
        return base, root_draws(point, RootSpread(*spread_of), draws, seed)
    spread = fit_spread(errors, size_classes)
    shocks = joint_shocks(errors, spread, panel.index, sectors, draws, seed)
    deviation = np.column_stack([spread.deviation(base, horizon) for horizon in horizons])
    growth = np.exp(deviation[:, :, None] * shocks[:, None, :])
    return base, point[:, :, None] * growth / growth.mean(axis=2, keepdims=True)


def occupation_draws(industry: Industry, shares: Array, sector: Array) -> Array:
    """Bring employment from forecast sectors to occupations: adds up to the sectors in every draw.

    Parameters
    ----------
    shares : ndarray of shape (leaves,)
        As returned by `leaf_shares`.
    sector : ndarray of shape (sectors, ...)
        Persons.

    Returns
    -------
    ndarray of shape (occupations, ...)
    """
    matrix = industry.staffing * shares[:, None]
    by_sector = np.zeros((len(industry.top), len(industry.occupations)))
    np.add.at(by_sector, industry.parent, matrix)
    return np.tensordot(by_sector.T, sector, axes=1)


def occupation_ages(industry: Industry, bands: pd.DataFrame, leaf_persons: Array) -> Array:
    """Return employed persons by occupation and age band, shape (occupations, bands).

    Ages of an occupation come from the sectors it works in: no source here has ages by occupation.

    Parameters
    ----------
    bands : DataFrame
        As returned by `forecasting.cohorts.band_shares`.
    leaf_persons : ndarray of shape (leaves,)
    """
    shares = bands.reindex(list(industry.leaves)).fillna(bands.loc[TOTAL])
    return np.asarray(industry.staffing.T @ (leaf_persons[:, None] * shares.to_numpy(dtype=float)))


@dataclass(frozen=True)
class Openings:
    """Openings of one window and the replacement in them, persons, each of shape (occupations, draws)."""

    replacement_25_54: Array
    replacement_55_plus: Array
    openings: Array


def leavers(
    ages: Array, cohorts: Cohorts, years: int, exit_rates: Array | None = None, strays: Array | None = None
) -> tuple[Array, Array]:
    """Return who leaves within a window, aged 25-54 and 55+, persons, each of shape (occupations, draws).

    Parameters
    ----------
    ages : ndarray of shape (occupations, bands)
        Persons at the base year by age band.
    exit_rates : ndarray of shape (occupations,), optional
        How often workers of each leave (`forecasting.separations.own_exit_rates`): the region's leavers
        spread by them, not by ages alone.
    strays : ndarray of shape (occupations, draws), optional
        Factors by which the leavers of an occupation stray from both (parameter ``leaver_error``).
    """
    leaving = cohorts.leaving(years)
    younger = ages[:, ~cohorts.older] @ leaving[~cohorts.older]
    older = ages[:, cohorts.older] @ leaving[cohorts.older]
    if exit_rates is not None:
        younger, older = by_exit_rates(younger, older, ages.sum(axis=1), exit_rates)
    return (younger, older) if strays is None else (younger * strays, older * strays)


def openings(
    base: Array,
    future: Array,
    ages: Array,
    cohorts: Cohorts,
    years: int,
    exit_rates: Array | None = None,
    strays: Array | None = None,
) -> Openings:
    """Split a window's openings into expansion and net replacement.

    Parameters
    ----------
    base : ndarray of shape (occupations,)
        Persons at the base year.
    future : ndarray of shape (occupations, draws)
        Persons at the end of the window.
    ages : ndarray of shape (occupations, bands)
        Persons at the base year by age band.
    cohorts : Cohorts
        The region's flows.
    years : int
        Length of the window.
    exit_rates, strays : ndarray, optional
        As for `leavers`.

    Notes
    -----
    B = max(ΔE, 0) + V with V = max(Out + min(ΔE, 0), 0): in a shrinking occupation only the leavers who are
    replaced count (ROA, METHOD.md section 1.2). Replaced leavers are split by age as leavers are.
    """
    younger, older = leavers(ages, cohorts, years, exit_rates, strays)
    out = older + younger
    expansion = future - base[:, None]
    replaced = np.clip(out + np.minimum(expansion, 0), 0, None)
    share_older = np.divide(older, out, out=np.zeros_like(out), where=out > 0)
    return Openings(replaced * (1 - share_older), replaced * share_older, np.maximum(expansion, 0) + replaced)


def vacancy_rates(
    industry: Industry, vacancies: pd.DataFrame, employment: dict[str, Array], base_year: int
) -> pd.DataFrame:
    """Return open vacancies over all posts per occupation, from the vacancy survey by sector and staffing.

    Parameters
    ----------
    vacancies : DataFrame
        Canonical table ``sector_vacancies`` with ``open`` and ``occupied``; averaged over a year's periods.
    employment : dict of str to ndarray of shape (leaves,)
        Persons per leaf at the base year by region: the weights of the sectors inside an occupation.
    base_year : int
        Later years are not used.

    Returns
    -------
    DataFrame
        ``region, occupation, year, rate``. It says how hard sectors look for staff, not how hard an
        occupation is to fill: every occupation of a sector gets the sector's rate.
    """
    known = vacancies[vacancies["open"].notna() & vacancies["occupied"].notna()]
    known = known.assign(year=year_of(known["period"]))
    known = known[(known["year"] <= base_year) & known["region"].isin(employment)]
    posts = known.groupby(["region", "year", "sector"])[["open", "occupied"]].mean()
    rate = (posts["open"] / (posts["open"] + posts["occupied"])).unstack("sector")
    rate = rate.reindex(columns=list(industry.leaves))
    frames = [
        pd.DataFrame(
            {
                "region": str(region),
                "year": year,
                "occupation": industry.occupations,
                "rate": _staffed_mean(industry.in_region(str(region)), employment[str(region)], at),
            }
        )
        for (region, year), at in zip(rate.index.tolist(), rate.to_numpy(dtype=float), strict=True)
    ]
    return pd.concat(frames) if frames else pd.DataFrame(columns=["region", "occupation", "year", "rate"])


def _staffed_mean(industry: Industry, persons: Array, rate: Array) -> Array:
    """Return each occupation's mean of a sector figure over its sectors, NaN where none is known."""
    weight = industry.staffing * (persons * np.isfinite(rate))[:, None]
    total = weight.sum(axis=0)
    return np.divide(np.nan_to_num(rate) @ weight, total, out=np.full(len(total), np.nan), where=total > 0)
