"""A catalogue screened in each region of a release and over all of them, each course's euros once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.funding.catalogue import Courses
from forecasting.funding.courses import NEED, NICE, NOT_NEEDED, UNKNOWN, Needs, needs_of, score_courses
from forecasting.funding.programme_weights import needed
from forecasting.funding.screening import Screening, screening, sentences
from forecasting.parameters import Parameters

ALL: Final = "all regions"
"""Stands for a region's code where all are meant; no code has a space."""

ORDER: Final = (NEED, NICE, UNKNOWN, NOT_NEEDED)
"""Over all regions the first that any of them gives counts; unknown goes before not needed."""

_COUNTS: Final = ["courses", "mandatory", "hours_unknown", "unpriced", "doubled", "doubled_unpriced"]
_SHOWN: Final = [
    *("courses", "mandatory", "hours", "hours_unknown", "unpriced", "cents"),
    *("doubled", "doubled_unpriced", "cents_doubled"),
]


@dataclass(frozen=True)
class Screened:
    """A screened catalogue; money is whole cents a year and null where unknown, never 0.

    Parameters
    ----------
    courses : DataFrame
        One row per region and course, as `forecasting.funding.screening.Screening.courses`.
    over_all : DataFrame
        One row per course: ``need`` (the first of `ORDER` in any region), ``needed_in`` (regions where it
        is need to have), ``quadrant`` of the region that decides; ``title, hours, mandatory, cents, group,
        first``.
    summary : DataFrame
        By ``region`` (`ALL` last), ``need, quadrant``: ``courses, mandatory, hours, hours_unknown, unpriced,
        cents, doubled, doubled_unpriced, cents_doubled``. A catalogue is one: the regions judge the same
        euros.
    groups : DataFrame
        Near-duplicates by ``group``: ``courses, codes, titles, hours, unpriced, cents``, and
        ``cents_beyond_first``: those of all but the first course.
    duplicates : DataFrame
        Their pairs.
    skills : DataFrame
        As `forecasting.funding.screening.Screening.skills`, with ``label`` and ``lacking`` (persons at the
        lower quantile).
    gaps : DataFrame
        Of these, lacking and taught by no course; per region and `ALL` (sums of the regions' cautious
        figures, not a quantile of the sum), most lacking first.
    sentences : mapping of str to mapping of str to tuple of str
        By region and language.
    """

    courses: pd.DataFrame
    over_all: pd.DataFrame
    summary: pd.DataFrame
    groups: pd.DataFrame
    duplicates: pd.DataFrame
    skills: pd.DataFrame
    gaps: pd.DataFrame
    sentences: Mapping[str, Mapping[str, tuple[str, ...]]]


def screened(
    offered: Courses, tables: Mapping[str, pd.DataFrame], cents: "pd.Series[Any]", parameters: Parameters
) -> Screened:
    """Screen a catalogue in every region of a release.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Published ``weights, skill_weights, skill_gaps, skills``.
    cents : Series
        Public money a year in whole cents by course; null or absent where unknown.

    Raises
    ------
    InputError
        If an amount is negative or no whole number of cents, or names an unknown course.
    """
    told = tables["skill_weights"]
    found: dict[str, Screening] = {}
    for region in sorted(tables["weights"]["region"].astype(str).unique()):
        needs = _needs(offered, region, tables)
        scores = score_courses(offered, needs, parameters)
        found[region] = screening(scores, offered, needs, told, cents, parameters)
    one = next(iter(found.values()))
    courses = pd.concat([each.courses for each in found.values()], ignore_index=True)
    over_all = _over_all(courses)
    skills = _labelled(pd.concat([each.skills for each in found.values()], ignore_index=True), tables)
    any_region = skills.sort_values("finding", ascending=False).drop_duplicates("skill")
    said = {region: each.sentences for region, each in found.items()}
    said[ALL] = {name: sentences(over_all, any_region, name) for name in ("en", "nl")}
    return Screened(
        courses,
        over_all,
        _summary(pd.concat([courses, over_all.assign(region=ALL)], ignore_index=True), [*found, ALL]),
        _groups(over_all),
        one.duplicates,
        skills,
        _gaps(skills, [*found, ALL]),
        said,
    )


def _needs(offered: Courses, region: str, tables: Mapping[str, pd.DataFrame]) -> Needs:
    told = tables["skill_weights"]
    if region not in set(told["region"].astype(str)):
        return needed(offered, region, tables)
    return needs_of(offered, region, told, tables["weights"], tables["skill_gaps"])


