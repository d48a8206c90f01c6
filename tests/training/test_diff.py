"""The difference of two snapshots: every change is named, euros add up, suppressed cells stay hidden."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasting.errors import ForecastingError
from forecasting.snapshot import Snapshot, read_snapshot, write_snapshot
from training.allocation import by_need
from training.diff import UNALLOCATED, Difference, compare
from training.diff_views import as_html, as_json, as_text

BUDGET = 100_000_001
VIEWS: list[Callable[[Difference], str]] = [as_text, as_json, as_html]


@pytest.fixture(scope="module")
def difference(older: Snapshot, newer: Snapshot) -> Difference:
    return compare(older, newer, BUDGET, ("old", "new"))


def with_manifest(snapshot: Snapshot, **entries: Any) -> Snapshot:
    return dataclasses.replace(snapshot, manifest={**snapshot.manifest, **entries})


def with_gaps(snapshot: Snapshot, gaps: pd.DataFrame) -> Snapshot:
    return dataclasses.replace(snapshot, tables={**snapshot.tables, "gaps": gaps})


def numbers(value: Any) -> Iterator[float]:
    """Yield every number of a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_a_snapshot_does_not_differ_from_itself(older: Snapshot) -> None:
    same = compare(older, older, BUDGET)
    assert same.empty
    assert same.sentences[0] == "Nothing differs."
    assert same.summary["cells_compared"] == 9
    assert (same.summary["largest_score_change"], same.summary["moved_cents"]) == (0, 0)
    assert (same.summary["spearman"], same.summary["top_ten_overlap"]) == (1, 1)
    assert all("Nothing differs." in view(same) for view in VIEWS)


def test_a_written_snapshot_does_not_differ_from_the_one_in_memory(older: Snapshot, tmp_path: Path) -> None:
    write_snapshot(older, tmp_path / "s")
    assert compare(older, read_snapshot(tmp_path / "s"), BUDGET).empty


def test_suppressed_on_both_sides_is_no_change(suppressed: Snapshot) -> None:
    assert compare(suppressed, suppressed, BUDGET).empty


def test_changed_inputs_and_rules_are_named(difference: Difference) -> None:
    assert list(difference.inputs["name"]) == ["graduates"]
    assert list(difference.parameters["name"]) == ["largest_share", "weight_quantile"]
    assert "Input table changed: graduates." in difference.sentences
    assert "Parameter weight_quantile: 0.25 → 0.4." in difference.sentences


@pytest.mark.parametrize(
    ("entry", "value", "said"),
    [
        ("seed", 2, "Setting seed: 1 → 2."),
        ("as_of", "2020-01-01", "Setting as_of: 2026-11-22 → 2020-01-01."),
        ("horizons", [1, 5], "Setting horizons: [1, 5, 10] → [1, 5]."),
        ("methods", {"sector_employment": "naive"}, "Setting methods.sector_employment: mean → naive."),
        ("methods", {}, "Setting methods.sector_employment: removed (mean)."),
        ("code", "0123456789abcdef", "Setting code: test → 0123456789ab."),
        (
            "status",
            {"label": "current", "sentence": "Base year 2025."},
            "Setting status.label: made up → current.",
        ),
        (
            "sources",
            [{"id": "tiny", "licence": "CC0", "vintage": "2025"}],
            "Source tiny, licence: Apache-2.0 → CC0.",
        ),
        (
            "sources",
            [{"id": "tiny", "vintage": "2026"}, {"id": "b", "vintage": "1"}],
            "Source b, vintage: added (1).",
        ),
    ],
)
def test_each_kind_of_setting_is_named(older: Snapshot, entry: str, value: Any, said: str) -> None:
    found = compare(older, with_manifest(older, **{entry: value}), BUDGET)
    assert said in found.sentences
    assert not found.empty
    assert "Nothing differs." not in found.sentences


@pytest.mark.parametrize(("key", "value"), [("base_year", 2024), ("data_vintage", "x")])
def test_the_region_is_compared(older: Snapshot, key: str, value: Any) -> None:
    region = {**older.manifest["region"], key: value}
    assert list(compare(older, with_manifest(older, region=region), BUDGET).inputs["name"]) == [
        f"region.{key}"
    ]


def test_a_newer_taxonomy_is_named(older: Snapshot) -> None:
    kinds = older.manifest["region"]["classifications"]
    newer = {**kinds, "skills": {**kinds["skills"], "version": "2"}}
    found = compare(
        older, with_manifest(older, region={**older.manifest["region"], "classifications": newer}), BUDGET
    )
    assert found.inputs[["name", "old", "new"]].to_numpy().tolist() == [
        ["region.classifications.skills.version", "1", "2"]
    ]


def test_added_and_removed_tables_are_named(older: Snapshot) -> None:
    kept = {name: digest for name, digest in older.manifest["fingerprints"].items() if name != "courses"}
    found = compare(older, with_manifest(older, fingerprints={**kept, "grants": "f" * 64}), BUDGET)
    assert found.inputs[["name", "change", "new"]].to_numpy().tolist() == [
        ["courses", "removed", None],
        ["grants", "added", "f" * 12],
    ]
    assert compare(older, with_manifest(older, fingerprints={}), 0).inputs["new"].isna().all()


