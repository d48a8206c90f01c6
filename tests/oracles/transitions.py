"""Coverage, thresholds, courses and destinations, skill by skill in plain loops."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev

Profile = Mapping[str, tuple[float, float]]
"""Of one occupation: probability asked (or held) and importance, by skill."""


def coverage(origin: Profile, destination: Profile) -> float:
    """Return Σ w·min(p, h) / Σ w·p; NaN where nothing is known of one of the two."""
    shared = whole = 0.0
    for skill, (asked, importance) in destination.items():
        held = origin[skill][0] if skill in origin else 0.0
        shared += importance * min(asked, held)
        whole += importance * asked
    return shared / whole if whole > 0 and origin else math.nan


def threshold(profiles: Sequence[Profile], groups: Sequence[str], deviations: float) -> float:
    """Return the mean of the group means of coverage, less so many standard deviations of them."""
    means = []
    for group in sorted(set(groups) - {""}):
        members = [number for number, code in enumerate(groups) if code == group]
        pairs = [coverage(profiles[o], profiles[d]) for o in members for d in members if o != d]
        known = [value for value in pairs if not math.isnan(value)]
        if known:
            means.append(fmean(known))
    return fmean(means) - deviations * pstdev(means) if means else math.nan


def cover(
    missing: Mapping[str, float], courses: Mapping[str, tuple[float, set[str]]]
) -> tuple[list[str], float]:
    """Return the courses that are chosen one by one, fewest hours per mass first, and the mass they leave."""
    left, chosen = dict(missing), []
    while True:
        price = {}
        for code, (hours, skills) in sorted(courses.items()):
            covers = sum(mass for skill, mass in left.items() if skill in skills)
            if covers > 0:
                price[code] = hours / covers
        if not price:
            return chosen, sum(left.values())
        best = min(price, key=lambda code: (price[code], code))
        chosen.append(best)
        left = {skill: mass for skill, mass in left.items() if skill not in courses[best][1]}


def destinations(
    origin: int,
    profiles: Sequence[Profile],
    facts: Sequence[Mapping[str, float]],
    bounds: Mapping[str, float],
    most: int,
) -> list[int]:
    """Return the positions of the nearest destinations that no known fact rules out."""
    passing = []
    for to, there in enumerate(facts):
        near = coverage(profiles[origin], profiles[to])
        here = facts[origin]
        ruled_out = (
            abs(there["level"] - here["level"]) > bounds["level"]
            or there["wage"] < bounds["wage"] * here["wage"]
            or there["shortage"] < bounds["shortage"]
        )
        if to != origin and near >= bounds["viable"] and not ruled_out:
            passing.append((-near, to))
    return [to for _, to in sorted(passing)][:most]
