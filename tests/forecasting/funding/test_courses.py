"""Courses: scored from what they teach, held to plain loops; duplicates, screening and appeals."""

import time
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError, InputError
from forecasting.funding.catalogue import Courses, read_courses
from forecasting.funding.courses import needs_of, score_courses
from forecasting.funding.near_duplicates import groups, near_duplicates
from forecasting.funding.screening import screening
from forecasting.funding.weight_tables import skill_weights
from forecasting.funding.weights import SKILL, WeightRule
from forecasting.parameters import Parameters, load_parameters

PARAMETERS = load_parameters()
RULE = WeightRule.of(PARAMETERS, SKILL)
SKILLS = [*"abcdefgh"]
LACKING = {"a": 0.5, "b": 0.3, "c": 0.12, "d": 0.0, "e": np.nan, "f": 0.02, "g": 0.45}
"""Shares of 100 openings that lack each skill; h is asked by none."""
few = settings(max_examples=30, deadline=None)


def tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return what a made-up region's release publishes: skills, occupations and what these ask."""
    asked = list(LACKING)
    frame = pd.DataFrame({"region": "R", "skill": asked, "scenario": "baseline", "horizon": 5, "reason": ""})
    frame = frame.assign(asked=100.0, held=90.0, importance=1.0, taught=True, fundable=True, listed=True)
    frame = frame.assign(green_share=0.0, digital_share=0.0)
    frame.loc[frame["skill"] == "f", "held"] = 500.0
    frame.loc[frame["skill"] == "g", "taught"] = False
    persons = np.array([[100 * LACKING[skill]] * 4 for skill in asked])
    weights = pd.DataFrame(
        {"region": "R", "occupation": ["j1", "j2", "j3"], "ground": ["band", "working_conditions", "neutral"]}
    ).assign(weight=[1.25, 0.0, 1.0])
    gaps = pd.DataFrame({"region": "R", "occupation": "j1", "horizon": 5, "skill": ["a", "b"]})
    return skill_weights(frame, persons, RULE, 0.25), weights, gaps.assign(importance=1.0, asked=0.5)


def offered(*rows: tuple[str, str, float, str, str]) -> Courses:
    frame = pd.DataFrame(rows, columns=["course", "title", "hours", "skills", "occupations"])
    return read_courses(frame.assign(mandatory=False), SKILLS, ["j1", "j2", "j3"])


def scored(courses: Courses) -> pd.DataFrame:
    told, weights, gaps = tables()
    needs = needs_of(courses, "R", told, weights, gaps)
    return score_courses(courses, needs, PARAMETERS).set_index("course")


MIX = (
    ("C1", "Lassen", 40.0, "a b", "j1"),
    ("C2", "Lassen met TIG", 200.0, "a h", ""),
    ("C3", "Niets", 40.0, "d h", ""),
    ("C4", "Onbekend", 40.0, "", ""),
    ("C5", "Vreemd", 40.0, "a zz", ""),
    ("C6", "Overschot", 40.0, "f", ""),
    ("C7", "Zonder doel", 40.0, "a", "j2"),
    ("C8", "Te lang", 9000.0, "a", ""),
    ("C9", "Nieuw", np.nan, "g", "j3"),
)


def test_scores_by_hand() -> None:
    found = scored(offered(*MIX))
    assert found["score"].dropna().to_dict() == pytest.approx(
        {"C1": 0.4, "C2": 0.25, "C3": 0, "C6": 0.02, "C7": 0.5, "C8": 0.5, "C9": 0.45}
    )
    assert found["need"].to_dict() == {
        "C1": "need_to_have",
        "C2": "need_to_have",
        "C3": "not_needed",
        "C4": "unknown",
        "C5": "unknown",
        "C6": "nice_to_have",
        "C7": "not_needed",
        "C8": "not_needed",
        "C9": "need_to_have",
    }
    assert found["weight"].tolist() == [1.5, 1.25, 0, 1, 1, 0.5, 0, 0, 1.5]
    assert found.loc[["C3", "C7", "C8"], "ground"].tolist() == [
        "nothing_lacking",
        "targets_without_weight",
        "not_in_time",
    ]
    trainable = 50 + 30 + 12 + 0 + 2
    assert found.loc["C1", "addressed"] == pytest.approx((50 + 30) / trainable)
    assert found.loc["C9", ["addressed", "opens"]].tolist() == [0, 1], "a gap without a course"
    assert found.loc["C6", "surplus_overlap"] == 1


