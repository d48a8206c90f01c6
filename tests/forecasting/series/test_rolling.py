"""Rolling origins: the right cells, no leakage, intervals that hold what they promise."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.series.baselines import Mean, Naive, Trend
from forecasting.series.boosting import GlobalBoosting
from forecasting.series.intervals import fit_spread, joint_shocks
from forecasting.series.panel import Panel
from forecasting.series.rolling import backtest_table, coverage, rolling_errors, select_method

CLASSES = (10_000.0, 100_000.0)


def random_walks(seed: int, regions: int = 100, years: int = 8, noise: float = 0.0) -> Panel:
    """Log random walks of 5 % a year, with survey noise on each reading."""
    rng = np.random.default_rng(seed)
    keys = [(f"R{r:03d}", s) for r in range(regions) for s in "ABC"]
    start = rng.uniform(np.log(20_000), np.log(80_000), len(keys))
    walk = start[:, None] + np.cumsum(rng.normal(0, 0.05, (len(keys), years)), axis=1)
    read = np.exp(walk + rng.normal(0, noise, walk.shape)) if noise else np.exp(walk)
    return Panel(pd.DataFrame(keys, columns=["region", "sector"]), tuple(range(2008, 2008 + years)), read)


def test_errors_in_plain_loops() -> None:
    panel = random_walks(1, regions=2, years=5)
    found = rolling_errors(panel, [Naive()], [1, 3])
    expected = [
        (
            origin,
            horizon,
            series,
            np.log(panel.values[series, position + horizon] / panel.values[series, position]),
        )
        for position, origin in enumerate(panel.periods)
        for horizon in (1, 3)
        if position + horizon < len(panel.periods)
        for series in range(len(panel.index))
    ]
    got = [tuple(row) for row in found[["origin", "horizon", "series", "error"]].to_numpy()]
    assert len(got) == len(expected)
    np.testing.assert_allclose(sorted(got), sorted(expected))


@pytest.mark.parametrize(
    "method", [Naive(), Mean(), Trend(), GlobalBoosting()], ids=lambda method: method.name
)
def test_no_origin_sees_a_later_year(method: Naive) -> None:
    panel = random_walks(2, regions=40)
    later = panel.values.copy()
    later[:, -1] *= 3
    changed = dataclasses.replace(panel, values=later)
    seen, unseen = (rolling_errors(each, [method], [1]) for each in (panel, changed))
    before = seen["origin"] < panel.periods[-2]
    pd.testing.assert_frame_equal(seen[before], unseen[before])


def test_methods_are_scored_on_the_same_cells() -> None:
    panel = random_walks(3, regions=3)
    panel.values[0, 3] = np.nan
    found = rolling_errors(panel, [Naive(), Mean()], [1])
    by_method = {
        name: set(map(tuple, rows[["origin", "series"]].to_numpy())) for name, rows in found.groupby("method")
    }
    assert by_method["naive"] == by_method["mean"]
    assert (2011, 0) not in by_method["naive"], "an origin whose value is unknown makes no forecast"
    assert (2010, 0) not in by_method["naive"], "an unknown outcome is not scored"


@pytest.mark.parametrize(("noise", "horizon"), [(0.0, 1), (0.0, 3), (0.05, 1), (0.05, 3)])
def test_intervals_cover_what_they_promise(noise: float, horizon: int) -> None:
    # 20 panels of 300 series: the standard error is below 1 %; 5 points allow for the few past years.
    inside = [
        coverage(rolling_errors(random_walks(seed, noise=noise), [Naive()], range(1, 8)), horizon, CLASSES)[
            "inside"
        ].mean()
        for seed in range(20)
    ]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.05)


def test_spread_grows_with_the_horizon_and_noise_does_not() -> None:
    walk = fit_spread(rolling_errors(random_walks(5), [Naive()], range(1, 8)), CLASSES)
    size = np.array([50_000.0])
    assert walk.deviation(size, 4)[0] == pytest.approx(2 * walk.deviation(size, 1)[0], rel=0.15)
    noisy = fit_spread(rolling_errors(random_walks(5, noise=0.3), [Naive()], range(1, 8)), CLASSES)
    assert noisy.deviation(size, 4)[0] == pytest.approx(noisy.deviation(size, 1)[0], rel=0.1)


def test_one_known_horizon_is_all_put_on_growth() -> None:
    errors = rolling_errors(random_walks(6), [Naive()], [1])
    spread = fit_spread(errors, CLASSES)
    assert spread.intercept.max() == 0
    assert spread.deviation(np.array([5e4]), 9)[0] == pytest.approx(
        3 * spread.deviation(np.array([5e4]), 1)[0]
    )


def test_shocks_keep_how_sectors_move_together() -> None:
    rng = np.random.default_rng(8)
    common = np.cumsum(rng.normal(0, 0.05, (60, 1, 8)), axis=2)
    values = np.exp(10 + np.repeat(common, 3, axis=1).reshape(180, 8))
    index = pd.DataFrame([(f"R{r}", s) for r in range(60) for s in "ABC"], columns=["region", "sector"])
    panel = Panel(index, tuple(range(2008, 2016)), values)
    errors = rolling_errors(panel, [Naive()], range(1, 8))
    shocks = joint_shocks(errors, fit_spread(errors, CLASSES), index, ("A", "B", "C"), 500, seed=1)
    assert np.corrcoef(shocks).min() > 0.999
    assert abs(np.median(shocks)) < 0.15, "signs are drawn: the median stays at the point forecast"


def test_a_constant_history_has_no_spread() -> None:
    panel = Panel(pd.DataFrame({"region": ["R"], "sector": ["A"]}), (1, 2, 3), np.full((1, 3), 7.0))
    errors = rolling_errors(panel, [Naive()], [1, 2])
    spread = fit_spread(errors, CLASSES)
    assert spread.half_width(np.array([7.0]), 5, 0.8)[0] == 0
    assert joint_shocks(errors, spread, panel.index, ("A",), 9, seed=1).tolist() == [[0.0] * 9]


def test_table_counts_origins_and_labels_what_is_not_backtested() -> None:
    panel = random_walks(9, regions=5)
    errors = rolling_errors(panel, [Naive()], range(1, 8))
    table = backtest_table(panel, errors, ["naive"], [1, 5, 6, 10], CLASSES, minimum_origins=3).set_index(
        "horizon"
    )
    assert table["origins"].tolist() == [7, 3, 2, 0]
    assert table["note"].tolist() == ["", "", "not backtested: 2 origins", "not backtested: 0 origins"]
    assert table.loc[1, "cells"] == 7 * 15
    change = np.abs(np.diff(panel.values, axis=1))
    assert table.loc[1, "mae"] == pytest.approx(change.mean())
    assert table.loc[1, "mase"] == pytest.approx(1.0), "no change, scored by no change"


@pytest.mark.parametrize(
    ("challenger", "ships"),
    [([0.07, 0.13], "x"), ([0.07, 0.15], "naive"), ([0.08, 0.14], "naive"), ([0.09, 0.10], "naive")],
)
def test_a_challenger_ships_only_if_it_wins_everywhere(challenger: list[float], ships: str) -> None:
    scores = pd.DataFrame(
        {
            "method": ["naive"] * 3 + ["x"] * 3,
            "horizon": [1, 5, 10] * 2,
            "origins": [7, 3, 1] * 2,
            "log_mae": [0.08, 0.14, 0.20, *challenger, 0.01],
        }
    )
    assert select_method(scores, "naive", 3) == ships
