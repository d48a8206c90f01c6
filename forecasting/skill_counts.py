"""Ads that ask skills, laid out by block of time, and the log-odds index of each skill within occupations.

The index holds each ad beside what its occupation usually asks, so that a change of the mix of occupations
does not move it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, special

from forecasting.series.panel import Array
from forecasting.vocabulary import TOTAL

Positions = NDArray[np.int64]

_SWEEPS: Final = 25
"""Of the fit: the index then moves by less than a thousandth."""
_LEAST_SPREAD: Final = 0.5
_PRIOR: Final = 1.0
"""Information, in ads times p(1 − p), that holds an index near zero where a block has hardly any mention."""
_LARGEST_STEP: Final = 1.0
_LARGEST_LOGIT: Final = 9.0
_BREAK: Final = "b"
_MOST: Final = 0.5
"""Share of a period's rows from which on a mark of a break is the source's, not one occupation's."""


@dataclass(frozen=True)
class Counts:
    """Ads that ask a skill, by occupation and block of time.

    Parameters
    ----------
    occupations, skills : tuple of str
        Codes.
    times : ndarray of shape (blocks,)
        Years, rising.
    segment : ndarray of int, shape (blocks,)
        Blocks of one number are comparable; a step from one number to another is no change of any skill.
    occupation, skill : ndarray of int, shape (pairs,)
        Positions of the pairs that any ad mentions.
    mentions : ndarray of shape (pairs, blocks)
        Ads that ask the skill.
    ads : ndarray of shape (occupations, blocks)
        Ads of the occupation.
    valid : ndarray of bool, shape (skills, blocks)
        False where the skill's code did not exist or meant something else.
    """

    occupations: tuple[str, ...]
    skills: tuple[str, ...]
    times: Array
    segment: Positions
    occupation: Positions
    skill: Positions
    mentions: Array
    ads: Array
    valid: NDArray[np.bool_]

    @property
    def known(self) -> tuple[Array, Array]:
        """Return mentions and ads of the pairs, zero where the skill is not valid; shape (pairs, blocks)."""
        valid = self.valid[self.skill]
        ads = self.ads[self.occupation] * valid
        return np.minimum(self.mentions * valid, ads), ads

    def by_skill(self, values: Array) -> Array:
        """Return sums over the pairs of each skill, shape (skills, blocks)."""
        ones = np.ones(len(self.skill))
        places = (self.skill, np.arange(len(self.skill)))
        return np.asarray(sparse.csr_array((ones, places), shape=(len(self.skills), len(ones))) @ values)


def mention_counts(
    mentions: pd.DataFrame,
    concordance: pd.DataFrame,
    vacancies: pd.DataFrame,
    base_year: int,
    years: int,
    yearly_from: int,
) -> Counts:
    """Lay out the ads of the latest years by year, or by quarter where few years are known.

    Parameters
    ----------
    mentions, concordance, vacancies : DataFrame
        Canonical tables ``skill_mentions, concordance, occupation_vacancies``; perhaps empty.
    years : int
        Length of the window that ends with the base year.
    yearly_from : int
        Years of ads from which on blocks are years: a year has every season, and employers and schools decide
        by the year. Fewer years go by quarters, unless a period is a year itself.

    Notes
    -----
    Kept out of every trend: a period in which a source breaks (mark ``b`` on most of the rows of
    ``occupation_vacancies``) begins a new segment, and a year in whose midst it falls is left out; a skill's
    code counts from the first day of its last revision (``concordance``), and one first seen after the first
    year counts from then on: nobody can tell an empty past from a code that did not exist.
    """
    rows = _latest(mentions, base_year, years)
    fine = bool(len(rows)) and bool(rows["period"].str.len().gt(4).all())
    quarterly = fine and rows["period"].str.slice(0, 4).nunique() < yearly_from
    length = 0.25 if quarterly else 1.0
    breaks = _breaks(vacancies)
    rows["time"] = np.floor(_start(rows["period"]) / length + 1e-9) * length
    inside = [
        time
        for time in sorted(rows["time"].unique())
        if not any(time < each < time + length - 1e-9 for each in breaks)
    ]
    rows = rows[rows["time"].isin(inside)]
    times = np.array(inside, dtype=float)
    segment = np.searchsorted(np.array(breaks), times + 1e-9).astype(np.int64)
    occupations, skills = (tuple(sorted(rows[name].unique())) for name in ("occupation", "skill"))
    each = rows.groupby(["occupation", "time", "period", "region"])["ads"].max()
    ads = each.groupby(["occupation", "time"]).sum().unstack("time", fill_value=0)
    asked = rows.groupby(["occupation", "skill", "time"])["mentions"].sum().unstack("time", fill_value=0)
    pairs = asked.index.to_frame(index=False)
    return Counts(
        occupations,
        skills,
        times,
        np.unique(segment, return_inverse=True)[1].astype(np.int64),
        pd.Index(occupations).get_indexer(pd.Index(pairs["occupation"])).astype(np.int64),
        pd.Index(skills).get_indexer(pd.Index(pairs["skill"])).astype(np.int64),
        asked.to_numpy(dtype=float),
        ads.to_numpy(dtype=float),
        _valid(rows, concordance, skills, times),
    )


