"""Equity and deadweight: exact indices, tables that add up, declared shares."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InputError
from forecasting.funding.deadweight import deadweight_table
from forecasting.funding.equity import (
    concentration_index,
    equity_summary,
    gains,
    share_to_neediest,
)
from forecasting.parameters import load_parameters
from tests.oracles.allocation import concentration

UNITS = st.lists(
    st.tuples(st.integers(1, 1000), st.integers(0, 5), st.integers(1, 50)), min_size=1, max_size=20
)
PART = 0.25


@settings(max_examples=100)
@given(UNITS)
def test_concentration_is_the_area_under_its_curve_with_ties(units: list[tuple[int, int, int]]) -> None:
    amounts, need, heads = (np.array([unit[place] for unit in units], dtype=float) for place in range(3))
    found = concentration_index(amounts, need, heads)
    assert found == pytest.approx(concentration(amounts, need, heads), abs=1e-9)
    assert found == pytest.approx(-concentration_index(amounts, -need, heads), abs=1e-9)
    assert concentration_index(heads, need, heads) == pytest.approx(0, abs=1e-9), "equal amounts per head"


@settings(max_examples=60)
@given(UNITS)
def test_splitting_units_in_persons_changes_no_index(units: list[tuple[int, int, int]]) -> None:
    amounts, need, heads = (np.array([unit[place] for unit in units], dtype=float) for place in range(3))
    people = heads.astype(int)
    each = (amounts / heads).repeat(people), need.repeat(people)
    assert concentration_index(*each) == pytest.approx(concentration_index(amounts, need, heads), abs=1e-9)
    assert share_to_neediest(*each, PART) == pytest.approx(share_to_neediest(amounts, need, PART, heads))


def test_the_share_to_the_neediest_counts_part_of_who_stands_on_the_border() -> None:
    amounts, need = np.array([10, 20, 30, 40, 100]), np.array([1.0, 2.0, 3.0, 3.0, 5.0])
    assert share_to_neediest(amounts, need, 0.2) == 0.5
    assert share_to_neediest(amounts, need, 0.4) == pytest.approx((100 + 70 / 2) / 200)
    assert share_to_neediest(amounts, need, 1.0) == 1.0


def test_nothing_paid_has_no_index() -> None:
    assert np.isnan(concentration_index(np.zeros(2), np.ones(2)))
    assert np.isnan(share_to_neediest(np.zeros(2), np.ones(2), PART))


def test_before_and_after_stand_beside_each_other() -> None:
    need = np.array([1.0, 2.0, 3.0, 4.0])
    before, after = np.array([40, 30, 20, 10]), np.array([10, 20, 30, 40])
    table = equity_summary([("by participation", before), ("by demand", after)], need, PART)
    assert table["concentration_index"].tolist() == pytest.approx([-0.25, 0.25])
    assert table["share_to_neediest"].tolist() == [0.1, 0.4]
    assert table["cents"].tolist() == [100, 100]


def test_gains_and_losses_add_up_by_every_way_of_grouping() -> None:
    cents, baseline = np.array([100, 0, 50, 30]), np.array([60, 40, 50, 0])
    groups = pd.DataFrame(
        {"sector": ["care", "care", "build", None], "age": ["25-54", "55+", "55+", "25-54"]}
    )
    table = gains(cents, baseline, groups)
    for _, part in table.groupby("by"):
        assert part["change"].sum() == 30
        assert part["applications"].sum() == 4
        assert part["share"].sum() == pytest.approx(1)
        assert part["baseline_share"].sum() == pytest.approx(1)
    care = table.set_index(["by", "group"]).loc[("sector", "care")]
    assert (care["gainers"], care["losers"], care["change"]) == (1, 1, 0)
    unknown = table.set_index(["by", "group"]).loc[("sector", "unknown")]
    assert unknown["cents"] == 30
    assert np.isnan(unknown["relative_change"])


def test_another_set_of_applications_is_no_baseline() -> None:
    with pytest.raises(InputError, match="found 2 amounts, 3 in the baseline and 2 rows of groups"):
        gains(np.array([1, 2]), np.array([1, 2, 3]), pd.DataFrame({"sector": ["a", "b"]}))


def test_cost_per_additional_trainee_is_the_cost_over_one_minus_deadweight() -> None:
    declared = load_parameters()["deadweight_shares"]
    cents, trainees = np.array([100_000, 300_000, 90_000]), np.array([10.0, 20.0, 0.0])
    table = deadweight_table(cents, trainees, ["low_skilled", "others", "others"], declared).set_index(
        "group"
    )
    low, total = table.loc["low_skilled"], table.loc["total"]
    assert low["cost_per_additional_central"] == pytest.approx(10_000 / (1 - 0.6))
    assert (
        low["cost_per_additional_low"] < low["cost_per_additional_central"] < low["cost_per_additional_high"]
    )
    for case in ("low", "central", "high"):
        assert total[f"additional_{case}"] == pytest.approx(table[f"additional_{case}"].iloc[:-1].sum())
        expected = total["cost_per_trainee"] / (1 - total[f"deadweight_{case}"])
        assert total[f"cost_per_additional_{case}"] == pytest.approx(expected)
    assert total["cents"] == 490_000
    assert np.isnan(deadweight_table(cents[2:], trainees[2:], ["others"], declared)["cost_per_trainee"][0])


def test_a_declared_deadweight_is_never_zero() -> None:
    for declared in load_parameters()["deadweight_shares"].values():
        assert 0 < declared["low"] <= declared["central"] <= declared["high"] < 1


@pytest.mark.parametrize(
    ("trainees", "group", "declared", "message"),
    [
        (-1.0, "x", {"x": {"low": 0.1, "central": 0.2, "high": 0.3}}, "trainees, line 2: found -1.0"),
        (
            1.0,
            "y",
            {"x": {"low": 0.1, "central": 0.2, "high": 0.3}},
            "group, line 2: found 'y'; expected one",
        ),
        (1.0, "x", {"x": {"low": 0.1, "central": 0.2, "high": 1.0}}, "expected low ≤ central ≤ high, from 0"),
        (1.0, "x", {"x": {"low": 0.5, "central": 0.2, "high": 0.6}}, "deadweight_shares: found x: {'low'"),
        (1.0, "x", {"x": {"central": 0.2}}, "declare three shares"),
    ],
)
def test_broken_deadweight_is_refused(
    trainees: float, group: str, declared: dict[str, dict[str, float]], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        deadweight_table(np.array([100]), np.array([trainees]), [group], declared)
    assert message in str(refused.value)
