"""From tables to cases: applications, grants and courses as the law reads them, or all problems at once.

Money becomes whole cents, days become days, shares become basis points; nothing is rounded on the way in.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from forecasting.columns import Column, Table
from forecasting.errors import InputError, Problem
from forecasting.funding.law_columns import APPLICATIONS, COURSES, GRANTS
from forecasting.funding.law_rules import REGIMES, WHOLE, Rulebook
from forecasting.reading import lines, shown

SIZES: Final = ("small", "medium", "large")
ITEMS: Final = ("cost_course", "cost_wages", "cost_travel")

_CENT: Final = 1e-4
"""Of a cent: what a float of at most a billion euros loses."""

_YES: Final = {"true": True, "yes": True, "1": True, "1.0": True}
_NO: Final = {"false": False, "no": False, "0": False, "0.0": False}
_MINUTES: Final = 60
_HUNDREDTHS: Final = 100

Read = tuple[pd.DataFrame, list[Problem]]


def read_cases(
    applications: pd.DataFrame, grants: pd.DataFrame, courses: pd.DataFrame, rules: Rulebook
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cases, one a row of `applications` and in their order, and the ledger of earlier grants.

    Raises
    ------
    InputError
        With every problem of the three tables.
    """
    read = {t.name: _typed(f, t) for f, t in zip((applications, grants, courses), _TABLES, strict=True)}
    problems = [problem for _, found in read.values() for problem in found]
    if problems:
        raise InputError(problems)
    asked, ledger, offered = (read[table.name][0] for table in _TABLES)
    asked["regime"] = _regime(asked, rules.default_regime)
    problems = [*_of_applications(asked, offered, rules), *_of_grants(ledger, asked), *_linked(asked, ledger)]
    if problems:
        raise InputError(problems)
    return _cases(asked, ledger, offered), _ledger(ledger, asked)


_TABLES: Final = (APPLICATIONS, GRANTS, COURSES)


def _typed(frame: pd.DataFrame, table: Table) -> Read:
    """Return the declared columns, typed, and what could not be read; other columns are left out."""
    found, problems = pd.DataFrame(index=pd.RangeIndex(len(frame))), []
    for column in table.columns:
        if column.name not in frame:
            if column.required:
                expected, remedy = f"{column.meaning} ({column.unit})", "add the column"
                problems.append(Problem(table.name, f"no column {column.name}", expected, remedy))
            found[column.name] = "" if column.kind in {"code", "text"} else np.nan
            continue
        cells = frame[column.name].reset_index(drop=True)
        found[column.name], bad, expected, remedy = _column(cells, column)
        if bad.any():
            given = _given(cells[bad].iloc[0])
            problems.append(Problem(table.name, given, expected, remedy, column.name, lines(bad)))
    key = table.key[0]
    repeated = found[key].duplicated() & found[key].ne("")
    if repeated.any():
        expected, remedy = "each only once", "remove the repeated rows, or give each its own"
        given = shown(found.loc[repeated, key].iloc[0])
        problems.append(Problem(table.name, given, expected, remedy, key, lines(repeated)))
    return found, problems


def _column(cells: pd.Series, column: Column) -> "tuple[pd.Series, pd.Series[bool], str, str]":
    if column.kind in {"code", "text"}:
        text = _text(cells)
        unreadable = text.str.contains(r"[\x00-\x1f\x7f]", na=False)
        bad = unreadable | (text.eq("") & column.required)
        return (
            text,
            bad,
            "a value without control characters",
            "fill or correct the cells, or remove the rows",
        )
    written = cells if pd.api.types.is_numeric_dtype(cells) else _text(cells)
    empty = written.isna() | written.eq("")
    if column.kind == "boolean":
        known = _text(cells).str.lower().map(_YES | _NO)
        return known.astype(object), known.isna() & ~empty, "true or false", "write true, false or nothing"
    if column.kind == "date":
        days = pd.to_datetime(cells.where(~empty), format="ISO8601", errors="coerce").dt.normalize()
        return days, days.isna() & (~empty | column.required), "a day", "write it as 2026-11-22"
    numbers = pd.to_numeric(cells.where(~empty), errors="coerce").astype(float)
    low, high = float(column.low or 0), float(column.high or np.inf)
    outside = numbers.isna() | (numbers < low) | (numbers > high)
    bad = outside & (~empty | column.required)
    expected, remedy = f"a figure from {low:g} to {high:g}", "correct the cells"
    if column.kind == "integer":
        return numbers, bad | numbers.mod(1).gt(0), f"a whole figure from {low:g} to {high:g}", remedy
    if column.unit == "EUR" and column.required:
        parts = (numbers * _HUNDREDTHS - (numbers * _HUNDREDTHS).round()).abs() > _CENT
        return numbers, bad | parts, f"{expected} in whole cents", "round to cents, at most two decimals"
    return numbers, bad, expected, remedy


