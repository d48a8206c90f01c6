"""The API's description has every route, every parameter and every failure, with examples that hold."""

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute

from forecasting.published import PUBLISHED
from serve import schemas, schemas_meta
from serve.examples import examples
from serve.links import LINKS
from serve.routes import (
    bulk,
    dictionary,
    funding,
    gaps,
    health,
    meta,
    occupations,
    releases,
    skills,
    tables,
    transitions,
)
from tests.serve.examples import answers, same, shape

MODULES = (bulk, dictionary, funding, gaps, health, meta, occupations, releases, skills, tables, transitions)


def operations(description):
    return [operation for path in description["paths"].values() for operation in path.values()]


def responses(description, operation):
    """Return the responses of an operation by status; what refuses stands among the components."""
    return {
        status: description["components"]["responses"][status] if "$ref" in response else response
        for status, response in operation["responses"].items()
    }


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
            for status, response in responses(description, operation).items()
            if status not in {"200", "304"}
        }
        assert {"422", "500"} <= failures.keys()
        for response in failures.values():
            assert response["content"].keys() == {"application/problem+json"}
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_every_answer_describes_its_headers(description):
    for operation in operations(description):
        for status, response in responses(description, operation).items():
            assert "X-Release" in response["headers"], status
        assert ("ETag" in operation["responses"]["200"]["headers"]) == ("304" in operation["responses"])
        assert {"401", "429"}.isdisjoint(operation["responses"]) == ("security" not in operation)


def test_described_headers_are_those_of_the_answers(client, description):
    for address, status in (("/v1/gaps", "200"), ("/v1/gaps?limit=x", "422"), ("/v1/releases", "200")):
        response = client.get(address)
        operation = description["paths"][address.partition("?")[0]]["get"]
        told = responses(description, operation)[status]["headers"]
        known = description["components"]["headers"]
        for name, header in told.items():
            said = known[header["$ref"].rpartition("/")[2]]
            assert name.lower() in response.headers or not said.get("required"), name
        assert "x-release" in response.headers


def test_no_parameter_is_null_and_every_text_is_bounded_by_what_is_accepted(description):
    for operation in operations(description):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            assert "anyOf" not in schema, parameter
            if parameter["in"] == "query" and schema["type"] == "string":
                assert schema.keys() & {"pattern", "enum", "const", "format"}, parameter


def test_every_link_leads_to_an_operation_and_its_parameters(description):
    known = {operation["operationId"]: operation for operation in operations(description)}
    assert known.keys() >= LINKS.keys()
    for operation in known.values():
        for link in operation["responses"]["200"].get("links", {}).values():
            to = known[link["operationId"]]
            assert link["parameters"].keys() <= {parameter["name"] for parameter in to["parameters"]}


@pytest.fixture(scope="module")
def written():
    return examples()


def test_every_operation_has_an_example_that_its_schema_allows(description, written):
    assert written.keys() == {operation["operationId"] for operation in operations(description)}
    for operation in operations(description):
        content = operation["responses"]["200"]["content"]
        (example,) = (media["examples"]["answer"] for media in content.values() if "examples" in media)
        assert example["value"] == written[operation["operationId"]]["answer"]
        if "application/json" in content and isinstance(example["value"], dict):
            schema = {**content["application/json"]["schema"], "components": description["components"]}
            jsonschema_rs.validator_for(schema).validate(example["value"])
        if "requestBody" in operation:
            media = operation["requestBody"]["content"]["application/json"]
            schema = {**media["schema"], "components": description["components"]}
            jsonschema_rs.validator_for(schema).validate(media["examples"]["call"]["value"])


def test_examples_are_what_the_service_answers(tiny_snapshot, tmp_path, written):
    for name, real in answers(tiny_snapshot, tmp_path).items():
        shown = written[name]
        again = "run python -m tests.serve.examples"
        assert (shown["media"], shown["body"]) == (real["media"], real["body"]), again
        assert same(shape(shown["answer"]), shape(real["answer"])), f"{name}: {again}"
        assert same(shape(real["answer"]), shape(shown["answer"])), f"{name}: {again}"


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
