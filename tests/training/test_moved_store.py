"""The embedded store in a checkout that is moved: old versions load, promote and can be looked at."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOAD = """
import mlflow, pandas as pd
for version in ("/1", "@champion"):
    model = mlflow.pyfunc.load_model(f"models:/competence-gap{version}")
    asked = pd.DataFrame({"region": ["TY"], "occupation": ["25"], "horizon": [5]})
    print(model.predict(asked)["score"].iloc[0])
"""
NOT_MOVABLE = """
import mlflow, shutil, sys
mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}/mlflow.db")
client = mlflow.MlflowClient()
made = client.create_experiment("competence-gaps", artifact_location=f"file://{sys.argv[1]}/gone/artifacts")
model = client.create_logged_model(made, name="model")
client.create_registered_model("competence-gap")
client.create_model_version("competence-gap", source=f"models:/{model.model_id}", model_id=model.model_id)
shutil.rmtree(f"{sys.argv[1]}/gone", ignore_errors=True)
"""


def python(folder: Path, *arguments: str, status: int = 0, **variables: str) -> str:
    """Run Python in a folder with the store that is the default there, and return what it printed."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("COMPETENCE", "MLFLOW"))
    }
    found = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**kept, "MLFLOW_DISABLE_TELEMETRY": "true", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == status, found.stdout + found.stderr
    assert "Traceback" not in found.stderr
    return found.stdout + found.stderr


def copy_of_the_checkout(to: Path) -> Path:
    """Copy what git knows, and new files that it would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes((ROOT / name).read_bytes())
    return to


def champion(store: Path) -> dict[str, str]:
    return dict(json.loads((store / "champion.json").read_text()))


@pytest.mark.full
def test_a_checkout_is_moved_with_its_store(tmp_path: Path) -> None:
    before = copy_of_the_checkout(tmp_path / "before" / "checkout")
    for seed in ("1", "9"):
        python(before, "-m", "training", "build", "tests/tiny", "--seed", seed)
        python(before, "-m", "training", "promote", "latest", "--why", f"seed {seed}")
    first = json.loads((before / "mlruns" / "promotions.jsonl").read_text().splitlines()[0])
    (tmp_path / "after").mkdir()
    checkout = before.rename(tmp_path / "after" / "moved here")
    store = checkout / "mlruns"
    (store / "releases" / first["release"]).rename(tmp_path / "lost")  # so it comes from the registry again

    assert "in service" in python(checkout, "-m", "training", "promote", "1", "--why", "back")
    assert (champion(store)["version"], champion(store)["release"]) == ("1", first["release"])
    registry = {"MLFLOW_TRACKING_URI": f"sqlite:///{store / 'mlflow.db'}"}
    said = python(tmp_path, "-c", LOAD, MLFLOW_ALLOW_PICKLE_DESERIALIZATION="false", **registry)
    by_number, by_alias = (float(line) for line in said.splitlines()[-2:])
    assert by_number == by_alias

    mirror = tmp_path / "mirror"
    python(checkout, "-m", "serve", "follow", "--once", "--store", str(mirror), **registry)
    assert champion(mirror) == champion(store)
    assert "Version 3." in python(checkout, "-m", "training", "build", "tests/tiny")
    assert not before.exists()


@pytest.mark.full
def test_a_store_with_absolute_paths_is_told_and_goes_on(tmp_path: Path) -> None:
    python(tmp_path, "-c", NOT_MOVABLE, str(tmp_path))
    store = {"COMPETENCE_STORE": str(tmp_path)}
    said = python(ROOT, "-m", "training", "promote", "1", status=1, **store)
    assert "its runs are now in the experiment 'competence-gaps (not movable, 1)'" in said
    assert "Do: build again and promote that." in said
    assert "version 1: its artifacts are not at" in said
    assert "made by an earlier version" not in python(
        ROOT, "-m", "training", "promote", "9", status=1, **store
    )
    assert "Version 2." in python(ROOT, "-m", "training", "build", "tests/tiny", **store)


@pytest.mark.parametrize(
    "address",
    ["competence:///../x", "competence:///artifacts/../../x", "competence:///artifacts/%2e%2e/%2e%2e/x",
     "competence://host/artifacts/x", "competence:///releases/x", "file:///artifacts/x"],
)  # fmt: skip
def test_an_address_outside_the_artifacts_is_refused(address: str) -> None:
    from mlflow.exceptions import MlflowException

    from training.artifacts import artifact_folder

    with pytest.raises(MlflowException, match="not an artifact of a store"):
        artifact_folder(address, "sqlite:////store/mlflow.db")


def test_artifacts_are_beside_the_database_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.artifacts import artifact_folder

    monkeypatch.setenv("COMPETENCE_STORE", str(tmp_path))
    beside, elsewhere = Path("/store/artifacts/a b"), tmp_path / "artifacts" / "a b"
    assert artifact_folder("competence:/artifacts/a%20b", "sqlite:////store/mlflow.db") == beside
    assert (
        artifact_folder("competence:///artifacts/a b", "sqlite+pysqlite:////store/x.db?timeout=1") == beside
    )
    assert artifact_folder("competence:///artifacts/a b", "http://127.0.0.1:5000") == elsewhere
    assert artifact_folder("competence:///artifacts/a b", "sqlite:///:memory:") == elsewhere
    monkeypatch.setenv("_MLFLOW_SERVER_FILE_STORE", "sqlite:////store/mlflow.db")
    assert artifact_folder("competence:///artifacts/a b") == beside
