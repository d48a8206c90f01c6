"""A store with one release of the made-up region, and applications for its courses."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pandas as pd
from typer.testing import CliRunner

from forecasting.snapshot import ID_LENGTH, Snapshot, write_snapshot
from training.__main__ import app

DAY = "2026-12-01"
BASE: dict[str, Any] = {
    "size_class": "small",
    "course": "C1",
    "participants": 4,
    "cost_course": 2000.0,
    "cost_wages": 3000.0,
    "cost_travel": 100.0,
    "applied_on": "2026-11-23",
    "starts_on": "2026-12-15",
}
ROWS: list[dict[str, Any]] = [
    {"id": "A1", "undertaking": "U1", "groups": "low_educated"},
    {"id": "A2", "undertaking": "U2", "course": "C2", "cost_wages": 9000.55},
    {"id": "A3", "undertaking": "U2", "course": "C3", "participants": 9, "regime": "de_minimis"},
    {"id": "A4", "undertaking": "U3", "course": "C4"},
    {"id": "A5", "undertaking": "U4", "course": "C3", "regime": "de_minimis", "cost_course": 400_000.0},
    {"id": "A6", "undertaking": "U4", "course": "C2", "regime": "de_minimis", "cost_course": 300_000.0},
    {"id": "A7", "undertaking": "U5", "course": "C2", "size_class": "large", "sector": "62"},
]


def store_of(snapshot: Snapshot, folder: Path) -> Path:
    """Make a store in which a snapshot is the release in service.

    Every occupation has a weight, whatever the forecast of the made-up region says of it.
    """
    weights = snapshot.tables["weights"]
    none = weights["weight"].eq(0)
    some = weights.assign(
        ground=weights["ground"].mask(none, "band"),
        band=weights["band"].mask(none, 0),
        weight=weights["weight"].mask(none, 0.5),
    )
    snapshot = dataclasses.replace(snapshot, tables={**snapshot.tables, "weights": some})
    digest = write_snapshot(snapshot, folder / "releases" / "made")
    (folder / "releases" / "made").rename(folder / "releases" / digest[:ID_LENGTH])
    (folder / "champion.json").write_text(json.dumps({"release": digest[:ID_LENGTH]}))
    return folder


def asked(folder: Path, *changed: dict[str, Any], name: str = "applications.csv") -> Path:
    """Write the applications, with the rows of these ids changed, and return the file."""
    changes = {each["id"]: each for each in changed}
    rows = [BASE | row | changes.pop(row["id"], {}) for row in ROWS] + [
        BASE | row for row in changes.values()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return folder / name


def granted(folder: Path) -> Path:
    """Write earlier aid that leaves U4 little headroom, and return the file."""
    row = {
        "id": "G1",
        "undertaking": "U4",
        "regime": "de_minimis",
        "amount": 250_000.0,
        "granted_on": "2025-03-01",
    }
    pd.DataFrame([row]).to_csv(folder / "grants.csv", index=False)
    return folder / "grants.csv"


def run(store: Path, *arguments: object, status: int = 0, user: str = "ann") -> str:
    """Run a command as a user and return what it printed."""
    variables = {"COMPETENCE_STORE": str(store), "LOGNAME": user, "COLUMNS": "400"}
    found = CliRunner().invoke(app, [str(each) for each in arguments], env=variables)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == status, found.output
    return str(found.output)


def award(
    store: Path, out: Path, file: Path, *more: object, budget: str = "50000.01", status: int = 0
) -> str:
    """Allocate over the applications of a file."""
    command = ("allocate", "--budget", budget, "--applications", file, "--out", out, "--day", DAY)
    return run(store, *command, *more, status=status)
