"""What ads ask whatever the job: base rates, and the profile without them.

A Flemish vacancy asks 7.5 of 13 soft skills (METHOD.md section 4), so raw shares saturate. An ad names a
skill because the job asks it, or else by habit with the skill's base rate a: share = p + (1 − p)·a, a
noisy-or, so p = (share − a) / (1 − a). Two contrasts bound the rate, and the lower counts: what the
occupations that name the skill least still name (section 10.4: contrast with other occupations), and how much
more the ads of the listed occupations name it than the classification says, beside the usual skill. Neither
needs a truth.
"""

from collections.abc import Mapping

import numpy as np

from forecasting.series.panel import Array


def base_rates(shares: Array, listed: Array, rule: Mapping[str, float]) -> Array:
    """Return each skill's base rate, shape (skills,), in [0, 1).

    Parameters
    ----------
    shares : ndarray of shape (occupations, skills)
        Of the ads of occupations with ads; 0 where none asks the skill.
    listed : ndarray of shape (occupations, skills)
        Share of the occupation's jobs that the classification says ask it; NaN where it is not listed.
    rule : mapping of str to float
        Parameter ``over_asking``.

    Examples
    --------
    >>> shares = np.array([[0.6, 0.0], [0.7, 0.9]])
    >>> base_rates(shares, np.full((2, 2), np.nan), {"quantile": 0.0, "fewest": 2}).tolist()
    [0.6, 0.0]
    """
    if len(shares) < rule["fewest"]:
        return np.zeros(shares.shape[1])
    contrast = np.quantile(shares, rule["quantile"], axis=0)
    excess = _excess_over_list(shares, listed, rule["fewest"])
    return np.clip(np.fmin(contrast, excess), 0.0, 0.99)


def _excess_over_list(shares: Array, listed: Array, fewest: float) -> Array:
    """Return the base rate that the classification's own shares imply; NaN where too few list the skill.

    The list may be on another scale than ads: it is first scaled as the median skill asks.
    """
    both = np.isfinite(listed) & (listed > 0)
    count = both.sum(axis=0)
    asked, said = np.where(both, shares, 0).sum(axis=0), np.where(both, listed, 0).sum(axis=0)
    enough = count >= fewest
    if not enough.any():
        return np.full(shares.shape[1], np.nan)
    scale = float(np.median(asked[enough] / said[enough]))
    expected = np.minimum(scale * said, count)
    room = count - expected
    rate = np.divide(asked - expected, room, out=np.zeros_like(room), where=room > 0)
    return np.where(enough, np.maximum(rate, 0.0), np.nan)


def without_base_rate(shares: Array, rates: Array) -> Array:
    """Return p = (share − a) / (1 − a), at least 0; `rates` broadcasts to `shares`.

    Examples
    --------
    >>> without_base_rate(np.array([0.4, 0.5, 1.0]), np.array(0.5)).tolist()
    [0.0, 0.0, 1.0]
    """
    return np.asarray(np.where(rates > 0, np.clip((shares - rates) / (1 - rates), 0.0, 1.0), shares))
