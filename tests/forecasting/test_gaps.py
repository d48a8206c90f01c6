"""The promises of the gap score (DESIGN.md section 2), and a linear programme as its oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from forecasting.gaps import gap, sum_cells
from forecasting.skills import Demand

persons = st.floats(0, 1e5, allow_subnormal=False)
share = st.floats(0, 1, allow_subnormal=False)
cells = st.tuples(persons, st.lists(st.tuples(persons, share), min_size=1, max_size=4))


def score(openings: float, sources: list[tuple[float, float]]) -> float:
    supply, lack = np.array(sources).T
    found = gap(np.array(openings), supply, lack)
    return float(found.unfilled)


@given(cells)
def test_agrees_with_the_linear_programme(cell: tuple[float, list[tuple[float, float]]]) -> None:
    openings, sources = cell
    supply, lack = np.array(sources).T
    best = linprog(
        -(1 - lack),
        A_ub=[np.ones(len(supply))],
        b_ub=[openings],
        bounds=[(0, s) for s in supply],
        method="highs",
    )
    found = gap(np.array(openings), supply, lack)
    assert float(found.openings - found.unfilled) == pytest.approx(-best.fun, rel=1e-6, abs=1e-6)


@given(cells)
def test_lies_between_nothing_and_all_openings(cell: tuple[float, list[tuple[float, float]]]) -> None:
    openings, sources = cell
    found = gap(np.array(openings), *np.array(sources).T)
    assert -1e-6 <= float(found.no_person) <= openings + 1e-6
    assert -1e-6 <= float(found.unfilled) <= openings * (1 + 1e-9) + 1e-6
    if openings > 0:
        quantity, quality = found.no_person / openings, found.lacking_skills / openings
        assert float(found.score) == pytest.approx(float(quantity + quality))


@given(cells, persons, st.data())
def test_moves_the_way_it_should(
    cell: tuple[float, list[tuple[float, float]]], more: float, data: st.DataObject
) -> None:
    openings, sources = cell
    which = data.draw(st.integers(0, len(sources) - 1))
    supply, lack = sources[which]
    before = score(openings, sources)
    more_supply = [*sources[:which], (supply + more, lack), *sources[which + 1 :]]
    better_skills = [*sources[:which], (supply, lack * data.draw(share)), *sources[which + 1 :]]
    tolerance = 1e-6 * (1 + openings)
    assert score(openings, more_supply) <= before + tolerance
    assert score(openings, better_skills) <= before + tolerance
    after = score(openings + more, sources)
    assert after >= before - tolerance, "unfilled persons never fall when openings rise"
    if openings > 1e-3:
        assert after / (openings + more) >= before / openings - 1e-6, "nor does the score"


@given(cells)
def test_splitting_a_cell_in_halves_changes_nothing(cell: tuple[float, list[tuple[float, float]]]) -> None:
    openings, sources = cell
    supply, lack = np.array(sources).T
    halves = gap(
        np.full((2, 1), openings / 2), np.stack([supply / 2] * 2, axis=1)[:, :, None], lack[:, None, None]
    )
    summed = sum_cells(halves, np.ones((1, 2)))
    whole = gap(np.array(openings), supply, lack)
    assert float(summed.unfilled[0, 0]) == pytest.approx(float(whole.unfilled), rel=1e-9, abs=1e-6)


@given(cells)
def test_the_order_of_sources_does_not_matter(cell: tuple[float, list[tuple[float, float]]]) -> None:
    openings, sources = cell
    assert score(openings, sources[::-1]) == pytest.approx(score(openings, sources), rel=1e-9, abs=1e-6)


def test_no_openings_has_no_score() -> None:
    assert np.isnan(gap(np.array(0.0), np.array([5.0]), np.array([0.2])).score)


def test_unknown_is_not_zero() -> None:
    unknown = gap(np.array(10.0), np.array([4.0]), np.array([np.nan]))
    assert bool(unknown.unknown)
    assert float(unknown.score) == pytest.approx(0.6), "the quantitative part is a lower bound"
    either = gap(np.array(4.0), np.array([4.0, 10.0]), np.array([0.5, np.nan]))
    assert bool(either.unknown), "the unknown source may fit better or worse than the known one"
    nobody = gap(np.array(4.0), np.array([4.0, 0.0]), np.array([0.5, np.nan]))
    assert not bool(nobody.unknown), "a source without persons tells nothing, and need not"
    assert float(nobody.score) == pytest.approx(0.5)


@given(cells, persons)
def test_with_an_unknown_source_the_bound_keeps_its_promises(
    cell: tuple[float, list[tuple[float, float]]], more: float
) -> None:
    openings, sources = cell
    unknown = [(supply, np.nan if place == 0 else lack) for place, (supply, lack) in enumerate(sources)]
    assert score(openings, unknown) <= score(openings, sources) + 1e-6 * (1 + openings)
    if openings > 1e-3:
        rise = score(openings + more, unknown) / (openings + more) - score(openings, unknown) / openings
        assert rise >= -1e-6


def profile(asked: list[float], held: list[float], importance: list[float]) -> Demand:
    column = np.array(asked)[:, None]
    of_seekers = {"jobseekers": np.array(held)[:, None]}
    return Demand(np.arange(len(asked)), column, column[:, 0], np.array(importance, dtype=float), of_seekers)


def test_supply_with_the_demanded_profile_lacks_exactly_nothing() -> None:
    assert profile([0.3, 0.9], [0.3, 0.9], [1, 0.5]).lack("jobseekers")[0] == 0


def test_duplicating_every_row_of_a_skill_is_neutral() -> None:
    once = profile([0.5, 0.8], [0.1, 0.8], [1.0, 1.0]).lack("jobseekers")[0]
    split = profile([0.5, 0.5, 0.8], [0.1, 0.1, 0.8], [0.5, 0.5, 1.0]).lack("jobseekers")[0]
    assert split == pytest.approx(once)


def test_relabelling_skills_is_neutral() -> None:
    one = profile([0.5, 0.8, 0.2], [0.1, 0.8, 0.4], [1.0, 0.5, 0.5])
    other = profile([0.2, 0.5, 0.8], [0.4, 0.1, 0.8], [0.5, 1.0, 0.5])
    assert other.lack("jobseekers")[0] == pytest.approx(one.lack("jobseekers")[0])


def test_nothing_asked_is_nothing_lacked() -> None:
    assert profile([0.0], [0.0], [1.0]).lack("jobseekers")[0] == 0


def test_a_source_that_nothing_describes_is_unknown() -> None:
    assert np.isnan(profile([0.5], [0.5], [1.0]).lack("migrants")[0])
    assert np.isnan(profile([0.5], [0.5], [1.0]).shortfall("migrants")).all()


def test_a_small_unknown_part_is_spoken_for_by_the_rest() -> None:
    one = profile([0.9, 0.1], [0.45, np.nan], [1.0, 1.0])
    assert np.isnan(one.lack("jobseekers", 0.05)[0])
    assert one.lack("jobseekers", 0.1)[0] == pytest.approx(0.5)


@given(st.lists(st.tuples(share, share, share, share), min_size=1, max_size=6), st.data())
def test_holding_more_never_raises_the_lack(
    skills: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    asked, held, importance, more = map(list, zip(*skills, strict=True))
    which = data.draw(st.integers(0, len(skills) - 1))
    better = [
        h + (1 - h) * m if place == which else h for place, (h, m) in enumerate(zip(held, more, strict=True))
    ]
    before = profile(asked, held, importance).lack("jobseekers")[0]
    assert profile(asked, better, importance).lack("jobseekers")[0] <= before + 1e-9
    assert 0 <= before <= 1 + 1e-9


def plain(openings: float, sources: list[tuple[float, float]]) -> tuple[float, float]:
    """Fill openings one source at a time, as a clerk would: who nobody is found for, and who lacks skills."""
    left, lacking = openings, 0.0
    for supply, lack in sorted(sources, key=lambda source: source[1]):
        taken = min(left, supply)
        left, lacking = left - taken, lacking + taken * lack
    return left, lacking


def test_equals_plain_loops_on_thousands_of_random_cells() -> None:
    rng = np.random.default_rng(11)
    for sources in range(1, 6):
        openings = rng.exponential(100, 1000) * (rng.random(1000) > 0.05)
        supply = rng.exponential(60, (sources, 1000)) * (rng.random((sources, 1000)) > 0.2)
        lack = np.where(rng.random((sources, 1000)) < 0.2, 0.0, rng.random((sources, 1000)))
        found = gap(openings, supply, lack)
        for cell in range(1000):
            nobody, lacking = plain(openings[cell], list(zip(supply[:, cell], lack[:, cell], strict=True)))
            assert found.no_person[cell] == pytest.approx(nobody, abs=1e-9)
            assert found.lacking_skills[cell] == pytest.approx(lacking, abs=1e-9)


@given(st.lists(cells, min_size=1, max_size=4), persons, st.data())
def test_unfilled_persons_of_aggregates_move_the_way_they_should(
    several: list[tuple[float, list[tuple[float, float]]]], more: float, data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(several) - 1))

    def unfilled(openings_more: float, supply_more: float, skill: float) -> float:
        parts = [
            score(
                openings + (openings_more if place == which else 0),
                [
                    (supply + (supply_more if place == which else 0), lack * (skill if place == which else 1))
                    for supply, lack in sources
                ],
            )
            for place, (openings, sources) in enumerate(several)
        ]
        return sum(parts)

    before = unfilled(0, 0, 1)
    tolerance = 1e-6 * (1 + before)
    assert unfilled(more, 0, 1) >= before - tolerance
    assert unfilled(0, more, 1) <= before + tolerance
    assert unfilled(0, 0, data.draw(share)) <= before + tolerance
