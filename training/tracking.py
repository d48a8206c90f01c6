"""Log a build to MLflow: parameters, metrics, fingerprints, figures, the snapshot; register a version."""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters
from forecasting.region import Region, fingerprints
from forecasting.snapshot import ID_LENGTH, MANIFEST, Snapshot, read_snapshot, snapshot_hash
from training.provenance import ROOT, Provenance
from training.report import ranking_figure
from training.runs import backtest_markdown, backtest_metrics, summary
from training.store import ALIAS, ARTIFACTS, MODEL, SCHEME, Store, opening

logger = logging.getLogger(__name__)

EXPERIMENT: Final = "competence-gaps"
REGISTERED: Final = "Gap scores: region, occupation and horizon in, score and interval out. Alias: champion."
SERVED_MODEL: Final = ROOT / "training" / "served_model.py"
REQUIREMENTS: Final = ("pandas>=2.3,<3", "pyarrow>=25,<26")


def connect(store: Store) -> Any:
    """Return an MLflow client of the store, with telemetry off and the experiment in place."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db").setLevel(logging.CRITICAL)  # what it tells is raised too
    with opening(store):
        return _connected(mlflow, store)


def _connected(mlflow: Any, store: Store) -> Any:
    from training.artifacts import register

    register()
    mlflow.set_tracking_uri(store.tracking_uri)
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None and store.embedded and not experiment.artifact_location.startswith(SCHEME):
        _set_aside(client, experiment, store)
        experiment = None
    if experiment is None:
        client.create_experiment(EXPERIMENT, artifact_location=ARTIFACTS if store.embedded else None)
    mlflow.set_experiment(EXPERIMENT)
    return client


def _set_aside(client: Any, experiment: Any, store: Store) -> None:
    """Keep the runs of an experiment whose artifacts have absolute paths under another name."""
    name = f"{EXPERIMENT} (not movable, {experiment.experiment_id})"
    client.rename_experiment(experiment.experiment_id, name)
    logger.warning(
        "%s: made by an earlier version of this program, which kept absolute paths; its runs are now in the "
        "experiment %r. Its versions load only while %s stays where it is. Do: build again and promote that.",
        store.folder,
        name,
        experiment.artifact_location,
    )


def log_inputs(region: Region, parameters: Parameters, seed: int, code: Provenance) -> None:
    """Log what a build is made of to the run that is active, before anything is trained."""
    import mlflow

    mlflow.set_tags(_made_by(region, code))
    mlflow.log_params(
        {
            "as_of": parameters.as_of,
            "seed": str(seed),
            **{name: json.dumps(parameter.value) for name, parameter in parameters.values.items()},
            **{f"fingerprint.{table}": digest for table, digest in fingerprints(region).items()},
        }
    )


def register_version(client: Any, run: str, snapshot: Snapshot, folder: Path, code: Provenance) -> str:
    """Log the result of a build to the run that is active and return the number of its version.

    Parameters
    ----------
    run : str
        Id of the active run.
    snapshot, folder : Snapshot, Path
        The snapshot, and the folder it was written to.
    """
    import mlflow

    digest, note = snapshot_hash(folder), summary(snapshot)
    tags = {
        "snapshot": digest,
        "release": digest[:ID_LENGTH],
        "status": str(snapshot.manifest["status"]["label"]),
    }
    about = snapshot.manifest["region"]
    of_version = {"region": str(about["name"]), "base_year": str(about["base_year"]), "run": run}
    mlflow.set_tags({**tags, "mlflow.note.content": note})
    methods = snapshot.manifest["methods"]
    mlflow.log_params({f"method.{component}": name for component, name in methods.items()})
    mlflow.log_metrics(_metrics(snapshot))
    _log_files(mlflow, snapshot)
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(SERVED_MODEL),
        artifacts={"snapshot": str(folder)},
        pip_requirements=list(REQUIREMENTS),
        signature=_signature(mlflow),
        input_example=_asked(snapshot),
    )
    # With its tags in one step: a crash leaves no version without a name.
    made = {**of_version, **_of_code(code), **tags}
    if not client.search_registered_models(f"name = '{MODEL}'"):
        _make_model(client)
    version = client.create_model_version(
        MODEL, logged.model_uri, run, tags=made, description=note, model_id=logged.model_id
    )
    return str(version.version)


def _make_model(client: Any) -> None:
    """Make the registered model, unless another build has just done so."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(MODEL, description=REGISTERED)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _made_by(region: Region, code: Provenance) -> dict[str, str]:
    about = region.settings
    return {"region": str(about["name"]), "base_year": str(about["base_year"]), **_of_code(code)}


def _of_code(code: Provenance) -> dict[str, str]:
    return {
        "revision": code.revision,
        "dirty": str(code.dirty).lower(),
        "lock": code.lock,
        "code": code.code,
    }


def _metrics(snapshot: Snapshot) -> dict[str, float]:
    backtest = {
        f"{component}.{name}": value
        for component, rows in snapshot.tables["backtest"].groupby("component")
        for name, value in backtest_metrics(rows).items()
    }
    residuals = {f"residual.{name}": float(value) for name, value in snapshot.manifest["residuals"].items()}
    return backtest | residuals


def _log_files(mlflow: Any, snapshot: Snapshot) -> None:
    """Log what a reader of the run looks at."""
    mlflow.log_text(backtest_markdown(snapshot.tables["backtest"]), "backtest.md")
    mlflow.log_text(snapshot.tables["backtest"].to_csv(index=False), "backtest.csv")
    mlflow.log_dict(dict(snapshot.manifest), "manifest.json")
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
        If its artifacts are gone, or its bytes are not those registered.
    """
    client = connect(store)
    import mlflow

    registered = client.get_model_version(MODEL, version)
    _refuse_moved(client, registered, store)
    local = mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{version}", dst_path=str(folder))
    path = next(Path(local).rglob(MANIFEST), Path(local) / MANIFEST).parent
    read_snapshot(path)
    digest = snapshot_hash(path)
    if digest != registered.tags.get("snapshot"):
        raise ForecastingError(
            f"version {version}: its snapshot hashes to {digest[:ID_LENGTH]}, the registry says "
            f"{registered.tags.get('snapshot', 'nothing')[:ID_LENGTH]}. "
            "Do: build again; do not promote this one."
        )
    return path, digest


def _refuse_moved(client: Any, registered: Any, store: Store) -> None:
    """Say where the artifacts of a version should be on this machine, if they are not there."""
    from training.artifacts import artifact_folder

    if not store.embedded:
        return
    location = str(client.get_model_version_download_uri(MODEL, registered.version))
    address = urlsplit(location)
    if address.scheme == SCHEME:
        place = artifact_folder(location)
    elif address.scheme in {"", "file"}:
        place = Path(unquote(address.path))
    else:
        return
    if not place.is_dir():
        raise ForecastingError(
            f"version {registered.version}: its artifacts are not at {place}; a store made by an earlier "
            "version of this program cannot be moved. Do: put them back, or build again and promote that."
        )


def set_champion(store: Store, version: str) -> None:
    """Point the registry's alias at a version."""
    connect(store).set_registered_model_alias(MODEL, ALIAS, version)
