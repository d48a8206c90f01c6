"""Log a build to MLflow: parameters, metrics, fingerprints, figures, the snapshot; register a version."""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.demand import employment_panel
from forecasting.errors import ForecastingError
from forecasting.pipeline import lay_out
from forecasting.region import Region
from forecasting.series.boosting import GlobalBoosting
from forecasting.snapshot import ID_LENGTH, Snapshot, read_snapshot, snapshot_hash
from training.provenance import ROOT, Provenance
from training.report import backtest_text, ranking_figure
from training.store import ALIAS, MODEL, Store

EXPERIMENT: Final = "competence-gaps"
SERVED_MODEL: Final = ROOT / "training" / "served_model.py"
REQUIREMENTS: Final = ("pandas>=2.3,<3", "pyarrow>=25,<26")


def connect(store: Store) -> Any:
    """Return an MLflow client of the store, with telemetry off and the experiment in place."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

    mlflow.set_tracking_uri(store.tracking_uri)
    client = mlflow.MlflowClient()
    if client.get_experiment_by_name(EXPERIMENT) is None:
        location = (store.folder / "artifacts").as_uri() if store.embedded else None
        client.create_experiment(EXPERIMENT, artifact_location=location)
    mlflow.set_experiment(EXPERIMENT)
    return client


def log_build(store: Store, region: Region, snapshot: Snapshot, folder: Path, code: Provenance) -> str:
    """Log one build and return the number of the registered version.

    Parameters
    ----------
    snapshot, folder : Snapshot, Path
        The snapshot, and the folder it was written to.
    """
    client = connect(store)
    import mlflow

    manifest = snapshot.manifest
    with mlflow.start_run(run_name=f"build {manifest['region']['name']}") as run:
        mlflow.set_tags(_tags(manifest, folder, code))
        mlflow.log_params(_params(manifest))
        mlflow.log_metrics(_metrics(snapshot))
        _log_files(mlflow, region, snapshot, int(manifest["seed"]))
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(SERVED_MODEL),
            artifacts={"snapshot": str(folder)},
            pip_requirements=list(REQUIREMENTS),
            signature=_signature(mlflow),
            input_example=_asked(snapshot),
            registered_model_name=MODEL,
        )
        version = str(logged.registered_model_version)
    for key, value in _tags(manifest, folder, code).items():
        client.set_model_version_tag(MODEL, version, key, value)
    client.set_model_version_tag(MODEL, version, "run", run.info.run_id)
    return version


def _tags(manifest: Any, folder: Path, code: Provenance) -> dict[str, str]:
    digest = snapshot_hash(folder)
    return {
        "snapshot": digest,
        "release": digest[:ID_LENGTH],
        "region": str(manifest["region"]["name"]),
        "base_year": str(manifest["region"]["base_year"]),
        "status": str(manifest["status"]["label"]),
        "revision": code.revision,
        "dirty": str(code.dirty).lower(),
        "lock": code.lock,
        "code": code.code,
    }


def _params(manifest: Any) -> dict[str, str]:
    given = {name: parameter["value"] for name, parameter in manifest["parameters"].items()}
    return {
        "as_of": str(manifest["as_of"]),
        "seed": str(manifest["seed"]),
        "scenario": str(manifest["scenario"]),
        **{name: json.dumps(value) for name, value in given.items()},
        **{f"method.{component}": name for component, name in manifest["methods"].items()},
        **{f"fingerprint.{table}": digest for table, digest in manifest["fingerprints"].items()},
    }


def _metrics(snapshot: Snapshot) -> dict[str, float]:
    backtest = snapshot.tables["backtest"]
    figures = ("mae", "mase", "log_mae", "coverage_80", "origins")
    metrics = {
        f"{row['component']}.{row['method']}.h{row['horizon']}.{figure}": float(row[figure])
        for row in backtest.to_dict("records")
        for figure in figures
        if pd.notna(row[figure])
    }
    residuals = {f"residual.{name}": float(value) for name, value in snapshot.manifest["residuals"].items()}
    return metrics | residuals


def _log_files(mlflow: Any, region: Region, snapshot: Snapshot, seed: int) -> None:
    """Log what a reader of the run looks at, and the challenger as LightGBM text."""
    mlflow.log_text(backtest_text(snapshot.tables["backtest"]), "backtest.txt")
    mlflow.log_text(snapshot.tables["backtest"].to_csv(index=False), "backtest.csv")
    mlflow.log_dict(dict(snapshot.manifest), "manifest.json")
    panel = employment_panel(lay_out(region), int(region.settings["base_year"]))
    booster = GlobalBoosting(seed).fit(panel)
    if booster is not None:
        mlflow.log_text(booster.model_to_string(), "sector_employment.lightgbm.txt")
    with tempfile.TemporaryDirectory() as folder:
        for horizon in snapshot.manifest["horizons"]:
            path = Path(folder) / f"gaps_{horizon}_years.svg"
            ranking_figure(snapshot, horizon, path)
            mlflow.log_artifact(str(path), "figures")


def _asked(snapshot: Snapshot) -> pd.DataFrame:
    """Return an example of what the registered model is asked."""
    cells = snapshot.tables["gaps"].head(3)
    return pd.DataFrame(
        {
            "region": cells["region"].astype(str),
            "occupation": cells["occupation"].astype(str),
            "horizon": cells["horizon"].astype("int64"),
        }
    )


def _signature(mlflow: Any) -> Any:
    """Say what the registered model takes and gives; a score is null where there is none."""
    from mlflow.types.schema import ColSpec, Schema, TensorSpec

    cell: list[ColSpec | TensorSpec] = [
        ColSpec("string", "region"),
        ColSpec("string", "occupation"),
        ColSpec("long", "horizon"),
    ]
    figures = ("score", "score_p10", "score_p50", "score_p90", "quantitative")
    answer = [*cell, *(ColSpec("double", name, required=False) for name in figures)]
    return mlflow.models.ModelSignature(Schema(cell), Schema(answer))


def resolve_version(store: Store, version: str) -> str:
    """Return the number of a registered version; ``latest`` is the newest.

    Raises
    ------
    ForecastingError
        If the registry has no such version.
    """
    found = connect(store).search_model_versions(f"name = '{MODEL}'")
    known = sorted((str(entry.version) for entry in found), key=int)
    if version == "latest" and known:
        return known[-1]
    if version not in known:
        raise ForecastingError(
            f"version {version}: not in the registry of {store.tracking_uri}; known: "
            f"{', '.join(known) or 'none'}. Do: build one with: python -m training build REGION."
        )
    return version


def fetch_snapshot(store: Store, version: str, folder: Path) -> tuple[Path, str]:
    """Bring a version's snapshot to a folder and check it against the registry.

    Returns
    -------
    path : Path
        The snapshot folder.
    digest : str
        Its hash, equal to the version's tag.

    Raises
    ------
    ForecastingError
        If its bytes are not those registered.
    """
    client = connect(store)
    import mlflow

    registered = client.get_model_version(MODEL, version)
    local = mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{version}", dst_path=str(folder))
    path = next(Path(local).rglob("manifest.json")).parent
    read_snapshot(path)
    digest = snapshot_hash(path)
    if digest != registered.tags.get("snapshot"):
        raise ForecastingError(
            f"version {version}: its snapshot hashes to {digest[:ID_LENGTH]}, the registry says "
            f"{registered.tags.get('snapshot', 'nothing')[:ID_LENGTH]}. "
            "Do: build again; do not promote this one."
        )
    return path, digest


def set_champion(store: Store, version: str) -> None:
    """Point the registry's alias at a version."""
    connect(store).set_registered_model_alias(MODEL, ALIAS, version)
