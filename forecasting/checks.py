"""What must hold for the settings and tables of a region: keys, ranges, known codes, shares and sums.

Every check returns all its problems; none stops at the first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import pandas as pd

from forecasting.columns import Column, Table
from forecasting.consistency import (
    ROUNDING,
    Tables,
    age_problems,
    base_year_problems,
    filled,
    hierarchy_problems,
    markets,
)
from forecasting.consistency_staffing import staffing_history_problems
from forecasting.consistency_supply import supply_problems
from forecasting.errors import Problem
from forecasting.reading import SETTINGS, TableRead, lines, shown
from forecasting.tables import TABLES
from forecasting.vintages import vintage_problems
from forecasting.vocabulary import FLAGS, TOTAL

NEEDED: Final = ("occupations", "regions")
"""Without these no cell can be named."""

ALLOWED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("regions", "role"): ("market", "aggregate", "reference"),
    ("occupation_skills", "relation"): ("essential", "optional"),
}

_SETTINGS_NEEDED: Final = ("name", "base_year", "data_vintage", "classifications", "sources")
_CARD_NEEDED: Final = ("id", "title", "publisher", "licence", "vintage", "definition", "redistribute")


def check_region(settings: Mapping[str, Any] | None, tables: Tables) -> list[Problem]:
    """Return every problem of a region's settings and tables.

    Parameters
    ----------
    settings : mapping or None
        ``region.yaml`` as read; None when it could not be read (then it is not judged again).
    tables : mapping of str to TableRead
        As returned by `forecasting.reading.read_tables`.
    """
    problems = [] if settings is None else list(_settings(settings))
    for name in NEEDED:
        if name not in tables:
            problems.append(_absent(tables, name, f"the table {name}: {TABLES[name].meaning}"))
    for name, read in tables.items():
        for check in _EACH:
            problems += check(read, TABLES[name], tables)
    for between in _BETWEEN:
        problems += between(tables)
    base = _base_year(settings or {})
    return problems if base is None else problems + base_year_problems(tables, base)


def _absent(tables: Tables, name: str, expected: str) -> Problem:
    file, given = (tables[name].file, "no rows") if name in tables else (f"{name}.csv", "nothing")
    remedy = "add the table (templates: python -m training check --templates DIR)"
    return Problem(file, given, expected, remedy)


def _settings(settings: Mapping[str, Any]) -> Iterator[Problem]:
    for key in _SETTINGS_NEEDED:
        if settings.get(key) in (None, "", {}, []):
            yield Problem(SETTINGS, f"no {key}", f"the keys {', '.join(_SETTINGS_NEEDED)}", f"add {key}")
    yield from _no_text(settings, ("name", "data_vintage"), "")
    base = settings.get("base_year")
    if base is not None and _base_year(settings) is None:
        yield Problem(SETTINGS, f"base_year {base!r}", "a year as a whole number", "write base_year: 2025")
    yield from _classifications(settings.get("classifications") or {})
    yield from _cards(settings.get("sources") or [])


def _no_text(given: Mapping[str, Any], keys: tuple[str, ...], place: str) -> Iterator[Problem]:
    for key in keys:
        value = given.get(key)
        if value is not None and not isinstance(value, str):
            remedy = f'write it in quotes: {key}: "…"'
            yield Problem(SETTINGS, f"{place}{key} {value!r}", "text", remedy)


def _base_year(settings: Mapping[str, Any]) -> int | None:
    base = settings.get("base_year")
    return base if isinstance(base, int) and not isinstance(base, bool) else None


def _classifications(given: Any) -> Iterator[Problem]:
    example = 'write occupations: {name: ISCO-08, version: "2008"} under it'
    if not isinstance(given, dict):
        yield Problem(SETTINGS, f"classifications {given!r}", "a mapping by table", example)
        return
    for table, said in given.items():
        if not isinstance(said, dict) or not {"name", "version"} <= said.keys():
            yield Problem(SETTINGS, f"the classification {table} as {said!r}", "name and version", example)


def _cards(given: Any) -> Iterator[Problem]:
    if not isinstance(given, list) or not all(isinstance(card, dict) for card in given):
        yield Problem(SETTINGS, "sources of another shape", "a list of cards", "write '- id: …' per source")
        return
    for number, card in enumerate(given, start=1):
        for key in _CARD_NEEDED:
            if card.get(key) in (None, ""):
                expected = f"the keys {', '.join(_CARD_NEEDED)}"
                yield Problem(SETTINGS, f"source {number} without {key}", expected, f"add {key}")
        yield from _no_text(card, _CARD_NEEDED[:-1], f"source {number} with ")


def _without_demand(tables: Tables) -> Iterator[Problem]:
    """Ask for what `forecasting.layout.lay_out` will read; a table without rows does not count."""
    if filled(tables, "staffing"):
        for name in ("sector_employment", "sectors"):
            if not filled(tables, name):
                yield _absent(tables, name, f"the table {name} with rows, which staffing divides")
    elif not filled(tables, "occupation_employment"):
        expected = "it, or sector_employment and staffing: no demand without them"
        yield _absent(tables, "occupation_employment", expected)


def _without_market(tables: Tables) -> Iterator[Problem]:
    if "regions" in tables and not markets(tables):
        expected = "at least one region with role market: the one that is scored"
        yield Problem(tables["regions"].file, "no market", expected, "write market in its row", "role")


def _each_column(
    judge: Callable[[pd.Series, Column], tuple["pd.Series[bool]", str, str]],
) -> Callable[[TableRead, Table, Tables], list[Problem]]:
    """Turn a judgement of one column into a check of a table."""

    def check(read: TableRead, table: Table, _tables: Tables) -> list[Problem]:
        problems = []
        for column in table.columns:
            bad, expected, remedy = judge(read.frame[column.name], column)
            if bad.any():
                given = shown(read.frame.loc[bad, column.name].iloc[0])
                problems.append(Problem(read.file, given, expected, remedy, column.name, lines(bad)))
        return problems

    return check


def _empty(cells: pd.Series, column: Column) -> tuple["pd.Series[bool]", str, str]:
    bad = (cells.isna() | cells.eq("")) & column.required
    return bad, "a value: the column may not be empty", "fill the cells or remove the rows"


def _out_of_range(cells: pd.Series, column: Column) -> tuple["pd.Series[bool]", str, str]:
    if column.kind not in {"integer", "number"}:
        return pd.Series(data=False, index=cells.index), "", ""
    low = cells.min() if column.low is None else column.low
    high = cells.max() if column.high is None else column.high
    expected = f"{column.unit} from {low:g} to {high:g}"
    remedy = "correct the cells; leave unknown ones empty"
    return cells.notna() & ~cells.between(low, high), expected, remedy


def _unknown_flag(cells: pd.Series, column: Column) -> tuple["pd.Series[bool]", str, str]:
    if column.name != "flag":
        return pd.Series(data=False, index=cells.index), "", ""
    bad = cells.map(lambda flag: not set(str(flag)) <= set(FLAGS))
    return bad, f"marks out of {', '.join(FLAGS)}", "use the marks of forecasting/vocabulary.py"


def _not_allowed(read: TableRead, table: Table, _tables: Tables) -> list[Problem]:
    problems = []
    for (name, column), values in ALLOWED.items():
        if name != table.name:
            continue
        bad = ~read.frame[column].isin(values) & read.frame[column].ne("")
        if bad.any():
            given = repr(read.frame.loc[bad, column].iloc[0])
            expected = f"one of {', '.join(values)}"
            problems.append(Problem(read.file, given, expected, "correct the cells", column, lines(bad)))
    return problems


def _repeated_key(read: TableRead, table: Table, _tables: Tables) -> list[Problem]:
    keys = read.frame[list(table.key)]
    bad = keys.duplicated(keep=False) & keys.notna().all(axis=1)
    if not bad.any():
        return []
    first = ", ".join(f"{name}={value}" for name, value in keys[bad].iloc[0].items())
    key = ", ".join(table.key)
    return [
        Problem(
            read.file,
            f"the key {first} more than once",
            f"one row per ({key})",
            "merge or remove rows",
            None,
            lines(bad),
        )
    ]


def _unknown_code(read: TableRead, table: Table, tables: Tables) -> list[Problem]:
    problems = []
    for column in table.columns:
        target = column.refers_to
        if target is None:
            continue
        known = set(tables[target].frame["code"]) if target in tables else set()
        cells = read.frame[column.name]
        bad = ~cells.isin(known) & cells.ne("")
        if bad.any():
            given, expected = repr(cells[bad].iloc[0]), f"a code of the table {target}"
            remedy = f"correct the code, or add it to {target}"
            problems.append(Problem(read.file, given, expected, remedy, column.name, lines(bad)))
    return problems


def _broken_hierarchy(read: TableRead, table: Table, _tables: Tables) -> list[Problem]:
    if "parent" not in read.frame:
        return []
    parents = dict(zip(read.frame["code"], read.frame["parent"], strict=True))
    unknown = ~read.frame["parent"].isin({*parents, ""})
    circular = read.frame["code"].map(lambda code: _circular(code, parents))
    problems = []
    for bad, given, expected in (
        (unknown, "an unknown parent", f"a code of the table {table.name}"),
        (circular & ~unknown, "a parent that leads back to the code", "a tree"),
    ):
        if bad.any():
            shown = f"{given} {read.frame.loc[bad, 'parent'].iloc[0]!r}"
            problems.append(Problem(read.file, shown, expected, "correct the parents", "parent", lines(bad)))
    return problems


def _circular(code: str, parents: Mapping[str, str]) -> bool:
    seen = {code}
    while code := parents.get(code, ""):
        if code in seen:
            return True
        seen.add(code)
    return False


def _sums(read: TableRead, by: list[str], *, exact: bool) -> list[Problem]:
    """Refuse groups of shares that do not sum to 1, or exceed it where a rest may stay outside."""
    totals = read.frame.groupby(by)["share"].transform("sum")
    bad = (totals > 1 + ROUNDING) | ((totals < 1 - ROUNDING) & exact)
    if not bad.any():
        return []
    first = read.frame.loc[bad, by].iloc[0].to_dict()
    given = f"shares of {first} that sum to {totals[bad].iloc[0]:.4f}"
    expected = "a sum of 1" if exact else "a sum of at most 1"
    return [Problem(read.file, given, expected, "correct the shares", "share", lines(bad))]


def _staffing_sums(tables: Tables) -> list[Problem]:
    return _sums(tables["staffing"], ["sector"], exact=True) if "staffing" in tables else []


def _entry_sums(tables: Tables) -> list[Problem]:
    return _sums(tables["entry"], ["field", "level"], exact=False) if "entry" in tables else []


def _mentions_exceed_ads(tables: Tables) -> list[Problem]:
    if "skill_mentions" not in tables:
        return []
    read = tables["skill_mentions"]
    bad = read.frame["mentions"] > read.frame["ads"]
    if not bad.any():
        return []
    expected = "at most as many mentions as ads"
    return [Problem(read.file, "more mentions than ads", expected, "count ads once", "mentions", lines(bad))]


def _ads_of_source_differ(tables: Tables) -> list[Problem]:
    """Refuse a source whose ads of one occupation and period differ between its rows."""
    if "skill_mentions" not in tables:
        return []
    read = tables["skill_mentions"]
    named = read.frame[read.frame["source"].ne("")]
    ads = named.groupby(["period", "region", "occupation", "source"])["ads"]
    torn = read.frame.index.isin(named.index[ads.transform("min") < ads.transform("max")])
    if not torn.any():
        return []
    expected = "the source's ads of the period in each of its rows"
    return [
        Problem(
            read.file,
            "several numbers of ads of one source",
            expected,
            "count its ads once",
            "ads",
            lines(pd.Series(torn, read.frame.index)),
        )
    ]


def _root_missing(tables: Tables) -> list[Problem]:
    problems = []
    for name in ("occupations", "sectors"):
        if name in tables and TOTAL not in set(tables[name].frame["code"]):
            remedy = f"add a row with code {TOTAL} and no parent, and make it the parent of the top level"
            problems.append(Problem(tables[name].file, f"no code {TOTAL}", f"a root {TOTAL}", remedy, "code"))
    return problems


_EACH: Final = (
    _each_column(_empty),
    _each_column(_out_of_range),
    _each_column(_unknown_flag),
    _not_allowed,
    _repeated_key,
    _unknown_code,
    _broken_hierarchy,
)
_BETWEEN: Final[tuple[Callable[[Tables], Iterable[Problem]], ...]] = (
    _without_demand,
    _without_market,
    _root_missing,
    _staffing_sums,
    staffing_history_problems,
    _entry_sums,
    _mentions_exceed_ads,
    _ads_of_source_differ,
    age_problems,
    hierarchy_problems,
    supply_problems,
    vintage_problems,
)
