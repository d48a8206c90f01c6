"""One regional market through the method: demand and supply of each occupation and window, by scenario.

What no assumption moves is worked out once (`grounds`); each scenario starts from it (`forecast_market`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from forecasting.cohorts import Cohorts, age_table, band_shares, fit_cohorts
from forecasting.demand import (
    Industry,
    Openings,
    leaf_shares,
    leavers,
    occupation_ages,
    occupation_draws,
    openings,
    sector_draws,
)
from forecasting.entrants import leaning_on_leavers, location_quotient, shocks_by_size
from forecasting.evidence import (
    EMPLOYMENT,
    STAFFING,
    Evidence,
    employment_methods,
    graduate_years,
    staffing_methods,
)
from forecasting.layout import market_codes
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.retirement import retirement_of
from forecasting.scenarios import (
    Scenario,
    assumed_cohorts,
    assumed_growth,
    given_path,
    moved_paths,
    on_path,
    sections_by_sector,
)
from forecasting.separations import own_exit_rates
from forecasting.series.panel import Array, Panel
from forecasting.staffing import StaffingPaths, staffed, staffing_history, staffing_paths
from forecasting.substitution import recruitment
from forecasting.supply import Sources, supply_sources
from forecasting.vocabulary import ALL_AGES, BASELINE

_STREAM: Final = 4
"""Beside the seed, so that leavers stray with nothing else; the same in all regions."""


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
    jobseekers : ndarray of shape (occupations, draws), or None
        Persons above friction, once per window; None where unknown.
    cohorts : Cohorts or None
        The region's flows as the scenario has them; None where ages are unknown.
    short_term : ndarray of shape (occupations,), or None
        Of the job seekers, those of less than a year; NaN where unknown, None where it is everywhere.
    others : mapping of str to tuple of ndarray of shape (occupations, draws)
        Persons over each window of the further sources that the region declares.
    leavers_stray : ndarray of shape (occupations, draws), or None
        Factors by which leavers stray from cohorts and exit rates; None where ages are unknown.
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
    cohorts: Cohorts | None = None
    short_term: Array | None = None
    others: Mapping[str, tuple[Array, ...]] = field(default_factory=dict)
    leavers_stray: Array | None = None


@dataclass(frozen=True)
class Ground:
    """What one region's scenarios start from, all with the same draws.

    Parameters
    ----------
    region : str
        Code.
    sector_base : ndarray of shape (sectors,)
        Employed persons at the base year by forecast sector.
    paths : ndarray of shape (sectors, horizons, draws)
        Employed persons at the end of each window in the baseline: the own forecast, or where the table
        ``sector_outlook`` gives a path for the baseline, draws around that.
    leaf_shares : ndarray of shape (leaves,)
        Share of each staffed sector in its forecast sector.
    cohorts : Cohorts or None
        None where ages are unknown.
    supply : Sources
        What each source of supply brings, but for the cohorts' inflow.
    recruitment : ndarray of shape (streams, occupations), or None
        Which occupations draw on the same graduates; None where no graduates say so.
    staffing : StaffingPaths or None
        Common to all regions; None where no history says how staffing moves: it stays.
    exit_rates : ndarray of shape (occupations,), or None
        How often workers of each leave work; None where nobody has counted it here.
    leavers_stray : ndarray of shape (occupations, draws), or None
        As in `Market`.
    """

    region: str
    sector_base: Array
    paths: Array
    leaf_shares: Array
    cohorts: Cohorts | None
    supply: Sources
    recruitment: Array | None
    staffing: StaffingPaths | None = None
    exit_rates: Array | None = None
    leavers_stray: Array | None = None


def grounds(
    region: Region,
    industry: Industry,
    panel: Panel,
    evidence: Mapping[str, Evidence],
    parameters: Parameters,
    seed: int,
) -> list[Ground]:
    """Draw every market's sectors, cohorts and supply before any assumption, in the order of their codes.

    All regions share the seed: a shock is common to them, so a sum of regions is as uncertain as its parts.
    How staffing moves is drawn once for all.
    """
    base_year = int(region.settings["base_year"])
    moves = _staffing(region, industry, evidence[STAFFING], parameters, seed)
    own = own_exit_rates(region.table("separations"), industry.occupations)
    codes = market_codes(region)
    drawn = {
        code: _sectors(region, code, industry, panel, evidence[EMPLOYMENT], parameters, seed)
        for code in codes
    }
    everywhere = np.sum([each.base for each in drawn.values()], axis=0)
    found = []
    for code, each in drawn.items():
        cohorts = _cohorts(region, code, industry, each.base, own, parameters["draws"], seed)
        supply = supply_sources(
            *(region, code, industry, each.base, location_quotient(each.base, everywhere)),
            *(evidence["graduates"].method, parameters, seed),
        )
        if cohorts is not None and supply.entering is not None:
            leaving = _leavers_a_year(industry.in_region(code), code, base_year, each, cohorts, own)
            leaning = tuple(leaning_on_leavers(shares, leaving) for shares in supply.entering)
            supply = replace(supply, entering=leaning)
        streams = recruitment(
            *(region.table("graduates"), region.table("entry"), code, base_year, industry.occupations),
            graduate_years(evidence),
        )
        paths = (each.sector_base, each.paths, each.leaf_shares)
        strays = None if cohorts is None else _leavers_stray(each.base, parameters, seed)
        found.append(Ground(code, *paths, cohorts, supply, streams, moves, own, strays))
    return found


@dataclass(frozen=True)
class _Sectors:
    """A region's employment at the base year, and its sectors' paths; shapes as in `Ground`."""

    sector_base: Array
    paths: Array
    leaf_shares: Array
    base: Array


def _sectors(
    region: Region,
    code: str,
    industry: Industry,
    panel: Panel,
    employment: Evidence,
    parameters: Parameters,
    seed: int,
) -> _Sectors:
    """Draw the paths of one region's sectors."""
    base_year, horizons = int(region.settings["base_year"]), tuple(parameters["horizons"])
    draws, classes = parameters["draws"], parameters["size_classes"]
    method, errors = employment_methods(seed)[employment.method], employment.errors
    sector_base, paths = sector_draws(
        panel, method, errors, industry.top, code, horizons, classes, draws, seed
    )
    shares = leaf_shares(industry, code, base_year)
    base = occupation_draws(industry.in_region(code), shares, sector_base)
    paths = on_path(paths, given_path(region, code, industry.top, horizons, BASELINE))
    return _Sectors(sector_base, paths, shares, base)


