"""Courses that somebody plans: score, weight, need, near-duplicates, and what would move each a band up."""

from dataclasses import asdict
from itertools import chain
from typing import Any, Final

from forecasting.errors import ForecastingError
from serve import answers
from serve.funding_given import refuse, refused
from serve.funding_release import (
    SKILL,
    caution,
    frame,
    parameters,
    place,
    records,
    rows_of,
)
from serve.problems import Fault
from serve.release import Concept, Release
from serve.schemas_funding import CourseBatch, GivenCourse
from serve.unknown import refuse_codes, unknown_codes

UNITS: Final = {
    "hours": "hours",
    "score": "share of openings",
    "addressed": "share of the trainable skill mass",
    "surplus_overlap": "share of skills",
    "weight": "factor",
    "factor": "factor",
}
_OWN: Final = "given "
"""Stands before the id of a given course, so that it cannot be taken for one of the catalogue."""

_BY_SCORE: Final = ("band", "nothing_lacking")
"""Grounds on which another score would give another weight."""

_DROPPED: Final = ("region", "course", "why", "why_nl")


def score(release: Release, asked: CourseBatch) -> dict[str, Any]:
    """Return the answer about some courses, without the block of the release.

    Raises
    ------
    Refusal
        With every id that repeats and every code that is unknown, or if the region has no weights.
    """
    from forecasting.funding.catalogue import read_courses
    from forecasting.funding.courses import ANSWERS, score_courses
    from forecasting.funding.what_if import LEVERS

    refuse(_repeated(asked.courses))
    region = place(release, asked.region)
    _refuse_unknown(release, asked.courses)
    made_by = parameters(release)
    catalogue = frame(release, "courses", whole=True)
    try:
        offered = read_courses(_table(asked.courses), release.skills, release.occupations)
        needs = _needs(release, region, offered, made_by)
        scores = score_courses(offered, needs, made_by)
        alike = _alike(release, asked.courses, catalogue, made_by["near_duplicate_rule"])
    except ForecastingError as error:
        raise refused(error, "courses") from None
    by_code = dict(zip(offered.codes, records(scores), strict=True))
    levers = {
        code: _appeal(code, offered, needs, made_by) if row["ground"] in _BY_SCORE else None
        for code, row in by_code.items()
    }
    sentence = "why_nl" if asked.lang == "nl" else "why"
    items = [
        _item(course, by_code[_OWN + course.id], sentence)
        | {"appeal": levers[_OWN + course.id], "near_duplicates": alike[course.id]}
        for course in asked.courses
    ]
    return {
        **caution(release, SKILL),
        "resolved": {
            "region": answers.named(region, asked.lang),
            "horizon": needs.years,
            "near_duplicate_rule": made_by["near_duplicate_rule"],
            "lang": asked.lang,
        },
        "needs": ANSWERS,
        "levers": LEVERS,
        "units": UNITS,
        "items": items,
    }


def _repeated(courses: list[GivenCourse]) -> list[Fault]:
    ids = [course.id for course in courses]
    twice = [name for name in dict.fromkeys(ids) if ids.count(name) > 1]
    told = "given more than once; give each course an id of its own"
    return [Fault(parameter="courses[].id", value=name, message=told) for name in twice]


def _refuse_unknown(release: Release, courses: list[GivenCourse]) -> None:
    """Refuse codes that the release does not know, all at once."""
    skills = list(dict.fromkeys(chain.from_iterable(course.skills for course in courses)))
    targets = list(dict.fromkeys(chain.from_iterable(course.occupations for course in courses)))
    refuse_codes([*unknown_codes(release, "skill", skills), *unknown_codes(release, "occupation", targets)])


def _table(courses: list[GivenCourse]) -> Any:
    """Return given courses in the columns of the canonical table."""
    import pandas as pd

    rows = [
        {
            "course": _OWN + course.id,
            "title": course.title,
            "hours": float("nan") if course.hours is None else course.hours,
            "skills": " ".join(course.skills),
            "occupations": " ".join(course.occupations),
            "mandatory": course.mandatory,
        }
        for course in courses
    ]
    return pd.DataFrame(rows).astype({"mandatory": "boolean", "hours": "float64"})


def _needs(release: Release, region: Concept, offered: Any, made_by: Any) -> Any:
    """Return what a region lacks; where the release abstains for all of it, nothing is known of any skill."""
    import numpy as np

    from forecasting.funding.courses import Needs, needs_of

    weights = frame(release, "weights", release.tables["weights"].where({"region": [region.code]}))
    at = rows_of(release, SKILL, [region.code])
    if not len(at):
        count, years = len(offered.skills), int(made_by["weight_horizon"])
        unknown, none = np.full(count, np.nan), np.zeros(count)
        unweighted = np.full(len(offered.occupations), np.nan)
        return Needs(region.code, years, unknown, none, none, none.astype(bool), {}, unweighted, None)
    gaps = release.tables["skill_gaps"]
    wanted = {"region": [region.code], "horizon": [made_by["weight_horizon"]]}
    here = gaps.where(wanted, release.of_scenario("skill_gaps"))
    asked = frame(release, "skill_gaps", here)
    return needs_of(offered, region.code, frame(release, "skill_weights", at), weights, asked)


def _alike(
    release: Release, courses: list[GivenCourse], catalogue: Any, rule: Any
) -> dict[str, list[dict[str, Any]] | None]:
    """Return the near-duplicates of each given course among the catalogue and the other given ones.

    None where titles cannot be compared: the service is installed without scikit-learn.
    """
    import pandas as pd

    from forecasting.funding.catalogue import read_courses

    try:
        from forecasting.funding.near_duplicates import near_duplicates
    except ModuleNotFoundError:
        return {course.id: None for course in courses}
    columns = ["course", "title", "hours", "skills", "occupations", "mandatory"]
    both = pd.concat([_table(courses)[columns], catalogue[columns]], ignore_index=True)
    pairs = near_duplicates(read_courses(both, release.skills, release.occupations), rule)
    titles = dict(zip(both["course"].astype(str), both["title"].fillna(""), strict=True))
    found: dict[str, list[dict[str, Any]] | None] = {course.id: [] for course in courses}
    turned = pairs.rename(columns={"course": "other", "other": "course"})[list(pairs.columns)]
    for row in records(pd.concat([pairs, turned], ignore_index=True)):
        mine = found.get(str(row["course"]).removeprefix(_OWN))
        if str(row["course"]).startswith(_OWN) and mine is not None:
            other = str(row["other"])
            given = other.startswith(_OWN)
            figures = {name: row[name] for name in ("skills_overlap", "title_similarity", "hours_ratio")}
            told = {"course": other.removeprefix(_OWN), "of": "request" if given else "catalogue"}
            mine.append({**told, "title": titles[other], **figures})
    return found


def _appeal(code: str, offered: Any, needs: Any, made_by: Any) -> list[dict[str, Any]] | None:
    """Return what would move a course into the next band; None where nothing is known of its skills."""
    from forecasting.funding import weights as rules
    from forecasting.funding.what_if import appeal_of_course

    rule, most = rules.WeightRule.of(made_by, rules.SKILL), int(made_by["course_rule"]["suggestions"])
    try:
        return [asdict(lever) for lever in appeal_of_course(code, offered, needs, rule, most)]
    except ForecastingError:
        return None


def _item(course: GivenCourse, row: dict[str, Any], sentence: str) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in _DROPPED}
    return {"id": course.id, **kept, "why": row[sentence], "reason": answers.reason(row["reason"])}
