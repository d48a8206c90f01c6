"""Weights by the API: the method's own numbers, other rules beside them, and nothing hidden told."""

import dataclasses
import logging
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from forecasting.funding import weights as rules
from forecasting.funding import words
from forecasting.funding.programme_columns import ASKED
from forecasting.funding.weight_tables import occupation_weights, skill_weights
from serve import schemas_funding
from serve.access import needed
from tests.conftest import ROOT
from tests.serve.funding_service import (
    CALL,
    COURSE,
    plain,
    refused,
    service_of,
    store_of,
)


@pytest.mark.parametrize(
    ("address", "table", "unit"),
    [("/v1/weights", "weights", "occupation"), ("/v1/weights/skills", "skill_weights", "skill")],
)
def test_weights_are_the_snapshots_to_the_last_digit(service, funded, address, table, unit):
    body = service.get(address, params={"order": "code"}).json()
    rows = funded.tables[table].to_dict("records")
    assert body["paging"]["total"] == len(rows) > 0
    for row, item in zip(rows, body["items"], strict=True):
        assert item[unit]["code"] == row[unit]
        assert {k: v for k, v in item.items() if k not in {unit, "reason"}} == {
            name: plain(value) for name, value in row.items() if name not in {unit, "reason"}
        }
    assert schemas_funding.Weights.model_validate(body)


def test_weights_come_with_caution_ground_and_version_of_the_rule(service, funded):
    body = service.get("/v1/weights").json()
    assert body["not_for_sole_use"] == words.NOT_FOR_SOLE_USE
    said = funded.manifest["parameters"]["weight_rule"]
    assert body["rule"]["weight_rule"]["in_force_from"] == said["in_force_from"]
    assert body["rule"]["weight_rule"]["value"] == said["value"]
    assert {item["ground"] for item in body["items"]} <= body["grounds"].keys()


def test_the_words_are_the_methods():
    assert get_args(schemas_funding.Ground) == tuple(words.GROUNDS)
    assert set(schemas_funding.GivenApplication.model_fields) == {c.name for c in ASKED.columns}


def test_weights_are_narrowed_and_paged(service, funded):
    table = funded.tables["weights"]
    ground = table["ground"].iloc[0]
    body = service.get("/v1/weights", params={"ground": ground, "limit": 1, "region": "Tinyland"}).json()
    assert body["paging"]["total"] == (table["ground"] == ground).sum()
    assert len(body["items"]) == 1
    assert service.get("/v1/weights?occupation=22").json()["items"][0]["occupation"]["code"] == "22"
    faults = service.get("/v1/weights?occupation=22,99,98").json()["errors"]
    assert [fault["value"] for fault in faults] == ["99", "98"]
    assert service.get("/v1/weights?region=Nowhere").status_code == 404
    assert refused(service.get("/v1/weights?ground=luck")).keys() == {"ground"}
    assert refused(service.get("/v1/weights?colour=red")).keys() == {"colour"}


