"""The courses that close a difference, beside plain loops, and the quadrant of their hours."""

import math
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.retraining import QUADRANTS, Closing, close, offer, quadrant
from tests.oracles import transitions as oracle

SKILLS = ("a", "b", "c", "d", "e")
taught = st.sets(st.sampled_from(SKILLS), max_size=4)
catalogues = st.dictionaries(
    st.sampled_from(["C1", "C2", "C3", "C4"]), st.tuples(st.integers(1, 200).map(float), taught)
)
missing_skills = st.dictionaries(st.sampled_from(SKILLS), st.sampled_from([0.25, 0.5, 1.0]))


def courses(catalogue: dict[str, tuple[float | None, set[str]]]) -> pd.DataFrame:
    rows = [(code, hours, " ".join(sorted(skills))) for code, (hours, skills) in catalogue.items()]
    return pd.DataFrame(rows, columns=["course", "hours", "skills"]).astype({"hours": float})


def closing(missing: dict[str, float], catalogue: dict[str, tuple[float | None, set[str]]]) -> Closing:
    by_position = {SKILLS.index(code): mass for code, mass in missing.items()}
    return close(by_position, offer(courses(catalogue), SKILLS))


@given(missing_skills, catalogues)
def test_equals_plain_loops(missing: dict[str, float], catalogue: dict[str, tuple[float, set[str]]]) -> None:
    found = closing(missing, catalogue)
    chosen, left = oracle.cover(missing, catalogue)
    assert list(found.courses) == chosen
    assert found.taught == pytest.approx(1 - left / sum(missing.values()) if missing else 1)
    if chosen or not missing:
        assert found.hours == sum(catalogue[code][0] for code in chosen)
    else:
        assert math.isnan(found.hours), "nothing teaches it: how long it takes is unknown"


@given(missing_skills.filter(bool), catalogues)
def test_teaches_all_that_can_be_taught_in_no_fewer_hours_than_the_least(
    missing: dict[str, float], catalogue: dict[str, tuple[float, set[str]]]
) -> None:
    found = closing(missing, catalogue)
    wanted = set(missing) & set().union(*(skills for _, skills in catalogue.values()))
    assert found.taught == pytest.approx(sum(missing[skill] for skill in wanted) / sum(missing.values()))
    sets = (some for size in range(len(catalogue) + 1) for some in combinations(catalogue, size))
    enough = (some for some in sets if wanted <= set().union(*(catalogue[code][1] for code in some)))
    least = min(sum(catalogue[code][0] for code in some) for some in enough)
    if wanted:
        assert found.hours >= least


def test_fewest_hours_per_missing_mass_come_first() -> None:
    catalogue = {"long": (90.0, {"a", "b", "c"}), "short": (10.0, {"a"}), "other": (5.0, {"e"})}
    assert closing({"a": 1.0, "b": 0.5}, catalogue) == Closing(("short", "long"), 100.0, 1.0)


def test_a_course_of_unknown_length_closes_nothing() -> None:
    found = closing({"a": 1.0, "b": 1.0}, {"timed": (10.0, {"a"}), "untimed": (None, {"a", "b"})})
    assert found == Closing(("timed",), 10.0, 0.5)


@pytest.mark.parametrize(
    ("hours", "share", "same", "expected"),
    [
        (125.0, 1.0, True, "short_upskilling"),
        (125.0, 0.8, False, "short_reskilling"),
        (125.5, 1.0, True, "deep_upskilling"),
        (400.0, 0.1, False, "deep_reskilling"),
        (20.0, 0.79, False, ""),
        (math.nan, 0.0, True, ""),
        (20.0, 1.0, None, ""),
        (0.0, 1.0, True, "short_upskilling"),
    ],
)
def test_quadrant(hours: float, share: float, same: bool | None, expected: str) -> None:
    found = quadrant(Closing((), hours, share), same, 125, 0.8)
    assert found == expected
    assert not found or found in QUADRANTS
