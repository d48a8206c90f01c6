"""The engine's promises: coherent, calibrated, whole for counts, blind to order, unit and late starts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError
from forecasting.series.baselines import Naive
from forecasting.series.combination import default_forecaster
from forecasting.series.engine import Coherent, Forecasts, Gapless, forecast, rounded_levels, with_market
from forecasting.series.hierarchy import Hierarchy, build_hierarchy, parse_hierarchy
from forecasting.series.methods import named_forecasters
from forecasting.series.panel import Array, Panel

KEYS = ["region", "job"]
FIRST = 2020 * 12


def market(seed: int, regions: int = 3, jobs: int = 6, periods: int = 33, size: float = 40) -> Array:
    """Return counts that share a market's random walk and a region's, shape (regions · jobs, periods)."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(np.log(size), 0.7, (regions * jobs, 1))
    common = rng.normal(0, 0.06, periods).cumsum()
    regional = rng.normal(0, 0.03, (regions, periods)).cumsum(axis=1).repeat(jobs, axis=0)
    return rng.poisson(level * np.exp(common + regional)).astype(float)


def panel(values: Array, jobs: int = 6, season: int = 12) -> Panel:
    numbers = range(len(values))
    index = pd.DataFrame(
        {"region": [f"R{n // jobs}" for n in numbers], "job": [f"j{n % jobs}" for n in numbers]}
    )
    return Panel(index, tuple(range(FIRST, FIRST + values.shape[1])), values, season)


def tree_of(series: Panel, levels: str = "region,job") -> Hierarchy:
    return build_hierarchy(series.index, parse_hierarchy(levels, list(series.index)))


def coherent(series: Panel, horizon: int = 3) -> tuple[Hierarchy, Forecasts]:
    tree = tree_of(series)
    return tree, forecast(series, horizon, hierarchy=tree)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("levels", [None, "region,job"])
def test_intervals_are_nested_non_negative_and_hold_the_forecast(whole: bool, levels: str | None) -> None:
    series = panel(market(1, size=4) * (1 if whole else 0.37))
    tree = None if levels is None else tree_of(series, levels)
    found = forecast(series, 4, [50, 80, 95], hierarchy=tree)
    ends = [
        found.intervals[level][side] for side, level in [(0, 95), (0, 80), (0, 50), (1, 50), (1, 80), (1, 95)]
    ]
    assert (np.diff(ends, axis=0) >= 0).all()
    assert (ends[0] >= 0).all()
    assert ((ends[1] <= found.point) & (found.point <= ends[4])).all()
    assert all((end == np.round(end)).all() == whole for end in ends)


def test_an_interval_holds_its_forecast_even_where_only_counts_above_zero_are_known() -> None:
    values = market(14, periods=20, size=0.7)
    tree, found = coherent(panel(np.where(values > 0, values, np.nan)))
    tiny = forecast(panel(values), 3, [1], hierarchy=tree)
    for forecasts in (found, tiny):
        for low, high in forecasts.intervals.values():
            assert ((low <= forecasts.point) & (forecasts.point <= high)).all()


def test_every_method_forecasts_every_series_with_a_known_value() -> None:
    values = market(2, 1, 4, periods=10)
    values[0, -1], values[1, :-2], values[2, 5:7], values[3] = np.nan, np.nan, np.nan, 0
    for name, method in named_forecasters().items():
        for tree in [None] if name.startswith("auto") else [None, tree_of(panel(values), "")]:
            found = forecast(panel(values), 2, [80], hierarchy=tree, forecaster=method)
            cells = [found.point, *found.intervals[80]]
            assert all(np.isfinite(cell).all() and (cell >= 0).all() for cell in cells), name


def test_only_a_series_of_which_nothing_is_known_has_no_forecast() -> None:
    values = market(3, 1, 4)
    values[2] = np.nan
    found = forecast(panel(values), 2, [80])
    for cells in (found.point, *found.intervals[80]):
        assert np.isfinite(cells).any(axis=1).tolist() == [True, True, False, True]


def test_the_unit_does_not_matter() -> None:
    values = market(4) * np.pi
    one, ten = forecast(panel(values), 3), forecast(panel(10 * values), 3)
    np.testing.assert_allclose(ten.point, 10 * one.point, rtol=1e-9)
    for level, ends in one.intervals.items():
        np.testing.assert_allclose(ten.intervals[level], 10 * np.array(ends), rtol=1e-6)


