"""What the README prints is what is built, and every command it names exists."""

import re
import subprocess
import sys

import pandas as pd

from tests.conftest import ROOT
from training.funding_example_report import across, readme_table

README = (ROOT / "README.md").read_text(encoding="utf-8")
GOLDEN = ROOT / "tests" / "golden" / "flanders_ranking.csv"


def readme_rows(top: int = 10) -> list[str]:
    """Return the rows of the README's table, from the golden ranking."""
    persons = ("openings", "new_jobs", "replacement_25_54", "replacement_55_plus", "entrants", "jobseekers")
    rows = []
    for row in pd.read_csv(GOLDEN, dtype={"occupation": str}).head(top).to_dict("records"):
        scores = [f"{row[name]:.0%}".replace("%", " %") for name in ("score_p10", "score_p50", "score_p90")]
        figures = [*scores, *(f"{row[name]:,.0f}" for name in persons), f"{100 * row['vacancy_rate']:.1f} %"]
        rows.append(f"| {row['rank']} | {row['occupation']} {row['label']} | " + " | ".join(figures) + " |")
    return rows


def test_the_table_is_the_golden_one() -> None:
    assert "\n".join(readme_rows()) in README


def test_every_command_exists_and_explains_itself() -> None:
    named = set(re.findall(r"python -m training ([a-z]+)", README))
    shown = subprocess.run(
        [sys.executable, "-m", "training", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {"ingest", "check", "build", "promote", "allocate", "report", "sources"} <= named
    for command in named:
        assert re.search(rf"\b{command}\b", shown), command


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z-]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_file_linked_is_there() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_worked_example_is_the_golden_one() -> None:
    folder = ROOT / "tests" / "golden"
    one = pd.read_csv(folder / "funding_example.csv")
    regions = across(pd.read_csv(folder / "funding_example_regions.csv"))
    lines = readme_table(one[one["asked"] == "applications"], regions[regions["asked"] == "applications"])
    assert "\n".join(lines) in README
