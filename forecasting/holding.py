"""How what people hold goes with what their occupation asks, learnt from what job seekers are said to hold.

A skill is held by more people of an occupation than the share of its openings that ask it, or by fewer: a
table of job seekers' skills beside what ads asked when they last worked tells which. What it teaches is taken
of those whose skills no table lists: entrants, beside what was asked when they were taught, and job seekers
of occupations that the table leaves out. Skills asked alike are not held alike; the table shows how much they
differ, and draws carry that. It is no error of a share, which would make a lack out of nothing: asked and
held keep the same errors of the ads.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.series.panel import Array


@dataclass(frozen=True)
class Holding:
    """What is held where a share p is asked: h = p·(1 + k·(1 − p)), and how far it strays from that.

    Parameters
    ----------
    more : float
        k, in [-1, 1], where h rises with p and stays a probability; 0: as many hold it as are asked for it.
    alike : float
        Variance of the log-odds of h that all skills of an occupation have in common.
    apart : float
        Variance beside it, of each skill of an occupation.
    """

    more: float
    alike: float
    apart: float

    def of(self, asked: Array) -> Array:
        """Return h where `asked` is asked.

        Examples
        --------
        >>> Holding(0.5, 0.0, 0.0).of(np.array([0.0, 0.5, 1.0])).tolist()
        [0.0, 0.625, 1.0]
        """
        return np.asarray(asked * (1 + self.more * (1 - asked)))


def fit_holding(asked: Array, held: Array, noise: Array, rule: Mapping[str, float]) -> Holding | None:
    """Return how holding goes with asking; None where too few occupations tell.

    Parameters
    ----------
    asked : ndarray of shape (occupations, skills)
        p when those last worked who are described; NaN where there are no ads.
    held : ndarray of shape (occupations, skills)
        h as a table says it; NaN where it is silent.
    noise : ndarray of shape (occupations, skills)
        Variance of the log-odds of `asked`.
    rule : mapping of str to float
        Parameter ``holding``.

    Notes
    -----
    k = Σ (h − p) / Σ p(1 − p): together they hold what the table says. Least squares of h on p would take
    errors of p for a flatter curve. k is shrunk to 0 by its standard error over occupations (James and
    Stein). The squared log-odds between table and curve, less those that ads leave, are how far holding
    strays; mean products of two skills of an occupation, the part they have in common. Pairs count by p.
    """
    known = np.isfinite(asked) & np.isfinite(held) & (np.nan_to_num(asked) >= rule["least"])
    told = known.any(axis=1)
    if told.sum() < rule["fewest"]:
        return None
    p, h, known = (np.where(known, each, 0.0)[told] for each in (asked, held, known.astype(float)))
    over, room = (h - p).sum(axis=1), (p * (1 - p)).sum(axis=1)
    ratio = over.sum() / room.sum()
    error = ((over - ratio * room) ** 2).sum() / room.sum() ** 2
    kept = max(1 - error / ratio**2, 0.0) if ratio else 0.0
    more = float(np.clip(ratio * kept, -1.0, 1.0))
    curve = Holding(more, 0.0, 0.0).of(p)
    off = (_odds(h, rule["least"]) - _odds(curve, rule["least"])) * known
    total = float((p * (off**2 - np.where(known > 0, noise[told], 0.0))).sum() / p.sum())
    pairs = (p.sum(axis=1) ** 2 - (p**2).sum(axis=1)).sum()
    products = ((p * off).sum(axis=1) ** 2 - ((p * off) ** 2).sum(axis=1)).sum()
    alike = max(float(products / pairs), 0.0) if pairs > 0 else 0.0
    return Holding(more, alike, max(total - alike, 0.0))


def _odds(share: Array, least: float) -> Array:
    inside = np.clip(share, least, 1 - least)
    return np.asarray(np.log(inside / (1 - inside)))


def strayed(held: Array, off: Array) -> Array:
    """Return shares whose log-odds are off by so much; 0 and 1 stay.

    Examples
    --------
    >>> strayed(np.array([0.0, 0.5, 1.0]), np.log(np.array([3.0, 3.0, 3.0]))).round(2).tolist()
    [0.0, 0.75, 1.0]
    """
    more = np.exp(off)
    return np.asarray(held * more / (1 - held + held * more))


def short_by(asked: Array, held: Array, factor: Array) -> Array:
    """Return what is held where all that is short of what is asked is so many times that; the rest stays.

    Parameters
    ----------
    asked, held : ndarray of shape (skills, draws)
        `held` may have one column, and is NaN where unknown.
    factor : ndarray of shape (draws,)
        At least 0.

    Examples
    --------
    >>> asked, held = np.array([[0.5], [0.5], [0.5]]), np.array([[0.4], [0.1], [0.9]])
    >>> short_by(asked, held, np.array([2.0])).round(2).ravel().tolist()
    [0.3, 0.0, 0.9]
    """
    return np.where(held < asked, np.maximum(held + (1 - factor) * (asked - held), 0.0), held)
