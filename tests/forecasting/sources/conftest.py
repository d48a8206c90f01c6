"""Made-up files of the sources, and the real ones read once."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.sources import flanders

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = (ROOT / os.environ.get("SHARED_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def raw(shared: Path) -> flanders.Raw:
    return flanders.read(shared)


@pytest.fixture
def write_tsv(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "table.tsv.gz") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
        return path

    return write
