"""The shares nearest to proportion that keep conditions on groups which may overlap.

Least Σ x² / weight within floors, caps, limits and conditions. Without conditions that is water-filling:
``clip(λ·weight, floor, cap)``. With them every unit of weight gets the programme's level λ and a premium for
each condition that its application is in, ``clip((λ + Σ premiums)·weight, floor, cap)``: above zero for a
least amount that is short without it, below zero for a largest one that is passed. Premiums are found by
Newton's method on the dual problem, which is concave and quadratic in pieces. In floating point: whole cents
are settled afterwards (`forecasting.funding.conditioned`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.funding.nesting import NO_GROUP
from forecasting.series.panel import Array

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

PROGRAMME: Final = -1
"""Holder of the applications that the programme's level decides."""
_NOBODY: Final = -2
_MOST_STEPS: Final = 60
_MOST_HALVINGS: Final = 50
_LEVEL_STEPS: Final = 100
_CLOSE: Final = 1e-3
"""Cents within which a condition is kept; whole cents are settled afterwards."""


@dataclass(frozen=True)
class Segments:
    """The limits of one grouping that can bind, all at once.

    Parameters
    ----------
    rows : ndarray of int, shape (members,)
        Positions of the members, group after group.
    group : ndarray of int, shape (members,)
        Number of each member's group, from 0.
    limit : ndarray of shape (groups,)
        Cents.
    """

    rows: Ints
    group: Ints
    limit: Array

    @classmethod
    def of(cls, labels: Sequence[str], caps: dict[str, float], high: Array) -> "Segments":
        """Return the limits below what the members' own caps take."""
        names, number = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
        limit = np.array([np.inf if name == NO_GROUP else caps.get(name, np.inf) for name in names])
        binding = np.bincount(number, high, len(names)) > limit
        rows = np.flatnonzero(binding[number])
        rows = rows[np.argsort(number[rows], kind="stable")]
        _, group = np.unique(number[rows], return_inverse=True)
        return cls(rows.astype(np.int64), group.astype(np.int64), limit[binding])


@dataclass(frozen=True)
class Demands:
    """What is to be divided, over whom, and the conditions as one-sided bounds.

    Parameters
    ----------
    amount : float
        Cents; attainable within bounds and conditions.
    weights, low, high : ndarray of shape (applications,)
    kind : ndarray of int, shape (applications,)
        Applications of one kind are in the same conditions.
    member : ndarray of bool, shape (conditions, kinds)
    sign : ndarray of shape (conditions,)
        1 where the bound is a least amount, −1 where it is a largest one.
    bound : ndarray of shape (conditions,)
        Cents.
    limits : tuple of Segments
        Innermost first.
    """

    amount: float
    weights: Array
    low: Array
    high: Array
    kind: Ints
    member: Mask
    sign: Array
    bound: Array
    limits: tuple[Segments, ...] = ()


@dataclass(frozen=True)
class Closest:
    """The shares nearest to proportion.

    Parameters
    ----------
    shares : ndarray of shape (applications,)
        Cents.
    premiums : ndarray of shape (conditions,)
        Cents a unit of weight, at least 0; of a largest amount what its members get less.
    kept : bool
        Whether every condition is kept.
    """

    shares: Array
    premiums: Array
    kept: bool


def kinds_of(member: Mask) -> tuple[Mask, Ints]:
    """Return the kinds of applications by the conditions that they are in, and the kind of each.

    Parameters
    ----------
    member : ndarray of bool, shape (conditions, applications)

    Returns
    -------
    kinds : ndarray of bool, shape (conditions, kinds)
    kind : ndarray of int, shape (applications,)
    """
    if not len(member):
        return np.zeros((0, 1), dtype=bool), np.zeros(member.shape[1], dtype=np.int64)
    kinds, kind = np.unique(member, axis=1, return_inverse=True)
    return kinds, kind.ravel().astype(np.int64)


def closest(asked: Demands, start: Array | None = None) -> Closest:
    """Return the shares nearest to proportion that keep the conditions.

    Parameters
    ----------
    start : ndarray of shape (conditions,), optional
        Premiums to begin the search at.
    """
    whole = float(asked.weights.sum())
    if asked.amount <= 0 or whole <= 0:  # nothing moves
        return Closest(asked.low.copy(), np.zeros(len(asked.bound)), kept=not len(asked.bound))
    unit = asked.amount / whole  # so that levels are about one
    scaled = Demands(**{**asked.__dict__, "weights": asked.weights * unit})
    count = len(asked.bound)
    premiums = np.zeros(count) if start is None else start / unit
    shares, holder, value = _inner(scaled, premiums)
    close = max(_CLOSE, 1e-13 * asked.amount)
    kept = False
    for _ in range(_MOST_STEPS):
        short = scaled.sign * (
            scaled.bound - scaled.member @ np.bincount(scaled.kind, shares, scaled.member.shape[1])
        )
        moving = (premiums > 0) | (short > 0)
        kept = bool((short <= close).all())
        if kept and bool((np.abs(short[premiums > 0]) <= close).all()):
            break
        step = np.zeros(count)
        step[moving] = _newton(
            _curvature(scaled, holder)[np.ix_(moving, moving)], short[moving], asked.amount
        )
        length = 1.0
        for _ in range(_MOST_HALVINGS):
            tried = np.maximum(premiums + length * step, 0.0)
            found = _inner(scaled, tried)
            if found[2] >= value + 1e-4 * float(short @ (tried - premiums)) - 1e-13 * abs(value):
                break
            length /= 2
        if np.array_equal(tried, premiums):
            break
        premiums, (shares, holder, value) = tried, found
    return Closest(shares, premiums * unit, kept)


