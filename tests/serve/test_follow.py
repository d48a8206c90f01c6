"""Mirroring a remote registry: whatever is wrong with it, what is served stays."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException

import training.store
from forecasting.records import read_chain
from serve import follow as following
from serve.store import Store

ROOT = Path(__file__).parents[2]


class Registry:
    """A registry at MLflow's edge: one champion, whose artifacts are a folder."""

    def __init__(self) -> None:
        self.champion = self.artifacts = self.fault = None
        self.fetched = 0

    def promote(self, release: Path, version="1", **changed) -> None:
        """Make a release the champion; a tag that is None is left out."""
        digest = hashlib.sha256((release / "manifest.json").read_bytes()).hexdigest()
        entry = {
            "release": digest[:12],
            "snapshot": digest,
            "version": version,
            "promoted_at": f"2026-11-22T10:00:0{version}Z",
            "promoted_by": "someone",
            "why": "better",
            "gates": [{"gate": "coverage", "passed": True}],
        }
        tags = {"snapshot": digest, "promotion": json.dumps(entry), **changed}
        self.champion = SimpleNamespace(
            version=version, tags={k: v for k, v in tags.items() if v is not None}
        )
        self.artifacts = release

    def get_model_version_by_alias(self, name, alias):
        """Answer as `MlflowClient` does."""
        assert (name, alias) == ("competence-gap", "champion")
        if self.champion is None:
            raise MlflowException("Registered model alias champion not found.")
        return self.champion

    def download_artifacts(self, uri, dst_path):
        """Copy as `mlflow.artifacts` does; a fault comes half-way."""
        assert uri == f"models:/competence-gap/{self.champion.version}"
        self.fetched += 1
        shutil.copytree(self.artifacts, Path(dst_path) / "artifacts" / "snapshot")
        if self.fault is not None:
            raise self.fault
        return dst_path


@pytest.fixture
def registry(monkeypatch):
    """Put a made-up registry in MLflow's place."""
    made = Registry()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://registry.example")
    for name in following.PATIENCE:
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.setattr("mlflow.MlflowClient", lambda: made)
    monkeypatch.setattr("mlflow.artifacts.download_artifacts", made.download_artifacts)
    return made


@pytest.fixture
def here(tmp_path):
    """Return the store that is mirrored into."""
    return tmp_path / "here"


def snapshot(store, shift=0.0):
    return store.root / "releases" / store.build(shift=shift)


def pointer(here):
    return json.loads((here / "champion.json").read_text())


def once(here):
    return following.follow(here, 1, once=True)


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_names_are_those_of_training():
    assert (following.MODEL, following.ALIAS) == (training.store.MODEL, training.store.ALIAS)


def test_the_champion_is_mirrored_and_served(registry, store, here):
    registry.promote(snapshot(store))
    assert once(here)
    said = pointer(here)
    assert said["promoted_at"] == "2026-11-22T10:00:01Z"
    assert (said["promoted_by"], said["why"], said["version"]) == ("someone", "better", "1")
    assert Store(here).current().release.champion.release == registry.artifacts.name
    assert (here / "releases" / registry.artifacts.name).stat().st_mode & 0o777 == 0o755
    assert [path.name for path in (here / "releases").iterdir()] == [registry.artifacts.name]


def test_nothing_is_fetched_or_written_twice(registry, store, here):
    registry.promote(snapshot(store))
    assert once(here)
    before = (here / "champion.json").stat().st_mtime_ns
    assert once(here)
    assert (registry.fetched, (here / "champion.json").stat().st_mtime_ns) == (1, before)


def test_a_new_champion_and_a_return_to_the_old_one(registry, store, here):
    first, second = snapshot(store), snapshot(store, shift=0.01)
    served = Store(here)
    for release, version in ((first, "1"), (second, "2"), (first, "1")):
        registry.promote(release, version)
        assert once(here)
        assert served.current().release.champion.release == release.name
    assert registry.fetched == 2
    registry.promote(first, "3")
    assert once(here)
    assert (pointer(here)["version"], registry.fetched) == ("3", 2)


def test_the_log_says_what_was_served_here(registry, store, here):
    first, second = snapshot(store), snapshot(store, shift=0.01)
    for release, version in ((first, "1"), (first, "1"), (second, "2"), (first, "3")):
        registry.promote(release, version)
        assert once(here)
    log = read_chain(here / "promotions.jsonl")
    assert [(entry["release"], entry["version"]) for entry in log] == [
        (first.name, "1"),
        (second.name, "2"),
        (first.name, "3"),
    ]
    assert [entry["mirrored_at"] for entry in log] == sorted(entry["mirrored_at"] for entry in log)
    assert log[0]["gates"] == [{"gate": "coverage", "passed": True}]
    assert {"mirrored_at", "previous", "gates"}.isdisjoint(pointer(here))


def test_a_log_that_was_tampered_with_is_not_continued(registry, store, here, caplog):
    registry.promote(snapshot(store))
    assert once(here)
    log = here / "promotions.jsonl"
    log.write_bytes(log.read_bytes() + b"{}\n")
    before = everything(here)
    registry.promote(snapshot(store, shift=0.01), "2")
    assert not once(here)
    assert "line 2: found a broken chain" in caplog.text
    assert pointer(here)["version"] == "1"
    assert {path: content for path, content in everything(here).items() if path in before} == before


