"""Linear programmes over a budget: the best value, or the fairest shares, under conditions on whole groups.

For what water-filling cannot say: least amounts of groups, groups that overlap, conditions on the whole
programme. Every floor, cap and condition comes with its shadow price: what one more cent of it is worth
(METHOD.md section 8.2). Solved by HiGHS through SciPy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, identity, vstack

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.applications import Applications, Cents, euros, problems
from forecasting.funding.cents import largest_remainder, nested_cents
from forecasting.funding.nesting import NO_GROUP, tree_of_sets
from forecasting.series.panel import Array

SNAP: Final = 1e-3
"""Cents within which the solver's amount is a whole one; its tolerance is 1e-7 euros."""

GRID: Final = 10**6
"""Parts of a cent that other amounts are read in."""

BUDGET: Final = "budget"
PRICED: Final = 1e-9
"""Shadow price below which a row does not bind."""


@dataclass(frozen=True)
class Condition:
    """A bound on what some applications get together: ``least ≤ Σ coefficient·x ≤ most``.

    Parameters
    ----------
    name : str
        Unique; shown with its shadow price.
    coefficients : ndarray of shape (applications,)
        1 for members and 0 for others; other numbers for conditions on the whole programme, as 0.7 for
        members and −0.3 for others where members are to get at least 30 per cent (``least=0``).
    least, most : int, optional
        Cents.
    """

    name: str
    coefficients: Array
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Programme:
    """The best allocation and what each bound costs.

    Where bounds meet, more than one price fits; then each is one of those that do.

    Parameters
    ----------
    shares : ndarray of shape (applications,)
        Cents before rounding.
    cents : ndarray of int64, shape (applications,)
        Whole cents within floors and caps, and within the conditions where those nest and count members.
    value : float
        Of the shares.
    price_of_budget : float
        Value of one more cent.
    price_of_floors, price_of_caps : ndarray of shape (applications,)
        Value that one more cent of floor costs, and that one more cent of cap brings; at least 0.
    price_of_least, price_of_most : dict of str to float
        The same by condition.
    missed : dict of str to float
        Cents by which rounding misses a condition; empty where it misses none.
    """

    shares: Array
    cents: Cents
    value: float
    price_of_budget: float
    price_of_floors: Array
    price_of_caps: Array
    price_of_least: Mapping[str, float]
    price_of_most: Mapping[str, float]
    missed: Mapping[str, float]


@dataclass(frozen=True)
class _Bound:
    """A condition by its members only: there may be as many limits as undertakings."""

    name: str
    cells: NDArray[np.int64]
    coefficients: Array
    least: int | None
    most: int | None
    law: bool = False


@dataclass(frozen=True)
class _Rows:
    """Conditions and the budget as ``matrix · x ≤ bound``, in euros."""

    names: list[tuple[str, str]]
    matrix: csr_array
    bound: Array
    law: NDArray[np.bool_]


def best_value(
    budget: int, values: Array, applications: Applications, conditions: Sequence[Condition] = ()
) -> Programme:
    """Return the allocation of most value; ties and jumps are an LP's own (METHOD.md section 8.2).

    Parameters
    ----------
    budget : int
        Cents; it need not be spent: money without value is left.
    values : ndarray of shape (applications,)
        Value of a cent.
    applications : Applications
        Its floors and caps, and its groups as further conditions; weights are not used.
    conditions : sequence of Condition
        They may overlap.

    Raises
    ------
    InputError
        If an input cannot be used, or the conditions cannot be kept: which, and by how much.
    """
    bounds = _bounds(budget, applications, conditions)
    if np.shape(values) != (len(applications.ids),) or not np.isfinite(values).all():
        remedy = "give the value of a cent, 0 where there is none"
        raise InputError([Problem("values", f"{values!r}", "a finite number for each", remedy)])
    rows = _rows(budget, applications, bounds)
    low, high = applications.floors / 100, applications.caps / 100
    found = _solve(-np.asarray(values, dtype=float), rows, low, high, applications)
    prices = dict(zip(rows.names, -found.ineqlin.marginals + 0.0, strict=True))
    shares = np.clip(found.x * 100, applications.floors, applications.caps)
    cents = _rounded(budget, shares, applications, bounds)
    return Programme(
        shares,
        cents,
        float(values @ shares),
        float(prices[BUDGET, "most"]),
        np.maximum(found.lower.marginals, 0.0),
        np.maximum(-found.upper.marginals, 0.0),
        {name: float(price) for (name, side), price in prices.items() if side == "least"},
        {name: float(price) for (name, side), price in prices.items() if side == "most" and name != BUDGET},
        _missed(cents, bounds),
    )


