"""Resampled amounts equal the exact ones, and the probabilities of ranks add up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InputError
from forecasting.funding import resampled
from forecasting.funding.allocation import distribute
from forecasting.funding.resampled import (
    probability_of_deciles,
    probability_of_top,
    resampled_amounts,
    spread,
)
from tests.forecasting.funding.programmes import Programme, programmes


@settings(max_examples=60, deadline=None)
@given(programmes(), st.integers(0, 2**32 - 1))
def test_each_resample_is_the_exact_allocation_of_its_weights(programme: Programme, seed: int) -> None:
    budget, asked = programme
    rng = np.random.default_rng(seed)
    weights = asked.weights * rng.lognormal(0, 1, (4, len(asked.ids))) * (rng.random((4, 1)) > 0.1)
    found = resampled_amounts(budget, asked, weights)
    for row, own in enumerate(weights):
        expected = [float(share) for share in distribute(budget, replace(asked, weights=own)).shares]
        np.testing.assert_allclose(found[row], expected, rtol=1e-9, atol=1e-5)


def test_memory_is_bounded_by_solving_some_resamples_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    budget, asked = 5_000, replace(_asked(20), caps=rng.integers(1, 900, 20))
    weights = rng.lognormal(0, 1, (11, 20))
    whole = resampled_amounts(budget, asked, weights)
    monkeypatch.setattr(resampled, "CELLS_AT_ONCE", 60)
    np.testing.assert_array_equal(resampled_amounts(budget, asked, weights), whole)


def _asked(count: int) -> resampled.Applications:
    return resampled.Applications(
        [f"a{row}" for row in range(count)], np.ones(count), np.zeros(count, int), np.full(count, 900)
    )


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5), st.integers(0, 6)
)
def test_ties_share_their_places(rows: list[list[int]], places: int) -> None:
    values = np.array(rows, dtype=float)
    top = probability_of_top(values, places)
    expected = np.zeros(6)
    for row in rows:
        for cell, own in enumerate(row):
            above, tied = sum(other > own for other in row), row.count(own)
            expected[cell] += min(max((places - above) / tied, 0), 1) / len(rows)
    np.testing.assert_allclose(top, expected)
    assert top.sum() == pytest.approx(places)
    deciles = probability_of_deciles(values)
    np.testing.assert_allclose(deciles.sum(axis=1), 1)
    np.testing.assert_allclose(deciles.sum(axis=0), 0.6)


def test_certain_weights_have_no_spread_and_uncertain_ones_do() -> None:
    rng = np.random.default_rng(2)
    weights = np.column_stack([np.full(400, 3.0), rng.lognormal(0, 0.5, (400, 3))])
    found = spread(resampled_amounts(1_000, _asked(4), np.full((9, 4), 1.0)), (0.1, 0.9), 1)
    assert (found.low == found.high).all()
    assert found.top.tolist() == [0.25] * 4
    moved = spread(resampled_amounts(1_000, _asked(4), weights), (0.1, 0.9), 1)
    assert (moved.low < moved.middle).all()
    assert (moved.middle < moved.high).all()
    assert moved.top.argmax() == 0
    assert moved.deciles.shape == (4, 10)


def test_weights_that_are_none_are_refused_with_their_row() -> None:
    weights = np.ones((3, 4))
    weights[1, 2] = np.nan
    with pytest.raises(InputError, match="resampled applications, column weight, line 4: found nan"):
        resampled_amounts(100, _asked(4), weights)
    with pytest.raises(InputError, match="found no resample; expected one or more"):
        resampled_amounts(100, _asked(4), np.ones((0, 4)))
    assert resampled_amounts(100, _asked(0), np.ones((2, 0))).shape == (2, 0)
    with pytest.raises(InputError, match="weight: found 3 rows; expected 4"):
        resampled_amounts(100, _asked(4), np.ones((2, 3)))