@pytest.mark.parametrize("field", ["value", "reference", "in_force_from"])
def test_each_field_of_a_parameter_is_compared(older: Snapshot, field: str) -> None:
    rules = older.manifest["parameters"]
    changed = {**rules, "draws": {**rules["draws"], field: "9"}}
    found = compare(older, with_manifest(older, parameters=changed), BUDGET).parameters
    assert found[["name", "field", "new"]].to_numpy().tolist() == [["draws", field, "9"]]


def test_cells_hold_both_sides_and_are_ordered(
    difference: Difference, older: Snapshot, newer: Snapshot
) -> None:
    size = difference.cells["change"].abs()
    assert len(size)
    assert size.is_monotonic_decreasing
    gaps = [snapshot.tables["gaps"].query("not aggregate") for snapshot in (older, newer)]
    for row in difference.cells.to_dict("records"):
        before, after = (
            frame[(frame["occupation"] == row["occupation"]) & (frame["horizon"] == row["horizon"])].iloc[0]
            for frame in gaps
        )
        assert (row["p10_old"], row["p50_old"], row["p90_old"]) == tuple(
            before[["score_p10", "score_p50", "score_p90"]]
        )
        assert row["change"] == pytest.approx(after["score_p50"] - before["score_p50"])
        assert row["overlap"] == (
            before["score_p10"] <= after["score_p90"] and after["score_p10"] <= before["score_p90"]
        )
        assert (row["rank_old"], row["rank_new"]) == (before["rank"], after["rank"])
    largest = difference.cells.iloc[0]
    assert any(f"The score of {largest['occupation']} " in sentence for sentence in difference.sentences)


def median_of_25(snapshot: Snapshot) -> str:
    gaps = snapshot.tables["gaps"].query("occupation == '25' and horizon == 5 and scenario == 'baseline'")
    return f"{gaps['score_p50'].iloc[0]:.0%}".replace("%", " %")


def test_a_sentence_tells_whether_the_new_median_lies_in_the_old_interval(older: Snapshot) -> None:
    gaps = older.tables["gaps"].copy()
    there = gaps["occupation"].eq("25") & gaps["horizon"].eq(5)
    before = median_of_25(older)
    gaps.loc[there, "score_p50"] = 0.17
    told = compare(older, with_gaps(older, gaps), 0).sentences
    assert told[0] == (
        f"The score of 25 Programmeurs (TY, 5 years) falls from {before} to 17 %: within its old interval."
    )
    gaps.loc[there, ["score_p10", "score_p50", "score_p90"]] = [0.7, 0.8, 0.9]
    found = compare(older, with_gaps(older, gaps), 0)
    assert found.sentences[0].endswith(
        f"rises from {before} to 80 %: outside its old interval, and the intervals do not overlap."
    )
    assert found.summary["intervals_apart"] == 1
    assert found.summary["share_of_budget_moved"] is None


@pytest.mark.parametrize("turned", [False, True])
def test_cells_that_come_go_and_lose_their_score(older: Snapshot, turned: bool) -> None:
    gaps = older.tables["gaps"].copy()
    gaps = gaps[~(gaps["occupation"].eq("22") & gaps["horizon"].eq(10))]
    silent = gaps["occupation"].eq("52") & gaps["horizon"].eq(1)
    gaps.loc[silent, ["score_p10", "score_p50", "score_p90", "rank"]] = None
    gaps.loc[silent, "reason"] = "unavailable"
    pair = (with_gaps(older, gaps), older) if turned else (older, with_gaps(older, gaps))
    found = compare(*pair, BUDGET)
    states = dict(zip(found.cells["occupation"], found.cells["state"], strict=True))
    assert states["22"] == ("added" if turned else "removed")
    assert states["52"] == ("newly scored" if turned else "no longer scored")
    assert found.summary["cells_compared"] == 7
    assert "NaN" not in as_json(found)


def test_noise_of_floating_point_is_no_change(older: Snapshot) -> None:
    gaps = older.tables["gaps"].copy()
    gaps["score_p50"] += 1e-15
    assert compare(older, with_gaps(older, gaps), BUDGET).empty


def test_share_moved_agrees_with_plain_loops(
    difference: Difference, older: Snapshot, newer: Snapshot
) -> None:
    sides = []
    for snapshot in (older, newer):
        rows = snapshot.tables["weights"].sort_values("occupation")
        cap = snapshot.manifest["parameters"]["largest_share"]["value"]
        cents = by_need(BUDGET, list(rows["occupation"]), rows["need"].to_numpy(dtype=float), cap)
        sides.append(dict(zip(rows["occupation"], (int(amount) for amount in cents), strict=True)))
        sides[-1][UNALLOCATED] = BUDGET - sum(sides[-1].values())
    doubled = 0
    for occupation, cents in sides[0].items():
        doubled += abs(sides[1][occupation] - cents)
    assert doubled > 0
    assert doubled % 2 == 0
    assert difference.summary["moved_cents"] == doubled // 2
    assert difference.summary["share_of_budget_moved"] == doubled / 2 / BUDGET
    lines = difference.euros.set_index("occupation")
    for occupation, cents in sides[1].items():
        assert lines.loc[occupation, "cents_new"] == cents


