"""What the past says of each component of the forecast: every method held to what came after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from forecasting.cohorts import CohortFlow, cohort_panel
from forecasting.demand import employment_panel
from forecasting.funding.guards import bounded_region
from forecasting.graduates import GRADUATE_YEARS, graduate_methods, graduate_panel
from forecasting.jobseekers import jobseeker_panel
from forecasting.layout import lay_out
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.baselines import Forecaster, Mean, Naive, Trend
from forecasting.series.boosting import GlobalBoosting
from forecasting.series.breakdown import breakdown_table
from forecasting.series.intervals import NOMINAL
from forecasting.series.panel import Panel
from forecasting.series.pooled_drift import PooledDrift, WithinSectors
from forecasting.series.predictive import with_own_intervals
from forecasting.series.rolling import backtest_table, rolling_errors, select_method
from forecasting.series.shrinkage import LocalLevel, SamplingShrinkage
from forecasting.skill_evidence import SKILL_SHARES, choose_share_method, share_errors, share_table
from forecasting.skill_mentions import lay_out_ads
from forecasting.staffing import History, long_enough, staffing_history
from forecasting.suppression import shown_errors
from forecasting.vocabulary import ALL_AGES, TOTAL

EMPLOYMENT: Final = "sector_employment"
STAFFING: Final = "staffing"


@dataclass(frozen=True)
class Evidence:
    """What the past says of each way to forecast one component.

    Parameters
    ----------
    method : str
        The one that ships.
    table, groups : DataFrame
        Its rows of the published tables ``backtest`` and ``backtest_groups``.
    errors : DataFrame
        Rows of `rolling_errors` of the method that ships: they set the intervals.
    """

    method: str
    table: pd.DataFrame
    groups: pd.DataFrame
    errors: pd.DataFrame


@dataclass(frozen=True)
class Component:
    """A part of the forecast that is trained and backtested by itself.

    Parameters
    ----------
    reads : tuple of str
        Canonical tables: a change of any other leaves its evidence as it is.
    train : callable
        Region, parameters and seed in, evidence out.
    meaning : str
        One line for a reader of its run.
    """

    reads: tuple[str, ...]
    train: Callable[[Region, Parameters, int], Evidence]
    meaning: str


_FOR_OCCUPATIONS: Final = ("local_level", "shrinkage")
"""Made for the noise of survey cells by occupation; sectors are large, and there no change was as good."""


def employment_methods(seed: int) -> dict[str, Forecaster]:
    """Return by name the methods that forecast employment by sector, or by occupation where it is counted."""
    methods = (
        *(Naive(), Mean(), Trend(), GlobalBoosting(seed)),
        *(LocalLevel(name="local_level"), SamplingShrinkage(name="shrinkage")),
    )
    return {method.name: method for method in methods}


def _employment(region: Region, parameters: Parameters, seed: int) -> Evidence:
    panel = employment_panel(
        lay_out(region), int(region.settings["base_year"]), region.table("employment_vintages")
    )
    methods = [
        method
        for name, method in employment_methods(seed).items()
        if name not in _FOR_OCCUPATIONS or not len(region.table("staffing"))
    ]
    return _held(EMPLOYMENT, panel, methods, lambda table: _best(table, parameters), parameters, seed)


def _cohorts(region: Region, parameters: Parameters, seed: int) -> Evidence:
    """Hold the cohorts' net flow to the same ages one band's width later; it has no rival that ships."""
    employment = lay_out(region).employment
    ages = employment[(employment["sector"] == TOTAL) & (employment["age_band"] != ALL_AGES)]
    of_all = region.table("sector_employment") if ages.empty else employment
    panel = cohort_panel(of_all, int(region.settings["base_year"]))
    flow = CohortFlow()
    return _held("cohorts", panel, [Naive(), flow], lambda _: flow.name, parameters, seed)


def _graduates(region: Region, parameters: Parameters, seed: int) -> Evidence:
    """Hold the mean of the latest years' graduates, enrolment and cohorts to the latest year.

    Untested, the mean ships.
    """
    panel = graduate_panel(region.table("graduates"), int(region.settings["base_year"]))
    mean = Mean(GRADUATE_YEARS)
    methods = graduate_methods(region.table("enrolment"), region.table("population"), parameters)

    def choose(table: pd.DataFrame) -> str:
        tested = (table["origins"] >= parameters["minimum_origins"]).any()
        return _best(table, parameters) if tested else mean.name

    return _held("graduates", panel, list(methods.values()), choose, parameters, seed)


def _jobseekers(region: Region, parameters: Parameters, seed: int) -> Evidence:
    """Hold the stock that stays as it is, which ships, to what came after."""
    panel = jobseeker_panel(region.table("jobseekers"), int(region.settings["base_year"]))
    naive = Naive()
    return _held("jobseekers", panel, [naive, Mean(), Trend()], lambda _: naive.name, parameters, seed)


def staffing_methods(past: History) -> dict[str, Forecaster]:
    """Return by name the methods that forecast occupations' shares of their sectors; naive: they stay."""
    level = PooledDrift(past.variance, damping=0.0, name="level")
    methods = (Naive(), WithinSectors(Trend()), level, PooledDrift(past.variance))
    return {method.name: method for method in methods}


