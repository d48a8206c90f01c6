"""Divide a budget to the cent under conditions on groups: by proportion, by value, or as fair as can be.

Applications that are in the same binding conditions form a class. What each class gets is settled first, in
whole cents that keep every condition; then each class is divided in proportion to weight by `distribute`,
within law to the cent. A limit of law that applications of several classes share is split among the classes
as the shares wanted use it (METHOD.md sections 8.1, 8.2 and 8.7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from forecasting.errors import ForecastingError
from forecasting.funding.allocation import BY_WEIGHT, Allocation, distribute
from forecasting.funding.applications import Applications
from forecasting.funding.classes import pieces, totals
from forecasting.funding.closest import Closest, Demands, Ints, Mask, Segments, closest, kinds_of
from forecasting.funding.linear import Condition, Programme, best_value, fairest
from forecasting.series.panel import Array

NEAREST: Final = "proportional"
VALUE: Final = "value"
FAIREST: Final = "fairest"
RULES: Final = (NEAREST, VALUE, FAIREST)

CONDITION: Final = "condition"
LEAST, MOST = "least", "most"
_NEAR: Final = 0.5
"""Cents within which a share of the linear programme meets a bound."""


@dataclass(frozen=True)
class Conditioned:
    """An allocation under conditions.

    Parameters
    ----------
    allocation : Allocation
        Its level is that of applications in no binding condition; ``group_levels`` has those of the classes.
    binding : mapping of str to str
        `LEAST` or `MOST` by name of the conditions that change the amounts.
    classes : tuple of (tuple of str, int, Fraction or None)
        Names of each class's binding conditions, its cents and its level; None where all are at their cap.
    of_class : ndarray of int, shape (applications,)
    split : Applications
        The same applications with the limits of law that cross classes split: labels name the class too.
    price_of_budget : float
        Value of one more cent, of the linear programme of most value.
    prices : mapping of (str, str) to float
        By name and side, what one more cent of a least amount costs in value, and what one more of a largest
        brings; at least 0.
    """

    allocation: Allocation
    binding: Mapping[str, str]
    classes: tuple[tuple[tuple[str, ...], int, Fraction | None], ...]
    of_class: Ints
    split: Applications
    price_of_budget: float
    prices: Mapping[tuple[str, str], float]

    def level_of(self, row: int) -> Fraction | None:
        """Return the level of an application's class."""
        return self.classes[int(self.of_class[row])][2]


def distribute_under(
    budget: int,
    applications: Applications,
    conditions: Sequence[Condition],
    values: Array,
    rule: str = NEAREST,
    where: str = "applications",
) -> Conditioned:
    """Divide a budget under conditions, to the cent.

    Parameters
    ----------
    budget : int
        Cents.
    applications : Applications
        Those without weight stay at their floor, whatever a condition asks.
    conditions : sequence of Condition
        Of members: coefficients 0 and 1. They may overlap.
    values : ndarray of shape (applications,)
        Value of a cent: what the linear programme adds up, and what its prices are in.
    rule : str
        `NEAREST` to proportion; most `VALUE`; or `FAIREST`: the least share of a unit of weight as large as
        can be, then the next.

    Raises
    ------
    InputError
        If the conditions cannot be kept, with the amounts.
    """
    if rule not in RULES:
        raise ForecastingError(f"rule {rule!r}; expected one of {', '.join(RULES)}. Do: correct it.")
    plain = distribute(budget, applications, where)
    able = replace(
        applications, caps=np.where(applications.weights > 0, applications.caps, applications.floors)
    )
    of_value = best_value(budget, values, able, conditions)
    prices = _prices(of_value, conditions)
    member = np.array([each.coefficients > 0 for each in conditions], dtype=bool)
    member = member.reshape(len(conditions), len(able.ids))
    shares, binding, weights, total = _wanted(budget, able, conditions, member, of_value, plain, rule)
    while True:
        found = _settled(able, weights, shares, member, binding, conditions, total, plain, rule)
        missed = [
            (place, side)
            for place, each in enumerate(conditions)
            for side, over in _missed(each, int(found[0].cents[member[place]].sum()))
            if over > 0 and binding.get(place) != side
        ]
        if not missed:
            break
        binding = {**binding, **dict(missed)}
    allocation, classes, of_class, split = found
    names = {conditions[place].name: side for place, side in sorted(binding.items())}
    split = replace(split, weights=applications.weights, caps=applications.caps)
    return Conditioned(allocation, names, classes, of_class, split, of_value.price_of_budget, prices)


