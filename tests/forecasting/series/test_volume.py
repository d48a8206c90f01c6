"""The market's volume: which clocks it has and how they are weighed."""

import numpy as np
import pytest

from forecasting.series.volume import LONG, MOMENTUM, SHORT, forecast_volume, member_weights, members


def test_short_history_has_two_clocks_and_no_momentum() -> None:
    found = members(np.log(np.arange(1.0, 31.0)), 12, (1,))
    assert set(found) == {SHORT, LONG}
    assert np.exp(found[SHORT])[0] == pytest.approx(29)
    assert np.exp(found[LONG])[0] == pytest.approx(np.sqrt(24 * 25))  # the median of logs is between in logs


@pytest.mark.parametrize(("season", "periods"), [(12, 36), (4, 12), (1, 10)])
def test_momentum_needs_three_years_and_ten_periods(season: int, periods: int) -> None:
    assert MOMENTUM in members(np.zeros(periods), season, (1,))
    assert MOMENTUM not in members(np.zeros(periods - 1), season, (1,))


def test_half_a_year_of_months_rests_on_the_short_clock() -> None:
    volume = np.array([1.0, 2.0, 3.0, 6.0, 5.0, 7.0])
    assert member_weights(volume, 12)[LONG] == 0
    np.testing.assert_allclose(forecast_volume(volume, 12, (1, 3)), 6)


def test_weights_sum_to_one_and_follow_the_errors() -> None:
    random = np.random.default_rng(1)
    noise, walk = np.exp(random.normal(0, 0.3, 80)), np.exp(np.cumsum(random.normal(0, 0.1, 80)))
    of_noise, of_walk = member_weights(noise, 4), member_weights(walk, 4)
    assert sum(of_noise.values()) == pytest.approx(1)
    assert sum(of_walk.values()) == pytest.approx(1)
    assert of_noise[LONG] == max(of_noise.values())
    assert of_walk[SHORT] == max(of_walk.values())


def test_one_shock_moves_the_forecast_less_than_the_last_three_months() -> None:
    volume = np.full(24, 100.0)
    volume[-1] = 40
    found = forecast_volume(volume, 12, (1,))[0]
    assert volume[-3:].mean() < found < 100


def test_growth_is_damped() -> None:
    found = forecast_volume(100 * 1.05 ** np.arange(40.0), 4, (1, 4, 40))
    assert (np.diff(found) > 0).all()
    assert found[2] < 100 * 1.05**39 * 1.5


def test_empty_months_do_not_break_the_logs() -> None:
    found = forecast_volume(np.array([0.0, 5, 0, 7, 6, 0, 5, 6, 7, 6, 5, 6]), 12, (1,))
    assert 3 < found[0] < 7