def fairest(
    budget: int, applications: Applications, conditions: Sequence[Condition] = ()
) -> tuple[Array, Cents, dict[str, float]]:
    """Return the weighted max–min fair shares under conditions, their whole cents, and what rounding misses.

    The smallest share per unit of weight is made as large as it can be, then the next, and so on; without
    conditions that is water-filling. One linear programme for each step, so for hundreds of applications, not
    for thousands. Without weight an application stays at its floor.

    Parameters
    ----------
    budget : int
        Cents.
    applications : Applications
        Floors, caps and groups hold.
    conditions : sequence of Condition

    Raises
    ------
    InputError
        As `best_value`.
    """
    bounds = _bounds(budget, applications, conditions)
    rows = _rows(budget, applications, bounds)
    cells = len(applications.ids)
    weights = np.asarray(applications.weights, dtype=float)
    scaled = weights / weights.max(initial=1e-300)
    low = applications.floors / 100
    high = np.where(weights > 0, applications.caps / 100, low)
    waiting = weights > 0
    cost = np.append(np.zeros(cells), -1.0)
    still = csr_array(hstack([rows.matrix, csr_array((rows.matrix.shape[0], 1))]))
    while waiting.any():
        rising = np.flatnonzero(waiting)
        at_least = hstack(
            [-identity(cells, format="csr")[rising], csr_array(scaled[rising][:, None])], format="csr"
        )
        both = _Rows(
            rows.names + [("", "")] * len(rising),
            csr_array(vstack([still, at_least])),
            np.append(rows.bound, np.zeros(len(rising))),
            np.append(rows.law, np.ones(len(rising), dtype=bool)),
        )
        found = _solve(cost, both, np.append(low, 0.0), np.append(high, np.inf), applications)
        held = rising[-found.ineqlin.marginals[len(rows.names) :] * scaled[rising] > PRICED]
        if not len(held):
            raise ForecastingError("the linear programme held no share. Do: give weights of one magnitude.")
        low[held] = high[held] = np.clip(found.x[-1] * scaled[held], low[held], high[held])
        waiting[held] = False
    shares = np.clip(low * 100, applications.floors, applications.caps)
    cents = _rounded(budget, shares, applications, bounds)
    return shares, cents, _missed(cents, bounds)


def _bounds(budget: int, applications: Applications, conditions: Sequence[Condition]) -> list[_Bound]:
    """Return the conditions, then the limits of groups.

    Raises
    ------
    InputError
        If an input cannot be used.
    """
    problems_found = [*problems(budget, applications), *_condition_problems(applications, conditions)]
    if problems_found:
        raise InputError(problems_found)
    found = []
    for each in conditions:
        cells = np.flatnonzero(each.coefficients)
        found.append(_Bound(each.name, cells, each.coefficients[cells], each.least, each.most))
    for group in applications.groups:
        members: dict[str, list[int]] = {}
        for cell, label in enumerate(group.labels):
            if label != NO_GROUP and group.caps[label] is not None:
                members.setdefault(label, []).append(cell)
        for label, own in sorted(members.items()):
            name = f"{group.name} {label}"
            found.append(_Bound(name, np.array(own), np.ones(len(own)), None, group.caps[label], law=True))
    return found


def _rows(budget: int, applications: Applications, bounds: Sequence[_Bound]) -> _Rows:
    whole = np.arange(len(applications.ids))
    names, most, law = [(BUDGET, "most")], [budget / 100], [False]
    cells, coefficients = [whole], [np.ones(len(whole))]
    for each in bounds:
        for side, sign, bound in (("least", -1.0, each.least), ("most", 1.0, each.most)):
            if bound is not None:
                names.append((each.name, side))
                most.append(sign * bound / 100)
                law.append(each.law)
                cells.append(each.cells)
                coefficients.append(sign * each.coefficients)
    ends = np.cumsum([0, *(len(own) for own in cells)])
    entries = (np.concatenate(coefficients), np.concatenate(cells), ends)
    return _Rows(names, csr_array(entries, shape=(len(names), len(whole))), np.array(most), np.array(law))


