"""Appeals: which input would move a weight or a course into the next band, and by how much.

Each lever is taken alone, and each figure is the least that does it: apply it and the band is reached, stay
below it and it is not. No lever is advice; it shows how far from the edge a judgement stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.funding.catalogue import Courses
from forecasting.funding.courses import Needs
from forecasting.funding.reasons import number, percent
from forecasting.funding.weights import WeightRule, bands, order_of

MORE_TRAINABLE: Final = "more_trainable"
FEWER_OPENINGS: Final = "fewer_openings"
OTHER_QUANTILE: Final = "other_quantile"
SKILL_LACKING: Final = "skill_lacking"
ALL_LACKING: Final = "all_lacking"
WITHOUT_SKILL: Final = "without_skill"
WITH_SKILL: Final = "with_skill"
LEVERS: Final[dict[str, str]] = {
    MORE_TRAINABLE: "persons trainable at the quantile",
    FEWER_OPENINGS: "openings over the window",
    OTHER_QUANTILE: "quantile of the draws",
    SKILL_LACKING: "share of the openings asking one skill that lack it",
    ALL_LACKING: "these shares of all its skills together, as a factor",
    WITHOUT_SKILL: "score without one of its skills",
    WITH_SKILL: "score with a further skill",
}


@dataclass(frozen=True)
class Lever:
    """One input, and the least change of it that reaches the next band.

    Parameters
    ----------
    name : str
        Of `LEVERS`.
    subject : str
        Skill concerned, or empty.
    now, needed : float
        The input's value, and the value that reaches the band.
    edge : float
        Share at which the next band begins.
    why, why_nl : str
    """

    name: str
    subject: str
    now: float
    needed: float
    edge: float
    why: str
    why_nl: str


def next_edge(share: float, rule: WeightRule) -> float | None:
    """Return the share at which the next band begins; None in the last band."""
    band = int(bands(np.array([share]), rule.edges)[0])
    return rule.edges[band] if band < len(rule.edges) else None


def appeal_of_cell(trainable: NDArray[np.floating], openings: float, rule: WeightRule) -> tuple[Lever, ...]:
    """Return what would move an occupation, or a skill, into the next band.

    Parameters
    ----------
    trainable : ndarray of shape (draws,)
        Persons; a row of a release's draws.
    openings : float
        Mean persons, the denominator.

    Raises
    ------
    ForecastingError
        If the cell is unknown or has no openings: it has no band to leave.
    """
    ordered = np.sort(trainable.astype(np.float64))
    if np.isnan(ordered).any() or not openings > 0:
        raise ForecastingError(
            "a cell without known trainable persons or openings has the neutral weight; expected a band. "
            "Do: bring the data that its reason names."
        )
    lower = ordered[order_of(rule.quantile, len(ordered))]
    edge = next_edge(lower / openings, rule)
    if edge is None:
        return ()
    needed = _at_least(edge * openings, lambda persons: persons / openings >= edge)
    found = [_lever(MORE_TRAINABLE, "", lower, needed, edge)]
    if lower > 0:
        fewer = _at_most(lower / edge, lambda persons: lower / persons >= edge)
        found.append(_lever(FEWER_OPENINGS, "", openings, fewer, edge))
    reached = np.flatnonzero(ordered / openings >= edge)
    if len(reached):
        found.append(_lever(OTHER_QUANTILE, "", rule.quantile, (reached[0] + 1) / len(ordered), edge))
    return tuple(found)


def appeal_of_course(
    course: str, offered: Courses, needs: Needs, rule: WeightRule, most: int
) -> tuple[Lever, ...]:
    """Return what would move a course into the next band.

    Parameters
    ----------
    most : int
        Skills to suggest: parameter ``course_rule``, ``suggestions``.

    Returns
    -------
    tuple of Lever
        Per skill the share of openings that would have to lack it, where that is at most all of them; all of
        them together; each skill without which the score is enough; and the skills most lacking that would do
        it alone. None in the last band.

    Raises
    ------
    ForecastingError
        If the course is unknown, or none of its skills is told.
    """
    if course not in offered.codes:
        raise ForecastingError(f"course {course!r}; expected one of the catalogue. Do: correct the code.")
    at = offered.codes.index(course)
    taught = np.sort(offered.teaches.indices[offered.teaches.indptr[at] : offered.teaches.indptr[at + 1]])
    told = taught[np.isfinite(needs.share[taught])]
    if not len(told):
        raise ForecastingError(
            f"course {course}: nothing is known of the skills it teaches; expected a band. "
            "Do: give its skills as codes of the classification."
        )
    share = needs.share[told]
    total, count = float(share.sum()), len(told)
    edge = next_edge(total / count, rule)
    if edge is None:
        return ()
    found = []
    for place, skill in enumerate(told):
        others = total - share[place]
        needed = _at_least(edge * count - others, lambda value, o=others: (o + value) / count >= edge)
        if needed <= 1:
            found.append(_lever(SKILL_LACKING, offered.skills[skill], share[place], needed, edge))
    if total > 0:
        factor = _at_least(edge * count / total, lambda value: value * total / count >= edge)
        found.append(_lever(ALL_LACKING, "", 1.0, factor, edge))
    for place, skill in enumerate(told):
        without = (total - share[place]) / (count - 1) if count > 1 else 0.0
        if without >= edge:
            found.append(_lever(WITHOUT_SKILL, offered.skills[skill], total / count, without, edge))
    beside = np.nan_to_num(needs.share).copy()
    beside[taught] = 0.0
    for skill in np.argsort(-beside, kind="stable")[:most]:
        after = (total + beside[skill]) / (count + 1)
        if after >= edge:
            found.append(_lever(WITH_SKILL, offered.skills[skill], total / count, after, edge))
    return tuple(found)


def _at_least(start: float, reaches: Any) -> float:
    """Return the least float near a start that reaches an edge: rounding must not leave it just below."""
    return _turn(float(start) + _near(start), float(start) - _near(start), reaches)


def _at_most(start: float, reaches: Any) -> float:
    """Return the largest float near a start that reaches an edge."""
    return _turn(float(start) - _near(start), float(start) + _near(start), reaches)


def _near(start: float) -> float:
    return 1e-9 * max(abs(float(start)), 1e-3)


def _turn(reaching: float, short: float, reaches: Any) -> float:
    """Return the last float from a reaching one towards a short one that still reaches, by bisection."""
    while (middle := (reaching + short) / 2) not in (reaching, short):
        reaching, short = (middle, short) if reaches(middle) else (reaching, middle)
    return reaching


_SAYS: Final[dict[str, dict[str, str]]] = {
    "en": {
        MORE_TRAINABLE: "{needed} trainable persons at the quantile instead of {now}",
        FEWER_OPENINGS: "{needed} openings instead of {now}, as many persons trainable",
        OTHER_QUANTILE: "P{needed} of the draws instead of P{now}",
        SKILL_LACKING: "{needed} of the openings that ask {subject} lacking it instead of {now}",
        ALL_LACKING: "the shares that lack its skills times {needed}",
        WITHOUT_SKILL: "without {subject} its score is {needed} instead of {now}",
        WITH_SKILL: "with {subject} its score is {needed} instead of {now}",
        "tail": "the next band begins at {edge}",
    },
    "nl": {
        MORE_TRAINABLE: "{needed} opleidbare personen bij het kwantiel in plaats van {now}",
        FEWER_OPENINGS: "{needed} baanopeningen in plaats van {now}, met evenveel opleidbare personen",
        OTHER_QUANTILE: "P{needed} van de trekkingen in plaats van P{now}",
        SKILL_LACKING: "{needed} van de baanopeningen die {subject} vragen mist ze in plaats van {now}",
        ALL_LACKING: "de aandelen die haar competenties missen maal {needed}",
        WITHOUT_SKILL: "zonder {subject} is haar score {needed} in plaats van {now}",
        WITH_SKILL: "met {subject} is haar score {needed} in plaats van {now}",
        "tail": "de volgende band begint bij {edge}",
    },
}
_PERSONS: Final = (MORE_TRAINABLE, FEWER_OPENINGS)


def _lever(name: str, subject: str, now: float, needed: float, edge: float) -> Lever:
    return Lever(
        name,
        subject,
        float(now),
        float(needed),
        edge,
        *(_told(name, subject, now, needed, edge, to) for to in ("en", "nl")),
    )


def _told(name: str, subject: str, now: float, needed: float, edge: float, language: str) -> str:
    def shown(value: float) -> str:
        if name in _PERSONS:
            return number(value, language, 1)
        if name == OTHER_QUANTILE:
            return number(100 * value, language, 1)
        return number(value, language, 3) if name == ALL_LACKING else percent(value, language)

    says = _SAYS[language]
    text = says[name].format(now=shown(now), needed=shown(needed), subject=subject)
    tail = says["tail"].format(edge=percent(edge, language))
    return f"{text[:1].upper()}{text[1:]}: {tail}."


def as_table(levers: Sequence[Lever]) -> pd.DataFrame:
    """Return levers as a table."""
    columns = ["name", "subject", "now", "needed", "edge", "why", "why_nl"]
    return pd.DataFrame([[getattr(lever, name) for name in columns] for lever in levers], columns=columns)
