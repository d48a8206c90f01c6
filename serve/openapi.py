"""The API's own description: OpenAPI 3.1 with the problems and headers that every route shares."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from serve.access import needed
from serve.problems import MEDIA_TYPE, ProblemBody
from serve.settings import Grant

DESCRIPTION: Final = """
Forecast gaps between the openings and the supply of a regional labour market, per occupation and horizon.

The **gap score** is the share of openings that stay unfilled: no person, or skills lacking. It lies between
0 and 1, is absolute, and comes with an interval and a reason. Every answer names the release that gave it, in
the body (`release`) and in the headers (`X-Release` and so on). A figure that is unknown is null and has a
reason; it is never zero.

Try `/v1/meta` first, then `/v1/gaps`. Regions are given by code or by name, occupations by code; `lang`
chooses the labels. Every failure is `application/problem+json` with one of these codes:

"""

TAGS: Final = [
    {"name": "meta", "description": "What the figures are: release, sources, parameters, units, tests."},
    {"name": "gaps", "description": "Gap scores."},
    {"name": "occupations", "description": "Everything about one occupation, and its skills."},
    {"name": "questions", "description": "The four questions, each answered with its chance and a sentence."},
    {"name": "transitions", "description": "From an occupation, or from a person's skills, to others."},
    {"name": "skills", "description": "Skills: labels, movement, and who asks them."},
    {"name": "funding", "description": "What the funding step rests on; never a decision by itself."},
    {"name": "releases", "description": "What was served when, what changed, and everything in bulk."},
    {"name": "health", "description": "For the machine that watches the service."},
]

HEADERS: Final = {
    "X-Release": "12 hexadecimal digits: which release answered",
    "X-Model-Version": "version in the model registry",
    "X-Data-Vintage": "what the data knew, and when",
    "X-Base-Year": "last year of data",
    "X-Status": "current, historical demonstration, or made up",
    "X-Taxonomy": "classifications and their versions",
    "X-Scenario": "named set of assumptions",
    "X-Convention": "net or gross",
}

_Schema = dict[str, Any]


_ALWAYS: Final = (406, 413, 414, 422, 431, 500)
_WITH_A_BODY: Final = (400, 415)
_WITH_A_KEY: Final = (401, 403, 429)
_SCHEMES: Final[_Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer KEY"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def problems(*statuses: int) -> dict[int | str, _Schema]:
    """Return the documentation of the problems that a route can answer with."""
    return {status: {"model": ProblemBody} for status in (*statuses, *_ALWAYS)}


class Service(FastAPI):
    """FastAPI, with problems documented under their own media type."""

    def openapi(self) -> _Schema:
        """Return the description of the API."""
        if self.openapi_schema is None:
            schema = super().openapi()
            schema.setdefault("components", {})["securitySchemes"] = _SCHEMES
            for address, path in schema["paths"].items():
                for operation in path.values():
                    _guard(operation, needed(address), self.state.settings.open)
                    _complete(operation["responses"])
            self.openapi_schema = schema
        return self.openapi_schema


def _guard(operation: _Schema, need: Grant | None, everyone: frozenset[Grant]) -> None:
    """Say which scope an operation needs, whether everyone has it here, and how it refuses."""
    refusals = _WITH_A_BODY if "requestBody" in operation else ()
    if need is not None:
        free: list[_Schema] = [{}] if need in everyone else []
        operation["security"] = [*free, {"bearer": [need]}, {"key": [need]}]
        refusals = (*refusals, *_WITH_A_KEY)
    for status in refusals:
        body = {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
        operation["responses"].setdefault(
            str(status), {"description": HTTPStatus(status).phrase, "content": body}
        )


def _complete(responses: dict[str, _Schema]) -> None:
    for status, response in responses.items():
        if status.startswith("2"):
            response["headers"] = {name: _header(meaning) for name, meaning in HEADERS.items()}
        elif "content" in response:
            response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}


def _header(meaning: str) -> _Schema:
    return {"description": meaning, "schema": {"type": "string"}}
