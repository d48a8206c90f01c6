"""Where somebody can go: filters beside plain loops, what is unknown, a made-up town of five occupations."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters, load_parameters
from forecasting.skill_distance import SkillProfiles, coverage, dense_profiles, person
from forecasting.transition_ground import Ground, ground
from forecasting.transitions import COLUMNS, missing_skills, transitions_table
from tests.oracles import transitions as oracle

SKILLS = ("weld", "cut", "drive", "plan", "sell")
TOWN = ("7212.1", "7212.2", "7213.1", "8332.1", "5223.1")
ASKED = np.array(
    [
        [1, 1, 0, 0, 0],  # welder
        [1, 0, 0, 0, 0],  # spot welder
        [1, 1, 0, 1, 0],  # sheet metal worker
        [0, 0, 1, 1, 0],  # truck driver
        [0, 0, 0, 0, 1],  # seller
    ],
    dtype=float,
)
FACTS = pd.DataFrame({"occupation": TOWN, "isco": [code[:4] for code in TOWN]})


parameters = cache(load_parameters)


def settings_with(**values: Any) -> Parameters:
    """Return the parameters with some values of this test's own."""
    loaded = parameters()
    changed = {name: replace(loaded.values[name], value=value) for name, value in values.items()}
    return Parameters(loaded.as_of, {**loaded.values, **changed})


WELDERS = ["w", "w", "", "", ""]
"""One group, so that the threshold is the mean within it."""

STRANGERS = ["", "", "", "x", "x"]
"""Two that share no skill: the threshold is 0, and everything is viable."""


def town(group: list[str] = WELDERS, facts: pd.DataFrame = FACTS, **given: Any) -> Ground:
    facts = facts.assign(group=group, subgroup="")
    tables = {name: given.pop(name) for name in ("gaps", "courses") if name in given}
    chosen = parameters()["transition_rule"] | {"minimum_groups": 1} | given
    profiles = dense_profiles(TOWN, SKILLS, ASKED, np.ones_like(ASKED))
    return ground(profiles, facts, settings_with(transition_rule=chosen), **tables)


def of(table: pd.DataFrame, origin: str) -> list[str]:
    return table.loc[table["origin"] == origin, "destination"].tolist()


def test_the_nearest_come_first_and_staying_is_no_destination() -> None:
    base = town()
    assert base.viable == pytest.approx((1 + 0.5) / 2), "mean of one group, both directions"
    found = transitions_table(base)
    assert tuple(found.columns) == COLUMNS
    assert of(found, "7212.1") == ["7212.2"], "covers 1; the sheet metal worker's 2/3 is not near enough"
    assert of(found, "7213.1") == ["7212.1", "7212.2"], "equals by the order of their codes"
    first = found[found["origin"] == "7213.1"].iloc[0]
    assert first["coverage"] == 1
    assert first["reverse_coverage"] == pytest.approx(2 / 3)
    assert first["missing"] == ""


def test_an_origin_without_a_destination_says_why() -> None:
    found = transitions_table(town()).set_index("origin")
    assert found.loc["5223.1", "reason"] == "not_applicable"
    assert pd.isna(found.loc["5223.1", "destination"])
    assert found.loc["7212.1", "reason"] == ""


def test_without_a_threshold_nothing_is_viable_or_not() -> None:
    base = town(minimum_groups=2)
    assert set(transitions_table(base)["reason"]) == {"unavailable"}
    assert base.bounds["reason"].tolist() == ["unavailable", "unavailable"]


def test_an_occupation_that_nothing_describes_is_unknown() -> None:
    profiles = dense_profiles((*TOWN, "9999.1"), SKILLS, np.vstack([ASKED, np.zeros(5)]), np.ones((6, 5)))
    facts = pd.concat([FACTS, pd.DataFrame({"occupation": ["9999.1"], "isco": ["9999"]})], ignore_index=True)
    facts = facts.assign(group=["w", "w", "", "", "", "w"], subgroup="")
    rule = parameters()["transition_rule"] | {"minimum_groups": 1}
    base = ground(profiles, facts, settings_with(transition_rule=rule))
    assert base.viable == town().viable, "the unknown one counts in no group mean"
    found = transitions_table(base)
    assert found.set_index("origin").loc["9999.1", "reason"] == "unavailable"
    assert "9999.1" not in set(found["destination"])


