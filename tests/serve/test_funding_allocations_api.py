"""Allocations by the API: the method's cents, reasons and refusals."""

import dataclasses
import datetime as dt
import json

import pandas as pd
import pytest

from forecasting.funding import words
from forecasting.funding.law import load_rules
from forecasting.funding.law_columns import GRANTS
from forecasting.funding.programme import Basis, Call, decide
from forecasting.funding.programme_columns import ASKED
from forecasting.funding.programme_tables import result_table
from forecasting.funding.statements import statements
from forecasting.parameters import load_parameters
from serve import schemas_funding
from tests.serve.funding_service import (
    APPLICATIONS,
    CALL,
    DAY,
    GRANT,
    plain,
    refused,
    service_of,
    store_of,
)


def decided(funded, universal=False):
    tables = funded.tables
    day = dt.date.fromisoformat(DAY)
    asked = pd.DataFrame(APPLICATIONS, columns=[column.name for column in ASKED.columns], dtype=object)
    grants = pd.DataFrame([GRANT], columns=[column.name for column in GRANTS.columns], dtype=object)
    call = Call(day, 500005, asked, grants, tables["courses"], None, None, universal, "eligible_cost")
    parameters = load_parameters(day)
    basis = Basis(tables, funded.draws["lacking_skills"], parameters, parameters, load_rules(day))
    return call, basis, decide(call, basis)


@pytest.mark.parametrize("universal", [False, True])
def test_an_allocation_is_the_methods_to_the_cent(service, funded, universal):
    call, basis, decision = decided(funded, universal)
    body = service.post("/v1/allocations", json=CALL | {"universal": universal}).json()
    rows = result_table(decision).to_dict("records")
    assert [{k: item[k] for k in body["columns"]} for item in body["items"]] == [
        {name: plain(value) for name, value in row.items()} for row in rows
    ]
    total = sum(item["cents"] for item in body["items"])
    assert total == body["summary"]["allocated_cents"] == 500005 - body["summary"]["residual_cents"]
    assert body["statements"] == statements(
        call, decision, body["release"]["release"], basis.rule.quantile, basis.dividing, "en"
    )
    assert schemas_funding.Allocated.model_validate(body)


def test_an_allocation_tells_law_versions_and_hashes(service):
    body = service.post("/v1/allocations", json=CALL | {"lang": "nl"}).json()
    by_id = {item["id"]: item for item in body["items"]}
    assert by_id["A4"]["refused"]
    assert by_id["A4"]["findings"][0]["rule"] == "gber_31_mandatory"
    assert "AGVV" in body["statements"] or "Toegekend" in body["statements"]
    cited = {finding["rule"] for item in body["items"] for finding in item["findings"]}
    assert cited <= body["trace"]["law"].keys()
    assert body["trace"]["sha256"]["release"] == body["release"]["release"]
    assert all(len(value) == 64 for name, value in body["trace"]["sha256"].items() if name != "release")
    assert body["not_for_sole_use"]["nl"] == words.NOT_FOR_SOLE_USE["nl"]


def test_findings_are_in_the_language_of_the_answer(service, funded):
    found = decided(funded)[2].legal.findings
    for lang, spoken in (("en", "detail"), ("nl", "detail_nl")):
        items = service.post("/v1/allocations", json=CALL | {"lang": lang}).json()["items"]
        told = [finding for item in items for finding in item["findings"]]
        assert "detail_nl" not in told[0]
        assert sorted(finding["detail"] for finding in told) == sorted(found[spoken])
    assert set(found["detail"]) != set(found["detail_nl"])


def test_the_order_of_applications_changes_no_amount(service):
    turned = CALL | {"applications": APPLICATIONS[::-1]}
    bodies = [service.post("/v1/allocations", json=call).json() for call in (CALL, turned)]
    assert bodies[0]["items"] == bodies[1]["items"]


