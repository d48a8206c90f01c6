"""Shape a frame as its canonical table declares it, exactly as `forecasting.reading` would read it back."""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.columns import Column
from forecasting.tables import TABLES

_ORDER: Final = "bcpsdzue"
_NUMBERS: Final = ("integer", "number")


def canonical(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the declared columns of a table in order, typed, with defaults, sorted by key.

    Parameters
    ----------
    name : str
        Canonical table.
    frame : DataFrame
        Any of its columns; further ones are left out.

    Returns
    -------
    DataFrame
        Figures as float (unknown is NaN), whole numbers as int, codes and text as str (empty if unknown).

    Examples
    --------
    >>> canonical("regions", pd.DataFrame({"code": ["BE2"]})).loc[0, ["code", "parent", "role"]].tolist()
    ['BE2', '', 'market']
    """
    table = TABLES[name]
    shaped = pd.DataFrame({column.name: _typed(frame, column) for column in table.columns})
    return shaped.sort_values(list(table.key), kind="stable", ignore_index=True)


def _typed(frame: pd.DataFrame, column: Column) -> pd.Series:
    if column.name in frame:
        cells = frame[column.name]
    else:
        cells = pd.Series([np.nan] * len(frame), index=frame.index, dtype=object)
    if column.kind == "integer" and cells.notna().all():
        return cells.astype(int)
    if column.kind in _NUMBERS:
        return cells.astype(float)
    default = "" if column.default is None else column.default
    filled = cells.astype(object).where(cells.notna(), default)
    return filled if column.kind == "boolean" else filled.str.strip()


def join_flags(*flags: "pd.Series[str] | str") -> "pd.Series[str]":
    """Join the marks of several figures into those of a figure made from them, each mark once.

    Parameters
    ----------
    *flags : Series of str or str
        Marks (`forecasting.vocabulary.FLAGS`); Series share one index, and the first must be one.

    Examples
    --------
    >>> join_flags(pd.Series(["", "ub", "e"]), "e").tolist()
    ['e', 'bue', 'e']
    """
    joined = pd.Series(flags[0]).astype(object)
    for more in flags[1:]:
        joined = joined + more
    ordered = {marks: _ordered(marks) for marks in joined.unique()}
    return joined.map(ordered)


def _ordered(marks: str) -> str:
    known = "".join(mark for mark in _ORDER if mark in marks)
    return known + "".join(sorted(set(marks) - set(_ORDER)))
