"""Classes of alike cells: by hierarchy level, size of the forecast, and how unsteady the series was."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.series.panel import Array

Codes = NDArray[np.int64]

_FEWEST_CELLS: Final = 200
"""Past errors a class needs: the 2.5 % quantile then rests on five of them."""

_WIDTH: Final = 0.5
"""Of a size class on the stretched scale: a factor of 1.6 in counts where counts are large."""

_PARTS: Final = 3
"""Classes of unsteadiness within a size: calm, middling, bursty."""


@dataclass(frozen=True)
class SizeClasses:
    """Borders between classes of cells, per hierarchy level.

    Parameters
    ----------
    sizes : dict of label to ndarray
        Upper borders of the size classes of a level, on the stretched scale.
    unsteadiness : dict of label to ndarray of shape (size classes, parts - 1)
        Borders within each size class.
    first : dict of label to int
        Number of the level's first class.
    """

    sizes: dict[object, Array]
    unsteadiness: dict[object, Array]
    first: dict[object, int]

    @property
    def count(self) -> int:
        """Return the number of classes."""
        return sum(len(borders) for borders in self.unsteadiness.values()) * _PARTS

    def assign(self, labels: NDArray[np.object_], size: Array, unsteady: Array) -> Codes:
        """Return the class of each cell.

        Parameters
        ----------
        labels : ndarray of shape (cells,)
            Hierarchy level of each cell.
        size, unsteady : ndarray of shape (cells,)
            Both on the stretched scale.

        Raises
        ------
        KeyError
            If a level was not there when the classes were fitted.
        """
        code = np.zeros(len(size), dtype=np.int64)
        for label in pd.unique(labels):
            if label not in self.sizes:
                expected = ", ".join(map(str, self.sizes))
                raise KeyError(f"hierarchy level {label!r} was not calibrated; known are: {expected}")
            at = labels == label
            group = np.searchsorted(self.sizes[label], size[at], side="left")
            part = (unsteady[at, None] > self.unsteadiness[label][group]).sum(axis=1)
            code[at] = self.first[label] + group * _PARTS + part
        return code


def fit_classes(
    levels: NDArray[np.object_],
    labels: NDArray[np.object_],
    size: Array,
    unsteady: Array,
    repeats: int,
) -> SizeClasses:
    """Cut the cells of each level into classes of at least `_FEWEST_CELLS` past errors.

    Parameters
    ----------
    levels : ndarray of shape (series,)
        Hierarchy level of each series, those without a past error included.
    labels, size, unsteady : ndarray of shape (cells,)
        As in `SizeClasses.assign`.
    repeats : int
        Horizons that share the cells: a class needs enough errors at each of them.
    """
    sizes: dict[object, Array] = {}
    within: dict[object, Array] = {}
    first: dict[object, int] = {}
    number, fewest = 0, _FEWEST_CELLS * repeats
    for label in pd.unique(levels):
        at = labels == label
        sizes[label] = _size_borders(size[at], fewest)
        group = np.searchsorted(sizes[label], size[at], side="left")
        within[label] = np.array(
            [_parts(unsteady[at][group == one], fewest) for one in range(len(sizes[label]) + 1)]
        )
        first[label] = number
        number += len(within[label]) * _PARTS
    return SizeClasses(sizes, within, first)


def _size_borders(size: Array, fewest: int) -> Array:
    """Return upper borders of steps of `_WIDTH`, joined to the next larger until each has enough cells.

    What is left over at the top joins the class below it.
    """
    grid = np.arange(_WIDTH, float(size.max(initial=0)) + _WIDTH, _WIDTH)
    below = np.searchsorted(np.sort(size), grid, side="right")
    borders: list[float] = []
    start = 0
    for at, end in enumerate(below):
        if end - start >= fewest and len(size) - end >= fewest:
            borders.append(float(grid[at]))
            start = end
    return np.array(borders, dtype=float)


def _parts(unsteady: Array, fewest: int) -> Array:
    """Return the borders that cut one size class into equal parts; no cut where cells are too few."""
    if len(unsteady) < _PARTS * fewest:
        return np.full(_PARTS - 1, np.inf)
    return np.quantile(unsteady, np.arange(1, _PARTS) / _PARTS)
