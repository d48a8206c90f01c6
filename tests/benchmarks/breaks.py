"""Part `breaks`: level shifts found in two real sources, and how often one is found where there is none."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.breaks import find_breaks
from forecasting.series.panel import Array, Panel
from forecasting.series.tidy import SeriesRead
from tests.benchmarks.data import cbs_series, german_postings
from tests.benchmarks.report import markdown

RATES: Final = (0.05, 0.1)
"""False discovery rates; the first is the default."""

PANELS: Final = 200
SERIES: Final = 40
SHAPES: Final = ((100, 4), (60, 12), (25, 1))
"""Periods, and periods in a year."""

PROCESSES: Final = (("random walk", 1.0, False), ("AR(1), 0.7", 0.7, False), ("noise", 0.0, False))
HEAVY: Final = (("random walk, Student's t, 6", 1.0, True),)


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # of Job-SDF
    dutch, german = cbs_series(shared), german_postings(shared)
    return [
        f"**CBS, open vacancies**, {_described(dutch)}",
        "",
        *_found(dutch),
        f"**German job postings by sector (Indeed)**, monthly means, {_described(german)}",
        "",
        *_found(german),
        f"**False alarms**: share of {PANELS} simulated panels of {SERIES} series without a break that "
        "report one, at the default rate of 5 %",
        "",
        *markdown(false_alarms()),
    ]


def _described(read: SeriesRead) -> str:
    first, last = (read.clock.write(read.panel.periods[at]) for at in (0, -1))
    return f"{len(read.panel.index)} series, {first} to {last}"


def _found(read: SeriesRead) -> list[str]:
    """Return the market's shifts, the rate at which each is found first, and the largest of single series."""
    tables = {rate: find_breaks(read.panel, rate=rate) for rate in RATES}
    market = {rate: table[table["scope"] == "market"] for rate, table in tables.items()}
    rows = [
        {
            "from": read.clock.write(row["period"]),
            "until": read.clock.write(row["until"]),
            "change": f"{row['change']:+.0%}",
            "usual steps": f"{row['deviations']:+.1f}",
            "kept after a year": "unknown" if np.isnan(row["kept"]) else f"{row['kept']:.0%}",
            "series that moved": f"{row['moved']:.0%}",
            "at rate": next(rate for rate in RATES if row["period"] in set(market[rate]["period"])),
        }
        for row in market[RATES[-1]].to_dict("records")
    ]
    single = {rate: table[table["scope"] == "series"] for rate, table in tables.items()}
    counts = " and ".join(
        f"{len(table)} shifts of {_series(table, read)} series at {rate:g}" for rate, table in single.items()
    )
    lines = markdown(pd.DataFrame(rows)) if rows else ["No shift of the market.", ""]
    return [*lines, f"Single series, apart from the market: {counts}{_largest(single[RATES[0]], read)}.", ""]


def _series(table: pd.DataFrame, read: SeriesRead) -> int:
    return len(table[list(read.keys)].drop_duplicates())


def _largest(table: pd.DataFrame, read: SeriesRead) -> str:
    """Return the three largest in words."""
    top = table.sort_values("shift", key=abs, ascending=False).head(3).to_dict("records")
    words = [
        f"{' '.join(str(row[key]) for key in read.keys)} {row['change']:+.0%} at "
        f"{read.clock.write(row['period'])}"
        for row in top
    ]
    return f"; the largest at {RATES[0]:g}: {', '.join(words)}" if words else ""


def false_alarms() -> pd.DataFrame:
    """Return shares of panels that report a shift of the market, and of any series."""
    rows = []
    for process, memory, heavy in (*PROCESSES, *HEAVY):
        row = {"steps": process}
        for periods, season in SHAPES:
            found = [find_breaks(simulated(seed, periods, season, memory, heavy)) for seed in range(PANELS)]
            for scope in ("market", "series"):
                share = np.mean([(table["scope"] == scope).any() for table in found])
                row[f"{scope}, {periods} periods of {season} a year"] = f"{share:.1%}"
        rows.append(row)
    return pd.DataFrame(rows)


def simulated(seed: int, periods: int, season: int, memory: float, heavy: bool) -> Panel:
    """Return series without a break: AR(1) in logs, a third of a step's variance common to all."""
    rng = np.random.default_rng(seed)
    common, own = _steps(rng, (1, periods), heavy), _steps(rng, (SERIES, periods), heavy)
    steps = 0.06 * (np.sqrt(1 / 3) * common + np.sqrt(2 / 3) * own)
    logs = np.zeros((SERIES, periods))
    for period in range(1, periods):
        logs[:, period] = memory * logs[:, period - 1] + steps[:, period]
    index = pd.DataFrame({"job": range(SERIES)})
    return Panel(index, tuple(range(8000, 8000 + periods)), np.exp(6 + logs), season)


def _steps(rng: np.random.Generator, shape: tuple[int, int], heavy: bool) -> Array:
    return rng.standard_t(6, shape) / np.sqrt(1.5) if heavy else rng.normal(size=shape)
