"""Entrants from education: as many as the cohorts' net inflow, spread as graduates go to work."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cohorts import Cohorts
from forecasting.graduates import Crop
from forecasting.series.panel import Array

EntryDraws = Mapping[tuple[str, str], tuple[NDArray[np.intp], Array]]
"""By field and level: positions of the occupations that are entered, and draws of the shares that enter them,
shape (entered, draws)."""


def entry_draws(entry: pd.DataFrame, occupations: Sequence[str], draws: int, seed: int) -> EntryDraws:
    """Draw where graduates of each field and level enter, once for every window.

    Parameters
    ----------
    entry : DataFrame
        Canonical table.
    seed : int
        Of the entry shares, drawn from the Dirichlet distribution of a survey with `entry.sample`
        respondents; fields without a sample size keep their shares. Levels of one field start from the same
        random numbers.
    """
    position, found = pd.Index(occupations), {}
    for (field, level), rows in entry.groupby(["field", "level"]):
        at, share = position.get_indexer(pd.Index(rows["occupation"])), rows["share"].to_numpy(dtype=float)
        order = np.argsort(at)
        order = order[(at[order] >= 0) & (share[order] > 0)]
        drawn = _drawn(share[order], rows["sample"].max(), draws, [seed, *str(field).encode()])
        found[str(field), str(level)] = at[order], drawn
    return found


def entrant_shares(
    crop: Crop, entry: pd.DataFrame, occupations: Sequence[str], draws: int, seed: int
) -> Array | None:
    """Return how a region's entrants spread over occupations: `spread_of` what `entry_draws` draws."""
    return spread_of(crop, entry_draws(entry, occupations, draws, seed), len(occupations))


def spread_of(crop: Crop, drawn: EntryDraws, occupations: int) -> Array | None:
    """Return how a region's entrants spread over occupations, shape (occupations, draws), summing to 1.

    Parameters
    ----------
    crop : Series
        Graduates a year by (field, level).
    drawn : mapping
        As `entry_draws` returns it.
    occupations : int
        How many there are.

    Returns
    -------
    ndarray or None
        None where the region has no graduates, or no table says where they go.
    """
    placed = [(*drawn[key], float(crop[key])) for key in drawn if key in crop.index]
    if not placed:
        return None
    total = np.zeros((occupations, placed[0][1].shape[1]))
    for at, shares, persons in placed:
        total[at] += persons * shares
    sums = total.sum(axis=0)
    return total / sums if (sums > 0).all() else None


def _drawn(share: Array, sample: float, draws: int, seed: list[int]) -> Array:
    if not np.isfinite(sample) or not share.any():
        return np.repeat(share[:, None], draws, axis=1)
    generator = np.random.default_rng(seed)
    gamma = generator.standard_gamma(np.repeat((share * sample)[:, None], draws, axis=1))
    return np.asarray(share.sum() * gamma / gamma.sum(axis=0))


def entrants(shares: Array, cohorts: Cohorts, years: int) -> Array:
    """Return persons who enter each occupation over a window, shape (occupations, draws).

    The total is the net inflow of the region's cohorts; graduates only say where it goes. Re-enrolment and
    a person's several diplomas therefore add nobody (DESIGN.md section 2: net scales to cohort inflow).
    """
    return shares * cohorts.inflow(years)
