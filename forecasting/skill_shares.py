"""Shares of ads that ask a skill, and how they move: levels in log-odds, with a movement that skills share.

The share of an occupation's ads that ask a skill has log-odds a(occupation, skill, year) + f(skill, year),
beside binomial error and a wave that passes. What all occupations of a skill have in common, f, moves with a
slope that dies out (METHOD.md section 10.3). What an occupation shows alone may be movement or a wave: who
advertises differs from year to year and comes back to usual, what jobs ask does not. How changes grow with
the years between tells them apart. A forecast of ads keeps what is left of the wave; a profile does not.
Where ads are few the level leans on the occupation's group, and slopes lean on zero (empirical Bayes).

Times are years from the middle of the last year of ads: 0 is the base year, below it lies the past.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.series.level_and_wave import JITTER, Smoothed, Wave, noise, smooth
from forecasting.series.panel import Array
from forecasting.series.pooled_drift import pooled
from forecasting.skill_mentions import Codes, Counts

NAIVE: Final = "naive"
MEAN: Final = "mean"
MEAN_YEARS: Final = 3
"""Latest years of ads that are averaged: the share that stays, robust to one bad crop."""

_SWEEPS: Final = 4
"""Rounds in which levels, noise and slopes settle on each other."""
_LARGEST_STEP: Final = 1.5
"""Log points by which one round may move a level: a count of a rare skill would throw it far."""
_VAGUE: Final = 25.0
"""Variance of a level of which no group tells anything."""
_BOUND: Final = 12.0
"""Log-odds that a fitted level does not exceed."""
_CERTAIN: Final = 40.0
"""Log-odds that stand for a share of exactly 0 or 1."""


@dataclass(frozen=True)
class Levels:
    """Log-odds of every pair in every year, and where they go.

    Parameters
    ----------
    mean, variance : ndarray of shape (pairs, years)
        Of the level, given all counts.
    link : ndarray of shape (pairs, years)
        Regression of a year's level on the last one's: how they are mistaken together.
    slope : ndarray of shape (pairs,)
        Log points a year, expected next.
    damping : float
        Share of a year's drift that is left the year after.
    crest : ndarray of shape (pairs,)
        The wave of the last year.
    wave : Wave
    movement : float
        Variance of what an occupation's level moves in a year beside its skill's.
    """

    mean: Array
    variance: Array
    link: Array
    slope: Array
    damping: float
    crest: Array
    wave: Wave
    movement: float

    def of_ads(self, time: float) -> Array:
        """Return the log-odds that ads will show at a time ahead, shape (pairs,)."""
        return np.asarray(self.at(time) + self.crest * self.wave.left**time)

    def at(self, time: float) -> Array:
        """Return the expected log-odds at a time, shape (pairs,)."""
        if time > 0:
            return np.asarray(self.mean[:, -1] + self.slope * damped_sum(self.damping, time))
        return self._between(self.mean, time)

    def spread_at(self, time: float) -> tuple[Array, Array]:
        """Return variance and link of the level at a time in the past, each of shape (pairs,)."""
        return self._between(self.variance, time), self._between(self.link, time)

    def _between(self, values: Array, time: float) -> Array:
        """Return the figures of a past moment between two years; before the first year, its own."""
        place = max(values.shape[1] - 1 + time, 0.0)
        low = int(place)
        if place == low:
            return values[:, low]
        return np.asarray(values[:, low] + (place - low) * (values[:, low + 1] - values[:, low]))


Method = Callable[[Counts], Levels]


def damped_sum(damping: float, time: float) -> float:
    """Return φ⁰ + φ¹ + …, one term a year, the last for the part of a year that is left.

    Examples
    --------
    >>> damped_sum(0.5, 2.0), damped_sum(0.5, 2.5), damped_sum(0.0, 3.0)
    (1.5, 1.625, 0.0)
    """
    if damping <= 0:
        return 0.0
    whole = int(time)
    return float(sum(damping**year for year in range(whole)) + (time - whole) * damping**whole)


def share_methods(damping: Mapping[str, float]) -> dict[str, Method]:
    """Return by name the methods that forecast shares: two that stay, and the moving ones of `damping`."""
    moving = {name: _moving(left) for name, left in damping.items()}
    return {
        NAIVE: lambda counts: staying(counts, 1),
        MEAN: lambda counts: staying(counts, MEAN_YEARS),
        **moving,
    }


def _moving(damping: float) -> Method:
    return lambda counts: damped(smoothed(counts), damping)


def damped(levels: Levels, damping: float) -> Levels:
    """Return the same levels with slopes that die out at another pace; none at 0."""
    kept = levels.slope if damping > 0 else np.zeros_like(levels.slope)
    return Levels(
        levels.mean, levels.variance, levels.link, kept, damping, levels.crest, levels.wave, levels.movement
    )


def staying(counts: Counts, years: int) -> Levels:
    """Take the share of the latest years as it is, in every year, and let it stay.

    A year without ads repeats the one before; before the first ads, the first share holds.
    """
    shares = np.full(counts.ads.shape, np.nan)
    for year in range(counts.ads.shape[1]):
        recent = slice(max(year + 1 - years, 0), year + 1)
        given = counts.ads[:, recent].sum(axis=1)
        asked = counts.mentions[:, recent].sum(axis=1)
        earlier = shares[:, year - 1] if year else np.full(len(given), np.nan)
        shares[:, year] = np.divide(asked, given, out=earlier.copy(), where=given > 0)
    for year in range(counts.ads.shape[1] - 2, -1, -1):
        shares[:, year] = np.where(np.isnan(shares[:, year]), shares[:, year + 1], shares[:, year])
    with np.errstate(divide="ignore"):
        odds = np.clip(np.log(shares) - np.log1p(-shares), -_CERTAIN, _CERTAIN)
    none = np.zeros(len(odds))
    return Levels(odds, np.zeros_like(odds), np.ones_like(odds), none, 0.0, none, Wave(0.0, 0.0), 0.0)


def smoothed(counts: Counts) -> Levels:
    """Fit levels and slopes to the counts, all pairs at once.

    Kalman filter and smoother of a local level whose counts enter by their score (working responses, as in
    iteratively reweighted least squares; Durbin and Koopman 2012, chapter 10), with moments of the
    changes for the movement and for what a year's ads have in common.
    """
    centre, deviation = _group_levels(counts)
    level = np.repeat((centre + _first_guess(counts, centre, deviation))[:, None], len(counts.years), axis=1)
    level, path = level - counts.shift, np.zeros_like(level)
    wave, slope = Wave(0.0, 0.0), np.zeros(int(counts.skill.max()) + 1)
    for _ in range(_SWEEPS):
        response, error = _responses(counts, level)
        common, slope = _common_path(response, error + wave.variance, path, slope, counts.skill)
        path = common.level[counts.skill]
        movement, wave = noise(response - path, error)
        own = smooth(response - path, error, np.zeros(len(level)), movement, wave, centre, deviation)
        seen = own.level + own.crest + path - counts.shift
        step = np.clip(seen - level, -_LARGEST_STEP, _LARGEST_STEP)
        level = np.clip(level + step, -_BOUND, _BOUND)
    whole = own.plus(common, counts.skill)
    before = np.arange(len(counts.years)) < _first_year(counts)[:, None]
    mean, variance, link = (_backfilled(each, before) for each in (whole.level, whole.variance, whole.link))
    return Levels(mean, variance, link, slope[counts.skill], 1.0, whole.crest[:, -1], wave, movement)


def _common_path(
    response: Array, error: Array, path: Array, slope: Array, skill: Codes
) -> tuple[Smoothed, Array]:
    """Return what the occupations of each skill have in common, by year, and its slope, log points a year.

    Parameters
    ----------
    path : ndarray of shape (pairs, years)
        The common path found before; with it each pair's own mean is freed of when it had ads.
    slope : ndarray of shape (skills,)
        The slopes found before: one unseen is taken for movement at first.
    """
    weight = 1 / error
    total = np.maximum(weight.sum(axis=1, keepdims=True), JITTER)
    own = (weight * (response - path)).sum(axis=1, keepdims=True) / total
    above, below = (np.zeros((int(skill.max()) + 1, response.shape[1])) for _ in range(2))
    np.add.at(above, skill, weight * (response - own))
    np.add.at(below, skill, weight)
    known = below > 0
    mean = np.divide(above, below, out=np.zeros_like(above), where=known)
    spread = np.divide(1.0, below, out=np.full_like(below, np.inf), where=known)
    years = np.arange(response.shape[1], dtype=float)
    movement, wave = noise(mean - slope[:, None] * years, spread)
    slope = _slopes(mean, spread + wave.variance, movement)
    start = -slope * (response.shape[1] - 1) / 2
    return smooth(mean, spread, slope, movement, wave, start, _VAGUE), slope


def shares_of(odds: Array) -> Array:
    """Return shares from log-odds; exactly 0 and 1 at the ends.

    Examples
    --------
    >>> shares_of(np.array([-40.0, 0.0, 40.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    share = 1 / (1 + np.exp(-odds))
    return np.asarray(np.where(odds <= -_CERTAIN, 0.0, share))


def _first_year(counts: Counts) -> Array:
    """Return the number of the first year in which each pair could be asked."""
    return np.asarray((counts.ads > 0).argmax(axis=1))


def _backfilled(values: Array, before: NDArray[np.bool_]) -> Array:
    """Give the years before the first one its figures: what a skill was before it was listed is not known."""
    first = before.sum(axis=1)
    return np.where(before, values[np.arange(len(values)), first][:, None], values)


def _group_levels(counts: Counts) -> tuple[Array, float]:
    """Return the log-odds of each pair's group over all years, and the variance of pairs around them."""
    ads, mentions = counts.ads.sum(axis=1), counts.mentions.sum(axis=1)
    given = np.bincount(counts.group, ads)[counts.group]
    asked = np.bincount(counts.group, mentions)[counts.group]
    centre = np.log((asked + 0.5) / (given - asked + 0.5))
    share = 1 / (1 + np.exp(-centre))
    error = 1 / np.maximum(ads * share * (1 - share), 1e-9)
    own = np.log((mentions + 0.5) / (ads - mentions + 0.5))
    lonely = np.bincount(counts.group)[counts.group] < 2
    weight = np.where(lonely | (error > 1), 0.0, 1 / (1 + error) ** 2)
    if weight.sum() <= 0:
        return centre, _VAGUE
    excess = (weight * ((own - centre) ** 2 - error)).sum() / weight.sum()
    return centre, float(np.clip(excess, 1e-4, _VAGUE))


def _first_guess(counts: Counts, centre: Array, deviation: float) -> Array:
    """Return how far each pair lies from its group by all its counts, shrunk to it, in log-odds."""
    ads, mentions = counts.ads.sum(axis=1), counts.mentions.sum(axis=1)
    share = 1 / (1 + np.exp(-centre))
    strength = 1 / np.maximum(deviation * share * (1 - share), 1e-9)
    guess = (mentions + strength * share) / (ads + strength)
    guess = np.clip(guess, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(guess / (1 - guess)) - centre)


def _responses(counts: Counts, level: Array) -> tuple[Array, Array]:
    """Return what each count says of its level, on the source of the last year, and its binomial variance."""
    share = 1 / (1 + np.exp(-level))
    information = counts.ads * share * (1 - share)
    surprise = np.divide(
        counts.mentions - counts.ads * share,
        information,
        out=np.zeros_like(level),
        where=information > 0,
    )
    error = np.divide(1.0, information, out=np.full_like(level, np.inf), where=information > 0)
    return level + counts.shift + surprise, error


def _slopes(response: Array, error: Array, movement: float) -> Array:
    """Return each row's slope, shrunk to zero by what all of them show, log points a year."""
    information = 1 / (error + movement)
    years = np.arange(response.shape[1], dtype=float)
    total = np.maximum(information.sum(axis=1, keepdims=True), 1e-300)
    centred = years - (information * years).sum(axis=1, keepdims=True) / total
    below = (information * centred**2).sum(axis=1, keepdims=True)
    weight = information * centred / np.where(below > 0, below, 1)
    slope = (weight * response).sum(axis=1)
    after = np.cumsum(weight[:, ::-1], axis=1)[:, -2::-1]
    seen = np.where(np.isfinite(error), error, 0.0)
    own = (weight**2 * seen).sum(axis=1) + movement * (after**2).sum(axis=1)
    enough = (np.isfinite(error).sum(axis=1) >= MEAN_YEARS) & (below[:, 0] > 0)
    return pooled(np.where(enough, slope, 0.0), np.where(enough, own, np.inf), np.arange(len(slope)))
