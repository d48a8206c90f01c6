"""What jobs ask and what people hold: skills rise, fade, spread between occupations, and wear out.

A rising skill follows a logistic curve on a clock of its own, whose pace is random; occupations further from
where it began follow later. Schools teach what was asked when the curriculum was written, workers learn on
the job, job seekers hold what they held when they last worked.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from forecasting.sources.simulation.catalogue import TRANSVERSAL, Array, Catalogue
from forecasting.sources.simulation.settings import Settings
from forecasting.sources.simulation.streams import Streams

SOURCES: Final = ("entrants", "short", "long", "movers")
"""Whose skills are known apart: school leavers, job seekers under and over a year, workers elsewhere."""

BEFORE: Final = 12
"""Years of profiles before the market settles, which curricula and careers remember."""

_RELATED: Final = (
    *("22 32", "22 53", "32 53", "25 35", "24 33", "21 31", "71 74", "72 81", "72 82", "31 72", "31 74"),
    *("41 33", "41 42", "43 83", "51 94", "34 53", "26 34", "12 24", "13 31", "52 42", "93 83", "23 34"),
)
_DIGITAL: Final = {
    "1": 0.9,
    "2": 0.95,
    "3": 0.8,
    "4": 0.9,
    "5": 0.35,
    "6": 0.35,
    "7": 0.3,
    "8": 0.3,
    "9": 0.1,
}
_CORE: Final = 0.4
"""Chance of being asked from which a skill belongs to an occupation's core at the start."""
_LEARNING: Final = 0.4
_FORGETTING: Final = 0.06
_DEPRECIATION: Final = {"short": (1, 0.97), "long": (4, 0.88)}
"""Years since job seekers last worked, and what they kept."""


@dataclass(frozen=True)
class Curves:
    """How each occupation's need of each skill moves; arrays of shape (occupations, skills) or (skills,).

    Parameters
    ----------
    ceiling : ndarray of shape (occupations, skills)
        Chance that an opening asks the skill where it is fully in use.
    importance : ndarray of shape (occupations, skills)
        1 in the core, else 0.5.
    direction : ndarray of shape (skills,)
        1 rising, -1 fading, 0 stable.
    middle, steepness : ndarray of shape (skills,)
        Year and pace of the curve.
    delay : ndarray of shape (occupations, skills)
        Years by which an occupation follows.
    taught : ndarray of shape (occupations, skills)
        Share of it that school can teach.
    lag : ndarray of shape (occupations,)
        Years a curriculum is old.
    origin : ndarray of shape (occupations, occupations)
        Where those who move into the row's occupation come from; rows sum to 1.
    """

    ceiling: Array
    importance: Array
    direction: Array
    middle: Array
    steepness: Array
    delay: Array
    taught: Array
    lag: Array
    origin: Array


@dataclass(frozen=True)
class Profiles:
    """Profiles by year of one course of events, arrays of shape (years, occupations, skills).

    Parameters
    ----------
    first_year : int
        Of the arrays.
    asked, workers, movers : ndarray
        Chance that an opening asks a skill, that a worker holds it, and that one who comes from another
        occupation does.
    clock : ndarray of shape (skills,)
        Where the curves stand in the last year.
    noise : ndarray of shape (occupations, skills)
        What is particular to it, log: of a skill everywhere, and of each occupation.
    """

    first_year: int
    asked: Array
    workers: Array
    movers: Array
    clock: Array
    noise: Array

    def at(self, year: int) -> Array:
        """Return what openings ask in a year."""
        return self.asked[year - self.first_year]

    def held(self, curves: Curves, source: str, first: int, last: int) -> Array:
        """Return the chance that somebody of a source of supply holds each skill, by year.

        Parameters
        ----------
        source : str
            One of `SOURCES`.
        first, last : int
            Years, the last included.
        """
        rows = np.arange(first, last + 1) - self.first_year
        if source == "entrants":
            then = (rows[:, None] - curves.lag[None, :]).astype(int)
            taught = self.asked[then, np.arange(len(curves.lag))[None, :]]
            return np.asarray(practised(taught, 0.5) * curves.taught)
        if source == "movers":
            return self.movers[rows - 1]
        years, kept = _DEPRECIATION[source]
        return np.asarray(np.float32(kept) * self.workers[rows - years])


def practised(asked: Array, more: float) -> Array:
    """Return the share who hold a skill that is asked so often: more than need it, never all."""
    return np.asarray(asked * (1 + np.float32(more) * (1 - asked)))


def lack(asked: Array, held: Array, importance: Array) -> Array:
    """Return the share of the asked skill mass that a source lacks, shape (..., occupations)."""
    missing = np.einsum("...os,os->...o", np.maximum(asked - held, 0), importance)
    return np.asarray(missing / np.einsum("...os,os->...o", asked, importance), dtype=float)


