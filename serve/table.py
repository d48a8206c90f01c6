"""A published table in memory: Arrow columns, codes kept once, rows found by part of their key."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from forecasting.columns import Column, Table

Record = Mapping[str, Any]
"""One row of a published table; a missing value is None."""

Positions = NDArray[np.int64]

_KEPT_ONCE: Final = pa.dictionary(pa.int32(), pa.string())
_KINDS: Final = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}


class Rows:
    """The rows of one published table, sorted by its key.

    Parameters
    ----------
    declared : Table
        Its declaration.
    columns : pyarrow.Table
        The declared columns, each of one chunk.
    """

    def __init__(self, declared: Table, columns: pa.Table) -> None:
        self.declared, self.columns = declared, columns
        self._places: dict[str, dict[Any, int]] = {}

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return int(self.columns.nbytes)

    def everything(self) -> Positions:
        """Return the position of every row."""
        return np.arange(len(self), dtype=np.int64)

    def where(self, wanted: Mapping[str, Iterable[Any]], among: Positions | None = None) -> Positions:
        """Return the positions of the rows whose columns hold one of the values wanted.

        Parameters
        ----------
        wanted : mapping of str to values
            By column; every column must match.
        among : ndarray of int, optional
            Positions to look among, kept in their order; by default all.
        """
        found = self.everything() if among is None else among
        for name, values in wanted.items():
            found = found[self._holds(name, values)[found]]
        return found

    def _holds(self, name: str, values: Iterable[Any]) -> NDArray[np.bool_]:
        column = self.columns[name].chunk(0)
        if not pa.types.is_dictionary(column.type):
            kind = column.type
            return np.asarray(pc.is_in(column, pa.array(list(values), kind)).to_numpy(zero_copy_only=False))
        places = self._place(name)
        codes = [places[value] for value in values if value in places]
        return np.isin(self.codes(name), codes)

    def _place(self, name: str) -> dict[Any, int]:
        if name not in self._places:
            words = self.columns[name].chunk(0).dictionary.to_pylist()
            self._places[name] = {word: at for at, word in enumerate(words)}
        return self._places[name]

    def codes(self, name: str) -> NDArray[Any]:
        """Return numbers that are equal where the column's values are: a code's place, else the value."""
        column = self.columns[name].chunk(0)
        kept = column.indices if pa.types.is_dictionary(column.type) else column
        return np.asarray(kept.fill_null(-1).to_numpy(zero_copy_only=False))

    def figures(self, name: str) -> NDArray[np.float64]:
        """Return a column of figures, NaN where missing."""
        column = self.columns[name].chunk(0)
        return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)

    def known(self, name: str, positions: Positions) -> int:
        """Return in how many of the rows a column has a value."""
        return len(positions) - int(self.columns[name].chunk(0).take(pa.array(positions)).null_count)

    def texts(self, name: str) -> list[str | None]:
        """Return a column of codes or text."""
        found: list[str | None] = self.columns[name].to_pylist()
        return found

    def values(self, name: str) -> list[str]:
        """Return the different values of a column of codes, in their order."""
        return sorted(str(value) for value in pc.unique(self.columns[name]).to_pylist() if value is not None)

    def records(self, positions: Positions | None = None) -> list[Record]:
        """Return rows as mappings of Python's own values, None where missing."""
        taken = self.columns if positions is None else self.columns.take(pa.array(positions))
        found: list[Record] = taken.to_pylist()
        return found

    def frame(self, positions: Positions | None = None) -> Any:
        """Return rows as a pandas DataFrame, for what is worked out with the method's own functions."""
        taken = self.columns if positions is None else self.columns.take(pa.array(positions))
        plain = {
            name: pc.cast(column, pa.string()) if pa.types.is_dictionary(column.type) else column
            for name, column in zip(taken.column_names, taken.columns, strict=True)
        }
        return pa.table(plain).to_pandas()

    def sorted(self, by: Sequence[tuple[str, bool]], positions: Positions) -> Positions:
        """Return positions ordered by columns, unknown last; what is equal keeps the order of the key.

        Parameters
        ----------
        by : sequence of (str, bool)
            Column, and whether the largest comes first; the first decides.
        """
        keys = []
        for name, falling in reversed(by):
            values = self._sortable(name)[positions]
            keys += [np.where(np.isnan(values), 0.0, -values if falling else values), np.isnan(values)]
        return positions[np.lexsort(keys)] if keys else positions

    def _sortable(self, name: str) -> NDArray[np.float64]:
        column = self.columns[name].chunk(0)
        if not pa.types.is_dictionary(column.type):
            return self.figures(name)
        words = [word or "" for word in column.dictionary.to_pylist()]
        ranks = np.empty(len(words) + 1)
        ranks[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
        ranks[-1] = np.nan
        return ranks[self.codes(name)]


class Lookup:
    """Rows of a published table, found by part of their key.

    Parameters
    ----------
    rows : Rows
        The table.
    by : sequence of str
        The columns whose values identify a group of rows.
    among : ndarray of int, optional
        Positions of the rows that can be found, in the order in which they are returned.
    """

    def __init__(self, rows: Rows, by: Sequence[str], among: Positions | None = None) -> None:
        self._rows = rows
        among = rows.everything() if among is None else among
        self._groups = _groups([rows.codes(name)[among] for name in by], among)
        self._by = [rows._place(name) if _worded(rows, name) else None for name in by]

    def positions(self, *key: str | int) -> Positions:
        """Return where the group's rows are; nowhere for an unknown group."""
        places = [
            word if known is None else known.get(word) for known, word in zip(self._by, key, strict=True)
        ]
        return self._groups.get(tuple(places), np.empty(0, np.int64))

    def count(self, *key: str | int) -> int:
        """Return how many rows the group has."""
        return len(self.positions(*key))

    def rows(self, *key: str | int, start: int = 0, stop: int | None = None) -> list[Record]:
        """Return the group's rows, or a slice of them; none for an unknown group."""
        found = self.positions(*key)[start:stop]
        return self._rows.records(found) if len(found) else []


def _worded(rows: Rows, name: str) -> bool:
    return bool(pa.types.is_dictionary(rows.columns.schema.field(name).type))


def _groups(codes: Sequence[NDArray[Any]], among: Positions) -> dict[tuple[Any, ...], Positions]:
    """Return positions by the values of some columns, in the order given."""
    if not len(among):
        return {}
    order = np.lexsort(codes[::-1])
    ordered = [column[order] for column in codes]
    changes = np.any([column[1:] != column[:-1] for column in ordered], axis=0)
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(order)]])
    keys = zip(*(column[starts[:-1]].tolist() for column in ordered), strict=True)
    return {
        key: among[order[start:stop]]
        for key, start, stop in zip(keys, starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    }


def read_rows(path: Path, declared: Table) -> Rows:
    """Read a table; a column, or a whole table, that came after the snapshot was made is unknown.

    Parameters
    ----------
    path : Path
        A Parquet file of a snapshot, already checked; may be absent.
    declared : Table
        Its declaration.
    """
    found = pq.read_table(path) if path.exists() else pa.table({})
    columns = {column.name: _column(found, column) for column in declared.columns}
    return Rows(declared, pa.table(columns))


def _column(found: pa.Table, declared: Column) -> pa.ChunkedArray:
    kind = _KINDS.get(declared.kind, pa.string())
    if declared.name not in found.column_names:
        column = pa.nulls(found.num_rows, kind)
    else:
        column = found[declared.name].combine_chunks()
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if kind == pa.string():
        words = whole.cast(kind)
        if declared.kind == "text":  # an empty text says nothing, as a missing one
            words = pc.if_else(pc.equal(words, ""), pa.scalar(None, kind), words)
        whole = words.dictionary_encode().cast(_KEPT_ONCE)
    return pa.chunked_array([whole])
