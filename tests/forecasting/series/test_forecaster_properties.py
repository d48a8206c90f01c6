"""What every forecaster of the engine must hold, whatever its recipe."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.series.baselines import Forecaster, Mean, Naive, SeasonalNaive
from forecasting.series.combination import Combination, default_forecaster
from forecasting.series.counts import CountBoosting
from forecasting.series.intermittent import SBA, TSB, Croston
from forecasting.series.panel import Panel
from forecasting.series.smoothing import SES, DampedTrend, Theta

HORIZONS = (1, 2, 5)
PLAIN: tuple[Forecaster, ...] = (
    SeasonalNaive(),
    SES(),
    DampedTrend(),
    Theta(),
    Croston(),
    SBA(),
    TSB(),
    Combination((Naive(), Mean(3))),
    default_forecaster(),
)
ALL: tuple[Forecaster, ...] = (*PLAIN, CountBoosting(), CountBoosting(scale="count"))


def counts(entities: int = 4, items: int = 30, periods: int = 40, season: int = 12, seed: int = 3) -> Panel:
    """Draw counts with a common shock per period, as job ads have."""
    random = np.random.default_rng(seed)
    rate = random.gamma(0.3, 60.0, entities * items)[:, None] * random.lognormal(0, 0.2, periods)
    keys = [(f"E{entity}", f"S{item}") for entity in range(entities) for item in range(items)]
    index = pd.DataFrame(keys, columns=["entity", "skill"])
    values = random.poisson(rate).astype(float)
    return Panel(index, tuple(range(24240, 24240 + periods)), values, season)


def single(values: list[float], season: int = 12) -> Panel:
    return Panel(pd.DataFrame({"key": ["A"]}), tuple(range(len(values))), np.array([values]), season)


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
@pytest.mark.parametrize("periods", [7, 40])
def test_finite_non_negative_and_deterministic(method: Forecaster, periods: int) -> None:
    panel = counts(periods=periods)
    first, second = method.forecast(panel, HORIZONS), method.forecast(panel, HORIZONS)
    assert first.shape == (120, 3)
    assert np.isfinite(first).all()
    assert (first >= 0).all()
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("method", PLAIN, ids=lambda method: method.name)
@pytest.mark.parametrize("periods", [7, 40])
@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_unit_of_count_does_not_matter(method: Forecaster, periods: int, factor: float) -> None:
    panel = counts(periods=periods)
    scaled = replace(panel, values=panel.values * factor)
    expected = method.forecast(panel, HORIZONS) * factor
    np.testing.assert_allclose(method.forecast(scaled, HORIZONS), expected, rtol=1e-9, atol=1e-9 * factor)


@pytest.mark.parametrize("method", PLAIN, ids=lambda method: method.name)
@pytest.mark.parametrize("periods", [7, 40])
def test_order_of_series_does_not_matter(method: Forecaster, periods: int) -> None:
    panel = counts(periods=periods)
    order = np.random.default_rng(1).permutation(len(panel.index))
    shuffled = replace(
        panel, index=panel.index.iloc[order].reset_index(drop=True), values=panel.values[order]
    )
    expected = method.forecast(panel, HORIZONS)[order]
    np.testing.assert_allclose(method.forecast(shuffled, HORIZONS), expected, rtol=1e-9)


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
def test_later_periods_are_not_looked_at(method: Forecaster) -> None:
    panel = counts()
    origin = panel.periods[29]
    changed = replace(panel, values=np.hstack([panel.values[:, :30], panel.values[:, 30:] * 7 + 100]))
    expected = method.forecast(panel.until(origin), HORIZONS)
    np.testing.assert_array_equal(method.forecast(changed.until(origin), HORIZONS), expected)


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
@pytest.mark.parametrize("periods", [1, 2, 5, 40])
def test_all_zero_stays_zero(method: Forecaster, periods: int) -> None:
    panel = counts(periods=periods)
    empty = replace(panel, values=np.zeros_like(panel.values))
    np.testing.assert_array_equal(method.forecast(empty, HORIZONS), 0)


@pytest.mark.parametrize("method", PLAIN, ids=lambda method: method.name)
@pytest.mark.parametrize("season", [1, 4, 12])
@pytest.mark.parametrize("periods", [1, 2, 3, 11, 40])
def test_one_constant_series_stays(method: Forecaster, season: int, periods: int) -> None:
    found = method.forecast(single([5.0] * periods, season), HORIZONS)
    expected = 5.0 * (0.95 if method.name == "SBA" else 1)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
@pytest.mark.parametrize("periods", [1, 2, 3])
def test_shortest_histories_have_a_forecast(method: Forecaster, periods: int) -> None:
    assert np.isfinite(method.forecast(counts(periods=periods), HORIZONS)).all()


@pytest.mark.parametrize("method", ALL, ids=lambda method: method.name)
def test_leading_unknowns_are_allowed_and_nothing_known_stays_unknown(method: Forecaster) -> None:
    panel = counts()
    values = panel.values.copy()
    values[0, :35], values[1, :20], values[2] = np.nan, np.nan, np.nan
    found = method.forecast(replace(panel, values=values), HORIZONS)
    assert np.isnan(found[2]).all()
    assert np.isfinite(np.delete(found, 2, axis=0)).all()


def test_seasonal_naive_repeats_the_year() -> None:
    panel = single([1, 2, 3, 4, 5, 6, 7, 8], season=4)
    assert SeasonalNaive().forecast(panel, (1, 4, 5, 6)).tolist() == [[5, 8, 5, 6]]


def test_seasonal_naive_falls_back_to_the_last_value() -> None:
    assert SeasonalNaive().forecast(single([1, 2], season=4), (1, 2)).tolist() == [[2, 2]]
    gap = single([9, np.nan, 7, 8, 6], season=4)
    assert SeasonalNaive().forecast(gap, (1, 2)).tolist() == [[6, 7]]
