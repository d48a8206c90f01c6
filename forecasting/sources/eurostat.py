r"""Read Eurostat's TSV bulk files: one row per combination of dimensions, one column per year.

The header of the first column names the dimensions, as in ``unit,nace_r2,age,geo\time``. A cell is a value
and marks apart by a space (``12.3 bu``), ``:`` where nothing is published. The tables read here count
persons, posts or graduates, so a value below zero is a damaged cell.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.files import AGAIN, gunzip

MARKS: Final = "bcdefinprsuz"
"""Eurostat's marks: break, confidential, definition, estimated, forecast, footnote, not significant,
provisional, revised, Eurostat's estimate, unreliable, not applicable."""

_CELL: Final = rf"^\s*(:|\d+(?:\.\d+)?)\s*([{MARKS} ]*)$"
_TO_VOCABULARY: Final = str.maketrans({"e": "s", "f": "s", "i": "d", "n": "u", "r": None})


def read_tsv(
    path: Path, dimensions: Sequence[str], keep: Mapping[str, Collection[str]] | None = None
) -> pd.DataFrame:
    """Read one bulk file into a long table, verbatim: units and marks as published.

    Parameters
    ----------
    path : Path
        File ``*.tsv.gz``.
    dimensions : sequence of str
        The dimensions the file must have, in any order.
    keep : mapping of str to collection of str, optional
        Codes to keep by dimension; other rows are skipped before their cells are read.

    Returns
    -------
    DataFrame of shape (rows × years, dimensions + 3)
        The dimensions in the order given, ``year`` (int), ``value`` (float in the file's unit, NaN for
        ``:``) and ``flag`` (str, empty if none).

    Raises
    ------
    InputError
        If the file is truncated or lacks a dimension, or has keys or cells that cannot be read (with lines).
    """
    header, *lines = gunzip(path).splitlines() or [""]
    found, years = _header(header, dimensions, path.name)
    split = [line.split("\t", 1)[0].split(",") for line in lines]
    _refuse_odd_keys(split, found, path.name)
    kept = _kept(split, found, keep or {}, path.name)
    keys = pd.DataFrame([split[row] for row in kept], columns=found)[list(dimensions)]
    _refuse_repeated_keys(keys, kept, path.name)
    values, flags = _cells([lines[row] for row in kept], kept, years, path.name)
    long = keys.loc[keys.index.repeat(len(years))].reset_index(drop=True)
    return long.assign(year=np.tile(years, len(kept)), value=values, flag=flags)


def widen(
    frame: pd.DataFrame, index: Sequence[str], columns: str, values: str, order: Sequence[str]
) -> pd.DataFrame:
    """Lay one dimension of a long table across, with the codes asked for in their order.

    Parameters
    ----------
    frame : DataFrame
        As returned by `read_tsv`.
    index, columns, values : sequence of str, str, str
        Columns that name a row, that name a column, and that fill it.
    order : sequence of str
        Codes to lay across; one without rows becomes an empty column.
    """
    wide = frame.pivot(index=list(index), columns=columns, values=values)
    return wide.reindex(columns=list(order))


def vocabulary_flags(flags: "pd.Series[str]") -> "pd.Series[str]":
    """Turn Eurostat's marks into the project's.

    The publisher's own estimates and forecasts become ``s`` (``e`` is an estimate of this project), footnotes
    ``d``, not significant ``u``; "revised" is dropped.

    Examples
    --------
    >>> vocabulary_flags(pd.Series(["be", "r", "u"])).tolist()
    ['bs', '', 'u']
    """
    return flags.str.translate(_TO_VOCABULARY)


def _header(header: str, dimensions: Sequence[str], file: str) -> tuple[list[str], list[int]]:
    first, *columns = header.split("\t")
    names, _, across = first.partition("\\")
    found = names.split(",")
    expected = f"the dimensions {', '.join(dimensions)} by row and years by column"
    problems = []
    missing = [name for name in dimensions if name not in found]
    further = [name for name in found if name not in dimensions]
    if missing or further or across.strip() != "time":
        given = f"the header {first[:80]!r}"
        problems.append(Problem(file, given, expected, "download the table in Eurostat's TSV bulk format"))
    years = [column.strip() for column in columns]
    odd = [year for year in years if not (year.isdigit() and len(year) == len("2015"))]
    if odd or not years:
        given = f"the column {odd[0]!r}" if odd else "no column of figures"
        problems.append(Problem(file, given, "years as 2015", "download annual figures", rows=(1,)))
    if problems:
        raise InputError(problems)
    return found, [int(year) for year in years]


def _refuse_odd_keys(split: list[list[str]], found: list[str], file: str) -> None:
    odd = [row for row, key in enumerate(split) if len(key) != len(found)]
    if odd:
        expected = f"{len(found)} codes: {','.join(found)}"
        raise InputError([Problem(file, repr(",".join(split[odd[0]])), expected, AGAIN, rows=_lines(odd))])


def _kept(
    split: list[list[str]], found: list[str], keep: Mapping[str, Collection[str]], file: str
) -> list[int]:
    wanted = [(found.index(name), frozenset(codes)) for name, codes in keep.items()]
    kept = [row for row, key in enumerate(split) if all(key[place] in codes for place, codes in wanted)]
    if not kept:
        expected = "; ".join(f"{name} {', '.join(codes)}" for name, codes in keep.items()) or "rows"
        raise InputError([Problem(file, "no such row", expected, AGAIN)])
    return kept


def _refuse_repeated_keys(keys: pd.DataFrame, kept: list[int], file: str) -> None:
    repeated = np.flatnonzero(keys.duplicated(keep=False))
    if len(repeated):
        given = f"{','.join(keys.iloc[repeated[0]])} more than once"
        rows = _lines([kept[row] for row in repeated])
        raise InputError([Problem(file, given, "one row per combination of codes", AGAIN, rows=rows)])


def _cells(
    lines: list[str], kept: list[int], years: list[int], file: str
) -> tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", "pd.Series[str]"]:
    rows = [line.split("\t")[1:] for line in lines]
    short = [row for row, cells in enumerate(rows) if len(cells) != len(years)]
    if short:
        given = f"{len(rows[short[0]])} cells"
        at = _lines([kept[row] for row in short])
        raise InputError([Problem(file, given, f"{len(years)} cells, one a year", AGAIN, rows=at)])
    cells = pd.Series([cell for row in rows for cell in row], dtype=object)
    parts = cells.str.extract(_CELL)
    bad = np.flatnonzero(parts[0].isna())
    if len(bad):
        at = _lines([kept[cell // len(years)] for cell in bad])
        expected = "a count of 0 or more or ':', and marks"
        raise InputError([Problem(file, repr(cells.iloc[bad[0]].strip()), expected, AGAIN, rows=at)])
    values = pd.to_numeric(parts[0].where(parts[0] != ":")).to_numpy(dtype=float)
    return values, parts[1].str.replace(" ", "")


def _lines(rows: Sequence[int]) -> list[int]:
    """Return line numbers in the file: the header is line 1, so the first row stands on line 2."""
    return [row + 2 for row in dict.fromkeys(rows)]
