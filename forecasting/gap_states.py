"""What a cell is called: shortage, mismatch, balanced, surplus or unknown; how surely; its rank interval."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from forecasting.gaps import Gap
from forecasting.series.panel import Array

UNKNOWN: Final = "unknown"
STATES: Final = ("shortage", "mismatch", "balanced", "surplus")
"""In the order in which ties are settled: the graver first."""

_HALF: Final = 0.5
_TIES: Final = 3
"""Decimals of a score that are ranked: equal to a tenth of a per cent ties."""


def states(
    found: Gap,
    supply: Array,
    reliability: "pd.Series[str]",
    reason: "pd.Series[str]",
    threshold: float,
    band: float,
    rule: Mapping[str, Any],
) -> pd.DataFrame:
    """Return each cell's state, the probability that it is right, and why it is unknown.

    Parameters
    ----------
    found : Gap
        Arrays of shape (cells, draws).
    supply : ndarray of shape (cells, draws)
        Persons of all sources.
    reliability, reason : Series
        Of each cell; with a reason there is no score.
    threshold : float
        Score above which a draw is short: mostly for no person it is a shortage, mostly for skills a
        mismatch.
    band : float
        A draw that is not short is a surplus where supply exceeds openings by more than this share.
    rule : mapping
        Parameter ``state_rule``: the probability below which no state is named, and the reliability
        classes that stay silent.

    Returns
    -------
    DataFrame
        ``state``, ``state_probability`` (share of the draws with openings that are in it; null where
        unknown), ``state_reason``: ``low_reliability`` for a class that stays silent, ``no_likely_state``
        where all is known and no state is as likely as the rule asks.

    Notes
    -----
    A draw whose skills lacking are unknown is in a state only if no value of theirs could change it: a
    shortage where more than half of the openings find no person. It counts for no state else.
    """
    valid = found.openings > 0
    count = valid.sum(axis=1)
    shares = np.stack([(each & valid).sum(axis=1) for each in _in_state(found, supply, threshold, band)])
    shares = shares / np.maximum(count, 1)
    best, probability = shares.argmax(axis=0), shares.max(axis=0)
    why = np.where(reason.ne("") | (count == 0), reason.where(reason.ne(""), "not_applicable"), "")
    silent = reliability.isin(rule["silent"]).to_numpy()
    unsure = np.where(found.unknown.any(axis=1), "unavailable", "no_likely_state")
    why = np.where((why == "") & silent, "low_reliability", why)
    why = np.where((why == "") & (probability < rule["probability"]), unsure, why)
    named = np.where(why == "", np.array(STATES, dtype=object)[best], UNKNOWN)
    return pd.DataFrame(
        {
            "state": named,
            "state_probability": np.where(why == "", probability, np.nan),
            "state_reason": why,
        },
        index=reason.index,
    )


def _in_state(found: Gap, supply: Array, threshold: float, band: float) -> tuple[NDArray[np.bool_], ...]:
    """Return in which draws each state holds, in the order of `STATES`."""
    known = ~found.unknown
    short = found.unfilled > threshold * found.openings
    nobody = found.no_person >= found.lacking_skills
    plenty = supply > (1 + band) * found.openings
    return (
        (short & nobody & known) | (found.no_person > np.maximum(_HALF, threshold) * found.openings),
        short & ~nobody & known,
        ~short & ~plenty & known,
        ~short & plenty & known,
    )


def rank_intervals(scores: Array, index: pd.DataFrame, ranked: NDArray[np.bool_]) -> pd.DataFrame:
    """Return P10 and P90 of each cell's rank over the draws, within region, scenario and horizon.

    Parameters
    ----------
    scores : ndarray of shape (cells, draws)
        NaN where a draw has no openings: it comes last.
    index : DataFrame
        ``region, scenario, horizon`` of each cell.
    ranked : ndarray of bool, shape (cells,)
        Which cells have a rank at all.
    """
    low, high = np.full(len(index), np.nan), np.full(len(index), np.nan)
    numbered = index.reset_index(drop=True)[np.asarray(ranked, dtype=bool)]
    for _, rows in numbered.groupby(["region", "scenario", "horizon"]):
        at = rows.index.to_numpy()
        value = -np.round(np.where(np.isnan(scores[at]), -1.0, scores[at]), _TIES)
        ranks = rankdata(value, method="min", axis=0)
        low[at], high[at] = np.quantile(ranks, [0.1, 0.9], axis=1, method="nearest")
    return pd.DataFrame({"rank_p10": low, "rank_p90": high}, index=index.index)
