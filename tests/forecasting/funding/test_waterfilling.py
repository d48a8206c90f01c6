"""Water-filling to the cent: what it promises, and the same to the cent as plain loops and fractions."""

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.funding.allocation import BY_CAP, BY_FLOOR, BY_WEIGHT, Allocation, distribute
from forecasting.funding.applications import Applications, GroupCaps
from forecasting.funding.cents import largest_remainder
from forecasting.funding.nesting import Group
from forecasting.funding.waterfill import waterfill, whole_weights
from tests.forecasting.funding.programmes import Programme, node_of, of_cells, programmes
from tests.oracles import allocation as oracle

SOME = settings(max_examples=40, deadline=None)


def group_sums(asked: Applications, found: Allocation) -> list[tuple[int, Fraction, int | None]]:
    """Return cents, shares and limit of every group."""
    sums = []
    for group in asked.groups:
        for label in set(group.labels) - {""}:
            rows = [row for row, own in enumerate(group.labels) if own == label]
            cents = sum(int(found.cents[row]) for row in rows)
            sums.append((cents, sum(found.shares[row] for row in rows), group.caps[label]))
    return sums


def test_equals_the_oracle_on_a_thousand_random_programmes() -> None:
    rng = random.Random(8)
    for _ in range(1000):
        count, scale = rng.randint(1, 6), rng.choice([10, 1000, 10**9])
        cells = []
        for _ in range(count):
            cap = rng.randint(0, scale)
            weight = rng.choice([0.0, 0.1, 0.5, 1.0, 3.0, rng.random() * 10 ** rng.randint(-3, 3)])
            cells.append((weight, rng.choice([0, 0, rng.randint(0, cap)]), cap))
        branches = [rng.choice(["", "b1", "b2", "b3", "b4"]) for _ in range(count)]
        firms = [rng.choice(["", "f1", "f2"]) for _ in range(count)]
        parts = [rng.choice([None, 0.0, rng.random(), 1.0]) for _ in range(6)]
        budget, asked = of_cells(rng.randint(1, count * scale), cells, branches, firms, parts)
        found, root = distribute(budget, asked), node_of(asked)
        assert dict(zip(asked.ids, found.shares, strict=True)) == oracle.shares(budget, root)
        assert dict(zip(asked.ids, found.cents.tolist(), strict=True)) == oracle.cents(budget, root)


@SOME
@given(programmes())
def test_sums_to_the_budget_or_what_the_caps_take_within_every_bound(programme: Programme) -> None:
    budget, asked = programme
    found = distribute(budget, asked)
    assert found.cents.dtype == np.int64
    assert int(found.cents.sum()) == min(budget, found.capacity) == found.allocated == sum(found.shares)
    assert found.residual == budget - found.allocated
    assert ((asked.floors <= found.cents) & (found.cents <= asked.caps)).all()
    assert all(abs(own - share) < 1 for own, share in zip(found.cents.tolist(), found.shares, strict=True))
    for cents, share, limit in group_sums(asked, found):
        assert abs(cents - share) < 1
        assert limit is None or cents <= limit
    most = np.where(asked.weights > 0, asked.caps, asked.floors)
    assert found.capacity <= most.sum()
    if found.residual:
        assert found.level is None


@SOME
@given(programmes())
def test_interior_cells_share_one_ratio_and_everybody_else_says_why_not(programme: Programme) -> None:
    budget, asked = programme
    found = distribute(budget, asked)
    limits = {" ".join(key): level for key, level in found.group_levels.items()}
    for row, (share, bound) in enumerate(zip(found.shares, found.bound, strict=True)):
        weight = Fraction(float(asked.weights[row]))
        if bound == BY_CAP:
            assert share == asked.caps[row]
        elif bound == BY_FLOOR:
            assert share == asked.floors[row]
        else:
            level = found.level if bound == BY_WEIGHT else limits[bound]
            assert share == level * weight
    if found.level is not None:
        assert all(level < found.level for level in limits.values())


