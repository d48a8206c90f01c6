"""The frozen default of the series engine, and combinations of named forecasters."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecasting.series.baselines import Forecaster
from forecasting.series.panel import Array, Panel
from forecasting.series.seasonality import adjusted, restored, shrunk_indices
from forecasting.series.shares import cells_of, market_shares
from forecasting.series.volume import forecast_volume


@dataclass(frozen=True)
class Decomposition:
    """Market volume times share of the market times season, each on its own clock.

    Every constant is frozen in the modules it uses (`seasonality`, `volume`, `shares`). They were chosen on
    Job-SDF's months 2021-01…2022-12 (first target month from 2021-07 on; no later month was opened, but
    what earlier prototypes said of 2023H1 was known: MODEL_CARD.md) and
    on CBS quarterly vacancies with targets before 2018 (later ones were printed beside, not chosen on).
    Nothing is tuned per data set: what adapts to a table is computed from its history alone, namely the
    weights of the volume's clocks and how much of each series' own season is kept.

    Unknown periods take the value before them, or the first known one: a series that is first counted in
    2015 must not read as growth of the market. A series of which nothing is known stays NaN.
    """

    name: str = "default"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Forecast volume and shares apart and multiply them."""
        known = np.isfinite(history.values).any(axis=1, keepdims=True)
        values = np.where(known, fill_unknown(history.values), 0)
        indices = shrunk_indices(values, history.season)
        plain = adjusted(values, indices)
        shares = market_shares(plain, cells_of(history.index))
        volume = forecast_volume(plain.sum(axis=0), history.season, horizons)
        forecast = restored(shares[:, None] * volume, indices, values.shape[1], horizons)
        return np.where(known, forecast, np.nan)


@dataclass(frozen=True)
class Combination:
    """The mean or the median of several forecasters, cell by cell; members that know nothing are left out."""

    members: tuple[Forecaster, ...]
    how: Literal["mean", "median"] = "median"
    name: str = "combination"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Combine the members' forecasts."""
        found = np.stack([member.forecast(history, horizons) for member in self.members])
        average = np.nanmean if self.how == "mean" else np.nanmedian
        known = np.isfinite(found).any(axis=0)
        return np.where(known, average(np.where(known, found, 0), axis=0), np.nan)


def default_forecaster(seed: int = 1) -> Forecaster:
    """Return the frozen default configuration.

    Parameters
    ----------
    seed : int
        For members that sample. The frozen recipe has none: the boosting did not beat the plain shares in
        every half-year (see `forecasting.series.counts`), so any seed gives the same forecast.
    """
    del seed
    return Decomposition()


def volume_and_shares(history: Panel, horizons: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the default's market volume (horizons,) and its shares of it (series, horizons).

    For scoring the two apart: shares times the true volume is the known-volume bound.
    """
    forecast = Decomposition().forecast(history, horizons)
    volume = np.nansum(forecast, axis=0)
    return volume, forecast / np.where(volume > 0, volume, 1)


def fill_unknown(values: Array) -> Array:
    """Return values with unknown periods set to the last known value before, else to the first known after.

    Examples
    --------
    >>> fill_unknown(np.array([[np.nan, 2.0, np.nan, 4.0]]))
    array([[2., 2., 2., 4.]])
    """
    if np.isfinite(values).all():
        return values
    return pd.DataFrame(values).ffill(axis=1).bfill(axis=1).to_numpy(dtype=float)
