"""Every usual notation is read, counted and written back as it was; anything else is named with its rows."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.series.clock import Clock, read_periods

READ = {
    "iso month": (["2021-11", "2021-12", "2022-01"], 12, 2021 * 12 + 10),
    "M": (["2021M11", "2021M12", "2022M01"], 12, 2021 * 12 + 10),
    "CBS month": (["2021MM11", "2021MM12"], 12, 2021 * 12 + 10),
    "plain month": (["202111", "202112"], 12, 2021 * 12 + 10),
    "first days": (["2021-11-01", "2021-12-01"], 12, 2021 * 12 + 10),
    "last days": (["2020-01-31", "2020-02-29", "2020-03-31"], 12, 2020 * 12),
    "midnights": (["2021-11-01 00:00:00", "2021-12-01 00:00:00"], 12, 2021 * 12 + 10),
    "Q": (["2021Q4", "2022Q1"], 4, 2021 * 4 + 3),
    "-Q": (["2021-Q4", "2022-Q1"], 4, 2021 * 4 + 3),
    "CBS quarter": (["2021KW04", "2022KW01"], 4, 2021 * 4 + 3),
    "quarters as months": (["2021-03", "2021-06", "2021-12"], 4, 2021 * 4),
    "quarters as last days": (["2021-03-31", "2021-06-30"], 4, 2021 * 4),
    "years": (["2021", "2022"], 1, 2021),
    "CBS years": (["2021JJ00", "2022JJ00"], 1, 2021),
    "years as dates": (["2019-07-01", "2021-07-01"], 1, 2019),
    "integer years": ([2021, 2022], 1, 2021),
    "integer months": ([202111, 202112], 12, 2021 * 12 + 10),
    "dates": ([dt.date(2021, 11, 1), dt.date(2021, 12, 1)], 12, 2021 * 12 + 10),
}


@pytest.mark.parametrize(("cells", "season", "first"), READ.values(), ids=READ.keys())
def test_a_notation_is_read_and_written_back(cells: list[object], season: int, first: int) -> None:
    read = read_periods(pd.Series(cells, name="t"), "f.csv")
    assert (read.clock.season, read.numbers[0], read.problems) == (season, first, ())
    assert read.clock.column(read.numbers).tolist() == cells
    written = read.clock.column([first + 5])
    assert read_periods(pd.concat([pd.Series(cells), written]), "f").numbers[-1] == first + 5


@pytest.mark.parametrize("frequency", ["M", "Q-DEC", "Q-NOV", "Y-DEC"])
def test_pandas_periods_come_back_as_periods(frequency: str) -> None:
    cells = pd.Series(pd.period_range("2019", periods=9, freq=frequency), name="t")
    read = read_periods(cells, "f")
    assert np.diff(read.numbers).tolist() == [1] * 8
    pd.testing.assert_series_equal(read.clock.column(read.numbers), cells, check_names=False)


def test_datetimes_come_back_as_datetimes() -> None:
    cells = pd.Series(pd.date_range("2020-01-31", periods=30, freq="ME"), name="t")
    read = read_periods(cells, "f")
    assert read.clock.column(read.numbers).tolist() == cells.tolist()
    assert read_periods(cells.astype(object), "f").clock == read.clock


@given(st.integers(1900 * 12, 2150 * 12), st.sampled_from([1, 4, 12]), st.booleans())
def test_what_is_written_reads_back(number: int, season: int, last_day: bool) -> None:
    clock = Clock(season, "{year:04d}-{month:02d}-{day:02d}", phase=(12 // season - 1), last_day=last_day)
    first = number * season // 12
    read = read_periods(pd.Series([clock.write(first + step) for step in range(5)]), "f")
    assert read.clock == clock
    assert read.numbers.tolist() == list(range(first, first + 5))


@pytest.mark.parametrize(
    ("cells", "rows", "words"),
    [
        (["2021-01", "2021Q1", "2021-02"], [3], "one notation, as 2021-01"),
        (["2021KW01", "2021KW02", "2021JJ00"], [4], "one notation, as 2021KW01"),
        (["2021-01", "spring", None], [3, 4], "'spring'"),
        (["2021-01-01", "2021-02-01", "2021-02-11"], [4], "first or all the last day"),
        (["2021-02-28", "2021-02-30", "2021-03-31"], [3], "'2021-02-30'"),
        (["2021-13", "2021-12"], [2], "'2021-13'"),
        ([2021.0, 2022.5], [3], "'2022.5'"),
        ([None, None], [2, 3], "nothing"),
        (pd.period_range("2021-01-04", periods=2, freq="W").tolist(), [2, 3], "months, quarters or years"),
        (["2021-01-01T05:00:00", "2021-02-01T00:00:00"], [2], "05:00"),
    ],
)
def test_what_is_no_period_is_named_with_its_rows(cells: list[object], rows: list[int], words: str) -> None:
    read = read_periods(pd.Series(cells, name="when"), "f.csv")
    assert read.clock is None
    assert [list(problem.rows) for problem in read.problems] == [rows]
    assert words in str(read.problems[0])
    assert "f.csv, column when" in str(read.problems[0])


def test_every_kind_of_bad_cell_is_reported_at_once() -> None:
    problems = read_periods(pd.Series(["2021Q1", "2021Q2", "2021-03", "x"]), "f").problems
    assert sorted(problem.rows[0] for problem in problems) == [4, 5]


@pytest.mark.parametrize(
    ("clock", "moment", "expected"),
    [
        (Clock(12, "{year:04d}-{month:02d}"), "2022-12", "2022-12"),
        (Clock(12, "{year:04d}-{month:02d}"), "2022", "2022-12"),
        (Clock(12, "{year:04d}-{month:02d}"), "2022Q2", "2022-06"),
        (Clock(4, "{year:04d}Q{quarter}"), "2022-05-17", "2022Q2"),
        (Clock(4, "{year:04d}Q{quarter}"), "2022", "2022Q4"),
        (Clock(1, "{year:04d}"), pd.Timestamp("2022-05-17"), "2022"),
        (Clock(4, "{year:04d}-{month:02d}", phase=1), "2022-04", "2022-02"),
        (Clock(1, "{year:04d}-{month:02d}-{day:02d}", phase=6), "2022-05", "2021-07-01"),
    ],
)
def test_the_last_period_at_a_moment(clock: Clock, moment: object, expected: str) -> None:
    assert clock.write(clock.last_at(moment)) == expected


def test_an_unreadable_moment_is_none() -> None:
    assert Clock(1, "{year:04d}").last_at("soon") is None
