"""A crash at any moment of a promotion leaves the old release serving, and the next command completes it."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import training.publish as publish
from forecasting.errors import ForecastingError
from forecasting.snapshot import read_snapshot
from tests.conftest import ROOT, TINY
from training.promotions import read_log
from training.store import Store, open_store


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "training", *arguments]


def run(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COMPETENCE_STORE": str(store)}
    return subprocess.run(
        command(*arguments), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(two_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two versions, the first in service."""
    return Path(shutil.copytree(two_versions, tmp_path_factory.mktemp("crash") / "store"))


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("COMPETENCE_STORE", str(folder))
    return open_store()


def served(store: Path) -> str:
    """Return the version in service, after checking that its bytes are whole."""
    champion = json.loads((store / "champion.json").read_text())
    read_snapshot(store / "releases" / champion["release"])
    return str(champion["version"])


def test_a_second_promoter_is_told(store: Store) -> None:
    with publish.alone(store):
        found = run(store.folder, "promote", "2")
    assert found.returncode == 1
    assert re.search(r"another promotion by .+, process \d+, is under way\. Do: wait", found.stderr)
    assert served(store.folder) == "1"


def power_cut(*_: Any) -> None:
    raise OSError("power cut")


def crash_before(step: str, broken: pytest.MonkeyPatch) -> None:
    """Let a promotion crash at one of its steps."""
    if step == "the alias":
        broken.setattr(publish, "set_champion", power_cut)
    elif step == "the log":
        moved = publish.set_champion
        broken.setattr(publish, "set_champion", lambda *given: (moved(*given), power_cut()))
    else:
        replace = Path.replace

        def crash(self: Path, target: Path) -> Path:
            return power_cut() if target.name == "champion.json" else replace(self, target)

        broken.setattr(Path, "replace", crash)


@pytest.mark.parametrize("step", ["the alias", "the log", "the pointer"])
def test_what_a_crash_left_undone_is_completed(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = served(store.folder)
    other = "2" if before == "1" else "1"
    with monkeypatch.context() as broken:
        crash_before(step, broken)
        with pytest.raises(OSError, match="power cut"):
            publish.promote(store, other, "interrupted")
    assert served(store.folder) == before, "the service still reads the old release"
    with publish.alone(store):
        publish.repair(store)
    expected = before if step == "the alias" else other  # the alias is the authority
    assert served(store.folder) == expected
    assert read_log(store.promotions)[-1]["version"] == expected
    publish.promote(store, other, "again")
    assert served(store.folder) == other


def test_a_release_against_the_gates_is_on_the_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = publish.Verdict("coverage", passed=False, sentence="it lies.")
    monkeypatch.setattr(publish, "judge", lambda *_: [refusal])
    with pytest.raises(ForecastingError, match=r"refused by 1 of 1 gates:\n  coverage: it lies\."):
        publish.promote(store, "2", "please")
    publish.promote(store, "2", "please", force="the minister asked")
    line = read_log(store.promotions)[-1]
    assert line["forced"] == "the minister asked"
    assert line["gates"] == [{"gate": "coverage", "passed": False, "sentence": "it lies."}]


def kill(store: Path, after: float, *arguments: str, once: Path | None = None) -> None:
    """Start a command and end it with ``kill -9`` so many seconds later, or after a file is there."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        env={**os.environ, "COMPETENCE_STORE": str(store)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while once is not None and not once.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.full
def test_kill_nine_at_ten_random_moments(folder: Path) -> None:
    moments = random.Random(3)
    for _ in range(10):
        before = served(folder)
        other = "2" if before == "1" else "1"
        kill(folder, moments.uniform(0.5, 6), "promote", other)
        assert served(folder) in {before, other}
        assert run(folder, "promote", other).returncode == 0
        assert served(folder) == other
        read_log(folder / "promotions.jsonl")
    assert list(folder.glob(".promote-*")) == []
    assert list((folder / "releases").glob(".release-*")) == []


@pytest.mark.full
def test_kill_nine_during_builds(folder: Path) -> None:
    moments = random.Random(4)
    for _ in range(10):
        kill(folder, moments.uniform(1, 10), "build", str(TINY))
        assert served(folder) in {"1", "2"}
    found = run(folder, "build", str(TINY))
    assert found.returncode == 0, found.stderr
    assert run(folder, "promote", "latest").returncode == 0


@pytest.mark.full
def test_kill_nine_while_the_store_is_made(tmp_path: Path) -> None:
    """MLflow makes its tables in fifty steps; a database half-made could never be opened again."""
    moments, half_made = random.Random(5), 0
    for attempt in range(5):
        store = tmp_path / str(attempt)
        making = store / ".mlflow.db-new"
        kill(store, moments.uniform(0, 0.5), "promote", "1", once=making)
        half_made += making.exists()
        found = run(store, "promote", "1")
        assert "version 1: not in the registry" in found.stderr, found.stderr
        assert not (store / ".mlflow.db-new").exists()
    assert half_made, "no moment fell into the making"
