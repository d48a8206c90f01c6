"""Groups too small to show: none can be told from a total minus what is shown."""

from itertools import chain, combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.funding.small_groups import hidden, hidden_across

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


def shown_sets(groups: pd.DataFrame, dark: set[tuple[str, str]]) -> list[np.ndarray]:
    every = [(way, label) for way in groups for label in sorted(set(groups[way]))]
    return [(groups[way] == label).to_numpy() for way, label in every if (way, label) not in dark]


def tells(shown: list[np.ndarray], few: np.ndarray) -> bool:
    """Oracle: a set is told if it adds nothing to the rank of what is shown, the whole included."""
    rows = np.array([*shown, np.ones(len(few))], dtype=float)
    return np.linalg.matrix_rank(np.vstack([rows, few])) == np.linalg.matrix_rank(rows)


@given(st.lists(st.tuples(*(st.sampled_from("abcd") for _ in range(3))), min_size=1, max_size=24))
def test_groupings_together_reveal_no_small_group(rows: list[tuple[str, ...]]) -> None:
    groups, least = pd.DataFrame(rows, columns=["region", "sector", "age"]), 4
    own = pd.Series([f"U{number}" for number in range(len(rows))])
    dark = hidden_across(groups, own, least)
    shown = shown_sets(groups, dark)
    if not shown:
        return  # nothing is left that could tell
    for way in groups:
        for label, count in groups[way].value_counts().items():
            if count < least:
                assert (way, label) in dark
                assert not tells(shown, (groups[way] == label).to_numpy())
    whole = np.ones(len(rows), dtype=bool)
    for one, other in chain(combinations([*shown, whole], 2), combinations([whole, *shown[::-1]], 2)):
        if not (other & ~one).any():
            assert (one & ~other).sum() == 0 or (one & ~other).sum() >= least


def test_a_sector_that_is_a_region_and_two_more_tells_of_these_two() -> None:
    groups = pd.DataFrame(
        {"region": ["N"] * 30 + ["S"] * 32, "sector": ["A"] * 28 + ["B"] * 34}, dtype=object
    )
    own = pd.Series([f"U{number}" for number in range(62)])
    assert hidden([30, 32], 20).tolist() == [False, False]
    assert hidden([28, 34], 20).tolist() == [False, False]
    dark = hidden_across(groups, own, 20)
    assert dark in ({("sector", "A"), ("sector", "B")}, {("region", "N"), ("region", "S")})


def test_groups_far_apart_are_all_shown() -> None:
    groups = pd.DataFrame({"region": ["N", "S"] * 50, "sector": ["A"] * 50 + ["B"] * 50}, dtype=object)
    own = pd.Series([f"U{number}" for number in range(100)])
    assert hidden_across(groups, own, 20) == set()


def test_what_is_shown_beside_counts() -> None:
    groups = pd.DataFrame({"region": ["N"] * 30 + ["S"] * 32}, dtype=object)
    own = pd.Series([f"U{number}" for number in range(62)])
    limit = np.array([True] * 31 + [False] * 31)
    assert hidden_across(groups, own, 20) == set()
    assert hidden_across(groups, own, 20, [limit]) == {("region", "N"), ("region", "S")}
