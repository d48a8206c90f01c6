"""Divide a budget in proportion to weight, within floors, caps and limits of groups, in whole cents."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError, InputError
from forecasting.funding.applications import Applications, Cents, problems
from forecasting.funding.cents import nested_cents
from forecasting.funding.nesting import nest
from forecasting.funding.waterfill import waterfill, whole_weights
from forecasting.series.panel import Array

BY_WEIGHT: Final = "weight"
BY_FLOOR: Final = "floor"
BY_CAP: Final = "cap"


def whole_cents(shares: Array, total: int, cap: Cents) -> Cents:
    """Round shares to whole cents that sum to `total`: largest remainder, never past a cap.

    Parameters
    ----------
    shares : ndarray of shape (cells,)
        Cents, summing to `total` but for floating point.
    total : int
        Cents.

    Notes
    -----
    Hamilton's method (METHOD.md section 8.7): each cell within one cent of its share; ties go to the
    earlier cell.

    Raises
    ------
    ForecastingError
        If the caps leave no room for the total: the shares were not within them.
    """
    cents = np.minimum(np.floor(shares + 1e-6).astype(np.int64), cap)
    left = total - int(cents.sum())
    remainder = np.round(shares - cents, 6)
    room = cents < cap
    order = np.lexsort((np.arange(len(cents)), -remainder, ~room))
    if not 0 <= left <= int(room.sum()):
        raise ForecastingError(
            f"rounding left {left} cents and room in {int(room.sum())} cells; expected shares within caps"
        )
    cents[order[:left]] += 1
    return cents


@dataclass(frozen=True)
class Allocation:
    """Who gets what, and why: arrays and tuples in the order of the applications.

    Parameters
    ----------
    ids : tuple of str
    cents : ndarray of int64, shape (applications,)
    shares : tuple of Fraction
        Cents before rounding; each amount is its share rounded down or up.
    bound : tuple of str
        What decides the share: `BY_WEIGHT`, `BY_FLOOR`, `BY_CAP`, or the name and label of a group's limit.
    budget, allocated, capacity : int
        Cents given, paid out, and what caps and limits would take.
    level : Fraction or None
        Cents for each unit of weight where nothing else binds; None where the caps take less than the budget.
    group_levels : mapping of (str, str) to Fraction
        The same by name and label of the groups that are at their limit.
    """

    ids: tuple[str, ...]
    cents: Cents
    shares: tuple[Fraction, ...]
    bound: tuple[str, ...]
    budget: int
    allocated: int
    capacity: int
    level: Fraction | None
    group_levels: Mapping[tuple[str, str], Fraction]

    @property
    def residual(self) -> int:
        """Cents of the budget that floors, weights and caps do not take; reported, never forced."""
        return self.budget - self.allocated

    def table(self) -> pd.DataFrame:
        """Return ``id, share, cents, rounding, bound``, a row for each application; cents but for the id."""
        shares = np.array([float(share) for share in self.shares])
        rounding = [float(own - share) for own, share in zip(self.cents.tolist(), self.shares, strict=True)]
        return pd.DataFrame(
            {"id": self.ids, "share": shares, "cents": self.cents, "rounding": rounding, "bound": self.bound}
        )


def distribute(budget: int, applications: Applications, where: str = "applications") -> Allocation:
    """Divide a budget in proportion to weight, within floors, caps and limits of groups, to the cent.

    The cents sum to the budget, or to what floors, weights and caps take where that is less. Before
    rounding, every application gets ``clip(λ·weight, floor, cap)`` with one λ, but for the groups at their
    limit, which have a smaller λ of their own (METHOD.md section 8.1); rounding moves each by less than a
    cent (8.7). All of it in whole numbers: the same bytes on every machine, in every order of rows.

    Parameters
    ----------
    budget : int
        Cents, more than 0.
    applications : Applications
    where : str
        File, for messages.

    Raises
    ------
    InputError
        If anything cannot be used, or floors come to more than the money: every problem at once.

    Examples
    --------
    >>> weights, floors, caps = np.array([1.0, 1.0, 2.0]), np.zeros(3, dtype=np.int64), np.array([10, 90, 90])
    >>> distribute(101, Applications(["a", "b", "c"], weights, floors, caps)).cents.tolist()
    [10, 30, 61]
    """
    found = problems(budget, applications, where)
    if found:
        raise InputError(found)
    ids = tuple(applications.ids)
    weights = np.asarray(applications.weights, dtype=float)
    groups = applications.groups
    tree = nest(
        len(ids),
        [each.name for each in groups],
        [each.labels for each in groups],
        [{label: None if cap is None else int(cap) for label, cap in each.caps.items()} for each in groups],
    )
    whole = whole_weights(weights)
    floors = np.asarray(applications.floors).tolist()
    caps = np.asarray(applications.caps).tolist()
    filled = waterfill(int(budget), whole, floors, caps, tree)
    total = min(int(budget), filled.capacity)
    cents = nested_cents(filled.shares, total, ids, tree)
    unit = _unit(weights, whole)
    return Allocation(
        ids,
        np.array(cents, dtype=np.int64),
        filled.shares,
        tuple(
            _bound(*each) for each in zip(filled.shares, whole, floors, caps, filled.bound_by, strict=True)
        ),
        int(budget),
        total,
        filled.capacity,
        None if filled.level is None else filled.level * unit,
        {key: level * unit for key, level in sorted(filled.group_levels.items())},
    )


def _unit(weights: Array, whole: list[int]) -> Fraction:
    """Return how many whole units one unit of the given weights is."""
    weighted = np.flatnonzero(weights > 0)
    return (
        Fraction(whole[weighted[0]]) / Fraction(float(weights[weighted[0]])) if len(weighted) else Fraction(1)
    )


def _bound(share: Fraction, weight: int, floor: int, cap: int, by: tuple[str, str]) -> str:
    if share == cap and weight:
        return BY_CAP
    if share == floor:
        return BY_FLOOR
    return " ".join(by) if by[0] else BY_WEIGHT
