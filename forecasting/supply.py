"""Supply per occupation in the net convention: entrants from education, and job seekers above friction."""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.cohorts import Cohorts
from forecasting.demand import Industry, employed
from forecasting.periods import year_of
from forecasting.series.panel import Array, Panel, panel_from_table
from forecasting.vocabulary import TOTAL

GRADUATE_YEARS: Final = 2
"""Latest years of graduates that are averaged: one year's crop is noise."""


def entrant_shares(
    graduates: pd.DataFrame,
    entry: pd.DataFrame,
    region: str,
    base_year: int,
    occupations: tuple[str, ...],
    draws: int,
    seed: int,
    years: int = GRADUATE_YEARS,
) -> Array | None:
    """Return how a region's entrants spread over occupations, shape (occupations, draws), summing to 1.

    Parameters
    ----------
    graduates, entry : DataFrame
        Canonical tables; years after `base_year` are not used.
    seed : int
        Of the entry shares, drawn from the Dirichlet distribution of a survey with `entry.sample`
        respondents; fields without a sample size keep their shares. Levels of one field share their draws.
    years : int
        Latest years of graduates that are averaged.

    Returns
    -------
    ndarray or None
        None where the region has no graduates, or no table says where they go.
    """
    crop = _crop(graduates, region, base_year, years)
    crop = crop[crop.index.isin(pd.MultiIndex.from_frame(entry[["field", "level"]]))]
    if crop.empty:
        return None
    total = np.zeros((len(occupations), draws))
    for (field, level), rows in entry.groupby(["field", "level"]):
        persons = crop.get((field, level), 0.0)
        rows = rows.set_index("occupation")
        share = rows["share"].reindex(list(occupations)).fillna(0).to_numpy(dtype=float)
        total += float(persons) * _drawn(share, rows["sample"].max(), draws, _seed_of(seed, str(field)))
    placed = total.sum(axis=0)
    return total / placed if (placed > 0).all() else None


def _crop(graduates: pd.DataFrame, region: str, base_year: int, years: int) -> "pd.Series[float]":
    """Return mean yearly graduates by field and level over the latest years."""
    rows = graduates[(graduates["region"] == region) & (graduates["year"] <= base_year)]
    recent = rows[rows["year"] > rows["year"].max() - years]
    persons = recent.groupby(["field", "level"])["persons"].mean()
    return persons[persons > 0]


def _seed_of(seed: int, field: str) -> list[int]:
    return [seed, *field.encode()]


def _drawn(share: Array, sample: float, draws: int, seed: list[int]) -> Array:
    if not np.isfinite(sample):
        return np.repeat(share[:, None], draws, axis=1)
    generator = np.random.default_rng(seed)
    gamma = generator.standard_gamma(np.repeat((share * sample)[:, None], draws, axis=1))
    return np.asarray(share.sum() * gamma / gamma.sum(axis=0))


def graduate_panel(graduates: pd.DataFrame, base_year: int) -> Panel:
    """Return graduates a year by region, field and level."""
    return panel_from_table(graduates[graduates["year"] <= base_year], ["region", "field", "level"])


def entrants(shares: Array, cohorts: Cohorts, years: int) -> Array:
    """Return persons who enter each occupation over a window, shape (occupations, draws).

    The total is the net inflow of the region's cohorts; graduates only say where it goes. Re-enrolment and
    a person's several diplomas therefore add nobody (DESIGN.md section 2: net scales to cohort inflow).
    """
    return shares * cohorts.inflow(years)


def jobseekers_by_occupation(
    jobseekers: pd.DataFrame,
    industry: Industry,
    region: str,
    base_year: int,
    base: Array,
    minimum_years: int,
) -> Array | None:
    """Return job seekers above the frictional level by occupation, persons, shape (occupations,).

    Parameters
    ----------
    jobseekers : DataFrame
        Canonical table; periods after the base year are not used.
    industry : Industry
        Its employment is the rest of the labour force.
    base : ndarray of shape (occupations,)
        Persons employed: how seekers split where the source knows no occupations.
    minimum_years : int
        Years of history below which the frictional level, and so the supply, is unknown.

    Returns
    -------
    ndarray or None
        None where the base year has no job seekers or no labour force, or the history is too short. They
        sum to the regional stock above friction, and enter once per window, however long it is.

    Notes
    -----
    Friction is the lowest unemployment rate of the region's own history times today's labour force
    (parameter ``frictional_unemployment``).
    """
    by_year = _yearly(jobseekers, region, base_year)
    named = by_year.drop(index=TOTAL, errors="ignore")
    stock = _stock(by_year)
    labour_force = (stock + employed(industry, region).reindex(stock.index)).dropna()
    if base_year not in labour_force or len(labour_force) < minimum_years:
        return None
    friction = (stock / labour_force).min() * labour_force[base_year]
    split = (
        named.get(base_year, pd.Series(dtype=float))
        .reindex(list(industry.occupations))
        .fillna(0)
        .to_numpy(dtype=float)
    )
    weight = split if split.sum() > 0 else base
    return np.asarray(max(float(stock[base_year] - friction), 0.0) * weight / weight.sum())


def jobseeker_panel(jobseekers: pd.DataFrame, base_year: int) -> Panel:
    """Return the mean stock of job seekers a year by region: the source's total, else its occupations."""
    stocks = {
        str(region): _stock(_yearly(jobseekers, str(region), base_year))
        for region in jobseekers["region"].unique()
    }
    rows = pd.concat(stocks, names=["region", "year"]).rename("persons") if stocks else pd.Series(dtype=float)
    return panel_from_table(rows.dropna().reset_index(), ["region"])


def _stock(by_year: pd.DataFrame) -> "pd.Series[float]":
    """Return the total by year, of rows by occupation."""
    named = by_year.drop(index=TOTAL, errors="ignore")
    return by_year.reindex([TOTAL]).iloc[0].fillna(named.sum(min_count=1))


def _yearly(jobseekers: pd.DataFrame, region: str, base_year: int) -> pd.DataFrame:
    """Return mean job seekers by occupation (rows) and year (columns)."""
    rows = jobseekers[jobseekers["region"] == region]
    rows = rows.assign(year=year_of(rows["period"]))
    rows = rows[rows["year"] <= base_year]
    return rows.pivot_table(index="occupation", columns="year", values="persons", aggfunc="mean")
