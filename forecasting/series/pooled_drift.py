"""Shares within sectors that move: levels freed of sampling error, with slopes that lean on each other.

The share of an occupation in a sector is a level with a slope in logarithms. A figure is that level plus the
survey's sampling error; the level moves at random besides. A single slope of a small cell is mostly noise, so
each leans on the slope of its occupation in all sectors, and that on zero, as far as the past shows that
slopes differ at all (empirical Bayes; Fay and Herriot 1979, doi 10.1080/01621459.1979.10482505). Slopes die
out over the horizon (Gardner and McKenzie 1985, doi 10.1287/mnsc.31.10.1237).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.series.baselines import Forecaster
from forecasting.series.panel import Array, Panel
from forecasting.series.shrinkage import fit_noise

Codes = NDArray[np.intp]

_SWEEPS: Final = 5
"""Rounds in which slopes and noise settle on each other: a slope unseen is taken for movement at first."""

_FEWEST_FIGURES: Final = 3
"""A line through two figures is their noise."""

_EXACT: Final = 1e-12
"""Variance below which a slope is known for all purposes; zero would divide."""


def numbers(index: pd.DataFrame, column: str) -> Codes:
    """Return the number of each series' group by a key column, from 0."""
    return pd.factorize(index[column], sort=True)[0].astype(np.intp)


def group_sums(values: Array, group: Codes) -> Array:
    """Return for every row the sum over its group, shape as `values`.

    Examples
    --------
    >>> group_sums(np.array([1.0, 2.0, 5.0]), np.array([0, 0, 1])).tolist()
    [3.0, 3.0, 5.0]
    """
    sums = np.zeros((int(group.max(initial=-1)) + 1, *values.shape[1:]))
    np.add.at(sums, group, values)
    return sums[group]


@dataclass(frozen=True)
class WithinSectors:
    """Another method's forecasts, scaled so that every sector keeps its persons: shares sum to 1."""

    method: Forecaster

    @property
    def name(self) -> str:
        """Return the method's own name."""
        return self.method.name

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return the scaled forecasts."""
        return _kept(history, self.method.forecast(history, horizons))


def _kept(history: Panel, forecast: Array) -> Array:
    """Scale each sector's forecasts to its persons in the last period."""
    sector, last = numbers(history.index, "sector"), history.values[:, -1:]
    found = group_sums(np.nan_to_num(forecast), sector)
    wanted = group_sums(np.nan_to_num(last), sector)
    return forecast * np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)


