"""Baselines against plain loops."""

import numpy as np
import pandas as pd
import pytest

from forecasting.series.baselines import Forecaster, Mean, Naive, Trend
from forecasting.series.boosting import GlobalBoosting
from forecasting.series.panel import Panel, panel_from_table

ALL: tuple[Forecaster, ...] = (Naive(), Mean(), Trend(), GlobalBoosting())


def panel(values: list[list[float]] | np.ndarray) -> Panel:
    array = np.array(values, dtype=float)
    keys = [(f"R{row // 3}", "ABC"[row % 3]) for row in range(len(array))]
    index = pd.DataFrame(keys, columns=["region", "sector"])
    return Panel(index, tuple(range(2008, 2008 + array.shape[1])), array)


def test_naive_repeats_the_last_value() -> None:
    assert Naive().forecast(panel([[1, 2, 3]]), (1, 5)).tolist() == [[3, 3]]


def test_mean_averages_the_last_two() -> None:
    assert Mean().forecast(panel([[9, 2, 4]]), (1,)).tolist() == [[3]]


def test_mean_uses_what_is_known() -> None:
    assert Mean().forecast(panel([[9, np.nan, 4]]), (1,)).tolist() == [[4]]


def test_trend_is_least_squares_on_logs() -> None:
    values = np.exp(np.array([0.0, 0.3, 0.2, 0.7, 0.5]))
    slope = np.polyfit(np.arange(5), np.log(values), 1)[0]
    found = Trend().forecast(panel([list(values)]), (1, 4))[0]
    np.testing.assert_allclose(found, values[-1] * np.exp(slope * np.array([1, 4])))


def test_trend_skips_unknown_years() -> None:
    values = np.array([1.0, np.nan, 4.0, 8.0])
    known = np.array([0, 2, 3])
    slope = np.polyfit(known, np.log(values[known]), 1)[0]
    np.testing.assert_allclose(Trend().forecast(panel([list(values)]), (2,))[0], 8 * np.exp(2 * slope))


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
def test_with_one_year_every_method_is_the_naive(method: Forecaster) -> None:
    history = panel([[3.0], [4.0], [5.0]])
    np.testing.assert_array_equal(method.forecast(history, (1, 5)), Naive().forecast(history, (1, 5)))


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
def test_an_unknown_last_value_gives_no_forecast(method: Forecaster) -> None:
    history = panel([[3.0, 4, 5, np.nan], [4, 4, 4, 4], [5, 6, 7, 8]])
    assert np.isnan(Naive().forecast(history, (1,))[0]).all()
    if method.name != "lightgbm":
        assert np.isnan(method.forecast(history, (1,))[0]).all()


def test_boosting_learns_a_growth_that_all_series_share() -> None:
    start = np.linspace(100, 5000, 300)[:, None]
    history = panel(start * 1.1 ** np.arange(6))
    found = GlobalBoosting().forecast(history, (1, 3))
    np.testing.assert_allclose(found, history.values[:, -1:] * 1.1 ** np.array([1, 3]), rtol=1e-3)


def test_boosting_repeats_itself_for_a_seed() -> None:
    rng = np.random.default_rng(1)
    history = panel(rng.lognormal(8, 1, (90, 6)))
    first, again = (GlobalBoosting(7).forecast(history, (1,)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_year_without_a_row_is_unknown() -> None:
    table = pd.DataFrame({"k": ["a", "a", "b"], "year": [2001, 2003, 2002], "persons": [1.0, 3.0, 2.0]})
    found = panel_from_table(table, ["k"])
    assert found.periods == (2001, 2002, 2003)
    np.testing.assert_array_equal(found.values, [[1, np.nan, 3], [np.nan, 2, np.nan]])
