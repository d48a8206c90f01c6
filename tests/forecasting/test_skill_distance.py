"""How near two profiles are: the lack of the gap score from the other side, and its promises."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from forecasting import skill_distance
from forecasting.errors import ForecastingError
from forecasting.gaps import gap
from forecasting.skill_distance import (
    SkillProfiles,
    coverage,
    dense_profiles,
    listed_profiles,
    person,
    thresholds,
)
from forecasting.skills import lack
from tests.oracles import transitions as oracle

RULE = {"viable": "group", "highly_viable": "subgroup", "standard_deviations": 1, "minimum_groups": 1}
IMPORTANCE = {"essential": 1.0, "optional": 0.5}
share = st.one_of(st.just(0.0), st.just(1.0), st.floats(0.01, 1))
weight = st.floats(0.1, 2)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Return what is asked and its importance, occupations × skills; some occupations ask nothing."""
    shape = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cells = shape[0] * shape[1]
    asked = draw(st.lists(share, min_size=cells, max_size=cells))
    importance = draw(st.lists(weight, min_size=cells, max_size=cells))
    return np.reshape(asked, shape), np.reshape(importance, shape)


def entries(asked: np.ndarray, importance: np.ndarray) -> SkillProfiles:
    occupations, skills = asked.shape
    return dense_profiles([f"o{n}" for n in range(occupations)], list(range(skills)), asked, importance)


def as_dicts(asked: np.ndarray, importance: np.ndarray) -> list[oracle.Profile]:
    return [
        {skill: (p, w) for skill, (p, w) in enumerate(zip(*row, strict=True)) if p > 0}
        for row in zip(asked, importance, strict=True)
    ]


@given(matrices())
def test_equals_plain_loops(given_: tuple[np.ndarray, np.ndarray]) -> None:
    dicts = as_dicts(*given_)
    expected = [[oracle.coverage(origin, to) for to in dicts] for origin in dicts]
    np.testing.assert_allclose(coverage(entries(*given_)), expected, rtol=1e-12)


@settings(max_examples=20)
@given(matrices())
def test_is_the_same_in_blocks(given_: tuple[np.ndarray, np.ndarray]) -> None:
    whole = coverage(entries(*given_))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(skill_distance, "PAIRS_AT_ONCE", 1)
        np.testing.assert_array_equal(coverage(entries(*given_)), whole)


@given(matrices(), st.data())
def test_is_what_the_lack_of_the_score_leaves(
    given_: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    asked, importance = given_
    origin = data.draw(st.integers(0, len(asked) - 1))
    found = coverage(entries(asked, importance))[origin]
    described = (asked > 0).any(axis=1)
    lacking = np.array(
        [
            lack(weight[:, None], profile[:, None], asked[origin][:, None], 0.0)[0]
            for weight, profile in zip(importance, asked, strict=True)
        ]
    )
    known = described & described[origin]
    np.testing.assert_allclose(1 - found[known], lacking[known], atol=1e-12)
    assert np.isnan(found[~known]).all(), "unknown is not zero"
    scored = gap(np.full(len(asked), 7.0), np.full((1, len(asked)), 7.0), lacking[None])
    np.testing.assert_allclose(scored.score[known], 1 - found[known], atol=1e-12)


@given(matrices())
def test_nothing_lacks_of_ones_own_profile(given_: tuple[np.ndarray, np.ndarray]) -> None:
    found = coverage(entries(*given_))
    described = (given_[0] > 0).any(axis=1)
    assert (np.diag(found)[described] == 1).all(), "exactly"
    known = found[~np.isnan(found)]
    assert (known >= 0).all()
    assert (known <= 1).all()


def test_is_asymmetric() -> None:
    asked = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]])
    found = coverage(entries(asked, np.ones_like(asked)))
    assert found[0, 1] == 1, "a welder can do all that his helper does"
    assert found[1, 0] == 0.25, "a helper a quarter of what a welder does"


