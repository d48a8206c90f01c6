"""Net flows of age cohorts: who leaves employment, and who enters it, as one region's ages show.

The net form sees a cohort shrink or grow; simultaneous in- and outflow stays unseen, so it understates
openings (METHOD.md section 1.2), unless the region's own exit rates tell how many (`Cohorts.with_exits`).
Always named "net".
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.retirement import Retirement
from forecasting.series.panel import Array, Panel, panel_from_table
from forecasting.vocabulary import ALL_AGES, TOTAL

_BAND: Final = re.compile(r"^(\d+)(?:-(\d+)|\+)$")
OLDER_FROM: Final = 55
"""Age from which a leaver counts as 55+ (Steunpunt Werk, METHOD.md section 4)."""


@dataclass(frozen=True)
class Cohorts:
    """A region's age structure at the base year and how its cohorts flow.

    Parameters
    ----------
    bands : tuple of str
        Age bands of equal width, youngest first; the last is open.
    ages_from : ndarray of shape (bands,)
        Lower age of each band.
    width : int
        Years a band spans, and between the two counts of a cohort.
    persons : ndarray of shape (bands,)
        Employed persons at the base year.
    retention : ndarray of shape (bands, draws)
        Persons of a band one width later, over persons now; above 1 the cohort still grows.
        The open band is left by all within one width.
    retirement : Retirement, optional
        Reforms that a scenario lets bind; none in the baseline.
    unseen : ndarray of shape (draws,), or 0
        Persons a year who leave work while as many of their band come: no cohort shows them.
    """

    bands: tuple[str, ...]
    ages_from: Array
    width: int
    persons: Array
    retention: Array
    retirement: Retirement | None = None
    unseen: Array | float = 0.0

    def leaving(self, years: int) -> Array:
        """Return the share of each band that leaves within a window, shape (bands, draws).

        A window longer than a band is wide carries the cohort through the next bands; within a band its
        leavers are spread evenly over the years. Whom a reform of the retirement age keeps is at work at the
        end of the window; the open last band is past it.
        """
        left = self._leaving(years)
        if self.retirement is not None and self.retirement.binding(years):
            staying = self.retirement.staying(self.ages_from, self.width, years)
            staying[-1] = 0.0
            in_the_end = self._leaving(-(-years // self.width) * self.width)  # whole bands passed
            left = np.clip(left - staying[:, None] * in_the_end, 0, None)
        if np.any(self.unseen):  # the open last band is left by all anyway
            left[:-1] = np.minimum(left[:-1] + self.unseen * years / self.persons[:-1].sum(), 1)
        return left

    def _leaving(self, years: int) -> Array:
        """Return the share of each band that leaves within a window, no reform counted."""
        left = np.zeros_like(self.retention)
        for band in range(len(self.bands)):
            share, remaining = np.ones(self.retention.shape[1]), float(years)
            for retention in self.retention[band:]:
                left[band] += share * np.clip(1 - retention, 0, 1) * min(remaining / self.width, 1)
                share, remaining = share * np.clip(retention, 0, 1), max(remaining - self.width, 0)
        return left

    def inflow(self, years: int) -> Array:
        """Return net entrants over a window, persons, shape (draws,).

        The youngest band is refilled at its present size once a width; growing cohorts add their growth.
        """
        youngest = np.full((1, self.retention.shape[1]), self.persons[0])
        now = np.repeat(self.persons[:, None], self.retention.shape[1], axis=1)
        total, remaining = np.zeros(now.shape[1]), float(years)
        while remaining > 0:
            growth = (np.clip(self.retention - 1, 0, None) * now).sum(axis=0)
            total += (self.persons[0] + growth) * min(remaining / self.width, 1)
            now = np.vstack([youngest, (self.retention * now)[:-1]])
            remaining -= self.width
        return np.asarray(total + self.unseen * years)

    def with_exits(self, persons: float) -> "Cohorts":
        """Return the same cohorts with as many leavers in the first year as a survey of leavers finds.

        Whom the cohorts do not show is replaced within the same band: leavers and entrants rise alike, so
        that employment changes as before. Fewer than the cohorts show stays as they show.
        """
        seen = self.persons @ dataclasses.replace(self, unseen=0.0).leaving(1)
        return dataclasses.replace(self, unseen=np.maximum(persons - seen, 0.0))

    @property
    def older(self) -> NDArray[np.bool_]:
        """Return which bands reach 55 or more within one width of theirs: they count as 55+."""
        return np.asarray(self.ages_from + self.width >= OLDER_FROM)

    @property
    def central(self) -> "Cohorts":
        """Return the same cohorts with mean retention as their only draw."""
        unseen = np.atleast_1d(self.unseen).mean(keepdims=True)
        return dataclasses.replace(self, retention=self.retention.mean(axis=1, keepdims=True), unseen=unseen)


def fit_cohorts(ages: pd.DataFrame, base_year: int, draws: int, seed: int) -> Cohorts | None:
    """Follow the cohorts of a region through its age table.

    Parameters
    ----------
    ages : DataFrame
        ``year, age_band, persons`` of one region; rows of the band ``all`` are ignored.
    base_year : int
        Last year that may be used.

    Returns
    -------
    Cohorts or None
        None where ages are missing, the oldest band is not open, one band is unknown at the base year, or
        no cohort can be followed over one width of its band.

    Notes
    -----
    Retention at the base year is the latest one observed: net outflow of cohorts as ROA's netto-methode and
    Steunpunt Werk's vervangingsvraag take it (METHOD.md sections 1.2 and 4). Its draws are normal around
    it with the standard deviation over the region's own earlier cohorts. `CohortFlow` is held to outcomes.
    """
    known = ages[(ages["age_band"] != ALL_AGES) & (ages["year"] <= base_year)]
    wide = known.set_index(["age_band", "year"])["persons"].unstack("year")
    order = sorted(wide.index, key=_lower_age)
    lower = np.array([_lower_age(band) for band in order], dtype=float)
    if len(order) < 2 or not order[-1].endswith("+") or base_year not in wide:
        return None
    width = int(lower[-1] - lower[-2])
    wide = wide.loc[order]
    observed, now = _retention(wide, width), wide[base_year].to_numpy(dtype=float)
    if observed.shape[1] == 0 or not np.isfinite(now).all():
        return None
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((len(order), draws))
    spread = observed.std(axis=1, ddof=1) if observed.shape[1] > 1 else np.zeros(len(order))
    retention = np.clip(observed[:, -1:] + spread[:, None] * normal, 0, None)
    return Cohorts(tuple(order), lower, width, now, retention)


def _retention(wide: pd.DataFrame, width: int) -> Array:
    """Return the retention seen at the end of each year that has a cohort, shape (bands, years)."""
    columns = []
    for year in wide.columns:
        earlier = int(str(year)) - width
        if earlier in wide:
            now, before = wide[year].to_numpy(dtype=float), wide[earlier].to_numpy(dtype=float)
            moved = np.append(now[1:], 0.0)
            unknown_stays_unknown = np.where(np.isnan(before), np.nan, 0.0)
            columns.append(np.divide(moved, before, out=unknown_stays_unknown, where=before > 0))
    complete = [column for column in columns if np.isfinite(column).all()]
    return np.column_stack(complete) if complete else np.empty((len(wide), 0))


@dataclass(frozen=True)
class CohortFlow:
    """Each cohort moves one band on as the one before it did; the youngest band keeps its size.

    The point forecast of `fit_cohorts`, with the interface of the series it is backtested beside. It only
    speaks of the horizon that is one band wide.
    """

    name: str = "cohorts"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Return persons by region and age band; NaN where a cohort cannot be followed."""
        found = np.full((len(history.index), len(horizons)), np.nan)
        for _, rows in history.index.groupby("region"):
            bands = rows["age_band"].astype(str).sort_values(key=lambda named: named.map(_lower_age))
            order, width = bands.index.to_numpy(), _width(bands.tolist())
            if width in horizons and history.values.shape[1] > width:
                ages = history.values[order]
                retention = _ratio(ages[1:, -1], ages[:-1, -1 - width])
                column = horizons.index(width)
                found[order[0], column] = ages[0, -1]
                found[order[1:], column] = ages[:-1, -1] * retention
        return found