def _leavers_stray(base: Array, parameters: Parameters, seed: int) -> Array:
    strays = parameters["leaver_error"]
    shocks = shocks_by_size(base, parameters["draws"], [seed, _STREAM])
    return np.asarray(np.exp(strays * shocks - strays**2 / 2))


def _leavers_a_year(
    industry: Industry, code: str, base_year: int, of: _Sectors, cohorts: Cohorts, exits: Array | None
) -> Array:
    """Return mean persons who leave each occupation in the first year, shape (occupations,)."""
    bands = band_shares(industry.employment, "sector", code, base_year, cohorts)
    ages = occupation_ages(industry, bands, of.leaf_shares * of.sector_base[industry.parent])
    younger, older = leavers(ages, cohorts.central, 1, exits)
    return np.asarray((younger + older).mean(axis=1))


def _cohorts(
    region: Region, code: str, industry: Industry, base: Array, exits: Array | None, draws: int, seed: int
) -> Cohorts | None:
    """Follow one region's cohorts; its own rates of leaving say whom they do not show."""
    base_year = int(region.settings["base_year"])
    cohorts = fit_cohorts(region_ages(region, industry, code), base_year, draws, seed)
    if cohorts is None or exits is None:
        return cohorts
    return cohorts.with_exits(float(np.average(exits, weights=base) * cohorts.persons.sum()))


