"""What ads ask whatever the job is taken off, and no more."""

import numpy as np
import pytest

from forecasting.over_asking import base_rates, without_base_rate


def test_over_asking_takes_off_what_every_occupation_asks() -> None:
    rng = np.random.default_rng(1)
    jobs = np.column_stack([rng.uniform(0, 0.6, 40), rng.uniform(0, 1, 40) * (np.arange(40) < 20)])
    jobs[:8, 0] = 0.0
    ads = jobs + (1 - jobs) * np.array([0.5, 0.0])
    rates = base_rates(ads, np.full_like(ads, np.nan), {"quantile": 0.1, "fewest": 10})
    assert rates == pytest.approx([0.5, 0.0])
    np.testing.assert_allclose(without_base_rate(ads, rates), jobs, atol=1e-12)


def test_over_asking_believes_the_list_where_it_says_that_all_jobs_need_the_skill() -> None:
    jobs = np.linspace(0.4, 0.8, 40)[:, None] * np.ones((1, 5))
    ads = jobs.copy()
    ads[:, 0] = jobs[:, 0] + (1 - jobs[:, 0]) * 0.2
    rates = base_rates(ads, jobs, {"quantile": 0.1, "fewest": 10})
    assert rates == pytest.approx([0.2, 0, 0, 0, 0], abs=1e-9)


def test_too_few_occupations_set_no_base_rate() -> None:
    rule = {"quantile": 0.1, "fewest": 10}
    assert not base_rates(np.full((9, 2), 0.6), np.full((9, 2), np.nan), rule).any()
