"""Whole small regions: what adds up, what cannot be negative, what must change nothing.

Few draws: every promise here holds in each draw, or in the mean of any number of them.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region, read_region, write_region
from forecasting.snapshot import Snapshot, write_snapshot
from forecasting.tables import TABLES
from tests.conftest import TINY

KEY = ["region", "occupation", "scenario", "horizon"]
PUBLISHED_BY_CELL = ("gaps", "openings", "supply", "indicators", "weights", "skill_gaps", "scenario_effects")
TIMES = 3.0
ROUNDING = 1e-9
"""Persons: new jobs are openings less replacement, so nought may be a rounding error."""
COUNTS = ("persons", "open", "occupied", "posted", "filled", "cancelled")
"""Columns of the canonical tables in persons or vacancies."""
IN_PERSONS = (
    *("openings", "supply", "unfilled", "annual_balance", "persons", "mean", "need", "replacement"),
    *("trainable_lower", "trainable_p50"),
)
BETWEEN_SIZES = ("size_classes", "small_cell", "reliability")
"""Parameters in persons: whoever counts in other units writes these in them too."""


def ruled(parameters: Parameters, **values: object) -> Parameters:
    changed = {
        name: dataclasses.replace(parameters.values[name], value=value) for name, value in values.items()
    }
    return dataclasses.replace(parameters, values={**parameters.values, **changed})


@pytest.fixture(scope="module")
def few(parameters: Parameters) -> Parameters:
    declared = {
        "slow": {"description": "slow", "employment_growth": -0.02},
        "late": {"description": "late", "older_retention": 0.3},
    }
    return ruled(parameters, draws=60, bootstrap_draws=3, scenarios=declared)


@pytest.fixture(scope="module")
def two(tiny: Region, tmp_path_factory: pytest.TempPathFactory) -> Region:
    """Return two unequal markets in one aggregate; the sector Q is staffed below, as Q1 and Q2."""
    found = dict(tiny.tables)
    for name, table in tiny.tables.items():
        if "region" in table and name != "skill_mentions":
            found[name] = pd.concat([table, _smaller(table)], ignore_index=True)
    market = tiny.tables["regions"]
    whole = market.assign(code="T", parent="", role="aggregate")
    found["regions"] = pd.concat([whole, market.assign(parent="T"), market.assign(code="TZ", parent="T")])
    folder = tmp_path_factory.mktemp("properties") / "two"
    write_region(dataclasses.replace(tiny, tables=_staffed_below(found)), folder)
    return read_region(folder)


def _smaller(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the other market: about a third of the size, with ups and downs of its own."""
    count = next(column for column in COUNTS if column in table)
    by_age = table["age_band"].ne("all") if "age_band" in table else False
    part = np.where(by_age, 0.3, 0.3 + 0.02 * (np.arange(len(table)) % 7))
    return table.assign(region="TZ", **{count: table[count] * part})