@dataclass(frozen=True)
class PooledDrift:
    """Levels freed of sampling error, moved by slopes that lean on their occupation's and on zero.

    Parameters
    ----------
    variance : ndarray of shape (series, periods), optional
        Relative sampling variance where the survey states it, NaN elsewhere: there it is taken as inversely
        proportional to size, with the factor that the panel shows. Columns from the history's first period.
    damping : float
        Share of a period's drift that is left the period after; 0 for levels that stay. Our own choice: the
        lower end of the usual 0.8 to 0.98 (Hyndman and Athanasopoulos 2021, *Forecasting: principles and
        practice*, section 8.2), since on British Columbia's occupations to 2019 less drift was always better.
    """

    variance: Array | None = field(default=None, repr=False)
    damping: float = 0.8
    name: str = "pooled"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return persons, shape (series, horizons); sectors keep theirs."""
        slope, variance, movement = self._fitted(history)
        level = _level(_brought_up(history.values, slope), variance, movement)
        steps = np.array([sum(self.damping**step for step in range(1, years + 1)) for years in horizons])
        moved = level[:, None] * np.exp(slope[:, None] * steps)
        return _kept(history, np.where(np.isfinite(history.values[:, -1:]), moved, np.nan))

    def slopes(self, history: Panel) -> Array:
        """Return each series' log change per period that is expected next, before damping."""
        return self._fitted(history)[0]

    def _fitted(self, history: Panel) -> tuple[Array, Array, float]:
        """Return slopes, the relative sampling variance of each figure, and that of a period's movement."""
        values = history.values
        stated = np.full(values.shape, np.nan)
        if self.variance is not None:
            stated = self.variance[:, : values.shape[1]]
        known = np.isfinite(values)
        size = np.where(known, values, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        slope, occupation = np.zeros(len(values)), numbers(history.index, "occupation")
        for _ in range(_SWEEPS):
            flat = _brought_up(values, slope)
            noise = fit_noise(flat, stated * flat**2)
            implied = np.divide(noise.unit, size, out=np.zeros_like(size), where=size > 0)[:, None]
            variance = np.where(np.isnan(stated), implied, stated)
            left, error = _own_slopes(flat, variance, noise.movement)
            slope = pooled(slope + left, error, occupation)
        return slope, variance, noise.movement


def _brought_up(values: Array, slope: Array) -> Array:
    """Return every period's figures as they would be at the last one."""
    return values * np.exp(slope[:, None] * np.arange(values.shape[1] - 1, -1, -1.0))


def _own_slopes(values: Array, variance: Array, movement: float) -> tuple[Array, Array]:
    """Return each series' least-squares slope over its mean, and the variance of that.

    Not the slope of logarithms: those of small cells scatter more than their noise in persons says, and a
    zero has none. The slope is a weighted sum of the figures: independent noise enters with the square of
    each weight, a movement with the square of the weights of all figures after it. Where figures are too
    few the slope is 0 with infinite variance.
    """
    known = np.isfinite(values)
    count = known.sum(axis=1)
    figures = np.where(known, values, 0)
    size = figures.sum(axis=1) / np.maximum(count, 1)
    time = np.broadcast_to(np.arange(values.shape[1], dtype=float), values.shape)
    mean = np.where(known, time, 0).sum(axis=1) / np.maximum(count, 1)
    centred = np.where(known, time - mean[:, None], 0)
    weight = centred / np.maximum((centred**2).sum(axis=1, keepdims=True), 1e-300)
    slope = np.divide((weight * figures).sum(axis=1), size, out=np.zeros(len(values)), where=size > 0)
    after = np.cumsum(weight[:, ::-1], axis=1)[:, -2::-1]
    error = (weight**2 * variance).sum(axis=1) + movement * (after**2).sum(axis=1)
    enough = (count >= _FEWEST_FIGURES) & (size > 0)
    return np.where(enough, slope, 0.0), np.where(enough, error, np.inf)


def pooled(slope: Array, error: Array, group: Codes) -> Array:
    """Shrink slopes to the slope of their group, and that to zero, by what the past shows of each.

    Parameters
    ----------
    slope, error : ndarray of shape (series,)
        Estimates and their variances; infinite where nothing is known.
    group : ndarray of int, shape (series,)
        Occupation of each series.

    Returns
    -------
    ndarray of shape (series,)

    Notes
    -----
    The variances between members of a group, and between groups, are those that make the weighted sums of
    squares what they are expected to be (DerSimonian and Laird 1986, doi 10.1016/0197-2456(86)90046-2).

    Examples
    --------
    >>> slope = np.array([0.02, 0.02, -0.02, -0.02])
    >>> pooled(slope, np.full(4, 1e-8), np.array([0, 0, 1, 1])).round(4).tolist()
    [0.02, 0.02, -0.02, -0.02]
    >>> abs(pooled(slope, np.full(4, 1e-2), np.array([0, 0, 1, 1]))).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    error = np.maximum(error, _EXACT)
    weight = 1 / error
    count, total = np.bincount(group, weight > 0), np.bincount(group, weight)
    safe = np.where(total > 0, total, 1)
    mean = np.bincount(group, weight * slope) / safe
    excess = (weight * (slope - mean[group]) ** 2).sum() - np.maximum(count - 1, 0).sum()
    within = _positive_ratio(excess, (total - np.bincount(group, weight**2) / safe).sum())
    weight = 1 / (error + within)
    total = np.bincount(group, weight)
    safe = np.where(total > 0, total, 1)
    mean = np.bincount(group, weight * slope) / safe
    between = _positive_ratio((total * mean**2).sum() - (total > 0).sum(), total.sum())
    shrunk = mean * between * total / (between * total + 1)
    return shrunk[group] + (slope - shrunk[group]) * within / (within + error)


def _positive_ratio(above: float, below: float) -> float:
    return max(float(above / below), 0.0) if below > 0 else 0.0


def _level(values: Array, variance: Array, movement: float) -> Array:
    """Return the level at the end of each series (Kalman filter with a diffuse start), relative variances."""
    level, spread = np.zeros(len(values)), np.full(len(values), np.inf)
    for figure, error in zip(values.T, variance.T, strict=True):
        known = np.isfinite(figure)
        before = spread + movement
        gain = np.divide(
            before, before + error, out=np.ones(len(values)), where=np.isfinite(before) & (error > 0)
        )
        level = np.where(known, level + gain * (np.where(known, figure, 0) - level), level)
        spread = np.where(known, gain * error, before)
    return level