def test_reading_weights_has_a_tag_and_loads_no_scipy(service, funded_store):
    tag = service.get("/v1/weights").headers["etag"]
    assert service.get("/v1/weights", headers={"If-None-Match": tag}).status_code == 304
    code = f"""
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from serve.app import create_app
from serve.settings import READS, Settings
client = TestClient(create_app(Path({str(funded_store)!r}), Settings(open=READS, log=False)))
assert client.get("/v1/weights").json()["items"] and client.get("/v1/weights/skills").json()["items"]
print(sorted({{"scipy", "sklearn", "lightgbm", "mlflow"}} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(("unit", "table"), [("occupation", "weights"), ("skill", "skill_weights")])
def test_the_releases_own_rule_gives_its_own_weights(service, funded, unit, table):
    body = service.post("/v1/weights/simulate", json={"unit": unit}).json()
    own = funded.tables[table].set_index(unit)
    assert body["totals"]["change_band"] == body["totals"]["change_weight"] == 0
    assert body["totals"]["zero_after"] == (own["weight"] == 0).mean()
    for item in body["items"]:
        row = own.loc[item[unit]["code"]]
        assert item["before"] == item["after"] == {name: plain(row[name]) for name in item["after"]}
        assert item["why"] == row["why"]
    assert schemas_funding.Simulated.model_validate(body)


def test_another_quantile_is_a_draw_of_the_release(service, funded):
    rule = {"quantile": 0.05, "topups": {}}
    body = service.post("/v1/weights/simulate", json={"rule": rule}).json()
    table, kept = funded.tables["weights"], np.sort(funded.draws["trainable"], axis=1)
    place = int(np.ceil(0.05 * kept.shape[1])) - 1
    bands = funded.manifest["parameters"]["weight_rule"]["value"]
    changed = 0
    for item in body["items"]:
        at = table.index[table["occupation"] == item["occupation"]["code"]][0]
        lower = float(kept[at, place])
        assert item["after"]["trainable_lower"] == lower
        if item["after"]["ground"] == "band":
            share = lower / table["openings"][at]
            band = sum(share >= edge for edge in bands["edges"]["occupation"])
            assert item["after"]["weight"] == bands["weights"][band]
        changed += item["before"]["band"] != item["after"]["band"]
        changed += item["before"]["band"] == item["after"]["band"] and (
            item["before"]["ground"] != item["after"]["ground"]
        )
    assert body["totals"]["change_band"] == changed > 0
    assert body["resolved"]["rule"]["quantile"] == 0.05
    only = service.post("/v1/weights/simulate", json={"rule": rule, "changed_only": True}).json()
    assert only["items"] == [item for item in body["items"] if item["changed"]]


def test_every_part_of_a_wrong_rule_is_told_at_once(service):
    rule = {"quantile": 0.9, "edges": [0.2, 0.1], "floor": 5, "topups": {"green": 0.5}}
    faults = refused(service.post("/v1/weights/simulate", json={"rule": rule}))
    assert faults.keys() == {"rule.quantile", "rule.edges", "rule.floor", "rule.topups"}
    assert "at most 0.5" in faults["rule.quantile"]


@pytest.mark.parametrize(
    ("body", "parameter", "message"),
    [
        ({"rule": {"quantile": "0.1"}}, "rule.quantile", "valid number"),
        ({"rule": {"luck": 1}}, "rule.luck", "not permitted"),
        ({"rule": {"edges": [], "weights": [1]}}, "rule.edges", "at least 1 item"),
        ({"rule": {"weights": [1, 2]}}, "rule.weights", "one per band"),
        ({"rule": {"neutral": 9}}, "rule.neutral", "from floor to cap"),
        ({"unit": "region"}, "unit", "'occupation' or 'skill'"),
        ([], "body", "valid dictionary"),
    ],
)
def test_a_wrong_simulation_says_what_is_wrong(service, body, parameter, message):
    faults = refused(service.post("/v1/weights/simulate", json=body))
    assert message in faults[parameter]


def hide(snapshot, table, draws, weigh):
    """Return the table with its last row that has a band hidden, and where that is."""
    frame, kept = snapshot.tables[table].reset_index(drop=True), snapshot.draws[draws].copy()
    at = frame.index[frame["ground"].eq("band")][-1]
    frame.loc[at, "reason"] = "confidential"
    kept[at] = np.nan
    frame = weigh(frame, kept)
    frame.loc[at, "reason"] = "confidential"
    return frame, at


@pytest.fixture(scope="module")
def hiding(tiny_snapshot, parameters, tmp_path_factory):
    """Make two services that hide the same cells, the second with other draws of those."""
    own = {unit: rules.WeightRule.of(parameters, unit) for unit in (rules.OCCUPATION, rules.SKILL)}
    cells, cell = hide(
        tiny_snapshot, "weights", "trainable", lambda f, d: occupation_weights(f, d, own[rules.OCCUPATION])
    )
    skills, skill = hide(
        tiny_snapshot,
        "skill_weights",
        "lacking_skills",
        lambda f, d: skill_weights(f, d, own[rules.SKILL], 0.25),
    )
    tables = {**tiny_snapshot.tables, "weights": cells, "skill_weights": skills}
    draws = {name: values.copy() for name, values in tiny_snapshot.draws.items()}
    draws["trainable"][cell], draws["lacking_skills"][skill] = 1e6, 1e6
    hidden = dataclasses.replace(tiny_snapshot, tables=tables)
    other = dataclasses.replace(hidden, draws=draws)
    return [service_of(store_of(each, tmp_path_factory.mktemp("hides"))) for each in (hidden, other)]


@pytest.mark.parametrize("unit", ["occupation", "skill"])
@pytest.mark.parametrize(
    "rule", [{}, {"quantile": 0.5}, {"neutral": 0.75}, {"edges": [1e-9], "weights": [0.5, 1.5]}]
)
def test_no_simulation_reveals_a_hidden_cell(hiding, unit, rule):
    asked = {"unit": unit, "rule": rule}
    bodies = [client.post("/v1/weights/simulate", json=asked).json() for client in hiding]
    assert bodies[0]["items"] == bodies[1]["items"]
    assert bodies[0]["totals"] == bodies[1]["totals"]
    hidden = [item for item in bodies[0]["items"] if (item["reason"] or {}).get("code") == "confidential"]
    assert len(hidden) == 1
    for item in hidden:
        after = item["after"]
        assert (after["weight"], after["ground"]) == (rule.get("neutral", 1.0), "neutral")
        assert after["trainable_lower"] is after["share_lower"] is after["band"] is None


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/v1/weights/simulate", {"rule": {"quantile": 0.1}}),
        ("/v1/courses/score", {"courses": [COURSE]}),
        ("/v1/allocations", CALL),
    ],
)
def test_the_same_input_gives_the_same_bytes_and_none_is_kept(service, funded_store, caplog, address, body):
    caplog.set_level(logging.DEBUG)
    first = service.post(address, json=body)
    again = service_of(funded_store).post(address, json=body)
    assert first.status_code == 200
    assert first.content == again.content
    pinned = service.post(address, params={"release": first.headers["x-release"]}, json=body)
    assert pinned.content == first.content
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-release"] == first.json()["release"]["release"]
    assert "U1" not in caplog.text
    assert "Python voor" not in caplog.text


def test_a_release_without_draws_is_refused(tiny_snapshot, tmp_path):
    client = service_of(store_of(dataclasses.replace(tiny_snapshot, draws={}), tmp_path))
    for address, body in (("/v1/weights/simulate", {}), ("/v1/allocations", CALL)):
        assert "with their draws" in refused(client.post(address, json=body))["release"]
    assert client.get("/v1/weights").status_code == 200


def test_a_release_without_weights_says_so(client):
    body = client.get("/v1/weights").json()
    assert (body["items"], body["reason"]["code"]) == ([], "unavailable")
    for address, sent in (("/v1/weights/simulate", {}), ("/v1/courses/score", {"courses": [{"id": "a"}]})):
        assert "release" in refused(client.post(address, json=sent))


def test_money_needs_its_scope():
    for path in ("/v1/weights", "/v1/weights/skills", "/v1/weights/simulate"):
        assert needed(path) == "weights"
    assert needed("/v1/courses/score") == needed("/v1/allocations") == "weights"


def test_the_examples_are_true(service):
    described = service.get("/openapi.json").json()
    for address, name in (
        ("/v1/weights/simulate", "Simulation"),
        ("/v1/courses/score", "CourseBatch"),
        ("/v1/allocations", "AllocationCall"),
    ):
        operation = described["paths"][address]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith(f"/{name}")
        assert {"200", "404", "410", "413", "415", "422", "500", "503"} <= operation["responses"].keys()
        for example in described["components"]["schemas"][name]["examples"]:
            assert service.post(address, json=example).status_code == 200
