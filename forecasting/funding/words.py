"""Words that stand beside every weight; they need no computation, so whoever only reads one loads none."""

from typing import Final

BAND: Final = "band"
NEUTRAL: Final = "neutral"
NOTHING_TRAINABLE: Final = "nothing_trainable"
MANDATORY_ONLY: Final = "mandatory_only"
WORKING_CONDITIONS: Final = "working_conditions"
UNCERTAIN: Final = "uncertain"
GROUNDS: Final[dict[str, str]] = {
    BAND: "the band of the trainable share",
    NEUTRAL: "nothing is known here, or it is hidden: see reason",
    NOTHING_TRAINABLE: "zero: nothing is missing, or no course teaches any of it in time",
    MANDATORY_ONLY: "zero: only training that the law requires teaches what is missing",
    WORKING_CONDITIONS: "zero: most of what stays unfilled does so for working conditions",
    UNCERTAIN: "zero: at the cautious quantile nothing is trainable, though more may be",
}
"""What determined a weight."""

NOT_FOR_SOLE_USE: Final[dict[str, str]] = {
    "nl": "Hulpmiddel bij een besluit, nooit de enige grond ervan: een voorspelling kan fout zijn.",
    "en": "An aid to a decision, never its sole ground: a forecast can be wrong.",
}
"""Shown wherever weights are."""
