"""The market volume of a panel: a combination of several clocks, weighted by their own past errors."""

from typing import Final

import numpy as np

from forecasting.series.panel import Array
from forecasting.series.seasonality import has_seasons
from forecasting.series.smoothing import damped_steps, holt

SHORT: Final = "short"
LONG: Final = "long"
MOMENTUM: Final = "momentum"

TREND: Final = (0.9, 0.3, 0.8)
"""Weights of level and slope, and the damping, of the momentum member (logs)."""

LEAST_TREND: Final = 10
"""Periods below which no momentum is told from noise, yearly series included."""

JUDGED: Final = 4
"""Steps ahead over which a member's past errors are averaged."""

LEAST_HISTORY: Final = 4
"""Periods a member must have seen before its error counts."""

PRIOR_ORIGINS: Final = 12
"""Origins of average error added to every member's own: with few origins the weights stay near equal."""

FLOOR: Final = 0.01
"""Part of the mean volume that an empty period counts as where logs are taken."""


def forecast_volume(volume: Array, season: int, horizons: tuple[int, ...]) -> Array:
    """Return the market's volume per horizon, shape (horizons,).

    The geometric mean of the members (`members`) with the weights of `member_weights`: no single clock was
    best in two periods running, so none is trusted alone.

    Parameters
    ----------
    volume : ndarray of shape (periods,)
        Sum over the panel, without its season; known throughout.
    season : int
        Periods in a year: 1, 4 or 12. The clocks are lengths of calendar time.
    """
    if volume.mean() <= 0:
        return np.zeros(len(horizons))
    logs = np.log(np.maximum(volume, FLOOR * volume.mean()))
    weights = member_weights(volume, season)
    now = members(logs, season, horizons)
    return np.exp(sum(weights[name] * now[name] for name in now))


def members(logs: Array, season: int, horizons: tuple[int, ...]) -> dict[str, Array]:
    """Return every member's log forecast per horizon.

    ``short`` is the mean of the last quarter of a year; ``long`` the median of the last year, which one
    outlying month does not move; ``momentum`` a damped trend, only once three years (and ten periods) are
    known.
    """
    recent, year = max(season // 4, 1), max(season, 3)
    level = {
        SHORT: np.log(np.exp(logs[-recent:]).mean()),
        LONG: np.median(logs[-year:]),
    }
    found = {name: np.full(len(horizons), value) for name, value in level.items()}
    if _has_trend(len(logs), season):
        alpha, beta, phi = TREND
        last, slope, _ = holt(logs[None], alpha, beta, phi)
        found[MOMENTUM] = last + slope * damped_steps(phi, horizons)
    return found


def member_weights(volume: Array, season: int) -> dict[str, float]:
    """Return the weights of the members, which sum to one.

    Proportional to one over the square of a member's mean squared log error at all past origins, that error
    shrunk towards the members' average. The median of a year counts fully once a year is known, and not at
    all up to half a year.
    """
    steps = tuple(range(1, JUDGED + 1))
    logs = np.log(np.maximum(volume, FLOOR * volume.mean()))
    names = list(members(logs, season, steps))
    squared: dict[str, list[float]] = {name: [] for name in names}
    for origin in range(LEAST_HISTORY, len(logs)):
        ahead = steps[: len(logs) - origin]
        found = members(logs[:origin], season, ahead)
        for name in names:
            # Where no trend could be told from noise yet, momentum is judged by the short clock.
            forecast = found.get(name, found[SHORT])
            squared[name].append(float(np.mean((forecast - logs[origin : origin + len(ahead)]) ** 2)))
    year_known = np.clip(2 * len(logs) / max(season, 3) - 1, 0, 1)
    seen = np.array([year_known if name == LONG else 1.0 for name in names])
    origins = len(logs) - LEAST_HISTORY
    if origins <= 0:
        return dict(zip(names, (seen / seen.sum()).tolist(), strict=True))
    own = np.array([np.mean(squared[name]) for name in names])
    shrunk = (origins * own + PRIOR_ORIGINS * own.mean()) / (origins + PRIOR_ORIGINS)
    raw = (shrunk / shrunk.max() if shrunk.max() > 0 else np.ones(len(names))) + np.finfo(float).eps
    weights = seen * raw**-2.0
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def _has_trend(periods: int, season: int) -> bool:
    return periods >= LEAST_TREND and (season == 1 or has_seasons(periods, season))
