"""Amounts under each draw of the weights, with the conditions kept as far as the draw lets them.

A draw may leave members of a condition without weight: they then stay at their floor, and the condition is
kept as nearly as the others can. How often each was kept is told. Limits of law that cross classes stay split
as in the published allocation.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from forecasting.errors import InputError
from forecasting.funding.applications import Applications
from forecasting.funding.closest import Demands, closest, kinds_of
from forecasting.funding.linear import Condition, best_value
from forecasting.funding.resampled import CELLS_AT_ONCE, fill_rows, held_caps, limits_that_bind
from forecasting.series.panel import Array

_MISSED: Final = 1.0
"""Cents beyond which a condition is not kept in a draw."""


def amounts_under(
    budget: int, split: Applications, weights: Array, conditions: Sequence[Condition], values: Array | None
) -> tuple[Array, dict[str, float]]:
    """Return the cents of each application under each draw, and how often each condition is kept.

    Parameters
    ----------
    split : Applications
        Of `forecasting.funding.conditioned.Conditioned`: their own weights are not used.
    weights : ndarray of shape (draws, applications)
    values : ndarray of shape (draws, applications), or None
        Value of a cent: each draw is then divided for most value, else nearest to proportion.

    Returns
    -------
    amounts : ndarray of shape (draws, applications)
        Before rounding.
    kept : dict of str to float
        Share of the draws, by condition.
    """
    asked, at = _demands(budget, split, conditions)
    limits = limits_that_bind(split.groups, asked.high)
    amounts, start = np.empty(weights.shape), np.zeros(len(at))
    missed = np.zeros((len(weights), len(conditions)), dtype=bool)
    size = max(1, CELLS_AT_ONCE // max(1, weights.shape[1]))
    for first in range(0, len(weights), size):
        own = weights[first : first + size]
        high = held_caps(own, asked.low, asked.high, limits)
        amounts[first : first + size] = fill_rows(float(budget), own, asked.low, high)
        for row, place in enumerate(range(first, first + len(own))):
            best = None if values is None else _of_most_value(budget, values[place], split, conditions)
            if best is not None:
                amounts[place] = best
            elif (_short(asked, amounts[place]) > _MISSED).any():
                found = closest(_attainable(replace(asked, weights=own[row], high=high[row])), start)
                amounts[place], start = found.shares, found.premiums
            np.logical_or.at(missed[place], at, _short(asked, amounts[place]) > _MISSED)
    return amounts, {each.name: float(1 - missed[:, own].mean()) for own, each in enumerate(conditions)}


def _demands(
    budget: int, split: Applications, conditions: Sequence[Condition]
) -> tuple[Demands, NDArray[np.intp]]:
    """Return the demands but for weights, and the condition that each bound is of."""
    member = np.array([each.coefficients > 0 for each in conditions]).reshape(len(conditions), len(split.ids))
    kinds, kind = kinds_of(member)
    bounds = [
        (at, sign, float(bound))
        for at, each in enumerate(conditions)
        for sign, bound in ((1.0, each.least), (-1.0, each.most))
        if bound is not None
    ]
    at = np.array([each for each, _, _ in bounds], dtype=np.intp)
    floors, caps = np.asarray(split.floors, dtype=float), np.asarray(split.caps, dtype=float)
    signs, most = (np.array([each[of] for each in bounds], dtype=float) for of in (1, 2))
    return Demands(float(budget), np.zeros(0), floors, caps, kind, kinds[at], signs, most), at


def _of_most_value(
    budget: int, values: Array, split: Applications, conditions: Sequence[Condition]
) -> Array | None:
    """Return the shares of most value; None where the draw cannot keep the conditions."""
    able = replace(split, caps=np.where(values > 0, split.caps, split.floors))
    try:
        return best_value(budget, values, able, conditions).shares
    except InputError:
        return None


def _short(asked: Demands, shares: Array) -> Array:
    """Return by how much each bound is missed, shape (bounds,)."""
    by_kind = np.bincount(asked.kind, shares, asked.member.shape[1])
    return np.asarray(asked.sign * (asked.bound - asked.member @ by_kind))


def _attainable(asked: Demands) -> Demands:
    """Return the demands that the caps of the draw allow, changed least."""
    count, bounds = asked.member.shape[1], len(asked.bound)
    low, high = (np.bincount(asked.kind, each, count) for each in (asked.low, asked.high))
    scale = asked.amount
    rows = np.vstack(
        [
            np.append(np.ones(count), np.zeros(bounds)),
            np.hstack([-asked.sign[:, None] * asked.member, -np.eye(bounds)]),
        ]
    )
    most = np.append(asked.amount, -asked.sign * asked.bound) / scale
    cost = np.append(np.full(count, -1.0), np.full(bounds, 1e3))
    spans = [(a / scale, b / scale) for a, b in zip(low, np.maximum(low, high), strict=True)]
    found = linprog(cost, A_ub=rows, b_ub=most, bounds=spans + [(0, None)] * bounds, method="highs").x
    amount = min(asked.amount, float(found[:count].sum()) * scale)
    slack = found[count:] * scale
    return replace(asked, amount=amount, bound=asked.bound - asked.sign * np.where(slack > 1e-3, slack, 0.0))
