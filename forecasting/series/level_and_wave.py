"""A level that moves and a wave that passes, both unseen: told apart and smoothed, all rows at once.

Local level plus first-order autoregression (Durbin and Koopman 2012, chapters 3 and 4).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from forecasting.series.panel import Array

_CLEAR: Final = 0.1
"""Binomial variance of a change below which it tells of movement."""
_TAIL: Final = 0.025
"""Share of the changes on either side that is cut to what the others show."""
_LONGEST_LAG: Final = 8
_FEWEST_LAGS: Final = 4
"""Years between two figures, up to which and from how many on a wave is told from movement."""
_LEFT: Final = tuple(np.round(np.arange(0.0, 0.95, 0.1), 1))
"""Shares of a wave that may be left a year later; the first where the years are too few to tell."""
JITTER: Final = 1e-10
"""Variance that keeps what does not move invertible."""


@dataclass(frozen=True)
class Wave:
    """What passes in ads: a first-order autoregression, all pairs alike.

    Parameters
    ----------
    variance : float
        Squared log points.
    left : float
        Share that is left a year later.
    """

    variance: float
    left: float

    def over(self, years: int) -> float:
        """Return the variance of its mean over the next years, given the last one."""
        at = np.arange(1, years + 1)
        together = self.left ** np.abs(at[:, None] - at) - self.left ** (at[:, None] + at)
        return float(self.variance * together.mean())


@dataclass(frozen=True)
class Smoothed:
    """Level, its variance, its link to the last year's level, and the wave; each of shape (pairs, years)."""

    level: Array
    variance: Array
    link: Array
    crest: Array

    def plus(self, common: "Smoothed", row: NDArray[np.intp]) -> "Smoothed":
        """Return the sum with what is common, in rows `row`; errors are taken as independent."""
        variance = self.variance + common.variance[row]
        together = self.link * self.variance[:, -1:] + (common.link * common.variance[:, -1:])[row]
        last = np.maximum(variance[:, -1:], JITTER)
        return Smoothed(self.level + common.level[row], variance, together / last, self.crest)


def smooth(
    response: Array,
    error: Array,
    slope: Array,
    movement: float,
    wave: Wave,
    start: Array,
    deviation: float,
) -> Smoothed:
    """Filter and smooth level and wave together (Kalman; Rauch, Tung and Striebel)."""
    pairs, years = response.shape
    move = np.diag([1.0, wave.left])
    news = np.diag([movement, wave.variance * (1 - wave.left**2)]) + JITTER * np.eye(2)
    drift = np.column_stack([slope, np.zeros(pairs)])
    state = np.column_stack([start, np.zeros(pairs)])
    spread = np.broadcast_to(np.diag([deviation, wave.variance + JITTER]), (pairs, 2, 2))
    means, spreads = np.empty((years, pairs, 2)), np.empty((years, pairs, 2, 2))
    for year in range(years):
        if year:
            state, spread = state @ move + drift, move @ spread @ move + news
        seen = spread.sum(axis=2)  # covariance with what ads show: level plus wave
        gain = seen / (seen.sum(axis=1) + error[:, year])[:, None]
        state = state + gain * (response[:, year] - state.sum(axis=1))[:, None]
        spread = spread - gain[:, :, None] * seen[:, None, :]
        means[year], spreads[year] = state, spread
    shared = np.empty_like(spreads)
    shared[-1] = spreads[-1]
    for year in range(years - 2, -1, -1):
        ahead = move @ spreads[year] @ move + news
        back = spreads[year] @ move @ np.linalg.inv(ahead)
        off = means[year + 1] - (means[year] @ move + drift)
        means[year] += (back @ off[:, :, None])[:, :, 0]
        spreads[year] += back @ (spreads[year + 1] - ahead) @ back.transpose(0, 2, 1)
        shared[year] = back @ shared[year + 1]
    last = np.maximum(shared[-1, :, 0, 0], JITTER)
    variance = np.maximum(spreads[:, :, 0, 0], 0.0)
    return Smoothed(means[:, :, 0].T, variance.T, (shared[:, :, 0, 0] / last).T, means[:, :, 1].T)


def noise(response: Array, error: Array) -> tuple[float, Wave]:
    """Return the variance of a year's movement, and the wave.

    By how the mean square of changes, less binomial error, grows with the years between: movement adds up,
    a wave is over after a while. Least squares for every share that may be left.
    """
    known = np.where(np.isfinite(error), error, 0.0)
    lags = np.arange(1, min(response.shape[1], _LONGEST_LAG + 1))
    grown = np.full(len(lags), np.nan)
    for place, lag in enumerate(lags):
        clear = error[:, lag:] + error[:, :-lag] < _CLEAR
        squared = (response[:, lag:] - response[:, :-lag]) ** 2 - known[:, lag:] - known[:, :-lag]
        if clear.any():
            grown[place] = max(_mean_of(squared, clear), 0.0)
    lags, grown = lags[np.isfinite(grown)], grown[np.isfinite(grown)]
    if not len(lags):
        return 0.0, Wave(0.0, 0.0)
    left = _LEFT if len(lags) >= _FEWEST_LAGS else _LEFT[:1]
    fits = [nnls(np.column_stack([lags, 2 * (1 - each**lags)]), grown) for each in left]
    best = int(np.argmin([miss for _, miss in fits]))
    movement, variance = fits[best][0]
    return float(movement), Wave(float(variance), float(left[best]))


def _mean_of(values: Array, kept: NDArray[np.bool_]) -> float:
    """Return the mean of the values kept, else 0; the largest are cut, or a few rare skills would set it."""
    counted = values[kept]
    if not len(counted):
        return 0.0
    low, high = np.quantile(counted, [_TAIL, 1 - _TAIL])
    return float(np.clip(counted, low, high).mean())