WRONG = [
    ({"budget": 5000.05}, "budget", "euros as text"),
    ({"budget": "0.00"}, "budget", "more than 0"),
    ({"budget": "-1"}, "budget", "euros as text"),
    ({"budget": "1.005"}, "budget", "at most two decimals"),
    ({"day": "2026-02-30"}, "day", "a day that exists"),
    ({"day": "1990-01-01"}, "day", "no value in force"),
    ({"size": "luck"}, "size", "eligible_cost"),
    ({"colour": "red"}, "colour", "not permitted"),
    ({"applications": []}, "applications", "at least 1 item"),
    ({"applications": APPLICATIONS * 501}, "applications", "at most 2000 items"),
    ({"grants": [GRANT | {"amount": 12.5}]}, "grants[].amount", "euros as text"),
    ({"grants": [GRANT | {"regime": "luck"}]}, "grants[].regime", "one of gber_31"),
]
WRONG_ROWS = [
    ({"cost_course": 2000.0}, "cost_course", "euros as text"),
    ({"cost_course": "-5"}, "cost_course", "euros as text"),
    ({"cost_course": "9999999999"}, "cost_course", "0 to 1e+09"),
    ({"course": "C99"}, "course", "a course of courses"),
    ({"id": "A2"}, "id", "only once"),
    ({"id": " "}, "id", "a value"),
    ({"undertaking": None}, "undertaking", "valid string"),
    ({"undertaking": "U\x001"}, "undertaking", "match pattern"),
    ({"participants": 0}, "participants", "greater than or equal to 1"),
    ({"participants": 10**400}, "participants", "less than or equal to 1000000"),
    ({"participants": 1.5}, "participants", "valid integer"),
    ({"size_class": "huge"}, "size_class", "one of small"),
    ({"regime": "luck"}, "regime", "one of gber_31"),
    ({"groups": "friends"}, "groups", "groups among"),
    ({"region": "Nowhere"}, "region", "a region of the release"),
    ({"applied_on": "2026-13-01"}, "applied_on", "a day that exists"),
    ({"applied_on": "2027-01-01"}, "applied_on", "until the decision"),
    ({"applied_on": "1999-01-01"}, "applied_on", "from 2"),
    ({"applied_on": "0001-01-01"}, "applied_on", "a day"),
    ({"employment_fraction": 2}, "employment_fraction", "less than or equal to 1"),
    ({"same_costs_as": "A2"}, "same_costs_as", "same undertaking"),
    ({"colour": "red"}, "colour", "not permitted"),
]


@pytest.mark.parametrize(("changed", "parameter", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_call_says_what_is_wrong(service, changed, parameter, message):
    faults = refused(service.post("/v1/allocations", json=CALL | changed))
    assert message in faults[parameter]


@pytest.mark.parametrize(("changed", "column", "message"), WRONG_ROWS, ids=lambda value: str(value)[:40])
def test_a_wrong_application_says_what_is_wrong_and_where(service, changed, column, message):
    rows = [APPLICATIONS[0] | changed, *APPLICATIONS[1:]]
    response = service.post("/v1/allocations", json={"day": DAY, "budget": "10.00", "applications": rows})
    told = refused(response)[f"applications[].{column}"]
    assert message in told
    assert "(item" in told


def test_what_is_wrong_is_told_together_and_once(service):
    rows = [row | {"course": "C99", "groups": "friends"} for row in APPLICATIONS]
    faults = refused(service.post("/v1/allocations", json=CALL | {"applications": rows}))
    assert faults.keys() == {"applications[].course", "applications[].groups"}
    assert faults["applications[].course"].endswith("(items 0, 1, 2, 3)")
    rows = [{"id": "\ud800"}, {"id": 5}] + [{}] * 8
    sent = json.dumps(CALL | {"applications": rows, "budget": 5})
    response = service.post("/v1/allocations", content=sent, headers={"Content-Type": "application/json"})
    faults = refused(response)
    assert "(items 0, 1, 2, 3, 4 and 5 more)" in faults["applications[].course"]
    assert "budget" in faults


@pytest.mark.parametrize("sent", ["", "{", '{"day": NaN}', "null", "[" * 2000])
def test_a_body_that_cannot_be_read_is_a_problem(service, sent):
    response = service.post("/v1/allocations", content=sent, headers={"Content-Type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"


def test_another_kind_of_body_is_a_problem(service):
    response = service.post("/v1/allocations", content="a=1", headers={"Content-Type": "text/plain"})
    assert response.json()["code"] == "unsupported_media_type"


def test_a_release_of_history_is_refused_unless_it_is_asked_for(tiny_snapshot, tmp_path):
    status = {"label": "historical demonstration", "sentence": "The windows lie in the past."}
    manifest = {**tiny_snapshot.manifest, "status": status}
    old = service_of(store_of(dataclasses.replace(tiny_snapshot, manifest=manifest), tmp_path))
    assert "historical" in refused(old.post("/v1/allocations", json=CALL))["release"]
    assert old.post("/v1/allocations", json=CALL | {"historical_demonstration": True}).status_code == 200


def test_current_data_age_until_the_day(tiny_snapshot, tmp_path):
    status = {"label": "current", "sentence": "The data are current."}
    manifest = {**tiny_snapshot.manifest, "status": status}
    client = service_of(store_of(dataclasses.replace(tiny_snapshot, manifest=manifest), tmp_path))
    assert client.post("/v1/allocations", json=CALL).status_code == 200
    late = client.post("/v1/allocations", json=CALL | {"day": "2040-01-01"})
    assert "years before 2040-01-01" in refused(late)["release"]
