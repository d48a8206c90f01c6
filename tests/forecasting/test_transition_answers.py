"""Transitions from published tables: a made-up country of sixteen occupations, and a person asking."""

import re
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError
from forecasting.parameters import load_parameters
from forecasting.published import PUBLISHED
from forecasting.published_transitions import TRANSITIONS
from forecasting.retraining import QUADRANTS
from forecasting.skill_collections import collections_table
from forecasting.skill_distance import coverage, published_profiles
from forecasting.snapshot import Snapshot, conform
from forecasting.transition_answers import published_ground, transition_tables, transitions_of_person
from forecasting.transition_ground import Ground, occupation_facts
from tests.conftest import ROOT
from tests.oracles.transition_country import (
    ISCO,
    OCCUPATIONS,
    SKILLS,
    UNKNOWN,
    declared_occupations,
    gaps,
    most_asked,
    skill_profiles,
    tables,
    window,
)

parameters = cache(load_parameters)


@pytest.fixture(scope="module")
def told() -> dict[str, pd.DataFrame]:
    return transition_tables(tables(), ISCO, parameters())


@pytest.fixture(scope="module")
def base(told: dict[str, pd.DataFrame]) -> Ground:
    return published_ground(tables(), ISCO, parameters(), told["transition_thresholds"])


def test_every_region_and_horizon_has_the_declared_rows(told: dict[str, pd.DataFrame]) -> None:
    moves = conform(told["transitions"], "transitions")
    assert set(told["transitions"]) == {column.name for column in PUBLISHED["transitions"].columns}
    assert set(map(tuple, moves[["region", "horizon"]].to_numpy())) == {
        (region, years) for region in ("R1", "R2") for years in (1, 5)
    }
    assert set(moves["scenario"]) == {"baseline"}
    for _, rows in moves.groupby(["region", "horizon"]):
        assert set(rows["occupation"]) == {*OCCUPATIONS, UNKNOWN}, "no aggregate, and none is left out"
    assert moves.groupby(["region", "horizon", "occupation"]).size().max() <= 5
    assert len(conform(told["transition_thresholds"], "transition_thresholds")) == 2


def test_an_origin_of_which_nothing_is_known_abstains(told: dict[str, pd.DataFrame]) -> None:
    rows = told["transitions"].query("occupation == @UNKNOWN")
    assert set(rows["reason"]) == {"unavailable"}
    assert rows["rank"].eq(0).all()
    assert rows["destination"].isna().all()
    assert rows["why"].str.contains("no destination, unavailable: its skills or the threshold").all()
    assert UNKNOWN not in set(told["transitions"]["destination"].dropna())


def test_destinations_pass_what_is_declared(told: dict[str, pd.DataFrame], base: Ground) -> None:
    moves = told["transitions"].dropna(subset="destination")
    assert len(moves) > 20, "else nothing is tried"
    assert (moves["occupation"] != moves["destination"]).all()
    assert (moves["coverage"] >= base.viable).all()
    highly = moves["class"] == "highly_viable"
    assert (highly == (moves["coverage"] >= base.highly_viable)).all()
    assert ~(moves["probability_of_shortage"] < 0.5).any(), "unknown is not zero"
    assert (moves["probability_of_shortage"].isna() == moves["unknown"].str.contains("gap")).all()
    assert moves["level_difference"].abs().max() <= 1
    keys = ["occupation", "destination", "region", "horizon", "from_year", "to_year"]
    shown = moves.merge(window().rename(columns={"occupation": "destination"}), on=keys[1:])
    np.testing.assert_array_equal(shown["probability_of_shortage_x"], shown["probability_of_shortage_y"])
    for _, rows in moves.groupby(["region", "horizon", "occupation"]):
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert rows["coverage"].is_monotonic_decreasing


def test_a_move_is_the_same_wherever_it_is_listed(told: dict[str, pd.DataFrame]) -> None:
    moves = told["transitions"].dropna(subset="destination")
    figures = ["coverage", "reverse_coverage", "missing", "hours", "taught", "green_missing", "quadrant"]
    assert moves.groupby(["occupation", "destination"])[figures].nunique(dropna=False).max().max() == 1


def test_own_profile_is_at_no_distance_and_others_are_asymmetric(base: Ground) -> None:
    known = [number for number, code in enumerate(base.profiles.occupations) if code != UNKNOWN]
    assert (1 - np.diagonal(base.coverage)[known] == 0).all(), "exactly"
    assert (np.abs(base.coverage - base.coverage.T)[np.ix_(known, known)] > 0.01).any()


