"""Scenarios: named sets of assumptions over what is declared, held to the baseline with the same draws.

An assumption moves a path or a rate, never the noise: the difference of two scenarios is the assumption's.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from forecasting.cohorts import Cohorts
from forecasting.errors import ForecastingError
from forecasting.region import Region
from forecasting.retirement import Retirement
from forecasting.series.panel import Array
from forecasting.vocabulary import BASELINE

SECTIONS: Final = "ABCDEFGHIJKLMNOPQRSTU"
"""Sections of NACE Rev. 2; other revisions give other meanings to the letters from J on."""

LARGEST_GROWTH: Final = 0.2
"""Log points a year: beyond it a per cent was written for a share."""

_NACE: Final = re.compile(r"NACE\s*Rev\.?\s*2(?![.\d])", re.IGNORECASE)
_SPAN: Final = re.compile(r"([A-U])(?:-([A-U]))?")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Scenario:
    """One set of assumptions; what it does not name is as in the baseline.

    Parameters
    ----------
    name : str
        Code, stable.
    description : str
        What it assumes, in words.
    employment_growth : float
        Growth of every sector beside the baseline's path, log points a year.
    sector_growth : mapping of str to float
        Besides, by section of NACE Rev. 2.
    older_retention : float
        Share of those aged 55+ who would leave and stay instead.
    retirement_reforms : bool
        Whether enacted reforms of the legal retirement age bind from their day on
        (`forecasting.retirement`). In no other scenario do they: the baseline carries on what cohorts did.
    """

    name: str
    description: str = ""
    employment_growth: float = 0.0
    sector_growth: Mapping[str, float] = field(default_factory=dict)
    older_retention: float = 0.0
    retirement_reforms: bool = False


BASE: Final = Scenario(BASELINE, "The forecast without assumptions of its own.")

_KEYS: Final = {entry.name for entry in dataclasses.fields(Scenario)} - {"name"}


def read_scenarios(declared: Mapping[str, Any]) -> tuple[Scenario, ...]:
    """Return the baseline and the declared scenarios, in the order of the file.

    Parameters
    ----------
    declared : mapping
        Parameter ``scenarios``.

    Raises
    ------
    ForecastingError
        If a scenario has a key, a section or a figure that is not one.

    Examples
    --------
    >>> [each.name for each in read_scenarios({"slow": {"description": "x", "employment_growth": -0.01}})]
    ['baseline', 'slow']
    """
    return (BASE, *(_read(str(name), entry) for name, entry in declared.items()))


def _read(name: str, entry: Any) -> Scenario:
    if not _NAME.fullmatch(name) or name == BASELINE:
        raise _refusal(name, f"the name {name!r}", f"small letters, digits, _, and not {BASELINE!r}")
    if not isinstance(entry, Mapping) or not entry.get("description"):
        raise _refusal(name, "no description", "a mapping with a description")
    foreign = sorted(map(str, entry.keys() - _KEYS))
    if foreign:
        raise _refusal(name, ", ".join(foreign), f"only {', '.join(sorted(_KEYS))}")
    by_section = entry.get("sector_growth", {})
    if not isinstance(by_section, Mapping) or not all(key in tuple(SECTIONS) for key in by_section):
        raise _refusal(
            name, f"sector_growth {by_section}", "sections of NACE Rev. 2, A to U, one letter each"
        )
    growth = {
        "employment_growth": entry.get("employment_growth", 0.0),
        **{f"sector_growth {section}": value for section, value in by_section.items()},
    }
    for place, value in growth.items():
        _refuse_outside(name, place, value, -LARGEST_GROWTH, LARGEST_GROWTH)
    stay = entry.get("older_retention", 0.0)
    _refuse_outside(name, "older_retention", stay, 0.0, 1.0)
    reforms = entry.get("retirement_reforms", False)
    if not isinstance(reforms, bool):
        raise _refusal(name, f"retirement_reforms {reforms!r}", "true or false")
    sections = {str(section): float(value) for section, value in by_section.items()}
    every = float(growth["employment_growth"])
    return Scenario(name, str(entry["description"]).strip(), every, sections, float(stay), reforms)


def _refuse_outside(name: str, place: str, value: Any, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise _refusal(name, f"{place} {value!r}", f"a share from {low:g} to {high:g}")


def _refusal(name: str, found: str, expected: str) -> ForecastingError:
    return ForecastingError(
        f"scenario {name}: found {found}; expected {expected}. Do: correct parameters/scenarios.yaml."
    )


def sections_of(code: str) -> tuple[str, ...]:
    """Return the sections of NACE that a sector's code stands for, none if it is not such a code.

    Examples
    --------
    >>> sections_of("B-E"), sections_of("M_N"), sections_of("Q"), sections_of("TOTAL")
    (('B', 'C', 'D', 'E'), ('M', 'N'), ('Q',), ())
    """
    found: list[str] = []
    for part in code.split("_"):
        span = _SPAN.fullmatch(part)
        if span is None:
            return ()
        first, last = span.group(1), span.group(2) or span.group(1)
        found.extend(SECTIONS[SECTIONS.index(first) : SECTIONS.index(last) + 1])
    return tuple(found)


def sections_by_sector(region: Region, sectors: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the sections of each forecast sector; none where the region says no NACE Rev. 2.

    A letter is a section only if ``region.yaml`` names the classification, and only where sectors are what
    is forecast: a code of an occupation may be a letter too.
    """
    about = region.settings.get("classifications", {}).get("sectors", {})
    spoken = _NACE.search(str(about.get("name", ""))) and len(region.table("staffing"))
    return tuple(sections_of(code) if spoken else () for code in sectors)


