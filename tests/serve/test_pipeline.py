"""What the pipeline really builds can be served: the made-up region, without a column or key missing."""

import pytest
from fastapi.testclient import TestClient

from forecasting.snapshot import write_snapshot
from serve.app import create_app
from serve.settings import READS, Settings


@pytest.fixture
def service(store, tiny_snapshot):
    made = store.root / "releases" / "new"
    release = write_snapshot(tiny_snapshot, made)[:12]
    made.rename(made.with_name(release))
    store.promote(release)
    return TestClient(create_app(store.root, Settings(open=READS)))


def test_every_address_answers_for_every_occupation_and_horizon(service, tiny_snapshot):
    meta = service.get("/v1/meta").json()
    assert meta["methods"] == tiny_snapshot.manifest["methods"]
    assert meta["parameters"].keys() == tiny_snapshot.manifest["parameters"].keys()
    for horizon in meta["horizons"]:
        assert service.get(f"/?horizon={horizon}").status_code == 200
        assert service.get(f"/v1/gaps?level=all&horizon={horizon}").json()["items"]
        for occupation in service.get("/v1/occupations").json()["items"]:
            skills = service.get(f"/v1/occupations/{occupation['code']}/skills?horizon={horizon}").json()
            assert skills["items"] or skills["reason"]
            assert service.get(f"/v1/occupations/{occupation['code']}").json()["gaps"]


def test_scores_are_the_pipelines(service, tiny_snapshot):
    gaps = tiny_snapshot.tables["gaps"]
    built = {row.occupation: row.score_p50 for row in gaps[gaps["horizon"] == 5].itertuples()}
    body = service.get("/v1/gaps?level=all&horizon=5").json()
    assert {item["occupation"]["code"]: item["score"]["p50"] for item in body["items"]} == built


def test_the_page_shows_all_occupations_together(service):
    assert "Alle beroepen samen" in service.get("/?lang=nl").text


def test_a_root_has_no_parent(service):
    assert service.get("/v1/occupations/TOTAL").json()["occupation"]["parent"] is None
