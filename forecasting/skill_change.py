"""How much what jobs ask has changed: between and within occupations, and how much each occupation turned.

*Within* answers which skills become essential; *between* is already in the occupation forecast, and is never
added to it (METHOD.md section 10.1).
"""

import numpy as np

from forecasting.series.panel import Array


def shift_share(size: Array, share: Array) -> tuple[Array, Array]:
    """Return the change of each skill's share between and within occupations, from step to step.

    Parameters
    ----------
    size : ndarray of shape (occupations, periods)
        Ads, or any size of the occupation; every period has some.
    share : ndarray of shape (occupations, skills, periods)
        Share of the occupation's ads that ask the skill; whatever stands where there are no ads is not used.

    Returns
    -------
    between, within : ndarray of shape (skills, periods - 1)
        In shares. They add up to the change of Σ_j L_j s_jk exactly, L_j being the occupation's share of the
        sizes.

    Notes
    -----
    Σ_j ΔL_j s̄_jk and Σ_j L̄_j Δs_jk with midpoint bars (METHOD.md section 10.1). An occupation without ads in
    one of two periods has no share there: it takes that of the other, so that its coming or going is between.

    Examples
    --------
    >>> size, share = np.array([[5.0, 8.0], [5.0, 2.0]]), np.array([[[0.2, 0.4]], [[0.6, 0.6]]])
    >>> between, within = shift_share(size, share)
    >>> between.round(3).tolist(), within.round(3).tolist()
    ([[-0.09]], [[0.13]])
    """
    weight = size / size.sum(axis=0)
    known = (size > 0)[:, None, :]
    before = np.where(known[..., :-1], share[..., :-1], share[..., 1:])
    after = np.where(known[..., 1:], share[..., 1:], share[..., :-1])
    either = known[..., :-1] | known[..., 1:]
    before, after = np.where(either, before, 0.0), np.where(either, after, 0.0)
    moved = np.diff(weight, axis=1)[:, None, :]
    middle = ((weight[:, :-1] + weight[:, 1:]) / 2)[:, None, :]
    between = (moved * (before + after) / 2).sum(axis=0)
    within = (middle * (after - before)).sum(axis=0)
    return np.asarray(between), np.asarray(within)


def occupation_change(ads: Array, share: Array) -> tuple[Array, Array]:
    """Return how much each occupation's skills changed, and how much of it counting alone would bring.

    Parameters
    ----------
    ads : ndarray of shape (occupations, 2)
    share : ndarray of shape (occupations, skills, 2)

    Returns
    -------
    change : ndarray of shape (occupations,)
        SC_o = Σ_k |s_ok1 − s_ok0| (Deming & Noray 2020, METHOD.md section 10.2); NaN without ads.
    noise : ndarray of shape (occupations,)
        What SC_o is on average where nothing changed and ads are independent: few ads alone make it large.

    Examples
    --------
    >>> change, noise = occupation_change(np.array([[100.0, 100]]), np.array([[[0.5, 0.7], [0.1, 0.1]]]))
    >>> change.round(3).tolist(), noise.round(3).tolist()
    ([0.2], [0.089])
    """
    known = (ads > 0).all(axis=1)
    total = np.where(known, ads.sum(axis=1), 1.0)[:, None]
    pooled = (share * ads[:, None, :]).sum(axis=2) / total
    inverse = np.divide(1.0, ads, out=np.zeros_like(ads, dtype=float), where=ads > 0).sum(axis=1)[:, None]
    spread = np.sqrt(np.clip(pooled * (1 - pooled), 0, None) * inverse)
    change = np.abs(share[..., 1] - share[..., 0]).sum(axis=1)
    noise = np.sqrt(2 / np.pi) * spread.sum(axis=1)
    return np.where(known, change, np.nan), np.where(known, noise, np.nan)
