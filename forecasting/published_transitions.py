"""The published tables of skill profiles and of transitions between occupations."""

from typing import Final

from forecasting.columns import Column, Table
from forecasting.vocabulary import COLLECTIONS


def _figure(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "number", unit, meaning, required=False)


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", "-", meaning, required=False)


_HORIZON = Column("horizon", "integer", "years", "length of the window from the base year")

_PROFILES = Table(
    "skill_profiles",
    ("occupation", "skill", "horizon"),
    (
        Column("occupation", "code", "-", "occupation; one of which nothing is known has no row"),
        Column("skill", "code", "-", "skill that is asked now or in the window"),
        _HORIZON,
        _figure("asked_now", "probability", "mean probability that an opening asks it at the base year"),
        _figure("asked", "probability", "the same over the window"),
        _figure("asked_p10", "probability", "over the window: 10 % of the draws lie below"),
        _figure("asked_p90", "probability", "over the window: 90 % of the draws lie below"),
        _figure("change", "probability", "asked less asked_now"),
        _figure("importance", "weight", "importance of the skill"),
    ),
    "what openings of an occupation ask in any region: shares of ads, or of a classification's titles",
)


def _of_collection(name: str) -> tuple[Column, ...]:
    unit = "share of skill mass"
    return (
        _figure(f"{name}_asked", unit, f"of what the destination asks, the part that is {name}"),
        _figure(f"{name}_missing", unit, f"of what is missing there, the part that is {name}"),
    )


_TRANSITIONS = Table(
    "transitions",
    ("region", "occupation", "scenario", "horizon", "rank"),
    (
        Column("region", "code", "-", "region whose shortages are looked at"),
        Column("occupation", "code", "-", "occupation that somebody leaves"),
        Column("scenario", "code", "-", "named set of assumptions"),
        _HORIZON,
        Column("from_year", "integer", "year", "base year, of which the profiles are"),
        Column("to_year", "integer", "year", "end of the window of the shortage"),
        Column(
            "rank",
            "integer",
            "-",
            "1 is the nearest of at most transition_destinations (parameter); 0: an origin without",
        ),
        Column("destination", "code", "-", "occupation, null where none passes", required=False),
        _figure("coverage", "share of skill mass", "of what the destination asks, the part that is held"),
        _figure("reverse_coverage", "share of skill mass", "the same the other way"),
        _text("class", "viable, or highly_viable where that threshold is known and reached"),
        _text("missing", "codes of the largest missing skills (parameter transition_missing_skills)"),
        *(column for name in COLLECTIONS for column in _of_collection(name)),
        _figure(
            "hours", "hours", "of courses that teach what one opening is expected to miss; null if unknown"
        ),
        _figure("taught", "share of skill mass", "of what one opening is expected to miss, taught by them"),
        _text("courses", "their codes"),
        _text(
            "quadrant",
            "short_ or deep_ (parameter short_training), upskilling in the same occupation or reskilling",
        ),
        _figure("level_difference", "levels", "skill level of the destination less that of the origin"),
        _figure("wage_ratio", "ratio", "wage of the destination over that of the origin"),
        _figure("probability_of_shortage", "probability", "of the destination, as in the table gaps"),
        _text("unknown", "what could not be judged and ruled nothing out: level, wage, gap, hours, quadrant"),
        _text("reason", "why there is no destination: unavailable, or not_applicable where none passes"),
        Column("why", "text", "-", "one generated sentence"),
    ),
    "where somebody of an occupation can go: near in skills, of like level and wage, likely to be short; "
    "near is not able: licences and diplomas are in no profile",
)

_THRESHOLDS = Table(
    "transition_thresholds",
    ("class",),
    (
        Column("class", "code", "-", "viable or highly_viable"),
        Column(
            "grouping",
            "code",
            "-",
            "whose members count as near: group, or the finer subgroup",
        ),
        _figure("threshold", "share of skill mass", "coverage from which a destination is of the class"),
        _figure("mean", "share of skill mass", "mean of the groups' mean coverage between two members"),
        _figure("standard_deviation", "share of skill mass", "of these group means"),
        Column("groups", "integer", "groups", "with two known occupations"),
        Column("pairs", "integer", "pairs", "ordered pairs within groups"),
        _figure("passing", "share of pairs", "that reach the threshold"),
        _text("reason", "why there is no threshold: too few groups"),
    ),
    "from which coverage on a transition counts as viable, on this classification",
)

TRANSITIONS: Final[tuple[Table, ...]] = (_PROFILES, _TRANSITIONS, _THRESHOLDS)
"""In the order in which they are made."""
