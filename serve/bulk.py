"""Whole tables as files: the same rows in Parquet, CSV, JSON and JSON-stat, every number with all digits."""

import io
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from forecasting.published import CANONICAL, PUBLISHED
from serve import answers
from serve.jsonstat import jsonstat
from serve.release import Release
from serve.table import Rows
from serve.tabled import encoded

FORMATS: Final = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonstat": "application/json",
}
ROWS_AT_ONCE: Final = 4000
WRITTEN_AS: Final = f"2-{pa.__version__}"
"""Goes into the tag of a file: another way of writing gives other bytes."""


def withheld(release: Release, name: str) -> str | None:
    """Return why a table may not be passed on in bulk, None where it may.

    A table that the method made is the release's own. A table that a source gave, row for row, is the
    source's: its card says whether it may be passed on, and of which tables it is.
    """
    if name not in CANONICAL:
        return None
    for card in release.manifest.get("sources", []):
        given = card.get("tables")
        if card.get("redistribute") is False and (given is None or name in given):
            return f"{card['title']} does not allow that its rows are passed on ({card.get('licence')})"
    return None


def formats(name: str) -> tuple[str, ...]:
    """Return the formats of a table; JSON-stat holds figures, so a table without any is not in it."""
    with_figures = any(column.kind == "number" for column in PUBLISHED[name].columns)
    return tuple(kind for kind in FORMATS if kind != "jsonstat" or with_figures)


def written(release: Release, name: str, kind: str) -> Iterator[bytes]:
    """Return a table in a format, piece by piece."""
    table = release.tables[name]
    if kind == "parquet":
        return iter((_parquet(release, table),))
    if kind == "csv":
        return _csv(table)
    return _json(release, name) if kind == "json" else iter((encoded(jsonstat(release, name)),))


def _plain(table: Rows) -> pa.Table:
    """Return the columns with their codes as text."""
    columns = {
        name: pc.cast(column, pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.columns.column_names, table.columns.columns, strict=True)
    }
    return pa.table(columns)


def _parquet(release: Release, table: Rows) -> bytes:
    """Return a file whose key-value metadata says of which release it is, and how far it may be trusted."""
    block = answers.block(release)
    said = {
        "table": table.declared.name,
        "release": block.release,
        "model_version": block.model_version,
        "data_vintage": block.data_vintage,
        "base_year": str(block.base_year),
        "status": block.status.label,
        "status_sentence": block.status.sentence,
    }
    file = io.BytesIO()
    pq.write_table(_plain(table).replace_schema_metadata(said), file, compression="zstd")
    return file.getvalue()


def _csv(table: Rows) -> Iterator[bytes]:
    """Return lines with every number in its shortest form that reads back as the same number."""
    plain = _plain(table)
    for start in range(0, max(len(table), 1), ROWS_AT_ONCE):
        file = io.BytesIO()
        options = pa.csv.WriteOptions(include_header=not start, quoting_style="needed")
        pa.csv.write_csv(plain.slice(start, ROWS_AT_ONCE), file, options)
        yield file.getvalue()


def _json(release: Release, name: str) -> Iterator[bytes]:
    table = release.tables[name]
    head: dict[str, Any] = {
        "release": answers.block(release).model_dump(mode="json"),
        "table": name,
        "meaning": table.declared.meaning,
        "key": list(table.declared.key),
        "units": {column.name: column.unit for column in table.declared.columns if column.unit != "-"},
        "total": len(table),
    }
    yield encoded(head)[:-1] + b',"items":['
    for start in range(0, len(table), ROWS_AT_ONCE):
        rows = table.columns.slice(start, ROWS_AT_ONCE).to_pylist()
        yield (b"," if start else b"") + _encoder().encode(rows)[1:-1].encode()
    yield b"]}"


@cache
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
