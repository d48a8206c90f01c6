"""Part `occupations`: employment by occupation and what replaces leavers, held to two countries' records."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.benchmarks import occupation_leavers, occupation_survey, occupation_vintages
from tests.benchmarks.data import shared_folder
from tests.benchmarks.report import Verdict, verdict_lines

NEEDS: Final = ("bc_lmo", "bls", "crosswalks", "eurostat", "jrc", "esco")
"""Folders of real data without which this part cannot run."""

_SECTIONS: Final[tuple[Callable[[Path], tuple[list[str], list[Verdict]]], ...]] = (
    occupation_survey.report,
    occupation_vintages.report,
    occupation_leavers.report,
)


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # of Job-SDF
    found = [section(shared) for section in _SECTIONS]
    lines = [line for section, _ in found for line in section]
    return [*lines, *verdict_lines([verdict for _, verdicts in found for verdict in verdicts])]


def run() -> str:
    """Return the section as one text, from the folder of real data."""
    return "\n".join(report(shared_folder(), None))
