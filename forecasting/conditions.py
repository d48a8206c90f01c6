"""Working conditions: what vacancies stay unfilled although there are persons, and they have the skills.

κ is the share of otherwise filled openings that fill-rate data shows unfilled: a field beside the score,
never in it (DESIGN.md section 2). Only a table with vacancies filled *and* cancelled tells it.
"""

from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear

from forecasting.series.panel import Array

COLUMNS: Final = [
    *("region", "occupation", "year", "p10", "p50", "p90"),
    *("filled_per_vacancy", "expected_per_vacancy", "reason"),
]

_REACH: Final = 1.2816  # normal quantile of 90 %
_TURNS: Final = 50
_HUBER: Final = 1.345  # 95 % as efficient as least squares where errors are normal (Huber 1981)


def conditions_table(
    indicators: pd.DataFrame, lack: "pd.Series[float]", year: int, least: int, handled: int
) -> pd.DataFrame:
    """Return κ of every occupation and region in one year.

    Parameters
    ----------
    indicators : DataFrame
        As `forecasting.vacancy_indicators.yearly_indicators` returns them.
    lack : Series of float
        Lack of job seekers by occupation; missing or NaN is unknown.
    least : int
        Occupations below which a region tells nothing.
    handled : int
        Vacancies handled below which an occupation is not judged.

    Returns
    -------
    DataFrame
        `COLUMNS`: P10, P50 and P90 of κ, null with a reason; vacancies filled in the year per open one, and
        as many as tension and lack let expect.

    Notes
    -----
    The residual of a matching function. The logarithm of vacancies filled per open one is regressed over
    the region's occupations on the logarithm of job seekers per open vacancy and on the lack of skills, the
    slopes with the sign that they must have, by Huber's weights, so that a few employers do not bend the
    line. What is filled less than expected, shrunk towards 0 by its sampling variance, is ln(1 − κ); filled
    more is none. What is ordinary everywhere is in the line's constant: κ is what an occupation has
    *beyond* it. The residual also holds whatever else differs, so read κ as an upper bound.
    """
    known = indicators["fill_rate"].notna() & (indicators["year"] == year)
    frames = [_region(at, lack, least, handled) for _, at in indicators[known].groupby("region", sort=False)]
    return pd.concat(frames, ignore_index=True)[COLUMNS] if frames else pd.DataFrame(columns=COLUMNS)


def _region(rows: pd.DataFrame, lack: "pd.Series[float]", least: int, handled: int) -> pd.DataFrame:
    lacking = rows["occupation"].map(lack).to_numpy(dtype=float)
    columns = ("filled", "open", "handled", "seekers_per_vacancy")
    filled, opened, count, seekers = (rows[name].to_numpy(dtype=float) for name in columns)
    opened = np.where(opened > 0, opened, np.nan)
    tension = -np.log(np.where(seekers > 0, seekers, np.nan))
    told = np.isfinite(tension) & np.isfinite(lacking)
    used = np.flatnonzero(told & (count >= handled) & (filled > 0))
    names = ("p10", "p50", "p90", "expected_per_vacancy")
    found = {name: np.full(len(rows), np.nan) for name in names}
    if len(used) >= least:
        slowness = np.log(opened[used] / filled[used])
        variance = 1 / filled[used] + 1 / opened[used]
        causes = np.column_stack([tension[used], lacking[used]])
        residual, explained, spread = unexplained(slowness, variance, causes)
        for name, reach in (("p10", -_REACH), ("p50", 0.0), ("p90", _REACH)):
            found[name][used] = 1 - np.exp(-np.maximum(residual + reach * spread, 0))
        found["expected_per_vacancy"][used] = np.exp(-explained)
    reason = np.select([np.isfinite(found["p50"]), ~told], ["", "unavailable"], "low_reliability")
    return rows.assign(filled_per_vacancy=filled / opened, reason=reason, **found)


def unexplained(figure: Array, variance: Array, causes: Array) -> tuple[Array, Array, Array]:
    """Return what causes leave of a figure, shrunk by its sampling variance.

    Parameters
    ----------
    figure, variance : ndarray of shape (cells,)
        The figure and its sampling variance.
    causes : ndarray of shape (cells, causes)
        Slopes are at least 0.

    Returns
    -------
    residual, explained, spread : ndarray of shape (cells,)
        Shrunk residual, the fitted line, standard deviation of the residual.
    """
    design = np.column_stack([np.ones(len(figure)), causes - causes.mean(axis=0)])
    low = np.r_[-np.inf, np.zeros(causes.shape[1])]
    between, weight = 0.0, 1 / variance
    for _ in range(_TURNS):
        root = np.sqrt(weight)
        fit = lsq_linear(design * root[:, None], figure * root, bounds=(low, np.inf))
        left = figure - design @ fit.x
        trust = (variance + between) ** -2.0
        before, between = between, max(float((trust * (left**2 - variance)).sum() / trust.sum()), 0.0)
        off = np.abs(left) / np.sqrt(variance + between)
        weight = np.minimum(1, _HUBER / np.maximum(off, 1e-12)) / (variance + between)
        if abs(between - before) < 1e-10:
            break
    kept = between / (between + variance)
    return kept * left, design @ fit.x, np.sqrt(kept * variance)
