"""Classes of applications under conditions: whole cents for each, and limits of law split among them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, milp

from forecasting.errors import InputError, Problem
from forecasting.funding.applications import Applications, GroupCaps
from forecasting.funding.closest import Ints, Mask
from forecasting.funding.linear import Condition
from forecasting.funding.nesting import NO_GROUP
from forecasting.series.panel import Array

_SLACKS: Final = (1, 100, None)
"""Cents by which a class may be rounded away from its share, tried in turn; conditions may force it."""


def pieces(group: GroupCaps, of_class: Ints, shares: Array, able: Applications) -> GroupCaps:
    """Return limits with a label for each class; one that crosses classes is split as the shares use it.

    What the shares leave of a limit goes to whom it may still serve, so that rounding has room.
    """
    names, number = np.unique(np.array(group.labels, dtype=object).astype(str), return_inverse=True)
    piece, at = np.unique(number * (int(of_class.max()) + 1) + of_class, return_inverse=True)
    home, part = np.divmod(piece, int(of_class.max()) + 1)
    share, floor = np.bincount(at, shares), np.bincount(at, able.floors)
    room = np.bincount(at, np.maximum(able.caps - shares, 0.0))
    texts = [f"{names[own]}\n{each}" for own, each in zip(home, part, strict=True)]
    starts = np.flatnonzero(np.append(True, home[1:] != home[:-1]))
    caps: dict[str, int | None] = {}
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(home)], strict=True):
        cap = None if names[home[start]] == NO_GROUP else group.caps[str(names[home[start]])]
        own = slice(start, end)
        if cap is None or end - start == 1:
            caps |= dict.fromkeys(texts[own], cap)
        else:
            caps |= dict(zip(texts[own], _parts(int(cap), share[own], room[own], floor[own]), strict=True))
    labels = [NO_GROUP if names[own] == NO_GROUP else texts[by] for own, by in zip(number, at, strict=True)]
    return GroupCaps(group.name, labels, caps)


def _parts(cap: int, share: Any, room: Any, floor: Any) -> list[int]:
    """Return whole cents of a limit for each class: its share, what is left by room, never below floors."""
    wanted = share + max(cap - float(share.sum()), 0.0) * room / max(float(room.sum()), 1e-300)
    found = np.maximum(np.floor(wanted + 1e-6), floor).astype(np.int64)
    left = cap - int(found.sum())
    order = np.argsort(-(wanted - found), kind="stable")
    for at in (order if left > 0 else order[::-1])[: abs(left)]:
        found[at] = max(found[at] + (1 if left > 0 else -1), int(floor[at]))
    return [int(each) for each in found]


def totals(
    split: Applications,
    shares: Array,
    of_class: Ints,
    signature: Mask,
    conditions: Sequence[Condition],
    total: int,
) -> list[int]:
    """Return whole cents of each class that keep every binding condition, as near to the shares as can be.

    Raises
    ------
    InputError
        If whole cents cannot keep them.
    """
    count = signature.shape[1]
    rows = [np.flatnonzero(of_class == number) for number in range(count)]
    low = np.array([int(np.asarray(split.floors)[own].sum()) for own in rows], dtype=float)
    high = np.array([_capacity(split, own) for own in rows], dtype=float)
    wanted = np.clip([round(float(shares[own].sum()), 3) for own in rows], low, high)
    if not conditions:
        return [min(total, int(high[0]))]
    least = np.array([-np.inf if each.least is None else each.least for each in conditions], dtype=float)
    most = np.array([np.inf if each.most is None else each.most for each in conditions], dtype=float)
    base, eye = np.floor(wanted), np.eye(count)
    member = signature.astype(float)
    kept = [
        LinearConstraint(np.hstack([member, 0 * member]), least - member @ base, most - member @ base),
        LinearConstraint(np.append(np.ones(count), np.zeros(count))[None, :], -np.inf, total - base.sum()),
        LinearConstraint(np.hstack([eye, -eye]), -np.inf, wanted - base),
        LinearConstraint(np.hstack([-eye, -eye]), -np.inf, base - wanted),
    ]
    cost = np.append(np.full(count, -1e3), np.ones(count))
    whole = np.append(np.ones(count), np.zeros(count))
    for slack in _SLACKS:
        span = np.inf if slack is None else slack
        lower, upper = np.maximum(low - base, -span), np.minimum(high - base, span + 1)
        bounds = (np.append(lower, np.zeros(count)), np.append(upper, np.full(count, np.inf)))
        found = milp(cost, integrality=whole, bounds=bounds, constraints=kept)
        if found.status == 0:
            return [int(each) for each in (base + np.round(found.x[:count])).tolist()]
    names = ", ".join(each.name for each in conditions)
    given, expected = (
        f"{names}: kept together by fractions of a cent only",
        "conditions that whole cents keep",
    )
    raise InputError([Problem("conditions", given, expected, "loosen one of them by some cents")])


def _capacity(split: Applications, rows: Ints) -> int:
    """Return what caps and limits take of some applications at most."""
    values = np.asarray(split.caps)[rows].copy()
    for group in split.groups:
        labels = pd.Series([group.labels[row] for row in rows], dtype=object)
        for label, at in labels.groupby(labels).indices.items():
            cap = group.caps.get(str(label)) if label != NO_GROUP else None
            if cap is not None and int(values[at].sum()) > cap:
                values[at] = 0
                values[at[0]] = cap
    return int(values.sum())
