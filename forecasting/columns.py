"""What a table is made of: columns with kind, unit and range, and the key that identifies a row."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "text", "integer", "number", "boolean", "date", "period"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name : str
        Header in the file.
    kind : {"code", "text", "integer", "number", "boolean", "date", "period"}
        How a cell is read. A code is text that identifies something and is never empty; a period is a
        year, a quarter or a month: 2025, 2025-Q1, 2025-01.
    unit : str
        What one unit of the figure is: persons, share, hours. ``-`` for codes and text.
    meaning : str
        One line for the data dictionary.
    low, high : float, optional
        Closed range of the figure.
    required : bool
        Whether a cell may be empty. Empty means unknown, never zero.
    refers_to : str, optional
        Table whose ``code`` the cell must name.
    default : str or float, optional
        Value of a column that the file leaves out; a column with neither default nor
        ``required`` is read as empty.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    required: bool = True
    refers_to: str | None = None
    default: str | float | None = None


@dataclass(frozen=True)
class Table:
    """A canonical table: its key identifies a row, so a repeated key is an error."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    meaning: str

    def column(self, name: str) -> Column:
        """Return the declaration of one column.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        return {column.name: column for column in self.columns}[name]
