"""The past of staffing in a whole region: what ships, what moves, and what is refused."""

import dataclasses
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.evidence import COMPONENTS, STAFFING, Evidence
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region, problems_of
from forecasting.snapshot import Snapshot
from tests.conftest import TINY


def with_history(region: Region, years: int, drift: float, noise: float = 0.0) -> Region:
    """Give the made-up region a past in which nurses replace sellers in health, steadily or at random."""
    rows, steps = [], noise * np.random.default_rng(5).normal(size=years)
    for year, walk in zip(range(2026 - years, 2026), steps.cumsum() - steps.sum(), strict=True):
        left = 0.2 * math.exp(drift * (2025 - year) + walk)
        for sector, code, share in (
            ("Q", "22", 1 - left),
            ("Q", "52", left),
            ("X", "25", 0.5),
            ("X", "52", 0.5),
        ):
            rows.append({"year": year, "sector": sector, "occupation": code, "share": share})
    table = pd.DataFrame(rows).assign(relative_standard_error=np.nan)
    return dataclasses.replace(region, tables={**region.tables, "staffing_history": table})


def test_a_component_of_its_own_ships_only_what_beats_shares_that_stay(
    tiny: Region, parameters: Parameters
) -> None:
    def found(region: Region) -> Evidence:
        return COMPONENTS[STAFFING].train(region, parameters, 1)

    drifting = found(with_history(tiny, 14, 0.06))
    assert drifting.method in {"pooled", "trend"}
    scores = drifting.table.set_index(["method", "horizon"])["log_mae"]
    assert scores["pooled"][1] < scores["naive"][1]
    assert scores["pooled"][5] < scores["naive"][5]
    assert found(with_history(tiny, 14, 0.0, 0.0)).method == "naive"
    short, none = found(with_history(tiny, 3, 0.06)), found(tiny)
    for empty in (short, none):
        assert empty.method == "naive"
        assert empty.table.empty
        assert empty.errors.empty


def test_the_whole_chain_moves_and_adds_up(
    tiny: Region, tiny_snapshot: Snapshot, parameters: Parameters
) -> None:
    snapshot = build_snapshot(with_history(tiny, 14, 0.06), parameters, 1, "test")
    assert snapshot.manifest["methods"][STAFFING] in {"pooled", "trend"}
    assert snapshot.manifest["residuals"]["occupations_less_sectors_persons"] < 1e-6

    def employed(each: Snapshot, occupation: str) -> float:
        rows = each.tables["openings"]
        rows = rows[rows["occupation"].eq(occupation) & rows["region"].eq("TY") & rows["horizon"].eq(5)]
        rows = rows[rows["component"].eq("employment") & rows["scenario"].eq("baseline")]
        return float(rows["mean"].iloc[0])

    assert employed(snapshot, "22") > employed(tiny_snapshot, "22") + 100, "nurses' share rises"
    assert employed(snapshot, "52") < employed(tiny_snapshot, "52") - 100
    assert employed(snapshot, "TOTAL") == pytest.approx(employed(tiny_snapshot, "TOTAL"), rel=1e-9)


def test_staffing_that_ships_as_it_is_still_strays(
    tiny: Region, tiny_snapshot: Snapshot, parameters: Parameters
) -> None:
    """With history, draws carry the errors of shares that stay, even where nothing beats them."""
    moved = build_snapshot(with_history(tiny, 14, 0.0, noise=0.1), parameters, 1, "test")
    assert moved.manifest["methods"][STAFFING] == "naive"

    def width(each: Snapshot) -> float:
        table = each.tables["openings"]
        row = table.query("occupation == '52' and horizon == 5 and component == 'employment'").iloc[0]
        return float(row["p90"] - row["p10"])

    assert width(moved) > 1.2 * width(tiny_snapshot)


MISTAKES: list[tuple[Callable[[str], str], str]] = [
    (
        lambda text: text.replace("2024,Q,22,0.8", "2024,Q,22,0.7"),
        "shares of 'Q' in 2024 that sum to 0.900",
    ),
    (lambda text: text + "2024,TOTAL,22,1\n", "'TOTAL', which is not in staffing"),
    (lambda text: text.replace("2024,X,25", "2024,X,2"), "'2', which is not in staffing"),
    (lambda text: text.replace("2024,Q,22,0.8", "2024,Q,22,1.8"), "expected share from 0 to 1"),
    (lambda text: text + "2024,Q,52,0.0\n", "staffing_history.csv, lines"),
]


def folder_with(tmp_path: Path, change: Callable[[str], str]) -> Path:
    folder = tmp_path / "region"
    shutil.copytree(TINY, folder)
    rows = [
        f"{year},{row}"
        for year in range(2020, 2026)
        for row in ("Q,22,0.8", "Q,52,0.2", "X,25,0.5", "X,52,0.5")
    ]
    text = "\n".join(["year,sector,occupation,share", *rows]) + "\n"
    (folder / "staffing_history.csv").write_text(change(text), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("change", "said"), MISTAKES)
def test_each_mistake_is_told(change: Callable[[str], str], said: str, tmp_path: Path) -> None:
    problems = [str(problem) for problem in problems_of(folder_with(tmp_path, change))]
    assert any(said in problem for problem in problems), problems


def test_a_history_that_fits_is_taken(tmp_path: Path) -> None:
    assert problems_of(folder_with(tmp_path, lambda text: text.replace("0.8", "0.805"))) == []


def test_history_without_staffing_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, str)
    (folder / "staffing.csv").unlink()
    problems = [str(problem) for problem in problems_of(folder)]
    assert any("staffing_history without staffing" in problem for problem in problems)
