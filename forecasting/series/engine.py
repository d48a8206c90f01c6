"""The series engine: point forecasts, intervals and draws for many series, coherent over a hierarchy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.series.baselines import Forecaster
from forecasting.series.combination import default_forecaster, fill_unknown
from forecasting.series.conformal import HIGHEST_LEVEL, Calibration, calibrate
from forecasting.series.draws import draw
from forecasting.series.hierarchy import LEVEL, TOTAL, Hierarchy, aggregate
from forecasting.series.panel import Array, Panel
from forecasting.series.reconciliation import Reconciled, reconcile

LONGEST: Final = 5
"""Years ahead beyond which no past of these tables says how wide an interval must be."""


@dataclass(frozen=True)
class Gapless:
    """A forecaster that knows every series of which anything is known, and is never negative.

    Where `base` gives nothing, since the last value is unknown for instance, it is asked again with unknown
    periods filled in as the frozen default does: the value before, else the first known one.
    """

    base: Forecaster

    @property
    def name(self) -> str:
        """Return the name of the forecaster inside."""
        return self.base.name

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return forecasts, NaN only where a series has no known value."""
        found = self.base.forecast(history, horizons)
        unknown = ~np.isfinite(found)
        if unknown.any() and not np.isfinite(history.values).all():
            again = self.base.forecast(replace(history, values=fill_unknown(history.values)), horizons)
            found = np.where(unknown, again, found)
        return np.maximum(found, 0.0)


