"""The linear programmes: equal to greedy and to water-filling where those apply, and prices that hold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InputError
from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications, GroupCaps
from forecasting.funding.linear import Condition, best_value, fairest
from tests.forecasting.funding.programmes import Programme, programmes
from tests.oracles.allocation import greedy

FEW = settings(max_examples=25, deadline=None)
COUNT = 4
ASKED = Applications(
    ("a", "b", "c", "d"),
    np.ones(COUNT),
    np.array([0, 1_000, 0, 0]),
    np.array([5_000, 5_000, 4_000, 3_000]),
)
VALUES = np.array([5.0, 1.0, 3.0, 2.0])
SOUTH = Condition("south", np.array([0.0, 0.0, 1.0, 1.0]), least=6_000)


@FEW
@given(programmes(), st.lists(st.integers(-3, 20), min_size=9, max_size=9))
def test_without_groups_the_best_value_is_greedy(programme: Programme, values: list[int]) -> None:
    budget, asked = programme
    asked = replace(asked, groups=())
    worth = np.array(values[: len(asked.ids)], dtype=float)
    _, expected = greedy(budget, worth.tolist(), asked.floors.tolist(), asked.caps.tolist())
    found = best_value(budget, worth, asked)
    assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-3)
    assert float(worth @ found.cents) == pytest.approx(expected, rel=1e-9, abs=1e-3)
    assert ((asked.floors <= found.cents) & (found.cents <= asked.caps)).all()
    assert found.cents.sum() <= budget


@FEW
@given(programmes(6, weights=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
def test_the_fairest_shares_are_those_of_water_filling(programme: Programme) -> None:
    budget, asked = programme
    expected = [float(share) for share in distribute(budget, asked).shares]
    shares, cents, missed = fairest(budget, asked)
    np.testing.assert_allclose(shares, expected, rtol=1e-6, atol=1e-2)
    assert ((asked.floors <= cents) & (cents <= asked.caps)).all()
    assert max(missed.values(), default=0) <= 1


def test_every_bound_has_its_shadow_price() -> None:
    found = best_value(10_000, VALUES, ASKED, [SOUTH])
    assert found.cents.tolist() == [3_000, 1_000, 4_000, 2_000]
    assert found.price_of_budget == pytest.approx(5)
    assert found.price_of_least == {"south": pytest.approx(3)}, "a cent of d in place of one of a"
    assert found.price_of_floors.tolist() == pytest.approx([0, 4, 0, 0])
    assert found.price_of_caps.tolist() == pytest.approx([0, 0, 1, 0])
    assert found.missed == {}


@pytest.mark.parametrize("row", range(COUNT))
def test_a_price_is_what_one_more_euro_changes(row: int) -> None:
    found = best_value(10_000, VALUES, ASKED, [SOUTH])
    floors, caps = ASKED.floors.copy(), ASKED.caps.copy()
    floors[row] += 100
    higher = best_value(10_000, VALUES, replace(ASKED, floors=floors), [SOUTH])
    bound = found.shares[row] < floors[row]
    assert found.value - higher.value == pytest.approx(100 * found.price_of_floors[row] if bound else 0)
    caps[row] += 100
    wider = best_value(10_000, VALUES, replace(ASKED, caps=caps), [SOUTH])
    assert wider.value - found.value == pytest.approx(100 * found.price_of_caps[row])


def test_conditions_may_overlap_and_speak_of_the_whole_programme() -> None:
    share = Condition("a third for b and c", np.array([-1.0, 2.0, 2.0, -1.0]), least=0)
    most = Condition("a and c", np.array([1.0, 0.0, 1.0, 0.0]), most=6_000)
    found = best_value(10_000, VALUES, ASKED, [share, most])
    assert found.shares[[1, 2]].sum() >= found.shares.sum() / 3 - 1e-6
    assert found.shares[[0, 2]].sum() <= 6_000 + 1e-6
    assert found.price_of_most["a and c"] > 0
    assert max(found.missed.values(), default=0.0) <= 4


def test_the_limit_of_an_undertaking_has_a_price_too() -> None:
    asked = replace(ASKED, groups=[GroupCaps("headroom", ("u", "", "u", ""), {"u": 6_000})])
    found = best_value(9_500, VALUES, asked)
    assert found.cents.tolist() == [5_000, 1_000, 1_000, 2_500]
    assert found.price_of_most == {"headroom u": pytest.approx(1)}, "a cent of c in place of one of d"
    assert found.price_of_budget == pytest.approx(2)


def test_a_least_amount_moves_the_fairest_shares() -> None:
    shares, cents, missed = fairest(8_000, ASKED, [SOUTH])
    assert cents.tolist() == [1_000, 1_000, 3_000, 3_000]
    assert shares.sum() == pytest.approx(8_000)
    assert missed == {}


def test_conditions_that_cannot_be_kept_are_explained_with_the_amounts() -> None:
    with pytest.raises(InputError) as refused:
        best_value(5_000, VALUES, ASKED, [SOUTH])
    assert "€10.00" in str(refused.value), "of floors"
    assert "miss by €20.00" in str(refused.value)
    with pytest.raises(InputError, match=r"south: at least €80\.00, .* miss by €10\.00"):
        best_value(50_000, VALUES, ASKED, [replace(SOUTH, least=8_000)])


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([SOUTH, SOUTH], "'south' twice; expected unique names"),
        ([replace(SOUTH, least=1.5)], r"1\.5 of 'south'; expected whole cents"),
        ([replace(SOUTH, coefficients=np.ones(2))], r"\(2,\) coefficients of 'south'"),
    ],
)
def test_a_broken_condition_is_refused(conditions: list[Condition], message: str) -> None:
    with pytest.raises(InputError, match=message):
        best_value(10_000, VALUES, ASKED, conditions)


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match=r"values: found .*nan.*; expected a finite number for each"):
        best_value(10_000, np.array([1.0, np.nan, 1.0, 1.0]), ASKED)


def test_the_law_gives_no_way_where_conditions_cannot_be_kept() -> None:
    asked = replace(ASKED, groups=[GroupCaps("headroom", ("", "", "u", "u"), {"u": 5_000})])
    with pytest.raises(InputError) as refused:
        best_value(10_000, VALUES, asked, [SOUTH])
    assert len(refused.value.problems) == 1
    assert "south: at least €60.00" in str(refused.value)
    assert "lower it by €10.00" in str(refused.value)
