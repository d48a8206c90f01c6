"""Several releases side by side: by id, by day, what changed, which are kept, and a feed."""

import shutil
from xml.etree import ElementTree

import pytest

from serve.archive import Archive
from serve.release import Champion
from tests.serve import rich

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def three(tmp_path_factory, built):
    """Make a store where three releases were promoted, the first again at the end of the second."""
    from tests.serve.conftest import Folder

    store = Folder(tmp_path_factory.mktemp("three"), built)
    first, second, third = store.build(), store.build(shift=0.1), store.build(shift=0.2)
    rich.log(
        store,
        (first, "1", "2026-01-01T10:00:00Z"),
        (second, "2", "2026-02-01T10:00:00Z"),
        (first, "1", "2026-03-01T10:00:00Z"),
        (third, "3", "2026-04-01T10:00:00Z"),
    )
    return store, first, second, third


@pytest.fixture(scope="module")
def client(three):
    from fastapi.testclient import TestClient

    from serve.app import create_app
    from tests.serve.conftest import OPEN

    return TestClient(create_app(three[0].root, OPEN), raise_server_exceptions=False)


def score(response):
    return next(
        item["score"]["mean"] for item in response.json()["items"] if item["occupation"]["code"] == "A"
    )


def test_each_release_answers_by_its_id_and_says_so(client, three):
    for shift, release in enumerate(three[1:]):
        response = client.get(f"/v1/gaps?release={release}")
        assert score(response) == pytest.approx(0.2 + 0.1 * shift)
        block = response.json()["release"]
        assert block["release"] == response.headers["x-release"] == release
        assert block["model_version"] == response.headers["x-model-version"] == str(shift + 1)
        assert response.headers["cache-control"] == "max-age=31536000, immutable"
    assert score(client.get("/v1/gaps")) == pytest.approx(0.4)


def test_latest_is_resolved_and_never_immutable(client, three):
    for address in ("/v1/gaps", "/v1/gaps?release=latest"):
        response = client.get(address)
        assert response.json()["release"]["release"] == three[3]
        assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("day", "number"),
    [("2026-01-01", 1), ("2026-01-31", 1), ("2026-02-01", 2), ("2026-03-15", 1), ("2026-04-01", 3)],
)
def test_a_day_finds_what_was_in_service(client, three, day, number):
    response = client.get(f"/v1/gaps?as_of={day}")
    assert response.json()["release"]["release"] == response.headers["x-release"] == three[number]


@pytest.mark.parametrize(
    "address",
    [
        *("gaps", "meta", "occupations", "occupations/A", "occupations/A/skills", "occupations/A/gaps"),
        *("questions/shortages", "skills", "skills/s1", "regions", "bulk", "bulk/gaps.csv", "dictionary"),
    ],
)
def test_every_address_takes_a_release(client, three, address):
    assert client.get(f"/v1/{address}?release={three[2]}").headers["x-release"] == three[2]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("release=000000000000", 404, "unknown_code"),
        ("release=../../etc", 404, "unknown_code"),
        ("as_of=2025-12-31", 404, "unknown_code"),
        ("as_of=2999-01-01", 422, "bad_parameter"),
        ("as_of=yesterday", 422, "bad_parameter"),
        ("release=latest&as_of=2026-01-01", 422, "bad_parameter"),
    ],
)
def test_what_was_never_served_is_refused(client, query, status, code):
    response = client.get(f"/v1/gaps?{query}")
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_releases_are_listed_newest_first_with_when_and_why(client, three):
    _, first, second, third = three
    body = client.get("/v1/releases").json()
    assert [item["release"] for item in body["items"]] == [third, first, second]
    assert [item["latest"] for item in body["items"]] == [True, False, False]
    assert [(time["since"], time["until"]) for time in body["items"][1]["served"]] == [
        ("2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z"),
        ("2026-03-01T10:00:00Z", "2026-04-01T10:00:00Z"),
    ]
    assert body["items"][0]["served"][0]["why"] == "number 3"


def test_one_release_names_its_tables_and_what_it_changed(client, three):
    body = client.get("/v1/releases/latest").json()
    assert body["card"]["release"] == three[3]
    assert body["changes"] == f"/v1/releases/{three[3]}/changes?from={three[1]}"
    assert client.get(body["changes"]).status_code == 200
    gaps = next(table for table in body["tables"] if table["name"] == "gaps")
    assert (gaps["rows"], client.get(gaps["formats"]["csv"]).status_code) == (16, 200)
    assert client.get("/v1/releases/000000000000").status_code == 404


def test_changes_give_both_figures_as_published(client, three):
    response = client.get(f"/v1/releases/{three[2]}/changes?from={three[1]}&region=BE2&horizon=5")
    body = response.json()
    assert (response.headers["x-release"], body["before"]["release"]) == (three[2], three[1])
    assert response.headers["cache-control"] == "max-age=31536000, immutable"
    changed = {item["occupation"]["code"]: item["figures"] for item in body["items"]}
    assert changed.keys() == {"A", "B", "TOTAL"}, "C is null in both"
    assert changed["A"]["score"]["before"] == score(client.get(f"/v1/gaps?release={three[1]}"))
    assert changed["A"]["score"]["after"] == score(client.get(f"/v1/gaps?release={three[2]}"))
    same = client.get(f"/v1/releases/{three[1]}/changes?from={three[1]}").json()
    assert (same["items"], same["reason"]["code"]) == ([], "unchanged")
    latest = client.get(f"/v1/releases/{three[2]}/changes?from=latest")
    assert latest.headers["cache-control"] == "no-cache"
    assert client.get(f"/v1/releases/{three[2]}/changes").status_code == 422
    assert client.get(f"/v1/releases/{three[2]}/changes?from=nope").status_code == 404


