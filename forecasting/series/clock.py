"""The calendar of a table: monthly, quarterly or yearly periods as consecutive numbers, and back again.

A period's number is ``year * season + position``: the year itself, or quarters or months since year 0. The
position in the year (0 for January, or the first quarter) is therefore ``number % season``.
"""

import calendar
import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import Problem
from forecasting.reading import lines, shown

Numbers = NDArray[np.int64]

FREQUENCIES: Final = {1: "yearly", 4: "quarterly", 12: "monthly"}
_YEAR: Final = r"(?P<year>(?:1[89]|2[01])\d\d)"
_QUARTER: Final = r"(?P<quarter>[1-4])"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12]\d|3[01])"
_EXPECTED: Final = (
    "months, quarters or years as 2021-03, 2021-03-01, 2021M03, 2021Q1, 2021-Q1, 2021KW01 or 2021"
)
_CORRECT: Final = "write every period in one of these notations"


@dataclass(frozen=True)
class _Notation:
    """One way to write a period: what it looks like, how to write it, how many months it lasts."""

    pattern: str
    template: str
    months: int


_NOTATIONS: Final = (
    _Notation(f"{_YEAR}", "{year:04d}", 12),
    _Notation(f"{_YEAR}JJ00", "{year:04d}JJ00", 12),
    *(
        _Notation(f"{_YEAR}{mark}{_QUARTER}", "{year:04d}" + mark + "{quarter}", 3)
        for mark in ("Q", "-Q", " Q", "q", "-q", "KW0", "K", "-K", "T", "-T")  # T: French trimestre
    ),
    *(
        _Notation(f"{_YEAR}{mark}{_MONTH}", "{year:04d}" + mark + "{month:02d}", 1)
        for mark in ("-", "M", "-M", "m", "MM", "/", "")
    ),
    *(
        _Notation(f"{_YEAR}-{_MONTH}-{_DAY}{noon}", "{year:04d}-{month:02d}-{day:02d}" + noon, 1)
        for noon in ("", " 00:00:00", "T00:00:00", "T00:00:00.000")
    ),
)
_NONE: Final[Numbers] = np.empty(0, dtype=np.int64)
_PATTERNS: Final = tuple((notation, re.compile(notation.pattern)) for notation in _NOTATIONS)


