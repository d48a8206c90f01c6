"""Calibrated predictive distributions for many short, noisy, intermittent series that share one market.

An outcome is the forecast, moved by the market's shock and by an error of its own:

    stretch(outcome) = stretch(forecast) + loading · shock + error

`stretch` (`count_scale`) is a logarithm where counts are large and a square root where they are small. The
shock is one number per origin and horizon, taken from the panel's total (`market_shock`). The errors that are
left are pooled over alike cells (`size_classes`), where there are enough for empirical quantiles, in the
manner of split conformal prediction (METHOD.md section 9.3; of whole distributions: Chernozhukov, Wüthrich
and Zhu 2021, doi 10.1073/pnas.2107794118). All is learnt from forecasts inside the history (`past_errors`).

Counts are spread evenly over the unit above them before they are compared, and rounded back at the end: the
randomised residuals of Dunn and Smyth (1996), so that quantiles are those of a discrete distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t as student

from forecasting.series.baselines import Forecaster
from forecasting.series.count_scale import Scale, fit_scale
from forecasting.series.dependence import Dependence, fit_dependence, group_numbers, normal_scores
from forecasting.series.market_shock import MarketShock, change_scale, fit_shock
from forecasting.series.panel import Array, Panel
from forecasting.series.past_errors import (
    PastErrors,
    choose_origins,
    hierarchy_labels,
    past_errors,
    unsteadiness,
)
from forecasting.series.size_classes import Codes, SizeClasses, fit_classes

GRID: Final[Array] = (np.arange(400) + 0.5) / 400
"""Probabilities at which a distribution is kept; quantiles between them are interpolated."""

HIGHEST_LEVEL: Final = 0.99
"""Widest central interval the grid and the number of past errors can carry."""

_SHOCKS: Final = 101
"""Equally likely values of the shock that are combined with a class's errors."""

_FEWEST_ERRORS: Final = 40
"""At one horizon of a class; with fewer, the class's horizons are pooled."""

_TAIL_FREEDOM: Final = 4.0
"""Of the Student tail beyond the outermost past error."""

_UNKNOWN_ERROR: Final = 0.5
"""Log points, scale of a series' own error where no past forecast has an outcome yet."""