def _condition_problems(applications: Applications, conditions: Sequence[Condition]) -> list[Problem]:
    found = []
    names = [condition.name for condition in conditions]
    for condition in conditions:
        if names.count(condition.name) > 1 or condition.name == BUDGET:
            found.append(
                Problem("conditions", f"{condition.name!r} twice", "unique names", "rename one of them")
            )
        if np.shape(condition.coefficients) != (len(applications.ids),):
            given = f"{np.shape(condition.coefficients)} coefficients of {condition.name!r}"
            found.append(Problem("conditions", given, "one for each application", "give 0 for no member"))
        for bound in (condition.least, condition.most):
            if bound is not None and not isinstance(bound, int | np.integer):
                given = f"{bound!r} of {condition.name!r}"
                found.append(Problem("conditions", given, "whole cents", "give euros × 100 as an integer"))
    return found


def _solve(cost: Array, rows: _Rows, low: Array, high: Array, applications: Applications) -> Any:
    """Solve in euros; a programme that cannot be kept is explained."""
    found = linprog(
        cost, A_ub=rows.matrix, b_ub=rows.bound, bounds=np.column_stack([low, high]), method="highs"
    )
    if found.status == 2:
        raise InputError(_explained(rows, low, high, applications))
    if found.status != 0:
        raise ForecastingError(f"the linear programme was not solved: {found.message}. Do: check its bounds.")
    return found


def _explained(rows: _Rows, low: Array, high: Array, applications: Applications) -> list[Problem]:
    """Return the conditions that cannot be kept together: those that give way least in sum, and by how much.

    Limits of groups are law and give no way; floors were checked against them.
    """
    soft = np.flatnonzero(~rows.law)
    give = csr_array((-np.ones(len(soft)), (soft, np.arange(len(soft)))), shape=(len(rows.law), len(soft)))
    cost = np.append(np.zeros(len(low)), np.ones(len(soft)))
    bounds = np.column_stack(
        [np.append(low, np.zeros(len(soft))), np.append(high, np.full(len(soft), np.inf))]
    )
    wide = hstack([rows.matrix, give], format="csr")
    slack = linprog(cost, A_ub=wide, b_ub=rows.bound, bounds=bounds, method="highs").x[len(low) :]
    floors = sum(np.asarray(applications.floors).tolist())
    found = []
    for row, over in zip(soft.tolist(), np.rint(slack * 100).astype(np.int64).tolist(), strict=True):
        if over > 0:
            name, side = rows.names[row]
            asked = euros(round(abs(rows.bound[row]) * 100))
            given = (
                f"{name}: at {side} {asked}, which floors of {euros(floors)}, caps and the other conditions "
                f"miss by {euros(over)}"
            )
            remedy = f"{'lower' if side == 'least' else 'raise'} it by {euros(over)}, or loosen another"
            found.append(Problem("conditions", given, "conditions that can be kept together", remedy))
    return found


def _rounded(budget: int, shares: Array, applications: Applications, bounds: Sequence[_Bound]) -> Cents:
    """Round group by group where the conditions nest and count members, otherwise all at once."""
    near = np.rint(shares)
    parts = [
        Fraction(int(whole)) if abs(share - whole) < SNAP else Fraction(round(share * GRID), GRID)
        for share, whole in zip(shares.tolist(), near.tolist(), strict=True)
    ]
    total = min(budget, round(sum(parts)))
    tree = None
    if all((each.coefficients == 1).all() for each in bounds):
        members = [frozenset(each.cells.tolist()) for each in bounds]
        tree = tree_of_sets(len(parts), [each.name for each in bounds], members)
    if tree is None:
        return np.array(largest_remainder(parts, total, applications.ids), dtype=np.int64)
    return np.array(nested_cents(parts, total, applications.ids, tree), dtype=np.int64)


def _missed(cents: Cents, bounds: Sequence[_Bound]) -> dict[str, float]:
    found = {}
    for each in bounds:
        amount = float(each.coefficients @ cents[each.cells])
        short = 0.0 if each.least is None else each.least - amount
        over = 0.0 if each.most is None else amount - each.most
        if max(short, over) > SNAP:
            found[each.name] = max(short, over)
    return found
