"""A region's own staffing: what its survey can tell from noise, and what never changes."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from forecasting.demand import Industry, employment_panel, industry_by_sector
from forecasting.evidence import train
from forecasting.history import employment_history
from forecasting.layout import lay_out
from forecasting.manifest import not_quotable
from forecasting.markets import forecast_market, grounds
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.regional_staffing import (
    Counts,
    composite,
    raked,
    survey_counts,
    with_regional_staffing,
)
from forecasting.scenarios import read_scenarios
from forecasting.series.panel import Array
from forecasting.series.shrinkage import fit_noise
from forecasting.snapshot import Snapshot
from forecasting.staffing import StaffingPaths, staffed
from tests.forecasting.test_staffing_history import with_history

BASE, YEARS = 2025, range(2014, 2026)
SECTORS = ("A", "B", "C")
OCCUPATIONS = tuple(f"{number:02d}" for number in range(40))
MARKETS = ("R1", "R2")
FRACTION = 0.01


def industry() -> Industry:
    """Return three sectors in two markets, staffed by forty occupations of very different size."""
    random = np.random.default_rng(1)
    share = random.lognormal(0, 1, (len(SECTORS), len(OCCUPATIONS)))
    share /= share.sum(axis=1, keepdims=True)
    staffing = pd.DataFrame(
        [
            {"sector": sector, "occupation": occupation, "share": share[row, column], "flag": ""}
            for row, sector in enumerate(SECTORS)
            for column, occupation in enumerate(OCCUPATIONS)
        ]
    )
    sectors = pd.DataFrame({"code": [*SECTORS, "TOTAL"], "parent": ["TOTAL"] * 3 + [""]})
    employment = pd.DataFrame(
        [
            {"year": year, "region": region, "sector": sector, "age_band": "all", "persons": persons}
            for year in YEARS
            for region, size in zip(MARKETS, (1, 2), strict=True)
            for sector, persons in zip(SECTORS, (50_000 * size, 30_000, 500 * year - 900_000), strict=True)
        ]
    )
    return industry_by_sector(employment.assign(flag=""), sectors, staffing)


def persons(plant: Industry, market: str, year: int = BASE) -> Array:
    rows = plant.employment[plant.employment["region"].eq(market) & plant.employment["year"].eq(year)]
    return rows.set_index("sector")["persons"].reindex(list(plant.leaves)).to_numpy(dtype=float)


def survey(
    plant: Industry, factor: Array, *, seed: int = 2, fraction: float = FRACTION, stated: bool = True
) -> pd.DataFrame:
    """Sample persons who are spread as the common staffing says, times a factor of each market's cell."""
    random = np.random.default_rng(seed)
    rows = []
    for row, market in enumerate(MARKETS):
        for year in YEARS:
            true = persons(plant, market, year) @ plant.staffing * factor[row]
            counts = random.poisson(true / true.sum() * persons(plant, market, year).sum() * fraction)
            rows += [
                {
                    "year": year,
                    "region": market,
                    "occupation": code,
                    "age_band": "all",
                    "persons": count / fraction,
                    "relative_standard_error": 1 / math.sqrt(max(count, 1)) if stated else np.nan,
                }
                for code, count in zip(plant.occupations, counts, strict=True)
            ]
    return pd.DataFrame(rows).assign(flag="")


def differing() -> Array:
    return np.random.default_rng(5).lognormal(0, 0.5, (len(MARKETS), len(OCCUPATIONS)))


def truth(plant: Industry, factor: Array) -> Array:
    found = np.array([persons(plant, market) @ plant.staffing for market in MARKETS]) * factor
    whole = np.array([[persons(plant, market).sum()] for market in MARKETS])
    return np.asarray(found / found.sum(axis=1, keepdims=True) * whole)


def placed(plant: Industry) -> Array:
    return np.array([persons(plant, market) @ plant.in_region(market).staffing for market in MARKETS])


@pytest.mark.parametrize("stated", [True, False])
def test_true_differences_between_regions_are_found(stated: bool) -> None:
    plant, factor = industry(), differing()
    found = with_regional_staffing(plant, survey(plant, factor, stated=stated), MARKETS, BASE)
    true = truth(plant, factor)
    before, after = (np.abs(placed(each) - true).mean() for each in (plant, found))
    last = survey(plant, factor).query("year == @BASE")["persons"].to_numpy().reshape(true.shape)
    assert after < 0.25 * before
    assert after < 0.7 * np.abs(last - true).mean(), "one year's survey alone is worse"


