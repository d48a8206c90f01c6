"""Scenarios differ from the baseline by their assumptions, by nothing else, and say so cell by cell."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from forecasting.cohorts import Cohorts
from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.scenarios import (
    Scenario,
    assumed_growth,
    moved_paths,
    on_path,
    read_scenarios,
    retained,
    sections_of,
)
from forecasting.snapshot import Snapshot, write_snapshot
from tests.conftest import baseline

KEY = ["region", "occupation", "horizon"]
DECLARED = {
    "slow": {"description": "slow", "employment_growth": -0.01},
    "late": {"description": "late", "older_retention": 0.2},
    "care": {"description": "care", "sector_growth": {"Q": 0.02}},
}


def with_scenarios(parameters: Parameters, declared: object) -> Parameters:
    changed = dataclasses.replace(parameters.values["scenarios"], value=declared)
    return dataclasses.replace(parameters, values={**parameters.values, "scenarios": changed})


def in_nace(region: Region, **tables: pd.DataFrame) -> Region:
    """Return the made-up region as if its letters were sections of NACE: Q is health, X is none."""
    classes = {**region.settings["classifications"], "sectors": {"name": "NACE Rev. 2", "version": "2008"}}
    settings = {**region.settings, "classifications": classes}
    return dataclasses.replace(region, settings=settings, tables={**region.tables, **tables})


@pytest.fixture(scope="module")
def declared(parameters: Parameters) -> Parameters:
    few = dataclasses.replace(parameters.values["draws"], value=400)
    fewer = dataclasses.replace(parameters, values={**parameters.values, "draws": few})
    return with_scenarios(fewer, DECLARED)


@pytest.fixture(scope="module")
def built(tiny: Region, declared: Parameters) -> Snapshot:
    return build_snapshot(in_nace(tiny), declared, 1, "test")


def of(snapshot: Snapshot, scenario: str) -> pd.DataFrame:
    """Return a row per cell: means of every component, supply, unfilled and the scores."""
    openings, gaps = (snapshot.tables[name] for name in ("openings", "gaps"))
    openings = openings[openings["scenario"] == scenario]
    wide = openings.set_index([*KEY, "component"])["mean"].unstack("component").drop(columns="openings")
    return gaps[gaps["scenario"] == scenario].set_index(KEY).join(wide)


def test_the_baseline_is_what_it_is_without_scenarios(
    tiny: Region, declared: Parameters, built: Snapshot
) -> None:
    alone = build_snapshot(in_nace(tiny), with_scenarios(declared, {}), 1, "test")
    assert alone.tables["scenario_effects"].empty
    assert built.manifest["scenarios"] == ["baseline", *DECLARED]
    for name, table in alone.tables.items():
        found = built.tables[name]
        rows = baseline(found) if "scenario" in found and name != "scenario_effects" else found
        if name != "scenario_effects":
            pd.testing.assert_frame_equal(
                rows.reset_index(drop=True), table.reset_index(drop=True), check_exact=True
            )
    np.testing.assert_array_equal(built.draws["score"], alone.draws["score"])


def test_lower_growth_raises_neither_employment_nor_new_jobs_nor_openings_nor_the_unfilled(
    built: Snapshot,
) -> None:
    """A median share may rise all the same: draws that are left without openings drop out of it."""
    slow, base = of(built, "slow"), of(built, "baseline")
    for name in ("employment", "new_jobs", "openings", "unfilled"):
        assert (slow[name] <= base[name] + 1e-9).all(), name
    years = slow.index.get_level_values("horizon").to_numpy()
    np.testing.assert_allclose(slow["employment"], base["employment"] * np.exp(-0.01 * years))
    pd.testing.assert_series_equal(slow["supply"], base["supply"])


def test_later_retirement_lowers_replacement_55_plus_where_employment_and_supply_stay(
    built: Snapshot,
) -> None:
    late, base = of(built, "late"), of(built, "baseline")
    for name in ("employment", "expansion", "new_jobs", "supply"):
        pd.testing.assert_series_equal(late[name], base[name])
    assert (late["replacement_55_plus"] < base["replacement_55_plus"]).all()
    assert (late["score_p50"] <= base["score_p50"] + 1e-12).all()
    assert (late["score_p50"] < base["score_p50"]).any()


def test_only_a_named_section_moves(built: Snapshot) -> None:
    care, base = of(built, "care"), of(built, "baseline")
    only_market = care.index.get_level_values("occupation") == "25"  # programmers: no health
    same = ["scenario", "rank", "rank_p10", "rank_p90"]  # others move past it
    pd.testing.assert_frame_equal(care[only_market].drop(columns=same), base[only_market].drop(columns=same))
    nurses = care.index.get_level_values("occupation") == "22"
    years = care.index.get_level_values("horizon").to_numpy()[nurses]
    np.testing.assert_allclose(care["employment"][nurses], base["employment"][nurses] * np.exp(0.02 * years))


def test_occupations_add_up_in_every_scenario(built: Snapshot) -> None:
    for scenario in built.manifest["scenarios"]:
        rows = of(built, scenario)
        for name in ("employment", "expansion", "new_jobs", "openings", "supply", "unfilled"):
            whole = rows.xs("TOTAL", level="occupation")[name]
            parts = rows[~rows["aggregate"]].groupby(level=["region", "horizon"])[name].sum()
            np.testing.assert_allclose(whole.sort_index(), parts.sort_index(), rtol=1e-9, atol=1e-9)
    assert max(built.manifest["residuals"].values()) < 1e-6


def test_regions_add_up_in_every_scenario(tiny: Region, declared: Parameters) -> None:
    """Two equal markets under one aggregate: draws are shared, so the sum is twice each."""
    tables = {
        name: pd.concat([table, table.assign(region="T2")])
        if "region" in table and name != "skill_mentions"
        else table
        for name, table in tiny.tables.items()
    }
    market = tiny.tables["regions"].query("code == 'TY'")
    whole = market.assign(code="ALL", parent="", role="aggregate")
    tables["regions"] = pd.concat(
        [whole, market.assign(parent="ALL"), market.assign(code="T2", parent="ALL")]
    )
    gaps = build_snapshot(in_nace(tiny, **tables), declared, 1, "test").tables["gaps"]
    wide = gaps.set_index(["scenario", "occupation", "horizon", "region"])[["openings", "supply", "unfilled"]]
    for name in wide:
        by_region = wide[name].unstack("region")
        np.testing.assert_allclose(by_region["ALL"], by_region["TY"] + by_region["T2"])
    assert gaps["scenario"].value_counts().to_dict() == dict.fromkeys(("baseline", *DECLARED), len(gaps) / 4)


def test_effects_are_the_differences_of_the_tables(built: Snapshot) -> None:
    means = {
        (*(row[key] for key in KEY), row["scenario"], row["component"]): row["mean"]
        for row in built.tables["openings"].to_dict("records")
    }
    gaps = {
        (*(row[key] for key in KEY), row["scenario"]): row for row in built.tables["gaps"].to_dict("records")
    }
    effects = built.tables["scenario_effects"].to_dict("records")
    assert len(effects) == len(DECLARED) * len(baseline(built.tables["gaps"]))
    for row in effects:
        cell = tuple(row[key] for key in KEY)
        here, there = gaps[*cell, row["scenario"]], gaps[*cell, "baseline"]
        for name in ("openings", "supply", "unfilled", "score_p50"):
            assert row[name] == here[name] - there[name]
        moved = {
            name: means[*cell, row["scenario"], name] - means[*cell, "baseline", name]
            for name in ("employment", "new_jobs", "replacement_25_54", "replacement_55_plus")
        }
        for name in ("employment", "new_jobs", "replacement_55_plus"):
            assert row[name] == moved[name]
        replacement = moved["replacement_25_54"] + moved["replacement_55_plus"]
        assert row["replacement"] == pytest.approx(replacement, abs=1e-9)
        assert row["new_jobs"] + row["replacement"] == pytest.approx(row["openings"], abs=1e-6)


def test_why_names_the_assumption_that_touches_the_cell(built: Snapshot) -> None:
    effects = (
        built.tables["scenario_effects"].query("horizon == 5").set_index(["scenario", "occupation"])["why"]
    )
    assert "grow by -1 % a year beside the baseline" in effects["slow", "22"]
    assert "20% of those aged 55+ who would leave stay" in effects["late", "22"]
    assert "supply +0" in effects["late", "22"]
    assert "grow by +2 % a year" in effects["care", "22"]
    assert effects["care", "25"] == "No assumption of this scenario touches it."


def test_without_seekers_the_score_is_unknown_and_openings_still_move(
    tiny: Region, declared: Parameters
) -> None:
    tables = {name: table for name, table in tiny.tables.items() if name != "jobseekers"}
    found = build_snapshot(dataclasses.replace(tiny, tables=tables), declared, 1, "test")
    slow = found.tables["scenario_effects"].query("scenario == 'slow'")
    assert slow["score_p50"].isna().all()
    assert (slow["reason"] == "unavailable").all()
    assert (slow["openings"] < 0).all()
    assert slow["why"].str.contains("supply unknown, median share unfilled unknown").all()


@pytest.mark.parametrize("counted", [False, True], ids=["other letters", "occupations"])
def test_without_nace_only_growth_of_all_moves(tiny: Region, declared: Parameters, counted: bool) -> None:
    region = tiny
    if counted:
        region = by_occupation(in_nace(tiny))
    found = build_snapshot(region, declared, 1, "test")
    effects = found.tables["scenario_effects"].set_index("scenario")
    assert (effects.loc["care", "employment"] == 0).all()
    assert (effects.loc["slow", "employment"] < 0).all()
    assert any("no sections of NACE Rev. 2" in sentence for sentence in found.manifest["not_quotable"])


def by_occupation(region: Region) -> Region:
    """Return the region as one that counts occupations, with letters for codes: Q is a nurse."""
    by_sector, staffing = region.tables["sector_employment"], region.tables["staffing"]
    joined = by_sector[by_sector["age_band"] == "all"].merge(staffing, on="sector")
    joined["persons"] *= joined["share"]
    counted = joined.groupby(["year", "region", "occupation", "age_band"], as_index=False)["persons"].sum()
    total = by_sector[by_sector["sector"] == "TOTAL"].rename(columns={"sector": "occupation"})
    tables = {k: v for k, v in region.tables.items() if k not in {"staffing", "sector_employment"}}
    letters = {"22": "Q", "25": "J", "52": "G"}
    tables["occupation_employment"] = pd.concat([counted, total[[*counted.columns]]]).assign(flag="")
    for name, table in tables.items():
        for column in {"occupation", "code"} & set(table):
            tables[name] = tables[name].assign(**{column: table[column].replace(letters)})
    return dataclasses.replace(region, tables=tables)


def outlook(*rows: tuple[int, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["year", "sector", "scenario", "persons"]).assign(region="TY")


def test_draws_meet_a_given_path_in_the_mean(tiny: Region, declared: Parameters) -> None:
    given = outlook(
        *((2030, "Q", "baseline", 12_000.0), (2030, "X", "baseline", 5_000.0)),
        *((2030, "Q", "care", 15_000.0), (2031, "Q", "baseline", 1.0), (2030, "Q", "other", 1.0)),
    )
    found = build_snapshot(in_nace(tiny, sector_outlook=given), declared, 1, "test")
    total = {
        name: of(found, name).loc[("TY", "TOTAL", 5), "employment"] for name in found.manifest["scenarios"]
    }
    assert total["baseline"] == pytest.approx(17_000, rel=1e-12)
    assert total["late"] == pytest.approx(17_000, rel=1e-12)
    assert total["care"] == pytest.approx(20_000, rel=1e-12), "its own path, not growth on top of it"
    assert total["slow"] == pytest.approx(17_000 * math.exp(-0.05), rel=1e-12), "from the baseline's path"
    own = build_snapshot(in_nace(tiny), declared, 1, "test")
    for scenario in ("baseline", "slow", "late"):
        pd.testing.assert_frame_equal(
            of(found, scenario).xs(1, level="horizon"), of(own, scenario).xs(1, level="horizon")
        )
    told = " ".join(found.manifest["not_quotable"])
    assert "sector_outlook: 3 of 5 figures are a forecast sector" in told
    assert "not used in this version" not in told


def test_a_given_path_scales_draws_and_keeps_their_spread() -> None:
    paths = np.array([[[90.0, 110.0]], [[0.0, 0.0]], [[5.0, 7.0]]])
    found = on_path(paths, np.array([[50.0], [3.0], [np.nan]]))
    np.testing.assert_allclose(found, [[[45, 55]], [[3, 3]], [[5, 7]]])


def test_growth_moves_every_draw_by_its_years() -> None:
    scenario = Scenario("s", "d", 0.01, {"B": 0.02, "C": 0.04})
    growth = assumed_growth(scenario, [("B", "C", "D", "E"), ("A",), ()])
    np.testing.assert_allclose(growth, [0.01 + 0.015, 0.01, 0.01])
    found = moved_paths(np.ones((3, 2, 4)), growth, (1, 10))
    np.testing.assert_allclose(found[0, :, 0], np.exp([0.025, 0.25]))


@pytest.mark.parametrize("code", ["TOTAL", "X", "22", "B-", "-E", "M__N", "b", "", "B-E-F"])
def test_codes_that_are_no_sections(code: str) -> None:
    assert sections_of(code) == ()


def test_who_stays_is_of_those_who_would_leave_before_the_open_band() -> None:
    bands = ("15-24", "25-34", "35-44", "45-54", "55-64", "65+")
    retention = np.array([2.0, 1.1, 0.9, 0.6, 0.1, 0.0])[:, None]
    cohorts = Cohorts(bands, np.arange(15.0, 75, 10), 10, np.full(6, 100.0), retention)
    late = retained(cohorts, 0.25)
    np.testing.assert_allclose(late.retention[:, 0], [2, 1.1, 0.9, 1 - 0.4 * 0.75, 1 - 0.9 * 0.75, 0])
    np.testing.assert_array_equal(late.inflow(10), cohorts.inflow(10))
    assert (late.leaving(10) <= cohorts.leaving(10)).all()
    growing = dataclasses.replace(cohorts, retention=retention + np.array([0, 0, 0, 0.6, 0, 0])[:, None])
    np.testing.assert_array_equal(retained(growing, 0.25).retention[3], growing.retention[3])
    np.testing.assert_array_equal(retained(cohorts, 0.0).retention, cohorts.retention)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"growth": 0.01}, "found growth; expected only description, employment_growth"),
        ({"sector_growth": {"AB": 0.01}}, "expected sections of NACE Rev. 2, A to U"),
        ({"sector_growth": {"V": 0.01}}, "expected sections of NACE Rev. 2, A to U"),
        ({"sector_growth": 0.01}, "expected sections of NACE Rev. 2"),
        ({"sector_growth": {"C": "fast"}}, "sector_growth C 'fast'"),
        ({"employment_growth": 2}, "employment_growth 2; expected a share from -0.2 to 0.2"),
        ({"older_retention": 1.5}, "older_retention 1.5; expected a share from 0 to 1"),
        ({"older_retention": True}, "older_retention True"),
        ({"employment_growth": float("nan")}, "employment_growth nan"),
        ({"description": ""}, "found no description"),
    ],
)
def test_what_is_no_assumption_is_refused(entry: dict[str, object], message: str) -> None:
    with pytest.raises(ForecastingError, match=f"scenario s: .*{message}"):
        read_scenarios({"s": {"description": "d", **entry}})


def test_the_baseline_cannot_be_declared() -> None:
    with pytest.raises(ForecastingError, match="not 'baseline'"):
        read_scenarios({"baseline": {"description": "d", "employment_growth": 0.01}})


def test_the_declared_scenarios_can_be_read(parameters: Parameters) -> None:
    names = [each.name for each in read_scenarios(parameters["scenarios"])]
    assert names == ["baseline", "low_growth", "later_retirement", "retirement_age", "green", "digital"]


def test_ranks_are_within_a_scenario(built: Snapshot) -> None:
    cells = built.tables["gaps"].query("not aggregate and rank.notna()")
    assert (cells.groupby(["region", "scenario", "horizon"])["rank"].min() == 1).all()


def test_the_same_assumptions_give_the_same_snapshot(
    tiny: Region, declared: Parameters, built: Snapshot, tmp_path
) -> None:
    again = build_snapshot(in_nace(tiny), declared, 1, "test")
    assert write_snapshot(again, tmp_path / "a") == write_snapshot(built, tmp_path / "b")


def test_what_is_paid_and_asked_is_the_baselines(built: Snapshot) -> None:
    for name in ("weights", "skill_gaps"):
        assert set(built.tables[name]["scenario"]) == {"baseline"}
    assert len(built.draws["score"]) == len(baseline(built.tables["gaps"]))
