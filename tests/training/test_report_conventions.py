"""Net and gross side by side: what the files say is what the release says."""

from pathlib import Path

import pandas as pd
import pytest

from forecasting.snapshot import Snapshot
from training.report_conventions import FILES, side_by_side, write_conventions

KEY = ["scenario", "horizon", "occupation"]


def release(*, gross: bool) -> Snapshot:
    """Return a release of two occupations and their total, two scenarios, one window."""
    rows = [
        ("R", code, scenario, 5, side, component, figure + 10 * at)
        for at, scenario in enumerate(("baseline", "late"))
        for code, figure in (("b", 100.0), ("a", 50.0), ("TOTAL", 150.0))
        for side in (("net", "gross") if gross else ("net",))
        for component in ("openings", "supply")
    ]
    columns = ["region", "occupation", "scenario", "horizon", "convention", "component", "mean"]
    occupations = pd.DataFrame(
        {
            "code": ["TOTAL", "a", "b"],
            "parent": [None, "TOTAL", "TOTAL"],
            "label_nl": ["Alle", "", "Lassers"],
            "label_en": ["All", "Nurses", "Welders"],
        }
    )
    manifest = {
        "region": {"name": "Nowhere", "base_year": 2025},
        "scenarios": ["baseline", "late"],
        "residuals": {"gross_movers_in_less_transfers_out_persons": 1e-9},
    }
    return Snapshot(
        {"conventions": pd.DataFrame(rows, columns=columns), "occupations": occupations}, manifest
    )


def test_rows_are_the_releases_cells_by_window_scenario_and_aggregates_last() -> None:
    table = side_by_side(release(gross=True), "R")
    assert table["scenario"].tolist() == ["baseline"] * 3 + ["late"] * 3
    assert table["occupation"].tolist() == ["a", "b", "TOTAL"] * 2
    assert table["label"].tolist()[:3] == ["Nurses", "Lassers", "Alle"]
    assert table.columns.tolist()[5:] == ["net_openings", "net_supply", "gross_openings", "gross_supply"]
    assert table["gross_openings"].tolist() == [50, 100, 150, 60, 110, 160]


@pytest.mark.parametrize("gross", [True, False], ids=["gross", "net alone"])
def test_files_are_written_alike_each_time(tmp_path: Path, gross: bool) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        assert write_conventions(release(gross=gross), "R", 5, folder) == list(FILES)
    for name in FILES:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    said = (folders[0] / FILES[1]).read_text(encoding="utf-8")
    assert ("gross openings" in said) is gross
    assert "| 5 | late | 160 | 160 |" in said
    assert "gross movers in less transfers out persons: 1e-09" in said
    picture = (folders[0] / FILES[2]).read_text(encoding="utf-8")
    assert "Nowhere, 2025 to 2030: net and gross" in picture
    assert "Lassers (b)" in picture


def test_an_older_release_without_the_table_has_no_such_files(tmp_path: Path) -> None:
    snapshot = release(gross=True)
    empty = snapshot.tables["conventions"].iloc[:0]
    assert (
        write_conventions(
            Snapshot({**snapshot.tables, "conventions": empty}, snapshot.manifest), "R", 5, tmp_path
        )
        == []
    )
    assert list(tmp_path.iterdir()) == []