def test_sampling_noise_alone_leaves_the_common_staffing() -> None:
    plant = industry()
    same = np.ones((len(MARKETS), len(OCCUPATIONS)))
    found = with_regional_staffing(plant, survey(plant, same, fraction=0.002), MARKETS, BASE)
    np.testing.assert_allclose(placed(found), placed(plant), rtol=0.05)


def test_sectors_keep_their_persons_and_occupations_follow_the_composite() -> None:
    plant = industry()
    table = survey(plant, differing())
    found = with_regional_staffing(plant, table, MARKETS, BASE)
    factor = composite(survey_counts(plant, table, MARKETS, BASE)).factor.reshape(len(MARKETS), -1)
    for row, market in enumerate(MARKETS):
        own = found.in_region(market)
        np.testing.assert_allclose(own.staffing.sum(axis=1), 1, rtol=1e-12)
        wanted = persons(plant, market) @ plant.staffing * factor[row]
        wanted *= persons(plant, market).sum() / wanted.sum()
        np.testing.assert_allclose(persons(plant, market) @ own.staffing, wanted, atol=1)


def plain_composite(counts: Counts) -> list[float]:
    """Work the factors out cell by cell and year by year."""
    cells, years = counts.ratio.shape
    mean = [np.nanmean(counts.ratio[cell]) for cell in range(cells)]
    size = [counts.expected[cell].mean() for cell in range(cells)]
    values, variance = np.empty((cells, years)), np.empty((cells, years))
    for cell in range(cells):
        for year in range(years):
            values[cell, year] = counts.ratio[cell, year] * size[cell]
            stated = counts.unit[cell] * mean[cell] / counts.expected[cell, year]
            variance[cell, year] = stated * size[cell] ** 2
    movement = fit_noise(values, variance).movement
    logs, errors = [], []
    for cell in range(cells):
        level, spread = mean[cell], 0.0
        for _ in range(3):
            size_now = level
            level, spread = 0.0, math.inf
            for year in range(years):
                ratio = counts.ratio[cell, year]
                spread += movement * size_now**2
                if math.isnan(ratio):
                    continue
                error = counts.unit[cell] * size_now / counts.expected[cell, year]
                gain = 1.0 if math.isinf(spread) else spread / (spread + error)
                level, spread = level + gain * (ratio - level), gain * error
        logs.append(math.log(level))
        errors.append(spread / level**2)
    excess = sum(each**2 / error for each, error in zip(logs, errors, strict=True)) - cells
    between = max(excess / sum(1 / error for error in errors), 0)
    return [math.exp(each * between / (between + error)) for each, error in zip(logs, errors, strict=True)]


def test_the_composite_is_the_plain_loop() -> None:
    plant = industry()
    table = survey(plant, differing(), fraction=0.05)
    common = (table["occupation"] == "07") & (table["year"] == 2018)
    counts = survey_counts(plant, table[~common], MARKETS, BASE)
    assert np.isnan(counts.ratio).any(), "one year of one occupation is unknown"
    counts = dataclasses.replace(counts, ratio=np.where(counts.ratio == 0, 1e-3, counts.ratio))
    np.testing.assert_allclose(composite(counts).factor, plain_composite(counts), rtol=1e-9)


def test_the_survey_is_held_to_the_sectors_of_its_year() -> None:
    plant = industry()
    table = survey(plant, differing(), fraction=0.05)
    counts = survey_counts(plant, table, MARKETS, BASE)
    row = counts.index.query("region == 'R2' and occupation == '11'").index[0]
    synthetic = {
        code: sum(
            persons(plant, "R2", 2016)[leaf] * plant.staffing[leaf, column] for leaf in range(len(SECTORS))
        )
        for column, code in enumerate(plant.occupations)
    }
    year = table.query("region == 'R2' and year == 2016").set_index("occupation")["persons"]
    level = year.sum() / sum(synthetic.values())
    assert counts.ratio[row, 2] == pytest.approx(year["11"] / (level * synthetic["11"]))
    stated = table.query("region == 'R2' and occupation == '11'")
    squares = (stated["persons"] * stated["relative_standard_error"]) ** 2
    assert counts.unit[row] == pytest.approx(squares.sum() / stated["persons"].sum())


