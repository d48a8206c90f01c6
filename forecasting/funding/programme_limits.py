"""Floors, caps and shared limits of a programme: law first, then a base for all, then the change limit.

Law goes before everything else (METHOD.md section 8.5): where a base or a change limit would lead past a cap
or the limit of a group, it gives way, and the result says where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

from forecasting.funding.applications import Cents, GroupCaps
from forecasting.funding.cents import largest_remainder
from forecasting.funding.limits import change_limits
from forecasting.funding.nesting import NO_GROUP, crossing
from forecasting.series.panel import Array

MATCHED: tuple[str, ...] = ("undertaking", "region", "course")
"""What makes an application the successor of one of the last period."""

Shared = Mapping[str, tuple[list[str], dict[str, int]]]


@dataclass(frozen=True)
class Limits:
    """What each application gets at least and at most, before the budget is divided.

    Parameters
    ----------
    base, floors, caps : ndarray of int64, shape (applications,)
        Cents; floors and caps are of the whole amount, base included.
    groups : tuple of GroupCaps
        Innermost first; they nest.
    gave_way : ndarray of bool, shape (applications,)
        Where the change limit could not be kept.
    split : tuple of str
        Shared limits that crossed another and were divided among their members.
    """

    base: Cents
    floors: Cents
    caps: Cents
    groups: tuple[GroupCaps, ...]
    gave_way: np.ndarray
    split: tuple[str, ...]


def limits_of(
    caps: Cents, shared: Shared, base: Cents, previous: Cents | None, largest_change: float
) -> Limits:
    """Return the limits of a programme.

    Parameters
    ----------
    caps : ndarray of int64, shape (applications,)
        Most aid that is lawful.
    shared : mapping
        `forecasting.funding.law.Legal.shared_caps`.
    base : ndarray of int64, shape (applications,)
        Wanted for each by progressive universalism; 0 without it.
    previous : ndarray of int64 or None
        Cents of the last period; None where there is none to hold to.
    largest_change : float
        Of `forecasting.funding.limits.change_limits`.
    """
    groups, caps, split = nested(shared, caps)
    base = within_groups(np.minimum(base, caps), groups)
    if previous is None:
        return Limits(base, base, caps, groups, np.zeros(len(caps), dtype=bool), split)
    limited = change_limits(previous, largest_change, base, caps)
    floors = np.maximum(within_groups(limited.floors, groups), base)
    return Limits(base, floors, limited.caps, groups, limited.gave_way | (floors < limited.floors), split)


def nested(shared: Shared, caps: Cents) -> tuple[tuple[GroupCaps, ...], Cents, tuple[str, ...]]:
    """Return shared limits as groups inside groups, with caps lowered where two limits cross.

    A limit that lies across another is divided among its members in proportion to their caps, rounded down:
    they cannot exceed it together, whatever each gets. Water-filling needs limits that nest.

    Examples
    --------
    >>> shared = {"costs": (["x", "x"], {"x": 10}), "ceiling": (["u", "v"], {"u": 50, "v": 50})}
    >>> groups, caps, split = nested(shared, np.array([30, 10]))
    >>> [group.name for group in groups], caps.tolist(), split
    (['costs', 'ceiling'], [7, 2], ('costs x',))
    """
    caps, split = caps.copy(), list[str]()
    labels = {name: list(own) for name, (own, _) in shared.items()}
    names = list(shared)
    for place, name in enumerate(names):
        crossed = sorted(
            {label for outer in names[place + 1 :] for label in crossing(labels[name], labels[outer])}
        )
        for label in crossed:
            rows = [row for row, own in enumerate(labels[name]) if own == label]
            most, total = shared[name][1][label], int(caps[rows].sum())
            if total > most:
                caps[rows] = [int(own) * most // total for own in caps[rows]]
            labels[name] = [NO_GROUP if own == label else own for own in labels[name]]
            split.append(f"{name} {label}")
    groups = tuple(
        GroupCaps(
            name, labels[name], {label: shared[name][1][label] for label in set(labels[name]) - {NO_GROUP}}
        )
        for name in names
    )
    return groups, caps, tuple(split)


def within_groups(amounts: Cents, groups: Sequence[GroupCaps]) -> Cents:
    """Return amounts lowered in proportion where they come to more than the limit of their group.

    Examples
    --------
    >>> within_groups(np.array([60, 40, 5]), [GroupCaps("ceiling", ["u", "u", ""], {"u": 50})]).tolist()
    [30, 20, 5]
    """
    found = amounts.copy()
    for group in groups:
        members: dict[str, list[int]] = {}
        for row, label in enumerate(group.labels):
            if label != NO_GROUP:
                members.setdefault(label, []).append(row)
        for label, rows in members.items():
            most, total = group.caps[label], int(found[rows].sum())
            if most is not None and total > most:
                found[rows] = [int(own) * most // total for own in found[rows]]
    return found


def above_base(groups: Sequence[GroupCaps], base: Cents) -> tuple[GroupCaps, ...]:
    """Return the limits that are left once every application has its base."""
    found = []
    for group in groups:
        caps = {label: cap for label, cap in group.caps.items() if cap is not None}
        for row, label in enumerate(group.labels):
            if label in caps:
                caps[label] -= int(base[row])
        found.append(GroupCaps(group.name, group.labels, {**group.caps, **caps}))
    return tuple(found)


def previous_cents(applications: pd.DataFrame, sizes: Array, previous: pd.DataFrame) -> Cents:
    """Return what the last period gave for the same undertaking, region and course.

    Parameters
    ----------
    applications : DataFrame
        ``id`` and `MATCHED`.
    sizes : ndarray of shape (applications,)
        Several applications share what one of them got in proportion to their size.
    previous : DataFrame
        `MATCHED` and ``cents``.
    """
    sums = previous.groupby(list(MATCHED))["cents"].sum()
    given = {key: int(cents) for key, cents in sums.items()}
    found = np.zeros(len(applications), dtype=np.int64)
    rows = applications.reset_index(drop=True).groupby(list(MATCHED), sort=True).indices
    for key, members in rows.items():
        total, own = given.get(key, 0), [Fraction(float(sizes[row])) for row in members]
        parts = own if sum(own) else [Fraction(1)] * len(own)
        shares = [total * part / sum(parts) for part in parts]
        ids = [str(applications["id"].iloc[row]) for row in members]
        found[members] = largest_remainder(shares, total, ids)
    return found
