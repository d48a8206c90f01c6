"""Divide a budget over cells in proportion to need, within caps, in whole cents."""

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.series.panel import Array

Cents = NDArray[np.int64]


def capped_proportional(budget: int, need: Array, cap: Cents) -> Array:
    """Return x = min(λ·need, cap) with Σx = budget, or every cap where they do not reach the budget.

    Parameters
    ----------
    budget : int
        Cents, at least 0.
    need : ndarray of shape (cells,)
        At least 0; a cell without need gets nothing.
    cap : ndarray of int, shape (cells,)
        Cents a cell may get.

    Notes
    -----
    Water-filling (METHOD.md section 8.1) in closed form: in order of cap/need, cells fill up to their cap;
    the rest share what is left in proportion.

    Examples
    --------
    >>> capped_proportional(100, np.array([1.0, 1.0, 2.0]), np.array([10, 100, 100]))
    array([10., 30., 60.])
    """
    shares = np.zeros(len(need))
    active = np.flatnonzero((need > 0) & (cap > 0))
    with np.errstate(over="ignore"):  # a vanishing need fills last, however far past the largest float
        order = active[np.argsort(cap[active] / need[active], kind="stable")]
    weight_left = np.cumsum(need[order][::-1])[::-1]  # summed from the smallest, so none is absorbed
    left = float(budget)
    for position, weight in zip(order, weight_left, strict=True):
        shares[position] = min(float(cap[position]), left * need[position] / weight)
        left -= shares[position]
    return shares


def whole_cents(shares: Array, total: int, cap: Cents) -> Cents:
    """Round shares to whole cents that sum to `total`: largest remainder, never past a cap.

    Parameters
    ----------
    shares : ndarray of shape (cells,)
        Cents, summing to `total` but for floating point.
    total : int
        Cents.

    Notes
    -----
    Hamilton's method (METHOD.md section 8.7): each cell within one cent of its share; ties go to the
    earlier cell.

    Raises
    ------
    ForecastingError
        If the caps leave no room for the total: the shares were not within them.
    """
    cents = np.minimum(np.floor(shares + 1e-6).astype(np.int64), cap)
    left = total - int(cents.sum())
    remainder = np.round(shares - cents, 6)
    room = cents < cap
    order = np.lexsort((np.arange(len(cents)), -remainder, ~room))
    if not 0 <= left <= int(room.sum()):
        raise ForecastingError(
            f"rounding left {left} cents and room in {int(room.sum())} cells; expected shares within caps"
        )
    cents[order[:left]] += 1
    return cents


def allocate(budget: int, need: Array, largest_share: float) -> Cents:
    """Return whole cents per cell; they sum to the budget unless every cell with need is at its cap.

    Parameters
    ----------
    budget : int
        Cents.
    need : ndarray of shape (cells,)
        Persons; NaN counts as no need.
    largest_share : float
        Cap of one cell as a share of the budget.

    Raises
    ------
    ForecastingError
        If the budget is negative.
    """
    if budget < 0:
        raise ForecastingError(f"budget {budget} cents; expected 0 or more. Do: give a positive budget.")
    known = np.nan_to_num(need)
    cap = np.where(known > 0, int(budget * largest_share), 0).astype(np.int64)
    total = min(budget, int(cap.sum()))
    return whole_cents(capped_proportional(total, known, cap), total, cap)
