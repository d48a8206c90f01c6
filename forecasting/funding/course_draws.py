"""Weights of courses under each kept draw: what the same rule would give if that draw were the truth.

The published weight rests on one cautious quantile; here every draw takes its turn, so that the interval of
an amount and the probability of a rank carry the forecast's uncertainty (METHOD.md section 8.6).
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.catalogue import Courses
from forecasting.funding.courses import NO_TARGET, NOT_IN_TIME, Needs, mean_share
from forecasting.funding.periods import Former
from forecasting.funding.weight_tables import topups
from forecasting.funding.weights import WeightRule, banded, bands, order_of
from forecasting.parameters import Parameters
from forecasting.series.panel import Array

_HELD: Final = (NOT_IN_TIME, NO_TARGET)
"""Grounds of a weight of zero that no draw changes."""


def drawn_shares(
    offered: Courses, region: str, skill_weights: pd.DataFrame, lacking: NDArray[np.floating]
) -> Array:
    """Return the share of the openings asking each skill that lack it, in each draw.

    Parameters
    ----------
    skill_weights : DataFrame
        Published table.
    lacking : ndarray of shape (rows of `skill_weights`, draws)
        Persons: a release's draws ``lacking_skills``.

    Returns
    -------
    ndarray of shape (skills of `offered`, draws)
        0 where nothing asks the skill in the region; NaN where unknown.

    Raises
    ------
    ForecastingError
        If table and draws are not of one release.
    """
    if len(skill_weights) != len(lacking):
        raise ForecastingError(
            f"skill_weights has {len(skill_weights):,} rows and lacking_skills {len(lacking):,}; "
            "expected one for each. Do: take both from one release."
        )
    here = np.flatnonzero((skill_weights["region"] == region).to_numpy(dtype=bool))
    at = pd.Index(skill_weights["skill"].astype(str).to_numpy()[here]).get_indexer(pd.Index(offered.skills))
    asked = skill_weights["asked"].to_numpy(dtype=float)[here]
    found = np.zeros((len(offered.skills), lacking.shape[1]))
    known = np.flatnonzero(at >= 0)
    rows = at[known]
    found[known] = lacking[here[rows]].astype(float) / np.where(asked[rows] > 0, asked[rows], np.nan)[:, None]
    return found


def band_chances(
    offered: Courses, needs: Needs, scores: pd.DataFrame, shares: Array, parameters: Parameters
) -> Array:
    """Return the probability that a course keeps its band if the release's draws were drawn again.

    Parameters
    ----------
    scores, shares
        As `drawn_weights` takes them.
    parameters : Parameters
        ``weight_rule``, ``weight_quantile`` and ``bootstrap_draws``: how many resamples.

    Returns
    -------
    ndarray of shape (courses,)
        NaN where no band decides.

    Notes
    -----
    Bootstrap: all skills by the same draws, for a course's score is a mean over its skills of their lower
    quantiles. Its resamples begin at a fixed number, so the same release gives the same chance.
    """
    rule = WeightRule.of(parameters, rules.SKILL)
    known, draws = np.isfinite(needs.share), shares.shape[1]
    told = offered.teaches @ known.astype(float)
    place, generator = order_of(rule.quantile, draws), np.random.default_rng(draws)
    by_band = scores["ground"].eq(rules.BAND).to_numpy(dtype=bool)
    own, kept = scores["band"].fillna(rules.NO_BAND).to_numpy(dtype=np.int64), np.zeros(len(scores))
    resamples = int(parameters["bootstrap_draws"])
    for _ in range(resamples):
        again = shares[:, generator.integers(0, draws, draws)]
        lower = np.partition(again, place, axis=1)[:, place]
        total = offered.teaches @ np.nan_to_num(np.where(known, lower, 0.0))
        kept += bands(mean_share(total, told), rule.edges) == own
    return np.where(by_band, kept / resamples, np.nan)


def drawn_weights(
    offered: Courses,
    needs: Needs,
    scores: pd.DataFrame,
    shares: Array,
    parameters: Parameters,
    former: Former | None = None,
) -> Array:
    """Return the weight of each course in each draw.

    Parameters
    ----------
    scores : DataFrame
        Of these courses in this region (`forecasting.funding.courses.score_courses`): grounds that no draw
        changes are taken from it.
    shares : ndarray of shape (skills, draws)
        Of `drawn_shares`.
    parameters : Parameters
        ``weight_rule, weight_topups``.
    former : Former or None
        Of the courses: each draw's weight is held to it as the published one is.

    Returns
    -------
    ndarray of shape (draws, courses)
    """
    rule = WeightRule.of(parameters, rules.SKILL)
    known = np.isfinite(needs.share)
    told = offered.teaches @ known.astype(float)
    inside = {name: mean_share(offered.teaches @ each, told) for name, each in needs.inside.items()}
    factor, _ = topups(inside, len(scores), rule)
    total = offered.teaches @ np.nan_to_num(np.where(known[:, None], shares, 0.0))
    score = np.divide(total, told[:, None], out=np.zeros_like(total), where=told[:, None] > 0)
    band = bands(score.ravel(), rule.edges)
    weight = banded(band, np.repeat(factor, shares.shape[1]), rule).reshape(score.shape)
    weight = np.where(score > 0, weight, 0.0)
    silent = scores["reason"].ne("").to_numpy()
    weight = np.where(silent[:, None], rule.neutral, weight)
    none = np.isin(scores["ground"].to_numpy(dtype=object).astype(str), _HELD) & ~silent
    weight = np.round(np.where(none[:, None], 0.0, weight), 6)
    if former is not None:
        of_band = (score > 0) & ~(silent | none)[:, None]
        own = np.where(of_band, band.reshape(score.shape), rules.NO_BAND)
        _, held, _ = former.settle(score, own, np.asarray(weight, dtype=float), factor[:, None], rule)
        return np.asarray(held.T)
    return np.asarray(weight.T)