def _ratio(now: Array, before: Array) -> Array:
    return np.divide(now, before, out=np.full(len(now), np.nan), where=before > 0)


def _width(bands: list[str]) -> int:
    """Return the years that ordered bands span, 0 if they are not one chain with an open end."""
    lower = [_lower_age(band) for band in bands]
    steps = set(np.diff(lower).tolist())
    return int(steps.pop()) if len(steps) == 1 and bands[-1].endswith("+") else 0


def cohort_panel(employment: pd.DataFrame, base_year: int) -> Panel:
    """Return employed persons by region and age band over all sectors or occupations.

    Parameters
    ----------
    employment : DataFrame
        ``year, region, sector, age_band, persons``.
    """
    rows = employment[
        (employment["sector"] == TOTAL)
        & (employment["age_band"] != ALL_AGES)
        & (employment["year"] <= base_year)
    ]
    return panel_from_table(rows, ["region", "age_band"])


def _lower_age(band: str) -> int:
    match = _BAND.match(band)
    return int(match.group(1)) if match else -1


def age_table(employment: pd.DataFrame, entity: str, region: str) -> pd.DataFrame:
    """Return the rows of a region's ages over all sectors or occupations."""
    rows = employment[(employment["region"] == region) & (employment[entity] == TOTAL)]
    return rows[["year", "age_band", "persons"]]


def band_shares(
    employment: pd.DataFrame, entity: str, region: str, year: int, cohorts: Cohorts
) -> pd.DataFrame:
    """Return each sector's shares by age band at `year`; the region's own where a sector has no ages.

    Returns
    -------
    DataFrame
        Index: sectors of the region at `year`, and TOTAL; columns: the cohorts' bands; rows sum to 1.
    """
    rows = employment[(employment["region"] == region) & (employment["year"] == year)]
    wide = rows.set_index([entity, "age_band"])["persons"].unstack("age_band")
    wide = wide.reindex(columns=list(cohorts.bands))
    wide.loc[TOTAL] = cohorts.persons
    complete = wide.notna().all(axis=1) & (wide.sum(axis=1) > 0)
    filled = wide.where(complete, np.nan).fillna(wide.loc[TOTAL])
    return filled.div(filled.sum(axis=1), axis=0)