@dataclass(frozen=True)
class Coherent:
    """A forecaster of every node of a hierarchy: each level by itself, then made to add up.

    Parameters
    ----------
    hierarchy : Hierarchy
    base : Forecaster
        Forecasts one level at a time.
    begins : ndarray of shape (nodes,)
        First period each node is known; before it, `forecast` gives NaN and no error is counted.

    Notes
    -----
    Weights are the mean squares of each node's changes over the last year, a stand-in for the variance of
    its error that needs no further origins (minimum trace with diagonal weights, METHOD.md section 9.1).
    """

    hierarchy: Hierarchy
    base: Forecaster
    begins: Array
    name: str = "coherent"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return coherent forecasts of the nodes that have begun, shape (nodes, horizons)."""
        begun = self.begins <= history.periods[-1]
        return np.where(begun[:, None], self.reconciled(history, horizons).values, np.nan)

    def reconciled(self, history: Panel, horizons: tuple[int, ...]) -> Reconciled:
        """Return those of all nodes with what the reconciliation changed."""
        base = np.empty((len(history.values), len(horizons)))
        for rows, index in self._parts:
            part = Panel(index, history.periods, history.values[rows], history.season)
            base[rows] = self.base.forecast(part, horizons)
        squares = _usual_squares(history)
        found = reconcile(self.hierarchy, base, squares)
        series = found.values[self.hierarchy.aggregates :]
        series[((base == 0).all(axis=1) & (squares == 0))[-len(series) :]] = 0.0  # not 1e-12: it is idle
        return replace(found, values=self.hierarchy.total_up(series))

    @cached_property
    def _parts(self) -> list[tuple[NDArray[np.intp], pd.DataFrame]]:
        """Return the rows of each level, and their keys without those that are summed over."""
        parts = []
        for rows in self.hierarchy.labels.groupby(LEVEL, sort=False).indices.values():
            labels = self.hierarchy.labels.iloc[rows].drop(columns=LEVEL).reset_index(drop=True)
            keys = [key for key in labels if (labels[key] != TOTAL).any()] or list(labels)
            parts.append((np.asarray(rows, dtype=np.intp), labels[keys]))
        return parts


def _usual_squares(history: Panel) -> Array:
    """Return each node's mean squared change over the last year, NaN where none is known."""
    change = np.diff(history.values[:, -(max(history.season, 4) + 1) :], axis=1)
    known = np.isfinite(change)
    squares = np.where(known, change, 0.0) ** 2
    return np.divide(
        squares.sum(axis=1), known.sum(axis=1), out=np.full(len(change), np.nan), where=known.any(axis=1)
    )


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of a table of series, or of every node of its hierarchy.

    Parameters
    ----------
    history : Panel
        What was forecast from, with the keys of the rows.
    horizons : tuple of int
        Periods after the last of the history.
    point : ndarray of shape (rows, horizons)
        Unit of the table; NaN where a series has no known value.
    intervals : dict of float to (low, high)
        By level in percent, arrays of the same shape; they hold the forecast, and are whole for counts.
    calibration : Calibration
        What the intervals come from.
    coherence : Reconciled or None
        What the reconciliation changed, where a hierarchy was given.
    """

    history: Panel
    horizons: tuple[int, ...]
    point: Array
    intervals: dict[float, tuple[Array, Array]]
    calibration: Calibration
    coherence: Reconciled | None = None
    hierarchy: Hierarchy | None = None

    def draws(self, count: int, seed: int = 1) -> Array:
        """Return joint draws that keep the market's shock, shape (count, rows, horizons).

        Of a hierarchy the series are drawn and summed, so that every draw adds up. Its quantiles then differ
        a little from `intervals`, which are learnt from each level's own errors.
        """
        if self.hierarchy is None:
            return draw(self.calibration, self.point, self.history, count, seed).astype(float)
        first = self.hierarchy.aggregates
        index = self.history.index.iloc[first:].reset_index(drop=True)
        series = replace(self.history, index=index, values=self.history.values[first:], as_published={})
        drawn = draw(self.calibration, self.point[first:], series, count, seed)
        return np.stack([self.hierarchy.total_up(one.astype(float)) for one in drawn])


def forecast(
    panel: Panel,
    horizon: int,
    levels: Sequence[float] = (80.0, 95.0),
    *,
    hierarchy: Hierarchy | None = None,
    forecaster: Forecaster | None = None,
    seed: int = 1,
) -> Forecasts:
    """Forecast every series of a panel with one frozen configuration.

    Parameters
    ----------
    panel : Panel
        Counts or levels, 0 or more; NaN unknown.
    horizon : int
        Periods ahead, up to `LONGEST` years.
    levels : sequence of float
        Of the central intervals, percent.
    hierarchy : Hierarchy, optional
        Of the panel's index: every node is forecast, and sums hold.
    forecaster : Forecaster, optional
        Another than the frozen default, a named baseline for instance.

    Raises
    ------
    ForecastingError
        For a horizon or a level out of range.

    Examples
    --------
    >>> index = pd.DataFrame({"job": ["cook", "welder"]})
    >>> months = Panel(index, tuple(range(24)), np.tile([[4.0], [8.0]], 24), season=12)
    >>> found = forecast(months, 2, [80])
    >>> found.point.round(1).tolist()
    [[4.0, 4.0], [8.0, 8.0]]
    """
    _refuse(panel, horizon, levels)
    horizons = tuple(range(1, horizon + 1))
    method: Forecaster = Gapless(forecaster if forecaster is not None else default_forecaster(seed))
    if hierarchy is None:
        history, outcomes, coherence, label = panel, panel, None, None
        point = method.forecast(history, horizons)
    else:
        history, outcomes = _summed(panel, hierarchy)
        method = Coherent(hierarchy, method, _begins(outcomes))
        coherence, label = method.reconciled(history, horizons), LEVEL
        point = coherence.values
    _refuse_unknown(point, history, method.name)
    calibration = calibrate(outcomes, method, horizons, label=label, seed=seed)
    wanted = rounded_levels(levels)
    found = calibration.intervals(point, history, [level / 100 for level in wanted])
    intervals = {level: _holding(point, *found[level / 100], calibration.scale.whole) for level in wanted}
    return Forecasts(history, horizons, point, intervals, calibration, coherence, hierarchy)


def _holding(point: Array, low: Array, high: Array, whole: bool) -> tuple[Array, Array]:
    """Return an interval widened to its forecast: that is a mean, and may lie outside quantiles of counts."""
    floor, ceiling = (np.floor(point), np.ceil(point)) if whole else (point, point)
    return np.minimum(low, floor), np.maximum(high, ceiling)


def _summed(panel: Panel, hierarchy: Hierarchy) -> tuple[Panel, Panel]:
    """Return all nodes twice: known throughout, to forecast from, and with what is truly known, to judge by.

    Errors are counted on known values only, and on those of an aggregate if at least half of it is known.
    """
    vintages = {origin: with_market(seen) for origin, seen in panel.as_published.items()}
    filled = with_market(panel.values)
    history = aggregate(replace(panel, values=filled, as_published=vintages), hierarchy)
    known = np.isfinite(panel.values)
    part = hierarchy.total_up(np.where(known, filled, 0.0))
    judged = (hierarchy.total_up(known.astype(float)) > 0) & (2 * part >= history.values)
    whole = bool((panel.values[known] == np.round(panel.values[known])).all())
    outcomes = np.where(judged, np.round(history.values) if whole else history.values, np.nan)
    seen = {period: history.until(period).values for period in history.periods}
    return history, replace(history, values=outcomes, as_published=seen)


def with_market(values: Array) -> Array:
    """Return values with unknown periods filled so that sums neither jump nor lose the market's moves.

    In a gap, and after its last known value, a series keeps the value before. Before its first known value it
    moves as the sum of those already counted did, so that the total of few series does not grow because
    another is counted from now on. (Zero instead made such totals jump; the first known value alone made
    their past calmer than it was, and intervals too narrow: DECISIONS.md.)

    Examples
    --------
    >>> with_market(np.array([[4.0, 8.0, 6.0], [np.nan, 2.0, np.nan]]))
    array([[4., 8., 6.],
           [1., 2., 2.]])
    """
    if np.isfinite(values).all():
        return values
    filled = pd.DataFrame(values).ffill(axis=1).to_numpy(dtype=float, copy=True)
    begun = np.isfinite(filled)
    for at in range(filled.shape[1] - 2, -1, -1):
        now, later = (float(filled[begun[:, at], column].sum()) for column in (at, at + 1))
        move = now / later if now > 0 and later > 0 else 1.0
        filled[~begun[:, at], at] = filled[~begun[:, at], at + 1] * move
    return np.nan_to_num(filled)


def _begins(outcomes: Panel) -> Array:
    """Return the first known period of each node; of one that is never known, a period after all."""
    known = np.isfinite(outcomes.values)
    first = np.where(known.any(axis=1), known.argmax(axis=1), known.shape[1])
    return first + float(outcomes.periods[0])


def rounded_levels(levels: Sequence[float]) -> list[float]:
    """Return the levels as the columns of a result name them, each once, rising.

    Raises
    ------
    ForecastingError
        For none, or one that is no percentage from 1 to 99.

    Examples
    --------
    >>> rounded_levels([95, 80, 80.0])
    [80.0, 95.0]
    """
    wrong = [f"{level:g}" for level in levels if not 1 <= level <= 100 * HIGHEST_LEVEL]
    if wrong or not len(levels):
        raise ForecastingError(
            f"levels: found {', '.join(wrong) or 'none'}; expected percentages from 1 to "
            f"{100 * HIGHEST_LEVEL:.0f}. Do: correct --levels, as 80,95."
        )
    return sorted({float(f"{level:g}") for level in levels})


def _refuse(panel: Panel, horizon: int, levels: Sequence[float]) -> None:
    rounded_levels(levels)
    if not 1 <= horizon <= LONGEST * panel.season:
        raise ForecastingError(
            f"horizon: found {horizon}; expected 1 to {LONGEST * panel.season} periods ({LONGEST} years). "
            "Do: correct --horizon."
        )
    if not np.isfinite(panel.values).any() or (panel.values < 0).any() or np.isinf(panel.values).any():
        raise ForecastingError(
            "the panel: found no known value, or negative or infinite ones; expected counts or levels, 0 or "
            "more, NaN where unknown. Do: read the table with read_series, which says which cells."
        )


def _refuse_unknown(point: Array, history: Panel, name: str) -> None:
    """Refuse forecasts that are unknown though the series is not: never a silent NaN."""
    wrong = np.isfinite(history.values).any(axis=1) & ~np.isfinite(point).all(axis=1)
    if wrong.any():
        first = ", ".join(map(str, history.index.iloc[int(np.argmax(wrong))]))
        raise ForecastingError(
            f"method {name}: found no forecast for {wrong.sum():,} series (the first: {first}); expected one "
            "for every series with a known value. Do: take another --method."
        )
