"""What a command shows: progress and results on one console, mistakes on the other, one line each."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from forecasting.errors import ForecastingError, InputError
from training.store import VARIABLE

console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

_REGISTRY: Final = {"mlflow", "sqlalchemy", "alembic", "requests", "urllib3"}
"""Packages whose errors mean that the registry cannot be used."""


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
    if {kind.__module__.split(".")[0] for kind in type(error).__mro__} & _REGISTRY:
        return _registry_fault(error, server)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename}: found a file; expected a folder or a new place. Do: give another place."
    if isinstance(error, OSError):  # disk full, no permission, no such place
        place, fault = error.filename or "a file", error.strerror or error
        return f"{place}: {fault}; nothing was left half-written. Do: free or correct the place."
    return None


def _registry_fault(error: Exception, server: str | None) -> str:
    said = _without_login(" ".join(str(error).split()))[:300]
    if server is None:
        return f"the MLflow registry in the store: {said}. Do: correct {VARIABLE}, or move the store away."
    return (
        f"MLFLOW_TRACKING_URI {_without_login(server)}: found no MLflow server that answers as asked; "
        f"{said}. Do: start the server, correct the variable, or unset it to use the embedded store."
    )


def _without_login(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)
