"""Budgets: to the cent, within caps, in proportion to need."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.funding.allocation import allocate, capped_proportional, whole_cents

needs = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=60)


def waterfill(budget: float, need: np.ndarray, cap: np.ndarray) -> np.ndarray:
    """Bisect for λ as METHOD.md section 8.1 does."""
    if cap[need > 0].sum() <= budget:
        return np.where(need > 0, cap, 0.0)
    low, high = 0.0, 1.0
    while np.minimum(high * need, cap).sum() < budget:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(middle * need, cap).sum() < budget else (low, middle)
    return np.minimum(high * need, cap)


@given(st.integers(0, 10**12), needs, st.floats(0.01, 1))
def test_adds_up_to_the_cent(budget: int, need: list[float], largest: float) -> None:
    cents = allocate(budget, np.array(need), largest)
    cap = int(budget * largest)
    assert cents.dtype == np.int64
    assert int(cents.sum()) == min(budget, cap * sum(value > 0 for value in need))
    assert (cents >= 0).all()
    assert (cents <= cap).all()
    assert all(cent == 0 for cent, value in zip(cents, need, strict=True) if value == 0)


@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(st.floats(0.01, 1e4), st.integers(0, 10**9)), min_size=1, max_size=30),
)
def test_agrees_with_bisection(budget: int, cells: list[tuple[float, int]]) -> None:
    need, cap = np.array([n for n, _ in cells]), np.array([c for _, c in cells])
    total = min(budget, int(cap.sum()))
    np.testing.assert_allclose(
        capped_proportional(total, need, cap), waterfill(total, need, cap), rtol=1e-6, atol=1e-3
    )


@given(st.integers(1, 10**6), st.lists(st.floats(0.01, 100), min_size=2, max_size=20))
def test_rounding_stays_within_a_cent(total: int, need: list[float]) -> None:
    shares = total * np.array(need) / sum(need)
    cents = whole_cents(shares, total, np.full(len(need), total))
    assert (np.abs(cents - shares) <= 1).all()
    assert int(cents.sum()) == total


def test_more_need_never_gets_less() -> None:
    cents = allocate(1_000_003, np.array([1.0, 2.0, 3.0, 3.0, 50.0]), 0.4)
    assert (np.diff(cents[:3]) >= 0).all()
    assert abs(int(cents[2]) - int(cents[3])) <= 1
    assert cents[4] == 400_001, "the largest need stops at the cap, in whole cents"


def test_unknown_need_gets_nothing_and_the_rest_is_reported() -> None:
    assert allocate(100, np.array([np.nan, 5.0]), 0.25).tolist() == [0, 25]


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ForecastingError, match="budget -1 cents; expected 0 or more"):
        allocate(-1, np.array([1.0]), 1.0)