def test_courses_close_what_one_opening_misses(told: dict[str, pd.DataFrame]) -> None:
    moves, profiles = told["transitions"].dropna(subset="destination"), skill_profiles()
    asked = profiles.drop_duplicates(["occupation", "skill"]).pivot(
        index="occupation", columns="skill", values="asked_now"
    )
    weight = {skill: 0.5 + (number % 2) / 2 for number, skill in enumerate(SKILLS)}
    teaches = {row.course: set(row.skills.split()) for row in tables()["courses"].dropna().itertuples()}
    for move in moves.drop_duplicates(["occupation", "destination"]).itertuples():
        there, here = asked.loc[move.destination].fillna(0), asked.loc[move.occupation].fillna(0)
        lacking = (there - here).clip(lower=0)
        mass = (lacking * pd.Series(weight)).sort_values(ascending=False)
        assert move.missing.split() == mass.index[: min(5, (mass > 0).sum())].tolist()
        one = mass.head(int(np.ceil(lacking.sum() - 1e-9)))
        taught = set().union(*(teaches[code] for code in move.courses.split()))
        assert move.taught == pytest.approx(one[one.index.isin(taught)].sum() / one.sum())
        green = [skill for number, skill in enumerate(SKILLS) if number % 3 == 0]
        assert move.green_missing == pytest.approx(mass[green].sum() / mass.sum())
        whole = there * pd.Series(weight)
        assert move.green_asked == pytest.approx(whole[green].sum() / whole.sum())


def test_the_sentence_tells_the_rows_own_figures(told: dict[str, pd.DataFrame]) -> None:
    moves = told["transitions"]
    for row in moves[moves["reason"] == ""].to_dict("records"):
        why = row["why"]
        first, last, origin, destination, coverage_, back, class_ = re.match(
            r"(\d+)-(\d+), from (.+?) to (.+?): (\d+)% of what is asked there is held "
            r"\(the other way (\d+)%\), (viable|highly viable); most missing ",
            why,
        ).groups()
        assert (int(first), int(last)) == (row["from_year"], row["to_year"])
        assert [name.removeprefix("Job ") for name in (origin, destination)] == [
            row["occupation"],
            row["destination"],
        ]
        assert [int(coverage_), int(back)] == pytest.approx(
            [100 * row["coverage"], 100 * row["reverse_coverage"]], abs=0.5001
        )
        assert class_.replace(" ", "_") == row["class"]
        assert re.findall(r"skill (\d+)", why) == [str(int(code[1:])) for code in row["missing"].split()]
        assert "level" in why
        assert "wage unknown" in why
        chance = re.search(r"a shortage there with probability (\d+)%\.$", why)
        if np.isnan(row["probability_of_shortage"]):
            assert chance is None
            assert why.endswith("shortage unknown.")
        else:
            assert int(chance.group(1)) == pytest.approx(100 * row["probability_of_shortage"], abs=0.5001)
        trained = re.search(r"courses of (\d+) hours teach (\d+)% of what one opening misses: ([^;]+);", why)
        assert [int(trained.group(1)), int(trained.group(2))] == pytest.approx(
            [row["hours"], 100 * row["taught"]], abs=0.5001
        )
        assert trained.group(3) == QUADRANTS.get(row["quadrant"], "whether training is short is unknown")
    ruled_out = moves[moves["reason"] == "not_applicable"]
    assert len(ruled_out), "else nothing is tried"
    assert ruled_out["why"].str.contains("none is near enough, of like level and wage").all()


def test_sentences_say_what_is_not_known_of_training() -> None:
    none = tables()["courses"]
    for courses, words in (
        (none.head(0), "nobody lists courses"),
        (none.assign(hours=np.nan), "no listed course of known length teaches what one opening misses"),
    ):
        moves = transition_tables(tables(courses=courses), ISCO, parameters())["transitions"]
        moves = moves.dropna(subset="destination")
        assert moves["why"].str.contains(words).all()
        assert moves["hours"].isna().all()
        assert moves["unknown"].str.contains("hours quadrant").all()


def test_level_and_wage_of_the_table_count_where_given() -> None:
    occupations = declared_occupations()
    wage = occupations["code"].map({"7211": 3000.0, "7221": 2000.0, "7111": 3100.0})
    occupations = occupations.assign(wage=wage, skill_level=occupations["code"].map({"7111": 4}))
    moves = transition_tables(tables(occupations=occupations), ISCO, parameters())["transitions"]
    both = moves.dropna(subset="destination").set_index(["occupation", "destination"]).sort_index()
    assert ("7211", "7221") not in both.index, "two thirds of the wage"
    assert both.loc[("7221", "7211"), "wage_ratio"].tolist()[0] == 1.5
    assert both.loc[("7221", "7211"), "why"].str.contains("same level, 150% of the wage").all()
    assert ("7211", "7111") not in both.index, "two levels up"