@SOME
@given(programmes(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(programme: Programme, rng: random.Random) -> None:
    budget, asked = programme
    order = list(range(len(asked.ids)))
    rng.shuffle(order)
    moved = Applications(
        [asked.ids[row] for row in order],
        asked.weights[order],
        asked.floors[order],
        asked.caps[order],
        [replace(group, labels=[group.labels[row] for row in order]) for group in asked.groups],
    )
    found, again = distribute(budget, asked), distribute(budget, moved)
    assert again.cents.tolist() == found.cents[order].tolist()
    assert again.level == found.level
    assert again.group_levels == found.group_levels


@SOME
@given(programmes(), st.integers(0, 8), st.sampled_from([1.01, 2.0, 100.0]))
def test_more_weight_never_brings_less(programme: Programme, row: int, factor: float) -> None:
    budget, asked = programme
    row %= len(asked.ids)
    more = asked.weights.copy()
    more[row] = more[row] * factor if more[row] else factor
    found, again = distribute(budget, asked), distribute(budget, replace(asked, weights=more))
    assert again.shares[row] >= found.shares[row]
    assert again.cents[row] >= found.cents[row] - 1


@SOME
@given(st.lists(st.floats(0, 100), min_size=2, max_size=12), st.integers(1, 10**6))
def test_who_weighs_more_gets_no_less_but_for_a_cent(weights: list[float], budget: int) -> None:
    count = len(weights)
    asked = Applications(
        [f"a{row}" for row in range(count)],
        np.sort(weights),
        np.full(count, 0),
        np.full(count, budget // 2 + 1),
    )
    found = distribute(budget, asked)
    assert all(low <= high for low, high in zip(found.shares, found.shares[1:], strict=False))
    assert (np.diff(found.cents) >= -1).all()


@SOME
@given(
    programmes(weights=st.integers(0, 1000).map(lambda each: 10.0 * each)),
    st.integers(0, 8),
    st.integers(1, 9),
)
def test_splitting_an_application_pays_the_same_total_and_changes_nobody(
    programme: Programme, row: int, tenths: int
) -> None:
    budget, asked = programme
    row %= len(asked.ids)
    firm = [own or f"single {name}" for own, name in zip(asked.groups[1].labels, asked.ids, strict=True)]
    caps = {label: asked.groups[1].caps.get(label) for label in firm}
    caps = {label: None if cap is None else 10 * cap for label, cap in caps.items()}
    whole = Applications(
        asked.ids, asked.weights, 10 * asked.floors, 10 * asked.caps, [GroupCaps("firm", firm, caps)]
    )
    split = Applications(
        [*asked.ids, "a second part"],
        np.append(whole.weights, whole.weights[row] // 10 * (10 - tenths)),
        np.append(whole.floors, whole.floors[row] // 10 * (10 - tenths)),
        np.append(whole.caps, whole.caps[row] // 10 * (10 - tenths)),
        [GroupCaps("firm", [*firm, firm[row]], caps)],
    )
    for column in (split.weights, split.floors, split.caps):
        column[row] = column[row] // 10 * tenths
    before, after = distribute(10 * budget, whole), distribute(10 * budget, split)
    assert after.shares[row] + after.shares[-1] == before.shares[row]
    others = [r for r in range(len(asked.ids)) if firm[r] != firm[row]]
    assert after.cents[others].tolist() == before.cents[others].tolist()
    own = [r for r in range(len(asked.ids)) if firm[r] == firm[row]]
    assert after.cents[[*own, -1]].sum() == before.cents[own].sum()


def test_one_limit_over_two_applications_leaves_more_for_the_others() -> None:
    asked = Applications(
        ["a", "b", "c"],
        np.array([1.0, 3.0, 4.0]),
        np.zeros(3, dtype=np.int64),
        np.full(3, 100),
        [GroupCaps("de minimis headroom", ["u", "u", ""], {"u": 20})],
    )
    found = distribute(80, asked)
    assert found.cents.tolist() == [5, 15, 60]
    assert found.bound == ("de minimis headroom u", "de minimis headroom u", BY_WEIGHT)
    assert (found.level, found.group_levels) == (15, {("de minimis headroom", "u"): 5})
    assert found.table()["bound"].tolist() == list(found.bound)


def test_equal_remainders_go_by_id_and_not_by_row() -> None:
    zeros, most = np.zeros(3, dtype=np.int64), np.full(3, 9)
    for ids in (["a", "b", "c"], ["c", "a", "b"]):
        found = distribute(5, Applications(ids, np.ones(3), zeros, most))
        assert dict(zip(ids, found.cents.tolist(), strict=True)) == {"a": 2, "b": 2, "c": 1}


def test_a_group_that_bears_the_name_of_an_application_is_another() -> None:
    zeros, most = np.zeros(3, dtype=np.int64), np.full(3, 9)
    for order in ([0, 1, 2], [1, 2, 0]):
        ids, labels = [["a", "b", "c"][row] for row in order], [["", "a", ""][row] for row in order]
        found = distribute(4, Applications(ids, np.ones(3), zeros, most, [GroupCaps("g", labels, {"a": 9})]))
        assert dict(zip(ids, found.cents.tolist(), strict=True)) == {"a": 2, "b": 1, "c": 1}


def test_without_weight_nobody_gets_more_than_the_floor_and_the_rest_is_reported() -> None:
    asked = Applications(["a", "b"], np.array([0.0, 1.0]), np.array([3, 0]), np.array([50, 10]))
    found = distribute(100, asked)
    assert found.cents.tolist() == [3, 10]
    assert (found.capacity, found.residual, found.level) == (13, 87, None)
    assert found.bound == (BY_FLOOR, BY_CAP)


def test_no_application_leaves_the_whole_budget() -> None:
    none = np.array([], dtype=np.int64)
    found = distribute(100, Applications([], np.array([]), none, none))
    assert (found.residual, found.allocated, len(found.table())) == (100, 0, 0)


def test_weights_are_read_exactly_however_far_apart() -> None:
    weights = np.array([1e-300, 0.1, 1e300, 0.0])
    whole = whole_weights(weights)
    for own, weight in zip(whole, weights.tolist(), strict=True):
        assert Fraction(own) * Fraction(weights[0]) == Fraction(weight) * whole[0]


def test_remainders_that_floats_confuse_are_told_apart() -> None:
    filled = waterfill(3, [10**17, 10**17 + 1, 10**17 + 2], [0] * 3, [9] * 3, Group("", "", None, [0, 1, 2]))
    assert [share < 1 for share in filled.shares] == [True, False, False]
    assert filled.shares[1] == 1


def test_rounding_refuses_a_total_that_it_cannot_reach() -> None:
    with pytest.raises(ForecastingError, match="rounding has 3 cents to give and 1 shares to round up"):
        largest_remainder([Fraction(1, 2), Fraction(1)], 4, ["a", "b"])
