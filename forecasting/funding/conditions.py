"""Conditions on a whole programme, declared by government: so much at least, or at most, for a group.

Data, not code: a file of dated conditions with unit and reference. They may overlap, which the limits of law
may not (METHOD.md section 8.2).
"""

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.columns import Column, Table
from forecasting.errors import InputError, Problem
from forecasting.funding.applications import FIRST_LINE
from forecasting.funding.linear import BUDGET, Condition
from forecasting.series.panel import Array

EUROS: Final = "euros"
SHARE: Final = "share"
UNITS: Final = {EUROS: "euros", SHARE: "share of the budget"}
GROUPS: Final = "groups"
OF: Final = (
    *(
        "region",
        "sector",
        "size_class",
        "education",
        "age",
        GROUPS,
        "regime",
        "course",
        "undertaking",
        "need",
    ),
)
"""Columns of the applications whose values make a group."""

CONDITIONS: Final = Table(
    "conditions",
    ("name", "from"),
    (
        Column("name", "code", "-", "unique on each day; shown with amount and shadow price"),
        Column("column", "code", "-", f"what makes the group: {', '.join(OF)}"),
        Column("values", "code", "-", "values of the group, separated by spaces"),
        Column("least", "number", "see unit", "least amount of the group", 0, 1e12, required=False),
        Column("most", "number", "see unit", "largest amount of the group", 0, 1e12, required=False),
        Column("unit", "code", "-", "euros, or share: of the budget"),
        Column("from", "date", "-", "first day of decisions that it holds for"),
        Column("until", "date", "-", "last day; none for good", required=False),
        Column("reference", "code", "-", "decision that sets it"),
    ),
    "conditions on a whole programme",
)
_TEXTS: Final = ("name", "column", "values", "unit", "reference")