def forecast_market(
    region: Region, industry: Industry, start: Ground, scenario: Scenario, parameters: Parameters
) -> Market:
    """Forecast one region's demand and supply for every window under a scenario.

    Sectors follow the baseline's path moved by the assumed growth; where ``sector_outlook`` gives a path for
    this scenario, that path is the whole assumption. Job seekers are as in the baseline.
    """
    base_year, horizons = int(region.settings["base_year"]), tuple(parameters["horizons"])
    code, paths, cohorts = start.region, start.paths, start.cohorts
    industry = industry.in_region(code)
    if scenario.name != BASELINE:
        growth = assumed_growth(scenario, sections_by_sector(region, industry.top))
        given = given_path(region, code, industry.top, horizons, scenario.name)
        paths = on_path(moved_paths(paths, growth, horizons), given)
        if cohorts is not None:
            cohorts = assumed_cohorts(cohorts, scenario, retirement_of(region.settings, parameters))
    base = occupation_draws(industry, start.leaf_shares, start.sector_base)
    if start.staffing is None:
        future = occupation_draws(industry, start.leaf_shares, paths)
    else:
        future = staffed(industry, start.leaf_shares, paths, start.staffing)
    leaf_base = start.leaf_shares * start.sector_base[industry.parent]
    employment = tuple(future[:, position] for position in range(len(horizons)))
    opened, central = _openings(
        *(industry, code, base_year, base, leaf_base, employment, cohorts, horizons),
        *(start.exit_rates, start.leavers_stray),
    )
    return Market(
        code,
        base,
        leaf_base,
        start.sector_base,
        employment,
        opened,
        central,
        start.supply.entrants(cohorts, horizons),
        start.supply.jobseekers,
        cohorts,
        start.supply.short_term,
        start.supply.others,
        start.leavers_stray,
    )


def region_ages(region: Region, industry: Industry, code: str) -> pd.DataFrame:
    """Return the region's ages: of what is forecast, else of the total by sector."""
    ages = age_table(industry.employment, "sector", code)
    if (ages["age_band"] != ALL_AGES).any():
        return ages
    return age_table(region.table("sector_employment"), "sector", code)


def _staffing(
    region: Region, industry: Industry, evidence: Evidence, parameters: Parameters, seed: int
) -> StaffingPaths | None:
    """Return how staffing moves; None without a history that a backtest could use."""
    if evidence.errors.empty:
        return None
    base_year, horizons = int(region.settings["base_year"]), tuple(parameters["horizons"])
    past = staffing_history(industry, region.table("staffing_history"), base_year)
    method, classes = staffing_methods(past)[evidence.method], parameters["size_classes"]
    return staffing_paths(
        industry, past, method, evidence.errors, base_year, horizons, classes, parameters["draws"], seed
    )


def _openings(
    industry: Industry,
    code: str,
    base_year: int,
    base: Array,
    leaf_base: Array,
    employment: tuple[Array, ...],
    cohorts: Cohorts | None,
    horizons: tuple[int, ...],
    exit_rates: Array | None,
    strays: Array | None,
) -> tuple[tuple[Openings, ...] | None, tuple[Array, ...] | None]:
    if cohorts is None:
        return None, None
    bands = band_shares(industry.employment, "sector", code, base_year, cohorts)
    ages = occupation_ages(industry, bands, leaf_base)
    drawn, central = [], []
    for at_end, years in zip(employment, horizons, strict=True):
        drawn.append(openings(base, at_end, ages, cohorts, years, exit_rates, strays))
        mean = openings(base, at_end.mean(axis=1, keepdims=True), ages, cohorts.central, years, exit_rates)
        central.append(mean.openings[:, 0])
    return tuple(drawn), tuple(central)
