"""A bound on what one employer or agency can do to the counts of skills that ads ask, and so to a weight.

Weights are bounded in time as well: by the step of `forecasting.funding.periods`, whatever the data say.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.panel import Array

TABLE: Final = "skill_mentions"
SOURCE: Final = "source"
"""Column of the employer or agency behind ads; empty where it is not known."""

_AD: Final = ["period", "region", "occupation"]
NOT_APPLICABLE: Final = "not_applicable"
_SHOWN: Final = 10


@dataclass(frozen=True)
class Bounded:
    """Skill counts in which no source weighs more than the bound.

    Parameters
    ----------
    mentions : DataFrame
        Canonical table ``skill_mentions``, sources added up.
    influence : DataFrame
        By ``period, region, occupation``: ``sources``; ``share`` of the ads that the largest has before and
        ``share_bounded`` after; ``enough`` sources for the bound to hold at all. No source is named.
    reason : str
        ``not_applicable`` where the table names no source: nothing was bounded then.
    """

    mentions: pd.DataFrame
    influence: pd.DataFrame
    reason: str


def bounded_region(region: Region, parameters: Parameters) -> tuple[Region, Bounded]:
    """Return a region whose ads no source dominates: the one entrance of skill counts into a build."""
    found = bounded(region.table(TABLE), float(parameters["source_bound"]))
    if found.reason:
        return region, found
    return replace(region, tables={**region.tables, TABLE: found.mentions}), found


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
    nothing that it posts moves the share of ads asking a skill by more than b. Ads of no known source count
    as they are. Fewer than 1/b sources without such ads cannot all keep to the bound: each then counts the
    same, and the table says so.
    """
    if not 0 < bound <= 1:
        raise InputError(
            [Problem("parameter source_bound", f"{bound}", "a share above 0 and at most 1", "correct it")]
        )
    if SOURCE not in mentions or not mentions[SOURCE].fillna("").ne("").any():
        return Bounded(mentions, pd.DataFrame(columns=[*_AD, *_FIGURES]), NOT_APPLICABLE)
    mentions = mentions.assign(**{SOURCE: mentions[SOURCE].fillna("").astype(str)})
    ads = _ads(mentions)
    scale, rows = np.ones(len(ads)), list[tuple[Any, ...]]()
    places: dict[Any, Any] = dict(ads.groupby(_AD, sort=True).indices)
    for place, at in places.items():
        named = ads[SOURCE].to_numpy()[at] != ""
        count, rest = ads["ads"].to_numpy(dtype=float)[at], 0.0
        rest = float(count[~named].sum())
        capped = np.where(named, np.minimum(count, level(count[named], bound, rest)), count)
        scale[at] = np.divide(capped, count, out=np.ones_like(count), where=count > 0)
        largest = [_over(each[named].max(initial=0.0), each.sum()) for each in (count, capped)]
        rows.append((*place, int((count[named] > 0).sum()), *largest, largest[1] <= bound * (1 + 1e-9)))
    ads["scale"] = scale
    joined = mentions.merge(ads.drop(columns="ads"), on=[*_AD, SOURCE], how="left")
    joined["mentions"] = joined["mentions"] * joined["scale"]
    summed = joined.groupby([*_AD, "skill"], as_index=False)["mentions"].sum()
    whole = ads.assign(ads=ads["ads"] * ads["scale"]).groupby(_AD, as_index=False)["ads"].sum()
    table = summed.merge(whole, on=_AD)[[*_AD, "skill", "ads", "mentions"]]
    return Bounded(table, pd.DataFrame(rows, columns=[*_AD, *_FIGURES]), "")


_FIGURES: Final = ["sources", "share", "share_bounded", "enough"]


def influence_told(found: Bounded, bound: float) -> dict[str, Any]:
    """Return what a manifest says of the sources behind ads; none of them is named."""
    moved = found.influence[found.influence["share_bounded"] < found.influence["share"] - 1e-12]
    most = moved.sort_values(["share", *_AD], ascending=[False, True, True, True]).head(_SHOWN)
    return {
        "bound": bound,
        "reason": found.reason,
        "counts": len(found.influence),
        "weighed_down": len(moved),
        "too_few_sources": int((~found.influence["enough"].astype(bool)).sum()),
        "largest": [
            {name: value if isinstance(value, str) else round(float(value), 6) for name, value in row.items()}
            for row in most[[*_AD, "share", "share_bounded"]].to_dict("records")
        ],
    }


def influence_sentence(told: dict[str, Any]) -> str:
    """Return the same in a plain sentence."""
    if told["reason"]:
        return "The ads name no employer or agency, so nothing bounds what one of them does to skill counts."
    few = f"; in {told['too_few_sources']:,} fewer advertise, and each counts the same"
    return (
        f"No employer or agency has more than {told['bound']:.0%} of an occupation's ads of a period: in "
        f"{told['weighed_down']:,} of {told['counts']:,} counts one was weighed down"
        f"{few if told['too_few_sources'] else ''}."
    )


def _ads(mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the ads of each source, once."""
    by_source = mentions.groupby([*_AD, SOURCE])["ads"]
    most = by_source.max()
    torn = (most > by_source.min()).to_numpy() & (most.index.get_level_values(SOURCE) != "")
    if torn.any():
        where = ", ".join(map(str, most.index[torn][0][:3]))
        given, expected = f"several numbers of ads for {where}", "the source's ads of the period in every row"
        raise InputError([Problem(TABLE, given, expected, "correct them", "ads")])
    return most.reset_index()


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def level(count: Array, bound: float, rest: float = 0.0) -> float:
    """Return the largest c with min(n, c) ≤ b·(Σ min(n, c) + rest); the smallest n if there is none.

    Parameters
    ----------
    count : ndarray of shape (sources,)
    bound : float
        b.
    rest : float
        Ads of no known source.

    Notes
    -----
    With the k largest at c and the others as they are, c = b·(k·c + others + rest), so that
    c = b·(others + rest) / (1 − b·k). The first k for which c lies between its neighbours is it.

    Examples
    --------
    >>> level(np.array([80.0, 10.0, 10.0]), 0.5)
    20.0
    """
    ordered = np.sort(count[count > 0])[::-1]
    if not len(ordered) or ordered[0] <= bound * (ordered.sum() + rest):
        return float(ordered[0]) if len(ordered) else 0.0
    for held in range(1, len(ordered) + 1):
        if bound * held >= 1:
            break
        at = bound * (ordered[held:].sum() + rest) / (1 - bound * held)
        following = ordered[held] if held < len(ordered) else 0.0
        if at > 0 and following <= at <= ordered[held - 1]:
            return float(at)
    return float(ordered[-1])
