"""Conditions on a whole programme: read with every problem, kept to the cent, nearest to proportion."""

import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError, InputError
from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications, GroupCaps
from forecasting.funding.conditioned import FAIREST, VALUE, Conditioned, distribute_under
from forecasting.funding.conditioned_draws import amounts_under
from forecasting.funding.conditions import CONDITIONS, in_force
from forecasting.funding.linear import Condition
from tests.oracles import conditions as oracle

DAY, BUDGET = dt.date(2026, 12, 1), 1_000_001
CASES = 200
ROW: dict[str, Any] = {
    "name": "low educated",
    "column": "groups",
    "values": "low_educated",
    "least": 0.2,
    "most": None,
    "unit": "share",
    "from": "2026-01-01",
    "until": None,
    "reference": "Decision 1",
}
ASKED = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "region": ["N", "N", "S", "S"],
        "groups": ["low_educated aged_55_plus", "", "low_educated", ""],
    }
)


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([ROW | row for row in rows], columns=[each.name for each in CONDITIONS.columns])


def test_a_share_is_of_the_budget_and_rounded_to_what_keeps_it() -> None:
    (found,) = in_force(table({"most": 0.3}), ASKED, DAY, BUDGET)
    assert (found.least, found.most) == (200_001, 300_000)
    assert found.members(ASKED).tolist() == [True, False, True, False]
    (euros,) = in_force(table({"unit": "euros", "least": 12.34}), ASKED, DAY, BUDGET)
    assert (euros.least, euros.most) == (1_234, None)


def test_only_the_conditions_of_the_day_hold() -> None:
    rows = (
        {"until": "2026-11-30"},
        {"from": "2026-12-01", "least": 0.1},
        {"name": "x", "from": "2027-01-01"},
    )
    (found,) = in_force(table(*rows), ASKED, DAY, BUDGET)
    assert found.least == 100_001
    with pytest.raises(InputError, match="none in force on 2020-01-01"):
        in_force(table({}), ASKED, dt.date(2020, 1, 1), BUDGET)


BROKEN = [
    ({"column": "colour"}, "column column, line 2: found colour; expected one of region"),
    ({"unit": "percent"}, "column unit, line 2: found percent; expected euros or share"),
    ({"reference": ""}, "column reference, line 2: found nothing; expected the decision"),
    ({"values": ""}, "column values, line 2: found nothing"),
    (
        {"values": "left_handed"},
        "found 'left_handed', which no application has as groups; expected values among",
    ),
    ({"least": None}, "expected a least or a largest amount"),
    ({"most": 0.1}, "column least, line 2: found 0.2; expected at most the largest"),
    ({"least": 20}, "column least, line 2: found 20; expected a share from 0 to 1"),
    ({"unit": "euros", "least": 1.005}, "expected euros in whole cents"),
    ({"until": "2025-01-01"}, "column until, line 2"),
    ({"name": "budget"}, "column name, line 2: found budget; expected another name"),
]


