"""The score of a course from the skills that it teaches: money attaches to courses, not to forecasts.

A course is as needed as the skills it teaches are lacking, at the lower quantile, where it is given. Unknown
skills make an unknown course, never a zero one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.catalogue import Courses
from forecasting.funding.course_reasons import why_course
from forecasting.funding.weight_tables import topups
from forecasting.funding.weights import WeightRule, banded, bands, nullable
from forecasting.parameters import Parameters
from forecasting.retraining import Closing, quadrant
from forecasting.series.panel import Array
from forecasting.training_response import Catalogue, in_time

NEED: Final = "need_to_have"
NICE: Final = "nice_to_have"
NOT_NEEDED: Final = "not_needed"
UNKNOWN: Final = "unknown"
ANSWERS: Final[dict[str, str]] = {
    NEED: "teaches what is lacking, in a band that is needed",
    NICE: "teaches what is lacking in a lower band, or much that is in surplus",
    NOT_NEEDED: "teaches nothing that is lacking, ends too late, or aims at occupations without weight",
    UNKNOWN: "its skills are unknown: see reason",
}

NOTHING_LACKING: Final = "nothing_lacking"
NOT_IN_TIME: Final = "not_in_time"
NO_TARGET: Final = "targets_without_weight"
"""Grounds of a course beside those of weights."""


@dataclass(frozen=True)
class Needs:
    """What one region lacks, per skill and occupation of the classifications of a catalogue.

    Parameters
    ----------
    region : str
    years : int
        Length of the window.
    share : ndarray of shape (skills,)
        Lacking at the lower quantile over the openings that ask the skill; 0 where none asks it, NaN unknown.
    mass : ndarray of shape (skills,)
        Importance times persons who lack it, where a listed course teaches it in time; else 0.
    asked : ndarray of shape (skills,)
        Openings that ask the skill.
    surplus : ndarray of bool, shape (skills,)
    inside : mapping of str to ndarray of shape (skills,)
        1 for the skills of each collection.
    weight : ndarray of shape (occupations,)
        NaN where nothing is known of the occupation.
    profile : sparse array of shape (occupations, skills), or None
        Share of what the occupation's openings ask; None where it is not given.
    """

    region: str
    years: int
    share: Array
    mass: Array
    asked: Array
    surplus: NDArray[np.bool_]
    inside: Mapping[str, Array]
    weight: Array
    profile: "sparse.csr_array | None"


def needs_of(
    offered: Courses,
    region: str,
    skill_weights: pd.DataFrame,
    weights: pd.DataFrame,
    skill_gaps: pd.DataFrame | None = None,
) -> Needs:
    """Return what a region lacks, laid out as a catalogue is.

    Parameters
    ----------
    skill_weights, weights, skill_gaps : DataFrame
        Published tables of a release; the last tells what target occupations ask, for the quadrant.

    Raises
    ------
    ForecastingError
        If the tables have no such region.
    """
    rows = skill_weights[skill_weights["region"] == region]
    if rows.empty:
        known = ", ".join(sorted(skill_weights["region"].astype(str).unique()))
        raise ForecastingError(
            f"region {region!r}; expected one of {known}. Do: name a region of the release."
        )
    rows = rows.set_index("skill").reindex(list(offered.skills))
    unheard = rows["asked"].isna().to_numpy()
    importance, lower = (rows[name].to_numpy(dtype=float) for name in ("importance", "lacking_lower"))
    taught = np.asarray(rows["taught"].eq(True).fillna(False), dtype=bool)
    cells = weights[weights["region"] == region].set_index("occupation")
    cells = cells.reindex(list(offered.occupations))
    judged = cells["ground"].notna() & cells["ground"].ne(rules.NEUTRAL)
    years = int(skill_weights["horizon"].iloc[0])
    return Needs(
        region,
        years,
        np.where(unheard, 0.0, rows["lacking_share"].to_numpy(dtype=float)),
        np.nan_to_num(importance * lower * taught),
        np.where(unheard, 0.0, rows["asked"].to_numpy(dtype=float)),
        np.asarray(rows["in_surplus"].eq(True).fillna(False), dtype=bool),
        {
            name.removesuffix("_share"): np.nan_to_num(rows[name].to_numpy(dtype=float))
            for name in ("green_share", "digital_share")
            if name in rows
        },
        np.where(judged, cells["weight"].astype(float), np.nan),
        None if skill_gaps is None else _profile(offered, region, years, skill_gaps),
    )


def _profile(offered: Courses, region: str, years: int, skill_gaps: pd.DataFrame) -> "sparse.csr_array":
    """Return the share of what each occupation's openings ask that each skill is."""
    rows = skill_gaps[(skill_gaps["region"] == region) & (skill_gaps["horizon"] == years)]
    row = pd.Index(offered.occupations).get_indexer(pd.Index(rows["occupation"].astype(str)))
    column = pd.Index(offered.skills).get_indexer(pd.Index(rows["skill"].astype(str)))
    mass = (rows["importance"].astype(float) * rows["asked"].astype(float)).to_numpy()
    used = (row >= 0) & (column >= 0) & np.isfinite(mass)
    shape = (len(offered.occupations), len(offered.skills))
    spread = sparse.csr_array((mass[used], (row[used], column[used])), shape=shape)
    whole = np.asarray(spread.sum(axis=1)).ravel()
    inverse = np.divide(1.0, whole, out=np.zeros_like(whole), where=whole > 0)
    return sparse.csr_array(spread.multiply(inverse[:, None]))


