"""Where skills are going within occupations: the coming change of the log-odds, and how sure it is.

A level that drifts and wanders is told apart from the noise of counting, of ads that depend on each other, of
odd blocks and of the seasons; every variance is pooled over all skills.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from forecasting.series.panel import Array
from forecasting.skill_counts import Counts, Positions, log_odds_index, market_movement

_ABSENT: Final = 1e6
"""Variance of a block that says nothing."""
_LEAST_SCALE: Final = 1e-6
_LEAST_FREEDOM: Final = 2
_ENOUGH: Final = 500
"""Skills that tell the pooled variances well enough."""
_SEASONAL_YEARS: Final = 2.7
_DRIFT_YEARS: Final = 2.0
"""Spans from which on a time of the year has come three times, and a drift stands out from a walk."""


@dataclass(frozen=True)
class Variances:
    """Variances of the index, pooled over skills; log-odds squared.

    Parameters
    ----------
    drift : float
        Of a skill's drift a year: how much skills differ in it.
    walk : float
        Of a year's wandering of the level.
    season, shock : float
        Of a time of the year, and of one occupation's wording in one block: neither lasts.
    sampling : float
        Of a count over that of independent ads: 1 or more.
    """

    drift: float
    walk: float
    season: float
    shock: float
    sampling: float


@dataclass(frozen=True)
class Trends:
    """How the log-odds of each skill move beside the market's; arrays of shape (skills,).

    NaN where too few blocks tell it.

    Parameters
    ----------
    change, spread : ndarray
        Mean and standard deviation, given the ads, of the level of the year after the last block less that of
        the year before: shrunk as all skills say.
    noise : ndarray
        Standard deviation that `change` has where the level never moved.
    gain : ndarray
        What `change` is on average where the level drifts steadily by 1 over the same years: it is shrunk.
    freedom : ndarray
        Degrees of freedom of both deviations.
    index : ndarray of shape (skills, blocks)
        Log-odds beside the occupation's usual and the market's; NaN where the skill is not valid.
    market : ndarray of shape (blocks,)
        Log-odds of the movement that all skills share.
    variances : Variances
    """

    change: Array
    spread: Array
    noise: Array
    gain: Array
    freedom: Array
    index: Array
    market: Array
    variances: Variances


def skill_trends(counts: Counts, ahead: float = 1.0) -> Trends:
    """Return how each skill moves within occupations, beside the market, and how sure that is.

    Parameters
    ----------
    counts : Counts
        Blocks of equal length, at least two.
    ahead : float
        Years that are foretold, and years before the end that they are held beside.

    Notes
    -----
    Index = level of its segment + drift × time + random walk + season + shocks + counting noise, the level
    fixed, the others normal with pooled variances (REML). The coming change is the best linear unbiased
    prediction: empirical Bayes, so that a skill with few ads is drawn to no change. Its own scale is shrunk
    to that of all (Smyth 2004, doi 10.2202/1544-6115.1027), so that t statistics have honest tails.
    """
    index, information, concentration = log_odds_index(counts)
    market = market_movement(index, information, counts.segment)
    index = index - market
    usable = np.isfinite(index) & (information > 0)
    freedom = usable.sum(axis=1) - _levels(usable, counts.segment)
    told = freedom >= _LEAST_FREEDOM
    seen = _Seen(
        np.where(usable, index, 0.0)[told], information[told], concentration[told], usable[told], counts
    )
    found = variances(seen.some(_ENOUGH)) if told.any() else Variances(0.0, 0.0, 0.0, 0.0, 1.0)
    change, spread, noise, gain, scale = np.full((5, len(told)), np.nan)
    if told.any():
        change[told], spread[told], noise[told], gain[told], squares = _predicted(seen, found, ahead)
        scale[told] = squares / freedom[told]
    scale, prior = moderated_scale(scale, freedom)
    root = np.sqrt(scale)
    whole = np.where(told, freedom + prior, np.nan)
    return Trends(change, spread * root, noise * root, gain, whole, index, market, found)


@dataclass(frozen=True)
class _Seen:
    """Skills that enough blocks tell, arrays of shape (skills, blocks)."""

    index: Array
    information: Array
    concentration: Array
    usable: NDArray[np.bool_]
    counts: Counts

    def some(self, most: int) -> "_Seen":
        """Return evenly spaced skills, no more than `most`."""
        part = slice(None, None, -(-len(self.index) // most))
        rows = (self.index[part], self.information[part], self.concentration[part], self.usable[part])
        return _Seen(*rows, self.counts)

    @property
    def levels(self) -> Array:
        """Return the design of the levels, shape (skills, blocks, segments)."""
        return self.usable[:, :, None] * np.eye(int(self.counts.segment.max()) + 1)[self.counts.segment]


def _levels(usable: NDArray[np.bool_], segment: Positions) -> Positions:
    """Return in how many segments each skill is seen."""
    seen = [usable[:, segment == number].any(axis=1) for number in range(int(segment.max()) + 1)]
    return np.asarray(np.sum(seen, axis=0), dtype=np.int64)


def _moving(times: Array, found: Variances) -> Array:
    """Return the covariance of what lasts: drift and walk."""
    since = times - times[0]
    return np.asarray(found.drift * np.outer(since, since) + found.walk * np.minimum.outer(since, since))


def _passing(seen: _Seen, found: Variances) -> Array:
    """Return the covariance of what does not last, shape (skills, blocks, blocks)."""
    times = seen.counts.times
    position = np.round((times % 1) * 12)
    same = position[:, None] == position
    season = found.season * (same - 1 / len(np.unique(position)))
    own = found.shock * seen.concentration + found.sampling / np.maximum(seen.information, 1e-9)
    own = np.where(seen.usable, own, _ABSENT)
    return np.asarray(season + own[:, :, None] * np.eye(len(times)))


def _projection(seen: _Seen, found: Variances) -> tuple[Array, Array]:
    """Return P = C⁻¹ − C⁻¹X(X'C⁻¹X)⁻¹X'C⁻¹ of each skill, and minus twice its REML without y'Py."""
    whole = _moving(seen.counts.times, found) + _passing(seen, found)
    inverse, levels = np.linalg.inv(whole), seen.levels
    weighted = inverse @ levels
    cross = np.swapaxes(levels, 1, 2) @ weighted
    empty = 1e-9 * np.eye(cross.shape[1])
    projection = inverse - weighted @ np.linalg.inv(cross + empty) @ np.swapaxes(weighted, 1, 2)
    return projection, np.linalg.slogdet(whole)[1] + np.linalg.slogdet(cross + empty)[1]


def variances(seen: _Seen) -> Variances:
    """Return the most likely variances over all skills.

    No season is told from less than three years; no drift from less than two, in which it looks like a walk.
    """
    times = seen.counts.times
    span = times[-1] - times[0]
    seasonal = span >= _SEASONAL_YEARS and len(np.unique(np.round((times % 1) * 12))) > 1
    free = np.array([True, True, True, span >= _DRIFT_YEARS, seasonal])
    start = np.array([-4.0, -5.0, 0.0, -5.0, -6.0])

    def read(logs: Array) -> Variances:
        every = np.full(len(free), -np.inf)
        every[free] = np.clip(logs, -14, 6)
        walk, shock, sampling, drift, season = np.exp(every).tolist()
        return Variances(drift, walk, season, shock, 1 + sampling)

    def deviance(logs: Array) -> float:
        projection, constant = _projection(seen, read(logs))
        return float((constant + np.einsum("kt,kts,ks->k", seen.index, projection, seen.index)).sum())

    simplex = np.vstack([start[free], start[free] + 3 * np.eye(int(free.sum()))])
    options = {"xatol": 0.1, "fatol": 1.0, "maxfev": 400, "initial_simplex": simplex}
    return read(optimize.minimize(deviance, simplex[0], method="Nelder-Mead", options=options).x)


def _predicted(seen: _Seen, found: Variances, ahead: float) -> tuple[Array, Array, Array, Array, Array]:
    """Return the coming change, its deviation, that without change, the gain, and y'Py; (skills,) each."""
    times = seen.counts.times
    block = np.diff(times).min()
    coming = times[-1] + block * np.arange(1, 1 + round(ahead / block))
    every = np.concatenate([times, coming])
    lately = times > times[-1] - ahead + 1e-6
    contrast = np.concatenate([lately / -lately.sum(), np.full(len(coming), 1 / len(coming))])
    moving = _moving(every, found)
    projection, _ = _projection(seen, found)
    reach = moving[: len(times)] @ contrast
    weights = np.einsum("s,kst->kt", reach, projection)
    change = (weights * seen.index).sum(axis=1)
    spread = contrast @ moving @ contrast - weights @ reach
    noise = np.einsum("ks,kst,kt->k", weights, _passing(seen, found), weights)
    squares = np.einsum("kt,kts,ks->k", seen.index, projection, seen.index)
    gain = (weights * seen.usable) @ ((times - times[0]) / ahead)
    return change, np.sqrt(np.maximum(spread, 0)), np.sqrt(np.maximum(noise, 0)), gain, squares


def moderated_scale(scale: Array, freedom: NDArray[np.int64]) -> tuple[Array, float]:
    """Return each skill's scale shrunk to the scale of all, and the degrees of freedom that all bring.

    Parameters
    ----------
    scale : ndarray of shape (skills,)
        Mean square of the residuals; NaN where unknown.
    freedom : ndarray of shape (skills,)

    Notes
    -----
    Moments of the logarithm, Smyth 2004 section 6.2: scales are scaled F with the prior's freedom. That is at
    most 1,000, where t is normal.
    """
    known = np.isfinite(scale) & (freedom > 0)
    if known.sum() < 3:
        return scale, 0.0
    half = freedom[known] / 2
    logs = np.log(np.maximum(scale[known], _LEAST_SCALE)) - special.digamma(half) + np.log(half)
    extra = float(np.var(logs, ddof=1) - special.polygamma(1, half).mean())
    prior = 1000.0
    if extra > special.polygamma(1, prior / 2):
        prior = 2 * float(optimize.brentq(lambda x: special.polygamma(1, x) - extra, 1e-3, prior))
    middle = np.exp(logs.mean() + special.digamma(prior / 2) - np.log(prior / 2))
    return (prior * middle + freedom * scale) / (prior + freedom), prior


def chance_of_no_change(trends: Trends, least: float) -> Array:
    """Return the p-value that the level never drifted by more than `least`, either way; NaN where unknown.

    McCarthy & Smyth 2009 (TREAT, doi 10.1093/bioinformatics/btp053): with many ads a change of no importance
    is still significant against zero.
    """
    size, noise, bound = np.abs(trends.change), np.maximum(trends.noise, 1e-12), least * trends.gain
    near = stats.t.sf((size - bound) / noise, trends.freedom)
    return np.asarray(np.minimum(near + stats.t.sf((size + bound) / noise, trends.freedom), 1.0))


def chance_of_direction(trends: Trends) -> Array:
    """Return the probability that the coming change goes the way of its mean.

    One less the local false sign rate (Stephens 2017, doi 10.1093/biostatistics/kxw041).
    """
    return np.asarray(stats.t.cdf(np.abs(trends.change) / np.maximum(trends.spread, 1e-12), trends.freedom))
