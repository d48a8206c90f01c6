"""Snapshots to compare, and a store with two versions to copy and maltreat."""

import dataclasses
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot
from tests.conftest import ROOT, TINY


def ruled(parameters: Parameters, **values: Any) -> Parameters:
    changed = {
        name: dataclasses.replace(parameters.values[name], value=value) for name, value in values.items()
    }
    return dataclasses.replace(parameters, values={**parameters.values, **changed})


@pytest.fixture(scope="session")
def older(tiny: Region, parameters: Parameters) -> Snapshot:
    return build_snapshot(tiny, ruled(parameters, largest_share=0.9), 1, "test")


@pytest.fixture(scope="session")
def newer(tiny: Region, parameters: Parameters) -> Snapshot:
    """Return a build with more graduates in one field, and another rule for the weight."""
    graduates = tiny.tables["graduates"].copy()
    graduates["persons"] *= 1 + graduates["field"].eq(graduates["field"].iloc[-1])
    region = dataclasses.replace(tiny, tables={**tiny.tables, "graduates": graduates})
    return build_snapshot(region, ruled(parameters, largest_share=0.8, weight_quantile=0.4), 1, "test")


@pytest.fixture(scope="session")
def suppressed(tiny: Region, parameters: Parameters) -> Snapshot:
    """Return the old build with a floor that suppresses occupation 25."""
    return build_snapshot(tiny, ruled(parameters, largest_share=0.9, small_cell=4000), 1, "test")


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two versions, the first in service; tests work on copies of it.

    The processes of one run share it: the first that needs it makes it, and the others wait.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    store = shared / "two versions"
    with (shared / "two versions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not store.exists():
            _make_two_versions(folder / "in the making").rename(store)
    return store


def _make_two_versions(store: Path) -> Path:
    commands = {
        ("build", str(TINY)): "Version 1.",
        ("build", str(TINY), "--seed", "9"): "Version 2.",
        ("promote", "1", "--why", "first"): "is in service",
    }
    for arguments, told in commands.items():
        found = subprocess.run(
            [sys.executable, "-m", "training", *arguments],
            cwd=ROOT,
            env={**os.environ, "COMPETENCE_STORE": str(store)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told in found.stdout
        assert "naive" in found.stdout or arguments[0] != "build", "the backtest is printed"
    return store


@pytest.fixture
def copied(two_versions: Path, tmp_path: Path) -> Path:
    """Return a copy of the store with two versions for one test alone."""
    return Path(shutil.copytree(two_versions, tmp_path / "store"))
