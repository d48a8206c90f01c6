"""From one budget period to the next: weights move in small steps, with notice; and what might be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecasting.records import append
from forecasting.snapshot import Snapshot
from tests.training.awards import asked, award, run, store_of

FIRST = ("--period", "2026-01-01", "--announced", "2025-09-01")
NEXT = ("--period", "2027-01-01", "--announced", "2026-10-01")
STEP = 0.25


@pytest.fixture(scope="module")
def made(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store and in it the first period's allocation; nobody changes them."""
    folder = tmp_path_factory.mktemp("periods")
    store = store_of(tiny_snapshot, folder / "store")
    award(store, folder / "first", asked(folder), *FIRST)
    return folder


@pytest.fixture(scope="module")
def later(tiny_snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Path]:
    """Return how to make a store whose release has other shares that lack each skill."""

    def of(factor: float) -> Path:
        table = tiny_snapshot.tables["skill_weights"]
        more = table.assign(lacking_share=(table["lacking_share"] * factor).clip(upper=1.0))
        tables = {**tiny_snapshot.tables, "skill_weights": more}
        changed = Snapshot(tables, tiny_snapshot.manifest, tiny_snapshot.draws)
        return store_of(changed, tmp_path_factory.mktemp("later") / "store")

    return of


def weights(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "course_weights.parquet").to_pandas().set_index(["region", "course"])


def trace(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "trace.json").read_text()))


def test_a_course_moves_by_at_most_a_step_a_period(
    made: Path, later: Callable[[float], Path], tmp_path: Path
) -> None:
    store, before = later(9.0), weights(made / "first")
    award(store, tmp_path / "b", asked(tmp_path), "--previous", made / "first", *NEXT)
    after = weights(tmp_path / "b")
    moved = after["weight"] - before["weight"].reindex(after.index)
    assert moved.abs().max() == pytest.approx(STEP)
    assert after.loc[after["weight_by_rule"] - after["previous"] > STEP, "held_by"].str.contains("step").all()
    told = trace(tmp_path / "b")
    assert told["weights"]["moves"]["course_weights"]["step"] > 0
    assert told["weights"]["moves"]["course_weights"]["changed_band"] > 0
    for each in told["applications"]:
        own = after.loc[(each["region"], each["course"])]
        assert each["weight"]["course_weight"] == own["weight"]
        assert each["weight"]["course_held_by"] == own["held_by"]
        assert each["weight"]["course_previous_weight"] == own["previous"]
    assert "held at" in (tmp_path / "b" / "statements.en.md").read_text()
    assert "gehouden door de grootste stap" in (tmp_path / "b" / "statements.nl.md").read_text()
    assert "| course_weights |" in (tmp_path / "b" / "report.md").read_text()
    assert "holds" in run(store, "allocate", "--verify", tmp_path / "b")
    assert "reproduced" in run(store, "allocate", "--replay", tmp_path / "b" / "trace.json")
    third = ("--previous", tmp_path / "b", "--period", "2028-01-01", "--announced", "2026-11-01")
    award(store, tmp_path / "c", asked(tmp_path), *third)
    again = weights(tmp_path / "c")
    assert (again["weight"] - after["weight"]).abs().max() == pytest.approx(STEP)
    assert (
        (again["weight"] - again["weight_by_rule"])
        .abs()
        .le((after["weight"] - after["weight_by_rule"]).abs() + 1e-9)
        .all()
    )


def test_a_course_just_past_an_edge_keeps_its_band(
    made: Path, later: Callable[[float], Path], tmp_path: Path
) -> None:
    before = weights(made / "first")
    edges = [0.05, 0.1, 0.2, 0.4]
    below = before[(before["ground"] == "band") & (before["score"] > 0) & (before["score"] < 0.4)]
    course, row = next(below.iterrows())
    edge = next(each for each in edges if each > row["score"])
    store = later(1.05 * edge / row["score"])
    award(store, tmp_path / "b", asked(tmp_path), "--previous", made / "first", *NEXT)
    own = weights(tmp_path / "b").loc[course]
    assert own["score"] == pytest.approx(1.05 * edge)
    assert own["band_by_rule"] == row["band"] + 1
    assert (own["held_by"], own["band"], own["weight"]) == ("hysteresis", row["band"], row["weight"])


@pytest.mark.parametrize(
    "when",
    [(), ("--period", "2027-01-01", "--announced", "2026-10-20")],
    ids=["within the period", "announced too late"],
)
def test_weights_are_frozen(
    made: Path, later: Callable[[float], Path], tmp_path: Path, when: tuple[str, ...]
) -> None:
    store = later(9.0)
    award(store, tmp_path / "b", asked(tmp_path), "--previous", made / "first", *when)
    after = weights(tmp_path / "b")
    assert after["held_by"].eq("freeze").all()
    assert (after["weight"] == weights(made / "first")["weight"].reindex(after.index)).all()
    table = pq.read_table(tmp_path / "b" / "allocation.parquet").to_pandas()
    old = pq.read_table(made / "first" / "allocation.parquet").to_pandas()
    assert table["course_weight"].tolist() == old["course_weight"].tolist()
    told = trace(tmp_path / "b")["weights"]
    assert told["period"].startswith("2026-01-01" if not when else "2027-01-01")