def test_unknown_skills_make_an_unknown_course_with_a_reason() -> None:
    found = scored(offered(*MIX)).loc[["C4", "C5"]]
    assert found["reason"].eq("unavailable").all()
    assert found[["score", "addressed", "surplus_overlap"]].isna().all(axis=None)
    assert found.loc["C5", "why"] == (
        "Unknown: 1 of its 2 skills are unknown, no source says it; neutral weight 1.00."
    )
    few_unknown = scored(offered(("C", "x", 8.0, "a b c d zz", "")))
    assert few_unknown.loc["C", "score"] == pytest.approx((0.5 + 0.3 + 0.12) / 4), "the known speak for all"


def test_quadrants_by_hours_and_by_whether_the_course_leads_into_its_target() -> None:
    found = scored(
        offered(
            ("A", "", 40, "a", ""),
            ("B", "", 40, "a", "j1"),
            ("C", "", 400, "c", "j1"),
            ("D", "", 400, "a", "j1"),
        )
    )
    assert found["quadrant"].tolist() == [
        "short_upskilling",
        "short_reskilling",
        "deep_upskilling",
        "deep_reskilling",
    ]
    assert scored(offered(*MIX)).loc["C9", "quadrant"] == "", "unknown hours"


def test_every_number_of_a_sentence_is_in_the_row() -> None:
    row = scored(offered(("C1", "Lassen", 40.0, "a b g", "j1"))).loc["C1"]
    assert row["why"] == (
        "Need to have: on average 41.7 % of the openings that ask its 3 skills lack them at P25, in the band "
        "40.0 % or more; weight 1.50; it addresses 85.1 % of what is trainable in the region; 1 of its "
        "skills are lacking and taught by no listed course in time; target occupations j1 (1.25)."
    )
    assert "gemiddeld mist 41,7 %" in row["why_nl"]
    assert "doelberoepen j1 (1,25)" in row["why_nl"]


taught = st.lists(st.sampled_from([*SKILLS, "zz"]), min_size=0, max_size=6, unique=True)


@few
@given(st.lists(taught, min_size=1, max_size=8))
def test_scores_agree_with_plain_loops(lists: list[list[str]]) -> None:
    found = scored(offered(*((f"C{n}", "t", 8.0, " ".join(codes), "") for n, codes in enumerate(lists))))
    for number, codes in enumerate(lists):
        told = [code for code in codes if code in SKILLS and code != "e"]
        unknown = len(codes) - len(told)
        row = found.loc[f"C{number}"]
        if not codes or Fraction(unknown, len(codes)) > Fraction(1, 4):
            assert np.isnan(row["score"])
            assert row["weight"] == RULE.neutral
            continue
        assert row["score"] == pytest.approx(sum(LACKING.get(code, 0.0) for code in told) / len(told))


@few
@given(st.lists(st.sampled_from("abcdfgh"), min_size=1, max_size=5, unique=True), st.sampled_from("abcdfg"))
def test_a_course_never_weighs_less_where_more_is_lacking(codes: list[str], skill: str) -> None:
    told, weights, _ = tables()
    courses = offered(("C", "t", 8.0, " ".join(codes), ""))
    needs = needs_of(courses, "R", told, weights)
    more = told.assign(
        lacking_share=told["lacking_share"] + 0.2 * (told["skill"] == skill), in_surplus=told["in_surplus"]
    )
    after = score_courses(courses, needs_of(courses, "R", more, weights), PARAMETERS)
    assert after["weight"].iloc[0] >= score_courses(courses, needs, PARAMETERS)["weight"].iloc[0]


def test_near_duplicates_need_skills_title_and_hours() -> None:
    courses = offered(
        ("A", "Lassen voor beginners", 40, "a b c d", ""),
        ("B", "Lassen (beginners)", 44, "a b c d", ""),
        ("C", "Boekhouden", 40, "a b c d", ""),
        ("D", "Lassen voor beginners", 200, "a b c d", ""),
        ("E", "Lassen voor beginners", 40, "a b", ""),
        ("F", "Lassen voor beginners", 40, "", ""),
        ("G", "Lassen voor beginners", 40, "", ""),
    )
    pairs = near_duplicates(courses, PARAMETERS["near_duplicate_rule"])
    assert pairs[["course", "other"]].to_numpy().tolist() == [["A", "B"]]
    assert pairs["hours_ratio"].iloc[0] == pytest.approx(40 / 44)
    assert groups(courses, pairs).to_numpy().tolist() == [["A", "A", 2], ["B", "A", 2]]


