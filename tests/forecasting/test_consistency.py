"""Regions whose tables disagree: each mistake would stop the method, or lose persons in silence."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.region import problems_of
from tests.conftest import TINY

Break = Callable[[Path], object]
AGES = "2025,TY,TOTAL,"


def changed(table: str, *pairs: tuple[str, str]) -> Break:
    """Replace every occurrence of texts in a table of the region."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        text = path.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    return change


def more(table: str, *records: str) -> Break:
    return lambda folder: (
        (folder / f"{table}.csv").open("a", encoding="utf-8").write("\n".join(records) + "\n")
    )


def written(table: str, *records: str) -> Break:
    return lambda folder: (folder / f"{table}.csv").write_text("\n".join(records) + "\n", encoding="utf-8")


def all_of(*changes: Break) -> Break:
    return lambda folder: [change(folder) for change in changes]


SPLIT = all_of(
    more("sectors", "X1,X,2,Handel,Trade", "X2,X,2,Vervoer,Transport"),
    changed("staffing", ("X,25,0.5\nX,52,0.5\n", "X1,25,0.6\nX1,52,0.4\nX2,25,0.4\nX2,52,0.6\n")),
)
OCCUPATIONS = (
    "year,region,occupation,age_band,persons",
    *(f"{year},TY,{code},all,{persons}" for year in range(2018, 2026) for code, persons in
      (("22", 8000), ("25", 3000), ("52", 5000))),
)  # fmt: skip
BY_OCCUPATION = all_of(
    lambda folder: (folder / "staffing.csv").unlink(),
    written("occupation_employment", *OCCUPATIONS),
)

MISTAKES: list[tuple[str, Break, str]] = [
    (
        "ages in words",
        changed("sector_employment", ("65+", "65 and older")),
        r"sector_employment\.csv, column age_band, lines 31, 37: found '65 and older'; "
        r"expected a band as 25-34 or 65\+, or all\. Do: rewrite",
    ),
    ("ages upside down", changed("sector_employment", ("15-24", "24-15")), r"lines 26, 32: found '24-15'"),
    (
        "ages in words by occupation",
        all_of(BY_OCCUPATION, more("occupation_employment", "2025,TY,22,young,1")),
        r"occupation_employment\.csv, column age_band, line 26: found 'young'",
    ),
    (
        "no open band",
        changed("sector_employment", (",65+,", ",65-74,")),
        r"column age_band, lines 26, .*: found no open last band among the bands 15-24, .*65-74 of TY; "
        r"expected bands that follow each other, equally wide, the last open",
    ),
    (
        "open band amid",
        changed("sector_employment", (",55-64,", ",55+,")),
        r"found an open band before the last among the bands 15-24, 25-34, 35-44, 45-54, 55\+, 65\+",
    ),
    ("a gap in the ages", changed("sector_employment", (",25-34,", ",26-34,")), r"found a gap or an overlap"),
    (
        "ages of unequal width",
        changed("sector_employment", (",15-24,", ",20-24,")),
        r"found bands of unequal width among the bands 20-24, 25-34",
    ),
    (
        "other ages in another year",
        more("sector_employment", "2020,TY,TOTAL,15-19,500,"),
        r"found a gap or an overlap among the bands 15-(24|19), 15-",
    ),
    (
        "a market without its base year",
        all_of(
            more("regions", "TZ,,0,Leegland,Emptyland,market"), more("sector_employment", "2024,TZ,Q,all,9,")
        ),
        r"column sector: found no sectors of TZ at 2025; expected rows with age_band all",
    ),
    (
        "a large sector without its base year",
        changed("sector_employment", ("2025,TY,X,all,6000,\n", "")),
        r"column sector, line 21: found 'X' of TY at 2024 and not at 2025; "
        r"expected every sector above 2% of employment at the base year",
    ),
    (
        "an occupation without its base year",
        all_of(BY_OCCUPATION, changed("occupation_employment", ("2025,TY,52,all,5000\n", ""))),
        r"occupation_employment\.csv, column occupation, line 22: found '52' of TY at 2024 and not at 2025",
    ),
    (
        "a leaf without its base year",
        all_of(SPLIT, more("sector_employment", "2025,TY,X1,all,6000,", "2024,TY,X2,all,1,")),
        r"sector_employment\.csv, column sector: found 'X' of TY at 2025 without 'X2'; "
        r"expected the staffed sectors under X",
    ),
    (
        "leaves that miss their sector",
        all_of(SPLIT, more("sector_employment", "2025,TY,X1,all,4000,", "2025,TY,X2,all,1900,")),
        r"column persons: found 'X1', 'X2' of TY at 2025 that sum to 5,900, not 6,000; "
        r"expected the persons of X, to within 1%",
    ),
    (
        "leaves without their sector",
        all_of(
            SPLIT,
            changed("sector_employment", ("2025,TY,X,all,6000,", "2025,TY,X1,all,6000,\n2025,TY,X2,all,0,")),
        ),
        r"found 'X1', 'X2' of TY at 2025 that sum to 6,000, not 0",
    ),
    (
        "a sector staffed twice",
        all_of(SPLIT, more("staffing", "X,52,1")),
        r"staffing\.csv, column sector, line 8: found 'X' beside 'X2', which is under it; "
        r"expected codes of which none contains another",
    ),
    (
        "an occupation and its group staffed",
        changed("staffing", ("Q,52,", "Q,2,")),
        r"staffing\.csv, column occupation, line 3: found '2' beside '25', which is under it",
    ),
    (
        "an occupation and its group employed",
        all_of(BY_OCCUPATION, more("occupation_employment", "2025,TY,2,all,1")),
        r"occupation_employment\.csv, column occupation, line 26: found '2' beside '25'",
    ),
    (
        "an occupation and its group entered",
        changed("entry", ("09,ED3-8,52,", "09,ED3-8,5,")),
        r"entry\.csv, column occupation, line 3: found '5' beside '52'",
    ),
    (
        "an occupation and its group in ads",
        changed("skill_mentions", ("2018,TOTAL,22,care", "2018,TOTAL,2,care")),
        r"skill_mentions\.csv, column occupation, line 2: found '2' beside '25'",
    ),
    (
        "an occupation and its group sought",
        changed("jobseekers", ("2018,TY,22,", "2018,TY,2,")),
        r"jobseekers\.csv, column occupation, line 2: found '2' beside '25'",
    ),
    (
        "TOTAL staffed",
        changed("staffing", ("Q,52,", "Q,TOTAL,")),
        r"staffing\.csv, column occupation, line 3: found 'TOTAL'; expected single occupations: TOTAL",
    ),
    (
        "the whole staffed",
        more("staffing", "TOTAL,52,1"),
        r"staffing\.csv, column sector, line 6: found 'TOTAL'; expected single sectors",
    ),
    (
        "TOTAL entered",
        changed("entry", ("09,ED3-8,52,", "09,ED3-8,TOTAL,")),
        r"entry\.csv, column occupation, line 3: found 'TOTAL'",
    ),
    (
        "a staffed sector outside TOTAL",
        all_of(more("sectors", "Z,,1,Elders,Elsewhere"), more("staffing", "Z,52,1")),
        r"staffing\.csv, column sector, line 6: found 'Z', which no parents lead to TOTAL",
    ),
    (
        "a sector without occupations",
        changed("staffing", ("X,25,0.5\nX,52,0.5\n", "")),
        r"staffing\.csv, column sector: found no occupations of 'X', with 6,000 persons in TY; "
        r"expected rows for it, or for the sectors under it",
    ),
    (
        "entry into an occupation without employment",
        all_of(
            more("occupations", "53,5,2,Verzorgenden,Carers"),
            changed("entry", ("09,ED3-8,52,", "09,ED3-8,53,")),
        ),
        r"entry\.csv, column occupation, line 3: found '53', an occupation that has no employment; "
        r"expected the occupations of staffing",
    ),
    (
        "seekers for an occupation without employment",
        all_of(BY_OCCUPATION, more("occupations", "53,5,2,,Carers"), more("jobseekers", "2025,TY,53,5")),
        r"jobseekers\.csv, column occupation, line 26: found '53', an occupation that has no employment; "
        r"expected the occupations of occupation_employment\.csv",
    ),
]


