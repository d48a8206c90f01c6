"""How much one client may ask, how large a request may be, and who may read the answers in a browser."""

import random

import pytest
from fastapi import Body, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from serve import problems
from serve.access import Gate, Guard
from serve.app import create_app
from serve.headers import Envelope
from serve.keys import KEYS, Keyring, create_key
from serve.limits import ADDRESS_LONGEST, BATCH_LARGEST, HEADERS_LARGEST, WINDOW, Counter, Limiter, network
from serve.negotiation import acceptable
from serve.settings import READS, Settings
from serve.shared import Place, take_place
from serve.store import Store


def service(store, **settings):
    return TestClient(
        create_app(store, Settings(open=READS, log=False, **settings)), raise_server_exceptions=False
    )


def refused(response, status, code):
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    body = response.json()
    assert (body["code"], body["status"]) == (code, status)
    return body["detail"]


class Clock:
    """Seconds that a test moves."""

    def __init__(self):
        self.now = 1000.0 * WINDOW

    def __call__(self):
        """Return now."""
        return self.now


def test_counts_are_exact_for_few_clients_and_never_too_low():
    clock = Clock()
    counter, truth = Counter(Place(), clock), {}
    draw = random.Random(1)
    for _ in range(5000):
        who = f"client {draw.randrange(800)}"
        truth[who] = truth.get(who, 0) + 1
        assert counter.add(who)[0] == truth[who]


def test_a_window_ends_and_counting_begins_anew():
    clock = Clock()
    counter = Counter(Place(), clock)
    assert [counter.add("a")[0] for _ in range(3)] == [1, 2, 3]
    clock.now += 59.5
    assert counter.add("a") == (4, 1)
    clock.now += 1
    assert counter.add("a") == (1, 60)


def test_workers_count_together(tmp_path):
    clock = Clock()
    first, second = (take_place(tmp_path, 2) for _ in range(2))
    assert first.own != second.own
    one, two = Counter(first, clock), Counter(second, clock)
    assert [each.add("a")[0] for each in (one, two, one, two, two)] == [1, 2, 3, 4, 5]
    assert two.add("b")[0] == 1


