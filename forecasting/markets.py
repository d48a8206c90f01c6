"""One regional market through the method: demand, supply and the gap of each occupation and window."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.cohorts import Cohorts, age_table, band_shares, fit_cohorts
from forecasting.demand import (
    Industry,
    Openings,
    leaf_shares,
    occupation_ages,
    occupation_draws,
    openings,
    sector_draws,
)
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.baselines import Forecaster, Mean, Naive, Trend
from forecasting.series.boosting import GlobalBoosting
from forecasting.series.panel import Array, Panel
from forecasting.series.rolling import backtest_table, rolling_errors, select_method
from forecasting.supply import entrant_shares, entrants, jobseekers_by_occupation


@dataclass(frozen=True)
class Evidence:
    """What the past says of each way to forecast sector employment.

    Parameters
    ----------
    table : DataFrame
        Published table ``backtest``.
    errors : DataFrame
        Rows of `rolling_errors` of the selected method: they set the intervals.
    method : Forecaster
        The one that ships.
    """

    table: pd.DataFrame
    errors: pd.DataFrame
    method: Forecaster


def backtest_sectors(panel: Panel, parameters: Parameters, seed: int) -> Evidence:
    """Hold LightGBM beside the naive methods on rolling origins and select what ships."""
    methods: tuple[Forecaster, ...] = (Naive(), Mean(), Trend(), GlobalBoosting(seed))
    minimum, classes = parameters["minimum_origins"], parameters["size_classes"]
    errors = rolling_errors(panel, methods, range(1, len(panel.periods)))
    table = backtest_table(panel, errors, parameters["horizons"], classes, minimum)
    selected = select_method(table, Naive().name, minimum)
    table = table.assign(component="sector_employment", selected=table["method"] == selected)
    method = next(method for method in methods if method.name == selected)
    return Evidence(table, errors[errors["method"] == selected], method)


@dataclass(frozen=True)
class Market:
    """Draws of one region.

    Parameters
    ----------
    region : str
        Code.
    base : ndarray of shape (occupations,)
        Employed persons at the base year.
    leaf_base : ndarray of shape (leaves,)
        Employed persons at the base year by staffed sector.
    employment : tuple of ndarray of shape (occupations, draws)
        At the end of each window.
    openings : tuple of Openings, or None
        Per window; None where no ages say who leaves.
    supply : tuple of ndarray of shape (sources, occupations, draws), or None
        Per window; None where a source of supply is unknown.
    """

    region: str
    base: Array
    leaf_base: Array
    employment: tuple[Array, ...]
    openings: tuple[Openings, ...] | None
    supply: tuple[Array, ...] | None


def forecast_market(
    region: Region,
    code: str,
    industry: Industry,
    panel: Panel,
    evidence: Evidence,
    parameters: Parameters,
    seed: int,
) -> Market:
    """Forecast one region's demand and supply for every window."""
    base_year, horizons = int(region.settings["base_year"]), tuple(parameters["horizons"])
    draws, classes = parameters["draws"], parameters["size_classes"]
    sector_base, paths = sector_draws(
        panel, evidence.method, evidence.errors, industry.top, code, horizons, classes, draws, seed
    )
    shares = leaf_shares(industry, code, base_year)
    base = occupation_draws(industry, shares, sector_base)
    future = occupation_draws(industry, shares, paths)
    leaf_base = shares * sector_base[industry.parent]
    employment = tuple(future[:, position] for position in range(len(horizons)))
    cohorts = fit_cohorts(age_table(industry.employment, "sector", code), base_year, draws, seed)
    if cohorts is None:
        return Market(code, base, leaf_base, employment, None, None)
    bands = band_shares(industry.employment, "sector", code, base_year, cohorts.bands)
    ages = occupation_ages(industry, bands, leaf_base)
    windows = tuple(
        openings(base, at_end, ages, cohorts, years)
        for at_end, years in zip(employment, horizons, strict=True)
    )
    supply = _supply(region, code, industry, cohorts, base, horizons, seed)
    return Market(code, base, leaf_base, employment, windows, supply)


def _supply(
    region: Region,
    code: str,
    industry: Industry,
    cohorts: Cohorts,
    base: Array,
    horizons: tuple[int, ...],
    seed: int,
) -> tuple[Array, ...] | None:
    base_year, draws = int(region.settings["base_year"]), cohorts.retention.shape[1]
    shares = entrant_shares(
        region.table("graduates"), region.table("entry"), code, base_year, industry.occupations, draws, seed
    )
    seekers = jobseekers_by_occupation(
        region.table("jobseekers"), industry.employment, code, base_year, industry.occupations, base
    )
    if shares is None or seekers is None:
        return None
    stock = np.repeat(seekers[:, None], draws, axis=1)
    return tuple(np.stack([entrants(shares, cohorts, years), stock]) for years in horizons)
