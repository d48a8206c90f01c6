"""Allocations over applications, as a user runs them: money that adds up, within law, with its reasons."""

import json
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.records import read_chain
from forecasting.snapshot import Snapshot
from tests.training.awards import asked, award, granted, run, store_of
from training.allocation import by_need

needs = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def store(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tiny_snapshot, tmp_path_factory.mktemp("awards") / "store")


@pytest.fixture(scope="module")
def made(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an allocation that nobody changes; tests copy it."""
    folder = tmp_path_factory.mktemp("made")
    award(store, folder / "a", asked(folder), "--grants", granted(folder))
    return folder / "a"


def rows(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "allocation.parquet").to_pandas().set_index("id")


def trace(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "trace.json").read_text()))


def test_the_budget_is_divided_to_the_cent_within_law(made: Path) -> None:
    table, told = rows(made), trace(made)
    assert table["cents"].sum() == 5_000_001 == told["summary"]["allocated_cents"]
    assert (table["cents"] <= table["legal_cap_cents"]).all()
    assert table.loc["A4", "cents"] == 0
    assert "gber_31_mandatory" in table.loc["A4", "law"]
    left = 5_000_000  # of the de minimis ceiling, after aid of 250,000 euros
    assert table.loc[["A5", "A6"], "cents"].sum() <= left
    assert pd.read_csv(made / "allocation.csv")["cents"].tolist() == table["cents"].tolist()


def test_equal_weight_gets_equal_shares_of_cost_and_more_weight_more(made: Path) -> None:
    table = rows(made)
    free = table[table["bound"] == "weight"]
    ratio = free["share_cents"] / (free["weight"] * free["eligible_cents"])
    assert len(free) >= 3
    assert np.allclose(ratio, ratio.iloc[0], rtol=1e-12)
    level = Fraction(trace(made)["level_cents_per_weighted_size"])
    assert np.isclose(float(level), ratio.iloc[0])
    assert table.loc["A1", "group_factor"] == 1.2
    assert ((table["cents"] - table["share_cents"]).abs() < 1).all()


def test_every_euro_unfolds_to_release_rule_and_rounding(made: Path, store: Path) -> None:
    told = trace(made)
    assert told["release"]["id"] == json.loads((store / "champion.json").read_text())["release"]
    assert told["release"]["quantile"] == 0.25
    assert told["parameters"]["of_the_release"]["weight_rule"]["reference"]
    assert told["law"]["rules"]["gber_31_intensity"]["versions"][0]["article"]
    one = {each["id"]: each for each in told["applications"]}["A1"]
    assert one["law"]["findings"][0]["version"] == "2014-07-01"
    assert one["weight"]["weight"] == pytest.approx(one["weight"]["course_weight"] * 1.2)
    assert abs(Fraction(one["share_above_base"]) - one["amount"]["cents"]) < 1
    assert one["amount"]["p_low_cents"] <= one["amount"]["p50_cents"] <= one["amount"]["p_high_cents"]
    assert set(told["files"]) == {path.name for path in made.glob("*.*")} - {"trace.json", "ledger.jsonl"}
    (entry,) = [
        each for each in read_chain(store / "allocations.jsonl") if each["out"] == str(made.resolve())
    ]
    assert entry["allocated_cents"] == 5_000_001


@pytest.mark.parametrize(
    ("language", "euros", "sole"), [("nl", "{} euro", "nooit"), ("en", "EUR {}", "never")]
)
def test_statements_tell_each_applicant_its_own_figures(
    made: Path, language: str, euros: str, sole: str
) -> None:
    text = (made / f"statements.{language}.md").read_text()
    assert sole in text
    parts = {part.split(":")[0]: part for part in text.split("\n## ")[1:]}
    assert list(parts) == list(rows(made).index)
    for name, row in rows(made).iterrows():
        amount = f"{row['cents'] / 100:,.2f}"
        amount = amount if language == "en" else amount.translate(str.maketrans(",.", ".,"))
        assert row["refused"] or euros.format(amount) in parts[name]
    assert "gber_31_mandatory" in parts["A4"]
    assert "art. 31(4)" in parts["A1"]


def test_the_report_shows_equity_deadweight_and_gains(made: Path) -> None:
    text = (made / "report.md").read_text()
    for part in ("Who gains and who loses", "concentration index", "Deadweight", "never its sole ground"):
        assert part in text
    assert "low skilled" not in text
    assert "| low_skilled |" in text


def test_order_of_rows_and_kind_of_file_change_no_amount(made: Path, store: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(asked(tmp_path)).iloc[::-1]
    frame.to_parquet(tmp_path / "b.parquet", index=False)
    award(store, tmp_path / "b", tmp_path / "b.parquet", "--grants", granted(tmp_path))
    assert rows(tmp_path / "b")["cents"].equals(rows(made)["cents"])


def test_a_replay_gives_the_same_bytes_without_store_and_files(made: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(made, tmp_path / "years later"))
    said = run(
        tmp_path / "no store", "allocate", "--replay", moved / "trace.json", "--out", tmp_path / "again"
    )
    assert "reproduced" in said
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert again == {path.name: (made / path.name).read_bytes() for path in (tmp_path / "again").iterdir()}
    assert {"allocation.csv", "allocation.parquet", "trace.json", "report.md"} <= set(again)
    (moved / "report.md").write_text("mine")
    assert "not reproduced: report.md" in run(tmp_path, "allocate", "--replay", moved, status=1)
    (moved / "inputs" / "call.json").write_text("{}")
    assert "call.json" in run(tmp_path, "allocate", "--replay", moved, status=1)


def test_last_period_limits_change_and_a_base_reaches_everybody(
    made: Path, store: Path, tmp_path: Path
) -> None:
    award(store, tmp_path / "b", asked(tmp_path), "--previous", made, "--universal", budget="55000")
    table = rows(tmp_path / "b")
    before = rows(made)["cents"]
    assert (table["previous_cents"] == before).all()
    kept = ~table["change_limit_gave_way"] & (before > 0)
    assert ((table["cents"] - before).abs() <= 0.2 * before + 1)[kept].all()
    assert (table.loc[~table["refused"], "base_cents"] > 0).all()
    assert "inputs/previous.parquet" not in (tmp_path / "b" / "report.md").read_text()
    assert run(store, "allocate", "--verify", tmp_path / "b")


def test_too_large_a_budget_is_reported_not_forced(store: Path, tmp_path: Path) -> None:
    said = award(store, tmp_path / "b", asked(tmp_path), budget="9000000")
    assert "is left" in said
    table = rows(tmp_path / "b")
    assert (table["cents"] <= table["legal_cap_cents"]).all()
    assert "Undersubscribed" in (tmp_path / "b" / "report.md").read_text()
    assert trace(tmp_path / "b")["level_cents_per_weighted_size"] is None


def test_hours_instead_of_costs(store: Path, tmp_path: Path) -> None:
    award(store, tmp_path / "b", asked(tmp_path), "--size", "participant_hours")
    table = rows(tmp_path / "b")
    assert table.loc["A3", "size"] == 9 * 60
    assert "deelnemersuren" in (tmp_path / "b" / "statements.nl.md").read_text()
    assert "expected one of eligible_cost" in award(
        store, tmp_path / "c", tmp_path / "applications.csv", "--size", "heads", status=1
    )


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"id": "A1", "course": "C9"}, "column course, line 2: found 'C9'; expected a course of courses"),
    ({"id": "A1", "undertaking": ""}, "column undertaking, line 2: found nothing"),
    ({"id": "A2", "cost_course": -5.0}, "column cost_course, line 3: found -5"),
    ({"id": "A2", "cost_course": 10.005}, "in whole cents"),
    ({"id": "A3", "region": "XX"}, "expected a region of the release: TY"),
    ({"id": "A3", "groups": "left_handed"}, "expected groups among"),
    ({"id": "A4", "applied_on": "2009-01-01"}, "when rule gber"),
    ({"id": "A4", "applied_on": "2027-01-01"}, "a day until the decision on 2026-12-01"),
    ({"id": "A5", "participants": 2.5}, "a whole number"),
    ({"id": "A6", "colour": "red"}, "an unknown column 'colour'"),
]


@pytest.mark.parametrize(("row", "said"), BROKEN)
def test_what_cannot_be_used_is_refused(store: Path, tmp_path: Path, row: dict[str, Any], said: str) -> None:
    told = award(store, tmp_path / "out" / "b", asked(tmp_path, row), status=1)
    assert said in told
    assert "Do:" in told
    assert not list(tmp_path.glob("out/*")), "nothing is left half-written"


def test_every_problem_is_told_at_once(store: Path, tmp_path: Path) -> None:
    row = {"id": "A1", "course": "C9", "region": "XX", "size_class": "tiny"}
    told = award(store, tmp_path / "b", asked(tmp_path, row), status=1)
    assert "3 problem(s)" in told


def test_requests_that_make_no_sense_are_refused(store: Path, made: Path, tmp_path: Path) -> None:
    file = asked(tmp_path)
    assert "expected more than 0" in award(store, tmp_path / "b", file, budget="0", status=1)
    assert "with at most two decimals" in award(store, tmp_path / "b", file, budget="1.005", status=1)
    assert "an existing folder" in award(store, made, file, status=1)
    assert "no file of applications" in award(store, tmp_path / "b", tmp_path / "none.csv", status=1)
    assert "no --applications" in run(
        store, "allocate", "--budget", "1", "--out", tmp_path / "b", "--universal", status=1
    )
    assert "no --budget" in run(store, "allocate", status=1)
    assert "no value in force" in award(store, tmp_path / "b", file, "--day", "2020-01-01", status=1)


def test_an_undertaking_outside_the_register_is_refused(store: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("undertaking\nU1\nU2\n")
    told = award(store, tmp_path / "b", asked(tmp_path), "--undertakings", tmp_path / "r.csv", status=1)
    assert "found 'U3'; expected an undertaking of the register" in told


def test_a_stale_release_is_refused_whatever_the_day(tiny_snapshot: Snapshot, tmp_path: Path) -> None:
    about = {**tiny_snapshot.manifest, "status": {"label": "historical", "sentence": "Old."}}
    store = store_of(Snapshot(tiny_snapshot.tables, about, tiny_snapshot.draws), tmp_path / "store")
    told = award(store, tmp_path / "b", asked(tmp_path), status=1)
    assert "historical demonstration" in told
    award(store, tmp_path / "b", tmp_path / "applications.csv", "--historical-demonstration")


def test_applications_after_the_block_exemption_ended_say_so(store: Path, tmp_path: Path) -> None:
    rows_ = [{"id": "A1", "applied_on": "2027-01-04", "starts_on": "2027-03-01"}]
    command = (
        "allocate",
        "--budget",
        "100",
        "--applications",
        asked(tmp_path, *rows_),
        "--out",
        tmp_path / "b",
    )
    run(store, *command, "--day", "2027-02-01")
    text = (tmp_path / "b" / "statements.en.md").read_text()
    assert "the rule ended on 2026-12-31" in text
    assert rows(tmp_path / "b").loc["A1", "cents"] == 0


@given(st.integers(0, 10**12), needs, st.floats(0.01, 1))
def test_occupations_share_to_the_cent(budget: int, need: list[float], largest: float) -> None:
    names = [f"{place:03d}" for place in range(len(need))]
    cents = by_need(budget, names, np.array(need), largest)
    cap = int(budget * Fraction(str(largest)))
    assert cents.sum() == min(budget, cap * sum(each > 0 for each in need))
    assert (cents <= cap).all()


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ForecastingError, match="expected 0 or more"):
        by_need(-1, ["22"], np.array([1.0]), 1.0)
