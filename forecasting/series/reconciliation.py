"""Make forecasts of all nodes of a hierarchy add up: minimum-trace reconciliation with diagonal weights.

METHOD.md section 9.1 (Wickramasuriya et al. 2019): ``y~ = S (S'W⁻¹S)⁻¹ S'W⁻¹ ŷ``, W the variances of the base
errors. With C = [I, −sums], ``y~ = ŷ − W C' (C W C')⁻¹ C ŷ`` is the same projection, but the matrix to
solve is sparse and has one row per aggregate (S'W⁻¹S is full: the total touches every series).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from forecasting.errors import InputError, Problem
from forecasting.series.hierarchy import Hierarchy
from forecasting.series.panel import Array

_FLOOR: Final = 1e-8
"""Least variance, relative to that of a typical node of its size: one without error still has a weight."""
_COLUMNS: Final = 512
"""Columns projected at once: draws of 50,000 series would else need the memory twice."""
_EXCHANGES: Final = 100
_PATIENCE: Final = 3

Solve = Callable[[Array], Array]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Reconciled:
    """Forecasts that add up.

    Parameters
    ----------
    values : ndarray of shape (nodes, columns)
        Aggregates are the sums of their series, to the last bit.
    before, after : float
        Largest absolute difference between an aggregate and the sum of its series.
    adjustment : float
        Largest absolute change of a forecast.
    negatives : int
        Series' cells below zero after projection: set right if non-negativity was asked, else still there.
    """

    values: Array
    before: float
    after: float
    adjustment: float
    negatives: int


def error_variance(errors: Array, minimum: int = 3) -> Array:
    """Return each node's mean squared error, shape (nodes,); NaN with fewer than `minimum` known.

    Parameters
    ----------
    errors : ndarray of shape (nodes, n)
        Outcome minus forecast at past origins; NaN where unknown.
    """
    known = np.isfinite(errors)
    count = known.sum(axis=1)
    squares = np.where(known, errors, 0.0) ** 2
    return np.where(count >= minimum, squares.sum(axis=1) / np.maximum(count, 1), np.nan)


def reconcile(
    hierarchy: Hierarchy,
    base: Array,
    variance: Array | None = None,
    *,
    nonnegative: Literal["no", "exact", "clip"] = "exact",
) -> Reconciled:
    """Return the coherent forecasts nearest to the base forecasts, in units of their error variance.

    Parameters
    ----------
    hierarchy : Hierarchy
    base : ndarray of shape (nodes, columns)
        Base forecasts, aggregates first; columns are horizons, or horizons times draws.
    variance : ndarray of shape (nodes,), optional
        Of the base errors; NaN takes that of a typical node times the number of its series. Left out, every
        series' error counts alike and is independent (``wls_struct``).
    nonnegative : {"no", "exact", "clip"}, default "exact"
        "exact" solves the same problem under the condition that no series is negative (Wickramasuriya et al.
        2020), by block principal pivoting (Júdice and Pires 1994), column by column. "clip" sets negative
        series to zero and sums anew: for draws, where thousands of columns would take minutes; it lifts sums.

    Raises
    ------
    InputError
        For base forecasts that are unknown, infinite or not one row per node.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting.series.hierarchy import build_hierarchy
    >>> tree = build_hierarchy(pd.DataFrame({"job": ["a", "b"]}), [])
    >>> reconcile(tree, np.array([[9.0], [4.0], [2.0]])).values.ravel().round(3).tolist()
    [7.5, 4.75, 2.75]
    """
    _check_base(hierarchy, base)
    weights = _weights(hierarchy, variance)
    cut, solve = hierarchy.aggregates, _solver(hierarchy, weights)
    values = np.empty(base.shape)
    figures = []
    for start in range(0, base.shape[1], _COLUMNS):
        block = base[:, start : start + _COLUMNS]
        series = _projected(hierarchy, block, weights, solve)
        negatives = int((series < 0).sum())
        if nonnegative == "exact" and negatives:
            _make_nonnegative(hierarchy, block, weights, series)
        elif nonnegative == "clip":
            np.maximum(series, 0.0, out=series)
        found = hierarchy.total_up(series)
        values[:, start : start + _COLUMNS] = found
        gaps = [np.abs(array[:cut] - hierarchy.sums @ array[cut:]).max() for array in (block, found)]
        figures.append((*gaps, np.abs(found - block).max(), negatives))
    before, after, adjustment, below = np.array(figures, dtype=float).reshape(-1, 4).T
    return Reconciled(
        values,
        before=float(before.max(initial=0.0)),
        after=float(after.max(initial=0.0)),
        adjustment=float(adjustment.max(initial=0.0)),
        negatives=int(below.sum()),
    )


def _check_base(hierarchy: Hierarchy, base: Array) -> None:
    nodes = len(hierarchy.labels)
    if base.ndim != 2 or len(base) != nodes:
        given, expected = f"an array of shape {base.shape}", f"{nodes} rows, one per node of the hierarchy"
        raise InputError([Problem("base forecasts", given, expected, "forecast every node")])
    unknown = ~np.isfinite(base).all(axis=1)
    if unknown.any():
        first = " ".join(str(label) for label in hierarchy.labels.iloc[int(np.argmax(unknown))])
        given = f"no finite number for {unknown.sum():,} of {nodes:,} nodes (the first: {first})"
        raise InputError([Problem("base forecasts", given, "one for every node", "leave out their series")])


def _weights(hierarchy: Hierarchy, variance: Array | None) -> Array:
    """Return every node's variance; the structural one (its number of series) where none is known."""
    members = hierarchy.members()
    if variance is None:
        return members
    known = np.isfinite(variance)
    each = variance[known & (variance > 0)] / members[known & (variance > 0)]
    typical = float(np.median(each)) if len(each) else 1.0
    return np.maximum(np.where(known, variance, typical * members), _FLOOR * typical * members)


