"""Iterative proportional fitting: a table with given margins that stays as close as it can to a seed."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rake(
    seed: Floats, rows: Floats, columns: Floats, *, tolerance: float = 1e-10, limit: int = 10_000
) -> Floats:
    """Scale a seed to row and column sums (Deming and Stephan 1940).

    Parameters
    ----------
    seed : ndarray of shape (n, m)
        Positive wherever both its row's and its column's sum are.
    rows : ndarray of shape (n,)
        Sums of the rows, met exactly.
    columns : ndarray of shape (m,)
        Sums of the columns, rescaled here to the total of `rows`.
    tolerance : float
        Largest miss of a column, as a share of the total, at which to stop.
    limit : int
        Most rounds; with positive seeds a few dozen suffice.

    Returns
    -------
    ndarray of shape (n, m)

    Examples
    --------
    >>> rake(np.ones((2, 2)), np.array([30.0, 10.0]), np.array([1.0, 3.0])).tolist()
    [[7.5, 22.5], [2.5, 7.5]]
    """
    table = seed.astype(float)
    target = columns * (rows.sum() / columns.sum())
    for _ in range(limit):
        table = table * _ratio(target, table.sum(axis=0))
        table = table * _ratio(rows, table.sum(axis=1))[:, None]
        if np.abs(table.sum(axis=0) - target).max() <= tolerance * rows.sum():
            break
    return table


def _ratio(wanted: Floats, found: Floats) -> Floats:
    return np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)
