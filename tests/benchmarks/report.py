"""What every part of the benchmarks writes: Markdown tables, verdicts, a section of its own."""

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from tests.conftest import ROOT

TITLE: Final = "# Benchmarks"
INTRODUCTION: Final = "Written by `make bench`; each section names the commit it was measured at."


@dataclass(frozen=True)
class Verdict:
    """One bar of the issue: what is asked, what was measured, whether it is met."""

    where: str
    bar: str
    figure: str
    met: bool


def markdown(table: pd.DataFrame) -> list[str]:
    """Return a table of text as Markdown, first column left, the others right, and an empty line."""
    names = [str(name) for name in table.columns]
    rows = [" | ".join(str(cell) for cell in row) for row in table.itertuples(index=False)]
    marks = "|".join(["---", *("---:" for _ in names[1:])])
    return [f"| {' | '.join(names)} |", f"|{marks}|", *(f"| {row} |" for row in rows), ""]


def verdict_lines(verdicts: Iterable[Verdict]) -> list[str]:
    """Return the bars as a table; those that are missed are loud."""
    rows = [(v.where, v.bar, v.figure, "met" if v.met else "**NOT MET**") for v in verdicts]
    return ["**Verdict**", "", *markdown(pd.DataFrame(rows, columns=["where", "bar", "figure", "verdict"]))]


def commit() -> str:
    """Return the commit in words, and whether the files were those of it.

    BENCHMARKS.md does not count: the parts before have just written it.
    """
    found = _git("rev-parse", "--short", "HEAD")
    if not found:
        return "commit unknown"
    dirty = _git("status", "--porcelain", "--", ".", ":!BENCHMARKS.md")
    return f"commit {found}, " + ("**with uncommitted changes**" if dirty else "nothing uncommitted")


def _git(*words: str) -> str:
    command = ["git", "--no-optional-locks", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def replace_section(path: Path, heading: str, lines: Sequence[str], order: Sequence[str]) -> None:
    """Write one section of the file anew and leave the others as they are.

    Parameters
    ----------
    heading : str
        Without the two hash signs.
    order : sequence of str
        Every heading, in the order of the file; sections under other headings are dropped.
    """
    sections = read_sections(path, order[0])
    sections[heading] = "\n".join(lines).strip()
    parts = [f"## {name}\n\n{sections[name]}\n" for name in order if name in sections]
    path.write_text("\n".join([f"{TITLE}\n\n{INTRODUCTION}\n", *parts]), encoding="utf-8")


def read_sections(path: Path, oldest: str) -> dict[str, str]:
    """Return the text under each heading; a file from before there were sections is one, the oldest."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, *pieces = re.split(r"^## ", text, flags=re.MULTILINE)
    if not pieces:
        body = before.removeprefix(TITLE).strip()
        return {oldest: body} if body else {}
    split = [piece.partition("\n") for piece in pieces]
    return {heading.strip(): body.strip() for heading, _, body in split}
