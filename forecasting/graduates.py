"""Graduates a year by field and level: the latest crops, or forecasts from enrolment or the size of cohorts.

In the net convention they only say how entrants spread; how many enter is the cohorts' inflow.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.parameters import Parameters
from forecasting.series.baselines import Forecaster, Mean, Naive
from forecasting.series.panel import Array, Panel, panel_from_table

GRADUATE_YEARS: Final = 2
"""Latest years of graduates that are averaged: one year's crop is noise."""

_KEYS: Final = ["region", "field", "level"]
_BAND: Final = re.compile(r"([0-9]+)-([0-9]+)")

Crop = pd.Series
"""Graduates a year, persons above 0, by (field, level)."""

Base = Callable[[Panel, int], Array]
"""From a history and a year: what the graduates of that year are in proportion to, as the history's last
year knows it, shape (series,); NaN where unknown."""


def graduate_panel(graduates: pd.DataFrame, base_year: int) -> Panel:
    """Return graduates a year by region, field and level."""
    return panel_from_table(graduates[graduates["year"] <= base_year], _KEYS)


@dataclass(frozen=True)
class InProportion:
    """Graduates stay in their latest proportion to something whose coming size is known better.

    Parameters
    ----------
    name : str
        As published.
    base : callable
        What they are in proportion to. It may use nothing from after the history's last year.

    Notes
    -----
    The proportion is that of the sums over the latest `GRADUATE_YEARS`. Where it is unknown the forecast is
    their mean, so that every series has one.
    """

    name: str
    base: Base

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return persons, shape (series, horizons)."""
        recent = history.periods[-GRADUATE_YEARS:]
        persons = np.column_stack([history.at(year) for year in recent])
        bases = np.column_stack([self.base(history, year) for year in recent])
        known = np.isfinite(persons) & np.isfinite(bases)
        above, below = (np.where(known, figures, 0).sum(axis=1) for figures in (persons, bases))
        rate = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
        coming = [self.base(history, history.periods[-1] + horizon) for horizon in horizons]
        found = rate[:, None] * np.column_stack(coming)
        return np.where(np.isfinite(found), found, Mean(GRADUATE_YEARS).forecast(history, horizons))


def enrolment_base(enrolment: pd.DataFrame, lag: int) -> Base:
    """Return the pupils and students of whom a year's graduates come, so the proportion is their completion.

    Parameters
    ----------
    enrolment : DataFrame
        Canonical table.
    lag : int
        Years from the count of pupils to their diplomas (parameter ``graduation_lag``). Pupils of years
        that a history does not know yet are as many as in the latest year it knows.
    """

    def base(history: Panel, year: int) -> Array:
        counted = enrolment[enrolment["year"] <= min(history.periods[-1], year - lag)]
        wide = counted.pivot_table(index=_KEYS, columns="year", values="persons", aggfunc="sum")
        latest = wide.reindex(pd.MultiIndex.from_frame(history.index[_KEYS])).ffill(axis=1)
        return latest.iloc[:, -1].to_numpy(dtype=float) if len(wide.columns) else _unknown(history)

    return base


def cohort_base(population: pd.DataFrame, ages: Mapping[str, Sequence[int]]) -> Base:
    """Return the inhabitants of the ages at which people graduate.

    Parameters
    ----------
    population : DataFrame
        Canonical table.
    ages : mapping of str to (first, last) age
        By level, ``default`` for other levels (parameter ``graduation_ages``).

    Notes
    -----
    Who graduates within ten years is born already: the inhabitants of the latest year that a history knows
    are aged, evenly over the years of their band, without deaths and moves. Projected years are not used: a
    backtest would see in them what came after its origin, and nothing could say whether they are better.
    """

    def base(history: Panel, year: int) -> Array:
        counted = population[population["year"] <= min(history.periods[-1], year)]
        found = _unknown(history)
        for (region, level), rows in history.index.groupby(["region", "level"]):
            own = counted[counted["region"] == region]
            if len(own):
                latest = int(own["year"].max())
                first, last = ages.get(str(level), ages["default"])
                single = _single_ages(own[own["year"] == latest])
                of_age = range(first - (year - latest), last - (year - latest) + 1)
                found[rows.index] = sum(single.get(age, np.nan) for age in of_age)
        return found

    return base


def _unknown(history: Panel) -> Array:
    return np.full(len(history.index), np.nan)


def _single_ages(rows: pd.DataFrame) -> dict[int, float]:
    """Return persons by single age; those of an open band or of all ages have none."""
    single: dict[int, float] = {}
    for band, persons in zip(rows["age_band"].astype(str), rows["persons"], strict=True):
        match = _BAND.fullmatch(band)
        if match:
            years = range(int(match[1]), int(match[2]) + 1)
            single |= dict.fromkeys(years, float(persons) / len(years))
    return single


def graduate_methods(
    enrolment: pd.DataFrame, population: pd.DataFrame, parameters: Parameters
) -> dict[str, Forecaster]:
    """Return by name the methods that forecast graduates; those whose table is empty are left out.

    Parameters
    ----------
    enrolment, population : DataFrame
        Canonical tables, perhaps empty.
    parameters : Parameters
        With ``graduation_lag`` and ``graduation_ages``.
    """
    methods: list[Forecaster] = [Naive(), Mean(GRADUATE_YEARS)]
    if len(enrolment):
        methods.append(InProportion("enrolment", enrolment_base(enrolment, parameters["graduation_lag"])))
    if len(population):
        methods.append(InProportion("cohort", cohort_base(population, parameters["graduation_ages"])))
    return {method.name: method for method in methods}


def window_crops(
    graduates: pd.DataFrame, region: str, base_year: int, method: Forecaster, horizons: Sequence[int]
) -> tuple[Crop, ...]:
    """Return the mean yearly graduates of one region over each window.

    Parameters
    ----------
    graduates : DataFrame
        Canonical table; years after `base_year` are not used.
    method : Forecaster
        Of `graduate_methods`. It starts at the region's last year of graduates, which may lie before
        the base year.

    Returns
    -------
    tuple of Series
        One for each of `horizons`; empty Series where the region has no graduates.
    """
    rows = graduates[(graduates["region"] == region) & (graduates["year"] <= base_year)]
    if isinstance(method, Naive | Mean):
        years = 1 if isinstance(method, Naive) else method.periods
        return (_latest(rows, years),) * len(horizons)
    panel = graduate_panel(rows, base_year)
    if not panel.periods:
        return (_latest(rows, 1),) * len(horizons)
    ahead = base_year - panel.periods[-1]
    yearly = method.forecast(panel, tuple(range(ahead + 1, ahead + max(horizons) + 1)))
    cells = pd.MultiIndex.from_frame(panel.index[["field", "level"]])
    means = [pd.Series(yearly[:, :years].mean(axis=1), index=cells) for years in horizons]
    return tuple(mean[mean > 0] for mean in means)


def _latest(rows: pd.DataFrame, years: int) -> Crop:
    """Return mean yearly graduates by field and level over the latest years that have any."""
    recent = rows[rows["year"] > rows["year"].max() - years]
    persons = recent.groupby(["field", "level"])["persons"].mean()
    return persons[persons > 0]
