"""Any tidy table becomes the panel that a pivot would give, or one message with everything wrong in it."""

import gzip
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InputError
from forecasting.series.forecast_file import forecast_table, write_table
from forecasting.series.tidy import read_series

HEADER = "region,job,month,ads\n"
GOOD = "R1,01,2021-01,5\nR1,01,2021-02,7\nR1,02,2021-02,0\nR2,01,2021-01,3\n"


def write(folder: Path, text: str, name: str = "ads.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(source: object, keys: tuple[str, ...] = ("region", "job"), **options: object) -> list[str]:
    with pytest.raises(InputError) as raised:
        read_series(source, keys, "month", "ads", **options)
    return [str(problem) for problem in raised.value.problems]


def random_table(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    keys = [(f"R{region}", job) for region in range(3) for job in range(4)]
    months = pd.period_range("2020-01", periods=20, freq="M").astype(str)
    rows = [(*key, month, rng.poisson(3)) for key in keys for month in months if rng.random() < 0.8]
    return pd.DataFrame(rows, columns=["region", "job", "month", "ads"]).sample(frac=1, random_state=seed)


def test_a_table_becomes_the_panel_of_a_pivot() -> None:
    table = random_table()
    read = read_series(table, ["region", "job"], "month", "ads")
    wide = table.set_index(["region", "job", "month"])["ads"].unstack("month")
    np.testing.assert_array_equal(read.panel.values, wide.to_numpy(dtype=float))
    pd.testing.assert_frame_equal(read.panel.index, wide.index.to_frame(index=False))
    assert (read.panel.periods[0], len(read.panel.periods), read.panel.season) == (2020 * 12, 20, 12)


def test_csv_parquet_and_compressed_give_the_same(tmp_path: Path) -> None:
    table = random_table().astype({"job": str})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    table.to_csv(tmp_path / "a.csv.gz", index=False)
    table.set_index("region").to_parquet(tmp_path / "a.parquet")
    write(tmp_path, "﻿" + table.to_csv(index=False, sep=";").replace("\n", "\r\n") + "\r\n", "b.csv")
    expected = read_series(table, ["region", "job"], "month", "ads").panel
    for name in ("a.csv", "a.tsv", "a.csv.gz", "a.parquet", "b.csv"):
        found = read_series(tmp_path / name, ["region", "job"], "month", "ads").panel
        np.testing.assert_array_equal(found.values, expected.values)
        pd.testing.assert_frame_equal(found.index, expected.index)


def test_keys_of_a_csv_keep_their_zeros_and_na_is_a_name(tmp_path: Path) -> None:
    read = read_series(write(tmp_path, HEADER + GOOD + "NA,01,2021-01,\n"), ["region", "job"], "month", "ads")
    assert read.panel.index.to_numpy().tolist() == [["R1", "01"], ["R1", "02"], ["R2", "01"]]
    assert "1 series without any known value are left out" in read.notes


def test_empty_cells_are_unknown_and_said(tmp_path: Path) -> None:
    text = HEADER + "R1,01,2021-01,.\nR1,01,2021-02,  7.5\nR1,01,2021-03,NaN\nR1,01,2021-04,1\n"
    read = read_series(write(tmp_path, text), ["region", "job"], "month", "ads")
    np.testing.assert_array_equal(read.panel.values, [[7.5, np.nan, 1]])
    assert read.notes == ("2 empty cells are unknown, not zero",)


def test_absent_rows_are_unknown_unless_zero_is_asked() -> None:
    rows = [("a", "2021-01", 5), ("a", "2021-04", 5), ("b", "2021-02", 1), ("b", "2021-04", np.nan)]
    table = pd.DataFrame(rows, columns=["job", "month", "ads"])
    unknown = read_series(table, ["job"], "month", "ads")
    zero = read_series(table, ["job"], "month", "ads", absent="zero")
    nan = np.nan
    np.testing.assert_array_equal(unknown.panel.values, [[5, nan, nan, 5], [nan, 1, nan, nan]])
    np.testing.assert_array_equal(zero.panel.values, [[5, 0, nan, 5], [0, 1, nan, nan]])
    assert zero.notes == (
        "1 empty cells are unknown, not zero",
        "2 periods of a series without a row are zero",
        "1 periods in which no series has a row are unknown",
    )


def test_history_end_hides_what_comes_after() -> None:
    table = random_table()
    kept = table[table["month"] <= "2020-09"]
    hidden = read_series(table, ["region", "job"], "month", "ads", history_end="2020-09-30")
    direct = read_series(kept, ["region", "job"], "month", "ads")
    np.testing.assert_array_equal(hidden.panel.values, direct.panel.values)
    assert hidden.panel.periods == direct.panel.periods
    assert f"{len(table) - len(kept)} rows after 2020-09 are hidden" in hidden.notes
    late = read_series(table, ["region", "job"], "month", "ads", history_end="2030")
    assert "history end 2030 hides nothing: the last period is 2021-08" in late.notes


def test_rows_for_the_future_do_not_move_the_first_forecast() -> None:
    table = pd.DataFrame({"job": "a", "month": [2021, 2022, 2023], "ads": [4, 5, np.nan]})
    read = read_series(table, ["job"], "month", "ads")
    assert read.panel.periods == (2021, 2022)
    assert "nothing is known after 2022: forecasts begin there" in read.notes


def test_short_and_ended_series_are_said() -> None:
    rows = [("a", year, 5) for year in range(2010, 2021)] + [("b", 2012, 3), ("c", 2020, 3)]
    table = pd.DataFrame(rows, columns=["job", "month", "ads"])
    notes = read_series(table, ["job"], "month", "ads", horizon=2).notes
    assert "2 series have fewer known periods than the 2 to forecast" in notes
    assert "1 series have no known value in the last 2 years" in notes


BROKEN = {
    "an unreadable number": ("R1,01,2021-03,twelve\n", "column ads, line 6: found 'twelve'"),
    "a decimal comma": ('R1,01,2021-03,"1,5"\n', "column ads, line 6: found '1,5'"),
    "a negative": (
        "R1,01,2021-03,-2\n",
        "line 6: found -2; expected a number with a decimal point, 0 or more",
    ),
    "infinity": ("R1,01,2021-03,inf\n", "column ads, line 6: found inf; expected"),
    "a repeated row": (
        "R1,01,2021-02,7\n",
        "line 6: found keys and period that are there already (the first on line 3)",
    ),
    "another notation": (
        "R1,01,2021Q1,7\n",
        "column month, line 6: found '2021Q1'; expected one notation, as 2021-01",
    ),
    "no period": ("R1,01,,7\n", "column month, line 6: found nothing"),
    "an empty key": ("R1,,2021-03,7\n", "column job, line 6: found an empty key"),
    "a short line": ("R1,01\n", "line 6: found 2 cells; expected 4 cells"),
    "a long line": ("R1,01,2021-03,7,8\n", "line 6: found 5 cells; expected 4 cells"),
    "a line left empty": ("\nR1,01,2021-03,7\n", "line 6: found an empty line"),
}


@pytest.mark.parametrize(("row", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_row_is_named(tmp_path: Path, row: str, words: str) -> None:
    found = problems(write(tmp_path, HEADER + GOOD + row))
    assert len(found) == 1
    assert words in found[0]
    assert "ads.csv" in found[0]


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    rows = "R1,01,2021-03,x\nR1,01,2021-04,-1\n,01,2021-04,1\nR1,01,2021-01,1\nR1,03,Q,1\n"
    found = problems(write(tmp_path, HEADER + GOOD + rows))
    lines = sorted(line.split(": found")[0].split("line")[1] for line in found)
    assert lines == [" 10", " 6", " 7", " 8", " 9"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found an empty file"),
        (HEADER, "found no rows"),
        (
            "region,month,ads\nR1,2021-01,1\n",
            "found no column job; expected one that has the columns region, month, ads",
        ),
        ("region,job,month,ads,ads\nR1,1,2021-01,1,2\n", "found ads twice in the header"),
        (HEADER + "R1,01,2021-01,\n", "no known value up to 2021-01"),
    ],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    assert words in problems(write(tmp_path, text))[0]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    assert "no such file" in problems(tmp_path / "none.csv")[0]
    assert "suffix '.xlsx'" in problems(write(tmp_path, "", "ads.xlsx"))[0]
    assert "expected a Parquet file" in problems(write(tmp_path, "no parquet", "ads.parquet"))[0]
    latin = tmp_path / "latin.csv"
    latin.write_bytes((HEADER + GOOD + "Liège,01,2021-01,5\n").encode("latin-1"))
    assert "UTF-8" in problems(latin)[0]
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress((HEADER + GOOD * 999).encode())[:60])
    assert len(problems(tmp_path / "half.csv.gz")) == 1


def test_columns_that_cannot_be_asked_for() -> None:
    table = pd.DataFrame({"forecast": ["a"], "month": ["2021"], "ads": [1]})
    assert "a key or time column forecast" in problems(table, ("forecast",))[0]
    assert "month asked for twice" in problems(table, ("month",))[0]
    assert "no keys" in problems(table, ())[0]


@pytest.mark.parametrize(
    ("end", "words"), [("soon", "history end 'soon'; expected a period"), ("2019", "before all rows")]
)
def test_a_history_end_that_cannot_be(end: str, words: str) -> None:
    assert words in problems(random_table(), history_end=end)[0]


def test_one_period_far_off_is_a_problem_and_not_a_full_memory() -> None:
    table = pd.DataFrame({"region": range(150_000), "job": "a", "month": "2021-02", "ads": 1.0})
    table.loc[[7, 8], "month"] = ["1821-01", "2199-01"]
    assert "correct the period that is far off" in problems(table)[0]


def test_one_bad_cell_in_a_million_rows_is_named_in_seconds(tmp_path: Path) -> None:
    rows = pd.DataFrame({"region": "R", "job": np.repeat(np.arange(20_000), 50)})
    rows["month"] = np.tile(pd.period_range("2018-01", periods=50, freq="M").astype(str), 20_000)
    rows["ads"] = "12"
    rows.loc[777_000, "ads"] = "1z2"
    rows.to_csv(tmp_path / "ads.csv", index=False)
    begun = time.perf_counter()
    found = problems(tmp_path / "ads.csv")
    assert time.perf_counter() - begun < 5
    assert found[0].startswith("ads.csv, column ads, line 777002: found '1z2'")


def test_forecasts_are_written_in_the_notation_read(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"job": ["a", "a", "b"], "when": ["2021KW03", "2021KW04", "2021KW04"], "n": [1, 2, 3]}
    )
    read = read_series(table, ["job"], "when", "n")
    point = np.array([[1.0, 2], [3, 4]])
    found = forecast_table(read, (1, 2), point, {95: (point - 2, point + 2), 80: (point - 1, point + 1)})
    assert list(found) == ["job", "when", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert found["when"].tolist() == ["2022KW01", "2022KW02"] * 2
    assert found["job"].tolist() == ["a", "a", "b", "b"]
    assert found["hi-95"].tolist() == [3, 4, 5, 6]
    for name, opened in (("out.csv", pd.read_csv), ("out.parquet", pd.read_parquet)):
        write_table(found, tmp_path / name)
        pd.testing.assert_frame_equal(opened(tmp_path / name), found)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    write_table(pd.DataFrame({"a": [1]}), path)
    before = path.read_bytes()

    def crash(_: pd.DataFrame, target: str, **__: object) -> None:
        Path(target).write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_csv", crash)
    with pytest.raises(KeyboardInterrupt):
        write_table(pd.DataFrame({"a": [2]}), path)
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "words"), [("out.xls", "suffix '.xls'"), ("none/out.csv", "no such folder")]
)
def test_a_place_that_cannot_be_written(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / name)
