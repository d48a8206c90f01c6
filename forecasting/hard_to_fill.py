"""Hard to fill: next year's unfilled share of vacancies and place on the list, from this year's indicators.

Observables that the gap score is held to, never an input of it. LightGBM, alone or combined with last year's
list, ships only where it beats last year's value or list, and every simpler method, on every measure over
enough rolling origins; else those ship.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.demand import Industry
from forecasting.filling_indicators import Filling, filling, stabilised
from forecasting.filling_methods import share_forecasts, status_forecasts
from forecasting.filling_scores import (
    BACKTEST_COLUMNS,
    RELIABILITY_COLUMNS,
    SCORE_COLUMNS,
    SHARE_METHODS,
    fair,
    reliability,
    share_scores,
    status_scores,
)
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.panel import Array
from forecasting.vacancy_indicators import whole

COLUMNS: Final = [
    *("region", "occupation", "from_year", "to_year", "probability", "status_method", "listed_now"),
    *("unfilled_share_p10", "unfilled_share_p50", "unfilled_share_p90", "share_method"),
    *("unfilled_share_now", "handled", "status_reason", "reason"),
]
_REACH: Final = 1.2816  # normal quantile of 90 %
_ERRORS: Final = [
    *("method", "origin", "occupation", "handled", "next_handled", "forecast", "actual", "low", "high"),
]


@dataclass(frozen=True)
class HardToFill:
    """The forecast, and what the past says of it.

    Parameters
    ----------
    table : DataFrame
        `COLUMNS`, one row an occupation, over all markets together.
    backtest : DataFrame
        Of the unfilled share: columns of the published table ``backtest``; absolute errors in shares.
    scores, reliability : DataFrame
        Of the listing: `SCORE_COLUMNS`, `RELIABILITY_COLUMNS`.
    """

    table: pd.DataFrame
    backtest: pd.DataFrame
    scores: pd.DataFrame
    reliability: pd.DataFrame


def hard_to_fill(
    region: Region,
    industry: Industry,
    indicators: pd.DataFrame,
    rule: pd.DataFrame,
    parameters: Parameters,
    seed: int,
) -> HardToFill:
    """Forecast the year after the last one with vacancies, and hold every method to the past.

    Parameters
    ----------
    indicators : DataFrame
        As `forecasting.vacancy_indicators.yearly_indicators` returns them.
    rule : DataFrame
        As `forecasting.bottlenecks.judged` returns it: its candidates are forecast where there is no official
        list (table ``bottlenecks``).
    seed : int
        Of LightGBM's samples.

    Returns
    -------
    HardToFill
        Of empty tables where no vacancies filled and cancelled are known.
    """
    base_year, code = int(region.settings["base_year"]), whole(region.table("regions"))
    status = _status(region.table("bottlenecks"), rule[rule["region"] == code], base_year)
    past = filling(region, industry, indicators, status, base_year, parameters["skill_lack_years"])
    if past is None:
        return HardToFill(*(pd.DataFrame(columns=each) for each in (COLUMNS, BACKTEST_COLUMNS, *_OF_STATUS)))
    least, minimum = parameters["bottleneck_rule"]["handled"], parameters["minimum_origins"]
    errors = share_errors(past, least, seed)
    backtest = share_scores(past, errors, minimum)
    chances = status_errors(past, seed)
    scores = status_scores(chances, minimum)
    table = _table(past, errors, _selected(backtest), _selected(scores), least, seed)
    return HardToFill(table.assign(region=code)[COLUMNS], backtest, scores, reliability(chances))


def _status(official: pd.DataFrame, rule: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Return the official list up to the base year, else the rule's candidates."""
    listed = official[(official["year"] <= base_year) & official["listed"].notna()]
    if len(listed):
        return listed[["year", "occupation", "listed"]]
    return rule[["year", "occupation", "candidate"]].rename(columns={"candidate": "listed"})


def share_errors(past: Filling, least: int, seed: int) -> pd.DataFrame:
    """Forecast every past year's unfilled share by every method from the year before.

    Returns
    -------
    DataFrame
        ``method, origin, occupation, handled, next_handled, forecast, actual, low, high``; the 80 % interval
        is that of the errors known at the origin. Only occupations that every method forecasts, with at least
        `least` vacancies handled in both years.
    """
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in SHARE_METHODS}
    for origin in range(len(past.years) - 1):
        offered = _offered(share_forecasts(past, origin, seed))
        actual, count, after = past.share[:, origin + 1], past.handled[:, origin], past.handled[:, origin + 1]
        common = np.isfinite(np.stack([actual, *offered.values()])).all(axis=0)
        row = np.flatnonzero(common & (count >= least) & (after >= least))
        for method, forecast in offered.items():
            low, high = interval(forecast[row], count[row], _stacked(frames[method], _ERRORS))
            frame = pd.DataFrame({"occupation": row, "handled": count[row], "next_handled": after[row]})
            frame = frame.assign(forecast=forecast[row], actual=actual[row], low=low, high=high)
            frames[method].append(frame.assign(method=method, origin=past.years[origin]))
    return _stacked([each for found in frames.values() for each in found], _ERRORS)