@dataclass(frozen=True)
class Declared:
    """One condition as in force on the day of a decision.

    Parameters
    ----------
    name, column, reference : str
    values : tuple of str
    least, most : int or None
        Cents.
    unit : str
        As declared: `EUROS`, or `SHARE` of the budget.
    since : str
        First day.
    """

    name: str
    column: str
    values: tuple[str, ...]
    least: int | None
    most: int | None
    unit: str
    since: str
    reference: str

    def members(self, applications: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which applications are in the group, shape (applications,).

        An application of several groups of participants is in each of them.
        """
        cells, wanted = applications[self.column].astype(str), set(self.values)
        if self.column != GROUPS:
            return np.asarray(cells.isin(wanted), dtype=bool)
        inside = {cell: not wanted.isdisjoint(cell.split()) for cell in cells.unique()}
        return np.asarray(cells.map(inside), dtype=bool)

    def row(self, members: Array, base: int = 0) -> Condition:
        """Return the condition on what is above a base that members have already."""
        least, most = (None if each is None else each - base for each in (self.least, self.most))
        return Condition(self.name, members, None if least is None else max(least, 0), most)


def in_force(
    table: pd.DataFrame, applications: pd.DataFrame, day: dt.date, budget: int
) -> tuple[Declared, ...]:
    """Return the conditions of a day, in order of name, with their bounds in cents.

    Parameters
    ----------
    table : DataFrame
        Columns of `CONDITIONS`.
    applications : DataFrame
        With the columns `OF`.
    budget : int
        Cents. A share of it is rounded up where it is a least amount and down where it is a largest one.

    Raises
    ------
    InputError
        With every problem of the file at once.
    """
    found = table.reset_index(drop=True)
    for name in _TEXTS:
        found[name] = found[name].fillna("").astype(str).str.strip()
    problems = [*_cells(found), *_dates(found)]
    if problems:
        raise InputError(problems)
    today = pd.Timestamp(day)
    from_, until = (pd.to_datetime(found[name]) for name in ("from", "until"))
    held = found[(from_ <= today) & (until.isna() | (until >= today))]
    if held.empty:
        given, remedy = f"none in force on {day}", "correct the days, or leave --conditions out"
        raise InputError([Problem("conditions", given, "a condition in force on the decision's day", remedy)])
    declared = tuple(
        sorted((_declared(row, budget) for row in held.to_dict("records")), key=lambda each: each.name)
    )
    unknown = [*_members(declared, applications)]
    if unknown:
        raise InputError(unknown)
    return declared


def _declared(row: Mapping[Hashable, Any], budget: int) -> Declared:
    whole = 100 if row["unit"] == EUROS else budget
    least, most = (
        None if pd.isna(row[name]) else Fraction(str(row[name])) * whole for name in ("least", "most")
    )
    return Declared(
        str(row["name"]),
        str(row["column"]),
        tuple(str(row["values"]).split()),
        None if least is None else -(-least.numerator // least.denominator),
        None if most is None else most.numerator // most.denominator,
        str(row["unit"]),
        str(pd.Timestamp(str(row["from"])).date()),
        str(row["reference"]),
    )


def _cells(found: pd.DataFrame) -> Iterator[Problem]:
    """Yield what is wrong with single conditions."""
    least, most = (pd.to_numeric(found[name]) for name in ("least", "most"))
    share = found["unit"].eq(SHARE)
    cents = pd.concat([least, most], axis=1) * 100
    checks = (
        ("column", ~found["column"].isin(OF), f"one of {', '.join(OF)}", "name a column of the applications"),
        ("unit", ~found["unit"].isin(UNITS), "euros or share", "give euros, or share: of the budget"),
        ("name", found["name"].eq(BUDGET), "another name", f"{BUDGET!r} is the budget's own: rename it"),
        ("reference", found["reference"].eq(""), "the decision that sets it", "add its reference"),
        (
            "values",
            found["values"].eq(""),
            "one value or more",
            "give the group's values, with spaces between",
        ),
        ("least", least.isna() & most.isna(), "a least or a largest amount", "give least, most or both"),
        ("least", least > most, "at most the largest amount", "correct one of them"),
        ("least", share & (least > 1), "a share from 0 to 1", "give 0.2 for 20 per cent"),
        ("most", share & (most > 1), "a share from 0 to 1", "give 0.2 for 20 per cent"),
        (
            "least",
            ~share & ((cents - cents.round()).abs() > 1e-6).any(axis=1),
            "euros in whole cents",
            "give at most two decimals",
        ),
    )
    for column, bad, expected, remedy in checks:
        if bad.any():
            given = str(found.loc[bad, column].iloc[0]) or "nothing"
            yield Problem(
                "conditions", "nothing" if given == "nan" else given, expected, remedy, column, _lines(bad)
            )


def _dates(found: pd.DataFrame) -> Iterator[Problem]:
    """Yield conditions of one name whose days overlap."""
    rows = found.assign(since=pd.to_datetime(found["from"]), to=pd.to_datetime(found["until"]))
    back = rows["to"] < rows["since"]
    if back.any():
        expected = "a last day on or after the first"
        yield Problem("conditions", "an earlier day", expected, "correct a day", "until", _lines(back))
    ordered = rows.sort_values(["name", "since"])
    before = ordered.groupby("name")[["to", "since"]].shift()
    overlap = before["since"].notna() & (before["to"].isna() | (before["to"] >= ordered["since"]))
    if overlap.any():
        given = f"{ordered.loc[overlap, 'name'].iloc[0]!r} twice on one day"
        remedy = "end the earlier one before the later begins, or rename one"
        yield Problem(
            "conditions", given, "one of a name on each day", remedy, "from", _lines(overlap.sort_index())
        )


def _members(declared: Sequence[Declared], applications: pd.DataFrame) -> Iterator[Problem]:
    """Yield values that no application has: a misspelt one must not pass as an empty group."""
    for each in declared:
        cells = applications[each.column].astype(str)
        known = {
            part for cell in cells.unique() for part in (cell.split() if each.column == GROUPS else [cell])
        }
        strange = [value for value in each.values if value not in known]
        if strange:
            names = ", ".join(sorted(known - {""})[:10]) or "nothing: the column is empty"
            given = f"{strange[0]!r}, which no application has as {each.column}"
            remedy = f"correct condition {each.name}, or leave it out"
            yield Problem("conditions", given, f"values among {names}", remedy, "values")


def _lines(bad: "pd.Series[bool]") -> list[int]:
    return [int(row) + FIRST_LINE for row in np.flatnonzero(bad.to_numpy(dtype=bool))]
