"""Rounding of shares in floating point to whole cents."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecasting.funding.allocation import whole_cents

needs = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=60)


@given(st.integers(1, 10**6), st.lists(st.floats(0.01, 100), min_size=2, max_size=20))
def test_rounding_stays_within_a_cent(total: int, need: list[float]) -> None:
    shares = total * np.array(need) / sum(need)
    cents = whole_cents(shares, total, np.full(len(need), total))
    assert (np.abs(cents - shares) <= 1).all()
    assert int(cents.sum()) == total
