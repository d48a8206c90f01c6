"""Where somebody can go from an occupation, or with a set of skills: near, asked for, of like level and wage.

What is unknown of a destination does not rule it out: it is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.retraining import Closing, close, quadrant
from forecasting.series.panel import Array
from forecasting.skill_distance import SkillProfiles, coverage
from forecasting.transition_ground import Ground
from forecasting.vocabulary import COLLECTIONS

COLUMNS: Final = (
    "origin",
    "rank",
    "destination",
    "coverage",
    "reverse_coverage",
    "class",
    "missing",
    *(f"{name}_{part}" for name in COLLECTIONS for part in ("asked", "missing")),
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
        largest missing skills); by collection the share of the destination's skill mass that is in it, and
        of what is missing; ``hours`` and ``courses`` that close what one opening is expected to miss, and the
        share of it that they teach, ``taught``; ``quadrant`` (`forecasting.retraining.QUADRANTS`);
        ``level_difference`` (destination less origin); ``wage_ratio``;
        ``probability_of_shortage``; ``unknown`` (level, wage, gap, hours, quadrant: what
        could not be judged); ``reason``. An origin without a destination has one row: ``unavailable`` where
        nothing is known of its skills or no threshold, else ``not_applicable``: none passes.

    Raises
    ------
    ForecastingError
        If a person's occupation is unknown.
    """
    return transitions_by_window(base, [base.shortage], origins).drop(columns="window")


