"""Addresses that answer from tables: which rows, in which order, with labels, units, reasons and refusals."""

import pandas as pd
import pytest

from forecasting.published import PUBLISHED
from serve.resources import RESOURCES
from tests.serve import rich


@pytest.fixture(scope="module")
def client(tmp_path_factory, built):
    from fastapi.testclient import TestClient

    from serve.app import create_app
    from tests.serve.conftest import OPEN, Folder, to_frames

    store = Folder(tmp_path_factory.mktemp("rich"), built)
    store.promote(store.build(tables=rich.fill(to_frames())))
    return TestClient(create_app(store.root, OPEN), raise_server_exceptions=False)


def codes(body, column="occupation"):
    return [item[column]["code"] for item in body["items"]]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_every_resource_answers_with_meaning_units_and_a_total(client, resource):
    response = client.get(f"/v1/{resource.path.replace('{code}', 'A')}")
    body = response.json()
    assert response.status_code == 200, body
    assert body["meaning"] == PUBLISHED[resource.table].meaning
    assert body["paging"]["total"] == len(body["items"])
    assert (body["reason"] is None) == bool(body["items"])
    assert body["resolved"]["order"] == next(iter(resource.orders))
    if resource.table != "gaps":
        units = {c.name: c.unit for c in PUBLISHED[resource.table].columns if c.unit != "-"}
        assert body["units"] == units


def test_figures_are_those_of_the_table_to_the_last_digit(client):
    body = client.get("/v1/questions/shrinking-jobs").json()
    assert codes(body) == ["A", "B"], "what is unknown comes last"
    assert (body["items"][0]["probability"], body["items"][0]["base"]) == (rich.TENTH, 1e5 / 3)
    assert body["items"][1]["reason"] == {
        "code": "confidential",
        "meaning": "fewer persons than the configured minimum: suppressed",
    }
    assert body["items"][0]["reason"] is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("questions/shrinking-jobs?order=code", ["A", "B"]),
        ("questions/shrinking-jobs?answer=abstain", ["B"]),
        ("questions/shrinking-jobs?occupation=B", ["B"]),
        ("questions/shrinking-jobs?occupation=B,D", ["B", "D"]),
        ("questions/shrinking-jobs?limit=1&offset=1", ["B"]),
        ("questions/shortages", ["B", "A"]),
        ("questions/shortages?order=code", ["A", "B"]),
        ("questions/shortages?state=balanced", ["A"]),
        ("questions/shortages?answer=no&state=balanced", ["A"]),
        ("questions/training-response", ["A"]),
        ("weights", ["A"]),
    ],
)
def test_which_rows_and_in_which_order(client, address, expected):
    assert codes(client.get(f"/v1/{address}").json()) == expected


def test_skills_move(client):
    assert codes(client.get("/v1/questions/emerging-skills").json(), "skill") == ["s1", "s2"]
    body = client.get("/v1/questions/emerging-skills?direction=fading").json()
    assert codes(body, "skill") == ["s2"]
    assert body["items"][0]["skill"]["label"] == "read data"


def test_a_code_without_a_row_is_null_with_a_reason(client):
    item = client.get("/v1/questions/shrinking-jobs?occupation=D").json()["items"][0]
    assert (item["probability"], item["reason"]["code"]) == (None, "unavailable")
    assert (item["region"], item["horizon"]) == ("BE2", 5)


def test_an_empty_list_says_why(client):
    nothing = client.get("/v1/questions/shrinking-jobs?answer=no").json()
    assert (nothing["items"], nothing["reason"]["code"]) == ([], "no_match")
    elsewhere = client.get("/v1/questions/shrinking-jobs?region=BE").json()
    assert (elsewhere["items"], elsewhere["reason"]["code"]) == ([], "unavailable")
    assert client.get("/v1/skills?q=zzz").json()["reason"]["code"] == "no_match"


