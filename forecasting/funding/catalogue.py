"""A whole catalogue of courses as sparse rows of the skills that each teaches."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from forecasting.errors import InputError, Problem
from forecasting.series.panel import Array

EUROS: Final = "public_cents"
"""Column of the public money of a course in a year, whole cents; null where unknown."""


@dataclass(frozen=True)
class Courses:
    """Courses, sorted by code.

    Parameters
    ----------
    codes, titles : tuple of str
    hours : ndarray of shape (courses,)
        NaN where unknown.
    mandatory : ndarray of bool, shape (courses,)
    skills, occupations : tuple of str
        Codes of the classifications; the columns of `teaches` and `targets`.
    teaches : sparse array of shape (courses, skills)
        1 where the course teaches the skill.
    listed : ndarray of int, shape (courses,)
        Skills that the course says it teaches, those outside the classification among them.
    targets : sparse array of shape (courses, occupations)
    """

    codes: tuple[str, ...]
    titles: tuple[str, ...]
    hours: Array
    mandatory: NDArray[np.bool_]
    skills: tuple[str, ...]
    occupations: tuple[str, ...]
    teaches: "sparse.csr_array"
    listed: NDArray[np.int64]
    targets: "sparse.csr_array"

    @property
    def known(self) -> NDArray[np.int64]:
        """Return how many skills of the classification each course teaches."""
        return np.diff(self.teaches.indptr).astype(np.int64)


def read_courses(table: pd.DataFrame, skills: Iterable[str], occupations: Iterable[str]) -> Courses:
    """Read the canonical table ``courses``.

    Parameters
    ----------
    skills, occupations : iterable of str
        Every code of the classifications.

    Raises
    ------
    InputError
        If a course repeats or has no code, or hours are negative.
    """
    _refuse(table)
    rows = table.sort_values("course", kind="stable", ignore_index=True)
    known, targets = tuple(sorted(set(skills))), tuple(sorted(set(occupations)))
    listed = [sorted(set(str(cell).split())) for cell in rows["skills"].fillna("")]
    aimed = [sorted(set(str(cell).split())) for cell in _column(rows, "occupations").fillna("")]
    return Courses(
        tuple(rows["course"].astype(str)),
        tuple(_column(rows, "title").fillna("").astype(str)),
        _column(rows, "hours").astype(float).to_numpy(),
        np.asarray(_column(rows, "mandatory").eq(True).fillna(False), dtype=bool),
        known,
        targets,
        _spread(listed, known),
        np.array([len(codes) for codes in listed], dtype=np.int64),
        _spread(aimed, targets),
    )


def _column(rows: pd.DataFrame, name: str) -> Any:
    return rows[name] if name in rows else pd.Series(pd.NA, index=rows.index, dtype=object)


def _spread(listed: list[list[str]], codes: tuple[str, ...]) -> "sparse.csr_array":
    place = {code: number for number, code in enumerate(codes)}
    inside = [[place[code] for code in each if code in place] for each in listed]
    starts = np.cumsum([0, *map(len, inside)])
    columns = np.array([column for each in inside for column in each], dtype=np.int64)
    return sparse.csr_array((np.ones(len(columns)), columns, starts), shape=(len(listed), len(codes)))


def _refuse(table: pd.DataFrame) -> None:
    course = table["course"].astype(str)
    repeated = np.flatnonzero(course.duplicated() | course.str.strip().eq("") | table["course"].isna())
    hours = _column(table, "hours").astype(float)
    negative = np.flatnonzero(hours < 0)
    problems = []
    for rows, column, expected, remedy in (
        (repeated, "course", "a code of its own for each course", "give each course one row and one code"),
        (negative, "hours", "hours of at least 0, or empty where unknown", "correct them"),
    ):
        if len(rows):
            given = repr(str(table[column].iloc[rows[0]]))
            problems.append(
                Problem("courses", given, expected, remedy, column, tuple(int(r) + 2 for r in rows))
            )
    if problems:
        raise InputError(problems)
