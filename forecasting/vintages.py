"""What was known when: earlier publications of employment, for backtests that see no later revision."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from forecasting.consistency import Tables, counted, filled
from forecasting.errors import Problem
from forecasting.reading import lines
from forecasting.series.panel import Array, Panel

NAME: Final = "employment_vintages"


def as_published(panel: Panel, vintages: pd.DataFrame) -> dict[int, Array]:
    """Return the history as it stood when each year was first published, by year.

    Parameters
    ----------
    panel : Panel
        Latest figures by ``region`` and ``sector``.
    vintages : DataFrame
        Canonical table ``employment_vintages``.

    Notes
    -----
    A region without any earlier publication keeps its latest figures; in one that has them, a cell that no
    publication held by then was unknown.
    """
    known = vintages[vintages["year"].isin(panel.periods)]
    revised = panel.index["region"].isin(set(known["region"])).to_numpy()
    keys = pd.MultiIndex.from_frame(panel.index)
    found = {}
    for origin, first in known.groupby("year")["vintage"].min().items():
        seen = known[(known["vintage"] <= first) & (known["year"] <= origin)].sort_values("vintage")
        latest = seen.drop_duplicates(["region", "sector", "year"], keep="last")
        wide = latest.set_index(["region", "sector", "year"])["persons"].unstack("year")
        width = panel.periods.index(int(str(origin))) + 1
        published = wide.reindex(index=keys, columns=list(panel.periods[:width])).to_numpy(dtype=float)
        found[int(str(origin))] = np.where(revised[:, None], published, panel.values[:, :width])
    return found


def vintage_problems(tables: Tables) -> Iterator[Problem]:
    """Yield publications of the future, and of what is not forecast."""
    read, found = filled(tables, NAME), counted(tables)
    if read is None or found is None:
        return
    early = read.frame["vintage"].str[:4].lt(read.frame["year"].astype("string")).fillna(False)
    if early.any():
        yield Problem(
            read.file,
            f"{int(early.sum())} figure(s) published before their year",
            "a day in the year or after it",
            "correct vintage or year",
            "vintage",
            lines(early),
        )
    forecast = {top for top in found.top.values() if top}
    other = ~read.frame["sector"].isin(forecast)
    if other.any():
        given = ", ".join(map(repr, sorted(read.frame.loc[other, "sector"].unique())[:5]))
        expected = f"a {found.entity} that is forecast: {', '.join(sorted(forecast)[:10])}"
        yield Problem(read.file, given, expected, "correct or remove the rows", "sector", lines(other))
