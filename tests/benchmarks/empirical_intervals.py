"""What the calibrated intervals are held beside: a mean of three with quantiles of its own past errors."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.series.panel import Array

EDGES: Final = (1e-9, 1.0, 5.0, 20.0, 100.0, 1000.0)
"""Between the size groups, ads a month."""

GROUPS: Final = ("0", "(0,1)", "[1,5)", "[5,20)", "[20,100)", "[100,1000)", "1000+")
PERIODS: Final = 3
RECENT: Final = 6
_FEWEST: Final = 20
"""Errors in a size group; with fewer, those of all sizes."""

Ends = dict[float, tuple[Array, Array]]


def size_groups(values: Array) -> NDArray[np.int64]:
    """Return the number of each series' size group, by the mean of its last six values."""
    return np.digitize(values[:, -RECENT:].mean(axis=1), EDGES)


def own_errors(values: Array, horizons: Sequence[int], levels: Sequence[float]) -> Ends:
    """Return a mean of three with the empirical quantiles of each series' own past errors.

    Parameters
    ----------
    values : ndarray of shape (series, periods)
        Known throughout, six periods or more.
    levels : sequence of float
        Percent.
    """
    forecast, past = values[:, -PERIODS:].mean(axis=1), _means(values)
    sides = [np.quantile(_errors(values, past, step), _tails(levels), axis=1) for step in horizons]
    return _ends(forecast, np.stack(sides, axis=2), levels)


def pooled_errors(values: Array, horizons: Sequence[int], levels: Sequence[float]) -> Ends:
    """Return a mean of three with quantiles of relative errors pooled over series of like size."""
    forecast, past = values[:, -PERIODS:].mean(axis=1), _means(values)
    origins = range(PERIODS, values.shape[1] + 1)
    groups = np.column_stack([size_groups(values[:, :origin]) for origin in origins])
    now = size_groups(values)
    result = np.empty((2 * len(levels), len(values), len(horizons)))
    for at, step in enumerate(horizons):
        errors = _errors(values, past, step)
        known = past[:, : errors.shape[1]]
        relative, group = errors / np.maximum(known, 1), groups[:, : errors.shape[1]]
        for one in np.unique(now):
            alike = relative[group == one]
            pool = alike if len(alike) > _FEWEST else relative
            result[:, now == one, at] = np.quantile(pool, _tails(levels))[:, None]
    return _ends(forecast, result * np.maximum(forecast, 1)[:, None], levels)


def _means(values: Array) -> Array:
    """Return the mean of three up to each origin from the third period on."""
    windows = np.lib.stride_tricks.sliding_window_view(values, PERIODS, axis=1)
    return windows.mean(axis=2)


def _errors(values: Array, past: Array, step: int) -> Array:
    """Return outcome less mean of three at every origin with an outcome."""
    outcome = values[:, PERIODS - 1 + step :]
    return outcome - past[:, : outcome.shape[1]]


def _tails(levels: Sequence[float]) -> list[float]:
    return [side for level in levels for side in ((1 - level / 100) / 2, (1 + level / 100) / 2)]


def _ends(forecast: Array, sides: Array, levels: Sequence[float]) -> Ends:
    ends = np.maximum(forecast[:, None] + sides, 0)
    return {level: (ends[2 * at], ends[2 * at + 1]) for at, level in enumerate(levels)}
