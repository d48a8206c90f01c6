"""Rows of an allocation before money: the applications with what law, course and groups say of them."""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.funding.law import Legal
from forecasting.funding.weights import WeightRule, with_groups
from forecasting.series.panel import Array

ELIGIBLE_COST: Final = "eligible_cost"
PARTICIPANT_HOURS: Final = "participant_hours"
SIZES: Final = (ELIGIBLE_COST, PARTICIPANT_HOURS)

_OF_COURSE: Final = {
    "title": "course_title",
    "hours": "hours",
    "weight": "course_weight",
    "previous": "course_previous_weight",
    "held_by": "course_held_by",
    "band": "course_band",
    "score": "course_score",
    "ground": "ground",
    "need": "need",
    "why": "course_why",
    "why_nl": "course_why_nl",
}


def told(asked: pd.DataFrame, legal: Legal, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the applications with what law and course say of them."""
    columns = [
        "id",
        "undertaking",
        "region",
        "course",
        "participants",
        "groups",
        "sector",
        "education",
        "age",
    ]
    found = asked[columns].assign(participants=pd.to_numeric(asked["participants"]).astype(np.int64))
    of_course = scores[["region", "course", *_OF_COURSE]].rename(columns=_OF_COURSE)
    found = found.merge(of_course, on=["region", "course"], how="left", validate="many_to_one")
    own = legal.applications
    return found.assign(
        regime=own["regime"].to_numpy(),
        size_class=own["size_class"].to_numpy(),
        single_undertaking=own["single_undertaking"].to_numpy(),
        eligible_cents=own["eligible_cents"].to_numpy(dtype=np.int64),
        legal_cap_cents=own["cap_cents"].to_numpy(dtype=np.int64),
        refused=own["refused"].to_numpy(dtype=bool),
        law=["; ".join(each) for each in own["binding"]],
    )


def sizes_of(found: pd.DataFrame, size: str) -> Array:
    """Return what each weight is multiplied by: cents of eligible cost, or hours of all participants."""
    if size == ELIGIBLE_COST:
        return found["eligible_cents"].to_numpy(dtype=float)
    hours = found["hours"].to_numpy(dtype=float)
    if np.isnan(hours).any():
        worst = str(found.loc[np.isnan(hours), "course"].iloc[0])
        remedy = "give its hours, or allocate by eligible_cost"
        raise InputError(
            [Problem("courses", f"no hours of {worst!r}", "hours of each course", remedy, "hours")]
        )
    return hours * found["participants"].to_numpy(dtype=float)


def group_factors(found: pd.DataFrame, rule: WeightRule) -> Array:
    """Return the inclusion factor of each application: the largest of its declared groups'."""
    free = replace(rule, cap=np.inf, floor=1e-9, neutral=1.0)  # the factor alone, not clipped
    known: dict[str, float] = {}
    for cell in found["groups"].unique():
        known[cell] = with_groups(1.0, tuple(cell.split()), free)
    return np.array([known[cell] for cell in found["groups"]], dtype=float)
