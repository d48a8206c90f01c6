"""The course weight of every application of a programme, published and under each kept draw."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.funding.catalogue import Courses, read_courses
from forecasting.funding.course_draws import band_chances, drawn_shares, drawn_weights
from forecasting.funding.courses import Needs, needs_of, score_courses
from forecasting.funding.in_force import COURSE_WEIGHTS, Carry
from forecasting.parameters import Parameters
from forecasting.series.panel import Array


def needed(offered: Courses, region: str, tables: Mapping[str, pd.DataFrame]) -> Needs:
    """Return what a region lacks; where the release abstains for all of it, nothing is known of any skill."""
    known = tables["skill_weights"]
    if region in set(known["region"].astype(str)):
        return needs_of(offered, region, known, tables["weights"])
    nothing, none = np.full(len(offered.skills), np.nan), np.zeros(len(offered.skills))
    years = int(tables["weights"]["horizon"].iloc[0])
    unweighted = np.full(len(offered.occupations), np.nan)
    return Needs(region, years, nothing, none, none, none.astype(bool), {}, unweighted, None)


def weighed(
    asked: pd.DataFrame,
    courses: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    lacking: NDArray[np.floating],
    parameters: Parameters,
    carry: Carry | None,
) -> tuple[pd.DataFrame, Array]:
    """Return course scores of every region asked for, and each application's course weight in every draw.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``skills, occupations``, and ``weights, skill_weights`` in force.
    lacking : ndarray of shape (rows of ``skill_weights``, draws)
        Draws ``lacking_skills``.
    parameters : Parameters
        Those of the release.
    carry : Carry or None
        Holds the weight of each course to its former one, in each draw as well.

    Returns
    -------
    scores : DataFrame
        One row per course and region; ``previous, held_by`` as in ``weights``.
    drawn : ndarray of shape (draws, applications)
    """
    offered = read_courses(courses, tables["skills"]["code"], tables["occupations"]["code"])
    parts, drawn = [], np.zeros((lacking.shape[1], len(asked)))
    place = {code: number for number, code in enumerate(offered.codes)}
    for region in sorted(asked["region"].unique()):
        needs = needed(offered, region, tables)
        scores = score_courses(offered, needs, parameters).assign(previous=np.nan, held_by="")
        shares = drawn_shares(offered, region, tables["skill_weights"], lacking)
        if carry is not None:  # a period tells how many are expected to change band
            scores["band_probability"] = band_chances(offered, needs, scores, shares, parameters)
        former = None if carry is None else carry.former_of(COURSE_WEIGHTS, scores, parameters)
        by_draw = drawn_weights(offered, needs, scores, shares, parameters, former)
        here = np.flatnonzero((asked["region"] == region).to_numpy())
        drawn[:, here] = by_draw[:, [place[code] for code in asked["course"].to_numpy()[here]]]
        parts.append(scores if carry is None else carry.held(COURSE_WEIGHTS, scores, parameters))
    return pd.concat(parts, ignore_index=True), drawn
