"""Groups too small to show: none can be told from a total minus what is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.funding.small_groups import hidden

sizes = st.lists(st.integers(0, 60), max_size=12)


@given(sizes, st.integers(1, 40))
def test_no_total_reveals_a_small_group(members: list[int], least: int) -> None:
    found = hidden(members, least)
    counts = np.array(members, dtype=int)
    small = (counts > 0) & (counts < least)
    assert found[small].all(), "every small group is hidden"
    assert not found[counts == 0].any()
    if small.any() and (counts > 0).sum() > 1:
        others_left = (~found & (counts > 0)).any()
        assert found.sum() >= 2
        assert counts[found].sum() >= least or not others_left
    if not small.any():
        assert not found.any()


@pytest.mark.parametrize(
    ("members", "shown"),
    [([3, 40, 90, 25], [False, True, True, False]), ([5, 6, 7, 90], [False, False, False, False])],
)
def test_the_smallest_others_are_hidden_with_it(members: list[int], shown: list[bool]) -> None:
    assert (~hidden(members, 20)).tolist() == shown
