"""Which releases stay: what money was granted on, what is in service, what a rollback returns to."""

import datetime as dt
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from forecasting.records import append, read_chain
from forecasting.snapshot import ID_LENGTH, snapshot_hash
from tests.training.test_life_of_a_version import run
from training.promotions import read_log
from training.publish import alone
from training.retention import Fate, prune
from training.store import DATABASE, Store

HISTORY = (
    (3000, "back", ""),
    (3000, "oldest", ""),
    (2900, "served", ""),
    (2800, "back", "served"),
    (2700, "paid", ""),
    (2600, "back", "paid"),
    (200, "young", ""),
    (100, "back", "young"),
    (50, "now", ""),
)
"""So many days ago a release came into service, by a rollback from another or not."""
NAMES = {name for _, name, _ in HISTORY}


def store_at(folder: Path) -> Store:
    return Store(folder, f"sqlite:///{folder / DATABASE}", embedded=True)


@pytest.fixture
def aged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store whose releases are empty folders, served years ago; nothing is in the registry."""
    store = store_at(tmp_path)
    for name in (*NAMES, "unknown"):
        (store.releases / name).mkdir(parents=True)
    now = dt.datetime.now(dt.UTC)
    for days, name, taken_back in HISTORY:
        at = (now - dt.timedelta(days)).isoformat()
        entry = {"release": name, "version": "1", "promoted_at": at}
        append(store.promotions, entry | ({"rollback_from": taken_back} if taken_back else {}))
    store.champion.write_text('{"release": "now"}')
    granted = {"release": "paid", "allocated_cents": 100_000_001, "allocated_by": "ann"}
    append(store.allocations, granted | {"allocated_at": "2016-05-04T00:00:00Z"})
    monkeypatch.setattr("training.retention.repair", lambda _: None)  # there is no registry
    return store


def removed(fates: list[Fate]) -> set[str]:
    return {fate.release for fate in fates if fate.removed}


def left(store: Store) -> set[str]:
    return {path.name for path in store.releases.iterdir()}


@pytest.mark.parametrize(
    ("keep", "older_than", "gone"),
    [
        (0, 0, {"oldest", "served", "young"}),
        (10, 0, set()),
        (3, 0, {"oldest", "served"}),
        (0, 100_000, set()),
        (0, 101, {"oldest", "served"}),
    ],
)
def test_what_goes_and_what_stays(aged: Store, keep: int, older_than: int, gone: set[str]) -> None:
    log = aged.promotions.read_bytes()
    assert removed(prune(aged, keep, older_than)) == gone
    assert left(aged) == (NAMES | {"unknown"}) - gone
    assert [entry["release"] for entry in read_chain(aged.retention)] == sorted(gone)
    assert aged.promotions.read_bytes() == log, "what was served stays on the record"


def test_why_a_release_stays(aged: Store) -> None:
    why = {fate.release: fate.why for fate in prune(aged, 1, 0)}
    assert why["paid"] == (
        "money was granted on it: 1,000,000.01 EUR in 1 allocation(s), the first on 2016-05-04 by ann "
        "(allocations.jsonl, line 1)"
    )
    assert why["back"] == "a rollback returns to it"
    assert why["now"] == "in service"
    assert why["unknown"] == "the log of promotions does not name it"
    assert re.fullmatch(r"in service until \d{4}-\d\d-\d\d, 2800 days ago", why["served"])


def test_a_dry_run_only_says_so(aged: Store) -> None:
    before = left(aged)
    assert removed(prune(aged, 0, 0, dry_run=True)) == {"oldest", "served", "young"}
    assert left(aged) == before
    assert not aged.retention.exists()
    said = run(aged.folder, "prune", "--keep", "0", "--older-than", "0", "--dry-run")
    assert re.search(r"served would be removed: in service until \S+, 2800 days ago\.", said)
    assert "3 of 7 releases would be removed." in said
    assert left(aged) == before


@pytest.mark.parametrize("record", ["allocations", "promotions", "retention"])
def test_nothing_goes_by_a_damaged_record(aged: Store, record: str) -> None:
    before, path = left(aged), getattr(aged, record)
    append(path, {"act": "pruned", "release": "x", "promoted_at": "2999-02-01", "allocated_cents": 0})
    path.write_bytes(path.read_bytes().replace(b"paid", b"fake") + b'{"release": "now"}\n')
    said = run(aged.folder, "prune", "--keep", "0", "--older-than", "0", "--dry-run", status=1)
    assert re.search(rf"{record}\.jsonl, line \d+: found a broken chain", said)
    assert left(aged) == before


def test_it_waits_for_no_promotion(aged: Store) -> None:
    before = left(aged)
    with alone(aged):
        said = run(aged.folder, "prune", "--keep", "0", "--older-than", "0", status=1)
    assert re.search(r"another promotion by .+, process \d+, is under way", said)
    assert left(aged) == before


@pytest.mark.full
def test_a_pruned_release_is_told_and_comes_back(copied: Path, tmp_path: Path) -> None:
    store = store_at(copied)
    first = read_log(store.promotions)[0]["release"]
    run(copied, "promote", "2", "--why", "second")
    run(copied, "rollback", "--why", "first again")
    second = read_log(store.promotions)[1]["release"]
    whole = {path.name: path.read_bytes() for path in (store.releases / second).rglob("*.*")}

    said = run(copied, "prune", "--keep", "0", "--older-than", "0")
    assert f"{second} removed: in service until" in said
    assert left(store) == {first}
    asked = ("allocate", "--budget", "1", "--out", str(tmp_path / "a"), "--release", second)
    told = run(copied, *asked, status=1)
    assert re.search(
        rf"release {second}: pruned on \S+ by .+; it was in service until .*"
        rf"Do: python -m training restore {second} \(the registry holds it as version 2\)\.",
        told,
    )
    assert second in run(copied, "log")

    assert "from version 2; it is not in service" in run(copied, "restore", second)
    assert snapshot_hash(store.releases / second)[:ID_LENGTH] == second
    assert {path.name: path.read_bytes() for path in (store.releases / second).rglob("*.*")} == whole
    assert [entry["act"] for entry in read_chain(store.retention)] == ["pruned", "restored"]
    assert json.loads(store.champion.read_text())["release"] == first

    run(copied, *asked)
    kept = run(copied, "prune", "--keep", "0", "--older-than", "0", "--dry-run")
    assert f"{second} kept: money was granted on it" in kept


def test_a_way_back_is_offered_only_where_there_is_one(copied: Path, tmp_path: Path) -> None:
    release = read_log(copied / "promotions.jsonl")[0]["release"]
    shutil.rmtree(copied / "releases" / release)
    shutil.rmtree(copied / "artifacts")
    said = run(copied, "allocate", "--budget", "1", "--out", str(tmp_path / "a"), status=1)
    assert re.search(rf"release {release}: missing from .* Do: put the folder back from a backup", said)
    assert "has its bytes. Do: put the folder back" in run(copied, "restore", release, status=1)


def test_an_allocation_is_on_record_before_it_is_given(copied: Path, tmp_path: Path) -> None:
    store, out = store_at(copied), tmp_path / "a"
    run(copied, "allocate", "--budget", "1000", "--out", str(out))
    (entry,) = read_chain(store.allocations)
    assert (entry["release"], entry["region"], entry["budget_cents"]) == (
        read_log(store.promotions)[0]["release"],
        "TY",
        100_000,
    )
    assert entry["table_sha256"] == hashlib.sha256((out / "allocation.csv").read_bytes()).hexdigest()
    assert entry["out"] == str(out)
    assert entry["allocated_cents"] + entry["residual_cents"] == 100_000

    store.allocations.write_bytes(store.allocations.read_bytes() + b"{}\n")
    said = run(copied, "allocate", "--budget", "1000", "--out", str(tmp_path / "b"), status=1)
    assert "allocations.jsonl, line 2: found a broken chain" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "store"], (
        "nothing is given off the record"
    )


def test_a_rollback_brings_a_pruned_release_back(copied: Path) -> None:
    store = store_at(copied)
    run(copied, "promote", "2", "--why", "second")
    first = read_log(store.promotions)[0]["release"]
    shutil.rmtree(store.releases / first)
    assert f"Release {first}" in run(copied, "rollback", "--why", "back")
    assert (store.releases / first / "manifest.json").is_file()
