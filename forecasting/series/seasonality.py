"""Seasonal indices of many series: medians of ratios to a centred mean, shrunk to the market's own season."""

from typing import Final

import numpy as np

from forecasting.series.panel import Array

FULL_SEASONS: Final = 3
"""Years that must be known: with two, every month's index would rest on one or two ratios."""

MEDIAN_VARIANCE: Final = np.pi / 2
"""Variance of the median of normal values over that of their mean."""

SIGNIFICANT: Final = 1.645
"""Two-sided 90 % point of the normal: the Theta method's test of seasonality."""


def has_seasons(periods: int, season: int) -> bool:
    """Return whether a history of that many periods is long enough to tell its seasons."""
    return season > 1 and periods >= FULL_SEASONS * season


def shrunk_indices(values: Array, season: int) -> Array:
    """Return multiplicative indices of each row, shrunk towards those of the rows' sum.

    A row's own index counts by the part of its distance from the market's that is more than noise
    (positive-part James–Stein, Efron & Morris 1973), and the market's counts the same way against none.

    Parameters
    ----------
    values : ndarray of shape (series, periods)
        Known throughout; persons, vacancies or ads.
    season : int
        Periods in a year.

    Returns
    -------
    ndarray of shape (series, season)
        Mean 1 over the season; column 0 belongs to the first period. All ones where the history is
        too short.
    """
    if not has_seasons(values.shape[1], season):
        return np.ones((len(values), season))
    market = _shrink(*_raw_indices(values.sum(axis=0)[None], season, centre="median"), np.ones((1, season)))
    return _shrink(*_raw_indices(values, season, centre="median"), market)


def classical_indices(values: Array, season: int) -> Array:
    """Return the classical multiplicative indices of rows whose yearly correlation is significant, else ones.

    The seasonal adjustment of the Theta method (M3, M4): mean ratios to a centred mean. Rows with unknown
    or non-positive values are left as they are.
    """
    indices = np.ones((len(values), season))
    if not has_seasons(values.shape[1], season):
        return indices
    plain = np.isfinite(values).all(axis=1) & (np.nan_to_num(values) > 0).all(axis=1)
    tested = np.flatnonzero(plain)
    seasonal = tested[_is_seasonal(values[tested], season)]
    indices[seasonal] = _raw_indices(values[seasonal], season, centre="mean")[0]
    return indices


def adjusted(values: Array, indices: Array) -> Array:
    """Return values without their season, shape (series, periods)."""
    season = indices.shape[1]
    return values / indices[:, np.arange(values.shape[1]) % season]


def restored(forecast: Array, indices: Array, periods: int, horizons: tuple[int, ...]) -> Array:
    """Return forecasts with their season put back, shape (series, horizons).

    Parameters
    ----------
    periods : int
        Length of the history the forecast starts from.
    """
    columns = (periods - 1 + np.asarray(horizons)) % indices.shape[1]
    return forecast * indices[:, columns]


def _raw_indices(values: Array, season: int, centre: str) -> tuple[Array, Array]:
    """Return unshrunk indices (series, season) and the sampling variance of one index, shape (series,)."""
    ratios, position = _ratios_to_trend(values, season)
    average = np.median if centre == "median" else np.mean
    indices = np.empty((len(values), season))
    noise = np.zeros(len(values))
    for place in range(season):
        own = ratios[:, position == place]
        indices[:, place] = average(own, axis=1)
        spread = ((own - indices[:, place][:, None]) ** 2).sum(axis=1) / max(own.shape[1] - 1, 1)
        noise += MEDIAN_VARIANCE * spread / own.shape[1] / season
    # An index at zero (a month that is always empty) would divide by zero; a tenth keeps it a strong season.
    indices = np.maximum(indices, 0.1)
    return indices / indices.mean(axis=1, keepdims=True), noise


def _ratios_to_trend(values: Array, season: int) -> tuple[Array, np.ndarray]:
    """Return ratios to the mean over a centred year and each one's place in the season; 1 where it is 0."""
    even = season % 2 == 0
    weights = np.ones(season + even) / season
    if even:
        weights[[0, -1]] /= 2
    width = values.shape[1] - len(weights) + 1
    trend = sum(weight * values[:, start : start + width] for start, weight in enumerate(weights))
    trend = np.asarray(trend)
    middle = values[:, season // 2 : season // 2 + width]
    ratios = np.where(trend > 0, middle / np.where(trend > 0, trend, 1), 1.0)
    return ratios, (np.arange(width) + season // 2) % season


def _shrink(indices: Array, noise: Array, target: Array) -> Array:
    distance = ((indices - target) ** 2).sum(axis=1) / (indices.shape[1] - 1)
    kept = np.maximum(0, 1 - noise / np.where(distance > 0, distance, np.inf))
    return target + (indices - target) * kept[:, None]


def _is_seasonal(values: Array, season: int) -> np.ndarray:
    """Test the autocorrelation at the lag of a year as the M4 benchmarks do."""
    centred = values - values.mean(axis=1, keepdims=True)
    power = np.maximum((centred**2).sum(axis=1), np.finfo(float).tiny)
    correlation = np.array(
        [(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / power for lag in range(1, season + 1)]
    )
    bound = SIGNIFICANT * np.sqrt((1 + 2 * (correlation[:-1] ** 2).sum(axis=0)) / values.shape[1])
    return np.abs(correlation[-1]) > bound
