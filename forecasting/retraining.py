"""The courses that close the difference between two skill profiles, and the quadrant of their hours."""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecasting.series.panel import Array

QUADRANTS: Final[dict[str, str]] = {
    "short_upskilling": "short training within the same occupation",
    "short_reskilling": "short training towards another occupation",
    "deep_upskilling": "long training within the same occupation",
    "deep_reskilling": "long training towards another occupation",
}
"""Typology of training questions of Roland Berger for Voka (2023)."""


@dataclass(frozen=True)
class Offer:
    """Courses of known length.

    Parameters
    ----------
    courses : tuple of str
        Codes, sorted.
    hours : ndarray of shape (courses,)
    teaches : tuple of tuple of int
        Positions of the skills that each course teaches.
    by_skill : dict of int to tuple of int
        Positions of the courses that teach each skill.
    """

    courses: tuple[str, ...]
    hours: Array
    teaches: tuple[tuple[int, ...], ...]
    by_skill: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class Closing:
    """The courses that close a difference.

    Parameters
    ----------
    courses : tuple of str
        In the order in which they were chosen.
    hours : float
        Sum of their hours; NaN where no course teaches anything that is missing.
    taught : float
        Share of the missing skill mass that they teach.
    """

    courses: tuple[str, ...]
    hours: float
    taught: float


def offer(courses: pd.DataFrame, skills: tuple[str, ...]) -> Offer:
    """Read which course teaches which skill of the classification.

    Parameters
    ----------
    courses : DataFrame
        Canonical table. A course of unknown length is left out: nobody knows how long it takes to close a
        difference with it. So are skills outside `skills`, which no profile asks.
    """
    timed = courses[courses["hours"].notna()].sort_values("course")
    place = {code: number for number, code in enumerate(skills)}
    teaches = [
        tuple(sorted({place[code] for code in str(listed).split() if code in place}))
        for listed in timed["skills"].fillna("")
    ]
    by_skill: dict[int, list[int]] = {}
    for course, taught in enumerate(teaches):
        for skill in taught:
            by_skill.setdefault(skill, []).append(course)
    return Offer(
        tuple(timed["course"].astype(str)),
        timed["hours"].to_numpy(dtype=float),
        tuple(teaches),
        {skill: tuple(found) for skill, found in by_skill.items()},
    )


def close(missing: Mapping[int, float], offered: Offer) -> Closing:
    """Choose courses until nothing that can be taught is missing.

    Parameters
    ----------
    missing : mapping of int to float
        Missing mass w·max(p − h, 0) by position of the skill.

    Notes
    -----
    Greedy weighted set cover: next comes the course with the fewest hours per mass not yet covered, of equals
    the one with the lowest code. Another choice may take fewer hours, so the sum is an upper bound of the
    least. A course teaches its skills in full.
    """
    left = {skill: mass for skill, mass in missing.items() if mass > 0}
    whole = sum(left.values())
    if not whole:
        return Closing((), 0.0, 1.0)
    reach = sorted({course for skill in left for course in offered.by_skill.get(skill, ())})
    queue = [(_price(course, left, offered), course) for course in reach]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue:
        price, course = heapq.heappop(queue)
        now = _price(course, left, offered)
        if now > price:  # others have covered part of it since: prices only rise, so it waits its turn
            if now < math.inf:
                heapq.heappush(queue, (now, course))
            continue
        chosen.append(course)
        for skill in offered.teaches[course]:
            left.pop(skill, None)
    taught = 1 - sum(left.values()) / whole
    hours = float(offered.hours[chosen].sum()) if chosen else float("nan")
    return Closing(tuple(offered.courses[course] for course in chosen), hours, taught)


def _price(course: int, left: Mapping[int, float], offered: Offer) -> float:
    """Return the hours per missing mass that a course would cover now."""
    covers = sum(left[skill] for skill in offered.teaches[course] if skill in left)
    return float(offered.hours[course]) / covers if covers > 0 else math.inf


def quadrant(closing: Closing, same_occupation: bool | None, most_short: float, least_taught: float) -> str:
    """Return the code of `QUADRANTS`; empty where it is unknown.

    Parameters
    ----------
    same_occupation : bool or None
        None where origin or destination has no occupation.
    most_short : float
        Hours up to which training is short (parameter ``short_training``).
    least_taught : float
        Share of what is missing that courses must teach before few hours count as short (parameter
        ``short_training_taught``): what no course teaches takes time that nobody knows.
    """
    if same_occupation is None or math.isnan(closing.hours):
        return ""
    deep = closing.hours > most_short
    if not deep and closing.taught < least_taught:
        return ""
    return f"{'deep' if deep else 'short'}_{'upskilling' if same_occupation else 'reskilling'}"
