"""Where MLflow finds the artifacts of an embedded store: beside its database, wherever that was moved to.

MLflow keeps the absolute path of every artifact in its database, so that a moved store is lost. Ours keeps
``competence:///artifacts/…`` instead, which this module resolves. Other MLflow processes (``mlflow ui``) find
it through the entry point group ``mlflow.artifact_repository`` of pyproject.toml.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from training.store import ARTIFACTS, SCHEME, store_folder

_SERVED = "_MLFLOW_SERVER_FILE_STORE"
"""What ``mlflow server`` tells its workers of its database; its own constant would load Flask."""


class StoreArtifactRepository(LocalArtifactRepository):
    """Artifacts in the folder of the store they belong to.

    Parameters
    ----------
    artifact_uri : str
        As ``competence:///artifacts/…``.
    tracking_uri : str, optional
        If it is an SQLite file, artifacts are beside it.
    registry_uri : str, optional
        Of MLflow's registry.
    """

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        super().__init__(artifact_folder(artifact_uri, tracking_uri).as_uri(), tracking_uri, registry_uri)


def artifact_folder(artifact_uri: str, tracking_uri: str | None = None) -> Path:
    """Return where an artifact address of ours points to now.

    Parameters
    ----------
    artifact_uri : str
        As ``competence:///artifacts/…``.
    tracking_uri : str, optional
        Of the database that holds the address; by default the one MLflow works on. One that is not an SQLite
        file leaves the store that the environment names.

    Raises
    ------
    MlflowException
        If it points outside the store's artifacts.
    """
    address = urlsplit(artifact_uri)
    inside = Path(unquote(address.path).lstrip("/"))
    root = Path(urlsplit(ARTIFACTS).path.lstrip("/"))
    ours = address.scheme == SCHEME and not address.netloc and inside.is_relative_to(root)
    if not ours or ".." in inside.parts:
        raise MlflowException.invalid_parameter_value(
            f"{artifact_uri}: not an artifact of a store; expected {ARTIFACTS}/…"
        )
    return _store_of(tracking_uri) / inside


def _store_of(tracking_uri: str | None) -> Path:
    known = tracking_uri or os.environ.get(_SERVED) or mlflow.get_tracking_uri()
    scheme, _, path = known.partition(":///")
    database = Path(path.partition("?")[0])
    if scheme.partition("+")[0] == "sqlite" and database.name not in {"", ":memory:"}:
        return database.resolve().parent
    return store_folder()


def register() -> None:
    """Make the scheme known to MLflow in this process, for a checkout that pip did not install."""
    from mlflow.store.artifact import artifact_repository_registry

    known: Any = artifact_repository_registry._artifact_repository_registry
    known.register(SCHEME, StoreArtifactRepository)