def test_near_duplicates_agree_with_plain_loops() -> None:
    rng = np.random.default_rng(5)
    rows = [
        (
            f"C{n:02d}",
            "titel",
            float(rng.integers(30, 60)),
            " ".join(rng.choice(SKILLS, 4, replace=False)),
            "",
        )
        for n in range(40)
    ]
    rule = {"skills": 0.6, "title": 0.5, "hours": 0.9}
    expected = []
    for at, (one, _, hours, skills, _) in enumerate(rows):
        for other, _, length, more, _ in rows[at + 1 :]:
            both, either = set(skills.split()) & set(more.split()), set(skills.split()) | set(more.split())
            if len(both) / len(either) >= 0.6 and min(hours, length) / max(hours, length) >= 0.9:
                expected.append([one, other])
    found = near_duplicates(offered(*rows), rule)
    assert found[["course", "other"]].to_numpy().tolist() == expected
    assert len(expected) > 5


def screened(cents: dict[str, Any]) -> Any:
    courses = offered(*MIX, ("CA", "Lassen", 40.0, "a b", "j1"))
    told, weights, gaps = tables()
    needs = needs_of(courses, "R", told, weights, gaps)
    scores = score_courses(courses, needs, PARAMETERS)
    money = pd.Series(cents, dtype="object")
    return screening(scores, courses, needs, told, money, PARAMETERS)


def test_a_screening_adds_up_to_the_cent_and_names_what_is_double_and_what_has_no_course() -> None:
    found = screened({"C1": 100_01, "CA": 50_00, "C6": 3_33, "C3": 7})
    assert found.summary["cents"].sum() == 100_01 + 50_00 + 3_33 + 7
    assert found.summary["courses"].sum() == 10
    assert found.summary["unpriced"].sum() == 6
    assert found.summary["cents_doubled"].sum() == 50_00
    by_skill = found.skills.set_index("skill")
    assert by_skill.loc["a", "cents"] == 50_01 + 25_00
    assert by_skill["cents"].sum() == found.summary["cents"].sum()
    assert by_skill.loc["f", "finding"] == "surplus_funded"
    assert found.sentences["en"][2] == "1 courses nearly double another, with EUR 50.00."
    assert found.sentences["nl"][0].startswith("10 opleidingen met 153,41 euro publiek geld")


def test_a_gap_without_a_course_is_found() -> None:
    courses = offered(("C1", "Lassen", 40.0, "a b", "j1"))
    told, weights, _ = tables()
    needs = needs_of(courses, "R", told, weights)
    found = screening(
        score_courses(courses, needs, PARAMETERS), courses, needs, told, pd.Series(dtype=object), PARAMETERS
    )
    assert found.skills.query("finding == 'no_course'")["skill"].tolist() == ["g"]


@pytest.mark.parametrize(
    ("cents", "message"),
    [
        ({"C1": 1.5}, "found C1: 1.5; expected whole cents"),
        ({"C1": -1}, "C1: -1"),
        ({"X": 1}, "'X'; expected a course"),
    ],
)
def test_money_that_is_no_whole_cents_of_a_known_course_is_refused(
    cents: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        screened(cents)


def test_unknown_regions_and_bad_rows_are_refused() -> None:
    told, weights, _ = tables()
    with pytest.raises(ForecastingError, match="region 'X'; expected one of R"):
        needs_of(offered(*MIX), "X", told, weights)
    with pytest.raises(InputError, match="column course, line 3: found 'A'; expected a code of its own"):
        offered(("A", "", 1, "a", ""), ("A", "", 1, "a", ""))
    with pytest.raises(InputError, match="column hours, line 2: found '-1'"):
        offered(("A", "", -1, "a", ""))


def test_a_whole_catalogue_takes_seconds(parameters: Parameters) -> None:
    rng = np.random.default_rng(1)
    skills = [f"s{n}" for n in range(2000)]
    words = [f"woord{n}" for n in range(300)]
    rows = [
        (
            f"C{n:04d}",
            " ".join(rng.choice(words, 4)),
            40.0,
            " ".join(rng.choice(skills, 5, replace=False)),
            "j1",
        )
        for n in range(4900)
    ]
    rows += [(f"D{n:04d}", *rows[n][1:]) for n in range(15)]
    frame = pd.DataFrame(rows, columns=["course", "title", "hours", "skills", "occupations"])
    begun = time.perf_counter()
    courses = read_courses(frame.assign(mandatory=False), skills, ["j1"])
    asked = pd.DataFrame({"region": "R", "skill": skills, "scenario": "baseline", "horizon": 5, "reason": ""})
    asked = asked.assign(asked=100.0, held=50.0, importance=1.0, taught=True, fundable=True, listed=True)
    told = skill_weights(asked, rng.uniform(0, 60, (2000, 50)), RULE, 0.25)
    needs = needs_of(courses, "R", told, tables()[1])
    found = screening(
        score_courses(courses, needs, parameters), courses, needs, told, pd.Series(dtype=object), parameters
    )
    assert time.perf_counter() - begun < 15
    assert len(found.courses) == 4915
    assert len(found.duplicates) == 15
