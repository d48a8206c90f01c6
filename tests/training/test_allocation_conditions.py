"""Conditions on a programme and approval of the rules, through the commands as a user gives them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecasting.snapshot import Snapshot
from forecasting.tables import TABLES
from tests.training.awards import asked, award, granted, run, store_of

HEAD = "name,column,values,least,most,unit,from,until,reference\n"
ROWS = (
    "small firms,size_class,small,,0.6,share,2026-01-01,,Decision 1\n"
    "low educated,groups,low_educated,3000.5,,euros,2026-01-01,2026-12-31,Decision 2\n"
)


@pytest.fixture(scope="module")
def store(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tiny_snapshot, tmp_path_factory.mktemp("conditions") / "store")


def conditions(folder: Path, rows: str = ROWS) -> Path:
    (folder / "conditions.csv").write_text(HEAD + rows)
    return folder / "conditions.csv"


@pytest.fixture(scope="module")
def made(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    options = ("--conditions", conditions(folder), "--grants", granted(folder))
    award(store, folder / "a", asked(folder), *options)
    return folder / "a"


def trace(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "trace.json").read_text()))


def test_conditions_are_kept_and_told_with_their_price(made: Path, store: Path, tmp_path: Path) -> None:
    table = pq.read_table(made / "allocation.parquet").to_pandas()
    assert table.loc[table["size_class"] == "small", "cents"].sum() <= 3_000_000
    assert table.loc[table["groups"] == "low_educated", "cents"].sum() >= 300_050
    told = {each["name"]: each for each in trace(made)["conditions"]}
    assert told["small firms"]["binds"] == "most"
    assert told["small firms"]["price_of_most"] >= 0
    assert told["low educated"]["least_cents"] == 300_050
    assert told["low educated"]["reference"] == "Decision 2"
    levels = {
        tuple(each["conditions"]): each["level_cents_per_weighted_size"] for each in trace(made)["classes"]
    }
    assert any("small firms" in names for names in levels)
    report = (made / "report.md").read_text()
    assert "Undersubscribed" in report
    assert "## Conditions of the programme (2)" in report
    assert "| small firms | size_class: small |" in report
    for name in ("statements.en.md", "statements.nl.md"):
        assert "small firms" in (made / name).read_text()
    free = award(store, tmp_path / "free", asked(tmp_path), "--grants", granted(tmp_path))
    assert "50,000.01" in free
    plain = pq.read_table(tmp_path / "free" / "allocation.parquet").to_pandas()
    assert plain.loc[plain["size_class"] == "small", "cents"].sum() > 3_000_000


def test_an_allocation_under_conditions_is_verified_and_replayed(made: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(made, tmp_path / "later"))
    assert "holds" in run(tmp_path, "allocate", "--verify", moved)
    assert "reproduced" in run(tmp_path, "allocate", "--replay", moved)
    file = moved / "inputs" / "conditions.csv"
    file.write_text(file.read_text().replace("0.6", "0.5"))
    said = run(tmp_path, "allocate", "--verify", moved, status=1)
    assert "inputs/conditions.csv is not the file" in said
    assert "conditions: small firms gets" in said


@pytest.mark.parametrize("rule", ["value", "fairest"])
def test_other_rules_keep_the_conditions_too(store: Path, tmp_path: Path, rule: str) -> None:
    award(store, tmp_path / "b", asked(tmp_path), "--conditions", conditions(tmp_path), "--rule", rule)
    table = pq.read_table(tmp_path / "b" / "allocation.parquet").to_pandas()
    assert table.loc[table["size_class"] == "small", "cents"].sum() <= 3_000_000
    assert table["cents"].sum() == 3_000_000 + 255_000, "the large firm's legal cap is all that is left"
    assert f"rule {rule}" in (tmp_path / "b" / "report.md").read_text()
    assert "holds" in run(store, "allocate", "--verify", tmp_path / "b")


def test_a_base_for_all_and_conditions_go_together(store: Path, tmp_path: Path) -> None:
    award(store, tmp_path / "b", asked(tmp_path), "--conditions", conditions(tmp_path), "--universal")
    table = pq.read_table(tmp_path / "b" / "allocation.parquet").to_pandas()
    assert (table.loc[~table["refused"], "base_cents"] > 0).all()
    assert table.loc[table["size_class"] == "small", "cents"].sum() <= 3_000_000
    assert "holds" in run(store, "allocate", "--verify", tmp_path / "b")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,size_class,large,0.9,,share,2026-01-01,,x\n", r"a: at least €45,000.01, which floors"),
        ("a,size_class,tiny,0.9,,share,2026-01-01,,x\n", "found 'tiny', which no application has"),
        ("a,size_class,small,0.9,,share,2026-01-01,,\n", "expected the decision that sets it"),
        ("a,size_class,small,much,,share,2026-01-01,,x\n", "column least, line 2: found 'much'"),
    ],
)
def test_conditions_that_cannot_be_kept_or_read_leave_nothing(
    store: Path, tmp_path: Path, rows: str, said: str
) -> None:
    file = conditions(tmp_path, rows)
    told = award(store, tmp_path / "out" / "b", asked(tmp_path), "--conditions", file, status=1)
    assert said in told
    assert "Do:" in told
    assert not list(tmp_path.glob("out/*"))


def test_conditions_need_applications_and_a_rule_that_exists(store: Path, tmp_path: Path) -> None:
    file = conditions(tmp_path)
    command = ("allocate", "--budget", "1", "--out", tmp_path / "b", "--conditions", file)
    assert "no --applications" in run(store, *command, status=1)
    told = award(store, tmp_path / "b", asked(tmp_path), "--rule", "best", status=1)
    assert "rule 'best'; expected one of proportional, value, fairest" in told


def test_the_rules_are_approved_by_two_persons(tiny_snapshot: Snapshot, tmp_path: Path) -> None:
    store = store_of(tiny_snapshot, tmp_path / "store")
    assert "are not approved by a second person" in award(store, tmp_path / "a", asked(tmp_path))
    assert trace(tmp_path / "a")["rules"]["approved"] is False
    assert "proposed by ann. Next, by a second person" in run(store, "approve", "rules")
    assert "expected approval by somebody else" in run(store, "approve", "rules", status=1)
    assert "approved by bob" in run(store, "approve", "rules", "--why", "read", user="bob")
    assert "approved already" in run(store, "approve", "rules", status=1, user="cem")
    assert "not approved" not in award(store, tmp_path / "b", asked(tmp_path), budget="40000")
    told = trace(tmp_path / "b")["rules"]
    assert (told["proposed_by"], told["approved_by"]) == ("ann", "bob")
    assert "holds" in run(store, "allocate", "--verify", tmp_path / "b")
    assert "reproduced" in run(store, "allocate", "--replay", tmp_path / "b")
    file = tmp_path / "b" / "inputs" / "rules.jsonl"
    file.write_text(file.read_text().replace("bob", "eve"))
    said = run(store, "allocate", "--verify", tmp_path / "b", status=1)
    assert "inputs/rules.jsonl is not the file" in said
    assert "rules: their approval in the trace" in said


def test_unapproved_rules_are_refused_where_they_must_be(
    tiny_snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import training.allocation_award as awarding

    policy = Path(shutil.copytree(awarding.FOLDER, tmp_path / "policy"))
    text = (policy / "allocation.yaml").read_text()
    (policy / "allocation.yaml").write_text(text.replace("value: false", "value: true"))
    monkeypatch.setattr(awarding, "FOLDER", policy)
    store = store_of(tiny_snapshot, tmp_path / "store")
    said = award(store, tmp_path / "out" / "a", asked(tmp_path), status=1)
    assert "not approved by a second person; expected approved rules" in said
    assert not list(tmp_path.glob("out/*"))
    assert not (store / "allocations.jsonl").exists()


def test_no_earlier_money_is_an_input_of_the_forecast(made: Path) -> None:
    assert not {"grants", "applications", "allocations", "previous"} & TABLES.keys()
    assert "The forecast reads no earlier grant or allocation" in (made / "report.md").read_text()


def test_course_weights_tell_how_many_are_expected_to_change_band(made: Path) -> None:
    moves = trace(made)["weights"]["moves"]["course_weights"]
    table = pd.read_parquet(made / "course_weights.parquet")
    banded = table["ground"] == "band"
    assert table.loc[banded, "band_probability"].between(0, 1).all()
    assert table.loc[~banded, "band_probability"].isna().all()
    assert moves["expected_to_change"] == pytest.approx((1 - table["band_probability"]).sum(), abs=1e-5)
