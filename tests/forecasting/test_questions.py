"""The questions as tables: chances as in plain loops, zero apart from unknown, sentences of the figures."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.gaps import gap
from forecasting.parameters import Parameters
from forecasting.published_questions import QUESTIONS
from forecasting.questions import chance_of_place, shortages_table, shrinking_jobs_table
from forecasting.skill_collections import collections_table
from forecasting.training_response import best_courses, catalogue, training_response_table

CELL = ["region", "occupation", "scenario", "horizon"]
CODES = [f"j{number:02d}" for number in range(14)]
INDICATORS = ("ita", "coverage", "job_seekers_per_opening")


@pytest.fixture
def cells() -> Any:
    """Return 14 cells of 200 draws; j12 is hidden, j13 small."""
    rng, count, draws = np.random.default_rng(2), len(CODES), 200
    base = np.full(count, 5000.0)
    base[13] = 500
    shift = np.where(np.arange(count) < 4, -600, 0)[:, None]
    change = rng.normal(shift, np.where(np.arange(count) == 13, 100, 150)[:, None], (count, draws))
    openings, supply = rng.gamma(20, 40, (count, draws)), rng.gamma(20, 35, (2, count, draws)) / 2
    index = pd.DataFrame({"region": "R", "occupation": CODES, "scenario": "baseline", "horizon": 5})
    hidden = np.where(np.arange(count) == 12, "confidential", "")
    index = index.assign(base=base, aggregate=False, reason=hidden)
    for part in ("employment", "openings", "entrants", "jobseekers"):
        index[f"reason_{part}"] = hidden
    found = gap(openings, supply, np.full((2, count, 1), 0.2))
    return SimpleNamespace(index=index, expansion=change, supply=supply, gap=found)


def gaps_and_indicators(cells: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [cells.index[CELL].assign(indicator=name, p10=0.5, p50=1.0, p90=2.0) for name in INDICATORS]
    return cells.index[CELL], pd.concat(rows, ignore_index=True)


def skill_gaps(cells: Any, unknown: str = "") -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(*cell, skill) for cell in cells.index[CELL].itertuples(index=False) for skill in "abcd"]
    frame = pd.DataFrame(rows, columns=[*CELL, "skill"])
    frame = frame.assign(asked=0.5, asked_now=0.4, importance=rng.choice([0.5, 1.0], len(frame)), reason="")
    frame["unfilled"] = rng.uniform(1, 50, len(frame))
    frame.loc[(frame["occupation"] == unknown) & (frame["skill"] == "a"), "unfilled"] = np.nan
    return frame


def courses(*rows: tuple[str, float, str, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["course", "hours", "skills", "mandatory"])
    return frame.assign(price=frame["hours"] * 5)


def test_chance_of_shrinking_in_plain_loops(cells: Any, parameters: Parameters) -> None:
    found = shrinking_jobs_table(cells, 2025, parameters)
    for row in range(12):
        count = sum(1 for draw in cells.expansion[row] if draw < -parameters["shrinking_loss"] * 5000)
        assert found["probability"][row] == pytest.approx(count / 200)
        expected = "yes" if count / 200 >= 0.66 else "no" if count / 200 <= 0.34 else "open"
        assert found["answer"][row] == expected
        assert f"probability {count / 200:.0%}" in found["why"][row]
        assert f"{found['openings_p50'][row]:,.0f} openings" in found["why"][row]
    assert (found["answer"][:4] == "yes").all()


def test_hidden_and_small_cells_get_no_answer(cells: Any, parameters: Parameters) -> None:
    found = shrinking_jobs_table(cells, 2025, parameters).iloc[12:]
    assert found["answer"].tolist() == ["abstain", "abstain"]
    assert found["reason"].tolist() == ["confidential", "low_reliability"]
    hidden = found.iloc[0].drop(labels=[*CELL, "from_year", "to_year", "answer", "reason", "why"])
    assert hidden.isna().all()
    ranked = shortages_table(cells, *gaps_and_indicators(cells), 2025, parameters).iloc[12:]
    assert ranked["answer"].tolist() == ["abstain", "abstain"]
    assert ranked["rank"].isna().all()
    assert np.isnan(ranked["shortage_p50"].iloc[0])


@pytest.mark.parametrize("places", [1, 3, 7])
def test_places_are_shared_by_ties_as_in_plain_loops(places: int) -> None:
    draws = np.random.default_rng(places).integers(0, 4, (8, 50)).astype(float)
    found, expected = chance_of_place(draws, places), np.zeros(8)
    for draw in draws.T:
        level = sorted(draw, reverse=True)[places - 1]
        above, tied = sum(draw > level), sum(draw == level)
        for row, value in enumerate(draw):
            expected[row] += 1 if value > level else (places - above) / tied if value == level else 0
    assert found == pytest.approx(expected / 50)
    assert found.sum() == pytest.approx(places)


def test_shortages_rank_by_score_and_show_ties(cells: Any, parameters: Parameters) -> None:
    found = shortages_table(cells, *gaps_and_indicators(cells), 2025, parameters)
    told = found[found["rank"].notna()]
    assert len(told) == 12
    assert told["rank_probability"].sum() == pytest.approx(parameters["shortage_places"])
    score = np.round(np.median(np.round(cells.gap.score[:12], 3), axis=1), 3)
    assert told["rank"].tolist() == [1 + sum(score > own) for own in score]
    assert told["tied"].tolist() == [sum(score == own) - 1 for own in score]
    short = np.median(cells.gap.openings[0] - cells.supply[:, 0].sum(axis=0))
    assert found["shortage_p50"][0] == pytest.approx(short)
    assert f"{abs(short):,.0f} {'more' if short >= 0 else 'fewer'} openings" in found["why"][0]


def test_trainable_persons_are_the_share_taught_of_the_unfilled(cells: Any, parameters: Parameters) -> None:
    gaps = skill_gaps(cells)
    offered = courses(
        ("C1", 40, "a x", False), ("C2", 80, "a b", False), ("C3", 9, "c", True), ("C4", 9000, "d", False)
    )
    found = training_response_table(cells, gaps, offered, 2025, parameters)
    own = gaps[gaps["occupation"] == "j00"].set_index("skill")
    mass = own["importance"] * own["unfilled"]
    row = found.iloc[0]
    assert row["taught"] == pytest.approx(mass[["a", "b", "c"]].sum() / mass.sum())
    assert row["taught_mandatory_only"] == pytest.approx(mass["c"] / mass.sum())
    assert row["trainable_p50"] == pytest.approx(np.median(cells.gap.unfilled[0]) * row["taught"])
    assert row["courses"] == "C2"
    assert row["price"] == 400
    pace = parameters["training_pace"]
    assert row["weeks"] == pytest.approx(pace["weeks_to_start"] + 80 / pace["hours_a_week"])
    for figure in (
        f"{row['trainable_p50']:,.0f} persons trainable",
        f"teach {row['taught']:.0%}",
        "80 hours",
    ):
        assert figure in row["why"]


def test_no_course_is_zero_and_no_list_is_unknown(cells: Any, parameters: Parameters) -> None:
    gaps = skill_gaps(cells)
    gaps.loc[gaps["occupation"].eq("j01") & gaps["skill"].isin(["a", "b"]), "unfilled"] = np.nan
    none = training_response_table(cells, gaps, courses(("C1", 40, "x", False)), 2025, parameters)
    assert none["answer"][0] == "no_course"
    assert none["trainable_p90"][0] == 0
    assert none.loc[1, ["answer", "reason"]].tolist() == ["abstain", "unavailable"]
    assert none.loc[12, ["answer", "reason"]].tolist() == ["abstain", "confidential"]
    unlisted = training_response_table(cells, gaps, courses(), 2025, parameters)
    assert (unlisted["answer"] == "abstain").all()
    assert unlisted["trainable_p50"].isna().all()
    untimed = training_response_table(cells, gaps, courses(("C1", np.nan, "a", False)), 2025, parameters)
    assert untimed.loc[0, ["answer", "reason"]].tolist() == ["abstain", "unavailable"]


def test_a_little_that_is_unknown_hides_no_cell(cells: Any, parameters: Parameters) -> None:
    gaps, few = skill_gaps(cells), parameters["tolerated_unknown"] / 2
    hidden = gaps["occupation"].eq("j01") & gaps["skill"].eq("a")
    gaps.loc[hidden, "asked"], gaps.loc[hidden, "unfilled"] = few, np.nan
    found = training_response_table(cells, gaps, courses(("C1", 40, "b", False)), 2025, parameters)
    mine = gaps[gaps["occupation"].eq("j01") & gaps["unfilled"].notna()]
    mass = mine["importance"] * mine["unfilled"]
    share = mass[mine["skill"].eq("b")].sum() / mass.sum()
    row = found[found["occupation"].eq("j01")].iloc[0]
    assert row["answer"] == "trainable"
    assert row["taught"] == pytest.approx(share)


def test_courses_are_chosen_by_what_they_still_teach() -> None:
    offered = catalogue(
        courses(("A", 10, "a b", False), ("B", 10, "b c", False), ("C", 5, "d", False)), tuple("abcd")
    )
    every = np.ones(3, dtype=bool)
    names = [offered.codes[n] for n in best_courses(np.array([3.0, 5, 4, 1]), offered, every, 5, 100)]
    assert names == ["B", "A", "C"]
    assert best_courses(np.array([3.0, 5, 4, 1]), offered, every, 1, 100) == [offered.codes.index("B")]
    assert best_courses(np.array([3.0, 5, 4, 1]), offered, every, 5, 12) == [offered.codes.index("B")]


def test_collections_are_shares_of_the_same_sums(cells: Any, parameters: Parameters) -> None:
    gaps = skill_gaps(cells, unknown="j01")
    skills = pd.DataFrame(
        {"code": list("abcd"), "green": [True, False, False, None], "digital": [False, True, True, False]}
    )
    emerging = pd.DataFrame({"skill": ["a", "b", "c"], "direction": ["emerging", "fading", "none"]})
    found = collections_table(gaps, skills, emerging, courses(("C1", 40, "b", False)), parameters)
    found = found.set_index(["collection", "occupation"])
    own = gaps[gaps["occupation"] == "j00"].set_index("skill")["unfilled"]
    assert found.loc[("green", "j00"), "unfilled"] == pytest.approx(own["a"])
    assert found.loc[("digital", "j00"), "unfilled_share"] == pytest.approx(own[["b", "c"]].sum() / own.sum())
    assert found.loc[("digital", "j00"), "taught"] == pytest.approx(own["b"] / own[["b", "c"]].sum())
    assert found.loc[("green", "TOTAL"), ["emerging", "fading"]].tolist() == [1, 0]
    assert found.loc[("digital", "TOTAL"), ["emerging", "fading"]].tolist() == [0, 1]
    known = gaps[gaps["occupation"] != "j01"]
    green = known.loc[known["skill"] == "a", "unfilled"].sum()
    assert found.loc[("green", "TOTAL"), "unfilled"] == pytest.approx(green)
    assert np.isnan(found.loc[("green", "j01"), "unfilled"])


def test_tables_have_the_declared_columns_and_keys(cells: Any, parameters: Parameters) -> None:
    gaps, empty = skill_gaps(cells), pd.DataFrame({"skill": [], "direction": []})
    skills = pd.DataFrame({"code": list("abcd"), "green": False, "digital": True})
    made = {
        "shrinking_jobs": shrinking_jobs_table(cells, 2025, parameters),
        "shortages": shortages_table(cells, *gaps_and_indicators(cells), 2025, parameters),
        "training_response": training_response_table(cells, gaps, courses(), 2025, parameters),
        "collections": collections_table(gaps, skills, empty, courses(), parameters),
    }
    for declared in QUESTIONS:
        if declared.name in made:
            assert {column.name for column in declared.columns} == set(made[declared.name])
            assert not made[declared.name].duplicated(list(declared.key)).any()
