"""Progressive universalism as a testable rule: all who are eligible get a base, need brings more per head.

SERV 2025, section 4.5, asks for one measure for everyone that varies in size by target group; the testable
form is METHOD.md section 8.4: ``x = heads · (base + β · need)`` with base > 0 and β ≥ 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InputError, Problem
from forecasting.funding.allocation import Allocation, distribute
from forecasting.funding.applications import Applications, Cents, euros, line_numbers
from forecasting.series.panel import Array

NOTHING: Final = "nothing"
"""An eligible unit gets nothing."""
LESS_PER_HEAD: Final = "less per head"
"""A unit gets less per head than one with no greater need."""


@dataclass(frozen=True)
class Progressive:
    """An allocation that is universal and progressive.

    Parameters
    ----------
    cents : ndarray of int64, shape (units,)
    base : ndarray of int64, shape (units,)
        Cents of it that are the base.
    above : Allocation
        How the rest was divided: in proportion to heads × need.
    slope : Fraction
        β: cents per head for each unit of need, where no cap binds.
    residual : int
        Cents that the caps do not take.
    """

    cents: Cents
    base: Cents
    above: Allocation
    slope: Fraction
    residual: int


@dataclass(frozen=True)
class Violation:
    """One unit that the rule would treat better.

    Parameters
    ----------
    unit : str
    kind : str
        `NOTHING` or `LESS_PER_HEAD`.
    than : str
        The unit with no greater need and the most per head; empty for `NOTHING`.
    at_cap : bool
        Whether the unit is at its legal cap: then the law is the cause, not the rule.
    sentence : str
        What is wrong, with the amounts.
    """

    unit: str
    kind: str
    than: str
    at_cap: bool
    sentence: str


def base_per_head(budget: int, heads: NDArray[np.int64], share: float) -> int:
    """Return the cents per head that divide a share of the budget equally, rounded down.

    Parameters
    ----------
    budget : int
        Cents.
    heads : ndarray of int64, shape (units,)
    share : float
        The parameter ``universal_base_share``, as declared.

    Examples
    --------
    >>> base_per_head(1000, np.array([30, 10]), 0.2)
    5
    """
    declared = Fraction(str(share))
    return budget * declared.numerator // (declared.denominator * max(1, int(heads.sum())))


def progressive(
    budget: int,
    ids: Sequence[str],
    heads: NDArray[np.int64],
    need: Array,
    base: int,
    largest: int | None = None,
) -> Progressive:
    """Return an allocation that gives every unit a base per head, and the rest by need.

    Parameters
    ----------
    budget : int
        Cents.
    ids : sequence of str
        Unique names of the eligible units.
    heads : ndarray of int64, shape (units,)
        Persons, at least 1.
    need : ndarray of shape (units,)
        At least 0, per head.
    base : int
        Cents per head, more than 0.
    largest : int, optional
        Most cents per head, the same for all: so the amount per head still never falls with need.

    Raises
    ------
    InputError
        If the budget does not pay the base for everybody, or an input cannot be used.

    Examples
    --------
    >>> found = progressive(1000, ["a", "b"], np.array([10, 10]), np.array([0.0, 2.0]), 20)
    >>> found.cents.tolist(), float(found.slope)
    ([200, 800], 30.0)
    """
    most = budget if largest is None else largest
    found = list(_progressive_problems(ids, heads, need, base, most))
    if found:
        raise InputError(found)
    bases = heads * base
    persons = int(heads.sum())
    if base * persons >= budget:
        given = f"a base of {euros(base)} for {persons:,} persons, {euros(base * persons)}"
        remedy = f"lower the base to less than {euros(budget // persons)}, or raise the budget"
        raise InputError([Problem("universal base", given, f"less than the budget, {euros(budget)}", remedy)])
    caps = np.minimum(heads.astype(object) * (most - base), budget).astype(np.int64)
    asked = Applications(list(ids), heads * need, np.zeros(len(heads), dtype=np.int64), caps)
    above = distribute(budget - base * persons, asked, "units")
    slope = above.level or Fraction(0)
    return Progressive(bases + above.cents, bases, above, slope, above.residual)


def _progressive_problems(
    ids: Sequence[str], heads: NDArray[np.int64], need: Array, base: int, most: int
) -> Iterator[Problem]:
    if heads.dtype.kind not in "iu" or (heads < 1).any():
        rows = line_numbers(heads < 1)
        remedy = "leave out units without persons"
        yield Problem("units", f"{heads.min(initial=0)}", "whole persons, at least 1", remedy, "heads", rows)
    wrong = ~(np.isfinite(need) & (need >= 0))
    if wrong.any():
        rows = line_numbers(wrong)
        remedy = "give 0 where nothing is needed beyond the base"
        yield Problem("units", f"{need[wrong][0]}", "a finite need of at least 0", remedy, "need", rows)
    if base <= 0 or most < base:
        remedy = "give a base in cents per head, and a largest amount per head above it"
        yield Problem("universal base", f"{base} of at most {most} cents", "0 < base ≤ largest", remedy)
    if not len(ids) == len(heads) == len(need):
        given = f"{len(ids):,} ids, {len(heads):,} heads and {len(need):,} needs"
        yield Problem("units", given, "one of each for every unit", "give columns of one length")


def universalism_violations(
    cents: Cents,
    ids: Sequence[str],
    heads: NDArray[np.int64],
    need: Array,
    caps: Cents | None = None,
) -> list[Violation]:
    """Return every unit for which an allocation is not universal or not progressive, with the amounts.

    A cent of rounding on either side is no violation. Units of the same need should get the same per head.

    Parameters
    ----------
    cents : ndarray of int64, shape (units,)
        Any allocation, over the units that are eligible by law.
    ids : sequence of str
    heads : ndarray of int64, shape (units,)
        Persons, at least 1.
    need : ndarray of shape (units,)
        Per head.
    caps : ndarray of int64, shape (units,), optional
        Legal caps: who is at one is still named, with the law as the cause.
    """
    at_cap = np.zeros(len(cents), dtype=bool) if caps is None else cents >= caps
    found = [
        Violation(ids[unit], NOTHING, "", bool(at_cap[unit]), f"{ids[unit]} is eligible and gets nothing")
        for unit in np.flatnonzero(cents <= 0).tolist()
    ]
    order = np.argsort(need, kind="stable")
    surely = ((cents - 1) / heads)[order]  # per head, were the rounding in its favour
    ends = np.searchsorted(need[order], need, side="right") - 1  # the last unit of no greater need
    best = _first_greatest(surely)[ends]
    for unit in np.flatnonzero((cents + 1) / heads < surely[best]).tolist():
        other = int(order[best[unit]])
        if (int(cents[unit]) + 1) * int(heads[other]) < (int(cents[other]) - 1) * int(heads[unit]):
            each, more = (round(int(cents[i]) / int(heads[i])) for i in (unit, other))
            sentence = (
                f"{ids[unit]} (need {need[unit]:.4g}) gets {euros(each)} per head, "
                f"{ids[other]} (need {need[other]:.4g}) {euros(more)}"
            )
            found.append(Violation(ids[unit], LESS_PER_HEAD, ids[other], bool(at_cap[unit]), sentence))
    return found


def _first_greatest(values: Array) -> NDArray[np.int64]:
    """Return, up to each position, where the greatest value so far stands."""
    greatest = np.maximum.accumulate(values)
    new = np.flatnonzero(np.r_[True, greatest[1:] > greatest[:-1]]) if len(values) else np.array([], int)
    return new[np.searchsorted(new, np.arange(len(values)), side="right") - 1]
