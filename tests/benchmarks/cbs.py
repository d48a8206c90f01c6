"""Part `cbs`: quarterly vacancies by sector, forecast at the end of every year, beside library methods."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.comparison import skill_interval
from forecasting.series.engine import forecast
from forecasting.series.evaluation import calibration, outcomes, rolling_forecasts, usual_changes
from forecasting.series.methods import named_forecasters
from forecasting.series.panel import Array, Panel
from tests.benchmarks.data import cbs_series
from tests.benchmarks.report import Verdict, markdown, verdict_lines

FIRST, LAST = 2012, 2023
"""Years forecast, each from the last quarter before it."""

HORIZONS: Final = (1, 2, 3, 4)
LEVELS: Final = (80.0, 95.0)
PANDEMIC: Final = (2020, 2021, 2022)
METHODS: Final = ("default", "last", "seasonal-naive", "auto-ets", "auto-theta", "theta", "damped-trend")
TO_BEAT: Final = {
    "last": "naive",
    "seasonal-naive": "seasonal naive",
    "auto-ets": "ETS",
    "auto-theta": "Theta",
    "theta": "Theta (ours)",
}


def origins_of(panel: Panel) -> list[int]:
    """Return the fourth quarters from which a year is forecast."""
    return [year * 4 - 1 for year in range(FIRST, LAST + 1) if year * 4 <= panel.periods[-1]]


def scaled_errors(panel: Panel, name: str) -> Array:
    """Return |error| over the mean absolute seasonal difference up to the origin; (origins, series, 4)."""
    origins = origins_of(panel)
    found = rolling_forecasts(panel, named_forecasters()[name], origins, HORIZONS)
    error = np.abs(found - outcomes(panel, origins, HORIZONS))
    return error / usual_changes(panel, origins, season=4)


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # of Job-SDF
    panel = cbs_series(shared).panel
    with ProcessPoolExecutor(2) as pool:  # the library's two methods are a minute each
        order = sorted(METHODS, key=lambda name: not name.startswith("auto"))
        found = dict(zip(order, pool.map(partial(scaled_errors, panel), order), strict=True))
    errors = {name: found[name] for name in METHODS}
    years = [origin // 4 + 1 for origin in origins_of(panel)]
    usual = np.array([year not in PANDEMIC for year in years])
    return [
        f"{len(panel.index)} series (CBS StatLine 80472ned), origins at the end of each year, targets "
        f"{years[0]} to {years[-1]}, 1 to 4 quarters ahead. MASE: error over the mean absolute difference "
        "to the same quarter a year before, up to the origin.",
        "",
        *markdown(mase_table(errors, years, usual)),
        "Skill: 1 − MASE over the method's, of the default, with the 90 % interval of a bootstrap over "
        "origins.",
        "",
        "**Coverage** of the default's intervals (share of outcomes inside)",
        "",
        *markdown(coverage_table(panel, years, usual)),
        *verdict_lines(verdicts(errors, usual)),
    ]


def mase_table(errors: dict[str, Array], years: list[int], usual: Array) -> pd.DataFrame:
    """Return MASE pooled and per year, and the default's skill over each method."""
    mine = np.nanmean(errors["default"], axis=(1, 2))
    rows = []
    for name, error in errors.items():
        each = np.nanmean(error, axis=(1, 2))
        skill, low, high = skill_interval(mine, each, 1)
        rows.append(
            {
                "method": name,
                "MASE": f"{np.nanmean(error):.3f}",
                "without 2020–22": f"{np.nanmean(error[usual]):.3f}",
                "default's skill": "" if name == "default" else f"{skill:+.0%} ({low:+.0%} to {high:+.0%})",
                **{f"{year}": f"{value:.2f}" for year, value in zip(years, each, strict=True)},
            }
        )
    return pd.DataFrame(rows)


def coverage_table(panel: Panel, years: list[int], usual: Array) -> pd.DataFrame:
    """Return coverage per level: all years, without the pandemic, per year."""
    origins = origins_of(panel)
    found = [forecast(panel.until(origin), max(HORIZONS), LEVELS).intervals for origin in origins]
    ends = {level: tuple(np.stack([one[level][at] for one in found]) for at in (0, 1)) for level in LEVELS}
    outcome = outcomes(panel, origins, HORIZONS)
    groups = {"pandemic": ~usual[:, None, None], "year": np.array(years)[:, None, None]}
    each = calibration(outcome, ends, groups)
    rows = []
    for level, table in each.groupby("level"):
        inside = table["coverage"] * table["cells"]
        calm = ~table["pandemic"].astype(bool)
        row = {"level": f"{level:.0f} %", "all": f"{inside.sum() / table['cells'].sum():.3f}"}
        row["without 2020–22"] = f"{inside[calm].sum() / table.loc[calm, 'cells'].sum():.3f}"
        by_year = table.set_index("year")["coverage"].sort_index()
        rows.append(row | {str(year): f"{share:.2f}" for year, share in by_year.items()})
    return pd.DataFrame(rows)


def verdicts(errors: dict[str, Array], usual: Array) -> Iterator[Verdict]:
    """Yield the bars of the issue."""
    for part, which in (("all years", slice(None)), ("without 2020–22", usual)):
        mine = float(np.nanmean(errors["default"][which]))
        for name, title in TO_BEAT.items():
            other = float(np.nanmean(errors[name][which]))
            yield Verdict(part, f"MASE below {title}", f"{mine:.3f}, {other:.3f}", mine < other)
