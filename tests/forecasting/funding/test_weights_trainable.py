"""The trainable gap in plain loops: of what is missing, what listed courses teach in time."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.funding.trainable import Trainable, trainable_gaps
from forecasting.funding.weight_tables import skill_weights_table, weights_table
from forecasting.gaps import gap
from forecasting.parameters import Parameters
from forecasting.skills import Demand
from forecasting.snapshot import Snapshot, conform

SKILLS = ("a", "b", "c", "d")
DRAWS, PROFILES = 30, 5
SOURCES = ("entrants", "jobseekers")
COURSES = pd.DataFrame(
    {
        "course": ["K1", "K2", "K3", "K4"],
        "hours": [40.0, 60.0, np.nan, 9000.0],
        "price": 100.0,
        "skills": ["a", "b", "c", "d"],
        "mandatory": [False, True, False, False],
    }
)
MARKED = pd.DataFrame({"code": SKILLS, "green": [True, False, False, False], "digital": False})


def demand(rng: np.random.Generator, skills: list[int], *, silent: bool = False) -> Demand:
    shape = (len(skills), PROFILES)
    held = {name: rng.uniform(0.2, 0.9, shape) for name in SOURCES}
    if silent:
        held["jobseekers"][:] = np.nan
    return Demand(
        np.array(skills),
        rng.uniform(0.3, 1, shape),
        np.full(len(skills), 0.5),
        rng.choice([0.5, 1.0], len(skills)),
        held,
    )


@pytest.fixture
def market() -> Any:
    """Return two occupations in two regions, a third of which the lack is unknown, and their sum."""
    rng = np.random.default_rng(8)
    demands = [demand(rng, [0, 1, 3]), demand(rng, [0, 2]), demand(rng, [2], silent=True)]
    rows = [(region, f"j{number}") for region in "AB" for number in (2, 0, 1)] + [("A", "TOTAL")]
    index = pd.DataFrame(rows, columns=["region", "occupation"]).assign(
        scenario="baseline", horizon=5, reason="", aggregate=[False] * 6 + [True]
    )
    index.loc[4, "reason"] = "confidential"
    openings = rng.gamma(20, 5, (7, DRAWS))
    supply = rng.gamma(20, 2.4, (2, 7, DRAWS))
    lack = np.stack(
        [
            [
                np.resize(demands[int(code[1])].lack(source), DRAWS)
                if code != "TOTAL"
                else np.full(DRAWS, np.nan)
                for _, code in rows
            ]
            for source in SOURCES
        ]
    )
    found = gap(openings, supply, lack)
    cells = SimpleNamespace(index=index, gap=found, supply=supply, sources=SOURCES)
    forecast = SimpleNamespace(
        occupations=("j0", "j1", "j2"),
        skills=SKILLS,
        horizons=(5,),
        tolerated=0.25,
        demand=lambda row: (demands[row],),
        known_as=lambda name: name,
    )
    return SimpleNamespace(cells=cells, forecast=forecast, demands=demands, rows=rows)


@pytest.fixture
def found(market: Any, parameters: Parameters) -> Trainable:
    return trainable_gaps(market.cells, market.forecast, COURSES, MARKED, parameters)


def lacking(market: Any, row: int, skill: int, draw: int) -> float:
    """Return U1·p + Σ_g x_g·max(p − h_g, 0) of one cell, skill and draw."""
    asked = market.demands[int(market.rows[row][1][1])]
    at, turn = asked.skill.tolist().index(skill), draw % PROFILES
    persons = market.cells.gap.no_person[row, draw] * asked.asked[at, turn]
    for number, source in enumerate(SOURCES):
        short = max(asked.asked[at, turn] - asked.held[source][at, turn], 0)
        persons += market.cells.gap.taken[number, row, draw] * short
    return float(persons)


def test_draws_are_unfilled_times_the_share_taught(market: Any, found: Trainable) -> None:
    place = {(r, o): at for at, (r, o) in enumerate(market.rows)}
    for at, (region, code) in enumerate(found.index[["region", "occupation"]].itertuples(index=False)):
        row, number = place[region, code], int(code[1])
        if number != 0 or region == "B":
            continue
        asked = market.demands[number]
        for draw in range(DRAWS):
            mass = {
                s: w * lacking(market, row, s, draw)
                for s, w in zip(asked.skill, asked.importance, strict=True)
            }
            taught = sum(value for skill, value in mass.items() if skill in (0, 1))
            expected = market.cells.gap.unfilled[row, draw] * taught / sum(mass.values())
            assert found.persons[at, draw] == pytest.approx(expected, rel=1e-5)


def test_rows_are_sorted_and_what_is_unknown_says_why(found: Trainable) -> None:
    assert found.index["occupation"].tolist() == ["j0", "j1", "j2"] * 2
    assert found.index["region"].tolist() == ["A"] * 3 + ["B"] * 3
    assert found.index["reason"].tolist() == ["", "", "unavailable", "confidential", "", "unavailable"]
    silent = found.index["reason"].ne("").to_numpy()
    assert np.isnan(found.persons[silent]).all()
    assert np.isfinite(found.persons[~silent]).all()
    assert np.isnan(found.openings).tolist() == [False, False, False, True, False, False]
    assert found.persons.dtype == np.float32
    assert (found.fundable[~silent] < found.taught[~silent]).tolist() == [True, False, False], "b by law only"


def test_a_regions_skills_sum_its_published_cells(market: Any, found: Trainable) -> None:
    rows = found.skills.set_index(["region", "skill"])
    assert rows["taught"].xs("A").to_dict() == {"a": True, "b": True, "c": False, "d": False}
    assert rows["fundable"].xs("A").to_dict() == {"a": True, "b": False, "c": False, "d": False}
    assert ("B", "b") not in rows.index, "asked by a hidden cell alone"
    at = rows.index.get_loc(("A", "a"))
    for draw in range(DRAWS):
        expected = sum(lacking(market, row, 0, draw) for row in (1, 2))
        assert found.lacking[at, draw] == pytest.approx(expected, rel=1e-5)
    asked = sum(
        market.cells.gap.openings[row].mean() * market.demands[number].asked[0].mean()
        for row, number in ((1, 0), (2, 1))
    )
    assert rows.loc[("A", "a"), "asked"] == pytest.approx(asked)


def test_nobody_lists_courses_is_unknown_and_no_course_is_zero(market: Any, parameters: Parameters) -> None:
    none = trainable_gaps(market.cells, market.forecast, COURSES.head(0), MARKED, parameters)
    assert none.index["reason"].ne("").all()
    useless = COURSES.assign(skills="zz")
    zero = trainable_gaps(market.cells, market.forecast, useless, MARKED, parameters)
    assert (zero.persons[zero.index["reason"].eq("").to_numpy()] == 0).all()


def test_only_courses_of_unknown_length_leave_it_unknown(market: Any, parameters: Parameters) -> None:
    untimed = COURSES.assign(hours=np.nan)
    found = trainable_gaps(market.cells, market.forecast, untimed, MARKED, parameters)
    assert found.index["reason"].ne("").all()


def test_tables_conform_and_a_course_more_never_lowers_what_is_trainable(
    market: Any, found: Trainable, parameters: Parameters
) -> None:
    market.cells.index["reason"] = market.cells.index["reason"].astype(str)
    conditions = pd.DataFrame({"region": ["A"], "occupation": ["j0"], "p10": [0.95]})
    weights = weights_table(market.cells, found, conditions, parameters)
    assert weights["ground"].tolist()[0] == "working_conditions"
    assert conform(weights, "weights")["weight"].tolist() == weights["weight"].tolist(), "rows as the draws"
    skills = skill_weights_table(found, MARKED, parameters)
    assert conform(skills, "skill_weights")["weight"].tolist() == skills["weight"].tolist()
    more = pd.concat(
        [COURSES, COURSES.assign(course="K5", hours=40.0, skills="d").head(1)], ignore_index=True
    )
    after = trainable_gaps(market.cells, market.forecast, more, MARKED, parameters)
    assert (np.nan_to_num(after.persons) >= np.nan_to_num(found.persons) - 1e-4).all()


def test_a_release_keeps_the_draws_of_its_weights(tiny_snapshot: Snapshot) -> None:
    for name, table in (("trainable", "weights"), ("lacking_skills", "skill_weights")):
        assert len(tiny_snapshot.draws[name]) == len(tiny_snapshot.tables[table])
        assert tiny_snapshot.draws[name].dtype == np.float32
    weights = tiny_snapshot.tables["weights"]
    place = int(np.ceil(0.25 * tiny_snapshot.draws["trainable"].shape[1])) - 1
    lower = np.sort(tiny_snapshot.draws["trainable"], axis=1)[:, place]
    known = weights["reason"].eq("").to_numpy()
    np.testing.assert_allclose(lower[known], weights["trainable_lower"][known])
