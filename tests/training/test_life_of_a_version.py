"""Build, promote, allocate, as a user runs them: real commands on a store of their own."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.snapshot import ID_LENGTH, read_snapshot, snapshot_hash
from tests.conftest import ROOT, TINY
from training.__main__ import app
from training.report import market, write_report


def run(store: Path, *arguments: str, status: int = 0, **variables: str) -> str:
    """Run a command and return what it printed; fail if its exit status is another."""
    found = subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        env={**os.environ, "COMPETENCE_STORE": str(store), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == status, found.stdout + found.stderr
    assert "Traceback" not in found.stderr
    return found.stdout + found.stderr


def refused(store: Path, *arguments: str, status: int = 1) -> str:
    """Run a command without a process of its own, for what ends before MLflow; return what it printed."""
    found = CliRunner().invoke(app, arguments, env={"COMPETENCE_STORE": str(store)})
    assert isinstance(found.exception, SystemExit), found.exception
    assert found.exit_code == status, found.output
    return found.output


@pytest.fixture(scope="module")
def store(two_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with the made-up region built twice, with two seeds, and the first in service."""
    return Path(shutil.copytree(two_versions, tmp_path_factory.mktemp("life") / "store"))


def champion(store: Path) -> dict[str, str]:
    return dict(json.loads((store / "champion.json").read_text()))


def test_a_release_is_the_registered_snapshot(store: Path) -> None:
    release = store / "releases" / champion(store)["release"]
    assert snapshot_hash(release)[:ID_LENGTH] == release.name
    assert read_snapshot(release).manifest["region"]["name"] == "Tinyland"


def test_the_run_holds_parameters_metrics_fingerprints_and_figures(store: Path) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    version = client.get_model_version("competence-gap", "1")
    logged = client.get_run(version.run_id)
    assert logged.data.metrics["sector_employment.naive.h1.origins"] == 7
    assert {"sector_employment.lightgbm.h1.mase", "sector_employment.mean.h5.coverage_80"} <= set(
        logged.data.metrics
    )
    assert logged.data.params["method.sector_employment"] == "mean"
    assert len(logged.data.params["fingerprint.graduates"]) == 64
    assert {"revision", "dirty", "lock", "code", "snapshot"} <= set(logged.data.tags)
    artifacts = {entry.path for entry in client.list_artifacts(version.run_id)}
    assert {"backtest.csv", "manifest.json", "figures"} <= artifacts


