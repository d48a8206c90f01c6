"""Green and digital skills as views over skill gaps, emerging skills, courses and transitions."""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.cells import KEY
from forecasting.emerging import EMERGING, FADING
from forecasting.parameters import Parameters
from forecasting.training_response import catalogue, in_time
from forecasting.vocabulary import COLLECTIONS, TOTAL

_CELL: Final = list(KEY)
_SHARED: Final = ("asked", "now", "unfilled", "missing", "hidden")
_COLUMNS: Final = {
    "asked_share": "asked",
    "asked_now_share": "now",
    "unfilled_share": "unfilled",
    "missing_share": "missing",
}
"""Published share by the sum that it is of."""

_GAPS: Final = ("unfilled_all", "unfilled_in", "missing_all", "missing_in", "taught_in")
"""Sums that are unknown where too much of what is asked is."""

_HIDDEN: Final = ("hidden_all", "hidden_in")
_SUMS: Final = ("asked_all", "asked_in", "now_all", "now_in", *_GAPS, "emerging", "fading")


def collections_table(
    skill_gaps: pd.DataFrame,
    skills: pd.DataFrame,
    emerging: pd.DataFrame,
    courses: pd.DataFrame,
    parameters: Parameters,
    transitions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the published table ``collections``: one row per collection and cell, and per region as a whole.

    Parameters
    ----------
    skill_gaps, emerging : DataFrame
        Published tables ``skill_gaps`` and ``emerging_skills``.
    skills, courses : DataFrame
        Canonical tables.
    transitions : DataFrame, optional
        Published table; without it nothing is known of destinations.

    Notes
    -----
    Sums over skills: of importance times the chance to be asked, and of persons lacking. One person who lacks
    two skills counts twice, so only shares of the sum are shown beside it. As in the lack of the score, known
    skills speak for a cell where no more of the asked mass than parameter ``tolerated_unknown`` is unknown,
    of all skills and of the collection's; a region sums these cells. Emerging skills are counted once.
    Destinations are those that the transitions list from an occupation; of a region, from all of them.
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
        asked_all=skill_gaps["asked"] * skill_gaps["importance"],
        now_all=skill_gaps["asked_now"] * skill_gaps["importance"],
        missing_all=skill_gaps["unfilled"] * skill_gaps["importance"],
        hidden_all=(skill_gaps["asked"] * skill_gaps["importance"]).where(skill_gaps["unfilled"].isna(), 0.0),
        unfilled_all=skill_gaps["unfilled"],
        way=skill_gaps["skill"].map(way),
        taught=[taught[int(h), s] for h, s in zip(skill_gaps["horizon"], skill_gaps["skill"], strict=True)],
    )
    found = []
    for collection in COLLECTIONS:
        inside = rows["skill"].map(named[collection]).eq(True).to_numpy()  # unknown is not inside
        part = rows.assign(
            **{f"{name}_in": rows[f"{name}_all"].where(inside, 0.0) for name in _SHARED},
            taught_in=rows["unfilled"].where(inside & rows["taught"], 0.0),
            emerging=(inside & rows["way"].eq(EMERGING)).astype(float),
            fading=(inside & rows["way"].eq(FADING)).astype(float),
        )
        shares = _shares(part, parameters["tolerated_unknown"]).assign(collection=collection)
        if courses.empty:
            shares["taught"] = np.nan
        found.append(shares.join(_destinations(transitions, collection), on=_CELL))
    return pd.concat(found, ignore_index=True)


def _destinations(transitions: pd.DataFrame | None, collection: str) -> pd.DataFrame:
    """Return the mean share of a collection in what the listed destinations ask, and in what is missing."""
    named = {f"{collection}_{part}": f"destinations_{part}" for part in ("asked", "missing")}
    if transitions is None:
        return pd.DataFrame({name: [] for name in (*_CELL, *named.values())}).set_index(_CELL)
    parts = pd.concat([transitions, transitions.assign(occupation=TOTAL)], ignore_index=True)
    return parts.groupby(_CELL)[list(named)].mean().rename(columns=named)


def _shares(rows: pd.DataFrame, tolerated: float) -> pd.DataFrame:
    """Return sums and shares per cell and per region."""
    cells = rows.groupby(_CELL, sort=False)[[*_SUMS, *_HIDDEN]].sum(min_count=1)
    told = [cells[f"hidden_{part}"] <= tolerated * cells[f"asked_{part}"] for part in ("all", "in")]
    known = told[0] & told[1]
    cells["reason"] = rows.groupby(_CELL, sort=False)["reason"].max().mask(known, "")
    cells.loc[~known, list(_GAPS)] = np.nan
    cells = cells.reset_index()
    keys = ["region", "scenario", "horizon"]
    whole = cells[cells["reason"].eq("")].groupby(keys)[list(_SUMS)].sum(min_count=1).reset_index()
    for name in (EMERGING, FADING):
        once = rows[rows[name] > 0].drop_duplicates([*keys, "skill"]).groupby(keys)[name].sum()
        at = pd.MultiIndex.from_frame(whole[keys])
        whole[name] = once.reindex(at).fillna(0.0).to_numpy(dtype=float)
    parts = [whole.assign(occupation=TOTAL, reason=""), cells]
    every = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    shares = every.assign(
        **{column: _share(every, name) for column, name in _COLUMNS.items()},
        unfilled=every["unfilled_in"],
        taught=(every["taught_in"] / every["unfilled_in"]).where(every["unfilled_in"] > 0),
    )
    return shares[[*_CELL, *_COLUMNS, "unfilled", "taught", EMERGING, FADING, "reason"]]


def _share(sums: pd.DataFrame, name: str) -> "pd.Series[float]":
    """Return the part of a sum that is in the collection; NaN where the sum is 0 or unknown."""
    whole = sums[f"{name}_all"]
    return sums[f"{name}_in"] / whole.where(whole > 0)
