"""The API's description has every route, every parameter and every failure, with examples that hold."""

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from forecasting.published import PUBLISHED
from serve import problems, schemas, schemas_meta
from serve.routes import (
    bulk,
    dictionary,
    gaps,
    health,
    meta,
    occupations,
    releases,
    skills,
    tables,
    transitions,
)

MODULES = (bulk, dictionary, gaps, health, meta, occupations, releases, skills, tables, transitions)


def operations(description):
    return [operation for path in description["paths"].values() for operation in path.values()]


def models():
    for module in (schemas, schemas_meta, problems):
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, BaseModel)
                and value.__module__ == module.__name__
            ):
                yield value


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi.json").json()


def test_it_is_openapi_3_1(description):
    assert description["openapi"].startswith("3.1")


def test_every_route_is_described(description):
    routes = [route for module in MODULES for route in module.router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    told = {route.path_format for route in routes if route.include_in_schema}
    assert told <= description["paths"].keys()
    for operation in operations(description):
        assert operation["summary"]
        assert operation["description"]
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter["description"], parameter


def test_every_failure_is_described_as_a_problem(description):
    for operation in operations(description):
        failures = {
            status: response
            for status, response in operation["responses"].items()
            if not status.startswith("2")
        }
        assert {"422", "500"} <= failures.keys()
        for response in failures.values():
            assert response["content"].keys() == {"application/problem+json"}
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_every_answer_describes_its_headers(description):
    for operation in operations(description):
        assert "X-Release" in operation["responses"]["200"]["headers"]


@pytest.mark.parametrize("model", list(models()), ids=lambda model: model.__name__)
def test_examples_hold(model):
    for example in (model.model_config.get("json_schema_extra") or {}).get("examples", []):
        assert model.model_validate(example).model_dump(mode="json", exclude_none=True)
        assert example.keys() <= model.model_fields.keys()


def test_every_list_and_item_has_an_example(description):
    for name in ("Gaps", "Gap", "OccupationDetail", "Occupation", "SkillGaps", "ReleaseBlock", "ProblemBody"):
        assert description["components"]["schemas"][name]["examples"]


def test_the_gap_has_every_published_column(description):
    fields = description["components"]["schemas"]["Gap"]["properties"]
    for column in PUBLISHED["gaps"].columns:
        name = (
            column.name.rsplit("_p", 1)[0] if column.name.endswith(("_p10", "_p50", "_p90")) else column.name
        )
        assert name in fields, column.name
        if column.unit != "-" and name == column.name and name not in {"unfilled", "score"}:
            assert fields[name]["x-unit"] == column.unit
            assert column.unit in fields[name]["description"]


def test_real_answers_hold(client):
    for model, address in (
        (schemas.Gaps, "/v1/gaps?level=all"),
        (schemas.Occupations, "/v1/occupations"),
        (schemas.OccupationDetail, "/v1/occupations/A"),
        (schemas.SkillGaps, "/v1/occupations/A/skills"),
        (schemas_meta.Meta, "/v1/meta"),
        (schemas.Ready, "/readyz"),
    ):
        body = client.get(address).json()
        assert model.model_validate(body).model_dump(mode="json") == body


def test_swagger_ui_comes_from_this_service(client):
    assert client.get("/static/swagger-ui-bundle.js").headers["content-type"].startswith("text/javascript")
    assert b"SwaggerUIBundle" in client.get("/static/swagger-ui-bundle.js").content
    assert client.get("/static/redoc.standalone.js").status_code == 404
    assert client.get("/redoc").status_code == 404
