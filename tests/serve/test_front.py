"""What is answered at once is answered as the walk through the service answers it, header for header."""

import asyncio
import json
import shutil

import pytest
from fastapi.testclient import TestClient

from serve.app import create_app
from serve.front import LONGEST, REMEMBERED
from serve.keys import create_key, revoke_key
from serve.limits import HEADERS_LARGEST
from serve.settings import READS, Settings

PAGE = "/v1/gaps?limit=2"
SITE = frozenset({"https://a.be"})
SETTINGS = {
    "open": Settings(open=READS, rate=0, rate_open=0),
    "limited": Settings(open=READS, rate=20, rate_open=90, origins=SITE),
    "closed": Settings(rate=70, rate_open=25, origins=SITE),
}


@pytest.fixture
def held(served, tmp_path):
    """Make a store of the shared release, and three keys of it."""
    (tmp_path / "releases").symlink_to(served.root / "releases")
    shutil.copy(served.root / "champion.json", tmp_path)
    scopes = {"good": ["scores", "weights"], "scores": ["scores"], "revoked": ["scores"]}
    keys = {name: create_key(tmp_path, name, granted, 1) for name, granted in scopes.items()}
    revoke_key(tmp_path, keys["revoked"][1].id)
    return tmp_path, {name: secret for name, (secret, _) in keys.items()}


class Asked:
    """One service, and how often something went past its front."""

    def __init__(self, store, settings, *, warm):
        self.app = create_app(store, settings)
        self.client = TestClient(self.app, raise_server_exceptions=False, base_url="https://here")
        self.app.front.gate.limiter._counter._clock = lambda: 1000.0  # no minute ends between two services
        self.walked, inside = 0, self.app.front.app

        async def counted(scope, receive, send):
            self.walked += 1
            await inside(scope, receive, send)

        self.app.front.app = counted
        if not warm:
            self.app.front.kept.most = 0  # nothing is ever kept, so that every request walks

    def ask(self, method, address, headers):
        """Return what the client sees, and whether it came from the front alone."""
        before = self.walked
        response = self.client.request(method, address, headers=headers)
        told = sorted(response.headers.multi_items())
        return (response.status_code, told, response.content), self.walked == before


def requests(keys, tag):
    """Return every kind of request that can meet what is kept."""
    kinds = [
        *([("accept-encoding", how)] for how in ("identity", "gzip", "zstd, gzip;q=0.5", "br", "gzip;q=0")),
        *(
            [("if-none-match", known)]
            for known in (f'"{tag}"', f'W/"{tag}-gzip"', f'"x", "{tag}-zstd"', '"x"')
        ),
        [("if-none-match", "*"), ("accept", "text/html")],
        [("if-none-match", '"x"'), ("if-none-match", f'"{tag}"')],
        *([("accept", media)] for media in ("text/html", "application/json", "application/json;q=0", "a/*")),
        *([("accept-language", said)] for said in ("nl", "nl, en;q=0.5", "fr")),
        [("accept-language", "nl"), ("accept-language", "en")],
        *([("origin", site)] for site in ("https://a.be", "https://b.be")),
        *([("x-much", "a" * size)] for size in (LONGEST, HEADERS_LARGEST)),
        [("content-length", "0")],
        *([("x-api-key", secret)] for secret in (*keys.values(), "x", "x" * HEADERS_LARGEST)),
        [("authorization", f"Bearer {keys['good']}")],
        [("authorization", f"Bearer {keys['good']}"), ("x-api-key", keys["scores"])],
        [("authorization", "Basic " + "a" * HEADERS_LARGEST)],
        [("x-api-key", keys["good"]), ("origin", "https://a.be"), ("if-none-match", f'"{tag}"')],
    ]
    yield from (("GET", PAGE, headers) for headers in kinds)
    for address in (
        "/v1/occupations/A",
        "/v1/weights",
        "/",
        "/docs",
        "/healthz",
        "/v1/nope",
        "/v1/gaps?limit=0",
    ):
        yield "GET", address, []
        yield "GET", address, [("x-api-key", keys["scores"])]
    yield from (
        ("HEAD", PAGE, headers) for headers in ([], [("x-api-key", keys["good"])], [("accept", "a/b")])
    )
    yield from ((method, PAGE, [("x-api-key", keys["good"])]) for method in ("POST", "OPTIONS", "BREW"))


