"""Demand per occupation: employment, expansion, replacement and openings, as joint draws."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.cohorts import Cohorts
from forecasting.series.baselines import Forecaster
from forecasting.series.intervals import fit_spread, joint_shocks
from forecasting.series.panel import Array, Panel, panel_from_table
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
        Share of each leaf's employment; rows sum to 1.
    """

    employment: pd.DataFrame
    top: tuple[str, ...]
    leaves: tuple[str, ...]
    parent: "np.ndarray[tuple[int], np.dtype[np.intp]]"
    occupations: tuple[str, ...]
    staffing: Array


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
    above = [leaf if leaf in top else parents[leaf] for leaf in matrix.index]
    parent = np.array([top.index(code) for code in above], dtype=np.intp)
    return Industry(
        employment, top, tuple(matrix.index), parent, tuple(matrix.columns), matrix.to_numpy(dtype=float)
    )


def industry_by_occupation(employment: pd.DataFrame) -> Industry:
    """Lay out a region that counts occupations itself: each is forecast, and staffs itself."""
    frame = employment.rename(columns={"occupation": "sector"})
    codes = tuple(sorted(set(frame["sector"]) - {TOTAL}))
    return Industry(frame, codes, codes, np.arange(len(codes)), codes, np.eye(len(codes)))


def employment_panel(industry: Industry, base_year: int) -> Panel:
    """Return yearly employment of the forecast sectors in every region, reference regions included."""
    rows = industry.employment
    rows = rows[
        (rows["age_band"] == ALL_AGES) & rows["sector"].isin(industry.top) & (rows["year"] <= base_year)
    ]
    return panel_from_table(rows, ["region", "sector"])


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
        Rows of `rolling_errors` of `method`: they set the width, and how sectors move together.

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
    """Openings of one window and their parts, persons, each of shape (occupations, draws).

    ``openings = max(expansion, 0) + replacement``, and ``replacement = younger + older``.
    """

    employment: Array
    expansion: Array
    replacement_25_54: Array
    replacement_55_plus: Array
    openings: Array


def openings(base: Array, future: Array, ages: Array, cohorts: Cohorts, years: int) -> Openings:
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

    Notes
    -----
    B = max(ΔE, 0) + V with V = max(Out + min(ΔE, 0), 0): in a shrinking occupation only the leavers who are
    replaced count (ROA, METHOD.md section 1.2). Replaced leavers are split by age as leavers are.
    """
    leaving = cohorts.leaving(years)
    older = ages[:, cohorts.older] @ leaving[cohorts.older]
    younger = ages[:, ~cohorts.older] @ leaving[~cohorts.older]
    out = older + younger
    expansion = future - base[:, None]
    replaced = np.clip(out + np.minimum(expansion, 0), 0, None)
    share_older = np.divide(older, out, out=np.zeros_like(out), where=out > 0)
    return Openings(
        future,
        expansion,
        replaced * (1 - share_older),
        replaced * share_older,
        np.maximum(expansion, 0) + replaced,
    )


def vacancy_rates(industry: Industry, vacancies: pd.DataFrame, employment: dict[str, Array]) -> pd.DataFrame:
    """Return open vacancies over all posts per occupation, from the vacancy survey by sector and staffing.

    Parameters
    ----------
    vacancies : DataFrame
        Canonical table ``sector_vacancies`` with ``open`` and ``occupied``.
    employment : dict of str to ndarray of shape (leaves,)
        Persons per leaf at the base year by region: the weights of the sectors inside an occupation.

    Returns
    -------
    DataFrame
        ``region, occupation, year, rate``. It says how hard sectors look for staff, not how hard an
        occupation is to fill: every occupation of a sector gets the sector's rate.
    """
    frames = []
    known = vacancies[vacancies["open"].notna() & vacancies["occupied"].notna()]
    for (region, period), rows in known.groupby(["region", "period"]):
        if region not in employment:
            continue
        rate = (rows["open"] / (rows["open"] + rows["occupied"])).set_axis(rows["sector"])
        at = rate.reindex(list(industry.leaves)).to_numpy(dtype=float)
        weight = industry.staffing * (employment[str(region)] * np.isfinite(at))[:, None]
        total = weight.sum(axis=0)
        mean = np.divide(np.nan_to_num(at) @ weight, total, out=np.full(len(total), np.nan), where=total > 0)
        frames.append(
            pd.DataFrame({"occupation": industry.occupations, "rate": mean}).assign(
                region=region, year=int(str(period)[:4])
            )
        )
    return pd.concat(frames) if frames else pd.DataFrame(columns=["region", "occupation", "year", "rate"])
