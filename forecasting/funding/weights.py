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
        Published table ``weights``: the weight is the quantile itself, between 0 and 1; a suppressed or
        missing score has weight 0 and keeps its reason. `need` is weight times mean openings, in persons.
    """
    lower = np.nanquantile(np.where(np.isnan(score), 0.0, score), quantile, axis=1)
    silent = index["reason"].ne("").to_numpy()
    weight = np.where(silent, 0.0, np.clip(lower, 0, 1))
    return index.assign(
        score_p25=np.where(silent, np.nan, lower),
        weight=weight,
        need=np.where(silent, np.nan, weight * openings.mean(axis=1)),
    )
