"""Where somebody can go from an occupation, or with a set of skills: near, asked for, of like level and wage.

What is unknown of a destination does not rule it out: it is named.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters
from forecasting.retraining import Closing, Offer, close, offer, quadrant
from forecasting.series.panel import Array
from forecasting.skill_distance import SkillProfiles, coverage, thresholds

MISSING_SHOWN: Final = 5
"""Skills named in a row of the table; `missing_skills` lists all."""

COLUMNS: Final = (
    "origin",
    "rank",
    "destination",
    "coverage",
    "reverse_coverage",
    "class",
    "missing",
    "hours",
    "taught",
    "courses",
    "quadrant",
    "level_difference",
    "wage_ratio",
    "probability_of_shortage",
    "unknown",
    "reason",
)


@dataclass(frozen=True)
class Ground:
    """What is known of the occupations, ready to be looked up by position.

    Parameters
    ----------
    profiles : SkillProfiles
        Of the destinations.
    coverage : ndarray of shape (occupations, occupations)
        As `coverage` returns of them.
    viable, highly_viable : float
        Coverage from which a destination is so; NaN where unknown.
    isco : tuple of str
        ISCO-08 code of each, of any length; empty if none.
    level, wage, shortage : ndarray of shape (occupations,)
        Level, wage and probability of shortage; NaN where unknown.
    offered : Offer or None
        None where there is no table of courses.
    bounds : DataFrame
        As `thresholds` returns: to be published beside the destinations.
    parameters : Parameters
    """

    profiles: SkillProfiles
    coverage: Array
    viable: float
    highly_viable: float
    isco: tuple[str, ...]
    level: Array
    wage: Array
    shortage: Array
    offered: Offer | None
    bounds: pd.DataFrame
    parameters: Parameters


def ground(
    profiles: SkillProfiles,
    facts: pd.DataFrame,
    parameters: Parameters,
    *,
    gaps: pd.DataFrame | None = None,
    courses: pd.DataFrame | None = None,
) -> Ground:
    """Bring together what transitions need.

    Parameters
    ----------
    profiles : SkillProfiles
        Of all occupations.
    facts : DataFrame
        One row per occupation: ``occupation, isco``; the groupings that parameter ``transition_rule`` names
        (``group, subgroup``), empty for none; perhaps ``level`` and ``wage``.
    gaps : DataFrame, optional
        Published table ``gaps`` of one region, scenario and horizon. An occupation takes the row of its own
        code, else of the finest ISCO group it is in.
    courses : DataFrame, optional
        Canonical table.

    Raises
    ------
    ForecastingError
        If `facts` or `gaps` has an occupation twice.
    """
    for name, table in (("facts", facts), ("gaps", gaps)):
        if table is not None and table["occupation"].duplicated().any():
            twice = table.loc[table["occupation"].duplicated(), "occupation"].iloc[0]
            raise ForecastingError(
                f"table {name}, column occupation: found {twice} twice; expected one row per occupation. "
                "Do: select one region, scenario and horizon."
            )
    rows = facts.set_index("occupation").reindex(list(profiles.occupations))
    isco = tuple(rows["isco"].fillna("").astype(str))
    rule = parameters["transition_rule"]
    named = rows.columns.intersection([rule["viable"], rule["highly_viable"]])
    found = coverage(profiles)
    bounds = thresholds(found, {name: rows[name].fillna("").tolist() for name in named}, rule)
    viable, highly_viable = bounds.set_index("class").loc[["viable", "highly_viable"], "threshold"]
    return Ground(
        profiles,
        found,
        viable,
        highly_viable,
        isco,
        _levels(rows, isco, parameters["isco_skill_level"]),
        rows["wage"].to_numpy(dtype=float) if "wage" in rows else np.full(len(rows), np.nan),
        _shortage(profiles.occupations, isco, gaps),
        None if courses is None else offer(courses, profiles.skills),
        bounds,
        parameters,
    )


def _levels(rows: pd.DataFrame, isco: tuple[str, ...], by_prefix: Mapping[str, int]) -> Array:
    """Return the level that the facts give, else ISCO's skill level of the group."""
    implied = np.array([by_prefix.get(_longest(code, by_prefix), np.nan) for code in isco], dtype=float)
    given = rows["level"].to_numpy(dtype=float) if "level" in rows else np.full(len(rows), np.nan)
    return np.where(np.isnan(given), implied, given)


