"""Whether one method is better than another, or was lucky: losses per origin, in order of time, compared."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from forecasting.series.panel import Array


def diebold_mariano(losses: Array, baseline: Array, horizon: int = 1) -> tuple[float, float]:
    """Test whether two methods' losses differ (Diebold and Mariano 1995; Harvey, Leybourne and Newbold 1997).

    Parameters
    ----------
    losses, baseline : ndarray of shape (origins,)
        Mean loss of each origin, in order of time.
    horizon : int
        Periods ahead: errors that overlap are correlated up to `horizon` − 1 origins apart.

    Returns
    -------
    statistic, p : float
        Negative where the method loses less than the baseline; two-sided p of Student's t with n − 1 degrees.
        NaN below three origins or without any difference.
    """
    difference = losses - baseline
    difference = difference[np.isfinite(difference)]
    count = len(difference)
    if count < max(3, horizon + 1) or not np.ptp(difference):
        return float("nan"), float("nan")
    centred = difference - difference.mean()
    lags = np.array([centred[lag:] @ centred[: count - lag] for lag in range(horizon)]) / count
    long_run = lags[0] + 2 * lags[1:].sum()
    if long_run <= 0:  # the rectangular sum may be negative; Bartlett's never is
        long_run = lags[0] + 2 * ((1 - np.arange(1, horizon) / horizon) * lags[1:]).sum()
    small = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = float(difference.mean() / np.sqrt(long_run / count) * np.sqrt(small))
    return statistic, float(2 * stats.t.sf(abs(statistic), count - 1))


def skill_interval(
    losses: Array,
    baseline: Array,
    block: int,
    *,
    level: float = 90,
    repeats: int = 2000,
    seed: int = 0,
    pooled: Callable[[Array], Array] = lambda mean: mean,
) -> tuple[float, float, float]:
    """Return the skill 1 − loss / baseline loss and its bootstrap interval over blocks of origins.

    Parameters
    ----------
    losses, baseline : ndarray of shape (origins,)
        Mean loss of each origin, in order of time.
    block : int
        Origins drawn together (circular blocks, Politis and Romano 1992): at least the longest horizon.
    pooled : callable, optional
        Of a mean loss: `numpy.sqrt` for squared errors, whose skill is that of the RMSE.

    Returns
    -------
    skill, low, high : float
    """
    count = len(losses)
    starts = np.random.default_rng(seed).integers(count, size=(repeats, -(-count // block)))
    rows = ((starts[:, :, None] + np.arange(block)) % count).reshape(repeats, -1)[:, :count]
    skills = 1 - pooled(losses[rows].mean(axis=1)) / pooled(baseline[rows].mean(axis=1))
    tail = (100 - level) / 2
    low, high = np.percentile(skills, [tail, 100 - tail])
    skill = 1 - pooled(np.asarray(losses.mean())) / pooled(np.asarray(baseline.mean()))
    return float(skill), float(low), float(high)
