"""The published tables of weights, of occupations and of skills by region, before a former period's.

A build and a what-if share one way: `occupation_weights` and `skill_weights` need no more than the published
columns and the kept draws, so a release answers another quantile or another rule exactly.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cells import KEY, Cells
from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.reasons import why_cell, why_skill
from forecasting.funding.trainable import Trainable
from forecasting.funding.weights import WeightRule, band_chance, banded, bands, lower_quantile
from forecasting.parameters import Parameters
from forecasting.series.panel import Array

Draws = NDArray[np.floating]

_OF_QUANTILE: Final = ["quantile", "trainable_lower", "trainable_p50", "share_lower"]
"""Figures that are null with a reason."""


def weights_table(
    cells: Cells, trained: Trainable, conditions: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """Return the published table ``weights``: one row per cell of the weighted horizon, sorted by key.

    Parameters
    ----------
    cells : Cells
        Of the baseline: for the score alone.
    trained : Trainable
        Of the same cells.
    conditions : DataFrame
        Published table: κ; an occupation that it does not tell is not judged by its conditions.

    Notes
    -----
    ``conditions_share``: κ·(1 − score) at κ's P10, over that and the score: what of the openings that stay
    unfilled does so for working conditions, at least.
    """
    rule = WeightRule.of(parameters, rules.OCCUPATION)
    key = list(KEY)
    mine = pd.MultiIndex.from_frame(trained.index[key])
    score = np.nan_to_num(cells.gap.score[pd.MultiIndex.from_frame(cells.index[key]).get_indexer(mine)])
    hidden = np.isnan(trained.openings)
    frame = trained.index.assign(
        score_lower=np.where(hidden, np.nan, np.quantile(score, rule.quantile, axis=1)),
        openings=trained.openings,
        taught=trained.taught,
        fundable=trained.fundable,
        **{f"{name}_share": share for name, share in trained.shares.items()},
        conditions_share=_due_to_conditions(trained.index, score.mean(axis=1), conditions),
    )
    frame.loc[hidden, "conditions_share"] = np.nan
    return occupation_weights(frame, trained.persons, rule)


def occupation_weights(frame: pd.DataFrame, persons: Draws, rule: WeightRule) -> pd.DataFrame:
    """Return the weights of occupations by a rule.

    Parameters
    ----------
    frame : DataFrame
        Key, ``reason, openings, taught, fundable, conditions_share`` and ``<collection>_share``: a release's
        table ``weights`` will do, what its rule gave is replaced.
    persons : ndarray of shape (rows, draws)
        Trainable gap: a release's draws ``trainable``.

    Notes
    -----
    Share = lower quantile of the trainable gap over mean openings; its band gives the weight, topped up,
    within floor and cap. ``need`` is weight times mean openings, in persons: null where openings are hidden.
    """
    _refuse_other_rows(frame, persons, "weights")
    frame = _proposed(frame, persons, frame["openings"].to_numpy(dtype=float), rule)
    nothing, required = (frame[name].to_numpy(dtype=float) <= 0 for name in ("taught", "fundable"))
    ground = _grounds(frame, persons, nothing, required)
    due = frame["conditions_share"].to_numpy(dtype=float) >= rule.conditions
    ground = np.where((ground == rules.BAND) & due, rules.WORKING_CONDITIONS, ground)
    shares = {name: frame[f"{name}_share"] for name in rule.topups if f"{name}_share" in frame}
    frame = _weighed(frame, ground, shares, rule)
    frame["need"] = frame["weight"] * frame["openings"]
    return _told(frame, why_cell, rule)


def skill_weights_table(trained: Trainable, skills: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Return the published table ``skill_weights``: one row per region and skill that its openings ask.

    Parameters
    ----------
    skills : DataFrame
        Canonical table: collections of the top-ups.
    """
    rule, marked = WeightRule.of(parameters, rules.SKILL), skills.set_index("code")
    frame = trained.skills.assign(
        **{
            f"{name}_share": trained.skills["skill"].map(marked[name]).eq(True).fillna(False).astype(float)
            for name in rule.topups
            if name in marked
        }
    )
    return skill_weights(frame, trained.lacking, rule, parameters["course_rule"]["surplus"])


def skill_weights(frame: pd.DataFrame, lacking: Draws, rule: WeightRule, surplus: float) -> pd.DataFrame:
    """Return the weights of skills by a rule.

    Parameters
    ----------
    frame : DataFrame
        Key, ``reason, asked, held, taught, fundable, listed`` and ``<collection>_share``: a release's table
        ``skill_weights`` will do.
    lacking : ndarray of shape (rows, draws)
        Persons lacking with the skill: a release's draws ``lacking_skills``.
    surplus : float
        Of parameter ``course_rule``.

    Notes
    -----
    As occupations, with the openings that ask the skill in place of the cell's; trainable is what is lacking
    where a course teaches it in time, else nothing. ``lacking_share`` is the same share, taught or not: what
    a new course could address. A skill is in surplus where those who hold it exceed the openings that ask
    it by the declared share and, at the median, fewer lack it than the first edge: holders alone do not
    tell, for they may stand in the wrong occupation.
    """
    _refuse_other_rows(frame, lacking, "skill_weights")
    asked, held = frame["asked"].to_numpy(dtype=float), frame["held"].to_numpy(dtype=float)
    taught, fundable = (frame[name].to_numpy(dtype=bool) for name in ("taught", "fundable"))
    unlisted = ~frame["listed"].to_numpy(dtype=bool)
    persons = np.where(unlisted[:, None], np.nan, np.where(taught[:, None], lacking, 0 * lacking))
    lower = lower_quantile(lacking, rule.quantile)
    median = lower_quantile(lacking, 0.5)
    few = median < rule.edges[0] * asked if rule.edges else median <= 0  # one band begins at nothing
    much = (held > (1 + surplus) * asked) & few
    frame = frame.assign(
        reason=np.where(unlisted | np.isnan(lower), "unavailable", ""),
        lacking_lower=lower,
        lacking_share=lower / asked,
        in_surplus=rules.nullable(much, np.isfinite(held) & np.isfinite(lower), "boolean"),
    )
    frame = _proposed(frame, persons, asked, rule)
    ground = _grounds(frame, persons, ~taught, taught & ~fundable)
    shares = {name: frame[f"{name}_share"] for name in rule.topups if f"{name}_share" in frame}
    return _told(_weighed(frame, ground, shares, rule), why_skill, rule)


