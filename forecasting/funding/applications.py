"""Applications that ask for money, checked before a cent is divided: every problem at once, with amounts."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import Problem
from forecasting.funding.nesting import NO_GROUP, crossing
from forecasting.series.panel import Array

Cents = NDArray[np.int64]

FIRST_LINE: Final = 2
"""Line of the first application, as in a file with a header."""

_NAMED: Final = 3


@dataclass(frozen=True)
class GroupCaps:
    """A limit that applications share, as the de minimis headroom of one undertaking.

    Parameters
    ----------
    name : str
        What limits, as ``de minimis headroom``; it is shown where the limit binds.
    labels : sequence of str, length applications
        Whose limit, as the undertaking's id; an empty text for an application that has none.
    caps : mapping of str to int or None
        Cents by label; None where nothing limits them together. Applications with a label are rounded
        together, so that splitting one of them changes nothing for the others.
    """

    name: str
    labels: Sequence[str]
    caps: Mapping[str, int | None]


@dataclass(frozen=True)
class Applications:
    """What is asked, in any order of rows.

    Parameters
    ----------
    ids : sequence of str, length applications
        Unique; equal remainders are settled by it.
    weights : ndarray of shape (applications,)
        Funding weight × size: money is divided in proportion to it. At least 0; without weight an
        application stays at its floor.
    floors, caps : ndarray of int64, shape (applications,)
        Cents it gets at least, and may get at most by law and by what it asks.
    groups : sequence of GroupCaps
        Innermost first: each group lies within one group of the next.
    """

    ids: Sequence[str]
    weights: Array
    floors: Cents
    caps: Cents
    groups: Sequence[GroupCaps] = field(default_factory=tuple)


def euros(cents: int) -> str:
    """Return cents as a message shows them.

    Examples
    --------
    >>> euros(123456789), euros(-5)
    ('€1,234,567.89', '−€0.05')
    """
    return f"{'−' if cents < 0 else ''}€{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def problems(budget: Any, given: Applications, where: str = "applications") -> list[Problem]:
    """Return everything that is wrong with a budget and its applications.

    Floors are held beside the money only where everything else is right.
    """
    found = [*_budget(budget), *_columns(given, where)]
    if found:
        return found
    found = [*_cells(given, where), *_groups(given, where)]
    return found or [*_floors_within_groups(given, where), *_floors_within(budget, given, where)]


def line_numbers(mask: Iterable[Any]) -> list[int]:
    """Return the lines of the applications that a mask marks."""
    return [int(row) + FIRST_LINE for row in np.flatnonzero(np.asarray(mask))]


def _budget(budget: Any) -> Iterator[Problem]:
    whole = isinstance(budget, int | np.integer) and not isinstance(budget, bool)
    if not whole:
        yield Problem("budget", f"{budget!r}", "whole cents", "give euros × 100 as an integer")
    elif budget <= 0:
        yield Problem("budget", f"{budget} cents", "more than 0", "give the programme's budget in cents")


def _columns(given: Applications, where: str) -> Iterator[Problem]:
    """Yield what is wrong with whole columns: their lengths and their types."""
    expected = len(given.ids)
    columns: dict[str, Sequence[Any] | Cents | Array] = {
        "weight": given.weights,
        "floor": given.floors,
        "cap": given.caps,
        **{group.name: group.labels for group in given.groups},
    }
    for name, column in columns.items():
        if len(column) != expected:
            yield Problem(
                where, f"{len(column):,} rows", f"{expected:,}, as ids", "give one for each application", name
            )
    for name, cents in (("floor", given.floors), ("cap", given.caps)):
        if np.asarray(cents).dtype.kind not in "iu" and expected:
            example = np.asarray(cents).ravel()[0]
            yield Problem(
                where,
                f"{example} ({np.asarray(cents).dtype})",
                "whole cents as integers",
                "give euros × 100 as int64; a float does not hold every cent",
                name,
                line_numbers(np.ones(len(cents))),
            )
    if np.asarray(given.weights).dtype.kind not in "iuf":
        kind = np.asarray(given.weights).dtype
        yield Problem(where, f"{kind}", "numbers", "give the weight as a number of at least 0", "weight")


def _cells(given: Applications, where: str) -> Iterator[Problem]:
    """Yield what is wrong in single rows."""
    ids = list(given.ids)
    unnamed = [not isinstance(each, str) or not each for each in ids]
    if any(unnamed):
        worst = ids[unnamed.index(True)]
        yield Problem(
            where, f"{worst!r}", "a text", "give every application an id", "id", line_numbers(unnamed)
        )
    seen: dict[Any, int] = {}
    for each in ids:
        seen[each] = seen.get(each, 0) + 1
    twice = [seen[each] > 1 for each in ids]
    if any(twice):
        yield Problem(
            where,
            f"{ids[twice.index(True)]!r} more than once",
            "each application once",
            "remove the copy, or give a second application an id of its own",
            "id",
            line_numbers(twice),
        )
    weights = np.asarray(given.weights, dtype=float)
    floors, caps = np.asarray(given.floors), np.asarray(given.caps)
    checks: tuple[tuple[str, NDArray[np.bool_], Callable[[int], str], str, str], ...] = (
        (
            "weight",
            ~(np.isfinite(weights) & (weights >= 0)),
            lambda row: f"{weights[row]}",
            "a finite number of at least 0",
            "give 0 where it may get no more than its floor; an unknown need has no weight",
        ),
        ("floor", floors < 0, lambda row: f"{floors[row]}", "0 cents or more", "give 0 for no floor"),
        ("cap", caps < 0, lambda row: f"{caps[row]}", "0 cents or more", "give 0 where nothing may be paid"),
        (
            "cap",
            (caps >= 0) & (caps < floors),
            lambda row: f"{euros(int(caps[row]))} below the floor {euros(int(floors[row]))}",
            "a cap at or above the floor",
            "lower the floor to the cap: a legal cap goes before a floor",
        ),
    )
    for column, wrong, shown, expected, remedy in checks:
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            yield Problem(where, shown(first), expected, remedy, column, line_numbers(wrong))


def _groups(given: Applications, where: str) -> Iterator[Problem]:
    """Yield what is wrong with the limits of groups, and where they do not nest."""
    for group in given.groups:
        missing = [label != NO_GROUP and label not in group.caps for label in group.labels]
        if any(missing):
            label = group.labels[missing.index(True)]
            remedy = "give its limit in cents, or None where nothing limits it"
            yield Problem(
                where,
                f"no limit for {label!r}",
                "one for each label",
                remedy,
                group.name,
                line_numbers(missing),
            )
        for label, cap in group.caps.items():
            whole = cap is None or (isinstance(cap, int | np.integer) and not isinstance(cap, bool))
            if not whole or (cap is not None and cap < 0):
                expected = "whole cents of at least 0, or None"
                remedy = "give euros × 100 as an integer; 0 where no headroom is left"
                yield Problem(where, f"{cap!r} for {label!r}", expected, remedy, group.name)
    for place, inner in enumerate(given.groups):
        for outer in given.groups[place + 1 :]:
            crossed = crossing(inner.labels, outer.labels)
            if crossed:
                yield Problem(
                    where,
                    f"applications of {inner.name} {crossed[0]!r} under more than one {outer.name}"
                    + (f", and {len(crossed) - 1:,} more such" if len(crossed) > 1 else ""),
                    "groups inside groups, innermost first",
                    "use the linear programme (forecasting.funding.linear), whose conditions may overlap",
                    inner.name,
                )


def _floors_within(budget: int, given: Applications, where: str) -> Iterator[Problem]:
    yield from _too_high(range(len(given.ids)), budget, "the budget", given, where)


def _floors_within_groups(given: Applications, where: str) -> Iterator[Problem]:
    for group in given.groups:
        members: dict[str, list[int]] = {}
        for row, label in enumerate(group.labels):
            if label != NO_GROUP:
                members.setdefault(label, []).append(row)
        for label, rows in members.items():
            cap = group.caps[label]
            if cap is not None:
                yield from _too_high(rows, cap, f"{group.name} of {label}", given, where)


def _too_high(
    rows: Sequence[int], most: int, what: str, given: Applications, where: str
) -> Iterator[Problem]:
    """Yield a problem with the sums and the largest floors, where floors come to more than there is."""
    floors = np.asarray(given.floors)
    total = sum(floors[list(rows)].tolist())
    if total <= most:
        return
    largest = sorted(
        (row for row in rows if floors[row]), key=lambda row: (-int(floors[row]), given.ids[row])
    )
    named = ", ".join(f"{given.ids[row]} {euros(int(floors[row]))}" for row in largest[:_NAMED])
    more = f" and {len(largest) - _NAMED:,} more" if len(largest) > _NAMED else ""
    share = math.floor(most / total * 1000) / 10
    yield Problem(
        where,
        f"floors that sum to {euros(total)}, the largest {named}{more}",
        f"at most {what}, {euros(most)}",
        f"raise it by {euros(total - most)}, or lower the floors to {share:.1f} % of themselves",
        "floor",
        [row + FIRST_LINE for row in largest],
    )
