"""Job seekers: the stock above friction, once per window, split over occupations; of whom short-term."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demand import Industry, employed
from forecasting.entrants import shocks_by_size
from forecasting.periods import year_of
from forecasting.series.panel import Array, Panel, panel_from_table
from forecasting.suppression import split_apart
from forecasting.vocabulary import TOTAL

_STREAM = 2
"""Beside the seed, so that the split of job seekers strays with nothing else."""


def jobseekers_by_occupation(
    jobseekers: pd.DataFrame,
    industry: Industry,
    region: str,
    base_year: int,
    base: Array,
    minimum_years: int,
    months: float,
    hidden: NDArray[np.bool_] | None = None,
) -> Array | None:
    """Return job seekers above the frictional level by occupation, persons, shape (occupations,).

    Parameters
    ----------
    jobseekers : DataFrame
        Canonical table; periods after the base year are not used.
    industry : Industry
        Its employment is the rest of the labour force.
    base : ndarray of shape (occupations,)
        Persons employed: how seekers split where the source knows no occupations.
    minimum_years : int
        Years of history below which the frictional level, and so the supply, is unknown.
    months : float
        Of search that are friction, where durations are known.
    hidden : ndarray of bool, shape (occupations,), optional
        Cells that are not shown. The stock is split over the others, and a hidden cell comes on top by the
        same measure: else the shown seekers beside a stock that others publish too would tell the hidden.

    Returns
    -------
    ndarray or None
        None where the base year has no job seekers or no labour force, or the history is too short. The
        shown ones sum to the regional stock above friction, and enter once per window, however long it is.

    Notes
    -----
    Where short-term seekers are known, friction is search of less than `months`: of a share s who have sought
    for less than a year, 1 − (1 − s)^(months/12) have for less than that, if the chance to find work does not
    depend on how long one seeks; an occupation without a share takes the mean of the others. Elsewhere
    friction is the lowest unemployment rate of the region's own history times today's labour force
    (parameters ``frictional_search``, ``frictional_unemployment``).
    """
    by_year = _yearly(jobseekers, region, base_year, "persons")
    named = by_year.drop(index=TOTAL, errors="ignore")
    stock = total_by_year(by_year)
    labour_force = (stock + employed(industry, region).reindex(stock.index)).dropna()
    if base_year not in labour_force:
        return None
    known = named.get(base_year, pd.Series(dtype=float)).reindex(list(industry.occupations))
    split = known.fillna(0).to_numpy(dtype=float)
    weight = split if split.sum() > 0 else base
    open_ones = np.ones(len(weight), dtype=bool) if hidden is None or not weight[~hidden].any() else ~hidden
    seeking = float(stock[base_year]) * weight / weight[open_ones].sum()
    recent = short_term_share(jobseekers, region, base_year, industry.occupations)
    if recent is not None:
        known_weight = np.where(np.isfinite(recent) & open_ones, seeking, 0.0)
        usual = np.average(np.nan_to_num(recent), weights=known_weight) if known_weight.any() else np.nan
        recent = np.where(np.isfinite(recent), recent, usual)
        return np.asarray(seeking * (1 - recent) ** (months / 12)) if np.isfinite(usual) else None
    if len(labour_force) < minimum_years:
        return None
    lowest = float((stock / labour_force).min() * labour_force[base_year])
    return np.asarray(seeking * max(1 - lowest / stock[base_year], 0.0))


def seeker_draws(
    seeking: Array, strays: float, draws: int, seed: int, hidden: NDArray[np.bool_] | None = None
) -> Array:
    """Draw how a region's job seekers split over occupations, shape (occupations, draws).

    Parameters
    ----------
    seeking : ndarray of shape (occupations,)
        Persons.
    strays : float
        Standard deviation of the log of an occupation's share (parameter ``jobseeker_error``).
    hidden : ndarray of bool, shape (occupations,), optional
        Cells that are not shown.

    Returns
    -------
    ndarray
        Their sum is that of `seeking` in every draw, of the hidden cells and of the others: the total is
        counted, the split is not sure.
    """
    apart = np.zeros(len(seeking), dtype=bool) if hidden is None else hidden
    size = seeking + apart * (1 + seeking.sum())  # last in order: none of the shown ones' shocks tells them
    shocks = shocks_by_size(size, draws, [seed, _STREAM])
    return split_apart(seeking[:, None] * np.exp(strays * shocks), seeking, apart)


def short_term_share(
    jobseekers: pd.DataFrame, region: str, base_year: int, occupations: tuple[str, ...]
) -> Array | None:
    """Return the share of job seekers who have sought work for less than a year, shape (occupations,).

    The base year's own share of each occupation; the region's total, where that is known, for the others;
    else NaN.

    Returns
    -------
    ndarray or None
        None where nothing says it of any occupation.
    """
    known = jobseekers[jobseekers["short_term"].notna()]
    all_of_them, recent = (_yearly(known, region, base_year, name) for name in ("persons", "short_term"))
    if base_year not in all_of_them:
        return None
    persons, share = all_of_them[base_year], recent[base_year] / all_of_them[base_year]
    share = share.where(persons > 0)
    found = share.reindex(list(occupations)).fillna(share.get(TOTAL, np.nan)).to_numpy(dtype=float)
    return found if np.isfinite(found).any() else None


def short_term_available(recent: Array, months: float) -> Array:
    """Return the share of those above friction who have sought work for less than a year.

    Parameters
    ----------
    recent : ndarray
        Share of all job seekers who have.
    months : float
        Of search that are friction.

    Examples
    --------
    >>> short_term_available(np.array([0.0, 0.75, 1.0]), 6)
    array([0. , 0.5, 1. ])
    """
    return np.asarray(1 - (1 - recent) ** (1 - months / 12))


def jobseeker_panel(jobseekers: pd.DataFrame, base_year: int) -> Panel:
    """Return the mean stock of job seekers a year by region: the source's total, else its occupations."""
    stocks = {
        str(region): total_by_year(_yearly(jobseekers, str(region), base_year, "persons"))
        for region in jobseekers["region"].unique()
    }
    rows = pd.concat(stocks, names=["region", "year"]).rename("persons") if stocks else pd.Series(dtype=float)
    return panel_from_table(rows.dropna().reset_index(), ["region"])


def total_by_year(by_year: pd.DataFrame) -> "pd.Series[float]":
    """Return the total by year of rows by occupation: row TOTAL, in years without it the others' sum."""
    named = by_year.drop(index=TOTAL, errors="ignore")
    return by_year.reindex([TOTAL]).iloc[0].fillna(named.sum(min_count=1))


def _yearly(jobseekers: pd.DataFrame, region: str, base_year: int, value: str) -> pd.DataFrame:
    """Return mean job seekers by occupation (rows) and year (columns)."""
    rows = jobseekers[jobseekers["region"] == region]
    rows = rows.assign(year=year_of(rows["period"]))
    rows = rows[rows["year"] <= base_year]
    return rows.pivot_table(index="occupation", columns="year", values=value, aggfunc="mean")
