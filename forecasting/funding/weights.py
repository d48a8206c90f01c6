"""Funding weights from a lower quantile of the gap score."""

import numpy as np
import pandas as pd

from forecasting.series.panel import Array


def weights(index: pd.DataFrame, score: Array, openings: Array, quantile: float) -> pd.DataFrame:
    """Return one weight per cell.

    Parameters
    ----------
    index : DataFrame
        ``region, occupation, scenario, horizon`` and ``reason``; one row per cell.
    score : ndarray of shape (cells, draws)
        NaN in draws without openings.
    openings : ndarray of shape (cells, draws)
        Persons.
    quantile : float
        A lower one, so that a wide interval lowers the weight (METHOD.md section 8.6).

    Returns
    -------
    DataFrame
        Published table ``weights``: the weight is the quantile itself, between 0 and 1. A suppressed or
        missing score gets the neutral weight, the mean of its region's known ones, and keeps its reason.
        `need` is weight times mean openings, in persons; it is null with the score, since it would tell the
        size of a suppressed cell.
    """
    lower = np.quantile(np.where(np.isnan(score), 0.0, score), quantile, axis=1)
    silent = index["reason"].ne("").to_numpy()
    known = pd.Series(np.where(silent, np.nan, np.clip(lower, 0, 1)), index.index)
    neutral = known.groupby(index["region"]).transform("mean").fillna(0.0)
    return index.assign(
        score_lower=np.where(silent, np.nan, lower),
        weight=known.fillna(neutral),
        need=known * openings.mean(axis=1),
    )
