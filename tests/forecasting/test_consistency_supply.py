"""Mistakes in the tables of supply: each is refused with its file, its lines and what to do."""

import re
import shutil
from pathlib import Path

import pytest

from forecasting.region import problems_of
from tests.conftest import TINY

OTHER = "year,region,occupation,source,persons\n2025,TY,22,migrants,5\n"
PEOPLE = "year,region,age_band,persons\n2025,TY,15-24,500\n"

MISTAKES = [
    (
        "other_supply",
        OTHER + "2025,TY,22,tourists,5\n",
        r"other_supply\.csv, column source, line 3: found 'tourists'; expected one of re_entrants, migrants, "
        r"commuters\. Do: use these names",
    ),
    (
        "other_supply",
        OTHER + "2025,TY,2,commuters,5\n",
        r"other_supply\.csv, column occupation, line 3: found '2', an occupation that has no employment "
        r"of its own; expected the occupations of employment\. Do: split it over them, or give one row TOTAL",
    ),
    (
        "other_supply",
        OTHER.replace(",5\n", ",-5\n"),
        r"other_supply\.csv, column persons, line 2: found -5",
    ),
    (
        "jobseekers",
        "period,region,occupation,persons,short_term\n2024,TY,22,10,\n2025,TY,22,10,12\n",
        r"jobseekers\.csv, column short_term, line 3: found 12 short-term among 10 job seekers; expected",
    ),
    (
        "population",
        PEOPLE + "2025,TY,young,500\n",
        r"population\.csv, column age_band, line 3: found 'young'; expected ages as 15-19, 65\+ or all",
    ),
]


@pytest.mark.parametrize(("table", "text", "message"), MISTAKES)
def test_a_mistake_is_refused(tmp_path: Path, table: str, text: str, message: str) -> None:
    folder = shutil.copytree(TINY, tmp_path / "region")
    (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    found = [str(problem) for problem in problems_of(folder)]
    assert len(found) == 1, found
    assert re.search(message, found[0]), found[0]


def test_sound_tables_are_taken(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "region")
    total = "2025,TY,TOTAL,re_entrants,9\n"
    (folder / "other_supply.csv").write_text(OTHER + total, encoding="utf-8")
    (folder / "population.csv").write_text(PEOPLE + "2025,TY,65+,9\n2025,TY,,509\n", encoding="utf-8")
    assert not problems_of(folder)
