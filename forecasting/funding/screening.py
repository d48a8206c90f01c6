"""A catalogue held to a region's needs, with its public euros: what is double, what has no course."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.funding.catalogue import Courses
from forecasting.funding.courses import Needs
from forecasting.funding.near_duplicates import groups, near_duplicates
from forecasting.funding.reasons import number, percent
from forecasting.funding.weights import WeightRule, bands, nullable
from forecasting.parameters import Parameters

_ORDER: Final = ["need", "quadrant"]


@dataclass(frozen=True)
class Screening:
    """A screened catalogue of one region; cents are whole and each table sums to the same total.

    Parameters
    ----------
    courses : DataFrame
        As `forecasting.funding.courses.score_courses`, with ``cents`` (null where unknown), ``group`` of
        near-duplicates (empty where it has none) and ``first``: whether it is the first of its group.
    summary : DataFrame
        By ``need`` and ``quadrant``: ``courses, mandatory, doubled`` (near-duplicates beyond the first of
        their group), ``unpriced`` (courses of unknown public money), ``cents, cents_doubled``.
    duplicates : DataFrame
        Pairs, as `forecasting.funding.near_duplicates.near_duplicates`.
    skills : DataFrame
        By skill that openings ask: ``asked, lacking_share, band``; ``courses`` that teach it; ``cents`` of
        these, each course's shared equally over its skills; ``share_of_money, share_of_gap``; ``finding``:
        no_course, surplus_funded or empty.
    sentences : mapping of str to tuple of str
        By language.
    """

    courses: pd.DataFrame
    summary: pd.DataFrame
    duplicates: pd.DataFrame
    skills: pd.DataFrame
    sentences: Mapping[str, tuple[str, ...]]


def screening(
    scores: pd.DataFrame,
    offered: Courses,
    needs: Needs,
    skill_weights: pd.DataFrame,
    cents: "pd.Series[Any]",
    parameters: Parameters,
) -> Screening:
    """Screen a scored catalogue.

    Parameters
    ----------
    scores : DataFrame
        Of these courses in this region.
    cents : Series
        Public money a year in whole cents by course; null or absent where unknown.

    Raises
    ------
    InputError
        If an amount is negative or no whole number of cents, or names an unknown course.
    """
    paid = _whole(cents, offered)
    pairs = near_duplicates(offered, parameters["near_duplicate_rule"])
    group = groups(offered, pairs).set_index("course")["group"]
    frame = scores.assign(
        cents=pd.array(paid, dtype="Int64"), group=scores["course"].map(group).fillna("").astype(str)
    )
    frame["first"] = frame["group"].eq("") | frame["group"].eq(frame["course"])
    rule = WeightRule.of(parameters, "skill")
    skills = _by_skill(offered, needs, skill_weights, frame["cents"], rule, parameters["course_rule"])
    summary = _summary(frame)
    said = {name: sentences(frame, skills, name) for name in ("en", "nl")}
    return Screening(frame, summary, pairs, skills, said)


def _whole(cents: "pd.Series[Any]", offered: Courses) -> Any:
    given = cents.dropna()
    problems = []
    foreign = sorted(set(given.index.astype(str)) - set(offered.codes))
    if foreign:
        problems.append(
            Problem("public money", repr(foreign[0]), "a course of the catalogue", "correct the code")
        )
    bad = [f"{code}: {value}" for code, value in given.items() if isinstance(value, float) or int(value) < 0]
    if bad:
        expected = "whole cents of at least 0, as integers"
        problems.append(Problem("public money", bad[0], expected, "give euros times 100, rounded"))
    if problems:
        raise InputError(problems)
    by_code = {str(code): int(value) for code, value in given.items()}
    return [by_code.get(code) for code in offered.codes]


def _summary(frame: pd.DataFrame) -> pd.DataFrame:
    doubled = ~frame["first"]
    rows = frame.assign(
        courses=1,
        mandatory=frame["mandatory"].astype(int),
        doubled=doubled.astype(int),
        unpriced=frame["cents"].isna().astype(int),
        cents_doubled=frame["cents"].where(doubled, 0),
    )
    figures = ["courses", "mandatory", "doubled", "unpriced", "cents", "cents_doubled"]
    return rows.groupby(_ORDER, as_index=False)[figures].sum().sort_values(_ORDER, ignore_index=True)


def _by_skill(
    offered: Courses,
    needs: Needs,
    skill_weights: pd.DataFrame,
    cents: "pd.Series[Any]",
    rule: WeightRule,
    own: Mapping[str, float],
) -> pd.DataFrame:
    """Return what each skill that openings ask lacks, and the courses and euros that teach it."""
    asked = needs.asked > 0
    share = np.where(asked, needs.share, np.nan)
    teaching = np.asarray(offered.teaches.sum(axis=0)).ravel().astype(np.int64)
    paid = _spread_cents(offered, cents)
    band = bands(share, rule.edges)
    known = skill_weights[skill_weights["region"] == needs.region].set_index("skill")
    known = known.reindex(list(offered.skills))
    gap = np.nan_to_num((known["importance"] * known["lacking_lower"]).to_numpy(dtype=float))
    finding = np.select(
        [(band >= own["need_to_have"]) & (teaching == 0), needs.surplus & (paid > 0)],
        ["no_course", "surplus_funded"],
        "",
    )
    frame = pd.DataFrame(
        {
            "region": needs.region,
            "skill": offered.skills,
            "asked": needs.asked,
            "lacking_share": share,
            "band": nullable(band, band >= 0),
            "courses": teaching,
            "cents": paid,
            "share_of_money": paid / paid.sum() if paid.sum() else np.nan,
            "share_of_gap": gap / gap.sum() if gap.sum() else np.nan,
            "finding": finding,
        }
    )
    return frame[asked | (paid > 0)].reset_index(drop=True)


def _spread_cents(offered: Courses, cents: "pd.Series[Any]") -> Any:
    """Return cents per skill: a course's are shared equally, the odd ones go to its first skills."""
    paid = np.zeros(len(offered.skills), dtype=np.int64)
    starts, at = offered.teaches.indptr, offered.teaches.indices
    for course, amount in enumerate(cents):
        mine = np.sort(at[starts[course] : starts[course + 1]])
        if pd.isna(amount) or not len(mine):
            continue
        each, odd = divmod(int(amount), len(mine))
        paid[mine] += each
        paid[mine[:odd]] += 1
    return paid


