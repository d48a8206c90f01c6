"""The global boosting of counts: learns what shares miss, and falls back where it cannot learn."""

import numpy as np
import pandas as pd
import pytest

from forecasting.series.combination import default_forecaster
from forecasting.series.counts import FEATURES, CountBoosting, features
from forecasting.series.panel import Panel
from forecasting.series.shares import cells_of, market_shares


def panel(values: np.ndarray, items: int) -> Panel:
    index = pd.DataFrame({"entity": np.arange(len(values)) // items, "skill": np.arange(len(values)) % items})
    return Panel(index, tuple(range(values.shape[1])), values, 12)


def alternating(periods: int = 24) -> Panel:
    """Half of the series swing up and down every month: a rule that a share of its own past cannot follow."""
    swing = 1 + 0.5 * np.where(np.arange(periods) % 2 == 0, 1, -1)
    rows = np.where((np.arange(400) % 2 == 0)[:, None], swing, swing[::-1] if periods % 2 == 0 else 2 - swing)
    return panel(np.random.default_rng(1).poisson(60 * rows).astype(float), 40)


def test_learns_a_common_rule_from_every_series() -> None:
    data = alternating()
    origin = data.periods[-2]
    actual = data.values[:, -1]
    plain = default_forecaster().forecast(data.until(origin), (1,))[:, 0]
    boosted = CountBoosting().forecast(data.until(origin), (1,))[:, 0]
    assert np.abs(boosted - actual).mean() < 0.7 * np.abs(plain - actual).mean()


def test_share_scale_keeps_the_forecast_volume() -> None:
    data = alternating()
    expected = default_forecaster().forecast(data, (1, 4)).sum(axis=0)
    np.testing.assert_allclose(CountBoosting().forecast(data, (1, 4)).sum(axis=0), expected)


def test_too_few_rows_fall_back_to_the_default() -> None:
    data = panel(np.random.default_rng(1).poisson(9, (6, 12)).astype(float), 3)
    expected = default_forecaster().forecast(data, (1,))
    np.testing.assert_array_equal(CountBoosting().forecast(data, (1,)), expected)


def test_seed_decides_the_samples() -> None:
    data = alternating(9)
    first, second = (CountBoosting(seed=seed).forecast(data, (1,)) for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("periods", [3, 10])
def test_features_are_finite_and_named(periods: int) -> None:
    data = alternating(24).until(periods - 1)
    values = data.values.copy()
    values[:, 1] = 0
    cells = cells_of(data.index)
    found = features(values, market_shares(values, cells), cells, 1)
    assert found.shape == (400, len(FEATURES))
    assert np.isfinite(found).all()
