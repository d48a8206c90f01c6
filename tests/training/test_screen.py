"""A catalogue screened with its public euros, as a user runs it: sums to the cent, unknown is not zero."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from forecasting.funding.screened_regions import ALL, Screened, screened, totals
from forecasting.funding.words import NOT_FOR_SOLE_USE
from forecasting.parameters import Parameters
from forecasting.snapshot import Snapshot
from tests.training.awards import run, store_of
from training.screening_inputs import of_file

CARE = {"course": "K1", "title": "Basiszorg", "hours": 120, "skills": "care", "public_euros": "1000.10"}
ROWS: list[dict[str, Any]] = [
    CARE,
    CARE | {"course": "K2", "title": "Basiszorg avond", "public_euros": "500.05"},
    CARE | {"course": "K3", "title": "Basiszorg weekend", "public_euros": ""},
    {"course": "K4", "title": "Verkopen | kassa", "hours": 40, "skills": "sell", "public_euros": "20"},
    {"course": "K5", "title": "Brand | <b>", "hours": 8, "mandatory": "true", "public_euros": "3.00"},
]
FILES = {"courses", "over_all", "summary", "groups", "duplicates", "skills", "gaps"}


@pytest.fixture(scope="module")
def store(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tiny_snapshot, tmp_path_factory.mktemp("screening") / "store")


@pytest.fixture(scope="module")
def made(store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a screening that nobody changes, and what the command printed."""
    folder = tmp_path_factory.mktemp("screened")
    said = run(store, "screen", "--courses", written(folder, ROWS), "--out", folder / "out")
    return folder / "out", said


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    pd.DataFrame(rows).to_csv(folder / "catalogue.csv", index=False)
    return folder / "catalogue.csv"


