"""A panel of series: rows are series, columns are consecutive periods, NaN is unknown."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """Many series on one clock.

    Parameters
    ----------
    index : DataFrame
        One row per series with its keys, here ``region`` and ``sector``.
    periods : tuple of int
        Consecutive years.
    values : ndarray of shape (series, periods)
        Persons; NaN where unknown.
    """

    index: pd.DataFrame
    periods: tuple[int, ...]
    values: Array

    def until(self, period: int) -> "Panel":
        """Return what was known at the end of `period`.

        Vintages of the sources are not published, so later revisions are in it: stated in MODEL_CARD.md.
        """
        width = self.periods.index(period) + 1
        return Panel(self.index, self.periods[:width], self.values[:, :width])

    def at(self, period: int) -> Array:
        """Return the values of one period, shape (series,)."""
        return self.values[:, self.periods.index(period)]


def panel_from_table(
    table: pd.DataFrame, keys: list[str], time: str = "year", value: str = "persons"
) -> Panel:
    """Pivot a tidy table to a panel; years without a row are unknown, not zero.

    Parameters
    ----------
    table : DataFrame
        One row per (keys, time).

    Examples
    --------
    >>> tidy = pd.DataFrame({"sector": ["A", "A"], "year": [2001, 2003], "persons": [5.0, 7.0]})
    >>> panel_from_table(tidy, ["sector"]).values
    array([[ 5., nan,  7.]])
    """
    wide = table.set_index([*keys, time])[value].unstack(time)
    periods = tuple(range(int(table[time].min()), int(table[time].max()) + 1))
    wide = wide.reindex(columns=list(periods))
    index = wide.index.to_frame(index=False)
    return Panel(index, periods, wide.to_numpy(dtype=float))
