"""A published table as JSON-stat 2.0: its key as dimensions, its figures as one more (json-stat.org/full)."""

from typing import Any, Final

import numpy as np

from serve import answers
from serve.release import Release
from serve.table import Rows

FIGURE: Final = "figure"
_LABELLED: Final = {"occupation": "occupations", "skill": "skills", "region": "regions"}


def jsonstat(release: Release, name: str) -> dict[str, Any]:
    """Return a table as a dataset; a cell that is missing in `value` is null, `status` says why.

    Notes
    -----
    Cells are numbered with the last dimension running fastest, as the format prescribes, and only those with
    a figure are listed.
    """
    table = release.tables[name]
    figures = [column for column in table.declared.columns if column.kind == "number"]
    places, dimensions = _dimensions(release, table)
    size = [len(dimension["category"]["index"]) for dimension in dimensions.values()] + [len(figures)]
    units = {column.name: {"label": column.unit} for column in figures}
    index = [column.name for column in figures]
    dimensions[FIGURE] = {
        "label": FIGURE,
        "category": {
            "index": index,
            "label": {column.name: column.meaning for column in figures},
            "unit": units,
        },
    }
    start = np.zeros(len(table), dtype=object)  # Python's integers: many dimensions make large numbers
    for place, length in zip(places, size[:-1], strict=True):
        start = start * length + place
    value, status = _cells(table, index, [int(at) * len(figures) for at in start])
    return {
        "version": "2.0",
        "class": "dataset",
        "label": table.declared.meaning,
        "note": [answers.block(release).status.sentence],
        "source": "; ".join(str(card["title"]) for card in release.manifest.get("sources", [])),
        "updated": release.champion.promoted_at,
        "id": list(dimensions),
        "size": size,
        "role": {"metric": [FIGURE], **({"geo": ["region"]} if "region" in dimensions else {})},
        "dimension": dimensions,
        "value": value,
        "status": status,
        "extension": {"release": answers.block(release).model_dump(mode="json"), "table": name},
    }


def _dimensions(release: Release, table: Rows) -> tuple[list[Any], dict[str, Any]]:
    """Return the place of every row in each dimension of the key, and the dimensions."""
    places, dimensions = [], {}
    for name in table.declared.key:
        values = table.columns[name].to_pylist()
        index = sorted(set(values), key=lambda value: (value is None, value))
        at = {value: number for number, value in enumerate(index)}
        places.append(np.array([at[value] for value in values], dtype=object))
        concepts = getattr(release, _LABELLED[name]) if name in _LABELLED else {}
        labels = {str(value): concepts[value].label("en") for value in index if value in concepts}
        category: dict[str, Any] = {"index": [str(value) for value in index]}
        dimensions[name] = {
            "label": table.declared.column(name).meaning,
            "category": category | ({"label": labels} if labels else {}),
        }
    return places, dimensions


def _cells(table: Rows, figures: list[str], start: list[int]) -> tuple[dict[str, float], dict[str, str]]:
    columns = [table.columns[name].to_pylist() for name in figures]
    known = "reason" in table.columns.column_names
    reasons = table.columns["reason"].to_pylist() if known else [None] * len(table)
    value: dict[str, float] = {}
    status: dict[str, str] = {}
    for row, (at, reason) in enumerate(zip(start, reasons, strict=True)):
        for number, column in enumerate(columns):
            if column[row] is not None:
                value[str(at + number)] = column[row]
            elif reason:
                status[str(at + number)] = reason
    return value, status