@pytest.mark.parametrize(
    ("address", "status", "code", "named"),
    [
        ("questions/shrinking-jobs?occupation=A,x,y", 404, "unknown_code", ["x", "y"]),
        ("questions/emerging-skills?skill=s9", 404, "unknown_code", ["s9"]),
        ("questions/shortages?state=cold", 422, "bad_parameter", ["cold"]),
        ("questions/shortages?order=up", 422, "bad_parameter", ["up"]),
        ("questions/emerging-skills?region=BE2", 422, "unknown_parameter", ["BE2"]),
        ("questions/training-response?scenario=green", 422, "unknown_parameter", ["green"]),
        ("questions/nothing", 404, "unknown_route", None),
        ("gaps?scenario=blue", 404, "unknown_code", ["blue"]),
        ("gaps?occupation=OLD", 410, "retired_code", ["OLD"]),
        ("gaps?occupation=OLD,nope", 404, "unknown_code", ["OLD", "nope"]),
        ("occupations/OLD/openings", 410, "retired_code", ["OLD"]),
        ("occupations/OLD", 410, "retired_code", ["OLD"]),
        ("skills/nope", 404, "unknown_code", ["nope"]),
    ],
)
def test_refusals_name_everything(client, address, status, code, named):
    response = client.get(f"/v1/{address}")
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["code"]) == (status, code)
    assert named is None or [error["value"] for error in body["errors"]] == named


def test_a_retired_code_names_its_successors(client):
    error = client.get("/v1/occupations/OLD/gaps").json()["errors"][0]
    assert error["successors"] == ["A", "B"]
    unknown = client.get("/v1/gaps?occupation=nope").json()["errors"][0]
    assert "successors" not in unknown


def test_gaps_of_another_scenario_say_so_everywhere(client):
    response = client.get("/v1/gaps?scenario=green")
    body = response.json()
    assert body["release"]["scenario"] == response.headers["x-scenario"] == "green"
    assert body["resolved"]["scenario"] == "green"
    assert {item["score"]["mean"] for item in body["items"]} == {0.9}
    assert client.get("/v1/gaps").headers["x-scenario"] == "baseline"
    assert client.get("/v1/occupations/A/gaps?scenario=green").json()["items"][0]["score"]["mean"] == 0.9


def test_gaps_are_narrowed_by_state_and_part(client):
    body = client.get("/v1/gaps?part=qualitative").json()
    assert codes(body) == ["A"]
    assert (body["items"][0]["qualitative"], body["resolved"]["order"]) == (rich.TENTH, "qualitative")
    assert codes(client.get("/v1/gaps?state=shortage&scenario=green&order=code").json()) == ["A", "B", "C"]
    empty = client.get("/v1/gaps?state=shortage").json()
    assert (empty["items"], empty["reason"]["code"]) == ([], "no_match")


def test_the_gaps_of_an_occupation_are_those_of_the_list(client):
    own = client.get("/v1/occupations/A/gaps").json()["items"]
    assert [item["horizon"] for item in own] == [1, 5]
    listed = client.get("/v1/gaps?occupation=A&horizon=5").json()["items"]
    assert own[1] == listed[0]
    assert client.get("/v1/occupations/A/gaps?horizon=5").json()["items"] == listed


def test_everything_about_a_skill(client):
    body = client.get("/v1/skills/s2").json()
    assert (body["skill"]["label"], body["movement"]["direction"]) == ("read data", "fading")
    assert codes({"items": body["asked_by"]}) == ["A"]
    assert client.get("/v1/skills/s2?horizon=1").json()["reason"]["code"] == "unavailable"


def test_skills_and_regions_are_listed(client):
    assert [item["code"] for item in client.get("/v1/skills?q=data").json()["items"]] == ["s2"]
    regions = client.get("/v1/regions?lang=nl").json()
    assert [(item["code"], item["label"]) for item in regions["items"]] == [
        ("BE2", "Vlaams Gewest"),
        ("BE", "België"),
    ]


def test_how_an_occupation_was_tested(client):
    body = client.get("/v1/occupations/A/backtest").json()
    assert [(item["horizon"], item["backtest"]) for item in body["horizons"]] == [
        (1, "tested at horizon 1"),
        (5, "tested at horizon 5"),
    ]
    assert (body["items"], body["reason"]["code"]) == (None, "not_by_occupation")
    assert [row["method"] for row in body["over_all_cells"]] == ["lightgbm", "naive"]


