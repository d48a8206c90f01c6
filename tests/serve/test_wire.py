"""On our own wire a known request is answered at once, as the application answers it, byte for byte."""

import contextlib
import json
import socket

import pytest

from serve.app import create_app
from serve.settings import READS, Settings
from tests.serve.raw import PATIENCE, serving
from tests.serve.test_front import held as _held
from tests.serve.test_front import requests

held = _held
PAGE = b"/v1/gaps?limit=2"
OPEN = Settings(open=READS, rate=0, rate_open=0)
CHANGING = {"date", "ratelimit"}


class Line:
    """One connection that stays open."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")

    def send(self, *requests):
        """Send requests in one go."""
        self.socket.sendall(b"".join(requests))

    def read(self, method="GET"):
        """Return status, headers and body of the next answer."""
        status = int(self.file.readline().split()[1])
        headers = []
        while (line := self.file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            headers.append((name.decode(), value.strip().decode("latin-1")))
        size = int(dict(headers).get("content-length", 0))
        return status, sorted(headers), b"" if method == "HEAD" or status == 304 else self.file.read(size)

    def ask(self, sent, method="GET"):
        """Send a request and read its answer."""
        self.send(sent)
        return self.read(method)

    def closed(self):
        """Return whether the service hung up."""
        return self.file.read() == b""


def get(target=PAGE, *fields, method=b"GET", version=b"1.1"):
    return b"%s %s HTTP/%s\r\nhost: test\r\n%s\r\n" % (
        method,
        target,
        version,
        b"".join(b"%s\r\n" % field for field in fields),
    )


@contextlib.contextmanager
def running(store, settings=OPEN):
    """Run the service; yield its port, and the paths that went the usual way."""
    app = create_app(store, settings)
    walked, inside = [], app.front.__call__

    async def counted(scope, receive, send):
        if scope["type"] == "http":
            walked.append(scope["path"])
        await inside(scope, receive, send)

    class Counted:
        front = app.front
        __call__ = staticmethod(counted)

    app.front.gate.limiter._counter._clock = lambda: 1000.0
    with serving(Counted()) as port, contextlib.ExitStack() as lines:

        def line():
            made = Line(port)
            lines.callback(made.socket.close)
            return made

        yield line, walked, app


def lasting(answer):
    status, headers, body = answer
    return status, [pair for pair in headers if pair[0] not in CHANGING], body


@pytest.mark.parametrize(
    ("settings", "least"),
    [(OPEN, 20), (Settings(rate=10**6, rate_open=10**6, origins=frozenset({"https://a.be"})), 8)],
)
def test_every_kind_of_request_is_answered_as_the_application_answers_it(held, settings, least):
    store, keys = held
    with running(store, settings) as (line, walked, _):
        first = line()
        tag = dict(first.ask(get(PAGE, b"x-api-key: " + keys["good"].encode()))[1])["etag"].strip('"')
        quick = 0
        for method, address, headers in requests(keys, tag):
            fields = [f"{name}: {value}".encode() for name, value in headers if name != "content-length"]
            sent = get(address.encode(), *fields, method=method.encode())
            if sum(map(len, fields)) > 2**15:
                continue  # refused by the parser or the gate, and hung up
            answers = []
            for _ in range(3):
                before = len(walked)
                answers.append(lasting(line().ask(sent, method)))
            assert answers[0] == answers[1] == answers[2], (method, address, headers)
            quick += len(walked) == before
        assert quick >= least


def test_many_requests_in_one_go_are_answered_in_order(held):
    with running(held[0]) as (line, walked, _):
        one = line()
        known, other = get(), get(b"/healthz")
        page, _, health = one.ask(known), one.ask(known), one.ask(other)
        refused = get(b"/v1/gaps", method=b"POST")
        one.send(*[known, other, known, refused] * 300)
        before = len(walked)
        for _ in range(300):
            assert [one.read()[0] for _ in range(4)] == [200, 200, 200, 405]
        assert lasting(one.ask(known)) == lasting(page)
        assert lasting(one.ask(other)) == lasting(health)
        assert before < len(walked) <= before + 1200


def test_a_reader_who_does_not_read_fills_no_memory_and_stops_nobody(held):
    with running(held[0]) as (line, _, app):
        slow, quick, large = line(), line(), get(b"/openapi.json")
        whole = [slow.ask(large) for _ in range(3)][-1]
        assert len(whole[2]) > 100_000
        for _ in range(200):
            slow.send(large)
            assert quick.ask(get())[0] == 200  # and so each is read by itself
        answered = sum(counts[0] for row, counts in app.front.metrics.total().items() if "api" in row[1])
        assert 3 < answered < 60
        for _ in range(200):
            assert lasting(slow.read()) == lasting(whole)


@pytest.mark.parametrize(
    "sent", [get(PAGE, b"connection: close"), get(version=b"1.0"), get(PAGE, b"connection: Close, x")]
)
def test_who_asks_it_to_hang_up_is_hung_up_on(held, sent):
    with running(held[0]) as (line, _, _):
        for _ in range(3):
            one = line()
            status, headers, _ = one.ask(sent)
            assert (status, dict(headers).get("connection")) == (200, "close")
            assert one.closed()


def test_a_body_that_nobody_asked_for_is_read_over(held):
    with running(held[0]) as (line, _, _):
        one = line()
        odd = get(PAGE, b"transfer-encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n"
        answers = [lasting(one.ask(odd)) for _ in range(3)] + [lasting(one.ask(get())) for _ in range(2)]
        assert all(answer == answers[0] for answer in answers)


def test_what_is_answered_at_once_is_counted_limited_and_logged_once(held, capsys):
    with running(held[0], Settings(open=READS, rate_open=6)) as (line, walked, app):
        one = line()
        answers = [one.ask(get()) for _ in range(9)]
        assert [answer[0] for answer in answers] == [200] * 6 + [429] * 3
        left = [dict(headers)["ratelimit"].partition(";r=")[2][0] for _, headers, _ in answers]
        assert left == [*"543210", *"000"]
        assert len(walked) == 5  # the first two, and what was refused
        counts = {row[2]: counts[0] for row, counts in app.front.metrics.total().items()}
        assert counts == {200: 6, 429: 3}
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines() if '"route"' in text]
    assert [told["status"] for told in lines] == [200] * 6 + [429] * 3


def test_a_connection_that_stays_open_sees_a_new_release_at_once(store):
    first, second = store.build(), store.build(shift=0.1)
    store.promote(first)
    with running(store.root) as (line, _, _):
        one = line()
        seen = [dict(one.ask(get())[1])["x-release"] for _ in range(3)]
        store.promote(second)
        seen += [dict(one.ask(get())[1])["x-release"] for _ in range(3)]
    assert seen == [first] * 3 + [second] * 3


def test_behind_a_proxy_that_is_believed_every_request_goes_its_usual_way(held):
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    app = create_app(held[0], Settings(open=READS, rate_open=3))
    with serving(ProxyHeadersMiddleware(app, "127.0.0.1")) as port:
        one = Line(port)
        statuses = [one.ask(get(PAGE, b"x-forwarded-for: 192.0.2.%d" % n))[0] for n in (1, 1, 1, 1, 2)]
        one.socket.close()
    assert statuses == [200, 200, 200, 429, 200]
