"""Progressive universalism: what constructs it passes the check, and the check names who is passed over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InputError
from forecasting.funding.universalism import (
    LESS_PER_HEAD,
    NOTHING,
    base_per_head,
    progressive,
    universalism_violations,
)
from forecasting.parameters import load_parameters

UNITS = st.lists(
    st.tuples(st.integers(1, 500), st.one_of(st.just(0.0), st.floats(1e-3, 50))), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(UNITS, st.integers(1, 5_000), st.integers(1, 10**7), st.one_of(st.none(), st.integers(0, 10**5)))
def test_what_is_constructed_is_universal_progressive_and_adds_up(
    units: list[tuple[int, float]], base: int, more: int, above: int | None
) -> None:
    heads, need = np.array([unit[0] for unit in units]), np.array([unit[1] for unit in units])
    ids = [f"u{row}" for row in range(len(units))]
    budget = base * int(heads.sum()) + more
    largest = None if above is None else base + above
    found = progressive(budget, ids, heads, need, base, largest)
    assert universalism_violations(found.cents, ids, heads, need) == []
    assert (found.cents >= base * heads).all()
    assert found.cents.sum() + found.residual == budget
    if largest is not None:
        assert (found.cents <= largest * heads).all()
    if not found.residual and largest is None:
        np.testing.assert_allclose(found.cents, heads * (base + float(found.slope) * need), 1e-9, 1.01)


def test_the_declared_base_pays_everybody_and_leaves_the_rest_to_need() -> None:
    heads, need = np.array([7, 1, 30]), np.array([1.0, 2.0, 0.0])
    share = load_parameters()["universal_base_share"]
    found = progressive(10**6, ["a", "b", "c"], heads, need, base_per_head(10**6, heads, share))
    assert share * 10**6 - heads.sum() < found.base.sum() <= share * 10**6
    assert found.cents.sum() == 10**6


def test_every_violation_is_named_with_the_amounts() -> None:
    ids, heads = ["rich", "poor", "none", "fair"], np.array([10, 20, 5, 1])
    need, cents = np.array([1.0, 3.0, 2.0, 4.0]), np.array([10_000, 10_000, 0, 1_000])
    found = universalism_violations(cents, ids, heads, need)
    assert [(each.unit, each.kind, each.than) for each in found] == [
        ("none", NOTHING, ""),
        ("poor", LESS_PER_HEAD, "rich"),
        ("none", LESS_PER_HEAD, "rich"),
    ]
    assert found[1].sentence == "poor (need 3) gets €5.00 per head, rich (need 1) €10.00"


def test_a_cent_of_rounding_is_no_violation_and_two_are() -> None:
    heads, need = np.array([1, 1]), np.array([1.0, 2.0])
    assert universalism_violations(np.array([101, 99]), ["a", "b"], heads, need) == []
    assert len(universalism_violations(np.array([102, 99]), ["a", "b"], heads, need)) == 1


def test_equal_need_asks_for_equal_amounts_per_head() -> None:
    found = universalism_violations(np.array([100, 500]), ["a", "b"], np.array([1, 1]), np.array([1.0, 1.0]))
    assert [(each.unit, each.than) for each in found] == [("a", "b")]


def test_the_law_is_named_where_it_is_the_cause() -> None:
    cents, caps = np.array([500, 300]), np.array([900, 300])
    found = universalism_violations(cents, ["a", "b"], np.array([1, 1]), np.array([1.0, 2.0]), caps)
    assert [(each.unit, each.at_cap) for each in found] == [("b", True)]


def test_a_base_that_the_budget_cannot_pay_is_explained() -> None:
    with pytest.raises(InputError) as refused:
        progressive(1_000, ["a", "b"], np.array([10, 10]), np.array([1.0, 2.0]), 60)
    assert str(refused.value) == (
        "universal base: found a base of €0.60 for 20 persons, €12.00; expected less than the budget, €10.00."
        " Do: lower the base to less than €0.50, or raise the budget."
    )


@pytest.mark.parametrize(
    ("heads", "need", "base", "message"),
    [
        ([0, 1], [1.0, 1.0], 1, "units, column heads, line 2: found 0; expected whole persons, at least 1"),
        ([1, 1], [1, np.nan], 1, "units, column need, line 3: found nan; expected a finite need"),
        ([1, 1], [1.0, 1.0], 0, "universal base: found 0 of at most 100 cents; expected 0 < base"),
        ([1], [1.0, 1.0], 1, "units: found 2 ids, 1 heads and 2 needs"),
    ],
)
def test_broken_units_are_refused(heads: list[int], need: list[float], base: int, message: str) -> None:
    with pytest.raises(InputError) as refused:
        progressive(100, ["a", "b"], np.array(heads), np.array(need), base)
    assert message in str(refused.value)
