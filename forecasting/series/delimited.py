"""Open a large delimited text file fast: cells as text, and every ragged line named."""

import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from forecasting.errors import InputError, Problem

SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".txt")
UNKNOWN: Final = ("", "NaN", "nan", "NAN", "NA", "N/A", "<NA>", "null", "NULL", "None", ".", ":")
"""Cells of a number column that say it is not known."""
_DELIMITERS: Final = (",", ";", "\t")


def read_delimited(
    path: Path, check_header: Callable[[Sequence[str]], None], columns: Sequence[str]
) -> pd.DataFrame:
    """Read some columns; the last as numbers if every cell of it is one or unknown, the others as text.

    Three million rows take about two seconds where `csv.reader` takes ten and a gigabyte.

    Parameters
    ----------
    path : Path
        UTF-8, perhaps compressed; the header's commas, semicolons or tabs decide the delimiter.
    check_header : callable
        Told the header before anything else is read; raises if it will not do.
    columns : sequence of str
        Key and time columns (as categories), and last the value column.

    Raises
    ------
    InputError
        For what is no UTF-8, an empty file, and lines longer or shorter than the header.
    """
    try:
        header, delimiter = _header(path)
        check_header(header)
        table = _read(path, delimiter, columns)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        given, expected = " ".join(str(error).split())[:200], "delimited text in UTF-8"
        if line := _not_utf8(path):
            given = "bytes that are not UTF-8"
        at = [line] if line else []
        raise InputError([Problem(path.name, given, expected, "save it as CSV UTF-8", None, at)]) from error
    table = _without_empty_lines(table, path)
    frame = table.to_pandas(ignore_metadata=True)
    frame[columns[-1]] = _numbers_if_all_are(table.column(columns[-1]))
    return frame


def _header(path: Path) -> tuple[list[str], str]:
    with pa.input_stream(str(path), compression="detect") as stream:
        first = stream.read(1 << 20).split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    if not first:
        raise InputError([Problem(path.name, "an empty file", "a header line and rows", "write it again")])
    delimiter = max(_DELIMITERS, key=first.count)
    return next(csv.reader([first], delimiter=delimiter)), delimiter


def _not_utf8(path: Path) -> int | None:
    """Return the first line that is no UTF-8, None where all are or the file cannot be read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
    except (OSError, EOFError):
        return None
    return None


def _read(path: Path, delimiter: str, columns: Sequence[str]) -> pa.Table:
    """Read with threads; only if a line is ragged read again without, as line numbers are then known."""
    ragged: list[Any] = []

    def note(row: Any) -> str:
        ragged.append(row)
        return "skip"

    text = pa.dictionary(pa.int32(), pa.string())
    types = dict.fromkeys(columns[:-1], text) | {columns[-1]: pa.string()}
    convert = arrow_csv.ConvertOptions(
        column_types=types, include_columns=list(columns), strings_can_be_null=False
    )
    parse = arrow_csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
    )
    for threads in (True, False):
        ragged.clear()
        options = arrow_csv.ReadOptions(use_threads=threads)
        table = arrow_csv.read_csv(path, options, parse, convert)
        if not ragged:
            return table
    _refuse_ragged(path, ragged)
    return table


def _refuse_ragged(path: Path, ragged: list[Any]) -> None:
    """Raise for lines that are longer or shorter than the header."""
    given, expected = (
        f"{ragged[0].actual_columns} cells",
        f"{ragged[0].expected_columns} cells, as in the header",
    )
    at = [row.number for row in ragged]
    remedy = "quote cells that hold the delimiter, or remove the lines"
    raise InputError([Problem(path.name, given, expected, remedy, None, at)])


def _without_empty_lines(table: pa.Table, path: Path) -> pa.Table:
    """Drop empty lines at the end; one in the middle is a problem, or later line numbers would be wrong."""
    filled = np.zeros(len(table), dtype=bool)
    for column in table.columns:
        filled |= pc.not_equal(column.cast(pa.string()), "").to_numpy(zero_copy_only=False)
    end = len(table) - int(np.argmax(filled[::-1])) if filled.any() else 0
    if not filled[:end].all():
        at = (np.flatnonzero(~filled[:end]) + 2).tolist()
        raise InputError([Problem(path.name, "an empty line", "a row", "remove the line", None, at)])
    return table.slice(0, end)


def _numbers_if_all_are(cells: pa.ChunkedArray) -> pd.Series:
    trimmed = pc.utf8_trim_whitespace(cells)
    unknown = pc.is_in(trimmed, value_set=pa.array(UNKNOWN))
    try:
        return pc.if_else(unknown, None, trimmed).cast(pa.float64()).to_pandas()
    except pa.ArrowInvalid:  # some cell is no number: the caller says which
        return cells.to_pandas()
