"""Open the raw files of a source; what is missing, damaged or of another shape becomes problems."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.errors import InputError, Problem

AGAIN: Final = "copy the file again and compare it with SHA256SUMS"
"""Remedy for a file that is not as published."""


def require(folder: Path, files: Iterable[str]) -> None:
    """Refuse a folder that lacks files, naming all of them.

    Raises
    ------
    InputError
        With one problem per missing file, or one if there is no such folder.
    """
    if not folder.is_dir():
        remedy = "give the folder of the raw files (environment variable SHARED_DATA)"
        raise InputError([Problem(str(folder), "no such folder", "the folder of the raw files", remedy)])
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        remedy = f"copy it to {folder} (the README.md there says who publishes it)"
        raise InputError(Problem(file, "nothing", "the publisher's file", remedy) for file in missing)


def gather(readers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Call every reader, and refuse with the problems of all of them together.

    Parameters
    ----------
    readers : mapping of str to callable
        Functions without arguments that read one file and raise `InputError`.

    Returns
    -------
    dict
        What each returned, by the same names.

    Raises
    ------
    InputError
        With the problems of every reader that failed.
    """
    results: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, read in readers.items():
        try:
            results[name] = read()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return results


def load(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    InputError
        If the file is missing.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError([Problem(path.name, "nothing", "the publisher's file", AGAIN)]) from None


def gunzip(path: Path) -> str:
    """Return the text of a gzip file.

    Raises
    ------
    InputError
        If the file is missing, truncated, no gzip, or not UTF-8.
    """
    try:
        return gzip.decompress(load(path)).decode("utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        given = f"a truncated or damaged file ({error})"
        raise InputError([Problem(path.name, given, "a gzip file of UTF-8 text", AGAIN)]) from error


def unzip(path: Path, member: str) -> bytes:
    """Return one member of a zip file.

    Raises
    ------
    InputError
        If the file is missing, truncated, no zip, or lacks the member.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(load(path))) as archive:
            return archive.read(member)
    except KeyError:
        raise InputError([Problem(path.name, f"no {member} inside", f"a member {member}", AGAIN)]) from None
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        given = f"a truncated or damaged file ({error})"
        raise InputError([Problem(path.name, given, "a zip file", AGAIN)]) from error


def read_csv(content: bytes, where: str, columns: Sequence[str], *, separator: str = ",") -> pd.DataFrame:
    """Read the named columns of a delimited text as text, so that no code loses its leading zero.

    Parameters
    ----------
    content : bytes
        The file, UTF-8 with or without a byte-order mark.
    where : str
        Name of the file in messages.
    columns : sequence of str
        Headers that must be there; others are not read.
    separator : str, default=","
        Delimiter.

    Returns
    -------
    DataFrame of shape (records, columns)
        Empty cells are empty text.

    Raises
    ------
    InputError
        If the text cannot be decoded or parsed, lacks a column, or has lines of another length.
    """
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        lines = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError([Problem(where, str(error), "delimited UTF-8 text", AGAIN)]) from error
    header = lines[0][1] if lines else []
    missing = [name for name in columns if name not in header]
    if missing:
        expected = f"the columns {', '.join(columns)}"
        raise InputError([Problem(where, f"no column {', '.join(missing)}", expected, AGAIN)])
    odd = [(line, len(row)) for line, row in lines if len(row) != len(header)]
    if odd:
        expected = f"{len(header)} cells, as the header has"
        rows = [line for line, _ in odd]
        raise InputError([Problem(where, f"{odd[0][1]} cells", expected, AGAIN, rows=rows)])
    places = [header.index(name) for name in columns]
    cells = [[row[place] for place in places] for _, row in lines[1:]]
    return pd.DataFrame(cells, columns=list(columns), dtype=object)
