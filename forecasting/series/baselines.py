"""Named naive forecasts, with the interface of the models they are held beside."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecasting.series.panel import Array, Panel


class Forecaster(Protocol):
    """A method that turns the history of a panel into point forecasts."""

    @property
    def name(self) -> str:
        """Return the name it goes by in every table."""
        ...

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return persons, shape (series, horizons); NaN where the last value is unknown."""
        ...


@dataclass(frozen=True)
class Naive:
    """The last value stays (no change)."""

    name: str = "naive"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat the last value for every horizon."""
        return np.repeat(history.values[:, -1:], len(horizons), axis=1)


@dataclass(frozen=True)
class SeasonalNaive:
    """The value of the same quarter or month a year before stays; the last value where a year has one period.

    Where that value is unknown, or the history is shorter than a year, it is the naive forecast.
    """

    name: str = "seasonal naive"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat the last year for every horizon."""
        width, season = history.values.shape[1], history.season
        columns = [width - season + (horizon - 1) % season for horizon in horizons]
        last = history.values[:, -1:]
        if width < season:
            return np.repeat(last, len(horizons), axis=1)
        same_time = history.values[:, columns]
        return np.where(np.isfinite(same_time), same_time, last)


@dataclass(frozen=True)
class Mean:
    """The mean of the last `periods` values stays: averages survey noise away.

    With fewer values known it is the mean of those; with one, the naive forecast.
    """

    periods: int = 2
    name: str = "mean"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat the mean of the last values for every horizon."""
        recent = history.values[:, -self.periods :]
        known = np.isfinite(recent)
        mean = np.where(known, recent, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        last_known = np.where(np.isfinite(history.values[:, -1]), mean, np.nan)
        return np.repeat(last_known[:, None], len(horizons), axis=1)


@dataclass(frozen=True)
class Trend:
    """Least-squares trend of the logarithm over the last ten years, from the last value on.

    BLS holds its industry projections beside such a trend (METHOD.md section 6). With fewer than three
    values known it is the naive forecast: a line through two points is their noise.
    """

    periods: int = 10
    name: str = "trend"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Extrapolate each series' own slope."""
        recent = history.values[:, -self.periods :]
        slope = _log_slope(recent)
        return history.values[:, -1:] * np.exp(slope[:, None] * np.asarray(horizons, dtype=float))


def _log_slope(values: Array) -> Array:
    """Return each row's least-squares slope of log value on time, over known positive values."""
    known = np.isfinite(values) & (values > 0)
    logs = np.log(np.where(known, values, 1.0))
    count = known.sum(axis=1)
    time = np.broadcast_to(np.arange(values.shape[1], dtype=float), values.shape)
    mean_time = np.where(known, time, 0).sum(axis=1) / np.maximum(count, 1)
    centred = np.where(known, time - mean_time[:, None], 0)
    spread = (centred**2).sum(axis=1)
    slope = (centred * logs).sum(axis=1) / np.where(spread > 0, spread, 1)
    return np.where(count >= 3, slope, 0.0)