def two_regions(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return the tables with a second region in which nothing at all is lacking."""
    tables = dict(snapshot.tables)
    for name in ("weights", "skill_weights", "skill_gaps"):
        other = tables[name].assign(region="TZ")
        if name == "skill_weights":
            other = other.assign(lacking_lower=0.0, lacking_share=0.0)
        tables[name] = pd.concat([tables[name], other], ignore_index=True)
    return tables


def over_two(snapshot: Snapshot, parameters: Parameters, folder: Path) -> Screened:
    offer = of_file(written(folder, ROWS), None, snapshot.tables)
    return screened(offer.courses, two_regions(snapshot), offer.cents, parameters)


def test_everything_is_written_and_said_not_to_be_for_sole_use(made: tuple[Path, str]) -> None:
    folder, said = made
    written_files = {path.name for path in folder.iterdir()}
    assert written_files == {f"{name}.csv" for name in FILES} | {"report.md", "needs.svg", "screening.json"}
    assert list(folder.parent.glob(".out-*")) == []
    report = (folder / "report.md").read_text(encoding="utf-8")
    for text in (said, report, (folder / "needs.svg").read_text(encoding="utf-8")):
        assert NOT_FOR_SOLE_USE["en"] in text
    assert NOT_FOR_SOLE_USE["nl"] in report
    assert "column public_euros" in report
    assert "K5 Brand \\| &lt;b>" in report, "a title breaks no table"
    about = json.loads((folder / "screening.json").read_text())
    assert about["courses"] == "catalogue.csv"
    assert len(about["courses_sha256"]) == 64
    assert ET.parse(folder / "needs.svg").getroot().tag.endswith("svg")  # noqa: S314  our own file


def test_euros_add_up_to_the_cent_in_each_region_and_over_all(
    tiny_snapshot: Snapshot, parameters: Parameters, tmp_path: Path
) -> None:
    found = over_two(tiny_snapshot, parameters, tmp_path)
    for region in ("TY", "TZ", ALL):
        for by in ("need", "quadrant"):
            table = totals(found.summary, region, by)
            assert table["cents"].sum() == 100_010 + 50_005 + 2_000 + 300
            assert table["courses"].sum() == len(ROWS)
            assert table["unpriced"].sum() == 1
            assert table["hours"].sum() == 3 * 120 + 40 + 8
            assert table["mandatory"].sum() == 1


def test_over_all_a_course_counts_where_it_is_needed_most_and_unknown_before_not_needed(
    tiny_snapshot: Snapshot, parameters: Parameters, tmp_path: Path
) -> None:
    found = over_two(tiny_snapshot, parameters, tmp_path)
    by_region = found.courses.pivot_table(index="course", columns="region", values="need", aggfunc="first")
    over_all = found.over_all.set_index("course")["need"]
    assert by_region.loc["K1"].tolist() == ["nice_to_have", "not_needed"]
    assert over_all["K1"] == "nice_to_have"
    assert over_all["K4"] == "not_needed"
    assert over_all["K5"] == "unknown", "it names no skills"


def test_groups_of_near_duplicates_carry_their_euros_and_what_is_unknown(made: tuple[Path, str]) -> None:
    groups = pd.read_csv(made[0] / "groups.csv")
    assert groups["codes"].tolist() == ["K1 K2 K3"]
    row = groups.iloc[0]
    assert (row["cents"], row["cents_beyond_first"], row["unpriced"]) == (150_015, 50_005, 1)
    assert "€500.05" in (made[0] / "report.md").read_text(encoding="utf-8")


def test_gaps_are_what_is_lacking_and_no_course_teaches_largest_first(
    tiny_snapshot: Snapshot, parameters: Parameters, tmp_path: Path
) -> None:
    found = over_two(tiny_snapshot, parameters, tmp_path)
    told = tiny_snapshot.tables["skill_weights"].set_index("skill")["lacking_lower"]
    expected = told[(told > 0) & ~told.index.isin(["care", "sell"])].sort_values(ascending=False)
    for region in ("TY", ALL):
        rows = found.gaps[found.gaps["region"] == region]
        assert rows["skill"].tolist() == expected.index.tolist()
        assert "code" in expected.index
        assert rows["lacking"].tolist() == pytest.approx(expected.tolist())
    assert "TZ" not in set(found.gaps["region"])


def test_without_euros_the_price_times_enrolments_and_else_unknown(store: Path, tmp_path: Path) -> None:
    bare = [{name: cell for name, cell in row.items() if name != "public_euros"} for row in ROWS]
    file = written(tmp_path, [row | {"price": 12.34, "enrolments": 100} for row in bare])
    assert "EUR 6,170.00" in run(store, "screen", "--courses", file, "--out", tmp_path / "a")
    assert "price times enrolments" in (tmp_path / "a" / "report.md").read_text(encoding="utf-8")
    said = run(store, "screen", "--courses", written(tmp_path, bare), "--out", tmp_path / "b")
    assert "5 courses, public euros unknown" in said
    assert pd.read_csv(tmp_path / "b" / "summary.csv")["cents"].isna().all()
    assert "EUR 0" not in said + (tmp_path / "b" / "report.md").read_text(encoding="utf-8")
    assert "4 courses, public euros unknown" in run(store, "screen", "--out", tmp_path / "c")


def test_another_column_of_euros_can_be_named(store: Path, tmp_path: Path) -> None:
    file = written(tmp_path, [row | {"budget_2025": "7.00"} for row in ROWS])
    said = run(store, "screen", "--courses", file, "--money", "budget_2025", "--out", tmp_path / "a")
    assert "EUR 35.00" in said


@pytest.mark.parametrize(
    ("changed", "more", "told"),
    [
        ({"skills": "care juggle"}, (), "column skills, line 2: found 'juggle'; expected skills of the"),
        ({"occupations": "999"}, (), "column occupations, line 2: found '999'"),
        ({"public_euros": "-5"}, (), "column public_euros, line 2: found '-5'; expected euros of at least 0"),
        ({"public_euros": "5.001"}, (), "at most two decimals, as 12500.00, or empty where unknown. Do:"),
        ({"public_euros": "1.000,00"}, (), "column public_euros, line 2: found '1.000,00'"),
        ({"course": "K2"}, (), "catalogue.csv, column course, line 3: found 'K2'; expected a code of its"),
        ({"hours": -1}, (), "column hours, line 2"),
        ({"enrolments": -1}, (), "column enrolments, line 2: found -1; expected 0 or more"),
        ({"euros": 1}, (), "found an unknown column 'euros'"),
        ({}, ("--money", "aid"), "column aid: found no amount in 'aid'; expected public euros"),
        ({}, ("--money", "price"), "--money: found 'price'; expected a column of its own"),
    ],
)
def test_a_bad_file_is_refused_with_what_to_do(
    store: Path, tmp_path: Path, changed: dict[str, Any], more: tuple[str, ...], told: str
) -> None:
    file = written(tmp_path, [ROWS[0] | changed, *ROWS[1:]])
    said = run(store, "screen", "--courses", file, "--out", tmp_path / "out", *more, status=1)
    assert told in said
    assert "Do: " in said
    assert not (tmp_path / "out").exists()


def test_a_taken_folder_and_a_column_without_a_file_are_refused(
    store: Path, made: tuple[Path, str], tmp_path: Path
) -> None:
    assert "give another --out" in run(store, "screen", "--out", made[0], status=1)
    said = run(store, "screen", "--money", "aid", "--out", tmp_path / "out", status=1)
    assert "Do: give --courses." in said
