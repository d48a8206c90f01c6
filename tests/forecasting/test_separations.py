"""Gross flows beside net ones: identities against plain loops, totals that meet, and what is refused."""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.evidence import Evidence, train
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.separations import Demand, Rates, gross_demand, movers_in, read_rates, scaled_exits
from forecasting.snapshot import Snapshot
from tests.conftest import baseline

CODES = ("22", "25", "52")
RATES = {"22": (0.02, 0.03), "25": (0.01, 0.05), "52": (0.06, 0.09)}

occupation = st.tuples(
    st.floats(50, 1e5),  # persons
    st.floats(-0.6, 0.6),  # growth over the window
    st.floats(0, 0.3),  # leavers aged 25-54, share
    st.floats(0, 0.4),  # and 55+
    st.floats(0.002, 0.2),  # exits a year, elsewhere
    st.floats(0.002, 0.3),  # transfers a year, elsewhere
)
regions = st.lists(occupation, min_size=1, max_size=6)


def flows(cells: list[tuple[float, ...]], years: int = 5, level: float = 0.06) -> tuple[Demand, Demand]:
    """Return the net and the gross side of occupations in one draw."""
    base, growth, younger, older, exit_rate, transfer_rate = (
        np.array(each) for each in zip(*cells, strict=True)
    )
    net = Demand(*((base * share)[:, None] for share in (growth, younger, older, 0 * base)))
    return net, gross_demand(base, net, Rates(exit_rate, transfer_rate), level, years)


@given(regions, st.integers(1, 10))
def test_gross_flows_in_plain_loops(cells: list[tuple[float, ...]], years: int) -> None:
    net, gross = flows(cells, years)
    leaving = sum(persons * (younger + older) for persons, _, younger, older, _, _ in cells)
    employed = sum(persons for persons, *_ in cells)
    mean_transfers = sum(persons * rate for persons, *_, rate in cells) / employed
    low, high = 0.0, 1e6  # the level of exits by halving
    for _ in range(200):
        middle = (low + high) / 2
        gone = sum(persons * (1 - math.exp(-middle * rate)) for persons, _, _, _, rate, _ in cells)
        low, high = (middle, high) if gone < leaving else (low, middle)
    for at, (persons, growth, younger, older, exit_rate, transfer_rate) in enumerate(cells):
        exits = persons * (1 - math.exp(-low * exit_rate))
        yearly = min(0.06 * transfer_rate / mean_transfers, 1.0)
        remaining, moved = persons - exits, 0.0
        for _ in range(years):
            moved += (remaining - moved) * yearly
        moved = moved if len(cells) > 1 else 0.0
        assert gross.exits_25_54[at, 0] + gross.exits_55_plus[at, 0] == pytest.approx(exits, 1e-6, 1e-6)
        assert gross.transfers_out[at, 0] == pytest.approx(moved, 1e-6, 1e-6)
        if younger + older > 1e-3:
            share = older / (younger + older)
            assert gross.exits_55_plus[at, 0] == pytest.approx(exits * share, 1e-6, 1e-6)
        change = persons * growth
        openings = max(change, 0) + max(exits + moved + min(change, 0), 0)
        assert gross.openings[at, 0] == pytest.approx(openings, 1e-6, 1e-6)
        assert net.openings[at, 0] == pytest.approx(
            max(change, 0) + max(persons * (younger + older) + min(change, 0), 0), 1e-9, 1e-6
        )


@given(regions, st.integers(1, 10))
def test_totals_meet_and_no_occupation_loses_more_than_it_has(
    cells: list[tuple[float, ...]], years: int
) -> None:
    net, gross = flows(cells, years)
    base = np.array([persons for persons, *_ in cells])
    moved = movers_in(gross.transfers_out, gross.openings, base)
    whole = base.sum()
    exits = gross.exits_25_54 + gross.exits_55_plus
    assert exits.sum() == pytest.approx(net.leaving.sum(), rel=1e-9, abs=1e-9 * whole)
    assert moved.sum() == pytest.approx(gross.transfers_out.sum(), rel=1e-9, abs=1e-9 * whole)
    assert (gross.leaving[:, 0] <= base * (1 + 1e-9)).all()
    for side in (net, gross):
        parts = side.new_jobs + side.leaving - side.not_replaced
        np.testing.assert_allclose(side.openings, parts, rtol=1e-12)
        assert (side.openings >= 0).all()
        assert (side.not_replaced >= 0).all()
    assert (moved >= -1e-9).all()


