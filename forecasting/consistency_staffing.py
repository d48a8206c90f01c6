"""What must hold of staffing's past: it divides the sectors that `staffing` divides, into its occupations."""

from collections.abc import Iterator
from typing import Final

from forecasting.consistency import Tables, filled
from forecasting.errors import Problem
from forecasting.reading import TableRead, lines

SUM_TOLERANCE: Final = 0.01
"""Share by which a survey's printed shares of a sector and year may miss 1; they are scaled to it."""


def staffing_history_problems(tables: Tables) -> list[Problem]:
    """Refuse shares of the past that do not make up their sector, or move what `staffing` does not know.

    Years after the base year are judged as others: they are not read, but a mistake there is one.
    """
    history = filled(tables, "staffing_history")
    if history is None:
        return []
    staffing = filled(tables, "staffing")
    if staffing is None:
        expected = "the table staffing too: history moves the shares of the base year"
        return [Problem(history.file, "staffing_history without staffing", expected, "add staffing")]
    problems = [*_unknown(history, staffing, "sector"), *_unknown(history, staffing, "occupation")]
    return [*problems, *_no_whole(history)]


def _unknown(history: TableRead, staffing: TableRead, column: str) -> Iterator[Problem]:
    cells = history.frame[column]
    bad = ~cells.isin(staffing.frame[column])
    if bad.any():
        given = f"{cells[bad].iloc[0]!r}, which is not in staffing"
        remedy = f"map it to the {column}s of staffing, or add it there"
        yield Problem(history.file, given, f"the {column}s of staffing", remedy, column, lines(bad))


def _no_whole(history: TableRead) -> Iterator[Problem]:
    frame = history.frame
    total = frame.groupby(["year", "sector"])["share"].transform("sum")
    bad = (total - 1).abs() > SUM_TOLERANCE
    if bad.any():
        first = frame[bad].iloc[0]
        given = f"shares of {first['sector']!r} in {first['year']:.0f} that sum to {total[bad].iloc[0]:.3f}"
        expected, remedy = f"a sum of 1, to within {SUM_TOLERANCE:.0%}", "add what is missing, or rescale"
        yield Problem(history.file, given, expected, remedy, "share", lines(bad))
