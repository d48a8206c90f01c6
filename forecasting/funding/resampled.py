"""Allocation under resampled weights: the interval of every amount, and the probability of every rank.

The same rule as `forecasting.funding.waterfill`, in floating point and for all resamples at once: an interval
needs no exact cents (METHOD.md section 8.6).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
_MOST_STEPS: Final = 200
"""Of the search for a level; halving alone needs no more than a float has places."""
_CLOSE: Final = 1e-12
"""Share of the amount within which a level is found; what is left goes to those between floor and cap."""


def resampled_amounts(
    budget: int, applications: Applications, weights: Array, sizes: Array | None = None
) -> Array:
    """Return what each application gets under each resample of the weights.

    Parameters
    ----------
    budget : int
        Cents.
    applications : Applications
        Their own weights are not used.
    weights : ndarray of shape (resamples, applications)
        Finite and at least 0.
    sizes : ndarray of shape (applications,), optional
        What each weight is multiplied by; some resamples at once, for the memory.

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
    size = max(1, CELLS_AT_ONCE // max(1, weights.shape[1]))
    blocks = [slice(start, start + size) for start in range(0, len(weights), size)]
    wrong = np.concatenate([~(np.isfinite(weights[at]) & (weights[at] >= 0)).all(axis=1) for at in blocks])
    shown, factor = weights[int(np.argmax(wrong))], 1.0 if sizes is None else sizes
    given = replace(applications, weights=shown * factor)
    found = problems(budget, given, "resampled applications")
    if found:
        raise InputError(found)
    floors, caps = applications.floors.astype(float), applications.caps.astype(float)
    binding = limits_that_bind(applications.groups, caps)
    amounts = np.empty(weights.shape)
    for at in blocks:
        amounts[at] = _amounts(budget, weights[at] * factor, floors, caps, binding)
    return amounts


def limits_that_bind(groups: Sequence[GroupCaps], caps: Array) -> list[tuple[NDArray[np.int64], float]]:
    """Return the members and the limit of each group that can bind, innermost first."""
    return [limit for group in groups for limit in _limits(group, caps)]


def _limits(group: GroupCaps, caps: Array) -> list[tuple[NDArray[np.int64], float]]:
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
    return fill_rows(float(budget), weights, floors, held_caps(weights, floors, caps, limits))


def held_caps(
    weights: Array, floors: Array, caps: Array, limits: Sequence[tuple[NDArray[np.int64], float]]
) -> Array:
    """Return the caps under each resample, lowered where a group is at its limit; shape as `weights`.

    Parameters
    ----------
    limits : sequence
        Of `limits_that_bind`.
    """
    high = np.where(weights > 0, caps, floors)
    for rows, limit in limits:  # innermost first
        high[:, rows] = fill_rows(limit, weights[:, rows], floors[rows], high[:, rows])
    return high


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
    return _settled(amount, weights, low, high, _levels(amount, weights, low, high))


def _levels(amount: float, weights: Array, low: Array, high: Array) -> Array:
    """Return λ of each row, shape (rows, 1); infinity where the caps take no more than the amount.

    Newton's method: what a row gets is piecewise linear in λ, so that it ends on the right piece; where a
    step would leave the bracket, halving it goes on.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        bends = np.where((weights > 0) & (high > low), high / weights, 0.0)
    bottom, top = np.zeros(len(weights)), bends.max(axis=1, initial=0.0)
    full = high.sum(axis=1) <= amount
    level = top / 2
    for _ in range(_MOST_STEPS):
        asked = level[:, None] * weights
        given = np.clip(asked, low, high)
        gap = amount - given.sum(axis=1)
        done = full | (np.abs(gap) <= _CLOSE * amount)
        if done.all():
            break
        rising = np.where(given == asked, weights, 0.0).sum(axis=1)
        bottom, top = np.where(gap > 0, level, bottom), np.where(gap < 0, level, top)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = level + gap / rising
        inside = (newton > bottom) & (newton < top)
        level = np.where(done, level, np.where(inside, newton, bottom / 2 + top / 2))
    return np.where(full, np.inf, level)[:, None]


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
    rank = values.shape[1] - math.ceil(places)  # of the last place, from the least
    if places <= 0 or rank < 0:
        return np.full(values.shape[1], 1.0 if places > 0 else 0.0)
    found = np.zeros(values.shape[1])
    for own in values:
        last = np.partition(own, rank)[rank]
        above, tied = own > last, own == last
        found += above + tied * (places - above.sum()) / tied.sum()
    return found / len(values)


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


def quantiles(amounts: Array, interval: tuple[float, float]) -> Array:
    """Return lower end, median and upper end of each amount, shape (3, applications).

    Some applications at once: a sorted copy of all draws is not needed.
    """
    size = max(1, CELLS_AT_ONCE // len(amounts))
    probabilities = [interval[0], 0.5, interval[1]]
    parts = [
        np.quantile(np.ascontiguousarray(amounts[:, start : start + size].T), probabilities, axis=1)
        for start in range(0, amounts.shape[1], size)
    ]
    return np.concatenate(parts, axis=1)


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
    low, middle, high = quantiles(amounts, interval)
    return Spread(low, middle, high, probability_of_top(amounts, places), probability_of_deciles(amounts))
