"""What the commands do, as functions for notebooks: regions and stores in, tables and releases out.

The store is the one that ``COMPETENCE_STORE`` names (default ``mlruns/``), runs and registry those of
``MLFLOW_TRACKING_URI`` where it is set; errors are `forecasting.errors.ForecastingError`, with what to do.

>>> from training import api                                    # doctest: +SKIP
>>> api.problems("regions/flanders")                            # doctest: +SKIP
[]
>>> built = api.build("regions/flanders")                       # doctest: +SKIP
>>> built.snapshot.tables["gaps"].nlargest(10, "score_p50")     # doctest: +SKIP
>>> entry, verdicts = api.promote(built.version, why="yearly")  # doctest: +SKIP
>>> api.diff("1", built.version).scores                         # doctest: +SKIP
"""

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.errors import ForecastingError, Problem
from forecasting.evidence import COMPONENTS, backtests, train
from forecasting.parameters import load_parameters
from forecasting.region import problems_of, read_region
from forecasting.snapshot import ID_LENGTH, Snapshot, read_snapshot
from training import publish
from training.building import Built
from training.building import build as build_and_register
from training.diff import compare
from training.gates import Verdict
from training.promotions import read_log, served_on
from training.retention import release_folder
from training.store import open_store
from training.tracking import fetch_snapshot, resolve_version


def quiet(step: str) -> None:
    """Say nothing of a step."""


def problems(region: Path | str) -> list[Problem]:
    """Return every problem of a region folder, none if it can be built."""
    return problems_of(Path(region))


def backtest(
    region: Path | str, as_of: dt.date | None = None, seed: int = 1, component: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold every component, or one, to what came after, and register nothing.

    Returns
    -------
    whole, groups : DataFrame
        The published tables ``backtest`` and ``backtest_groups``.

    Raises
    ------
    ForecastingError
        If the region has problems, or the component is unknown.
    """
    if component is not None and component not in COMPONENTS:
        raise ForecastingError(
            f"component {component!r}; expected one of {', '.join(COMPONENTS)}. Do: correct it."
        )
    read, parameters = read_region(Path(region)), load_parameters(as_of)
    if component is None:
        return backtests(train(read, parameters, seed))
    return backtests({component: COMPONENTS[component].train(read, parameters, seed)})


def build(
    region: Path | str,
    as_of: dt.date | None = None,
    seed: int = 1,
    *,
    resume: str | None = None,
    retrain: str | None = None,
    of: str | None = None,
    tell: Callable[[str], None] = quiet,
) -> Built:
    """Train, forecast, score; log the run and register a version: see `training.building.build`."""
    tell("check the region")
    read, parameters = read_region(Path(region)), load_parameters(as_of)
    tell("open the store")
    store = open_store()
    return build_and_register(store, read, parameters, seed, resume=resume, retrain=retrain, of=of, tell=tell)


def promote(
    version: str, why: str, *, force: str | None = None, approved_by: str | None = None
) -> tuple[dict[str, Any], list[Verdict]]:
    """Hold a version to the gates and put it in service: see `training.publish.promote`."""
    return publish.promote(open_store(), version, why, force=force, approved_by=approved_by)


def rollback(why: str) -> dict[str, Any]:
    """Return to the release that the present one replaced: see `training.publish.rollback`."""
    return publish.rollback(open_store(), why)


def log(on: dt.date | None = None) -> list[dict[str, Any]]:
    """Return every promotion, oldest first, or the one in force at the end of a day (UTC)."""
    entries = read_log(open_store().promotions)
    if on is None:
        return entries
    found = served_on(entries, on)
    return [found] if found else []


def diff(a: str, b: str, budget: int = 6_000_000_000) -> Any:
    """Compare two releases or versions: see `training.diff.compare`.

    Parameters
    ----------
    a, b : str
        Release id, or the number of a version.
    budget : int
        Reference budget in cents.
    """
    return compare(snapshot(a), snapshot(b), budget, names=(a, b))


def snapshot(name: str) -> Snapshot:
    """Return a promoted release by id, or a registered version by number or as ``latest``."""
    if len(name) == ID_LENGTH:
        return release(name)[1]
    store = open_store()
    with tempfile.TemporaryDirectory() as folder:
        path, _ = fetch_snapshot(store, resolve_version(store, name), Path(folder))
        return read_snapshot(path)


def release(name: str | None = None) -> tuple[str, Snapshot]:
    """Return the id and the snapshot of a release, by default of the one in service.

    Raises
    ------
    ForecastingError
        If it was never promoted, or was pruned: told is the way back.
    """
    store = open_store()
    chosen = name or publish.champion_release(store)
    return chosen, read_snapshot(release_folder(store, chosen))
