"""Dated, sourced parameters: policy, law and settings of the method are data, not constants.

Each YAML file holds named parameters with a description, a unit, a status and values by date; the value in
force on a day is the one with the latest ``from`` on or before it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from forecasting.errors import ForecastingError

FOLDER: Final = Path(__file__).with_suffix("")
STATUSES: Final = ("verified", "secondary", "unverified")


@dataclass(frozen=True)
class Parameter:
    """A parameter's value as in force on a day."""

    name: str
    value: Any
    unit: str
    in_force_from: str
    reference: str
    status: str
    description: str


@dataclass(frozen=True)
class Parameters:
    """All parameters as in force on one day.

    Parameters
    ----------
    as_of : str
        The day, as 2026-11-22.
    values : mapping of str to Parameter
        By name.
    """

    as_of: str
    values: Mapping[str, Parameter]

    def __getitem__(self, name: str) -> Any:
        """Return the value of a parameter."""
        return self.values[name].value

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return every parameter with its reference, for the manifest."""
        return {name: asdict(parameter) for name, parameter in sorted(self.values.items())}


def load_parameters(as_of: dt.date | None = None, folder: Path = FOLDER) -> Parameters:
    """Read every parameter file as in force on `as_of`.

    Parameters
    ----------
    as_of : date, optional
        By default the latest day on which any parameter took force: never the clock, so that the
        same files give the same result on any day.

    Raises
    ------
    ForecastingError
        If a parameter has no value in force on that day.

    Examples
    --------
    >>> load_parameters()["shortage_threshold"]
    0.05
    """
    declared: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        declared |= yaml.safe_load(path.read_text(encoding="utf-8"))
    day = as_of or max(value["from"] for entry in declared.values() for value in entry["values"])
    return Parameters(
        day.isoformat(), {name: _in_force(name, entry, day) for name, entry in declared.items()}
    )


def _in_force(name: str, entry: Mapping[str, Any], day: dt.date) -> Parameter:
    earlier = [value for value in entry["values"] if value["from"] <= day]
    if not earlier:
        first = min(value["from"] for value in entry["values"])
        raise ForecastingError(
            f"parameter {name}: no value in force on {day}; expected a day from {first} on. "
            f"Do: give a later --as-of, or add an earlier value to its YAML file."
        )
    value = max(earlier, key=lambda candidate: candidate["from"])
    return Parameter(
        name,
        value["value"],
        entry["unit"],
        value["from"].isoformat(),
        value["reference"],
        entry["status"],
        entry["description"].strip(),
    )
