"""The published tables of funding weights: one declaration for writer, reader and API."""

from typing import Final

from forecasting.columns import Column, Kind, Table


def _figure(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "number", unit, meaning, required=False)


def _other(name: str, kind: Kind, meaning: str) -> Column:
    """Return a column that a release made before it was declared may lack."""
    return Column(name, kind, "-", meaning, required=False)


_REGION: Final = Column("region", "code", "-", "region")
_SCENARIO: Final = Column("scenario", "code", "-", "named set of assumptions")
_HORIZON: Final = Column("horizon", "integer", "years", "length of the window from the base year")

_RULED: Final = (
    _figure("quantile", "probability", "lower quantile of the draws that the weight rests on"),
    _figure("trainable_lower", "persons", "trainable gap at that quantile"),
    _figure("trainable_p50", "persons", "trainable gap at the median"),
    _figure("share_lower", "share of openings", "trainable_lower over the openings beside it"),
    Column("band", "integer", "-", "band of that share, from 0; null without one", required=False),
    _figure("band_probability", "probability", "to keep this band if the draws were drawn again"),
    _other(
        "ground",
        "code",
        "band, neutral (unknown or hidden), or why it is zero: nothing_trainable, mandatory_only, "
        "working_conditions, uncertain",
    ),
    _other("factors", "text", "declared top-ups of the weight"),
    _figure("factor", "factor", "product of these top-ups"),
    _figure("weight", "factor", "funding weight by the dated rule; may be zero; neutral where unknown"),
    _figure("previous", "factor", "weight of the former budget period, where one was given"),
    _other("held_by", "text", "what kept it from the rule's weight: freeze, hysteresis, step"),
    _other("period", "text", "budget period that it counts for; empty before one is opened"),
)
_SHARES: Final = tuple(
    _figure(f"{name}_share", "share of what is trainable", f"in the {name} collection")
    for name in ("green", "digital")
)
_REASON: Final = _other("reason", "text", "why the figures are null (see reasons)")
_WHY: Final = (
    _other("why", "text", "one generated sentence"),
    _other("why_nl", "text", "the same in Dutch"),
)

_WEIGHTS: Final = Table(
    "weights",
    ("region", "occupation", "scenario", "horizon"),
    (
        *(_REGION, Column("occupation", "code", "-", "occupation"), _SCENARIO, _HORIZON),
        _figure("score_lower", "share of openings", "the same lower quantile of the score"),
        *_RULED,
        _figure("openings", "persons", "mean openings over the window"),
        _figure("taught", "share of the missing skill mass", "that a listed course teaches in time"),
        _figure("fundable", "share of the missing skill mass", "of it by courses that no law requires"),
        *_SHARES,
        _figure("conditions_share", "share of unfilled openings", "due to working conditions, at least"),
        _figure("need", "persons", "weight times mean openings: the base of proportional shares"),
        *(_REASON, *_WHY),
    ),
    "funding weights of occupations from a lower quantile of the trainable gap; not for sole use",
)

_SKILL_WEIGHTS: Final = Table(
    "skill_weights",
    ("region", "skill", "scenario", "horizon"),
    (
        *(_REGION, Column("skill", "code", "-", "skill"), _SCENARIO, _HORIZON),
        *_RULED,
        _figure("asked", "openings", "mean openings over the window that ask the skill"),
        _figure("held", "persons", "supply, of the occupations that ask the skill, that holds it"),
        _figure("importance", "weight", "importance of the skill, mean over these openings"),
        _figure("lacking_lower", "persons", "lacking with the skill at that quantile, taught or not"),
        _figure("lacking_share", "share of openings", "lacking_lower over the openings that ask it"),
        *_SHARES,
        _other("listed", "boolean", "anybody lists courses"),
        _other("taught", "boolean", "a listed course teaches it in time"),
        _other("fundable", "boolean", "of these, one that no law requires"),
        _other("in_surplus", "boolean", "more hold it than course_rule allows, and few lack it"),
        *(_REASON, *_WHY),
    ),
    "funding weights of skills in each region, the base of the scores of courses; not for sole use",
)

FUNDING: Final[tuple[Table, ...]] = (_WEIGHTS, _SKILL_WEIGHTS)
"""Weights before a former period's; `forecasting.funding.periods` holds them to it."""
