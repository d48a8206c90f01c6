"""Every figure that a route gives equals the snapshot's, and every null has a reason."""

from urllib.parse import quote

import numpy as np
import pytest


def row_of(rows, **key):
    found = [row for row in rows if all(row[name] == value for name, value in key.items())]
    assert len(found) == 1, key
    return found[0]


def assert_gap(item, row):
    for name in ("region", "horizon", "from_year", "to_year", "aggregate", "rank", "covers", "reliability"):
        assert item[name] == row[name], name
    for name in (
        "quantitative",
        "qualitative",
        "score_at_mean_inputs",
        "probability_of_shortage",
        "share_of_draws_with_openings",
        "openings",
    ):
        assert item[name] == row[name], name
    for name in ("supply", "annual_balance", "backtest", "why", "why_nl", "qualitative_reason"):
        assert item[name] == row[name], name
    for name in ("score", "unfilled"):
        assert_interval(item[name], row, name, f"{name}_")
    for name in ("quantitative", "qualitative"):
        assert_interval(item[f"{name}_interval"], row, name, f"{name}_")


def assert_interval(figure, row, mean, prefix=""):
    if row[mean] is None:
        assert figure is None
        return
    assert {"mean": row[mean], **{q: row[prefix + q] for q in ("p10", "p50", "p90")}} == {
        name: figure[name] for name in ("mean", "p10", "p50", "p90")
    }
    assert figure["unit"]


@pytest.mark.parametrize("region", ["BE2", "BE"])
@pytest.mark.parametrize("horizon", [1, 5])
def test_gaps_are_the_snapshots(client, tables, region, horizon):
    body = client.get("/v1/gaps", params={"region": region, "horizon": horizon, "level": "all"}).json()
    assert body["paging"] == {"total": 4, "limit": 100, "offset": 0, "next": None}
    for item in body["items"]:
        key = {"region": region, "horizon": horizon, "occupation": item["occupation"]["code"]}
        assert_gap(item, row_of(tables["gaps"], **key))


def test_a_null_score_keeps_its_reason_and_is_no_lower_bound(client):
    item = client.get("/v1/gaps", params={"occupation": "C"}).json()["items"][0]
    assert item["score"] is None
    assert item["reason"]["code"] == "not_applicable"
    assert "no openings" in item["reason"]["meaning"]
    assert item["lower_bound"] is False


def test_an_unknown_qualitative_part_makes_the_score_a_lower_bound(client):
    item = client.get("/v1/gaps", params={"occupation": "A"}).json()["items"][0]
    assert (item["covers"], item["lower_bound"]) == ("quantitative", True)
    assert (item["qualitative"], item["qualitative_reason"]) == (None, "unavailable")


def test_a_score_that_knows_part_of_the_lack_is_a_lower_bound_too(store, client_of, frames):
    tables = frames()
    tables["gaps"] = tables["gaps"].assign(covers="partly")
    store.promote(store.build(tables=tables))
    item = client_of(store).get("/v1/gaps?occupation=A").json()["items"][0]
    assert (item["covers"], item["lower_bound"]) == ("partly", True)


def test_an_occupation_without_a_cell_is_null_with_a_reason(client):
    item = client.get("/v1/gaps", params={"occupation": "D"}).json()["items"][0]
    assert (item["score"], item["openings"], item["reason"]["code"]) == (None, None, "unavailable")
    assert (item["from_year"], item["to_year"]) == (2025, 2030)
    assert item["qualitative_reason"] == "unavailable"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["B", "A", "C"]),
        ({"order": "code"}, ["A", "B", "C"]),
        ({"level": "aggregate"}, ["TOTAL"]),
        ({"level": "all", "order": "code"}, ["A", "B", "C", "TOTAL"]),
        ({"occupation": "TOTAL,A"}, ["A", "TOTAL"]),
        ({"occupation": "A, A ,B"}, ["B", "A"]),
        ({"limit": 1, "offset": 1}, ["A"]),
        ({"region": "BE"}, ["B", "A", "C"]),
    ],
)
def test_which_gaps_and_in_which_order(client, query, expected):
    body = client.get("/v1/gaps", params=query).json()
    assert [item["occupation"]["code"] for item in body["items"]] == expected


def test_paging_leads_through_everything(client):
    address, seen = "/v1/gaps?limit=1&level=all&occupation=A,B,TOTAL", []
    while address:
        body = client.get(address).json()
        assert body["paging"]["total"] == 3
        seen += [item["occupation"]["code"] for item in body["items"]]
        address = body["paging"]["next"]
    assert seen == ["B", "A", "TOTAL"]


