"""A snapshot: tables and a manifest in a folder whose name is the hash of its content.

No clock, run id or version is inside: the same data, seed and code give the same hash (DESIGN.md section 5).
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.columns import Column
from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.published import PUBLISHED

MANIFEST: Final = "manifest.json"
SCHEMA: Final = 1
ID_LENGTH: Final = 12

_DTYPES: Final[dict[str, Any]] = {
    "code": "string",
    "text": "string",
    "date": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
}
_ARROW: Final = {
    "code": pa.string(),
    "text": pa.string(),
    "date": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class Snapshot:
    """What one build says.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables of `forecasting.published.PUBLISHED`.
    manifest : mapping
        Region, vintages, parameters, fingerprints, residuals: everything needed to explain a figure.
    draws : mapping of str to ndarray
        Unpublished float32 draws of the baseline, rows as built in the table ``gaps``.
    """

    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]
    draws: Mapping[str, np.ndarray] = field(default_factory=dict)


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a frame with exactly the declared columns, types and order of a published table.

    Raises
    ------
    KeyError
        If a declared column is missing: the pipeline, not the user, is at fault.
    """
    table = PUBLISHED[name]
    columns = {column.name: _typed(frame, column) for column in table.columns}
    ordered = pd.DataFrame(columns).sort_values(list(table.key), kind="stable", ignore_index=True)
    if ordered.duplicated(list(table.key)).any():
        raise ForecastingError(f"snapshot table {name}: the key {table.key} repeats")
    return ordered


def _typed(frame: pd.DataFrame, column: Column) -> pd.Series:
    if column.name not in frame and not column.required:
        nothing = np.nan if column.kind == "number" else pd.NA
        return pd.Series(nothing, index=frame.index, dtype=_DTYPES[column.kind])
    return frame[column.name].astype(_DTYPES[column.kind])


def write_snapshot(snapshot: Snapshot, folder: Path) -> str:
    """Write a snapshot to `folder` (made new) and return its hash, 64 hex digits.

    The folder appears whole or not at all: it is written aside, then renamed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (aside / "tables").mkdir()
        (aside / "draws").mkdir()
        for name in PUBLISHED:
            _write_parquet(conform(snapshot.tables[name], name), name, aside / "tables" / f"{name}.parquet")
        for name, draws in snapshot.draws.items():
            np.save(aside / "draws" / f"{name}.npy", draws.astype("<f4"), allow_pickle=False)
        manifest = {"schema": SCHEMA, **snapshot.manifest, "files": _hashes(aside)}
        (aside / MANIFEST).write_bytes(_canonical(manifest))
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return hashlib.sha256(_canonical(manifest)).hexdigest()


def _write_parquet(frame: pd.DataFrame, name: str, path: Path) -> None:
    """Write without pandas' own metadata: it names library versions and would enter the hash."""
    schema = pa.schema([(column.name, _ARROW[column.kind]) for column in PUBLISHED[name].columns])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def _canonical(manifest: Mapping[str, Any]) -> bytes:
    text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def snapshot_hash(folder: Path) -> str:
    """Return the hash of a snapshot folder, from its manifest, which holds the hash of every file."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot folder after checking every file against the manifest.

    Raises
    ------
    InputError
        If the manifest cannot be read, or a file is missing, foreign or changed.
    """
    manifest = checked_manifest(folder)
    tables = {
        name: _read_parquet(folder / "tables" / f"{name}.parquet", name)
        if f"tables/{name}.parquet" in manifest["files"]
        else _empty(name)
        for name in PUBLISHED
    }
    draws = {
        path.stem: np.load(path, allow_pickle=False) for path in sorted((folder / "draws").glob("*.npy"))
    }
    return Snapshot(tables, manifest, draws)


def checked_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a snapshot folder after checking every file against it.

    Raises
    ------
    InputError
        If the manifest cannot be read, or a file is missing, foreign or changed.
    """
    manifest = _read_manifest(folder)
    _refuse_changed(folder, manifest)
    return manifest


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            [Problem(str(path), str(error), "a snapshot's manifest", "build or promote the version again")]
        ) from error
    if manifest.get("schema") != SCHEMA:
        raise InputError(
            [
                Problem(
                    str(path),
                    f"schema {manifest.get('schema')}",
                    f"schema {SCHEMA}",
                    "use the code that built it",
                )
            ]
        )
    return dict(manifest)


def _refuse_changed(folder: Path, manifest: Mapping[str, Any]) -> None:
    found, expected = _hashes(folder), manifest["files"]
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if wrong:
        raise InputError(
            Problem(
                str(folder / name),
                "a missing, foreign or changed file",
                "the bytes named in the manifest",
                "promote the version again",
            )
            for name in wrong
        )


def _empty(name: str) -> pd.DataFrame:
    """Return no rows of a table that came after the snapshot was made."""
    return pd.DataFrame(
        {column.name: pd.Series(dtype=_DTYPES[column.kind]) for column in PUBLISHED[name].columns}
    )


def _read_parquet(path: Path, name: str) -> pd.DataFrame:
    """Read a table; a column that came after the snapshot was made is read as unknown."""
    frame = pq.read_table(path).to_pandas()
    return pd.DataFrame({column.name: _typed(frame, column) for column in PUBLISHED[name].columns})