def test_the_order_and_the_names_of_series_do_not_matter() -> None:
    values, order = market(5, periods=20) * np.pi, np.random.default_rng(0).permutation(18)
    given = panel(values)
    shuffled = Panel(given.index.iloc[order].reset_index(drop=True), given.periods, values[order], 12)
    renamed = Panel(given.index.replace({"R0": "Z", "j1": "a*b"}), given.periods, values, 12)
    expected, tree = forecast(given, 3), coherent(given)[1]
    for other, rows in ((shuffled, order), (renamed, np.arange(18))):
        found, nodes = forecast(other, 3), coherent(other)[1]
        np.testing.assert_allclose(found.point, expected.point[rows], rtol=1e-9)
        np.testing.assert_allclose(found.intervals[95], np.array(expected.intervals[95])[:, rows], rtol=1e-6)
        np.testing.assert_allclose(nodes.point[0], tree.point[0], rtol=1e-9)
        np.testing.assert_allclose(nodes.point[-18:], tree.point[-18:][rows], rtol=1e-9)


def test_a_key_with_a_star_is_forecast_as_any_other() -> None:
    given = panel(market(6, periods=15))
    starred = Panel(given.index.set_axis(["a*b", "job"], axis=1), given.periods, given.values, 12)
    found = forecast(starred, 3, hierarchy=build_hierarchy(starred.index, []))
    expected = forecast(given, 3, hierarchy=build_hierarchy(given.index, []))
    np.testing.assert_allclose(found.point, expected.point, rtol=1e-12)


@pytest.mark.parametrize("levels", ["", "region", "job,region"])
@pytest.mark.parametrize("method", ["default", "theta", "mean-3"])
def test_forecasts_add_up(levels: str, method: str) -> None:
    series = panel(market(7, periods=15, size=2))
    tree = tree_of(series, levels)
    found = forecast(series, 3, hierarchy=tree, forecaster=named_forecasters()[method])
    cut = tree.aggregates
    np.testing.assert_allclose(found.point[:cut], tree.sums @ found.point[cut:], atol=1e-6, rtol=0)
    assert (found.point >= 0).all()


def test_a_series_without_anything_stays_at_zero_in_a_hierarchy() -> None:
    values = market(8, periods=15, size=3)
    values[4] = 0
    tree, found = coherent(panel(values))
    assert (found.point[tree.aggregates + 4] == 0).all()


def test_a_series_counted_late_is_no_growth_of_its_sums() -> None:
    values = market(9, periods=24)
    known = values.copy()
    known[:9, :-4] = np.nan  # half of the series, known for four months
    complete, late = coherent(panel(values))[1], coherent(panel(known))[1]
    assert abs(late.point[0] / complete.point[0] - 1).max() < 0.1
    alone = np.nansum(forecast(panel(known), 3).point, axis=0)
    assert abs(late.point[0] / alone - 1).max() < 0.05
    width = [np.diff(found.intervals[80], axis=0)[0, 0] for found in (late, complete)]
    assert (width[0] / width[1]).min() > 0.6


def test_before_a_series_begins_it_moves_with_the_market() -> None:
    rng = np.random.default_rng(0)
    values = np.outer(rng.uniform(1, 9, 8), np.exp(rng.normal(0, 0.2, 20).cumsum()))
    known = values.copy()
    known[:3, :7] = np.nan
    known[5, :15] = np.nan
    np.testing.assert_allclose(with_market(known), values, rtol=1e-12)
    np.testing.assert_array_equal(with_market(np.array([[np.nan, 3, np.nan]])), [[3, 3, 3]])
    np.testing.assert_array_equal(with_market(np.array([[np.nan, 3.0], [0, 5]])), [[3, 3], [0, 5]])


def test_no_error_is_counted_from_before_a_series_began() -> None:
    series = panel(market(10, 1, 3))
    begins = np.array([FIRST, FIRST, FIRST, FIRST + 30.0])
    nodes = Coherent(build_hierarchy(series.index, []), Gapless(Naive()), begins)
    history = Panel(nodes.hierarchy.labels, series.periods, nodes.hierarchy.total_up(series.values), 12)
    assert np.isnan(nodes.forecast(history.until(FIRST + 29), (1,))).ravel().tolist() == [False] * 3 + [True]
    assert np.isfinite(nodes.forecast(history.until(FIRST + 30), (1,))).all()


