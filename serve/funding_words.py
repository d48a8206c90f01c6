"""Words that stand beside every weight: those of `forecasting.funding.weights`, whose module loads SciPy.

Reading a published weight needs no computation, so it must not load what only a computation needs; a test
holds these words to the method's.
"""

from typing import Final

NOT_FOR_SOLE_USE: Final[dict[str, str]] = {
    "nl": "Hulpmiddel bij een besluit, nooit de enige grond ervan: een voorspelling kan fout zijn.",
    "en": "An aid to a decision, never its sole ground: a forecast can be wrong.",
}

GROUNDS: Final[dict[str, str]] = {
    "band": "the band of the trainable share",
    "neutral": "nothing is known here, or it is hidden: see reason",
    "nothing_trainable": "zero: nothing is missing, or no course teaches any of it in time",
    "mandatory_only": "zero: only training that the law requires teaches what is missing",
    "working_conditions": "zero: most of what stays unfilled does so for working conditions",
    "uncertain": "zero: at the cautious quantile nothing is trainable, though more may be",
}
"""What determined a weight."""
