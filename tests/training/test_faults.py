"""A full disk, a locked database, a silent server, a folder that may not be written, two at once.

Real processes; each says in a line what is wrong, leaves what is in service, and succeeds once it is mended.
"""

import ctypes
import json
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from forecasting.snapshot import read_snapshot
from tests.conftest import ROOT, TINY

BUILD, PROMOTE = ("training", "build", str(TINY)), ("training", "promote", "2")
LONGEST = 180
DROP_FROM_BOUNDING_SET, DAC_OVERRIDE = 24, 1
FILL = "mount -t tmpfs -o size=16m none {at} && cp -r {store}/. {at} && exec {python} -c '{code}' {at} {left}"
SQUEEZED = """
import os, shutil, subprocess, sys
from pathlib import Path
at, left = Path(sys.argv[1]), int(sys.argv[2])
def run(*arguments):
    found = subprocess.run([sys.executable, "-m", "training", *arguments], capture_output=True, text=True)
    print(found.returncode, found.stdout.replace(chr(10), " "), found.stderr.replace(chr(10), " "))
for command in (["promote", "2"], ["build", "tests/tiny"]):
    free = shutil.disk_usage(at).free
    (at / "ballast").write_bytes(bytes(max(0, free - left * 1024)))
    run(*command)
    print((at / "champion.json").read_text().replace(chr(10), " "))
    (at / "ballast").unlink()
run("promote", "latest")
"""


def start(
    store: Path, arguments: tuple[str, ...], before: Callable[[], object] | None = None, **variables: str
) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**kept, "COMPETENCE_STORE": str(store), **variables},
        preexec_fn=before,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process: "subprocess.Popen[str]", status: int) -> str:
    """Return what a command said; fail if it ends otherwise, or not in time."""
    shown, fault = process.communicate(timeout=LONGEST)
    assert process.returncode == status, shown + fault
    assert "Traceback" not in fault
    return fault if status else shown


def in_service(store: Path) -> str:
    """Return the version in service; fail if its release is not whole, or something was left aside."""
    champion = json.loads((store / "champion.json").read_text())
    read_snapshot(store / "releases" / champion["release"])
    assert list(store.glob(".promote-*")) == []
    return str(champion["version"])


@contextmanager
def held_by_another(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_a_locked_database_is_told_soon(copied: Path) -> None:
    before = (copied / "promotions.jsonl").read_bytes()
    with held_by_another(copied / "mlflow.db"):
        begun = time.monotonic()
        for process in [start(copied, arguments) for arguments in (BUILD, PROMOTE)]:
            said = told(process, 1)
            assert re.search(r"mlflow\.db: database is locked\. Do: wait for the other process", said)
        assert time.monotonic() - begun < 60
    assert in_service(copied) == "1"
    assert (copied / "promotions.jsonl").read_bytes() == before


def small_files(limit: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


@pytest.mark.full
def test_a_disk_that_takes_no_more_is_told(copied: Path) -> None:
    before = (copied / "promotions.jsonl").read_bytes()
    processes = [start(copied, arguments, small_files(10_000)) for arguments in (BUILD, PROMOTE)]
    for process in processes:
        said = told(process, 1).splitlines()[-1]
        assert re.search(r"(no space left on the disk; what .*|disk I/O error)\. Do: free space", said)
        assert str(copied) in said
    assert in_service(copied) == "1"
    assert (copied / "promotions.jsonl").read_bytes() == before
    assert "in service" in told(start(copied, PROMOTE), 0)


def without_the_rights_of_root() -> None:
    """Let permissions bind root too; for everybody else they do already."""
    ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, DAC_OVERRIDE, 0, 0, 0)


def test_a_folder_that_may_not_be_written_is_told(copied: Path) -> None:
    inside = [copied, *copied.rglob("*")]
    for path in inside:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        processes = [start(copied, arguments, without_the_rights_of_root) for arguments in (BUILD, PROMOTE)]
        for process in processes:
            said = told(process, 1)
            assert re.search(r"Permission denied; what is in service stays .* make it writable", said)
            assert str(copied) in said
    finally:
        for path in inside:
            path.chmod(path.stat().st_mode | 0o200)
    assert in_service(copied) == "1"


@pytest.mark.full
@pytest.mark.parametrize("left", [0, 40, 200, 380])
def test_a_full_disk_is_told_and_left_as_it_was(copied: Path, left: int) -> None:
    """A file system in memory of its own, with so many KiB left: where this user may mount one."""
    script = FILL.format(
        at="$AT", store=copied, python=sys.executable, code=SQUEEZED.replace("'", '"'), left=left
    )
    at = copied.parent / "full"
    at.mkdir()
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script]
    if shutil.which("unshare") is None or subprocess.run([*command[:3], "true"], check=False).returncode:
        pytest.skip("no file system may be mounted here")
    found = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "AT": str(at), "COMPETENCE_STORE": str(at)},
        capture_output=True,
        text=True,
        check=True,
    )
    promoted, after, built, still, again = found.stdout.splitlines()[-5:]
    for said in (promoted, built):
        assert re.search(r"^1 .*no space left on the disk; what is in service stays", said), found.stdout
    assert {json.loads(line)["version"] for line in (after, still)} == {"1"}
    assert re.search(r"^0 .*Release \w+ .*is in service", again)


@pytest.mark.full
def test_a_database_that_is_locked_half_way_is_told(copied: Path) -> None:
    process = start(copied, BUILD)
    deadline = time.monotonic() + LONGEST
    while not _running(copied / "mlflow.db"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with held_by_another(copied / "mlflow.db"):
        assert "database is locked" in told(process, 1)
    assert in_service(copied) == "1"
    assert "Version" in told(start(copied, BUILD), 0)


def _running(database: Path) -> int:
    with closing(sqlite3.connect(database)) as reader:
        return int(reader.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0])


@pytest.mark.full
@pytest.mark.parametrize("listens", [False, True], ids=["refuses", "never answers"])
def test_a_silent_server_is_told_by_every_command(copied: Path, listens: bool) -> None:
    """Each command on a store of its own: they would exclude each other before they ask the server."""
    commands = [BUILD, PROMOTE, ("training", "rollback"), ("serve", "follow", "--once")]
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen(50)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        patience = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "3"} if listens else {}
        stores = [Path(shutil.copytree(copied, copied.with_name(each[1]))) for each in commands]
        processes = [
            start(store, each, MLFLOW_TRACKING_URI=address, **patience)
            for store, each in zip(stores, commands, strict=True)
        ]
        for process in processes:
            assert str(server.getsockname()[1]) in told(process, 1)
    assert {in_service(store) for store in stores} == {"1"}


@pytest.mark.full
def test_two_builds_at_once_give_two_versions(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for first in (1, 3):  # on a fresh store, and on one that is there
        both = [start(store, (*BUILD, "--seed", str(seed))) for seed in (first, first + 1)]
        made = {re.search(r"Version (\d+)\.", told(process, 0))[1] for process in both}
        assert made == {str(first), str(first + 1)}
        for version in sorted(made):
            promoted = told(start(store, ("training", "promote", version, "--force", "test")), 0)
            assert "in service" in promoted
            assert in_service(store) == version
