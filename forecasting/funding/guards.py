"""Bounds on what one employer or agency can do to a skill count, and repeated ads that collapse into one.

Weights are bounded in time as well: by the step of `forecasting.funding.periods`, whatever the data say.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.series.panel import Array

SOURCE: Final = "source"
"""Column of the employer or agency behind ads; the canonical table ``skill_mentions`` need not have it."""

_AD: Final = ["period", "region", "occupation"]
NOT_APPLICABLE: Final = "not_applicable"


@dataclass(frozen=True)
class Bounded:
    """Skill counts in which no source weighs more than the bound.

    Parameters
    ----------
    mentions : DataFrame
        Canonical table ``skill_mentions``, without the source.
    influence : DataFrame
        By ``period, region, occupation``: ``sources``; ``largest`` source, its ``share`` of the ads
        before and ``share_bounded`` after; ``enough`` sources for the bound to hold at all.
    reason : str
        ``not_applicable`` where the table names no source: nothing was bounded then.
    """

    mentions: pd.DataFrame
    influence: pd.DataFrame
    reason: str


def bounded(mentions: pd.DataFrame, bound: float) -> Bounded:
    """Weigh down the sources that have more than their share of an occupation's ads.

    Parameters
    ----------
    mentions : DataFrame
        ``period, region, occupation, skill, ads, mentions``, and ``source`` where it is known: ``ads``
        are then the source's own.
    bound : float
        Largest share of the ads of one source: parameter ``source_bound``.

    Raises
    ------
    InputError
        If the bound is not a share above 0, or one source's ads of a period differ between its rows.

    Notes
    -----
    All ads of a source are scaled alike, so what it asks among its own stays. With its share at most b,
    nothing that it posts moves the share of ads asking a skill by more than b. Fewer than 1/b sources cannot
    all keep to the bound: each then counts the same, and the table says so.
    """
    if not 0 < bound <= 1:
        raise InputError(
            [Problem("parameter source_bound", f"{bound}", "a share above 0 and at most 1", "correct it")]
        )
    if SOURCE not in mentions:
        return Bounded(mentions, pd.DataFrame(columns=[*_AD, *_FIGURES]), NOT_APPLICABLE)
    ads = _ads(mentions)
    scale, rows = [], []
    for place, group in ads.groupby(_AD, sort=True):
        count = group["ads"].to_numpy(dtype=float)
        capped = np.minimum(count, level(count, bound))
        scale.append(
            pd.Series(np.divide(capped, count, out=np.ones_like(count), where=count > 0), group.index)
        )
        largest = int(np.argmax(count))
        rows.append(
            (
                *place,
                int((count > 0).sum()),
                str(group[SOURCE].iloc[largest]),
                _over(count.max(), count.sum()),
                _over(capped.max(), capped.sum()),
                bool((count > 0).sum() * bound >= 1),
            )
        )
    ads = ads.assign(scale=pd.concat(scale) if scale else 1.0)
    joined = mentions.merge(ads.drop(columns="ads"), on=[*_AD, SOURCE], how="left")
    joined["mentions"] = joined["mentions"] * joined["scale"]
    summed = joined.groupby([*_AD, "skill"], as_index=False)["mentions"].sum()
    whole = ads.assign(ads=ads["ads"] * ads["scale"]).groupby(_AD, as_index=False)["ads"].sum()
    table = summed.merge(whole, on=_AD)[[*_AD, "skill", "ads", "mentions"]]
    return Bounded(table, pd.DataFrame(rows, columns=[*_AD, *_FIGURES]), "")


_FIGURES: Final = ["sources", "largest", "share", "share_bounded", "enough"]


def _ads(mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the ads of each source, once."""
    by_source = mentions.groupby([*_AD, SOURCE])["ads"]
    torn = by_source.max() > by_source.min()
    if torn.any():
        where = ", ".join(map(str, torn.index[torn.to_numpy()][0]))
        given, expected = f"several numbers of ads for {where}", "the source's ads of the period in every row"
        raise InputError([Problem("skill_mentions", given, expected, "correct them", "ads")])
    return by_source.first().reset_index()


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def level(count: Array, bound: float) -> float:
    """Return the largest c with min(n, c) ≤ b·Σ min(n, c), b the bound; the smallest n if there is none.

    Parameters
    ----------
    count : ndarray of shape (sources,)

    Notes
    -----
    With the k largest at c and the rest as they are, c = b·(k·c + rest): c = b·rest / (1 − b·k). The first k
    for which c lies between its neighbours is it.

    Examples
    --------
    >>> level(np.array([80.0, 10.0, 10.0]), 0.5)
    20.0
    """
    ordered = np.sort(count[count > 0])[::-1]
    if not len(ordered) or ordered[0] <= bound * ordered.sum():
        return float(ordered[0]) if len(ordered) else 0.0
    for held in range(1, len(ordered)):
        if bound * held >= 1:
            break
        at = bound * ordered[held:].sum() / (1 - bound * held)
        if ordered[held] <= at <= ordered[held - 1]:
            return float(at)
    return float(ordered[-1])


def collapsed(ads: pd.DataFrame, same: tuple[str, ...]) -> tuple[pd.DataFrame, int]:
    """Count an ad once that is posted again, by several agencies or on several boards.

    Parameters
    ----------
    ads : DataFrame
        One row per ad.
    same : tuple of str
        Columns that make two ads one: period, region, occupation, text…

    Returns
    -------
    tuple
        The first of each, in order, and how many were dropped.

    Raises
    ------
    InputError
        If a column is missing.
    """
    missing: list[Any] = [name for name in same if name not in ads]
    if missing:
        given = f"no column {missing[0]!r}"
        raise InputError([Problem("ads", given, ", ".join(same), "add it, or compare by other columns")])
    kept = ads[~ads.duplicated(list(same))].reset_index(drop=True)
    return kept, len(ads) - len(kept)
