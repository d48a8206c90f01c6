"""Indicators of a year, from which the next year's hard-to-fill vacancies are forecast, by occupation.

Every figure of a year is made of that year's and earlier rows alone: a later row moves no earlier figure.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.demand import Industry
from forecasting.periods import year_of
from forecasting.region import Region
from forecasting.series.panel import Array
from forecasting.skill_mentions import successors, under_new_codes
from forecasting.vacancy_indicators import scopes, whole
from forecasting.vocabulary import ALL_AGES

OLDER: Final = 55
"""Age from which workers count as older: as everywhere in the method, whose replacement is split there."""

INDICATORS: Final = (
    "share",
    "share_before",
    "share_mean",
    "share_market",
    "share_market_before",
    "days",
    "days_before",
    "tension",
    "tension_before",
    "handled",
    "posted_growth",
    "employment_growth",
    "older_share",
    "skill_lack",
    "listed",
    "listed_mean",
)


@dataclass(frozen=True)
class Filling:
    """The past of every occupation, over all markets together.

    Parameters
    ----------
    occupations : tuple of str
    years : tuple of int
        All from the first to the last.
    share : ndarray of shape (occupations, years)
        Unfilled share of vacancies (`forecasting.vacancy_indicators`), NaN where unknown.
    handled : ndarray of shape (occupations, years)
    listed : ndarray of shape (occupations, years)
        1 or 0: on the list; NaN where it does not say.
    known : ndarray of shape (occupations, years, len(INDICATORS))
        What is known at the end of each year.
    """

    occupations: tuple[str, ...]
    years: tuple[int, ...]
    share: Array
    handled: Array
    listed: Array
    known: Array


def filling(
    region: Region,
    industry: Industry,
    indicators: pd.DataFrame,
    status: pd.DataFrame,
    base_year: int,
    skill_lack_years: int,
) -> Filling | None:
    """Lay out what is known of each occupation, year by year; None without unfilled shares.

    Parameters
    ----------
    indicators : DataFrame
        As `forecasting.vacancy_indicators.yearly_indicators` returns them.
    status : DataFrame
        ``year, occupation, listed``: the list to be forecast.
    skill_lack_years : int
        Parameter: the lack is of those who hold what ads asked so many years before.
    """
    rows = indicators[indicators["region"] == whole(region.table("regions"))]
    told = rows[rows["unfilled_share"].notna()]
    if told.empty:
        return None
    occupations = tuple(sorted(told["occupation"].unique()))
    years = tuple(range(int(told["year"].min()), int(told["year"].max()) + 1))

    def wide(table: pd.DataFrame, value: str) -> Array:
        spread = table.pivot_table(index="occupation", columns="year", values=value, dropna=False)
        return spread.reindex(index=list(occupations), columns=list(years)).to_numpy(dtype=float)

    markets = scopes(region.table("regions"))[whole(region.table("regions"))]
    work = _work(region, industry, markets, base_year)
    share, listed = wide(rows, "unfilled_share"), wide(status.astype({"listed": float}), "listed")
    days, handled, posted = (_log(wide(rows, name)) for name in ("days", "handled", "posted"))
    tension = -_log(wide(rows, "seekers_per_vacancy"))
    stable = stabilised(share)
    market = np.broadcast_to(_mean(stable, axis=0), stable.shape)
    columns = {
        "share": stable,
        "share_before": _before(stable),
        "share_mean": _so_far(stable),
        "share_market": market,
        "share_market_before": _before(market),
        "days": days,
        "days_before": _before(days),
        "tension": tension,
        "tension_before": _before(tension),
        "handled": handled,
        "posted_growth": posted - _before(posted),
        "employment_growth": wide(work, "growth"),
        "older_share": wide(work, "older"),
        "skill_lack": wide(_skill_lack(region, base_year, skill_lack_years), "lack"),
        "listed": listed,
        "listed_mean": _so_far(listed),
    }
    known = np.stack([columns[name] for name in INDICATORS], axis=2)
    return Filling(occupations, years, share, np.nan_to_num(wide(rows, "handled")), listed, known)


def stabilised(share: Array) -> Array:
    """Return arcsin √share: its sampling variance is 1/(4n) whatever the share."""
    return np.asarray(np.arcsin(np.sqrt(share)))


def recent_mean(values: Array) -> Array:
    """Return the mean of each year and the two before, of those that are known."""
    before = _before(values)
    return _mean(np.stack([values, before, _before(before)]), axis=0)


def _log(values: Array) -> Array:
    return np.asarray(np.log(np.where(values > 0, values, np.nan)))


def _before(values: Array) -> Array:
    """Return the figures of the year before."""
    return np.hstack([np.full((len(values), 1), np.nan), values[:, :-1]])


def _so_far(values: Array) -> Array:
    """Return the mean of the known years up to each."""
    known = np.isfinite(values)
    count = known.cumsum(axis=1)
    total = np.where(known, values, 0).cumsum(axis=1)
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)


def _mean(values: Array, axis: int) -> Array:
    """Return the mean of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _work(region: Region, industry: Industry, markets: tuple[str, ...], base_year: int) -> pd.DataFrame:
    """Return growth of employment and the share of older workers, ``year, occupation, growth, older``.

    Both are those of the sectors that the occupation worked in that year, by table ``staffing_history``, else
    by today's staffing.
    """
    rows = industry.employment
    inside = rows["region"].isin(markets) & rows["sector"].isin(industry.leaves) & (rows["year"] <= base_year)
    rows = rows[inside]
    every = rows["age_band"] == ALL_AGES
    persons = rows[every].groupby(["sector", "year"])["persons"].sum(min_count=len(markets))
    ages = rows[~every].assign(older=_lowest_age(rows.loc[~every, "age_band"]) >= OLDER)
    counted = ages.groupby(["sector", "year"])["persons"].sum(min_count=1)
    older = ages[ages["older"]].groupby(["sector", "year"])["persons"].sum() / counted
    sectors = pd.DataFrame({"persons": persons, "older": older}).reset_index()
    last = sectors.assign(year=sectors["year"] + 1).rename(columns={"persons": "last"})
    sectors = sectors.merge(last[["sector", "year", "last"]], on=["sector", "year"], how="left")
    pairs = _staffed(region, industry, base_year).merge(sectors, on="sector", suffixes=("", "_of"))
    pairs = pairs[pairs["year"].isna() | (pairs["year"] == pairs["year_of"])]
    pairs = pairs.assign(
        now=pairs["share"] * pairs["persons"],
        last=pairs["share"] * pairs["last"],
        aged=pairs["share"] * pairs["persons"] * pairs["older"],
    )
    sums = pairs.groupby(["year_of", "occupation"])[["now", "last", "aged"]].sum(min_count=1)
    found = pd.DataFrame(
        {"growth": np.log((sums["now"] / sums["last"]).astype(float)), "older": sums["aged"] / sums["now"]}
    )
    return found.reset_index(names=["year", "occupation"])


