"""Growth of occupations over many years from one count, without and with an official projection.

Where there is no history to learn from there is nothing to fit: both lines rest on figures known at the
base year and on one rule each, the same for every vintage.
"""

import numpy as np

from forecasting.series.panel import Array


def common_growth(labour_force_growth: float, over: int, years: int, occupations: int) -> Array:
    """Return the growth expected without any projection: every occupation keeps its share.

    Employment is taken to grow with the labour force as it did before the base year; past growth of an
    occupation or industry is not carried on, as it says little of the next
    (`forecasting.series.shrinkage.LocalLevel`).

    Parameters
    ----------
    labour_force_growth : float
        Share by which the labour force grew over the `over` years up to the base year.
    years : int
        Length of the forecast.

    Returns
    -------
    ndarray of shape (occupations,)
        Log growth over `years`.

    Examples
    --------
    >>> common_growth(0.1, 10, 10, 2).round(3).tolist()
    [0.095, 0.095]
    """
    return np.full(occupations, np.log1p(labour_force_growth) * years / over)


def projected_growth(base: Array, target: Array, over: int, years: int) -> Array:
    """Return an official projection's log growth over its first `years`, shape (occupations,).

    It is spread evenly over its `over` years.

    Examples
    --------
    >>> projected_growth(np.array([100.0]), np.array([200.0]), 10, 5).round(3).tolist()
    [0.347]
    """
    return np.asarray(np.log(target / base) * years / over)


def blended_growth(common: Array, projected: Array) -> Array:
    """Return the growth expected with an official projection: the mean of it and of the common growth.

    Equal weights, since there is no vintage to learn others from and estimated ones seldom do better
    (Stock and Watson 2004, doi 10.1002/for.928). The official differences between occupations are halved,
    and so is the distance of its total from the labour force's growth.
    """
    return np.asarray((common + projected) / 2)
