"""The region folder: `region.yaml` and canonical tables, the one input format of the method."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from forecasting.checks import check_region
from forecasting.errors import InputError, Problem
from forecasting.reading import SETTINGS, read_settings, read_tables
from forecasting.tables import TABLES


@dataclass(frozen=True)
class Region:
    """A regional labour market as data.

    Parameters
    ----------
    settings : mapping
        What ``region.yaml`` says: name, base_year, classifications, sources.
    tables : mapping of str to DataFrame
        Canonical tables by name (`forecasting.tables.TABLES`), typed and with defaults filled in.
    """

    settings: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, or an empty one with the declared columns where the region has none."""
        if name in self.tables:
            return self.tables[name]
        return pd.DataFrame({column.name: [] for column in TABLES[name].columns})


def read_region(folder: Path) -> Region:
    """Read a region folder and refuse it with every problem it has.

    Raises
    ------
    InputError
        With all problems of all tables.
    """
    if not folder.is_dir():
        given = "a file" if folder.exists() else "nothing"
        remedy = "correct the path, or make a region: python -m training ingest, or check --templates DIR"
        raise InputError([Problem(str(folder), given, "a region folder", remedy)])
    settings, setting_problems = read_settings(folder)
    tables, table_problems = read_tables(folder)
    problems = [*setting_problems, *table_problems, *check_region(settings, tables)]
    if settings is None or problems:
        raise InputError(problems)
    return Region(settings, {name: read.frame for name, read in tables.items()})


def problems_of(folder: Path) -> list[Problem]:
    """Return every problem of a region folder, none if it can be built."""
    try:
        read_region(folder)
    except InputError as error:
        return list(error.problems)
    return []


def write_region(region: Region, folder: Path) -> None:
    """Write a region folder whole or not at all; an existing region folder is replaced.

    Raises
    ------
    InputError
        If `folder` exists and is not a region folder: nothing else is ever overwritten.
    """
    _write(region, folder, checked=False)


def write_checked_region(region: Region, folder: Path) -> None:
    """Write a region folder as `write_region` does, but only if what was written can be read back.

    Raises
    ------
    InputError
        With all problems of the region, or if `folder` exists and is not a region folder.
    """
    _write(region, folder, checked=True)


def _write(region: Region, folder: Path, *, checked: bool) -> None:
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (aside / SETTINGS).write_text(
            yaml.safe_dump(dict(region.settings), sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        for name, frame in region.tables.items():
            columns = [column.name for column in TABLES[name].columns if column.name in frame]
            frame[columns].to_parquet(aside / f"{name}.parquet", index=False, compression="zstd")
        if checked:
            read_region(aside)
        aside.chmod(0o755)
        _replace(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _refuse_foreign(folder: Path) -> None:
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / SETTINGS).is_file()):
        raise InputError(
            [
                Problem(
                    str(folder),
                    "something that is not a region folder",
                    f"a new folder, or one with {SETTINGS}",
                    "give another folder, or empty this one",
                )
            ]
        )


def _replace(aside: Path, folder: Path) -> None:
    """Put `aside` in the place of `folder`; the old one goes only after the new one stands."""
    if not folder.exists():
        aside.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    aside.rename(folder)
    shutil.rmtree(old)


def fingerprints(region: Region) -> dict[str, str]:
    """Return a SHA-256 per table, independent of row order, file format and folder.

    Examples
    --------
    >>> a = Region({}, {"skills": pd.DataFrame({"code": ["x", "y"]})})
    >>> b = Region({}, {"skills": pd.DataFrame({"code": ["y", "x"]})})
    >>> fingerprints(a) == fingerprints(b)
    True
    """
    return {name: _fingerprint(frame, name) for name, frame in sorted(region.tables.items())}


def _fingerprint(frame: pd.DataFrame, name: str) -> str:
    key = [column for column in TABLES[name].key if column in frame]
    ordered = frame[sorted(frame.columns)].sort_values(key, kind="stable")
    return hashlib.sha256(ordered.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
