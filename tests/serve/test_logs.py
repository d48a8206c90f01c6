"""One line of JSON per request, with nothing in it that the client wrote; a worker stops in good order."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from fastapi.testclient import TestClient

from serve.app import create_app
from serve.keys import create_key
from serve.logs import Lines
from serve.settings import READS, Settings
from tests.conftest import ROOT

SAID = {"time", "method", "route", "status", "ms", "bytes", "key", "release"}


@pytest.fixture
def lines(capsys):
    """Read what the access log got."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def client(keyed):
    return TestClient(create_app(keyed, Settings(open=READS)), raise_server_exceptions=False)


def test_each_request_is_one_line(client, lines, keyed):
    secret, key = create_key(keyed, "portal", ["scores"], 1)
    answer = client.get(
        "/v1/occupations/A?lang=nl", headers={"X-API-Key": secret, "Accept-Encoding": "identity"}
    )
    client.get("/nope")
    shown, missing = lines()
    assert shown.keys() == SAID
    assert shown["time"].endswith("Z")
    assert (shown["method"], shown["route"], shown["status"]) == ("GET", "/v1/occupations/{code}", 200)
    assert shown["bytes"] == len(answer.content)
    assert shown["key"] == key.id
    assert shown["release"] == answer.headers["x-release"]
    assert 0 < shown["ms"] < 60_000
    assert (missing["route"], missing["status"], missing["key"]) == ("-", 404, None)


def test_nothing_that_the_client_wrote_is_logged(client, lines, keyed, caplog):
    caplog.set_level(logging.DEBUG)
    secret, _ = create_key(keyed, "portal", ["scores"], 1)
    word = "someone-s-own-skill"
    headers = {
        "X-API-Key": secret,
        "Authorization": f"Bearer {secret}",
        "Accept-Language": word,
        "User-Agent": word,
    }
    for method in ("GET", "POST", "PUT", word.upper()):
        for address in ("/v1/gaps", f"/v1/{word}", f"/v1/occupations/{word}", f"/v1/gaps?occupation={word}"):
            client.request(method, address, headers=headers, content=word)
    client.get("/v1/gaps", headers={"X-API-Key": word})
    asked = lines()
    assert len(asked) == 17
    assert word not in json.dumps(asked).lower()
    written = "\n".join(
        Lines().format(record) for record in caplog.records if record.name.startswith("serve")
    )
    assert written
    assert word not in written.lower()
    assert secret.split("_", 2)[2] not in written


def test_a_crash_over_a_body_tells_where_but_not_what(keyed, lines, caplog):
    app = create_app(keyed, Settings(open=READS))

    @app.post("/v1/crash")
    async def read_crash(who: str) -> None:
        raise RuntimeError(" ".join(["skills", "of", who]))

    response = TestClient(app, raise_server_exceptions=False).post("/v1/crash?who=Me-Myself", json={})
    assert response.status_code == 500
    assert "skills of" not in caplog.text
    assert "Me-Myself" not in caplog.text
    assert "read_crash" in caplog.text
    assert lines()[-1]["status"] == 500


def test_what_happened_is_a_line_of_json_too():
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        record = logging.LogRecord("serve.store", logging.ERROR, "", 1, "refused %s", ("x",), sys.exc_info())
    line = Lines().format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["message"]) == ("error", "refused x")
    assert "such thing" in said["cause"]


def ask(port, path, **headers):
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as response:
                return response.status, response.headers, response.read().decode()
        except HTTPError as error:
            return error.code, error.headers, error.read().decode()
        except URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.full
def test_two_workers_count_together_and_stop_in_good_order(keyed):
    secret, _ = create_key(keyed, "prometheus", ["admin"], 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = [
        sys.executable,
        "-m",
        "serve",
        "--port",
        str(port),
        "--store",
        str(keyed),
        "--workers",
        "2",
        "--open",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SERVE_")}
    settings = {**kept, "SERVE_RATE_OPEN": "12"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(run, cwd=ROOT, env=settings, **pipes) as process:
        try:
            ask(port, "/readyz")
            # Nobody's word is taken for where a request came from: no proxy was named.
            told = [ask(port, "/v1/gaps?limit=1", **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(25)]
            time.sleep(1.2)  # within which each worker shares its counts
            _, _, metrics = ask(port, "/metrics", Authorization=f"Bearer {secret}")
        finally:
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=30)
    answered = sum(status == 200 for status, _, _ in told)
    assert answered in {12, *range(13, 25)} if _window_ended(told) else answered == 12
    name = 'competence_http_requests_total{method="GET",route="%s",status="%s"}'
    assert f"{name % ('/v1/gaps', 200)} {answered}\n" in metrics
    assert f"{name % ('-', 429)} {25 - answered}\n" in metrics
    logged = [json.loads(line) for line in out.splitlines()]
    assert sum(line["route"] == "/v1/gaps" and line["status"] == 200 for line in logged) == answered
    assert process.returncode in {0, -signal.SIGTERM}
    assert "Traceback" not in errors
    assert all(json.loads(line)["level"] for line in errors.splitlines())


def _window_ended(told):
    """Return whether a minute ended between the first answer and the last."""
    left = [int(headers["RateLimit"].rsplit("t=")[1]) for _, headers, _ in told]
    return left != sorted(left, reverse=True)