def _text(cells: pd.Series) -> "pd.Series[str]":
    """Return cells as text without spaces around it, empty where nothing stands."""
    which, names = pd.factorize(cells, use_na_sentinel=True)
    told = np.array([*(str(name).strip() for name in names), ""], dtype=object)
    return pd.Series(told[which], cells.index)


def _given(cell: object) -> str:
    if isinstance(cell, str) or cell is None:
        return shown(cell or "")
    return shown(float(cell)) if isinstance(cell, int | float) else str(cell)


def _regime(asked: pd.DataFrame, default: str) -> "pd.Series[str]":
    said = asked["regime"].where(asked["regime"].ne(""), asked["instrument"]).str.lower()
    return said.where(said.ne(""), default)


def _of_applications(asked: pd.DataFrame, offered: pd.DataFrame, rules: Rulebook) -> Iterator[Problem]:
    day = pd.Timestamp(rules.day)
    sizes, courses = asked["size_class"].isin(SIZES), asked["course"].isin(offered["course"])
    yield from _where(asked, "size_class", ~sizes, f"one of {', '.join(SIZES)}", "correct the size class")
    yield from _where(asked, "course", ~courses, "a course of courses", "add the course, or correct it")
    known, late = asked["regime"].isin(REGIMES), asked["applied_on"] > day
    yield from _where(asked, "regime", ~known, f"one of {', '.join(REGIMES)}", "correct the legal basis")
    yield from _where(
        asked, "applied_on", late, f"a day until the decision on {rules.day}", "correct it, or decide later"
    )
    both = asked["instrument"].ne("") & asked["instrument"].str.lower().ne(asked["regime"])
    yield from _where(asked, "instrument", both, "the same legal basis as regime", "empty one of the two")
    whole = asked["employment_fraction"].isna() | asked["employment_fraction"].gt(0)
    yield from _where(asked, "employment_fraction", ~whole, "a share above 0", "correct it")
    other = asked["same_costs_as"]
    owner = other.map(asked.set_index("id")["undertaking"])
    chained = other.isin(asked.loc[other.ne(""), "id"])
    wrong = other.ne("") & (owner.ne(asked["undertaking"]) | chained)
    expected = "an application of the same undertaking that names no other itself"
    yield from _where(asked, "same_costs_as", wrong, expected, "name the first of them in all the others")
    for regime in sorted(set(asked["regime"]) & set(REGIMES)):
        first = max((rule.versions[0].start, rule.name) for rule in rules.of(regime) if rule.binds)
        early = asked["regime"].eq(regime) & (asked["applied_on"] < pd.Timestamp(first[0]))
        expected = f"a day from {first[0]} on, when rule {first[1]} begins"
        remedy = "correct the day, or add the version that held on it to law.yaml"
        yield from _where(asked, "applied_on", early, expected, remedy)


