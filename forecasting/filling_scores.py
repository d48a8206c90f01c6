"""How good the forecasts of hard-to-fill vacancies were, and which of them ships."""

from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.filling_indicators import Filling
from forecasting.filling_methods import COMBINED, LAST_LIST, LIGHTGBM, MEAN, NAIVE, auc
from forecasting.series.panel import Array

COMPONENT: Final = "hard_to_fill"

SHARE_METHODS: Final = (NAIVE, MEAN, LIGHTGBM)
STATUS_METHODS: Final = (LAST_LIST, COMBINED, LIGHTGBM)
"""From the simplest on: each must beat those before it on every measure."""

SCORE_COLUMNS: Final = ["method", "origins", "cells", "brier", "log_loss", "auc", "selected", "note"]
RELIABILITY_COLUMNS: Final = ["method", "low", "high", "cells", "forecast", "listed"]

_BINS: Final = np.linspace(0, 1, 6)


def fair(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the origins from which every method forecasts."""
    methods = errors.groupby("origin")["method"].transform("nunique")
    return errors[methods.astype(int) == errors["method"].nunique()]


BACKTEST_COLUMNS: Final = [
    *("origins", "cells", "mae", "mase", "log_mae", "coverage_80", "coverage_origins"),
    *("method", "horizon", "note", "component", "selected"),
]


def share_scores(past: Filling, errors: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return the rows of the published table ``backtest``; a method is scored where all of them forecast."""
    change = np.abs(np.diff(past.share, axis=1))
    known = np.isfinite(change)
    scale = np.where(known, change, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    scale = np.where(scale > 0, scale, np.nan)
    scored = fair(errors)
    rows = [_measures(scored[scored["method"] == name], scale, minimum, name) for name in SHARE_METHODS]
    table = pd.DataFrame(rows).assign(component=COMPONENT, horizon=1)
    chosen = next(
        (name for name in (LIGHTGBM, MEAN) if _beats(table, name, ("mae", "mase", "log_mae"))), NAIVE
    )
    return table.assign(selected=table["method"] == chosen)[BACKTEST_COLUMNS]


def _measures(errors: pd.DataFrame, scale: Array, minimum: int, method: str) -> dict[str, Any]:
    absolute = (errors["actual"] - errors["forecast"]).abs()
    half = 0.5 / errors["next_handled"]  # half a vacancy: a year with none unfilled has a logarithm too
    odds = (errors["actual"] + half) / (errors["forecast"] + half)
    tested = errors[errors["low"].notna()]
    origins = int(errors["origin"].nunique())
    return {
        "method": method,
        "origins": origins,
        "cells": len(errors),
        "mae": absolute.mean(),
        "mase": (absolute / scale[errors["occupation"].astype(int)]).mean(),
        "log_mae": np.abs(np.log(odds.to_numpy(dtype=float))).mean() if len(errors) else np.nan,
        "coverage_80": tested["actual"].between(tested["low"], tested["high"]).mean(),
        "coverage_origins": int(tested["origin"].nunique()),
        "note": "" if origins >= minimum else f"not backtested: {origins} origins",
    }


def _beats(table: pd.DataFrame, method: str, measures: tuple[str, ...]) -> bool:
    """Return whether a method has enough origins and beats every simpler one on every measure."""
    order = table["method"].tolist()
    mine = table.iloc[order.index(method)]
    others = table[list(measures)].iloc[: order.index(method)].to_numpy(dtype=float)
    return not mine["note"] and bool((mine[list(measures)].to_numpy(dtype=float) < others).all())


def status_scores(chances: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return Brier score, log loss and AUC of every method that forecasts a listing."""
    rows = []
    for method in STATUS_METHODS:
        at = chances[chances["method"] == method]
        chance, listed = at["forecast"].to_numpy(dtype=float), at["listed"].to_numpy(dtype=bool)
        right = np.clip(np.where(listed, chance, 1 - chance), 1e-12, 1)
        origins = int(at["origin"].nunique())
        rows.append(
            {
                "method": method,
                "origins": origins,
                "cells": len(at),
                "brier": ((1 - right) ** 2).mean() if len(at) else np.nan,
                "log_loss": -np.log(right).mean() if len(at) else np.nan,
                "auc": auc(chance, listed),
                "note": "" if origins >= minimum else f"not backtested: {origins} origins",
            }
        )
    table = pd.DataFrame(rows)
    negative = table.assign(auc=-table["auc"])  # of the others less is better
    better = (name for name in STATUS_METHODS[:0:-1] if _beats(negative, name, ("brier", "log_loss", "auc")))
    return table.assign(selected=table["method"] == next(better, LAST_LIST))[SCORE_COLUMNS]


def reliability(chances: pd.DataFrame) -> pd.DataFrame:
    """Return by method and fifth of the probability what was forecast and how many were listed."""
    if chances.empty:
        return pd.DataFrame(columns=RELIABILITY_COLUMNS)
    fifth = np.clip(np.digitize(chances["forecast"].to_numpy(dtype=float), _BINS) - 1, 0, len(_BINS) - 2)
    rows = [
        (method, _BINS[at], _BINS[at + 1], len(each), each["forecast"].mean(), each["listed"].mean())
        for at in range(len(_BINS) - 1)
        for method, each in chances[fifth == at].groupby("method")
    ]
    return pd.DataFrame(rows, columns=RELIABILITY_COLUMNS)