@pytest.mark.parametrize("name", ["BE2", "be2", "Flanders", "vlaams gewest", " Flanders "])
def test_a_region_is_found_by_code_or_name(client, name):
    resolved = client.get("/v1/gaps", params={"region": name}).json()["resolved"]
    assert resolved["region"] == {"code": "BE2", "label": "Flanders"}


def test_defaults_are_resolved_and_echoed(client):
    assert client.get("/v1/gaps").json()["resolved"] == {
        "region": {"code": "BE2", "label": "Flanders"},
        "horizon": 5,
        "occupation": None,
        "level": "cell",
        "state": None,
        "part": None,
        "scenario": "baseline",
        "order": "rank",
        "lang": "en",
    }


def test_everything_of_one_occupation(client, tables):
    body = client.get("/v1/occupations/A").json()
    assert [gap["horizon"] for gap in body["gaps"]] == [1, 5]
    for item in body["gaps"]:
        assert_gap(item, row_of(tables["gaps"], region="BE2", occupation="A", horizon=item["horizon"]))
    assert len(body["openings"]["items"]) == 12
    for table, column in (("openings", "component"), ("supply", "source")):
        assert body[table]["unit"] == "persons"
        for item in body[table]["items"]:
            key = {"region": "BE2", "occupation": "A", "horizon": item["horizon"], column: item[column]}
            row = row_of(tables[table], **key)
            assert_interval(item["figure"], row, "mean")
            assert (item["reason"] or {"code": None})["code"] == row["reason"]
    employment = {item["year"]: item["persons"] for item in body["employment"]["items"]}
    assert employment == {2024: 10024.0, 2025: 10025.0}
    rates = {item["year"]: (item["rate"], item["reason"]) for item in body["vacancy_rates"]["items"]}
    assert rates[2024] == (0.0412, None)
    assert rates[2025][0] is None
    assert rates[2025][1]["code"] == "unavailable"


def test_what_is_missing_of_an_occupation_has_a_reason(client):
    body = client.get("/v1/occupations/D", params={"region": "BE"}).json()
    assert body["occupation"]["scored"] is False
    for name in ("openings", "supply", "employment", "vacancy_rates"):
        assert body[name]["items"] == []
        assert body[name]["reason"]["code"] == "unavailable"
    assert [gap["score"] for gap in body["gaps"]] == [None, None]


def test_a_code_may_be_an_address(store, client_of, frames):
    tables, code = frames(), "http://data.europa.eu/esco/occupation/1"
    tables["occupations"].loc[len(tables["occupations"]), ["code", "parent", "level"]] = [code, "TOTAL", 1]
    store.promote(store.build(tables=tables))
    client, path = client_of(store), f"/v1/occupations/{quote(code, safe='')}"
    assert client.get(path).json()["occupation"]["code"] == code
    assert client.get(f"{path}/skills").json()["resolved"]["occupation"]["label"] == code


def test_a_parent_names_its_children(client):
    body = client.get("/v1/occupations/TOTAL", params={"lang": "nl"}).json()
    assert [child["code"] for child in body["children"]] == ["A", "B", "C", "D"]
    assert body["occupation"]["label"] == "Alle beroepen"


def test_skills_come_by_what_is_asked_and_important(client):
    body = client.get("/v1/occupations/A/skills").json()
    assert [item["skill"]["code"] for item in body["items"]] == ["s2", "s1", "s3"]
    first, second, unlisted = body["items"]
    assert (first["asked"], first["importance"], first["unfilled"], first["reason"]) == (0.9, 0.4, 33.0, None)
    assert (first["skill"]["label"], first["digital"], first["green"]) == ("read data", True, None)
    assert (second["unfilled"], second["reason"]["code"]) == (None, "unavailable")
    assert unlisted["skill"]["label"] == "s3"
    assert body["paging"]["total"] == 3


def test_skills_are_paged_and_the_next_part_is_of_the_same_release(client):
    body = client.get("/v1/occupations/A/skills", params={"limit": 1, "offset": 1}).json()
    assert [item["skill"]["code"] for item in body["items"]] == ["s1"]
    release = body["release"]["release"]
    assert body["paging"]["next"] == f"/v1/occupations/A/skills?limit=1&offset=2&release={release}"
    following = client.get(body["paging"]["next"]).json()
    assert [item["skill"]["code"] for item in following["items"]] == ["s3"]
    pinned = client.get("/v1/skills?limit=1&as_of=2026-11-22").json()["paging"]["next"]
    assert "release=" not in pinned


