"""From a published table to a body: which rows are asked, and every row with labels, units and reasons."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, Field, create_model

from forecasting.columns import Column
from forecasting.published import PUBLISHED
from serve import answers
from serve.release import Concept, Release
from serve.resources import Resource
from serve.schemas import Body, Gap, Language, Named, Paging, Reason, said
from serve.table import Positions, Record

NO_MATCH: Final = "no_match"
"""Why a list is empty although the release has rows of its kind here."""

NO_DESTINATION: Final = "no_destination"
"""Why there is nowhere to go although skills and thresholds are known."""

_OWN_WORDS: Final = {("transitions", "not_applicable"): NO_DESTINATION}
"""Reasons that mean something of their own in a table, with whose words say it."""

_COUNTED: Final = ("cells",)
"""Units of what is counted in whole numbers, though declared as numbers since it may be unknown."""

_KINDS: Final[Mapping[str, type]] = {"integer": int, "number": float, "boolean": bool}
_NAMED: Final = {"occupation": "occupations", "destination": "occupations", "skill": "skills"}


@dataclass(frozen=True)
class Asked:
    """What is asked of a table, resolved.

    Parameters
    ----------
    wanted : mapping of str to sequence
        Values by column.
    order : str
        Name of the order.
    echo : mapping of str to anything
        The same, as the answer repeats it.
    """

    wanted: Mapping[str, Sequence[Any]]
    order: str
    echo: Mapping[str, Any]


@cache
def model(table: str, name: str) -> type[BaseModel]:
    """Return the response model of a list of a table's rows; one per table."""
    row: Any = Gap if table == "gaps" else _row_model(table, name)
    fields: dict[str, Any] = {
        "resolved": (dict[str, Any], Field(description="what was asked, defaults and names resolved")),
        "paging": (Paging, ...),
        "meaning": (str, Field(description="what the table is")),
        "units": (dict[str, str], Field(description="unit of every figure in an item")),
        "items": (list[row], ...),
        "reason": (Reason | None, Field(description="why there is no item; null where there are some")),
    }
    return create_model(f"{name}List", __base__=Body, __doc__=PUBLISHED[table].meaning, **fields)


def _row_model(table: str, name: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        column.name: (Annotated[_type(table, column), said(table, column.name)], ...)
        for column in PUBLISHED[table].columns
    }
    return create_model(name, __doc__=PUBLISHED[table].meaning, **fields)


def _type(table: str, column: Column) -> Any:
    kind: Any = int if column.name in _whole(table) else _KINDS.get(column.kind, str)
    if column.name in _NAMED:
        kind = Named
    elif column.name == "reason":
        kind = Reason
    return kind | None


def item(release: Release, table: str, row: Record, language: Language) -> dict[str, Any]:
    """Return one row with its codes named and its reason in words; figures as they are."""
    if table == "gaps":
        return answers.gap(release, row, language).model_dump(mode="json")
    return {name: _value(release, table, name, value, language) for name, value in row.items()}


def _value(release: Release, table: str, name: str, value: Any, language: Language) -> Any:
    if value is None:
        return None
    if name in _NAMED:
        concepts: Mapping[str, Concept] = getattr(release, _NAMED[name])
        return answers.label_of(concepts, value, language).model_dump()
    if name == "reason":
        said = _OWN_WORDS.get((table, value), value)
        return {"code": value, "meaning": answers.WHY_NULL.get(said, value)}
    return int(value) if name in _whole(table) else value


@cache
def _whole(table: str) -> frozenset[str]:
    """Return the columns of whole numbers: those declared so, ranks, and counts."""
    return frozenset(
        column.name
        for column in PUBLISHED[table].columns
        if column.kind == "integer"
        or (column.kind == "number" and (column.name == "rank" or column.unit in _COUNTED))
    )


@cache
def units(table: str) -> dict[str, str]:
    """Return the unit of every figure of a published table, quantiles included."""
    return {column.name: column.unit for column in PUBLISHED[table].columns if column.unit != "-"}


def find(release: Release, resource: Resource, asked: Asked) -> tuple[Positions, list[Record]]:
    """Return the rows that are asked, in order, and rows of nulls for codes that have none.

    Returns
    -------
    positions : ndarray of int
        In the table.
    absent : list of mapping
        One for each code asked that has no row at all where it is looked for.
    """
    table = release.tables[resource.table]
    listed = {name: asked.wanted[name] for name in resource.listed if name in asked.wanted}
    chosen = {name: values for name, values in asked.wanted.items() if name in resource.choices}
    place = {name: values for name, values in asked.wanted.items() if name not in {*listed, *chosen}}
    here = table.where({**place, **listed}, release.of_scenario(resource.table))
    found = table.where(chosen, here)
    known = {row[name] for row in (table.records(here) if listed else ()) for name in listed}
    absent = [
        _nulls(release, resource, {**place, name: [code]})
        for name, codes in listed.items()
        for code in codes
        if code not in known and not chosen
    ]
    return table.sorted(resource.orders[asked.order], found), absent


def _nulls(release: Release, resource: Resource, place: Mapping[str, Sequence[Any]]) -> Record:
    """Return the row of a code that has none: nulls and the reason."""
    row: dict[str, Any] = {column.name: None for column in PUBLISHED[resource.table].columns}
    row |= {name: values[0] for name, values in place.items()}
    if "scenario" in row:
        row["scenario"] = release.scenario
    return {**row, "reason": "unavailable"}


def why_empty(release: Release, resource: Resource, asked: Asked) -> dict[str, str]:
    """Return why a list has no item: nothing is known here, or nothing matches."""
    fixed = {name: values for name, values in asked.wanted.items() if name not in resource.choices}
    some = release.tables[resource.table].where(fixed, release.of_scenario(resource.table))
    code = NO_MATCH if len(some) else "unavailable"
    return {"code": code, "meaning": answers.WHY_NULL[code]}


def body(
    release: Release, resource: Resource, asked: Asked, language: Language, part: slice
) -> tuple[dict[str, Any], int]:
    """Return the body of one part of a list, without its paging, and how many items there are in all."""
    found, absent = find(release, resource, asked)
    total = len(found) + len(absent)
    rows = release.tables[resource.table].records(found[part])
    rest = max(part.start - len(found), 0), max(part.stop - len(found), 0)
    rows = [*rows, *absent[rest[0] : rest[1]]]
    return {
        "release": answers.block(release).model_dump(mode="json"),
        "resolved": asked.echo,
        "meaning": PUBLISHED[resource.table].meaning,
        "units": answers.units("gaps") if resource.table == "gaps" else units(resource.table),
        "items": [item(release, resource.table, row, language) for row in rows],
        "reason": None if total else why_empty(release, resource, asked),
    }, total


def encoded(content: Mapping[str, Any]) -> bytes:
    """Return a body as JSON: every number with all its digits, unknown figures as null."""
    return json.dumps(
        content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
