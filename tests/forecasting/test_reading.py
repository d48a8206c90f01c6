"""Settings and files that cannot be read as they stand: each mistake is named."""

import re
import shutil
from pathlib import Path

import pytest

from forecasting.errors import InputError
from forecasting.reading import read_tables
from forecasting.region import problems_of, read_region, write_region
from tests.conftest import TINY
from tests.forecasting.test_checks import Break, gone, line, widened, written


def settings(old: str, new: str) -> Break:
    """Replace text in the settings of the region."""

    def change(folder: Path) -> None:
        path = folder / "region.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


MISTAKES: list[tuple[str, Break, str]] = [
    (
        "not UTF-8",
        written("courses.csv", b"course,title\nC1,caf\xe9\n"),
        r"courses\.csv: found bytes that are not UTF-8 at \d+; expected UTF-8 text",
    ),
    (
        "not Parquet",
        written("bottlenecks.parquet", b"PAR1 but no more"),
        r"bottlenecks\.parquet: found .*; expected a Parquet file",
    ),
    (
        "empty file",
        written("courses.csv", b""),
        r"courses\.csv: found an empty file; expected a header line and records",
    ),
    (
        "ragged rows",
        written("courses.csv", b"course,title\nC1,a,b,c\nC2\n"),
        r"courses\.csv, lines 2, 3: found 4 cells; expected 2, as in the header",
    ),
    (
        "twice",
        lambda folder: shutil.copy(folder / "skills.csv", folder / "skills.parquet"),
        r"skills\.parquet",
    ),
    ("no settings", gone("region.yaml"), r"region\.yaml: found nothing; expected the region's settings"),
    (
        "settings of another shape",
        written("region.yaml", b"- a list"),
        r"region\.yaml: found list; expected a mapping of settings",
    ),
    (
        "broken YAML",
        written("region.yaml", b"name: [unclosed"),
        r"region\.yaml: found .*; expected YAML in UTF-8",
    ),
    (
        "no base year",
        settings("base_year: 2025", ""),
        r"region\.yaml: found no base_year",
    ),
    (
        "a card without licence",
        settings("    licence: Apache-2.0\n", ""),
        r"region\.yaml: found source 1 without licence",
    ),
    ("settings of nothing", written("region.yaml", b"{}"), r"region\.yaml: found no classifications"),
    ("settings of comments", written("region.yaml", b"# later\n"), r"region\.yaml: found no base_year"),
    (
        "no source",
        lambda folder: written(
            "region.yaml", (folder / "region.yaml").read_bytes().split(b"sources:")[0] + b"sources: []\n"
        )(folder),
        r"region\.yaml: found no sources; expected the keys name",
    ),
    (
        "classifications as a list",
        settings("classifications:\n  occ", "classifications: [ISCO]\nother:\n  occ"),
        r"region\.yaml: found classifications \['ISCO'\]; expected a mapping by table",
    ),
    (
        "a classification without version",
        settings('{name: made-up skills, version: "1"}', "ESCO"),
        r"region\.yaml: found the classification skills as 'ESCO'; expected name and version",
    ),
    (
        "a name that is a number",
        settings("Tinyland", "3"),
        r"region\.yaml: found name 3; expected text\. Do: write it in quotes",
    ),
    (
        "a card's year without quotes",
        settings('vintage: "2025"', "vintage: 2025"),
        r"region\.yaml: found source 1 with vintage 2025; expected text",
    ),
    (
        "base year as text",
        settings("base_year: 2025", "base_year: '2025'"),
        r"found base_year '2025'; expected a year as a whole number",
    ),
    (
        "a setting that is not finite",
        settings("made_up: true", "made_up: .nan"),
        r"region\.yaml: found nan under made_up; expected text, a finite number, true or false",
    ),
    (
        "infinity in a card",
        settings('vintage: "2025"', "vintage: -.inf"),
        r"region\.yaml: found -inf under sources\[1\]\.vintage",
    ),
    (
        "a key that is no text",
        settings("made_up: true", "2025: true"),
        r"region\.yaml: found the key 2025 at the top; expected keys that are text",
    ),
    (
        "a day that does not exist",
        settings("data_vintage: made up for tests, 2025", "data_vintage: 2026-02-31"),
        r"region\.yaml: found day is out of range for month; expected YAML in UTF-8",
    ),
    (
        "a column twice",
        line("sector_vacancies", "open,occupied", "open,open"),
        r"sector_vacancies\.csv, line 1: found the column open more than once in the header; "
        r"expected each column once",
    ),
    (
        "base year without data",
        settings("2025\ndata", "2031\ndata"),
        r"sector_employment\.csv: found years 2015 to 2025; expected rows of the base year 2031",
    ),
]


@pytest.fixture
def region(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "region"))


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_named(region: Path, change: Break, message: str) -> None:
    change(region)
    with pytest.raises(InputError) as refused:
        read_region(region)
    assert re.search(message, str(refused.value)), refused.value
    assert all(re.search(r"Do: .+\.$", str(problem)) for problem in refused.value.problems)


@pytest.mark.parametrize("content", [b"name: [unclosed", b"a: .nan", b"- a list"])
def test_settings_that_cannot_be_read_are_one_problem(region: Path, content: bytes) -> None:
    (region / "region.yaml").write_bytes(content)
    assert len(problems_of(region)) == 1


def test_days_in_the_settings_become_text(region: Path, tmp_path: Path) -> None:
    settings("data_vintage: made up for tests, 2025", "data_vintage: 2026-03-01")(region)
    settings('vintage: "2025"', "vintage: 2026-03-02")(region)
    found = read_region(region)
    assert found.settings["data_vintage"] == "2026-03-01"
    assert found.settings["sources"][0]["vintage"] == "2026-03-02"
    write_region(found, tmp_path / "again")
    assert read_region(tmp_path / "again").settings == found.settings


def test_a_column_twice_is_one_problem(region: Path) -> None:
    widened("courses", "hours")(region)
    assert [str(problem) for problem in problems_of(region)] == [
        "courses.csv, line 1: found the column hours more than once in the header; "
        "expected each column once. Do: remove one of them."
    ]


def test_semicolons_are_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "courses.csv").write_text("course;title\nC1;Welding\n", encoding="utf-8")
    _, problems = read_tables(tmp_path)
    assert [str(problem) for problem in problems] == [
        "courses.csv: found cells separated by semicolons; expected commas between cells. "
        "Do: save it as CSV UTF-8 with commas."
    ]
