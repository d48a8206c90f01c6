"""What ads asked, year by year: pairs of occupation and skill, free of changes in the list of skills.

Three things look like a trend and are none. A code that retired: its mentions go to its successors (table
``concordance``). A skill that joined the list: before that it was unknown, not unasked. A source that
changed: half of all skills move in one year (METHOD.md sections 4, 10.3).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.parameters import Parameters
from forecasting.periods import year_of
from forecasting.series.panel import Array
from forecasting.vocabulary import TOTAL

Codes = NDArray[np.intp]

_SKILLS: Final = "skills"
_SURE: Final = 5.0
"""Mentions in both years from which a pair helps to find a change of source."""
_USUAL: Final = 3.0
"""Times the median change of the other years that a change of source must exceed."""


@dataclass(frozen=True)
class Ads:
    """Mentions by period.

    Parameters
    ----------
    index : DataFrame
        Columns ``occupation, skill, group``, one row a pair; the group is the occupation's parent.
    occupation, skill, group : ndarray of int, shape (pairs,)
        Number of the occupation among `occupations`, of the skill, and of the pair of group and skill.
    occupations : tuple of str
        Those with ads, sorted.
    periods : tuple of str
        Ascending.
    ads : ndarray of shape (occupations, periods)
    mentions : ndarray of shape (pairs, periods)
    """

    index: pd.DataFrame
    occupation: Codes
    skill: Codes
    group: Codes
    occupations: tuple[str, ...]
    periods: tuple[str, ...]
    ads: Array
    mentions: Array

    @property
    def years(self) -> NDArray[np.int64]:
        """Return the year of each period."""
        return np.asarray(year_of(pd.Series(self.periods, dtype=str)), dtype=np.int64)


@dataclass(frozen=True)
class Counts:
    """Mentions by year, as they were known in the last one.

    Parameters
    ----------
    years : tuple of int
        All from the first to the last.
    ads, mentions : ndarray of shape (pairs, years)
        Ads that could have asked the skill, and those that did; none before it was listed.
    shift : ndarray of shape (years,)
        Log points that bring a year to the source of the last one.
    skill, group : ndarray of int, shape (pairs,)
    """

    years: tuple[int, ...]
    ads: Array
    mentions: Array
    shift: Array
    skill: Codes
    group: Codes


def successors(concordance: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Return retired skills and what became of them by the base year.

    Returns
    -------
    DataFrame
        ``old_code, new_code, valid_from`` and ``renamed``: one code became one other, whose past it is.
    """
    rows = concordance[concordance["classification"] == _SKILLS]
    rows = rows[year_of(rows["valid_from"]) <= base_year]
    one = ~rows["old_code"].duplicated(keep=False) & ~rows["new_code"].duplicated(keep=False)
    return rows.assign(renamed=one)[["old_code", "new_code", "valid_from", "renamed"]].astype(
        {"old_code": str, "new_code": str, "valid_from": str}
    )


