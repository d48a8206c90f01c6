"""The pieces of work of the part `speed`; each prints its seconds as JSON and ends with its process."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, identity, vstack

from forecasting.series.engine import forecast
from forecasting.series.hierarchy import Hierarchy, build_hierarchy
from forecasting.series.panel import Array, Panel
from forecasting.series.reconciliation import reconcile
from tests.benchmarks.data import job_sdf_panel, month_name, simulated_counts

CHOSEN_UNTIL = "2022-12"
"""Last month the configuration was chosen on; speed needs no later one."""


def r2_sized(shared: Path) -> Panel:
    """Return r2 to 2022-12 with its last six months once more: 30 months, none of them held out."""
    panel = job_sdf_panel(shared, "r2", CHOSEN_UNTIL)
    values = np.hstack([panel.values, panel.values[:, -6:]])
    periods = tuple(range(panel.periods[0], panel.periods[0] + values.shape[1]))
    return Panel(panel.index, periods, values, 12)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds a piece of work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def write_long(shared: Path, path: Path) -> None:
    """Write the same panel as a tidy table, one row per series and month."""
    panel = r2_sized(shared)
    series, months = panel.values.shape
    long = panel.index.loc[np.repeat(panel.index.index, months)].reset_index(drop=True)
    names = np.array([month_name(period) for period in panel.periods])
    long.assign(month=np.tile(names, series), ads=panel.values.ravel()).to_parquet(path)


def tree(series: int) -> Hierarchy:
    """Return regions, groups of jobs and both together over a number of series."""
    number = np.arange(series)
    keys = pd.DataFrame({"region": number % 35, "group": number // 35 % 43, "job": number // 35})
    return build_hierarchy(keys, [("region",), ("group",), ("region", "group")])


def reconciliation(series: int, library: str) -> dict[str, float]:
    """Reconcile twelve columns by ours and by a method of the library; "none" is ours alone."""
    hierarchy, rng = tree(series), np.random.default_rng(0)
    base = hierarchy.total_up(rng.gamma(2, 10, (series, 12)))
    base = base * rng.lognormal(0, 0.1, base.shape)
    found = reconcile(hierarchy, base, nonnegative="no").values
    ours = timed(lambda: reconcile(hierarchy, base, nonnegative="no"))
    result = {"ours": ours, "largest": float(found.max())}
    if library != "none":
        result |= _by_library(hierarchy, base, library, found)
    return result


def _by_library(hierarchy: Hierarchy, base: Array, library: str, found: Array) -> dict[str, float]:
    from hierarchicalforecast import methods

    summing = csr_array(vstack([hierarchy.sums, identity(hierarchy.sums.shape[1])]))
    given = summing if "Sparse" in library else summing.toarray()
    begun = time.perf_counter()
    theirs = getattr(methods, library)("wls_struct").fit_predict(S=given, y_hat=base)["mean"]
    seconds = time.perf_counter() - begun
    return {"theirs": seconds, "difference": float(np.abs(theirs - found).max())}


def main(words: list[str]) -> None:
    """Do one piece of work."""
    match words:
        case ["r2", shared]:
            panel = r2_sized(Path(shared))
            result = {"seconds": timed(lambda: forecast(panel, 3))}
        case ["simulated", series, periods]:
            panel = simulated_counts(int(series), int(periods))
            result = {"seconds": timed(lambda: forecast(panel, 3))}
        case ["long", shared, path]:
            result = {"seconds": timed(lambda: write_long(Path(shared), Path(path)))}
        case ["reconcile", series, library]:
            result = reconciliation(int(series), library)
        case _:
            raise SystemExit(f"unknown work: {' '.join(words)}")
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