def _newton(curvature: Array, short: Array, scale: float) -> Array:
    """Return the Newton step; where nothing bends a small ridge makes it long, and halving shortens it."""
    ridged = curvature + 1e-9 * scale * np.eye(len(short))
    return np.asarray(np.linalg.solve(ridged, short))


def _inner(asked: Demands, premiums: Array) -> tuple[Array, Ints, float]:
    """Return the shares under given premiums, who holds each between floor and cap, and the dual value."""
    extra = ((asked.sign * premiums) @ asked.member)[asked.kind]
    high = np.where(asked.weights > 0, asked.high, asked.low)
    holder = np.full(len(high), _NOBODY, dtype=np.int64)
    first = 0
    for limits in asked.limits:
        high, holder = _held(limits, asked, extra, high, holder, first)
        first += len(limits.limit)
    level = level_at(asked.amount, asked.weights, extra, asked.low, high)
    wanted = asked.weights * (level + extra)
    shares = np.clip(wanted, asked.low, high)
    holder = np.where(
        (wanted > asked.low) & (wanted < high), PROGRAMME, np.where(wanted >= high, holder, _NOBODY)
    )
    inverse = np.divide(1.0, asked.weights, out=np.zeros_like(shares), where=asked.weights > 0)
    value = float((shares * (0.5 * shares * inverse - extra)).sum() + (asked.sign * premiums) @ asked.bound)
    return shares, holder, value


def level_at(amount: float, weights: Array, extra: Array, low: Array, high: Array) -> float:
    """Return λ at which ``clip((λ + extra)·weight, low, high)`` sums to an amount, else that of every cap."""
    some = weights > 0
    own, floor, cap = weights[some], low[some], high[some]
    bends_low, bends_high = floor / own - extra[some], cap / own - extra[some]
    bottom, top = float(bends_low.min(initial=0.0)), float(bends_high.max(initial=0.0))
    left = amount - float(low[~some].sum())
    if float(cap.sum()) <= left:
        return top
    level = (bottom + top) / 2
    for _ in range(_LEVEL_STEPS):
        wanted = own * (level + extra[some])
        gap = left - float(np.clip(wanted, floor, cap).sum())
        if abs(gap) <= 1e-13 * amount:
            break
        bottom, top = (level, top) if gap > 0 else (bottom, level)
        rising = float(own[(wanted >= floor) & (wanted <= cap)].sum())
        newton = level + gap / rising if rising > 0 else np.inf
        level = newton if bottom < newton < top else (bottom + top) / 2
    return level


def _held(
    limits: Segments, asked: Demands, extra: Array, high: Array, holder: Ints, first: int
) -> tuple[Array, Ints]:
    """Return caps lowered to what each group's limit lets its members have, and who so holds them."""
    if not len(limits.limit):
        return high, holder
    rows, group, count = limits.rows, limits.group, len(limits.limit)
    own, low, cap, more = asked.weights[rows], asked.low[rows], high[rows], extra[rows]
    inverse = np.divide(1.0, own, out=np.zeros_like(own), where=own > 0)
    bottom, top = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(bottom, group, low * inverse - more)
    np.maximum.at(top, group, cap * inverse - more)
    full = np.bincount(group, cap, count) <= limits.limit
    for _ in range(_LEVEL_STEPS):
        level = (bottom + top) / 2
        over = np.bincount(group, np.clip(own * (level[group] + more), low, cap), count) > limits.limit
        bottom, top = np.where(over, bottom, level), np.where(over, level, top)
    wanted = own * (((bottom + top) / 2)[group] + more)
    free = (wanted > low) & (wanted < cap) & ~full[group]
    given = np.where(full[group], cap, np.clip(wanted, low, cap))
    rest = limits.limit - np.bincount(group, np.where(free, 0.0, given), count)  # no cancellation
    whole = np.bincount(group, np.where(free, given, 0.0), count)
    factor = np.divide(rest, whole, out=np.ones(count), where=whole > 0)
    given = np.where(free, np.clip(given * factor[group], low, cap), given)
    high, holder = high.copy(), holder.copy()
    high[rows] = given
    holder[rows] = np.where(
        free, first + group, np.where(full[group] | (wanted >= cap), holder[rows], _NOBODY)
    )
    return high, holder


def _curvature(asked: Demands, holder: Ints) -> Array:
    """Return how fast the conditions' amounts rise with premiums, shape (conditions, conditions).

    Whoever the same level holds shares one amount: what one gets more, the others get less.
    """
    kinds = asked.member.shape[1]
    moving = holder != _NOBODY
    names, number = np.unique(holder[moving], return_inverse=True)
    flat = np.bincount(number * kinds + asked.kind[moving], asked.weights[moving], len(names) * kinds)
    by = flat.reshape(len(names), kinds)
    whole = by.sum(axis=1)
    own = np.diag(by.sum(axis=0)) - (by / np.where(whole > 0, whole, 1.0)[:, None]).T @ by
    signed = asked.sign[:, None] * asked.member
    return np.asarray(signed @ own @ signed.T)