@pytest.fixture
def region(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "region"))


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_disagreement_is_named(region: Path, change: Break, message: str) -> None:
    change(region)
    found = "\n".join(map(str, problems_of(region)))
    assert re.search(message, found), found
    assert all(re.search(r"Do: .+\.$", str(problem)) for problem in problems_of(region))


@pytest.mark.parametrize(
    "change",
    [
        BY_OCCUPATION,
        all_of(SPLIT, more("sector_employment", "2025,TY,X1,all,4000,", "2025,TY,X2,all,1950,")),
        more("jobseekers", "2025,TY,TOTAL,800"),
        changed("sector_employment", ("2015,TY,TOTAL,65+,0,\n", "")),
        all_of(
            more("sectors", "S,TOTAL,1,Klein,Small"),
            more("staffing", "S,52,1"),
            more("sector_employment", "2024,TY,S,all,300,"),
        ),
        lambda folder: (folder / "jobseekers.csv").unlink(),
    ],
    ids=[
        "by occupation",
        "split",
        "TOTAL beside",
        "a band suppressed",
        "a small sector suppressed",
        "no seekers",
    ],
)
def test_what_agrees_passes(region: Path, change: Break) -> None:
    change(region)
    assert problems_of(region) == []


def test_a_staffing_table_without_rows_does_not_count(region: Path) -> None:
    BY_OCCUPATION(region)
    written("staffing", "sector,occupation,share")(region)
    assert problems_of(region) == []
    (region / "occupation_employment.csv").unlink()
    assert [str(problem).split(";")[0] for problem in problems_of(region)] == [
        "occupation_employment.csv: found nothing"
    ]
