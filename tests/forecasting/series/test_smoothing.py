"""Smoothing against plain loops, formulas in closed form, and the library."""

import numpy as np
import pandas as pd
import pytest

from forecasting.series.panel import Panel
from forecasting.series.smoothing import (
    SES,
    DampedTrend,
    Theta,
    damped_steps,
    decaying_mean,
    holt,
    ses,
    slopes,
)


def panel(values: np.ndarray, season: int = 1) -> Panel:
    index = pd.DataFrame({"key": np.arange(len(values))})
    return Panel(index, tuple(range(values.shape[1])), values, season)


def noisy(rows: int = 5, periods: int = 40, seed: int = 2) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.exp(4 + np.cumsum(random.normal(0.01, 0.1, (rows, periods)), axis=1))


def test_ses_is_the_recursion() -> None:
    values = noisy()
    for row, found in zip(values, ses(values, 0.4)[0], strict=True):
        level = row[0]
        for value in row[1:]:
            level = 0.4 * value + 0.6 * level
        assert found == pytest.approx(level)


def test_ses_skips_unknown_periods() -> None:
    with_gap = np.array([[np.nan, 1.0, np.nan, 3.0, np.nan]])
    assert SES(0.5).forecast(panel(with_gap), (1,)).tolist() == [[2.0]]


def test_holt_is_the_recursion() -> None:
    values = noisy(1)
    level, slope = values[0, 0], 0.0
    for value in values[0, 1:]:
        before = level
        level = 0.6 * value + 0.4 * (before + 0.9 * slope)
        slope = 0.2 * (level - before) + 0.8 * 0.9 * slope
    found = holt(values, 0.6, 0.2, 0.9)
    assert found[0][0] == pytest.approx(level)
    assert found[1][0] == pytest.approx(slope)


def test_damped_trend_continues_a_line_less_and_less() -> None:
    line = np.arange(10.0, 60.0, 2.0)[None]
    steps = np.diff(DampedTrend().forecast(panel(line), (1, 2, 3, 4))[0])
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_damped_steps_sum_the_powers() -> None:
    np.testing.assert_allclose(damped_steps(0.8, (1, 3)), [0.8, 0.8 + 0.64 + 0.512])


def test_decaying_mean_favours_no_start_value() -> None:
    np.testing.assert_allclose(decaying_mean(np.array([[8.0, 0.0, 4.0]]), 0.5), [(8 / 4 + 4) / 1.75])


def test_slopes_are_least_squares_over_known_values() -> None:
    values = noisy(3)
    values[1, :7] = np.nan
    expected = [np.polyfit(np.flatnonzero(np.isfinite(row)), row[np.isfinite(row)], 1)[0] for row in values]
    np.testing.assert_allclose(slopes(values), expected)


def test_theta_adds_half_the_slope() -> None:
    rows = Theta().forecast(panel(noisy()), (1, 2, 3))
    steps = np.diff(rows, axis=1)
    np.testing.assert_allclose(steps, np.repeat(slopes(noisy())[:, None] / 2, 2, axis=1))


def test_theta_is_close_to_the_library() -> None:
    models = pytest.importorskip("statsforecast.models", reason="the extra `baselines` is not installed")
    values = noisy(8, 60)
    ours = Theta().forecast(panel(values), (1, 2, 3, 4))
    theirs = np.array([models.Theta(season_length=1).forecast(row, h=4)["mean"] for row in values])
    np.testing.assert_allclose(ours, theirs, rtol=0.03)


def test_seasonal_theta_is_close_to_the_library() -> None:
    models = pytest.importorskip("statsforecast.models", reason="the extra `baselines` is not installed")
    values = noisy(8, 60) * np.tile([0.7, 1.2, 0.9, 1.2], 15)
    ours = Theta().forecast(panel(values, 4), (1, 2, 3, 4))
    theirs = np.array([models.Theta(season_length=4).forecast(row, h=4)["mean"] for row in values])
    np.testing.assert_allclose(ours, theirs, rtol=0.05)


def test_ses_equals_the_library() -> None:
    models = pytest.importorskip("statsforecast.models", reason="the extra `baselines` is not installed")
    values = noisy()
    theirs = [models.SimpleExponentialSmoothing(alpha=0.3).forecast(row, h=1)["mean"][0] for row in values]
    np.testing.assert_allclose(ses(values, 0.3)[0], theirs, rtol=1e-6)