def _shortage(codes: tuple[str, ...], isco: tuple[str, ...], gaps: pd.DataFrame | None) -> Array:
    """Return the probability of shortage of each occupation, or of the ISCO group that it is in."""
    if gaps is None:
        return np.full(len(codes), np.nan)
    value = dict(zip(gaps["occupation"].astype(str), gaps["probability_of_shortage"], strict=True))
    own = [code if code in value else _longest(group, value) for code, group in zip(codes, isco, strict=True)]
    return np.array([value.get(code, np.nan) for code in own], dtype=float)


def _longest(code: str, known: Mapping[str, Any]) -> str:
    """Return the longest prefix of a code that is known; empty if none is."""
    return next((code[:length] for length in range(len(code), 0, -1) if code[:length] in known), "")


def transitions_table(base: Ground, origins: SkillProfiles | None = None) -> pd.DataFrame:
    """Return the best destinations of every origin, nearest first.

    Parameters
    ----------
    base : Ground
    origins : SkillProfiles, optional
        Persons (`forecasting.skill_distance.person`); by default the occupations themselves, and then
        staying where one is is no destination.

    Returns
    -------
    DataFrame
        ``origin, rank, destination``; ``coverage`` (share of the destination's skill mass that the origin
        holds) and ``reverse_coverage``; ``class`` (viable or highly_viable); ``missing`` (codes of the
        largest missing skills); ``hours``, ``taught`` and ``courses`` that close the difference; ``quadrant``
        (`forecasting.retraining.QUADRANTS`); ``level_difference`` (destination less origin);
        ``wage_ratio``; ``probability_of_shortage``; ``unknown`` (level, wage, gap, hours, quadrant: what
        could not be judged); ``reason``. An origin without a destination has one row: ``unavailable`` where
        nothing is known of its skills or no threshold, else ``not_applicable``: none passes.

    Raises
    ------
    ForecastingError
        If a person's occupation is unknown.
    """
    moving = base.profiles if origins is None else origins
    strange = set(moving.occupations) - {"", *base.profiles.occupations}
    if strange:
        raise ForecastingError(
            f"origin: found {', '.join(sorted(strange))}; expected an occupation of the profiles. "
            "Do: look up its code, or leave it out."
        )
    there, back = _both_ways(base, moving)
    rows = [
        row
        for position, code in enumerate(moving.occupations)
        for row in _of_origin(base, moving, position, code, there[position], back[position], origins is None)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _both_ways(base: Ground, moving: SkillProfiles) -> tuple[Array, Array]:
    if moving is base.profiles:
        return base.coverage, base.coverage.T
    return coverage(base.profiles, moving), coverage(moving, base.profiles).T


def _of_origin(
    base: Ground, moving: SkillProfiles, row: int, code: str, there: Array, back: Array, leaves: bool
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one origin."""
    known = base.profiles.occupations
    at = row if leaves else known.index(code) if code else None
    level, wage = _difference(base, at)
    near = there >= base.viable  # false where either is unknown
    passes = near & _allowed(base, level, wage)
    if leaves:
        passes[row] = False
    if not passes.any():
        unknown = np.isnan(base.viable) or np.isnan(there).all()
        yield {"origin": code, "reason": "unavailable" if unknown else "not_applicable"}
        return
    held = moving.held(row)
    order = np.lexsort((np.arange(len(there)), -there))
    chosen = order[passes[order]][: base.parameters["transition_destinations"]]
    for rank, to in enumerate(chosen.tolist(), start=1):
        yield {
            "origin": code,
            "rank": rank,
            "destination": known[to],
            "coverage": there[to],
            "reverse_coverage": back[to],
            "class": "highly_viable" if there[to] >= base.highly_viable else "viable",
            "level_difference": level[to],
            "wage_ratio": wage[to],
            "probability_of_shortage": base.shortage[to],
            **_training(base, held, at, to, unknown=_unknown(base, level, wage, to)),
            "reason": "",
        }


def _difference(base: Ground, at: int | None) -> tuple[Array, Array]:
    """Return the difference of level and the ratio of wages to every destination; NaN where unknown."""
    if at is None:
        nothing = np.full(len(base.level), np.nan)
        return nothing, nothing
    return base.level - base.level[at], base.wage / base.wage[at]


def _allowed(base: Ground, level: Array, wage: Array) -> NDArray[np.bool_]:
    """Return which destinations no known fact rules out."""
    parameters = base.parameters
    return ~(
        (np.abs(level) > parameters["transition_level_difference"])
        | (wage < parameters["transition_wage_ratio"])
        | (base.shortage < parameters["transition_shortage_probability"])
    )


def _unknown(base: Ground, level: Array, wage: Array, to: int) -> list[str]:
    figures = {"level": level[to], "wage": wage[to], "gap": base.shortage[to]}
    return [name for name, figure in figures.items() if np.isnan(figure)]


def _training(base: Ground, held: Array, at: int | None, to: int, unknown: list[str]) -> dict[str, Any]:
    """Return what is missing at a destination and how courses close it."""
    skill, mass = _missing(base.profiles, held, to)
    largest = [base.profiles.skills[number] for number in skill[:MISSING_SHOWN]]
    closing = Closing((), float("nan"), float("nan"))
    if base.offered is not None:
        closing = close(dict(zip(skill.tolist(), mass.tolist(), strict=True)), base.offered)
    digits = base.parameters["same_occupation_digits"]
    same = None
    if at is not None and base.isco[at] and base.isco[to]:
        same = base.isco[at][:digits] == base.isco[to][:digits]
    place = quadrant(
        closing, same, base.parameters["short_training"], base.parameters["short_training_taught"]
    )
    unknown = unknown + ["hours"] * bool(np.isnan(closing.hours)) + ["quadrant"] * (not place)
    return {
        "missing": " ".join(largest),
        "hours": closing.hours,
        "taught": closing.taught,
        "courses": " ".join(closing.courses),
        "quadrant": place,
        "unknown": " ".join(unknown),
    }


def _missing(profiles: SkillProfiles, held: Array, to: int) -> tuple[NDArray[np.int64], Array]:
    """Return the skills that are missing at a destination and their mass w·max(p − h, 0), largest first."""
    entries = profiles.entries(to)
    skill = profiles.skill[entries]
    mass = profiles.importance[entries] * np.maximum(profiles.asked[entries] - held[skill], 0)
    order = np.lexsort((skill, -mass))
    return skill[order][mass[order] > 0], mass[order][mass[order] > 0]


def missing_skills(base: Ground, held: Array, destination: str, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return every skill that is missing at a destination, by weight.

    Parameters
    ----------
    held : ndarray of shape (skills,)
        Probability h (`SkillProfiles.held`).
    labels : mapping of str to str
        Names of the skills; one without a name shows its code.

    Returns
    -------
    DataFrame
        ``skill, label, share``: of the destination's skill mass; the shares sum to 1 − coverage.

    Raises
    ------
    ForecastingError
        If the destination is unknown.
    """
    profiles = base.profiles
    if destination not in profiles.occupations:
        raise ForecastingError(
            f"destination: found {destination}; expected an occupation of the profiles. Do: look up its code."
        )
    to = profiles.occupations.index(destination)
    skill, mass = _missing(profiles, held, to)
    codes = [profiles.skills[number] for number in skill]
    return pd.DataFrame(
        {
            "skill": codes,
            "label": [labels.get(code, code) for code in codes],
            "share": mass / profiles.mass[to],
        }
    )
