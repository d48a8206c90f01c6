"""What must hold for the tables of supply: known sources, codes that add up, parts within their whole."""

import re
from collections.abc import Iterator
from typing import Final

import pandas as pd

from forecasting.consistency import Tables, counted, filled
from forecasting.errors import Problem
from forecasting.reading import TableRead, lines
from forecasting.vocabulary import OTHER_SOURCES, TOTAL

_BAND: Final = re.compile(r"[0-9]+(?:-[0-9]+|\+)|all")
_ROUNDING: Final = 0.5
"""Persons by which a rounded part may exceed its rounded whole."""


def supply_problems(tables: Tables) -> list[Problem]:
    """Return every problem of the tables ``other_supply``, ``jobseekers`` and ``population``."""
    problems: list[Problem] = []
    for name, check in (
        ("other_supply", _unknown_source),
        ("other_supply", _counted_twice),
        ("jobseekers", _part_exceeds_whole),
        ("population", _unreadable_band),
    ):
        read = filled(tables, name)
        if read is not None:
            problems += check(read, tables)
    return problems


def _unknown_source(read: TableRead, _tables: Tables) -> Iterator[Problem]:
    bad = ~read.frame["source"].isin(OTHER_SOURCES) & read.frame["source"].ne("")
    if bad.any():
        given, expected = repr(read.frame.loc[bad, "source"].iloc[0]), f"one of {', '.join(OTHER_SOURCES)}"
        remedy = "use these names; entrants and job seekers have their own tables"
        yield Problem(read.file, given, expected, remedy, "source", lines(bad))


def _counted_twice(read: TableRead, tables: Tables) -> Iterator[Problem]:
    """Refuse occupations that are not those of employment: a parent, or one that nobody works in."""
    found = counted(tables)
    cells = read.frame["occupation"]
    known = set(tables["occupations"].frame["code"]) if "occupations" in tables else set()
    bad = cells.isin(known - (found.occupations if found else known) - {TOTAL})
    if bad.any():
        given = f"{cells[bad].iloc[0]!r}, an occupation that has no employment of its own"
        remedy = f"split it over them, or give one row {TOTAL}"
        yield Problem(read.file, given, "the occupations of employment", remedy, "occupation", lines(bad))


def _part_exceeds_whole(read: TableRead, _tables: Tables) -> Iterator[Problem]:
    frame = read.frame
    bad = pd.Series(frame["short_term"] > frame["persons"] + _ROUNDING)
    if bad.any():
        first = frame[bad].iloc[0]
        given = f"{first['short_term']:,.0f} short-term among {first['persons']:,.0f} job seekers"
        remedy = "correct the cells, or leave short_term empty"
        yield Problem(read.file, given, "a part of the job seekers", remedy, "short_term", lines(bad))


def _unreadable_band(read: TableRead, _tables: Tables) -> Iterator[Problem]:
    cells = read.frame["age_band"].astype(str)
    bad = ~cells.map(lambda band: _BAND.fullmatch(band) is not None)
    if bad.any():
        given, expected = repr(cells[bad].iloc[0]), "ages as 15-19, 65+ or all"
        yield Problem(read.file, given, expected, "rewrite the bands", "age_band", lines(bad))
