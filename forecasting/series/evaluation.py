"""Score forecasts of many series from rolling origins: arrays in, one tidy table per question out.

Arrays have the shape (origins, series, horizons), NaN where unknown or not forecast. Nothing here loops over
series or rows. Errors are forecast minus outcome: a positive bias is too high.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.series.baselines import Forecaster
from forecasting.series.panel import Array, Panel
from forecasting.series.scores import covered, interval_score

Labels = NDArray[np.generic]

_SUMS: Final = ("cells", "absolute", "squared", "signed", "outcome")


def rolling_forecasts(
    panel: Panel, forecaster: Forecaster, origins: Sequence[int], horizons: Sequence[int]
) -> Array:
    """Return what a method would have forecast at each past origin, from what was known then.

    Parameters
    ----------
    panel : Panel
        The whole history; at each origin the method sees only `Panel.until` it.
    origins : sequence of int
        Last known periods.
    horizons : sequence of int
        Periods ahead.

    Returns
    -------
    ndarray of shape (origins, series, horizons)
    """
    return np.stack([forecaster.forecast(panel.until(origin), tuple(horizons)) for origin in origins])


def outcomes(panel: Panel, origins: Sequence[int], horizons: Sequence[int]) -> Array:
    """Return what came after each origin, shape (origins, series, horizons); NaN beyond the panel.

    Examples
    --------
    >>> panel = Panel(pd.DataFrame({"job": ["a"]}), (2001, 2002, 2003), np.array([[5.0, 6, 8]]))
    >>> outcomes(panel, [2001, 2002], [1, 2]).tolist()
    [[[6.0, 8.0]], [[8.0, nan]]]
    """
    column = np.add.outer(np.asarray(origins), np.asarray(horizons)) - panel.periods[0]
    inside = (column >= 0) & (column < len(panel.periods))
    values = panel.values[:, np.where(inside, column, 0)]
    return np.where(inside, values, np.nan).transpose(1, 0, 2)


def usual_changes(panel: Panel, origins: Sequence[int], *, season: int = 1, power: int = 1) -> Array:
    """Return the mean absolute (or squared) change up to each origin: the scale of MASE (RMSSE).

    Changes are from one period to the next, or over `season` periods, from a series' first value above zero
    on (METHOD.md section 9.4).

    Returns
    -------
    ndarray of shape (origins, series, 1)
        NaN where no change is known or all are zero: such series have no scaled error.
    """
    started = np.maximum.accumulate(np.nan_to_num(panel.values) > 0, axis=1)
    values = np.where(started, panel.values, np.nan)
    change = np.abs(values[:, season:] - values[:, :-season]) ** power
    known = np.isfinite(change)
    total, count = np.where(known, change, 0.0).cumsum(axis=1), known.cumsum(axis=1)
    column = np.asarray(origins) - panel.periods[0] - season
    reached = np.where(column >= 0, column, 0)
    mean = total[:, reached] / np.maximum(count[:, reached], 1)
    return np.where((mean > 0) & (column >= 0), mean, np.nan).T[:, :, None]


def grouped_sums(amounts: Mapping[str, Array], by: Mapping[str, Labels]) -> pd.DataFrame:
    """Sum arrays by labels that broadcast to their shape; cells unknown in any of the arrays are left out.

    Parameters
    ----------
    amounts : mapping of str to ndarray of shape (origins, series, horizons)
    by : mapping of str to ndarray
        Labels that broadcast to the same shape: origins as (n, 1, 1), series (1, n, 1), horizons (1, 1, n).

    Returns
    -------
    DataFrame
        The labels, ``cells`` (count) and each sum; one row per combination that occurs, sorted.
    """
    shape = np.broadcast_shapes(*(array.shape for array in amounts.values()))
    full = {name: np.broadcast_to(array, shape) for name, array in amounts.items()}
    known = np.logical_and.reduce([np.isfinite(array) for array in full.values()])
    codes, levels = np.zeros(shape, dtype=np.int64), []
    for labels in by.values():
        code, level = pd.factorize(np.asarray(labels).ravel(), sort=True)
        codes = codes * len(level) + code.reshape(np.shape(labels))
        levels.append(level)
    group, length = codes[known], int(np.prod([len(level) for level in levels], dtype=int))
    sums = {name: np.bincount(group, array[known], length) for name, array in full.items()}
    cells = np.bincount(group, minlength=length)
    at = np.unravel_index(np.flatnonzero(cells), [len(level) for level in levels]) if levels else ()
    table = {name: level[position] for name, level, position in zip(by, levels, at, strict=True)}
    return pd.DataFrame(table | {"cells": cells[cells > 0]} | {n: s[cells > 0] for n, s in sums.items()})


def accuracy(
    outcome: Array,
    forecasts: Mapping[str, Array],
    by: Mapping[str, Labels] | None = None,
    *,
    baseline: str | None = None,
    scale: Array | None = None,
    squared_scale: Array | None = None,
) -> pd.DataFrame:
    """Return errors per method and group, on the cells that every method forecasts.

    Parameters
    ----------
    outcome : ndarray of shape (origins, series, horizons)
    forecasts : mapping of str to ndarray of the same shape
    by : mapping of str to ndarray, optional
        Groups, see `grouped_sums`: period, level, horizon, size group.
    baseline : str, optional
        Method that the relative errors divide by.
    scale, squared_scale : ndarray, optional
        `usual_changes` with power 1 and 2: adds ``mase`` (mean over cells of |error| / scale) and ``rmsse``
        (root of the mean of error² / squared_scale over all cells, not a mean of roots per series).

    Returns
    -------
    DataFrame
        ``method``, groups, ``cells, mae, rmse``, ``bias`` (sum of errors over sum of outcomes), and
        ``relative_mae, relative_rmse`` if there is a baseline.
    """
    shared = np.logical_and.reduce([np.isfinite(array) for array in forecasts.values()])
    groups = dict(by or {})
    frames = []
    for method, forecast in forecasts.items():
        error = np.where(shared, forecast - outcome, np.nan)
        table = _accuracy(error, outcome, groups)
        if scale is not None:
            scaled = grouped_sums({"mase": np.abs(error) / scale}, groups)
            table = _joined(table, scaled.assign(mase=scaled["mase"] / scaled["cells"]), "mase", list(groups))
        if squared_scale is not None:
            scaled = grouped_sums({"rmsse": error**2 / squared_scale}, groups)
            scaled = scaled.assign(rmsse=np.sqrt(scaled["rmsse"] / scaled["cells"]))
            table = _joined(table, scaled, "rmsse", list(groups))
        frames.append(table.assign(method=method))
    table = pd.concat(frames, ignore_index=True)
    table = table[["method", *(name for name in table if name != "method")]]
    return table if baseline is None else relative_to(table, baseline, ("mae", "rmse"), list(groups))


def _accuracy(error: Array, outcome: Array, groups: Mapping[str, Labels]) -> pd.DataFrame:
    amounts = {"absolute": np.abs(error), "squared": error**2, "signed": error, "outcome": outcome}
    sums = grouped_sums(amounts, groups)
    figures = sums.assign(
        mae=sums["absolute"] / sums["cells"],
        rmse=np.sqrt(sums["squared"] / sums["cells"]),
        bias=sums["signed"] / sums["outcome"].where(sums["outcome"] != 0),
    )
    return figures.drop(columns=[name for name in _SUMS if name != "cells"])


def _joined(table: pd.DataFrame, more: pd.DataFrame, name: str, groups: list[str]) -> pd.DataFrame:
    if not groups:
        return table.assign(**{name: more[name].to_numpy() if len(more) else np.nan})
    return table.merge(more[[*groups, name]], on=groups, how="left")


def relative_to(
    table: pd.DataFrame, baseline: str, names: Sequence[str], groups: Sequence[str]
) -> pd.DataFrame:
    """Add each score divided by the baseline's in the same group, as ``relative_<name>``; below 1 is better.

    Examples
    --------
    >>> scores = pd.DataFrame({"method": ["naive", "model"], "mae": [4.0, 3.0]})
    >>> relative_to(scores, "naive", ["mae"], [])["relative_mae"].tolist()
    [1.0, 0.75]
    """
    base = table[table["method"] == baseline]
    if groups:
        base = table[list(groups)].merge(base, on=list(groups), how="left")
    else:
        base = base.take(np.zeros(len(table), dtype=int))
    return table.assign(
        **{f"relative_{name}": table[name].to_numpy() / base[name].to_numpy() for name in names}
    )


def calibration(
    outcome: Array,
    intervals: Mapping[float, tuple[Array, Array]],
    by: Mapping[str, Labels] | None = None,
) -> pd.DataFrame:
    """Return coverage, mean interval score and mean width per level (percent) and group.

    Returns
    -------
    DataFrame
        ``level``, groups, ``cells, coverage`` (share), ``interval_score, width`` (units of the outcome).
    """
    frames = []
    for level, (low, high) in intervals.items():
        amounts = {
            "coverage": covered(outcome, low, high),
            "interval_score": interval_score(outcome, low, high, level),
            "width": high - low + 0 * outcome,
        }
        sums = grouped_sums(amounts, dict(by or {}))
        means = {name: sums[name] / sums["cells"] for name in amounts}
        frames.append(sums.assign(level=level, **means))
    table = pd.concat(frames, ignore_index=True)
    return table[["level", *(name for name in table if name != "level")]]
