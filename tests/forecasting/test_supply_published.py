"""Supply as it is published and scored: sources add up, parts stay parts, others only where declared."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.evidence import Evidence, train
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot

KEY = ["region", "occupation", "scenario", "horizon"]
OTHERS = pd.DataFrame(
    [
        (2024, "TY", "TOTAL", "migrants", 40.0),
        (2025, "TY", "TOTAL", "migrants", 60.0),
        (2025, "TY", "22", "commuters", 4.0),
        (2025, "TY", "52", "commuters", 8.0),
    ],
    columns=["year", "region", "occupation", "source", "persons"],
).assign(flag="")
NAMES = {"22": "N1", "25": "P1", "52": "S1"}


@pytest.fixture(scope="module")
def few(parameters: Parameters) -> Parameters:
    """Return the parameters with 40 draws: what is tested holds in every draw."""
    fewer = {
        name: dataclasses.replace(parameters.values[name], value=value)
        for name, value in (
            *(("draws", 40), ("bootstrap_draws", 10), ("horizons", [1, 5])),
            *(("entry_error", 0.0), ("jobseeker_error", 0.0)),
        )
    }
    return dataclasses.replace(parameters, values={**parameters.values, **fewer})


@pytest.fixture(scope="module")
def evidence(tiny: Region, few: Parameters) -> dict[str, Evidence]:
    """Return what the past says; no table of supply that is changed here moves it."""
    return train(tiny, few, 1)


def with_tables(region: Region, **tables: pd.DataFrame) -> Region:
    return dataclasses.replace(region, tables={**region.tables, **tables})


@pytest.fixture(scope="module")
def plain(tiny: Region, few: Parameters, evidence: dict[str, Evidence]) -> Snapshot:
    return build_snapshot(tiny, few, 1, "test", evidence)


@pytest.fixture(scope="module")
def fuller(tiny: Region, few: Parameters, evidence: dict[str, Evidence]) -> Snapshot:
    """Build the region with further sources, and a quarter of its job seekers short-term."""
    seekers = tiny.tables["jobseekers"].assign(short_term=lambda table: table["persons"] / 4)
    return build_snapshot(
        with_tables(tiny, other_supply=OTHERS, jobseekers=seekers), few, 1, "test", evidence
    )


def wide(snapshot: Snapshot) -> pd.DataFrame:
    return snapshot.tables["supply"].set_index([*KEY, "source"])["mean"].unstack("source")


def test_without_further_tables_only_the_two_sources_are_told(plain: Snapshot) -> None:
    assert set(plain.tables["supply"]["source"]) == {"entrants", "jobseekers"}


def test_sources_add_up_to_the_supply_of_the_score(fuller: Snapshot) -> None:
    told = wide(fuller)
    total = fuller.tables["gaps"].set_index(KEY)["supply"]
    parts = ["entrants", "jobseekers", "migrants", "commuters"]
    assert set(told.columns) == {*parts, "jobseekers_short_term"}
    np.testing.assert_allclose(told[parts].sum(axis=1), total.reindex(told.index))
    assert told.ge(0).all(axis=None)


def test_occupations_add_up_in_every_source(fuller: Snapshot) -> None:
    told = wide(fuller).reset_index()
    for _, rows in told.groupby(["scenario", "horizon"]):
        by_code = rows.set_index("occupation").drop(columns=["region", "scenario", "horizon"])
        np.testing.assert_allclose(by_code.loc[list(NAMES)].sum(), by_code.loc["TOTAL"])


def test_yearly_sources_count_every_year_and_job_seekers_once(fuller: Snapshot) -> None:
    told = wide(fuller).xs("TOTAL", level="occupation").xs("baseline", level="scenario").droplevel("region")
    horizons = told.index.to_numpy(dtype=float)
    np.testing.assert_allclose(told["migrants"], 50 * horizons)
    np.testing.assert_allclose(told["commuters"], 12 * horizons)
    np.testing.assert_allclose(told["jobseekers"], told["jobseekers"].iloc[0])
    np.testing.assert_allclose(
        told["jobseekers_short_term"], told["jobseekers"] * (1 - 0.75**0.75), err_msg="a quarter below a year"
    )


def test_a_total_goes_where_entrants_go(fuller: Snapshot) -> None:
    told = wide(fuller).xs("baseline", level="scenario")
    of_all = told.xs("TOTAL", level="occupation").reindex(told.droplevel("occupation").index).to_numpy()
    shares = pd.DataFrame(told.to_numpy() / of_all, told.index, told.columns)
    np.testing.assert_allclose(shares["migrants"], shares["entrants"])


def test_what_is_the_same_stays_the_same(plain: Snapshot, fuller: Snapshot) -> None:
    before, after = wide(plain), wide(fuller)
    same = before.columns.drop("jobseekers")  # durations say another friction
    pd.testing.assert_frame_equal(before[same], after[same], check_names=False)
    pd.testing.assert_frame_equal(plain.tables["openings"], fuller.tables["openings"])


def test_more_sources_never_raise_the_share_without_a_person(plain: Snapshot, fuller: Snapshot) -> None:
    """The score's skills part may be unknown: nothing says what further sources can do."""
    before, after = (each.tables["gaps"].set_index(KEY) for each in (plain, fuller))
    assert (after["quantitative"] <= before["quantitative"] + 1e-12).all()
    assert (after["quantitative"] < before["quantitative"]).any()
    assert (after["score_p50"] <= before["score_p50"] + 1e-12).all(), "at best everybody can do everything"
    sentence = after.loc[("TY", "22", "baseline", 5), "why"]
    assert "from other sources" in sentence
    assert "from other sources" not in before.loc[("TY", "22", "baseline", 5), "why"]


