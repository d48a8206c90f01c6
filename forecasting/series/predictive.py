"""Intervals and draws of a method that knows how far outcomes lie from its forecasts, on square roots.

A survey's noise is as wide on the square root of a large figure as of a small one, and no lower end is
negative. In logarithms the small cells' spread exceeds one: their draws, scaled to keep their mean, then lie
far below the forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy.stats import norm

from forecasting.series.baselines import Forecaster
from forecasting.series.panel import Array, Panel


@dataclass(frozen=True)
class RootSpread:
    """How far the square roots of outcomes lie from those of the forecasts.

    Parameters
    ----------
    deviation : ndarray of shape (series, horizons)
        Standard deviation of the root; NaN where the history is too short to say.
    common : ndarray of shape (series, horizons)
        Share of the variance that all series have in common, 0 to 1.
    """

    deviation: Array
    common: Array


@runtime_checkable
class Predictive(Forecaster, Protocol):
    """A forecaster with a spread of its own: its intervals need no past errors."""

    def spread(self, history: Panel, horizons: tuple[int, ...]) -> RootSpread:
        """Return the spread of the outcomes."""
        ...


def root_interval(point: Array, deviation: Array, level: float) -> tuple[Array, Array]:
    """Return the central interval of outcomes whose mean is the forecast.

    Parameters
    ----------
    point, deviation : ndarray of the same shape
        Forecast in persons, and the standard deviation of its root.
    level : float
        0.8 for the interval from P10 to P90.

    Returns
    -------
    lower, upper : ndarray
        Persons.

    Examples
    --------
    >>> low, high = root_interval(np.array([101.0]), np.array([1.0]), 0.8)
    >>> low.round(1).tolist(), high.round(1).tolist()
    ([76.0], [127.3])
    """
    centre, deviation = _root(point, deviation)
    half = float(norm.ppf((1 + level) / 2)) * deviation
    return np.maximum(centre - half, 0) ** 2, (centre + half) ** 2


def root_draws(point: Array, spread: RootSpread, draws: int, seed: int) -> Array:
    """Return joint draws whose mean is the forecast: one shock common to all series, and one of each.

    Parameters
    ----------
    point : ndarray of shape (series, horizons)
    spread : RootSpread
        Of the same series.

    Returns
    -------
    ndarray of shape (series, horizons, draws)
        Persons, never negative. The same seed gives the same shocks, and a draw keeps them over horizons.
    """
    generator = np.random.default_rng(seed)
    shared = generator.standard_normal(draws)
    own = generator.standard_normal((len(point), draws))
    result = np.empty((*point.shape, draws))
    for column in range(point.shape[1]):  # horizon by horizon: the shocks are as large as the result
        weight = np.sqrt(spread.common[:, column, None])
        shock = weight * shared + np.sqrt(1 - weight**2) * own
        centre, deviation = _root(point[:, column], spread.deviation[:, column])
        persons = (centre[:, None] + deviation[:, None] * shock) ** 2
        mean = persons.mean(axis=1, keepdims=True)
        scale = np.divide(point[:, column, None], mean, out=np.zeros_like(mean), where=mean > 0)
        result[:, column] = persons * scale
    return result


def with_own_intervals(
    panel: Panel, errors: pd.DataFrame, methods: Sequence[Forecaster], level: float
) -> pd.DataFrame:
    """Add ``low`` and ``high`` to past errors: the interval a method made at the origin, NaN where none.

    Parameters
    ----------
    errors : DataFrame
        Rows of `forecasting.series.rolling.rolling_errors` of all methods.

    Returns
    -------
    DataFrame
        As given where no method knows its spread.
    """
    knowing = [method for method in methods if isinstance(method, Predictive)]
    if not knowing:
        return errors
    ends = np.full((2, len(errors)), np.nan)
    for method in knowing:
        mine = errors["method"] == method.name
        for _, at in errors[mine].groupby(["origin", "horizon"]):
            origin, horizon = int(at["origin"].iloc[0]), int(at["horizon"].iloc[0])
            spread = method.spread(panel.until(origin), (horizon,))
            deviation = spread.deviation[at["series"].to_numpy(dtype=int), 0]
            ends[:, at.index] = root_interval(at["forecast"].to_numpy(dtype=float), deviation, level)
    return errors.assign(low=ends[0], high=ends[1])


def _root(point: Array, deviation: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of the root: together they make up the mean in persons.

    The deviation is at most the mean of the root. A wider one would have the same root twice, below and
    above zero; only cells of a few respondents come there.
    """
    within = np.minimum(deviation, np.sqrt(point / 2))
    return np.sqrt(point - within**2), within