def mean_share(total: Array, told: Array) -> Array:
    """Return the mean of the shares of the skills that courses teach; NaN where none is told."""
    return np.divide(total, told, out=np.full(len(total), np.nan), where=told > 0)


def score_courses(offered: Courses, needs: Needs, parameters: Parameters) -> pd.DataFrame:
    """Return one row per course: its score, weight, need and why.

    Parameters
    ----------
    parameters : Parameters
        ``weight_rule, weight_topups, course_rule, training_pace, short_training``.

    Returns
    -------
    DataFrame
        ``region, course, title, hours, mandatory``; ``skills`` listed, of which ``skills_unknown`` and
        ``skills_asked`` in the region; ``score`` (mean over its skills of the share of the openings asking
        the skill that lack it), ``addressed`` (share of the region's trainable skill mass), ``opens`` (skills
        lacking that no listed course teaches in time), ``surplus_overlap`` (share of its skills in surplus),
        ``target_weights``, ``band, factor, factors, weight, ground, need, quadrant, reason, why, why_nl``.

    Notes
    -----
    The mean, not the sum: a long list of skills does not buy a weight, and what nobody asks counts as
    nothing. Mandatory training is flagged; the law, not the score, decides on it.
    """
    rule, own = WeightRule.of(parameters, rules.SKILL), parameters["course_rule"]
    known = np.isfinite(needs.share)
    told = offered.teaches @ known.astype(float)
    unknown = offered.listed - told
    silent = (offered.listed == 0) | (unknown > own["tolerated_unknown"] * offered.listed)
    score = np.where(silent, np.nan, mean_share(offered.teaches @ np.nan_to_num(needs.share), told))
    overlap = np.where(silent, np.nan, mean_share(offered.teaches @ needs.surplus.astype(float), told))
    shares = {name: mean_share(offered.teaches @ inside, told) for name, inside in needs.inside.items()}
    factor, named = topups(shares, len(score), rule)
    late = np.isfinite(offered.hours) & ~_in_time(offered, needs.years, parameters)
    aimed = offered.targets @ np.isfinite(needs.weight).astype(float)
    reached = offered.targets @ (np.nan_to_num(needs.weight) > 0).astype(float)
    aimless = (aimed > 0) & (aimed == np.diff(offered.targets.indptr)) & (reached == 0)
    ground = np.select(
        [silent, late, score <= 0, aimless],
        [rules.NEUTRAL, NOT_IN_TIME, NOTHING_LACKING, NO_TARGET],
        rules.BAND,
    )
    by_band = ground == rules.BAND
    band = np.where(by_band, bands(score, rule.edges), rules.NO_BAND).astype(np.int64)
    weight = np.where(silent | by_band, banded(band, factor, rule), 0.0)
    much = overlap >= own["surplus_overlap"]
    need = np.select(
        [silent, weight <= 0, (band >= own["need_to_have"]) & ~much], [UNKNOWN, NOT_NEEDED, NEED], NICE
    )
    mass = needs.mass.sum()
    frame = pd.DataFrame(
        {
            "region": needs.region,
            "course": offered.codes,
            "title": offered.titles,
            "hours": offered.hours,
            "mandatory": offered.mandatory,
            "skills": offered.listed,
            "skills_unknown": unknown.astype(np.int64),
            "skills_asked": (offered.teaches @ (needs.asked > 0).astype(float)).astype(np.int64),
            "score": score,
            "addressed": np.where(silent | (mass <= 0), np.nan, offered.teaches @ needs.mass / (mass or 1.0)),
            "opens": (offered.teaches @ _opened(needs)).astype(np.int64),
            "surplus_overlap": overlap,
            "target_weights": _targets(offered, needs),
            "band": nullable(band, by_band),
            "factor": np.where(by_band, factor, np.nan),
            "factors": np.where(by_band, named, ""),
            "weight": np.round(weight, 6),
            "ground": ground,
            "need": need,
            "quadrant": _quadrants(offered, needs, parameters),
            "reason": np.where(silent, "unavailable", ""),
        }
    )
    records = frame.to_dict("records")
    return frame.assign(
        why=[why_course(row, rule, "en") for row in records],
        why_nl=[why_course(row, rule, "nl") for row in records],
    )