def counted(client):
    """Return what the metrics count of routes, but not how long it took."""
    metrics = client.app.state.metrics.total()
    return {row: (counts[0], counts[2]) for row, counts in metrics.items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_answered_at_once_is_what_the_walk_answers(held, name, capsys):
    store, keys = held
    slow, fast = (Asked(store, SETTINGS[name], warm=warm) for warm in (False, True))
    body = TestClient(create_app(store, SETTINGS["open"])).get(PAGE, headers={"accept-encoding": "identity"})
    tag = body.headers["etag"].strip('"')
    capsys.readouterr()
    statuses, lines = set(), []
    for turn in range(3):
        seen = {0: [], 1: []}
        for asked in requests(keys, tag):
            for number, service in enumerate((slow, fast)):
                seen[number].append((asked, *service.ask(*asked)))
            lines.append([_line(text) for text in capsys.readouterr().out.splitlines() if '"route"' in text])
        for (asked, walked, _), (_, answered, at_once) in zip(seen[0], seen[1], strict=True):
            assert answered == walked, (turn, asked)
            statuses.add(answered[0])
            if turn and answered[0] in {200, 304} and asked[1] == PAGE and not _apart(asked[2]):
                assert at_once, asked
        assert not any(at_once for _, _, at_once in seen[0])
    assert {200, 304, 401, 404, 405, 422, 431} <= statuses
    assert (406 in statuses, 429 in statuses) == (name != "closed", name != "open")
    assert all(first == second for first, second in lines)
    assert counted(slow.client) == counted(fast.client)


def _apart(headers):
    """Return whether a request is one that is never answered at once: rare, or larger than is remembered."""
    return any(name == "content-length" or len(value) >= LONGEST for name, value in headers)


def _line(text):
    return {name: value for name, value in json.loads(text).items() if name not in {"time", "ms"}}


def test_a_revoked_key_a_new_release_and_a_new_limit_hold_at_the_next_request(store, held):
    folder, keys = held
    first, second = store.build(), store.build(shift=0.1)
    store.promote(first)
    shutil.copy(folder / "keys.json", store.root)
    service = Asked(store.root, SETTINGS["closed"], warm=True)
    asked = ("GET", PAGE, [("x-api-key", keys["scores"])])
    answers = [service.ask(*asked) for _ in range(3)]
    assert [at_once for _, at_once in answers] == [False, True, True]
    store.promote(second)
    (status, headers, _), at_once = service.ask(*asked)
    assert (status, at_once, dict(headers)["x-release"]) == (200, False, second)
    assert service.ask(*asked)[1]
    revoke_key(store.root, keys["scores"][3:11])
    assert service.ask(*asked)[0][0] == 401


def test_requests_that_come_at_once_are_all_counted_logged_and_within_the_limit(held, capsys):
    store, keys = held
    service = Asked(store, Settings(rate=5), warm=True)
    service.ask("GET", PAGE, [("x-api-key", keys["good"])])
    scope = {
        **{"type": "http", "method": "GET", "scheme": "https", "path": "/v1/gaps", "raw_path": b"/v1/gaps"},
        **{"query_string": b"limit=2", "client": ("192.0.2.1", 1), "state": {}},
        "headers": [(b"x-api-key", keys["good"].encode())],
    }
    statuses = []

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def together():
        await asyncio.gather(*(service.app({**scope}, None, send) for _ in range(8)))

    asyncio.run(together())
    assert sorted(statuses) == [200] * 4 + [429] * 4
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines].count(200) == 5
    assert len(lines) == 9


def test_what_is_remembered_is_bounded_and_holds_no_key(held):
    store, keys = held
    service = Asked(store, SETTINGS["closed"], warm=True)
    front = service.app.front
    for number in range(20):
        service.ask("GET", PAGE, [("x-api-key", keys["good"]), ("x-request-id", str(number))])
    assert 0 < len(front._remembered) <= 20
    assert keys["good"] not in repr(front._remembered)
    front._remembered.update({(number,): None for number in range(REMEMBERED)})
    service.ask("GET", PAGE, [("x-api-key", keys["good"]), ("x-request-id", "new")])
    assert len(front._remembered) == 1


def test_a_browser_may_read_that_the_service_failed(held):
    app = create_app(held[0], Settings(open=READS, origins=SITE, log=False))

    @app.get("/v1/crash")
    async def read_crash():
        raise RuntimeError

    client = TestClient(app, raise_server_exceptions=False)
    response = client.get("/v1/crash", headers={"Origin": "https://a.be"})
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.headers["access-control-allow-origin"] == "https://a.be"
    assert "Origin" in response.headers["vary"]
