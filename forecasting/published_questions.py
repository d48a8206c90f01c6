"""The published tables of the four questions: one declaration for writer, reader and API."""

from typing import Final

from forecasting.columns import Column, Table

_CELL: Final = ("region", "occupation", "scenario", "horizon")


def _figure(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "number", unit, meaning, required=False)


def _interval(prefix: str, unit: str, what: str) -> tuple[Column, ...]:
    return tuple(
        _figure(f"{prefix}_p{percent}", unit, f"{what}: {percent} % of the draws lie below")
        for percent in (10, 50, 90)
    )


_PLACE: Final = (
    Column("region", "code", "-", "region"),
    Column("occupation", "code", "-", "occupation, or a parent of occupations"),
    Column("scenario", "code", "-", "named set of assumptions"),
    Column("horizon", "integer", "years", "length of the window from the base year"),
)
_WINDOW: Final = (
    Column("from_year", "integer", "year", "base year: the window opens at its end"),
    Column("to_year", "integer", "year", "the window closes at its end"),
)
_REASON: Final = Column("reason", "text", "-", "why there is no answer (see reasons)", required=False)
_WHY: Final = Column("why", "text", "-", "one generated sentence")

_SHRINKING = Table(
    "shrinking_jobs",
    _CELL,
    (
        *_PLACE,
        *_WINDOW,
        Column(
            "answer", "code", "-", "yes, no, open (neither likely nor unlikely) or abstain; parameter likely"
        ),
        _figure("probability", "probability", "that more than the parameter shrinking_loss is lost"),
        _figure("base", "persons", "employed at the base year"),
        *_interval("change", "persons", "change of employment over the window"),
        *_interval("openings", "persons", "openings over the window: a job that shrinks still replaces"),
        _REASON,
        _WHY,
    ),
    "which jobs shrink: the chance of losing more than a declared share of employment",
)

_EMERGING = Table(
    "emerging_skills",
    ("skill",),
    (
        Column("skill", "code", "-", "skill that ads of the window ask"),
        Column("direction", "code", "-", "emerging, fading, none or abstain; parameter emerging_skill"),
        *_interval("log_odds", "log-odds", "coming year's change within occupations, beside all skills"),
        *_interval("points", "share of ads", "the same change, as a share of ads"),
        _figure("probability", "probability", "that the coming change goes the way of its median"),
        _figure("q_value", "share", "least share of false flags at which the past change passes"),
        Column(
            "from_year", "integer", "year", "first year of the latest unbroken stretch of ads", required=False
        ),
        _figure("share_before", "share of ads", "ads that ask the skill in that year"),
        _figure("share_now", "share of ads", "ads that ask the skill in the latest year"),
        _figure("within", "share of ads", "part of the difference: occupations ask it more often"),
        _figure(
            "between", "share of ads", "part of the difference: the mix of occupations; in the gap already"
        ),
        _figure("occupations", "occupations", "that ask the skill often enough to count"),
        _figure("breadth", "share", "of these occupations that move the same way"),
        Column("persistent", "boolean", "-", "the same way in both halves of the window"),
        _figure("mentions", "ads", "of the window that ask the skill"),
        Column("note", "text", "-", "what keeps the skill from a flag or a judgement", required=False),
        _REASON,
        _WHY,
    ),
    "which skills become essential and which fade: changes within occupations, false discoveries controlled",
)

_SHORTAGES = Table(
    "shortages",
    _CELL,
    (
        *_PLACE,
        *_WINDOW,
        Column("answer", "code", "-", "whether among the greatest: yes, no, open or abstain"),
        *_interval("shortage", "persons", "openings less supply over the window"),
        *_interval("ita", "ratio", "supply over openings; null where infinite"),
        *_interval("coverage", "ratio", "entrants over openings; null where infinite"),
        *_interval("job_seekers_per_opening", "ratio", "job seekers over openings; null where infinite"),
        _figure("rank", "-", "1 is the largest median score of the region, scenario and horizon"),
        _figure("tied", "cells", "other cells with the same rank"),
        _figure("ranked", "cells", "cells that are ranked"),
        _figure(
            "rank_probability", "probability", "to be among the first (parameter shortage_places) by score"
        ),
        _figure("rank_probability_persons", "probability", "the same by openings less supply"),
        Column("state", "text", "-", "state of the cell, as in the table gaps", required=False),
        _REASON,
        _WHY,
    ),
    "where shortages are greatest: in persons and in the field's ratios, with the chance of the rank",
)

_TRAINING = Table(
    "training_response",
    _CELL,
    (
        *_PLACE,
        *_WINDOW,
        Column(
            "answer", "code", "-", "trainable, no_course (zero, known), nothing_missing or abstain (unknown)"
        ),
        _figure("unfilled", "persons", "mean unfilled openings over the window"),
        _figure("taught", "share of the missing skill mass", "that a listed course teaches in time"),
        _figure(
            "taught_mandatory_only",
            "share of the missing skill mass",
            "of it only by courses that the law requires: no aid",
        ),
        _figure(
            "taught_unknown_length",
            "share of the missing skill mass",
            "taught only by courses of unknown length, in no other figure",
        ),
        *_interval(
            "trainable",
            "persons",
            "unfilled openings, nobody there or skills lacking, times the share taught",
        ),
        Column("courses", "text", "-", "courses that teach most of it, best first", required=False),
        _figure("taught_by_listed", "share of the missing skill mass", "that these courses teach"),
        _figure("hours", "hours", "of these courses together: the most that one person needs"),
        _figure("weeks", "weeks", "until they end, one after another (parameter training_pace)"),
        _figure("price", "EUR", "of these courses together, for one person; null where any is unknown"),
        _REASON,
        _WHY,
    ),
    "how training can respond: what listed courses could help to fill within the window",
)

_COLLECTIONS = Table(
    "collections",
    (*_CELL, "collection"),
    (
        *_PLACE,
        Column("collection", "code", "-", "green or digital, as the table skills marks it"),
        _figure("asked_share", "share of the asked skill mass", "that is in the collection, over the window"),
        _figure("asked_now_share", "share of the asked skill mass", "the same at the base year"),
        _figure("unfilled", "persons times skills", "lacking: one person who lacks two skills counts twice"),
        _figure("unfilled_share", "share of all persons times skills", "lacking that is in the collection"),
        _figure("missing_share", "share of the missing skill mass", "the same, weighted by importance"),
        _figure("taught", "share", "of what is lacking in the collection that a course teaches in time"),
        _figure(
            "destinations_asked",
            "share of the asked skill mass",
            "in the collection at the listed destinations from here, their mean",
        ),
        _figure(
            "destinations_missing",
            "share of the missing skill mass",
            "in the collection of what is missing there, their mean",
        ),
        _figure("emerging", "skills", "of the collection that are asked here and emerge"),
        _figure("fading", "skills", "of the collection that are asked here and fade"),
        _REASON,
    ),
    "green and digital skills as a view over skill gaps, emerging skills, courses and transitions",
)

QUESTIONS: Final[tuple[Table, ...]] = (_SHRINKING, _EMERGING, _SHORTAGES, _TRAINING, _COLLECTIONS)
"""In the order of the questions; the last is a view over the others."""
