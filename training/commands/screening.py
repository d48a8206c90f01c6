"""The command that screens a catalogue of courses with its public euros."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.options import Release
from training.terminal import console, told


def screen(
    out: Annotated[Path, typer.Option(help="New folder for the tables, the report and the picture.")],
    release: Release = None,
    courses: Annotated[
        Path | None, typer.Option(help="Courses, CSV or Parquet; by default those of the release.")
    ] = None,
    money: Annotated[
        str | None, typer.Option(help="Its column of public euros a year; by default public_euros.")
    ] = None,
) -> None:
    """Screen a catalogue with its public euros: what is double, what has no course, what is needed.

    Without public euros: price times enrolments where the file has them; otherwise euros are unknown.
    """
    with told():
        from forecasting.funding.words import NOT_FOR_SOLE_USE
        from training import api
        from training.screening import headline
        from training.screening import screen as screen_it

        name, snapshot = api.release(release)
        found = screen_it(name, snapshot, courses, money, out)
    regions = found.courses["region"].nunique()
    console.print(
        f"{out}: {len(found.over_all):,} courses in {regions:,} region{'s' * (regions > 1)}, "
        f"{len(found.groups):,} groups of near-duplicates.",
        highlight=False,
    )
    for sentence in headline(found):
        console.print(sentence, markup=False, highlight=False)
    if snapshot.manifest["status"]["label"] != "current":
        console.print(f"Note: {snapshot.manifest['status']['sentence']}", highlight=False)
    console.print(NOT_FOR_SOLE_USE["en"], highlight=False)