def test_every_label_names_parameters_that_exist():
    from forecasting.parameters import load_parameters
    from serve.labels import LABELS

    known = load_parameters().values
    for label in LABELS:
        assert PUBLISHED[label.table].column(label.column)
        assert set(label.parameters) <= known.keys(), label


def test_the_dictionary_has_every_table_and_threshold(client):
    body = client.get("/v1/dictionary").json()
    assert [table["name"] for table in body["tables"]] == list(PUBLISHED)
    state = next(label for label in body["labels"] if label["column"] == "gaps.state")
    assert state["parameters"]["shortage_threshold"] == 0.1
    page = client.get("/dictionary").text
    assert all(f'id="{name}"' in page for name in PUBLISHED)
    assert client.get("/v1/meta").json()["labels"] == body["labels"]


def retiring(frames, **more):
    """Return tables in which D gave way to A, and s3 to s1, as of a day."""
    tables = rich.fill(frames())
    moves = [
        ("occupations", "D", "A"),
        ("skills", "s2", "s1"),
        ("skills", "s0", "s1"),
        ("occupations", "B", "A"),
    ]
    rows = [
        rich.row("concordance", classification=kind, old_code=old, new_code=new, weight=1.0, **more)
        for kind, old, new in moves
    ]
    tables["concordance"] = pd.DataFrame(rows)
    tables["skills"].loc[len(tables["skills"])] = {**tables["skills"].loc[0], "code": "s0"}
    return tables


def test_a_retired_code_that_the_release_still_lists_is_gone_unless_it_is_in_use(store, client_of, frames):
    store.promote(store.build(tables=retiring(frames, valid_from="2020-01-01")))
    client = client_of(store)
    gone = {"occupations/D": ["A"], "gaps?occupation=D": ["A"], "skills/s0": ["s1"]}
    for address, successors in gone.items():
        response = client.get(f"/v1/{address}")
        assert (response.status_code, response.json()["code"]) == (410, "retired_code")
        assert response.json()["errors"][0]["successors"] == successors
    for address in ("occupations/B", "occupations/TOTAL", "occupations/A", "skills/s2", "skills/s1"):
        assert client.get(f"/v1/{address}").status_code == 200, f"{address} has figures or stands above some"
    listed = {item["code"]: item["successors"] for item in client.get("/v1/occupations").json()["items"]}
    assert listed == {"TOTAL": None, "A": None, "B": None, "C": None, "D": ["A"]}
    children = client.get("/v1/occupations/TOTAL").json()["children"]
    assert [child["code"] for child in children] == ["A", "B", "C"]
    person = client.post("/v1/transitions", json={"skills": ["s0", "s1"]})
    assert (person.status_code, person.json()["errors"][0]["successors"]) == (410, ["s1"])


def test_what_is_retired_after_the_base_year_is_in_use(store, client_of, frames):
    store.promote(store.build(tables=retiring(frames, valid_from="2026-01-01")))
    assert client_of(store).get("/v1/occupations/D").status_code == 200


def test_ranks_and_counts_are_whole_numbers(client):
    response = client.get("/v1/questions/shortages?limit=1")
    assert response.json()["items"][0]["rank"] == 1
    assert '"rank":1,' in response.text


def test_persons_lacking_have_an_interval_and_an_order(store, client_of, frames):
    tables = frames()
    gaps = tables["skill_gaps"]
    gaps.loc[gaps["skill"] == "s3", ["unfilled", "unfilled_p10", "unfilled_p50", "unfilled_p90"]] = (
        50,
        1,
        40,
        99,
    )
    store.promote(store.build(tables=tables))
    client = client_of(store)
    body = client.get("/v1/occupations/A/skills?order=lacking&limit=2").json()
    assert [item["skill"]["code"] for item in body["items"]] == ["s3", "s2"]
    first = body["items"][0]
    assert [first[f"unfilled{name}"] for name in ("", "_p10", "_p50", "_p90")] == [50, 1, 40, 99]
    assert body["persons_lacking"] == {"known": 2, "total": 3}
    whole = client.get("/v1/occupations/A/skills?order=lacking").json()["items"]
    assert (whole[-1]["skill"]["code"], whole[-1]["unfilled_p50"]) == ("s1", None)
    assert client.get("/v1/occupations/A/skills").json()["resolved"]["order"] == "importance"
