"""What all skills tell of each: the most likely shares of components, and scales shrunk to the usual one."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from forecasting.series.panel import Array

_LEAST_SCALE: Final = 1e-6
_ROUNDS: Final = 200
"""Of the fit of shares, each no worse than the one before (EM)."""


def mixture_weights(fit: Array) -> Array:
    """Return the chance that each skill is of each component, the components' shares being most likely.

    Parameters
    ----------
    fit : ndarray of shape (components, skills)
        Log-likelihood of a skill's data under a component.

    Returns
    -------
    ndarray of shape (components, skills)
        Columns sum to 1.

    Examples
    --------
    >>> mixture_weights(np.array([[0.0, 0.0, 0.0], [-9.0, -9.0, 9.0]])).round(2).tolist()
    [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    likelihood = np.exp(fit - fit.max(axis=0))
    share = np.full(len(fit), 1 / len(fit))
    for _ in range(_ROUNDS):
        weight = share[:, None] * likelihood
        weight = weight / weight.sum(axis=0)
        share = weight.mean(axis=1)
    return np.asarray(weight)


def moderated_scale(scale: Array, freedom: NDArray[np.int64]) -> tuple[Array, float, float]:
    """Return each skill's scale shrunk to that of all, the degrees of freedom that all bring, and theirs.

    Parameters
    ----------
    scale : ndarray of shape (skills,)
        Mean square of the residuals; NaN where unknown.
    freedom : ndarray of shape (skills,)

    Notes
    -----
    Moments of the logarithm, Smyth 2004 section 6.2: scales are scaled F with the prior's freedom. That is at
    most 1,000, where t is normal.
    """
    known = np.isfinite(scale) & (freedom > 0)
    if known.sum() < 3:
        return scale, 0.0, 1.0
    half = freedom[known] / 2
    logs = np.log(np.maximum(scale[known], _LEAST_SCALE)) - special.digamma(half) + np.log(half)
    extra = float(np.var(logs, ddof=1) - special.polygamma(1, half).mean())
    prior = 1000.0
    if extra > special.polygamma(1, prior / 2):
        prior = 2 * float(optimize.brentq(lambda x: special.polygamma(1, x) - extra, 1e-3, prior))
    middle = np.exp(logs.mean() + special.digamma(prior / 2) - np.log(prior / 2))
    return (prior * middle + freedom * scale) / (prior + freedom), prior, float(middle)
