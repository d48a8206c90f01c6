"""Rolling origins: every method forecasts from every past year and is held to what came after."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.baselines import Forecaster
from forecasting.series.intervals import NOMINAL, fit_spread
from forecasting.series.panel import Array, Panel

_EMPTY: Final = pd.DataFrame(
    {
        "series": pd.Series(dtype=int),
        "origin": pd.Series(dtype=int),
        "horizon": pd.Series(dtype=int),
        **{name: pd.Series(dtype=float) for name in ("size", "forecast", "actual", "error")},
    }
)

_NOT_COVERED: Final = pd.DataFrame(columns=["origin", "series", "inside"])


def rolling_errors(panel: Panel, methods: Sequence[Forecaster], horizons: Sequence[int]) -> pd.DataFrame:
    """Return one row per method, origin, horizon and series whose outcome is known.

    Parameters
    ----------
    panel : Panel
        The whole history; each origin sees it only up to itself.
    horizons : sequence of int
        Years ahead; those longer than the history give no rows.

    Returns
    -------
    DataFrame
        ``method, origin, horizon, series`` (row of the panel), ``size`` (persons at the origin),
        ``forecast``, ``actual`` (persons) and ``error`` = log(actual / forecast). Only cells that every
        method can forecast, so that all methods are scored on the same ones.
    """
    rows = [_scored(panel, method, origin, horizons) for origin in panel.periods[:-1] for method in methods]
    errors = pd.concat(rows, ignore_index=True) if rows else _EMPTY.assign(method="")
    cell = ["origin", "horizon", "series"]
    return errors[errors.groupby(cell)["method"].transform("size") == len(methods)].reset_index(drop=True)


def _scored(panel: Panel, method: Forecaster, origin: int, horizons: Sequence[int]) -> pd.DataFrame:
    reached = tuple(horizon for horizon in horizons if origin + horizon in panel.periods)
    history = panel.until(origin)
    forecasts = method.forecast(history, reached) if reached else np.empty((len(panel.index), 0))
    frames = [
        _cells(panel, history.values[:, -1], forecasts[:, column], origin, horizon)
        for column, horizon in enumerate(reached)
    ]
    scored = pd.concat(frames, ignore_index=True) if frames else _EMPTY
    return scored.assign(method=method.name)


def _cells(panel: Panel, size: Array, forecast: Array, origin: int, horizon: int) -> pd.DataFrame:
    actual = panel.at(origin + horizon)
    known = (actual > 0) & (forecast > 0) & (size > 0)  # false for NaN
    frame = pd.DataFrame({"series": np.flatnonzero(known)})
    return frame.assign(
        origin=origin,
        horizon=horizon,
        size=size[known],
        forecast=forecast[known],
        actual=actual[known],
        error=np.log(actual[known] / forecast[known]),
    )


def backtest_table(
    panel: Panel,
    errors: pd.DataFrame,
    methods: Sequence[str],
    horizons: Sequence[int],
    size_classes: Sequence[float],
    minimum_origins: int,
    *,
    intervals: bool = True,
) -> pd.DataFrame:
    """Return the scores of every method and horizon, those without an outcome included.

    Parameters
    ----------
    intervals : bool
        Whether intervals are made from these errors, so that their coverage counts.

    Returns
    -------
    DataFrame
        Columns of the published table ``backtest`` but for ``component`` and ``selected``.
    """
    scale = _mean_absolute_change(panel)
    rows = [
        _score(
            errors[errors["method"] == method],
            horizon,
            scale,
            size_classes if intervals else None,
            minimum_origins,
        )
        | {"method": method, "horizon": horizon}
        for method in methods
        for horizon in horizons
    ]
    return pd.DataFrame(rows)


def _mean_absolute_change(panel: Panel) -> Array:
    """Return each series' mean absolute yearly change, the scale of MASE (METHOD.md section 9.4).

    Over the whole history, not up to each origin: a constant that is the same for every method and defined
    for the first origins too.
    """
    change = np.abs(np.diff(panel.values, axis=1))
    known = np.isfinite(change)
    mean = np.where(known, change, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(mean > 0, mean, np.nan)


def _score(
    errors: pd.DataFrame,
    horizon: int,
    scale: Array,
    size_classes: Sequence[float] | None,
    minimum_origins: int,
) -> dict[str, object]:
    at = errors[errors["horizon"] == horizon]
    absolute = (at["actual"] - at["forecast"]).abs()
    covered = _NOT_COVERED if size_classes is None else coverage(errors, horizon, size_classes)
    origins = at["origin"].nunique()
    return {
        "origins": origins,
        "cells": len(at),
        "mae": absolute.mean(),
        "mase": (absolute / scale[at["series"].astype(int)]).mean(),
        "log_mae": at["error"].abs().mean(),
        "coverage_80": covered["inside"].mean() if len(covered) else np.nan,
        "coverage_origins": covered["origin"].nunique(),
        "note": "" if origins >= minimum_origins else f"not backtested: {origins} origins",
    }


def coverage(errors: pd.DataFrame, horizon: int, size_classes: Sequence[float]) -> pd.DataFrame:
    """Return whether each outcome of one method fell inside the interval made at its origin.

    The interval is the method's own where it made one (``low`` and ``high``, from
    `forecasting.series.predictive.with_own_intervals`). Otherwise it is made of past errors: only of those
    whose outcome was known by then.

    Returns
    -------
    DataFrame
        ``origin, series, inside``; origins without any past error are left out.
    """
    frames = []
    for origin, at in errors[errors["horizon"] == horizon].groupby("origin"):
        known = errors[errors["origin"] + errors["horizon"] <= origin]
        if "low" in at and at["low"].notna().all():
            frames.append(at[["origin", "series"]].assign(inside=at["actual"].between(at["low"], at["high"])))
        elif len(known):
            spread, size = fit_spread(known, size_classes), at["size"].to_numpy(dtype=float)
            off = np.abs(at["error"] - spread.centre(size, horizon))
            frames.append(
                at[["origin", "series"]].assign(inside=off <= spread.half_width(size, horizon, NOMINAL))
            )
    return pd.concat(frames) if frames else _NOT_COVERED


def select_method(table: pd.DataFrame, baseline: str, minimum_origins: int) -> str:
    """Return the method to ship: the baseline, unless another beats it at every backtested horizon.

    One lucky horizon is not enough, and a tie goes to the baseline.

    Examples
    --------
    >>> scores = pd.DataFrame({"method": ["naive", "naive", "x", "x"], "horizon": [1, 5, 1, 5],
    ...                        "origins": [7, 3, 7, 3], "log_mae": [0.08, 0.14, 0.07, 0.15]})
    >>> select_method(scores, "naive", 3)
    'naive'
    """
    tested = table[(table["origins"] >= minimum_origins) & table["log_mae"].notna()]
    scores = tested.pivot_table(index="method", columns="horizon", values="log_mae")
    if baseline not in scores.index:
        return baseline
    better = scores[(scores < scores.loc[baseline]).all(axis=1)]
    return str(better.mean(axis=1).idxmin()) if len(better) else baseline
