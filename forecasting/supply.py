"""Supply of one region in the net convention, by source: entrants, job seekers, and what else it declares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting.cohorts import Cohorts
from forecasting.demand import Industry
from forecasting.entrants import EntryDraws, entrants, entry_draws, entry_shocks, in_region, spread_of
from forecasting.graduates import Crop, graduate_methods, window_crops
from forecasting.jobseekers import (
    jobseekers_by_occupation,
    seeker_draws,
    short_term_available,
    short_term_share,
    total_by_year,
)
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.panel import Array
from forecasting.suppression import few_jobseekers
from forecasting.vocabulary import OTHER_SOURCES, TOTAL


@dataclass(frozen=True)
class Sources:
    """One region's supply before any assumption; windows in the order of the horizons.

    Parameters
    ----------
    entering : tuple of ndarray of shape (occupations, draws), or None
        How the entrants of each window spread, summing to 1; None where no graduates say so.
    jobseekers : ndarray of shape (occupations, draws), or None
        Persons above friction, once per window; None where unknown.
    short_term : ndarray of shape (occupations,), or None
        Of whom short-term; NaN where unknown, None where it is everywhere.
    others : mapping of str to tuple of ndarray of shape (occupations, draws)
        Persons over each window by name (`forecasting.vocabulary.OTHER_SOURCES`); only those declared.
    """

    entering: tuple[Array, ...] | None
    jobseekers: Array | None
    short_term: Array | None = None
    others: Mapping[str, tuple[Array, ...]] = field(default_factory=dict)

    def entrants(self, cohorts: Cohorts | None, horizons: Sequence[int]) -> tuple[Array, ...] | None:
        """Return persons who enter each occupation over each window; None where unknown."""
        if cohorts is None or self.entering is None:
            return None
        return tuple(
            entrants(shares, cohorts, years) for shares, years in zip(self.entering, horizons, strict=True)
        )


def supply_sources(
    region: Region,
    code: str,
    industry: Industry,
    base: Array,
    location: Array,
    graduate_method: str,
    parameters: Parameters,
    seed: int,
) -> Sources:
    """Work out one region's sources of supply, each from its own table.

    Parameters
    ----------
    base : ndarray of shape (occupations,)
        Employed persons at the base year: how a total spreads where nothing better is known.
    location : ndarray of shape (occupations,)
        As `forecasting.entrants.location_quotient` returns it.
    graduate_method : str
        The one of `forecasting.graduates.graduate_methods` that ships.
    """
    base_year, horizons = int(region.settings["base_year"]), tuple(parameters["horizons"])
    methods = graduate_methods(region.table("enrolment"), region.table("population"), parameters)
    crops = window_crops(region.table("graduates"), code, base_year, methods[graduate_method], horizons)
    drawn = entry_draws(region.table("entry"), industry.occupations, parameters["draws"], seed)
    strays = parameters["entry_error"]
    here = in_region(drawn, location[:, None] * entry_shocks(base, strays, parameters["draws"], seed))
    entering = _spread(crops, here, len(industry.occupations))
    table, years = region.table("jobseekers"), parameters["frictional_history"]
    months = parameters["frictional_search"]
    hidden = (base < parameters["small_cell"]) | few_jobseekers(
        table, code, base_year, industry.occupations, parameters["small_cell_jobseekers"]
    )
    seeking = jobseekers_by_occupation(table, industry, code, base_year, base, years, months, hidden)
    share = short_term_share(table, code, base_year, industry.occupations)
    spreads = entering or (np.repeat((base / base.sum())[:, None], parameters["draws"], axis=1),) * len(crops)
    yearly = [
        other_sources(
            *(region.table("other_supply"), code, base_year, industry.occupations, spread),
            parameters["other_supply_years"],
        )
        for spread in spreads
    ]
    others = {
        source: tuple(each[source] * years for each, years in zip(yearly, horizons, strict=True))
        for source in yearly[0]
    }
    recent = None if seeking is None or share is None else seeking * short_term_available(share, months)
    split = (
        None
        if seeking is None
        else seeker_draws(seeking, parameters["jobseeker_error"], parameters["draws"], seed, hidden)
    )
    return Sources(entering, split, recent, others)


def _spread(crops: Sequence[Crop], drawn: EntryDraws, occupations: int) -> tuple[Array, ...] | None:
    """Return the spread of each window's crop; a crop that several windows share is spread once."""
    different = {id(crop): crop for crop in crops}
    spreads = {key: spread_of(crop, drawn, occupations) for key, crop in different.items()}
    found = [spreads[id(crop)] for crop in crops]
    known = tuple(shares for shares in found if shares is not None)
    return known if len(known) == len(found) else None


def other_sources(
    other_supply: pd.DataFrame,
    region: str,
    base_year: int,
    occupations: tuple[str, ...],
    spread: Array,
    years: int,
) -> dict[str, Array]:
    """Return persons a year of every further source that the region declares, shape (occupations, draws).

    Parameters
    ----------
    other_supply : DataFrame
        Canonical table; years after `base_year` are not used.
    spread : ndarray of shape (occupations, draws)
        How a total without occupations spreads, summing to 1.
    years : int
        Latest years that are averaged (parameter ``other_supply_years``).

    Returns
    -------
    dict of str to ndarray
        In the order of `forecasting.vocabulary.OTHER_SOURCES`. Each sums to the mean of its yearly totals:
        row TOTAL, in years without it the sum of the occupations. Occupations that are named say the split.

    Notes
    -----
    They are added to entrants and job seekers. The cohorts' net inflow, which is the total of the entrants,
    already holds those who came to live and work in the region, or came back to work, as often as before the
    base year. Only who is not among them belongs in this table: commuters where employment is counted by
    residence, or migrants beyond those of the past. No figure here can tell, so this is the region's care.
    """
    rows = other_supply[(other_supply["region"] == region) & (other_supply["year"] <= base_year)]
    found = {}
    for source in OTHER_SOURCES:
        own = rows[rows["source"] == source]
        if own.empty:
            continue
        recent = own[own["year"] > own["year"].max() - years]
        by_year = recent.pivot_table(index="occupation", columns="year", values="persons", aggfunc="sum")
        split = by_year.drop(index=TOTAL, errors="ignore").sum(axis=1).reindex(list(occupations)).fillna(0)
        weight = split.to_numpy(dtype=float)[:, None] if split.sum() > 0 else spread
        shares = np.broadcast_to(weight / weight.sum(axis=0), spread.shape)
        found[source] = float(total_by_year(by_year).mean()) * shares
    return found
