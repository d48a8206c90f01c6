"""The API's own description: OpenAPI 3.1 with the problems and headers that every route shares."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from serve.access import needed
from serve.examples import Example, examples
from serve.links import LINKS
from serve.problems import JSON, MEDIA_TYPE, ProblemBody
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

_EXAMPLE: Final = "codes are of the small made-up release of the examples; yours are at /v1/skills and so on"
_Schema = dict[str, Any]


def _header(meaning: str, **schema: Any) -> _Schema:
    return {"description": meaning, "schema": {"type": "string", **schema}}


HEADERS: Final = {
    "X-Release": _header("12 hexadecimal digits: which release answered", pattern="^[0-9a-f]{12}$"),
    "X-Model-Version": _header("version in the model registry"),
    "X-Data-Vintage": _header("what the data knew, and when"),
    "X-Base-Year": _header("last year of data", pattern="^[0-9]{4}$"),
    "X-Status": _header("current, historical demonstration, or made up"),
    "X-Taxonomy": _header("classifications and their versions"),
    "X-Scenario": _header("named set of assumptions"),
    "X-Convention": _header("net or gross"),
}
_CACHED: Final = {
    "ETag": _header("strong tag of the body; send it as If-None-Match", pattern='^"[^"]+"$'),
    "Cache-Control": _header(
        "immutable where the address names its release; private where a key was needed, "
        "no-store where it was computed for this call"
    ),
    "Vary": _header("request fields that other bytes can follow from"),
}
_LATER: Final = {"Retry-After": _header("seconds to wait", pattern="^[0-9]+$")}
_FURTHER: Final = {
    "Content-Language": _header("language of labels and sentences", enum=["nl", "en"]),
    "WWW-Authenticate": _header("what a client must bring (RFC 6750); absent where no key would help"),
    "Accept-Post": _header("what a body must be"),
    "Retry-After": _header("seconds to wait", pattern="^[0-9]+$"),
}
_SPENT: Final = {
    "RateLimit": _header("what is left of the client's requests, and for how many seconds; where limited"),
    "RateLimit-Policy": _header("how many requests a window has; where limited"),
}
_ALWAYS_SAID: Final = "-always"
_NAMED: Final[_Schema] = {
    **HEADERS,
    **{f"{name}{_ALWAYS_SAID}": {**header, "required": True} for name, header in HEADERS.items()},
    **_CACHED,
    **_FURTHER,
    **_SPENT,
}
"""Header fields by name; those that name the release come once more as required."""

_OWN: Final[dict[str, tuple[str, ...]]] = {
    "200": ("Cache-Control", "Content-Language"),
    "401": ("WWW-Authenticate",),
    "403": ("WWW-Authenticate",),
    "415": ("Accept-Post",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
"""Header fields by status, beside those that name the release."""

_GOOD: Final = ("200", "304")
_UNCHANGED: Final[_Schema] = {"description": "Not modified: If-None-Match names what would be answered"}
_NOT_KEPT: Final = ("/healthz", "/readyz")


_ALWAYS: Final = (400, 406, 413, 414, 422, 431, 500)
_WITH_A_BODY: Final = (415,)
_WITH_A_KEY: Final = (401, 403, 429, 503)
_SCHEMES: Final[_Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer KEY"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def problems(*statuses: int) -> dict[int | str, _Schema]:
    """Return the documentation of the problems that a route can answer with."""
    return {status: {"model": ProblemBody} for status in (*statuses, *_ALWAYS)}


class Service(FastAPI):
    """FastAPI, with problems, headers, links and examples documented as they are given."""

    def openapi(self) -> _Schema:
        """Return the description of the API."""
        if self.openapi_schema is None:
            schema = super().openapi()
            schema.setdefault("components", {}).update(securitySchemes=_SCHEMES, headers=_NAMED)
            refusals = schema["components"].setdefault("responses", {})
            shown = examples()
            for address, path in schema["paths"].items():
                for method, operation in path.items():
                    need = needed(address)
                    _guard(operation, need, self.state.settings.open)
                    for parameter in operation.get("parameters", ()):
                        parameter["schema"] = _never_null(parameter["schema"])
                    if method == "get" and not address.startswith(_NOT_KEPT):
                        operation["responses"]["304"] = _UNCHANGED.copy()
                    _say_headers(operation["responses"], refusals, limited=need is not None)
                    _show(operation, shown.get(operation["operationId"]))
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


def _never_null(schema: _Schema) -> _Schema:
    """Return the schema of a parameter without null: in an address, what is unknown is left out."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **kinds[0]} if len(kinds) == 1 else schema


def _say_headers(responses: _Schema, refusals: _Schema, *, limited: bool) -> None:
    """Say the header fields of every answer; what refuses is said once, among the components."""
    released, kept = "503" in responses, "304" in responses
    for status, response in responses.items():
        if status in _GOOD:
            own = [*_OWN.get(status, ()), *(_CACHED if kept else ()), *(_SPENT if limited else ())]
            named = [f"{name}{_ALWAYS_SAID}" if released else name for name in HEADERS]
            response["headers"] = _refer(*named, *own)
        else:
            content = {MEDIA_TYPE: response["content"][JSON]}
            headers = _refer(*HEADERS, *_OWN.get(status, ()), *_SPENT)
            refusals[status] = {
                "description": response["description"],
                "headers": headers,
                "content": content,
            }
            responses[status] = {"$ref": f"#/components/responses/{status}"}


def _refer(*names: str) -> _Schema:
    return {name.removesuffix(_ALWAYS_SAID): {"$ref": f"#/components/headers/{name}"} for name in names}


def _show(operation: _Schema, example: Example | None) -> None:
    """Show where an answer leads, and one call with its answer."""
    answer = operation["responses"]["200"]
    links = LINKS.get(operation["operationId"], ())
    if links:
        answer["links"] = {link.to: link.described() for link in links}
    if example is not None:
        told = {"summary": example["asked"], "value": example["answer"]}
        answer["content"][example["media"]]["examples"] = {"answer": told}
        if example["body"] is not None:
            call = {"summary": _EXAMPLE, "value": example["body"]}
            operation["requestBody"]["content"][JSON]["examples"] = {"call": call}
