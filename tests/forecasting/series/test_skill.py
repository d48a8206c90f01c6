"""Skill over the baseline: right in plain numbers, with an interval that holds what it promises."""

import numpy as np
import pytest

from forecasting.series.skill import skill


def test_skill_is_the_error_saved() -> None:
    found, low, high = skill(np.array([[3.0, 1.0]]), np.array([[4.0, 4.0]]), 1, 400, seed=1)
    assert found == pytest.approx(0.5)
    assert low == pytest.approx(0.25), "both origins are the first one in a quarter of the samples"
    assert high == pytest.approx(0.75)


def test_a_baseline_that_never_errs_gives_no_skill() -> None:
    assert np.isnan(skill(np.zeros((1, 3)), np.zeros((1, 3)), 1, 10, seed=1)).all()


@pytest.mark.parametrize("block", [3, 4])
def test_origins_that_all_overlap_give_no_interval(block: int) -> None:
    found, low, high = skill(np.ones((5, 3)), np.full((5, 3), 2.0), block, 50, seed=1)
    assert found == 0.5
    assert np.isnan([low, high]).all()


def test_the_interval_covers_the_true_skill() -> None:
    rng = np.random.default_rng(3)
    inside, trials = 0, 200
    for trial in range(trials):
        common = rng.gamma(5, 0.2, (1, 8)) * rng.gamma(5, 0.2, (30, 1))  # good years, and hard regions
        baseline = common * rng.gamma(4, 0.25, (30, 8))
        method = 0.9 * common * rng.gamma(4, 0.25, (30, 8))
        _, low, high = skill(method, baseline, 1, 200, seed=trial)
        inside += low <= 0.1 <= high
    assert 0.8 <= inside / trials <= 1.0, "the pigeonhole bootstrap errs on the wide side"