def test_names_and_order_change_nothing() -> None:
    plant, table = industry(), survey(industry(), differing())
    names = {code: f"x{99 - int(code)}" for code in OCCUPATIONS}
    staffing = pd.DataFrame(plant.staffing, index=plant.leaves, columns=plant.occupations)
    flipped = staffing.rename(columns=names).sort_index(axis=1)
    other = dataclasses.replace(
        plant, occupations=tuple(flipped.columns), staffing=flipped.to_numpy(dtype=float)
    )
    renamed = table.assign(occupation=table["occupation"].map(names)).sample(frac=1, random_state=1)
    one = with_regional_staffing(plant, table, MARKETS, BASE)
    two = with_regional_staffing(other, renamed, MARKETS[::-1], BASE)
    back = [two.occupations.index(names[code]) for code in plant.occupations]
    for market in MARKETS:
        np.testing.assert_allclose(two.regional[market][:, back], one.regional[market], rtol=1e-6)


@pytest.mark.parametrize("stated", [True, False])
def test_only_ratios_count(stated: bool) -> None:
    plant = industry()
    table = survey(plant, differing(), stated=stated)
    one = with_regional_staffing(plant, table, MARKETS, BASE)
    twice = table.assign(persons=table["persons"] * 3)
    larger = dataclasses.replace(
        plant, employment=plant.employment.assign(persons=plant.employment["persons"] * 7)
    )
    for other in (
        with_regional_staffing(plant, twice, MARKETS, BASE),
        with_regional_staffing(larger, table, MARKETS, BASE),
    ):
        for market in MARKETS:
            np.testing.assert_allclose(other.regional[market], one.regional[market], rtol=1e-6)


def test_nothing_after_the_base_year_is_read() -> None:
    plant, factor = industry(), differing()
    table = survey(plant, factor)
    changed = table.assign(persons=table["persons"].where(table["year"] <= 2020, 1.0))
    one, other = (with_regional_staffing(plant, each, MARKETS, 2020) for each in (table, changed))
    for market in MARKETS:
        np.testing.assert_array_equal(one.regional[market], other.regional[market])


def test_small_cells_that_are_not_published_do_not_raise_the_others() -> None:
    plant, factor = industry(), differing()
    table = survey(plant, factor, fraction=0.003)
    limit = 5 / 0.003
    kept = table[table["persons"] >= limit]
    found = with_regional_staffing(plant, kept, MARKETS, BASE)
    true, seen = truth(plant, factor), placed(found)
    small = true < 1.2 * limit
    assert small.sum() > 10
    assert abs(np.log(seen[small] / true[small]).mean()) < 0.2
    some = kept.query("region == 'R1' and occupation == '00'")
    assert len(some) == len(YEARS), "a large cell"
    gap = kept.drop(some.index[3])
    counts = survey_counts(plant, gap, MARKETS, BASE)
    assert np.isnan(counts.ratio[0, 3]), "its gap is no small figure"


@pytest.mark.parametrize("stated", [True, False])
def test_one_year_without_stated_errors_says_nothing(stated: bool) -> None:
    plant = industry()
    table = survey(plant, differing(), stated=stated).query("year == @BASE")
    found = with_regional_staffing(plant, table, MARKETS, BASE)
    moved = np.abs(placed(found) / placed(plant) - 1).max()
    assert moved > 0.2 if stated else moved < 1e-6


def test_what_the_common_staffing_does_not_know_stays_out() -> None:
    staffing = np.array([[0.6, 0.4, 0.0], [0.0, 0.5, 0.5], [0.3, 0.3, 0.4]])
    found = raked(staffing, np.array([100.0, 200.0, 0.0]), np.array([1.2, 0.8, 1.0]))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found[staffing == 0] == 0).all()
    np.testing.assert_array_equal(found[2], staffing[2])