def _latest(mentions: pd.DataFrame, base_year: int, years: int) -> pd.DataFrame:
    """Return the rows of the window: ads of all regions where an occupation has them, else those of each."""
    rows = mentions.assign(period=mentions["period"].astype(str))
    year = rows["period"].str.slice(0, 4).astype(int)
    rows = rows[(year <= base_year) & (year > base_year - years)]
    everywhere = rows["region"].eq(TOTAL)
    told = everywhere.groupby(rows["occupation"]).transform("any").astype(bool)
    return rows[everywhere | ~told].copy()


def _start(periods: pd.Series) -> Array:
    """Return the start of each period in years: 2025-Q2 and 2025-04 are 2025.25.

    Examples
    --------
    >>> _start(pd.Series(["2025", "2025-Q2", "2025-04-01"])).tolist()
    [2025.0, 2025.25, 2025.25]
    """
    text = periods.astype(str)
    quarter = text.str.extract(r"-Q(\d)")[0].astype(float)
    month = text.str.extract(r"-(\d\d)")[0].astype(float)
    part = ((quarter - 1) / 4).fillna((month - 1) / 12).fillna(0.0)
    return np.asarray(text.str.slice(0, 4).astype(float) + part)


def _breaks(vacancies: pd.DataFrame) -> list[float]:
    """Return when sources of ads break."""
    if vacancies.empty:
        return []
    marked = vacancies["flag"].fillna("").astype(str).str.contains(_BREAK)
    share = marked.astype(float).groupby(vacancies["period"].astype(str)).mean()
    often = share.to_numpy(dtype=float) >= _MOST
    return sorted(set(_start(pd.Series(share.index[often])).tolist()))


def _valid(
    rows: pd.DataFrame, concordance: pd.DataFrame, skills: tuple[str, ...], times: Array
) -> NDArray[np.bool_]:
    """Return when each skill's code meant what it means today."""
    revised = concordance[concordance["classification"] == "skills"]
    since = pd.Series(_start(revised["valid_from"]), index=revised["new_code"].to_numpy(), dtype=float)
    since = since.groupby(level=0).max().reindex(list(skills)).fillna(-np.inf)
    first = rows[rows["mentions"] > 0].groupby("skill")["time"].min().reindex(list(skills)).fillna(np.inf)
    late = first.where(first >= times[0] + 1, -np.inf) if len(times) else first
    begins = np.maximum(since.to_numpy(dtype=float), late.to_numpy(dtype=float))
    return np.asarray(times[None, :] >= begins[:, None] - 1e-9)


def log_odds_index(counts: Counts) -> tuple[Array, Array, Array]:
    """Return the index, its information and its concentration, each of shape (skills, blocks).

    Notes
    -----
    Fit of logit P(occupation j asks skill k in block t) = a_jk + l_kt, by turns for a and for l. Information
    is Σ_j n p (1 − p): one over the variance of l_kt if ads were independent. They are not: ads of one
    occupation and block share employers, wording and copies. A deviation of variance 1 of each occupation
    moves the index by a variance that is the concentration, Σ_j i_j² / (Σ_j i_j)².
    """
    mentions, ads = counts.known
    asked, all_ads = mentions.sum(axis=1), ads.sum(axis=1)
    start = special.logit((asked + 0.5) / (np.maximum(all_ads, asked) + 1))
    logit = np.clip(start, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    index = np.zeros(counts.valid.shape)
    observed = counts.by_skill(mentions)
    spread = np.zeros_like(ads)
    for _ in range(_SWEEPS):
        expected, spread = _expected(logit, index[counts.skill], ads)
        move = (observed - counts.by_skill(expected) - _PRIOR * index) / (counts.by_skill(spread) + _PRIOR)
        index = index + np.clip(move, -_LARGEST_STEP, _LARGEST_STEP)
        expected, spread = _expected(logit, index[counts.skill], ads)
        move = (asked - expected.sum(axis=1)) / np.maximum(spread.sum(axis=1), _LEAST_SPREAD)
        logit = np.clip(logit + np.clip(move, -_LARGEST_STEP, _LARGEST_STEP), -_LARGEST_LOGIT, _LARGEST_LOGIT)
    information = counts.by_skill(spread)
    squares = counts.by_skill(spread**2)
    concentration = np.divide(squares, information**2, out=np.ones_like(squares), where=information > 1e-9)
    return np.where(counts.valid, index, np.nan), information, concentration


def _expected(logit: Array, index: Array, ads: Array) -> tuple[Array, Array]:
    chance = special.expit(logit[:, None] + index)
    return ads * chance, ads * chance * (1 - chance)


def market_movement(index: Array, information: Array, segment: Positions) -> Array:
    """Return the common movement of all skills, shape (blocks,): the median step, added up; 0 at first.

    Ads that get longer, or a source that reads them better, lift every skill: no skill emerges by it.
    Skills with less than the median information have no say; a step across segments is left out.
    """
    heard = np.nansum(information, axis=1)
    steps = np.diff(index[heard >= np.median(heard)] if len(heard) else index, axis=1)
    usual = pd.DataFrame(steps).median().fillna(0.0).to_numpy(dtype=float)
    usual[np.diff(segment) != 0] = 0.0
    return np.concatenate([[0.0], np.cumsum(usual)])