def under_new_codes(table: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """Return a table with retired skills under the codes of their successors; the others as they are.

    Parameters
    ----------
    table : DataFrame
        With a column ``skill``.
    moves : DataFrame
        As `successors` returns it.
    """
    table = table.assign(skill=table["skill"].astype(object))  # an empty table has no codes to tell its type
    found = table.merge(moves[["old_code", "new_code"]], left_on="skill", right_on="old_code", how="left")
    skill = found["new_code"].where(found["new_code"].notna(), found["skill"]).astype(str)
    return found.assign(skill=skill).drop(columns=["old_code", "new_code"])


def lay_out_ads(
    mentions: pd.DataFrame,
    occupations: pd.DataFrame,
    concordance: pd.DataFrame,
    base_year: int,
    parameters: Parameters,
) -> Ads:
    """Lay out the canonical table ``skill_mentions`` up to the base year.

    Ads of all regions together are taken where an occupation has them, else those of its regions are added.
    An occupation with few ads is also given the skills that its group asks. A skill that split off or took
    others in is compared with itself from then on only; a renamed one keeps its past.
    """
    rows = mentions[(year_of(mentions["period"]) <= base_year) & (mentions["ads"] > 0)]
    everywhere = rows["region"].eq(TOTAL)
    rows = rows[everywhere | ~rows["occupation"].isin(rows.loc[everywhere, "occupation"].unique())]
    periods, occupations_with = _sorted(rows["period"]), _sorted(rows["occupation"])
    figures = _ads_by_period(rows, periods, occupations_with)
    pairs = _pairs(rows, successors(concordance, base_year))
    parent = dict(zip(occupations["code"].astype(str), occupations["parent"].astype(str), strict=True))
    lean = occupations_with[figures.sum(axis=1) < parameters["few_ads"]]
    index = _with_borrowed(pairs[["occupation", "skill"]].drop_duplicates(), lean, parent)
    found = np.zeros((len(index), len(periods)))
    at = pd.MultiIndex.from_frame(index[["occupation", "skill"]]).get_indexer(
        pd.MultiIndex.from_frame(pairs[["occupation", "skill"]])
    )
    np.add.at(
        found, (at, periods.get_indexer(pd.Index(pairs["period"]))), pairs["mentions"].to_numpy(dtype=float)
    )
    row = occupations_with.get_indexer(pd.Index(index["occupation"])).astype(np.intp)
    return Ads(
        index,
        row,
        _numbers(index, ["skill"]),
        _numbers(index, ["group", "skill"]),
        tuple(occupations_with),
        tuple(periods),
        figures,
        np.minimum(found, figures[row]),
    )


def _sorted(column: pd.Series) -> "pd.Index[str]":
    return pd.Index(sorted(column.astype(str).unique()), dtype=object)


def _ads_by_period(rows: pd.DataFrame, periods: "pd.Index[str]", occupations: "pd.Index[str]") -> Array:
    """Return ads by occupation and period: each row repeats those of its occupation, period and region."""
    once = rows.sort_values("ads").drop_duplicates(["occupation", "period", "region"], keep="last")
    ads = np.zeros((len(occupations), len(periods)))
    at = occupations.get_indexer(pd.Index(once["occupation"])), periods.get_indexer(pd.Index(once["period"]))
    np.add.at(ads, at, once["ads"].to_numpy(dtype=float))
    return ads


def _pairs(rows: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with mentions under today's codes, as far as they compare with today's."""
    joined = moves[~moves["renamed"]]
    rows = rows.loc[rows["mentions"] > 0, ["period", "occupation", "skill", "mentions"]].astype(
        {"period": str, "occupation": str, "skill": str}
    )
    rows = under_new_codes(rows[~rows["skill"].isin(joined["old_code"])], moves[moves["renamed"]])
    month = {period: _month(period) for period in rows["period"].unique()}
    since = joined.groupby("new_code")["valid_from"].max()
    start = rows["skill"].map(since).fillna("").astype(str).str.slice(0, 7)
    return rows[rows["period"].map(month) >= start]


def _month(period: str) -> str:
    """Return the first month of a period, as 2025-04."""
    year, _, rest = period.partition("-")
    first = int(rest[1:]) * 3 - 2 if rest.startswith("Q") else int(rest or 1)
    return f"{year}-{first:02d}"


def _with_borrowed(pairs: pd.DataFrame, lean: "pd.Index[str]", parent: dict[str, str]) -> pd.DataFrame:
    """Return all pairs with their group: those asked, and those that the group of a lean occupation asked."""
    of_group = pairs.assign(group=pairs["occupation"].map(parent).astype(object))
    of_group = of_group[["group", "skill"]].drop_duplicates()
    groups = [parent.get(code, "") for code in lean]
    lent = pd.DataFrame({"occupation": lean, "group": groups}, dtype=object).merge(of_group, on="group")
    every = pd.concat([pairs, lent[["occupation", "skill"]]]).drop_duplicates()
    every = every.sort_values(["occupation", "skill"], ignore_index=True)
    return every.assign(group=every["occupation"].map(parent).fillna("").astype(str))


def _numbers(index: pd.DataFrame, columns: list[str]) -> Codes:
    return index.groupby(columns, sort=True).ngroup().to_numpy().astype(np.intp)


def yearly(ads: Ads, last_year: int, parameters: Parameters) -> Counts:
    """Return what was known at the end of a year: nothing after it is looked at.

    Raises
    ------
    ValueError
        If no period lies in that year or before it.
    """
    seen = ads.years <= last_year
    if not seen.any():
        raise ValueError(f"no ads up to {last_year}; expected a year from {ads.years.min()} on")
    years = ads.years[seen]
    mentions, given = ads.mentions[:, seen], ads.ads[:, seen]
    listed = _listed_from(ads, mentions, given, years, parameters["taxonomy_birth"])
    able = np.where(np.arange(seen.sum()) >= listed[ads.skill][:, None], given[ads.occupation], 0.0)
    span = np.arange(years[0], last_year + 1)
    belongs = (years[:, None] == span).astype(float)
    counted = Counts(
        tuple(int(year) for year in span),
        able @ belongs,
        mentions @ belongs,
        np.zeros(len(span)),
        ads.skill,
        ads.group,
    )
    shift = source_shift(counted, parameters["source_break"])
    return Counts(counted.years, counted.ads, counted.mentions, shift, ads.skill, ads.group)


def _listed_from(
    ads: Ads, mentions: Array, given: Array, years: NDArray[np.int64], expected: float
) -> NDArray[np.intp]:
    """Return the first period in which each skill could be asked, shape (skills,).

    The first period of all, unless the rate of the year after its first mention says that earlier ads would
    have asked it as well.
    """
    skills = int(ads.skill.max(initial=-1)) + 1
    totals = np.zeros((skills, mentions.shape[1]))
    np.add.at(totals, ads.skill, mentions)
    first = np.where(totals.any(axis=1), (totals > 0).argmax(axis=1), 0)
    a_year = max(round(mentions.shape[1] / len(np.unique(years))), 1)
    sums = np.pad(np.cumsum(np.stack([mentions, given[ads.occupation]]), axis=2), ((0, 0), (0, 0), (1, 0)))
    begin = first[ads.skill]
    end = np.minimum(begin + a_year, mentions.shape[1])
    pair = np.arange(len(mentions))
    asked, held = sums[:, pair, end] - sums[:, pair, begin]
    rate = np.divide(asked, held, out=np.zeros_like(asked), where=held > 0)
    missed = np.bincount(ads.skill, rate * sums[1, pair, begin], minlength=skills)
    return np.asarray(np.where(missed >= expected, first, 0), dtype=np.intp)


def source_shift(counts: Counts, least: float) -> Array:
    """Return the log points that bring each year to the source of the last one, shape (years,).

    The median skill's change from year to year, weighted by its mentions, where it is far from usual: a
    change common to all skills says nothing of any of them.
    """
    asked, left = counts.mentions, counts.ads - counts.mentions
    odds = np.log((asked + 0.5) / (left + 0.5))
    change = np.zeros(len(counts.years))
    for year in range(1, len(counts.years)):
        sure = (np.minimum(asked[:, year - 1], asked[:, year]) >= _SURE) & (
            np.minimum(left[:, year - 1], left[:, year]) >= _SURE
        )
        if sure.any():
            weight = np.sqrt(asked[sure, year] * asked[sure, year - 1])
            change[year] = weighted_median(odds[sure, year] - odds[sure, year - 1], weight)
    shift = np.zeros(len(counts.years))
    for year in range(1, len(counts.years)):
        others = np.abs(np.delete(change[1:], year - 1))
        usual = float(np.median(others)) if len(others) else 0.0
        if abs(change[year]) >= max(least, _USUAL * usual):
            shift[:year] += change[year]
    return shift


def weighted_median(values: Array, weight: Array) -> float:
    """Return the value below which half of the weight lies.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0]))
    2.0
    """
    order = np.argsort(values)
    reached = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def spread_pairs(values: Array, ads: Ads, occupations: tuple[str, ...], skills: tuple[str, ...]) -> Any:
    """Return the pairs' values as a matrix occupations × skills, 0 where there is no pair."""
    matrix = np.zeros((len(occupations), len(skills)))
    row = pd.Index(occupations).get_indexer(pd.Index(ads.index["occupation"]))
    column = pd.Index(skills).get_indexer(pd.Index(ads.index["skill"]))
    inside = (row >= 0) & (column >= 0)
    matrix[row[inside], column[inside]] = values[inside]
    return matrix
