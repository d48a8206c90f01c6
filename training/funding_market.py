"""The courses of a simulated region beside its true gap, and how much training is asked in each.

Like the referee this reads the truth, and only to count what an allocation would close (`funding_example`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.funding.allocation import whole_cents
from forecasting.funding.applications import Cents
from forecasting.funding.catalogue import Courses, read_courses
from forecasting.funding.closing import Seats, missing_taught, spread_over
from forecasting.series.panel import Array
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import NET

ASKED: Final = 2
"""Places are asked for so many times the budget: caps bind rarely, and nothing is left over."""

Truth = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Market:
    """The courses of every region beside its true gap; units are region × course, region first.

    Parameters
    ----------
    regions : tuple of str
    offered : Courses
        Those that may be paid.
    price : ndarray of shape (courses,)
        Cents a place.
    seats : tuple of Seats
        One a region.
    employed : ndarray of shape (regions, occupations)
    lacking, asked : ndarray of shape (regions, skills)
        True persons who lack each skill, and openings that ask it.
    importance : ndarray of shape (skills,)
    years : int
        Length of the window.
    """

    regions: tuple[str, ...]
    offered: Courses
    price: Array
    seats: tuple[Seats, ...]
    employed: Array
    lacking: Array
    asked: Array
    importance: Array
    years: int

    @property
    def ids(self) -> list[str]:
        """Return the units."""
        return [f"{region} {course}" for region in self.regions for course in self.offered.codes]

    @property
    def openings(self) -> Array:
        """Return true openings, shape (regions, occupations)."""
        return np.array([each.openings for each in self.seats])

    @property
    def unfilled(self) -> Array:
        """Return what truly stays unfilled, shape (regions, occupations)."""
        return np.array([each.unfilled for each in self.seats])

    def by_region(self, units: Array) -> Array:
        """Return figures of units as (…, regions, courses)."""
        return units.reshape(*units.shape[:-1], len(self.regions), len(self.offered.codes))


def market_of(snapshot: Snapshot, truth: Truth) -> Market:
    """Return the courses of a release's regions beside the truth of the window that is weighted."""
    weights = snapshot.tables["weights"]
    years, regions = int(weights["horizon"].iloc[0]), sorted(weights["region"].astype(str).unique())
    codes = sorted(weights["occupation"].astype(str).unique())
    table = snapshot.tables["courses"]
    payable = ~table["mandatory"].eq(True).fillna(False).to_numpy(dtype=bool)
    payable &= table["price"].astype(float).gt(0).to_numpy(dtype=bool)
    table = table[payable].sort_values("course", ignore_index=True)
    offered = read_courses(table, snapshot.tables["skills"]["code"], codes)
    cells = truth["scores"]
    cells = cells[(cells["window"] == "future") & (cells["horizon"] == years) & (cells["convention"] == NET)]
    lines = [(region, code) for region in regions for code in codes]
    found = cells.set_index(["region", "occupation"])[["openings", "unfilled"]].reindex(lines).fillna(0.0)
    openings, unfilled = (found[name].to_numpy().reshape(len(regions), -1) for name in found)
    people = snapshot.tables["employment"]
    people = people[people["year"] == people["year"].max()].set_index(["region", "occupation"])["persons"]
    persons, importance, profile = _skills(truth, years, regions, codes, offered.skills)
    teaches, targets = offered.teaches.toarray(), offered.targets.toarray()
    seats = tuple(
        Seats(
            openings[row],
            unfilled[row],
            spread_over(targets, openings[row]),
            missing_taught(teaches, persons[row], importance),
        )
        for row in range(len(regions))
    )
    return Market(
        tuple(regions),
        offered,
        np.round(table["price"].to_numpy(dtype=float) * 100),
        seats,
        people.reindex(lines).fillna(0.0).to_numpy(dtype=float).reshape(len(regions), -1),
        persons.sum(axis=1),
        openings @ profile,
        importance,
        years,
    )


def _skills(
    truth: Truth, years: int, regions: list[str], codes: list[str], skills: tuple[str, ...]
) -> tuple[Array, Array, Array]:
    """Return true persons lacking (regions, occupations, skills), importance, and shares that ask a skill."""
    gaps = truth["skill_gaps"]
    gaps = gaps[(gaps["window"] == "future") & (gaps["horizon"] == years)]
    persons = np.zeros((len(regions), len(codes), len(skills)))
    places = [
        pd.Index(known).get_indexer(pd.Index(gaps[name].astype(str)))
        for name, known in (("region", regions), ("occupation", codes), ("skill", list(skills)))
    ]
    inside = np.min(places, axis=0) >= 0
    persons[tuple(place[inside] for place in places)] = gaps["persons"].to_numpy(dtype=float)[inside]
    profiles = truth["profiles"]
    first = int(profiles["year"].min())
    window = profiles[profiles["year"].isin([first, first + years])]
    importance = window.groupby("skill")["importance"].first().reindex(list(skills)).fillna(0.0)
    asked = window.groupby(["occupation", "skill"])["asked"].mean().unstack(fill_value=0)
    asked = asked.reindex(index=codes, columns=list(skills), fill_value=0.0)
    return persons, importance.to_numpy(dtype=float), asked.to_numpy(dtype=float)


def asked_by_applications(market: Market, applications: pd.DataFrame, budget: int) -> Cents:
    """Return the cost of the places that are asked for in each unit, cents: `ASKED` times the budget.

    Participants of the region's fictitious applications, scaled up. Which course they chose is chance there.
    """
    places = applications.groupby(["region", "course"])["participants"].sum()
    lines = [(region, course) for region in market.regions for course in market.offered.codes]
    wanted = places.reindex(lines).fillna(0.0).to_numpy(dtype=float)
    return _cents(wanted * np.tile(market.price, len(market.regions)), ASKED * budget)


def asked_by_workers(market: Market, budget: int) -> Cents:
    """Return the same where each worker asks one place.

    In any course that names the own occupation, or that names none, equally likely: so much of it goes to
    courses for everybody.
    """
    targets = market.offered.targets.toarray()
    open_to = np.where(targets.any(axis=1)[:, None], targets, 1.0)
    choices = open_to.sum(axis=0)
    each = np.divide(market.employed, choices, out=np.zeros_like(market.employed), where=choices > 0)
    return _cents(((each @ open_to.T) * market.price).ravel(), ASKED * budget)


def _cents(shares: Array, total: int) -> Cents:
    scaled = shares * (total / shares.sum())
    return whole_cents(scaled, total, np.full(len(scaled), total, dtype=np.int64))
