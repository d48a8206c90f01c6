"""Who may ask what: keys are kept as hashes, and every address says which scope it needs."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from forecasting.errors import ForecastingError, InputError
from forecasting.published import PUBLISHED
from serve.__main__ import cli
from serve.access import needed
from serve.app import create_app
from serve.keys import KEYS, create_key, read_keys, revoke_key
from serve.settings import READS, Settings, read_settings
from tests.conftest import ROOT

FREE = ("/dictionary", "/healthz", "/readyz", "/docs", "/openapi.json", "/static/page.css", "/v1/problems")


@pytest.fixture
def closed(keyed):
    """Make a client of a service that needs keys, and the folder they are in."""
    client = TestClient(create_app(keyed, Settings(log=False)), raise_server_exceptions=False)
    client.folder = keyed
    return client


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def ask(client, address="/v1/gaps", **headers):
    return client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})


def refused(response, status, code):
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    body = response.json()
    assert (body["code"], body["status"]) == (code, status)
    assert response.headers["x-release"] == body["release"]["release"]
    return body["detail"]


def test_without_a_key_it_says_how_to_bring_one(closed):
    response = ask(closed)
    assert "Authorization: Bearer KEY" in refused(response, 401, "key_missing")
    assert response.headers["www-authenticate"] == 'Bearer realm="competence-forecast"'


@pytest.mark.parametrize("address", FREE)
def test_what_tells_nobody_anything_needs_no_key(closed, address):
    assert ask(closed, address).status_code == 200


@pytest.mark.parametrize(
    "address", ["/", "/v1/gaps", "/v1/meta", "/v1/occupations/A", "/nope", "/v1/weights", "/metrics"]
)
def test_everything_else_needs_one(closed, address):
    refused(ask(closed, address), 401, "key_missing")


@pytest.mark.parametrize("how", ["Authorization: Bearer {}", "authorization: bearer {}", "X-API-Key: {}"])
def test_a_key_opens_what_it_has_the_scope_for(closed, how):
    secret, _ = create_key(closed.folder, "portal", ["scores"], 30)
    name, _, value = how.format(secret).partition(": ")
    assert ask(closed, **{name: value}).status_code == 200
    response = ask(closed, "/v1/weights", **{name: value})
    assert "scope weights" in refused(response, 403, "scope_missing")
    assert 'error="insufficient_scope", scope="weights"' in response.headers["www-authenticate"]
    refused(ask(closed, "/metrics", **{name: value}), 403, "scope_missing")


def test_a_scope_is_not_gained_by_how_the_address_is_written(closed):
    secret, _ = create_key(closed.folder, "portal", ["scores"], 30)
    for address in (
        "/metrics%0A",
        "/metrics/",
        "/v1/weights%0A",
        "/v1/weights/A%0AB",
        "/v1/bulk%2Fweights.csv",
    ):
        refused(ask(closed, address, **bearer(secret)), 403, "scope_missing")
    for address in ("/docs%0A", "/healthz%0A", "/v1/problems%0A", "/static%0A"):
        refused(ask(closed, address), 401, "key_missing")


def test_the_tables_of_the_funding_step_need_weights():
    money = {name for name in PUBLISHED if re.search("weights|courses|allocation", name)}
    assert {"weights", "skill_weights", "courses"} <= money
    for name in PUBLISHED:
        for kind in ("csv", "parquet", "json"):
            assert needed(f"/v1/bulk/{name}.{kind}") == ("weights" if name in money else "scores")


def test_every_route_has_the_scope_of_what_it_shows():
    app = create_app(ROOT / "absent")
    needs = {address: needed(address) for address in app.openapi()["paths"]}
    assert {address for address, need in needs.items() if need is None} == {
        "/healthz",
        "/readyz",
        "/v1/problems",
    }
    money = re.compile("weight|course|allocat|simulat")
    assert {a for a in needs if money.search(a)} == {a for a, need in needs.items() if need == "weights"}


@pytest.mark.parametrize(
    "secret",
    ["", "x", "cf_00000000_" + "a" * 43, "é" * 9, "cf_" + "0" * 5000],
    ids=["none", "x", "unknown", "é", "long"],
)
def test_an_unknown_key_is_refused_even_where_all_is_open(keyed, secret):
    for settings in (Settings(log=False), Settings(open=READS, log=False)):
        response = ask(TestClient(create_app(keyed, settings)), X_API_Key=secret.encode("latin-1"))
        assert "not known" in refused(response, 401, "key_refused")
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_two_different_keys_are_refused(closed):
    one, two = (create_key(closed.folder, "portal", ["scores"], 30)[0] for _ in range(2))
    assert ask(closed, Authorization=f"Bearer {one}", X_API_Key=one).status_code == 200
    refused(ask(closed, Authorization=f"Bearer {one}", X_API_Key=two), 401, "key_refused")


def test_a_key_in_the_address_is_no_key(closed):
    secret, _ = create_key(closed.folder, "portal", ["scores"], 30)
    refused(ask(closed, f"/v1/gaps?api_key={secret}"), 401, "key_missing")


def test_a_revoked_key_stops_at_the_next_request(closed):
    secret, key = create_key(closed.folder, "portal", ["scores"], None)
    assert ask(closed, **bearer(secret)).status_code == 200
    revoke_key(closed.folder, key.id)
    assert "was revoked on" in refused(ask(closed, **bearer(secret)), 401, "key_refused")


def test_an_expired_key_stops_by_itself(closed):
    secret, key = create_key(closed.folder, "portal", ["scores"], 1)
    path = closed.folder / KEYS
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    path.write_text(path.read_text().replace(key.expires, past))
    assert "expired on" in refused(ask(closed, **bearer(secret)), 401, "key_refused")


def test_a_damaged_file_of_keys_lets_nobody_in(closed, caplog):
    secret, _ = create_key(closed.folder, "portal", ["scores"], 30)
    (closed.folder / KEYS).write_text('{"keys": [{}]}')
    refused(ask(closed, **bearer(secret)), 503, "keys_unreadable")
    assert "keys.json" in caplog.text
    refused(ask(closed), 401, "key_missing")


def test_open_reading_is_asked_for_and_does_not_open_the_metrics(keyed):
    client = TestClient(create_app(keyed, Settings(open=READS, log=False)))
    assert ask(client).status_code == 200
    assert ask(client, "/v1/weights").status_code in {200, 404}
    refused(ask(client, "/metrics"), 401, "key_missing")
    secret, _ = create_key(keyed, "prometheus", ["admin"], None)
    assert ask(client, "/metrics", **bearer(secret)).status_code == 200


def test_what_needed_a_key_stays_out_of_shared_caches(closed, client):
    secret, _ = create_key(closed.folder, "portal", ["scores"], 30)
    for response in (ask(closed, **bearer(secret)), ask(closed)):
        told = response.headers["cache-control"]
        assert "private" in told
        assert "public" not in told
    assert "private" not in ask(client).headers.get("cache-control", "")


def test_the_file_keeps_no_key_and_is_read_by_few(tmp_path):
    secret, key = create_key(tmp_path, "portal", ["scores", "weights"], 30)
    text = (tmp_path / KEYS).read_text()
    assert secret not in text
    assert secret.split("_", 2)[2] not in text
    assert len(secret.split("_", 2)[2]) == 43  # 256 bits in base64
    assert (tmp_path / KEYS).stat().st_mode & 0o007 == 0
    assert read_keys(tmp_path / KEYS) == {key.id: key}


def test_commands_at_the_same_time_lose_no_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: create_key(tmp_path, f"{n}", ["scores"], 30)[1].id, range(16)))
    assert read_keys(tmp_path / KEYS).keys() == set(made)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"keys": 3}',
        '{"keys": [{"id": "a"}]}',
        '{"keys": [{"id":"a","name":"b","digest":"c","scopes":["root"],"created":""}]}',
    ],
)
def test_a_file_that_is_not_one_of_keys_is_told(tmp_path, content):
    (tmp_path / KEYS).write_text(content)
    with pytest.raises(InputError, match=r"keys\.json"):
        read_keys(tmp_path / KEYS)


def test_an_unknown_scope_or_key_is_told(tmp_path):
    with pytest.raises(ForecastingError, match="expected some of scores, weights, admin"):
        create_key(tmp_path, "portal", ["root"], 30)
    with pytest.raises(ForecastingError, match="has no key 'abc'"):
        revoke_key(tmp_path, "abc")


def command(store, *arguments):
    return CliRunner().invoke(cli, ["--store", str(store), "keys", *arguments])


def test_the_command(closed):
    made = command(
        closed.folder, "create", "portal of a city", "--scope", "scores", "--days", "10", "--rate", "30"
    )
    secret = made.stdout.strip()
    assert ask(closed, **bearer(secret)).headers["ratelimit-policy"] == '"key";q=30;w=60'
    its_id = secret.split("_")[1]
    (listed,) = json.loads(command(closed.folder, "list", "--json").stdout)
    assert (listed["id"], listed["name"], listed["live"]) == (its_id, "portal of a city", True)
    assert "digest" not in listed
    assert "revoked" in command(closed.folder, "revoke", its_id).stdout
    refused(ask(closed, **bearer(secret)), 401, "key_refused")
    wrong = command(closed.folder, "create", "x", "--scope", "root")
    assert wrong.exit_code == 1
    assert "expected some of" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_settings_are_read_whole_or_not_at_all():
    said = {
        "SERVE_OPEN": "scores",
        "SERVE_RATE": "7",
        "SERVE_ORIGINS": "https://a.be, https://b.be",
        "SERVE_LOG": "0",
    }
    settings = read_settings(said)
    assert (settings.open, settings.rate, settings.log) == ({"scores"}, 7, False)
    assert settings.origins == {"https://a.be", "https://b.be"}
    assert read_settings({}) == Settings()
    assert Settings().open == set()
    assert read_settings({"SERVE_OPEN": "1"}).open == READS
    with pytest.raises(InputError) as wrong:
        read_settings({"SERVE_OPEN": "everything", "SERVE_RATE": "-1", "SERVE_LOG": "perhaps"})
    for name in ("SERVE_OPEN", "SERVE_RATE", "SERVE_LOG"):
        assert name in str(wrong.value)


def test_the_description_says_which_scope(keyed):
    closed, everyone = (
        create_app(keyed, settings).openapi()["paths"] for settings in (Settings(), Settings(open=READS))
    )
    assert closed["/v1/gaps"]["get"]["security"] == [{"bearer": ["scores"]}, {"key": ["scores"]}]
    assert {} in everyone["/v1/gaps"]["get"]["security"]
    assert "security" not in closed["/healthz"]["get"]
    assert {"401", "403", "406", "414", "429", "431"} <= closed["/v1/gaps"]["get"]["responses"].keys()