def test_the_day_of_announcement_is_that_of_the_first_promotion(made: Path, tmp_path: Path) -> None:
    store = made / "store"
    name = json.loads((store / "champion.json").read_text())["release"]
    for day in ("2026-11-24", "2026-11-30"):
        append(store / "promotions.jsonl", {"release": name, "promoted_at": f"{day}T10:00:00Z"})
    award(store, tmp_path / "b", asked(tmp_path), budget="40000")
    assert trace(tmp_path / "b")["weights"]["announced"] == "2026-11-24"
    said = award(
        store, tmp_path / "c", asked(tmp_path), "--announced", "2027-01-01", budget="30000", status=1
    )
    assert "weights announced on 2027-01-01; expected a day until the decision" in said


def test_weights_that_were_changed_are_found(
    made: Path, later: Callable[[float], Path], tmp_path: Path
) -> None:
    store = later(9.0)
    award(store, tmp_path / "b", asked(tmp_path), "--previous", made / "first", *NEXT)
    path = tmp_path / "b" / "course_weights.parquet"
    table = pq.read_table(path).to_pandas()
    table.assign(weight=table["weight"] + 1, previous=table["previous"] + 0.5).to_parquet(path, index=False)
    said = run(store, "allocate", "--verify", tmp_path / "b", status=1)
    for part in (
        "files: course_weights.parquet is not the file",
        "weights: course_weights went from",
        "is not held to the former weights of C",
        "weights: trace.json has others than course_weights.parquet for A",
    ):
        assert part in said


def test_a_simulation_grants_nothing(made: Path, tmp_path: Path) -> None:
    store, file = made / "store", asked(tmp_path)
    record = (store / "allocations.jsonl").read_bytes()
    command = ("simulate", "--budget", "50000.01", "--applications", file, "--day", "2026-12-01")
    rule = ("--quantile", "0.5", "--set", "weight_rule.weights=[0.5, 0.6, 1.0, 1.6, 2.0]")
    said = run(store, *command, *rule, "--out", tmp_path / "s")
    assert "nothing is granted" in said
    assert "niets toegekend" in said
    assert (store / "allocations.jsonl").read_bytes() == record
    assert {path.name for path in (tmp_path / "s").iterdir()} == {
        "simulation.csv", "simulation.json", "report.md",
    }  # fmt: skip
    assert "case file of the authority, this report too" in (tmp_path / "s" / "report.md").read_text()
    table = pd.read_csv(tmp_path / "s" / "simulation.csv").set_index("id")
    assert table["status"].eq("simulation, not granted").all()
    granted = pq.read_table(made / "first" / "allocation.parquet").to_pandas().set_index("id")
    assert (table["cents"] == granted["cents"]).all(), "beside the rules in force"
    assert table["simulated_cents"].sum() == 5_000_001
    assert (table["simulated_weight"] != table["weight"]).any()
    assert json.loads((tmp_path / "s" / "simulation.json").read_text())["changed"]["weight_quantile"] == 0.5
    for act in (("allocate", "--verify"), ("approve",)):
        assert "trace.json of an allocation" in run(store, *act, tmp_path / "s", status=1)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ((), "nothing to change"),
        (("--set", "de_minimis_ceiling=1"), "expected NAME=VALUE of weight_quantile"),
        (("--set", "weight_rule.stride=1"), "no part 'stride'; expected cap, edges"),
        (("--set", "weight_rule.step=much"), "expected a value as 0.25"),
        (("--quantile", "0.9"), "expected above 0 and at most 0.5"),
    ],
)
def test_rules_that_cannot_be_tried_are_refused(
    made: Path, tmp_path: Path, rule: tuple[str, ...], said: str
) -> None:
    command = ("simulate", "--budget", "5", "--applications", asked(tmp_path), "--day", "2026-12-01")
    assert said in run(made / "store", *command, *rule, "--out", tmp_path / "s", status=1)
    assert not (tmp_path / "s").exists()


def test_an_appeal_tells_what_would_move_a_course(made: Path) -> None:
    said = run(made, "appeal", made / "first", "--course", "C1")
    assert "the next band begins at" in said
    assert "de volgende band begint bij" in said
    assert "never its sole ground" in said
    assert "course 'C99'; expected one of the catalogue" in run(
        made, "appeal", made / "first", "--course", "C99", status=1
    )
    told = run(made, "appeal", made / "first", "--course", "C1", "--region", "XX", status=1)
    assert "region 'XX'; expected one of TY" in told


def test_the_report_hides_groups_of_few_applicants(made: Path) -> None:
    lines = (made / "first" / "report.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| participation | size_class |")]
    assert len(rows) == 2
    assert all(line.count("n<20") == 6 for line in rows)
    assert not any("€" in line for line in lines if line.startswith("| low_skilled |"))
    assert "Of this folder only this report is for publication" in "".join(lines)
    assert any("zero" in line for line in lines)


def test_the_picture_shows_the_largest_amounts(made: Path) -> None:
    text = (made / "first" / "amounts.svg").read_text()
    shown = [each.text for each in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    table = pq.read_table(made / "first" / "allocation.parquet").to_pandas().set_index("id")["cents"]
    largest = table.sort_values(ascending=False)
    assert shown[3] == largest.index[0]
    assert shown[4] == f"€{largest.iloc[0] / 100:,.2f}"
    assert set(table[table > 0].index) <= set(shown)
