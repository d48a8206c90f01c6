"""The evidence of each component in a run of its own: what was trained before need not be trained again."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.evidence import COMPONENTS, Evidence
from forecasting.parameters import Parameters
from forecasting.region import Region, fingerprints
from training.runs import log_evidence

FOLDER: Final = "evidence"
INPUTS: Final = "component.inputs"
CODE: Final = "component.code"
_TABLES: Final = ("table", "groups", "errors")


def inputs_of(name: str, region: Region, parameters: Parameters, seed: int) -> dict[str, str]:
    """Return what a component is trained on: the hash of each table it reads, parameters, base year, seed."""
    known = fingerprints(region)
    values = {key: parameter.value for key, parameter in parameters.values.items()}
    return {
        **{f"table {table}": known.get(table, "none") for table in COMPONENTS[name].reads},
        "base year": str(region.settings["base_year"]),
        "parameters": hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(),
        "seed": str(seed),
    }


def trained(
    name: str, region: Region, parameters: Parameters, seed: int, code: str, earlier: str | None
) -> tuple[Evidence, str]:
    """Train a component in a nested run, or take over what an earlier run of it found.

    Parameters
    ----------
    code : str
        Hash of the method's source.
    earlier : str or None
        Id of the nested run to take over, as `finished` returns it.

    Returns
    -------
    evidence : Evidence
    code : str
        Hash of the source that trained it.
    """
    import mlflow

    component = COMPONENTS[name]
    with (
        mlflow.start_run(run_name=name, nested=True, description=component.meaning),
        tempfile.TemporaryDirectory() as aside,
    ):
        if earlier is None:
            evidence = component.train(region, parameters, seed)
        else:
            evidence, code = _fetched(earlier, Path(aside) / "earlier")
            mlflow.set_tag("taken_over_from", earlier)
        log_evidence(name, evidence, region, seed)
        write_evidence(evidence, Path(aside) / FOLDER)
        mlflow.log_artifacts(str(Path(aside) / FOLDER), FOLDER)
        inputs = inputs_of(name, region, parameters, seed)
        mlflow.set_tags({CODE: code, INPUTS: json.dumps(inputs, sort_keys=True)})
    return evidence, code


def finished(client: Any, run: str) -> dict[str, Any]:
    """Return the nested runs of components that a build finished, by component."""
    parent = client.get_run(run)
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{run}'", order_by=["start_time DESC"]
    )
    done = [child for child in children if child.info.status == "FINISHED" and INPUTS in child.data.tags]
    return {str(child.info.run_name): child for child in reversed(done) if child.info.run_name in COMPONENTS}


def refuse_other_inputs(name: str, child: Any, inputs: Mapping[str, str]) -> None:
    """Refuse to take over what was trained on something else.

    Raises
    ------
    ForecastingError
        Naming what differs.
    """
    before = json.loads(child.data.tags[INPUTS])
    differ = sorted(key for key in before.keys() | inputs.keys() if before.get(key) != inputs.get(key))
    if differ:
        raise ForecastingError(
            f"component {name} of run {child.info.run_id}: trained on another {', another '.join(differ)}; "
            "expected the same as now. Do: train it anew too, with a whole build."
        )


def write_evidence(evidence: Evidence, folder: Path) -> None:
    """Write evidence as Parquet and JSON: nothing in it is a pickle."""
    folder.mkdir(parents=True)
    for name in _TABLES:
        getattr(evidence, name).to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "method.json").write_text(json.dumps({"method": evidence.method}), encoding="utf-8")


def read_evidence(folder: Path) -> Evidence:
    """Read what `write_evidence` wrote."""
    method = json.loads((folder / "method.json").read_text(encoding="utf-8"))["method"]
    table, groups, errors = (pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES)
    return Evidence(str(method), table, groups, errors)


def _fetched(run: str, folder: Path) -> tuple[Evidence, str]:
    import mlflow

    folder.mkdir()
    local = mlflow.artifacts.download_artifacts(run_id=run, artifact_path=FOLDER, dst_path=str(folder))
    return read_evidence(Path(local)), str(mlflow.get_run(run).data.tags[CODE])
