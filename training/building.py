"""Build: train every component, forecast, score; one MLflow run from the first step on, one version."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from forecasting.errors import ForecastingError
from forecasting.evidence import COMPONENTS
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot, write_snapshot
from training.components import finished, inputs_of, refuse_other_inputs, trained
from training.provenance import Provenance, provenance
from training.runs import log_scores, run_name
from training.store import MODEL, Store
from training.tracking import EXPERIMENT, connect, log_inputs, register_version, resolve_version

STEP: Final = "build.step"
LATEST: Final = "latest"


@dataclass(frozen=True)
class Built:
    """What a build made: the registered version, its MLflow run, the snapshot."""

    version: str
    run: str
    snapshot: Snapshot


def build(
    store: Store,
    region: Region,
    parameters: Parameters,
    seed: int = 1,
    *,
    resume: str | None = None,
    retrain: str | None = None,
    of: str | None = None,
    tell: Callable[[str], None],
) -> Built:
    """Train, forecast and score a region, and register the result.

    Parameters
    ----------
    resume : str, optional
        Id of a run that did not finish, or ``latest``: its finished components are not trained again.
    retrain, of : str, optional
        Train this component anew and take the others over from this version.
    tell : callable
        Told each step as it begins.

    Raises
    ------
    ForecastingError
        If there is nothing to resume, the inputs differ, or the component is unknown.
    """
    client, code = connect(store), provenance()
    import mlflow

    with tempfile.TemporaryDirectory() as aside:
        run = _unfinished(client, resume) if resume else None
        earlier = _taken_over(client, store, run, retrain, of)
        for name, child in earlier.items():
            refuse_other_inputs(name, child, inputs_of(name, region, parameters, seed))
        called = None if run else run_name(region, parameters, seed)
        with mlflow.start_run(run_id=run, run_name=called) as active:
            opened = str(active.info.run_id)
            try:
                log_inputs(region, parameters, seed, code)
                snapshot = _steps(region, parameters, seed, code, earlier, tell)
                _begin("register", tell)
                path = Path(aside) / "snapshot"
                write_snapshot(snapshot, path)
                version = register_version(client, opened, snapshot, path, code)
            except ForecastingError as error:
                raise ForecastingError(f"{error}\n{_left(opened)}") from error
            except BaseException as error:
                error.add_note(_left(opened))
                raise
    return Built(version, opened, snapshot)


def _steps(
    region: Region,
    parameters: Parameters,
    seed: int,
    code: Provenance,
    earlier: Mapping[str, Any],
    tell: Callable[[str], None],
) -> Snapshot:
    evidence, codes = {}, {}
    for name in COMPONENTS:
        _begin(name, tell)
        child = earlier.get(name)
        run = str(child.info.run_id) if child is not None else None
        evidence[name], codes[name] = trained(name, region, parameters, seed, code.code, run)
    _begin("gap", tell)
    snapshot = build_snapshot(region, parameters, seed, code.code, evidence)
    others = {name: each for name, each in codes.items() if each != code.code}
    if others:  # else the manifest, and so the release, is that of a whole build
        snapshot = replace(snapshot, manifest={**snapshot.manifest, "trained_with": others})
    log_scores(snapshot)
    return snapshot


def _begin(step: str, tell: Callable[[str], None]) -> None:
    """Say which step begins, to the reader and to whoever finds the run unfinished."""
    import mlflow

    mlflow.set_tag(STEP, step)
    tell(step)


def _left(run: str) -> str:
    return (
        f"Run {run} keeps the components that were finished. "
        f"Do: mend the cause, then go on with it: python -m training build REGION --resume {run}."
    )


def _unfinished(client: Any, run: str) -> str:
    """Return the id of the run to resume.

    Raises
    ------
    ForecastingError
        If it is not there, or has a version already.
    """
    experiment = client.get_experiment_by_name(EXPERIMENT)
    builds = client.search_runs([experiment.experiment_id], f"tags.`{STEP}` != ''", max_results=1000)
    made = {entry.run_id for entry in client.search_model_versions(f"name = '{MODEL}'")}
    open_runs = [str(each.info.run_id) for each in builds if each.info.run_id not in made]
    if run == LATEST and open_runs:
        return open_runs[0]
    if run not in open_runs:
        known = f"unfinished: {', '.join(open_runs[:3])}" if open_runs else "every build has finished"
        raise ForecastingError(
            f"run {run}: not a build that stopped half-way; {known}. Do: correct the id, or build anew."
        )
    return run


def _taken_over(
    client: Any, store: Store, run: str | None, retrain: str | None, of: str | None
) -> dict[str, Any]:
    """Return the nested runs whose evidence is taken over, by component.

    Raises
    ------
    ForecastingError
        If the component is unknown, or it is not said of which version the others are.
    """
    if retrain is None and of is None:
        return finished(client, run) if run else {}
    if run is not None or retrain not in COMPONENTS or of is None:
        raise ForecastingError(
            f"--retrain {retrain} --of {of}{' --resume' if run else ''}; expected one of "
            f"{', '.join(COMPONENTS)}, and the version whose other components are kept, without --resume. "
            "Do: python -m training build REGION --retrain COMPONENT --of VERSION."
        )
    version = client.get_model_version(MODEL, resolve_version(store, of))
    kept = {name: child for name, child in finished(client, version.run_id).items() if name != retrain}
    missing = COMPONENTS.keys() - kept.keys() - {retrain}
    if missing:
        raise ForecastingError(
            f"version {of}: keeps no evidence of {', '.join(sorted(missing))}; it was made by an earlier "
            "version of this program. Do: build anew."
        )
    return kept
