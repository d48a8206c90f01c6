"""What cells are called and how surely; and persons lacking per skill, one by one and for a region."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.gap_states import rank_intervals, states
from forecasting.gaps import Gap, gap
from forecasting.snapshot import Snapshot
from tests.conftest import baseline

RULE: Mapping[str, Any] = {"probability": 0.5, "silent": ["sceptical"]}


def named(found: Gap, supply: np.ndarray, **more: str) -> pd.Series:
    whole = pd.Series([more.get("reliability", "good")])
    reason = pd.Series([more.get("reason", "")])
    return states(found, supply, whole, reason, 0.05, 0.25, RULE).iloc[0]


def cell(openings: float, supply: float, lack: float, draws: int = 4) -> tuple[Gap, np.ndarray]:
    persons = np.full((1, 1, draws), supply)
    return gap(np.full((1, draws), openings), persons, np.full((1, 1, draws), lack)), persons.sum(axis=0)


@pytest.mark.parametrize(
    ("openings", "supply", "lack", "state"),
    [
        (100, 60, 0.1, "shortage"),
        (100, 95, 0.3, "mismatch"),
        (100, 110, 0.01, "balanced"),
        (100, 130, 0.01, "surplus"),
        (100, 300, 0.2, "mismatch"),
        (100, 40, np.nan, "shortage"),
        (100, 80, np.nan, "unknown"),
        (100, 300, np.nan, "unknown"),
    ],
)
def test_states(openings: float, supply: float, lack: float, state: str) -> None:
    row = named(*cell(openings, supply, lack))
    assert row["state"] == state
    assert (row["state_probability"] == 1) == (state != "unknown")
    assert row["state_reason"] == ("unavailable" if state == "unknown" else "")


def test_a_state_less_likely_than_not_is_not_named() -> None:
    openings = np.array([[100.0, 100.0, 100.0, 100.0, 100.0]])
    supply = np.array([[60.0, 60.0, 110.0, 110.0, 300.0]])
    found = gap(openings, supply[None], np.zeros((1, 1, 5)))
    row = named(found, supply)
    assert row["state"] == "unknown"
    assert row["state_reason"] == "no_likely_state"
    assert np.isnan(row["state_probability"])


def test_small_or_scoreless_cells_have_no_state_and_say_why() -> None:
    assert named(*cell(100, 60, 0.1), reliability="sceptical")["state_reason"] == "low_reliability"
    assert named(*cell(100, 60, 0.1), reason="confidential")["state_reason"] == "confidential"
    assert named(*cell(0, 60, 0.1))["state_reason"] == "not_applicable"


def test_rank_intervals_are_those_of_the_draws() -> None:
    index = pd.DataFrame({"region": "r", "scenario": "s", "horizon": [5, 5, 5, 5]})
    scores = np.array([[0.9, 0.9, 0.1], [0.5, 0.5, 0.5], [0.1, 0.1, 0.9], [0.7, 0.7, 0.7]])
    found = rank_intervals(scores, index, np.array([True, True, True, False]))
    assert found["rank_p10"].tolist()[:3] == [1, 2, 1]
    assert found["rank_p90"].tolist()[:3] == [3, 2, 3]
    assert found.iloc[3].isna().all(), "an unranked cell takes no place"


def test_published_states_ranks_and_parts_agree(tiny_snapshot: Snapshot) -> None:
    table = baseline(tiny_snapshot.tables["gaps"])
    named_ones = table[table["state"] != "unknown"]
    assert named_ones["state_probability"].between(0.5, 1).all()
    assert table.loc[table["state"] == "unknown", "state_reason"].ne("").all()
    ranked = table[table["rank"].notna()]
    assert (ranked["rank_p10"] <= ranked["rank_p90"]).all()
    known = table[table["qualitative"].notna()]
    np.testing.assert_allclose(known["quantitative"] + known["qualitative"], known["score"], atol=1e-9)


def test_a_region_lacks_what_its_occupations_lack(tiny_snapshot: Snapshot) -> None:
    table = tiny_snapshot.tables["skill_gaps"]
    key = ["region", "scenario", "horizon", "skill"]
    whole = table[table["occupation"] == "TOTAL"].set_index(key)
    parts = table[(table["occupation"] != "TOTAL") & (table["reason"] == "")]
    summed = parts.groupby(key)["unfilled"].sum()
    assert len(whole)
    np.testing.assert_allclose(whole["unfilled"], summed.reindex(whole.index), atol=1e-6)
    assert (whole["unfilled_p10"] <= whole["unfilled_p50"] + 1e-9).all()
    assert (whole["unfilled_p50"] <= whole["unfilled_p90"] + 1e-9).all()
    assert whole["asked"].between(0, 1).all()
