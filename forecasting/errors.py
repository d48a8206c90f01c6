"""What a user is told when something is wrong: what was given, what was expected, what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ROWS_SHOWN = 5


class ForecastingError(Exception):
    """Base of every error that a user can act on; its text is the message, without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    Parameters
    ----------
    where : str
        File, and table where they differ.
    given : str
        What was found there.
    expected : str
        What the declaration asks.
    remedy : str
        What to do next.
    column : str, optional
        Column concerned.
    rows : sequence of int, optional
        Line numbers in the file; a header is line 1, so the first record is line 2.

    Examples
    --------
    >>> print(Problem("staffing.csv", "1.4", "a share from 0 to 1", "divide by 100", "share", (3, 7)))
    staffing.csv, column share, lines 3, 7: found 1.4; expected a share from 0 to 1. Do: divide by 100.
    """

    where: str
    given: str
    expected: str
    remedy: str
    column: str | None = None
    rows: Sequence[int] = ()

    def __str__(self) -> str:
        """Return the problem as one line."""
        place = self.where
        if self.column:
            place += f", column {self.column}"
        if len(self.rows):
            shown = ", ".join(str(row) for row in self.rows[:ROWS_SHOWN])
            more = len(self.rows) - ROWS_SHOWN
            place += f", line{'s' if len(self.rows) > 1 else ''} {shown}"
            place += f" and {more:,} more" if more > 0 else ""
        return f"{place}: found {self.given}; expected {self.expected}. Do: {self.remedy}."


class InputError(ForecastingError):
    """An input that cannot be used, with every problem found in it.

    Parameters
    ----------
    problems : iterable of Problem
        All of them, not just the first.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