def test_classes_are_unknown_apart() -> None:
    assert set(transitions_table(town(highly_viable="group"))["class"].dropna()) == {"highly_viable"}
    assert set(transitions_table(town())["class"].dropna()) == {"viable"}, "no subgroup, so never highly"


@pytest.mark.parametrize(
    ("fact", "values", "leaves"),
    [
        ("level", [2, 4, 2, 2, 2], ["7212.1"]),
        ("level", [2, 3, 2, 2, 2], ["7212.1", "7212.2"]),
        ("level", [2, np.nan, 4, 2, 2], ["7212.2"]),
        ("wage", [20, 14, 20, 20, 20], ["7212.1"]),
        ("wage", [20, 15, 20, 20, 20], ["7212.1", "7212.2"]),
        ("wage", [20, np.nan, 20, 20, 20], ["7212.1", "7212.2"]),
        ("wage", [20, 15, np.nan, 20, 20], ["7212.1", "7212.2"]),
    ],
)
def test_a_known_level_or_wage_rules_out_an_unknown_one_does_not(
    fact: str, values: list[float], leaves: list[str]
) -> None:
    found = transitions_table(town(facts=FACTS.assign(isco="", **{fact: values})))
    assert of(found, "7213.1") == leaves
    asked = found[found["origin"] == "7213.1"].set_index("destination")["unknown"]
    if fact == "wage" and "7212.2" in leaves:
        unknown = np.isnan(values[1] / values[2])
        assert ("wage" in asked["7212.2"].split()) == unknown


def test_level_is_that_of_isco_where_none_is_given() -> None:
    base = town(facts=FACTS.assign(isco=["7212", "1411", "1211", "0310", ""]))
    np.testing.assert_array_equal(base.level, [2, 3, 4, 1, np.nan])


def gaps(**probability: float) -> pd.DataFrame:
    names = [name.removeprefix("o") for name in probability]
    return pd.DataFrame({"occupation": names, "probability_of_shortage": list(probability.values())})


def test_destinations_without_a_likely_shortage_are_left_out() -> None:
    base = town(gaps=gaps(o72=0.2, o7212=0.9, o5=np.nan))
    np.testing.assert_array_equal(base.shortage, [0.9, 0.9, 0.2, np.nan, np.nan])
    found = transitions_table(base)
    assert of(found, "7213.1") == ["7212.1", "7212.2"]
    assert set(transitions_table(town(gaps=gaps(o72=0.4)))["reason"]) == {"not_applicable"}
    unknown = transitions_table(town(gaps=gaps(o72=np.nan)))
    assert of(unknown, "7213.1") == ["7212.1", "7212.2"], "unknown is not zero"
    assert unknown["unknown"].iloc[0].split() == ["wage", "gap", "hours", "quadrant"]


COURSES = pd.DataFrame(
    {"course": ["C1", "C2"], "hours": [100.0, 200.0], "skills": ["cut", "plan drive"], "title": ""}
)


def test_courses_give_hours_and_a_quadrant() -> None:
    base = town(STRANGERS, courses=COURSES)  # everything is viable
    found = transitions_table(base).set_index(["origin", "destination"])
    assert found.loc[("7212.2", "7212.1"), "quadrant"] == "short_upskilling"
    assert found.loc[("7212.2", "7212.1"), "hours"] == 100
    far = found.loc[("7212.2", "7213.1")]
    assert (far["missing"], far["hours"], far["courses"]) == ("cut plan", 300, "C1 C2")
    assert far["quadrant"] == "deep_reskilling"
    untaught = found.loc[("7212.1", "5223.1")]
    assert np.isnan(untaught["hours"])
    assert untaught["taught"] == 0
    assert untaught["unknown"].split()[-2:] == ["hours", "quadrant"]


