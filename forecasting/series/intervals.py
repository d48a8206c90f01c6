"""Intervals from past errors: how wide by cell size and horizon, and joint draws across sectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import nnls
from scipy.special import logsumexp
from scipy.stats import norm

from forecasting.series.panel import Array

NOMINAL: Final = 0.8
_NORMAL_HALF_WIDTH: Final = float(norm.ppf((1 + NOMINAL) / 2))
_FEWEST_ERRORS: Final = 30
"""Fewer errors in a size class than this and it borrows the spread of all sizes."""


@dataclass(frozen=True)
class Spread:
    """Size of log errors: variance a + b·horizon + c·horizon² per size class.

    The intercept is what never grows, above all sampling noise of the survey; the slope is the random walk
    of the market; the curve, where it is fitted, trends that a forecast missed. Few numbers carry a spread to
    horizons too long for any origin.

    Parameters
    ----------
    size_classes : tuple of float
        Persons between the classes.
    intercept, slope, curve : ndarray of shape (classes,)
        Of the variance, log points squared; a, b and c.
    standardised : ndarray
        Absolute past errors over their own fitted standard deviation.
    """

    size_classes: tuple[float, ...]
    intercept: Array
    slope: Array
    curve: Array
    standardised: Array

    def deviation(self, size: Array, horizon: int) -> Array:
        """Return the standard deviation of the log error, shape as `size` (persons at the origin)."""
        group = np.digitize(size, self.size_classes)
        return np.sqrt(self.intercept[group] + self.movement(size, horizon) ** 2)

    def movement(self, size: Array, horizon: int) -> Array:
        """Return the standard deviation of what grows with the horizon: the error less its constant noise."""
        group = np.digitize(size, self.size_classes)
        return np.asarray(np.sqrt(self.slope[group] * horizon + self.curve[group] * horizon**2))

    def half_width(self, size: Array, horizon: int, level: float) -> Array:
        """Return half the width of the central interval of `level`, log points."""
        return self.deviation(size, horizon) * float(np.quantile(self.standardised, level))

    def centre(self, size: Array, horizon: int) -> Array:
        """Return where the interval lies around the log forecast: a little below it.

        Draws are scaled so that their mean in persons is the forecast; with either sign as likely, that
        moves them down by the log of the mean of cosh(deviation × |standardised error|).
        """
        deviation, position = np.unique(self.deviation(size, horizon), return_inverse=True)
        count = len(self.standardised)
        lift = [logsumexp(_log_cosh(one * self.standardised), b=1 / count) for one in deviation]
        return -np.asarray(lift)[position]


def _log_cosh(values: Array) -> Array:
    """Return log cosh, which an error far outside its fitted spread does not overflow."""
    return np.asarray(np.logaddexp(values, -values) - np.log(2))


def fit_spread(errors: pd.DataFrame, size_classes: Sequence[float], *, curved: bool = False) -> Spread:
    """Fit the spread of one method's past errors.

    Parameters
    ----------
    errors : DataFrame
        Rows of `rolling_errors` of one method, at least one.
    size_classes : sequence of float
        Persons between the classes.
    curved : bool
        Whether the variance may grow faster than the horizon: for what is only used as movement, where a
        straight line through large noise takes some of that for movement of the first year.
    """
    group = np.digitize(errors["size"], size_classes)
    pooled = _variance_line(errors, curved=curved)
    lines = [
        _variance_line(errors[group == number], curved=curved)
        if (group == number).sum() >= _FEWEST_ERRORS
        else pooled
        for number in range(len(size_classes) + 1)
    ]
    intercept, slope, curve = np.array(lines).T
    years = errors["horizon"].to_numpy(dtype=float)
    deviation = np.sqrt(intercept[group] + slope[group] * years + curve[group] * years**2)
    absolute = errors["error"].abs().to_numpy()
    standardised = np.divide(absolute, deviation, out=np.zeros(len(errors)), where=deviation > 0)
    return Spread(tuple(size_classes), intercept, slope, curve, standardised)


def _variance_line(errors: pd.DataFrame, *, curved: bool) -> tuple[float, float, float]:
    """Return intercept, slope and curve of the variance over the horizon, all at least zero.

    The variance of a horizon is taken from the 80 % quantile of the absolute errors, so that a few breaks in
    the series do not set the width for all. With one horizon known, all of it is put on the slope: the
    interval then grows too fast rather than too slowly.
    """
    absolute, years = errors["error"].abs().to_numpy(dtype=float), errors["horizon"].to_numpy(dtype=float)
    horizon = np.unique(years)
    width = np.array([np.quantile(absolute[years == each], NOMINAL) for each in horizon])
    variance = (width / _NORMAL_HALF_WIDTH) ** 2
    if len(horizon) == 1:
        return 0.0, float(variance[0] / horizon[0]), 0.0
    powers = np.vander(horizon, 3 if curved else 2, increasing=True)
    intercept, slope, *curve = nnls(powers, variance)[0].tolist()
    return intercept, slope, curve[0] if curve else 0.0


def joint_shocks(
    errors: pd.DataFrame, spread: Spread, index: pd.DataFrame, sectors: Sequence[str], draws: int, seed: int
) -> Array:
    """Return standardised shocks that keep how sectors move together, shape (sectors, draws).

    A shock is the vector of standardised errors of one region, origin and horizon over all sectors, drawn
    with replacement; its sign is drawn too, so that the past's drift does not move the draws away from
    the point forecast. Without a complete vector, sectors are drawn apart.

    Parameters
    ----------
    errors : DataFrame
        Rows of `rolling_errors` of the method that is used, at least one.
    index : DataFrame
        Keys of the panel's series.
    """
    generator = np.random.default_rng(seed)
    size, horizon = errors["size"].to_numpy(dtype=float), errors["horizon"].to_numpy()
    shock = np.zeros(len(errors))
    for years in np.unique(horizon):
        at = horizon == years
        deviation = spread.deviation(size[at], int(years))
        error = errors["error"].to_numpy(dtype=float)[at]
        shock[at] = np.divide(error, deviation, out=np.zeros(len(error)), where=deviation > 0)
    keys = index.iloc[errors["series"].astype(int)].reset_index(drop=True)
    blocks = (
        keys.assign(origin=errors["origin"].to_numpy(), horizon=horizon, shock=shock)
        .pivot_table(index=["region", "origin", "horizon"], columns="sector", values="shock")
        .reindex(columns=list(sectors))
        .dropna()
        .to_numpy()
    )
    sign = generator.choice([-1.0, 1.0], size=draws)
    if len(blocks):
        return blocks[generator.integers(len(blocks), size=draws)].T * sign
    return generator.choice(shock, size=(len(sectors), draws)) * sign