@dataclass(frozen=True)
class Clock:
    """How a table writes its periods.

    Parameters
    ----------
    season : int
        Periods in a year: 1, 4 or 12.
    template : str
        The notation, to be filled with ``year``, ``quarter``, ``month`` and ``day``.
    kind : str, default "text"
        Cells are "text", "integer", "date" (``datetime.date``), "datetime" or a pandas period's dtype name.
    phase : int, default 0
        Month within the period that the notation names: 2 where quarters are written as 2021-03, 2021-06.
    last_day : bool, default False
        Dates are the last day of their month, not the first.
    """

    season: int
    template: str
    kind: str = "text"
    phase: int = 0
    last_day: bool = False

    @property
    def frequency(self) -> str:
        """Return "yearly", "quarterly" or "monthly"."""
        return FREQUENCIES[self.season]

    def write(self, number: int) -> str:
        """Return one period as text, in the table's notation.

        Examples
        --------
        >>> Clock(4, "{year:04d}KW0{quarter}").write(2021 * 4 + 1)
        '2021KW02'
        """
        year, month = divmod(number * (12 // self.season) + self.phase, 12)
        day = calendar.monthrange(year, month + 1)[1] if self.last_day else 1
        return self.template.format(year=year, quarter=month // 3 + 1, month=month + 1, day=day)

    def column(self, numbers: Sequence[int] | Numbers) -> pd.Series:
        """Return periods as a column of the cells that were read: text, integers, dates or pandas periods.

        Examples
        --------
        >>> Clock(1, "{year:04d}", "integer").column([2021, 2022]).tolist()
        [2021, 2022]
        """
        codes, distinct = pd.factorize(np.asarray(numbers, dtype=np.int64))
        text = [self.write(int(number)) for number in distinct]
        return pd.Series(_cells_of(text, self.kind)).take(codes).reset_index(drop=True)

    def last_at(self, moment: object) -> int | None:
        """Return the last period that begins, as written, at or before a moment; None if it is unreadable.

        A moment coarser than the clock (the year 2022 for months) stands for its end; a finer one (a day for
        quarters) for the period that holds it.

        Examples
        --------
        >>> months = Clock(12, "{year:04d}-{month:02d}")
        >>> months.write(months.last_at("2022")), months.write(months.last_at("2022-06-30"))
        ('2022-12', '2022-06')
        """
        found = _match(_text_of(moment))
        return None if found is None else (_last_month(*found) - self.phase) // (12 // self.season)


@dataclass(frozen=True)
class PeriodsRead:
    """A time column as read: its clock, each row's period number, and what could not be read.

    `clock` is None, and `numbers` empty, where there are problems.
    """

    clock: Clock | None
    numbers: Numbers
    problems: tuple[Problem, ...] = ()


def read_periods(cells: pd.Series, where: str) -> PeriodsRead:
    """Read a time column: its notation, its frequency and the number of every row's period.

    Months (or dates) that are all three or twelve months apart are quarters or years. Dates must all be the
    first, or all the last, day of their month. The notation of most rows is the table's; others are problems.

    Parameters
    ----------
    cells : Series
        Text, integers (2021 or 202103), ``datetime64``, ``datetime.date`` or pandas periods; its name is the
        column's.
    where : str
        The file, for messages.

    Examples
    --------
    >>> read = read_periods(pd.Series(["2021-03-31", "2021-06-30"]), "f.csv")
    >>> read.clock.frequency, read.numbers.tolist(), read.clock.write(8086)
    ('quarterly', [8084, 8085], '2021-09-30')
    """
    kind = _kind_of(cells)
    codes, distinct = pd.factorize(cells, use_na_sentinel=False)
    texts = [_text_of(cell) for cell in distinct]
    found = [_match(text) for text in texts]
    rows = np.bincount(codes, minlength=len(texts))
    notation = _majority(found, rows)
    bad = np.array([match is None or match[0] != notation for match in found], dtype=bool)
    if notation is None or bad.any():
        return PeriodsRead(None, _NONE, _unread(cells, bad[codes], found, notation, where))
    dates = [match[1] for match in found if match is not None]
    odd, last_day = _odd_days(dates)
    if odd.any():
        return PeriodsRead(None, _NONE, (_odd_day(cells, odd[codes], where),))
    months = np.array([_month_number(date, notation.months) for date in dates], dtype=np.int64)
    length, phase = _length(months, notation.months)
    clock = Clock(12 // length, notation.template, kind, phase, last_day)
    return PeriodsRead(clock, (months // length)[codes])


def _kind_of(cells: pd.Series) -> str:
    if isinstance(cells.dtype, pd.PeriodDtype):
        return str(cells.dtype)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return "datetime"
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return "integer"
    first = next((cell for cell in cells if not _is_missing(cell)), None)
    kinds = ((dt.datetime, "datetime"), (dt.date, "date"), (pd.Period, "period"), (int, "integer"))
    kind = next((name for kind, name in kinds if isinstance(first, kind)), "text")
    return f"period[{first.freqstr}]" if isinstance(first, pd.Period) else kind


def _text_of(cell: Any) -> str:
    """Return a cell as text; a time of day, fraction or week stays in it, and so is unreadable."""
    if _is_missing(cell):
        return ""
    if isinstance(cell, pd.Period):
        return _text_of_period(cell)
    if isinstance(cell, dt.datetime | np.datetime64):
        stamp = pd.Timestamp(cell)
        return f"{stamp:%Y-%m-%d}" if stamp == stamp.normalize() else str(stamp)
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _text_of_period(cell: pd.Period) -> str:
    frequency = cell.freqstr[0]
    if frequency == "M":
        return f"{cell.year:04d}-{cell.month:02d}"
    if frequency == "Q":
        return f"{cell.qyear:04d}Q{cell.quarter}"
    return f"{cell.year:04d}" if frequency in "AY" else f"{cell} ({cell.freqstr})"


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))


def _match(text: str) -> tuple[_Notation, dict[str, int]] | None:
    for notation, pattern in _PATTERNS:
        if match := pattern.fullmatch(text):
            date = {name: int(part) for name, part in match.groupdict().items()}
            if "day" in date and date["day"] > calendar.monthrange(date["year"], date["month"])[1]:
                return None
            return notation, date
    return None


def _month_number(date: dict[str, int], months: int) -> int:
    """Return the first month of the period, counted from year 0."""
    within = date["month"] - 1 if months == 1 else 3 * (date["quarter"] - 1) if months == 3 else 0
    return date["year"] * 12 + within


def _last_month(notation: _Notation, date: dict[str, int]) -> int:
    return _month_number(date, notation.months) + notation.months - 1


def _majority(
    found: Sequence[tuple[_Notation, dict[str, int]] | None], rows: NDArray[np.int64]
) -> _Notation | None:
    counts: dict[_Notation, int] = {}
    for match, count in zip(found, rows, strict=True):
        if match is not None:
            counts[match[0]] = counts.get(match[0], 0) + int(count)
    return max(counts, key=counts.__getitem__) if counts else None


def _length(months: Numbers, notated: int) -> tuple[int, int]:
    """Return the months in a period and the month within it that is written."""
    if notated > 1:
        return notated, 0
    apart = gcd(*np.diff(np.unique(months)).tolist(), 0)
    length = next((length for length in (12, 3) if apart and apart % length == 0), 1)
    return length, int(months[0] % length)


def _odd_days(dates: Sequence[dict[str, int]]) -> tuple[NDArray[np.bool_], bool]:
    """Return which dates are not the first or last of the month as most are, and whether most are last."""
    if not dates or "day" not in dates[0]:
        return np.zeros(len(dates), dtype=bool), False
    first = np.array([date["day"] == 1 for date in dates])
    last = np.array([date["day"] == calendar.monthrange(date["year"], date["month"])[1] for date in dates])
    return (~last, True) if last.sum() > first.sum() else (~first, False)


def _unread(
    cells: pd.Series,
    bad: NDArray[np.bool_],
    found: Sequence[tuple[_Notation, dict[str, int]] | None],
    notation: _Notation | None,
    where: str,
) -> tuple[Problem, ...]:
    """Return a problem for cells in no notation, and one for readable cells in another notation than most."""
    codes, _ = pd.factorize(cells, use_na_sentinel=False)
    unreadable = np.array([match is None for match in found], dtype=bool)[codes]
    usual = "" if notation is None else f" as {_example(notation)} in most rows"
    groups = (
        (unreadable, _EXPECTED, _CORRECT),
        (
            bad & ~unreadable,
            f"one notation,{usual}",
            "use one notation; drop rows of other periods",
        ),
    )
    return tuple(
        _problem(cells, mask, expected, remedy, where) for mask, expected, remedy in groups if mask.any()
    )


def _odd_day(cells: pd.Series, mask: NDArray[np.bool_], where: str) -> Problem:
    expected = "dates that are all the first or all the last day of a month, quarter or year"
    return _problem(cells, mask, expected, "sum or average to months first, and write them as 2021-03", where)


def _problem(cells: pd.Series, mask: NDArray[np.bool_], expected: str, remedy: str, where: str) -> Problem:
    first = cells.iloc[int(np.argmax(mask))]
    given = "nothing" if _is_missing(first) else shown(first if isinstance(first, str) else _text_of(first))
    return Problem(where, given, expected, remedy, str(cells.name), lines(pd.Series(mask)))


def _example(notation: _Notation) -> str:
    return notation.template.format(year=2021, quarter=1, month=1, day=1)


def _cells_of(text: list[str], kind: str) -> Any:
    if kind.startswith("period"):
        return pd.PeriodIndex(text, freq=kind[len("period[") : -1])
    make: dict[str, Callable[[list[str]], Any]] = {
        "text": lambda cells: np.array(cells, dtype=object),
        "integer": lambda cells: np.array(cells, dtype=np.int64),
        "date": lambda cells: np.array([dt.date.fromisoformat(cell) for cell in cells], dtype=object),
        "datetime": pd.to_datetime,
    }
    return make[kind](text)