def outcome_of(seed: int, late: bool) -> tuple[Hierarchy, Panel, Forecasts, Array]:
    """Return a forecast of a simulated market, some series perhaps counted late, and what came."""
    values = market(seed, jobs=4, periods=23)
    known = values[:, :20].copy()
    if late:
        known[::3, : 4 + seed % 8] = np.nan
    series = panel(known, jobs=4)
    tree, found = coherent(series)
    return tree, series, found, tree.total_up(values[:, 20:])


@pytest.mark.parametrize("late", [False, True])
def test_intervals_of_sums_hold_under_a_common_shock(late: bool) -> None:
    inside: list[Array] = []
    for seed in range(100, 108):
        tree, _, found, actual = outcome_of(seed, late)
        low, high = (end[: tree.aggregates] for end in found.intervals[80])
        inside.append((low <= actual[: tree.aggregates]) & (actual[: tree.aggregates] <= high))
    assert 0.65 <= np.mean(inside) <= 0.95


def test_reconciled_forecasts_are_no_worse() -> None:
    errors = {"coherent": 0.0, "summed": 0.0}
    for seed in range(200, 205):
        tree, series, found, actual = outcome_of(seed, late=False)
        summed = tree.total_up(default_forecaster().forecast(series, (1, 2, 3)))
        errors["coherent"] += np.abs(found.point - actual).mean()
        errors["summed"] += np.abs(summed - actual).mean()
    assert errors["coherent"] < 1.02 * errors["summed"]


def test_draws_keep_the_market_so_that_sums_are_wide_enough() -> None:
    tree, found = coherent(panel(market(11)))
    draws = found.draws(400)
    series = draws[:, tree.aggregates :]
    np.testing.assert_allclose(draws[:, 0], series.sum(axis=1), rtol=1e-6)
    independent = np.sqrt(series.var(axis=0).sum(axis=0))
    assert (draws[:, 0].std(axis=0) > 1.5 * independent).all()
    np.testing.assert_array_equal(draws, found.draws(400))
    drawn = np.quantile(draws[:, 0], [0.1, 0.9], axis=0)
    low, high = (end[0] for end in found.intervals[80])
    assert (np.abs((drawn[1] - drawn[0]) / (high - low) - 1) < 0.35).all()


def test_draws_of_single_series_have_their_intervals() -> None:
    found = forecast(panel(market(12)), 3)
    low, high = np.quantile(found.draws(2000), [0.1, 0.9], axis=0)
    width = found.intervals[80][1] - found.intervals[80][0]
    assert abs(((high - low) / width).mean() - 1) < 0.1


@dataclass(frozen=True)
class Ignorant:
    """Knows nothing of the second series."""

    name: str = "ignorant"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Forecast the first only."""
        return np.where(np.arange(len(history.index))[:, None] == 0, 1.0, np.nan) * np.ones(len(horizons))


def test_a_method_that_leaves_a_series_out_is_refused() -> None:
    with pytest.raises(ForecastingError, match=r"method ignorant: found no forecast for 1 series .*R0, j1"):
        forecast(panel(market(13, 1, 2)), 2, forecaster=Ignorant())


@pytest.mark.parametrize(
    ("values", "horizon", "levels", "message"),
    [
        (1.0, 0, [80], "horizon: found 0; expected 1 to 60 periods"),
        (1.0, 61, [80], "horizon: found 61"),
        (1.0, 1, [100], "levels: found 100; expected percentages from 1 to 99"),
        (1.0, 1, [0, np.nan], "levels: found 0, nan"),
        (1.0, 1, [], "levels: found none"),
        (-1.0, 1, [80], "the panel: found no known value, or negative or infinite ones"),
        (np.inf, 1, [80], "the panel: found no known value, or negative"),
        (np.nan, 1, [80], "the panel: found no known value"),
    ],
)
def test_what_cannot_be_forecast_is_refused(
    values: float, horizon: int, levels: list[float], message: str
) -> None:
    with pytest.raises(ForecastingError, match=message):
        forecast(panel(np.full((2, 5), values)), horizon, levels)


def test_levels_are_those_of_the_columns() -> None:
    assert rounded_levels([95, 80.00000001, 80, 50]) == [50, 80, 95]
