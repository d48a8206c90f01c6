"""The one shape in which the service says no: RFC 9457 problem details with a stable `code`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from traceback import format_tb
from typing import Annotated, Any, Final, cast
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from serve import answers
from serve.schemas import ReleaseBlock

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
JSON: Final = "application/json"


@dataclass(frozen=True)
class Kind:
    """One way to fail: its HTTP status, its title and what it means to a client."""

    status: int
    title: str
    meaning: str


KINDS: Final[dict[str, Kind]] = {
    "unknown_code": Kind(
        404,
        "Unknown code",
        "a code that the release does not know, or an unknown release; `errors` lists all",
    ),
    "retired_code": Kind(
        410, "Retired code", "a code of an earlier classification; `errors` names the successors of each"
    ),
    "pruned_release": Kind(
        410, "Release no longer kept", "it was served once, but its figures were removed from this machine"
    ),
    "not_redistributable": Kind(
        403, "Not ours to pass on", "a table whose source does not allow that its rows are passed on in bulk"
    ),
    "unknown_route": Kind(404, "Unknown address", "nothing is served at this address"),
    "method_not_allowed": Kind(
        405, "Method not allowed", "the field Allow lists what can be asked of this address"
    ),
    "bad_parameter": Kind(
        422, "Bad parameter", "a value that cannot be used; `errors` has one entry for each"
    ),
    "unknown_parameter": Kind(
        422, "Unknown parameter", "a query parameter that this address does not have; none is ever ignored"
    ),
    "key_missing": Kind(401, "Key missing", "the address needs a key, and none was sent"),
    "key_refused": Kind(401, "Key refused", "a key was sent that is unknown, revoked or expired"),
    "scope_missing": Kind(403, "Scope missing", "the key holds, but may not read this address"),
    "not_acceptable": Kind(406, "Not acceptable", "the field Accept excludes what this address answers in"),
    "body_too_large": Kind(413, "Body too large", "more than `limits.body_largest` bytes of /v1/meta"),
    "address_too_long": Kind(414, "Address too long", "more than `limits.address_longest` bytes of /v1/meta"),
    "unsupported_media_type": Kind(415, "Unsupported media type", "a body must be application/json"),
    "too_many_requests": Kind(
        429, "Too many requests", "more than this client may ask in a minute; Retry-After says when to return"
    ),
    "headers_too_large": Kind(
        431, "Header fields too large", "more than `limits.headers_largest` bytes of /v1/meta"
    ),
    "bad_request": Kind(400, "Bad request", "the request cannot be read"),
    "no_champion": Kind(503, "No release yet", "nothing has been promoted, so there are no figures to serve"),
    "release_refused": Kind(
        503, "Release refused", "the promoted release cannot be read and no earlier one is loaded"
    ),
    "keys_unreadable": Kind(
        503, "Keys unreadable", "the file of keys is damaged, so that no key can be believed"
    ),
    "internal": Kind(500, "Internal error", "a fault of the service; the cause is in its log"),
}
"""Every `code` a client can meet. A code never changes its meaning; new ones may be added."""


def shown(text: str, longest: int = 100) -> str:
    """Return text of a request as it can be repeated in an answer: short, and writable in UTF-8.

    Examples
    --------
    >>> shown(chr(0xD800)), shown("abcd", 3)
    ('?', 'abc…')
    """
    plain = text.encode("utf-8", "replace").decode()
    return plain if len(plain) <= longest else plain[:longest] + "…"


def _told(text: str) -> str:
    return shown(text, _TOLD_LONGEST)


_TOLD_LONGEST: Final = 4000
_FAULTS_TOLD: Final = 20


class Fault(BaseModel):
    """One thing wrong in a request."""

    parameter: Annotated[str, AfterValidator(shown)] = Field(description="the parameter at fault")
    value: Annotated[str, AfterValidator(shown)] | None = Field(
        description="what was given, at most its first 100 characters"
    )
    message: Annotated[str, AfterValidator(_told)] = Field(description="what was expected, or what to do")
    successors: list[str] | None = Field(
        default=None,
        description="codes that took the place of a retired one; absent otherwise",
        exclude_if=lambda codes: codes is None,
    )


class ProblemBody(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/v1/problems#unknown_code",
                    "title": "Unknown code",
                    "status": 404,
                    "detail": "The release does not know occupation 9999.",
                    "code": "unknown_code",
                    "instance": "/v1/gaps?occupation=2512,9999",
                    "errors": [
                        {"parameter": "occupation", "value": "9999", "message": "see /v1/occupations"}
                    ],
                }
            ]
        }
    )

    type: str = Field(description="address of the table of codes, at this code")
    title: str = Field(description="the code in words; the same for every occurrence")
    status: int = Field(description="HTTP status")
    detail: str = Field(description="what went wrong this time and what to do")
    code: str = Field(description="stable name of the failure", json_schema_extra={"enum": list(KINDS)})
    instance: str = Field(description="path and query of the request")
    errors: list[Fault] | None = Field(default=None, description="each thing wrong; absent for a single one")
    release: ReleaseBlock | None = Field(
        default=None, description="release served; absent where there is none"
    )


class Refusal(Exception):  # noqa: N818  refusing is an answer, not an error of the service
    """Raised by a route to answer with a problem.

    Parameters
    ----------
    code : str
        One of `KINDS`.
    detail : str
        What went wrong this time and what to do.
    errors : sequence of Fault
        Each thing wrong, where there can be several.
    headers : mapping
        Header fields that belong to the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        errors: Sequence[Fault] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code, self.detail, self.errors, self.headers = code, detail, tuple(errors), headers
        super().__init__(f"{code}: {detail}")


