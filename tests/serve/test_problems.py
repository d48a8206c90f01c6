"""One shape for every way to fail.

`application/problem+json` with exactly type, title, status, detail, code, instance, and, where they apply,
errors (each thing wrong) and release (what is served). `code` is one of `serve.problems.KINDS`, and decides
status and title; type leads to the table of codes.
"""

import pytest

from serve.problems import KINDS

ALWAYS = {"type", "title", "status", "detail", "code", "instance"}


def assert_problem(response, code, *named):
    """Check the shape, and that the errors name each of these values."""
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() - {"errors", "release"} == ALWAYS
    assert body["code"] == code
    assert body["status"] == response.status_code == KINDS[code].status
    assert body["title"] == KINDS[code].title
    assert body["type"] == f"/v1/problems#{code}"
    assert body["instance"] == response.request.url.raw_path.decode()
    assert "Traceback" not in response.text
    errors = body.get("errors", [])
    assert [error["value"] for error in errors] == list(named)
    for error in errors:
        assert error.keys() == {"parameter", "value", "message"}
        assert error["message"]
    return body


FAILURES = [
    ("/nope", "unknown_route", ()),
    ("/v1/gaps/", "unknown_route", ()),
    ("/v2/gaps", "unknown_route", ()),
    ("/static/nope.css", "unknown_route", ()),
    ("/static/..%2Fapp.py", "unknown_route", ()),
    ("/v1/occupations/9999", "unknown_code", ("9999",)),
    (
        "/v1/occupations/http%3A%2F%2Fdata.europa.eu%2Fesco%2Fx",
        "unknown_code",
        ("http://data.europa.eu/esco/x",),
    ),
    ("/v1/occupations/9999/skills?region=Narnia", "unknown_code", ("Narnia", "9999")),
    ("/v1/gaps?occupation=9999", "unknown_code", ("9999",)),
    ("/v1/gaps?occupation=A,9999,B,8888", "unknown_code", ("9999", "8888")),
    ("/v1/gaps?occupation=a", "unknown_code", ("a",)),
    ("/v1/gaps?region=Narnia&occupation=A,9999", "unknown_code", ("Narnia", "9999")),
    ("/v1/gaps?region=NL", "unknown_code", ("NL",)),
    ("/?region=Narnia", "unknown_code", ("Narnia",)),
    ("/v1/gaps?horizon=3", "bad_parameter", ("3",)),
    ("/v1/gaps?horizon=five", "bad_parameter", ("five",)),
    ("/v1/gaps?limit=0&offset=-1&lang=xx&order=up&level=none", "bad_parameter", None),
    ("/v1/gaps?limit=1001", "bad_parameter", ("1001",)),
    ("/v1/gaps?occupation=A,,B", "bad_parameter", ("A,,B",)),
    ("/v1/gaps?occupation=", "bad_parameter", ("",)),
    ("/v1/gaps?region=", "bad_parameter", ("",)),
    ("/v1/gaps?horizon=1&horizon=5", "bad_parameter", ("1", "5")),
    ("/v1/gaps?occupation=A&level=aggregate", "bad_parameter", ("A",)),
    ("/v1/gaps?occupation=TOTAL,A&level=cell", "bad_parameter", ("TOTAL",)),
    ("/v1/gaps?regio=BE2", "unknown_parameter", ("BE2",)),
    ("/v1/gaps?regio=BE2&limit=x&x=1", "unknown_parameter", ("BE2", "1")),
    ("/v1/meta?vintage=latest", "unknown_parameter", ("latest",)),
    ("/v1/problems?x=", "unknown_parameter", ("",)),
    ("/v1/occupations?query=a", "unknown_parameter", ("a",)),
    ("/v1/occupations/A?horizon=5", "unknown_parameter", ("5",)),
    ("/v1/occupations/A/skills?q=5", "unknown_parameter", ("5",)),
    ("/healthz?x=1", "unknown_parameter", ("1",)),
    ("/readyz?x=1", "unknown_parameter", ("1",)),
    ("/?occupation=A", "unknown_parameter", ("A",)),
    ("/docs?x=1", "unknown_parameter", ("1",)),
    ("/openapi.json?x=1", "unknown_parameter", ("1",)),
    ("/static/page.css?v=1", "unknown_parameter", ("1",)),
]


ELSEWHERE = (
    *("key_missing", "key_refused", "scope_missing", "keys_unreadable"),  # test_access.py
    *("too_many_requests", "body_too_large", "address_too_long", "headers_too_large"),  # test_limits.py
    *("not_acceptable", "unsupported_media_type"),
    *("retired_code", "pruned_release", "not_redistributable"),  # test_resources, _releases, _formats.py
)


