"""Capped proportional allocation with floors, exactly: whole numbers and fractions, no bisection.

Every application gets ``clip(λ·weight, floor, cap)`` with one level λ for all (METHOD.md section 8.1). As λ
rises, what a set of applications gets together is a curve that never falls and bends where one of them leaves
its floor or reaches its cap. A group that shares a limit follows the sum of its curves until the limit and
stays there, which is such a curve again: so groups inside groups are solved from the inside out, each by
sorting its bends, O(n log n). The same input gives the same fractions on every machine and in every order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np

from forecasting.funding.nesting import Group
from forecasting.series.panel import Array

Bend = tuple[int, int, int, int]
"""Where a curve bends: sorting key, amount, weight, and +1 where it starts to rise or −1 where it stops.

The level of the bend is amount / weight.
"""


@dataclass(frozen=True)
class Filled:
    """What every application gets before it is rounded.

    Parameters
    ----------
    shares : tuple of Fraction, length applications
        Cents.
    level : Fraction or None
        λ, cents for each unit of weight; None where the money is more than the caps take.
    group_levels : dict of (str, str) to Fraction
        By name and label, the level at which a group reached its limit, where it is below the level outside.
    bound_by : tuple of (str, str), length applications
        Name and label of the group whose level holds; two empty texts where the whole programme's does.
    capacity : int
        Cents that floors, caps and groups would take at most.
    """

    shares: tuple[Fraction, ...]
    level: Fraction | None
    group_levels: dict[tuple[str, str], Fraction]
    bound_by: tuple[tuple[str, str], ...]
    capacity: int


def whole_weights(weights: Array) -> list[int]:
    """Return weights as whole numbers in exactly the same proportions.

    A float is a whole number times a power of two; nothing is rounded.

    Examples
    --------
    >>> whole_weights(np.array([0.5, 0.75, 0.0, 3.0]))
    [2, 3, 0, 12]
    """
    mantissa, exponent = np.frexp(weights)
    lowest = int(exponent[weights > 0].min()) if (weights > 0).any() else 0
    whole = (mantissa * 2.0**53).astype(np.int64).tolist()
    shift = np.maximum(exponent - lowest, 0).tolist()  # of a weight of 0 it says nothing
    found = [each << by for each, by in zip(whole, shift, strict=True)]
    common = math.gcd(*found) or 1
    return [each // common for each in found]


def waterfill(
    amount: int, weights: Sequence[int], floors: Sequence[int], caps: Sequence[int], tree: Group
) -> Filled:
    """Divide an amount in proportion to weight, within floors, caps and the limits of groups.

    Parameters
    ----------
    amount : int
        Cents to divide; what the caps do not take is left.
    weights : sequence of int
        At least 0 (see `whole_weights`); without weight an application stays at its floor.
    floors, caps : sequence of int
        Cents, floor ≤ cap; floors together within the amount and within the limit of their group.
    tree : Group
        Of `forecasting.funding.nesting.nest`.

    Examples
    --------
    >>> filled = waterfill(100, [1, 1, 2], [0, 0, 0], [10, 100, 100], Group("", "", None, [0, 1, 2]))
    >>> [str(share) for share in filled.shares], str(filled.level), filled.capacity
    (['10', '30', '60'], '30', 210)
    """
    rising = _Rising(weights, floors, caps)
    start, bends = rising.curve(tree)
    capacity = start - sum(sign * each for _, each, _, sign in bends)
    _, _, level = rising.stop(start, bends, min(amount, capacity))
    if amount > capacity:
        level = None
    shares = [Fraction(0)] * len(weights)
    bound_by = [("", "")] * len(weights)
    binding: dict[tuple[str, str], Fraction] = {}
    waiting = [(tree, level, ("", ""))]
    while waiting:
        group, around, by = waiting.pop()
        own = rising.levels.get(id(group))
        if own is not None and (around is None or own < around):
            around, by = own, (group.name, group.label)
            binding[by] = own
        for cell in group.cells:
            shares[cell] = _share(around, weights[cell], floors[cell], caps[cell])
            bound_by[cell] = by
        waiting += [(inner, around, by) for inner in group.groups]
    return Filled(tuple(shares), level, binding, tuple(bound_by), capacity)


def _share(level: Fraction | None, weight: int, floor: int, cap: int) -> Fraction:
    """Return clip(level·weight, floor, cap)."""
    if weight == 0:
        return Fraction(floor)
    if level is None or level.numerator * weight >= cap * level.denominator:
        return Fraction(cap)
    if level.numerator * weight <= floor * level.denominator:
        return Fraction(floor)
    return Fraction(level.numerator * weight, level.denominator)


class _Rising:
    """Builds curves from the inside out and keeps the level at which each group reached its limit."""

    def __init__(self, weights: Sequence[int], floors: Sequence[int], caps: Sequence[int]) -> None:
        self.weights, self.floors, self.caps = weights, floors, caps
        self.shift = 2 * sum(weights).bit_length() + 1  # two levels that differ, differ in their keys
        self.levels: dict[int, Fraction] = {}

    def bend(self, amount: int, weight: int, sign: int) -> Bend:
        return (amount << self.shift) // weight, amount, weight, sign

    def curve(self, group: Group) -> tuple[int, list[Bend]]:
        """Return what a group gets at level 0, and its bends in order of level."""
        inner = [self.curve(each) for each in group.groups]
        start = sum(self.floors[cell] for cell in group.cells) + sum(each for each, _ in inner)
        moving = [c for c in group.cells if self.weights[c] and self.floors[c] < self.caps[c]]
        own = [self.bend(self.floors[cell], self.weights[cell], 1) for cell in moving]
        own += [self.bend(self.caps[cell], self.weights[cell], -1) for cell in moving]
        bends = sorted(chain(own, *(each for _, each in inner)))
        if group.cap is not None:
            bends, end, level = self.stop(start, bends, group.cap)
            if level is not None:
                self.levels[id(group)] = level
                bends += end
        return start, bends

    def stop(
        self, start: int, bends: list[Bend], most: int
    ) -> tuple[list[Bend], list[Bend], Fraction | None]:
        """Return a curve's bends below `most`, the one where it stops, and that level; None: never there."""
        fixed, rising = start, 0  # the amount at a level is fixed + level·rising
        for position, (_, amount, weight, sign) in enumerate(bends):
            if fixed * weight + rising * amount >= most * weight:
                if rising == 0:  # a flat piece: any level of it is the same
                    return bends[:position], [], Fraction(amount, weight)
                room = most - fixed
                return bends[:position], [self.bend(room, rising, -1)], Fraction(room, rising)
            fixed -= sign * amount
            rising += sign * weight
        return bends, [], None
