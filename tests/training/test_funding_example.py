"""The worked example: what an allocation would close, followed by hand and on a small simulated region."""

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.funding.closing import Seats, closed, missing_taught, spread_over
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.snapshot import Snapshot
from forecasting.sources import demo
from forecasting.sources.demo import Simulated
from tests.benchmarks.funding import GOLDEN, NAMES, PICTURE, SEED, draw, golden, worked, write
from tests.training.conftest import ruled
from training.funding_example import (
    ALLOCATIONS,
    BEST,
    BUDGET,
    LIMITED,
    PARTICIPATION,
    STEERED,
    Allocated,
    allocated,
    by_cell,
    closed_openings,
    summary,
)
from training.funding_example_report import across, group_table, readme_table
from training.funding_market import ASKED, Market, asked_by_applications, asked_by_workers, market_of

SMALL = 225_000_000
"""Cents: as much for each inhabitant as 45 million in the region of the README."""


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return demo.generate(seed=1, size="test")


@pytest.fixture(scope="module")
def rules(parameters: Parameters) -> Parameters:
    return ruled(parameters, draws=100, scenarios={})


@pytest.fixture(scope="module")
def built(simulated: Simulated, rules: Parameters) -> Snapshot:
    return build_snapshot(simulated.region, rules, seed=1, code="test")


@pytest.fixture(scope="module")
def market(simulated: Simulated, built: Snapshot) -> Market:
    return market_of(built, simulated.truth)


@pytest.fixture(scope="module")
def asked(simulated: Simulated, market: Market) -> Any:
    return asked_by_applications(market, simulated.funding["applications"], SMALL)


@pytest.fixture(scope="module")
def found(built: Snapshot, market: Market, asked: Any, rules: Parameters) -> Allocated:
    return allocated(built, market, asked, SMALL, rules)


def test_a_skill_taught_to_all_who_lack_it_closes_the_gap() -> None:
    """U1 = 10 with p = (0.8, 0.4), and 50 placed who hold 0.2 less: by DESIGN.md section 2, in fractions."""
    asked, short = [Fraction(4, 5), Fraction(2, 5)], [Fraction(1, 5), Fraction(0)]
    importance, nobody, placed = [Fraction(1), Fraction(1, 2)], 10, 50
    mass = sum(w * p for w, p in zip(importance, asked, strict=True))
    lack = sum(w * s for w, s in zip(importance, short, strict=True)) / mass
    unfilled = nobody + placed * lack
    lacking = [nobody * p + placed * s for p, s in zip(asked, short, strict=True)]
    by_skill = [w * persons / mass for w, persons in zip(importance, lacking, strict=True)]
    assert sum(by_skill) == unfilled
    teaches = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    taught = missing_taught(teaches, np.array([[float(each) for each in lacking]]), np.array([1.0, 0.5]))
    seats = Seats(np.array([60.0]), np.array([float(unfilled)]), np.ones((3, 1)), taught)
    everybody = np.diag([60.0, 60.0, 60.0])
    got = closed(everybody, seats, np.ones(1), led=False)[:, 0]
    np.testing.assert_allclose(got, [float(by_skill[0]), float(by_skill[1]), float(unfilled)])


def test_nobody_counts_twice_and_no_more_is_closed_than_is_open() -> None:
    rng = np.random.default_rng(1)
    openings = rng.uniform(0, 50, 6) * (rng.random(6) < 0.8)
    seats = Seats(
        openings,
        openings * rng.random(6),
        spread_over((rng.random((4, 6)) < 0.3).astype(float), openings),
        rng.random((4, 6)),
    )
    for led in (False, True):
        ladder = np.outer([1.0, 10.0, 1e3, 1e6], np.ones(4))
        got = closed(ladder, seats, np.full(6, 0.4), led=led)
        assert (got <= seats.unfilled + 1e-9).all()
        assert (np.diff(got, axis=0) >= -1e-9).all()
        assert (got[1] <= 10 * got[0] + 1e-9).all()


def test_closed_as_plain_loops(market: Market, found: Allocated, rules: Parameters) -> None:
    """The same sum, a trainee's way from euro to opening in loops."""
    cents, declared = found.cents[STEERED], rules["deadweight_shares"]
    total = 0.0
    for row, seats in enumerate(market.seats):
        for place, code in enumerate(market.offered.occupations):
            group = "low_skilled" if code.startswith("9") else "others"
            persons = gain = 0.0
            for course in range(len(market.offered.codes)):
                unit = row * len(market.offered.codes) + course
                trained = cents[unit] / market.price[course] * (1 - declared[group]["central"])
                there = trained * seats.spread[course, place]
                persons, gain = persons + there, gain + there * seats.taught[course, place]
            if seats.openings[place] > 0:
                fits = min(1.0, seats.openings[place] / persons) if persons > 0 else 1.0
                total += gain * fits * seats.unfilled[place] / seats.openings[place]
    assert closed_openings(market, cents[None], rules)[0] == pytest.approx(total)


