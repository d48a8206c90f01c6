"""The same numbers in every format, packed as asked, with a tag that names the bytes."""

import csv
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecasting.published import PUBLISHED
from tests.serve import rich


@pytest.fixture(scope="module")
def client(tmp_path_factory, built):
    from fastapi.testclient import TestClient

    from serve.app import create_app
    from tests.serve.conftest import MANIFEST, OPEN, Folder, to_frames

    store = Folder(tmp_path_factory.mktemp("formats"), built)
    closed = {
        **MANIFEST["sources"][0],
        "title": "Closed",
        "redistribute": False,
        "tables": ["occupation_skills"],
    }
    sources = [*MANIFEST["sources"], closed]
    store.promote(store.build(tables=rich.fill_rest(rich.fill(to_frames())), sources=sources))
    return TestClient(create_app(store.root, OPEN), raise_server_exceptions=False)


def names():
    return [name for name in PUBLISHED if name != "occupation_skills"]


@pytest.mark.parametrize("name", names())
def test_numbers_are_the_same_in_every_format(client, name):
    items = client.get(f"/v1/bulk/{name}.json").json()["items"]
    assert items, "a table without rows shows nothing"
    table = pq.read_table(io.BytesIO(client.get(f"/v1/bulk/{name}.parquet").content))
    assert table.column_names == [column.name for column in PUBLISHED[name].columns]
    assert table.to_pylist() == items
    lines = list(csv.DictReader(io.StringIO(client.get(f"/v1/bulk/{name}.csv").text)))
    assert len(lines) == len(items)
    for line, item in zip(lines, items, strict=True):
        for column in PUBLISHED[name].columns:
            text, value = line[column.name], item[column.name]
            if value is None:
                assert text == ""
            elif column.kind in {"number", "integer"}:
                assert float(text) == value
            else:
                assert text == (str(value).lower() if column.kind == "boolean" else value)


@pytest.mark.parametrize(
    "name", [n for n in names() if any(c.kind == "number" for c in PUBLISHED[n].columns)]
)
def test_json_stat_has_every_figure_at_its_place(client, name):
    cube = client.get(f"/v1/bulk/{name}.jsonstat").json()
    assert (cube["version"], cube["class"]) == ("2.0", "dataset")
    assert cube["size"] == [len(cube["dimension"][each]["category"]["index"]) for each in cube["id"]]
    places = [
        {code: at for at, code in enumerate(cube["dimension"][each]["category"]["index"])}
        for each in cube["id"]
    ]
    expected = {}
    for item in client.get(f"/v1/bulk/{name}.json").json()["items"]:
        for column in PUBLISHED[name].columns:
            if column.kind == "number" and item[column.name] is not None:
                key = [*(str(item[part]) for part in PUBLISHED[name].key), column.name]
                at = 0
                for place, size, code in zip(places, cube["size"], key, strict=True):
                    at = at * size + place[code]
                expected[str(at)] = item[column.name]
    assert cube["value"] == expected
    assert not cube["status"].keys() & cube["value"].keys()


def test_what_is_suppressed_stays_so_in_json_stat(client):
    cube = client.get("/v1/bulk/shrinking_jobs.jsonstat").json()
    assert set(cube["status"].values()) == {"confidential"}


def test_pages_and_bulk_give_the_same_numbers(client):
    page = client.get("/v1/questions/shrinking-jobs").json()["items"][0]
    whole = client.get("/v1/bulk/shrinking_jobs.json").json()["items"][0]
    assert {n: page[n] for n in ("probability", "base")} == {n: whole[n] for n in ("probability", "base")}


def test_a_table_that_is_not_ours_to_pass_on_says_so(client):
    response = client.get("/v1/bulk/occupation_skills.csv")
    assert (response.status_code, response.json()["code"]) == (403, "not_redistributable")
    listed = {item["name"]: item for item in client.get("/v1/bulk").json()["items"]}
    assert (listed["occupation_skills"]["formats"], bool(listed["occupation_skills"]["reason"])) == ({}, True)
    assert listed.keys() == PUBLISHED.keys()
    for item in listed.values():
        for address in item["formats"].values():
            assert client.get(address).status_code == 200


