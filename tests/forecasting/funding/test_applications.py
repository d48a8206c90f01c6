"""Bad input to an allocation: each mistake with its rows, what was given, what was expected, what to do."""

from dataclasses import replace

import numpy as np
import pytest

from forecasting.errors import InputError
from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications, GroupCaps

GOOD = Applications(
    ("a", "b", "c"),
    np.array([1.0, 2.0, 3.0]),
    np.array([0, 10, 0]),
    np.array([100, 100, 100]),
    (GroupCaps("de minimis headroom", ("u", "u", ""), {"u": 150}),),
)


def limits(labels: tuple[str, ...], caps: dict[str, int | None]) -> tuple[GroupCaps, ...]:
    return (GroupCaps("de minimis headroom", labels, caps),)


BROKEN = {
    "weight, line 3: found nan; expected a finite number of at least 0. Do: give 0 where": {
        "weights": np.array([1, np.nan, 1])
    },
    "weight, lines 2, 4: found -1.0; expected a finite number": {"weights": np.array([-1.0, 1, np.inf])},
    "cap, lines 2, 3, 4: found 100.5 (float64); expected whole cents as integers. Do: give euros × 100": {
        "caps": np.array([100.5, 100, 100])
    },
    "floor, lines 2, 3, 4: found False (bool); expected whole cents": {"floors": np.array([False] * 3)},
    "id, lines 2, 4: found 'a' more than once; expected each application once. Do: remove the copy": {
        "ids": ("a", "b", "a")
    },
    "id, line 3: found ''; expected a text": {"ids": ("a", "", "c")},
    "cap, line 3: found €0.05 below the floor €0.10; expected a cap at or above the floor. Do: lower": {
        "caps": np.array([100, 5, 100])
    },
    "floor, line 2: found -7; expected 0 cents or more": {"floors": np.array([-7, 0, 0])},
    "cap, line 4: found -1; expected 0 cents or more": {"caps": np.array([100, 100, -1])},
    "weight: found 2 rows; expected 3, as ids": {"weights": np.ones(2)},
    "weight: found object; expected numbers": {"weights": np.array([1, None, 2], dtype=object)},
    "headroom, lines 2, 3: found no limit for 'v'; expected one for each label": {
        "groups": limits(("v", "v", "u"), {"u": 9})
    },
    "headroom: found 1.5 for 'u'; expected whole cents of at least 0, or None": {
        "groups": limits(("u", "u", ""), {"u": 1.5})
    },
    "headroom: found -3 for 'u'; expected whole cents": {"groups": limits(("u", "u", ""), {"u": -3})},
    "floors that sum to €0.10, the largest b €0.10; expected at most de minimis headroom of u, €0.04. "
    "Do: raise it by €0.06, or lower the floors to 40.0 % of themselves": {
        "groups": limits(("u", "u", ""), {"u": 4})
    },
    "applications of project 'p' under more than one de minimis headroom; expected groups inside": {
        "groups": (GroupCaps("project", ("p", "", "p"), {"p": 200}), *GOOD.groups)
    },
}


@pytest.mark.parametrize("message", BROKEN)
def test_each_mistake_is_refused_with_what_to_do(message: str) -> None:
    with pytest.raises(InputError) as refused:
        distribute(1000, replace(GOOD, **BROKEN[message]))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (0, "budget: found 0 cents; expected more than 0. Do: give the programme's budget in cents."),
        (-5, "budget: found -5 cents; expected more than 0"),
        (10.5, "budget: found 10.5; expected whole cents. Do: give euros × 100 as an integer."),
        (True, "budget: found True; expected whole cents"),
    ],
)
def test_a_budget_that_is_none_is_refused(budget: float, message: str) -> None:
    with pytest.raises(InputError) as refused:
        distribute(budget, GOOD)
    assert message in str(refused.value)


def test_everything_wrong_is_told_at_once() -> None:
    broken = replace(GOOD, ids=("a", "a", "c"), weights=np.array([np.nan, -1, 1]), caps=np.array([1, 2, 3]))
    with pytest.raises(InputError) as refused:
        distribute(1000, broken)
    assert [problem.column for problem in refused.value.problems] == ["id", "weight", "cap"]


def test_floors_beyond_the_budget_are_explained_with_the_amounts() -> None:
    floors = np.array([5_000_000, 100, 70_000, 123_456, 0])
    asked = Applications(tuple("abcde"), np.ones(5), floors, np.full(5, 10**7))
    with pytest.raises(InputError) as refused:
        distribute(1_000_000, asked)
    assert str(refused.value) == (
        "applications, column floor, lines 2, 5, 4, 3: found floors that sum to €51,935.56, the largest "
        "a €50,000.00, d €1,234.56, c €700.00 and 1 more; expected at most the budget, €10,000.00. "
        "Do: raise it by €41,935.56, or lower the floors to 19.2 % of themselves."
    )


def test_good_input_is_taken() -> None:
    assert distribute(200, GOOD).cents.sum() == 200
