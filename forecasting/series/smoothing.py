"""Exponential smoothing of many series at once: SES, damped trend and Theta, one step in time per loop."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecasting.series.panel import Array, Panel
from forecasting.series.seasonality import adjusted, classical_indices, restored

ALPHAS: Final = tuple(np.round(np.arange(0.05, 1.0, 0.05), 2))
"""Grid of the level's weight where it is fitted (Theta)."""

DAMPED_GRID: Final = tuple(
    (alpha, beta, phi)
    for alpha in (0.1, 0.3, 0.5, 0.7, 0.9)
    for beta in (0.05, 0.2, 0.4)
    for phi in (0.8, 0.9)
)
"""Weights of level and slope and the damping, where they are fitted (damped trend)."""


@dataclass(frozen=True)
class SES:
    """Simple exponential smoothing from the first known value on; an unknown period changes nothing."""

    alpha: float = 0.3
    name: str = "SES"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat the last level for every horizon."""
        level, _ = ses(history.values, self.alpha)
        return np.repeat(level[:, None], len(horizons), axis=1)


@dataclass(frozen=True)
class DampedTrend:
    """Holt's damped trend; weights per series by one-step squared errors on a grid; never below zero."""

    name: str = "damped trend"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Extrapolate each series' level and damped slope."""
        best = np.full(len(history.values), np.inf)
        forecast = np.full((len(history.values), len(horizons)), np.nan)
        for alpha, beta, phi in DAMPED_GRID:
            level, slope, squared = holt(history.values, alpha, beta, phi)
            better = squared < best
            best[better] = squared[better]
            ahead = level[:, None] + slope[:, None] * damped_steps(phi, horizons)
            forecast[better] = ahead[better]
        return np.maximum(forecast, 0)


@dataclass(frozen=True)
class Theta:
    """The Theta method of the M3 competition: SES with half the least-squares slope as drift.

    Assimakopoulos & Nikolopoulos 2000 in the form of Hyndman & Billah 2003 (doi
    10.1016/S0169-2070(01)00143-1), with the classical multiplicative indices removed first where three
    years are known and the series' correlation at the lag of a year is significant. Never below zero.
    """

    name: str = "theta"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Forecast each series on its own."""
        indices = classical_indices(history.values, history.season)
        values = adjusted(history.values, indices)
        best = np.full(len(values), np.inf)
        level, alpha = np.full(len(values), np.nan), np.ones(len(values))
        for candidate in ALPHAS:
            candidate_level, squared = ses(values, candidate)
            better = squared < best
            best[better], level[better], alpha[better] = squared[better], candidate_level[better], candidate
        known = np.isfinite(values).sum(axis=1)
        lag = (1 - (1 - alpha) ** known) / alpha
        steps = np.asarray(horizons, dtype=float)[None, :] - 1 + lag[:, None]
        forecast = level[:, None] + slopes(values)[:, None] / 2 * steps
        return np.maximum(restored(forecast, indices, values.shape[1], horizons), 0)


def ses(values: Array, alpha: float) -> tuple[Array, Array]:
    """Return the last level and the sum of squared one-step errors of each row.

    Parameters
    ----------
    values : ndarray of shape (series, periods)
        NaN where unknown: the level stays.

    Examples
    --------
    >>> ses(np.array([[np.nan, 4.0, 8.0]]), 0.5)
    (array([6.]), array([16.]))
    """
    level = np.full(len(values), np.nan)
    squared = np.zeros(len(values))
    for column in values.T:
        started = np.isfinite(level)
        error = np.where(started & np.isfinite(column), column - level, 0.0)
        level = np.where(started, level + alpha * error, column)
        squared += error**2
    return level, squared


def holt(values: Array, alpha: float, beta: float, phi: float) -> tuple[Array, Array, Array]:
    """Return level, slope and sum of squared one-step errors of Holt's damped trend for each row.

    The slope starts at zero: the first difference of a short noisy series would be extrapolated for years.
    """
    level, slope = np.full(len(values), np.nan), np.zeros(len(values))
    squared = np.zeros(len(values))
    for column in values.T:
        started = np.isfinite(level)
        ahead = level + phi * slope
        error = np.where(started & np.isfinite(column), column - ahead, 0.0)
        known = np.isfinite(column)
        slope = np.where(started & known, phi * slope + alpha * beta * error, slope)
        level = np.where(started, np.where(known, ahead + alpha * error, level), column)
        squared += error**2
    return level, slope, squared


def damped_steps(phi: float, horizons: tuple[int, ...]) -> Array:
    """Return φ + φ² + … + φʰ for every horizon.

    Examples
    --------
    >>> damped_steps(0.5, (1, 2))
    array([0.5 , 0.75])
    """
    return np.array([sum(phi**step for step in range(1, horizon + 1)) for horizon in horizons])


def decaying_mean(values: Array, alpha: float) -> Array:
    """Return each row's mean with weights (1 − α)ᵃᵍᵉ over all periods; no start value is favoured.

    Examples
    --------
    >>> decaying_mean(np.array([[0.0, 3.0]]), 0.5)
    array([2.])
    """
    ages = np.arange(values.shape[1] - 1, -1, -1)
    weights = (1 - alpha) ** ages
    return values @ weights / weights.sum()


def slopes(values: Array) -> Array:
    """Return each row's least-squares slope per period over its known values; 0 where fewer than two."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=1), 1)
    time = np.broadcast_to(np.arange(values.shape[1], dtype=float), values.shape)
    centred = np.where(known, time - (np.where(known, time, 0).sum(axis=1) / count)[:, None], 0)
    spread = (centred**2).sum(axis=1)
    return (centred * np.where(known, values, 0)).sum(axis=1) / np.where(spread > 0, spread, 1)
