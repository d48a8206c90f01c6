"""The catalogue that is screened and its public euros, from a file or from a release."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.columns import Column, Table
from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding.catalogue import Courses, read_courses
from forecasting.reading import lines, read_table, shown
from forecasting.tables import TABLES
from training.allocation import cents_of

MONEY: Final = "public_euros"
ENROLMENTS: Final = "enrolments"
_OWN: Final = TABLES["courses"]


@dataclass(frozen=True)
class Offer:
    """A catalogue to screen.

    Parameters
    ----------
    courses : Courses
    cents : Series
        By course; null where unknown.
    source : str
        Where the euros come from, as the report says it.
    """

    courses: Courses
    cents: "pd.Series[Any]"
    source: str


def of_release(tables: Mapping[str, pd.DataFrame]) -> Offer:
    """Return a release's own courses; their public euros are unknown."""
    rows = tables["courses"]
    if rows.empty:
        raise ForecastingError("the release lists no courses; expected a catalogue. Do: give --courses.")
    courses = read_courses(rows, tables["skills"]["code"], tables["occupations"]["code"])
    return Offer(courses, _unknown(courses), "unknown: the courses of a release name no public euros")


def of_file(path: Path, money: str | None, tables: Mapping[str, pd.DataFrame]) -> Offer:
    """Read a file of courses: the columns of ``courses``, with public euros or enrolments.

    Parameters
    ----------
    money : str or None
        Column of the public euros a year; None takes ``public_euros`` where there is one, otherwise price
        times ``enrolments``.
    tables : mapping of str to DataFrame
        Published ``skills, occupations``.

    Raises
    ------
    InputError
        With every problem of the file: unknown skills or occupations, repeated courses, amounts that are
        negative or no euros.
    """
    declared = [column.name for column in _OWN.columns]
    if money in (*declared, ENROLMENTS):
        remedy = f"name the column of the public euros, by default {MONEY}"
        raise InputError([Problem("--money", repr(money), "a column of its own", remedy)])
    table = _table(money)
    rows, problems = read_table(path, table)
    if set(table.key) <= set(rows.columns):
        problems += [replace(each, where=path.name) for each in _problems(rows, money, tables)]
    if problems:
        raise InputError(problems)
    courses = read_courses(rows[declared], tables["skills"]["code"], tables["occupations"]["code"])
    return Offer(courses, *_cents(rows, money or MONEY, courses))


def _table(money: str | None) -> Table:
    names = dict.fromkeys([MONEY, money or MONEY])
    euros = [Column(name, "text", "EUR", "public money a year", required=False) for name in names]
    heads = Column(ENROLMENTS, "integer", "persons", "enrolments a year", 0, required=False)
    return Table(_OWN.name, _OWN.key, (*_OWN.columns, *euros, heads), _OWN.meaning)


def _problems(rows: pd.DataFrame, money: str | None, tables: Mapping[str, pd.DataFrame]) -> Iterator[Problem]:
    """Yield what is wrong with the rows, beside cells that cannot be read."""
    if rows.empty:
        yield Problem("courses", "no rows", "one course or more", "give the catalogue")
        return
    for column, table in (("skills", "skills"), ("occupations", "occupations")):
        known = set(tables[table]["code"].astype(str))
        foreign = pd.Series([sorted(set(str(cell).split()) - known) for cell in rows[column]], dtype=object)
        bad = foreign.map(bool).astype(bool)
        if bad.any():
            remedy = "correct the code, or leave out what the classification does not have"
            given = repr(foreign[bad].iloc[0][0])
            yield Problem(
                "courses", given, f"{column} of the release, separated by spaces", remedy, column, lines(bad)
            )
    try:
        read_courses(rows, [], [])
    except InputError as error:
        yield from error.problems
    for name in ("price", ENROLMENTS):
        yield from _bad(rows[name], rows[name].astype(float) < 0, "0 or more, or empty where unknown", name)
    for name in dict.fromkeys([MONEY, money or MONEY]):
        wrong = rows[name].map(lambda cell: bool(cell) and not _readable(cell))
        expected = "euros of at least 0 with at most two decimals, as 12500.00, or empty where unknown"
        yield from _bad(rows[name], wrong.astype(bool), expected, name)
    if money is not None and not rows[money].map(bool).any():
        remedy = "name the column that holds the public euros, or leave out --money"
        yield Problem("courses", f"no amount in {money!r}", "public euros", remedy, money)


def _bad(cells: "pd.Series[Any]", bad: "pd.Series[bool]", expected: str, name: str) -> Iterator[Problem]:
    if bad.any():
        given = shown(cells[bad].iloc[0])
        yield Problem("courses", given, expected, "correct the cells", name, lines(bad))


def _readable(cell: str) -> bool:
    try:
        cents_of(cell)
    except ForecastingError:
        return False
    return True


def _cents(rows: pd.DataFrame, money: str, courses: Courses) -> "tuple[pd.Series[Any], str]":
    """Return the cents of each course and where they come from."""
    codes = rows["course"].astype(str)
    if rows[money].map(bool).any():
        found = [cents_of(cell) if cell else None for cell in rows[money]]
        return pd.Series(found, codes, dtype=object), f"column {money}"
    if rows[ENROLMENTS].notna().any():
        found = [
            None if pd.isna(price) or pd.isna(heads) else round(Decimal(str(price)) * 100) * int(heads)
            for price, heads in zip(rows["price"], rows[ENROLMENTS], strict=True)
        ]
        told = "price times enrolments: what the courses cost their buyers, not what was paid out"
        return pd.Series(found, codes, dtype=object), told
    told = f"unknown: the file has no column {MONEY} with amounts and no {ENROLMENTS}"
    return _unknown(courses), told


def _unknown(courses: Courses) -> "pd.Series[Any]":
    return pd.Series([None] * len(courses.codes), courses.codes, dtype=object)
