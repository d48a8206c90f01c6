"""Indicators: as plain loops give them, in classes whose probabilities add up, hidden where the parts are."""

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.evidence import Evidence, train
from forecasting.indicators import (
    COVERAGE,
    ITA,
    ITA_WITH_SUBSTITUTION,
    OPENINGS_PER_SEEKER,
    SEEKERS_PER_OPENING,
    classes,
    indicator_draws,
    quantiles,
)
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS
from tests.oracles import indicators as oracle

KEYS = ["region", "occupation", "scenario", "horizon"]
Drawn = tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    rng = np.random.default_rng(4)
    openings = rng.gamma(2, 50, (12, 301))
    openings[0] = 0
    openings[1, ::2] = 0
    supply = {ENTRANTS: rng.gamma(2, 40, (12, 301)), JOBSEEKERS: rng.gamma(1, 20, (12, 301))}
    supply[JOBSEEKERS][2] = 0
    supply[JOBSEEKERS][1, 0] = supply[ENTRANTS][1, 0] = 0
    spilled = rng.uniform(-0.5, 0.5, (12, 301)) * supply[ENTRANTS]
    return openings, supply, spilled


@pytest.fixture(scope="module")
def evidence(tiny: Region, parameters: Parameters) -> dict[str, Evidence]:
    return train(tiny, parameters, seed=1)


def with_values(parameters: Parameters, **values: Any) -> Parameters:
    """Return the parameters with other values in force."""
    changed = {name: dataclasses.replace(parameters.values[name], value=new) for name, new in values.items()}
    return dataclasses.replace(parameters, values={**parameters.values, **changed})


def test_indicators_in_plain_loops(drawn: Drawn) -> None:
    openings, supply, spilled = drawn
    found = indicator_draws(openings, supply, spilled)
    for cell in range(12):
        for draw in range(301):
            parts = supply[ENTRANTS][cell, draw], supply[JOBSEEKERS][cell, draw]
            expected = oracle.indicators(openings[cell, draw], *parts, spilled[cell, draw])
            for name, value in expected.items():
                assert found[name][cell, draw] == pytest.approx(value, nan_ok=True), name


@pytest.mark.parametrize("bounds", [[0.85, 1.0, 1.05, 1.15], [0.8, 1.25], [1.0]])
def test_class_probabilities_in_plain_loops(drawn: Drawn, bounds: list[float]) -> None:
    for draws in indicator_draws(*drawn).values():
        found = classes(draws, bounds)
        for cell in range(12):
            expected = oracle.chances(draws[cell].tolist(), bounds)
            assert found[cell].tolist() == pytest.approx(expected, nan_ok=True)
        assert found[1:].sum(axis=1) == pytest.approx(np.ones(11))


def test_supply_without_any_opening_is_a_surplus(drawn: Drawn) -> None:
    assert classes(indicator_draws(*drawn)[ITA], [0.85, 1.0, 1.05, 1.15])[0].tolist() == [0, 0, 0, 0, 1]


def test_both_directions_of_tension_agree_on_the_class(drawn: Drawn, parameters: Parameters) -> None:
    declared = parameters["balance_classes"]
    found = indicator_draws(*drawn)
    seekers, openings = (
        classes(found[name], declared["bounds"]) for name in (SEEKERS_PER_OPENING, OPENINGS_PER_SEEKER)
    )
    assert seekers == pytest.approx(openings[:, ::-1])
    words = [name.replace("_", " ") for name in declared["labels"][SEEKERS_PER_OPENING]]
    assert words == [
        "fewer job seekers than openings",
        "about as many job seekers as openings",
        "more job seekers than openings",
    ]
    assert declared["labels"][OPENINGS_PER_SEEKER][0].startswith("fewer openings")


def test_an_opening_filled_to_the_last_is_at_exactly_one() -> None:
    openings, supply = np.array([[0.3]]), {ENTRANTS: np.array([[0.1]]), JOBSEEKERS: np.array([[0.0]])}
    found = indicator_draws(openings, supply, np.array([[0.2]]))  # 0.1 + 0.2 > 0.3 in floating point
    assert found[ITA_WITH_SUBSTITUTION].item() == 1.0


def test_quantiles_of_infinite_draws_are_unknown(drawn: Drawn) -> None:
    draws = indicator_draws(*drawn)[ITA]
    found = quantiles(draws)
    assert math.isnan(found["p50"][0])
    assert math.isnan(found["p90"][1]), "half of the draws have no openings"
    assert found["p10"][1] > 0
    ordered = sorted(draws[5])
    assert found["p50"][5] == ordered[math.ceil(0.5 * 301) - 1]


def test_more_supply_never_lowers_and_more_openings_never_raise_ita(drawn: Drawn) -> None:
    openings, supply, spilled = drawn
    before = quantiles(indicator_draws(openings, supply, spilled)[ITA])["p50"][3:]
    more = {source: persons * 1.1 for source, persons in supply.items()}
    assert (quantiles(indicator_draws(openings, more, spilled)[ITA])["p50"][3:] >= before).all()
    assert (quantiles(indicator_draws(openings * 1.1, supply, spilled)[ITA])["p50"][3:] <= before).all()


