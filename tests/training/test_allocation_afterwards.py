"""After an allocation is made: it is checked, approved, paid on, corrected; never edited."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecasting.records import append, read_chain
from forecasting.snapshot import Snapshot
from tests.training.awards import asked, award, granted, run, store_of


@pytest.fixture(scope="module")
def store(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tiny_snapshot, tmp_path_factory.mktemp("afterwards") / "store")


@pytest.fixture(scope="module")
def made(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    award(store, folder / "a", asked(folder), "--grants", granted(folder))
    return folder / "a"


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """Return a copy for one test alone."""
    return Path(shutil.copytree(made, tmp_path / "own"))


def verified(folder: Path, status: int = 1) -> str:
    return run(folder, "allocate", "--verify", folder, status=status)


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def awarded(folder: Path, name: str) -> int:
    return int(pq.read_table(folder / "allocation.parquet").to_pandas().set_index("id").loc[name, "cents"])


def test_a_result_holds_without_its_store(own: Path) -> None:
    assert "holds" in verified(own, status=0)


def test_a_cent_more_is_found_by_every_check(own: Path) -> None:
    path = own / "allocation.csv"
    frame = pd.read_csv(path, dtype={"euros": str})
    frame.loc[0, "cents"] += 1
    frame.to_csv(path, index=False)
    said = verified(own)
    for part in (
        "files: allocation.csv is not the file",
        "amounts: allocation.csv differs from trace.json for A1",
        "sums: allocation.csv sums to €50,000.02, trace.json says €50,000.01",
        "euros and",
        "failure(s).",
    ):
        assert part in said


def test_amounts_past_the_law_are_found(own: Path) -> None:
    path = own / "allocation.csv"
    frame = pd.read_csv(path, dtype={"euros": str}).set_index("id")
    frame.loc["A4", "cents"], frame.loc["A1", "cents"] = 5, 10**9
    frame.loc["A5", "cents"] = frame.loc["A6", "cents"] = 4_000_000
    frame.reset_index().to_csv(path, index=False)
    said = verified(own)
    assert "law: A4 gets €0.05, by law at most €0.00" in said
    assert "bounds: A1 gets" in said
    assert "rounding: A1 gets" in said
    assert "together, by de_minimis_ceiling at most €50,000.00" in said


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("inputs/applications.csv", "2000.0", "2000.5", "files: inputs/applications.csv is not"),
        ("inputs/law.yaml", "base: 0.50", "base: 0.40", "rule versions: gber_31_intensity"),
        ("inputs/release/manifest.json", "Tinyland", "Bigland", "the copied manifest is not that of"),
        ("trace.json", '"version": "2014-07-01"', '"version": "2014-07-02"', "2014-07-02 is cited"),
        ("trace.json", '"residual_cents": 0', '"residual_cents": 1', "do not add up to the budget"),
    ],
)  # fmt: skip
def test_what_was_changed_is_named(own: Path, file: str, old: str, new: str, said: str) -> None:
    edited(own / file, old, new)
    told = verified(own)
    assert said in told
    assert file != "trace.json" or "trace.json is not the one that was proposed" in told


def test_missing_and_foreign_files_are_named(own: Path) -> None:
    (own / "report.md").unlink()
    (own / "inputs" / "note.txt").write_text("x")
    said = verified(own)
    assert "files: report.md is missing" in said
    assert "files: inputs/note.txt is foreign" in said
    (own / "trace.json").write_text("{}")
    assert "give the folder of an allocation" in verified(own)


def test_nothing_is_paid_before_a_second_person_approves(own: Path) -> None:
    pay = ("payments", "add", own, "--application", "A1", "--amount", "1.00")
    assert "proposed; expected an approved allocation" in run(own, *pay, status=1)
    assert "approval by ann, who proposed it" in run(own, "approve", own, status=1)
    assert "approved by bob" in run(own, "approve", own, "--why", "checked", user="bob")
    assert "approved already" in run(own, "approve", own, user="cas", status=1)
    assert "payment of 1.00 EUR, A1" in run(own, *pay)
    edited(own / "allocation.csv", "A1", "A9")
    assert "failure(s)" in verified(own)


def test_money_is_recorded_and_never_more_than_was_awarded(own: Path) -> None:
    run(own, "approve", own, user="bob")
    most = awarded(own, "A1")

    def add(kind: str, cents: int, status: int = 0) -> str:
        amount = f"{cents // 100}.{cents % 100:02d}"
        told = ("payments", "add", own, "--application", "A1", "--amount", amount, "--kind", kind)
        return run(own, *told, "--on", "2027-01-31", status=status)

    assert "expected more than nothing" in add("payment", most + 1, status=1)
    assert "expected more than nothing" in add("payment", 0, status=1)
    add("payment", most - 100)
    assert "at most €1.00" in add("payment", 101, status=1)
    add("withdrawal", 60)
    assert "at most €0.40" in add("payment", 41, status=1)
    add("clawback", 500)
    assert "expected more than nothing" in add("clawback", most, status=1)
    assert "expected one of payment" in add("gift", 1, status=1)
    assert "not in" in run(own, "payments", "add", own, "--application", "A99", "--amount", "1", status=1)
    said = run(own, "payments", "list", own)
    assert "clawback 5.00 EUR A1, by ann" in said
    assert f"paid {(most - 600) / 100:,.2f}, withdrawn 0.60, clawed back 5.00" in said
    assert "holds" in verified(own, status=0)


def test_a_ledger_that_was_changed_is_not_believed(own: Path) -> None:
    run(own, "approve", own, user="bob")
    run(own, "payments", "add", own, "--application", "A1", "--amount", "2.00")
    run(own, "payments", "add", own, "--application", "A1", "--amount", "3.00")
    edited(own / "ledger.jsonl", '"cents": 200', '"cents": 100')
    assert "broken chain" in run(own, "payments", "list", own, status=1)
    assert "ledger: " in verified(own)
    assert "broken chain" in run(
        own, "payments", "add", own, "--application", "A1", "--amount", "3.00", status=1
    )


def test_a_payment_that_was_slipped_in_is_found(own: Path) -> None:
    entry = {"act": "payment", "application": "A1", "cents": 10**9, "by": "eve", "at": "", "why": ""}
    append(own / "ledger.jsonl", entry)
    assert "ledger: A1 was paid €10,000,000.00" in verified(own)


def test_a_late_correction_is_a_new_allocation_that_refers_to_the_old(
    store: Path, own: Path, tmp_path: Path
) -> None:
    run(own, "approve", own, user="bob")
    run(own, "payments", "add", own, "--application", "A2", "--amount", "100.00")
    before = {
        path: path.read_bytes() for path in own.rglob("*") if path.is_file() and path.suffix != ".jsonl"
    }
    late = asked(tmp_path, {"id": "A2", "cost_course": 10.0, "cost_wages": 10.0, "cost_travel": 0.0})
    award(
        store, tmp_path / "b", late, "--grants", granted(tmp_path), "--corrects", own, "--why", "costs of A2"
    )
    assert {path: path.read_bytes() for path in before} == before, "never edited"
    changed = pd.read_csv(tmp_path / "b" / "corrections.csv").set_index("id")
    assert changed.loc["A2", "change"] == changed.loc["A2", "new"] - changed.loc["A2", "old"] < 0
    assert changed["change"].sum() == 0
    told = json.loads((tmp_path / "b" / "trace.json").read_text())
    first = read_chain(own / "ledger.jsonl")
    assert told["terms"]["corrects"] == first[0]["trace_sha256"]
    assert first[-1]["act"] == "corrected"
    pay = ("--application", "A1", "--amount", "1.00")
    assert "corrected; expected" in run(own, "payments", "add", own, *pay, status=1)
    recover = (10_000 - awarded(tmp_path / "b", "A2")) / 100
    assert f"to recover {recover:,.2f}" in run(own, "payments", "list", tmp_path / "b")
    assert "corrected already" in award(store, tmp_path / "c", asked(tmp_path), "--corrects", own, status=1)
    assert not (tmp_path / "c").exists()
    for folder in (own, tmp_path / "b"):
        assert "holds" in verified(folder, status=0)


def test_a_damaged_allocation_is_no_ground_for_another(store: Path, own: Path, tmp_path: Path) -> None:
    edited(own / "report.md", "Equity", "Equality")
    for option in ("--previous", "--corrects"):
        said = award(store, tmp_path / "b", asked(tmp_path), option, own, status=1)
        assert "files: report.md is not the file" in said


def test_the_same_money_is_not_granted_twice(store: Path, made: Path, tmp_path: Path) -> None:
    said = award(store, tmp_path / "b", asked(tmp_path), "--grants", granted(tmp_path), status=1)
    assert f"{made}: the same allocation, to the byte" in said
    assert not (tmp_path / "b").exists()
