"""Seasonal indices: found where they are, absent where they are not."""

import numpy as np
import pytest

from forecasting.series.seasonality import adjusted, classical_indices, restored, shrunk_indices

QUARTERS = np.array([0.7, 1.2, 0.9, 1.2])


def test_pure_season_is_found_exactly() -> None:
    values = 50 * np.tile(QUARTERS, 6)[None]
    np.testing.assert_allclose(shrunk_indices(values, 4), QUARTERS[None])
    np.testing.assert_allclose(classical_indices(values, 4), QUARTERS[None])


@pytest.mark.parametrize("season", [1, 4, 12])
def test_too_short_a_history_has_none(season: int) -> None:
    values = np.random.default_rng(1).uniform(1, 9, (3, 3 * season - 1 if season > 1 else 30))
    assert (shrunk_indices(values, season) == 1).all()
    assert (classical_indices(values, season) == 1).all()


def test_noise_is_shrunk_to_little() -> None:
    values = np.random.default_rng(1).lognormal(3, 0.2, (400, 48))
    assert np.abs(shrunk_indices(values, 12) - 1).mean() < 0.04
    assert np.abs(classical_indices(values, 12) - 1).mean() < 0.04


def test_rows_lean_on_the_market() -> None:
    random = np.random.default_rng(2)
    values = np.tile(QUARTERS, 8) * random.lognormal(3, 0.3, (300, 32))
    own_error = np.abs(shrunk_indices(values, 4) - QUARTERS).mean()
    alone = np.concatenate([shrunk_indices(row[None], 4) for row in values])
    assert own_error < np.abs(alone - QUARTERS).mean() / 2


@pytest.mark.parametrize("season", [4, 7, 12])
def test_position_is_kept_through_adjusting_and_restoring(season: int) -> None:
    pattern = 1 + 0.3 * np.sin(np.arange(season))
    pattern /= pattern.mean()
    values = 10 * np.resize(pattern, 5 * season + 3)[None]
    indices = shrunk_indices(values, season)
    np.testing.assert_allclose(adjusted(values, indices), 10)
    ahead = restored(np.full((1, 2), 10.0), indices, values.shape[1], (1, season + 2))
    np.testing.assert_allclose(
        ahead[0], 10 * np.resize(pattern, values.shape[1] + season + 2)[[-season - 2, -1]]
    )


def test_a_month_that_is_always_empty_does_not_divide_by_zero() -> None:
    values = 10 * np.tile([0.0, 1.0, 1.0, 2.0], 6)[None]
    assert np.isfinite(adjusted(values, shrunk_indices(values, 4))).all()
