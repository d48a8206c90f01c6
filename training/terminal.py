"""What a command shows: progress and results on one console, mistakes on the other, one line each."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from forecasting.errors import ForecastingError, InputError
from training.store import DATABASE, VARIABLE, store_folder

console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

_REGISTRY: Final = {"mlflow", "sqlalchemy", "alembic", "requests", "urllib3", "sqlite3"}
"""Packages whose errors mean that the registry cannot be used."""
_FULL: Final = re.compile(
    r"no space left on device|disk is full|disk quota exceeded|file too large|\d+ requested and \d+ written",
    re.I,
)
"""A full disk as the system, SQLite and NumPy tell it."""
_COPIED: Final = re.compile(r"\[Errno \d+\] [^:]+: '([^']+)'(?: -> '([^']+)')?")
"""How an error reads that MLflow passes on as text: the file that was read, and the one written."""
_NOISE: Final = re.compile(
    r"\(raised as a result of [^)]*\) | ?\[SQL: .*| ?\(Background on this error at: [^)]*\)"
)
"""What SQLAlchemy adds for programmers."""
_REMEDIES: Final = {
    "database is locked": "wait for the other process that holds it, or end it; then try again",
    "readonly database": "make the file and its folder writable for this user",
    "disk I/O error": "free space on its disk, or mend the disk; then give the same command again",
}
_STAYS: Final = "what is in service stays as it was"


@contextmanager
def told() -> Iterator[None]:
    """Turn an error that a user can act on into its message and exit status 1."""
    server = os.environ.get("MLFLOW_TRACKING_URI")  # MLflow itself sets it later
    try:
        yield
    except ForecastingError as error:
        errors.print(str(error), style="red", markup=False, highlight=False)
        if isinstance(error, InputError):
            errors.print(f"{len(error.problems)} problem(s).")
        raise typer.Exit(1) from None
    except Exception as error:
        message = _fault(error, server)
        if message is None:
            raise
        errors.print(message, style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


def _fault(error: Exception, server: str | None) -> str | None:
    """Return in one line what went wrong outside the program and what to do; None for a mistake inside it."""
    registry = bool({kind.__module__.split(".")[0] for kind in type(error).__mro__} & _REGISTRY)
    if (registry or isinstance(error, OSError)) and _FULL.search(str(error)):
        return (
            f"{_written(error, server)}: no space left on the disk; {_STAYS}. "
            "Do: free space there, then give the same command again."
        )
    if registry:
        return _registry_fault(error, server)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename}: found a file; expected a folder or a new place. Do: give another place."
    if isinstance(error, OSError):  # no permission, no such place
        place, fault = _written(error, None), error.strerror or error
        return f"{place}: {fault}; {_STAYS}. Do: free it or make it writable, or give another place."
    return None


def _written(error: Exception, server: str | None) -> str:
    """Return what could not be written, as exactly as the error tells."""
    if isinstance(error, OSError) and (error.filename2 or error.filename):
        return str(error.filename2 or error.filename)
    if copied := _COPIED.search(str(error)):
        return copied[2] or copied[1]
    if "sqlite3." in str(error) and server is None:
        return str(store_folder() / DATABASE)
    places = [str(store_folder()), os.environ.get("TMPDIR", "/tmp")]  # noqa: S108  only named
    return " or ".join(places if server is None else [*places, _without_login(server)])


def _registry_fault(error: Exception, server: str | None) -> str:
    said = _NOISE.sub("", _without_login(" ".join(str(error).split())))[:300]
    if server is None:
        otherwise = f"correct {VARIABLE}, or move the store away"
        remedy = next((remedy for fault, remedy in _REMEDIES.items() if fault in said), otherwise)
        return f"the MLflow registry in the store: {store_folder() / DATABASE}: {said}. Do: {remedy}."
    return (
        f"MLFLOW_TRACKING_URI {_without_login(server)}: found no MLflow server that answers as asked; "
        f"{said}. Do: start the server, correct the variable, or unset it to use the embedded store."
    )


def _without_login(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)
