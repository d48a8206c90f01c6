"""Green and digital skills as views over the skill gaps, the emerging skills and the courses."""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.cells import KEY
from forecasting.emerging import EMERGING, FADING
from forecasting.parameters import Parameters
from forecasting.training_response import catalogue, in_time
from forecasting.vocabulary import TOTAL

COLLECTIONS: Final = ("green", "digital")
"""Columns of the table ``skills``: collections of ESCO, or of the region's own classification."""

_CELL: Final = list(KEY)
_SUMS: Final = ("asked", "asked_in", "unfilled_all", "unfilled_in", "taught_in", "emerging", "fading")


def collections_table(
    skill_gaps: pd.DataFrame,
    skills: pd.DataFrame,
    emerging: pd.DataFrame,
    courses: pd.DataFrame,
    parameters: Parameters,
) -> pd.DataFrame:
    """Return the published table ``collections``: one row per collection and cell, and per region as a whole.

    Parameters
    ----------
    skill_gaps, emerging : DataFrame
        Published tables ``skill_gaps`` and ``emerging_skills``.
    skills, courses : DataFrame
        Canonical tables.

    Notes
    -----
    Sums over skills: of importance times the chance to be asked, and of persons lacking. One person who lacks
    two skills counts twice, so only shares of the sum are shown beside it. A region sums the occupations of
    which every skill's gap is known; emerging skills are counted once.
    """
    named = skills.set_index("code")
    way = emerging.set_index("skill")["direction"] if len(emerging) else pd.Series(dtype=object)
    known = tuple(sorted(skill_gaps["skill"].unique()))
    offered = catalogue(courses, known)
    taught = {
        (int(years), skill): bool(yes)
        for years in skill_gaps["horizon"].unique()
        for skill, yes in zip(
            known, offered.taught(in_time(offered, int(years), parameters["training_pace"])), strict=True
        )
    }
    rows = skill_gaps.assign(
        asked=skill_gaps["asked"] * skill_gaps["importance"],
        unfilled_all=skill_gaps["unfilled"],
        way=skill_gaps["skill"].map(way),
        taught=[taught[int(h), s] for h, s in zip(skill_gaps["horizon"], skill_gaps["skill"], strict=True)],
    )
    found = []
    for collection in COLLECTIONS:
        inside = rows["skill"].map(named[collection]).eq(True).to_numpy()  # unknown is not inside
        part = rows.assign(
            asked_in=rows["asked"].where(inside, 0.0),
            unfilled_in=rows["unfilled"].where(inside, 0.0),
            taught_in=rows["unfilled"].where(inside & rows["taught"], 0.0),
            emerging=(inside & rows["way"].eq(EMERGING)).astype(float),
            fading=(inside & rows["way"].eq(FADING)).astype(float),
        )
        found.append(_shares(part, courses.empty).assign(collection=collection))
    return pd.concat(found, ignore_index=True)


def _shares(rows: pd.DataFrame, no_courses: bool) -> pd.DataFrame:
    """Return sums and shares per cell and per region."""
    cells = rows.groupby(_CELL, sort=False)[list(_SUMS)].sum(min_count=1)
    unknown = rows["unfilled"].isna().groupby([rows[name] for name in _CELL], sort=False).any()
    cells["reason"] = rows.groupby(_CELL, sort=False)["reason"].max()
    gaps = ["unfilled_all", "unfilled_in", "taught_in"]
    cells.loc[unknown, gaps] = np.nan
    cells = cells.reset_index()
    keys = ["region", "scenario", "horizon"]
    whole = cells[cells["reason"].eq("")].groupby(keys)[list(_SUMS)].sum(min_count=1).reset_index()
    for name in (EMERGING, FADING):
        once = rows[rows[name] > 0].drop_duplicates([*keys, "skill"]).groupby(keys)[name].sum()
        at = pd.MultiIndex.from_frame(whole[keys])
        whole[name] = once.reindex(at).fillna(0.0).to_numpy(dtype=float)
    parts = [whole.assign(occupation=TOTAL, reason=""), cells]
    every = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    told = every["unfilled_all"] > 0
    shares = every.assign(
        asked_share=every["asked_in"] / every["asked"].where(every["asked"] > 0),
        unfilled=every["unfilled_in"],
        unfilled_share=(every["unfilled_in"] / every["unfilled_all"]).where(told),
        taught=(every["taught_in"] / every["unfilled_in"]).where(every["unfilled_in"] > 0),
    )
    if no_courses:
        shares["taught"] = np.nan
    return shares[[*_CELL, "asked_share", "unfilled", "unfilled_share", "taught", EMERGING, FADING, "reason"]]
