"""A region's own rates of leaving work, where its jobs are, and how far its supply strays."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.cohorts import Cohorts
from forecasting.demand import leavers, openings
from forecasting.entrants import entry_shocks, in_region, leaning_on_leavers, location_quotient
from forecasting.jobseekers import seeker_draws
from forecasting.separations import own_exit_rates
from forecasting.series.intervals import fit_spread

COHORTS = Cohorts(
    ("15-24", "25-34", "35-44", "45-54", "55+"),
    np.array([15.0, 25, 35, 45, 55]),
    10,
    np.array([100.0, 200, 200, 200, 100]),
    np.array([[1.5, 1.5], [1.0, 1.0], [0.9, 0.95], [0.6, 0.6], [0.0, 0.0]]),
)
FEW = settings(max_examples=30, deadline=None)
persons = st.lists(st.floats(1, 1e4), min_size=3, max_size=3).map(np.array)


@pytest.mark.parametrize("years", [1, 5, 10])
@pytest.mark.parametrize("found", [40.0, 60.0])
def test_whom_cohorts_do_not_show_leaves_and_is_replaced(years: int, found: float) -> None:
    told = COHORTS.with_exits(found)
    extra = COHORTS.persons @ (told.leaving(years) - COHORTS.leaving(years))
    np.testing.assert_allclose(extra, told.inflow(years) - COHORTS.inflow(years), atol=1e-9)
    np.testing.assert_allclose(COHORTS.persons @ told.leaving(1), found)


def test_fewer_leavers_than_the_cohorts_show_change_nothing() -> None:
    told = COHORTS.with_exits(1.0)
    np.testing.assert_array_equal(told.leaving(5), COHORTS.leaving(5))
    np.testing.assert_array_equal(told.inflow(5), COHORTS.inflow(5))


@FEW
@given(persons, st.lists(st.floats(0.01, 0.3), min_size=3, max_size=3))
def test_own_rates_say_who_leaves_and_ages_how_many(base: np.ndarray, rates: list[float]) -> None:
    ages = base[:, None] * np.full((3, 5), 0.2)
    plain, told = leavers(ages, COHORTS, 5), leavers(ages, COHORTS, 5, np.array(rates))
    np.testing.assert_allclose(sum(told).sum(axis=0), sum(plain).sum(axis=0))
    share = sum(told)[:, 0] / base
    assert (np.argsort(share) == np.argsort(rates)).all() or len(set(rates)) < 3
    assert (sum(told) <= base[:, None] + 1e-9).all()


def test_borrowed_rates_have_no_level_and_a_missing_one_is_the_mean() -> None:
    rows = [
        ("a", "exit", 0.02, ""),
        ("b", "exit", 0.04, ""),
        ("c", "exit", 0.09, "e"),
        ("a", "transfer", 0.5, ""),
    ]
    table = pd.DataFrame(rows, columns=["occupation", "kind", "rate", "flag"])
    own = own_exit_rates(table, ("a", "b", "c"))
    assert own is not None
    np.testing.assert_allclose(own, [0.02, 0.04, 0.03])
    assert own_exit_rates(table[table["flag"] == "e"], ("a", "b", "c")) is None


@FEW
@given(persons, persons, st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_graduates_go_where_the_jobs_are_and_none_is_lost(
    here: np.ndarray, elsewhere: np.ndarray, shares: list[float]
) -> None:
    everywhere = here + elsewhere
    place = location_quotient(here, everywhere)
    at, given_ = np.arange(3), np.array(shares)[:, None]
    found = in_region({("f", "l"): (at, given_)}, place[:, None])["f", "l"][1][:, 0]
    plain = [
        share * (h / here.sum()) / (e / everywhere.sum())
        for share, h, e in zip(shares, here, everywhere, strict=True)
    ]
    np.testing.assert_allclose(found, np.array(plain) * sum(shares) / sum(plain))


def test_one_market_alone_keeps_its_entry_shares() -> None:
    base = np.array([3.0, 0.0, 7.0])
    np.testing.assert_array_equal(location_quotient(base, base), 1.0)


def test_a_field_without_jobs_in_the_region_enters_as_everywhere() -> None:
    shares = np.array([[0.4], [0.5]])
    found = in_region({("f", "l"): (np.array([0, 1]), shares)}, np.array([[0.0], [0.0], [2.0]]))
    np.testing.assert_array_equal(found["f", "l"][1], shares)


def test_the_split_of_seekers_strays_and_their_total_does_not() -> None:
    seeking = np.array([100.0, 300.0, 0.0])
    drawn = seeker_draws(seeking, 0.3, 4000, seed=1)
    np.testing.assert_allclose(drawn.sum(axis=0), 400)
    assert (drawn[2] == 0).all()
    ratio = np.log(drawn[0] / drawn[1])
    assert ratio.std() == pytest.approx(0.3 * np.sqrt(2), rel=0.05)
    np.testing.assert_allclose(seeker_draws(seeking, 0.0, 3, seed=1), seeking[:, None] * np.ones(3))


def test_shocks_follow_size_and_not_codes() -> None:
    base = np.array([5.0, 1.0, 3.0])
    one, other = entry_shocks(base, 0.2, 50, 1), entry_shocks(base[::-1], 0.2, 50, 1)
    np.testing.assert_array_equal(one, other[::-1])


def test_a_curve_takes_less_noise_for_movement_of_the_first_year() -> None:
    """Errors of sd 0.3 from the survey, and of 0.05 a year from missed trends."""
    rng, years = np.random.default_rng(4), np.repeat(np.arange(1, 11), 4000)
    error = rng.normal(0, np.sqrt(0.3**2 + (0.05 * years) ** 2))
    errors = pd.DataFrame({"error": error, "horizon": years, "size": 1e4})
    size = np.array([1e4])
    curved, straight = (
        fit_spread(errors, [1e3], curved=curved).movement(size, 1)[0] for curved in (True, False)
    )
    assert curved == pytest.approx(0.05, abs=0.03)
    assert straight > 0.13


@FEW
@given(persons, persons, st.floats(0.05, 0.6))
def test_unsure_entrants_lean_on_leavers_as_a_plain_loop_says(
    entering: np.ndarray, leaving: np.ndarray, error: float
) -> None:
    shocks = error * np.random.default_rng(0).standard_normal((3, 400))
    drawn = entering[:, None] * np.exp(shocks)
    shares = drawn / drawn.sum(axis=0)
    need, logs = leaving / leaving.sum(), np.log(shares)
    apart = [logs[o].mean() - np.log(need[o]) for o in range(3)]
    usual = sum(need[o] * apart[o] for o in range(3))
    between = max(sum(need[o] * ((apart[o] - usual) ** 2 - logs[o].var()) for o in range(3)), 0)
    expected = np.empty_like(shares)
    for o in range(3):
        own = between / (between + logs[o].var())
        centre = logs[o].mean() - (1 - own) * (apart[o] - usual)
        expected[o] = np.exp(centre + np.sqrt(own) * (logs[o] - logs[o].mean()))
    found = leaning_on_leavers(shares, leaving)
    np.testing.assert_allclose(found, expected / expected.sum(axis=0))


def test_entrants_who_are_counted_exactly_keep_their_shares() -> None:
    shares = np.repeat(np.array([[0.2], [0.8]]), 5, axis=1)
    np.testing.assert_allclose(leaning_on_leavers(shares, np.array([3.0, 1.0])), shares)
    np.testing.assert_array_equal(leaning_on_leavers(shares, np.zeros(2)), shares)


def test_leavers_that_stray_are_so_many_times_what_is_told_and_openings_follow() -> None:
    ages = np.array([[10.0, 20, 20, 20, 10], [5.0, 5, 5, 5, 5]])
    factors = np.array([[1.0, 2.0], [0.5, 1.0]])
    told, strayed = leavers(ages, COHORTS, 5), leavers(ages, COHORTS, 5, strays=factors)
    for one, other in zip(told, strayed, strict=True):
        np.testing.assert_allclose(other, one * factors)
    base, future = ages.sum(axis=1), np.array([[90.0, 90.0], [20.0, 20.0]])
    plain, found = (
        openings(base, future, ages, COHORTS, 5),
        openings(base, future, ages, COHORTS, 5, None, factors),
    )
    out, expansion = sum(told), future - base[:, None]
    np.testing.assert_allclose(found.openings[0] - plain.openings[0], (factors[0] - 1) * out[0])
    replaced = np.maximum(out[1] * factors[1] + expansion[1], 0)
    np.testing.assert_allclose(found.openings[1], replaced, err_msg="fewer posts: only leavers beyond them")
