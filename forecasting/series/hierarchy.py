"""Totals over keys: which series add up to which, as a sparse summing matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from forecasting.errors import InputError, Problem
from forecasting.series.panel import Array, Panel

LEVEL: Final = "level"
"""Column of the labels that says which keys a node keeps."""

TOTAL: Final = "TOTAL"
"""What stands under a key that was summed over."""


@dataclass(frozen=True)
class Hierarchy:
    """Nodes of a hierarchy: aggregates first (the total on top), then the series themselves.

    Parameters
    ----------
    labels : DataFrame
        One row per node: ``level`` (``total``, ``region``, ``region*job``) and the keys as text, `TOTAL`
        where summed over.
    sums : scipy.sparse.csr_array of shape (aggregates, series)
        1 where a series is part of an aggregate.
    """

    labels: pd.DataFrame
    sums: sparse.csr_array

    @property
    def aggregates(self) -> int:
        """Return how many nodes are sums of others."""
        return int(self.sums.shape[0])

    def total_up(self, series: Array) -> Array:
        """Return the values of all nodes, shape (nodes, …), from those of the series."""
        return np.concatenate([self.sums @ series, series])

    def members(self) -> Array:
        """Return the number of series in each node."""
        return self.total_up(np.ones(self.sums.shape[1]))


def parse_hierarchy(text: str, keys: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Read levels as the command line gives them; the total and the series themselves are always there.

    ``total`` may be named or not, unless a key is called so.

    Raises
    ------
    InputError
        For names that are no keys.

    Examples
    --------
    >>> parse_hierarchy("region,job,region*job", ["region", "job", "skill"])
    (('region',), ('job',), ('region', 'job'))
    """
    levels = [tuple(name.strip() for name in level.split("*")) for level in text.split(",") if level.strip()]
    levels = [level for level in levels if level != ("total",) or "total" in keys]
    unknown = [name for name in dict.fromkeys(name for level in levels for name in level) if name not in keys]
    expected = f"keys of the table ({', '.join(keys)}), as {keys[0]} or {'*'.join(keys[:2])}"
    if unknown:
        raise InputError(
            Problem("--hierarchy", f"the level {name!r}", expected, "correct the name") for name in unknown
        )
    ordered = [tuple(key for key in keys if key in level) for level in levels]
    return tuple(level for level in dict.fromkeys(ordered) if len(level) < len(keys))


def build_hierarchy(index: pd.DataFrame, levels: Sequence[Sequence[str]]) -> Hierarchy:
    """Return the hierarchy of the total, the given levels and the series.

    Parameters
    ----------
    index : DataFrame
        Keys of the series, one row each.
    levels : sequence of sequence of str
        Keys that are kept at each level; the others are summed over.

    Raises
    ------
    InputError
        Where the series hold totals already, which would be counted twice, or a key is called ``level``.

    Examples
    --------
    >>> index = pd.DataFrame({"region": ["N", "N", "S"], "job": ["a", "b", "a"]})
    >>> tree = build_hierarchy(index, [("region",)])
    >>> tree.labels.to_numpy().tolist()[:3]
    [['total', 'TOTAL', 'TOTAL'], ['region', 'N', 'TOTAL'], ['region', 'S', 'TOTAL']]
    >>> tree.total_up(np.array([1.0, 2, 4])).tolist()
    [7.0, 3.0, 4.0, 1.0, 2.0, 4.0]
    """
    keys = index.astype(str)
    check_no_level(list(keys.columns))
    _check_no_totals(keys)
    nodes = [_level(keys, list(level)) for level in [(), *levels]]
    series = keys.assign(level="*".join(keys.columns))
    labels = pd.concat([labels for labels, _ in nodes] + [series], ignore_index=True)
    offsets = np.cumsum([0] + [len(labels) for labels, _ in nodes])
    rows = np.concatenate([member + offset for (_, member), offset in zip(nodes, offsets, strict=False)])
    columns = np.tile(np.arange(len(keys)), len(nodes))
    sums = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(int(offsets[-1]), len(keys)))
    return Hierarchy(labels[["level", *keys.columns]], sums)


def check_no_level(columns: Sequence[str]) -> None:
    """Refuse a key or time column that is called as that of the levels.

    Raises
    ------
    InputError
    """
    if LEVEL in columns:
        given, expected = f"a key or time column {LEVEL}", "another name: it is a hierarchy's own column"
        raise InputError([Problem("the table", given, expected, "rename the column")])


def _check_no_totals(keys: pd.DataFrame) -> None:
    held = [str(key) for key in keys.columns if (keys[key] == TOTAL).any()]
    expected, remedy = "series that are not sums of others", "drop the totals; they are made anew"
    if held:
        raise InputError(Problem("the table", f"the key {TOTAL}", expected, remedy, key) for key in held)


def _level(keys: pd.DataFrame, kept: list[str]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the nodes of a level, sorted by key, and each series' node."""
    node: NDArray[np.int64] = np.zeros(len(keys), dtype=np.int64)
    first = keys.head(1)
    if kept:
        node = keys.groupby(kept, sort=True).ngroup().to_numpy().astype(np.int64)
        first = keys.take(np.unique(node, return_index=True)[1])
    summed = dict.fromkeys(keys.columns.difference(kept), TOTAL)
    return first.assign(**summed, level="*".join(kept) or "total"), node


def aggregate(panel: Panel, hierarchy: Hierarchy) -> Panel:
    """Return the panel of all nodes; an aggregate is unknown where one of its series is.

    Raises
    ------
    InputError
        Where the panel is not the one the hierarchy was built for.
    """
    if len(panel.index) != hierarchy.sums.shape[1]:
        given, expected = f"{len(panel.index)} series", f"{hierarchy.sums.shape[1]} as in the hierarchy"
        raise InputError([Problem("the panel", given, expected, "build the hierarchy from its index")])
    vintages = {origin: hierarchy.total_up(array) for origin, array in panel.as_published.items()}
    values = hierarchy.total_up(panel.values)  # NaN stays with the aggregates it is part of
    return replace(panel, index=hierarchy.labels, values=values, as_published=vintages)