def assumed_growth(scenario: Scenario, sections: Sequence[Sequence[str]]) -> Array:
    """Return growth beside the baseline by sector, log points a year, shape (sectors,).

    Parameters
    ----------
    sections : sequence of sequence of str
        Sections that each sector stands for. A group takes their plain mean: no table says how large each
        of them is where only the group is counted. A sector without any takes `employment_growth` alone.
    """
    besides = [
        sum(scenario.sector_growth.get(each, 0.0) for each in group) / len(group) if group else 0.0
        for group in sections
    ]
    return scenario.employment_growth + np.array(besides)


def moved_paths(paths: Array, growth: Array, horizons: Sequence[int]) -> Array:
    """Return sector paths moved by exp(growth × years), every draw alike.

    Parameters
    ----------
    paths : ndarray of shape (sectors, horizons, draws)
    growth : ndarray of shape (sectors,)
        Log points a year.
    """
    return np.asarray(paths * np.exp(growth[:, None] * np.array(horizons, dtype=float))[:, :, None])


def given_path(
    region: Region, code: str, sectors: Sequence[str], horizons: Sequence[int], scenario: str
) -> Array:
    """Return what ``sector_outlook`` says of a region's sectors, persons, shape (sectors, horizons).

    NaN where it is silent, and everywhere where occupations are forecast: its sectors are not theirs.
    """
    rows, base_year = region.table("sector_outlook"), int(region.settings["base_year"])
    if rows.empty or not len(region.table("staffing")):
        return np.full((len(sectors), len(horizons)), np.nan)
    rows = rows[(rows["region"] == code) & (rows["scenario"] == scenario)]
    wide = rows.set_index(["sector", "year"])["persons"].unstack("year")
    years = [base_year + years for years in horizons]
    return wide.reindex(index=list(sectors), columns=years).to_numpy(dtype=float)


def on_path(paths: Array, given: Array) -> Array:
    """Return draws scaled so that their mean is the given path where there is one.

    Parameters
    ----------
    paths : ndarray of shape (sectors, horizons, draws)
    given : ndarray of shape (sectors, horizons)
        NaN where the own forecast stays. Where every draw is zero nothing can be scaled: each becomes the
        given figure.
    """
    mean = paths.mean(axis=2)
    known = np.isfinite(given)
    scale = np.divide(given, mean, out=np.ones_like(mean), where=known & (mean > 0))
    scaled = paths * scale[:, :, None]
    return np.where((known & (mean <= 0))[:, :, None], np.nan_to_num(given)[:, :, None], scaled)


def assumed_cohorts(cohorts: Cohorts, scenario: Scenario, retirement: Retirement) -> Cohorts:
    """Return cohorts as a scenario has them stay: by a share of leavers, and by the reforms it lets bind.

    Parameters
    ----------
    retirement : Retirement
        What applies to the region, as `forecasting.retirement.retirement_of` returns it.
    """
    stayed = retained(cohorts, scenario.older_retention)
    return dataclasses.replace(stayed, retirement=retirement if scenario.retirement_reforms else None)


def retained(cohorts: Cohorts, share: float) -> Cohorts:
    """Return cohorts of whom a share of those aged 55+ who would leave stay instead.

    Parameters
    ----------
    share : float
        r' = 1 − (1 − r)(1 − share) for every band that reaches 55 within its width, where r < 1.

    Notes
    -----
    The open last band is left by all, as before: whoever is in it is past a retirement age that moves by a
    few years, and one width later is a width older still. Where it opens before 65 the scenario therefore
    moves too little. Inflow is that of the same cohorts: who stays enters nobody's job, so it stays as it is
    unless an older band grows.
    """
    reached = cohorts.older.copy()
    reached[-1] = False
    stay = np.where(reached, share, 0.0)[:, None] * np.clip(1 - cohorts.retention, 0, None)
    return dataclasses.replace(cohorts, retention=cohorts.retention + stay)