def curves(listed: Catalogue, streams: Streams, sizes: Array) -> Curves:
    """Draw how needs move.

    Parameters
    ----------
    sizes : ndarray of shape (occupations,)
        Employed persons.
    """
    generator, marks = streams.at("curves"), listed.skills["marks"]
    count = len(listed.skills)
    direction: Array = marks.str.contains("r").to_numpy(dtype=float) - marks.str.contains("f").to_numpy(
        dtype=float
    )
    rising = direction > 0
    middle = np.where(rising, generator.uniform(2013, 2036, count), generator.uniform(2010, 2032, count))
    ceiling, kinship = _ceilings(listed, streams)
    taught = np.where(
        generator.random(ceiling.shape) < 0.93, 1.0, generator.uniform(0.5, 0.95, ceiling.shape)
    )
    practical = marks.str.contains("x").to_numpy()
    taught = np.where(practical[None, :], generator.uniform(0.55, 0.95, ceiling.shape), taught)
    flow = listed.near * sizes[:, None]
    return Curves(
        ceiling,
        np.where(ceiling >= _CORE, 1.0, 0.5).astype(np.float32),
        direction,
        middle,
        generator.uniform(0.3, 0.7, count),
        4 * (1 - kinship) + generator.uniform(0, 2, ceiling.shape),
        taught.astype(np.float32),
        generator.integers(2, 6, len(ceiling)).astype(float),
        (flow / flow.sum(axis=0)).T.astype(np.float32),
    )


def _ceilings(listed: Catalogue, streams: Streams) -> tuple[Array, Array]:
    """Return how often each skill is asked at most, and how near an occupation is to the skill's home."""
    shape = (len(listed.occupations), len(listed.skills))
    draws = [streams.at("ceilings", number) for number in range(3)]
    chance, groups = draws[0].random(shape), listed.occupations["isco"].str[:2].to_numpy()
    kinship = np.array([[_kinship(str(g), str(f)) for f in listed.skills["family"]] for g in groups])
    usual = streams.at("ceilings", 3).beta(2.0, 1.3, shape[1])
    own = (0.65 * usual + 0.35 * draws[1].beta(2.2, 1.4, shape)) * 0.8 + 0.05
    side = draws[2].beta(1.2, 5.0, shape)
    common = (listed.skills["family"] == TRANSVERSAL).to_numpy()[None, :]
    soft = listed.skills["marks"].str.contains("o").to_numpy()[None, :]
    found = np.select(
        [kinship == 1.0, kinship >= 0.5, kinship >= 0.2],
        [own * (chance < 0.85), side * (chance < 0.4), side * (chance < 0.2)],
        side * (chance < 0.10),
    )
    found = np.where(common, np.where(soft, 0.05 + 0.35 * own, side * (chance < 0.5)), found)
    exposure = np.array([_DIGITAL[group[0]] for group in groups])[:, None]
    digital = listed.skills["marks"].str.contains("d").to_numpy()[None, :]
    found = np.where(digital & common, found * exposure * 1.5, found)
    return np.clip(found, 0, 0.97), kinship


def _kinship(group: str, family: str) -> float:
    homes = family.split()
    if TRANSVERSAL in homes:
        return 0.7
    if group in homes:
        return 1.0
    if any(f"{group} {home}" in _RELATED or f"{home} {group}" in _RELATED for home in homes):
        return 0.5
    return 0.2 if any(home[0] == group[0] for home in homes) else 0.0


def asked_at(fixed: Curves, clock: Array, noise: Array) -> Array:
    """Return what openings ask where the curves stand, shape (occupations, skills)."""
    way = fixed.steepness * (clock - fixed.middle - fixed.delay)
    use = 1 / (1 + np.exp(-fixed.direction * way))
    level = np.where(fixed.direction == 0, 1.0, 0.04 + 0.96 * use)
    return np.asarray(np.clip(fixed.ceiling * level * np.exp(noise), 0, 0.98))


def past(fixed: Curves, settings: Settings, streams: Streams) -> Profiles:
    """Follow profiles up to the base year."""
    first = settings.first_year - settings.burn_in_years - BEFORE
    count = len(fixed.direction)
    none = np.empty((0, *fixed.ceiling.shape), dtype=np.float32)
    start = Profiles(first, none, none, none, np.full(count, float(first)), np.zeros(fixed.ceiling.shape))
    return _followed(start, fixed, settings, streams, settings.base_year - first + 1, 0)


def futures(fixed: Curves, settings: Settings, streams: Streams, until: Profiles, future: int) -> Profiles:
    """Follow profiles after the base year in one future; 0 comes true."""
    return _followed(until, fixed, settings, streams, settings.future_years, future)


def _followed(
    until: Profiles, fixed: Curves, settings: Settings, streams: Streams, years: int, future: int
) -> Profiles:
    clock, noise, known = until.clock, until.noise, len(until.asked)
    shape = (known + years, *fixed.ceiling.shape)
    asked, workers, movers = (np.empty(shape, dtype=np.float32) for _ in range(3))
    for now, then in ((asked, until.asked), (workers, until.workers), (movers, until.movers)):
        now[:known] = then
    rough = settings.rough
    for row in range(known, known + years):
        generator = streams.at("skills", row, future)
        clock = clock + np.clip(1 + rough["clock"] * generator.standard_normal(len(clock)), 0, 3)
        shock = generator.standard_normal(len(clock)) + 1.5 * generator.standard_normal(noise.shape)
        noise = 0.85 * noise + rough["skill_noise"] * shock
        asked[row] = asked_at(fixed, clock, noise)
        goal = practised(asked[row], 0.35)
        held = goal if row == 0 else workers[row - 1]
        workers[row] = held + np.where(goal > held, _LEARNING, _FORGETTING) * (goal - held)
        movers[row] = practised(fixed.origin @ workers[row], 0.8)
    return Profiles(until.first_year, asked, workers, movers, clock, noise)
