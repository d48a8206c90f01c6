"""Read the files of a region folder into typed frames, noting every cell that cannot be read."""

import csv
import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from forecasting.columns import Column, Table
from forecasting.errors import Problem
from forecasting.tables import TABLES

SETTINGS: Final = "region.yaml"
_SUFFIXES: Final = (".parquet", ".csv")
_HEADER_LINES: Final = 2  # a header is line 1, so record 0 stands on line 2
_TRUE: Final = {"true", "yes", "1"}
_FALSE: Final = {"false", "no", "0"}
_PERIOD: Final = r"[0-9]{4}(?:-(?:Q[1-4]|0[1-9]|1[0-2]))?"


@dataclass(frozen=True)
class TableRead:
    """A table as read: its file's name for messages, and the typed frame (unreadable cells empty)."""

    file: str
    frame: pd.DataFrame


def read_settings(folder: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Read ``region.yaml``, its dates as ISO text; an unreadable one gives None and the problems."""
    path = folder / SETTINGS
    if not folder.is_dir() or not path.is_file():
        remedy = f"write {SETTINGS} (README, 'Bring your own region') or run: python -m training ingest"
        return None, [Problem(str(path), "nothing", "the region's settings", remedy)]
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = {} if settings is None else settings
        problems: list[Problem] = []
        plain = _plain(settings, "", problems)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a day such as 2026-02-31 is a ValueError
        return None, [Problem(str(path), _one_line(error), "YAML in UTF-8", "correct the file")]
    if not isinstance(plain, dict):
        return None, [
            Problem(str(path), type(settings).__name__, "a mapping of settings", "correct the file")
        ]
    return (None, problems) if problems else (plain, [])


def _plain(value: Any, place: str, problems: list[Problem]) -> Any:
    """Return settings as JSON can hold them, noting in `problems` what it cannot; `place` is its key."""
    if isinstance(value, dict):
        keys = {key: key.isoformat() if isinstance(key, dt.date) else key for key in value}
        for key in (key for key in keys.values() if not isinstance(key, str)):
            given, expected = f"the key {key!r} {_under(place)}", "keys that are text"
            problems.append(Problem(SETTINGS, given, expected, f'write it in quotes: "{key}"'))
        return {keys[key]: _plain(item, f"{place}.{key}".strip("."), problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, f"{place}[{number}]", problems) for number, item in enumerate(value, start=1)]
    if isinstance(value, dt.date):  # a datetime is one too
        return value.isoformat()
    if (isinstance(value, float) and not math.isfinite(value)) or not isinstance(
        value, str | int | float | None
    ):
        given, expected = f"{value!r} {_under(place)}", "text, a finite number, true or false"
        problems.append(Problem(SETTINGS, given, expected, "correct it, or write it in quotes"))
    return value


def _under(place: str) -> str:
    return f"under {place}" if place else "at the top"


def read_tables(folder: Path) -> tuple[dict[str, TableRead], list[Problem]]:
    """Read every canonical table that the folder holds.

    Returns
    -------
    tables : dict of str to TableRead
        By table name; a file that cannot be opened is left out.
    problems : list of Problem
        Unreadable files, unknown files, missing or unknown columns, unreadable cells.
    """
    tables: dict[str, TableRead] = {}
    problems: list[Problem] = []
    for path in sorted(path for path in folder.glob("*") if path.suffix in _SUFFIXES):
        problem = _misplaced(path, tables)
        raw, problem = (None, problem) if problem else _open(path)
        if raw is None:
            problems.append(problem) if problem else None
            continue
        repeated = raw.columns.duplicated()
        problems += _repeated_columns(raw.columns[repeated], path.name)
        frame, found = _typed(raw.loc[:, ~repeated], TABLES[path.stem], path.name)
        tables[path.stem] = TableRead(path.name, frame)
        problems += found
    return tables, problems


def read_table(path: Path, table: Table) -> tuple[pd.DataFrame, list[Problem]]:
    """Read one file, CSV or Parquet, as a declared table that lies beside a region.

    Returns
    -------
    frame : DataFrame
        Typed; without rows where the file cannot be opened.
    problems : list of Problem
        All that `read_tables` tells of a file.
    """
    if path.suffix not in _SUFFIXES or not path.is_file():
        remedy = "give a file of one of these kinds"
        return pd.DataFrame(), [Problem(str(path), "no such table", "a .csv or .parquet file", remedy)]
    raw, problem = _open(path)
    if raw is None:
        return pd.DataFrame(), [problem] if problem else []
    repeated = raw.columns.duplicated()
    frame, found = _typed(raw.loc[:, ~repeated], table, path.name)
    return frame, [*_repeated_columns(raw.columns[repeated], path.name), *found]


def _misplaced(path: Path, tables: dict[str, TableRead]) -> Problem | None:
    if path.stem not in TABLES:
        names = ", ".join(sorted(TABLES))
        return Problem(
            path.name, "a file that is no canonical table", f"one of {names}", "rename or remove it"
        )
    if path.stem in tables:
        return Problem(path.name, "the table twice, as Parquet and CSV", "one of the two", "remove one")
    return None


def _repeated_columns(names: "pd.Index[str]", file: str) -> list[Problem]:
    expected, remedy = "each column once", "remove one of them"
    return [
        Problem(file, f"the column {name} more than once in the header", expected, remedy, None, [1])
        for name in names.unique()
    ]


def _open(path: Path) -> tuple[pd.DataFrame | None, Problem | None]:
    """Open a file as it stands: CSV cells as text, so that no code loses its leading zero."""
    try:
        if path.suffix == ".csv":
            return _open_csv(path)
        return pd.read_parquet(path).reset_index(drop=True), None  # an index kept in the file may repeat
    except UnicodeDecodeError as error:
        given, expected = f"bytes that are not UTF-8 at {error.start}", "UTF-8 text"
        return None, Problem(path.name, given, expected, "save it as UTF-8")
    except (OSError, ValueError, csv.Error) as error:  # pyarrow's errors are ValueErrors or OSErrors
        expected = "comma-separated text" if path.suffix == ".csv" else "a Parquet file"
        return None, Problem(path.name, _one_line(error), expected, "write the file again")


def _open_csv(path: Path) -> tuple[pd.DataFrame | None, Problem | None]:
    """Read strictly: a record that is longer or shorter than the header is a problem, not a guess."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.reader(file, strict=True))
    while records and not records[-1]:
        records.pop()
    if not records:
        return None, Problem(path.name, "an empty file", "a header line and records", "write the file again")
    header, body = records[0], records[1:]
    if len(header) == 1 and ";" in header[0]:
        given, expected = "cells separated by semicolons", "commas between cells"
        return None, Problem(path.name, given, expected, "save it as CSV UTF-8 with commas")
    ragged = pd.Series([len(record) != len(header) for record in body], dtype=bool)
    if ragged.any():
        given = f"{len(body[int(ragged.idxmax())])} cells"
        expected = f"{len(header)}, as in the header"
        return None, Problem(path.name, given, expected, "quote cells that hold a comma", None, lines(ragged))
    return pd.DataFrame(body, columns=header, dtype=object), None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _typed(raw: pd.DataFrame, table: Table, file: str) -> tuple[pd.DataFrame, list[Problem]]:
    problems = _header_problems(raw, table, file)
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name in raw:
            cells, bad = _READERS[column.kind](raw[column.name])
            columns[column.name] = _filled(cells, column)
            problems += _unreadable(raw[column.name], bad, column, file)
        else:
            columns[column.name] = _absent(column, raw.index)
    return pd.DataFrame(columns), problems


def _header_problems(raw: pd.DataFrame, table: Table, file: str) -> list[Problem]:
    declared = [column.name for column in table.columns]
    needed = [column.name for column in table.columns if column.required]
    expected = f"the columns {', '.join(declared)}"
    missing = [name for name in needed if name not in raw]
    unknown = [str(name) for name in raw.columns if name not in declared]
    problems = [Problem(file, f"no column {name}", expected, f"add the column {name}") for name in missing]
    return problems + [
        Problem(file, f"an unknown column {name!r}", expected, "rename or remove it") for name in unknown
    ]


def _absent(column: Column, index: pd.Index) -> pd.Series:
    value: Any = column.default
    if value is None:
        value = np.nan if column.kind in {"integer", "number"} else ""
    return pd.Series([value] * len(index), index=index, dtype=object if isinstance(value, str) else float)


def _filled(cells: pd.Series, column: Column) -> pd.Series:
    if column.default is None:
        return cells
    return cells.where(cells.ne("") & cells.notna(), column.default)


def _unreadable(raw: pd.Series, bad: "pd.Series[bool]", column: Column, file: str) -> list[Problem]:
    if not bad.any():
        return []
    expected = {
        "integer": "a whole number",
        "number": "a number with a decimal point",
        "boolean": "true or false",
        "period": "a period as 2025, 2025-Q1 or 2025-01",
    }
    return [
        Problem(
            file,
            repr(raw[bad].iloc[0]),
            expected.get(column.kind, "a date as 2026-01-31"),
            "correct the cells, or leave them empty if unknown",
            column.name,
            lines(bad),
        )
    ]


def lines(mask: "pd.Series[bool]") -> list[int]:
    """Return the line numbers in the file of the rows a mask marks."""
    return [int(position) + _HEADER_LINES for position in np.flatnonzero(mask.to_numpy())]


def shown(cell: object) -> str:
    """Return a cell as a message shows it.

    Examples
    --------
    >>> shown(-80.0), shown("9"), shown("")
    ('-80', "'9'", 'nothing')
    """
    if isinstance(cell, float):
        return "nothing" if np.isnan(cell) else f"{cell:.15g}"
    return repr(cell) if cell != "" else "nothing"


def _read_text(cells: pd.Series) -> tuple[pd.Series, "pd.Series[bool]"]:
    text = cells.astype(object).where(cells.notna(), "").map(lambda cell: str(cell).strip())
    return text, pd.Series(data=False, index=cells.index)


def _read_number(cells: pd.Series) -> tuple[pd.Series, "pd.Series[bool]"]:
    text, _ = _read_text(cells)
    numbers = pd.to_numeric(text.where(text != ""), errors="coerce")
    finite = numbers.where(np.isfinite(numbers.astype(float)))
    return finite.astype(float), finite.isna() & text.ne("")


def _read_integer(cells: pd.Series) -> tuple[pd.Series, "pd.Series[bool]"]:
    numbers, bad = _read_number(cells)
    fractional = numbers.notna() & (numbers % 1 != 0)
    whole = numbers.where(~fractional)
    return (whole.astype(int) if whole.notna().all() else whole), bad | fractional


def _read_boolean(cells: pd.Series) -> tuple[pd.Series, "pd.Series[bool]"]:
    text = _read_text(cells)[0].str.lower()
    known = text.isin(_TRUE | _FALSE)
    return text.isin(_TRUE).astype(object).where(known, ""), ~known & text.ne("")


def _read_date(cells: pd.Series) -> tuple[pd.Series, "pd.Series[bool]"]:
    text, _ = _read_text(cells)
    text = text.str.slice(0, 10)
    bad = pd.to_datetime(text.where(text != ""), format="%Y-%m-%d", errors="coerce").isna() & text.ne("")
    return text.where(~bad, ""), bad


def _read_period(cells: pd.Series) -> tuple[pd.Series, "pd.Series[bool]"]:
    text, _ = _read_text(cells)
    return text, ~text.str.fullmatch(_PERIOD).astype(bool) & text.ne("")


_READERS: Final[dict[str, Callable[[pd.Series], tuple[pd.Series, "pd.Series[bool]"]]]] = {
    "code": _read_text,
    "text": _read_text,
    "number": _read_number,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "date": _read_date,
    "period": _read_period,
}