def test_a_person_may_stay_in_the_occupation_and_learn_the_rest() -> None:
    base = town(STRANGERS, courses=COURSES)
    found = transitions_table(base, person(["weld"], SKILLS, "7212.1")).set_index("destination")
    assert found.index[0] == "7212.2"
    assert found.loc["7212.1", "quadrant"] == "short_upskilling"
    assert found.loc["7212.1", "coverage"] == 0.5
    assert found.loc["7212.1", "reverse_coverage"] == 1


def test_a_person_without_an_occupation_has_no_level_and_no_quadrant() -> None:
    found = transitions_table(town(courses=COURSES), person(["weld", "cut"], SKILLS))
    assert found["destination"].tolist() == ["7212.1", "7212.2"]
    assert found["unknown"].str.split().tolist() == [["level", "wage", "gap", "quadrant"]] * 2
    with pytest.raises(ForecastingError, match="origin: found 1234; expected an occupation"):
        transitions_table(town(), person(["weld"], SKILLS, "1234"))


def test_missing_skills_sum_to_what_is_not_covered() -> None:
    base = town()
    found = missing_skills(base, base.profiles.held(1), "7213.1", {"cut": "cut metal"})
    assert found["label"].tolist() == ["cut metal", "plan"]
    assert found["share"].sum() == pytest.approx(1 - base.coverage[1, 2])
    with pytest.raises(ForecastingError, match="destination: found 1; expected an occupation"):
        missing_skills(base, base.profiles.held(1), "1", {})


@pytest.mark.parametrize("name", ["facts", "gaps"])
def test_a_table_with_an_occupation_twice_is_refused(name: str) -> None:
    tables = {"facts": FACTS, "gaps": gaps(o72=0.5)}
    tables[name] = pd.concat([tables[name], tables[name]], ignore_index=True)
    with pytest.raises(ForecastingError, match=f"table {name}, column occupation: found 72.* twice"):
        ground(
            dense_profiles(TOWN, SKILLS, ASKED, ASKED),
            tables["facts"],
            load_parameters(),
            gaps=tables["gaps"],
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_destinations_equal_plain_loops(seed: int) -> None:
    random = np.random.default_rng(seed)
    asked = random.random((7, 4)).round(1) * (random.random((7, 4)) < 0.6)
    profiles = dense_profiles([f"o{n}" for n in range(7)], list("abcd"), asked, random.random((7, 4)) + 0.1)
    facts = pd.DataFrame(
        {
            "occupation": profiles.occupations,
            "isco": "",
            "level": np.where(random.random(7) < 0.2, np.nan, random.integers(1, 5, 7)),
            "wage": np.where(random.random(7) < 0.2, np.nan, random.integers(10, 20, 7)),
            "group": random.choice(["a", "b"], 7),
        }
    )
    gap = pd.DataFrame({"occupation": profiles.occupations, "probability_of_shortage": random.random(7)})
    rule = parameters()["transition_rule"] | {"minimum_groups": 1}
    base = ground(profiles, facts, settings_with(transition_rule=rule), gaps=gap)
    found = transitions_table(base)
    dicts = [_entries(profiles, row) for row in range(7)]
    rows = facts.assign(shortage=gap["probability_of_shortage"]).to_dict("records")
    bounds = {"viable": base.viable, "level": 1, "wage": 0.75, "shortage": 0.5}
    for origin, code in enumerate(profiles.occupations):
        expected = oracle.destinations(origin, dicts, rows, bounds, 5)
        assert found.loc[found["origin"] == code, "destination"].dropna().tolist() == [
            profiles.occupations[to] for to in expected
        ]


def _entries(profiles: SkillProfiles, row: int) -> oracle.Profile:
    span = profiles.entries(row)
    values = zip(profiles.skill[span], profiles.asked[span], profiles.importance[span], strict=True)
    return {skill: (asked, importance) for skill, asked, importance in values}


def test_coverage_of_a_whole_profile_by_a_person_is_one() -> None:
    base = town()
    everything = coverage(base.profiles, person(SKILLS, SKILLS))
    np.testing.assert_array_equal(everything, np.ones((1, 5)))
