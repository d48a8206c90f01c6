"""How much of the changes foretold at earlier origins came, and the outlook of each skill held to it.

A model that is fitted to the past foretells too much. What earlier origins in the same window foretold is
held beside what the blocks after them brought; only blocks up to the last one are looked at.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from forecasting.skill_counts import Counts, log_odds_index, market_movement
from forecasting.skill_trends import Trends, skill_trends

_ORIGINS: Final = 3
_LEAST_BLOCKS: Final = 4
_LEAST_SKILLS: Final = 50
"""Skills with an outcome, over all origins, below which nothing is held back: one cannot tell."""


def outlook(counts: Counts, ahead: float = 1.0) -> Trends:
    """Return the trends of skills, their coming change times the share of such changes that came.

    Parameters
    ----------
    counts : Counts
        Blocks of equal length, at least two.
    ahead : float
        Years that are foretold, and years before the end that they are held beside.

    Notes
    -----
    METHOD.md section 10.3. The deviation stays, and so does what is said of the past and of the direction: a
    share of all skills' changes says nothing of the way of one.
    """
    trends = skill_trends(counts, ahead)
    share = share_that_came(counts, ahead)
    return replace(trends, change=share * trends.change)


def share_that_came(
    counts: Counts, ahead: float, foretell: Callable[[Counts, float], Trends] = skill_trends
) -> float:
    """Return the slope of what came on what was foretold at earlier origins, between 0 and 1.

    Parameters
    ----------
    foretell : callable
        Trends from the blocks up to an origin and the years ahead.

    Notes
    -----
    Foretold is the mean of the blocks after the origin less that of as many before it: no further ahead
    than `ahead`, nor than a third of the window. At most three origins of the latter half, none of whose
    blocks lie across a break. Squares are weighted by one over the variance of what is foretold and counted.
    """
    index, information, concentration = log_odds_index(counts)
    index = index - market_movement(index, information, counts.segment)
    total, explained, skills = 0.0, 0.0, 0
    length = np.diff(counts.times).min()
    for origin, steps in earlier_origins(counts, ahead):
        told = foretell(until(counts, origin), steps * length)
        around = slice(origin - steps, origin + steps)
        contrast = np.repeat([-1 / steps, 1 / steps], steps)
        seen, own = index[:, around], told.variances
        counted = own.shock * concentration + own.sampling / np.maximum(information, 1e-9)
        noise = counted[:, around] @ contrast**2
        known = np.isfinite(told.change) & np.isfinite(seen).all(axis=1)
        known &= (information[:, around] > 0).all(axis=1)
        weight = 1 / (told.spread[known] ** 2 + noise[known])
        came, foretold = seen[known] @ contrast, told.change[known]
        total += float((weight * foretold**2).sum())
        explained += float((weight * foretold * came).sum())
        skills += int(known.sum())
    if skills < _LEAST_SKILLS or total <= 0:
        return 1.0
    return float(np.clip(explained / total, 0.0, 1.0))


def earlier_origins(counts: Counts, ahead: float) -> list[tuple[int, int]]:
    """Return blocks known and blocks foretold of earlier origins, the latest first."""
    blocks = len(counts.times)
    steps = max(1, min(round(ahead / np.diff(counts.times).min()), blocks // 3))
    least = max(blocks // 2, _LEAST_BLOCKS, steps)
    found = [
        (origin, steps)
        for origin in range(blocks - steps, least - 1, -max(steps // 2, 1))
        if len(set(counts.segment[origin - steps : origin + steps].tolist())) == 1
    ]
    return found[:_ORIGINS]


def until(counts: Counts, block: int) -> Counts:
    """Return the first blocks alone."""
    return replace(
        counts,
        times=counts.times[:block],
        segment=counts.segment[:block],
        mentions=counts.mentions[:, :block],
        ads=counts.ads[:, :block],
        valid=counts.valid[:, :block],
    )