@pytest.mark.parametrize(("address", "code", "named"), FAILURES)
def test_every_way_to_fail(client, address, code, named):
    response = client.get(address)
    named = [error["value"] for error in response.json()["errors"]] if named is None else named
    body = assert_problem(response, code, *named)
    assert body["release"]["model_version"] == "3"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("gaps?region=BE2&region=BE1", "region BE2: given more than once; give it once; "),
        ("gaps?occupation=A&occupation=B", "give it once, codes separated by commas"),
        ("gaps?horizon=five", "horizon: not a whole number"),
        (
            f"gaps?occupation={','.join(['A'] * 501)}",
            "occupation 501 codes: at most 500 are answered at once",
        ),
        ("releases/latest/changes", "from: required, and not sent"),
        ("bulk/gap.csv", "nearest are gaps"),
    ],
)
def test_a_mistake_is_told_in_words_that_say_what_to_do(client, query, told):
    assert told in client.get(f"/v1/{query}").json()["detail"]


def test_every_bad_parameter_is_listed(client):
    body = client.get("/v1/gaps?limit=0&offset=-1&lang=xx&order=up&level=none").json()
    listed = {error["parameter"]: error["value"] for error in body["errors"]}
    assert listed == {"limit": "0", "offset": "-1", "lang": "xx", "order": "up", "level": "none"}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("address", ["/v1/gaps", "/v1/occupations/A", "/", "/docs", "/static/page.css"])
def test_nothing_can_be_written(client, method, address):
    response = getattr(client, method)(address)
    assert_problem(response, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD"


def test_a_name_of_several_regions_is_not_guessed(store, client_of, frames):
    tables = frames()
    tables["regions"].loc[:, "label_en"] = "Antwerp"
    store.promote(store.build(tables=tables))
    body = assert_problem(client_of(store).get("/v1/gaps?region=antwerp"), "bad_parameter", "antwerp")
    assert "BE2, BE" in body["detail"]


@pytest.mark.parametrize("address", ["/v1/gaps", "/v1/meta", "/readyz", "/", "/v1/occupations/A"])
def test_without_a_champion(store, client_of, address):
    response = client_of(store).get(address)
    body = assert_problem(response, "no_champion")
    assert "promote" in body["detail"]
    assert "release" not in body
    assert response.headers["retry-after"] == "30"


def test_with_nothing_but_a_broken_release(store, client_of):
    release = store.build()
    (store.root / "releases" / release / "tables" / "gaps.parquet").unlink()
    store.promote(release)
    body = assert_problem(client_of(store).get("/v1/gaps"), "release_refused")
    assert "gaps.parquet" in body["detail"]


@pytest.mark.parametrize("address", ["/healthz", "/docs", "/openapi.json", "/v1/problems"])
def test_what_needs_no_release_answers_without_one(store, client_of, address):
    assert client_of(store).get(address).status_code == 200


def test_a_crash_tells_nothing_of_its_cause(client, monkeypatch, caplog):
    def crash(*_):
        raise RuntimeError("secret path /etc/passwd")

    monkeypatch.setattr("serve.routes.gaps.select", crash)
    response = client.get("/v1/gaps?limit=7")
    assert_problem(response, "internal")
    assert "secret" not in response.text
    assert "RuntimeError" not in response.text
    assert response.headers["x-model-version"] == "3"
    assert response.headers["content-security-policy"]
    assert "secret path" in caplog.text


def test_the_table_of_codes_is_served_and_documented(client):
    listed = {item["code"]: item for item in client.get("/v1/problems").json()["items"]}
    assert listed.keys() == KINDS.keys()
    description = client.get("/openapi.json").json()["info"]["description"]
    for code, kind in KINDS.items():
        assert f"| `{code}` | {kind.status} | {kind.meaning} |" in description


def test_every_code_has_a_test():
    walked = {code for _, code, _ in FAILURES} | set(ELSEWHERE)
    assert walked | {
        "method_not_allowed",
        "no_champion",
        "release_refused",
        "internal",
        "bad_request",
    } == set(KINDS)


@pytest.mark.parametrize("asked", ["Vlaams", "FLANDERS (made up)", "flanders"])
def test_a_region_is_named_with_its_code_and_the_one_that_may_be_meant(store, client_of, frames, asked):
    tables = frames()
    tables["regions"].loc[1, ["label_nl", "label_en"]] = "Vlaams (verzonnen)", "Flanders (simulated)"
    store.promote(store.build(tables=tables))
    detail = assert_problem(client_of(store).get(f"/v1/gaps?region={asked}"), "unknown_code", asked)["detail"]
    assert "is BE2 meant?" in detail
    assert "BE2 = Flanders (simulated), BE = Belgium" in detail


@pytest.mark.parametrize(
    ("asked", "near"), [("nurse", "A = Nurses"), ("lasser", "B = Welders"), ("TOTALS", "TOTAL = All")]
)
def test_an_unknown_code_is_answered_by_the_nearest(client, asked, near):
    body = assert_problem(client.get(f"/v1/gaps?occupation={asked}"), "unknown_code", asked)
    assert f"nearest are {near}" in body["detail"]
    assert "/v1/occupations?q=" in body["detail"]


def test_the_sentence_says_what_is_allowed(client):
    detail = client.get("/v1/gaps?limit=0&order=up&part=none").json()["detail"]
    for told in ("limit: ", "greater than or equal to 1", "'probability_of_shortage'", "'qualitative'"):
        assert told in detail
