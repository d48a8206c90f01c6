"""Figures about the service: what was answered, by all workers together, and which release answers."""

import re

import pytest
from fastapi.testclient import TestClient

from serve.app import create_app
from serve.metrics import BOUNDS, Metrics
from serve.settings import Settings
from serve.shared import take_place
from serve.store import Serving

SAMPLE = re.compile(r'[a-z_]+(\{([a-z]+="(\\["\\n]|[^"\\\n])*",?)+\})? -?[0-9][0-9.e+-]*')
EVERYTHING = frozenset({"scores", "weights", "admin"})


@pytest.fixture
def client(keyed):
    app = create_app(keyed, Settings(open=EVERYTHING, rate=0, rate_open=0, log=False))
    return TestClient(app, raise_server_exceptions=False)


def samples(text):
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_the_format_holds(client):
    client.get("/v1/gaps")
    response = client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    declared = set()
    for line in response.text.splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split(" ")
            assert kind in {"counter", "gauge", "histogram"}
            assert name not in declared
            declared.add(name)
        elif not line.startswith("# HELP"):
            assert SAMPLE.fullmatch(line), line
            name = re.split(r"[{ ]", line)[0]
            assert name in declared or re.sub("_(bucket|sum|count)$", "", name) in declared, line


def test_answers_are_counted_by_route_not_by_address(client):
    for address in (
        "/v1/occupations/A",
        "/v1/occupations/B",
        "/v1/occupations/9999",
        "/nope",
        "/" + "x" * 50,
    ):
        client.get(address)
    client.head("/v1/occupations/A")
    client.request("BREW", "/v1/gaps")
    told = samples(client.get("/metrics").text)
    name = 'competence_http_requests_total{method="%s",route="%s",status="%s"}'
    assert told[name % ("GET", "/v1/occupations/{code}", 200)] == "2"
    assert told[name % ("GET", "/v1/occupations/{code}", 404)] == "1"
    assert told[name % ("HEAD", "/v1/occupations/{code}", 200)] == "1"
    assert told[name % ("GET", "-", 404)] == "2"
    assert told[name % ("OTHER", "/v1/gaps", 405)] == "1"
    assert told['competence_http_request_seconds_count{route="/v1/occupations/{code}"}'] == "4"
    assert told['competence_http_request_seconds_bucket{route="/v1/occupations/{code}",le="+Inf"}'] == "4"
    assert told["competence_http_requests_in_progress"] == "1"


def test_an_answer_that_is_kept_ready_is_counted_at_its_route(client):
    for _ in range(3):
        client.get("/v1/gaps")
    told = samples(client.get("/metrics").text)
    assert told['competence_http_requests_total{method="GET",route="/v1/gaps",status="200"}'] == "3"


def test_groups_of_durations_add_up():
    metrics = Metrics(take_place(None, 1))
    for seconds in (0.0005, BOUNDS[0], 0.003, 99.0):
        metrics.add("GET", "/", 200, seconds, 10)
    told = samples(metrics.exposed(Serving()))
    name = 'competence_http_request_seconds_bucket{route="/",le="%s"}'
    assert [told[name % bound] for bound in ("0.001", "0.0025", "0.005", "10.0", "+Inf")] == [
        "2",
        "2",
        "3",
        "3",
        "4",
    ]
    assert told['competence_http_response_bytes_total{route="/"}'] == "40"


def test_the_release_and_what_was_refused_are_told(client, keyed, served):
    told = samples(client.get("/metrics").text)
    release = next((served.root / "releases").iterdir()).name
    assert told[f'competence_release_info{{release="{release}",version="3"}}'] == "1"
    assert told["competence_release_refused"] == "0"
    (keyed / "champion.json").write_text("{")
    assert samples(client.get("/metrics").text)["competence_release_refused"] == "1"


def test_whichever_worker_is_asked_tells_for_all_and_none_is_forgotten(tmp_path):
    one, two = (Metrics(take_place(tmp_path, 2)) for _ in range(2))
    one.add("GET", "/", 200, 0.1, 1)
    two.add("GET", "/", 200, 0.1, 1)
    two.add("GET", "/x", 404, 0.1, 1)
    one.share(), two.share()
    assert one.total() == two.total()
    assert one.total()["GET", "/", 200][0] == 2
    two.add("GET", "/", 200, 0.1, 1)
    two.share()
    assert one.total()["GET", "/", 200][0] == 3
    heir = Metrics(two._place)  # a worker that takes the place of one that died
    assert heir.total() == one.total()


def test_a_damaged_file_of_counts_is_left_out(tmp_path):
    one, two = (Metrics(take_place(tmp_path, 2)) for _ in range(2))
    one.add("GET", "/", 200, 0.1, 1)
    for content in ("{", "[[1]]", ""):
        (tmp_path / f"metrics-{two._place.own}.json").write_text(content)
        assert one.total()["GET", "/", 200][0] == 1
