"""A backtest broken down: per level, size group and horizon, with the skill over the baseline."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.series.panel import Array, Panel
from forecasting.series.rolling import coverage
from forecasting.series.skill import skill

CELL: Final = "cell"
EVERY: Final = "all"


def by_level(panel: Panel, errors: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the errors of the cells, and of their sums over all keys but one.

    Parameters
    ----------
    errors : DataFrame
        Rows of `rolling_errors`: every method on the same cells, so sums compare too.

    Returns
    -------
    dict of str to DataFrame
        By level: ``cell``, and each key where a panel has several: ``region`` sums the cells of a region.
        Rows as in `rolling_errors` with ``cluster``, what the bootstrap keeps together.
    """
    keys = panel.index.iloc[errors["series"].to_numpy(dtype=int)].reset_index(drop=True)
    first = str(panel.index.columns[0])
    cells = errors.assign(cluster=pd.factorize(keys[first])[0])
    if len(panel.index.columns) == 1:
        return {CELL: cells}
    return {CELL: cells} | {str(key): _summed(errors, pd.factorize(keys[key])[0]) for key in keys}


def _summed(errors: pd.DataFrame, unit: "np.ndarray[Any, Any]") -> pd.DataFrame:
    by = ["method", "origin", "horizon", "series"]
    summed = errors.assign(series=unit).groupby(by, as_index=False)[["size", "forecast", "actual"]].sum()
    return summed.assign(error=np.log(summed["actual"] / summed["forecast"]), cluster=summed["series"])


def size_group(size: Array, classes: Sequence[float]) -> "np.ndarray[Any, Any]":
    """Return the name of each size's group.

    Examples
    --------
    >>> size_group(np.array([5.0, 2e4]), [1e4, 1e5]).tolist()
    ['under 10000', '10000 to 100000']
    """
    bounds = [f"{bound:.0f}" for bound in classes]
    middle = [f"{low} to {high}" for low, high in pairwise(bounds)]
    return np.array([f"under {bounds[0]}", *middle, f"{bounds[-1]} and over"])[np.digitize(size, classes)]


def breakdown_table(
    panel: Panel,
    errors: pd.DataFrame,
    baseline: str,
    horizons: Sequence[int],
    classes: Sequence[float],
    minimum_origins: int,
    draws: int,
    seed: int,
    *,
    intervals: bool = True,
) -> pd.DataFrame:
    """Score every method per level, size group and horizon beside the baseline.

    Parameters
    ----------
    draws, seed : int
        Of the bootstrap.
    intervals : bool
        Whether intervals are made from these errors, so that their coverage counts.

    Returns
    -------
    DataFrame
        Columns of the published table ``backtest_groups`` but for ``component``; combinations without a
        forecast are left out.
    """
    covered = classes if intervals else None
    rows = [
        {"level": level, "size": size, "horizon": horizon}
        | _scores(group, base, horizon, minimum_origins, draws, seed)
        | {"method": method}
        for level, scored in by_level(panel, errors).items()
        for horizon in horizons
        for size, group_of_all in _sizes(_with_coverage(scored, horizon, covered), classes)
        for base in [group_of_all[group_of_all["method"] == baseline]]
        for method, group in group_of_all.groupby("method", sort=False)
    ]
    return pd.DataFrame(rows)


def _with_coverage(errors: pd.DataFrame, horizon: int, classes: Sequence[float] | None) -> pd.DataFrame:
    """Return the errors at one horizon with ``inside``, unknown where the origin had no past error."""
    at = errors[errors["horizon"] == horizon]
    if classes is None:
        return at.assign(inside=np.nan)
    covered = [
        coverage(rows, horizon, classes).assign(method=method) for method, rows in errors.groupby("method")
    ]
    inside = pd.concat(covered) if covered else pd.DataFrame(columns=["origin", "series", "inside", "method"])
    inside = inside.astype({"inside": "float64", "origin": at["origin"].dtype, "series": at["series"].dtype})
    return at.merge(inside, on=["method", "origin", "series"], how="left")


def _sizes(errors: pd.DataFrame, classes: Sequence[float]) -> Iterator[tuple[str, pd.DataFrame]]:
    yield EVERY, errors
    group = size_group(errors["size"].to_numpy(dtype=float), classes)
    for name in dict.fromkeys(size_group(np.array([0.0, *classes]), classes).tolist()):
        yield name, errors[group == name]


def _scores(
    group: pd.DataFrame, base: pd.DataFrame, horizon: int, minimum_origins: int, draws: int, seed: int
) -> dict[str, object]:
    origins = group["origin"].nunique()
    short = f"not quotable: {origins} origins" if origins < minimum_origins else ""
    overlap = f"no interval of the skill: {origins} origins all overlap" if origins <= horizon else ""
    found, low, high = skill(_sums(group, base), _sums(base, base), horizon, draws, seed)
    return {
        "origins": origins,
        "cells": len(group),
        "mae": (group["actual"] - group["forecast"]).abs().mean(),
        "log_mae": group["error"].abs().mean(),
        "bias": group["error"].mean(),
        "coverage_80": group["inside"].mean(),
        "skill": found,
        "skill_p10": low,
        "skill_p90": high,
        "note": short or overlap,
    }


def _sums(errors: pd.DataFrame, base: pd.DataFrame) -> Array:
    """Return sums of absolute log errors by cluster and origin, those of the baseline's order."""
    clusters, origins = np.unique(base["cluster"]), np.unique(base["origin"])
    sums = np.zeros((len(clusters), len(origins)))
    place = np.searchsorted(clusters, errors["cluster"]), np.searchsorted(origins, errors["origin"])
    np.add.at(sums, place, errors["error"].abs().to_numpy())
    return sums