def _wanted(
    budget: int,
    able: Applications,
    conditions: Sequence[Condition],
    member: Mask,
    of_value: Programme,
    plain: Allocation,
    rule: str,
) -> tuple[Array, dict[int, str], Array, int]:
    """Return the shares wanted, which conditions bind, the weights to divide each class by, and the total."""
    if rule != NEAREST:
        shares = of_value.shares if rule == VALUE else fairest(budget, able, conditions)[0]
        # Shares of the linear programme are divided as they are: the class only rounds them.
        return shares, _at_bound(conditions, member, shares), shares, min(budget, round(float(shares.sum())))
    amounts = [int(plain.cents[own].sum()) for own in member]
    if not any(
        over > 0 for each, own in zip(conditions, amounts, strict=True) for _, over in _missed(each, own)
    ):
        return plain.cents.astype(float), {}, able.weights, plain.allocated
    total = budget
    if plain.allocated < budget or of_value.shares.sum() < budget - _NEAR:  # is there room for all of it?
        ones = (able.weights > 0).astype(float)
        total = min(budget, int(np.floor(best_value(budget, ones, able, conditions).shares.sum() + 1e-3)))
    found, sides = nearest(total, able, conditions, member)
    binding = {
        place: side for (place, side), premium in zip(sides, found.premiums, strict=True) if premium > 0
    }
    if total < plain.allocated:  # a largest amount can lower the total without a premium
        at_bound = _at_bound(conditions, member, found.shares)
        binding |= {place: side for place, side in at_bound.items() if side == MOST}
    return found.shares, binding, able.weights, total


def nearest(
    total: int, able: Applications, conditions: Sequence[Condition], member: Mask
) -> tuple[Closest, list[tuple[int, str]]]:
    """Return the shares nearest to proportion, and the condition and side that each premium is of."""
    kinds, kind = kinds_of(member)
    sides = [
        (place, side)
        for place, each in enumerate(conditions)
        for side, bound in ((LEAST, each.least), (MOST, each.most))
        if bound is not None
    ]
    bounds = [getattr(conditions[place], side) for place, side in sides]
    high = able.caps.astype(float)
    limits = tuple(
        Segments.of(
            each.labels,
            {label: float(cap) for label, cap in each.caps.items() if cap is not None},
            high,
        )
        for each in able.groups
    )
    asked = Demands(
        float(total),
        np.asarray(able.weights, dtype=float),
        able.floors.astype(float),
        high,
        kind,
        kinds[[place for place, _ in sides]],
        np.array([1.0 if side == LEAST else -1.0 for _, side in sides]),
        np.array(bounds, dtype=float),
        limits,
    )
    return closest(asked), sides


def _at_bound(conditions: Sequence[Condition], member: Mask, shares: Array) -> dict[int, str]:
    found: dict[int, str] = {}
    for place, each in enumerate(conditions):
        amount = float(shares[member[place]].sum())
        if each.most is not None and amount > each.most - _NEAR:
            found[place] = MOST
        elif each.least is not None and amount < each.least + _NEAR:
            found[place] = LEAST
    return found


def _missed(condition: Condition, cents: int) -> list[tuple[str, int]]:
    """Return by how many cents an amount misses each side of a condition; 0 or less where it is kept."""
    least = [] if condition.least is None else [(LEAST, condition.least - cents)]
    return least if condition.most is None else [*least, (MOST, cents - condition.most)]