def _staffed(region: Region, industry: Industry, base_year: int) -> pd.DataFrame:
    """Return ``year, sector, occupation, share``; the year is NaN where staffing is one for all years."""
    table = region.table("staffing_history")
    history = table[table["year"] <= base_year]
    if len(history):
        return history[["year", "sector", "occupation", "share"]]
    leaf, occupation = np.nonzero(industry.staffing)
    return pd.DataFrame(
        {
            "year": np.nan,
            "sector": np.array(industry.leaves)[leaf],
            "occupation": np.array(industry.occupations)[occupation],
            "share": industry.staffing[leaf, occupation],
        }
    )


def _lowest_age(bands: "pd.Series[str]") -> "pd.Series[float]":
    """Return the first age of each band, NaN where it names none."""
    found = {band: re.match(r"\d+", str(band)) for band in bands.unique()}
    return bands.map({band: float(match[0]) if match else np.nan for band, match in found.items()})


def _skill_lack(region: Region, base_year: int, years: int) -> pd.DataFrame:
    """Return by year what those who hold what ads asked `years` before lack of what ads ask, by occupation.

    Σ max(p − p before, 0) / Σ p. The table ``jobseeker_skills`` has no dates, and would tell a past year of
    later ones. A skill that joined the list counts as lacking, alike for all occupations.
    """
    mentions = region.table("skill_mentions")
    rows = mentions.assign(year=year_of(mentions["period"]))
    rows = rows[rows["year"] <= base_year]
    if rows.empty:
        return pd.DataFrame(columns=["year", "occupation", "lack"])
    ads = rows.groupby(["year", "occupation", "period", "region"], observed=True)["ads"].max()
    ads = ads.groupby(["year", "occupation"]).sum()
    asked = rows.groupby(_PAIR, observed=True)["mentions"].sum().reset_index()
    moved = under_new_codes(asked, successors(region.table("concordance"), base_year))
    asked = moved.groupby(_PAIR, observed=True)["mentions"].sum().reset_index()
    share = asked["mentions"].to_numpy() / ads.reindex(pd.MultiIndex.from_frame(asked[_OF_ADS])).to_numpy()
    now = asked.assign(share=np.minimum(share, 1))
    then = now.assign(year=now["year"] + years)[["year", "occupation", "skill", "share"]]
    both = now.merge(then, on=["year", "occupation", "skill"], how="left", suffixes=("", "_then"))
    both["new"] = (both["share"] - both["share_then"].fillna(0)).clip(lower=0)
    sums = both.groupby(_OF_ADS, observed=True)[["new", "share"]].sum()
    lack = (sums["new"] / sums["share"]).where(sums["share"] > 0).rename("lack").reset_index()
    start = then.groupby("occupation", observed=True)["year"].min()
    return lack[lack["year"] >= lack["occupation"].map(start).astype(float)]


_OF_ADS: Final = ["year", "occupation"]
_PAIR: Final = [*_OF_ADS, "skill"]
