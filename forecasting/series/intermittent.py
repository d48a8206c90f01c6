"""Methods for series that are mostly zero: Croston, SBA and TSB, all rows at once.

They forecast a mean demand per period. On job ads the zeros come from small expected counts rather than
from ordering in lots, so they are baselines here, not part of the frozen default.
"""

from dataclasses import dataclass

import numpy as np

from forecasting.series.panel import Array, Panel


@dataclass(frozen=True)
class Croston:
    """Smoothed size of the non-zero values over the smoothed interval between them (Croston 1972).

    Parameters
    ----------
    alpha : float
        Weight of the newest size and interval.
    debias : bool
        Times 1 − α/2: the Syntetos–Boylan approximation (2005, doi 10.1016/j.ijforecast.2004.10.001).
    """

    alpha: float = 0.1
    debias: bool = False
    name: str = "croston"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat the mean demand per period for every horizon."""
        size, interval = _sizes_and_intervals(history.values, self.alpha)
        rate = size / interval * (1 - self.alpha / 2 if self.debias else 1)
        return np.repeat(_zero_where_empty(rate, history.values)[:, None], len(horizons), axis=1)


@dataclass(frozen=True)
class TSB:
    """Smoothed size times smoothed probability of a non-zero period: falls when a series dies out.

    Teunter, Syntetos & Babai 2011 (doi 10.1016/j.ejor.2011.05.018).
    """

    alpha_size: float = 0.1
    alpha_probability: float = 0.1
    name: str = "TSB"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Repeat size times probability for every horizon."""
        size, probability = np.full((2, len(history.values)), np.nan)
        for column in history.values.T:
            known, demand = np.isfinite(column), np.nan_to_num(column) > 0
            size = _smooth(size, column, demand, self.alpha_size)
            probability = _smooth(probability, demand.astype(float), known, self.alpha_probability)
        rate = _zero_where_empty(size * probability, history.values)
        return np.repeat(rate[:, None], len(horizons), axis=1)


def SBA(alpha: float = 0.1) -> Croston:  # noqa: N802 (reads as the method it is, beside Croston and TSB)
    """Return Croston's method without its bias."""
    return Croston(alpha, debias=True, name="SBA")


def _sizes_and_intervals(values: Array, alpha: float) -> tuple[Array, Array]:
    size, interval = np.full((2, len(values)), np.nan)
    waited = np.zeros(len(values))
    for column in values.T:
        demand = np.nan_to_num(column) > 0
        waited += np.isfinite(column)
        size = _smooth(size, column, demand, alpha)
        interval = _smooth(interval, waited, demand, alpha)
        waited[demand] = 0
    return size, interval


def _smooth(state: Array, value: Array, where: np.ndarray, alpha: float) -> Array:
    fresh = where & ~np.isfinite(state)
    updated = np.where(where & ~fresh, state + alpha * (value - state), state)
    return np.where(fresh, value, updated)


def _zero_where_empty(rate: Array, values: Array) -> Array:
    """Return the rate, 0 for rows known to be all zero, NaN for rows of which nothing is known."""
    return np.where(np.isfinite(rate), rate, np.where(np.isfinite(values).any(axis=1), 0.0, np.nan))