@dataclass(frozen=True)
class Calibration:
    """What past forecasts say about the errors of the next.

    Parameters
    ----------
    horizons : tuple of int
        Columns of every forecast it is given.
    label : str or None
        Column of the panel's index with the hierarchy level.
    loading : ndarray of shape (classes,)
        Share of the market's shock that reaches a class, on the stretched scale.
    errors : ndarray of shape (classes, horizons, len(GRID))
        Quantiles of a series' own error, the shock taken out.
    combined : ndarray of shape (classes, horizons, len(GRID))
        Quantiles of shock and own error together.
    dependence : Dependence
        How the series' own errors go together; for draws.
    """

    horizons: tuple[int, ...]
    label: str | None
    scale: Scale
    classes: SizeClasses
    shock: MarketShock
    loading: Array
    errors: Array
    combined: Array
    dependence: Dependence

    def cells(self, forecast: Array, history: Panel) -> Codes:
        """Return the class of each cell of a forecast, shape (series, horizons).

        Raises
        ------
        ValueError
            If the forecast does not have one row per series and one column per horizon.
        """
        expected = (len(history.values), len(self.horizons))
        if forecast.shape != expected:
            raise ValueError(f"forecast has shape {forecast.shape}, expected (series, horizons) = {expected}")
        unsteady = unsteadiness(history, forecast, self.scale)
        labels = hierarchy_labels(history, self.label)
        size = self.scale.forecasts(np.nan_to_num(forecast))
        return np.column_stack([self.classes.assign(labels, column, unsteady) for column in size.T])

    def quantiles(self, forecast: Array, history: Panel, probabilities: Sequence[float]) -> Array:
        """Return quantiles of each outcome.

        Parameters
        ----------
        forecast : ndarray of shape (series, horizons)
            NaN where there is none; its quantiles are NaN.
        history : Panel
            The same series up to the origin: any subset of those calibrated on, or new ones.

        Returns
        -------
        ndarray of shape (probabilities, series, horizons)
        """
        code, middle = self.cells(forecast, history), self.scale.forecasts(forecast)
        steps = np.arange(len(self.horizons))
        result = np.empty((len(probabilities), *forecast.shape))
        for row, probability in enumerate(probabilities):
            result[row] = self.scale.restore(middle + _at(self.combined, probability)[code, steps])
        return result

    def intervals(
        self, forecast: Array, history: Panel, levels: Sequence[float]
    ) -> dict[float, tuple[Array, Array]]:
        """Return the central interval of each level: lower and upper ends, shape (series, horizons).

        Raises
        ------
        ValueError
            If a level is not above 0 and at most `HIGHEST_LEVEL`.
        """
        wrong = [level for level in levels if not 0 < level <= HIGHEST_LEVEL]
        if wrong:
            raise ValueError(f"levels must be above 0 and at most {HIGHEST_LEVEL}, such as 0.8; got {wrong}")
        tails = [side for level in levels for side in ((1 - level) / 2, (1 + level) / 2)]
        ends = self.quantiles(forecast, history, tails)
        return {level: (ends[2 * at], ends[2 * at + 1]) for at, level in enumerate(levels)}

    def probability(self, forecast: Array, history: Panel, actual: Array, seed: int) -> Array:
        """Return where each outcome fell in its distribution: the randomised PIT (METHOD.md section 9.4).

        Parameters
        ----------
        actual : ndarray of shape (series, horizons)

        Returns
        -------
        ndarray of shape (series, horizons)
            0 to 1, evenly spread if the distributions are right; NaN where the outcome is unknown.
        """
        code = self.cells(forecast, history)
        outcome = self.scale.outcomes(actual, np.random.default_rng(seed))
        error = outcome - self.scale.forecasts(forecast)
        result = np.full(error.shape, np.nan)
        for column in range(error.shape[1]):
            for one in np.unique(code[:, column]):
                at = code[:, column] == one
                result[at, column] = np.interp(error[at, column], self.combined[one, column], GRID)
        return result


def calibrate(
    history: Panel,
    forecaster: Forecaster,
    horizons: Sequence[int],
    origins: Sequence[int] | None = None,
    label: str | None = None,
    seed: int = 0,
) -> Calibration:
    """Learn the errors of a method from forecasts made inside a history.

    Parameters
    ----------
    history : Panel
        What is known now. Values are zero or more.
    forecaster : Forecaster
        The method, with all that is done to its forecasts: one that reconciles gives intervals that are
        calibrated after reconciliation.
    horizons : sequence of int
        Periods ahead.
    origins : sequence of int, optional
        Periods of `history` to forecast from; the latest 24 at most if not given.
    label : str, optional
        Column of the index with the hierarchy level; errors are then pooled within levels only.
    seed : int
        Of the spread of counts over their unit.

    Notes
    -----
    A history with fewer than 4 periods has no past forecast: the spread is then `_UNKNOWN_ERROR` around the
    forecast, beside a market of hardly known scale: wide on purpose.
    """
    horizons = tuple(horizons)
    scale = fit_scale(history.values)
    past = past_errors(history, forecaster, horizons, choose_origins(history, origins), scale, label)
    shock = fit_shock(past.totals, change_scale(history.values, horizons, scale.bend / 2))
    size = scale.forecasts(past.forecast)
    levels = hierarchy_labels(history, label)
    classes = fit_classes(levels, past.labels, size, past.unsteady, len(horizons))
    code = classes.assign(past.labels, size, past.unsteady)
    loading = _loadings(past.forecast, code, classes.count, scale)
    own = _own_errors(past, code, loading, scale, seed)
    cell = code * len(horizons) + past.column
    scores, order = normal_scores(own, cell)
    errors = _error_quantiles(
        own[order], np.bincount(cell, minlength=classes.count * len(horizons)), horizons
    )
    combined = _combine(errors, loading, shock)
    groups = {name: number[past.series] for name, number in group_numbers(history.index, label).items()}
    dependence = fit_dependence(scores, loading[code], past.series, past.origin, past.column, groups)
    return Calibration(horizons, label, scale, classes, shock, loading, errors, combined, dependence)


