"""What a region's own tables say of the gap of the past window: the persistence that somebody could know.

The true past gap is a hard yardstick, for nobody has it. This one reads each part straight off the tables
that a service has, with the score's formula and no model: what would be said if the gap stayed as measured.
"""

import numpy as np
import pandas as pd

from forecasting.gaps import gap
from forecasting.jobseekers import jobseekers_by_occupation
from forecasting.layout import lay_out, market_codes
from forecasting.parameters import Parameters
from forecasting.periods import year_of
from forecasting.region import Region
from forecasting.separations import own_exit_rates
from forecasting.series.panel import Array
from forecasting.vocabulary import ALL_AGES


def measured_past(region: Region, parameters: Parameters) -> pd.DataFrame:
    """Return the score of the windows that end with the base year, as measured.

    Returns
    -------
    DataFrame
        ``horizon, region, occupation, measured``; a cell whose survey figure is not published, or without
        openings, takes the ratio of its market's known cells.

    Notes
    -----
    Openings: change of employment in the region's survey by occupation, and its exit rates on the employment
    at the start. Entrants: graduates times entry shares. Job seekers: the register's at the start, less
    friction. Lack: what job seekers hold beside what ads ask today, of both sources.
    """
    industry, base_year = lay_out(region), int(region.settings["base_year"])
    occupations = list(industry.occupations)
    rates = own_exit_rates(region.table("separations"), industry.occupations)
    survey = region.table("occupation_employment")
    survey = survey[survey["age_band"] == ALL_AGES]
    lack, frames = _lack(region, occupations), []
    for code in market_codes(region):
        rows = survey[survey["region"] == code]
        persons = rows.pivot_table(index="occupation", columns="year", values="persons").reindex(occupations)
        for years in parameters["horizons"]:
            start, end = base_year - years, base_year
            before = persons[start].to_numpy(dtype=float)
            change = persons[end].to_numpy(dtype=float) - before
            leaving = (np.zeros(len(before)) if rates is None else rates) * before * years
            opened = np.maximum(change, 0) + np.maximum(leaving + np.minimum(change, 0), 0)
            seeking = jobseekers_by_occupation(
                *(region.table("jobseekers"), industry, code, start, np.nan_to_num(before)),
                *(1, parameters["frictional_search"]),
            )
            entering = _graduated(region, code, start, end, occupations)
            supply = entering + (0.0 if seeking is None else seeking)
            known = np.isfinite(opened) & (opened > 0)
            told = gap(opened[known], supply[None, known], lack[None, known])
            score = np.full(len(opened), told.unfilled.sum() / max(told.openings.sum(), 1.0))
            score[known] = told.score
            cells = {"horizon": years, "region": code, "occupation": occupations, "measured": score}
            frames.append(pd.DataFrame(cells))
    return pd.concat(frames, ignore_index=True)


def _graduated(region: Region, code: str, start: int, end: int, occupations: list[str]) -> Array:
    """Return persons who entered by graduates times entry shares; a year not yet counted is as the others."""
    graduates = region.table("graduates")
    known = graduates[(graduates["region"] == code) & (graduates["year"] <= end)]
    crops = known[known["year"] > min(start, int(known["year"].max()) - 1)]
    entered = crops.merge(region.table("entry"), on=["field", "level"])
    persons = (entered["persons"] * entered["share"]).groupby(entered["occupation"]).sum()
    whole = persons.reindex(occupations).fillna(0.0).to_numpy(dtype=float)
    return whole * (end - start) / crops["year"].nunique()


def _lack(region: Region, occupations: list[str]) -> Array:
    """Return the share of what ads of the latest year ask that job seekers lack; the mean where unknown."""
    mentions = region.table("skill_mentions")
    year = year_of(mentions["period"])
    counts = mentions[year == year.max()].groupby(["occupation", "skill"])[["ads", "mentions"]].sum()
    held = region.table("jobseeker_skills").set_index(["occupation", "skill"])["share"]
    beside = counts.assign(asked=counts["mentions"] / counts["ads"]).join(held, how="inner")
    missing = (beside["asked"] - beside["share"]).clip(lower=0)
    sums = pd.DataFrame({"missing": missing, "asked": beside["asked"]}).groupby("occupation").sum()
    lack = (sums["missing"] / sums["asked"]).reindex(occupations)
    return lack.fillna(lack.mean()).to_numpy(dtype=float)
