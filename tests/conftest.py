"""What every test shares: no network but loopback, the made-up region, the real data where it is."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from forecasting.parameters import Parameters, load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region, read_region
from forecasting.snapshot import Snapshot

ROOT = Path(__file__).parent.parent
TINY = ROOT / "tests" / "tiny"
LOOPBACK = ("127.", "::1", "localhost")


def baseline(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a published table without the scenarios beside the baseline."""
    return table[table["scenario"] == "baseline"].reset_index(drop=True)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail on any connection that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            pytest.fail(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_tracking_server_left_behind() -> Iterator[None]:
    """Forget the address that MLflow puts in the environment, or the next test's commands would use it."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    if before is not None:
        os.environ["MLFLOW_TRACKING_URI"] = before


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real public data; skip where it is absent, fail where it cannot be read."""
    folder = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (SHARED_DATA)")
    next(folder.iterdir())
    return folder


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return load_parameters()


@pytest.fixture(scope="session")
def tiny() -> Region:
    return read_region(TINY)


@pytest.fixture(scope="session")
def tiny_snapshot(tiny: Region, parameters: Parameters) -> Snapshot:
    return build_snapshot(tiny, parameters, seed=1, code="test")
