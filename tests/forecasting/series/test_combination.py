"""The frozen default and combinations of forecasters."""

import numpy as np
import pandas as pd
import pytest

from forecasting.series.baselines import Mean, Naive
from forecasting.series.combination import Combination, default_forecaster, fill_unknown, volume_and_shares
from forecasting.series.panel import Panel
from forecasting.series.smoothing import SES


def panel(values: np.ndarray, season: int = 12) -> Panel:
    index = pd.DataFrame({"entity": "all", "skill": np.arange(len(values))})
    return Panel(index, tuple(range(values.shape[1])), values, season)


def shocked(seed: int, items: int = 200, periods: int = 24) -> Panel:
    """Draw counts under one common, unlasting shock per month, and shares that drift."""
    random = np.random.default_rng(seed)
    drift = np.exp(np.cumsum(random.normal(0, 0.1, (items, periods)), axis=1))
    rate = random.gamma(0.5, 400, items)[:, None] * drift * random.lognormal(0, 0.2, periods)
    return panel(random.poisson(rate).astype(float))


def test_beats_the_mean_of_three_and_smoothing_under_common_shocks() -> None:
    errors: dict[str, list[float]] = {}
    for seed in range(20):
        data = shocked(seed)
        history, actual = data.until(data.periods[-4]), data.values[:, -3:]
        for method in (default_forecaster(), Mean(3, "mean-3"), SES(0.3), Naive()):
            error = np.abs(method.forecast(history, (1, 2, 3)) - actual).mean()
            errors.setdefault(method.name, []).append(float(error))
    pooled = {name: np.mean(values) for name, values in errors.items()}
    assert pooled["default"] < 0.97 * min(value for name, value in pooled.items() if name != "default")


def test_volume_times_shares_is_the_forecast() -> None:
    data = shocked(1)
    volume, shares = volume_and_shares(data, (1, 3))
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    np.testing.assert_allclose(shares * volume, default_forecaster().forecast(data, (1, 3)))


def test_season_is_repeated_once_three_years_are_known() -> None:
    pattern = np.tile([0.6, 1.1, 1.0, 1.3], 5)
    data = panel(np.array([[10.0], [40.0]]) * pattern, season=4)
    found = default_forecaster().forecast(data, (1, 2, 3, 4))
    np.testing.assert_allclose(found, np.array([[10.0], [40.0]]) * pattern[:4], rtol=1e-9)


def test_persons_and_thousands_work_and_a_short_yearly_series_too() -> None:
    values = np.array([[0.4, 0.5, 0.45, 0.5, 0.48, 0.5, 0.52, 0.5, 0.55, 0.5, 0.5]])
    found = default_forecaster().forecast(panel(values, season=1), (1, 5))
    assert ((found > 0.4) & (found < 0.6)).all()


def test_a_series_that_is_first_counted_late_is_not_growth_of_the_market() -> None:
    values = np.full((2, 24), 10.0)
    values[1, :20] = np.nan
    np.testing.assert_allclose(default_forecaster().forecast(panel(values), (1, 2)), 10)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_seed_gives_the_same_forecast(seed: int) -> None:
    data = shocked(2)
    expected = default_forecaster().forecast(data, (1,))
    np.testing.assert_array_equal(default_forecaster(seed).forecast(data, (1,)), expected)


def test_combination_is_cell_by_cell_and_leaves_out_who_knows_nothing() -> None:
    data = panel(np.array([[2.0, 4.0, 9.0], [2.0, 4.0, np.nan]]))
    members = (Naive(), Mean(3), SES(0.5))
    mean, median = (Combination(members, how).forecast(data, (1,))[:, 0] for how in ("mean", "median"))
    np.testing.assert_allclose(mean, [np.mean([9, 5, 6]), 3])
    np.testing.assert_allclose(median, [6, 3])


def test_unknown_periods_take_the_nearest_before() -> None:
    filled = fill_unknown(np.array([[np.nan, 1.0, np.nan, 2.0, np.nan]]))
    assert filled.tolist() == [[1, 1, 1, 2, 2]]
