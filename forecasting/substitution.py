"""Passive substitution: entrants whom their occupation does not need look where else their field goes.

An option beside the score, never in it. Without it prospects are too pessimistic for the higher educated
(Cörvers & Heijke, METHOD.md section 1.5).
"""

import numpy as np
import pandas as pd

from forecasting.gaps import share_of_openings
from forecasting.series.panel import Array


def recruitment(
    graduates: pd.DataFrame,
    entry: pd.DataFrame,
    region: str,
    base_year: int,
    occupations: tuple[str, ...],
    years: int,
) -> Array | None:
    """Return how many of a year's graduates each field and level sends to each occupation.

    Occupations that draw on the same stream are neighbours.

    Parameters
    ----------
    graduates, entry : DataFrame
        Canonical tables; years after `base_year` are not used.
    years : int
        Latest years of graduates that are averaged.

    Returns
    -------
    ndarray of shape (streams, occupations), or None
        Persons a year; None where the region has no graduates, or no table says where they go.
    """
    rows = graduates[(graduates["region"] == region) & (graduates["year"] <= base_year)]
    recent = rows[rows["year"] > rows["year"].max() - years]
    crop = recent.groupby(["field", "level"])["persons"].mean()
    shares = entry.pivot_table(index=["field", "level"], columns="occupation", values="share", fill_value=0.0)
    shares = shares.reindex(columns=list(occupations), fill_value=0.0)
    persons = crop.reindex(shares.index).fillna(0.0)
    found = shares.mul(persons, axis=0)
    found = found[found.sum(axis=1) > 0]
    return None if found.empty else found.to_numpy(dtype=float)


def spillover(openings: Array, entrants: Array, others: Array, recruitment: Array, share: float) -> Array:
    """Return the entrants that each occupation gains from others, less those it loses to them.

    Parameters
    ----------
    openings, entrants, others : ndarray of shape (occupations, draws)
        Persons over the window, at least 0; `others` is all supply but entrants.
    recruitment : ndarray of shape (streams, occupations)
        As `recruitment` returns it.
    share : float
        Share in [0, 1] of the entrants in surplus who look elsewhere.

    Returns
    -------
    ndarray of shape (occupations, draws)
        Persons; sums to 0 over occupations, since nobody appears or vanishes.

    Notes
    -----
    Entrants beyond the openings, at most all entrants, are the surplus; `share` of it looks elsewhere. It is
    of each stream as the occupation's recruits are. A stream's persons turn to its other occupations as these
    recruit from it, times the share of their openings that nobody takes; an occupation takes no more than its
    unfilled openings, and who finds it full stays. One round: nobody moves on. Nobody is pushed out of work
    that is filled either, so where the higher educated do displace others this shows too little of it.
    Splitting an occupation or a stream in halves changes nothing; more `share` never moves fewer persons.

    Examples
    --------
    Of 10 entrants for 4 openings, half of the 6 in surplus look elsewhere; the neighbour has room for 2.

    >>> column = lambda *persons: np.array(persons, dtype=float)[:, None]
    >>> found = spillover(column(4, 5), column(10, 3), column(0, 0), np.array([[10.0, 3.0]]), 0.5)
    >>> found[:, 0].tolist()
    [-2.0, 2.0]
    """
    balance = entrants + others - openings
    surplus = np.clip(balance, 0, entrants)
    room = np.clip(-balance, 0, None)
    pull = np.nan_to_num(share_of_openings(room, openings))
    origin = _over(recruitment, recruitment.sum(axis=0))  # share of each stream in an occupation's recruits
    places = recruitment @ pull
    crowd = _over(origin @ (share * surplus), places)  # persons who look, per recruit where there is room
    wanted = pull * (recruitment.T @ crowd)
    taken = np.minimum(wanted, room)
    accepted = _over(recruitment @ (pull * _over(taken, wanted)), places)
    return np.asarray(taken - share * surplus * (origin.T @ accepted))


def _over(above: Array, below: Array) -> Array:
    """Return above / below, 0 where `below` is 0."""
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