@given(regions, st.floats(0.01, 100), st.floats(0.01, 5))
def test_units_and_order_do_not_matter(cells: list[tuple[float, ...]], persons: float, rates: float) -> None:
    """Ten times the persons give ten times the flows; rates of another unit, or another order, the same."""
    _, gross = flows(cells)
    scaled = [(each[0] * persons, *each[1:4], each[4] * rates, each[5] * rates) for each in cells]
    _, found = flows(scaled[::-1])
    bases = [np.array([each[0] for each in rows]) for rows in (cells, scaled[::-1])]
    for name in ("exits_25_54", "exits_55_plus", "transfers_out", "openings"):
        np.testing.assert_allclose(
            getattr(found, name)[::-1], getattr(gross, name) * persons, rtol=1e-6, atol=1e-6 * persons
        )
    moved, other = (
        movers_in(side.transfers_out, side.openings, base)
        for side, base in zip((gross, found), bases, strict=True)
    )
    np.testing.assert_allclose(other[::-1], moved * persons, rtol=1e-5, atol=1e-5 * persons)


def test_movers_go_to_another_occupation_in_proportion_to_its_openings() -> None:
    """Of 30 who leave a, 20 go to b and 10 to c, whose openings are two to one; nobody comes back to a."""
    out, opened = np.array([[30.0], [0], [6]]), np.array([[60.0], [40], [20]])
    found = movers_in(out, opened, np.ones(3))[:, 0]
    np.testing.assert_allclose(found, [6 * 60 / 100, 20 + 6 * 40 / 100, 10], rtol=1e-6)


def test_movers_have_somewhere_to_go_even_where_nobody_hires() -> None:
    found = movers_in(np.array([[9.0], [0], [0]]), np.array([[5.0], [0], [0]]), np.array([1.0, 1, 2]))
    np.testing.assert_allclose(found[:, 0], [0, 3, 6], atol=1e-6)


def test_everybody_may_leave() -> None:
    found = scaled_exits(np.array([10.0, 30]), np.array([40.0, 0.0]), np.array([1.0, 3]))
    np.testing.assert_allclose(found, [[10, 0], [30, 0]], atol=1e-6)


def separations(**changed: tuple[float, float]) -> pd.DataFrame:
    rates = RATES | changed
    rows = [
        (code, kind, rates[code][at], "e") for code in rates for at, kind in enumerate(("exit", "transfer"))
    ]
    return pd.DataFrame(rows, columns=["occupation", "kind", "rate", "flag"])


def test_a_rate_alone_is_no_rate_and_a_foreign_kind_is_refused() -> None:
    table = separations()
    found = read_rates(table[~(table["occupation"].eq("25") & table["kind"].eq("exit"))], CODES)
    assert found is not None
    assert found.known.tolist() == [True, False, True]
    assert read_rates(table, ("x",)) is None
    assert read_rates(table.iloc[:0], CODES) is None
    with pytest.raises(ForecastingError, match="found kind 'death'; expected exit or transfer"):
        read_rates(table.assign(kind=table["kind"].replace("exit", "death")), CODES)


@pytest.fixture(scope="module")
def few(parameters: Parameters) -> Parameters:
    """Few draws and one scenario, in which leavers and growth move."""
    late = {"description": "late", "older_retention": 0.3, "employment_growth": -0.01}
    changes = {"draws": 300, "scenarios": {"late": late}}
    changed = {name: dataclasses.replace(parameters.values[name], value=v) for name, v in changes.items()}
    return dataclasses.replace(parameters, values={**parameters.values, **changed})


@pytest.fixture(scope="module")
def evidence(tiny: Region, few: Parameters) -> Mapping[str, Evidence]:
    """Train once: separations train nothing."""
    return train(tiny, few, 1)


def with_rates(region: Region, table: pd.DataFrame) -> Region:
    return dataclasses.replace(region, tables={**region.tables, "separations": table})


@pytest.fixture(scope="module")
def built(tiny: Region, few: Parameters, evidence: Mapping[str, Evidence]) -> Snapshot:
    return build_snapshot(with_rates(tiny, separations()), few, 1, "test", evidence)


def wide(snapshot: Snapshot) -> pd.DataFrame:
    """Return a row per cell of every scenario, columns by convention and component: means."""
    table = snapshot.tables["conventions"]
    key = ["scenario", "region", "horizon", "occupation"]
    return table.set_index([*key, "convention", "component"])["mean"].unstack(["convention", "component"])


