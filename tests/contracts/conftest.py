"""One awkward release, the one before it, and what a service gives away of both."""

import dataclasses
import json
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from forecasting.evidence import Evidence, train
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.published import PUBLISHED
from forecasting.region import Region
from forecasting.snapshot import Snapshot
from tests.contracts.recovery_region import BASE, region_of, ruled, told_of
from tests.serve import rich
from tests.serve.conftest import Folder
from tests.serve.funding_service import service_of, store_of


@pytest.fixture(scope="session")
def awkward(tiny: Region) -> Region:
    return region_of(tiny)


@pytest.fixture(scope="session")
def evidence(awkward: Region, parameters: Parameters) -> dict[str, Evidence]:
    return train(awkward, ruled(parameters), 1)


@pytest.fixture(scope="session")
def release(awkward: Region, parameters: Parameters, evidence: dict[str, Evidence]) -> Snapshot:
    return build_snapshot(awkward, ruled(parameters), 1, "test", evidence)


@pytest.fixture(scope="session")
def open_release(awkward: Region, parameters: Parameters, evidence: dict[str, Evidence]) -> Snapshot:
    """Return the same without any threshold: the truth, and what the attacks must find."""
    nothing = ruled(parameters, small_cell=0, small_cell_jobseekers=0)
    return build_snapshot(awkward, nothing, 1, "test", evidence)


@pytest.fixture(scope="session")
def before(awkward: Region, parameters: Parameters, evidence: dict[str, Evidence]) -> Snapshot:
    """Return the release of the year before, in which S 53 is not small yet."""
    settings = {**awkward.settings, "base_year": BASE - 1}
    earlier = dataclasses.replace(awkward, settings=settings)
    return build_snapshot(earlier, ruled(parameters), 1, "test", evidence)


@pytest.fixture(scope="session")
def both(
    before: Snapshot, release: Snapshot, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """Return a store in which the earlier release was in service, and then the later; and their ids."""
    store, ids = tmp_path_factory.mktemp("hidden"), []
    for snapshot in (before, release):
        store_of(snapshot, store)
        ids.append(str(json.loads((store / "champion.json").read_text())["release"]))
    moments = ("2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z")
    rich.log(Folder(store, store), *((each, str(at + 1), moments[at]) for at, each in enumerate(ids)))
    return store, ids[0], ids[1]


@pytest.fixture(scope="session")
def client(both: tuple[Path, str, str]) -> TestClient:
    return service_of(both[0])


@pytest.fixture(scope="session")
def published(client: TestClient) -> dict[str, pd.DataFrame]:
    """Every table as the service gives it away."""
    answers = {name: client.get(f"/v1/bulk/{name}.parquet") for name in PUBLISHED}
    assert {name for name, answer in answers.items() if answer.status_code != 200} == set()
    return {name: told_of(name, pd.read_parquet(BytesIO(answer.content))) for name, answer in answers.items()}
