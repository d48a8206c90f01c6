"""Indicators of one cell and draw, and their classes, person by person in plain loops."""

import math
from collections.abc import Sequence


def ratio(above: float, below: float) -> float:
    """Return above / below; infinite where only `below` is zero, NaN where both are."""
    if below > 0:
        return above / below
    return math.inf if above > 0 else math.nan


def indicators(openings: float, entrants: float, jobseekers: float, spilled: float) -> dict[str, float]:
    """Return each indicator of one cell in one draw (METHOD.md sections 1.3 and 3)."""
    return {
        "ita": ratio(entrants + jobseekers, openings),
        "ita_with_substitution": ratio(entrants + jobseekers + spilled, openings),
        "coverage": ratio(entrants, openings),
        "job_seekers_per_opening": ratio(jobseekers, openings),
        "openings_per_job_seeker": ratio(openings, jobseekers),
    }


def chances(values: Sequence[float], bounds: Sequence[float]) -> list[float]:
    """Return the share of the values in each class; a value equal to a bound is in the class below it."""
    counts = [0] * (len(bounds) + 1)
    known = 0
    for value in values:
        if not math.isnan(value):
            known += 1
            counts[sum(value > bound for bound in bounds)] += 1
    return [count / known if known else math.nan for count in counts]
