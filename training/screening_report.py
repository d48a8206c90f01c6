"""The report of a screened catalogue: what is double, what has no course, what is needed, and its euros."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from forecasting.funding.applications import euros
from forecasting.funding.screened_regions import ALL, Screened, totals
from training.screening_picture import PICTURE

_MOST: Final = 25
"""Rows of a list that are shown; the files hold them all."""
_FEW: Final = 10
"""The same for each region."""
_MONEY: Final = ("cents", "cents_doubled", "cents_beyond_first")


def report(found: Screened, about: Mapping[str, Any]) -> str:
    """Return the report in Markdown.

    Parameters
    ----------
    about : mapping
        ``release, region, status, courses, public_euros, not_for_sole_use, parameters``.
    """
    rule = about["parameters"]["near_duplicate_rule"]["value"]
    quantile = about["parameters"]["weight_quantile"]["value"]
    regions = sorted(found.courses["region"].unique())
    parts = [
        f"# Courses screened against release {about['release']}",
        f"**{about['not_for_sole_use']['en']}** {about['not_for_sole_use']['nl']}",
        f"{about['region']}, {about['status']['label']}: {about['status']['sentence']}",
        f"Courses: {about['courses']}. Public euros a year: {about['public_euros']}. "
        "A dash is unknown, not 0.",
        f"## Over {'all ' if len(regions) > 1 else ''}{len(regions)} region{'s' * (len(regions) > 1)}",
        "A course counts once, as the region judges it that needs it most; unknown goes before not needed. "
        "Each region judges the whole catalogue, so its euros are the same.",
        *_judged(found, ALL),
        _mandatory(found.over_all),
        f"## Supply that doubles ({len(found.groups):,} groups)",
        f"Near-duplicates share at least {rule['skills']:.0%} of their skills, {rule['title']:.0%} of their "
        f"title and {rule['hours']:.0%} of their length; a course of unknown skills or hours is in no group. "
        "Two of a group may serve different places: it is a question to ask, not a saving.",
        _listed(found.groups, _MOST),
        "## Gaps without a course",
        f"Persons who lack the skill at P{100 * quantile:g} of the draws; no course here teaches it. Over "
        "regions these are sums of cautious figures. `no_course` marks a band that is needed.",
        _listed(_of(found.gaps, ALL), _MOST),
    ]
    if len(regions) > 1:
        for region in regions:
            gaps = _listed(_of(found.gaps, region), _FEW)
            parts += [f"## {region}", *_judged(found, region), "Gaps without a course:", gaps]
    parts += [
        f"`{PICTURE}` shows the needs by region; `courses.csv` has every course with its reasons, "
        "`over_all.csv` each once, `summary.csv` every sum, `groups.csv` and `duplicates.csv` what is "
        "double, `skills.csv` and `gaps.csv` every skill, `screening.json` what this rests on.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _judged(found: Screened, region: str) -> list[str]:
    """Return the sentences and the tables by need and by quadrant of one region."""
    said = found.sentences[region]
    told = [f"- {sentence}" for language in ("en", "nl") for sentence in said[language]]
    if found.over_all["cents"].isna().all():
        told = [f"- {said['en'][-1]}", f"- {said['nl'][-1]}"]  # the others are of euros
    quadrants = totals(found.summary, region, "quadrant")
    quadrants = quadrants.assign(quadrant=quadrants["quadrant"].replace("", "unknown"))
    return ["\n".join(told), markdown(totals(found.summary, region, "need")), markdown(quadrants)]


def _mandatory(courses: pd.DataFrame) -> str:
    own = courses[courses["mandatory"].astype(bool)]
    if own.empty:
        return "No course is marked as required by law."
    known = own["cents"].sum(min_count=1)
    names = ", ".join(f"{row.course} {_plain(row.title)}" for row in own.head(_MOST).itertuples())
    names += f" and {len(own) - _MOST:,} more" if len(own) > _MOST else ""
    money = "unknown euros" if pd.isna(known) else euros(int(known))
    unpriced = int(own["cents"].isna().sum())
    rest = f" ({unpriced:,} of unknown amount)" if unpriced and not pd.isna(known) else ""
    return (
        f"Required by law: {len(own):,} with {money}{rest}: {names}. The law, not the score, decides on aid "
        "for these."
    )


def _of(table: pd.DataFrame, region: str) -> pd.DataFrame:
    return table[table["region"] == region].drop(columns="region")


def _listed(table: pd.DataFrame, most: int) -> str:
    if table.empty:
        return "None."
    rest = f"\n\nAnd {len(table) - most:,} more." if len(table) > most else ""
    return markdown(table.head(most)) + rest


def markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown: cents as euros, unknown as a dash."""
    names = [name.replace("cents", "euros").replace("_", " ") for name in table.columns]
    rows = [[_cell(str(name), value) for name, value in row.items()] for row in table.to_dict("records")]
    head = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return "-"
    if name in _MONEY:
        return euros(int(value))
    if name.endswith("_share"):
        return f"{value:.1%}"
    return f"{value:,.0f}" if isinstance(value, float | int) else _plain(value)


def _plain(text: object) -> str:
    """Return text that breaks no table: a title may hold anything."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")
