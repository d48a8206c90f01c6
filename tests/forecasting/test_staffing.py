"""Staffing that moves: slopes that are there are found, noise is not followed, sums and means are exact."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.demand import Industry, industry_by_sector, leaf_shares
from forecasting.series.baselines import Naive, Trend
from forecasting.series.panel import Array
from forecasting.series.pooled_drift import PooledDrift, WithinSectors, pooled
from forecasting.series.rolling import rolling_errors
from forecasting.staffing import History, StaffingPaths, staffed, staffing_history, staffing_paths

BASE, YEARS, RESPONDENTS = 2024, 12, 3000
HORIZONS, CLASSES, DRAWS = (1, 5, 10), [10_000.0, 100_000.0], 400
SECTORS = tuple("ABCDEFGH")


def world(
    drift: float, respondents: int = RESPONDENTS, seed: int = 1, occupations: int = 15, years: int = YEARS
) -> tuple[Industry, pd.DataFrame, Array]:
    """Draw staffing surveys of eight sectors; each occupation's log share moves by its own yearly slope.

    Returns
    -------
    industry, table, slopes
        Staffed by the last survey; the canonical table; slopes by occupation.
    """
    random = np.random.default_rng(seed)
    names = [f"{code:02d}" for code in range(occupations)]
    slopes = random.normal(0, drift, occupations)
    start = random.normal(0, 1, (len(SECTORS), occupations))
    rows = []
    for step in range(years):
        share = np.exp(start + slopes * step)
        share /= share.sum(axis=1, keepdims=True)
        for sector, row in zip(SECTORS, share, strict=True):
            found = random.multinomial(respondents, row) / respondents if respondents else row
            rows += [
                {"year": BASE - years + 1 + step, "sector": sector, "occupation": name, "share": one}
                for name, one in zip(names, found, strict=True)
                if one > 0
            ]
    table = pd.DataFrame(rows)
    return industry(table), table, slopes


def industry(table: pd.DataFrame) -> Industry:
    sectors = pd.DataFrame({"code": ["TOTAL", *SECTORS], "parent": ["", *["TOTAL"] * len(SECTORS)]})
    employment = pd.DataFrame(
        [
            {"year": year, "region": "R", "sector": sector, "age_band": "all", "persons": 20_000.0 * (at + 1)}
            for year in range(BASE - 1, BASE + 1)
            for at, sector in enumerate(SECTORS)
        ]
    )
    return industry_by_sector(employment, sectors, table[table["year"] == table["year"].max()])


def past_of(made: tuple[Industry, pd.DataFrame, Array]) -> History:
    return staffing_history(made[0], made[1], BASE)


def by_occupation(past: History, values: Array) -> Array:
    """Return means over sectors, in the order of the codes."""
    return pd.Series(values).groupby(past.panel.index["occupation"].to_numpy()).mean().to_numpy(dtype=float)


def drawn(made: tuple[Industry, pd.DataFrame, Array], seed: int = 1) -> StaffingPaths:
    past = past_of(made)
    errors = rolling_errors(past.panel, [PooledDrift()], range(1, YEARS))
    return staffing_paths(made[0], past, PooledDrift(), errors, BASE, HORIZONS, CLASSES, DRAWS, seed)


def test_a_true_drift_is_found() -> None:
    made = world(drift=0.05)
    past = past_of(made)
    found = by_occupation(past, PooledDrift().slopes(past.panel))
    relative = found - found.mean(), made[2] - made[2].mean()
    assert np.corrcoef(*relative)[0, 1] > 0.98
    assert np.polyfit(relative[1], relative[0], 1)[0] == pytest.approx(1, abs=0.1)


def test_noise_gives_nearly_no_drift() -> None:
    sizes = []
    for seed in range(5):
        panel = past_of(world(drift=0.0, seed=seed)).panel
        mine = np.abs(PooledDrift().slopes(panel))
        assert mine.max() < 0.02
        sizes.append(mine.mean())
    assert np.mean(sizes) < 0.002


def test_moving_shares_beat_staying_ones_only_where_they_move() -> None:
    def errs(drift: float) -> dict[str, float]:
        panel = past_of(world(drift)).panel.until(BASE - 5)
        actual = past_of(world(drift)).panel.at(BASE)
        methods = (Naive(), WithinSectors(Trend()), PooledDrift())
        known = (actual > 0) & (panel.values[:, -1] > 0)
        return {
            each.name: float(np.abs(np.log(actual / each.forecast(panel, (5,))[:, 0]))[known].mean())
            for each in methods
        }

    moving, still = errs(0.05), errs(0.0)
    assert moving["pooled"] < 0.7 * moving["naive"]
    assert still["pooled"] < still["naive"] < still["trend"]


def test_pooling_written_out() -> None:
    slope, error = [0.03, 0.05, -0.02, 0.01, 0.04], [1e-4, 2e-4, 1e-4, 3e-4, 2e-4]
    group = [0, 0, 1, 1, 1]
    members = [[at for at, one in enumerate(group) if one == g] for g in (0, 1)]

    def mean(rows: list[int], extra: float) -> tuple[float, float]:
        weights = [1 / (error[at] + extra) for at in rows]
        total = sum(weights)
        return sum(w * slope[at] for w, at in zip(weights, rows, strict=True)) / total, total

    excess = below = 0.0
    for rows in members:
        centre, total = mean(rows, 0.0)
        excess += sum((slope[at] - centre) ** 2 / error[at] for at in rows) - (len(rows) - 1)
        below += total - sum(1 / error[at] ** 2 for at in rows) / total
    within = max(excess / below, 0.0)
    centres = [mean(rows, within) for rows in members]
    over = sum(total * centre**2 for centre, total in centres) - len(members)
    between = max(over / sum(total for _, total in centres), 0.0)
    found = pooled(np.array(slope), np.array(error), np.array(group))
    assert within > 0
    assert between > 0
    for at, one in enumerate(group):
        centre, total = centres[one]
        lean = centre * between / (between + 1 / total)
        expected = lean + (slope[at] - lean) * within / (within + error[at])
        assert found[at] == pytest.approx(expected, rel=1e-9)


def test_what_is_not_known_leans_wholly_on_its_occupation() -> None:
    slope, error = np.array([0.04, 0.04, 0.0, -0.05]), np.array([1e-6, 1e-6, np.inf, 1e-6])
    found = pooled(slope, error, np.array([0, 0, 0, 1]))
    assert found[2] == pytest.approx(0.04, rel=0.01)


def test_exact_shares_that_drift_go_on_drifting_ever_less() -> None:
    made = world(drift=0.03, respondents=0)
    past = past_of(made)
    forecast = PooledDrift().forecast(past.panel, (1, 2, 3))
    steps = np.diff(np.log(np.column_stack([past.panel.values[:, -1], forecast])), axis=1)
    first, second = (by_occupation(past, steps[:, at]) for at in (0, 1))
    expected = made[2] - made[2].mean()
    assert np.polyfit(expected, first - first.mean(), 1)[0] == pytest.approx(0.8, abs=0.03)
    assert np.polyfit(expected, second - second.mean(), 1)[0] == pytest.approx(0.64, abs=0.03)


def test_a_stated_sampling_error_takes_the_place_of_the_estimated_one() -> None:
    plant, table, _ = world(drift=0.0)
    sure, unsure = (table.assign(relative_standard_error=error) for error in (0.001, 0.5))
    last = past_of((plant, table, np.empty(0))).panel.values[:, -1]

    def moved(stated: pd.DataFrame) -> float:
        past = staffing_history(plant, stated, BASE)
        found = PooledDrift(past.variance).forecast(past.panel, (1,))[:, 0]
        known = (last > 0) & (found > 0)
        return float(np.abs(np.log(found[known] / last[known])).mean())

    assert moved(sure) < 0.2 * moved(unsure)


def test_shares_sum_to_one_and_their_mean_is_the_forecast() -> None:
    made = world(drift=0.05)
    paths, past = drawn(made), past_of(made)
    assert (paths.shares >= 0).all()
    for leaf in range(len(SECTORS)):
        sums = paths.shares[paths.leaf == leaf].sum(axis=0)
        np.testing.assert_allclose(sums, 1, rtol=1e-12)
    forecast = PooledDrift().forecast(past.panel, HORIZONS)
    names = zip(
        np.array(made[0].leaves)[paths.leaf], np.array(made[0].occupations)[paths.occupation], strict=True
    )
    keys = past.panel.index.reset_index().set_index(["sector", "occupation"])["index"]
    rows = keys.reindex(list(names)).to_numpy(dtype=int)
    level = PooledDrift().forecast(past.panel, (0,))
    share = paths.base[:, None] * (forecast / level)[rows]
    lost = np.zeros((len(SECTORS), len(HORIZONS)))
    np.add.at(lost, paths.leaf, share)
    expected = share / lost[paths.leaf]
    np.testing.assert_allclose(paths.shares.mean(axis=2), expected, rtol=1e-6)


def test_draws_stray_as_the_past_moved() -> None:
    """Where shares wander, draws do by what errors grew with the horizon; noise alone moves nothing."""
    made = world(drift=0.0)
    past, paths = past_of(made), drawn(made)
    errors = rolling_errors(past.panel, [PooledDrift()], range(1, YEARS))
    seen = errors[(errors["horizon"] == 1) & (errors["size"] < CLASSES[0])]["error"].std()
    persons = paths.shares[:, 0].mean(axis=1) * np.array([20_000 * (at + 1) for at in paths.leaf])
    small = (persons < CLASSES[0]) & (persons > 100)
    near, far = (np.log(np.maximum(paths.shares[small, at], 1e-12)).std(axis=1).mean() for at in (0, -1))
    assert near < 0.5 * seen, "the shares of this world stay: its errors are noise"
    assert far >= near


def test_occupations_sectors_and_regions_add_up_in_every_draw() -> None:
    made = world(drift=0.05)
    plant, paths = made[0], drawn(made)
    random = np.random.default_rng(3)
    totals = np.zeros((len(plant.occupations), len(HORIZONS), DRAWS))
    sums = np.zeros((len(HORIZONS), DRAWS))
    for _region in range(3):
        sectors = random.lognormal(9, 0.3, (len(SECTORS), len(HORIZONS), DRAWS))
        found = staffed(plant, leaf_shares(plant, "R", BASE), sectors, paths)
        np.testing.assert_allclose(found.sum(axis=0), sectors.sum(axis=0), rtol=1e-12)
        totals, sums = totals + found, sums + sectors.sum(axis=0)
    np.testing.assert_allclose(totals.sum(axis=0), sums, rtol=1e-12)


def test_occupations_are_the_plain_loop() -> None:
    made = world(drift=0.05, occupations=4)
    plant, paths = made[0], drawn(made)
    sectors = np.random.default_rng(3).lognormal(9, 0.3, (len(SECTORS), len(HORIZONS), DRAWS))
    found = staffed(plant, np.ones(len(SECTORS)), sectors, paths)
    expected = 0.0
    for pair, (leaf, occupation) in enumerate(zip(paths.leaf, paths.occupation, strict=True)):
        if plant.occupations[occupation] == "02":
            expected += paths.shares[pair, 1, 7] * sectors[leaf, 1, 7]
    assert found[plant.occupations.index("02"), 1, 7] == pytest.approx(expected)


def test_names_and_order_change_nothing() -> None:
    plant, table, _ = world(drift=0.05)
    other = table.assign(
        sector=table["sector"].map({s: f"z{9 - at}" for at, s in enumerate(SECTORS)}),
        occupation="x" + table["occupation"],
    ).sample(frac=1, random_state=1)
    first = past_of((plant, table, np.empty(0)))
    plant_of_other = dataclasses.replace(
        plant,
        leaves=tuple(f"z{9 - at}" for at, _ in enumerate(SECTORS)),
        employment=plant.employment.assign(
            sector=plant.employment["sector"].map({s: f"z{9 - at}" for at, s in enumerate(SECTORS)})
        ),
    )
    second = staffing_history(plant_of_other, other, BASE)
    expected = first.panel.index.assign(found=PooledDrift().forecast(first.panel, (5,))[:, 0])
    found = second.panel.index.assign(found=PooledDrift().forecast(second.panel, (5,))[:, 0])
    expected["sector"] = expected["sector"].map({s: f"z{9 - at}" for at, s in enumerate(SECTORS)})
    expected["occupation"] = "x" + expected["occupation"]
    keys = ["sector", "occupation"]
    both = expected.merge(found, on=keys)
    assert len(both) == len(expected)
    np.testing.assert_allclose(both["found_x"], both["found_y"], rtol=1e-6)


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_the_unit_does_not_matter(factor: float) -> None:
    plant, table, _ = world(drift=0.05)
    larger = dataclasses.replace(
        plant, employment=plant.employment.assign(persons=plant.employment["persons"] * factor)
    )
    one, other = (staffing_history(each, table, BASE).panel for each in (plant, larger))
    np.testing.assert_allclose(
        PooledDrift().forecast(other, (5,)), PooledDrift().forecast(one, (5,)) * factor, rtol=1e-6
    )


def test_later_years_are_not_looked_at() -> None:
    plant, table, _ = world(drift=0.05)
    later = table["year"] > BASE - 4
    changed = table.assign(share=np.where(later, table["share"] ** 2, table["share"]))
    one, other = (staffing_history(plant, each, BASE).panel.until(BASE - 4) for each in (table, changed))
    known = one.values[:, -1] > 0
    np.testing.assert_allclose(
        PooledDrift().forecast(one, (5,))[known], PooledDrift().forecast(other, (5,))[known], rtol=1e-9
    )
    cut = staffing_history(plant, table, BASE - 4)
    assert cut.panel.periods[-1] == BASE - 4


def test_history_that_ends_early_moves_the_base_year_by_what_is_still_to_come() -> None:
    plant, table, _ = world(drift=0.04, respondents=0)
    past = staffing_history(plant, table[table["year"] <= BASE - 2], BASE)
    errors = rolling_errors(past.panel, [PooledDrift()], range(1, YEARS)).assign(error=0.0)
    paths = staffing_paths(plant, past, PooledDrift(), errors, BASE, (1,), CLASSES, 3, 1)
    forecast = PooledDrift().forecast(past.panel, (2, 3))
    base = plant.staffing[paths.leaf, paths.occupation]
    ratio = np.log(paths.shares[:, 0, 0] / base)
    expected = np.log(forecast[:, 1] / forecast[:, 0])
    for leaf in range(len(SECTORS)):
        mine = paths.leaf == leaf
        gap = ratio[mine] - expected[mine]
        assert np.ptp(gap) < 1e-9, "the same but for scaling to 1"