def _prices(programme: Programme, conditions: Sequence[Condition]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for side, prices in ((LEAST, programme.price_of_least), (MOST, programme.price_of_most)):
        names = {each.name for each in conditions if getattr(each, side) is not None}
        found |= {(name, side): abs(price) for name, price in prices.items() if name in names}
    return found


def _settled(
    able: Applications,
    weights: Array,
    shares: Array,
    member: Mask,
    binding: Mapping[int, str],
    conditions: Sequence[Condition],
    total: int,
    plain: Allocation,
    rule: str,
) -> tuple[Allocation, tuple[tuple[tuple[str, ...], int, Fraction | None], ...], Ints, Applications]:
    """Return the allocation with its classes, from the shares wanted and the conditions that bind."""
    rows = sorted(binding)
    signature, of_class = kinds_of(member[rows])
    groups = tuple(pieces(each, of_class, shares, able) for each in able.groups)
    caps = np.where(weights > 0, able.caps, able.floors)  # the solver leaves those without a share at nothing
    split = replace(able, weights=weights, caps=caps, groups=groups)
    cents = totals(split, shares, of_class, signature, [conditions[row] for row in rows], total)
    parts = []
    for number, amount in enumerate(cents):
        own = np.flatnonzero(of_class == number)
        names = tuple(conditions[rows[at]].name for at in np.flatnonzero(signature[:, number]))
        parts.append((names, own, _divided(amount, split, own)))
    classes = tuple((names, found.allocated, found.level) for names, _, found in parts)
    return _joined(parts, split, plain, rule), classes, of_class, split


def _divided(amount: int, split: Applications, rows: Ints) -> Allocation:
    groups = tuple(replace(each, labels=[each.labels[row] for row in rows]) for each in split.groups)
    own = Applications(
        [split.ids[row] for row in rows],
        np.asarray(split.weights)[rows],
        np.asarray(split.floors)[rows],
        np.asarray(split.caps)[rows],
        groups,
    )
    if amount > 0:
        return distribute(amount, own)
    nothing = tuple([Fraction(0)] * len(rows))
    none = np.zeros(len(rows), dtype=np.int64)
    return Allocation(tuple(own.ids), none, nothing, tuple(["floor"] * len(rows)), 0, 0, 0, Fraction(0), {})


def _joined(
    parts: Sequence[tuple[tuple[str, ...], Ints, Allocation]],
    split: Applications,
    plain: Allocation,
    rule: str,
) -> Allocation:
    """Return one allocation of its classes, with the classes' levels among those of groups."""
    count = len(split.ids)
    cents, shares, bound = np.zeros(count, dtype=np.int64), [Fraction(0)] * count, [BY_WEIGHT] * count
    levels: dict[tuple[str, str], Fraction] = {}
    level = plain.level if len(parts) == 1 else None
    for names, rows, found in parts:
        cents[rows] = found.cents
        own = bound_of(names) if rule == NEAREST else rule
        for at, row in enumerate(rows.tolist()):
            shares[row] = found.shares[at]
            text = found.bound[at].partition("\n")[0]
            bound[row] = own if text == BY_WEIGHT else text
        for (name, label), each in found.group_levels.items():
            levels[name, label.partition("\n")[0] + (f" ({' + '.join(names)})" if names else "")] = each
        if not names:
            level = found.level
        elif found.level is not None:
            levels[CONDITION, " + ".join(names)] = found.level
    spent = int(cents.sum())
    capacity = plain.capacity if spent == plain.budget else spent
    return Allocation(
        plain.ids, cents, tuple(shares), tuple(bound), plain.budget, spent, capacity, level, levels
    )


def bound_of(names: Sequence[str]) -> str:
    """Return what decides a share that its weight decides in a class."""
    return f"{CONDITION} {' + '.join(names)}" if names else BY_WEIGHT