def test_what_was_mirrored_but_not_logged_is_logged(registry, store, here):
    registry.promote(snapshot(store))
    assert once(here)
    (here / "promotions.jsonl").unlink()
    assert once(here)
    assert len(read_chain(here / "promotions.jsonl")) == 1


def damaged(registry, store):
    release = snapshot(store, shift=0.01)
    registry.promote(release, "2")
    (release / "tables" / "gaps.parquet").write_bytes(b"x")


def of_another(registry, store):
    registry.promote(snapshot(store, shift=0.01), "2", snapshot="0" * 64)


def untagged(registry, store):
    registry.promote(snapshot(store, shift=0.01), "2", snapshot=None)


def a_path(registry, store):
    registry.promote(snapshot(store, shift=0.01), "2", snapshot="../../etc/passwd")


def empty(registry, store):
    registry.promote(snapshot(store, shift=0.01), "2")
    (registry.artifacts / "manifest.json").unlink()


def no_champion(registry, _store):
    registry.champion = None


def full(registry, store):
    registry.promote(snapshot(store, shift=0.01), "2")
    registry.fault = OSError(28, "No space left on device")


def surprising(registry, store):
    registry.promote(snapshot(store, shift=0.01), "2")
    registry.fault = RuntimeError("http://me:secret@host broke")


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        (damaged, "expected the bytes named in the manifest"),
        (of_another, "the registry says 000000000000"),
        (untagged, "expected 64 hexadecimal digits"),
        (a_path, "expected 64 hexadecimal digits"),
        (empty, "holds no snapshot"),
        (no_champion, "alias champion not found"),
        (full, "No space left on device"),
        (surprising, "RuntimeError: http://host broke"),
    ],
)
def test_what_is_served_stays(registry, store, here, caplog, breaks, told):
    registry.promote(snapshot(store))
    assert once(here)
    before = everything(here)
    breaks(registry, store)
    assert not once(here)
    assert everything(here) == before
    assert told in caplog.text
    assert "what is served stays" in caplog.text
    assert "secret" not in caplog.text


def test_it_tries_again(registry, store, here):
    registry.promote(snapshot(store))
    registry.fault = OSError("down")
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        registry.fault = None
        if len(waited) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        following.follow(here, 7, sleep=sleep)
    assert waited == [7, 7]
    assert pointer(here)["release"] == registry.artifacts.name


@pytest.mark.parametrize("tag", [None, "{", "[]", '{"snapshot": "x"}', '{"promoted_at": 3}'])
def test_without_a_record_of_the_promotion_it_says_so(registry, store, here, tag):
    registry.promote(snapshot(store), promotion=tag)
    assert once(here)
    said = pointer(here)
    assert said["promoted_by"] == "unknown"
    assert "not recorded" in said["why"]
    assert Store(here).current().release is not None
    assert once(here)
    assert pointer(here) == said, "the time does not move with every look"


def test_the_record_of_another_snapshot_is_not_believed(registry, store, here):
    other = json.dumps({"snapshot": "0" * 64, "promoted_at": "x", "promoted_by": "x", "why": "x"})
    registry.promote(snapshot(store), promotion=other)
    assert once(here)
    assert pointer(here)["promoted_by"] == "unknown"


def test_a_damaged_release_or_pointer_here_is_replaced(registry, store, here):
    registry.promote(snapshot(store))
    assert once(here)
    whole = everything(here)
    (here / "releases" / registry.artifacts.name / "tables" / "gaps.parquet").write_bytes(b"x")
    (here / "champion.json").write_text("{")
    assert once(here)
    assert everything(here) == whole


def test_what_a_killed_follower_left_is_removed_in_time(registry, store, here):
    for name, age in ((".follow-old", 2 * 24 * 3600), (".follow-new", 0)):
        left = here / "releases" / name
        left.mkdir(parents=True)
        os.utime(left, (left.stat().st_mtime - age,) * 2)
    registry.promote(snapshot(store))
    assert once(here)
    assert not (here / "releases" / ".follow-old").exists()
    assert (here / "releases" / ".follow-new").exists()


def command(here, *arguments, **variables):
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("COMPETENCE", "MLFLOW"))
    }
    return subprocess.run(
        [sys.executable, "-m", "serve", *arguments],
        cwd=ROOT,
        env={**kept, "COMPETENCE_STORE": str(here), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_needs_a_registry(here):
    told = command(here, "follow", "--once")
    assert told.returncode == 1
    assert "MLFLOW_TRACKING_URI is not set" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_command_tells_a_registry_that_does_not_answer(here):
    nobody = {"MLFLOW_TRACKING_URI": "http://me:secret@127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    told = command(here, "follow", "--once", **nobody)
    assert told.returncode == 1
    assert "not mirrored, what is served stays" in told.stderr
    assert "127.0.0.1:9" in told.stderr
    assert "Traceback" not in told.stderr
    assert "secret" not in told.stderr
    assert not here.exists()
