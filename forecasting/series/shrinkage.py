"""Forecasts of many short series from a sample survey: each leans on its past as far as its noise asks.

A survey figure of size x has a sampling variance of about unit · x, so the relative error of a small cell is
large and that of a large one small. The level behind it moves by about the same share every year in small
and large cells. Both numbers are estimated from the panel itself, pooled over all series of a region, and
say how much of a new figure is news:

    figure(t) = level(t) + noise,            variance of the noise  = unit · level
    level(t+1) = level(t) · growth + change, variance of the change = movement · level²

It is the local level model (Harvey 1989, *Forecasting, structural time series models*, section 2.3) with
parameters pooled as in small-area estimation (Fay and Herriot 1979, doi 10.1080/01621459.1979.10482505).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from forecasting.series.baselines import Trend
from forecasting.series.panel import Array, Panel
from forecasting.series.predictive import RootSpread, root_interval

REGION: Final = "region"

_FEWEST_SERIES: Final = 30
"""A region with fewer borrows noise and growth from all: their variances would rest on too few pairs."""

_SWEEPS: Final = 3
"""Rounds in which sizes and levels settle on each other; the third moves BC's levels by 0.07 % on average."""

_REWEIGHTINGS: Final = 20

_FEWEST_PERIODS: Final = 2
"""With one period, noise and movement are unknown, not zero."""


@dataclass(frozen=True)
class Noise:
    """What separates a figure from its level.

    Parameters
    ----------
    unit : float
        Sampling variance over size, in the unit of the figures: about the persons a respondent stands for.
    movement : float
        Variance of the level's own relative change in one period.
    """

    unit: float
    movement: float


