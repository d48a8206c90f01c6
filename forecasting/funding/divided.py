"""A programme's money above its base, divided by its rule and conditions, once and in every draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.funding.allocation import Allocation, distribute
from forecasting.funding.applications import Applications, euros
from forecasting.funding.conditioned import NEAREST, VALUE, Conditioned, distribute_under
from forecasting.funding.conditioned_draws import amounts_under
from forecasting.funding.conditions import Declared
from forecasting.funding.linear import Condition
from forecasting.funding.programme_limits import Limits, above_base
from forecasting.funding.resampled import resampled_amounts
from forecasting.series.panel import Array


@dataclass(frozen=True)
class Worth:
    """What the money follows.

    Parameters
    ----------
    weights, sizes : ndarray of shape (applications,)
        Proportion is to weight times size; the value of a cent is the weight.
    drawn : ndarray of shape (draws, applications)
        Weights under each draw.
    """

    weights: Array
    drawn: Array
    sizes: Array


@dataclass(frozen=True)
class Divided:
    """How the money above the base was divided.

    Parameters
    ----------
    above : Allocation
    amounts : ndarray of shape (draws, applications)
        Cents with the base, under each draw.
    under : Conditioned or None
        None where the rule is proportional without conditions.
    kept : mapping of str to float
        Share of the draws in which each condition is kept.
    """

    above: Allocation
    amounts: Array
    under: Conditioned | None = None
    kept: Mapping[str, float] = field(default_factory=dict)


def divide(
    budget: int, found: pd.DataFrame, worth: Worth, limits: Limits, declared: Sequence[Declared], rule: str
) -> Divided:
    """Divide a budget by a rule, under conditions.

    Parameters
    ----------
    budget : int
        Cents, the base included.
    found : DataFrame
        Applications with ``id`` and `forecasting.funding.conditions.OF`.

    Raises
    ------
    InputError
        If floors or conditions cannot be kept, with the amounts.
    """
    groups, left = above_base(limits.groups, limits.base), budget - int(limits.base.sum())
    asked = Applications(
        tuple(found["id"]),
        worth.weights * worth.sizes,
        limits.floors - limits.base,
        limits.caps - limits.base,
        groups,
    )
    if not declared and rule == NEAREST:
        amounts = resampled_amounts(left, asked, worth.drawn, worth.sizes)
        amounts += limits.base
        return Divided(distribute(left, asked), amounts)
    rows = [_above_base(each, found, limits) for each in declared]
    under = distribute_under(left, asked, rows, worth.weights, rule)
    values = worth.drawn if rule == VALUE else None
    amounts, kept = amounts_under(left, under.split, worth.drawn * worth.sizes, rows, values)
    return Divided(under.allocation, limits.base + amounts, under, kept)


def _above_base(declared: Declared, found: pd.DataFrame, limits: Limits) -> Condition:
    """Return a condition on what is above the base.

    Raises
    ------
    InputError
        If the base alone passes the largest amount.
    """
    members = declared.members(found)
    base = int(limits.base[members].sum())
    if declared.most is not None and base > declared.most:
        given = f"{declared.name}: at most {euros(declared.most)}, the base of its members is {euros(base)}"
        expected, remedy = "a largest amount above the base", "raise it, or allocate without --universal"
        raise InputError([Problem("conditions", given, expected, remedy)])
    return declared.row(members.astype(np.float64), base)


def refuse_many(count: int, most: int) -> None:
    """Refuse more applications than the fairest shares can be found for.

    Raises
    ------
    InputError
        If there are more.
    """
    if count > most:
        remedy = "choose rule proportional, which is as fair where conditions do not overlap"
        raise InputError([Problem("rule fairest", f"{count:,} applications", f"at most {most:,}", remedy)])
