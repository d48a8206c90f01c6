"""Open sheets of Excel workbooks, old (.xls) and new (.xlsx), verbatim."""

import io
import struct
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import pandas as pd
import xlrd

from forecasting.errors import InputError, Problem
from forecasting.sources.files import AGAIN, load

_UNREADABLE: Final = (
    xlrd.XLRDError,
    xlrd.compdoc.CompDocError,
    struct.error,
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    ValueError,
    IndexError,
    AssertionError,
)
"""What xlrd, openpyxl and pandas raise for a damaged workbook or a missing sheet."""


def read_sheets(path: Path, names: Sequence[str]) -> list[pd.DataFrame]:
    """Read named sheets as they stand: no header, codes as text where they are text, empty cells as NaN.

    Parameters
    ----------
    path : Path
        A workbook; its suffix says which of the two formats it has.
    names : sequence of str
        Sheets, in the order to return them.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or lacks a sheet.
    """
    content = load(path)
    old = path.suffix == ".xls"
    # xlrd takes empty bytes for no file at all, and prints its warnings unless given a log.
    options = {"on_demand": True, "logfile": io.StringIO()} if old else {"data_only": True}
    engine: Literal["xlrd", "openpyxl"] = "xlrd" if old else "openpyxl"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="openpyxl")  # of print settings it does not know
            with pd.ExcelFile(io.BytesIO(content or b" "), engine=engine, engine_kwargs=options) as book:
                return [book.parse(name, header=None, dtype=object) for name in names]
    except _UNREADABLE as error:
        expected = f"an {path.suffix} workbook with {', '.join(names)}"
        given = f"an unreadable file ({type(error).__name__}: {error})"
        raise InputError([Problem(path.name, given, expected, AGAIN)]) from error