def _offered(forecasts: dict[str, Array]) -> dict[str, Array]:
    """Return the methods that can forecast anything at all."""
    return {name: each for name, each in forecasts.items() if np.isfinite(each).any()}


def _stacked(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    known = [each for each in frames if len(each)]
    return pd.concat(known, ignore_index=True)[columns] if known else pd.DataFrame(columns=columns)


def interval(forecast: Array, handled: Array, errors: pd.DataFrame) -> tuple[Array, Array]:
    """Return the 80 % interval of unfilled shares, NaN without past errors.

    On arcsin √share the errors have the variance of next year's counts, 1/(4n), and what past errors have
    beyond their own counts'.
    """
    if errors.empty:
        return np.full(len(forecast), np.nan), np.full(len(forecast), np.nan)
    missed, count = (errors[name].to_numpy(dtype=float) for name in ("actual", "next_handled"))
    off = stabilised(missed) - stabilised(errors["forecast"].to_numpy(dtype=float))
    beyond = max(float(np.mean(off**2 - 1 / (4 * count))), 0.0)
    reach = _REACH * np.sqrt(beyond + 1 / (4 * np.maximum(handled, 1)))
    middle = stabilised(forecast)
    low, high = (np.sin(np.clip(middle + way * reach, 0, np.pi / 2)) ** 2 for way in (-1, 1))
    return np.asarray(low), np.asarray(high)


def _selected(table: pd.DataFrame) -> str:
    return str(table.loc[table["selected"], "method"].iloc[0])


def status_errors(past: Filling, seed: int) -> pd.DataFrame:
    """Forecast every past list by every method from the year before: ``method, origin, forecast, listed``."""
    frames = []
    for origin in range(1, len(past.years) - 1):
        found = _offered(status_forecasts(past, origin, seed))
        listed = past.listed[:, origin + 1]
        common = np.isfinite(np.stack([listed, *found.values()])).all(axis=0)
        frames += [
            pd.DataFrame({"forecast": chance[common], "listed": listed[common] == 1}).assign(
                method=method, origin=past.years[origin]
            )
            for method, chance in found.items()
        ]
    return fair(_stacked(frames, ["method", "origin", "forecast", "listed"]))


_OF_STATUS: Final = (SCORE_COLUMNS, RELIABILITY_COLUMNS)


def _table(
    past: Filling, errors: pd.DataFrame, share_method: str, status_method: str, least: int, seed: int
) -> pd.DataFrame:
    """Return the forecast of the year after the last, with the methods that ship."""
    last = len(past.years) - 1
    share = share_forecasts(past, last, seed)[share_method]
    chance = status_forecasts(past, last, seed)[status_method]
    handled = past.handled[:, last]
    low, high = interval(share, handled, errors[errors["method"] == share_method])
    reason = np.select([np.isnan(share), handled < least], ["unavailable", "low_reliability"], "")
    told = {"unfilled_share_p10": low, "unfilled_share_p50": share, "unfilled_share_p90": high}
    return pd.DataFrame(
        {
            "occupation": past.occupations,
            "from_year": past.years[last],
            "to_year": past.years[last] + 1,
            "probability": chance,
            "status_method": status_method,
            "listed_now": pd.Series(past.listed[:, last]).map({1.0: True, 0.0: False}).astype("boolean"),
            **{name: np.where(reason == "", figure, np.nan) for name, figure in told.items()},
            "share_method": share_method,
            "unfilled_share_now": past.share[:, last],
            "handled": handled,
            "status_reason": np.where(np.isnan(chance), "unavailable", ""),
            "reason": reason,
        }
    )


def gap_comparison(gaps: pd.DataFrame, indicators: pd.DataFrame, least: int) -> list[dict[str, Any]]:
    """Hold the scores one year ahead to the unfilled shares observed: of that year, else of the base year.

    Parameters
    ----------
    gaps : DataFrame
        Published table ``gaps`` of one scenario.
    indicators : DataFrame
        As `forecasting.vacancy_indicators.yearly_indicators` returns them, the year after the base year too.
    least : int
        Vacancies handled below which an occupation does not count.

    Returns
    -------
    list of dict
        ``region, year, occupations, spearman`` of each region with unfilled shares, for the manifest.
    """
    ahead = gaps[(gaps["horizon"] == 1) & gaps["score_p50"].notna()]
    seen = indicators[indicators["unfilled_share"].notna() & (indicators["handled"] >= least)]
    if ahead.empty or seen.empty:
        return []
    both = ahead.merge(seen, on=["region", "occupation"])
    both = both[both["year"].between(both["from_year"], both["to_year"])]
    both = both[both["year"] == both.groupby("region")["year"].transform("max")]
    return [
        {
            "region": str(region),
            "year": int(rows["year"].iloc[0]),
            "occupations": len(rows),
            "spearman": _rounded(rows["score_p50"].corr(rows["unfilled_share"], method="spearman")),
        }
        for region, rows in both.groupby("region")
    ]


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
