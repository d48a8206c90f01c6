"""Part `intervals`: whether intervals and draws are right, by size of series, half-year and horizon.

Every origin gets a forecast of `forecasting.series.engine.forecast`, as a user would have had it; its
intervals are held beside those of a mean of three with its own past errors, its draws give the randomised PIT
and the market's total.
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.draws import draw_sums
from forecasting.series.engine import Forecasts, forecast
from forecasting.series.evaluation import grouped_sums, outcomes
from forecasting.series.panel import Array, Panel
from forecasting.series.scores import covered, interval_score, randomised_pit
from tests.benchmarks.data import GRANULARITIES, half_year, job_sdf_panel, month_name
from tests.benchmarks.empirical_intervals import own_errors, pooled_errors, size_groups
from tests.benchmarks.interval_tables import lines
from tests.benchmarks.job_sdf import HORIZONS, origins_of

LEVELS: Final = (80.0, 95.0)
DRAWS: Final = 199
"""One less than a round number: the outcome ranks among 200 then, and 80 and 95 % are whole ranks."""


TOTAL_DRAWS: Final = 1999
SMALL: Final = 10_000
"""Cells of a forecast (those of r0) up to which the total has more draws: 199 are few for its 2.5 % ends."""


def scores(shared: Path, until: str | None, granularity: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return sums per origin, horizon and size group, and the market's totals, of one granularity."""
    panel = job_sdf_panel(shared, granularity, until)
    cells, totals = [], []
    for origin in origins_of(panel):
        history = panel.until(origin)
        found = forecast(history, max(HORIZONS), LEVELS)
        outcome = outcomes(panel, [origin], HORIZONS)[0]
        draws = found.draws(DRAWS, seed=origin)
        cells.append(_cells(history, found, outcome, draws).assign(origin=origin))
        totals.append(_totals(history, found, outcome, draws).assign(origin=origin))
    return tuple(_dated(pd.concat(frames), granularity) for frames in (cells, totals))


def _dated(table: pd.DataFrame, granularity: str) -> pd.DataFrame:
    target = table["origin"] + table["horizon"]
    return table.assign(granularity=granularity, target=target, half=[half_year(month) for month in target])


def _cells(history: Panel, found: Forecasts, outcome: Array, draws: Array) -> pd.DataFrame:
    """Return sums of coverage, interval scores and central PIT shares per size group and horizon."""
    methods = {
        "default": found.intervals,
        "own": own_errors(history.values, HORIZONS, LEVELS),
        "pool": pooled_errors(history.values, HORIZONS, LEVELS),
    }
    rank = randomised_pit(outcome, np.moveaxis(draws, 0, -1), seed=1)
    amounts: dict[str, Array] = {}
    for level in LEVELS:
        inside = np.abs(rank - 0.5) <= level / 200
        amounts[f"pit {level:.0f}"] = np.where(np.isfinite(rank), inside, np.nan)
        for name, ends in methods.items():
            amounts[f"{name} coverage {level:.0f}"] = covered(outcome, *ends[level])
            amounts[f"{name} score {level:.0f}"] = interval_score(outcome, *ends[level], level)
    by = {"size": size_groups(history.values)[:, None], "horizon": np.array(HORIZONS)[None, :]}
    return grouped_sums(amounts, by)


def _totals(history: Panel, found: Forecasts, outcome: Array, draws: Array) -> pd.DataFrame:
    """Return the market's total beside its interval from draws, one row per horizon with an outcome."""
    sums = draws.sum(axis=1, dtype=float)
    if found.point.size < SMALL:
        whole = np.zeros(len(found.point), dtype=np.int64)
        sums = draw_sums(found.calibration, found.point, history, whole, TOTAL_DRAWS, seed=1)[:, 0]
    ends = np.quantile(sums, [0.025, 0.1, 0.9, 0.975], axis=0)
    names = ("low 95", "low 80", "high 80", "high 95")
    table = pd.DataFrame(dict(zip(names, ends, strict=True)))
    table = table.assign(horizon=HORIZONS, forecast=found.point.sum(axis=0), outcome=outcome.sum(axis=0))
    return table[np.isfinite(table["outcome"])]


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    # The largest first, so that the other core has the three small ones.
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(partial(scores, shared, until), reversed(GRANULARITIES)))
    cells, totals = (pd.concat(reversed(tables)) for tables in zip(*found, strict=True))
    first, last = month_name(cells["target"].min()), month_name(cells["target"].max())
    cut = f"months after {until} were not read (`--until`)" if until else "all months of the files"
    return [
        f"{cells['origin'].nunique()} origins of every granularity, all series; months forecast {first} to "
        f"{last}, 1 to 3 ahead; {cut}. Size: mean of the last six months. PIT: share of outcomes in the "
        f"central 80 and 95 % of {DRAWS} draws, ties broken at random.",
        "",
        *lines(cells, totals),
    ]
