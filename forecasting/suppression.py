"""What is too small to publish, and what is held back so that nothing else tells it (DESIGN.md section 8).

Primary: a cell with few employed persons shows nothing; one with few job seekers shows neither them nor what
follows from them. Secondary: no sum, spread, flow, ratio or error that is published has a hidden cell in it,
so that subtracting what is shown finds nothing. A sum over the shown cells is the smallest loss: no other
cell is hidden for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.periods import year_of
from forecasting.region import Region
from forecasting.series.panel import Array, Panel
from forecasting.vocabulary import JOBSEEKERS, TOTAL

Flags = NDArray[np.bool_]

CONFIDENTIAL: Final = "confidential"
_CELL: Final = ["region", "occupation"]
_SEEN_OF: Final = {"occupation_vacancies": "reason_employment", "jobseekers": f"reason_{JOBSEEKERS}"}
"""Tables that observables are made of, by the reason that hides a cell of them."""


def few_jobseekers(
    jobseekers: pd.DataFrame, region: str, base_year: int, occupations: tuple[str, ...], least: float
) -> Flags:
    """Return which occupations have some job seekers at the base year, but fewer than the parameter.

    Parameters
    ----------
    jobseekers : DataFrame
        Canonical table; the mean of the base year's periods counts. Only what the source counts by occupation
        can be small: a total that the method splits tells nobody's place.
    least : float
        Parameter ``small_cell_jobseekers``, persons.

    Returns
    -------
    ndarray of bool, shape (occupations,)
    """
    here = (jobseekers["region"] == region) & (year_of(jobseekers["period"]) == base_year)
    rows = jobseekers[here & (jobseekers["occupation"] != TOTAL)]
    persons = rows.groupby("occupation")["persons"].mean().reindex(list(occupations)).to_numpy(dtype=float)
    return np.asarray((persons > 0) & (persons < least))


def split_apart(persons: Array, total: Array, hidden: Flags) -> Array:
    """Bring draws to their totals, the shown cells and the hidden ones each to their own.

    Brought to one total together, the shown cells would stray by exactly what the hidden ones do.

    Parameters
    ----------
    persons : ndarray of shape (cells, draws)
    total : ndarray of shape (cells,)
        What the draws of each group sum to, cell by cell.
    hidden : ndarray of bool, shape (cells,)
    """
    found = np.zeros_like(persons)
    for group in (~hidden, hidden):
        sums = persons[group].sum(axis=0)
        scale = np.divide(total[group].sum(), sums, out=np.zeros_like(sums), where=sums > 0)
        found[group] = persons[group] * scale
    return found


def shown_errors(panel: Panel, errors: pd.DataFrame, least: float) -> pd.DataFrame:
    """Return the errors of a backtest that may enter a published mean: those of shown histories.

    The history of large cells is published, so the mean error of a known method less theirs would tell the
    small ones.

    Parameters
    ----------
    panel : Panel
        Persons.
    errors : DataFrame
        As `forecasting.series.rolling.rolling_errors` returns them.
    least : float
        Parameter ``small_cell``: a series below it in the last period is hidden whole.
    """
    small = np.nan_to_num(panel.values[:, -1], nan=np.inf) < least if panel.values.size else np.zeros(0, bool)
    shown = ~small[errors["series"].to_numpy(dtype=int)]
    return errors[shown & (errors["size"] >= least) & (errors["actual"] >= least)].reset_index(drop=True)


def without_hidden(region: Region, index: pd.DataFrame) -> Region:
    """Return a region without the rows of hidden cells from which observables are made and summed.

    Parameters
    ----------
    index : DataFrame
        Of `forecasting.cells.Cells`.
    """
    tables = dict(region.tables)
    for name, reason in _SEEN_OF.items():
        rows = region.table(name)
        inside = pd.MultiIndex.from_frame(rows[_CELL]).isin(_hidden(index, reason))
        tables[name] = rows[~inside]
    return replace(region, tables=tables)


def with_reasons(
    tables: Mapping[str, pd.DataFrame], index: pd.DataFrame, names: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Return tables with a row that says why for every cell whose figures are hidden.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Published tables by region and occupation.
    index : DataFrame
        Of `forecasting.cells.Cells`.
    names : iterable of str
        Tables that have a row for each cell; one without any row stays empty.
    """
    rows = pd.DataFrame(_hidden(index, "reason_employment").tolist(), columns=_CELL)
    hidden = rows.assign(reason=CONFIDENTIAL).astype(object)
    return {
        name: pd.concat([table, hidden], ignore_index=True) if name in set(names) and len(table) else table
        for name, table in tables.items()
    }


def hide_draws(draws: Array, index: pd.DataFrame) -> Array:
    """Return draws of cells, NaN where a reason hides the cell: a release holds no figure that it hides."""
    return np.where(index["reason"].eq(CONFIDENTIAL).to_numpy()[:, None], np.nan, draws)


def _hidden(index: pd.DataFrame, reason: str) -> pd.MultiIndex:
    cells: Any = index.loc[index[reason] == CONFIDENTIAL, _CELL].astype(str).drop_duplicates()
    return pd.MultiIndex.from_frame(cells)
