"""Change limits against the previous period: exact, and what goes before them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InputError
from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications
from forecasting.funding.limits import change_limits
from forecasting.parameters import load_parameters

CELLS = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.booleans()), min_size=1, max_size=9
)


@settings(max_examples=60)
@given(CELLS, st.integers(0, 100))
def test_floors_and_caps_keep_the_change_unless_a_bound_goes_before(
    cells: list[tuple[int, int, bool]], percent: int
) -> None:
    previous, caps = np.array([cell[0] for cell in cells]), np.array([cell[1] for cell in cells])
    floors = np.where([cell[2] for cell in cells], caps // 2, 0)
    limited = change_limits(previous, percent / 100, floors, caps)
    assert ((floors <= limited.floors) & (limited.floors <= limited.caps) & (limited.caps <= caps)).all()
    for row, before in enumerate(previous.tolist()):
        low, high = int(limited.floors[row]), int(limited.caps[row])
        if before == 0:
            assert (low, high) == (floors[row], caps[row]), "who is new has no change limit"
        elif not limited.gave_way[row]:
            assert 100 * (before - low) <= percent * before
            assert 100 * (high - before) <= percent * before
        else:
            assert (
                100 * (before - caps[row]) > percent * before
                or 100 * (floors[row] - before) > percent * before
            )


def test_an_allocation_under_the_limit_changes_no_more_than_declared() -> None:
    rho = load_parameters()["allocation_change_limit"]
    previous = np.array([100_000, 333_333, 7, 0])
    asked = np.full(4, 10**6)
    limited = change_limits(previous, rho, np.zeros(4, dtype=np.int64), asked)
    weights = np.array([0.1, 5.0, 1.0, 1.0])
    found = distribute(600_000, Applications(tuple("abcd"), weights, limited.floors, limited.caps))
    moved = np.abs(found.cents - previous)[:3]
    assert (moved <= rho * previous[:3]).all()
    assert found.cents[3] > 0
    assert found.cents.sum() == 600_000


def test_a_smaller_budget_than_the_limit_allows_is_explained() -> None:
    limited = change_limits(np.array([1000, 1000]), 0.2, np.zeros(2, dtype=np.int64), np.array([5000, 5000]))
    with pytest.raises(InputError, match=r"floors that sum to €16\.00.*at most the budget, €10\.00.*62\.5 %"):
        distribute(1000, Applications(("a", "b"), np.ones(2), limited.floors, limited.caps))


@pytest.mark.parametrize(
    ("previous", "share", "message"),
    [
        (np.array([1]), 1.2, "change limit: found 1.2; expected a share from 0 to 1"),
        (np.array([1, 2]), 0.2, "cents: found 2 rows; expected 1, one for each application"),
        (np.array([1.5]), 0.2, "previous_allocation, column cents: found float64; expected whole cents"),
        (
            np.array([-1]),
            0.2,
            "previous_allocation, column cents, line 2: found -1; expected 0 cents or more",
        ),
    ],
)
def test_a_broken_previous_period_is_refused(previous: np.ndarray, share: float, message: str) -> None:
    with pytest.raises(InputError) as refused:
        change_limits(previous, share, np.array([0]), np.array([9]))
    assert message in str(refused.value)
