"""A crash at any moment of a promotion leaves the old release serving, and the next command completes it."""

import json
import os
import random
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two versions, the first in service."""
    store = tmp_path_factory.mktemp("crash")
    for seed in ("1", "2"):
        assert run(store, "build", str(TINY), "--seed", seed).returncode == 0
    assert run(store, "promote", "1").returncode == 0
    return store


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
    assert "another promotion is under way" in found.stderr
    assert served(store.folder) == "1"


@pytest.mark.parametrize("step", ["set_champion", "append", "_point"])
def test_what_a_crash_left_undone_is_completed(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = served(store.folder)
    other = "2" if before == "1" else "1"

    intact = getattr(publish, step)

    def crash(where: object, what: Any) -> None:
        """Fail at the new version, not at what is repaired first."""
        if (what if isinstance(what, str) else what["version"]) == other:
            raise OSError("power cut")
        intact(where, what)

    with monkeypatch.context() as broken:
        broken.setattr(publish, step, crash)
        with pytest.raises(OSError, match="power cut"):
            publish.promote(store, other, "interrupted")
    assert served(store.folder) == before, "the service still reads the old release"
    with publish.alone(store):
        publish.repair(store)
    expected = before if step == "set_champion" else other  # the alias is the authority
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


@pytest.mark.full
def test_kill_nine_at_ten_random_moments(folder: Path) -> None:
    moments = random.Random(3)
    for _ in range(10):
        before = served(folder)
        other = "2" if before == "1" else "1"
        process = subprocess.Popen(
            command("promote", other),
            cwd=ROOT,
            env={**os.environ, "COMPETENCE_STORE": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.5, 6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert served(folder) in {before, other}
        assert run(folder, "promote", other).returncode == 0
        assert served(folder) == other
        read_log(folder / "promotions.jsonl")
    assert list(folder.glob(".promote-*")) == []
    assert list((folder / "releases").glob(".release-*")) == []


@pytest.mark.full
def test_kill_nine_during_builds(folder: Path) -> None:
    moments = random.Random(4)
    for _ in range(5):
        process = subprocess.Popen(
            command("build", str(TINY)),
            cwd=ROOT,
            env={**os.environ, "COMPETENCE_STORE": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(1, 10))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert served(folder) in {"1", "2"}
    found = run(folder, "build", str(TINY))
    assert found.returncode == 0, found.stderr
    assert run(folder, "promote", "latest").returncode == 0
