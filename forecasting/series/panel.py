"""A panel of series: rows are series, columns are consecutive periods, NaN is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
        One row per series with its keys, coarse to fine: ``region`` and ``sector``, or entity and skill.
    periods : tuple of int
        Consecutive numbers of years, quarters or months (see `forecasting.series.clock`).
    values : ndarray of shape (series, periods)
        Persons, vacancies or ads; NaN where unknown.
    season : int
        Periods in a year: 1, 4 or 12.
    as_published : mapping of int to ndarray
        Vintages: by origin, the values up to it as they were first published. Empty where no earlier
        publication is kept; later revisions are then in every origin, as MODEL_CARD.md states.
    """

    index: pd.DataFrame
    periods: tuple[int, ...]
    values: Array
    season: int = 1
    as_published: Mapping[int, Array] = field(default_factory=dict)

    def until(self, period: int) -> "Panel":
        """Return what was known when `period` was first published."""
        width = self.periods.index(period) + 1
        values = self.as_published.get(period, self.values[:, :width])
        return replace(self, periods=self.periods[:width], values=values, as_published={})

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
    if table.empty:
        return Panel(pd.DataFrame(columns=keys), (), np.empty((0, 0)))
    wide = table.set_index([*keys, time])[value].unstack(time)
    periods = tuple(range(int(table[time].min()), int(table[time].max()) + 1))
    wide = wide.reindex(columns=list(periods))
    index = wide.index.to_frame(index=False)
    return Panel(index, periods, wide.to_numpy(dtype=float))
