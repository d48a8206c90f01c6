"""Allocation under resampled weights: the interval of every amount, and the probability of every rank.

The same rule as `forecasting.funding.waterfill`, in floating point and for all resamples at once: an interval
needs no exact cents (METHOD.md section 8.6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InputError, Problem
from forecasting.funding.applications import Applications, GroupCaps, problems
from forecasting.funding.nesting import NO_GROUP
from forecasting.series.panel import Array

CELLS_AT_ONCE: Final = 2_000_000
"""Resamples × applications that are solved together: what bounds the memory."""

DECILES: Final = 10


def resampled_amounts(budget: int, applications: Applications, weights: Array) -> Array:
    """Return what each application gets under each resample of the weights.

    Parameters
    ----------
    budget : int
        Cents.
    applications : Applications
        Their own weights are not used.
    weights : ndarray of shape (resamples, applications)
        Finite and at least 0.

    Returns
    -------
    ndarray of shape (resamples, applications)
        Cents before rounding.

    Raises
    ------
    InputError
        If an input cannot be used; of weights the first resample that has one.
    """
    if not len(weights):
        remedy = "give at least one resample of the weights"
        raise InputError([Problem("resampled weights", "no resample", "one or more", remedy)])
    wrong = ~(np.isfinite(weights) & (weights >= 0)).all(axis=1)
    shown = weights[int(np.argmax(wrong))]
    given = Applications(applications.ids, shown, applications.floors, applications.caps, applications.groups)
    found = problems(budget, given, "resampled applications")
    if found:
        raise InputError(found)
    floors, caps = applications.floors.astype(float), applications.caps.astype(float)
    binding = [limit for group in applications.groups for limit in _limits(group, caps)]
    size = max(1, CELLS_AT_ONCE // max(1, weights.shape[1]))
    parts = [
        _amounts(budget, weights[start : start + size], floors, caps, binding)
        for start in range(0, len(weights), size)
    ]
    return np.concatenate(parts)


def _limits(group: GroupCaps, caps: Array) -> list[tuple[NDArray[np.int64], float]]:
    """Return the members and the limit of each group that can bind: others need no solving."""
    labels = np.array(list(group.labels), dtype=object)
    order = np.argsort(labels, kind="stable")
    names, starts = np.unique(labels[order], return_index=True)
    found = []
    for label, rows in zip(names.tolist(), np.split(order, starts[1:]), strict=True):
        cap = None if label == NO_GROUP else group.caps[label]
        if cap is not None and caps[rows].sum() > cap:
            found.append((rows, float(cap)))
    return found


def _amounts(
    budget: int, weights: Array, floors: Array, caps: Array, limits: Sequence[tuple[NDArray[np.int64], float]]
) -> Array:
    """Return amounts of some resamples: a group at its limit lowers the caps of its members."""
    high = np.where(weights > 0, caps, floors)
    for rows, limit in limits:  # innermost first
        high[:, rows] = fill_rows(limit, weights[:, rows], floors[rows], high[:, rows])
    return fill_rows(float(budget), weights, floors, high)


def fill_rows(amount: float, weights: Array, low: Array, high: Array) -> Array:
    """Return ``clip(λ·weight, low, high)`` of each row, with the λ at which the row sums to the amount.

    Parameters
    ----------
    amount : float
        The same for all rows; a row whose caps take less is at its caps.
    weights, high : ndarray of shape (rows, cells)
    low : ndarray of shape (cells,)

    Examples
    --------
    >>> fill_rows(100.0, np.array([[1.0, 1.0, 2.0]]), np.zeros(3), np.array([[10.0, 100.0, 100.0]])).tolist()
    [[10.0, 30.0, 60.0]]
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rises, stops = low / weights, high / weights
    moving = (weights > 0) & (high > low)
    if not moving.any():
        return np.broadcast_to(low, high.shape).clip(None, high)
    bends = np.where(np.hstack([moving, moving]), np.hstack([rises, stops]), np.inf)
    order = np.argsort(bends, axis=1)
    levels = np.take_along_axis(bends, order, axis=1)
    steps = np.where(moving, weights, 0.0)
    rising = np.cumsum(np.take_along_axis(np.hstack([steps, -steps]), order, axis=1), axis=1)
    known = np.isfinite(levels)
    widths = np.diff(np.where(known, levels, 0.0), axis=1, prepend=0.0)
    gained = np.cumsum(np.where(known[:, 1:], rising[:, :-1] * widths[:, 1:], 0.0), axis=1)
    reached = low.sum() + np.hstack([np.zeros((len(weights), 1)), gained])
    before = np.maximum((reached < amount).sum(axis=1) - 1, 0)[:, None]
    after = np.minimum(before + 1, levels.shape[1] - 1)
    middle = _between(np.take_along_axis(levels, before, axis=1), np.take_along_axis(levels, after, axis=1))
    return _settled(amount, weights, low, high, middle)