def respond(
    scope: Scope,
    code: str,
    detail: str,
    errors: Sequence[Fault] = (),
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem as a response."""
    kind = KINDS[code]
    body = ProblemBody(
        type=f"/v1/problems#{code}",
        title=kind.title,
        status=status or kind.status,
        detail=_told(detail),
        code=code,
        instance=_instance(scope),
        errors=list(errors) or None,
        release=_release(scope),
    )
    more = {"Retry-After": "30"} if body.status == KINDS["no_champion"].status else {}
    absent = {name for name in ("errors", "release") if getattr(body, name) is None}
    return Response(
        body.model_dump_json(exclude=absent), body.status, {**more, **(headers or {})}, MEDIA_TYPE
    )


def _release(scope: Scope) -> ReleaseBlock | None:
    release = scope["state"]["serving"].release
    return None if release is None else answers.block(release)


def _instance(scope: Scope) -> str:
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    return b"?".join(part for part in (path, scope.get("query_string")) if part).decode("latin-1")


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer a refusal raised by a route."""
    refusal = cast(Refusal, error)
    return respond(request.scope, refusal.code, refusal.detail, refusal.errors, headers=refusal.headers)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: an unknown address or method, a body too large."""
    refused = cast(HTTPException, error)
    status, headers = refused.status_code, dict(refused.headers or {})
    if status == 405:
        headers["Allow"] = _with_head(headers.get("Allow", "GET"))
    code, detail = {
        404: (
            "unknown_route",
            f"Nothing is served at {request.url.path}. The addresses are listed at /docs.",
        ),
        405: ("method_not_allowed", f"{request.method} is not possible here: use {headers.get('Allow')}."),
        413: ("body_too_large", str(refused.detail)),
    }.get(status, ("bad_request", str(refused.detail)))
    return respond(request.scope, code, detail, status=status, headers=headers)


def _with_head(allowed: str) -> str:
    """Return what an address answers; HEAD is answered wherever GET is."""
    methods = {method.strip() for method in allowed.split(",")}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def on_validation(request: Request, error: Exception) -> Response:
    """Answer parameters of the wrong type or range, one entry for each."""
    found = cast(RequestValidationError, error).errors()
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media and media != JSON and any(item["loc"][0] == "body" for item in found):
        told = f"The body is said to be {media}; send it as {JSON}."
        return respond(request.scope, "unsupported_media_type", told, headers={"Accept-Post": JSON})
    faults = [_fault(item) for item in found]
    told = "; ".join(dict.fromkeys(f"{fault.parameter}: {fault.message}" for fault in faults[:_FAULTS_TOLD]))
    return respond(request.scope, "bad_parameter", f"Cannot use what is given. {told}.", faults)


def _fault(item: Mapping[str, Any]) -> Fault:
    if item["type"] == "json_invalid":
        return Fault(parameter="body", value=None, message=f"not JSON: {item['ctx']['error']}")
    given = None if item["type"] == "missing" else item.get("input")
    message = _EXPECTED.get(item["type"]) or str(item["msg"])
    return Fault(parameter=str(item["loc"][-1]), value=None if given is None else str(given), message=message)


_EXPECTED: Final = {
    "missing": "required, and not sent",
    "int_parsing": "not a whole number",
    "int_type": "not a whole number",
    "float_parsing": "not a number",
    "float_type": "not a number",
    "bool_parsing": "neither true nor false",
    "extra_forbidden": "this address has no such field; /docs lists its fields",
}
"""Kinds of pydantic's errors, in words of this service."""


def on_crash(scope: Scope, error: Exception) -> Response:
    """Answer a fault of the service: logged with its cause, told without it.

    Query and body stay out of the log, and so does what the error itself says of a request with a body: what
    was sent may be a person's skills.
    """
    if scope["method"] == "GET":
        logger.error("failed to answer %s", scope["path"], exc_info=error)
    else:
        where = "".join(format_tb(error.__traceback__))
        logger.error("failed to answer %s: %s\n%s", scope["path"], type(error).__name__, where)
    return respond(scope, "internal", "The service failed to answer; the cause is in its log.")


def table_of_codes() -> str:
    """Return the codes as a Markdown table, for the API's description."""
    rows = [f"| `{code}` | {kind.status} | {kind.meaning} |" for code, kind in KINDS.items()]
    return "\n".join(["| code | status | meaning |", "|---|---|---|", *rows])
