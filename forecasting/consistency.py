"""What must hold between the tables of a region: ages, hierarchies, and the base year of every market.

Without these the method would stop, or lose persons in silence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecasting.errors import Problem
from forecasting.reading import TableRead, lines
from forecasting.vocabulary import ALL_AGES, TOTAL

ROUNDING: Final = 1e-3
"""Share by which printed figures may miss their sum."""

LARGEST_SECTOR_LOST: Final = 0.02
"""Share of employment that a sector unpublished at the base year may have held the year before."""

LEAF_TOLERANCE: Final = 0.01
"""Share by which the staffed sectors under a forecast one may miss it."""

HIERARCHICAL: Final = (
    ("staffing", "sector", "sectors"),
    ("staffing", "occupation", "occupations"),
    ("occupation_employment", "occupation", "occupations"),
    ("entry", "occupation", "occupations"),
    ("skill_mentions", "occupation", "occupations"),
    ("jobseekers", "occupation", "occupations"),
)
"""Columns whose codes are added up, so that none may contain another, and the tables of their parents."""

_BAND: Final = re.compile(r"([0-9]+)(?:-([0-9]+)|\+)")

Tables = Mapping[str, TableRead]


def filled(tables: Tables, name: str) -> TableRead | None:
    """Return a table if it has rows."""
    return tables[name] if name in tables and len(tables[name].frame) else None


def markets(tables: Tables) -> list[str]:
    """Return the codes of the regions that are scored."""
    regions = filled(tables, "regions")
    return [] if regions is None else sorted(regions.frame.query("role == 'market'")["code"].unique())


@dataclass(frozen=True)
class Counted:
    """The table that counts employment, chosen as `forecasting.layout.lay_out` chooses it.

    Parameters
    ----------
    read : TableRead
        Sectors or occupations by year, region and age.
    entity : str
        Its column of codes.
    top : dict of str to str
        The forecast code at or above each code; empty where there is none.
    staffed : frozenset of str
        Codes with occupations: rows of `staffing`, or the occupations themselves.
    occupations : frozenset of str
        Occupations with employment.
    """

    read: TableRead
    entity: str
    top: Mapping[str, str]
    staffed: frozenset[str]
    occupations: frozenset[str]


def counted(tables: Tables) -> Counted | None:
    """Return how the region counts employment; None where a table for it is missing."""
    staffing = filled(tables, "staffing")
    if staffing is None:
        read = filled(tables, "occupation_employment")
        if read is None:
            return None
        codes = frozenset(read.frame["occupation"]) - {TOTAL, ""}
        return Counted(read, "occupation", {code: code for code in codes}, codes, codes)
    read, sectors = filled(tables, "sector_employment"), filled(tables, "sectors")
    if read is None or sectors is None:
        return None
    staffed = frozenset(staffing.frame["sector"]) - {TOTAL, ""}
    return Counted(read, "sector", _tops(sectors), staffed, frozenset(staffing.frame["occupation"]))


def _above(read: TableRead) -> dict[str, list[str]]:
    """Return the ancestors of each code of a classification, nearest first; a circle ends where it closes."""
    parents = dict(zip(read.frame["code"], read.frame["parent"], strict=True))
    above: dict[str, list[str]] = {}
    for code in parents:
        found: list[str] = []
        parent = parents[code]
        while parent in parents and parent != code and parent not in found:
            found.append(parent)
            parent = parents[parent]
        above[code] = found
    return above


def _tops(sectors: TableRead) -> dict[str, str]:
    """Return the child of TOTAL at or above each code, empty where there is none."""
    paths = {code: [code, *above] for code, above in _above(sectors).items()}
    return {
        code: path[path.index(TOTAL) - 1] if TOTAL in path[1:] else ""
        for code, path in paths.items()
        if code != TOTAL
    }


def age_problems(tables: Tables) -> list[Problem]:
    """Refuse age bands that no cohort can be followed through, or that exceed their sector."""
    problems: list[Problem] = []
    for name, entity in (("sector_employment", "sector"), ("occupation_employment", "occupation")):
        if name in tables:
            problems += _no_bands(tables[name])
            problems += _bands_apart(tables[name])
            problems += _ages_exceed_all(tables[name], entity)
    return problems


def _span(band: str) -> tuple[int, int | None] | None:
    """Return the first and last age of a band, None for no last age; None if it is no band.

    Examples
    --------
    >>> _span("25-34"), _span("65+"), _span("old")
    ((25, 34), (65, None), None)
    """
    match = _BAND.fullmatch(band)
    if match is None or (match[2] and int(match[2]) < int(match[1])):
        return None
    return int(match[1]), int(match[2]) if match[2] else None


def _no_bands(read: TableRead) -> Iterator[Problem]:
    bands = read.frame["age_band"]
    bad = bands.ne(ALL_AGES) & bands.map(lambda band: _span(band) is None)
    if bad.any():
        given, expected = repr(bands[bad].iloc[0]), f"a band as 25-34 or 65+, or {ALL_AGES}"
        yield Problem(read.file, given, expected, "rewrite the ages in this form", "age_band", lines(bad))


def _bands_apart(read: TableRead) -> Iterator[Problem]:
    """Refuse bands of a region that leave a gap, overlap, differ in width, or end with a closed one.

    All years and codes are judged together: a second division of the ages overlaps the first, while a
    single figure may lack, for publishers suppress small ones.
    """
    frame = read.frame
    banded = frame[frame["age_band"].map(lambda band: _span(band) is not None)]
    regions: dict[tuple[str, ...], list[str]] = {}
    for region, bands in banded.groupby("region")["age_band"].unique().items():
        ordered = sorted(bands, key=lambda band: (_span(band) or (0, None))[0])
        regions.setdefault(tuple(ordered), []).append(str(region))
    for bands, concerned in regions.items():
        fault = _division_fault(bands)
        if fault:
            mask = frame.index.isin(banded.index[banded["region"].isin(concerned)])
            yield Problem(
                read.file,
                f"{fault} among the bands {', '.join(bands)} of {concerned[0]}",
                "bands that follow each other, equally wide, the last open, the same in all rows",
                "regroup the ages as 15-24, 25-34, … 65+",
                "age_band",
                lines(pd.Series(mask)),
            )


def _division_fault(bands: tuple[str, ...]) -> str:
    """Return what is wrong with ordered bands, empty if nothing.

    Examples
    --------
    >>> _division_fault(("15-24", "25-39", "40+")), _division_fault(("15-24", "25-34", "35+"))
    ('bands of unequal width', '')
    """
    spans = [span for span in map(_span, bands) if span]
    closed = [(first, last) for first, last in spans if last is not None]
    if spans[-1][1] is not None:
        return "no open last band"
    if len(closed) < len(spans) - 1:
        return "an open band before the last"
    starts = [first for first, _ in spans]
    if any(last + 1 != start for (_, last), start in zip(closed, starts[1:], strict=True)):
        return "a gap or an overlap"
    return "bands of unequal width" if len({last - first for first, last in closed}) > 1 else ""


def _ages_exceed_all(read: TableRead, entity: str) -> Iterator[Problem]:
    """Refuse bands that hold more persons than their sector, beyond the rounding of each."""
    frame, cell = read.frame, ["year", "region", entity]
    banded = frame[frame["age_band"] != ALL_AGES]
    total = frame[frame["age_band"] == ALL_AGES].set_index(cell)["persons"]
    sums = banded.groupby(cell)["persons"].agg(["sum", "size"]).join(total.rename("all"), how="inner")
    over = sums[sums["sum"] > sums["all"] * (1 + ROUNDING) + sums["size"] * 100]
    if len(over):
        mask = pd.Series(pd.MultiIndex.from_frame(frame[cell]).isin(over.index))
        given = f"ages that sum to {over['sum'].iloc[0]:,.0f} where all is {over['all'].iloc[0]:,.0f}"
        yield Problem(read.file, given, "bands within the total", "correct the bands", "persons", lines(mask))


def hierarchy_problems(tables: Tables) -> list[Problem]:
    """Refuse codes that would be counted twice, or not at all."""
    problems: list[Problem] = []
    for name, column, classification in HIERARCHICAL:
        if name in tables and classification in tables:
            problems += _nested(tables[name], column, tables[classification])
    for name, column in (("staffing", "sector"), ("staffing", "occupation"), ("entry", "occupation")):
        if name in tables:
            problems += _total_among_codes(tables[name], column)
    found = counted(tables)
    if found is not None:
        problems += _outside_total(tables, found)
        for name in ("entry", "jobseekers"):
            if name in tables:
                problems += _without_employment(tables[name], found, tables)
    return problems


def _nested(read: TableRead, column: str, classification: TableRead) -> Iterator[Problem]:
    above, cells = _above(classification), read.frame[column]
    used = set(cells) - {TOTAL}
    pairs = {upper: code for code in sorted(used) for upper in above.get(code, ()) if upper in used}
    bad = cells.isin(pairs)
    if bad.any():
        first = cells[bad].iloc[0]
        given = f"{first!r} beside {pairs[first]!r}, which is under it"
        expected = "codes of which none contains another: their persons would count twice"
        yield Problem(read.file, given, expected, "keep one level", column, lines(bad))


def _total_among_codes(read: TableRead, column: str) -> Iterator[Problem]:
    bad = read.frame[column] == TOTAL
    if bad.any():
        expected = f"single {column}s: {TOTAL} is their sum"
        yield Problem(
            read.file, repr(TOTAL), expected, "remove the rows or name the codes", column, lines(bad)
        )


def _outside_total(tables: Tables, found: Counted) -> Iterator[Problem]:
    if found.entity != "sector":
        return
    staffing = tables["staffing"]
    outside = [code for code in found.staffed if found.top.get(code) == ""]
    bad = staffing.frame["sector"].isin(outside)
    if bad.any():
        given = f"{staffing.frame.loc[bad, 'sector'].iloc[0]!r}, which no parents lead to {TOTAL}"
        expected, remedy = f"a child of {TOTAL}, or a sector below one", "correct the parents in sectors"
        yield Problem(staffing.file, given, expected, remedy, "sector", lines(bad))


def _without_employment(read: TableRead, found: Counted, tables: Tables) -> Iterator[Problem]:
    known = set(tables["occupations"].frame["code"]) if "occupations" in tables else set()
    cells = read.frame["occupation"]
    bad = cells.isin(known - found.occupations - {TOTAL})
    if bad.any():
        source = "staffing" if found.entity == "sector" else found.read.file
        yield Problem(
            read.file,
            f"{cells[bad].iloc[0]!r}, an occupation that has no employment",
            f"the occupations of {source}",
            f"use their codes, or add it to {source}",
            "occupation",
            lines(bad),
        )


def base_year_problems(tables: Tables, base: int) -> list[Problem]:
    """Refuse a market whose employment at the base year is missing, or does not reach occupations."""
    found = counted(tables)
    if found is None:
        return []
    years = found.read.frame["year"]
    if not (years == base).any():
        given, expected = f"years {years.min():.0f} to {years.max():.0f}", f"rows of the base year {base}"
        return [Problem(found.read.file, given, expected, "add them or change base_year")]
    persons = {market: _persons(found, market, base) for market in markets(tables)}
    problems = list(_unstaffed(tables.get("staffing", found.read).file, found, persons))
    for market, now in persons.items():
        problems += _sectors_missing(found, market, base, now)
        problems += _leaves_apart(found, market, base, now)
    return problems


def _persons(found: Counted, region: str, year: int) -> dict[str, float]:
    """Return persons of all ages by code."""
    rows = found.read.frame
    at = rows[(rows["region"] == region) & (rows["year"] == year) & (rows["age_band"] == ALL_AGES)]
    return {str(code): float(persons) for code, persons in at.groupby(found.entity)["persons"].sum().items()}


def _sectors_missing(found: Counted, market: str, base: int, now: Mapping[str, float]) -> Iterator[Problem]:
    """Refuse a market without base year, or without a sector that was large the year before."""
    tops = sorted({top for top in found.top.values() if top})
    if not now.keys() & set(tops):
        given, expected = f"no {found.entity}s of {market} at {base}", f"rows with age_band {ALL_AGES}"
        remedy = "add them, change base_year, or give the region another role than market"
        yield Problem(found.read.file, given, expected, remedy, found.entity)
        return
    before = _persons(found, market, base - 1)
    employed = before.get(TOTAL) or sum(before.get(top, 0.0) for top in tops)
    lost = [top for top in tops if top not in now and before.get(top, 0.0) > LARGEST_SECTOR_LOST * employed]
    if lost:
        rows = found.read.frame
        mask = (rows["region"] == market) & (rows["year"] == base - 1) & rows[found.entity].isin(lost)
        given = f"{_named(lost)} of {market} at {base - 1} and not at {base}"
        expected = f"every {found.entity} above {LARGEST_SECTOR_LOST:.0%} of employment at the base year"
        remedy = f"add the rows of {base} with age_band {ALL_AGES}, or change base_year"
        yield Problem(found.read.file, given, expected, remedy, found.entity, lines(mask))


def _named(codes: list[str]) -> str:
    return ", ".join(map(repr, codes))


def _leaves_apart(found: Counted, market: str, base: int, now: Mapping[str, float]) -> Iterator[Problem]:
    """Refuse a split sector whose staffed sectors are not all there, or do not sum to it."""
    split: dict[str, list[str]] = {}
    for code in sorted(found.staffed):
        if found.top.get(code, code) not in {code, ""}:
            split.setdefault(found.top[code], []).append(code)
    for top, leaves in split.items():
        absent = [leaf for leaf in leaves if leaf not in now]
        whole, parts = now.get(top, 0.0), sum(now.get(leaf, 0.0) for leaf in leaves)
        where = f"of {market} at {base}"
        if top in now and absent:
            given, remedy = f"{top!r} {where} without {_named(absent)}", "add their rows"
            yield Problem(found.read.file, given, f"the staffed sectors under {top}", remedy, "sector")
        elif abs(parts - whole) > LEAF_TOLERANCE * whole:
            given = f"{_named(leaves)} {where} that sum to {parts:,.0f}, not {whole:,.0f}"
            expected, remedy = f"the persons of {top}, to within {LEAF_TOLERANCE:.0%}", "correct the rows"
            yield Problem(found.read.file, given, expected, remedy, "persons")


def _unstaffed(file: str, found: Counted, persons: Mapping[str, Mapping[str, float]]) -> Iterator[Problem]:
    """Refuse employment that no occupation would get; occupations counted as such staff themselves."""
    reached = {found.top.get(code) for code in found.staffed}
    for top in sorted({top for top in found.top.values() if top} - reached):
        held = {market: now[top] for market, now in persons.items() if now.get(top, 0.0) > 0}
        if held:
            given = f"no occupations of {top!r}, with {sum(held.values()):,.0f} persons in {', '.join(held)}"
            yield Problem(file, given, "rows for it, or for the sectors under it", "add its shares", "sector")