def transitions_by_window(
    base: Ground, windows: Sequence[Array], origins: SkillProfiles | None = None
) -> pd.DataFrame:
    """Return what `transitions_table` does in several windows: what is near is worked out once.

    Parameters
    ----------
    windows : sequence of ndarray of shape (occupations,)
        Probability of shortage in each, in the place of the ground's own; NaN where unknown.

    Returns
    -------
    DataFrame
        Column ``window``, a position in `windows`, and `COLUMNS`.

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
    there, back = base.coverage, base.coverage.T
    if origins is not None:
        there, back = coverage(base.profiles, moving), coverage(moving, base.profiles).T
    rows = [
        row
        for position, code in enumerate(moving.occupations)
        for row in _of_origin(
            base,
            windows,
            _Origin(code, moving.held(position), there[position], back[position], leaves=origins is None),
        )
    ]
    return pd.DataFrame(rows, columns=["window", *COLUMNS])


@dataclass(frozen=True)
class _Origin:
    """An occupation that somebody leaves, or a person: what is held, and coverage there and back.

    Parameters
    ----------
    code : str
        Empty for a person without an occupation.
    held : ndarray of shape (skills,)
    there, back : ndarray of shape (occupations,)
    leaves : bool
        Whether staying is no destination.
    """

    code: str
    held: Array
    there: Array
    back: Array
    leaves: bool


def _of_origin(base: Ground, windows: Sequence[Array], origin: _Origin) -> Iterator[dict[str, Any]]:
    """Yield the rows of one origin: a move is worked out once, whatever the windows in which it is listed."""
    at = base.profiles.occupations.index(origin.code) if origin.code else None
    level, wage = _difference(base, at)
    fits = (origin.there >= base.viable) & _alike(base, level, wage)  # false where coverage is unknown
    if origin.leaves and at is not None:
        fits[at] = False
    unknown = np.isnan(base.viable) or np.isnan(origin.there).all()
    order = np.lexsort((np.arange(len(fits)), -origin.there))
    order = order[fits[order]]
    least = base.parameters["transition_shortage_probability"]
    moves: dict[int, dict[str, Any]] = {}
    for window, shortage in enumerate(windows):
        row: dict[str, Any] = {"window": window, "origin": origin.code}
        chosen = order[~(shortage[order] < least)][: base.parameters["transition_destinations"]].tolist()
        if not chosen:
            yield row | {"reason": "unavailable" if unknown else "not_applicable"}
        for rank, to in enumerate(chosen, start=1):
            if to not in moves:
                figures = {"level_difference": level[to], "wage_ratio": wage[to]}
                moves[to] = figures | _judged(base, origin, to) | _training(base, origin.held, at, to)
            move = row | moves[to] | {"rank": rank, "probability_of_shortage": shortage[to]}
            yield move | {"unknown": _unknown(move)}


def _difference(base: Ground, at: int | None) -> tuple[Array, Array]:
    """Return the difference of level and the ratio of wages to every destination; NaN where unknown."""
    if at is None:
        nothing = np.full(len(base.level), np.nan)
        return nothing, nothing
    return base.level - base.level[at], base.wage / base.wage[at]


def _alike(base: Ground, level: Array, wage: Array) -> NDArray[np.bool_]:
    """Return which destinations no known level or wage rules out."""
    parameters = base.parameters
    return ~(
        (np.abs(level) > parameters["transition_level_difference"])
        | (wage < parameters["transition_wage_ratio"])
    )


def _judged(base: Ground, origin: _Origin, to: int) -> dict[str, Any]:
    return {
        "destination": base.profiles.occupations[to],
        "coverage": origin.there[to],
        "reverse_coverage": origin.back[to],
        "class": "highly_viable" if origin.there[to] >= base.highly_viable else "viable",
        "reason": "",
    }


_JUDGED_BY: Final = {
    "level": "level_difference",
    "wage": "wage_ratio",
    "gap": "probability_of_shortage",
    "hours": "hours",
    "quadrant": "quadrant",
}


def _unknown(move: Mapping[str, Any]) -> str:
    """Name what could not be judged: a figure that is NaN, or an empty quadrant."""
    return " ".join(
        name for name, column in _JUDGED_BY.items() if move[column] == "" or move[column] != move[column]
    )


def _training(base: Ground, held: Array, at: int | None, to: int) -> dict[str, Any]:
    """Return what is missing at a destination and how courses close it.

    Notes
    -----
    No opening asks every skill that some opening asks. One asks Σ max(p − h, 0) skills that are missing, on
    average: as many, the largest first, are what courses must close; all of them where p is 0 or 1.
    """
    skill, mass = _missing(base.profiles, held, to)
    shown = skill[: base.parameters["transition_missing_skills"]]
    one = _of_one_opening(base.profiles, held, to)
    closing = Closing((), float("nan"), float("nan"))
    if base.offered is not None:
        closing = close(dict(zip(skill[:one].tolist(), mass[:one].tolist(), strict=True)), base.offered)
    place = quadrant(
        closing,
        _same_occupation(base, at, to),
        base.parameters["short_training"],
        base.parameters["short_training_taught"],
    )
    return {
        "missing": " ".join(base.profiles.skills[number] for number in shown),
        **_by_collection(base, to, skill, mass),
        "hours": closing.hours,
        "taught": closing.taught,
        "courses": " ".join(closing.courses),
        "quadrant": place,
    }


def _of_one_opening(profiles: SkillProfiles, held: Array, to: int) -> int:
    """Return how many missing skills one opening asks on average, rounded up."""
    entries = profiles.entries(to)
    lacking = np.maximum(profiles.asked[entries] - held[profiles.skill[entries]], 0)
    return int(np.ceil(lacking.sum() - _ROUNDING))


_ROUNDING: Final = 1e-9


def _same_occupation(base: Ground, at: int | None, to: int) -> bool | None:
    """Return whether a move stays in one occupation of the statistics; None where that is unknown."""
    if at == to:
        return True
    if at is None or not base.isco[at] or not base.isco[to]:
        return None
    digits = base.parameters["same_occupation_digits"]
    return base.isco[at][:digits] == base.isco[to][:digits]


def _by_collection(base: Ground, to: int, skill: NDArray[np.int64], mass: Array) -> dict[str, float]:
    """Return the share of each collection in what a destination asks and in what is missing there."""
    profiles, shares = base.profiles, {}
    entries = profiles.entries(to)
    asked = profiles.importance[entries] * profiles.asked[entries]
    for name, inside in base.collections.items():
        shares[f"{name}_asked"] = _share(asked, inside[profiles.skill[entries]])
        shares[f"{name}_missing"] = _share(mass, inside[skill])
    return shares


def _share(mass: Array, inside: NDArray[np.bool_]) -> float:
    return float(mass[inside].sum() / mass.sum()) if mass.sum() > 0 else float("nan")


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