def _staffed_below(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Split the sector Q in two leaves with staffing of their own, and make the totals those of the parts."""
    sectors, staffing, employment = (found[name] for name in ("sectors", "staffing", "sector_employment"))
    health = sectors[sectors["code"] == "Q"]
    below = [health.assign(code=code, parent="Q", level=2) for code in ("Q1", "Q2")]
    rows = staffing[staffing["sector"] == "Q"]
    leaves = [rows.assign(sector="Q1"), rows.assign(sector="Q2", share=rows["share"].to_numpy()[::-1])]
    of_q = employment[employment["sector"] == "Q"]
    parts = [of_q.assign(sector=code, persons=of_q["persons"] * s) for code, s in (("Q1", 0.7), ("Q2", 0.3))]
    known = employment[~((employment["sector"] == "TOTAL") & (employment["age_band"] == "all"))]
    top = known[known["sector"].isin(["Q", "X"])]
    total = top.groupby(["year", "region"], as_index=False)["persons"].sum()
    total = total.assign(sector="TOTAL", age_band="all", flag="")
    return {
        **found,
        "sectors": pd.concat([sectors, *below], ignore_index=True),
        "staffing": pd.concat([staffing[staffing["sector"] != "Q"], *leaves], ignore_index=True),
        "sector_employment": pd.concat([known, *parts, total], ignore_index=True),
    }


@pytest.fixture(scope="module")
def built(two: Region, few: Parameters) -> Snapshot:
    return build_snapshot(two, few, 1, "test")


@pytest.fixture(scope="module")
def told(built: Snapshot) -> pd.DataFrame:
    """Return a row per cell and aggregate, and a column per figure in persons that is a sum of persons."""
    gaps = built.tables["gaps"].set_index(KEY)[["aggregate", "openings", "supply", "unfilled"]]
    openings = built.tables["openings"].pivot_table(index=KEY, columns="component", values="mean")
    supply = built.tables["supply"].pivot_table(index=KEY, columns="source", values="mean")
    assert gaps[["openings", "supply"]].notna().all(axis=None)
    return gaps.join(openings.add_prefix("of "), how="left").join(supply.add_prefix("from "), how="left")


def test_occupations_add_up_to_every_parent(told: pd.DataFrame, two: Region) -> None:
    occupations = two.tables["occupations"]
    persons = told.drop(columns="aggregate")
    for parent in ("TOTAL", "2", "5"):
        children = occupations.loc[occupations["parent"] == parent, "code"]
        sums = persons[persons.index.get_level_values("occupation").isin(children)]
        sums = sums.groupby(level=["region", "scenario", "horizon"]).sum()
        whole = persons.xs(parent, level="occupation")
        pd.testing.assert_frame_equal(
            whole.sort_index(), sums.sort_index(), rtol=1e-9, atol=1e-6, check_like=True
        )


def test_regions_add_up_to_their_aggregate(told: pd.DataFrame) -> None:
    by_region = told.drop(columns="aggregate").unstack("region")
    for name in by_region.columns.get_level_values(0).unique():
        parts = by_region[name]["TY"] + by_region[name]["TZ"]
        np.testing.assert_allclose(by_region[name]["T"], parts, rtol=1e-9, atol=1e-6, err_msg=name)


def test_sectors_add_up_to_their_occupations(built: Snapshot, two: Region) -> None:
    """At the base year as the region counts them; at each horizon within the published residuals."""
    employment = two.tables["sector_employment"]
    now = employment[(employment["year"] == 2025) & (employment["age_band"] == "all")]
    table = built.tables["employment"]
    of_region = table[table["year"] == 2025].groupby("region")["persons"].sum()
    top = now[now["sector"].isin(["Q", "X"])].groupby("region")["persons"].sum()
    assert of_region.to_dict() == pytest.approx(top.to_dict())
    assert max(built.manifest["residuals"].values()) < 1e-6


def test_components_add_up_to_openings_and_sources_to_supply(told: pd.DataFrame) -> None:
    components = told[["of new_jobs", "of replacement_25_54", "of replacement_55_plus"]].sum(axis=1)
    np.testing.assert_allclose(components, told["openings"], rtol=1e-9)
    np.testing.assert_allclose(told["of openings"], told["openings"], rtol=1e-9)
    sources = [name for name in told if name.startswith("from ")]
    np.testing.assert_allclose(told[sources].sum(axis=1), told["supply"], rtol=1e-9)


def test_nobody_is_opened_or_supplied_less_than_nought(built: Snapshot) -> None:
    assert (built.draws["openings"] >= 0).all()
    openings, supply = built.tables["openings"], built.tables["supply"]
    openings = openings[openings["component"] != "expansion"]
    for table in (openings, supply):
        assert (table[["mean", "p10", "p50", "p90"]] >= -ROUNDING).all(axis=None)
    shrinking = built.tables["openings"].query("component == 'expansion' and scenario == 'slow'")
    assert (shrinking["mean"] < 0).any(), "else nothing was tried"


def sorted_as(table: pd.DataFrame) -> pd.DataFrame:
    key = [name for name in (*KEY, "component", "source", "indicator", "skill", "year") if name in table]
    return table.sort_values(key, ignore_index=True)


def assert_same(found: Snapshot, expected: Snapshot, times: float = 1.0, *, rtol: float = 1e-9) -> None:
    """Hold every table by cell to another; figures in persons may be so many times as large."""
    for name in (*PUBLISHED_BY_CELL, "employment", "vacancy_rates"):
        given, other = sorted_as(found.tables[name]), sorted_as(expected.tables[name])
        assert len(given) == len(other) > 0
        for column in other.columns.drop(["why", "why_nl"], errors="ignore"):
            if pd.api.types.is_numeric_dtype(other[column]) and other[column].dtype != bool:
                large = times if column in IN_PERSONS or _counts(name, column) else 1.0
                np.testing.assert_allclose(
                    given[column].astype(float),
                    other[column].astype(float) * large,
                    rtol=1e-6 if name in {"skill_gaps", "weights"} else rtol,  # draws of single precision
                    atol=1e-6,
                    err_msg=f"{name}.{column}",
                )
            else:
                assert given[column].astype(str).tolist() == other[column].astype(str).tolist(), column


def _counts(table: str, column: str) -> bool:
    """Return whether a column of a published table is in persons though its name is used elsewhere."""
    quantiles = {"p10", "p50", "p90"}
    effects = {"employment", "new_jobs", "replacement_55_plus"}
    return (
        column.startswith("unfilled")
        or (table in {"openings", "supply"} and column in quantiles)
        or (table == "scenario_effects" and column in effects)
    )


def test_thrice_the_persons_are_thrice_the_openings_and_the_same_scores(
    two: Region, few: Parameters, built: Snapshot
) -> None:
    tables = {
        name: table.assign(**{each: table[each] * TIMES for each in COUNTS if each in table})
        for name, table in two.tables.items()
    }
    sizes = {name: _times(few[name]) for name in BETWEEN_SIZES}
    found = build_snapshot(dataclasses.replace(two, tables=tables), ruled(few, **sizes), 1, "test")
    assert_same(found, built, TIMES)


def _times(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _times(each) for name, each in value.items()}
    return [_times(each) for each in value] if isinstance(value, list) else TIMES * float(str(value))


def renamed(region: Region, kind: str, names: Mapping[str, str]) -> Region:
    """Return a region with other codes for its occupations, sectors, regions or fields."""
    tables = {}
    for name, table in region.tables.items():
        columns = [
            column.name
            for column in TABLES[name].columns
            if column.name in table
            and (column.refers_to == kind or (name == kind and column.name in {"code", "parent"}))
        ]
        tables[name] = table.assign(
            **{column: table[column].map(lambda code: names.get(code, code)) for column in columns}
        )
    return dataclasses.replace(region, tables=tables)


def named_back(snapshot: Snapshot, column: str, names: Mapping[str, str]) -> Snapshot:
    back = {new: old for old, new in names.items()}
    tables = {
        name: table.assign(**{column: table[column].map(lambda code: back.get(code, code))})
        if column in table
        else table
        for name, table in snapshot.tables.items()
    }
    return dataclasses.replace(snapshot, tables=tables)


OTHER_CODES = {
    ("occupations", "occupation"): {"22": "zz", "25": "9", "52": "11", "2": "x", "5": "b"},
    ("sectors", "sector"): {"Q": "Z", "Q1": "c", "Q2": "a", "X": "B"},
    ("fields", "field"): {"00": "9", "06": "5", "09": "1"},
}
"""They sort in another order than the old ones."""


def test_other_codes_change_nothing_but_names(two: Region, few: Parameters, built: Snapshot) -> None:
    region = two
    for (kind, _), codes in OTHER_CODES.items():
        region = renamed(region, kind, codes)
    found = build_snapshot(region, few, 1, "test")
    for (_, column), codes in OTHER_CODES.items():
        found = named_back(found, column, codes)
    assert_same(found, built)


def test_other_codes_of_regions_change_nothing_but_the_order_of_the_draws(
    two: Region, few: Parameters, built: Snapshot
) -> None:
    """Past shocks are drawn from all regions' in the order of their codes: the same order, the same draws."""
    kept = {"T": "A", "TY": "B", "TZ": "C"}
    found = build_snapshot(renamed(two, "regions", kept), few, 1, "test")
    assert_same(named_back(found, "region", kept), built)
    turned = {"TY": "Z", "TZ": "A"}
    other = named_back(build_snapshot(renamed(two, "regions", turned), few, 1, "test"), "region", turned)
    for name, table in (("employment", other.tables["employment"]), ("supply", other.tables["supply"])):
        figure = "mean" if name == "supply" else "persons"
        expected = sorted_as(built.tables[name])[figure]
        np.testing.assert_allclose(sorted_as(table)[figure], expected, rtol=1e-9, err_msg=name)
    mean = [
        sorted_as(each.tables["openings"].query("component == 'employment'"))["mean"]
        for each in (other, built)
    ]
    np.testing.assert_allclose(*mean, rtol=1e-9, err_msg="draws are scaled to the point forecast")


def test_the_order_of_rows_changes_no_byte(
    two: Region, few: Parameters, built: Snapshot, tmp_path: Path
) -> None:
    for name, table in two.tables.items():
        table.sample(frac=1, random_state=3).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "region.yaml").write_bytes((TINY / "region.yaml").read_bytes())
    found = build_snapshot(read_region(tmp_path), few, 1, "test")
    assert write_snapshot(found, tmp_path / "a") == write_snapshot(built, tmp_path / "b")