def test_the_published_table(tiny_snapshot: Snapshot, parameters: Parameters) -> None:
    table = tiny_snapshot.tables["indicators"]
    assert set(table["indicator"]) == {
        *(ITA, ITA_WITH_SUBSTITUTION, COVERAGE, SEEKERS_PER_OPENING, OPENINGS_PER_SEEKER)
    }
    for name, rows in table.groupby("indicator"):
        labels = parameters["balance_classes"]["labels"].get(name, parameters["ita_classes"]["labels"])
        assert set(rows["class"].dropna()) <= set(labels), name
        assert rows.loc[rows["reason"].eq(""), "class"].notna().all(), name
        assert rows["class_probability"].dropna().between(1 / len(labels), 1).all(), name
        assert rows["probability_above_one"].dropna().between(0, 1).all(), name
        told = rows[rows["p10"].notna() & rows["p90"].notna()]
        assert (told.loc[told["p10"] > 1, "probability_above_one"] >= 0.9).all(), name
        assert (told.loc[told["p90"] < 1, "probability_above_one"] <= 0.1).all(), name
    gaps = tiny_snapshot.tables["gaps"].set_index(KEYS).sort_index()
    ita = table[table["indicator"] == ITA]
    for row in ita[ita["reason"].eq("")].to_dict("records"):
        cell = gaps.loc[tuple(row[key] for key in KEYS)]
        assert row["p10"] <= row["p50"]
        assert row["p50"] <= row["p90"] or math.isnan(row["p90"]), "infinite: draws without openings"
        if cell["openings"] > 0 and abs(row["p50"] - 1) > 0.3:
            assert (row["p50"] > 1) == (cell["supply"] > cell["openings"])


def beside(snapshot: Snapshot) -> pd.DataFrame:
    """Return ITA without and with substitution in one row a cell."""
    table = snapshot.tables["indicators"].set_index([*KEYS, "indicator"])
    found = table[["p10", "p50", "p90", "probability_above_one"]].astype(float).unstack("indicator")
    return found.swaplevel(axis=1)[[ITA, ITA_WITH_SUBSTITUTION]]


def test_substitution_brings_cells_nearer_to_one_and_leaves_the_region(tiny_snapshot: Snapshot) -> None:
    both = beside(tiny_snapshot)
    plain, moved = both[ITA], both[ITA_WITH_SUBSTITUTION]
    leaf = ~tiny_snapshot.tables["gaps"].set_index(KEYS)["aggregate"].reindex(both.index).astype(bool)
    for quantile in ("p10", "p50", "p90"):
        known = leaf & plain[quantile].notna()
        before, after = plain.loc[known, quantile] - 1, moved.loc[known, quantile] - 1
        assert (after.abs() <= before.abs() + 1e-8).all()
        assert (after * before >= -1e-8).all()
    chance = both[leaf].xs("probability_above_one", axis=1, level=1)
    assert chance[ITA].to_numpy() == pytest.approx(chance[ITA_WITH_SUBSTITUTION].to_numpy(), nan_ok=True)
    assert (plain["p50"] - moved["p50"]).abs().max() > 0.01, "the made-up region shows an effect"
    total = plain.index.get_level_values("occupation") == "TOTAL"
    assert total.any()
    pd.testing.assert_frame_equal(plain[total], moved[total], atol=1e-8)


def test_substitution_is_an_option_beside_the_score(
    tiny: Region, tiny_snapshot: Snapshot, parameters: Parameters, evidence: dict[str, Evidence]
) -> None:
    without = build_snapshot(tiny, with_values(parameters, passive_substitution=0.0), 1, "test", evidence)
    both = beside(without)
    pd.testing.assert_frame_equal(both[ITA], both[ITA_WITH_SUBSTITUTION], atol=1e-8)
    for name in ("gaps", "supply", "weights"):
        pd.testing.assert_frame_equal(without.tables[name], tiny_snapshot.tables[name])


def test_a_suppressed_occupation_neither_gives_nor_takes(
    tiny: Region, parameters: Parameters, evidence: dict[str, Evidence]
) -> None:
    hiding = with_values(parameters, small_cell=4000, draws=200, passive_substitution=1.0)
    snapshot = build_snapshot(tiny, hiding, 1, "test", evidence)
    table = snapshot.tables["indicators"]
    hidden = table[table["reason"] == "confidential"]
    assert set(hidden["occupation"]) == {"25"}
    figures = ["p10", "p50", "p90", "class", "class_probability", "probability_above_one"]
    assert hidden[figures].isna().all().all()
    both = beside(snapshot)
    total = both.index.get_level_values("occupation") == "TOTAL"
    pd.testing.assert_frame_equal(both[ITA][total], both[ITA_WITH_SUBSTITUTION][total], atol=1e-8)
