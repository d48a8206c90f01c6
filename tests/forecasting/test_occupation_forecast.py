"""Occupations from a noisy survey: levels and noise against plain loops; units and labels change nothing."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.demand import employed, sector_draws
from forecasting.layout import lay_out
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.projections import blended_growth, common_growth, projected_growth
from forecasting.region import Region
from forecasting.series.baselines import Forecaster, Mean, Naive
from forecasting.series.panel import Panel
from forecasting.series.predictive import root_draws, with_own_intervals
from forecasting.series.rolling import coverage, rolling_errors
from forecasting.series.shrinkage import ConstantShare, LocalLevel, Noise, SamplingShrinkage, fit_noise

HORIZONS = (1, 3)
METHODS: tuple[Forecaster, ...] = (LocalLevel(), SamplingShrinkage(), ConstantShare())
UNIT, MOVEMENT, GROWTH = 200.0, 0.01, 0.03


def survey(regions: int = 1, occupations: int = 400, years: int = 8, seed: int = 1) -> Panel:
    """Draw levels that move and grow, and figures of a sample whose variance is 200 times the level."""
    random = np.random.default_rng(seed)
    keys = [(f"R{region}", f"{code:05d}") for region in range(regions) for code in range(occupations)]
    start = random.lognormal(8, 1.2, len(keys))[:, None]
    steps = random.normal(GROWTH - MOVEMENT / 2, math.sqrt(MOVEMENT), (len(keys), years)).cumsum(axis=1)
    level = start * np.exp(steps)
    figures = random.poisson(level / UNIT) * UNIT
    index = pd.DataFrame(keys, columns=["region", "occupation"])
    return Panel(index, tuple(range(2015, 2015 + years)), figures.astype(float))


def kalman(figures: list[float], noise: Noise, growth: float) -> float:
    """Follow one series step by step, in persons, as Harvey (1989) writes the filter."""
    last = len(figures) - 1
    brought_up = [figure * math.exp(growth * (last - at)) for at, figure in enumerate(figures)]
    known = [figure for figure in brought_up if not math.isnan(figure)]
    level = sum(known) / len(known)
    for _ in range(3):
        error = noise.unit * level
        change = noise.movement * level**2
        mean, variance = 0.0, math.inf
        for figure in brought_up:
            variance += change
            if math.isnan(figure):
                continue
            gain = 1.0 if math.isinf(variance) else variance / (variance + error)
            mean += gain * (figure - mean)
            variance = error if math.isinf(variance) else (1 - gain) * variance
        level = mean
    return level


def test_levels_are_those_of_a_filter_written_out() -> None:
    panel = survey()
    values = panel.values.copy()
    values[3, 2], values[5, :4] = np.nan, np.nan
    found = LocalLevel().levels(replace(panel, values=values))
    for row in (0, 3, 5, 17):
        expected = kalman(values[row].tolist(), found.noise[0], float(found.growth[row]))
        assert found.level[row] == pytest.approx(expected, rel=1e-9)


def test_the_forecast_goes_on_at_half_the_growth_of_the_total() -> None:
    panel = survey()
    found = LocalLevel().forecast(panel, HORIZONS)
    total = panel.values.sum(axis=0)
    half = 0.5 * math.log(total[-1] / total[0]) / (len(total) - 1)
    np.testing.assert_allclose(found[:, 1], found[:, 0] * math.exp(2 * half), rtol=1e-12)


def test_noise_and_movement_are_found_again() -> None:
    found = [fit_noise(survey(seed=seed).values * np.exp(-GROWTH * np.arange(8))) for seed in range(5)]
    assert np.mean([one.unit for one in found]) == pytest.approx(UNIT, rel=0.15)
    assert np.mean([one.movement for one in found]) == pytest.approx(MOVEMENT, rel=0.3)


def test_noise_by_hand() -> None:
    """Two sizes, each off by its own noise in the second of two years: two equations in two unknowns."""
    values = np.array([[100.0, 120.0], [1000.0, 1100.0]])
    relative = [(20 / 110) ** 2, (100 / 1050) ** 2]  # = 2 · unit / size + movement
    unit = (relative[0] - relative[1]) / (2 / 110 - 2 / 1050)
    found = fit_noise(values)
    assert found.unit == pytest.approx(unit, rel=1e-6)
    assert found.movement == pytest.approx(relative[0] - 2 * unit / 110, rel=1e-6)


def test_large_cells_follow_their_last_figure_and_small_ones_their_mean() -> None:
    panel = survey()
    values = panel.values.copy()
    values[0], values[1] = [1e6] * 7 + [1.2e6], [400.0] * 7 + [480.0]
    found = LocalLevel(damping=0).levels(replace(panel, values=values)).level
    assert found[0] > 1.15e6
    assert found[1] < 430


def test_intervals_cover_what_they_say_small_and_large() -> None:
    inside, size = [], []
    for seed in range(4):
        panel = survey(seed=seed, years=9)
        low, high = LocalLevel().intervals(panel.until(2021), (2,), 0.8)
        inside.append((panel.at(2023) >= low[:, 0]) & (panel.at(2023) <= high[:, 0]))
        size.append(panel.at(2021))
    covered, persons = np.concatenate(inside), np.concatenate(size)
    assert 0.75 <= covered.mean() <= 0.87
    for part in (persons < 1000, (persons >= 1000) & (persons < 10_000), persons >= 10_000):
        assert 0.7 <= covered[part].mean() <= 0.92


def test_intervals_hold_the_forecast_and_widen() -> None:
    panel = survey()
    low, high = LocalLevel().intervals(panel, HORIZONS, 0.8)
    forecast = LocalLevel().forecast(panel, HORIZONS)
    assert (low >= 0).all()
    assert ((low <= forecast * (1 + 1e-12)) & (forecast <= high * (1 + 1e-12))).all()
    assert (high[:, 1] - low[:, 1] >= high[:, 0] - low[:, 0]).all()


def test_draws_have_the_forecast_as_mean_and_the_interval_as_quantiles() -> None:
    panel = survey(occupations=60)
    forecast, spread = LocalLevel().forecast(panel, HORIZONS), LocalLevel().spread(panel, HORIZONS)
    draws = root_draws(forecast, spread, 20_000, seed=1)
    assert (draws >= 0).all()
    np.testing.assert_allclose(draws.mean(axis=2), forecast, rtol=1e-9)
    low, high = LocalLevel().intervals(panel, HORIZONS, 0.8)
    drawn_low, drawn_high = np.quantile(draws, [0.1, 0.9], axis=2)
    np.testing.assert_allclose(drawn_high, high, rtol=0.05)
    far = low > 0.05 * forecast  # in a cell of a few respondents the lower end is near zero in both
    np.testing.assert_allclose(drawn_low[far], low[far], rtol=0.1)
    assert (drawn_low[~far] < 0.15 * forecast[~far]).all()


def test_draws_share_the_growth_of_the_total() -> None:
    """What all cells have in common does not average out: their sum strays as the total did."""
    panel = survey(occupations=300)
    values = panel.values * np.exp(np.random.default_rng(3).normal(0, 0.05, 8).cumsum())
    method, moved = LocalLevel(), replace(panel, values=values)
    draws = root_draws(method.forecast(moved, (1,)), method.spread(moved, (1,)), 4000, seed=1)[:, 0]
    growth = np.diff(np.log(values.sum(axis=0)))
    assert np.log(draws.sum(axis=0)).std() == pytest.approx(growth.std(ddof=1), rel=0.2)
    calm = root_draws(method.forecast(panel, (1,)), method.spread(panel, (1,)), 4000, seed=1)[:, 0]
    assert np.log(calm.sum(axis=0)).std() < 0.5 * np.log(draws.sum(axis=0)).std()


def test_sectors_of_a_method_that_knows_its_spread_are_drawn_from_it() -> None:
    panel = survey(regions=2, occupations=40)
    panel = replace(panel, index=panel.index.rename(columns={"occupation": "sector"}))
    errors = rolling_errors(panel, [LocalLevel()], [1])
    codes = tuple(sorted(panel.index["sector"].unique()))
    one, other = (
        sector_draws(panel, LocalLevel(), errors, ("none", *codes), region, (1, 5), [1e4], 500, 1)
        for region in ("R0", "R1")
    )
    assert (one[1][0] == 0).all(), "a sector that the region has not"
    np.testing.assert_allclose(one[1][1:].mean(axis=2), LocalLevel().forecast(panel, (1, 5))[:40], rtol=1e-9)
    ranks = [np.argsort(np.argsort(each[1][5, 0])) for each in (one, other)]
    assert np.corrcoef(*ranks)[0, 1] > 0.99, "shocks are common to the regions"


def test_the_backtest_holds_a_method_to_its_own_intervals() -> None:
    panel, methods = survey(years=9), [Naive(), LocalLevel()]
    errors = rolling_errors(panel, methods, (1, 3))
    told = with_own_intervals(panel, errors, methods, 0.8)
    assert told.loc[told["method"] == "naive", "low"].isna().all()
    low, high = LocalLevel().intervals(panel.until(2019), (3,), 0.8)
    rows = told.query("method == 'local level' and origin == 2019 and horizon == 3")
    np.testing.assert_allclose(rows[["low", "high"]].to_numpy(), np.hstack([low, high])[rows["series"]])
    known = coverage(told[told["method"] == "local level"], 3, [1e4])
    assert 2015 not in set(known["origin"]), "one year says nothing of its noise"
    expected = told[(told["horizon"] == 3) & (told["method"] == "local level") & (told["origin"] > 2015)]
    inside = expected["actual"].between(expected["low"], expected["high"]).mean()
    assert known["inside"].mean() == pytest.approx(inside)
    assert 0.7 < inside < 0.9
    naive = told[told["method"] == "naive"]
    pd.testing.assert_frame_equal(coverage(naive, 1, [1e4]), coverage(naive[errors.columns], 1, [1e4]))


def test_intervals_of_an_origin_see_nothing_later() -> None:
    panel = survey()
    changed = replace(panel, values=np.hstack([panel.values[:, :5], panel.values[:, 5:] * 3 + 50]))
    ends = []
    for each in (panel, changed):
        errors = rolling_errors(each, [LocalLevel()], [1])
        told = with_own_intervals(each, errors, [LocalLevel()], 0.8).query("origin == 2019")
        ends.append(told.set_index("series")[["low", "high"]])
    both = ends[0].index.intersection(ends[1].index)  # a later zero is no outcome that is scored
    assert len(both) > 350
    pd.testing.assert_frame_equal(ends[0].loc[both], ends[1].loc[both])


def test_a_stated_sampling_error_is_not_estimated() -> None:
    panel = survey()
    flat = panel.values * np.exp(-GROWTH * np.arange(8))
    stated = UNIT * np.where(panel.values > 0, panel.values, np.nan)
    given, found = fit_noise(flat, stated), fit_noise(flat)
    assert given.movement == pytest.approx(found.movement, rel=0.3)
    assert fit_noise(flat, np.full(flat.shape, np.nan)) == found


def test_a_published_total_is_held_beside_the_sum(tiny: Region, parameters: Parameters) -> None:
    counts = [
        {"year": year, "region": "TY", "occupation": code, "age_band": "all", "persons": persons}
        for year in range(2021, 2026)
        for code, persons in (("22", 8000.0), ("25", 3000.0), ("52", 5000.0), ("TOTAL", 16_250.0))
        if not (code == "TOTAL" and year == 2021)
    ]
    kept = {
        name: table for name, table in tiny.tables.items() if name not in {"staffing", "sector_vacancies"}
    }
    region = replace(tiny, tables=kept | {"occupation_employment": pd.DataFrame(counts).assign(flag="")})
    residuals = build_snapshot(region, parameters, 1, "test").manifest["residuals"]
    assert residuals["sectors_less_published_total_persons"] == pytest.approx(250)
    assert residuals["occupations_less_sectors_persons"] == pytest.approx(0, abs=1e-6)
    known = employed(lay_out(region), "TY")
    assert known[2021] == 16_000, "without a published total, the sum"
    assert known[2025] == 16_250


def test_shrinkage_by_hand() -> None:
    panel = survey(occupations=50)
    noise = fit_noise(panel.values)
    found = SamplingShrinkage().forecast(panel, HORIZONS)
    for row in (0, 20, 49):
        figures = panel.values[row].tolist()
        n, mean = len(figures), sum(figures) / len(figures)
        signal = noise.movement * mean**2 * (n - 1) * (2 * n - 1) / (6 * n)
        error = noise.unit * mean * (1 - 1 / n)
        expected = mean + signal / (signal + error) * (figures[-1] - mean)
        assert found[row].tolist() == pytest.approx([expected, expected])


def test_a_constant_share_moves_with_the_trend_of_the_total() -> None:
    index = pd.DataFrame({"region": ["A", "A", "B"], "occupation": ["1", "2", "1"]})
    panel = Panel(index, (2020, 2021, 2022), np.array([[10.0, 20, 40], [90, 180, 360], [5, 5, 5]]))
    alone = Panel(index[:2], panel.periods, panel.values[:2])
    np.testing.assert_allclose(ConstantShare().forecast(alone, (1,))[:, 0], [80, 720])


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_the_unit_does_not_matter(method: Forecaster, factor: float) -> None:
    panel = survey(occupations=60)
    scaled = replace(panel, values=panel.values * factor)
    expected = method.forecast(panel, HORIZONS) * factor
    np.testing.assert_allclose(method.forecast(scaled, HORIZONS), expected, rtol=1e-7)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_labels_and_order_do_not_matter(method: Forecaster) -> None:
    panel = survey(regions=2, occupations=40)
    order = np.random.default_rng(2).permutation(len(panel.index))
    other = panel.index.assign(occupation="x" + panel.index["occupation"], region="z" + panel.index["region"])
    moved = Panel(other.iloc[order].reset_index(drop=True), panel.periods, panel.values[order])
    expected = method.forecast(panel, HORIZONS)[order]
    np.testing.assert_allclose(method.forecast(moved, HORIZONS), expected, rtol=1e-7)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_large_region_is_alone_and_a_small_one_borrows(method: Forecaster) -> None:
    panel = survey(regions=2, occupations=40)
    first = np.arange(40)
    alone = Panel(panel.index.iloc[first], panel.periods, panel.values[first])
    expected = method.forecast(alone, HORIZONS)
    np.testing.assert_allclose(method.forecast(panel, HORIZONS)[first], expected, rtol=1e-9)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("years", [1, 2, 8])
def test_short_empty_and_unknown_series(method: Forecaster, years: int) -> None:
    panel = survey(occupations=40, years=years)
    values = panel.values.copy()
    values[0], values[1], values[2, -1] = 0.0, np.nan, np.nan
    found = method.forecast(replace(panel, values=values), HORIZONS)
    assert (found[0] == 0).all()
    assert np.isnan(found[1:3]).all()
    assert np.isfinite(found[3:]).all()
    assert (found[3:] >= 0).all()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_later_years_are_not_looked_at(method: Forecaster) -> None:
    panel = survey()
    changed = replace(panel, values=np.hstack([panel.values[:, :5], panel.values[:, 5:] * 3 + 50]))
    expected = method.forecast(panel.until(2019), HORIZONS)
    np.testing.assert_array_equal(method.forecast(changed.until(2019), HORIZONS), expected)


def test_growth_without_and_with_a_projection() -> None:
    base, target = np.array([100.0, 50.0]), np.array([150.0, 40.0])
    common, official = common_growth(0.079, 10, 6, 2), projected_growth(base, target, 10, 6)
    for at in range(2):
        assert common[at] == pytest.approx(0.6 * math.log(1.079))
        assert official[at] == pytest.approx(0.6 * math.log(target[at] / base[at]))
        assert blended_growth(common, official)[at] == pytest.approx((common[at] + official[at]) / 2)


@pytest.mark.shared
def test_british_columbia_to_2019(shared_data: Path) -> None:
    """The outcomes the recipe was chosen on; those after 2019 belong to the benchmark."""
    pytest.importorskip("openpyxl")
    from tests.benchmarks.occupation_survey import bc_panel

    panel = bc_panel(shared_data).until(2019)
    used = panel.at(2018) >= 1000
    errors = {
        method.name: np.abs(np.log(panel.at(2019)[used] / method.forecast(panel.until(2018), (1,))[used, 0]))
        for method in (Naive(), Mean(3), LocalLevel())
    }
    known = {name: error[np.isfinite(error)].mean() for name, error in errors.items()}
    assert known["local level"] < known["mean"] < known["naive"]
