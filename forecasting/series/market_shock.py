"""The shock all series of a market share: how large the error of a panel's total is, by horizon.

A period's volume shock moves every series at once, so it neither averages out over series nor shows in a
single series' residuals. It is estimated from the total alone, where there is one error per origin.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from forecasting.series.panel import Array

_PRIOR_ERRORS: Final = 4.0
"""The prior counts as many errors: with two or three origins it decides, with twenty it hardly matters."""

_PRIOR_CORRELATION: Final = 0.5
"""Of the total's errors at two horizons of one origin, until origins tell: part level shift, part noise."""

_LEAST_SCALE: Final = 0.02
"""Log points: no market is known better than that, however quiet its past."""

_UNKNOWN_SCALE: Final = 0.25
"""Log points, for a history too short for a single change; the largest scale seen in vacancy totals."""

_MOST_FREEDOM: Final = 30.0

_MEDIAN_TO_SCALE: Final = 1.4826
"""Standard deviation over median absolute value of a normal variable: 1 / norm.ppf(0.75)."""


@dataclass(frozen=True)
class MarketShock:
    """Log of actual over forecast total: multivariate Student-t over the horizons, median zero.

    Parameters
    ----------
    scale : ndarray of shape (horizons,)
        Log points.
    freedom : float
        Degrees of freedom: few where few errors are known, so that the tails admit it.
    correlation : float
        Between any two horizons of one path, 0 to 1.
    """

    scale: Array
    freedom: float
    correlation: float

    def quantiles(self, probabilities: Array) -> Array:
        """Return the quantiles of each horizon, log points, shape (horizons, probabilities)."""
        return np.outer(self.scale, student.ppf(probabilities, self.freedom))

    def draws(self, count: int, generator: np.random.Generator) -> Array:
        """Return paths of the shock, log points, shape (count, horizons)."""
        normal = shared_normals(generator, (count, len(self.scale)), self.correlation)
        mixing = np.sqrt(self.freedom / generator.chisquare(self.freedom, size=(count, 1)))
        return normal * mixing * self.scale


def shared_normals(
    generator: np.random.Generator, shape: tuple[int, ...], correlation: float
) -> NDArray[np.float32]:
    """Return standard normals whose last axis is correlated, any two of it by `correlation`."""
    common = generator.standard_normal((*shape[:-1], 1), dtype=np.float32)
    normals = generator.standard_normal(shape, dtype=np.float32)
    normals *= np.float32(np.sqrt(1 - correlation))
    normals += np.float32(np.sqrt(correlation)) * common
    return normals


def total_errors(actual: Array, forecast: Array, offset: float) -> float:
    """Return log(total actual / total forecast) over the series where both are known; NaN if none are.

    Parameters
    ----------
    actual, forecast : ndarray of shape (series,)
    offset : float
        Added to both totals, so that a market without a single vacancy has a finite error.

    Examples
    --------
    >>> round(total_errors(np.array([8.0, 12.0, np.nan]), np.array([10.0, 10.0, 5.0]), 0.5), 3)
    0.0
    """
    known = np.isfinite(actual) & np.isfinite(forecast)
    if not known.any():
        return np.nan
    return float(np.log((actual[known].sum() + offset) / (forecast[known].sum() + offset)))


def change_scale(values: Array, horizons: tuple[int, ...], offset: float) -> Array:
    """Return the robust spread of the total's changes from period to period, grown to each horizon.

    The prior of `fit_shock`: known from every pair of periods and not only from the origins a method was run
    at. From the median absolute change, so that a source still being filled up in its first months does not
    set it. Changes over several periods are too few in a short history to say how it grows; the fourth root
    of the horizon lies midway between noise about a level, which does not grow, and a random walk.

    Parameters
    ----------
    values : ndarray of shape (series, periods)

    Returns
    -------
    ndarray of shape (horizons,)
        Log points.
    """
    pairs = zip(values.T[:-1], values.T[1:], strict=True)
    changes = np.abs([total_errors(after, before, offset) for before, after in pairs])
    known = changes[np.isfinite(changes)]
    one = _MEDIAN_TO_SCALE * float(np.median(known)) if len(known) > 1 else _UNKNOWN_SCALE
    return max(one, _LEAST_SCALE) * np.asarray(horizons, dtype=float) ** 0.25


def fit_shock(errors: Array, prior: Array) -> MarketShock:
    """Fit the shock to past errors of the total, pulled to a prior scale while they are few.

    The second moment about zero, not about the mean: a method that was off in one direction in the past has
    not shown that it will be off by the same again, and the interval has to hold the error either way.

    Parameters
    ----------
    errors : ndarray of shape (origins, horizons)
        Log points; NaN where the outcome is not known yet.
    prior : ndarray of shape (horizons,)
        From `change_scale`, log points.
    """
    known = np.isfinite(errors)
    squares = np.where(known, errors, 0) ** 2
    count = known.sum(axis=0)
    scale = np.sqrt((_PRIOR_ERRORS * prior**2 + squares.sum(axis=0)) / (_PRIOR_ERRORS + count))
    freedom = min(_PRIOR_ERRORS + len(errors), _MOST_FREEDOM)
    return MarketShock(scale, freedom, _path_correlation(np.where(known, errors / scale, np.nan)))


def _path_correlation(standardised: Array) -> float:
    """Return the mean correlation between horizons of one origin, shrunk to the prior, 0 to 0.95."""
    known = np.isfinite(standardised)
    filled = np.where(known, standardised, 0)
    pairs = (known.sum(axis=1) * (known.sum(axis=1) - 1)).sum() / max(known.shape[1] - 1, 1)
    products = (filled.sum(axis=1) ** 2 - (filled**2).sum(axis=1)).sum() / max(known.shape[1] - 1, 1)
    shrunk = (products + _PRIOR_CORRELATION * _PRIOR_ERRORS) / (pairs + _PRIOR_ERRORS)
    return float(np.clip(shrunk, 0, 0.95))