def test_no_skills_has_a_reason(client):
    body = client.get("/v1/occupations/B/skills").json()
    assert (body["items"], body["paging"]["total"], body["reason"]["code"]) == ([], 0, "unavailable")


def test_occupations_are_listed_with_labels_and_parents(client, tables):
    body = client.get("/v1/occupations").json()
    assert body["paging"]["total"] == 5
    for item in body["items"]:
        row = row_of(tables["occupations"], code=item["code"])
        assert (item["parent"], item["level"]) == (row["parent"], row["level"])
        assert item["labels"].get("nl") == row["label_nl"]
        assert item["labels"].get("en") == row["label_en"]


@pytest.mark.parametrize(
    ("text", "expected"), [("nurs", ["A"]), ("VERPLEEG", ["A"]), ("tot", ["TOTAL"]), ("zzz", [])]
)
def test_occupations_are_searched_in_every_language(client, text, expected):
    body = client.get("/v1/occupations", params={"q": text}).json()
    assert [item["code"] for item in body["items"]] == expected
    assert body["paging"]["total"] == len(expected)


@pytest.mark.parametrize(
    ("query", "header", "label"),
    [
        ({"lang": "nl"}, "en", "Verpleegkundigen"),
        ({}, "nl-BE,nl;q=0.9,en;q=0.8", "Verpleegkundigen"),
        ({}, "de, en;q=0.5, nl;q=0.4", "Nurses"),
        ({}, "nl;q=0, en;q=0.1", "Nurses"),
        ({}, "nl;q=nonsense", "Nurses"),
        ({}, None, "Nurses"),
    ],
)
def test_labels_follow_the_language_asked(client, query, header, label):
    response = client.get("/v1/occupations/A", params=query, headers={"accept-language": header or ""})
    assert response.json()["occupation"]["label"] == label
    assert response.headers["content-language"] == response.json()["resolved"]["lang"]
    assert response.headers["vary"] == "Accept-Language, Accept-Encoding"


def test_a_label_missing_in_a_language_is_given_in_another(client):
    assert client.get("/v1/occupations/C").json()["occupation"]["label"] == "Hoefsmeden"


def test_meta_tells_what_the_figures_are(client, tables):
    body = client.get("/v1/meta").json()
    assert [region["code"] for region in body["regions"]] == ["BE2", "BE"]
    assert body["horizons"] == [1, 5]
    assert body["methods"] == {"sector_employment": "naive"}
    assert body["parameters"]["shortage_threshold"]["value"] == 0.1
    assert body["parameters"]["reliability_labels"]["value"] == {"good": 500, "caution": 100}
    assert body["sources"][0]["attribution"].startswith("This service uses the ESCO")
    assert body["not_quotable"] == ["A score of a cell with fewer than 100 persons."]
    assert body["limits"]["page_largest"] == 1000
    assert body["residuals"] == {"openings": 0.0}
    assert "promoted_by" not in body
    for item in body["backtest"]:
        row = row_of(tables["backtest"], method=item["method"])
        assert item == {name: row[name] for name in item}


def test_the_data_dictionary_is_the_declaration(client):
    from forecasting.published import PUBLISHED

    declared = {table["name"]: table for table in client.get("/v1/meta").json()["tables"]}
    assert declared.keys() == PUBLISHED.keys()
    for name, table in PUBLISHED.items():
        assert [column["unit"] for column in declared[name]["columns"]] == [c.unit for c in table.columns]


def test_the_units_in_a_body_are_the_declared_ones(client):
    body = client.get("/v1/gaps").json()
    assert body["units"]["openings"] == "persons"
    assert body["units"]["score"] == body["items"][0]["score"]["unit"] == "share of openings"
    assert body["units"].keys() <= body["items"][0].keys()


def test_what_is_too_weak_to_quote_follows_what_is_not(store, client_of, frames):
    tables = frames()
    order = ["B", "A", "C"]
    for weak, expected in (("none", order), ("B", ["A", "B", "C"])):
        marked = np.where(tables["gaps"]["occupation"] == weak, "low_reliability", "")
        store.promote(store.build(tables={**tables, "gaps": tables["gaps"].assign(state_reason=marked)}))
        items = client_of(store).get("/v1/gaps?order=score").json()["items"]
        assert [item["occupation"]["code"] for item in items] == expected, "C has no score: last"