def test_too_many_requests(keyed):
    client = service(keyed, rate_open=3)
    answers = [client.get("/v1/problems") for _ in range(5)]
    assert all("ratelimit" not in answer.headers for answer in answers)  # what needs no key is not counted
    answers = [client.get("/v1/gaps") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=3;w=60'
    assert "3 requests a minute" in refused(answers[3], 429, "too_many_requests")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert client.get("/healthz").status_code == 200


def test_each_key_has_its_own(keyed):
    client = service(keyed, rate=2, rate_open=1)
    secrets = [create_key(keyed, name, ["scores"], 1, rate)[0] for name, rate in (("a", None), ("b", 1))]
    told = [[client.get("/v1/gaps", headers={"X-API-Key": s}).status_code for _ in range(3)] for s in secrets]
    assert told == [[200, 200, 429], [200, 429, 429]]


def test_guessing_keys_is_counted(keyed):
    client = service(keyed, rate_open=2)
    told = [client.get("/v1/gaps", headers={"X-API-Key": "x"}).status_code for _ in range(3)]
    assert told == [401, 401, 429]


def test_one_subscriber_is_one_client():
    assert network("2001:db8:1:2::3") == network("2001:db8:1:2:ffff::") != network("2001:db8:1:3::3")


def test_limits_are_told_in_meta(keyed):
    limits = service(keyed, rate=7, rate_open=0, body=99).get("/v1/meta").json()["limits"]
    assert limits["requests_per_minute_key"] == 7
    assert limits["requests_per_minute_address"] is None
    assert limits["body_largest"] == 99
    assert (limits["address_longest"], limits["headers_largest"]) == (ADDRESS_LONGEST, HEADERS_LARGEST)
    assert (limits["batch_largest"], limits["open_scopes"]) == (BATCH_LARGEST, ["scores", "weights"])


def test_what_is_too_large_is_refused(client):
    refused(client.get("/v1/gaps?region=" + "a" * ADDRESS_LONGEST), 414, "address_too_long")
    refused(client.get("/v1/gaps", headers={"X-Much": "a" * HEADERS_LARGEST}), 431, "headers_too_large")
    many = ",".join("A" for _ in range(BATCH_LARGEST + 1))
    assert "501 codes" in refused(client.get(f"/v1/gaps?occupation={many}"), 422, "bad_parameter")


@pytest.fixture
def echo(tmp_path):
    """Make a service with one route that takes a body, behind the same middleware."""
    app, settings = FastAPI(), Settings(open=READS, body=100)

    @app.post("/v1/echo")
    async def read_echo(word: str = Body(embed=True)) -> str:
        return word

    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    limiter = Limiter(Counter(Place()), 0, 0)
    app.add_middleware(Guard, gate=Gate(settings, Keyring(tmp_path / KEYS), limiter))
    app.add_middleware(Envelope, store=Store(tmp_path))
    return TestClient(app, raise_server_exceptions=False)


def test_a_body_that_is_too_large_is_refused_before_and_while_it_is_read(echo):
    assert echo.post("/v1/echo", json={"word": "a"}).json() == "a"
    assert "100 bytes" in refused(echo.post("/v1/echo", json={"word": "a" * 100}), 413, "body_too_large")

    def pieces():
        yield b'{"word": "'
        for _ in range(20):
            yield b"a" * 10
        yield b'"}'

    sent = echo.post("/v1/echo", content=pieces(), headers={"Content-Type": "application/json"})
    refused(sent, 413, "body_too_large")


def test_a_body_that_is_not_json_is_refused(echo):
    response = echo.post("/v1/echo", content="word=a", headers={"Content-Type": "text/plain"})
    refused(response, 415, "unsupported_media_type")
    assert response.headers["accept-post"] == "application/json"
    broken = echo.post("/v1/echo", content="{", headers={"Content-Type": "application/json"})
    refused(broken, 422, "bad_parameter")
    refused(echo.post("/v1/echo"), 422, "bad_parameter")


@pytest.mark.parametrize(
    ("accept", "media", "can"),
    [
        ("*/*", "application/json", True),
        ("application/json", "application/json; charset=utf-8", True),
        ("Application/*;q=0.1", "application/json", True),
        ("text/html, */*;q=0.8", "application/json", True),
        ("text/html", "application/json", False),
        ("*/*;q=0", "application/json", False),
        ("application/json;q=0, */*", "application/json", False),
        ("application/json;q=0, */*", "text/csv", True),
        ("application/json;q=zero", "application/json", True),
        ("nonsense", "application/json", True),
        (",;,", "application/json", True),
    ],
)
def test_what_a_client_can_read(accept, media, can):
    assert acceptable(accept, media) is can


def test_an_answer_that_cannot_be_read_is_not_sent(client):
    response = client.get("/v1/gaps", headers={"Accept": "text/html, image/png"})
    assert "application/json" in refused(response, 406, "not_acceptable")
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200
    assert client.get("/v1/nope", headers={"Accept": "text/html"}).status_code == 404


@pytest.mark.parametrize(
    "address", ["/", "/v1/gaps", "/v1/occupations/A", "/docs", "/static/page.css", "/healthz", "/v1/nope"]
)
def test_head_is_get_without_a_body(client, address):
    shown, told = client.get(address), client.head(address)
    assert (told.status_code, told.content) == (shown.status_code, b"")
    assert told.headers == shown.headers
    assert int(told.headers["content-length"]) == len(shown.content) or "content-encoding" in told.headers


def test_no_other_site_reads_the_answers_unless_it_is_named(keyed):
    here = service(keyed)
    assert (
        "access-control-allow-origin" not in here.get("/v1/gaps", headers={"Origin": "https://a.be"}).headers
    )
    client = service(keyed, origins=frozenset({"https://a.be"}), rate_open=2)
    told = client.get("/v1/gaps", headers={"Origin": "https://a.be"}).headers
    assert told["access-control-allow-origin"] == "https://a.be"
    assert "ETag" in told["access-control-expose-headers"]
    assert "Origin" in told["vary"]
    other = client.get("/v1/gaps", headers={"Origin": "https://b.be"})
    assert "access-control-allow-origin" not in other.headers
    assert "Origin" in other.headers["vary"]
    assert "access-control-allow-credentials" not in told
    late = client.get("/v1/gaps", headers={"Origin": "https://a.be"})
    assert (late.status_code, late.headers["access-control-allow-origin"]) == (429, "https://a.be")


def test_a_browser_may_ask_beforehand(keyed):
    client = service(keyed, origins=frozenset({"https://a.be"}))
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    told = client.options("/v1/gaps", headers={"Origin": "https://a.be", **asked})
    assert told.status_code == 204
    assert "Authorization" in told.headers["access-control-allow-headers"]
    other = client.options("/v1/gaps", headers={"Origin": "https://b.be", **asked})
    assert other.status_code == 204
    assert "access-control-allow-methods" not in other.headers
    every = service(keyed, origins=frozenset({"*"})).options("/v1/gaps", headers={"Origin": "null", **asked})
    assert every.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-methods" in every.headers
    refused(client.options("/v1/gaps"), 405, "method_not_allowed")


def test_security_headers_are_on_every_answer(client):
    for address in ("/v1/gaps", "/v1/nope", "/", "/healthz", "/metrics"):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers
    secure = TestClient(client.app, base_url="https://testserver").get("/v1/gaps").headers
    assert secure["strict-transport-security"].startswith("max-age=")
