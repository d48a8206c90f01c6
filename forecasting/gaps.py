"""The gap score of DESIGN.md section 2: the share of openings that stay unfilled, and why.

Pure arrays: sources of supply lead, then any shape of cells and draws.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from forecasting.series.panel import Array

TOLERANCE: Final = 1e-9
"""Of the openings: differences below it are floating point."""


@dataclass(frozen=True)
class Gap:
    """Unfilled openings of cells, persons; every array has the shape of the openings but `taken`.

    Parameters
    ----------
    openings : ndarray
        O.
    no_person : ndarray
        U1 = O − M: nobody is there.
    lacking_skills : ndarray
        U2 = M − F: somebody is there but lacks skills; the least it can be where `unknown`.
    unknown : ndarray of bool
        Whether U2 depends on skills that no source tells.
    taken : ndarray of shape (sources, ...)
        x, persons taken from each source.
    """

    openings: Array
    no_person: Array
    lacking_skills: Array
    unknown: NDArray[np.bool_]
    taken: Array

    @property
    def unfilled(self) -> Array:
        """Return U1 + U2: a lower bound where U2 is unknown."""
        return self.no_person + self.lacking_skills

    @property
    def score(self) -> Array:
        """Return (U1 + U2) / O, in [0, 1]; NaN where there are no openings."""
        return share_of_openings(self.unfilled, self.openings)


def share_of_openings(persons: Array, openings: Array) -> Array:
    """Return persons over openings; NaN where there are no openings."""
    return np.divide(persons, openings, out=np.full(np.shape(openings), np.nan), where=openings > 0)


def gap(openings: Array, supply: Array, lack: Array) -> Gap:
    """Fill openings from the best-matched source first and return what stays unfilled.

    Parameters
    ----------
    openings : ndarray
        O, persons, at least 0.
    supply : ndarray of shape (sources, *openings.shape)
        S_g, persons, at least 0.
    lack : ndarray of shape (sources, *openings.shape), or broadcastable to it
        l_g in [0, 1]: share of the asked skill mass that the source lacks; NaN if no source tells.

    Notes
    -----
    F = max Σ x_g (1 − l_g) subject to 0 ≤ x_g ≤ S_g and Σ x_g ≤ O. All coefficients are at least 0, so taking
    sources in the order of their lack solves it (fractional knapsack, METHOD.md section 8.2). An unknown lack
    is set to 0, its best case, so the score is a lower bound that keeps every promise of a known one; U2 is
    unknown unless the worst case, 1, gives the same.

    Examples
    --------
    >>> one = gap(np.array(10.0), np.array([4.0, 3.0]), np.array([0.5, 0.0]))
    >>> float(one.no_person), float(one.lacking_skills), float(one.score)
    (3.0, 2.0, 0.5)
    """
    lack = np.broadcast_to(lack, supply.shape)
    taken, lacking = _fill(openings, supply, np.nan_to_num(lack, nan=0.0))
    unknown = np.zeros(np.shape(openings), dtype=bool)
    if np.isnan(lack).any():
        _, worst = _fill(openings, supply, np.nan_to_num(lack, nan=1.0))
        unknown = np.asarray(worst - lacking > TOLERANCE * openings)
    return Gap(openings, openings - np.minimum(openings, supply.sum(axis=0)), lacking, unknown, taken)


def _fill(openings: Array, supply: Array, lack: Array) -> tuple[Array, Array]:
    """Return persons taken by source, and those among them who lack skills, best-matched source first."""
    order = np.argsort(lack, axis=0, kind="stable")
    ordered = np.take_along_axis(supply, order, axis=0)
    before = np.cumsum(ordered, axis=0) - ordered
    taken = np.empty_like(supply)
    np.put_along_axis(taken, order, np.clip(openings - before, 0, ordered), axis=0)
    return taken, (taken * lack).sum(axis=0)


def sum_cells(cells: Gap, members: "Array | sparse.csr_array") -> Gap:
    """Add cells to aggregates draw by draw: ΣU and ΣO, never a score of pooled O and S.

    Parameters
    ----------
    cells : Gap
        Arrays of shape (cells, draws).
    members : ndarray or sparse array of shape (aggregates, cells)
        1 where the cell belongs to the aggregate, else 0.

    Returns
    -------
    Gap
        Arrays of shape (aggregates, draws); U2 is unknown where it is for any member.
    """
    return Gap(
        members @ cells.openings,
        members @ cells.no_person,
        members @ cells.lacking_skills,
        members @ cells.unknown.astype(float) > 0,
        np.stack([members @ source for source in cells.taken]),
    )
