"""Forecasts as a tidy table in the notation of the table that was read, written whole or not at all."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.series.panel import Array
from forecasting.series.tidy import SeriesRead


def forecast_table(
    read: SeriesRead,
    horizons: Sequence[int],
    forecast: Array,
    intervals: Mapping[float, tuple[Array, Array]] | None = None,
    *,
    index: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return forecasts as a tidy table, periods in the notation that was read.

    Parameters
    ----------
    read : SeriesRead
        What was forecast from.
    horizons : sequence of int
        Periods after the last of the panel.
    forecast : ndarray of shape (series, horizons)
        Point forecasts, unit of the table.
    intervals : mapping of float to (low, high), optional
        By level in percent, arrays of the same shape.
    index : DataFrame, optional
        Keys of the rows of `forecast` where they are not the panel's (all levels of a hierarchy).

    Returns
    -------
    DataFrame
        The keys, the time column, ``forecast``, and ``lo-80``, ``hi-80``, … in rising order of level.
    """
    labels = read.panel.index if index is None else index
    rows = np.repeat(np.arange(len(labels)), len(horizons))
    table = labels.take(rows).reset_index(drop=True)
    moments = [read.panel.periods[-1] + horizon for horizon in horizons]
    table[read.time] = read.clock.column(np.tile(moments, len(labels)))
    columns = {"forecast": forecast}
    for level, (low, high) in sorted((intervals or {}).items()):
        columns |= {f"lo-{level:g}": low, f"hi-{level:g}": high}
    return table.assign(**{name: array.reshape(-1) for name, array in columns.items()})


def check_path(path: Path) -> None:
    """Refuse a file that could not be written: asked before the work, not after it.

    Raises
    ------
    InputError
        For another suffix, a folder in its place, or one to hold it that is not there or not writable.
    """
    if path.suffix not in (".parquet", ".csv"):
        given, remedy = f"the suffix {path.suffix!r}", "rename the file to be written"
        raise InputError([Problem(str(path), given, ".parquet or .csv", remedy)])
    if not path.parent.is_dir():
        raise InputError([Problem(str(path), "no such folder", "an existing folder", "make it first")])
    if path.is_dir():
        raise InputError([Problem(str(path), "a folder", "a file to write", "give another name")])
    if not os.access(path.parent, os.W_OK):
        expected, remedy = "one this user may write to", "make it writable, or give another place"
        raise InputError([Problem(str(path), "a folder without permission", expected, remedy)])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet or CSV, whole or not at all: a crash leaves the old file, or none.

    Raises
    ------
    InputError
        As `check_path` does.
    """
    check_path(path)
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        if path.suffix == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False)
        Path(aside).chmod(0o644)  # mkstemp's is for its owner alone
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
