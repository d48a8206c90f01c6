"""Passive substitution: as plain loops give it; nobody appears or vanishes, and nothing overflows."""

import itertools

import numpy as np
import pandas as pd
import pytest

from forecasting.region import Region
from forecasting.substitution import recruitment, spillover
from tests.oracles import substitution as oracle

Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
EPS = 1e-7


def market(seed: int, occupations: int = 9, draws: int = 20, streams: int = 4) -> Case:
    """Make openings, entrants, other supply and recruitment with zeros of every kind among them."""
    rng = np.random.default_rng(seed)
    shape = (occupations, draws)
    openings, entrants, others = (rng.gamma(1, size, shape) for size in (100, 80, 20))
    openings[0] = 0
    entrants[1] = 0
    openings[:, 0], entrants[:, 1], others[:, 2] = 0, 0, 0
    recruited = rng.gamma(0.5, 40, (streams, occupations)) * (rng.random((streams, occupations)) < 0.6)
    recruited[:, 2] = 0
    recruited[0] = 0
    return openings, entrants, others, recruited


@pytest.fixture(params=range(8))
def case(request: pytest.FixtureRequest) -> Case:
    return market(request.param)


@pytest.mark.parametrize("share", [0.25, 1.0])
@pytest.mark.parametrize("seed", range(20))
def test_every_flow_in_plain_loops(seed: int, share: float) -> None:
    openings, entrants, others, recruited = market(seed)
    found = spillover(openings, entrants, others, recruited, share)
    moves = 0
    for draw in range(openings.shape[1]):
        one = [each[:, draw].tolist() for each in (openings, entrants, others)]
        moved = oracle.flows(*one, recruited.tolist(), share)
        moves += len(moved)
        assert found[:, draw] == pytest.approx(oracle.gained(moved, len(openings)), abs=EPS)
    assert moves > 20, "the cases must let people move"


def test_nobody_appears_or_vanishes(case: Case) -> None:
    assert spillover(*case, 0.5).sum(axis=0) == pytest.approx(np.zeros(case[0].shape[1]), abs=EPS)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_only_surplus_leaves_and_only_unfilled_openings_are_taken(case: Case, share: float) -> None:
    openings, entrants, others, _ = case
    found = spillover(*case, share)
    balance = entrants + others - openings
    assert (found <= np.clip(-balance, 0, None) + EPS).all()
    assert (-found <= share * np.clip(balance, 0, entrants) + EPS).all()
    assert np.abs(found).sum() > 0


def test_a_balance_moves_towards_nought_and_never_past_it(case: Case) -> None:
    openings, entrants, others, _ = case
    before = entrants + others - openings
    after = before + spillover(*case, 1.0)
    assert (np.abs(after) <= np.abs(before) + EPS).all()
    assert (after * before >= -EPS).all()


def test_without_a_share_nothing_moves(case: Case) -> None:
    assert not spillover(*case, 0.0).any()


def test_a_larger_share_never_moves_fewer(case: Case) -> None:
    found = [np.abs(spillover(*case, share)) for share in (0.0, 0.1, 0.25, 0.5, 0.9, 1.0)]
    for less, more in itertools.pairwise(found):
        assert (more >= less - EPS).all()


def test_other_names_change_nothing(case: Case) -> None:
    openings, entrants, others, recruited = case
    order = np.random.default_rng(3).permutation(len(openings))
    rows = np.random.default_rng(4).permutation(len(recruited))
    renamed = spillover(openings[order], entrants[order], others[order], recruited[rows][:, order], 0.4)
    assert renamed == pytest.approx(spillover(*case, 0.4)[order], abs=EPS)


def test_splitting_an_occupation_or_a_stream_changes_nothing(case: Case) -> None:
    openings, entrants, others, recruited = case
    halves = [np.concatenate([each, each[4:5] / 2]) for each in (openings, entrants, others)]
    for each in halves:
        each[4] /= 2
    columns = np.concatenate([recruited, recruited[:, 4:5] / 2], axis=1)
    columns[:, 4] /= 2
    whole = spillover(*case, 0.4)
    found = spillover(*halves, columns, 0.4)
    assert found[4] + found[-1] == pytest.approx(whole[4], abs=EPS)
    assert np.delete(found, [4, 9], axis=0) == pytest.approx(np.delete(whole, 4, axis=0), abs=EPS)
    streams = np.concatenate([recruited, recruited[1:2] / 2])
    streams[1] /= 2
    assert spillover(*case[:3], streams, 0.4) == pytest.approx(whole, abs=EPS)


def test_persons_and_units_scale(case: Case) -> None:
    openings, entrants, others, recruited = case
    found = spillover(1000 * openings, 1000 * entrants, 1000 * others, 7 * recruited, 0.4)
    assert found == pytest.approx(1000 * spillover(*case, 0.4), abs=1000 * EPS)


def test_occupations_without_a_stream_in_common_do_not_meet() -> None:
    openings, entrants = np.array([[10.0], [10.0]]), np.array([[30.0], [2.0]])
    apart = np.diag([30.0, 2.0])
    assert not spillover(openings, entrants, 0 * openings, apart, 1.0).any()


def test_job_seekers_take_openings_but_do_not_move() -> None:
    openings, others = np.array([[10.0], [10.0]]), np.array([[30.0], [7.0]])
    entrants = np.array([[4.0], [0.0]])
    found = spillover(openings, entrants, others, np.array([[4.0, 1.0]]), 1.0)
    assert found[:, 0].tolist() == pytest.approx([-3, 3]), "4 may leave, 3 openings are left"
    assert not spillover(openings, 0 * entrants, others, np.array([[4.0, 1.0]]), 1.0).any()


def test_streams_are_mean_graduates_by_where_they_enter() -> None:
    graduates = pd.DataFrame(
        [
            (2013, "X", "a", "L", 900),
            (2014, "X", "a", "L", 100),
            (2015, "X", "a", "L", 300),
            (2016, "X", "a", "L", 999),
            (2015, "Y", "a", "L", 999),
            (2015, "X", "b", "L", 50),
        ],
        columns=["year", "region", "field", "level", "persons"],
    )
    entry = pd.DataFrame(
        [("a", "L", "1", 0.6), ("a", "L", "2", 0.4), ("b", "L", "2", 1.0), ("c", "L", "3", 1.0)],
        columns=["field", "level", "occupation", "share"],
    )
    found = recruitment(graduates, entry, "X", 2015, ("2", "3", "1"), 2)
    assert found is not None
    assert found.tolist() == pytest.approx(np.array([[80, 0, 120], [50, 0, 0]]))
    assert recruitment(graduates, entry, "Z", 2015, ("1", "2"), 2) is None
    assert recruitment(graduates, entry[:0], "X", 2015, ("1", "2"), 2) is None
    assert recruitment(graduates[:0], entry, "X", 2015, ("1", "2"), 2) is None


def test_the_made_up_region_recruits_from_its_fields(tiny: Region) -> None:
    tables = tiny.table("graduates"), tiny.table("entry")
    occupations = tuple(sorted(set(tables[1]["occupation"])))
    region = str(tables[0]["region"].iloc[0])
    found = recruitment(*tables, region, int(tiny.settings["base_year"]), occupations, 2)
    assert found is not None
    assert found.shape[1] == len(occupations)
    assert (found >= 0).all()
