"""Part `job_sdf`: point forecasts of monthly skill demand from rolling origins, beside named baselines.

Every origin sees all months before it, from six on, and forecasts three. Errors are kept as sums per origin
and horizon, from which every table is pooled. Half-years are those of the month forecast.
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.baselines import Forecaster
from forecasting.series.evaluation import grouped_sums, outcomes, rolling_forecasts
from forecasting.series.methods import named_forecasters
from forecasting.series.panel import Array, Panel
from forecasting.series.scores import known_volume, volume_errors
from tests.benchmarks.data import GRANULARITIES, half_year, job_sdf_panel, month_name
from tests.benchmarks.job_sdf_tables import lines

HORIZONS: Final = (1, 2, 3)
SHORTEST: Final = 6
"""Months of history before the first forecast: the first month forecast is 2021-07."""

METHODS: Final = ("default", "last", "mean-3", "mean-6", "ses-0.2", "ses-0.3", "theta", "boosting")
TRUE_VOLUME: Final = ("default", "mean-3")
"""Methods whose shares are also scored with the market's volume that came: the known-volume bound."""

SLOW: Final = {"r2": ("boosting",)}
"""Left out for time: ten seconds an origin, and no part of any bar."""


def origins_of(panel: Panel) -> list[int]:
    """Return the last months known, from six months of history on."""
    return list(panel.periods[SHORTEST - 1 : -1])


def scores(shared: Path, until: str | None, granularity: str) -> pd.DataFrame:
    """Return sums of errors per method, origin and horizon of one granularity."""
    panel = job_sdf_panel(shared, granularity, until)
    names = [name for name in METHODS if name not in SLOW.get(granularity, ())]
    forecasters = named_forecasters()
    table = pd.concat([_scored(panel, name, forecasters[name]) for name in names], ignore_index=True)
    cells = table.groupby(["origin", "horizon"])["cells"]
    if (cells.max() > cells.min()).any():
        raise ValueError(f"Job-SDF {granularity}: the methods did not forecast the same cells")
    return table.assign(granularity=granularity)


def _scored(panel: Panel, name: str, forecaster: Forecaster) -> pd.DataFrame:
    origins = origins_of(panel)
    outcome = outcomes(panel, origins, HORIZONS)
    forecast = rolling_forecasts(panel, forecaster, origins, HORIZONS)
    found = _sums(forecast, outcome, origins).assign(method=name)
    if name not in TRUE_VOLUME:
        return found
    bound = _sums(known_volume(forecast, outcome), outcome, origins)
    return pd.concat([found, bound.assign(method=f"{name}, true volume")])


def _sums(forecast: Array, outcome: Array, origins: list[int]) -> pd.DataFrame:
    """Return one row per origin and horizon with an outcome: sums of errors, and the volume's log error."""
    error = forecast - outcome
    amounts = {"absolute": np.abs(error), "squared": error**2, "signed": error, "outcome": outcome}
    by = {"origin": np.array(origins)[:, None, None], "horizon": np.array(HORIZONS)[None, None, :]}
    volume = volume_errors(forecast, outcome)
    table = grouped_sums(amounts, by).assign(volume=volume[np.isfinite(volume)])
    target = table["origin"] + table["horizon"]
    return table.assign(target=target, half=[half_year(month) for month in target])


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    # The largest first, so that the other core has the three small ones.
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(partial(scores, shared, until), reversed(GRANULARITIES)))
    table = pd.concat(reversed(found), ignore_index=True)
    first, last = month_name(table["target"].min()), month_name(table["target"].max())
    count = table["origin"].nunique()
    cut = f"months after {until} were not read (`--until`)" if until else "all months of the files"
    return [
        f"Job-SDF (NeurIPS 2024), {count} origins, months forecast {first} to {last}, 1 to 3 ahead; {cut}. "
        "The configuration was chosen on months to 2022-12 only.",
        "",
        *lines(table),
    ]