def _opened(needs: Needs) -> Array:
    """Return 1 for the skills that are lacking and that no listed course teaches in time."""
    return ((np.nan_to_num(needs.share) > 0) & (needs.mass <= 0)).astype(float)


def _in_time(offered: Courses, years: int, parameters: Parameters) -> NDArray[np.bool_]:
    empty = np.zeros((len(offered.codes), 0))
    timed = Catalogue(offered.codes, offered.hours, offered.hours, offered.mandatory, empty)
    return in_time(timed, years, parameters["training_pace"])


def _targets(offered: Courses, needs: Needs) -> list[str]:
    """Return each course's target occupations with their weights, ``?`` where unknown."""
    at, starts = offered.targets.indices, offered.targets.indptr
    told = [
        f"{code}:{weight:g}" if np.isfinite(weight) else f"{code}:?"
        for code, weight in zip(offered.occupations, needs.weight, strict=True)
    ]
    return [" ".join(told[place] for place in at[begin:end]) for begin, end in pairwise(starts)]


def _quadrants(offered: Courses, needs: Needs, parameters: Parameters) -> list[str]:
    """Return the quadrant of each course by its own hours; empty where hours or targets are unknown.

    Without target occupations a course adds to whatever occupation its participants have; with them it leads
    into one where it teaches the declared share of what the occupation asks.
    """
    least, most = parameters["course_rule"]["new_occupation"], parameters["short_training"]
    same: Any = np.diff(offered.targets.indptr) == 0
    if needs.profile is not None:
        pairs = sparse.coo_array(offered.targets)
        row, column = pairs.coords
        taught = np.asarray(offered.teaches[row].multiply(needs.profile[column]).sum(axis=1)).ravel()
        leads = np.zeros(len(offered.codes), dtype=bool)
        leads[row[taught >= least]] = True
        same = ~leads
    told = needs.profile is not None
    return [
        quadrant(Closing((), float(hours), 1.0), bool(at) if told or at else None, most, 0.0)
        for hours, at in zip(offered.hours, same, strict=True)
    ]
