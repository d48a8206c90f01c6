"""Predictive distributions are held to what they promise, on made-up markets whose truth is known."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from forecasting.series.baselines import Mean, Naive
from forecasting.series.conformal import Calibration, calibrate, quantile_function
from forecasting.series.draws import draw, draw_sums
from forecasting.series.panel import Array, Panel

HORIZONS = (1, 2, 3)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
MEAN = Mean(3, "mean-3")


def panel(values: Array, season: int = 12) -> Panel:
    rows = np.arange(len(values))
    index = pd.DataFrame({"entity": rows // 20, "skill": rows % 20})
    return Panel(index, tuple(range(values.shape[1])), np.asarray(values, dtype=float), season)


def market(seed: int, series: int = 400, periods: int = 24, shock: float = 0.2) -> Array:
    """Return counts: steady levels of 0.1 to 500, one common log-normal shock a period, Poisson noise."""
    generator = np.random.default_rng(seed)
    levels = np.exp(generator.uniform(np.log(0.1), np.log(500), size=(series, 1)))
    common = np.exp(shock * generator.standard_normal(periods))
    return generator.poisson(levels * common).astype(float)


def interval(history: Panel, level: float) -> tuple[Array, Array]:
    return calibrate(history, MEAN, HORIZONS).intervals(MEAN.forecast(history, HORIZONS), history, (level,))[
        level
    ]


@pytest.fixture(scope="module")
def known() -> Panel:
    return panel(market(1))


@pytest.fixture(scope="module")
def calibration(known: Panel) -> Calibration:
    return calibrate(known, MEAN, HORIZONS)


def test_higher_levels_hold_lower_ones(calibration: Calibration, known: Panel) -> None:
    found = calibration.intervals(MEAN.forecast(known, HORIZONS), known, LEVELS)
    for inner, outer in pairwise(LEVELS):
        assert (found[outer][0] <= found[inner][0]).all()
        assert (found[outer][1] >= found[inner][1]).all()


def test_counts_stay_whole_and_nothing_is_negative(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    ends = calibration.intervals(forecast, known, (0.95,))[0.95]
    for values in (*ends, draw(calibration, forecast, known, 20, 1)):
        assert (values >= 0).all()
        assert (values == np.round(values)).all()


def test_other_values_do_not_become_whole(known: Panel) -> None:
    thousands = panel(known.values / 10)
    calibration = calibrate(thousands, MEAN, HORIZONS)
    low, high = calibration.intervals(MEAN.forecast(thousands, HORIZONS), thousands, (0.8,))[0.8]
    assert (low >= 0).all()
    assert (high != np.round(high)).mean() > 0.9


def test_intervals_scale_with_the_unit() -> None:
    values = market(3) + 0.53
    found = []
    for unit in (0.1, 10.0):
        history = panel(values * unit)
        low, high = interval(history, 0.8)
        found.append((high - low) / unit)
    np.testing.assert_allclose(found[0], found[1], rtol=0.01)  # ties fall either way


def test_coverage_single_series_and_total() -> None:
    """Single series and their total are near nominal; the total of independent draws is far off."""
    single, total, independent, places = [], [], [], []
    for seed in range(24):
        values = market(100 + seed, series=80)
        history, actual = panel(values[:, :21]), values[:, 21:]
        forecast = MEAN.forecast(history, HORIZONS)
        found = calibrate(history, MEAN, HORIZONS)
        low, high = found.intervals(forecast, history, (0.8,))[0.8]
        large = history.values[:, -6:].mean(axis=1) >= 5
        single.append(((actual >= low) & (actual <= high))[large].mean())
        places.append(found.probability(forecast, history, actual, seed))
        sums = draw_sums(found, forecast, history, np.zeros(80, dtype=int), 200, seed)[:, 0]
        total.append(_inside(sums, actual.sum(axis=0)))
        apart = draw(found, forecast, history, 200, seed)
        generator = np.random.default_rng(seed)
        shuffled = np.stack([generator.permutation(apart[:, row]) for row in range(80)], axis=1)
        independent.append(_inside(shuffled.sum(axis=1), actual.sum(axis=0)))
    places_of_all = np.concatenate(places)
    assert 0.75 < np.mean(single) < 0.9
    assert 0.75 < np.mean((places_of_all > 0.1) & (places_of_all < 0.9)) < 0.87
    assert 0.7 < np.mean(total) < 0.95
    assert np.mean(independent) < 0.4


def _inside(draws: Array, actual: Array) -> Array:
    low, high = np.quantile(draws, [0.1, 0.9], axis=0)
    return (actual >= low) & (actual <= high)


def test_draws_agree_with_quantiles(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    drawn = draw(calibration, forecast, known, 2000, 5)
    for level, (low, high) in calibration.intervals(forecast, known, (0.8, 0.95)).items():
        below, above = (drawn < low).mean(axis=0), (drawn > high).mean(axis=0)
        tail = (1 - level) / 2
        assert (below <= tail + 0.03).all()
        assert (above <= tail + 0.03).all()
        large = forecast > 100
        assert abs((1 - below - above)[large].mean() - level) < 0.02


def test_sums_are_those_of_the_draws(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    groups = np.arange(len(forecast)) % 3
    sums = draw_sums(calibration, forecast, known, groups, 30, 2)
    drawn = draw(calibration, forecast, known, 30, 2).astype(float)
    expected = np.stack([drawn[:, groups == one].sum(axis=1) for one in range(3)], axis=1)
    np.testing.assert_array_equal(sums, expected)


def test_same_seed_same_draws(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    first, again, other = (draw(calibration, forecast, known, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_shocks_of_a_group_show_in_its_sum() -> None:
    generator = np.random.default_rng(4)
    groups = np.repeat(np.arange(20), 20)
    shocks = np.exp(0.3 * generator.standard_normal((20, 24)))
    history = panel(generator.poisson(200 * shocks[groups]).astype(float))
    calibration = calibrate(history, MEAN, HORIZONS)
    assert calibration.dependence.shared["entity"] > 0.5
    assert calibration.dependence.shared["skill"] < 0.05
    sums = draw_sums(calibration, MEAN.forecast(history, HORIZONS), history, groups, 200, 1)
    assert np.std(np.log(sums[:, :, 0]), axis=0).mean() > 0.25


@pytest.mark.parametrize("periods", [1, 2, 3, 4, 5, 6])
def test_short_histories_are_finite_and_wide(periods: int) -> None:
    history = panel(market(6)[:, :periods])
    calibration = calibrate(history, MEAN, HORIZONS)
    low, high = calibration.intervals(MEAN.forecast(history, HORIZONS), history, (0.8,))[0.8]
    large = history.values.mean(axis=1) > 100
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert (high - low)[large].mean() > 0.2 * history.values[large].mean()
    assert calibration.shock.freedom <= 4 + periods


def test_all_zeros() -> None:
    history = panel(np.zeros((30, 12)))
    low, high = interval(history, 0.95)
    assert (low == 0).all()
    assert (high == 0).all()


def test_empty_series_among_others(known: Panel) -> None:
    history = panel(np.vstack([known.values, np.zeros((5, 24))]))
    low, high = interval(history, 0.95)
    assert (low[-5:] == 0).all()
    assert (high[-5:] <= 2).all()


def test_constant_series() -> None:
    history = panel(np.full((3, 24), 50.0))
    low, high = interval(history, 0.8)
    assert ((low <= 50) & (low >= 46)).all()
    assert ((high >= 50) & (high <= 54)).all()


def test_one_series() -> None:
    generator = np.random.default_rng(8)
    inside = []
    for _ in range(40):
        values = 100 * np.exp(0.2 * generator.standard_normal((1, 43)))
        history = panel(values[:, :40], season=4)
        low, high = interval(history, 0.8)
        inside.append((values[:, 40:] >= low) & (values[:, 40:] <= high))
    assert 0.7 < np.mean(inside) < 0.9


def test_nothing_ahead_is_seen() -> None:
    values = market(9)
    changed = values.copy()
    changed[:, 18:] = 1e6
    forecast = MEAN.forecast(panel(values[:, :18]), HORIZONS)
    ends = [
        calibrate(panel(one).until(17), MEAN, HORIZONS).intervals(forecast, panel(one).until(17), (0.8,))[0.8]
        for one in (values, changed)
    ]
    np.testing.assert_array_equal(ends[0], ends[1])


def test_forecaster_sees_only_the_past() -> None:
    seen = []

    class Watched:
        name = "watched"

        def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
            seen.append((history.periods[-1], max(horizons)))
            return MEAN.forecast(history, horizons)

    calibrate(panel(market(1, series=20)), Watched(), HORIZONS)
    assert seen
    assert all(origin + furthest <= 23 for origin, furthest in seen)


def test_unknown_forecasts_stay_unknown(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    forecast[0, 1] = np.nan
    low, high = calibration.intervals(forecast, known, (0.8,))[0.8]
    assert np.argwhere(np.isnan(low)).tolist() == [[0, 1]]
    assert np.argwhere(np.isnan(high)).tolist() == [[0, 1]]
    assert np.isnan(draw(calibration, forecast, known, 3, 1)).sum() == 3


def test_unknown_past_is_left_out() -> None:
    values = market(2)
    values[::7, :15] = np.nan
    values[3] = np.nan
    history = panel(values)
    low, high = interval(history, 0.8)
    assert np.isnan(low[3]).all()
    assert np.isfinite(np.delete(low, 3, axis=0)).all()
    assert np.isfinite(np.delete(high, 3, axis=0)).all()


def test_subset_has_the_intervals_of_the_whole(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    part = Panel(known.index[5:9], known.periods, known.values[5:9], known.season)
    whole = calibration.intervals(forecast, known, (0.8,))[0.8]
    some = calibration.intervals(forecast[5:9], part, (0.8,))[0.8]
    np.testing.assert_array_equal(some[0], whole[0][5:9])


def test_hierarchy_levels_are_pooled_apart() -> None:
    generator = np.random.default_rng(3)
    spread = np.repeat([0.05, 0.6], 300)
    values = np.exp(4 + spread[:, None] * generator.standard_normal((600, 24)))
    level = np.repeat(["calm", "wild"], 300)
    history = Panel(pd.DataFrame({"level": level, "key": np.arange(600)}), tuple(range(24)), values, 12)
    calibration = calibrate(history, MEAN, HORIZONS, label="level")
    low, high = calibration.intervals(MEAN.forecast(history, HORIZONS), history, (0.8,))[0.8]
    width = (high - low).mean(axis=1)
    assert width[level == "wild"].mean() > 4 * width[level == "calm"].mean()
    new = Panel(pd.DataFrame({"level": ["total"], "key": [0]}), history.periods, values[:1], 12)
    with pytest.raises(KeyError, match="'total' was not calibrated; known are: calm, wild"):
        calibration.intervals(MEAN.forecast(new, HORIZONS), new, (0.8,))


def test_horizons_beyond_the_history_grow() -> None:
    history, horizons = panel(market(5)[:, :6] + 0.25), (1, 2, 20)
    forecast = Naive().forecast(history, horizons)
    low, high = calibrate(history, Naive(), horizons).intervals(forecast, history, (0.8,))[0.8]
    assert ((high - low)[:, 2] >= (high - low)[:, 1]).mean() > 0.95


def test_wrong_input_is_refused(calibration: Calibration, known: Panel) -> None:
    forecast = MEAN.forecast(known, HORIZONS)
    with pytest.raises(ValueError, match=r"levels must be above 0 and at most 0.99, such as 0.8; got \[80\]"):
        calibration.intervals(forecast, known, (80,))
    with pytest.raises(ValueError, match=r"expected \(series, horizons\) = \(400, 3\)"):
        calibration.intervals(forecast[:, :2], known, (0.8,))
    with pytest.raises(ValueError, match=r"before its last period 23; got \[23\]"):
        calibrate(known, MEAN, HORIZONS, origins=[23])


def test_quantiles_stand_at_conformal_ranks() -> None:
    """With 399 errors the one at probability p is the p·400-th smallest (METHOD.md section 9.3)."""
    errors = np.random.default_rng(1).permutation(np.arange(1.0, 400.0))
    found = quantile_function(errors)
    np.testing.assert_allclose(found[1:-1], np.arange(1, 399) + 0.5)


def test_few_errors_leave_tails_open() -> None:
    few = quantile_function(np.array([-1.0, -0.5, 0.0, 0.5, 1.0]))
    assert few[0] < -2
    assert few[-1] > 2
    assert (np.diff(few) >= 0).all()
