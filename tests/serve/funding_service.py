"""A service over one release of the made-up region, and what is asked of its funding step."""

import dataclasses
import json

import pandas as pd
from fastapi.testclient import TestClient

from forecasting.snapshot import conform, read_snapshot, write_snapshot
from serve.app import create_app
from serve.settings import READS, Settings

DAY = "2026-12-01"
BASE = {
    "size_class": "small",
    "course": "C1",
    "participants": 4,
    "cost_course": "2000.00",
    "cost_wages": "3000.00",
    "cost_travel": "100.00",
    "applied_on": "2026-11-23",
    "starts_on": "2026-12-15",
}
APPLICATIONS = [
    BASE | {"id": "A1", "undertaking": "U1", "groups": "low_educated"},
    BASE | {"id": "A2", "undertaking": "U2", "course": "C2", "cost_wages": "9000.55"},
    BASE | {"id": "A3", "undertaking": "U2", "course": "C3", "participants": 9, "regime": "de_minimis"},
    BASE | {"id": "A4", "undertaking": "U3", "course": "C4"},
]
GRANT = {
    "id": "G1",
    "undertaking": "U2",
    "regime": "de_minimis",
    "amount": "299000.00",
    "granted_on": "2026-01-15",
}
CALL = {"day": DAY, "budget": "5000.05", "applications": APPLICATIONS, "grants": [GRANT]}
COURSE = {"id": "mine", "title": "Python voor beginners", "hours": 80, "skills": ["code"]}
COURSE |= {"occupations": ["25", "52"], "mandatory": False}


def store_of(snapshot, folder):
    made = folder / "releases" / "made"
    release = write_snapshot(snapshot, made)[:12]
    made.rename(made.with_name(release))
    champion = {"release": release, "version": "1", "promoted_at": "2026-11-22T10:00:00Z"}
    (folder / "champion.json").write_text(json.dumps(champion))
    return folder


def service_of(folder):
    settings = Settings(open=READS, rate=0, rate_open=0, log=False)
    return TestClient(create_app(folder, settings), raise_server_exceptions=False)


def plain(value):
    return None if pd.isna(value) or value == "" else getattr(value, "item", lambda: value)()


def refused(response, status=422):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return {fault["parameter"]: fault["message"] for fault in response.json()["errors"]}


def read_back(store):
    """Return the release in a store as the method reads it."""
    snapshot = read_snapshot(next((store / "releases").iterdir()))
    return dataclasses.replace(snapshot, tables={k: conform(v, k) for k, v in snapshot.tables.items()})