def _staffing(region: Region, parameters: Parameters, seed: int) -> Evidence:
    """Hold moving shares to those that came; without history none moves, and there is nothing to hold."""
    past = staffing_history(
        lay_out(region), region.table("staffing_history"), int(region.settings["base_year"])
    )
    enough = long_enough(past, parameters["minimum_origins"])
    panel = past.panel if enough else Panel(past.panel.index.iloc[:0], (), past.panel.values[:0, :0])
    methods = list(staffing_methods(past).values())
    found = _held(STAFFING, panel, methods, lambda table: _best(table, parameters), parameters, seed)
    return found if enough else replace(found, table=found.table.iloc[:0])


def _skill_shares(region: Region, parameters: Parameters, _: int) -> Evidence:
    """Hold the shares of ads that ask each skill to the ads that came; nothing in it is random."""
    region = bounded_region(region, parameters)[0]
    ads = lay_out_ads(
        *(region.table("skill_mentions"), region.table("occupations"), region.table("concordance")),
        int(region.settings["base_year"]),
        parameters,
    )
    horizons = parameters["horizons"]
    errors = share_errors(ads, horizons, parameters)
    table = share_table(ads, errors, horizons, parameters)
    method = choose_share_method(table, parameters["minimum_origins"])
    kept = errors[errors["method"] == method].reset_index(drop=True)
    table = table.assign(component=SKILL_SHARES, selected=table["method"] == method)
    return Evidence(
        method, table if len(ads.index) else table.iloc[:0], pd.DataFrame(columns=_GROUP_COLUMNS), kept
    )


_LAYOUT: Final = (
    "regions",
    "occupations",
    "sectors",
    "staffing",
    "sector_employment",
    "occupation_employment",
)

COMPONENTS: Final[Mapping[str, Component]] = {
    EMPLOYMENT: Component(
        (*_LAYOUT, "employment_vintages"),
        _employment,
        "What sectors, or occupations where they are counted, will employ.",
    ),
    "cohorts": Component(_LAYOUT, _cohorts, "How many of an age band work one width of it later."),
    "graduates": Component(
        ("regions", "fields", "graduates", "enrolment", "population"),
        _graduates,
        "Graduates by field and level.",
    ),
    "jobseekers": Component(
        ("regions", "occupations", "jobseekers"), _jobseekers, "The stock of job seekers."
    ),
    STAFFING: Component(
        (*_LAYOUT, "staffing_history"), _staffing, "What share of a sector each occupation will have."
    ),
    SKILL_SHARES: Component(
        ("occupations", "concordance", "skill_mentions"),
        _skill_shares,
        "Which share of an occupation's ads will ask each skill.",
    ),
}
"""In the order in which they are trained."""


def graduate_years(evidence: Mapping[str, Evidence]) -> int:
    """Return how many of the latest years of graduates the method that ships averages."""
    return 1 if evidence["graduates"].method == Naive().name else GRADUATE_YEARS


def train(region: Region, parameters: Parameters, seed: int) -> dict[str, Evidence]:
    """Train and backtest every component."""
    return {name: component.train(region, parameters, seed) for name, component in COMPONENTS.items()}


def backtests(evidence: Mapping[str, Evidence]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the published tables ``backtest`` and ``backtest_groups`` of all components."""
    whole = pd.concat([found.table for found in evidence.values() if len(found.table)], ignore_index=True)
    groups = [found.groups for found in evidence.values() if len(found.groups)]
    return whole, pd.concat(groups, ignore_index=True) if groups else pd.DataFrame(columns=_GROUP_COLUMNS)


_GROUP_COLUMNS: Final = [
    *("component", "method", "horizon", "level", "size", "origins", "cells", "mae", "log_mae", "bias"),
    *("coverage_80", "skill", "skill_p10", "skill_p90", "selected", "note"),
]


def _held(
    name: str,
    panel: Panel,
    methods: Sequence[Forecaster],
    choose: Callable[[pd.DataFrame], str],
    parameters: Parameters,
    seed: int,
) -> Evidence:
    """Forecast from every past year, score against what came after, and say what ships."""
    horizons, classes = parameters["horizons"], parameters["size_classes"]
    minimum, names = parameters["minimum_origins"], [method.name for method in methods]
    errors = rolling_errors(panel, methods, range(1, len(panel.periods)))
    errors = with_own_intervals(panel, errors, methods, NOMINAL)
    intervals = name in {EMPLOYMENT, STAFFING}  # the others make theirs in another way, or none
    told = shown_errors(panel, errors, parameters["small_cell"]) if name == EMPLOYMENT else errors
    table = backtest_table(panel, told, names, horizons, classes, minimum, intervals=intervals)
    method = choose(table)
    draws = parameters["bootstrap_draws"]
    groups = breakdown_table(
        *(panel, told, Naive().name, horizons, classes, minimum, draws, seed), intervals=intervals
    )
    return Evidence(
        method,
        table.assign(component=name, selected=table["method"] == method),
        groups.assign(component=name, selected=groups["method"] == method) if len(groups) else groups,
        errors[errors["method"] == method].reset_index(drop=True),
    )


def _best(table: pd.DataFrame, parameters: Parameters) -> str:
    return select_method(table, Naive().name, parameters["minimum_origins"])
