"""From any tidy table of many series to a panel, with every problem or every rule applied said.

Rules where a table leaves a choice; each is said in the notes when it applies:

- an empty cell (or NaN, NA, null, a lone ``.`` or ``:``) is unknown, not zero;
- a period without a row is unknown; with ``absent="zero"`` (sparse count tables) it is zero, unless no series
  has a row in it;
- periods after the last known value of all series, or after ``history_end``, do not exist: the first forecast
  is for the period after;
- a series without any known value up to then is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forecasting.errors import InputError, Problem
from forecasting.reading import lines, shown
from forecasting.series.clock import Clock, Numbers, read_periods
from forecasting.series.delimited import SUFFIXES, UNKNOWN, read_delimited
from forecasting.series.panel import Array, Panel

DISCONTINUED_YEARS: Final = 2
"""Years without a known value after which a series is said to have ended."""
_RESERVED: Final = ("forecast", "lo-", "hi-")
_FORMATS: Final = f"{', '.join(SUFFIXES)} or .parquet"
_SHOWN: Final = 20
"""Columns of a header that a message lists."""
_LARGEST: Final = 1e15
"""Beyond it whole numbers are no longer told apart: such a cell is a mistake, not a count."""
_MATRIX: Final = 500_000_000
"""Cells (4 GB) above which the span of the periods is taken for a mistake."""


@dataclass(frozen=True)
class SeriesRead:
    """A table of series as read.

    Parameters
    ----------
    panel : Panel
        Series sorted by key; NaN where unknown.
    clock : Clock
        How the table writes its periods.
    keys, time : tuple of str, str
        Names of the columns.
    notes : tuple of str
        What the rules of this module did to this table, one sentence each.
    """

    panel: Panel
    clock: Clock
    keys: tuple[str, ...]
    time: str
    notes: tuple[str, ...] = ()


def read_series(
    source: Path | str | pd.DataFrame,
    keys: Sequence[str],
    time: str,
    value: str,
    *,
    history_end: object = None,
    horizon: int = 1,
    absent: Literal["unknown", "zero"] = "unknown",
) -> SeriesRead:
    """Read a tidy table (one row per keys and period) into a panel, or say everything that is wrong with it.

    Parameters
    ----------
    source : path or DataFrame
        Parquet, or CSV in UTF-8 (comma, semicolon or tab; also .csv.gz). Line numbers in messages count a
        header as line 1, so the first row is line 2.
    keys : sequence of str
        Columns that together name a series, coarse to fine; text or integers. CSV keys stay text ("01").
    time, value : str
        Columns of the period (see `forecasting.series.clock`) and of the count or level, 0 or more.
    history_end : optional
        Last period that is read, in any notation: everything after it is hidden.
    horizon : int, default 1
        Periods that will be forecast; only for the note on shorter series.
    absent : {"unknown", "zero"}, default "unknown"
        What a period without a row means.

    Raises
    ------
    InputError
        With all problems: file, columns, cells with line numbers, duplicates, calendar, history end.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"job": ["a", "a", "b"], "month": ["2021-01", "2021-03", "2021-02"], "ads": [5, 7, 1]}
    ... )
    >>> read_series(table, ["job"], "month", "ads").panel.values
    array([[ 5., nan,  7.],
           [nan,  1., nan]])
    """
    where = "the table" if isinstance(source, pd.DataFrame) else Path(source).name
    frame = _opened(source, keys, time, value, where)
    periods = read_periods(frame[time], where)
    numbers, problems = _numbers(frame[value], where)
    index, series = _series(frame, keys)
    moments = pd.factorize(frame[time])[0] if periods.clock is None else periods.numbers
    problems += [*_missing_keys(frame, keys, where), *periods.problems, *_repeated(series, moments, where)]
    last, unusable = _last_period(periods.clock, periods.numbers, history_end, where)
    if periods.clock is None or problems or unusable:
        raise InputError([*problems, *unusable])
    _check_span(periods.numbers, len(index), periods.clock, where)
    notes = _notes_on_history_end(periods.clock, periods.numbers, last, history_end)
    panel, more = _panel(index, series, periods.numbers, numbers, periods.clock, last, absent)
    if not len(panel.index):
        given, remedy = f"no known value up to {periods.clock.write(last)}", "give a table with values"
        raise InputError([Problem(where, given, "at least one known value", remedy, value)])
    notes += more + _notes_on_series(panel, horizon)
    return SeriesRead(panel, periods.clock, tuple(keys), time, tuple(notes))


def _opened(
    source: Path | str | pd.DataFrame, keys: Sequence[str], time: str, value: str, where: str
) -> pd.DataFrame:
    """Return the columns asked for, at least one row of them; keys and periods of a CSV as text."""
    asked = [*keys, time, value]
    if isinstance(source, pd.DataFrame):
        _check_columns([str(name) for name in source.columns], asked, where)
        frame = source.loc[:, asked].reset_index(drop=True)
    elif not Path(source).is_file():
        given, expected = "a folder" if Path(source).is_dir() else "no such file", f"a file ({_FORMATS})"
        raise InputError([Problem(str(source), given, expected, "correct the path")])
    elif Path(source).suffix == ".parquet":
        frame = _opened_parquet(Path(source), asked)
    elif str(source).endswith(SUFFIXES):
        frame = read_delimited(Path(source), lambda header: _check_columns(header, asked, where), asked)
    else:
        given, remedy = f"the suffix {Path(source).suffix!r}", "write the table as one of these"
        raise InputError([Problem(where, given, _FORMATS, remedy)])
    if frame.empty:
        raise InputError([Problem(where, "no rows", "one row per series and period", "write it again")])
    return frame


def _opened_parquet(path: Path, asked: Sequence[str]) -> pd.DataFrame:
    try:
        schema = pq.read_schema(path)
        _check_columns(schema.names, asked, path.name)
        _check_types({name: schema.field(name).type for name in asked}, path.name)
        return pq.read_table(path, columns=list(asked)).to_pandas(ignore_metadata=True)
    except (OSError, pa.ArrowException) as error:
        given = " ".join(str(error).split())[:200]
        raise InputError([Problem(path.name, given, "a Parquet file", "write the file again")]) from error


def _check_types(types: Mapping[str, pa.DataType], where: str) -> None:
    wrong = [name for name in types if pa.types.is_nested(types[name]) or pa.types.is_binary(types[name])]
    if wrong:
        plain, remedy = "text, numbers or dates", "write the column as one of these"
        raise InputError(Problem(where, f"{types[name]} cells", plain, remedy, name) for name in wrong)


def _check_columns(header: Sequence[str], asked: Sequence[str], where: str) -> None:
    """Raise for columns that are not there, asked for or there twice, or named as a result is."""
    more = f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else ""
    there, once = f"one that has the columns {', '.join(header[:_SHOWN])}{more}", "each column once"
    for_results = [name for name in asked[:-1] if name == _RESERVED[0] or name.startswith(_RESERVED[1:])]
    wrong = [
        *((f"no column {name}", there, _remedy(name, header)) for name in asked if name not in header),
        *((f"{name} asked for twice", once, "correct it") for name in asked if asked.count(name) > 1),
        *((f"{name} twice in the header", once, "remove one") for name in asked if header.count(name) > 1),
        *((f"a key or time column {name}", "no name of a result", "rename it") for name in for_results),
    ]
    if len(asked) < 3:
        wrong.append(("no keys", "at least one key column", "name it with --keys"))
    if wrong:
        raise InputError(Problem(where, *texts) for texts in dict.fromkeys(wrong))


def _remedy(name: str, header: Sequence[str]) -> str:
    parts = [part.strip() for part in name.split(",")]
    together = len(parts) > 1 and all(part in header for part in parts)
    return "repeat the option: --keys " + " --keys ".join(parts) if together else "correct the name"


def _numbers(cells: pd.Series, where: str) -> tuple[Array, list[Problem]]:
    """Return values as numbers, NaN where unknown, and what is unreadable, negative or infinite."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        numbers, unreadable = cells.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(cells), dtype=bool)
    else:
        text = cells.astype(object).where(cells.notna(), "").astype(str).str.strip()
        unknown = text.isin(UNKNOWN)
        numbers = pd.to_numeric(text.where(~unknown), errors="coerce").to_numpy(dtype=float)
        unreadable = np.isnan(numbers) & ~unknown.to_numpy()
    usual = "a number with a decimal point, 0 or more"
    wrong = (
        (unreadable, usual, "correct the cells, or leave them empty if unknown"),
        (numbers < 0, f"{usual} (counts and levels are not negative)", "correct the cells"),
        (numbers > _LARGEST, f"{usual}, at most {_LARGEST:g}", "correct the cells, or leave them empty"),
    )
    return numbers, [
        Problem(where, shown(cells[mask].iloc[0]), expected, remedy, str(cells.name), lines(pd.Series(mask)))
        for mask, expected, remedy in wrong
        if mask.any()
    ]