def test_the_backtest_of_a_release(client, three):
    body = client.get(f"/v1/releases/{three[1]}/backtest").json()
    assert {item["method"] for item in body["items"]} == {"naive", "lightgbm"}


def test_the_feed_has_every_release(client, three):
    response = client.get("/v1/releases.atom")
    assert response.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(response.content)  # noqa: S314  our own
    assert feed.find(f"{ATOM}updated").text == "2026-04-01T10:00:00Z"
    ids = [entry.find(f"{ATOM}id").text.rsplit(":", 1)[-1] for entry in feed.findall(f"{ATOM}entry")]
    assert ids == [three[3], three[1], three[2]]


def test_a_release_that_was_removed_is_gone_and_one_that_is_broken_refused(store, client_of):
    releases = [store.build(shift=shift) for shift in (0.0, 0.1, 0.2)]
    rich.log(store, *((release, "1", f"2026-0{at}-01T10:00:00Z") for at, release in enumerate(releases, 1)))
    shutil.rmtree(store.root / "releases" / releases[0])
    (store.root / "releases" / releases[1] / "tables" / "gaps.parquet").unlink()
    client = client_of(store)
    gone = client.get(f"/v1/gaps?release={releases[0]}")
    assert (gone.status_code, gone.json()["code"]) == (410, "pruned_release")
    broken = client.get(f"/v1/gaps?release={releases[1]}")
    assert (broken.status_code, broken.json()["code"]) == (503, "release_refused")
    assert str(store.root) not in broken.text
    assert client.get("/v1/gaps").status_code == 200
    assert [item["available"] for item in client.get("/v1/releases").json()["items"]] == [True, True, False]


def test_a_broken_log_is_told_and_the_latest_serves_on(store, client_of):
    release = store.build()
    rich.log(store, (release, "1", "2026-01-01T10:00:00Z"))
    (store.root / "promotions.jsonl").write_text('{"previous": "x"}\n')
    client = client_of(store)
    assert client.get("/v1/gaps").status_code == 200
    assert client.get("/v1/releases").status_code == 503
    assert client.get("/v1/gaps?as_of=2026-01-01").json()["code"] == "release_refused"


def test_older_releases_stay_in_bounded_memory(three):
    store, *releases = three
    archive = Archive(store.root, kept_bytes=1)
    loaded = [
        archive.load(Champion(release, str(at), f"2026-0{at}-01T10:00:00Z"), None)
        for at, release in enumerate(releases, 1)
    ]
    assert archive.loaded_bytes == loaded[-1].size
    again = archive.load(loaded[-1].champion, None)
    assert again is loaded[-1], "the one asked last is not read again"


def test_a_promotion_changes_the_latest_but_not_what_is_pinned(store, client_of):
    first, second = store.build(), store.build(shift=0.1)
    rich.log(store, (first, "1", "2026-01-01T10:00:00Z"))
    client = client_of(store)
    pinned, latest = client.get(f"/v1/gaps?release={first}"), client.get("/v1/gaps")
    rich.log(store, (first, "1", "2026-01-01T10:00:00Z"), (second, "2", "2026-02-01T10:00:00Z"))
    after = client.get("/v1/gaps", headers={"if-none-match": latest.headers["etag"]})
    assert (after.status_code, after.headers["x-release"]) == (200, second)
    again = client.get(f"/v1/gaps?release={first}")
    assert (again.content, again.headers["etag"]) == (pinned.content, pinned.headers["etag"])


def test_the_previous_release_is_the_one_in_service_before(client, three):
    _, first, second, third = three
    for release, before in ((third, first), ("latest", first), (first, second), (second, first)):
        response = client.get(f"/v1/releases/{release}/changes?from=previous")
        assert response.json()["before"]["release"] == before
        assert response.headers["cache-control"] == "no-cache", "a later promotion can change what it means"


def test_without_a_previous_release_that_is_said(client_of, store):
    release = store.build()
    rich.log(store, (release, "1", "2026-01-01T10:00:00Z"))
    client = client_of(store)
    refused = client.get("/v1/releases/latest/changes?from=previous")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_code")
    assert f"no other release was in service before {release}" in refused.json()["detail"]
    body = client.get("/v1/releases/latest").json()
    assert (body["changes"], body["changes_reason"]["code"]) == (None, "no_previous_release")


def test_what_a_release_was_made_of_is_compared(store, client_of):
    first = store.build()
    other = {"seed": 8, "fingerprints": {"occupations": "cd34", "regions": "ab12"}}
    second = store.build(shift=0.1, **other)
    rich.log(store, (first, "1", "2026-01-01T10:00:00Z"), (second, "2", "2026-02-01T10:00:00Z"))
    body = client_of(store).get(f"/v1/releases/{second}/changes?from={first}").json()
    assert body["settings"] == {"seed": {"before": 7, "after": 8}}
    assert body["tables"] == ["occupations", "regions"]
    assert set(body["units"]) >= {"score_p50", "qualitative_p90"}
    assert "annual_balance" not in body["units"], "not compared"