def _of_grants(ledger: pd.DataFrame, asked: pd.DataFrame) -> Iterator[Problem]:
    known = (*REGIMES, "other")
    yield from _where(
        ledger,
        "regime",
        ~ledger["regime"].isin(known),
        f"one of {', '.join(known)}",
        "correct it",
    )
    items = ledger["cost_item"].isin(["", *ITEMS])
    yield from _where(ledger, "cost_item", ~items, f"nothing, or one of {', '.join(ITEMS)}", "correct it")
    owner = ledger["application"].map(asked.set_index("id")["undertaking"])
    foreign = owner.notna() & owner.ne(ledger["undertaking"])
    expected = "an application of the same undertaking"
    yield from _where(ledger, "application", foreign, expected, "correct the application or the undertaking")


def _where(
    frame: pd.DataFrame, column: str, bad: "pd.Series[bool]", expected: str, remedy: str
) -> Iterator[Problem]:
    if bad.any():
        table = "grants" if "granted_on" in frame else "applications"
        cell = frame.loc[bad, column].iloc[0]
        given = cell.date().isoformat() if isinstance(cell, dt.datetime) else shown(cell)
        yield Problem(table, given, expected, remedy, column, lines(bad))


def _linked(asked: pd.DataFrame, ledger: pd.DataFrame) -> Iterator[Problem]:
    said = _links(asked, ledger).drop_duplicates()
    twice = said.loc[said["undertaking"].duplicated(keep=False), "undertaking"]
    bad = asked["undertaking"].isin(twice)
    expected = "one single undertaking for each undertaking, in applications and grants"
    yield from _where(asked, "single_undertaking", bad, expected, "give one name to all that are linked")


def _links(asked: pd.DataFrame, ledger: pd.DataFrame) -> pd.DataFrame:
    columns = ["undertaking", "single_undertaking"]
    both = pd.concat([asked[columns], ledger[columns]], ignore_index=True)
    return both[both["single_undertaking"].ne("")]


def _single(frame: pd.DataFrame, asked: pd.DataFrame, ledger: pd.DataFrame) -> "pd.Series[str]":
    links = _links(asked, ledger)
    names = dict(zip(links["undertaking"], links["single_undertaking"], strict=True))
    said = [names.get(own, own) for own in frame["undertaking"]]
    return pd.Series(said, frame.index, dtype=object)


def _cents(euros: "pd.Series[float]") -> "pd.Series[int]":
    return (euros * _HUNDREDTHS).round().astype(np.int64)


def _cases(asked: pd.DataFrame, ledger: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame:
    """Return one row per application: cents, days, basis points (-1 unknown), minutes (-1 unknown)."""
    course = offered.set_index("course").loc[asked["course"]].reset_index(drop=True)
    cases = asked.drop(columns=["instrument", "employment_fraction"]).assign(
        single_undertaking=_single(asked, asked, ledger),
        root=asked["same_costs_as"].where(asked["same_costs_as"].ne(""), asked["id"]),
        size=asked["size_class"].map({name: number for number, name in enumerate(SIZES)}).astype(np.int64),
        participants=asked["participants"].astype(np.int64),
        vulnerable=asked["vulnerable"].eq(True),
        joint_initiative=asked["joint_initiative"].eq(True),
        fraction=(asked["employment_fraction"] * WHOLE).round().fillna(-1).astype(np.int64),
        minutes=(course["hours"] * _MINUTES).fillna(-1).floordiv(1).astype(np.int64),
        credits=course["credits"].fillna(-1.0),
        mandatory=course["mandatory"].map({True: 1, False: 0}).fillna(-1).astype(np.int64),
        instruments=course["instruments"],
        theme=course["theme"].str.lower(),
        **{item: _cents(asked[item]) for item in ITEMS},
    )
    project = asked["project"].where(asked["project"].ne(""), "course " + asked["course"])
    return cases.assign(project=cases["single_undertaking"] + " · " + project)


def _ledger(ledger: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Return grants with cents, single undertaking and the application whose cost items they pay."""
    roots = asked.set_index("id")["same_costs_as"]
    first = pd.Series(np.where(roots.ne(""), roots, roots.index), roots.index)
    root = ledger["application"].map(first).fillna("")
    single = _single(ledger, asked, ledger)
    return ledger.assign(cents=_cents(ledger["amount"]), single_undertaking=single, root=root)
