"""Entrants from education: as many as the cohorts' net inflow, spread as graduates go to work."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cohorts import Cohorts
from forecasting.graduates import Crop
from forecasting.series.panel import Array

_STREAM = 3
"""Beside the seed, so that entrants stray with nothing else; the same in all regions."""

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


def location_quotient(base: Array, everywhere: Array) -> Array:
    """Return each occupation's share of a region's jobs over its share of all markets', shape (occupations,).

    An occupation that nobody works in anywhere has quotient 1.

    Examples
    --------
    >>> location_quotient(np.array([30.0, 10.0]), np.array([60.0, 20.0])).tolist()
    [1.0, 1.0]
    """
    here, usual = base / base.sum(), everywhere / everywhere.sum()
    return np.divide(here, usual, out=np.ones(len(base)), where=usual > 0)


def entry_shocks(base: Array, strays: float, draws: int, seed: int) -> Array:
    """Draw how far entrants stray from what the survey of graduates says, beside its own sampling.

    Parameters
    ----------
    base : ndarray of shape (occupations,)
        Persons employed: shocks are dealt out by size, so that other codes change no figure.
    strays : float
        Standard deviation of the log of an occupation's entrants (parameter ``entry_error``).

    Returns
    -------
    ndarray of shape (occupations, draws)
        Factors with mean 1.
    """
    return np.exp(strays * shocks_by_size(base, draws, [seed, _STREAM]) - strays**2 / 2)


def shocks_by_size(size: Array, draws: int, seed: Sequence[int]) -> Array:
    """Return standard normal draws of shape (rows, draws), the first for the smallest row."""
    found = np.empty((len(size), draws))
    found[np.argsort(size, kind="stable")] = np.random.default_rng(seed).standard_normal(found.shape)
    return found


def in_region(drawn: EntryDraws, location: Array) -> EntryDraws:
    """Return where graduates enter in a region whose jobs are other ones than those of all markets.

    Parameters
    ----------
    location : ndarray of shape (occupations, draws)
        `location_quotient` times `entry_shocks`.

    Notes
    -----
    A survey of graduates is too small for regions: P(o | field, level, region) ∝ P(o | field, level) times
    the location quotient of o, with as many who enter work in all. An assumption: graduates of a field go
    where the jobs of that field are. Where none of a field's jobs is in the region they go as everywhere.
    """
    return {key: (at, _tilted(shares, location[at])) for key, (at, shares) in drawn.items()}


def _tilted(shares: Array, location: Array) -> Array:
    tilted = shares * location
    sums = tilted.sum(axis=0)
    whole = np.divide(shares.sum(axis=0), sums, out=np.zeros_like(sums), where=sums > 0)
    return np.where(sums > 0, tilted * whole, shares)


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


def leaning_on_leavers(shares: Array, leavers: Array) -> Array:
    """Draw entrants' shares towards those of the leavers, as far as what is known of entrants is unsure.

    Parameters
    ----------
    shares : ndarray of shape (occupations, draws)
        How entrants spread, summing to 1.
    leavers : ndarray of shape (occupations,)
        Persons who leave work: as many enter where a market is in balance.

    Returns
    -------
    ndarray of shape (occupations, draws)
        Summing to 1; an occupation that nobody enters, or leaves, keeps its share before scaling.

    Notes
    -----
    Fay and Herriot (1979, doi 10.1080/01621459.1979.10482505) on logarithms: the weight of an occupation's
    own share is between / (between + error²), its error the deviation of its draws, between how far entrants
    and leavers differ beyond those errors, mean over the leavers. Where errors explain all of the difference
    nothing tells of a lack of entrants, and none is claimed.
    """
    known = (leavers > 0) & (shares > 0).all(axis=1)
    if not known.any():
        return shares
    need = leavers[known] / leavers[known].sum()
    drawn = np.log(shares[known])
    mean, error = drawn.mean(axis=1), drawn.var(axis=1)
    apart = mean - np.log(need)
    apart_from = apart - need @ apart
    between = max(float(need @ (apart_from**2 - error)), 0.0)
    own = np.divide(between, between + error, out=np.ones(len(error)), where=error > 0)
    pulled = mean - (1 - own) * apart_from
    found = shares.copy()
    found[known] = np.exp(pulled[:, None] + np.sqrt(own)[:, None] * (drawn - mean[:, None]))
    return found / found.sum(axis=0)


def entrants(shares: Array, cohorts: Cohorts, years: int) -> Array:
    """Return persons who enter each occupation over a window, shape (occupations, draws).

    The total is the net inflow of the region's cohorts; graduates only say where it goes. Re-enrolment and
    a person's several diplomas therefore add nobody (DESIGN.md section 2: net scales to cohort inflow).
    """
    return shares * cohorts.inflow(years)
