"""What openings ask, and what each source of supply holds, as matrices occupations × skills."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.periods import year_of
from forecasting.series.panel import Array
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS, TOTAL

MENTION_YEARS: Final = 3
"""Latest years of ads that are averaged: the naive forecast of a skill's share, robust to one bad crop."""


@dataclass(frozen=True)
class Profiles:
    """Skills asked and held.

    Parameters
    ----------
    skills : tuple of str
        Codes, sorted.
    asked : ndarray of shape (occupations, skills)
        Probability p that an opening asks the skill.
    importance : ndarray of shape (occupations, skills)
        Weight w of the skill in the lack.
    held : dict of str to ndarray of shape (occupations, skills)
        Probability h by source of supply; NaN where nothing says it.
    described : ndarray of bool, shape (occupations,)
        Whether any source says what the occupation asks.
    """

    skills: tuple[str, ...]
    asked: Array
    importance: Array
    held: dict[str, Array]
    described: NDArray[np.bool_]

    def shortfall(self, source: str) -> Array:
        """Return max(p − h, 0), shape (occupations, skills); NaN where unknown, 0 where nothing is asked."""
        return np.where(self.asked > 0, np.maximum(self.asked - self.held[source], 0), 0.0)

    def lack(self, source: str) -> Array:
        """Return l = Σ w·max(p − h, 0) / Σ w·p, shape (occupations,).

        DESIGN.md section 2 (the gap score): 0 where nothing is asked, NaN where what is asked or held is
        unknown.
        Importance belongs to the concept: one that is listed as two skills must split its importance over
        them to stay neutral.
        """
        mass = (self.importance * self.asked).sum(axis=1)
        missing = (self.importance * self.shortfall(source)).sum(axis=1)
        lacking = np.divide(missing, mass, out=np.zeros_like(mass), where=mass > 0)
        return np.where(self.described, lacking, np.nan)


def profiles(
    occupations: tuple[str, ...],
    occupation_skills: pd.DataFrame,
    skill_mentions: pd.DataFrame,
    jobseeker_skills: pd.DataFrame,
    base_year: int,
    importance: dict[str, float],
) -> Profiles:
    """Lay out the skill profiles of a region.

    Parameters
    ----------
    occupation_skills, skill_mentions, jobseeker_skills : DataFrame
        Canonical tables, perhaps empty.
    importance : dict of str to float
        By relation; a skill that ads ask but the classification does not list counts as optional.

    Notes
    -----
    Where an occupation has ads, they say what is asked and that entrants hold it: they were educated for the
    profile of the base year, which stays over the horizon in this version. Without ads the classification
    says what is asked, and nothing says what entrants hold. A job seeker's skill that is asked but not in
    ``jobseeker_skills`` is unknown, not absent.
    """
    skills = tuple(sorted({*occupation_skills["skill"], *skill_mentions["skill"]}))
    listed = _matrix(occupation_skills, "weight", occupations, skills)
    relation = _matrix(
        occupation_skills.assign(weight=occupation_skills["relation"].map(importance)),
        "weight",
        occupations,
        skills,
    )
    ads = _matrix(_mention_shares(skill_mentions, base_year), "share", occupations, skills)
    has_ads = np.isfinite(ads).any(axis=1, keepdims=True)
    asked = np.where(has_ads, np.nan_to_num(ads), np.nan_to_num(listed))
    seekers = _matrix(jobseeker_skills, "share", occupations, skills)
    weight = np.where(np.isfinite(relation), relation, importance["optional"])
    held = {ENTRANTS: np.where(has_ads, asked, np.nan), JOBSEEKERS: seekers}
    described = np.asarray((np.isfinite(ads) | np.isfinite(listed)).any(axis=1))
    return Profiles(skills, asked, weight, held, described)


def _mention_shares(mentions: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Return the share of ads that ask each skill over the latest years of each occupation.

    All ads of those years count, also in periods when none of them asked the skill. Ads of all regions
    together are taken where they are given, else those of the regions are added.
    """
    rows = mentions.assign(year=year_of(mentions["period"]), everywhere=mentions["region"].eq(TOTAL))
    rows = rows[rows["year"] <= base_year]
    rows = rows[rows["everywhere"] | ~rows.groupby("occupation")["everywhere"].transform("any").astype(bool)]
    rows = rows[rows["year"] > rows.groupby("occupation")["year"].transform("max") - MENTION_YEARS]
    ads = rows.groupby(["occupation", "period", "region"])["ads"].max().groupby("occupation").sum()
    asked = rows.groupby(["occupation", "skill"])["mentions"].sum()
    share = asked / ads.reindex(asked.index.get_level_values("occupation")).to_numpy()
    return share[np.isfinite(share)].rename("share").reset_index()


def _matrix(table: pd.DataFrame, value: str, occupations: tuple[str, ...], skills: tuple[str, ...]) -> Array:
    """Spread a tidy table to occupations × skills, NaN where it has no row."""
    matrix = np.full((len(occupations), len(skills)), np.nan)
    row = pd.Index(occupations).get_indexer(pd.Index(table["occupation"]))
    column = pd.Index(skills).get_indexer(pd.Index(table["skill"]))
    inside = (row >= 0) & (column >= 0)
    matrix[row[inside], column[inside]] = table[value].to_numpy(dtype=float)[inside]
    return matrix
