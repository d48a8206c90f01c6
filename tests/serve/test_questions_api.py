"""Where a person can go: asked by POST, the release's own answer, kept nowhere."""

import logging

import pytest

from forecasting.parameters import load_parameters
from forecasting.transition_answers import published_ground, transition_tables, transitions_of_person
from tests.oracles.transition_country import ISCO, most_asked, window
from tests.oracles.transition_country import tables as country
from tests.serve import rich


@pytest.fixture(scope="module")
def client(tmp_path_factory, built):
    from fastapi.testclient import TestClient

    from serve.app import create_app
    from tests.serve.conftest import MANIFEST, OPEN, Folder, to_frames

    store = Folder(tmp_path_factory.mktemp("abroad"), built)
    classes = {**MANIFEST["region"]["classifications"], "occupations": {"name": ISCO, "version": "1"}}
    region = {**MANIFEST["region"], "classifications": classes}
    parameters = load_parameters().as_dict()
    store.promote(store.build(tables=rich.abroad(to_frames()), region=region, parameters=parameters))
    return TestClient(create_app(store.root, OPEN), raise_server_exceptions=False)


HELD = most_asked("5111", 20)
ASKED = {"skills": HELD, "occupation": "5111", "region": "R2", "horizon": 5}


def test_a_person_gets_what_the_method_says(client):
    body = client.post("/v1/transitions", json=ASKED).json()
    parameters, given = load_parameters(), country()
    bounds = transition_tables(given, ISCO, parameters)["transition_thresholds"]
    base = published_ground(given, ISCO, parameters, bounds)
    expected = transitions_of_person(base, window("R2", 5), HELD, "5111").to_dict("records")
    assert body["items"], body["reason"]
    assert [item["destination"]["code"] for item in body["items"]] == [row["destination"] for row in expected]
    for item, row in zip(body["items"], expected, strict=True):
        assert (item["coverage"], item["why"]) == (row["coverage"], row["why"])
    assert {row["class"] for row in body["thresholds"]} == {"viable", "highly_viable"}
    assert body["units"]["coverage"] == "share of skill mass"


def test_the_same_question_gives_the_same_bytes_and_is_kept_nowhere(client, caplog):
    with caplog.at_level(logging.DEBUG):
        first, again = (client.post("/v1/transitions", json=ASKED) for _ in range(2))
    assert first.content == again.content
    assert first.headers["cache-control"] == "no-store"
    assert "etag" not in first.headers
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert not any(skill in told for told in ours for skill in HELD)
    assert "skills" not in first.json()["resolved"]


def test_a_crash_tells_nothing_of_the_person(client, monkeypatch, caplog):
    def crash(*_):
        raise ValueError(f"cannot {HELD}")

    monkeypatch.setattr("serve.people.transitions", crash)
    response = client.post("/v1/transitions", json=ASKED)
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert not any(skill in caplog.text or skill in response.text for skill in HELD)


@pytest.mark.parametrize(
    ("changed", "status", "code", "named"),
    [
        ({"skills": ["s00", "x", "y"]}, 404, "unknown_code", ["x", "y"]),
        ({"skills": []}, 422, "bad_parameter", None),
        ({"name": "somebody"}, 422, "bad_parameter", None),
        ({"occupation": "nope"}, 404, "unknown_code", ["nope"]),
        ({"region": "Narnia"}, 404, "unknown_code", ["Narnia"]),
        ({"horizon": 3}, 422, "bad_parameter", ["3"]),
    ],
)
def test_what_cannot_be_used_is_refused(client, changed, status, code, named):
    response = client.post("/v1/transitions", json={**ASKED, **changed})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert named is None or [error["value"] for error in response.json()["errors"]] == named


def test_the_address_takes_no_get(client):
    assert client.get("/v1/transitions").json()["code"] in {"method_not_allowed", "unknown_route"}
    assert client.post("/v1/transitions?skills=s00", json=ASKED).json()["code"] == "unknown_parameter"


def test_transitions_of_an_occupation_are_the_table(client):
    body = client.get("/v1/occupations/8121/transitions?region=R2&horizon=5").json()
    told = transition_tables(country(), ISCO, load_parameters())["transitions"]
    expected = told.query("occupation == '8121' and region == 'R2' and horizon == 5").sort_values("rank")
    assert [item["destination"]["code"] for item in body["items"]] == expected["destination"].tolist()
    assert [item["coverage"] for item in body["items"]] == expected["coverage"].tolist()


def test_a_release_without_profiles_says_that_nothing_is_known(store, client_of):
    store.promote(store.build())
    body = client_of(store).post("/v1/transitions", json={"skills": ["s1"]}).json()
    assert (body["items"], body["reason"]["code"]) == ([], "unavailable")


def test_ones_own_occupation_is_marked(client):
    owns = {item["own"] for item in client.post("/v1/transitions", json=ASKED).json()["items"]}
    assert owns <= {True, False}
    nobody = {name: value for name, value in ASKED.items() if name != "occupation"}
    assert {item["own"] for item in client.post("/v1/transitions", json=nobody).json()["items"]} == {None}


def test_where_nothing_is_near_enough_that_is_what_is_said(client):
    body = client.post("/v1/transitions", json={**ASKED, "skills": HELD[:1]}).json()
    assert (body["items"], body["reason"]["code"]) == ([], "no_destination")
    assert "coverage" in body["reason"]["meaning"]
    rows = client.get("/v1/occupations/5111/transitions?region=R1&horizon=5").json()["items"]
    assert all("openings" not in row["reason"]["meaning"] for row in rows if row["reason"])
