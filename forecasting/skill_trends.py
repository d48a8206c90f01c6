"""Where skills are going within occupations: the coming change of the log-odds, and how sure it is.

A level that drifts and wanders is told apart from the noise of counting, of ads that depend on each other, of
odd blocks and of the seasons; every variance is pooled over all skills. Most skills hardly move and a few
move much: how many of each is read from all of them.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from forecasting.empirical_bayes import mixture_weights, moderated_scale
from forecasting.series.panel import Array
from forecasting.skill_counts import Counts, Positions, log_odds_index, market_movement

_ABSENT: Final = 1e6
"""Variance of a block that says nothing."""
_LEAST_SCALE: Final = 1e-6
_LEAST_FREEDOM: Final = 2
_ENOUGH: Final = 500
"""Skills that tell the pooled variances well enough."""
_PACES: Final = (0.0, 0.25, 1.0, 4.0, 16.0)
"""Times the pooled variance of drift and wandering: from skills that stand still to those that move most."""
_USUAL: Final = _PACES.index(1.0)
_SLOWEST, _FASTEST = -4.0, 6.0
"""Return of the level a year, log: slower than by half in 40 years looks like none."""
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
        Of a year's wandering of the level, as far as it does not go back.
    reversion : float
        Rate a year at which the level goes back to its mean.
    season, shock : float
        Of a time of the year, and of one occupation's wording in one block: neither lasts.
    sampling : float
        Of a count over that of independent ads: 1 or more.
    """

    drift: float
    walk: float
    reversion: float
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
    probability : ndarray
        That the coming change goes the way of its mean: one less the local false sign rate.
    moved : ndarray
        The coming change if every skill were of the usual pace: what the past is judged by.
    noise : ndarray
        Standard deviation that `moved` has where the level never moved.
    gain : ndarray
        What `moved` is on average where the level drifts steadily by 1 over the same years: it is shrunk.
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
    probability: Array
    moved: Array
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
    Index = level of its segment + drift × time + wandering + season + shocks + counting noise, the level
    fixed, the others normal with pooled variances (REML). Wandering goes back to its mean (Ornstein and
    Uhlenbeck), so that a recent jump is not all carried on. Skills are of several paces, drift and wandering
    times `_PACES`, whose shares are those most likely (Stephens 2017, doi 10.1093/biostatistics/kxw041). The
    coming change is the mean over paces of the best linear unbiased prediction: empirical Bayes, so that a
    skill with few ads is drawn to no change. A skill's own scale is shrunk to that of all (Smyth 2004, doi
    10.2202/1544-6115.1027), so that t statistics have honest tails.
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
    nothing = Variances(0.0, 0.0, 1.0, 0.0, 0.0, 1.0)
    found = variances(seen.some(_ENOUGH)) if told.any() else nothing
    change, spread, probability, moved, noise, gain, whole = np.full((7, len(told)), np.nan)
    figures = (change, spread, probability, moved, noise, gain, whole)
    if told.any():
        for figure, values in zip(figures, _over_paces(seen, found, freedom[told], ahead), strict=True):
            figure[told] = values
    return Trends(change, spread, probability, moved, noise, gain, whole, index, market, found)


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
    """Return the covariance of what lasts: drift, and wandering about its mean."""
    since = times - times[0]
    apart = np.abs(np.subtract.outer(since, since))
    wandering = found.walk / (2 * found.reversion) * np.exp(-found.reversion * apart)
    return np.asarray(found.drift * np.outer(since, since) + wandering)


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
    free = np.array([True, True, True, True, span >= _DRIFT_YEARS, seasonal])
    start = np.array([-4.0, 0.0, -5.0, 0.0, -5.0, -6.0])

    def read(logs: Array) -> Variances:
        every = np.full(len(free), -np.inf)
        every[free] = np.clip(logs, -14, _FASTEST)
        every[1] = max(every[1], _SLOWEST)
        walk, reversion, shock, sampling, drift, season = np.exp(every).tolist()
        return Variances(drift, walk, reversion, season, shock, 1 + sampling)

    def deviance(logs: Array) -> float:
        projection, constant = _projection(seen, read(logs))
        return float((constant + np.einsum("kt,kts,ks->k", seen.index, projection, seen.index)).sum())

    simplex = np.vstack([start[free], start[free] + 3 * np.eye(int(free.sum()))])
    options = {"xatol": 0.1, "fatol": 1.0, "maxfev": 400, "initial_simplex": simplex}
    return read(optimize.minimize(deviance, simplex[0], method="Nelder-Mead", options=options).x)


