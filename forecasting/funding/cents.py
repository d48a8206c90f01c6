"""Whole cents that add up: largest remainder (Hamilton's method), ties by a fixed key."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from forecasting.errors import ForecastingError
from forecasting.funding.nesting import Group


def largest_remainder(shares: Sequence[Fraction], total: int, keys: Sequence[Any]) -> list[int]:
    """Round shares to whole cents that sum to `total`; each is its share rounded down or up.

    A cap in whole cents that holds for a share so holds for its cents (METHOD.md section 8.7).

    Parameters
    ----------
    shares : sequence of Fraction
        Cents.
    total : int
        Cents; from the sum of the shares rounded down to the sum rounded up.
    keys : sequence
        Unique, texts or tuples of them; of equal remainders the smaller key gets the cent, whatever the order
        of rows.

    Raises
    ------
    ForecastingError
        If the total cannot be reached by rounding.

    Examples
    --------
    >>> largest_remainder([Fraction(1, 3), Fraction(1, 3), Fraction(4, 3)], 2, ["b", "a", "c"])
    [0, 1, 1]
    """
    cents = [share.numerator // share.denominator for share in shares]
    left = total - sum(cents)
    broken = [position for position, share in enumerate(shares) if share.denominator > 1]
    if not 0 <= left <= len(broken):
        raise ForecastingError(
            f"rounding has {left} cents to give and {len(broken)} shares to round up; "
            "expected shares that sum to the total. Do: give shares whose sum is the total."
        )
    common = math.lcm(*(shares[position].denominator for position in broken))
    remainder = {
        position: shares[position].numerator * (common // shares[position].denominator) % common
        for position in broken
    }
    for position in sorted(broken, key=lambda each: (-remainder[each], keys[each]))[:left]:
        cents[position] += 1
    return cents


def nested_cents(shares: Sequence[Fraction], total: int, ids: Sequence[str], tree: Group) -> list[int]:
    """Round group by group from the outside in, so that every group's cents keep within its limit too.

    First the outermost groups and the applications outside them share the total, then the applications of
    each group share its cents. An application that is split in parts within its group so changes nothing for
    anybody else.

    Parameters
    ----------
    shares : sequence of Fraction
        Cents of each application.
    total : int
        Cents.
    ids : sequence of str
        Of the applications; the key of a group is its label, then its name.
    tree : Group
        Of `forecasting.funding.nesting`.
    """
    cents = [0] * len(shares)
    waiting = [(tree, total)]
    sums: dict[int, Fraction] = {}
    for outermost in tree.groups:
        _add_up(outermost, shares, sums)
    while waiting:
        group, amount = waiting.pop()
        if len(group.cells) == 1 and not group.groups:
            cents[group.cells[0]] = amount
            continue
        parts = [shares[cell] for cell in group.cells] + [sums[id(each)] for each in group.groups]
        keys = [(ids[cell], "") for cell in group.cells] + [(g.label, g.name) for g in group.groups]
        rounded = largest_remainder(parts, amount, keys)
        for cell, own in zip(group.cells, rounded[: len(group.cells)], strict=True):
            cents[cell] = own
        waiting += zip(group.groups, rounded[len(group.cells) :], strict=True)
    return cents


def _add_up(group: Group, shares: Sequence[Fraction], sums: dict[int, Fraction]) -> Fraction:
    """Fill in and return what a group gets, and every group in it."""
    parts = [shares[cell] for cell in group.cells] + [_add_up(each, shares, sums) for each in group.groups]
    sums[id(group)] = sum(parts[1:], parts[0]) if parts else Fraction(0)  # most groups have one part
    return sums[id(group)]
