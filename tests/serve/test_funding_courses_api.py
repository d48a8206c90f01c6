"""Courses by the API: scored as the method does, refused with everything at once."""

import dataclasses

import pytest

from forecasting.funding import weights as rules
from forecasting.funding.catalogue import read_courses
from forecasting.funding.courses import needs_of, score_courses
from forecasting.funding.what_if import appeal_of_course
from forecasting.parameters import load_parameters
from serve import schemas_funding
from tests.serve.funding_service import (
    COURSE,
    plain,
    refused,
)


def test_a_course_is_scored_as_the_method_does(service, funded):
    body = service.post("/v1/courses/score", json={"courses": [COURSE, {"id": "empty"}]}).json()
    tables, parameters = funded.tables, load_parameters()
    offered = read_courses(tables["courses"], tables["skills"]["code"], tables["occupations"]["code"])
    needs = needs_of(offered, "TY", tables["skill_weights"], tables["weights"], tables["skill_gaps"])
    row = score_courses(offered, needs, parameters).set_index("course").loc["C2"]
    mine, empty = body["items"]
    for name in ("score", "band", "weight", "factor", "ground", "need", "why", "addressed", "quadrant"):
        assert mine[name] == plain(row[name]), name
    rule = rules.WeightRule.of(parameters, rules.SKILL)
    levers = appeal_of_course("C2", offered, needs, rule, parameters["course_rule"]["suggestions"])
    assert mine["appeal"] == [dataclasses.asdict(lever) for lever in levers]
    assert [(each["course"], each["of"]) for each in mine["near_duplicates"]] == [("C2", "catalogue")]
    assert (empty["need"], empty["score"], empty["appeal"]) == ("unknown", None, None)
    assert empty["reason"]["code"] == "unavailable"
    assert schemas_funding.CourseScores.model_validate(body)


def test_needed_is_further_than_the_appeal_says(service):
    """Reach the next band with the skill that the appeal suggests."""
    item = service.post("/v1/courses/score", json={"courses": [COURSE]}).json()["items"][0]
    for lever in item["appeal"]:
        if lever["name"] == "with_skill":
            more = COURSE | {"skills": [*COURSE["skills"], lever["subject"]]}
            after = service.post("/v1/courses/score", json={"courses": [more]}).json()["items"][0]
            assert (after["score"], after["band"]) == (lever["needed"], item["band"] + 1)


def test_an_appeal_is_made_only_where_the_score_decides(service):
    late = COURSE | {"id": "late", "hours": 10_000}
    unaimed = COURSE | {"id": "unaimed", "occupations": ["52"]}
    items = service.post("/v1/courses/score", json={"courses": [late, unaimed], "lang": "nl"}).json()["items"]
    assert [item["ground"] for item in items] == ["not_in_time", "targets_without_weight"]
    assert [item["appeal"] for item in items] == [None, None]
    assert items[0]["why"].startswith("Niet nodig")


@pytest.mark.parametrize(
    ("courses", "status", "parameter", "message"),
    [
        ([], 422, "courses", "at least 1 item"),
        ([{"id": str(n)} for n in range(201)], 422, "courses", "at most 200 items"),
        ([COURSE, COURSE], 422, "courses[].id", "more than once"),
        ([COURSE | {"hours": -1}], 422, "courses[].hours", "greater than or equal to 0 (item 0)"),
        ([COURSE | {"mandatory": "no"}], 422, "courses[].mandatory", "valid boolean"),
        ([COURSE | {"colour": "red"}], 422, "courses[].colour", "not permitted"),
        ([{"title": "x"}], 422, "courses[].id", "required"),
        ([COURSE | {"skills": ["juggling"]}], 404, "skill", "search /v1/skills"),
        ([COURSE | {"occupations": ["99"]}], 404, "occupation", "search /v1/occupations"),
    ],
)
def test_a_wrong_course_says_what_is_wrong(service, courses, status, parameter, message):
    faults = refused(service.post("/v1/courses/score", json={"courses": courses}), status)
    assert message in faults[parameter]


def test_unknown_codes_of_courses_are_told_together(service):
    courses = [COURSE | {"skills": ["a", "b"]}, COURSE | {"id": "2", "occupations": ["99"]}]
    response = service.post("/v1/courses/score", json={"courses": courses})
    assert [fault["value"] for fault in response.json()["errors"]] == ["a", "b", "99"]