def _at(table: Array, probability: float) -> Array:
    """Return one quantile of every class and horizon, shape (classes, horizons)."""
    position = np.clip(probability * len(GRID) - 0.5, 0, len(GRID) - 1)
    below = min(int(position), len(GRID) - 2)
    return table[..., below] + (position - below) * (table[..., below + 1] - table[..., below])


def _loadings(forecast: Array, code: Codes, classes: int, scale: Scale) -> Array:
    """Return the mean loading of the forecasts in each class; 1 for a class without any."""
    count = np.bincount(code, minlength=classes)
    total = np.bincount(code, scale.loading(forecast), minlength=classes)
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)


def _own_errors(past: PastErrors, code: Codes, loading: Array, scale: Scale, seed: int) -> Array:
    """Return each past error without its origin's shock, on the stretched scale."""
    outcome = scale.outcomes(past.actual, np.random.default_rng(seed))
    shock = past.totals[past.origin, past.column]
    return outcome - scale.forecasts(past.forecast) - loading[code] * shock


def _error_quantiles(ordered: Array, count: Codes, horizons: tuple[int, ...]) -> Array:
    """Return the quantiles of the errors of each class and horizon, shape (classes, horizons, len(GRID)).

    Where a class has too few at a horizon, all its horizons are pooled; where the longest horizon known is
    shorter, they grow with the square root of time, as a random walk's do.

    Parameters
    ----------
    ordered : ndarray
        Errors by class, then horizon.
    count : ndarray of shape (classes · horizons,)
        How many of each.
    """
    pieces = np.split(ordered, np.cumsum(count)[:-1])
    result = np.empty((len(count) // len(horizons), len(horizons), len(GRID)))
    for one in range(len(result)):
        mine = pieces[one * len(horizons) : (one + 1) * len(horizons)]
        pooled = quantile_function(np.concatenate(mine))
        longest = max((at for at, piece in enumerate(mine) if len(piece)), default=0)
        for at, piece in enumerate(mine):
            enough = len(piece) >= _FEWEST_ERRORS
            growth = np.sqrt(max(horizons[at] / horizons[longest], 1.0))
            result[one, at] = quantile_function(piece) if enough else pooled * growth
    return result


def quantile_function(errors: Array) -> Array:
    """Return quantiles at `GRID`, widened for how few errors there are.

    The k-th smallest of n stands at probability k / (n + 1), as in split conformal prediction; beyond the
    outermost two, where conformal intervals are unbounded, a Student tail goes on from them.

    Examples
    --------
    >>> three = quantile_function(np.array([-1.0, 0.0, 1.0]))
    >>> bool(three[0] < -1.0 and three[-1] > 1.0)
    True
    """
    if not len(errors):
        return _UNKNOWN_ERROR * student.ppf(GRID, _TAIL_FREEDOM)
    ordered = np.sort(errors)
    place = GRID * (len(ordered) + 1) - 1
    inside = np.interp(place, np.arange(len(ordered)), ordered)
    spread = float(np.std(ordered)) / np.sqrt(2)  # a Student with 4 degrees of freedom has variance 2
    lowest, highest = student.ppf(np.array([1, len(ordered)]) / (len(ordered) + 1), _TAIL_FREEDOM)
    tail = student.ppf(GRID, _TAIL_FREEDOM)
    below = np.where(place < 0, spread * (tail - lowest), 0)
    above = np.where(place > len(ordered) - 1, spread * (tail - highest), 0)
    return inside + below + above


def _combine(errors: Array, loading: Array, shock: MarketShock) -> Array:
    """Return the quantiles of loading · shock + own error of each class and horizon.

    Both are independent, so their sum is every pair of equally likely values of either.
    """
    shocks = shock.quantiles((np.arange(_SHOCKS) + 0.5) / _SHOCKS)
    result = np.empty_like(errors)
    for one, at in np.ndindex(*errors.shape[:2]):
        pairs = np.sort((errors[one, at][:, None] + loading[one] * shocks[at]).ravel())
        result[one, at] = np.interp(GRID * len(pairs) - 0.5, np.arange(len(pairs)), pairs)
    return result