def test_a_person_gets_what_the_release_says_of_occupations(base: Ground) -> None:
    held = most_asked("7111", 12)
    found = transitions_of_person(base, window(), held, "7111")
    assert set(found) == {column.name for column in PUBLISHED["transitions"].columns}
    again = transitions_of_person(base, window(), [*reversed(held), held[0]], "7111")
    pd.testing.assert_frame_equal(found, again)
    first = found.iloc[0]
    profile = published_profiles(skill_profiles(), base.profiles.occupations, base.profiles.skills)
    to = profile.occupations.index(first["destination"])
    entries = profile.entries(to)
    mass = profile.importance[entries] * profile.asked[entries]
    has = np.isin(np.array(SKILLS)[profile.skill[entries]], held)
    assert first["coverage"] == pytest.approx(mass[has].sum() / mass.sum())
    assert first["why"].startswith("2025-2030, from Job 7111 to Job ")
    assert not set(first["missing"].split()) & set(held)


def test_tables_as_a_snapshot_holds_them_say_the_same(told: dict[str, pd.DataFrame]) -> None:
    made = tables() | told
    for name in ("courses", "occupations", "skills", "gaps", "skill_profiles", "transition_thresholds"):
        columns = {column.name for column in PUBLISHED[name].columns}
        stored = conform(made[name].assign(**dict.fromkeys(columns - set(made[name]))), name)
        made[name] = stored[[column for column in stored if column in made[name] or name == "occupations"]]
    again = transition_tables(made, ISCO, parameters())
    keys = ["region", "horizon", "occupation", "rank"]
    for name, key in (("transitions", keys), ("transition_thresholds", ["class"])):
        pd.testing.assert_frame_equal(
            conform(again[name].sort_values(key), name), conform(told[name].sort_values(key), name)
        )
    base = published_ground(made, ISCO, parameters(), made["transition_thresholds"])
    rows = made["gaps"].query("region == 'R2' and horizon == 5 and scenario == 'baseline'")
    found = transitions_of_person(base, rows, most_asked("7111", 12), "7111")
    fresh = published_ground(tables(), ISCO, parameters(), told["transition_thresholds"])
    expected = transitions_of_person(fresh, window(), most_asked("7111", 12), "7111")
    pd.testing.assert_frame_equal(conform(found, "transitions"), conform(expected, "transitions"))


def test_a_person_who_holds_all_that_is_asked_misses_nothing(base: Ground) -> None:
    found = transitions_of_person(base, window(), SKILLS)
    assert found["coverage"].tolist() == [1.0] * len(found)
    assert found["why"].str.contains("with these skills to .* no skill is missing; level unknown").all()
    assert found["missing"].eq("").all()
    assert found["unknown"].str.startswith("level wage").all()


def test_a_person_in_the_same_occupation_learns_within_it(told: dict[str, pd.DataFrame]) -> None:
    everything = pd.DataFrame({"course": ["C1"], "hours": [120.0], "skills": [" ".join(SKILLS)]})
    base = published_ground(tables(courses=everything), ISCO, parameters(), told["transition_thresholds"])
    found = transitions_of_person(base, window(), most_asked("7221", 12), "7221").set_index("destination")
    assert found.loc["7221", "quadrant"] == "short_upskilling"
    others = found.drop("7221")
    assert others["quadrant"].tolist() == ["short_reskilling"] * 4
    assert (
        others["why"].str.contains("courses of 120 hours teach 100% of what one opening misses: short").all()
    )


@pytest.mark.parametrize(
    ("held", "occupation", "message"),
    [
        (["s00", "x1", "x2"], "", "skills: found unknown codes x1, x2; expected codes"),
        ([], "", "skills: found none; expected at least one code"),
        (["s00"], "1234", "origin: found 1234; expected an occupation"),
    ],
)
def test_what_a_person_cannot_ask_is_named(
    base: Ground, held: list[str], occupation: str, message: str
) -> None:
    with pytest.raises(ForecastingError, match=message):
        transitions_of_person(base, window(), held, occupation)


def test_several_windows_are_refused(base: Ground) -> None:
    with pytest.raises(ForecastingError, match="table gaps: found 8 windows; expected the rows of one"):
        transitions_of_person(base, gaps(), ["s00"])


