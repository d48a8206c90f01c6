"""How the errors of alike series move together, beyond the market: over horizons and within occupations.

Intervals of single series do not need it; the spread of their sums does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.series.panel import Array

Numbers = NDArray[np.int64]

_PRIOR_PAIRS: Final = 100.0
"""Pairs that stand for no dependence, so that a handful of cells shows none."""

_MOST_SHARED: Final = 0.9
"""Of a series' own variance that all its groups may explain together."""


@dataclass(frozen=True)
class Dependence:
    """Correlation of the normal scores of the series' own errors.

    Parameters
    ----------
    persistence : float
        Between two horizons of one series and origin, 0 to 1.
    shared : dict of str to float
        Key column to the share of variance common to all series with the same key, for a series the market
        reaches in full; it falls with the square of the loading.
    """

    persistence: float
    shared: dict[str, float]


def normal_scores(values: Array, cell: Numbers) -> tuple[Array, Numbers]:
    """Return each value's normal score among those of the same cell, and the order that sorts all of them.

    Parameters
    ----------
    values : ndarray
    cell : ndarray of int, same length

    Examples
    --------
    >>> scores, _ = normal_scores(np.array([3.0, 1.0, 2.0]), np.zeros(3, dtype=int))
    >>> scores.round(2)
    array([ 0.97, -0.97,  0.  ])
    """
    order = np.lexsort((values, cell))
    count = np.bincount(cell)
    first = np.cumsum(count) - count
    rank = np.arange(len(values)) - np.repeat(first, count)
    scores = np.empty(len(values))
    scores[order] = ndtri((rank + 0.5) / np.repeat(count, count))
    return scores, order


def fit_dependence(
    scores: Array,
    weight: Array,
    series: Numbers,
    moment: Numbers,
    column: Numbers,
    keys: Mapping[str, Numbers],
) -> Dependence:
    """Fit the correlations from past errors.

    Parameters
    ----------
    scores, weight : ndarray
        Normal score and market loading of each past error.
    series, moment, column : ndarray of int
        Its series, origin and horizon.
    keys : mapping of str to ndarray of int
        Number of each error's group, per key column.
    """
    path = moment * (int(series.max(initial=0)) + 1) + series
    persistence = _shared_variance(scores, weight, path)
    step = moment * (int(column.max(initial=0)) + 1) + column
    shared = {
        name: _shared_variance(scores, weight, step * (int(group.max(initial=0)) + 1) + group)
        for name, group in keys.items()
    }
    total = sum(shared.values())
    fit = min(1.0, _MOST_SHARED / total) if total > 0 else 1.0
    return Dependence(min(persistence, _MOST_SHARED), {name: fit * one for name, one in shared.items()})


def _shared_variance(scores: Array, weight: Array, group: Numbers) -> float:
    """Return the mean product of the scores of two members of a group, each weighted, at least zero.

    With a covariance of weight · weight · share, least squares over all pairs; the sums over pairs are
    those of squares less the squares themselves.
    """
    _, group = np.unique(group, return_inverse=True)
    product, square = weight * scores, weight**2
    pairs = (np.bincount(group, product) ** 2).sum() - (product**2).sum()
    scale = (np.bincount(group, square) ** 2).sum() - (square**2).sum()
    return float(max(pairs / (scale + _PRIOR_PAIRS), 0.0))


def group_numbers(index: pd.DataFrame, label: str | None) -> dict[str, Numbers]:
    """Return the number of each series' group per key column that groups any, hierarchy level apart."""
    columns = [name for name in index.columns if name != label]
    numbers = {name: _factorize(index[name]) for name in columns}
    return {name: one for name, one in numbers.items() if 1 < one.max(initial=0) + 1 < len(index)}


def _factorize(keys: "pd.Series[Any]") -> Numbers:
    return pd.factorize(keys, use_na_sentinel=False)[0].astype(np.int64)
