"""The command `forecast` as a user meets it: what a file holds, and one message for every bad input."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from forecasting.series.engine import forecast
from forecasting.series.forecast_file import forecast_table
from forecasting.series.hierarchy import build_hierarchy, parse_hierarchy
from forecasting.series.methods import named_forecasters
from forecasting.series.tidy import read_series
from tests.conftest import ROOT
from training.__main__ import app

Keys = Sequence[str]
KEYS: Keys = ("region", "job")
COLUMNS = ["region", "job", "month", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"]
NUMBERS = COLUMNS[3:]


def counts(periods: int = 15, frequency: str = "M") -> pd.DataFrame:
    """Return a tidy table of four series."""
    rng = np.random.default_rng(0)
    moments = pd.period_range("2021-01", periods=periods, freq=frequency).astype(str)
    cells = [(n, when) for n in range(4) for when in moments]
    rows = [(f"R{n % 2}", f"j{n // 2}", when, int(rng.poisson(5 + 9 * n))) for n, when in cells]
    return pd.DataFrame(rows, columns=["region", "job", "month", "ads"])


def arguments(table: Path, out: Path, *options: str, keys: Keys = KEYS) -> list[str]:
    named = [part for key in keys for part in ("--keys", key)]
    usual = ["--value", "ads", "--time", "month", "--horizon", "2"]
    return ["forecast", str(table), *usual, *named, "--out", str(out), *options]


def run(table: Path, out: Path, *options: str, keys: Keys = KEYS) -> Result:
    return CliRunner().invoke(app, arguments(table, out, *options, keys=keys))


def written(table: pd.DataFrame, folder: Path, *options: str, keys: Keys = KEYS) -> pd.DataFrame:
    table.to_parquet(folder / "in.parquet")
    result = run(folder / "in.parquet", folder / "out.parquet", *options, keys=keys)
    assert result.exit_code == 0, result.output
    return pd.read_parquet(folder / "out.parquet")


def test_the_file_holds_keys_time_forecast_and_intervals(tmp_path: Path) -> None:
    found = written(counts(), tmp_path)
    assert list(found) == COLUMNS
    assert found[["region", "job", "month"]].to_numpy().tolist() == [
        [region, job, month]
        for region in ("R0", "R1")
        for job in ("j0", "j1")
        for month in ("2022-04", "2022-05")
    ]
    numbers = found[NUMBERS].to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.diff(found[["lo-95", "lo-80", "forecast", "hi-80", "hi-95"]].to_numpy(), axis=1) >= 0).all()
    assert (found[NUMBERS[1:]] == found[NUMBERS[1:]].round()).all(axis=None)


@pytest.mark.parametrize(
    ("frequency", "write", "expected"),
    [
        ("M", lambda when: f"{when.year}M{when.month:02d}", ["2022M04", "2022M05"]),
        ("Q", lambda when: f"{when.year}KW0{when.quarter}", ["2024KW04", "2025KW01"]),
        ("Q", lambda when: f"{when.year}-Q{when.quarter}", ["2024-Q4", "2025-Q1"]),
        ("Y", lambda when: when.year, [2036, 2037]),
    ],
)
def test_periods_go_on_in_the_notation_of_the_table(
    tmp_path: Path, frequency: str, write: Callable[[pd.Period], object], expected: list[object]
) -> None:
    table = counts(frequency=frequency)
    table["month"] = [write(pd.Period(when, freq=frequency)) for when in table["month"]]
    assert written(table, tmp_path)["month"].unique().tolist() == expected


@pytest.mark.parametrize("name", ["a.csv", "b.csv", "a.tsv", "a.csv.gz", "a.parquet"])
def test_every_format_gives_the_same(tmp_path: Path, name: str) -> None:
    table, path = counts(), tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(
            path, index=False, sep={"b": ";", "v": "\t"}.get(name[0] if name[0] == "b" else name[-1], ",")
        )
    assert run(path, tmp_path / "out.csv").exit_code == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out.csv"), written(table, tmp_path), rtol=1e-12)


@pytest.mark.parametrize("keys", [["job"], ["region", "job"], ["region", "job", "skill"]])
def test_one_to_three_keys_with_a_hierarchy(tmp_path: Path, keys: list[str]) -> None:
    table = counts().assign(skill="s")
    table = table if len(keys) > 1 else table[table["region"] == "R0"]
    found = written(table, tmp_path, "--hierarchy", f"total,{keys[0]}", keys=keys)
    assert list(found) == ["level", *keys, *COLUMNS[2:]]
    series = found[found["level"] == "*".join(keys)].groupby("month")["forecast"].sum()
    for level in ("total", keys[0]):
        sums = found[found["level"] == level].groupby("month")["forecast"].sum()
        np.testing.assert_allclose(sums, series, atol=1e-6)


def test_history_end_hides_everything_after_it(tmp_path: Path) -> None:
    table = counts(24)
    later = table["month"] > "2022-03"
    expected = written(table[~later], tmp_path)
    changed = table.assign(ads=np.where(later, 10**6 * table["ads"] + 0.5, table["ads"]))
    for given in (table, changed, changed[changed["month"] != "2022-06"]):
        found = written(given, tmp_path, "--history-end", "2022-03-31")
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_the_python_api_gives_the_same_whatever_the_order_of_rows(tmp_path: Path) -> None:
    table = counts()
    found = written(table, tmp_path, "--hierarchy", "region", "--levels", "50,90", "--method", "theta")
    read = read_series(table.sample(frac=1, random_state=1), ["region", "job"], "month", "ads")
    tree = build_hierarchy(read.panel.index, parse_hierarchy("region", ["region", "job"]))
    theta = named_forecasters()["theta"]
    engine = forecast(read.panel, 2, [50, 90], hierarchy=tree, forecaster=theta)
    expected = forecast_table(
        read, engine.horizons, engine.point, engine.intervals, index=engine.history.index
    )
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    tree = ("--hierarchy", "region,job")
    counts().to_csv(tmp_path / "in.csv", index=False)
    begun = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "training",
                *arguments(tmp_path / "in.csv", tmp_path / f"{seed}.csv", *tree),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.DEVNULL,
        )
        for seed in ("1", "2")
    ]
    assert [process.wait() for process in begun] == [0, 0]
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


@pytest.mark.parametrize(
    ("values", "options", "note"),
    [
        ("gap", (), "3 periods of a series without a row are unknown"),
        ("gap", ("--absent", "zero"), "3 periods of a series without a row are zero"),
        ("unknown", (), "1 series without any known value are left out"),
        ("unknown", ("--hierarchy", "total"), "1 series without any known value are left out"),
        ("late", ("--hierarchy", "job"), "13 unknown periods are filled for the sums"),
        ("late", ("--method", "last"), "13 empty cells are unknown, not zero"),
        ("short", (), "4 series have fewer known periods than the 2 to forecast"),
        ("constant", (), "4 series, monthly, 2021-01 to 2022-03."),
        ("zeros", ("--hierarchy", "region"), ""),
    ],
)
def test_thin_data_is_forecast_by_a_stated_rule(
    tmp_path: Path, values: str, options: tuple[str, ...], note: str
) -> None:
    table = counts()
    first = (table["region"] == "R0") & (table["job"] == "j0")
    if values == "gap":
        table = table.drop(index=[3, 4, 30])
    elif values == "unknown":
        table["ads"] = table["ads"].astype(float).mask(first)
    elif values == "late":
        table["ads"] = table["ads"].astype(float).mask(first & (table["month"] < "2022-02"))
    elif values == "short":
        table = table[table["month"] == "2021-01"]
    else:
        table["ads"] = {"constant": 7, "zeros": 0}[values]
    table.to_csv(tmp_path / "in.csv", index=False)
    result = run(tmp_path / "in.csv", tmp_path / "out.csv", *options)
    assert result.exit_code == 0, result.output
    assert note in result.output
    numbers = pd.read_csv(tmp_path / "out.csv")[NUMBERS].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()


def bad(text: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a change of one value, on line 5."""
    return lambda table: table.astype({"ads": object}).assign(
        ads=lambda t: [text if n == 3 else v for n, v in enumerate(t["ads"])]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (bad("1O"), "in.csv, column ads, line 5: found '1O'; expected a number with a decimal point"),
        (bad("-3"), "in.csv, column ads, line 5: found -3; expected a number"),
        (bad("inf"), "in.csv, column ads, line 5: found inf; expected a number .* at most 1e\\+15"),
        (bad("3,5"), "line 5: found '3,5'; expected a number with a decimal point"),
        (lambda t: pd.concat([t, t.iloc[[3]]]), "line 62: found keys and period that are there already"),
        (lambda t: t.assign(ads=None), "found no known value up to 2022-03; expected at least one"),
        (lambda t: t.drop(columns="ads"), "found no column ads; expected one that has the columns region"),
        (lambda t: t.iloc[:0], "found no rows; expected one row per series and period"),
        (
            lambda t: t.assign(month="soon"),
            "column month, lines 2, .* found 'soon'; expected months, quarters",
        ),
        (lambda t: t.assign(region=""), "column region, lines 2, .* found an empty key"),
    ],
)
def test_a_bad_table_is_refused_by_line(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    change(counts()).to_csv(tmp_path / "in.csv", index=False)
    refused(tmp_path, tmp_path / "in.csv", message)


def refused(
    folder: Path, table: Path, message: str, *options: str, out: str = "out.csv", keys: Keys = KEYS
) -> None:
    """Check for one message, no traceback and nothing written."""
    before = sorted(folder.rglob("*"))
    result = run(table, folder / out, *options, keys=keys)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert re.search(message, result.output), result.output
    assert "Do: " in result.output
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--horizon", "0"), "horizon: found 0; expected 1 to 60 periods"),
        (("--horizon", "61"), "horizon: found 61; expected 1 to 60 periods"),
        (("--levels", "0,80,100"), "levels: found 0, 100; expected percentages from 1 to 99"),
        (("--levels", "abc"), "--levels: found 'abc'; expected percentages as 80,95"),
        (("--method", "best"), "--method: found 'best'; expected one of default, "),
        (("--hierarchy", "town"), "--hierarchy: found the level 'town'; expected keys of the table"),
        (("--hierarchy", ""), "--hierarchy: found nothing; expected total, or keys"),
        (("--history-end", "soon"), "history end 'soon'; expected a period or day, as 2022-03"),
        (("--history-end", "2019"), "history end '2019', before all rows; expected a period from 2021-01 on"),
        (("--keys", "job"), "found job asked for twice"),
        (("--value", "month"), "found month asked for twice"),
        (("--breaks", "nowhere/breaks.csv"), "found no such folder; expected an existing folder"),
    ],
)
def test_a_bad_option_is_refused_and_the_earlier_file_stays(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    counts().to_csv(tmp_path / "in.csv", index=False)
    (tmp_path / "out.csv").write_text("earlier")
    refused(tmp_path, tmp_path / "in.csv", message, *options)
    assert (tmp_path / "out.csv").read_text() == "earlier"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("out.xlsx", "found the suffix '.xlsx'; expected .parquet or .csv"),
        ("nowhere/out.csv", "found no such folder"),
        ("folder.csv", "found a folder; expected a file to write"),
        ("in.csv", "found the table that is read; expected a file of its own"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_first(tmp_path: Path, out: str, message: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    counts().to_csv(tmp_path / "in.csv", index=False)
    refused(tmp_path, tmp_path / "in.csv", message, out=out)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.csv", None, "no.csv: found no such file"),
        ("", None, "found a folder; expected a file"),
        ("empty.csv", b"", "found an empty file; expected a header line and rows"),
        ("in.xlsx", b"PK", "found the suffix '.xlsx'; expected .csv, .csv.gz, .tsv, .txt or .parquet"),
        ("in.parquet", b"PAR1", "expected a Parquet file"),
        ("in.csv.gz", b"region,job,month,ads\n", "expected delimited text in UTF-8"),
        (
            "in.csv",
            "region,job,month,ads\na,b,2021-01,1\nLüttich,b,2021-01,1\n".encode("latin-1"),
            "line 3: found b",
        ),
        ("in.csv", b"region,job,month,ads\na,b,2021-01,1,5\n", "line 2: found 5 cells; expected 4 cells"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused(tmp_path, tmp_path / name, message)


def test_keys_that_would_clash_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    table = counts().assign(level="a", forecast="b")
    table.to_csv(path, index=False)
    refused(
        tmp_path, path, "a key or time column forecast; expected no name", keys=("forecast", "region", "job")
    )
    tree = ("--hierarchy", "region")
    refused(
        tmp_path, path, "a key or time column level; expected another", *tree, keys=("level", "region", "job")
    )
    refused(tmp_path, path, "repeat the option: --keys region --keys job", keys=("region,job",))
    table.replace({"R0": "TOTAL"}).to_csv(path, index=False)
    refused(tmp_path, path, "column region: found the key TOTAL; expected series that are not sums", *tree)
    assert run(path, tmp_path / "out.csv").exit_code == 0
    counts().assign(job=[["a"]] * 60).to_parquet(tmp_path / "in.parquet")
    refused(
        tmp_path, tmp_path / "in.parquet", "column job: found list.* cells; expected text, numbers or dates"
    )


def test_level_shifts_are_told_and_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    months = pd.period_range("2018-01", periods=40, freq="M").astype(str)
    logs = 5 + rng.normal(0, 0.05, (12, 40)).cumsum(axis=1)
    logs[:, 27:] -= 0.8
    table = pd.DataFrame(
        {"job": np.repeat(range(12), 40), "month": np.tile(months, 12), "ads": np.exp(logs).ravel()}
    )
    table.to_csv(tmp_path / "in.csv", index=False)
    result = run(
        tmp_path / "in.csv", tmp_path / "out.csv", "--breaks", str(tmp_path / "breaks.csv"), keys=["job"]
    )
    assert "Level shift of the whole market at 2020-04: -" in result.output
    shifts = pd.read_csv(tmp_path / "breaks.csv")
    assert shifts.loc[shifts["scope"] == "market", "period"].tolist() == ["2020-04"]


def test_a_method_whose_library_is_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    counts().to_csv(tmp_path / "in.csv", index=False)
    result = run(tmp_path / "in.csv", tmp_path / "out.csv", "--method", "auto-ets")
    assert result.exit_code == 1
    assert "--method auto-ets: the library's ETS and Theta need the package statsforecast" in result.output
    assert not (tmp_path / "out.csv").exists()
