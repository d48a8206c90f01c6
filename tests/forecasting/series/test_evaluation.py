"""Scores against plain loops, identities of proper scores, and the libraries where they have them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from forecasting.series.baselines import Mean, Naive
from forecasting.series.comparison import diebold_mariano, skill_interval
from forecasting.series.evaluation import (
    accuracy,
    calibration,
    grouped_sums,
    outcomes,
    relative_to,
    rolling_forecasts,
    usual_changes,
)
from forecasting.series.panel import Panel
from forecasting.series.scores import (
    covered,
    crps,
    interval_score,
    known_volume,
    pinball,
    randomised_pit,
    volume_errors,
)


def counts(seed: int = 0, series: int = 7, periods: int = 24) -> Panel:
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.gamma(0.7, 10, (series, 1)), (series, periods)).astype(float)
    values[2, 5] = np.nan
    values[3, :9] = 0
    return Panel(pd.DataFrame({"job": range(series)}), tuple(range(100, 100 + periods)), values, 12)


ORIGINS, HORIZONS = (110, 113, 120), (1, 3, 6)


def test_forecasts_and_outcomes_are_of_the_right_periods() -> None:
    panel = counts()
    found = rolling_forecasts(panel, Mean(3), ORIGINS, HORIZONS)
    came = outcomes(panel, ORIGINS, HORIZONS)
    for row, origin in enumerate(ORIGINS):
        for column, horizon in enumerate(HORIZONS):
            known = panel.values[:, origin - 102 : origin - 99]
            np.testing.assert_allclose(found[row, :, column], np.nanmean(known, axis=1))
            beyond = origin + horizon > panel.periods[-1]
            expected = np.full(7, np.nan) if beyond else panel.at(origin + horizon)
            np.testing.assert_array_equal(came[row, :, column], expected)


def test_no_forecast_sees_what_comes_after() -> None:
    panel = counts()
    later = np.where(np.arange(24) > 13, 999.0, panel.values)
    changed = Panel(panel.index, panel.periods, later, 12)
    for method in (Naive(), Mean(3)):
        np.testing.assert_array_equal(
            rolling_forecasts(panel, method, (110, 113), (1,)),
            rolling_forecasts(changed, method, (110, 113), (1,)),
        )


@pytest.mark.parametrize(("season", "power"), [(1, 1), (1, 2), (12, 1)])
def test_usual_changes_are_those_of_a_loop(season: int, power: int) -> None:
    panel = counts()
    found = usual_changes(panel, ORIGINS, season=season, power=power)[:, :, 0]
    for row, origin in enumerate(ORIGINS):
        for series, values in enumerate(panel.values):
            past = values[: origin - 99]
            begun = int(np.argmax(np.nan_to_num(past) > 0))
            pairs = zip(past[begun:], past[begun + season :], strict=False)
            changes = [abs(late - early) ** power for early, late in pairs if np.isfinite(late - early)]
            expected = np.mean(changes) if changes and np.any(changes) else np.nan
            np.testing.assert_allclose(found[row, series], expected, err_msg=f"{origin} {series}")


def test_a_series_that_never_changes_has_no_scale() -> None:
    panel = Panel(pd.DataFrame({"job": ["a", "b"]}), (1, 2, 3), np.array([[5.0, 5, 5], [0, 0, 0]]))
    assert np.isnan(usual_changes(panel, [3])).all()


def test_accuracy_is_that_of_a_loop_over_cells() -> None:
    panel = counts()
    came = outcomes(panel, ORIGINS, HORIZONS)
    forecasts = {m.name: rolling_forecasts(panel, m, ORIGINS, HORIZONS) for m in (Naive(), Mean(3, "mean3"))}
    forecasts["mean3"][0, 1, 0] = np.nan  # then the cell counts for neither
    scale, squares = usual_changes(panel, ORIGINS), usual_changes(panel, ORIGINS, power=2)
    by = {"period": np.array(ORIGINS)[:, None, None], "horizon": np.array(HORIZONS)[None, None]}
    table = accuracy(came, forecasts, by, baseline="mean3", scale=scale, squared_scale=squares)
    assert set(table["method"]) == {"naive", "mean3"}
    for row in table.itertuples():
        at = ORIGINS.index(row.period), slice(None), HORIZONS.index(row.horizon)
        known = np.isfinite(came[at] + forecasts["naive"][at] + forecasts["mean3"][at])
        actual, point = came[at][known], forecasts[row.method][at][known]
        error = point - actual
        assert row.cells == known.sum()
        assert row.mae == pytest.approx(mean_absolute_error(actual, point))
        assert row.rmse == pytest.approx(np.sqrt((error**2).mean()))
        assert row.bias == pytest.approx(error.sum() / actual.sum())
        each = scale[at[0], known, 0]
        assert row.mase == pytest.approx(np.nanmean(np.abs(error) / each))
        assert row.rmsse == pytest.approx(np.sqrt(np.nanmean(error**2 / squares[at[0], known, 0])))
        other = np.abs(forecasts["mean3"][at][known] - actual).mean()
        assert row.relative_mae == pytest.approx(row.mae / other)
    whole = accuracy(came, forecasts, baseline="mean3", scale=scale)
    assert whole.loc[whole["method"] == "mean3", "relative_rmse"].tolist() == [1.0]
    assert len(set(whole["cells"])) == 1


def test_sums_by_size_and_period_are_those_of_a_groupby() -> None:
    rng = np.random.default_rng(0)
    amount = np.where(rng.random((3, 50, 2)) < 0.1, np.nan, rng.random((3, 50, 2)))
    size, half = rng.choice(["small", "large", "huge"], (3, 50, 1)), np.array(["a", "b", "a"])[:, None, None]
    found = grouped_sums({"x": amount}, {"half": half, "size": size})
    long = pd.DataFrame({"half": np.broadcast_to(half, amount.shape).ravel(), "x": amount.ravel()})
    long["size"] = np.broadcast_to(size, amount.shape).ravel()
    expected = long.dropna().groupby(["half", "size"])["x"].agg(["count", "sum"]).reset_index()
    assert found[["half", "size"]].to_numpy().tolist() == expected[["half", "size"]].to_numpy().tolist()
    np.testing.assert_array_equal(found["cells"], expected["count"])
    np.testing.assert_allclose(found["x"], expected["sum"])


def test_relative_scores_are_per_group() -> None:
    table = pd.DataFrame({"method": ["a", "b", "a", "b"], "half": [1, 1, 2, 2], "mae": [2.0, 4, 9, 3]})
    assert relative_to(table, "b", ["mae"], ["half"])["relative_mae"].tolist() == [0.5, 1, 3, 1]


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_pinball_is_that_of_the_library(probability: float) -> None:
    outcome, quantile = np.random.default_rng(0).gamma(2, 5, (2, 500))
    expected = mean_pinball_loss(outcome, quantile, alpha=probability)
    assert pinball(outcome, quantile, probability).mean() == pytest.approx(expected)


def test_the_interval_score_is_width_plus_penalty() -> None:
    outcome = np.array([5.0, 1, 12, 4, 10, np.nan])
    low, high = np.full(6, 4.0), np.full(6, 10.0)
    np.testing.assert_allclose(interval_score(outcome, low, high, 90), [6, 66, 46, 6, 6, np.nan])
    np.testing.assert_array_equal(covered(outcome, low, high), [1, 0, 0, 1, 1, np.nan])


def test_calibration_is_per_level_and_group() -> None:
    rng = np.random.default_rng(1)
    outcome = rng.normal(size=(4, 2000, 1))
    ends = {level: stats.norm.ppf(0.5 + level / 200) for level in (80, 95)}
    intervals = {
        level: (np.full_like(outcome, -end), np.full_like(outcome, end)) for level, end in ends.items()
    }
    table = calibration(outcome, intervals, {"period": np.arange(4)[:, None, None]})
    assert table["level"].tolist() == [80] * 4 + [95] * 4
    np.testing.assert_allclose(table["coverage"], table["level"] / 100, atol=0.025)
    np.testing.assert_allclose(table["width"], 2 * table["level"].map(ends))


def test_the_right_interval_has_the_best_score() -> None:
    outcome = np.random.default_rng(2).normal(size=40_000)
    right = stats.norm.ppf(0.9)
    scores = [interval_score(outcome, -half, half, 80).mean() for half in (right * 0.8, right, right * 1.2)]
    assert scores[1] == min(scores)


def test_crps_is_that_of_a_double_loop() -> None:
    rng = np.random.default_rng(3)
    outcome, draws = rng.normal(size=4), rng.normal(size=(4, 6))
    for fair, pairs in ((True, 30), (False, 36)):
        for row in range(4):
            spread = sum(abs(a - b) for a in draws[row] for b in draws[row]) / (2 * pairs)
            expected = np.abs(draws[row] - outcome[row]).mean() - spread
            assert crps(outcome, draws, fair=fair)[row] == pytest.approx(expected)


def test_crps_is_twice_the_integral_of_the_pinball_loss() -> None:
    draws, outcome = np.sort(np.random.default_rng(4).gamma(2, 5, 40)), np.array(7.0)
    probabilities = (np.arange(40_000) + 0.5) / 40_000
    quantiles = draws[(probabilities * 40).astype(int)]
    losses = [pinball(outcome, quantiles[part], probabilities[part]) for part in (slice(None),)]
    assert 2 * np.mean(losses) == pytest.approx(float(crps(outcome, draws, fair=False)), rel=1e-6)


def test_fair_crps_does_not_depend_on_the_number_of_draws() -> None:
    rng = np.random.default_rng(5)
    outcome = rng.normal(size=60_000)
    few, many = (crps(outcome, rng.normal(size=(60_000, count))).mean() for count in (2, 40))
    exact = 1 / np.sqrt(np.pi)  # of the normal distribution scored on itself
    assert few == pytest.approx(exact, abs=0.01)
    assert many == pytest.approx(exact, abs=0.01)


def test_the_pit_of_right_draws_is_uniform_for_mostly_zero_counts() -> None:
    rng = np.random.default_rng(6)
    rate = rng.gamma(0.3, 1, 20_000)
    outcome, draws = rng.poisson(rate).astype(float), rng.poisson(rate[:, None], (20_000, 19)).astype(float)
    assert (outcome == 0).mean() > 0.7
    pit = randomised_pit(outcome, draws)
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert np.isnan(randomised_pit(np.array([np.nan]), draws[:1])).all()


def test_the_pit_of_wrong_draws_is_not_uniform() -> None:
    rng = np.random.default_rng(7)
    outcome = rng.poisson(3, 5000).astype(float)
    pit = randomised_pit(outcome, rng.poisson(5, (5000, 50)).astype(float))
    assert pit.mean() < 0.4


def test_a_known_volume_leaves_the_error_of_the_shares() -> None:
    outcome = np.array([[[10.0], [30.0], [np.nan]], [[4.0], [4.0], [8.0]]])
    forecast = np.array([[[30.0], [50.0], [9.0]], [[2.0], [2.0], [4.0]]])
    bound = known_volume(forecast, outcome)
    np.testing.assert_allclose(bound[0, :2, 0], [15, 25])
    np.testing.assert_allclose(bound[1, :, 0], outcome[1, :, 0])
    np.testing.assert_allclose(volume_errors(forecast, outcome), [[np.log(2)], [np.log(0.5)]])
    assert np.isnan(known_volume(0 * forecast, outcome)).all()
    assert np.isnan(volume_errors(0 * forecast, outcome)).all()


def test_diebold_mariano_is_that_of_a_loop_and_of_the_t_test() -> None:
    rng = np.random.default_rng(8)
    one, two = rng.gamma(2, 1, (2, 30))
    expected = stats.ttest_1samp(one - two, 0)
    statistic, p = diebold_mariano(one, two)
    assert (statistic, p) == pytest.approx((expected.statistic, expected.pvalue))
    horizon, count, gap = 4, 30, one - two
    variance = sum(
        (gap[abs(lag) :] - gap.mean()) @ (gap[: count - abs(lag)] - gap.mean()) / count
        for lag in range(1 - horizon, horizon)
    )
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    expected_statistic = gap.mean() / np.sqrt(variance / count) * np.sqrt(correction)
    assert diebold_mariano(one, two, horizon)[0] == pytest.approx(expected_statistic)
    assert diebold_mariano(two, one, horizon)[0] == pytest.approx(-expected_statistic)


def test_diebold_mariano_rejects_as_often_as_it_says() -> None:
    rng = np.random.default_rng(9)
    shocks = rng.normal(size=(400, 62))
    overlapping = shocks[:, :-2] + shocks[:, 1:-1] + shocks[:, 2:]
    rejected = np.mean([diebold_mariano(row, 0 * row, horizon=3)[1] < 0.05 for row in overlapping])
    assert 0.02 < rejected < 0.11
    naive = np.mean([diebold_mariano(row, 0 * row, horizon=1)[1] < 0.05 for row in overlapping])
    assert naive > 0.15  # what the correction is for


def test_diebold_mariano_is_silent_without_evidence() -> None:
    assert np.isnan(diebold_mariano(np.array([1.0, 2]), np.array([2.0, 1]))[0])
    assert np.isnan(diebold_mariano(np.ones(9), np.ones(9))[0])


def test_the_skill_interval_covers_the_skill() -> None:
    rng = np.random.default_rng(10)
    covers = []
    for _ in range(150):
        baseline = rng.gamma(8, 1, 60)
        low, high = skill_interval(0.8 * baseline + rng.normal(0, 1, 60), baseline, 3, repeats=300)[1:]
        covers.append(low <= 0.2 <= high)
    assert 0.8 < np.mean(covers) < 0.97
    losses = rng.gamma(8, 1, 60)
    skill, low, high = skill_interval(4 * losses, 16 * losses, 3, pooled=np.sqrt)
    assert (skill, low, high) == pytest.approx((0.5, 0.5, 0.5))
    assert all(a <= b for a, b in pairwise(skill_interval(losses, losses[::-1], 3)[i] for i in (1, 0, 2)))
