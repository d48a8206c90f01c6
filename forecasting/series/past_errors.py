"""Forecasts made inside a history beside what came: all a calibration may learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.series.baselines import Forecaster
from forecasting.series.count_scale import Scale
from forecasting.series.market_shock import total_errors
from forecasting.series.panel import Array, Panel

Labels = NDArray[np.object_]

_SHORTEST: Final = 3
"""Periods of history before the first forecast that is used."""

_LEAST_PART: Final = 3
"""A forecast from less than one part in three of today's history is no example of one made today."""

_MOST_ORIGINS: Final = 24
_FEWEST_DETAILED: Final = 6
_MOST_CELLS: Final = 800_000
"""Series × origins kept cell by cell. A larger panel needs fewer origins there, since its errors are pooled;
its total has one error per origin however large it is, and uses them all."""

_MEMORY: Final = 12
"""Periods that say how unsteady a series is."""


@dataclass(frozen=True)
class PastErrors:
    """Cells (origin, series, horizon) whose outcome is known, as flat columns of equal length.

    All of them in small panels; those of the latest origins, six at least, in large ones.

    Parameters
    ----------
    labels : ndarray
        Hierarchy level.
    unsteady : ndarray
        From `unsteadiness`, as it was at the origin.
    series, origin, column : ndarray of int
        Number of the series, the origin and the horizon.
    forecast, actual : ndarray
    totals : ndarray of shape (origins, horizons)
        Log of actual over forecast total; NaN where no outcome is known.
    """

    labels: Labels
    unsteady: Array
    series: NDArray[np.int64]
    origin: NDArray[np.int64]
    column: NDArray[np.int64]
    forecast: Array
    actual: Array
    totals: Array


def past_errors(
    history: Panel,
    forecaster: Forecaster,
    horizons: tuple[int, ...],
    origins: Sequence[int],
    scale: Scale,
    label: str | None,
) -> PastErrors:
    """Forecast from each origin with what was known then and hold it to the rest of the history.

    Parameters
    ----------
    history : Panel
        Values are zero or more.
    origins : sequence of int
        From `choose_origins`.
    """
    totals = np.full((len(origins), len(horizons)), np.nan)
    parts = [_nothing(totals)]
    detailed = max(_MOST_CELLS // max(len(history.values), 1), _FEWEST_DETAILED)
    labels = hierarchy_labels(history, label)
    for number, origin in enumerate(origins):
        known = history.until(origin)
        reached = [at for at, horizon in enumerate(horizons) if origin + horizon <= history.periods[-1]]
        if not reached:
            continue
        forecast = forecaster.forecast(known, tuple(horizons[at] for at in reached))
        for at, predicted in zip(reached, forecast.T, strict=True):
            totals[number, at] = total_errors(history.at(origin + horizons[at]), predicted, scale.bend / 2)
        if number >= len(origins) - detailed:
            unsteady = unsteadiness(known, forecast, scale)
            for at, predicted in zip(reached, forecast.T, strict=True):
                row = np.flatnonzero(np.isfinite(predicted) & np.isfinite(history.at(origin + horizons[at])))
                here, column = np.full(len(row), number), np.full(len(row), at)
                actual = history.at(origin + horizons[at])[row]
                cells = labels[row], unsteady[row], row, here, column, predicted[row], actual
                parts.append(PastErrors(*cells, totals=totals))
    return _join(parts, totals)


def _nothing(totals: Array) -> PastErrors:
    empty, none = np.empty(0), np.empty(0, dtype=np.int64)
    return PastErrors(np.empty(0, dtype=object), empty, none, none, none, empty, empty, totals)


def _join(parts: list[PastErrors], totals: Array) -> PastErrors:
    return PastErrors(
        labels=np.concatenate([part.labels for part in parts]),
        unsteady=np.concatenate([part.unsteady for part in parts]),
        series=np.concatenate([part.series for part in parts]),
        origin=np.concatenate([part.origin for part in parts]),
        column=np.concatenate([part.column for part in parts]),
        forecast=np.concatenate([part.forecast for part in parts]),
        actual=np.concatenate([part.actual for part in parts]),
        totals=totals,
    )


def choose_origins(history: Panel, origins: Sequence[int] | None) -> list[int]:
    """Return the periods to forecast from, ascending: those asked for, or the latest 24 at most.

    Raises
    ------
    ValueError
        If an origin asked for has nothing after it.
    """
    if origins is None:
        first = max(_SHORTEST, len(history.periods) // _LEAST_PART)
        return list(history.periods[first - 1 : -1])[-_MOST_ORIGINS:]
    wrong = [origin for origin in origins if origin not in history.periods[:-1]]
    if wrong:
        last = history.periods[-1]
        raise ValueError(f"origins must lie in the history before its last period {last}; got {wrong}")
    return sorted(origins)


def hierarchy_labels(history: Panel, label: str | None) -> Labels:
    """Return the hierarchy level of each series; one and the same without a column of them."""
    if label is None:
        return np.full(len(history.values), "", dtype=object)
    return history.index[label].to_numpy(dtype=object)


def unsteadiness(history: Panel, forecast: Array, scale: Scale) -> Array:
    """Return the mean distance of each series' last 12 values from its first forecast, stretched scale.

    It tells a steady series from one that is empty in most periods and full in one, at the same forecast;
    and among series forecast at zero, those that ever had anything from those that never had.
    """
    recent = scale.forecasts(history.values[:, -_MEMORY:])
    distance = np.abs(recent - scale.forecasts(np.nan_to_num(forecast[:, :1])))
    known = np.isfinite(distance)
    return np.where(known, distance, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
