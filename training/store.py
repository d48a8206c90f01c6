"""Where runs, artifacts and releases live: the embedded store, or a server by MLFLOW_TRACKING_URI."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.provenance import ROOT

VARIABLE: Final = "COMPETENCE_STORE"
DATABASE: Final = "mlflow.db"
MODEL: Final = "competence-gap"
ALIAS: Final = "champion"
SCHEME: Final = "competence"
ARTIFACTS: Final = f"{SCHEME}:///artifacts"
"""Artifacts of the embedded store, relative to the store itself, so that it can be moved."""


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
    def champion(self) -> Path:
        """Return the file that names the release in service."""
        return self.folder / "champion.json"

    @property
    def promotions(self) -> Path:
        """Return the hash-chained log of promotions."""
        return self.folder / "promotions.jsonl"


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
