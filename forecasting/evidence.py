"""What the past says of each component of the forecast: every method held to what came after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecasting.cohorts import CohortFlow, cohort_panel
from forecasting.demand import employment_panel
from forecasting.layout import lay_out
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.baselines import Forecaster, Mean, Naive, Trend
from forecasting.series.boosting import GlobalBoosting
from forecasting.series.breakdown import breakdown_table
from forecasting.series.panel import Panel
from forecasting.series.rolling import backtest_table, rolling_errors, select_method
from forecasting.series.shrinkage import LocalLevel, SamplingShrinkage
from forecasting.supply import GRADUATE_YEARS, graduate_panel, jobseeker_panel
from forecasting.vocabulary import ALL_AGES, TOTAL

EMPLOYMENT: Final = "sector_employment"


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
    """Hold the mean of the latest years' graduates to the latest year; untested, the mean ships."""
    panel = graduate_panel(region.table("graduates"), int(region.settings["base_year"]))
    mean = Mean(GRADUATE_YEARS)

    def choose(table: pd.DataFrame) -> str:
        tested = (table["origins"] >= parameters["minimum_origins"]).any()
        return _best(table, parameters) if tested else mean.name

    return _held("graduates", panel, [Naive(), mean], choose, parameters, seed)


def _jobseekers(region: Region, parameters: Parameters, seed: int) -> Evidence:
    """Hold the stock that stays as it is, which ships, to what came after."""
    panel = jobseeker_panel(region.table("jobseekers"), int(region.settings["base_year"]))
    naive = Naive()
    return _held("jobseekers", panel, [naive, Mean(), Trend()], lambda _: naive.name, parameters, seed)


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
    "graduates": Component(("regions", "fields", "graduates"), _graduates, "Graduates by field and level."),
    "jobseekers": Component(
        ("regions", "occupations", "jobseekers"), _jobseekers, "The stock of job seekers."
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
    whole = pd.concat([found.table for found in evidence.values()], ignore_index=True)
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
    intervals = name == EMPLOYMENT  # the others make theirs in another way, or none
    table = backtest_table(panel, errors, names, horizons, classes, minimum, intervals=intervals)
    method = choose(table)
    draws = parameters["bootstrap_draws"]
    groups = breakdown_table(
        *(panel, errors, Naive().name, horizons, classes, minimum, draws, seed), intervals=intervals
    )
    return Evidence(
        method,
        table.assign(component=name, selected=table["method"] == method),
        groups.assign(component=name, selected=groups["method"] == method) if len(groups) else groups,
        errors[errors["method"] == method].reset_index(drop=True),
    )


def _best(table: pd.DataFrame, parameters: Parameters) -> str:
    return select_method(table, Naive().name, parameters["minimum_origins"])
