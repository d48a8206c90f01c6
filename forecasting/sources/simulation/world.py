"""One simulated world: its past, the future that comes true, and others that might have."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecasting.sources.simulation import economy, skills
from forecasting.sources.simulation.catalogue import LEVELS, Array, Catalogue, catalogue
from forecasting.sources.simulation.economy import Economy, Structure
from forecasting.sources.simulation.market import Market, Setting, grow_older, opened, step
from forecasting.sources.simulation.population import GRADUATION_AGE, Population, population
from forecasting.sources.simulation.record import Record
from forecasting.sources.simulation.settings import Settings
from forecasting.sources.simulation.skills import SOURCES, Curves, Profiles, lack
from forecasting.sources.simulation.streams import Streams

_LEAVE_YEARLY: Final = 0.042
"""Of the employed: leave work for good in a year, before growth. It only sets how many are born."""


@dataclass(frozen=True)
class Habits:
    """How readily workers leave work early, leave for another occupation, or lose their job.

    Parameters
    ----------
    leaving, moving, losing : ndarray of shape (occupations,)
        Factors around 1.
    """

    leaving: Array
    moving: Array
    losing: Array


@dataclass(frozen=True)
class World:
    """Everything that is true.

    Parameters
    ----------
    settings, listed, streams, fixed, curves, people, habits
        What the world is made of.
    profiles : Profiles
        Of the course of events that comes true, history and future.
    lacks : ndarray of shape (sources, futures, years, occupations)
        What each source of supply lacks after the base year.
    windows : ndarray of shape (sources, futures, horizons, occupations)
        The same of each window's mean profile.
    months : Record
        The past by month, one future.
    past, after : Record
        By year: the past, and all futures.
    ages : ndarray of shape (years, occupations, regions, ages)
        Share of the employed by single age at the end of each past year.
    sector : ndarray of shape (years, sectors, occupations, regions)
        Posts of each past year.
    """

    settings: Settings
    listed: Catalogue
    streams: Streams
    fixed: Structure
    curves: Curves
    people: Population
    habits: Habits
    profiles: Profiles
    lacks: Array
    windows: Array
    months: Record
    past: Record
    after: Record
    ages: Array
    sector: Array


def simulate(settings: Settings) -> World:
    """Run the past, then as many futures as the oracle sees, the first of which comes true."""
    streams = Streams(settings.seed)
    listed = catalogue(settings, streams)
    fixed = economy.structure(settings, listed, streams)
    begin = economy.start(listed)
    posts, _ = economy.wanted(begin, fixed, listed, -12 * settings.burn_in_years)
    growth = listed.occupations["growth"].to_numpy(dtype=float)[:, None] / 100
    need = posts[0] * np.maximum(_LEAVE_YEARLY + growth, 0.01)
    branches = settings.replications + 1
    people = population(settings, listed, streams, need, posts[0].sum(axis=0), branches)
    curves = skills.curves(listed, streams, posts[0].sum(axis=1))
    before = skills.past(curves, settings, streams)
    run = _Run(settings, listed, streams, fixed, curves, people, _habits(settings, listed, streams))
    older = streams.at("ages").normal(0, 2.0, len(listed.occupations))[:, None] + 0 * posts[0]
    market = opened(posts, older, settings.market)
    past = run.past(begin, market, _lacks(before, curves, settings, after=False)[:, None])
    profiles, lacks, windows = _futures(before, curves, settings, streams)
    after = run.after(begin.branched(branches), market.branched(branches), lacks)
    return World(
        *(settings, listed, streams, fixed, curves, people, run.habits, profiles, lacks, windows),
        *(past.months, past.years, after, np.stack(past.ages), np.stack(past.sector)),
    )


def _habits(settings: Settings, listed: Catalogue, streams: Streams) -> Habits:
    """Draw the habits of occupations; worse conditions make more leave."""
    rates, count = settings.market, len(listed.occupations)
    draws = streams.at("habits").standard_normal((count, 3)).T
    shared = rates["leaving_shared"]
    mixed = shared * draws[0] + np.sqrt(1 - shared**2) * draws[1]
    worse = -0.12 * listed.occupations["conditions"].to_numpy(dtype=float)
    leaving = np.exp(rates["leaving_spread"] * draws[0] + worse)
    moving = np.exp(rates["moving_spread"] * mixed + worse)
    losing = np.exp(rates["loss_spread"] * draws[2] - rates["loss_spread"] ** 2 / 2)
    return Habits(leaving / leaving.mean(), moving / moving.mean(), losing)


def _lacks(found: Profiles, curves: Curves, settings: Settings, *, after: bool) -> Array:
    """Return what each source lacks by year, shape (sources, years, occupations)."""
    first = settings.base_year + 1 if after else settings.first_year - settings.burn_in_years
    last = settings.base_year + (settings.future_years if after else 0)
    rows = slice(first - found.first_year, last + 1 - found.first_year)
    held = (found.held(curves, source, first, last) for source in SOURCES)
    return np.stack([lack(found.asked[rows], each, curves.importance) for each in held])


def _futures(
    before: Profiles, curves: Curves, settings: Settings, streams: Streams
) -> tuple[Profiles, Array, Array]:
    """Return the profiles that come true, and what each source lacks by year and by window in each future.

    Returns
    -------
    Profiles
    ndarray of shape (sources, futures, years, occupations)
    ndarray of shape (sources, futures, horizons, occupations)
        Of a window's mean profile; job seekers as they are at its start.
    """
    by_year, by_window, true = [], [], before
    for future in range(settings.replications + 1):
        found = skills.futures(curves, settings, streams, before, future)
        by_year.append(_lacks(found, curves, settings, after=True))
        base = settings.base_year
        by_window.append([window_lack(found, curves, base, base + years) for years in settings.horizons])
        true = found if future == 0 else true
    return true, np.stack(by_year, axis=1), np.stack(by_window).transpose(2, 0, 1, 3)


def window_asked(found: Profiles, start: int, end: int) -> Array:
    """Return what openings of a window ask: the mean of its years after `start`."""
    rows = slice(start + 1 - found.first_year, end + 1 - found.first_year)
    return np.asarray(found.asked[rows].mean(axis=0))


def window_held(found: Profiles, curves: Curves, source: str, start: int, end: int) -> Array:
    """Return what a source holds in a window: job seekers at its start, others on average."""
    first, last = (start, start) if source in {"short", "long"} else (start + 1, end)
    return np.asarray(found.held(curves, source, first, last).mean(axis=0))


def window_lack(found: Profiles, curves: Curves, start: int, end: int) -> Array:
    """Return what each source lacks in a window, shape (sources, occupations)."""
    asked = window_asked(found, start, end)
    return np.stack(
        [lack(asked, window_held(found, curves, source, start, end), curves.importance) for source in SOURCES]
    )


@dataclass
class _Past:
    months: Record
    years: Record
    ages: list[Array]
    sector: list[Array]


@dataclass(frozen=True)
class _Run:
    """The months of a world."""

    settings: Settings
    listed: Catalogue
    streams: Streams
    fixed: Structure
    curves: Curves
    people: Population
    habits: Habits

    def past(self, economy_now: Economy, market: Market, lacks: Array) -> _Past:
        """Run from the start to the base year; the years in which the market settles leave no trace."""
        found = _Past(Record(), Record(), [], [])
        first = self.settings.first_year
        for row, year in enumerate(range(first - self.settings.burn_in_years, self.settings.base_year + 1)):
            records = [(found.months, 1), (found.years, 12)] if year >= first else []
            sector = self._year(economy_now, market, lacks[:, :, row], year, records)
            if year >= first:
                found.ages.append(market.ages[0].astype(np.float32))
                found.sector.append(sector)
        return found

    def after(self, economy_now: Economy, market: Market, lacks: Array) -> Record:
        """Run all futures."""
        found, base = Record(), self.settings.base_year
        for row in range(self.settings.future_years):
            self._year(economy_now, market, lacks[:, :, row], base + 1 + row, [(found, 12)])
        return found

    def _year(
        self, now: Economy, market: Market, lacks: Array, year: int, records: list[tuple[Record, int]]
    ) -> Array:
        """Run a year and return the first future's mean posts by sector."""
        begun, flows = market.employed.copy(), dict[str, Array]()
        by_sector = np.zeros((len(self.listed.sectors), *begun.shape[1:]))
        jobs = self.listed.occupations
        crop = self.people.entrants(year)[: len(begun)]
        habits = self.habits
        conditions = jobs["conditions"].to_numpy(dtype=float)[:, None]
        for number in range(12):
            month = (year - self.settings.first_year) * 12 + number
            economy.advance(now, self.fixed, self.settings, self.streams, month)
            posts, sector = economy.wanted(now, self.fixed, self.listed, month)
            by_sector = by_sector + sector / 12
            met = Setting(
                *(posts, crop, lacks, now.retirement, habits.leaving, habits.moving, habits.losing),
                *(self.listed.near, conditions),
            )
            moved = step(market, met, self.settings.market, self.streams, month)
            flows = {name: flows.get(name, 0) + flow for name, flow in moved.items()}
            for record, months in records:
                record.add(market, moved, first=months == 1 or number == 0, months=months)
        levels = jobs["level"].map(LEVELS.index).to_numpy()
        grow_older(market, flows, begun, met, GRADUATION_AGE[levels].astype(float) + 1)
        return np.asarray(by_sector)
