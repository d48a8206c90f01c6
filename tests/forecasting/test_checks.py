"""One broken input per mistake: the message says where, what was found, what was expected and what to do."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.errors import InputError
from forecasting.region import Region, problems_of, read_region, write_checked_region, write_region
from forecasting.tables import TABLES
from tests.conftest import TINY
from training.templates import data_dictionary, write_templates

Break = Callable[[Path], object]


def line(table: str, old: str, new: str) -> Break:
    """Replace text in a table of the region."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def more(table: str, record: str) -> Break:
    return lambda folder: (folder / f"{table}.csv").open("a", encoding="utf-8").write(record + "\n")


def widened(table: str, column: str) -> Break:
    """Add a column to every record of a table."""

    def change(folder: Path) -> None:
        path = folder / f"{table}.csv"
        header, *body = path.read_text(encoding="utf-8").splitlines()
        path.write_text(
            "\n".join([f"{header},{column}", *(f"{record},x" for record in body)]), encoding="utf-8"
        )

    return change


def gone(name: str) -> Break:
    return lambda folder: (folder / name).unlink()


def written(name: str, content: bytes) -> Break:
    return lambda folder: (folder / name).write_bytes(content)


MISTAKES: list[tuple[str, Break, str]] = [
    (
        "negative persons",
        line("graduates", ",80", ",-80"),
        r"graduates\.csv, column persons, line 2: found -80; expected persons from 0 to 1e\+09",
    ),
    (
        "not a number",
        line("graduates", ",80", ",eighty"),
        r"graduates\.csv, column persons, line 2: found 'eighty'; expected a number with a decimal point",
    ),
    (
        "decimal comma",
        line("staffing", "0.8", '"0,8"'),
        r"staffing\.csv, column share, line 2: found '0,8'; expected a number with a decimal point",
    ),
    ("infinite", line("graduates", ",80", ",inf"), r"graduates\.csv, column persons, line 2: found 'inf'"),
    (
        "year with a fraction",
        line("graduates", "2018,", "2018.5,"),
        r"column year, line 2: found '2018\.5'; expected a whole number",
    ),
    (
        "empty figure",
        line("graduates", ",80", ","),
        r"column persons, line 2: found nothing; expected a value: the column may not be empty",
    ),
    ("empty code", line("graduates", ",00,", ",,"), r"column field, line 2: found nothing; expected a value"),
    (
        "share above 1",
        line("staffing", "0.8", "1.8"),
        r"column share, line 2: found 1\.8; expected share from 0 to 1",
    ),
    (
        "shares that miss 1",
        line("staffing", "0.8", "0.7"),
        r"staffing\.csv, column share, lines 2, 3: found shares .*'Q'.* sum to 0\.9000; expected a sum of 1",
    ),
    (
        "entry beyond 1",
        line("entry", ",0.9", ",0.99"),
        r"entry\.csv, column share, lines 2, 3: found shares .* sum to 1\.0900; expected a sum of at most 1",
    ),
    (
        "duplicate key",
        more("graduates", "2018,TY,00,ED3-8,81"),
        r"lines 2, 26: found the key year=2018, region=TY, field=00, level=ED3-8 more than once; "
        r"expected one row per \(year, region, field, level\)",
    ),
    (
        "unknown occupation",
        line("staffing", "Q,22", "Q,2222"),
        r"column occupation, line 2: found '2222'; expected a code of the table occupations",
    ),
    (
        "unknown region",
        line("jobseekers", ",TY,", ",XX,"),
        r"jobseekers\.csv, column region, line 2: found 'XX'",
    ),
    (
        "unknown flag",
        line("sector_employment", "9800,", "9800,?"),
        r"column flag, line 2: found '\?'; expected marks out of b, u",
    ),
    (
        "unknown role",
        line("regions", "market", "region"),
        r"column role, line 2: found 'region'; expected one of market, aggregate, reference",
    ),
    (
        "unknown relation",
        line("occupation_skills", "essential", "needed"),
        r"column relation, line 2: found 'needed'; expected one of essential, optional",
    ),
    (
        "unknown parent",
        line("occupations", "22,2,", "22,9,"),
        r"occupations\.csv, column parent, line 4: found an unknown parent '9'",
    ),
    (
        "circular parents",
        line("occupations", "2,TOTAL,1", "2,22,1"),
        r"column parent, lines 3, 4, 5: found a parent that leads back to the code '22'; expected a tree",
    ),
    (
        "no root",
        line("sectors", "TOTAL,,0,Alle sectoren,All sectors\n", ""),
        r"sectors\.csv, column code: found no code TOTAL; expected a root TOTAL",
    ),
    (
        "bands above all",
        more("sector_employment", "2018,TY,Q,15-24,99999,"),
        r"column persons, lines 2, \d+: found ages that sum to 99,999 where all is 9,800",
    ),
    (
        "more mentions than ads",
        line("skill_mentions", "200,180", "200,280"),
        r"column mentions, line 2: found more mentions than ads",
    ),
    (
        "true or false",
        line("skills", "skill,false,false", "skill,maybe,false"),
        r"column green, line 2: found 'maybe'; expected true or false",
    ),
    (
        "no such column",
        line("graduates", "persons", "people"),
        r"graduates\.csv: found no column persons; expected the columns year, region, field",
    ),
    (
        "a column too many",
        widened("graduates", "remark"),
        r"graduates\.csv: found an unknown column 'remark'",
    ),
    (
        "no such table",
        written("graduate.csv", b"a\n1\n"),
        r"graduate\.csv: found a file that is no canonical table; expected one of bottlenecks, concordance",
    ),
    (
        "no occupations",
        gone("occupations.csv"),
        r"occupations\.csv: found nothing; expected the table occupations",
    ),
    (
        "no demand",
        gone("staffing.csv"),
        r"occupation_employment\.csv: found nothing; expected it, or sector_employment and staffing",
    ),
    (
        "a sample of nobody",
        lambda folder: written(
            "entry.csv", b"field,level,occupation,share,sample\n09,ED3-8,22,0.9,0\n09,ED3-8,52,0.1,1\n"
        )(folder),
        r"entry\.csv, column sample, line 2: found 0; expected persons from 1 to 1e\+09",
    ),
    (
        "a quarter that does not exist",
        line("sector_vacancies", "2024,TY,X", "2024-Q5,TY,X"),
        r"sector_vacancies\.csv, column period, line 3: found '2024-Q5'; "
        r"expected a period as 2025, 2025-Q1 or 2025-01",
    ),
    (
        "a month in words",
        line("jobseekers", "2018,TY,25", "January 2018,TY,25"),
        r"jobseekers\.csv, column period, line 3: found 'January 2018'",
    ),
    (
        "a thirteenth month",
        line("skill_mentions", "2018,", "2018-13,"),
        r"column period, line 2: found '2018-13'",
    ),
    (
        "no rows of sectors",
        written("sectors.csv", b"code,parent,level,label_nl,label_en\n"),
        r"sectors\.csv: found no rows; expected the table sectors with rows, which staffing divides",
    ),
    (
        "no employment beside staffing",
        gone("sector_employment.csv"),
        r"sector_employment\.csv: found nothing; expected the table sector_employment with rows",
    ),
    (
        "no market",
        line("regions", "market", "reference"),
        r"regions\.csv, column role: found no market; expected at least one region with role market",
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
    found = "\n".join(map(str, problems_of(region)))
    assert re.search(message, found), found
    assert all(re.search(r"Do: .+\.$", str(problem)) for problem in problems_of(region))
    with pytest.raises(InputError, match=message):
        read_region(region)


def test_all_mistakes_are_told_at_once(region: Path) -> None:
    for change in (MISTAKES[0][1], MISTAKES[7][1], MISTAKES[11][1], MISTAKES[14][1]):
        change(region)
    files = {problem.where for problem in problems_of(region)}
    assert files >= {"graduates.csv", "staffing.csv", "regions.csv"}
    assert len(problems_of(region)) >= 4


def test_the_made_up_region_has_no_problem() -> None:
    assert problems_of(TINY) == []


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    found = "\n".join(map(str, problems_of(tmp_path)))
    assert "python -m training ingest" in found
    assert "expected the table regions" in found


def test_a_folder_that_is_not_there_or_a_file_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for name, found in (("none", "nothing"), ("file", "a file"), ("file/below", "nothing")):
        (problem,) = problems_of(tmp_path / name)
        assert f"{name}: found {found}; expected a region folder. Do: " in str(problem)


@pytest.mark.parametrize("period", ["2018", "2018-Q4", "2018-12"])
def test_periods_are_years_quarters_and_months(region: Path, period: str) -> None:
    line("jobseekers", "2018,", f"{period},")(region)
    assert problems_of(region) == []


def test_only_a_region_that_reads_back_is_put_in_place(tiny: Region, tmp_path: Path) -> None:
    broken = Region({**tiny.settings, "sources": []}, tiny.tables)
    with pytest.raises(InputError, match="found no sources"):
        write_checked_region(broken, tmp_path / "region")
    assert list(tmp_path.iterdir()) == []
    write_checked_region(tiny, tmp_path / "region")
    assert read_region(tmp_path / "region").settings == tiny.settings


def test_many_rows_are_shown_as_a_few_and_a_count(region: Path) -> None:
    path = region / "graduates.csv"
    path.write_text(path.read_text().replace("TY", "XX"), encoding="utf-8")
    assert re.search(r"lines 2, 3, 4, 5, 6 and 19 more", "\n".join(map(str, problems_of(region))))


def test_leading_zeros_survive(tiny: Region) -> None:
    assert set(tiny.tables["fields"]["code"]) == {"00", "06", "09"}


def test_a_region_survives_being_written(tiny: Region, tmp_path: Path) -> None:
    write_region(tiny, tmp_path / "copy")
    again = read_region(tmp_path / "copy")
    assert again.settings == tiny.settings
    for name, table in tiny.tables.items():
        assert again.tables[name].astype(str).equals(table.astype(str)), name


def test_nothing_but_a_region_is_overwritten(tiny: Region, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="found something that is not a region folder"):
        write_region(tiny, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_failed_write_leaves_the_old_region(
    tiny: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "region"
    write_region(tiny, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pandas.DataFrame.to_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        write_region(tiny, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["region"]


def test_templates_name_every_table_and_column(tmp_path: Path) -> None:
    write_templates(tmp_path / "new")
    for table in TABLES.values():
        header = (tmp_path / "new" / "tables-to-fill-in" / f"{table.name}.csv").read_text().strip().split(",")
        assert header == [column.name for column in table.columns]
    assert all(
        f"| {column.name} |" in data_dictionary() for table in TABLES.values() for column in table.columns
    )
    for place in (tmp_path / "new", tmp_path / "new" / "region.yaml"):
        with pytest.raises(InputError, match="a new or empty folder"):
            write_templates(place)
