"""Hostile requests on a socket: no crash, no status or body that is not described, one shape of failure."""

import gzip
import itertools
import json
from urllib.parse import quote

import jsonschema_rs
import pytest

from serve.app import create_app
from serve.problems import KINDS, MEDIA_TYPE
from serve.settings import READS, Settings
from tests.serve.hostile import BODIES, HEADERS, KINDS_OF_BODY, LINES, NAMED, NO_JSON, TEXTS, VALUES
from tests.serve.raw import ask, request, serving

SPOKEN = {401: "www-authenticate", 405: "allow", 415: "accept-post", 429: "retry-after", 503: "retry-after"}
"""What a refusal must say beside its body."""


@pytest.fixture(scope="module")
def service(funded_store):
    """Run one service for every test here, and return its port and its description."""
    app = create_app(funded_store, Settings(open=READS, rate=0, rate_open=0, log=False))
    with serving(app) as port:
        yield port, app.openapi()


@pytest.fixture(scope="module")
def hold(service):
    """Return what checks one answer against the description."""
    _, described = service
    shapes = {"components": described["components"]}
    problem = jsonschema_rs.validator_for({"$ref": "#/components/schemas/ProblemBody", **shapes})

    def held(answer, asked, operation=None):
        """Hold an answer to the description: of an operation, or of any failure where none is meant."""
        assert answer is not None, f"no answer to {asked!r:.300}"
        status, headers, body = answer
        assert status < 500, f"{status} to {asked!r:.300}: {body[:300]!r}"
        told = described["paths"].get(operation[1], {}).get(operation[0], {}) if operation else {}
        if operation and status != 405:
            assert str(status) in told["responses"], f"{status} to {asked!r:.300}"
        if status >= 400:
            assert headers["content-type"] == MEDIA_TYPE, f"{headers} to {asked!r:.300}"
            said = json.loads(body)
            problem.validate(said)
            assert SPOKEN.get(status, "content-type") in headers, headers
            assert (said["status"], KINDS[said["code"]].status) == (status, status), said
        elif (
            status == 200
            and operation
            and headers["content-type"] == "application/json"
            and "content-encoding" not in headers
        ):
            schema = told["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema_rs.validator_for({**schema, **shapes}).validate(json.loads(body))
            assert "x-release" in headers, headers
            assert ("304" in told["responses"]) == ("etag" in headers), headers

    return held


def operations(described, method):
    return [path for path, each in described["paths"].items() if method in each]


def filled(path, value):
    """Return an address with its place holder filled."""
    for name in ("{code}", "{release}", "{file}"):
        path = path.replace(name, value)
    return path.encode()


def fields():
    """Return every hostile field but the promise of a body that never comes: that one is waited for."""
    every = itertools.product(HEADERS, TEXTS)
    return [pair for pair in every if not (pair[0] == b"content-length" and pair[1].strip().isdigit())]


def hold_fields(port, hold, method, path, chosen):
    """Ask an operation with each of some fields; what breaks a line may be refused before any route."""
    for field in chosen:
        sent = request(
            method.upper().encode(), filled(path, "22"), [field], b"{}" if method == "post" else b""
        )
        hold(ask(port, sent), sent, None if set(field[1]) & set(b"\x00\r") else (method, path))


def test_no_header_breaks_it(service, hold):
    hold_fields(service[0], hold, "get", "/v1/occupations", fields()[::4])


@pytest.mark.full
def test_no_header_of_any_operation_breaks_it(service, hold):
    port, described = service
    framing = {b"content-length", b"transfer-encoding", b"expect"}  # of a body: tried with bodies
    for path, each in described["paths"].items():
        method = next(iter(each))
        chosen = [field for field in fields() if method == "get" or field[0] not in framing]
        hold_fields(port, hold, method, path, chosen)


def hold_values(port, hold, path, names, values):
    """Ask an operation with each of some parameters; what its path names is hostile as well."""
    for name, value in zip(itertools.cycle(names), values, strict=False):
        sent = request(b"GET", filled(path, value) + f"?{name}={value}".encode())
        hold(ask(port, sent), sent, ("get", path))


def test_no_parameter_breaks_it(service, hold):
    port, described = service
    for number, path in enumerate(operations(described, "get")):
        hold_values(port, hold, path, NAMED[number % len(NAMED) :] + NAMED, VALUES[number % 2 :: 2])


@pytest.mark.full
def test_no_parameter_of_any_operation_breaks_it(service, hold):
    port, described = service
    for path, name in itertools.product(operations(described, "get"), NAMED):
        hold_values(port, hold, path, [name], VALUES)


def test_no_body_breaks_it(service, hold):
    port, described = service
    for path, (what, body) in itertools.product(operations(described, "post"), BODIES.items()):
        sent = request(b"POST", path.encode(), [(b"content-type", b"application/json")], body)
        answer = ask(port, sent)
        hold(answer, f"{what} to {path}", ("post", path))
        assert answer[0] >= 400, (what, path)
        if what in NO_JSON:
            (fault,) = json.loads(answer[2])["errors"]
            assert (fault["parameter"], fault["message"][:9]) == ("body", "not JSON:"), (what, path)


def test_no_kind_of_body_breaks_it(service, hold):
    port, described = service
    for path, media, packing in itertools.product(
        operations(described, "post"), KINDS_OF_BODY, (b"", b"gzip", b"br")
    ):
        fields = [(b"content-type", media), (b"content-encoding", packing)]
        sent = request(b"POST", path.encode(), fields, gzip.compress(b"{}") if packing else b"{}")
        hold(ask(port, sent), sent, ("post", path))


def test_what_is_too_long_is_refused(service, hold):
    port, _ = service
    for target, status in (
        (b"/v1/gaps?region=" + b"a" * 60_000, 414),
        (b"/v1/skills/" + b"%ff" * 20_000, 414),
    ):
        sent = request(b"GET", target)
        answer = ask(port, sent)
        hold(answer, sent)
        assert answer[0] == status
    sent = request(b"GET", b"/v1/gaps?region=" + b"a" * 100_000)  # more than the parser of HTTP takes
    hold(ask(port, sent), sent)
    sent = request(b"GET", b"/v1/gaps", [(b"x-long", b"a" * 100_000)])
    assert ask(port, sent)[0] == 431
    sent = request(b"GET", b"/v1/gaps", [(b"x-%d" % number, b"a") for number in range(5000)])
    assert ask(port, sent)[0] == 431


@pytest.mark.parametrize("line", LINES, ids=[repr(line[:30]) for line in LINES])
def test_what_is_not_http_is_a_problem_too(service, hold, line):
    port, _ = service
    hold(ask(port, line), line)


def test_every_character_of_unicode_can_be_searched(service, hold):
    port, _ = service
    for start in range(0x80, 0x110000, 0x4000):
        text = "".join(
            chr(code)
            for code in range(start, min(start + 0x4000, 0x110000), 97)
            if not 0xD800 <= code < 0xE000
        )
        sent = request(b"GET", b"/v1/skills?q=" + quote(text).encode())
        hold(ask(port, sent), sent, ("get", "/v1/skills"))