@given(matrices(), st.data())
def test_relabelling_is_neutral(given_: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    asked, importance = given_
    rows = np.array(data.draw(st.permutations(range(asked.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(asked.shape[1]))))
    moved = np.ix_(rows, columns)
    np.testing.assert_allclose(
        coverage(entries(asked[moved], importance[moved])),
        coverage(entries(asked, importance))[np.ix_(rows, rows)],
        rtol=1e-12,
    )


@given(matrices(), st.data())
def test_a_skill_listed_twice_is_neutral_if_it_splits_its_importance(
    given_: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    asked, importance = given_
    twice = data.draw(st.integers(0, asked.shape[1] - 1))
    part = data.draw(st.floats(0.1, 0.9))
    doubled = np.column_stack([asked, asked[:, twice]])
    split = np.column_stack([importance, importance[:, twice] * part])
    split[:, twice] *= 1 - part
    np.testing.assert_allclose(
        coverage(entries(doubled, split)), coverage(entries(asked, importance)), rtol=1e-9
    )


@given(matrices(), st.data())
def test_more_skills_never_cover_less(given_: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    profiles = entries(*given_)
    held = data.draw(st.sets(st.sampled_from(profiles.skills), min_size=1))
    more = held | {data.draw(st.sampled_from(profiles.skills))}
    before, after = (coverage(profiles, person(skills, profiles.skills)) for skills in (held, more))
    assert (np.nan_to_num(after) >= np.nan_to_num(before) - 1e-12).all()


@settings(deadline=None)
@given(matrices(), st.data())
def test_thresholds_equal_plain_loops(given_: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    codes = st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=len(given_[0]), max_size=len(given_[0]))
    groups = {"group": data.draw(codes), "subgroup": data.draw(codes)}
    found = thresholds(coverage(entries(*given_)), groups, RULE)
    expected = [oracle.threshold(as_dicts(*given_), groups[name], 1) for name in ("group", "subgroup")]
    np.testing.assert_allclose(found["threshold"], expected, atol=1e-12)
    assert found["reason"].tolist() == ["unavailable" if np.isnan(value) else "" for value in expected]


def test_too_few_groups_give_no_threshold() -> None:
    found = thresholds(np.ones((2, 2)), {"group": ["a", "a"]}, RULE | {"minimum_groups": 2})
    assert found["threshold"].isna().all()
    assert found["reason"].tolist() == ["unavailable", "unavailable"]


def table(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["occupation", "skill", "relation", "weight"])


def test_a_listed_profile_is_that_of_the_matrix() -> None:
    rows = table(("b", "t", "optional", 0.5), ("a", "s", "essential", 1.0), ("b", "s", "essential", 0.25))
    listed = listed_profiles(rows, ["a", "b"], ["s", "t"], IMPORTANCE)
    dense = dense_profiles(
        ["a", "b"], ["s", "t"], np.array([[1, 0], [0.25, 0.5]]), np.array([[1, 1], [1, 0.5]])
    )
    np.testing.assert_array_equal(coverage(listed), coverage(dense))
    np.testing.assert_allclose(coverage(listed), [[1, 0.25 / 0.5], [0.25, 1]])
    np.testing.assert_array_equal(listed.held(1), [0.25, 0.5])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            table(("x", "s", "essential", 1.0)),
            "column occupation: found x; expected codes of the table occup",
        ),
        (table(("a", "y", "essential", 1.0)), "column skill: found y; expected codes of the table skills"),
        (table(*[("a", "s", "essential", 1.0)] * 2), "found a and s twice; expected one row"),
    ],
    ids=["unknown occupation", "unknown skill", "twice"],
)
def test_a_broken_table_is_refused(rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(ForecastingError, match=message):
        listed_profiles(rows, ["a"], ["s"], IMPORTANCE)


def test_a_person_with_unknown_skills_is_told_all_of_them() -> None:
    with pytest.raises(ForecastingError, match="found unknown codes x, z; expected codes of the class"):
        person(["z", "s", "x"], ("s", "t"))
    with pytest.raises(ForecastingError, match="skills: found none; expected at least one code"):
        person([], ("s", "t"))


def test_both_sides_must_share_their_skills() -> None:
    one, other = (entries(np.ones((1, n)), np.ones((1, n))) for n in (1, 2))
    with pytest.raises(ForecastingError, match="found 1 skills of origins beside 2 of destinations"):
        coverage(other, one)


@pytest.mark.shared
def test_esco(shared_data: Path) -> None:
    from tests.benchmarks.transitions import read_titles

    titles = read_titles(shared_data)
    found = coverage(titles.profiles)
    assert found.shape == (3007, 3007)
    assert (np.diag(found) == 1).all()
    np.testing.assert_allclose(found, _by_sparse_product(titles.profiles), atol=1e-12)
    bounds = thresholds(found, titles.facts.to_dict("list"), RULE | {"minimum_groups": 10})
    assert bounds["groups"].tolist() == [353, 233]
    assert bounds["threshold"].tolist() == pytest.approx([0.112, 0.185], abs=5e-4)
    place = titles.facts.reset_index().set_index("label")["index"]
    welder, brazier = place["welder"], place["brazier"]
    assert found[welder, brazier] == pytest.approx(0.797, abs=5e-4)
    assert found[brazier, welder] == pytest.approx(0.434, abs=5e-4)


def _by_sparse_product(profiles: SkillProfiles) -> np.ndarray:
    """Return coverage where every probability is 0 or 1: a product of two matrices."""
    shape = len(profiles.occupations), len(profiles.skills)
    place = profiles.occupation, profiles.skill
    held = csr_array((profiles.asked, place), shape)
    weighted = csr_array((profiles.asked * profiles.importance, place), shape)
    return (held @ weighted.T).toarray() / profiles.mass
