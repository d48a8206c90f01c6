"""Reforms of the legal retirement age: how many more of a cohort still work, by the years since each began.

A reform is a dated parameter (``retirement_reforms``): no scenario but one that asks for it applies it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters
from forecasting.series.panel import Array

_KEYS: Final = ("country", "law", "enacted", "starts", "from_age", "to_age")
_DAYS: Final = 365.25


@dataclass(frozen=True)
class Reform:
    """One step of a country's legal retirement age.

    Parameters
    ----------
    country : str
        As the setting ``country`` of a region writes it: BE.
    law : str
        Its name.
    enacted, starts : date
        Day of the law, and first day of the new age.
    from_age, to_age : float
        Legal age before and after, years.
    """

    country: str
    law: str
    enacted: dt.date
    starts: dt.date
    from_age: float
    to_age: float

    def reached(self, end_of: int) -> float:
        """Return the ages, in years, whose retirement the reform has put off by the end of a year.

        Those who come to the old age after `starts` work on until the new one: one more year of age is
        reached with every year that passes, until all years between the two ages are.
        """
        passed = (dt.date(end_of, 12, 31) - self.starts).days / _DAYS
        return min(max(passed, 0.0), self.to_age - self.from_age)


@dataclass(frozen=True)
class Retirement:
    """Reforms that bind a region after its base year.

    Parameters
    ----------
    reforms : tuple of Reform
        Of its country, enacted by the end of the base year: later laws are unknown to a forecast from it.
    base_year : int
    take_up : float
        Share of those who come to the old age and would have left work, who stay until the new one.
    """

    reforms: tuple[Reform, ...]
    base_year: int
    take_up: float

    def binding(self, years: int) -> tuple[Reform, ...]:
        """Return the reforms that put off more retirements at the end of a window than at the base year."""
        end = self.base_year + years
        return tuple(each for each in self.reforms if each.reached(end) > each.reached(self.base_year))

    def staying(self, ages_from: Array, width: int, years: int) -> Array:
        """Return the share of each age band, as at the base year, that a reform keeps, shape (bands,).

        What the cohorts up to the base year already show is not counted again. At the end of the window a
        band is `years` older; it is as evenly filled by age as bands are taken to be throughout.
        """
        share = np.zeros(len(ages_from))
        for reform in self.binding(years):
            low = reform.from_age + reform.reached(self.base_year)
            high = reform.from_age + reform.reached(self.base_year + years)
            lower = ages_from + years
            share += np.clip(np.minimum(lower + width, high) - np.maximum(lower, low), 0, None) / width
        return self.take_up * share


def read_reforms(declared: Sequence[Mapping[str, Any]]) -> tuple[Reform, ...]:
    """Return the declared reforms.

    Parameters
    ----------
    declared : sequence of mapping
        Parameter ``retirement_reforms``; days as ISO text.

    Raises
    ------
    ForecastingError
        If one lacks a key, has a day that is none, or an age that does not rise.

    Examples
    --------
    >>> step = {"country": "BE", "law": "x", "enacted": "2015-08-10", "starts": "2025-02-01"}
    >>> read_reforms([step | {"from_age": 65, "to_age": 66}])[0].reached(2030)
    1.0
    """
    return tuple(_read(number, entry) for number, entry in enumerate(declared, start=1))


def _read(number: int, entry: Any) -> Reform:
    if not isinstance(entry, Mapping) or set(entry) != set(_KEYS):
        raise _refusal(number, repr(entry), f"exactly the keys {', '.join(_KEYS)}")
    try:
        enacted, starts = (dt.date.fromisoformat(str(entry[name])) for name in ("enacted", "starts"))
        ages = (float(entry["from_age"]), float(entry["to_age"]))
    except (TypeError, ValueError) as error:
        raise _refusal(number, str(error), "days as 2025-02-01 and ages as numbers") from error
    if not 0 < ages[0] < ages[1]:
        raise _refusal(number, f"from_age {ages[0]:g}, to_age {ages[1]:g}", "an age that rises")
    return Reform(str(entry["country"]), str(entry["law"]), enacted, starts, *ages)


def _refusal(number: int, found: str, expected: str) -> ForecastingError:
    return ForecastingError(
        f"retirement_reforms, entry {number}: found {found}; expected {expected}. "
        "Do: correct parameters/retirement.yaml."
    )


def retirement_of(settings: Mapping[str, Any], parameters: Parameters) -> Retirement:
    """Return the reforms that apply to a region; none where ``region.yaml`` names no country.

    Parameters
    ----------
    settings : mapping
        The region's: ``country`` and ``base_year``.
    parameters : Parameters
        With ``retirement_reforms`` and ``retirement_take_up``.
    """
    base_year = int(settings["base_year"])
    reforms = read_reforms(parameters["retirement_reforms"])
    known = tuple(
        each
        for each in reforms
        if each.country == settings.get("country") and each.enacted <= dt.date(base_year, 12, 31)
    )
    return Retirement(known, base_year, float(parameters["retirement_take_up"]))