def test_an_unknown_short_term_share_is_null_with_a_reason(
    tiny: Region, few: Parameters, evidence: dict[str, Evidence]
) -> None:
    seekers = tiny.tables["jobseekers"].assign(short_term=np.nan)
    nurses = seekers["occupation"] == "22"
    seekers.loc[nurses, "short_term"] = 0.5 * seekers.loc[nurses, "persons"]
    found = build_snapshot(with_tables(tiny, jobseekers=seekers), few, 1, "test", evidence).tables["supply"]
    rows = found[found["source"] == "jobseekers_short_term"].set_index("occupation")
    assert rows.loc["22", "mean"].gt(0).all()
    assert rows.loc["22", "reason"].eq("").all()
    for code in ("25", "52", "TOTAL"):
        assert rows.loc[code, "mean"].isna().all()
        assert rows.loc[code, "reason"].eq("unavailable").all()


def test_a_source_that_one_market_declares_is_unknown_in_the_other(
    tiny: Region, few: Parameters, evidence: dict[str, Evidence]
) -> None:
    two = _twice(tiny)
    found = build_snapshot(with_tables(two, other_supply=OTHERS), few, 1, "test", evidence).tables
    told = found["supply"][found["supply"]["source"] == "migrants"].set_index("region")
    assert told.loc["TY", "reason"].eq("").all()
    assert told.loc["TZ", "reason"].eq("unavailable").all()
    assert told.loc["TZ", "mean"].isna().all()
    gaps = found["gaps"].set_index("region")
    assert gaps.loc["TZ", "score"].notna().all(), "no score needs them"


def _twice(region: Region) -> Region:
    """Return the region beside a second market with the same figures."""
    tables = {}
    for name, table in region.tables.items():
        column = "code" if name == "regions" else "region"
        same = [table]
        if column in table and (name == "regions" or table[column].eq("TY").any()):
            same.append(table[table[column] == "TY"].assign(**{column: "TZ"}))
        tables[name] = pd.concat(same, ignore_index=True)
    return dataclasses.replace(region, tables=tables)


def test_names_change_nothing(
    tiny: Region, few: Parameters, evidence: dict[str, Evidence], fuller: Snapshot
) -> None:
    seekers = tiny.tables["jobseekers"].assign(short_term=lambda table: table["persons"] / 4)
    full = with_tables(tiny, other_supply=OTHERS, jobseekers=seekers)
    renamed = {
        name: table.assign(
            **{
                column: table[column].replace(NAMES)
                for column in ("occupation", "code")
                if column in table and (column == "occupation" or name == "occupations")
            }
        )
        for name, table in full.tables.items()
    }
    found = wide(build_snapshot(dataclasses.replace(tiny, tables=renamed), few, 1, "test", evidence))
    back = {new: old for old, new in NAMES.items()}
    found = found.rename(index=back, level="occupation").sort_index()
    pd.testing.assert_frame_equal(found, wide(fuller).sort_index(), rtol=1e-9)


def test_the_graduates_that_ship_move_the_spread_and_no_total(
    tiny: Region, few: Parameters, evidence: dict[str, Evidence], plain: Snapshot
) -> None:
    """Pupils of health double in the last year: by their enrolment, twice as many nurses graduate."""
    pupils = tiny.tables["graduates"].assign(persons=lambda table: table["persons"] * 4)
    pupils.loc[(pupils["year"] == 2025) & (pupils["field"] == "09"), "persons"] *= 2
    shipped = {**evidence, "graduates": dataclasses.replace(evidence["graduates"], method="enrolment")}
    found = build_snapshot(with_tables(tiny, enrolment=pupils), few, 1, "test", shipped)
    before, after = (wide(each)["entrants"].xs("baseline", level="scenario") for each in (plain, found))
    total = before.xs("TOTAL", level="occupation")
    np.testing.assert_allclose(after.xs("TOTAL", level="occupation"), total)
    # A yearly crop of 200 becomes 300: nurses 98 of 200, and 188 of 300.
    nurses = after.xs("22", level="occupation") / total
    np.testing.assert_allclose(nurses, 188 / 300)
    np.testing.assert_allclose(before.xs("22", level="occupation") / total, 98 / 200)