def _series(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, Numbers]:
    """Return the distinct keys, sorted, and the row in them of every row of the table."""
    series = np.zeros(len(frame), dtype=np.int64)
    columns: dict[str, pd.Series] = {}
    for key in keys:
        cells = frame[key].astype("category")
        levels = cells.cat.categories  # of a CSV in order of appearance; of mixed types unsorted
        levels = levels[np.argsort(levels.astype(str) if levels.dtype == object else levels)]
        levels = levels if len(levels) else pd.Index([""])
        cells = cells.cat.set_categories(levels)
        codes = series * (len(levels) + 1) + cells.cat.codes.to_numpy(dtype=np.int64) + 1  # 0: an empty key
        series, distinct = pd.factorize(codes, sort=True)
        within = (distinct % (len(levels) + 1)).astype(int) - 1
        columns = {name: column.take(distinct // (len(levels) + 1)) for name, column in columns.items()}
        columns[key] = pd.Series(levels.take(np.maximum(within, 0)))
    return pd.DataFrame({name: column.to_numpy() for name, column in columns.items()}), series


def _missing_keys(frame: pd.DataFrame, keys: Sequence[str], where: str) -> list[Problem]:
    missing = {key: frame[key].isna() | (frame[key].astype(object) == "") for key in keys}
    remedy = "fill it in, or drop the row"
    return [
        Problem(where, "an empty key", "a name or number for every series", remedy, key, lines(mask))
        for key, mask in missing.items()
        if mask.any()
    ]


def _repeated(series: Numbers, moments: NDArray[np.int64], where: str) -> list[Problem]:
    """Return a problem naming the rows that give a series' period a second time."""
    width = int(moments.max() - moments.min()) + 1
    cells = pd.Series(series * width + (moments - moments.min()))
    again = cells.duplicated()
    if not again.any():
        return []
    first = int(np.argmax((cells == cells[again].iloc[0]).to_numpy())) + 2
    given = f"keys and period that are there already (the first on line {first})"
    remedy = "add the missing key column, or sum or drop the repeated rows"
    return [Problem(where, given, "one row per series and period", remedy, None, lines(again))]


def _last_period(
    clock: Clock | None, numbers: Numbers, history_end: object, where: str
) -> tuple[int, list[Problem]]:
    """Return the last period that may be read."""
    if clock is None or history_end is None:
        return (0 if clock is None else int(numbers.max())), []
    last = clock.last_at(history_end)
    if last is None:
        expected = f"a period or day, as {clock.write(int(numbers.max()))}"
        return 0, [Problem(where, f"history end {history_end!r}", expected, "correct --history-end")]
    if last < numbers.min():
        expected = f"a period from {clock.write(int(numbers.min()))} on"
        given = f"history end {history_end!r}, before all rows"
        return 0, [Problem(where, given, expected, "give a later --history-end")]
    return min(last, int(numbers.max())), []


def _check_span(numbers: Numbers, series: int, clock: Clock, where: str) -> None:
    first, last = int(numbers.min()), int(numbers.max())
    if (last - first + 1) * series > _MATRIX:
        given = f"{series:,} series from {clock.write(first)} to {clock.write(last)}"
        expected = f"at most {_MATRIX:,} series times periods"
        raise InputError([Problem(where, given, expected, "correct the period that is far off")])


def _panel(
    index: pd.DataFrame,
    series: Numbers,
    numbers: Numbers,
    values: Array,
    clock: Clock,
    last: int,
    absent: Literal["unknown", "zero"],
) -> tuple[Panel, list[str]]:
    """Spread rows over a matrix, apply the rules of the module, and say which were needed."""
    first = int(numbers.min())
    read = numbers <= last
    cell = series[read], numbers[read] - first
    matrix = np.full((len(index), last - first + 1), np.nan)
    rows = np.zeros(matrix.shape, dtype=bool)
    matrix[cell], rows[cell] = values[read], True
    silent: NDArray[np.bool_] = np.logical_not(rows.any(axis=0))
    if absent == "zero":
        matrix[~rows & ~silent] = 0.0
    known = np.isfinite(matrix)
    notes = _notes_on_cells(known, rows, silent, absent)
    kept, columns = known.any(axis=1), np.flatnonzero(known.any(axis=0))
    begin, end = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 0)
    if end < matrix.shape[1] and end:
        notes.append(f"nothing is known after {clock.write(first + end - 1)}: forecasts begin there")
    if not kept.all():
        notes.append(f"{(~kept).sum():,} series without any known value are left out")
    periods = tuple(range(first + begin, first + end))
    return Panel(index[kept].reset_index(drop=True), periods, matrix[kept, begin:end], clock.season), notes


def _notes_on_cells(
    known: NDArray[np.bool_], rows: NDArray[np.bool_], silent: NDArray[np.bool_], absent: str
) -> list[str]:
    empty, without = int((rows & ~known).sum()), int((~rows & ~silent).sum())
    meaning = "zero" if absent == "zero" else "unknown (--absent zero if only counts above 0 have a row)"
    counted = (
        (empty, f"{empty:,} empty cells are unknown, not zero"),
        (without, f"{without:,} periods of a series without a row are {meaning}"),
        (silent.sum(), f"{silent.sum()} periods in which no series has a row are unknown"),
    )
    return [text for count, text in counted if count]


def _notes_on_history_end(clock: Clock, numbers: Numbers, last: int, history_end: object) -> list[str]:
    hidden = int((numbers > last).sum())
    if history_end is None:
        return []
    if hidden:
        return [f"{hidden:,} rows after {clock.write(last)} are hidden"]
    return [f"history end {history_end} hides nothing: the last period is {clock.write(last)}"]


def _notes_on_series(panel: Panel, horizon: int) -> list[str]:
    known = np.isfinite(panel.values)
    short = int((known.sum(axis=1) < horizon).sum())
    ended = int((~known[:, -DISCONTINUED_YEARS * panel.season :].any(axis=1)).sum())
    counted = (
        (short, f"{short:,} series have fewer known periods than the {horizon} to forecast"),
        (ended, f"{ended:,} series have no known value in the last {DISCONTINUED_YEARS} years"),
    )
    return [text for count, text in counted if count]
