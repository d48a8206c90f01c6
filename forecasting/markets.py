"""One regional market through the method: demand, supply and the gap of each occupation and window."""

from collections.abc import Mapping
from dataclasses import dataclass

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
from forecasting.evidence import EMPLOYMENT, Evidence, employment_methods, graduate_years
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.panel import Array, Panel
from forecasting.supply import entrant_shares, entrants, jobseekers_by_occupation
from forecasting.vocabulary import ALL_AGES


@dataclass(frozen=True)
class Market:
    """Draws of one region; windows in the order of the horizons.

    Parameters
    ----------
    region : str
        Code.
    base : ndarray of shape (occupations,)
        Employed persons at the base year.
    leaf_base : ndarray of shape (leaves,)
        Employed persons at the base year by staffed sector.
    sector_base : ndarray of shape (sectors,)
        Employed persons at the base year by forecast sector.
    employment : tuple of ndarray of shape (occupations, draws)
        At the end of each window.
    openings : tuple of Openings, or None
        None where no ages say who leaves.
    central_openings : tuple of ndarray of shape (occupations,), or None
        Openings at mean employment and mean retention.
    entrants : tuple of ndarray of shape (occupations, draws), or None
        None where no ages say how many enter, or no graduates where.
    jobseekers : ndarray of shape (occupations,), or None
        Persons above friction, once per window; None where unknown.
    """

    region: str
    base: Array
    leaf_base: Array
    sector_base: Array
    employment: tuple[Array, ...]
    openings: tuple[Openings, ...] | None
    central_openings: tuple[Array, ...] | None
    entrants: tuple[Array, ...] | None
    jobseekers: Array | None


def forecast_market(
    region: Region,
    code: str,
    industry: Industry,
    panel: Panel,
    evidence: Mapping[str, Evidence],
    parameters: Parameters,
    seed: int,
) -> Market:
    """Forecast one region's demand and supply for every window.

    All regions share the seed: a shock is common to them, so a sum of regions is as uncertain as its parts.
    """
    base_year, horizons = int(region.settings["base_year"]), tuple(parameters["horizons"])
    draws, classes = parameters["draws"], parameters["size_classes"]
    method, errors = employment_methods(seed)[evidence[EMPLOYMENT].method], evidence[EMPLOYMENT].errors
    sector_base, paths = sector_draws(
        panel, method, errors, industry.top, code, horizons, classes, draws, seed
    )
    shares = leaf_shares(industry, code, base_year)
    base, future = (occupation_draws(industry, shares, persons) for persons in (sector_base, paths))
    leaf_base = shares * sector_base[industry.parent]
    employment = tuple(future[:, position] for position in range(len(horizons)))
    cohorts = fit_cohorts(region_ages(region, industry, code), base_year, draws, seed)
    opened, central = _openings(industry, code, base_year, base, leaf_base, employment, cohorts, horizons)
    return Market(
        code,
        base,
        leaf_base,
        sector_base,
        employment,
        opened,
        central,
        _entrants(region, code, industry, cohorts, horizons, seed, graduate_years(evidence)),
        jobseekers_by_occupation(
            region.table("jobseekers"), industry, code, base_year, base, parameters["frictional_history"]
        ),
    )


def region_ages(region: Region, industry: Industry, code: str) -> pd.DataFrame:
    """Return the region's ages: of what is forecast, else of the total by sector."""
    ages = age_table(industry.employment, "sector", code)
    if (ages["age_band"] != ALL_AGES).any():
        return ages
    return age_table(region.table("sector_employment"), "sector", code)


def _openings(
    industry: Industry,
    code: str,
    base_year: int,
    base: Array,
    leaf_base: Array,
    employment: tuple[Array, ...],
    cohorts: Cohorts | None,
    horizons: tuple[int, ...],
) -> tuple[tuple[Openings, ...] | None, tuple[Array, ...] | None]:
    if cohorts is None:
        return None, None
    bands = band_shares(industry.employment, "sector", code, base_year, cohorts)
    ages = occupation_ages(industry, bands, leaf_base)
    drawn, central = [], []
    for at_end, years in zip(employment, horizons, strict=True):
        drawn.append(openings(base, at_end, ages, cohorts, years))
        mean = openings(base, at_end.mean(axis=1, keepdims=True), ages, cohorts.central, years)
        central.append(mean.openings[:, 0])
    return tuple(drawn), tuple(central)


def _entrants(
    region: Region,
    code: str,
    industry: Industry,
    cohorts: Cohorts | None,
    horizons: tuple[int, ...],
    seed: int,
    graduate_years: int,
) -> tuple[Array, ...] | None:
    if cohorts is None:
        return None
    base_year, draws = int(region.settings["base_year"]), cohorts.retention.shape[1]
    shares = entrant_shares(
        region.table("graduates"),
        region.table("entry"),
        code,
        base_year,
        industry.occupations,
        draws,
        seed,
        graduate_years,
    )
    return None if shares is None else tuple(entrants(shares, cohorts, years) for years in horizons)