def test_groups_are_the_levels_above_without_the_root() -> None:
    facts = occupation_facts(declared_occupations(), ISCO, parameters()).set_index("occupation")
    assert facts.loc["2111", ["isco", "group", "subgroup"]].tolist() == ["2111", "2", "21"]
    assert facts.loc["21", ["isco", "group", "subgroup"]].tolist() == ["21", "2", ""], "nothing is finer"
    assert facts.loc["TOTAL", ["isco", "group", "subgroup"]].tolist() == ["", "", ""]
    other = occupation_facts(declared_occupations(), "Competent", parameters())
    assert other["isco"].eq("").all(), "codes of another classification say no level"


def test_collections_are_seen_over_the_destinations(told: dict[str, pd.DataFrame]) -> None:
    moves = told["transitions"].query("region == 'R2' and horizon == 5")
    profiles = skill_profiles().query("horizon == 5").assign(region="R2", scenario="baseline", reason="")
    profiles = profiles.assign(unfilled=profiles["asked"] * 10)
    given, nothing = tables(), pd.DataFrame({"skill": [], "direction": []})
    courses = given["courses"].assign(price=1.0, mandatory=False)
    found = collections_table(profiles, given["skills"], nothing, courses, parameters(), moves)
    assert set(found) == {column.name for column in PUBLISHED["collections"].columns}
    found = found.set_index(["collection", "occupation"])
    listed = moves[moves["occupation"] == "7211"]
    for name in ("green", "digital"):
        row = found.loc[(name, "7211")]
        assert row["destinations_asked"] == pytest.approx(listed[f"{name}_asked"].mean())
        assert found.loc[(name, "TOTAL"), "destinations_missing"] == pytest.approx(
            moves[f"{name}_missing"].mean()
        )
        assert row["asked_now_share"] == pytest.approx(row["asked_share"]), "all move alike"
        assert row["missing_share"] == pytest.approx(row["asked_share"]), "all lack alike"


def test_known_skills_speak_for_a_collection_where_little_is_unknown() -> None:
    rows = pd.DataFrame({"skill": ["a", "b", "c", "d"], "asked": [0.8, 0.1, 0.9, 0.9], "unfilled": 5.0})
    rows = rows.assign(region="R", occupation="o", scenario="baseline", horizon=5, importance=1.0, reason="")
    rows = rows.assign(asked_now=rows["asked"])
    skills = pd.DataFrame(
        {"code": rows["skill"], "green": rows["skill"] < "c", "digital": rows["skill"] > "b"}
    )
    rest = (skills, pd.DataFrame({"skill": [], "direction": []}), tables()["courses"], parameters())
    rest[2][["price", "mandatory"]] = [1.0, False]
    for hidden, known in (("b", {"green", "digital"}), ("a", set()), ("c", set())):
        of_one = rows["skill"] == hidden
        given = rows.assign(
            unfilled=rows["unfilled"].mask(of_one), reason=np.where(of_one, "unavailable", "")
        )
        found = collections_table(given, *rest).query("occupation == 'o'").set_index("collection")
        assert set(found.index[found["reason"] == ""]) == known, hidden
        assert set(found.index[found["unfilled"].notna()]) == known
        if known:
            assert found.loc["green", "unfilled"] == 5, "of the skill that is known"


def test_the_made_up_region_abstains_and_says_why(tiny_snapshot: Snapshot) -> None:
    for declared in TRANSITIONS:
        assert declared.name in tiny_snapshot.tables
    moves = tiny_snapshot.tables["transitions"]
    assert set(moves["reason"]) == {"unavailable"}, "two groups are too few for a threshold"
    profiles, lacking = tiny_snapshot.tables["skill_profiles"], tiny_snapshot.tables["skill_gaps"]
    both = profiles.merge(lacking, on=["occupation", "skill", "horizon"], suffixes=("", "_of_gap"))
    assert len(both) >= len(profiles)
    for name in ("asked", "asked_now", "importance"):
        np.testing.assert_allclose(both[name].astype(float), both[f"{name}_of_gap"].astype(float))
    assert (profiles["asked_p10"] <= profiles["asked_p90"]).all()
    np.testing.assert_allclose(profiles["change"], profiles["asked"] - profiles["asked_now"])


def test_answering_is_light() -> None:
    heavy = "{'mlflow', 'lightgbm', 'sklearn', 'scipy', 'matplotlib'}"
    code = f"import sys, forecasting.transition_answers; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_profiles_of_the_table_are_those_of_the_base_year() -> None:
    profiles = published_profiles(skill_profiles(), OCCUPATIONS, SKILLS)
    np.testing.assert_array_equal(np.diagonal(coverage(profiles)), np.ones(len(OCCUPATIONS)))
    row = skill_profiles().query("occupation == '2111'").iloc[0]
    assert profiles.held(0)[SKILLS.index(row["skill"])] == row["asked_now"]