def test_regional_staffing_moves_by_the_common_ratios() -> None:
    plant = with_regional_staffing(industry(), survey(industry(), differing()), MARKETS, BASE)
    leaf, occupation = np.nonzero(plant.staffing)
    base, random = plant.staffing[leaf, occupation], np.random.default_rng(3)
    shares = base[:, None, None] * random.lognormal(0, 0.2, (len(base), 2, 5))
    for one in range(len(SECTORS)):
        shares[leaf == one] /= shares[leaf == one].sum(axis=0)
    paths = StaffingPaths(leaf, occupation, shares, base)
    sectors = random.lognormal(9, 0.3, (len(SECTORS), 2, 5))
    own = plant.in_region("R1")
    found = staffed(own, np.ones(len(SECTORS)), sectors, paths)
    expected = np.zeros(len(OCCUPATIONS))
    for one in range(len(SECTORS)):
        weight = {
            int(occupation[pair]): own.staffing[one, occupation[pair]] * shares[pair, 1, 2] / base[pair]
            for pair in range(len(base))
            if leaf[pair] == one
        }
        for column, share in weight.items():
            expected[column] += share / sum(weight.values()) * sectors[one, 1, 2]
    np.testing.assert_allclose(found[:, 1, 2], expected, rtol=1e-10)
    np.testing.assert_allclose(found.sum(axis=0), sectors.sum(axis=0), rtol=1e-12)


def surveyed(region: Region, shares: dict[str, float]) -> Region:
    """Give the made-up region a survey in which its occupations have these shares in every year."""
    rows = [
        {"year": year, "region": "TY", "occupation": code, "age_band": "all", "persons": 10_000 * share}
        for year in range(2016, 2028)
        for code, share in shares.items()
    ]
    table = pd.DataFrame(rows).assign(relative_standard_error=0.01, flag="")
    return dataclasses.replace(region, tables={**region.tables, "occupation_employment": table})


def test_the_whole_chain_follows_the_survey_and_adds_up(tiny: Region, parameters: Parameters) -> None:
    region = with_history(surveyed(tiny, {"22": 0.2, "25": 0.3, "52": 0.5}), 8, 0.06)
    industry, evidence = lay_out(region), train(region, parameters, 1)
    panel = employment_panel(industry, BASE)
    (start,) = grounds(region, industry, panel, evidence, parameters, 1)
    baseline, *_ = read_scenarios(parameters["scenarios"])
    market = forecast_market(region, industry, start, baseline, parameters)
    common = forecast_market(region, lay_out(tiny), start, baseline, parameters)

    share = dict(zip(industry.occupations, market.base / market.base.sum(), strict=True))
    usual = dict(zip(industry.occupations, common.base / common.base.sum(), strict=True))
    assert market.base.sum() == pytest.approx(market.sector_base.sum(), rel=1e-12)
    assert share["52"] == pytest.approx(0.5, abs=0.03)
    assert usual["52"] < 0.45
    for position, future in enumerate(market.employment):
        np.testing.assert_allclose(future.sum(axis=0), start.paths[:, position].sum(axis=0), rtol=1e-12)
    history = employment_history(industry, [market], BASE, 0).query("year == 2025")
    np.testing.assert_allclose(history["persons"].to_numpy(dtype=float), market.base, rtol=1e-9)

    said = " ".join(not_quotable(region, evidence))
    assert "Staffing moves as its history says" in said
    assert "Of TY it starts from their own survey" in said
    assert "used in this version: staffing_history" not in said


def test_without_a_survey_staffing_is_said_to_be_fixed(tiny_snapshot: Snapshot) -> None:
    said = " ".join(tiny_snapshot.manifest["not_quotable"])
    assert "Staffing is fixed" in said
    assert "own survey" not in said


def test_without_a_survey_of_a_market_nothing_changes(tiny: Region) -> None:
    table = surveyed(tiny, {"22": 0.2, "25": 0.3, "52": 0.5}).table("occupation_employment")
    others = [table.assign(region="elsewhere"), table.assign(age_band="15-24")]
    others += [table.assign(year=table["year"] + 30), table.assign(occupation="9" + table["occupation"])]
    for other in others:
        region = dataclasses.replace(tiny, tables={**tiny.tables, "occupation_employment": other})
        found = lay_out(region)
        assert not found.regional
        assert found.in_region("TY") is found
