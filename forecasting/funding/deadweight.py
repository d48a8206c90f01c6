"""Deadweight: what a subsidy costs per trainee who would not have trained without it.

No allocation knows its deadweight; a declared share, with a lower and a higher one beside it, is honest where
zero is not (METHOD.md section 7.7: cost per additional trainee ``s / (1 − d)``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.funding.applications import Cents, line_numbers
from forecasting.series.panel import Array

CASES: Final = ("low", "central", "high")
TOTAL: Final = "total"

Shares = Mapping[str, Mapping[str, float]]
"""By group, the share that would have trained anyway: ``low``, ``central`` and ``high``."""


def deadweight_table(cents: Cents, trainees: Array, groups: Sequence[str], shares: Shares) -> pd.DataFrame:
    """Return the cost per additional trainee of each group and of all, under each declared share.

    Parameters
    ----------
    cents : ndarray of int64, shape (applications,)
    trainees : ndarray of shape (applications,)
        Persons trained with the money, at least 0.
    groups : sequence of str, length applications
        Groups of the parameter ``deadweight_shares``.
    shares : mapping
        The parameter's value.

    Returns
    -------
    DataFrame
        ``group, cents, trainees, cost_per_trainee``, and for each case ``deadweight_<case>``,
        ``additional_<case>`` (persons) and ``cost_per_additional_<case>``; costs in cents, null where there
        are no trainees. Groups in alphabetical order, then ``total``, whose deadweight is its trainees'.

    Raises
    ------
    InputError
        If a group is not declared, a share is not from 0 to below 1, or trainees are negative.

    Examples
    --------
    >>> declared = {"low_skilled": {"low": 0.5, "central": 0.6, "high": 0.75}}
    >>> table = deadweight_table(np.array([100_000]), np.array([10.0]), ["low_skilled"], declared)
    >>> table[["cost_per_trainee", "cost_per_additional_central"]].round().values.tolist()[0]
    [10000.0, 25000.0]
    """
    found = list(_problems(cents, trainees, groups, shares))
    if found:
        raise InputError(found)
    each = pd.DataFrame(
        {"group": list(groups), "cents": cents, "trainees": np.asarray(trainees, dtype=float)}
    )
    for case in CASES:
        added = each["group"].map({group: 1 - declared[case] for group, declared in shares.items()})
        each[f"additional_{case}"] = each["trainees"] * added.astype(float)
    table = each.groupby("group", sort=True).sum().reset_index()
    whole = table.drop(columns="group").sum().to_frame().T.assign(group=TOTAL)
    table = pd.concat([table, whole], ignore_index=True)
    persons = table["trainees"].where(table["trainees"] > 0)
    table["cost_per_trainee"] = table["cents"] / persons
    for case in CASES:
        additional = table[f"additional_{case}"].where(table[f"additional_{case}"] > 0)
        table[f"deadweight_{case}"] = 1 - table[f"additional_{case}"] / persons
        table[f"cost_per_additional_{case}"] = table["cents"] / additional
    columns = [
        f"{name}_{case}" for case in CASES for name in ("deadweight", "additional", "cost_per_additional")
    ]
    table["cents"] = table["cents"].astype(np.int64)
    return table[["group", "cents", "trainees", "cost_per_trainee", *columns]]


def _problems(
    cents: Cents, trainees: Array, groups: Sequence[str], shares: Mapping[str, Any]
) -> Iterator[Problem]:
    if not len(cents) == len(trainees) == len(groups):
        given = f"{len(cents):,} amounts, {len(trainees):,} trainees and {len(groups):,} groups"
        yield Problem("deadweight", given, "one of each for every application", "give columns of one length")
    wrong = ~(np.isfinite(trainees) & (np.asarray(trainees) >= 0))
    if wrong.any():
        worst = f"{np.asarray(trainees)[wrong][0]}"
        remedy = "leave out who does not tell how many it trains"
        yield Problem("applications", worst, "0 persons or more", remedy, "trainees", line_numbers(wrong))
    unknown = [group not in shares for group in groups]
    if any(unknown):
        name = groups[unknown.index(True)]
        remedy = "use one of them, or declare the group in parameters/allocation.yaml with its source"
        expected = f"one of {', '.join(sorted(shares))}"
        yield Problem("applications", f"{name!r}", expected, remedy, "group", line_numbers(unknown))
    for group, declared in shares.items():
        values = [declared.get(case) for case in CASES]
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) < len(CASES) or numbers != sorted(numbers) or not 0 <= numbers[0] <= numbers[-1] < 1:
            expected = "low ≤ central ≤ high, from 0 to below 1"
            remedy = "declare three shares; where all would train anyway no cost is finite"
            yield Problem("deadweight_shares", f"{group}: {dict(declared)}", expected, remedy)
