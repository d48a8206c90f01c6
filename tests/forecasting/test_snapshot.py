"""Snapshots: same input, same hash; changed bytes are refused; the golden figures of the made-up region."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError, InputError
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.published import PUBLISHED
from forecasting.region import Region, fingerprints
from forecasting.snapshot import Snapshot, conform, read_snapshot, snapshot_hash, write_snapshot
from tests.conftest import ROOT, TINY, baseline

GOLDEN = ROOT / "tests" / "golden" / "tiny_gaps.csv"
BUILD = f"""
from pathlib import Path
from forecasting.parameters import load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import read_region
from forecasting.snapshot import write_snapshot
import sys
snapshot = build_snapshot(read_region(Path({str(TINY)!r})), load_parameters(), 1, "test")
print(write_snapshot(snapshot, Path(sys.argv[1])))
"""


def test_every_published_table_is_there_and_conforms(tiny_snapshot: Snapshot) -> None:
    assert set(tiny_snapshot.tables) == set(PUBLISHED)
    for name, table in tiny_snapshot.tables.items():
        assert list(conform(table, name)) == [column.name for column in PUBLISHED[name].columns]


def test_a_snapshot_survives_being_written(tiny_snapshot: Snapshot, tmp_path: Path) -> None:
    digest = write_snapshot(tiny_snapshot, tmp_path / "s")
    again = read_snapshot(tmp_path / "s")
    assert snapshot_hash(tmp_path / "s") == digest
    for name, table in tiny_snapshot.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], conform(table, name))
    np.testing.assert_allclose(again.draws["score"], tiny_snapshot.draws["score"], rtol=1e-6)
    assert again.draws["score"].dtype == np.float32


def test_two_processes_agree_whatever_the_hash_seed(tmp_path: Path) -> None:
    hashes = set()
    for seed in ("0", "12345"):
        run = subprocess.run(
            [sys.executable, "-c", BUILD, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(run.stdout.strip())
    assert len(hashes) == 1


def test_one_changed_cell_changes_one_fingerprint_and_the_hash(
    tiny: Region, parameters: Parameters, tiny_snapshot: Snapshot, tmp_path: Path
) -> None:
    changed = tiny.tables["graduates"].copy()
    changed.loc[0, "persons"] += 1
    other = dataclasses.replace(tiny, tables={**tiny.tables, "graduates": changed})
    differ = [name for name, digest in fingerprints(other).items() if digest != fingerprints(tiny)[name]]
    assert differ == ["graduates"]
    again = build_snapshot(other, parameters, 1, "test")
    assert write_snapshot(again, tmp_path / "b") != write_snapshot(tiny_snapshot, tmp_path / "a")


@pytest.mark.parametrize("damage", ["changed", "missing", "foreign"])
def test_damaged_snapshots_are_refused(tiny_snapshot: Snapshot, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "s"
    write_snapshot(tiny_snapshot, folder)
    table = folder / "tables" / "gaps.parquet"
    if damage == "changed":
        table.write_bytes(table.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        table.unlink()
    else:
        (folder / "extra.txt").write_text("x")
    with pytest.raises(InputError, match="a missing, foreign or changed file"):
        read_snapshot(folder)


def test_a_snapshot_from_before_a_column_still_reads(
    tiny_snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = PUBLISHED["employment"]
    older = dataclasses.replace(table, columns=tuple(c for c in table.columns if c.name != "flag"))
    with monkeypatch.context() as before:
        before.setitem(PUBLISHED, "employment", older)
        write_snapshot(tiny_snapshot, tmp_path / "s")
    again = read_snapshot(tmp_path / "s").tables["employment"]
    assert again["flag"].isna().all()
    assert again["persons"].notna().all()


def test_a_folder_without_manifest_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a snapshot's manifest"):
        read_snapshot(tmp_path)


def test_a_repeated_key_is_refused(tiny_snapshot: Snapshot) -> None:
    doubled = pd.concat([tiny_snapshot.tables["gaps"]] * 2)
    with pytest.raises(ForecastingError, match=r"snapshot table gaps: the key .* repeats"):
        conform(doubled, "gaps")


def test_means_of_parts_add_to_the_mean_score(tiny_snapshot: Snapshot) -> None:
    gaps = tiny_snapshot.tables["gaps"]
    np.testing.assert_allclose(gaps["quantitative"] + gaps["qualitative"], gaps["score"], atol=1e-12)


def test_mean_openings_are_mean_new_jobs_and_replacement(tiny_snapshot: Snapshot) -> None:
    keys = ["region", "occupation", "scenario", "horizon"]
    mean = tiny_snapshot.tables["openings"].pivot_table(index=keys, columns="component", values="mean")
    parts = mean["new_jobs"] + mean["replacement_25_54"] + mean["replacement_55_plus"]
    np.testing.assert_allclose(parts, mean["openings"])
    assert (mean["new_jobs"] >= mean["expansion"] - 1e-9).all(), "its positive part"


def test_what_must_add_up_does(tiny_snapshot: Snapshot) -> None:
    assert max(tiny_snapshot.manifest["residuals"].values()) < 1e-6


def test_small_cells_are_suppressed_everywhere(tiny: Region, parameters: Parameters) -> None:
    values = {
        **parameters.values,
        "small_cell": dataclasses.replace(parameters.values["small_cell"], value=4000),
    }
    found = build_snapshot(tiny, dataclasses.replace(parameters, values=values), 1, "test")
    persons = ("gaps", "openings", "supply", "weights", "skill_gaps", "employment", "scenario_effects")
    for name in persons:
        table = found.tables[name]
        rows = table[table["occupation"] == "25"]
        figures = rows.select_dtypes("number").drop(
            columns=["horizon", "from_year", "to_year", "year", "asked", "asked_now", "importance", "weight"],
            errors="ignore",
        )
        assert figures.isna().all(axis=None), name
        assert (rows["reason"] == "confidential").all(), name
    weights = found.tables["weights"].set_index("occupation")["weight"]
    assert weights["25"] == parameters["weight_rule"]["neutral"], "neither rewarded nor punished"
    five = found.tables["gaps"].query("horizon == 5").set_index("scenario")
    total = five.query("occupation == 'TOTAL'")["openings"]
    known = five.query("occupation in ['22', '52']").groupby(level="scenario")["openings"].sum()
    assert total.to_dict() == pytest.approx(known.to_dict()), (
        "a total less its published parts must not give the suppressed cell"
    )


def test_without_ads_the_qualitative_part_is_unknown(tiny: Region, parameters: Parameters) -> None:
    tables = {
        name: table
        for name, table in tiny.tables.items()
        if name not in {"skill_mentions", "jobseeker_skills"}
    }
    gaps = build_snapshot(dataclasses.replace(tiny, tables=tables), parameters, 1, "test").tables["gaps"]
    nurses = gaps[(gaps["occupation"] == "22") & (gaps["horizon"] == 5)].iloc[0]
    assert pd.isna(nurses["qualitative"])
    assert (nurses["qualitative_reason"], nurses["covers"]) == ("unavailable", "quantitative")
    assert nurses["score"] == pytest.approx(nurses["quantitative"])
    assert "whether they have the skills is unknown" in nurses["why"]


@pytest.mark.parametrize("missing", ["graduates", "jobseekers", "entry"])
def test_unknown_supply_gives_no_score_but_keeps_openings(
    tiny: Region, parameters: Parameters, missing: str
) -> None:
    tables = {name: table for name, table in tiny.tables.items() if name != missing}
    found = build_snapshot(dataclasses.replace(tiny, tables=tables), parameters, 1, "test")
    gaps = found.tables["gaps"]
    assert gaps[["score", "supply", "unfilled", "annual_balance"]].isna().all(axis=None)
    assert (gaps["reason"] == "unavailable").all()
    assert gaps["openings"].notna().all()
    assert found.tables["openings"]["mean"].notna().all()
    lost = "jobseekers" if missing == "jobseekers" else "entrants"
    sources = found.tables["supply"].groupby("source")["mean"].count()
    assert sources[lost] == 0
    assert sources.sum() > 0, "the other source is still told"


def test_without_ages_employment_is_still_told(tiny: Region, parameters: Parameters) -> None:
    employment = tiny.tables["sector_employment"]
    tables = {**tiny.tables, "sector_employment": employment[employment["age_band"] == "all"]}
    found = build_snapshot(dataclasses.replace(tiny, tables=tables), parameters, 1, "test").tables["openings"]
    mean = found.set_index("component")["mean"]
    assert mean[["employment", "expansion"]].notna().all()
    assert mean[["openings", "new_jobs", "replacement_55_plus"]].isna().all()


def test_a_region_that_counts_occupations_itself_is_scored(tiny: Region, parameters: Parameters) -> None:
    by_sector, staffing = tiny.tables["sector_employment"], tiny.tables["staffing"]
    joined = by_sector[by_sector["age_band"] == "all"].merge(staffing, on="sector")
    joined["persons"] *= joined["share"]
    counted = joined.groupby(["year", "region", "occupation", "age_band"], as_index=False)["persons"].sum()
    total = by_sector[by_sector["sector"] == "TOTAL"].rename(columns={"sector": "occupation"})
    tables = {
        name: table for name, table in tiny.tables.items() if name not in {"staffing", "sector_employment"}
    }
    tables["occupation_employment"] = pd.concat([counted, total[[*counted.columns]]]).assign(flag="")
    found = build_snapshot(dataclasses.replace(tiny, tables=tables), parameters, 1, "test").tables["gaps"]
    assert found["score_p50"].notna().all()


def test_without_any_past_error_no_figure_is_published(tiny: Region, parameters: Parameters) -> None:
    employment = tiny.tables["sector_employment"]
    now = employment[(employment["year"] == 2025) | (employment["sector"] == "TOTAL")]
    only = dataclasses.replace(tiny, tables={**tiny.tables, "sector_employment": now})
    found = build_snapshot(only, parameters, 1, "test")
    assert set(found.tables["gaps"]["reason"]) == {"low_reliability"}
    assert found.tables["gaps"]["score"].isna().all()
    assert any("none is published" in sentence for sentence in found.manifest["not_quotable"])


def test_lost_persons_are_refused(tiny: Region, parameters: Parameters) -> None:
    staffing = tiny.tables["staffing"].query("sector == 'Q'")
    tables = {**tiny.tables, "staffing": staffing}
    with pytest.raises(ForecastingError, match="sectors hold 16,000 persons, their occupations 10,000"):
        build_snapshot(dataclasses.replace(tiny, tables=tables), parameters, 1, "test")


def test_golden_figures_of_the_made_up_region(tiny_snapshot: Snapshot) -> None:
    """Headline results as a frozen file, read in review: COMPETENCE_GOLDEN=write renews it."""
    columns = [
        "occupation",
        "horizon",
        "score",
        "score_p10",
        "score_p50",
        "score_p90",
        "quantitative",
        "openings",
        "supply",
    ]
    shown = (
        baseline(tiny_snapshot.tables["gaps"])
        .sort_values(["horizon", "occupation"])[columns]
        .round(3)
        .to_csv(index=False)
    )
    if os.environ.get("COMPETENCE_GOLDEN") == "write":
        GOLDEN.write_text(shown)
    assert shown == GOLDEN.read_text()


def test_an_older_snapshot_lacks_later_tables_and_is_still_read(
    tiny_snapshot: Snapshot, tmp_path: Path
) -> None:
    write_snapshot(tiny_snapshot, tmp_path / "s")
    (tmp_path / "s" / "tables" / "backtest_groups.parquet").unlink()
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    del manifest["files"]["tables/backtest_groups.parquet"]
    (tmp_path / "s" / "manifest.json").write_text(json.dumps(manifest))
    read = read_snapshot(tmp_path / "s")
    assert read.tables["backtest_groups"].empty
    assert len(read.tables["backtest"])
