"""Dated, sourced parameters: policy, law and settings of the method are data, not constants.

Each YAML file holds named parameters with a description, a unit, a status and values by date; the value in
force on a day is the one with the latest ``from`` on or before it. A value with an ``until`` ends with that
day; a parameter whose last value has ended is lapsed: reading it then is an error that says so.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from forecasting.errors import ForecastingError, InputError, Problem

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
        By name; without those that are lapsed.
    lapsed : mapping of str to str
        Last day of each parameter that no longer has a value in force.
    """

    as_of: str
    values: Mapping[str, Parameter]
    lapsed: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a parameter.

        Raises
        ------
        ForecastingError
            If its last value ended before the day.
        """
        if name in self.lapsed:
            raise ForecastingError(
                f"parameter {name}: its last value ended on {self.lapsed[name]}, the day is {self.as_of}; "
                "expected a value in force. Do: give an earlier --as-of, or add the value that follows to "
                "its YAML file."
            )
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
        If a parameter had no value yet on that day.
    InputError
        If values of a parameter overlap, or one has no reference, all at once.

    Examples
    --------
    >>> load_parameters()["shortage_threshold"]
    0.05
    """
    declared: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        declared |= read_declared(path)
    day = as_of or max(value["from"] for entry in declared.values() for value in entry["values"])
    found = {name: _in_force(name, entry, day) for name, entry in declared.items()}
    return Parameters(
        day.isoformat(),
        {name: value for name, value in found.items() if isinstance(value, Parameter)},
        {name: value.isoformat() for name, value in found.items() if isinstance(value, dt.date)},
    )


def read_declared(path: Path) -> dict[str, dict[str, Any]]:
    """Read one file of parameters as declared, with every value by date, oldest first.

    Raises
    ------
    InputError
        With every value that overlaps another in time, ends before it begins, or has no reference.
    """
    declared: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for entry in declared.values():
        entry["values"] = sorted(entry["values"], key=lambda value: value["from"])
    problems = [p for name, entry in declared.items() for p in _dated(path.name, name, entry["values"])]
    if problems:
        raise InputError(problems)
    return declared


def _dated(file: str, name: str, values: list[dict[str, Any]]) -> Iterator[Problem]:
    for value, later in zip(values, [*values[1:], None], strict=True):
        first, last, said = value["from"], value.get("until"), f"{name} from {value['from']}"
        if not str(value.get("reference") or "").strip():
            yield Problem(file, f"{said} without a reference", "where the value is from", "add its reference")
        if last is not None and last < first:
            yield Problem(file, f"{said} until {last}", "a last day on or after the first", "correct a date")
        if later is not None and (later["from"] == first or (last is not None and last >= later["from"])):
            given = f"{said} until {last or 'the next'}, and another from {later['from']}"
            remedy = f"end the first before {later['from']}, or remove one"
            yield Problem(file, given, "values that do not overlap in time", remedy)


def _in_force(name: str, entry: Mapping[str, Any], day: dt.date) -> Parameter | dt.date:
    """Return the parameter, or the day on which its last value ended."""
    earlier = [value for value in entry["values"] if value["from"] <= day]
    if not earlier:
        first = min(value["from"] for value in entry["values"])
        raise ForecastingError(
            f"parameter {name}: no value in force on {day}; expected a day from {first} on. "
            f"Do: give a later --as-of, or add an earlier value to its YAML file."
        )
    value = max(earlier, key=lambda candidate: candidate["from"])
    if value.get("until") is not None and value["until"] < day:
        ended: dt.date = value["until"]
        return ended
    return Parameter(
        name,
        value["value"],
        entry["unit"],
        value["from"].isoformat(),
        value["reference"],
        entry["status"],
        entry["description"].strip(),
    )
