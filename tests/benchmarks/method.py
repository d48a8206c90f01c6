"""Part `method`: the steps of a build that a user waits for, each beside a named reference."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

from forecasting.gaps import gap
from forecasting.parameters import load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import read_region, write_region
from forecasting.snapshot import write_snapshot
from tests.conftest import TINY

Row = tuple[str, float, str, float]


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the fastest of some runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def gap_rows() -> list[Row]:
    """Score 4,800 cells × 2,000 draws; the reference solves the linear programme of each cell and draw."""
    rng = np.random.default_rng(1)
    openings, supply = rng.uniform(1, 100, (4800, 2000)), rng.uniform(0, 60, (2, 4800, 2000))
    lack = rng.uniform(0, 1, (2, 4800, 1))
    ours = seconds(lambda: gap(openings, supply, lack), 1)

    def programme() -> None:
        for cell in range(200):
            linprog(
                -(1 - lack[:, cell, 0]),
                A_ub=[[1, 1]],
                b_ub=[openings[cell, 0]],
                bounds=[(0, s) for s in supply[:, cell, 0]],
            )

    return [
        (
            "gap score, 9.6 million cells and draws",
            ours,
            "HiGHS, scaled from 200",
            seconds(programme, 1) * 48_000,
        )
    ]


def build_rows(shared: Path) -> list[Row]:
    """Build the made-up and the Flemish region; the reference is the made-up one."""
    parameters = load_parameters()
    tiny = read_region(TINY)
    small = seconds(lambda: build_snapshot(tiny, parameters, 1, "bench"))
    rows: list[Row] = [("snapshot of the made-up region, 9 cells", small, "itself", small)]
    if not shared.is_dir():
        return rows
    from forecasting.sources import flanders

    raw = flanders.read(shared)
    rows.append(("read raw Flemish files", seconds(lambda: flanders.read(shared), 1), "made-up build", small))
    rows.append(("tidy to canonical tables", seconds(lambda: flanders.tidy(raw)), "made-up build", small))
    with tempfile.TemporaryDirectory() as folder:
        write_region(flanders.tidy(raw), Path(folder) / "region")
        rows.append(
            (
                "read and check the region",
                seconds(lambda: read_region(Path(folder) / "region")),
                "made-up build",
                small,
            )
        )
        region = read_region(Path(folder) / "region")
        built = build_snapshot(region, parameters, 1, "bench")
        rows.append(
            (
                "snapshot of Flanders, 120 cells, 4 methods backtested",
                seconds(lambda: build_snapshot(region, parameters, 1, "bench"), 1),
                "made-up build",
                small,
            )
        )
        counter = iter(range(99))
        rows.append(
            (
                "write that snapshot",
                seconds(lambda: write_snapshot(built, Path(folder) / str(next(counter)))),
                "made-up build",
                small,
            )
        )
    return rows


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # nothing here reads Job-SDF
    rows = [*gap_rows(), *build_rows(shared)]
    return [
        "Best of up to three.",
        "",
        "| what | seconds | reference | its seconds | ratio |",
        "|---|---:|---|---:|---:|",
        *(
            f"| {what} | {ours:.3f} | {name} | {theirs:.3f} | {theirs / ours:.2f} |"
            for what, ours, name, theirs in rows
        ),
        "",
        "Ratio: how many times longer the reference takes.",
    ]
