"""Scores of single forecasts: quantiles, intervals, draws; and the market's volume apart from the shares.

Conventions (METHOD.md section 9.4): the pinball loss has no factor 2, so that the CRPS is twice its integral
over all probabilities; draws are on the last axis.
"""

import numpy as np

from forecasting.series.panel import Array


def pinball(outcome: Array, quantile: Array, probability: float) -> Array:
    """Return the loss of a quantile: p(y − q) above it, (1 − p)(q − y) below; without a factor 2."""
    off = outcome - quantile
    return np.maximum(probability * off, (probability - 1) * off)


def interval_score(outcome: Array, low: Array, high: Array, level: float) -> Array:
    """Return the width, plus 2/α of what the outcome lies outside, α = 1 − level/100 (Winkler 1972).

    It is 2/α times the sum of the pinball losses of the two ends.

    Examples
    --------
    >>> round(float(interval_score(np.array(12.0), np.array(4.0), np.array(10.0), 80)), 9)
    26.0
    """
    tail = (1 - level / 100) / 2
    return (pinball(outcome, low, tail) + pinball(outcome, high, 1 - tail)) / tail


def covered(outcome: Array, low: Array, high: Array) -> Array:
    """Return 1 where the outcome lies within the interval, ends included, else 0; NaN where unknown."""
    known = np.isfinite(outcome) & np.isfinite(low) & np.isfinite(high)
    return np.where(known, (outcome >= low) & (outcome <= high), np.nan)


def crps(outcome: Array, draws: Array, *, fair: bool = True) -> Array:
    """Return the continuous ranked probability score of draws (last axis): mean |X − y| − ½ mean |X − X'|.

    Parameters
    ----------
    fair : bool, default True
        Pairs without the draw itself (Ferro 2014), as if there were infinitely many draws; two at least.
        False: the draws are the whole distribution, and the score is twice the integral of its pinball loss.
    """
    count = draws.shape[-1]
    ordered = np.sort(draws, axis=-1)
    rank = 2 * np.arange(count) - count + 1
    spread = (ordered @ rank) / (count * (count - 1 if fair else count))  # half the mean |X − X'|
    return np.abs(draws - outcome[..., None]).mean(axis=-1) - spread


def randomised_pit(outcome: Array, draws: Array, seed: int = 0) -> Array:
    """Return where the outcome ranks among the draws, from 0 to 1, ties broken at random.

    Uniform exactly when the outcome is as good as one more draw, for counts too; above 0.9, say, is in the
    highest tenth. So coverage of counts can be judged where intervals that hold zero over-cover by nature.

    Returns
    -------
    ndarray of the outcome's shape; NaN where unknown.
    """
    below = (draws < outcome[..., None]).sum(axis=-1)
    equal = (draws == outcome[..., None]).sum(axis=-1)
    uniform = np.random.default_rng(seed).random(outcome.shape)
    rank = (below + uniform * (equal + 1)) / (draws.shape[-1] + 1)
    return np.where(np.isfinite(outcome) & np.isfinite(draws).all(axis=-1), rank, np.nan)


def known_volume(forecast: Array, outcome: Array) -> Array:
    """Return the forecast with the true market volume: its shares of the total, times the total that came.

    What is left is the error of the shares alone, and a bound to what a better volume forecast can bring.
    Totals are over the series (axis 1) whose forecast and outcome are known.
    """
    known = np.isfinite(forecast) & np.isfinite(outcome)
    expected = np.where(known, forecast, 0.0).sum(axis=1, keepdims=True)
    came = np.where(known, outcome, 0.0).sum(axis=1, keepdims=True)
    return forecast * np.divide(came, expected, out=np.full_like(came, np.nan), where=expected > 0)


def volume_errors(forecast: Array, outcome: Array) -> Array:
    """Return log(forecast total / true total), shape (origins, horizons): the error of the volume alone."""
    known = np.isfinite(forecast) & np.isfinite(outcome)
    totals = [np.where(known, array, 0.0).sum(axis=1) for array in (forecast, outcome)]
    good = (totals[0] > 0) & (totals[1] > 0)
    return np.where(good, np.log(np.where(good, totals[0], 1.0) / np.where(good, totals[1], 1.0)), np.nan)