def _refuse_other_rows(frame: pd.DataFrame, draws: Draws, name: str) -> None:
    if len(frame) != len(draws):
        raise ForecastingError(
            f"table {name}: {len(frame):,} rows beside {len(draws):,} rows of draws; expected one row of "
            "draws for each. Do: take both from one release."
        )


def _proposed(frame: pd.DataFrame, persons: Draws, unit: Array, rule: WeightRule) -> pd.DataFrame:
    """Return the lower quantile, the share and the band of each row, with the chance to keep that band."""
    lower = lower_quantile(persons, rule.quantile)
    share = np.divide(lower, unit, out=np.full(len(lower), np.nan), where=unit > 0)
    return frame.assign(
        quantile=rule.quantile,
        trainable_lower=lower,
        trainable_p50=lower_quantile(persons, 0.5),
        share_lower=share,
        band=bands(share, rule.edges),
        band_probability=band_chance(persons, unit, rule),
    )


def _grounds(frame: pd.DataFrame, persons: Draws, nothing: Any, required: Any) -> Any:
    """Return what determines each weight, working conditions apart."""
    unknown = frame["reason"].ne("").to_numpy() | np.isnan(frame["share_lower"].to_numpy(dtype=float))
    never = np.nan_to_num(persons).max(axis=1, initial=0.0) <= 0
    return np.select(
        [unknown, never | nothing, required, frame["trainable_lower"].to_numpy() <= 0],
        [rules.NEUTRAL, rules.NOTHING_TRAINABLE, rules.MANDATORY_ONLY, rules.UNCERTAIN],
        rules.BAND,
    )


def _weighed(frame: pd.DataFrame, ground: Any, shares: Mapping[str, Any], rule: WeightRule) -> pd.DataFrame:
    """Return the rows with their weight by ground, band and top-ups."""
    by_band = ground == rules.BAND
    factor, named = topups(shares, len(frame), rule)
    band = np.where(by_band, frame["band"], rules.NO_BAND).astype(np.int64)
    weight = np.where(np.isin(ground, rules.ZERO), 0.0, banded(band, factor, rule))
    found = frame.assign(
        band=rules.nullable(band, by_band),
        band_probability=np.where(by_band, frame["band_probability"], np.nan),
        ground=ground,
        factor=np.where(by_band, factor, np.nan),
        factors=np.where(by_band, named, ""),
        weight=np.round(weight, 6),
    )
    found.loc[found["reason"].ne(""), _OF_QUANTILE] = np.nan
    return found


def topups(shares: Mapping[str, Any], count: int, rule: WeightRule) -> tuple[Array, Any]:
    """Return the product of the declared factors of each row, and their names; unknown shares give none."""
    factor, named = np.ones(count), np.full(count, "", dtype=object)
    for name, by in rule.topups.items():
        if name in shares:
            inside = np.nan_to_num(np.asarray(shares[name], dtype=float)) >= rule.topup_share
            factor, named = (
                factor * np.where(inside, by, 1.0),
                named + np.where(inside, f" {name} {by:g}", ""),
            )
    return factor, np.array([str(text).strip() for text in named], dtype=object)


def _due_to_conditions(index: pd.DataFrame, score: Array, conditions: pd.DataFrame) -> Array:
    """Return the share of what stays unfilled that is due to conditions, at κ's P10; NaN where unknown."""
    kappa = conditions.drop_duplicates(["region", "occupation"]).set_index(["region", "occupation"])["p10"]
    cell = pd.MultiIndex.from_frame(index[["region", "occupation"]])
    left = kappa.reindex(cell).to_numpy(dtype=float) * (1 - score)
    whole = left + score
    share = np.divide(left, whole, out=np.zeros_like(left), where=whole > 0)
    return np.where(np.isnan(left), np.nan, share)


def _told(frame: pd.DataFrame, why: Any, rule: WeightRule) -> pd.DataFrame:
    """Return the rows with the columns of the period, which nothing holds yet, and the sentences of why."""
    frame = frame.assign(previous=np.nan, held_by="", period="")
    rows = frame.to_dict("records")
    return frame.assign(
        why=[why(row, rule, "en") for row in rows], why_nl=[why(row, rule, "nl") for row in rows]
    )