def test_the_registered_model_answers_with_pickle_forbidden(store: Path) -> None:
    code = (
        "import mlflow, pandas as pd, sys\n"
        "mlflow.set_tracking_uri(sys.argv[1])\n"
        "model = mlflow.pyfunc.load_model('models:/competence-gap@champion')\n"
        "asked = pd.DataFrame({'region': ['TY'], 'occupation': ['25'], 'horizon': [5]})\n"
        "print(model.predict(asked).to_json(orient='records'))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, f"sqlite:///{store / 'mlflow.db'}"],
        env={**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"},
        cwd=store,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(found.stdout.splitlines()[-1])[0]
    gaps = read_snapshot(store / "releases" / champion(store)["release"]).tables["gaps"]
    row = gaps[(gaps["occupation"] == "25") & (gaps["horizon"] == 5)].iloc[0]
    assert answer["score"] == pytest.approx(row["score"])


def test_promoting_another_and_the_first_again(store: Path) -> None:
    first = champion(store)["release"]
    run(store, "promote", "latest", "--why", "second")
    second = champion(store)
    assert (second["version"], second["why"]) == ("2", "second")
    assert second["release"] != first
    run(store, "promote", "1", "--why", "back")
    assert champion(store)["release"] == first
    lines = (store / "promotions.jsonl").read_bytes().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["version"] for entry in entries] == ["1", "2", "1"]
    assert [entry["previous"] for entry in entries[1:]] == [
        hashlib.sha256(line).hexdigest() for line in lines[:-1]
    ]


def test_an_unknown_version_is_named_beside_the_known(store: Path) -> None:
    assert re.search(
        r"version 9: not in the registry .* known: 1, 2\. Do: build one", run(store, "promote", "9", status=1)
    )


def test_a_tampered_artifact_is_not_promoted(store: Path) -> None:
    served = champion(store)
    version = "2" if served["version"] == "1" else "1"
    kept = {path: path.read_bytes() for path in (store / "artifacts").rglob("tables/gaps.parquet")}
    try:
        for path, content in kept.items():
            path.write_bytes(content + b"x")
        assert "expected the bytes named in the manifest" in run(store, "promote", version, status=1)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert champion(store) == served


def test_a_budget_adds_up_to_the_cent(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "a"
    shown = run(store, "allocate", "--budget", "1000000.01", "--out", str(out))
    assert "67% of the weights are zero" in shown
    about, table = json.loads((out / "allocation.json").read_text()), pd.read_csv(out / "allocation.csv")
    assert table["cents"].sum() == about["allocated_cents"]
    assert about["allocated_cents"] + about["residual_cents"] == 100_000_001
    assert (table["cents"] <= 25_000_000).all()
    assert about["release"] == champion(store)["release"]
    assert "an existing folder" in run(store, "allocate", "--budget", "1", "--out", str(out), status=1)


@pytest.mark.parametrize("budget", ["-1", "1.005", "NaN", "Infinity", "ten", "1e400"])
def test_a_budget_that_is_no_amount_is_refused(store: Path, tmp_path: Path, budget: str) -> None:
    said = refused(store, "allocate", f"--budget={budget}", "--out", str(tmp_path / "a"))
    assert "with at most two decimals" in said
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_release_or_region_is_refused(store: Path, tmp_path: Path) -> None:
    arguments = ("allocate", "--budget", "1", "--out", str(tmp_path / "a"))
    assert "release 123: not among" in refused(store, *arguments, "--release", "123")
    assert "expected one of TY" in refused(store, *arguments, "--region", "XX")


def test_a_broken_region_is_not_built(store: Path, tmp_path: Path) -> None:
    (tmp_path / "region.yaml").write_text("name: x\n")
    assert "expected the table occupations" in refused(store, "build", str(tmp_path))


def test_a_day_before_any_parameter_or_no_day_is_refused(store: Path) -> None:
    assert "no value in force on 2001-01-01" in refused(store, "build", str(TINY), "--as-of", "2001-01-01")
    assert "expected a day as 2026-01-31" in refused(store, "build", str(TINY), "--as-of", "soon")


def test_a_registry_that_does_not_answer_is_named_before_the_work(tmp_path: Path) -> None:
    server = {"MLFLOW_TRACKING_URI": "http://me:secret@127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    for command in (("build", str(TINY)), ("promote", "1")):
        said = run(tmp_path, *command, status=1, **server)
        assert re.search(
            r"MLFLOW_TRACKING_URI http://127\.0\.0\.1:9: found no MLflow server that answers.* "
            r"Do: start the server, correct the variable, or unset it",
            said,
        )
        assert "secret" not in said


def test_a_registry_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database" * 100)
    said = run(tmp_path, "promote", "1", status=1)
    assert re.search(
        r"the MLflow registry in the store: .*not a database.*Do: correct COMPETENCE_STORE", said
    )


def test_a_file_in_the_place_of_a_folder_is_named(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    out = ("--out", str(file / "x"))
    for said in (
        refused(store, "report", *out),
        refused(store, "allocate", "--budget", "1", *out),
        refused(store, "check", "--templates", str(file / "x")),
        refused(store, "check", "--templates", str(file)),
        refused(file, "promote", "1"),
        refused(file, "build", str(TINY)),
    ):
        assert re.search(r"file(/x)?: found a file; expected .* Do: give another", said.replace("\n", " "))
    assert file.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_region_that_is_no_folder_is_one_problem(tmp_path: Path) -> None:
    assert "1 problem(s)" in refused(tmp_path, "check", str(tmp_path / "none"))
    assert "found a file; expected a region folder" in refused(tmp_path, "check", str(TINY / "entry.csv"))


def test_numbers_out_of_range_are_refused_at_once(tmp_path: Path) -> None:
    assert "--seed" in refused(tmp_path, "build", str(TINY), "--seed", "-1", status=2)
    assert "--top" in refused(tmp_path, "report", "--out", str(tmp_path / "a"), "--top", "0", status=2)


def test_a_report_is_written_whole_or_not_at_all(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = read_snapshot(store / "releases" / champion(store)["release"])
    files = write_report(snapshot, market(snapshot), 5, 3, tmp_path / "whole")
    assert sorted(files) == sorted((tmp_path / "whole").iterdir())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.report.ranking_figure", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(snapshot, market(snapshot), 5, 3, tmp_path / "half")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_nothing_promoted_says_what_to_do(tmp_path: Path) -> None:
    said = refused(tmp_path / "empty", "allocate", "--budget", "1", "--out", str(tmp_path / "a"))
    assert "nothing is promoted yet. Do: python -m training promote VERSION" in said


def test_check_reports_and_exits_with_one(tmp_path: Path) -> None:
    said = run(tmp_path, "check", str(tmp_path), status=1)
    assert re.search(r"\d+ problem\(s\)", said)
    assert "no problems" in run(tmp_path, "check", str(TINY))


def test_sources_name_licence_and_vintage(tmp_path: Path) -> None:
    said = run(tmp_path, "sources")
    assert "flanders" in said
    assert "CC BY 4.0" in said
