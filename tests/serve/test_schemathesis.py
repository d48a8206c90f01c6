"""The service holds to its own description: every check of schemathesis, in process, with fixed calls.

Every check is on but `max_response_time`, which measures the machine and not the service; speed has a test
of its own (`make bench-api`). What the filter lets pass is declared in `described.DECIDED_ELSEWHERE`.
"""

import itertools

import pytest

from tests.serve.described import store_of_three, walk
from tests.serve.hostile import HEADERS, TEXTS

EVERY = ("examples", "coverage", "fuzzing", "stateful")
SAMPLE = r"^/v1/(gaps|transitions|releases/\{release\}/changes)$"
LEAST = 5000


@pytest.fixture(scope="module")
def three(tiny_snapshot, tmp_path_factory):
    folder = tmp_path_factory.mktemp("described")
    return folder, tiny_snapshot, store_of_three(tiny_snapshot, folder)


def held(found):
    assert not found.failures, f"{len(found.failures)} failures\n" + "\n\n".join(found.failures[:10])
    assert not any(status >= 500 for status in found.statuses)


def test_a_short_walk_over_every_operation(three, client):
    found = walk(*three, examples=2, phases=("fuzzing", "stateful"))
    held(found)
    described = client.get("/openapi.json").json()["paths"]
    assert found.operations == {
        f"{method.upper()} {path}" for path, each in described.items() for method in each
    }
    assert found.calls["stateful"] > 10
    assert {200, 404, 422} <= found.statuses.keys()


def test_the_edges_of_a_few_operations(three):
    found = walk(*three, examples=1, phases=("coverage",), only=SAMPLE)
    held(found)
    assert found.calls["coverage"] > 100


def test_a_walk_sees_what_is_wrong(three, monkeypatch):
    monkeypatch.setattr("serve.routes.skills.paging", lambda *_: {"total": -1, "limit": 1, "offset": 0})
    found = walk(*three, examples=20, phases=("fuzzing",), only="^/v1/regions$")
    assert any(failure.startswith("not_a_server_error") for failure in found.failures), found


@pytest.mark.full
def test_a_long_walk(three):
    found = walk(*three, examples=150, phases=EVERY)
    print(f"\n{sum(found.calls.values()):,} calls: {dict(found.calls)}, {dict(found.statuses)}")  # noqa: T201
    held(found)
    assert sum(found.calls.values()) >= LEAST


@pytest.mark.full
def test_a_long_walk_along_the_links(three):
    """By itself: after the other phases the state machine gives up at some step between 177 and 900."""
    found = walk(*three, examples=150, phases=("stateful",))
    print(f"\n{dict(found.calls)}, {dict(found.statuses)}")  # noqa: T201
    held(found)
    assert found.calls["stateful"] >= 500


@pytest.mark.full
def test_a_long_walk_with_hostile_headers(three):
    on_a_socket = {b"content-length", b"transfer-encoding", b"expect", b"accept-encoding"}  # see test_hostile
    pairs = itertools.product(HEADERS, TEXTS)
    hostile = [(name, text) for name, text in pairs if name not in on_a_socket and len(text) < 10_000]
    found = walk(*three, examples=60, phases=EVERY, fields=hostile)
    print(f"\n{sum(found.calls.values()):,} calls: {dict(found.calls)}, {dict(found.statuses)}")  # noqa: T201
    held(found)
    assert sum(found.calls.values()) >= LEAST