def test_every_cent_is_allocated_within_what_is_asked(found: Allocated, asked: Any) -> None:
    assert int(asked.sum()) == ASKED * SMALL
    assert set(found.cents) == set(ALLOCATIONS)
    for name, cents in found.cents.items():
        assert int(cents.sum()) == SMALL, name
        assert ((cents >= 0) & (cents <= asked)).all(), name
    for amounts in found.drawn.values():
        np.testing.assert_allclose(amounts.sum(axis=1), SMALL)


def test_the_first_year_stays_within_the_change_limit(found: Allocated, rules: Parameters) -> None:
    before, after = found.cents[PARTICIPATION], found.cents[LIMITED]
    assert (np.abs(after - before) <= rules["allocation_change_limit"] * before).all()
    assert (after[before > 0] > 0).all()


def test_no_aid_for_what_the_law_requires(simulated: Simulated, market: Market) -> None:
    table = simulated.region.tables["courses"].set_index("course")
    assert table["mandatory"].any()
    assert not table.loc[list(market.offered.codes), "mandatory"].any()


def test_the_summary_adds_up(market: Market, found: Allocated, rules: Parameters) -> None:
    table = summary(market, found, rules).set_index("allocation")
    assert table.loc[PARTICIPATION, "times"] == 1
    assert table["times"].idxmax() == BEST, "the truth known and no rule to follow closes most"
    np.testing.assert_allclose(table["per_million"] * SMALL / 100 / 1e6, table["closed"])
    np.testing.assert_allclose(table["cost_per_additional"], SMALL / table["additional"], rtol=1e-6)
    assert (table["cost_per_additional_low"] < table["cost_per_additional"]).all()
    assert (table["cost_per_additional"] < table["cost_per_additional_high"]).all()
    assert (table["closed"] <= market.unfilled.sum()).all()
    assert table["share_to_neediest"].between(0, 1).all()
    drawn = table.loc[[LIMITED, STEERED]]
    assert (drawn["times_p10"] <= drawn["times_p90"]).all()
    assert table.drop([LIMITED, STEERED])[["times_p10", "neutral"]].isna().all(axis=None)
    assert ((drawn["neutral"] > 0) & (drawn["neutral"] < 1)).all()


def test_groups_sum_to_the_budget(
    simulated: Simulated, market: Market, found: Allocated, rules: Parameters
) -> None:
    assert by_cell(market, found.cents[STEERED]).sum() == pytest.approx(SMALL)
    table = group_table(simulated.region, market, found, rules)
    sums = table.groupby("by")[["cents", "baseline", "change"]].sum()
    assert list(sums.index) == ["education", "region", "sector"]
    assert (sums[["cents", "baseline"]] == SMALL).all(axis=None)
    assert (sums["change"] == 0).all()
    assert (table["cents_p10"] <= table["cents_p90"]).all()


def test_where_nothing_is_known_both_ways_pay_the_same(
    built: Snapshot, market: Market, asked: Any, rules: Parameters
) -> None:
    """A release that tells no skill has neutral weights: demand-steering is then participation."""
    rows = built.tables["skill_weights"].iloc[:0]
    nothing = dataclasses.replace(
        built,
        tables={**built.tables, "skill_weights": rows},
        draws={**built.draws, "lacking_skills": built.draws["lacking_skills"][:0]},
    )
    same = allocated(nothing, market, asked, SMALL, rules)
    for name in (LIMITED, STEERED):
        assert (same.cents[name] == same.cents[PARTICIPATION]).all()


def test_workers_ask_for_twice_the_budget_everywhere(market: Market) -> None:
    wanted = market.by_region(asked_by_workers(market, SMALL))
    assert int(wanted.sum()) == ASKED * SMALL
    more = market.employed.sum(axis=1).argsort()
    assert (wanted.sum(axis=1).argsort() == more).all()


def test_the_golden_files_make_the_picture_and_the_table(tmp_path: Path) -> None:
    tables = {name: pd.read_csv(golden(name)) for name in NAMES}
    own, regions = tables["summary"], tables["regions"]
    assert set(own["seed"]) == {SEED}
    assert SEED not in set(regions["seed"])
    assert (own["cents"] == BUDGET).all()
    beside = across(regions)
    for asked in ("applications", "workers"):
        lines = readme_table(own[own["asked"] == asked], beside[beside["asked"] == asked])
        assert len(lines) == 2 + len(ALLOCATIONS)
        assert len({line.count("|") for line in lines}) == 1
    assert draw(GOLDEN, tmp_path / PICTURE).read_bytes() == (GOLDEN / PICTURE).read_bytes()


@pytest.mark.full
def test_the_readme_is_what_is_built(tmp_path: Path) -> None:
    """The README's region anew, from simulation to euros; demand-steering need not win."""
    write(worked(SEED), pd.read_csv(golden("regions")), tmp_path)
    for name in ("summary", "groups"):
        again = pd.read_csv(tmp_path / golden(name).name)
        pd.testing.assert_frame_equal(again, pd.read_csv(golden(name)), rtol=1e-3)