@dataclass(frozen=True)
class _Predicted:
    """What skills of one pace would do; arrays of shape (skills,), deviations for a scale of 1.

    ``squares`` is y'Py, ``constant`` minus twice the REML without it.
    """

    change: Array
    spread: Array
    noise: Array
    gain: Array
    squares: Array
    constant: Array


def _predicted(seen: _Seen, found: Variances, ahead: float) -> _Predicted:
    """Return the coming change, its deviation, that without change, the gain, and the fit."""
    times = seen.counts.times
    block = np.diff(times).min()
    coming = times[-1] + block * np.arange(1, 1 + round(ahead / block))
    every = np.concatenate([times, coming])
    lately = times > times[-1] - ahead + 1e-6
    contrast = np.concatenate([lately / -lately.sum(), np.full(len(coming), 1 / len(coming))])
    moving = _moving(every, found)
    projection, constant = _projection(seen, found)
    reach = moving[: len(times)] @ contrast
    weights = np.einsum("s,kst->kt", reach, projection)
    change = (weights * seen.index).sum(axis=1)
    spread = contrast @ moving @ contrast - weights @ reach
    noise = np.einsum("ks,kst,kt->k", weights, _passing(seen, found), weights)
    squares = np.einsum("kt,kts,ks->k", seen.index, projection, seen.index)
    gain = (weights * seen.usable) @ ((times - times[0]) / ahead)
    spread, noise = np.sqrt(np.maximum(spread, 0)), np.sqrt(np.maximum(noise, 0))
    return _Predicted(change, spread, noise, gain, squares, constant)


def _over_paces(seen: _Seen, found: Variances, freedom: NDArray[np.int64], ahead: float) -> tuple[Array, ...]:
    """Return ``change, spread, probability, moved, noise, gain, freedom``, (skills,) each."""
    each = [
        _predicted(seen, replace(found, drift=pace * found.drift, walk=pace * found.walk), ahead)
        for pace in _PACES
    ]
    usual = each[_USUAL]
    scale, prior, middle = moderated_scale(usual.squares / freedom, freedom)
    whole = prior + freedom
    squares = prior * middle + np.stack([one.squares for one in each])
    constant = np.stack([one.constant for one in each])
    fit = -constant / 2 - whole / 2 * np.log(np.maximum(squares, _LEAST_SCALE))
    weight = mixture_weights(fit)
    change = np.stack([one.change for one in each])
    spread = np.stack([one.spread for one in each]) * np.sqrt(squares / whole)
    mean = (weight * change).sum(axis=0)
    variance = (weight * (spread**2 + (change - mean) ** 2)).sum(axis=0)
    # A skill that stands still goes neither way, but for a change too small to matter: a toss-up.
    up = stats.t.cdf(np.divide(change, spread, out=np.zeros_like(change), where=spread > 1e-9), whole)
    rising = (weight * up).sum(axis=0)
    probability = np.where(mean > 0, rising, 1 - rising)
    root = np.sqrt(scale)
    figures = (mean, np.sqrt(variance), probability, usual.change, usual.noise * root, usual.gain, whole)
    return tuple(np.asarray(figure, dtype=float) for figure in figures)


def chance_of_no_change(trends: Trends, least: float) -> Array:
    """Return the p-value that the level never drifted by more than `least`, either way; NaN where unknown.

    McCarthy & Smyth 2009 (TREAT, doi 10.1093/bioinformatics/btp053): with many ads a change of no importance
    is still significant against zero.
    """
    size, noise, bound = np.abs(trends.moved), np.maximum(trends.noise, 1e-12), least * trends.gain
    near = stats.t.sf((size - bound) / noise, trends.freedom)
    return np.asarray(np.minimum(near + stats.t.sf((size + bound) / noise, trends.freedom), 1.0))