def _over_all(courses: pd.DataFrame) -> pd.DataFrame:
    """Return each course once, judged as the region that needs it most judges it."""
    place = courses["need"].map({need: number for number, need in enumerate(ORDER)})
    first = courses.assign(place=place).sort_values(["course", "place", "region"], kind="stable")
    first = first.drop_duplicates("course").reset_index(drop=True)
    needed_in = courses[courses["need"] == NEED].groupby("course")["region"].agg(" ".join)
    names = ["course", "title", "hours", "mandatory", "need", "quadrant", "cents", "group", "first"]
    return first[names].assign(needed_in=first["course"].map(needed_in).fillna("").astype(str))


def _summary(rows: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return counts, hours and euros; a sum of nothing but unknowns is unknown."""
    doubled = ~rows["first"].astype(bool)
    frame = rows.assign(
        courses=1,
        mandatory=rows["mandatory"].astype(int),
        hours_unknown=rows["hours"].isna().astype(int),
        doubled=doubled.astype(int),
        unpriced=rows["cents"].isna().astype(int),
        doubled_unpriced=(doubled & rows["cents"].isna()).astype(int),
        cents_doubled=rows["cents"].where(doubled),
    )
    table = _sums(frame.groupby(["region", "need", "quadrant"])).reset_index()
    at = table["region"].map({region: number for number, region in enumerate(regions)})
    need = table["need"].map({name: number for number, name in enumerate(ORDER)})
    table = table.assign(at=at, by_need=need).sort_values(["at", "by_need", "quadrant"], ignore_index=True)
    return table[["region", "need", "quadrant", *_SHOWN]]


def _sums(rows: Any) -> pd.DataFrame:
    """Return the sums of groups of rows: of unknowns alone unknown, of no course 0."""
    table: pd.DataFrame = rows[_COUNTS].sum().join(rows[["hours", "cents", "cents_doubled"]].sum(min_count=1))
    known = table["doubled"] > table["doubled_unpriced"]
    doubled = table["cents_doubled"].where(known).mask(table["doubled"] == 0, 0)
    return table.assign(cents_doubled=doubled)[_SHOWN]


def totals(summary: pd.DataFrame, region: str, by: str) -> pd.DataFrame:
    """Return the figures of one region by ``need`` or ``quadrant``; every need has a row."""
    table = _sums(summary[summary["region"] == region].groupby(by))
    if by == "need":
        absent = [need for need in ORDER if need not in table.index]
        table = table.reindex(list(ORDER))
        table.loc[absent] = 0
        table = table.astype(dict.fromkeys(_COUNTS, np.int64))
    return table.rename_axis(by).reset_index()


def _groups(courses: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of near-duplicates, most euros beyond the first course first."""
    rows = courses[courses["group"] != ""].sort_values("course")
    names = ["group", "courses", "codes", "titles", "hours", "unpriced", "cents", "cents_beyond_first"]
    found = []
    for group, own in rows.groupby("group"):
        beyond = own.loc[~own["first"].astype(bool), "cents"]
        told = [len(own), " ".join(own["course"]), "; ".join(dict.fromkeys(own["title"]))]
        sums = [own["hours"].sum(min_count=1), int(own["cents"].isna().sum())]
        money = [own["cents"].sum(min_count=1), beyond.sum(min_count=1)]
        found.append([group, *told, *sums, *money])
    table = pd.DataFrame(found, columns=names)
    table = table.astype({"cents": "Int64", "cents_beyond_first": "Int64"})
    return table.sort_values(["cents_beyond_first", "group"], ascending=[False, True], ignore_index=True)


def _labelled(skills: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    labels = tables["skills"].set_index("code")
    names = labels["label_nl"].where(labels["label_nl"].fillna("") != "", labels["label_en"])
    lacking = tables["skill_weights"].set_index(["region", "skill"])["lacking_lower"].astype(float)
    keys = pd.MultiIndex.from_frame(skills[["region", "skill"]])
    found = skills.assign(
        label=skills["skill"].map(names).fillna("").astype(str), lacking=lacking.reindex(keys).to_numpy()
    )
    return found.sort_values(["region", "skill"], ignore_index=True)


def _gaps(skills: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return what is lacking and no course teaches, largest first."""
    rows = skills[(skills["courses"] == 0) & (skills["lacking"] > 0)]
    names = ["region", "skill", "label", "asked", "lacking", "lacking_share", "finding"]
    by = rows.groupby(["skill", "label"], as_index=False)
    whole = by.agg(asked=("asked", "sum"), lacking=("lacking", "sum"), finding=("finding", "max"))
    whole = whole.assign(region=ALL, lacking_share=whole["lacking"] / whole["asked"])
    table = pd.concat([rows[names], whole[names]], ignore_index=True) if len(rows) else rows[names]
    at = table["region"].map({region: number for number, region in enumerate(regions)})
    table = table.assign(at=at).sort_values(["at", "lacking", "skill"], ascending=[True, False, True])
    return table[names].reset_index(drop=True)