@pytest.mark.parametrize("file", ["nope.csv", "gaps.xlsx", "gaps", "backtest.", ".csv", "regions.jsonstat"])
def test_an_unknown_file_is_refused(client, file):
    response = client.get(f"/v1/bulk/{file}")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_code")


def raw(client, address, **headers):
    """Return the bytes on the wire with the header fields."""
    with client.stream("GET", address, headers=headers) as response:
        return response.status_code, response.headers, b"".join(response.iter_raw())


@pytest.mark.parametrize(
    ("asked", "packing", "unpack"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("zstd, gzip;q=0.5", "zstd", None),
        ("br", None, bytes),
        ("identity", None, bytes),
        ("gzip;q=0", None, bytes),
        ("", None, bytes),
    ],
)
def test_packing_follows_what_the_client_takes(client, asked, packing, unpack):
    _, plain_headers, plain = raw(client, "/v1/gaps", **{"accept-encoding": "identity"})
    _, headers, body = raw(client, "/v1/gaps", **{"accept-encoding": asked})
    assert headers.get("content-encoding") == packing
    assert int(headers["content-length"]) == len(body)
    unpack = unpack or (lambda packed: pa.Codec("zstd").decompress(packed, len(plain), asbytes=True))
    assert unpack(body) == plain
    assert (headers["etag"] == plain_headers["etag"]) == (packing is None)
    assert "Accept-Encoding" in headers["vary"]


@pytest.mark.parametrize(
    "address", ["/v1/gaps", "/v1/questions/shortages", "/v1/bulk/gaps.csv", "/v1/meta", "/"]
)
def test_what_a_client_has_is_not_sent_again(client, address):
    tag = client.get(address).headers["etag"]
    assert tag.startswith('"')
    status, headers, body = raw(client, address, **{"if-none-match": f'"other", {tag}'})
    assert (status, body, headers["etag"]) == (304, b"", tag)
    assert headers["x-release"]
    assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200


def test_the_same_question_gives_the_same_bytes_and_tag(client):
    first, again = client.get("/v1/gaps?limit=2"), client.get("/v1/gaps?limit=2")
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert first.headers["x-release"] == again.headers["x-release"] == again.json()["release"]["release"]
    assert client.get("/v1/gaps?limit=1").headers["etag"] != first.headers["etag"]
    assert (
        client.get("/v1/gaps?limit=2", headers={"accept-language": "nl"}).json()["resolved"]["lang"] == "nl"
    )


def test_failures_are_not_kept(client):
    response = client.get("/v1/gaps?limit=0")
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-cache"


def test_what_is_kept_is_bounded():
    import asyncio

    from serve.kept import Answers, Kept
    from serve.store import Serving

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 1000})

    kept, sent = Kept(50_000), []
    answers = Answers(app, kept)

    async def send(message):
        sent.append(message)

    async def ask(number):
        scope = {"type": "http", "method": "GET", "path": f"/{number}", "raw_path": b"/", "headers": []}
        await answers({**scope, "query_string": b"", "state": {"serving": Serving()}}, None, send)

    async def everything():
        for number in range(50):
            await ask(number)

    asyncio.run(everything())
    assert len(sent) == 100
    assert sum(answer.size for answer in kept.answers.values()) == kept.bytes <= 50_000
    assert kept.answers


def test_a_file_says_how_far_it_may_be_trusted(client):
    metadata = pq.read_schema(io.BytesIO(client.get("/v1/bulk/gaps.parquet").content)).metadata
    response = client.get("/v1/meta")
    block = response.json()["release"]
    assert metadata[b"release"].decode() == block["release"]
    assert metadata[b"status"] == b"made up"
    assert metadata[b"status_sentence"].decode() == block["status"]["sentence"]
    assert client.get("/v1/bulk/gaps.jsonstat").json()["note"] == [block["status"]["sentence"]]