def _between(below: Array, above: Array) -> Array:
    """Return a level between two bends; beyond the last, infinity."""
    return np.where(np.isinf(above), np.inf, below / 2 + above / 2)


def _settled(amount: float, weights: Array, low: Array, high: Array, near: Array) -> Array:
    """Return the amounts, with λ from those that are between floor and cap near a level: no cancellation."""
    with np.errstate(invalid="ignore", over="ignore"):
        asked = np.where(weights > 0, near * weights, 0.0)
    free = (asked > low) & (asked < high)
    clipped = np.clip(asked, low, high)
    rising = np.where(free, weights, 0.0)
    fixed, total = np.where(free, 0.0, clipped).sum(axis=1), rising.sum(axis=1)
    level = np.divide(amount - fixed, total, out=np.zeros(len(weights)), where=total > 0)[:, None]
    return np.where(free, np.clip(level * rising, low, high), clipped)


def probability_of_top(values: Array, places: float) -> Array:
    """Return how probably each application is among the greatest; probabilities sum to the places.

    Parameters
    ----------
    values : ndarray of shape (resamples, applications)
        Amounts or weights; equal ones share their places.
    places : float
        How many count as top.

    Examples
    --------
    >>> probability_of_top(np.array([[3.0, 1.0, 1.0], [3.0, 2.0, 1.0]]), 2).tolist()
    [1.0, 0.75, 0.25]
    """
    above, tied = _ranks(values)
    return np.clip((places - above) / tied, 0.0, 1.0).mean(axis=0)


def probability_of_deciles(values: Array) -> Array:
    """Return how probably each application is in each tenth of the ranks, the greatest first.

    Returns
    -------
    ndarray of shape (applications, 10)
        Rows sum to 1.
    """
    above, tied = _ranks(values)
    borders = np.linspace(0, values.shape[1], DECILES + 1)
    reached = [np.clip((border - above) / tied, 0.0, 1.0).mean(axis=0) for border in borders]
    return np.diff(np.array(reached), axis=0).T


def _ranks(values: Array) -> tuple[Array, Array]:
    """Return how many are above each, and how many are equal to it, itself included."""
    above, tied = np.empty(values.shape), np.empty(values.shape)
    for row, own in enumerate(values):
        order = np.argsort(own)
        ranked = own[order]
        first = np.flatnonzero(np.append(len(own) > 0, ranked[1:] != ranked[:-1]))
        sizes = np.diff(first, append=len(own))
        above[row, order] = np.repeat(len(own) - first - sizes, sizes)
        tied[row, order] = np.repeat(sizes, sizes)
    return above, tied


@dataclass(frozen=True)
class Spread:
    """How far amounts move under resampling; arrays of shape (applications,).

    Parameters
    ----------
    low, middle, high : ndarray
        Quantiles of the amount, cents.
    top : ndarray
        Probability of being among the greatest.
    deciles : ndarray of shape (applications, 10)
        Probability of each tenth of the ranks, the greatest first.
    """

    low: Array
    middle: Array
    high: Array
    top: Array
    deciles: Array


def spread(amounts: Array, interval: tuple[float, float], places: int) -> Spread:
    """Return the interval of each amount and the probability of its rank.

    Parameters
    ----------
    amounts : ndarray of shape (resamples, applications)
        Cents.
    interval : tuple of float
        Probabilities of its ends.
    places : int
        How many count as top.
    """
    low, middle, high = np.quantile(amounts, [interval[0], 0.5, interval[1]], axis=0)
    return Spread(low, middle, high, probability_of_top(amounts, places), probability_of_deciles(amounts))
