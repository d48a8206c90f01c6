"""What openings ask, what each source of supply holds, and the lack between them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.series.panel import Array


@dataclass(frozen=True)
class Demand:
    """The skills that one occupation's openings ask in one window, and what each source of supply holds.

    Parameters
    ----------
    skill : ndarray of int, shape (skills,)
        Positions among the skills of the region.
    asked : ndarray of shape (skills, draws)
        Probability p that an opening asks the skill; one column where nothing says how it strays.
    now : ndarray of shape (skills,)
        Mean of p at the base year.
    importance : ndarray of shape (skills,)
        Weight w of the skill in the lack.
    held : mapping of str to ndarray of shape (skills, draws)
        Probability h by source, NaN where unknown; of a source that is absent nothing says what it holds.
    """

    skill: NDArray[np.intp]
    asked: Array
    now: Array
    importance: Array
    held: Mapping[str, Array]

    def shortfall(self, source: str) -> Array:
        """Return max(p − h, 0), shape (skills, draws); NaN where unknown, 0 where nothing is asked."""
        return shortfall(self.asked, self._held(source))

    def lack(self, source: str, tolerated: float = 0.0) -> Array:
        """Return the lack of a source, shape (draws,), as the function `lack` does."""
        return lack(self.importance[:, None], self.asked, self._held(source), tolerated)

    def _held(self, source: str) -> Array:
        return self.held.get(source, np.full_like(self.asked, np.nan))


def shortfall(asked: Array, held: Array) -> Array:
    """Return max(p − h, 0); NaN where h is unknown, 0 where nothing is asked."""
    return np.where(asked > 0, np.maximum(asked - held, 0), 0.0)


def lack(importance: Array, asked: Array, held: Array, tolerated: float) -> Array:
    """Return l = Σ w·max(p − h, 0) / Σ w·p in each draw (DESIGN.md section 2); 0 if nothing is asked.

    Parameters
    ----------
    importance : ndarray of shape (skills, 1)
    asked : ndarray of shape (skills, draws)
    held : ndarray of shape (skills, draws) or (skills, 1)
        NaN where nothing says it.
    tolerated : float
        Share of the mean asked mass w·p that may be unknown: the known skills then speak for it. Above it
        the lack is NaN in every draw.

    Notes
    -----
    Importance belongs to the concept: one that is listed as two skills must split its importance over them
    to stay neutral.

    Examples
    --------
    >>> one = np.ones((2, 1))
    >>> lack(one, 0.5 * one, np.array([[0.25], [0.5]]), 0.0).tolist()
    [0.25]
    """
    known = np.isfinite(held) | (asked <= 0)
    weighed = importance * asked
    mass, told = weighed.sum(axis=0), np.where(known, weighed, 0.0).sum(axis=0)
    if (mass - told).sum() > tolerated * mass.sum():
        return np.full(mass.shape, np.nan)
    missing = np.where(known, importance * np.nan_to_num(shortfall(asked, held)), 0.0).sum(axis=0)
    return np.divide(missing, told, out=np.zeros_like(told), where=told > 0)


def matrix(table: pd.DataFrame, value: str, occupations: tuple[str, ...], skills: tuple[str, ...]) -> Array:
    """Spread a tidy table to occupations × skills, NaN where it has no row."""
    spread = np.full((len(occupations), len(skills)), np.nan)
    row = pd.Index(occupations).get_indexer(pd.Index(table["occupation"]))
    column = pd.Index(skills).get_indexer(pd.Index(table["skill"]))
    inside = (row >= 0) & (column >= 0)
    spread[row[inside], column[inside]] = table[value].to_numpy(dtype=float)[inside]
    return spread
