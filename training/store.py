"""Where runs, artifacts and releases live: the embedded store, or a server by MLFLOW_TRACKING_URI."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forecasting.errors import ForecastingError
from forecasting.records import held
from training.provenance import ROOT

VARIABLE: Final = "COMPETENCE_STORE"
DATABASE: Final = "mlflow.db"
MODEL: Final = "competence-gap"
ALIAS: Final = "champion"
SCHEME: Final = "competence"
ARTIFACTS: Final = f"{SCHEME}:///artifacts"
"""Artifacts of the embedded store, relative to the store itself, so that it can be moved."""

PATIENCE: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""For a server that does not answer; MLflow's own is minutes long. What the environment says goes before."""

_OPENING: Final = ".opening.lock"
_OPENS_WITHIN: Final = 60.0
"""Seconds to wait for another process that opens the database: the first time that makes its tables."""
_FREE_WITHIN: Final = 5.0
"""Seconds to wait for another process that writes to the database."""
_REMEDIES: Final = {
    "SQLITE_BUSY": "wait for the other process that holds it, or end it; then try again",
    "SQLITE_READONLY": "make the file and its folder writable for this user",
}


@dataclass(frozen=True)
class Store:
    """Addresses of one store.

    Parameters
    ----------
    folder : Path
        Holds ``mlflow.db`` and ``artifacts`` when embedded, and always ``releases``.
    tracking_uri : str
        Of MLflow.
    embedded : bool
        Whether MLflow's data is in `folder` too.
    """

    folder: Path
    tracking_uri: str
    embedded: bool

    @property
    def releases(self) -> Path:
        """Return the folder of promoted snapshots."""
        return self.folder / "releases"

    @property
    def database(self) -> Path:
        """Return MLflow's database, where it is embedded."""
        return self.folder / DATABASE

    @property
    def champion(self) -> Path:
        """Return the file that names the release in service."""
        return self.folder / "champion.json"

    @property
    def promotions(self) -> Path:
        """Return the hash-chained log of promotions."""
        return self.folder / "promotions.jsonl"

    @property
    def allocations(self) -> Path:
        """Return the hash-chained record of the money that was granted on releases."""
        return self.folder / "allocations.jsonl"

    @property
    def retention(self) -> Path:
        """Return the hash-chained record of releases that were pruned or restored."""
        return self.folder / "retention.jsonl"


def store_folder() -> Path:
    """Return the folder that the environment names, by default ``mlruns/`` of the checkout."""
    return Path(os.environ.get(VARIABLE) or ROOT / "mlruns").resolve()


def open_store() -> Store:
    """Return the store that the environment names, by default ``mlruns/`` of the checkout; made if absent."""
    folder = store_folder()
    folder.mkdir(parents=True, exist_ok=True)
    own = f"sqlite:///{folder / DATABASE}"
    server = os.environ.get("MLFLOW_TRACKING_URI") or own  # MLflow sets it to what it was told
    return Store(folder, server, embedded=server == own)


@contextmanager
def opening(store: Store) -> Iterator[None]:
    """Let one process at a time open an embedded database, and no one a database it cannot write to.

    MLflow would retry for minutes; two that make the same tables or experiment at once would both fail.

    Raises
    ------
    ForecastingError
        If another process holds the database, or it cannot be written to.
    """
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    if not store.embedded:
        yield
        return
    with held(store.folder / _OPENING, "opening of the store", _OPENS_WITHIN):
        if store.database.exists():
            _refuse_unusable(store.database)
        else:
            _make(store.database)
        yield


def _make(database: Path) -> None:
    """Make the tables aside: MLflow cannot go on with a database that was half-made when it was killed."""
    import mlflow

    aside = database.with_name(f".{database.name}-new")
    for left in database.parent.glob(f"{aside.name}*"):
        left.unlink()
    mlflow.MlflowClient(f"sqlite:///{aside}").search_experiments(max_results=1)
    aside.rename(database)


def _refuse_unusable(database: Path) -> None:
    try:
        with closing(sqlite3.connect(database, timeout=_FREE_WITHIN, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        remedy = _REMEDIES.get(error.sqlite_errorname)
        if remedy is None:
            raise
        raise ForecastingError(f"{database}: {error}. Do: {remedy}.") from error