def _solver(hierarchy: Hierarchy, weights: Array) -> Solve:
    """Factorise C W C' = W_aggregates + sums W_series sums', scaled to a unit diagonal."""
    cut = hierarchy.aggregates
    matrix = (hierarchy.sums * weights[cut:]) @ hierarchy.sums.T + sparse.diags_array(weights[:cut])
    scale = 1.0 / np.sqrt(matrix.diagonal())
    scaled = sparse.csc_matrix(sparse.diags_array(scale) @ matrix @ sparse.diags_array(scale))
    factors = splu(scaled, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return lambda right: scale[:, None] * factors.solve(scale[:, None] * right)


def _projected(hierarchy: Hierarchy, base: Array, weights: Array, solve: Solve) -> Array:
    """Return the reconciled series, shape (series, columns)."""
    cut = hierarchy.aggregates
    multipliers = solve(base[:cut] - hierarchy.sums @ base[cut:])
    return base[cut:] + weights[cut:, None] * (hierarchy.sums.T @ multipliers)


def _make_nonnegative(hierarchy: Hierarchy, base: Array, weights: Array, series: Array) -> None:
    """Replace the columns that hold negatives, in place; each starts from the zeros of the one before."""
    zero: Mask = np.zeros(len(series), dtype=bool)
    for column in np.flatnonzero((series < 0).any(axis=0)):
        zero = zero | (series[:, column] < 0)
        series[:, column], zero = _nonnegative_column(hierarchy, base[:, [column]], weights, zero)


def _nonnegative_column(hierarchy: Hierarchy, base: Array, weights: Array, zero: Mask) -> tuple[Array, Mask]:
    """Solve one column under non-negativity, from a first guess of which series are zero.

    A series is in the wrong set if it is free and negative, or held at zero though raising it would bring the
    sums nearer. All wrong ones change sets at once; when that stops helping, only the last one does, which
    ends for certain (Murty's rule). Clipping is the answer if the exchanges run out.
    """
    least, patience = len(zero) + 1, _PATIENCE
    values = np.zeros(len(zero))
    tolerance = 1e-9 * float(np.abs(base).max(initial=0.0))
    for _ in range(_EXCHANGES):
        values, pull = _with_zeros(hierarchy, base, weights, zero)
        wrong = np.where(zero, pull > tolerance, values < -tolerance)
        count = int(wrong.sum())
        if not count:
            break
        patience = _PATIENCE if count < least else patience - 1
        least = min(least, count)
        changed = np.flatnonzero(wrong) if patience > 0 else np.flatnonzero(wrong)[-1:]
        zero = zero.copy()
        zero[changed] = ~zero[changed]
    return np.maximum(values, 0.0), zero


def _with_zeros(hierarchy: Hierarchy, base: Array, weights: Array, zero: Mask) -> tuple[Array, Array]:
    """Return the projection with some series held at zero, and how far its sums pull each series up."""
    cut = hierarchy.aggregates
    held = np.concatenate([np.zeros(cut, dtype=bool), zero])
    free = np.where(held, 0.0, weights)
    kept = np.where(held[:, None], 0.0, base)
    values = _projected(hierarchy, kept, free, _solver(hierarchy, free))
    misfit = (base[:cut] - hierarchy.sums @ values) / weights[:cut, None]
    pull = base[cut:] - values + weights[cut:, None] * (hierarchy.sums.T @ misfit)
    return values[:, 0], pull[:, 0]
