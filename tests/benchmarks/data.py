"""The real data the benchmarks read, as panels; months after `until` are never read from the file."""

import os
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from forecasting.series.panel import Panel
from forecasting.series.tidy import SeriesRead, read_series
from tests.conftest import ROOT

GRANULARITIES: Final = ("r0", "region", "r1", "r2")
"""Of Job-SDF: skills alone, by region, by 14 occupations, by 52."""


def shared_folder() -> Path:
    """Return where the real data is, or would be."""
    return Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))


def month_number(text: str) -> int:
    """Return the number of a month as 2022-12, as panels count it.

    Examples
    --------
    >>> month_name(month_number("2022-12"))
    '2022-12'
    """
    year, month = text.split("-")
    return int(year) * 12 + int(month) - 1


def month_name(number: int) -> str:
    """Return a month as text."""
    return f"{number // 12}-{number % 12 + 1:02d}"


def half_year(month: int) -> str:
    """Return the half-year of a month.

    Examples
    --------
    >>> half_year(month_number("2022-07"))
    '2022H2'
    """
    return f"{month // 12}H{1 + month % 12 // 6}"


def job_sdf_panel(shared: Path, granularity: str, until: str | None = None) -> Panel:
    """Return the counts of one granularity, from all files of it that are there.

    Parameters
    ----------
    until : str, optional
        Last month that is read, as 2022-12: the columns after it stay in the file.
    """
    keys = [f"{granularity}_id", "skill_id"]
    frames: list[pd.DataFrame] = []
    for path in sorted((shared / "job_sdf").glob(f"demand_{granularity}_*.parquet")):
        there = {name for frame in frames for name in frame}
        names = [name for name in pq.read_schema(path).names if name not in {*keys, *there}]
        months = [name for name in names if until is None or name <= until]
        frames.append(pd.read_parquet(path, columns=[*keys, *months]).set_index(keys))
    wide = pd.concat(frames, axis=1)
    wide = wide[sorted(wide)]
    periods = tuple(month_number(name) for name in wide)
    if periods != tuple(range(periods[0], periods[0] + len(periods))):
        raise ValueError(f"months of Job-SDF {granularity} have gaps: {', '.join(wide)}")
    return Panel(wide.index.to_frame(index=False), periods, wide.to_numpy(dtype=float), 12)


def cbs_series(shared: Path) -> SeriesRead:
    """Return Dutch open vacancies by sector and size of firm, quarterly, thousands."""
    table = pd.read_csv(shared / "cbs" / "vacatures.csv", sep=";", dtype=str, encoding="utf-8-sig")
    quarters = table[~table["Perioden"].str.contains("JJ")]
    return read_series(quarters, ["Bedrijfskenmerken"], "Perioden", "OpenstaandeVacatures_1")


def german_postings(shared: Path) -> SeriesRead:
    """Return the German posting index by sector, monthly means of whole months."""
    table = pd.read_csv(shared / "indeed" / "job_postings_by_sector_DE.csv.gz")
    table = table[table["variable"] == "total postings"].assign(month=table["date"].str[:7])
    last = pd.Timestamp(table["date"].max())
    if not last.is_month_end:
        table = table[table["month"] < f"{last:%Y-%m}"]
    means = table.groupby(["display_name", "month"], as_index=False)["indeed_job_postings_index"].mean()
    return read_series(means, ["display_name"], "month", "indeed_job_postings_index")


def simulated_counts(series: int, periods: int, seed: int = 1) -> Panel:
    """Return monthly counts as vacancy data has them: mostly zero, a few large, one market factor."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(0.15, 40, (series, 1))
    market = np.exp(rng.normal(0, 0.1, periods).cumsum() / 2)
    mean = size * market * rng.gamma(3, 1 / 3, (series, periods))
    keys = pd.DataFrame({"job": np.arange(series) % 50, "skill": np.arange(series) // 50})
    return Panel(keys, tuple(range(24_000, 24_000 + periods)), rng.poisson(mean).astype(float), 12)