def test_openings_and_supply_are_their_components_in_both_conventions(built: Snapshot) -> None:
    table = wide(built)
    for side in ("net", "gross"):
        one = table[side]
        transfers = one["transfers_out"] if side == "gross" else 0.0
        out = one["exits_25_54"] + one["exits_55_plus"] + transfers
        np.testing.assert_allclose(one["openings"], one["new_jobs"] + out - one["not_replaced"])
        movers = one["movers_in"] if side == "gross" else 0.0
        np.testing.assert_allclose(one["supply"], one["entrants"] + one["jobseekers"] + movers)
    assert not {"transfers_out", "movers_in"} & set(table["net"])
    np.testing.assert_array_equal(table["net"]["expansion"], table["gross"]["expansion"])


def test_the_net_side_is_what_is_scored_and_the_score_does_not_move(
    tiny: Region, few: Parameters, evidence: Mapping[str, Evidence], built: Snapshot
) -> None:
    gaps = built.tables["gaps"].set_index(["scenario", "region", "horizon", "occupation"])
    net = wide(built)["net"].reindex(gaps.index)
    np.testing.assert_allclose(net["openings"], gaps["openings"])
    np.testing.assert_allclose(net["supply"], gaps["supply"])
    without = build_snapshot(tiny, few, 1, "test", evidence)
    pd.testing.assert_frame_equal(without.tables["gaps"], built.tables["gaps"])
    assert set(without.tables["conventions"]["convention"]) == {"net"}
    mine = built.tables["conventions"].query("convention == 'net'").reset_index(drop=True)
    assert len(mine) == len(without.tables["conventions"])


def test_occupations_add_up_and_movers_are_transfers(built: Snapshot) -> None:
    table = wide(built)
    cells = table[table.index.get_level_values("occupation").isin(CODES)]
    summed = cells.groupby(level=["scenario", "region", "horizon"]).sum()
    total = table.xs("TOTAL", level="occupation")
    pd.testing.assert_frame_equal(summed, total.reindex(summed.index), rtol=1e-9, atol=1e-6)
    gross, net = total["gross"], total["net"]
    np.testing.assert_allclose(gross["movers_in"], gross["transfers_out"])
    np.testing.assert_allclose(
        gross["exits_25_54"] + gross["exits_55_plus"], net["exits_25_54"] + net["exits_55_plus"]
    )
    residuals = {name: value for name, value in built.manifest["residuals"].items() if "gross" in name}
    assert len(residuals) == 3
    assert max(built.manifest["residuals"].values()) < 1e-6


def test_who_moves_more_often_elsewhere_has_more_gross_openings_a_year(built: Snapshot) -> None:
    gross = wide(built).loc[("baseline", "TY", 1)]["gross"]
    base = built.tables["employment"].query("year == 2025").set_index("occupation")["persons"]
    moved = (gross["transfers_out"] / base).dropna()
    assert moved["52"] > moved["25"] > moved["22"]
    assert (moved * base / base.sum()).sum() == pytest.approx(0.062, rel=0.05), (
        "of those who do not leave work"
    )


def test_an_occupation_without_rates_has_no_gross_figures_and_is_in_no_total(
    tiny: Region, few: Parameters, evidence: Mapping[str, Evidence]
) -> None:
    table = separations()
    found = build_snapshot(with_rates(tiny, table[table["occupation"] != "25"]), few, 1, "test", evidence)
    rows = baseline(found.tables["conventions"])
    programmers = rows[(rows["occupation"] == "25") & (rows["convention"] == "gross")]
    known = programmers["component"].isin({"expansion", "entrants", "jobseekers"})
    assert programmers.loc[~known, "mean"].isna().all()
    assert (programmers.loc[~known, "reason"] == "unavailable").all()
    assert programmers.loc[known, "mean"].notna().all()
    whole = wide(found).loc[("baseline", "TY", 5)]
    for name in ("openings", "transfers_out", "movers_in", "expansion"):
        parts = whole["gross"].loc[["22", "52"], name].sum()
        assert whole["gross"].loc["TOTAL", name] == pytest.approx(parts)
    assert max(found.manifest["residuals"].values()) < 1e-6


def test_without_ages_openings_are_unknown_in_both(
    tiny: Region, few: Parameters, evidence: Mapping[str, Evidence]
) -> None:
    employment = tiny.tables["sector_employment"]
    tables = {**tiny.tables, "sector_employment": employment[employment["age_band"] == "all"]}
    region = with_rates(dataclasses.replace(tiny, tables=tables), separations())
    rows = build_snapshot(region, few, 1, "test", evidence).tables["conventions"]
    opened = rows[rows["component"].isin({"openings", "transfers_out", "movers_in", "exits_55_plus"})]
    assert set(opened["convention"]) == {"net", "gross"}
    assert opened["mean"].isna().all()
    assert set(opened["reason"]) == {"unavailable"}
    assert rows.loc[rows["component"] == "expansion", "mean"].notna().all()
