"""Part `speed`: wall time and peak memory of whole commands, each in a process of its own.

Peak memory is that of the process, Python and its libraries included, as the system counted it.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from tests.benchmarks.report import Verdict, markdown, verdict_lines
from tests.conftest import ROOT

SECONDS: Final = 60.0
GIB: Final = 3.0
SCALES: Final = (500, 5_000, 50_000)
MOST_RATIO: Final = 11.0
REPEATS: Final = 3
RECONCILED: Final = (
    (500, "MinTrace"),
    (5_000, "MinTrace"),
    (5_000, "MinTraceSparse"),
    (50_000, "MinTraceSparse"),
)


@dataclass(frozen=True)
class Measured:
    """What a process took.

    Parameters
    ----------
    inner : dict
        What the process itself measured and printed as JSON on its last line.
    seconds, gib : float
        Wall time of the process, and its peak memory.
    """

    inner: dict[str, float]
    seconds: float
    gib: float


def measure(command: Sequence[str]) -> Measured:
    """Run a Python module and return its time, its peak memory and what it printed last.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    with tempfile.TemporaryFile() as printed:
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, stdout=printed)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        last = (printed.read().decode().strip().splitlines() or [""])[-1]
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with {process.returncode}: {last}")
    kib = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)  # bytes there, KiB elsewhere
    inner = json.loads(last) if last.startswith("{") else {}
    return Measured(inner, seconds, kib / 2**20)


def work(*words: object) -> Measured:
    """Run one piece of `tests.benchmarks.workload`."""
    return measure(["tests.benchmarks.workload", *map(str, words)])


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # the months read are fixed below
    large = {
        "r2: 121,420 series × 30 months": work("r2", shared),
        "simulated counts: 50,000 × 60 months": work("simulated", 50_000, 60),
        "`python -m training forecast`, r2 as a long table": _command(shared),
    }
    scale = {periods: [_best(size, periods) for size in SCALES] for periods in (30, 60)}
    return [
        "Forecast 3 months ahead with 80 and 95 % intervals. r2: months to 2022-12 with the last six once "
        "more, so that no held-out month is used. *Engine*: seconds of `engine.forecast`; *process*: with "
        "start, reading and writing. Best of three in the table by size.",
        "",
        *markdown(pd.DataFrame([_row(name, found) for name, found in large.items()])),
        *markdown(_scale_table(scale)),
        *_reconciliation(),
        *verdict_lines([*_limits(large), *_growth(scale)]),
    ]


def _best(size: int, periods: int) -> Measured:
    """Return the fastest of some runs: the others waited for something else."""
    return min((work("simulated", size, periods) for _ in range(REPEATS)), key=_inner)


def _inner(found: Measured) -> float:
    return found.inner["seconds"]


def _command(shared: Path) -> Measured:
    """Forecast the long table by the command a user types."""
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "r2.parquet", Path(folder) / "forecast.parquet"
        work("long", shared, table)
        names = ["--value", "ads", "--time", "month", "--keys", "r2_id", "--keys", "skill_id"]
        command = ["training", "forecast", str(table), *names, "--horizon", "3", "--out", str(out)]
        found = measure(command)
        rows = len(pd.read_parquet(out, columns=["forecast"]))
    return Measured({"rows": rows}, found.seconds, found.gib)


def _row(name: str, found: Measured) -> dict[str, str]:
    engine = found.inner.get("seconds")
    return {
        "what": name,
        "engine, s": "" if engine is None else f"{engine:.1f}",
        "process, s": f"{found.seconds:.1f}",
        "peak, GiB": f"{found.gib:.2f}",
    }


def _scale_table(scale: dict[int, list[Measured]]) -> pd.DataFrame:
    rows = []
    for periods, found in scale.items():
        row = {"months": str(periods)}
        for size, one in zip(SCALES, found, strict=True):
            row[f"{size:,} series, s"] = f"{_inner(one):.2f}"
            row[f"{size:,}, GiB"] = f"{one.gib:.2f}"
        for before, after, size in zip(found, found[1:], SCALES[1:], strict=False):
            row[f"×10 to {size:,}"] = f"× {_inner(after) / _inner(before):.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _reconciliation() -> list[str]:
    """Return ours beside the library, at sizes the library can do."""
    rows = []
    there = importlib.util.find_spec("hierarchicalforecast") is not None
    for size, library in RECONCILED:
        measured = work("reconcile", size, library if there else "none")
        found = measured.inner
        rows.append(
            {
                "bottom series × 12": f"{size:,}",
                "ours, s": f"{found['ours']:.3f}",
                "library": library if there else "not installed",
                "its seconds": f"{found['theirs']:.2f}" if there else "",
                "process with it, GiB": f"{measured.gib:.2f}" if there else "",
                "largest difference": f"{found['difference']:.1e}" if there else "",
                "largest value": f"{found['largest']:,.0f}",
            }
        )
    return [
        "**Reconciliation**, weights by structure (wls_struct), beside hierarchicalforecast. Its sparse form "
        "iterates to a relative residual of 1e-5; its dense one would need 20 GB for its summing matrix at "
        "50,000.",
        "",
        *markdown(pd.DataFrame(rows)),
    ]


def _limits(large: dict[str, Measured]) -> Iterator[Verdict]:
    for name, found in large.items():
        figure = f"{found.seconds:.1f} s, {found.gib:.2f} GiB"
        met = found.seconds < SECONDS and found.gib < GIB
        yield Verdict(name, f"process under {SECONDS:.0f} s and {GIB:.0f} GiB", figure, met)


def _growth(scale: dict[int, list[Measured]]) -> Iterator[Verdict]:
    for periods, found in scale.items():
        ratio = _inner(found[-1]) / _inner(found[-2])
        bar = f"ten times the series at most {MOST_RATIO:.0f} times the time"
        where = f"{SCALES[-2]:,} to {SCALES[-1]:,} × {periods} months"
        yield Verdict(where, bar, f"× {ratio:.1f}", ratio <= MOST_RATIO)