def fit_noise(values: Array, variance: Array | None = None) -> Noise:
    """Estimate noise and movement from how the series differ from themselves one, two … periods later.

    The squared difference over h periods is on average 2 · unit · x + h · movement · x²: noise does not grow
    with time, movement does. Weighted least squares without negative parts, each pair weighted by the
    inverse of its expected square.

    Parameters
    ----------
    values : ndarray of shape (series, periods)
        Without common growth; NaN where unknown.
    variance : ndarray of shape (series, periods), optional
        Sampling variance of the figures whose survey states it, NaN elsewhere: it takes the place of
        unit · x.

    Notes
    -----
    With fewer than two periods there is nothing to learn from: both are zero.
    """
    known = np.isfinite(values)
    size = np.where(known, values, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    stated = np.full(values.shape, np.nan) if variance is None else variance
    rows, squares, given = [], [], []
    for step in range(1, values.shape[1]):
        difference = values[:, step:] - values[:, :-step]
        both = np.isfinite(difference)
        pairs = both.sum(axis=1)
        used = (pairs > 0) & (size > 0)
        ends = np.stack([stated[:, step:], stated[:, :-step]])
        unstated = (np.isnan(ends) & both).sum(axis=(0, 2))[used] / pairs[used]
        noise = np.nansum(np.where(both, ends, 0), axis=(0, 2))[used] / pairs[used]
        mean = np.nansum(difference[used] ** 2, axis=1) / pairs[used]
        squares.append(mean / size[used] ** 2)  # relative, so that no unit enters
        given.append(noise / size[used] ** 2)
        rows.append(np.column_stack([unstated / size[used], np.full(used.sum(), float(step))]))
    if not rows or not sum(map(len, rows)):
        return Noise(0.0, 0.0)
    scale = float(np.median(size[size > 0]))
    return _weighted(np.vstack(rows) * [scale, 1.0], np.concatenate(squares), np.concatenate(given), scale)


def _weighted(design: Array, target: Array, given: Array, scale: float) -> Noise:
    typical = design.mean(axis=0)
    found = np.divide(target.mean(), typical, out=np.zeros(2), where=typical > 0) / 2
    for _ in range(_REWEIGHTINGS):
        expected = design @ found + given
        if not (expected > 0).all():
            break
        found, _ = nnls(design / expected[:, None], (target - given) / expected)
    return Noise(float(found[0]) * scale, float(found[1]))


@dataclass(frozen=True)
class Levels:
    """Levels at the end of a history.

    Parameters
    ----------
    level, error : ndarray of shape (series,)
        The level and its variance, in the unit of the figures.
    growth : ndarray of shape (series,)
        Log growth per period that is expected to go on.
    noise : tuple of Noise
        By region.
    region : ndarray of shape (series,)
        Position in `noise`.
    """

    level: Array
    error: Array
    growth: Array
    noise: tuple[Noise, ...]
    region: NDArray[np.intp]


@dataclass(frozen=True)
class LocalLevel:
    """Each series' level, averaged over its past as its size asks, with the region's damped growth.

    Parameters
    ----------
    damping : float
        Share of the region's mean growth so far that is expected to go on.

    Notes
    -----
    Half of the growth: chosen on British Columbia's origins 2016–2018 with outcomes to 2019, out of none,
    half, three quarters and all. Groups of occupations bring nothing there, and neither does growth of the
    series' own: in years to 2019 the variance of differences grows no faster than linearly, so past growth
    of an occupation says nothing of its next (MODEL_CARD.md).
    """

    damping: float = 0.5
    name: str = "local level"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return each series' level, moved by the growth of its region."""
        found = self.levels(history)
        return found.level[:, None] * np.exp(found.growth[:, None] * np.asarray(horizons, dtype=float))

    def levels(self, history: Panel) -> Levels:
        """Estimate the levels at the end of a history, with their variance."""
        region, rows = _regions(history)
        growth = np.zeros(len(history.values))
        level, error = np.full((2, len(growth)), np.nan)
        noise = []
        for number, pooled in enumerate(rows):
            mine = region == number
            drift = self.damping * _growth(history.values[pooled])
            noise.append(fit_noise(_brought_up(history.values[pooled], drift)))
            level[mine], error[mine] = _filtered(_brought_up(history.values[mine], drift), noise[-1])
            growth[mine] = drift
        level[~np.isfinite(history.values[:, -1:]).any(axis=1)] = np.nan
        return Levels(level, error, growth, tuple(noise), region)

    def intervals(self, history: Panel, horizons: tuple[int, ...], level: float) -> tuple[Array, Array]:
        """Return the central interval of each outcome: lower and upper ends, shape (series, horizons)."""
        point = self.forecast(history, horizons)
        return root_interval(point, self.spread(history, horizons).deviation, level)

    def spread(self, history: Panel, horizons: tuple[int, ...]) -> RootSpread:
        """Return how far the roots of outcomes lie from the forecasts', and what the region has in common.

        The variance of an outcome is that of the level, of its movement over the horizon, of the noise of
        the figure it will be held to, and of the total's growth, which all series of a region share. With
        one year of history nothing tells noise from movement: the spread is unknown.
        """
        found, steps = self.levels(history), np.asarray(horizons, dtype=float)
        size = np.maximum(found.level, 0)[:, None]
        unit = np.array([one.unit for one in found.noise])[found.region, None]
        movement = np.array([one.movement for one in found.noise])[found.region, None]
        market = np.array([_growth_variance(history.values[rows]) for rows in _regions(history)[1]])
        common = market[found.region, None] * steps * size**2
        own = unit * size + found.error[:, None] + movement * steps * size**2
        variance = (own + common) / np.maximum(4 * size, 1e-300)
        if history.values.shape[1] < _FEWEST_PERIODS:
            variance = np.full_like(variance, np.nan)
        share = np.divide(common, own + common, out=np.zeros_like(common), where=own + common > 0)
        return RootSpread(np.sqrt(variance), share)


@dataclass(frozen=True)
class SamplingShrinkage:
    """The last figure, drawn to the series' own mean by the share of sampling error in their distance.

    The usual remedy for small survey cells, and the bar `LocalLevel` is held to; its noise is estimated from
    the same panel in the same way. The weight is the best linear one for a level that moves as `Noise` says.
    """

    name: str = "sampling-error shrinkage"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat the shrunk level for every horizon."""
        region, rows = _regions(history)
        last, known = history.values[:, -1], np.isfinite(history.values)
        count = np.maximum(known.sum(axis=1), 1)
        mean = np.where(known, history.values, 0).sum(axis=1) / count
        noise = [fit_noise(history.values[pooled]) for pooled in rows]
        unit = np.array([one.unit for one in noise])[region]
        movement = np.array([one.movement for one in noise])[region]
        signal = movement * mean**2 * (count - 1) * (2 * count - 1) / (6 * count)
        error = unit * mean * (1 - 1 / count)
        whole = signal + error
        weight = np.divide(signal, whole, out=np.ones(len(mean)), where=whole > 0)
        return np.repeat((mean + weight * (last - mean))[:, None], len(horizons), axis=1)


@dataclass(frozen=True)
class ConstantShare:
    """Each series keeps its last share of its region, which grows on its least-squares trend.

    BLS's naive comparator for occupations (METHOD.md section 6).
    """

    name: str = "constant share"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Move every last value by its region's trend."""
        region, rows = _regions(history)
        totals = np.vstack([_total(history.values[pooled]) for pooled in rows])
        panel = Panel(history.index.iloc[: len(totals)], history.periods, totals)
        moved = Trend().forecast(panel, horizons)
        ratio = np.divide(moved, totals[:, -1:], out=np.ones_like(moved), where=totals[:, -1:] > 0)
        return history.values[:, -1:] * ratio[region]


def _regions(history: Panel) -> tuple[NDArray[np.intp], list[NDArray[np.bool_]]]:
    """Return the number of each series' region, and which series each region's parameters are pooled over."""
    everything = np.ones(len(history.values), dtype=bool)
    if REGION not in history.index.columns:
        return np.zeros(len(everything), dtype=np.intp), [everything]
    names, number = np.unique(history.index[REGION].to_numpy(dtype=str), return_inverse=True)
    mine = [number == one for one in range(len(names))]
    return number, [rows if rows.sum() >= _FEWEST_SERIES else everything for rows in mine]


def _total(values: Array) -> Array:
    """Return the sum by period of the series that are known throughout, shape (periods,)."""
    return values[np.isfinite(values).all(axis=1)].sum(axis=0)


def _growth(values: Array) -> float:
    """Return the mean log growth per period of the total, 0 where there is none."""
    total = _total(values)
    if len(total) < 2 or min(total[0], total[-1]) <= 0:
        return 0.0
    return float(np.log(total[-1] / total[0])) / (len(total) - 1)


def _growth_variance(values: Array) -> float:
    """Return the mean square of the total's log growth about its mean, 0 where it is unknown."""
    total = _total(values)
    if len(total) < 3 or (total <= 0).any():
        return 0.0
    return float(np.var(np.diff(np.log(total)), ddof=1))


def _brought_up(values: Array, growth: float) -> Array:
    """Return every period's figures as they would be at the last one, had all grown alike."""
    return values * np.exp(growth * np.arange(values.shape[1] - 1, -1, -1.0))


def _filtered(values: Array, noise: Noise) -> tuple[Array, Array]:
    """Return the level at the end of each series and its variance (Kalman filter with a diffuse start).

    The filter runs in units of the noise's variance, where the variance of a level just after a figure
    equals the weight the figure got.
    """
    known = np.isfinite(values)
    size = np.where(known, values, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    level, spread = size, np.zeros(len(values))
    for _ in range(_SWEEPS):
        size = np.maximum(level, 0)
        relative = noise.movement * size  # variance of the change over that of the noise
        ratio = np.divide(relative, noise.unit, out=np.full(len(size), np.inf), where=noise.unit > 0)
        ratio = np.where(relative > 0, ratio, 0.0)
        level, spread = np.zeros(len(values)), np.full(len(values), np.inf)
        for figure, here in zip(values.T, known.T, strict=True):
            before = spread + ratio
            gain = np.divide(before, before + 1, out=np.ones(len(before)), where=np.isfinite(before))
            level = np.where(here, level + gain * (np.where(here, figure, 0) - level), level)
            spread = np.where(here, gain, before)
    return level, np.where(np.isfinite(spread), spread, 0) * noise.unit * np.maximum(level, 0)
