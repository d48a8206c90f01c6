"""The backtest broken down: sums and groups as plain loops give them."""

import numpy as np
import pandas as pd
import pytest

from forecasting.series.baselines import Mean, Naive
from forecasting.series.breakdown import breakdown_table, by_level, size_group
from forecasting.series.panel import Panel
from forecasting.series.rolling import rolling_errors

CLASSES = (10_000.0, 100_000.0)


@pytest.fixture(scope="module")
def panel() -> Panel:
    rng = np.random.default_rng(5)
    keys = [(f"R{r}", s) for r in range(6) for s in "AB"]
    start = np.array([9.0 if sector == "A" else 11.0 for _, sector in keys])
    walk = start[:, None] + np.cumsum(rng.normal(0, 0.1, (12, 9)), axis=1)
    return Panel(pd.DataFrame(keys, columns=["region", "sector"]), tuple(range(2001, 2010)), np.exp(walk))


@pytest.fixture(scope="module")
def errors(panel: Panel) -> pd.DataFrame:
    return rolling_errors(panel, [Naive(), Mean()], range(1, 9))


@pytest.fixture(scope="module")
def table(panel: Panel, errors: pd.DataFrame) -> pd.DataFrame:
    return breakdown_table(panel, errors, "naive", [1, 4, 10], CLASSES, 3, 100, seed=1)


def test_a_region_is_the_sum_of_its_cells(panel: Panel, errors: pd.DataFrame) -> None:
    regions = by_level(panel, errors)["region"]
    one = regions.query("method == 'mean' and origin == 2005 and horizon == 2 and series == 3").iloc[0]
    rows = panel.index.index[panel.index["region"] == "R3"]
    history = panel.until(2005).values[rows]
    assert one["forecast"] == pytest.approx(history[:, -2:].mean(axis=1).sum())
    assert one["actual"] == pytest.approx(panel.at(2007)[rows].sum())
    assert one["size"] == pytest.approx(history[:, -1].sum())
    assert one["error"] == pytest.approx(np.log(one["actual"] / one["forecast"]))


def test_groups_are_those_of_plain_loops(errors: pd.DataFrame, table: pd.DataFrame) -> None:
    for row in table.query("level == 'cell'").to_dict("records"):
        kept = [
            error
            for method, horizon, size, error in errors[["method", "horizon", "size", "error"]].to_numpy()
            if method == row["method"]
            and horizon == row["horizon"]
            and row["size"] in ("all", size_group(np.array([size]), CLASSES)[0])
        ]
        assert row["cells"] == len(kept)
        assert row["log_mae"] == pytest.approx(np.mean(np.abs(kept)))
        assert row["bias"] == pytest.approx(np.mean(kept))
    assert {"all", "under 10000", "10000 to 100000"} <= set(table["size"])


def test_skill_is_over_the_naive_forecast_of_the_same_cells(table: pd.DataFrame) -> None:
    wide = table.set_index(["level", "size", "horizon", "method"])
    for key, rows in wide.groupby(level=[0, 1, 2]):
        naive, mean = (rows.loc[(*key, name)] for name in ("naive", "mean"))
        assert naive["skill"] == 0
        assert mean["skill"] == pytest.approx(1 - mean["log_mae"] / naive["log_mae"])
        if not mean["note"]:
            assert mean["skill_p10"] <= mean["skill_p90"]


def test_what_must_not_be_quoted_says_why(table: pd.DataFrame) -> None:
    notes = table.query("level == 'cell' and size == 'all'").groupby("horizon")["note"].first()
    assert notes[1] == ""
    assert notes[4] == "", "five origins, four of which overlap"
    assert 10 not in notes.index, "no origin reaches ten years"
    short = breakdown_table(*_two_origins(), "naive", [1], CLASSES, 3, 10, seed=1)
    assert set(short["note"]) == {"not quotable: 2 origins"}


def _two_origins() -> tuple[Panel, pd.DataFrame]:
    panel = Panel(pd.DataFrame({"region": ["R"]}), (1, 2, 3), np.array([[5.0, 6.0, 7.0]]))
    return panel, rolling_errors(panel, [Naive()], [1])


def test_one_key_has_one_level() -> None:
    assert set(by_level(*_two_origins())) == {"cell"}
