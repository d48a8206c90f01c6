"""What a year's vacancies and job seekers say of an occupation, by market and summed over markets.

A vacancy is *handled* when it is filled or withdrawn unfilled; the *fill rate* is filled over handled
(METHOD.md section 5). Unknown is not zero: a period that lacks filled or cancelled is in neither.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.periods import year_of
from forecasting.region import Region
from forecasting.vocabulary import TOTAL

KEY: Final = ["year", "region", "occupation"]
_DAYS: Final = 365.25
_FLOWS: Final = ("posted", "filled", "cancelled", "open", "long_open", "weighted_days", "weight")


def scopes(regions: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return every market and every aggregate of markets, with the markets in it.

    Where several markets have no aggregate over all of them, `TOTAL` is it. The widest comes last.

    Examples
    --------
    >>> scopes(pd.DataFrame({"code": ["A", "B"], "parent": ["", ""], "role": ["market", "market"]}))
    {'A': ('A',), 'B': ('B',), 'TOTAL': ('A', 'B')}
    """
    parent = dict(zip(regions["code"].astype(str), regions["parent"].fillna("").astype(str), strict=True))
    role = dict(zip(regions["code"].astype(str), regions["role"], strict=True))
    markets = tuple(sorted(code for code in parent if role[code] == "market"))
    found: dict[str, list[str]] = {code: [code] for code in markets}
    for market in markets:
        above = parent[market]
        while above:
            if role.get(above) == "aggregate":
                found.setdefault(above, []).append(market)
            above = parent.get(above, "")
    if not any(len(each) == len(markets) for each in found.values()):
        found[TOTAL] = list(markets)
    return {code: tuple(found[code]) for code in sorted(found, key=lambda code: (len(found[code]), code))}


def whole(regions: pd.DataFrame) -> str:
    """Return the code of all markets together."""
    return list(scopes(regions))[-1]


def yearly_indicators(region: Region, base_year: int, long_open_days: float) -> pd.DataFrame:
    """Return the indicators of every complete year up to the base year.

    Parameters
    ----------
    region : Region
        Its tables ``occupation_vacancies``, ``jobseekers`` and ``regions``.
    long_open_days : float
        After which a vacancy that is still open counts as unfilled.

    Returns
    -------
    DataFrame
        ``year, region, occupation``; ``posted, filled, cancelled, handled`` in the year, ``open`` on average,
        ``long_open`` at its end, vacancies; ``days`` open (the periods' medians, weighted by the vacancies);
        ``jobseekers`` on average, persons; ``fill_rate``, ``unfilled_share``, ``seekers_per_vacancy``. Empty
        without vacancies by occupation.

    Notes
    -----
    The data do not say how long an open vacancy has run. At most those posted in the last `long_open_days`
    are younger, so that open less those is the least that are older: ``long_open``. Unfilled share =
    (cancelled + long open) / (handled + long open).
    """
    flows = _vacancies(region.table("occupation_vacancies"), base_year, long_open_days)
    if flows.empty:
        return pd.DataFrame(columns=[*KEY, *_FIGURES]).astype(dict.fromkeys(_FIGURES, float))
    seekers = _seekers(region.table("jobseekers"), base_year)
    inside = scopes(region.table("regions"))
    sums = pd.concat([_summed(flows, code, markets) for code, markets in inside.items()])
    stock = pd.concat([_summed(seekers, code, markets) for code, markets in inside.items()])
    frame = sums.join(stock.rename(columns={"persons": "jobseekers"})).reset_index()
    return _with_rates(frame)[[*KEY, *_FIGURES]].sort_values(KEY, ignore_index=True)


_FIGURES: Final = [
    *("posted", "filled", "cancelled", "handled", "open", "long_open", "days", "jobseekers"),
    *("fill_rate", "unfilled_share", "seekers_per_vacancy"),
]


def complete_years(table: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Return the rows of complete years, with ``year`` and ``per_year``: months before quarters before years.

    A year of which some quarters are missing would be compared with whole ones; one given twice, by months
    and by quarters, would count twice.
    """
    period = table["period"].astype(str)
    per_year = np.select([period.str.len() == 4, period.str.contains("Q")], [1, 4], 12)
    rows = table.assign(year=year_of(table["period"]), per_year=per_year)
    rows = rows[rows["year"] <= base_year]
    given = rows.groupby(["year", "per_year"])["period"].nunique().rename("given").reset_index()
    finest = given[given["given"] == given["per_year"]].groupby("year")["per_year"].max()
    return rows[rows["per_year"] == rows["year"].map(finest)]


def _vacancies(table: pd.DataFrame, base_year: int, long_open_days: float) -> pd.DataFrame:
    """Return flows and stocks by year, market and occupation, NaN where no period says it."""
    rows = complete_years(table, base_year)
    rows = rows[rows["occupation"] != TOTAL]
    if rows.empty:
        return rows
    both = rows["filled"].notna() & rows["cancelled"].notna()
    timed = rows["median_days_open"].notna()
    weight = (rows["filled"] + rows["cancelled"]).fillna(rows["posted"]).where(timed)
    rows = rows.assign(
        filled=rows["filled"].where(both),
        cancelled=rows["cancelled"].where(both),
        weight=weight,
        weighted_days=weight * rows["median_days_open"],
        open=rows["open"] / rows["per_year"],
        long_open=_long_open(rows, long_open_days),
    )
    return rows.groupby(KEY)[list(_FLOWS)].sum(min_count=1)


def _long_open(rows: pd.DataFrame, long_open_days: float) -> "pd.Series[float]":
    """Return at the last period of each year the least that have been open longer, elsewhere NaN."""
    length = _DAYS / rows["per_year"]
    periods = np.maximum(np.rint(long_open_days / length), 1)
    number = rows.groupby("year")["period"].rank(method="dense")
    recent = rows["posted"].where(number > rows["per_year"] - periods)
    posted = recent.groupby([rows[name] for name in KEY]).transform("sum")
    young = posted * long_open_days / (periods * length)
    return (rows["open"] - young).clip(lower=0).where(number == rows["per_year"])


def _seekers(table: pd.DataFrame, base_year: int) -> pd.DataFrame:
    rows = complete_years(table, base_year)
    return rows[rows["occupation"] != TOTAL].groupby(KEY)[["persons"]].mean()


def _summed(by_market: pd.DataFrame, code: str, markets: tuple[str, ...]) -> pd.DataFrame:
    """Return the sums over the markets of a scope, under its code."""
    rows = by_market[by_market.index.get_level_values("region").isin(markets)]
    sums = rows.groupby(["year", "occupation"]).sum(min_count=1)
    return sums.assign(region=code).set_index("region", append=True).reorder_levels(KEY)


def _with_rates(frame: pd.DataFrame) -> pd.DataFrame:
    handled = frame["filled"] + frame["cancelled"]
    unfilled = frame["cancelled"] + frame["long_open"].fillna(0)
    return frame.assign(
        handled=handled,
        days=_ratio(frame["weighted_days"], frame["weight"]),
        fill_rate=_ratio(frame["filled"], handled),
        unfilled_share=_ratio(unfilled, handled + frame["long_open"].fillna(0)),
        seekers_per_vacancy=(frame["jobseekers"] / frame["open"]).where(frame["open"] > 0),
    )


def _ratio(above: Any, below: Any) -> Any:
    return (above / below).where(below > 0)
