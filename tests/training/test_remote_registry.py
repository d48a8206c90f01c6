"""A remote MLflow server, and MLflow's own pages over an embedded store: real servers on this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT, TINY

pytestmark = pytest.mark.full
LONGEST_START = 120
LOAD = (
    "import mlflow; model = mlflow.pyfunc.load_model('models:/competence-gap@champion'); "
    "print(model.metadata.model_uuid)"
)


def python(store: Path, *arguments: str, **variables: str) -> str:
    found = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "COMPETENCE_STORE": str(store), **variables},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@contextmanager
def mlflow_server(folder: Path, *arguments: str) -> Iterator[str]:
    """Start a server over ``mlflow.db`` of a folder and yield its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = ("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}")
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("COMPETENCE", "MLFLOW"))
    }
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *database, "--workers", "1", *arguments],
            cwd=folder,
            env={**kept, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, folder / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START
    while True:
        try:
            with urlopen(address, timeout=5):  # noqa: S310  our own server
                return
        except (URLError, TimeoutError, ConnectionError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)


def champion(store: Path) -> dict[str, str]:
    return dict(json.loads((store / "champion.json").read_text()))


def test_a_remote_server_keeps_runs_and_this_machine_its_releases(tmp_path: Path) -> None:
    server, store, mirror = tmp_path / "server", tmp_path / "store", tmp_path / "mirror"
    server.mkdir()
    artifacts = ("--artifacts-destination", str(server / "artifacts"))
    with mlflow_server(server, *artifacts) as address:
        remote = {"MLFLOW_TRACKING_URI": address}
        python(store, "-m", "training", "build", str(TINY), **remote)
        python(store, "-m", "training", "promote", "1", "--why", "remote", **remote)
        assert python(tmp_path / "no store", "-c", LOAD, **remote).strip()
        python(mirror, "-m", "serve", "follow", "--once", **remote)
    assert sorted(path.name for path in store.iterdir() if not path.name.startswith(".")) == [
        "champion.json",
        "promotions.jsonl",
        "releases",
    ]
    assert (store / "releases" / champion(store)["release"] / "manifest.json").is_file()
    assert champion(mirror) == champion(store)
    assert (mirror / "releases" / champion(store)["release"] / "tables" / "gaps.parquet").is_file()


def test_the_pages_of_mlflow_show_the_embedded_store(tmp_path: Path) -> None:
    python(tmp_path, "-m", "training", "build", str(TINY))
    python(tmp_path, "-m", "training", "promote", "1", "--why", "seen")
    find = (
        "import mlflow; print(mlflow.MlflowClient().get_model_version_by_alias('competence-gap', "
        "'champion').run_id)"
    )
    run = python(tmp_path, "-c", find, MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path / 'mlflow.db'}").strip()
    with mlflow_server(tmp_path) as address:
        asked = f"{address}/ajax-api/2.0/mlflow/artifacts/list?run_id={run}"
        with urlopen(asked, timeout=30) as answer:  # noqa: S310
            listed = {entry["path"] for entry in json.load(answer)["files"]}
        assert {"backtest.csv", "figures", "manifest.json"} <= listed
        with urlopen(f"{address}/get-artifact?path=backtest.md&run_uuid={run}", timeout=30) as answer:  # noqa: S310
            assert b"naive" in answer.read()