_SAYS: Final[dict[str, tuple[str, ...]]] = {
    "en": (
        "{courses} courses with EUR {euros} of public money a year; of {unpriced} it is unknown.",
        "EUR {needed} ({share}) goes to {need} courses that are need to have, EUR {unneeded} to {useless} "
        "that are not needed; {unknown}, with EUR {unjudged}, cannot be judged.",
        "{doubled} courses nearly double another, with EUR {twice}.",
        "{missing} skills are lacking in a band that is needed and no course teaches them.",
    ),
    "nl": (
        "{courses} opleidingen met {euros} euro publiek geld per jaar; van {unpriced} is het onbekend.",
        "{needed} euro ({share}) gaat naar {need} opleidingen die nodig zijn (need to have), {unneeded} "
        "euro naar {useless} die niet nodig zijn; {unknown}, met {unjudged} euro, zijn niet te beoordelen.",
        "{doubled} opleidingen zijn bijna dezelfde als een andere, met {twice} euro.",
        "{missing} competenties ontbreken in een band die nodig is en geen opleiding leert ze.",
    ),
}


def sentences(frame: pd.DataFrame, skills: pd.DataFrame, language: str) -> tuple[str, ...]:
    """Return what the screening found, each number in it from its tables.

    Parameters
    ----------
    frame : DataFrame
        One row a course: ``cents, need, first``.
    skills : DataFrame
        One row a skill: ``finding``.
    language : str
        ``en`` or ``nl``.
    """
    money = frame["cents"].fillna(0)

    def unknown(rows: Any) -> str:
        """Return the word where none of some courses' money is known: that is not 0."""
        none = len(frame["cents"][rows]) > 0 and bool(frame["cents"][rows].isna().all())
        return {"en": "unknown", "nl": "onbekend"}[language] if none else ""

    def euros(rows: Any) -> str:
        return unknown(rows) or number(float(money[rows].sum()) / 100, language, 2)

    everything = float(money.sum())
    needed = frame["need"].eq("need_to_have")
    told = {
        "courses": number(len(frame), language),
        "euros": euros(slice(None)),
        "unpriced": number(int(frame["cents"].isna().sum()), language),
        "needed": euros(needed),
        "share": unknown(needed)
        or percent(float(money[needed].sum()) / everything if everything else 0.0, language),
        "need": number(int(needed.sum()), language),
        "unneeded": euros(frame["need"].eq("not_needed")),
        "useless": number(int(frame["need"].eq("not_needed").sum()), language),
        "unknown": number(int(frame["need"].eq("unknown").sum()), language),
        "unjudged": euros(frame["need"].eq("unknown")),
        "doubled": number(int((~frame["first"]).sum()), language),
        "twice": euros(~frame["first"]),
        "missing": number(int(skills["finding"].eq("no_course").sum()), language),
    }
    return tuple(sentence.format(**told) for sentence in _SAYS[language])