@pytest.mark.parametrize("cap", [0.1, 0.25, 0.5, 1.0])
def test_gains_and_losses_sum_to_the_change_of_the_totals(
    older: Snapshot, newer: Snapshot, cap: float
) -> None:
    rules = newer.manifest["parameters"]
    capped = {**rules, "largest_share": {**rules["largest_share"], "value": cap}}
    found = compare(older, with_manifest(newer, parameters=capped), BUDGET)
    region = found.regions.iloc[0]
    for side in ("old", "new"):
        assert region[f"allocated_{side}"] + region[f"unallocated_{side}"] == BUDGET
        assert found.euros[f"cents_{side}"].sum() == BUDGET
    assert region["gained_cents"] - region["lost_cents"] == region["allocated_new"] - region["allocated_old"]
    assert 0 <= region["share_moved"] <= 1


def test_a_region_of_one_side_only_has_no_euros(older: Snapshot) -> None:
    moved = {
        name: table.assign(region="ZZ") if "region" in table else table
        for name, table in older.tables.items()
    }
    found = compare(older, dataclasses.replace(older, tables=moved), BUDGET)
    assert not len(found.euros)
    assert set(found.cells["state"]) == {"added", "removed"}
    assert found.summary["share_of_budget_moved"] is None
    assert all(view(found) for view in VIEWS)


def test_a_negative_budget_is_refused(older: Snapshot) -> None:
    with pytest.raises(ForecastingError, match="expected 0 or more"):
        compare(older, older, -1)


@pytest.mark.parametrize("turned", [False, True])
def test_a_cell_suppressed_on_either_side_hides_both(
    older: Snapshot, suppressed: Snapshot, turned: bool
) -> None:
    pair = (suppressed, older) if turned else (older, suppressed)
    found = compare(*pair, BUDGET)
    hidden = found.cells[found.cells["occupation"] == "25"]
    assert list(hidden["state"]) == ["suppressed"] * 3
    assert (
        hidden.drop(columns=["region", "occupation", "horizon", "label", "state", "overlap"])
        .filter(regex="p10|p50|p90|rank|change")
        .isna()
        .all(axis=None)
    )
    assert "25" not in set(found.euros["occupation"])
    assert found.regions["left_out"].tolist() == [1]
    assert found.summary["cells_suppressed"] == 3
    assert any(
        "25 Programmeurs (TY, 1, 5, 10 years) is suppressed in the" in line for line in found.sentences
    )


@pytest.mark.parametrize("turned", [False, True])
def test_no_figure_of_a_suppressed_cell_comes_back(
    older: Snapshot, suppressed: Snapshot, turned: bool
) -> None:
    """Neither its own figures, nor its euros, nor the euros of the others with it in the allocation."""
    figures = older.tables["gaps"].query("occupation == '25'").select_dtypes("number")
    secret = {
        float(value)
        for value in figures.drop(columns=["horizon", "from_year", "to_year"])
        .filter(regex="^(?!rank)")
        .stack()
    }
    weights = older.tables["weights"].sort_values("occupation")
    secret |= set(weights.loc[weights["occupation"] == "25", ["need", "score_lower"]].iloc[0])
    need = weights["need"].to_numpy(dtype=float)
    secret |= {float(cents) for cents in by_need(BUDGET, list(weights["occupation"]), need, 0.9)}
    secret -= {0.0, 1.0}
    found = compare(*((suppressed, older) if turned else (older, suppressed)), BUDGET)
    told = set(numbers(json.loads(as_json(found))))
    assert len(secret) > 20
    assert not {value for value in told for hush in secret if math.isclose(value, hush)}
    assert not any(median_of_25(older) in view(found) for view in VIEWS), "its median, as people read it"


def test_ranks_close_up_over_a_suppressed_cell(older: Snapshot, suppressed: Snapshot) -> None:
    """A hole would tell where it stood: 25 was first, so the others move up on both sides."""
    gaps = suppressed.tables["gaps"].copy()
    gaps.loc[gaps["horizon"].eq(5), "score_p50"] += 0.01
    found = compare(older, with_gaps(suppressed, gaps), BUDGET).cells
    ranks = found[found["state"] == "compared"].set_index("occupation")["rank_old"]
    assert ranks.to_dict() == {"22": 1, "52": 2}


def test_a_neutral_weight_is_not_told(older: Snapshot) -> None:
    """It is a mean of its region's weights, and would give one of them away."""
    weights = older.tables["weights"].copy()
    there = weights["occupation"].eq("52")
    weights.loc[there, ["need", "weight", "reason"]] = [math.nan, 0.17, "unavailable"]
    silent = dataclasses.replace(older, tables={**older.tables, "weights": weights})
    line = compare(silent, older, BUDGET).euros.set_index("occupation").loc["52"]
    assert (math.isnan(line["weight_old"]), line["weight_new"], line["cents_old"]) == (True, 0, 0)
