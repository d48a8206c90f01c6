"""A catalogue of courses screened against a release, written as tables, report and picture."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.funding.screened_regions import ALL, Screened, screened, totals
from forecasting.funding.words import NOT_FOR_SOLE_USE
from forecasting.snapshot import Snapshot
from training.allocation import aside_of
from training.allocation_inputs import parameters_of
from training.screening_inputs import of_file, of_release
from training.screening_picture import PICTURE, picture
from training.screening_report import report

REPORT: Final = "report.md"
ABOUT: Final = "screening.json"
_NEEDED: Final = ("weights", "skill_weights", "skill_gaps", "skills", "occupations", "courses")
_RULES: Final = ("weight_quantile", "course_rule", "near_duplicate_rule")


def screen(name: str, snapshot: Snapshot, courses: Path | None, money: str | None, out: Path) -> Screened:
    """Screen a catalogue and write what was found, whole or not at all.

    Parameters
    ----------
    name : str
        Id of the release.
    courses : Path or None
        File of courses; None takes those of the release.
    money : str or None
        Column of the public euros in that file.
    out : Path
        New folder.

    Raises
    ------
    InputError
        With every problem of the file, or where the folder exists.
    ForecastingError
        If the release was made before weights of skills were, or lists no courses.
    """
    missing = [table for table in _NEEDED if table not in snapshot.tables]
    if missing:
        raise ForecastingError(
            f"release {name}: no table {missing[0]}; expected weights of skills. "
            "Do: build and promote a release with this version of the method."
        )
    if courses is None and money is not None:
        raise ForecastingError(
            f"--money {money!r} without --courses; expected a file that has the column. Do: give --courses."
        )
    tables = snapshot.tables
    offer = of_release(tables) if courses is None else of_file(courses, money, tables)
    with aside_of(out) as aside:
        found = screened(offer.courses, tables, offer.cents, parameters_of(dict(snapshot.manifest)))
        for file, table in files_of(found).items():
            table.to_csv(aside / file, index=False)
        about = _about(name, snapshot, courses, offer.source)
        (aside / REPORT).write_text(report(found, about), encoding="utf-8")
        (aside / PICTURE).write_text(picture(found.summary, name), encoding="utf-8")
        text = json.dumps(about, indent=1, ensure_ascii=False, sort_keys=True)
        (aside / ABOUT).write_text(text + "\n", encoding="utf-8")
    return found


def files_of(found: Screened) -> dict[str, pd.DataFrame]:
    """Return the tables by their files."""
    return {
        "courses.csv": found.courses,
        "over_all.csv": found.over_all,
        "summary.csv": found.summary,
        "groups.csv": found.groups,
        "duplicates.csv": found.duplicates,
        "skills.csv": found.skills,
        "gaps.csv": found.gaps,
    }


def headline(found: Screened) -> list[str]:
    """Return what a user reads first, over all regions."""
    if found.over_all["cents"].isna().all():
        by = totals(found.summary, ALL, "need").set_index("need")["courses"]
        counted = ", ".join(f"{count:,} {str(need).replace('_', ' ')}" for need, count in by.items())
        return [f"{len(found.over_all):,} courses, public euros unknown: {counted}."]
    return list(found.sentences[ALL]["en"])


def _about(name: str, snapshot: Snapshot, courses: Path | None, source: str) -> dict[str, Any]:
    manifest = snapshot.manifest
    return {
        "release": name,
        "region": manifest["region"]["name"],
        "status": manifest["status"],
        "courses": "those of the release" if courses is None else courses.name,
        "courses_sha256": None if courses is None else hashlib.sha256(courses.read_bytes()).hexdigest(),
        "public_euros": source,
        "parameters": {rule: manifest["parameters"][rule] for rule in _RULES},
        "not_for_sole_use": NOT_FOR_SOLE_USE,
    }