@pytest.mark.parametrize(("row", "said"), BROKEN)
def test_a_condition_that_cannot_be_used_is_refused(row: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        in_force(table(row), ASKED, DAY, BUDGET)


def test_every_problem_is_told_at_once_and_overlapping_days_too() -> None:
    with pytest.raises(InputError) as told:
        in_force(table({}, {"unit": "x"}, {"reference": ""}), ASKED, DAY, BUDGET)
    assert {each.column for each in told.value.problems} == {"unit", "reference", "from"}


Case = tuple[int, Applications, list[Condition]]


def made(rng: np.random.Generator) -> Case:
    """Return a small programme with a limit of law and conditions that overlap; many cannot be kept."""
    count = int(rng.integers(2, 8))
    weights = np.where(
        rng.random(count) < 0.1, 0.0, rng.choice([0.5, 1.0, 1.2, 2.0], count) * rng.integers(1, 9, count)
    )
    high = rng.integers(0, 3_000, count)
    low = np.where(rng.random(count) < 0.2, high // 3, 0)
    firms = [str(each) for each in rng.choice(["", "f1", "f2"], count)]
    caps = {
        name: int(sum(low[i] + 0.6 * (high[i] - low[i]) for i in range(count) if firms[i] == name))
        for name in sorted(set(firms) - {""})
    }
    asked = Applications(
        [f"a{i}" for i in range(count)], weights, low, high, (GroupCaps("firm", firms, caps),)
    )
    budget = max(1, int(rng.integers(1, high.sum() + 2)), int(low.sum()))
    rows = []
    for place in range(int(rng.integers(1, 4))):
        least = int(rng.random() * budget * 0.5) if rng.random() < 0.7 else None
        most = (
            int((least or 0) + rng.random() * budget * 0.5) if least is None or rng.random() < 0.3 else None
        )
        rows.append(Condition(f"c{place}", (rng.random(count) < 0.5).astype(float), least, most))
    return budget, asked, rows


def dense(case: Case) -> tuple[list[float], list[float], list[oracle.Row]]:
    _, asked, conditions = case
    high = [
        float(cap if weight else floor)
        for cap, weight, floor in zip(asked.caps, asked.weights, asked.floors, strict=True)
    ]
    rows: list[oracle.Row] = [
        ([float(c) for c in each.coefficients], each.least, each.most) for each in conditions
    ]
    for name, cap in asked.groups[0].caps.items():
        rows.append(([float(own == name) for own in asked.groups[0].labels], None, cap))
    return [float(each) for each in asked.floors], high, rows


def holds(case: Case, found: Conditioned) -> None:
    """Assert that floors, caps, law and conditions hold to the cent, in plain loops."""
    budget, asked, conditions = case
    cents = found.allocation.cents.tolist()
    assert sum(cents) == found.allocation.allocated <= budget
    for own, low, high in zip(cents, asked.floors, asked.caps, strict=True):
        assert low <= own <= high
    for name, cap in asked.groups[0].caps.items():
        assert (
            sum(own for own, firm in zip(cents, asked.groups[0].labels, strict=True) if firm == name) <= cap
        )
    for each in conditions:
        got = sum(own for own, inside in zip(cents, each.coefficients, strict=True) if inside)
        assert (each.least or 0) <= got <= (budget if each.most is None else each.most)
    for own, share in zip(cents, found.allocation.shares, strict=True):
        assert abs(Fraction(own) - share) < 1


def test_conditions_are_kept_to_the_cent_and_shares_are_nearest_to_proportion() -> None:
    rng, kept = np.random.default_rng(8), 0
    for _ in range(CASES):
        case = budget, asked, conditions = made(rng)
        low, high, rows = dense(case)
        start = oracle.largest_total(budget, low, high, rows)
        if start is None:
            with pytest.raises(InputError, match="conditions"):
                distribute_under(budget, asked, conditions, asked.weights)
            continue
        found = distribute_under(budget, asked, conditions, asked.weights)
        holds(case, found)
        total = found.allocation.allocated
        assert total >= sum(start) - 2, "as much as can be given out"
        plain = distribute(budget, asked)
        if not found.binding:
            assert found.allocation.cents.tolist() == plain.cents.tolist()
        if total and abs(total - sum(start)) < 1e-3:
            expected = oracle.nearest(start, asked.weights.tolist(), low, high, rows)
            bent = [1 / each if each else 0.0 for each in asked.weights]
            mine, best = (
                sum(b * float(x) ** 2 for b, x in zip(bent, each, strict=True))
                for each in (found.allocation.shares, expected)
            )
            assert mine <= best * (1 + 1e-5) + 30 * max(bent) * max(high, default=0)
            kept += 1
    assert kept > CASES / 4


@pytest.mark.parametrize("rule", [VALUE, FAIREST])
def test_the_linear_programmes_keep_them_to_the_cent_too(rule: str) -> None:
    rng, kept = np.random.default_rng(9), 0
    for _ in range(CASES // 4):
        case = budget, asked, conditions = made(rng)
        try:
            found = distribute_under(budget, asked, conditions, asked.weights, rule)
        except InputError:
            continue
        holds(case, found)
        kept += 1
        if rule == VALUE:
            near = distribute_under(budget, asked, conditions, asked.weights)
            worth = [float(asked.weights @ each.allocation.cents) for each in (found, near)]
            assert worth[0] >= worth[1] - float(asked.weights.sum())
    assert kept > CASES / 16


def test_a_group_that_falls_short_is_raised_and_the_rest_keep_one_level() -> None:
    asked = Applications(
        ["a", "b", "c"], np.array([1.0, 1.0, 2.0]), np.zeros(3, dtype=np.int64), np.full(3, 1_000)
    )
    found = distribute_under(400, asked, [Condition("a least", np.array([1.0, 0, 0]), 199)], np.ones(3))
    assert found.allocation.cents.tolist() == [199, 67, 134]
    assert found.binding == {"a least": "least"}
    assert found.allocation.level == 67
    assert found.allocation.bound == ("condition a least", "weight", "weight")
    assert found.price_of_budget == pytest.approx(1)
    told = {names: level for names, _, level in found.classes}
    assert told == {(): 67, ("a least",): 199}


def test_what_cannot_be_kept_is_explained_with_the_amounts() -> None:
    asked = Applications(["a", "b"], np.ones(2), np.zeros(2, dtype=np.int64), np.array([5_000, 90_000]))
    with pytest.raises(
        InputError, match=r"a least: at least €100\.00, .* miss by €50\.00.*lower it by €50\.00"
    ):
        distribute_under(80_000, asked, [Condition("a least", np.array([1.0, 0]), 10_000)], np.ones(2))
    with pytest.raises(ForecastingError, match="rule 'best'; expected one of proportional"):
        distribute_under(80_000, asked, [], np.ones(2), "best")


def test_draws_keep_the_conditions_where_they_can_and_tell_where_not() -> None:
    asked = Applications(
        ["a", "b", "c"], np.array([1.0, 1.0, 2.0]), np.zeros(3, dtype=np.int64), np.full(3, 1_000)
    )
    rows = [Condition("a least", np.array([1.0, 0, 0]), 199)]
    found = distribute_under(400, asked, rows, np.ones(3))
    amounts, kept = amounts_under(
        400, found.split, np.array([[1.0, 1, 2], [9.0, 1, 2], [0.0, 1, 2]]), rows, None
    )
    expected = [[199, 67, 134], [300, 100 / 3, 200 / 3], [0, 400 / 3, 800 / 3]]
    np.testing.assert_allclose(amounts, expected, atol=1e-3)
    assert kept == {"a least": pytest.approx(2 / 3)}


def test_the_order_of_rows_changes_no_amount() -> None:
    rng = np.random.default_rng(10)
    for _ in range(CASES // 4):
        budget, asked, conditions = made(rng)
        turn = rng.permutation(len(asked.ids))
        other = Applications(
            [asked.ids[i] for i in turn],
            asked.weights[turn],
            asked.floors[turn],
            asked.caps[turn],
            [GroupCaps("firm", [asked.groups[0].labels[i] for i in turn], asked.groups[0].caps)],
        )
        turned = [Condition(c.name, c.coefficients[turn], c.least, c.most) for c in conditions]
        try:
            one = distribute_under(budget, asked, conditions, asked.weights).allocation
        except InputError:
            continue
        two = distribute_under(budget, other, turned, asked.weights[turn]).allocation
        assert dict(zip(one.ids, one.cents, strict=True)) == dict(zip(two.ids, two.cents, strict=True))
