"""How many posts employers want: sectors with a common cycle, crises and reforms, occupations within them.

The retirement age moves here too: law, like crises, that no model of the past knows.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.sources.simulation.catalogue import Array, Catalogue
from forecasting.sources.simulation.settings import Settings
from forecasting.sources.simulation.streams import Streams

_PERIOD: Final = 75
"""Months of a business cycle."""
_DAMPING: Final = 0.985
_LOCAL: Final = 0.4
"""Sd of how much more one region uses an occupation than another, log."""
_CRISIS_MONTH: Final = 74
"""Month of history with the known crisis: early in the seventh year."""
_REFORM_MONTH: Final = 96
_PENSION_MONTH: Final = 54
_SEASON: Final = np.array([-0.6, -0.4, 0.0, 0.4, 0.6, 0.6, 0.2, 0.1, 0.5, 0.3, -0.2, -0.5])


@dataclass(frozen=True)
class Structure:
    """What does not move.

    Parameters
    ----------
    persons : ndarray of shape (sectors, regions)
        Posts at the start.
    local : ndarray of shape (occupations, regions)
        How much more a region's sectors use an occupation than elsewhere, a factor.
    trend : ndarray of shape (sectors, regions)
        Growth a year, log.
    pull : ndarray of shape (occupations,)
        Growth a year beside that of its sectors, log.
    cycle, crisis, season : ndarray of shape (sectors,)
        Exposure.
    groups : ndarray of bool, shape (groups, occupations)
        Which occupations a reform may concern together: those that share two digits of ISCO.
    """

    persons: Array
    local: Array
    trend: Array
    pull: Array
    cycle: Array
    crisis: Array
    season: Array
    groups: NDArray[np.bool_]


@dataclass
class Economy:
    """Where the economy stands; the first axis of each array is the future it belongs to.

    Parameters
    ----------
    cycle, before : ndarray of shape (futures,)
        The common cycle, and a month ago.
    pace, level : ndarray of shape (futures, sectors, regions)
        A sector's own growth beside its trend (log a year), and what it added up to.
    crisis, crisis_target : ndarray of shape (futures, sectors)
        Loss by the crisis, and what it moves to.
    reform, reform_target : ndarray of shape (futures, occupations)
        Gain by a reform of norms.
    drift : ndarray of shape (futures, occupations)
        An occupation's wandering beside its trend.
    local : ndarray of shape (futures, occupations, regions)
        The same in one region.
    retirement, retirement_target : ndarray of shape (futures,)
        Years by which the retirement age moved.
    """

    cycle: Array
    before: Array
    pace: Array
    level: Array
    crisis: Array
    crisis_target: Array
    reform: Array
    reform_target: Array
    drift: Array
    local: Array
    retirement: Array
    retirement_target: Array

    def branched(self, futures: int) -> "Economy":
        """Return the same standing once per future."""
        return replace(
            self, **{f.name: np.repeat(getattr(self, f.name)[:1], futures, axis=0) for f in fields(self)}
        )


def structure(settings: Settings, listed: Catalogue, streams: Streams) -> Structure:
    """Draw what does not move."""
    sectors, regions = listed.sectors, len(listed.regions)
    size = streams.at("regions").dirichlet(np.full(regions, 12.0))
    mix = np.exp(streams.at("regions", 1).normal(0, 0.25, (len(sectors), regions)))
    share = sectors["share"].to_numpy()[:, None] * mix
    persons = settings.persons * size * share / share.sum(axis=0)
    local = np.exp(streams.at("regions", 2).normal(0, _LOCAL, (len(listed.occupations), regions)))
    growth = sectors["growth"].to_numpy()[:, None] / 100
    uneven = streams.at("regions", 3).normal(0, settings.rough["wander"], (len(sectors), regions))
    said = listed.occupations["growth"].to_numpy(dtype=float) / 100
    within = growth[:, 0] * sectors["share"].to_numpy() @ listed.staffing
    within /= sectors["share"].to_numpy() @ listed.staffing
    season = np.where(sectors["code"].isin(["A", "I", "F"]), 0.02, 0.004)
    digits = listed.occupations["isco"].str[:2].to_numpy(dtype=str)
    groups = np.unique(digits)[:, None] == digits[None, :]
    cycle, crisis = (sectors[name].to_numpy(dtype=float) for name in ("cycle", "crisis"))
    return Structure(persons, local, growth + uneven, said - within, cycle, crisis, season, groups)


def start(listed: Catalogue) -> Economy:
    """Return an economy on its trend, one future."""
    sectors, regions, occupations = len(listed.sectors), len(listed.regions), len(listed.occupations)
    one, by_sector = np.zeros(1), np.zeros((1, sectors))
    by_region, by_job = np.zeros((1, sectors, regions)), np.zeros((1, occupations))
    return Economy(
        *(one, one.copy(), by_region, by_region.copy(), by_sector, by_sector.copy()),
        *(by_job, by_job.copy(), by_job.copy(), np.zeros((1, occupations, regions)), one.copy(), one.copy()),
    )


def advance(now: Economy, fixed: Structure, settings: Settings, streams: Streams, month: int) -> None:
    """Move the economy by one month, in place.

    Parameters
    ----------
    month : int
        0 is January of the first year observed; negative while the market settles.
    """
    rough, key, futures = settings.rough, month + 1000, len(now.cycle)
    shock = streams.at("cycle", key).standard_normal(futures)
    turn = 2 * _DAMPING * np.cos(2 * np.pi / _PERIOD)
    inner = 1 + _DAMPING**2
    scale = rough["cycle"] * np.sqrt((2 - inner) * (inner**2 - turn**2) / inner)
    now.cycle, now.before = turn * now.cycle - _DAMPING**2 * now.before + scale * shock, now.cycle
    now.pace = 0.95 * now.pace + rough["wander"] * 0.31 * streams.at("pace", key).standard_normal(
        now.pace.shape
    )
    now.level = 0.998 * now.level + now.pace / 12
    now.drift = now.drift + rough["drift"] / np.sqrt(12) * streams.at("drift", key).standard_normal(
        now.drift.shape
    )
    now.local = now.local + rough["drift"] / np.sqrt(12) * streams.at("local", key).standard_normal(
        now.local.shape
    )
    _crisis(now, fixed, settings, streams, month)
    _reforms(now, fixed, settings, streams, month)


def _crisis(now: Economy, fixed: Structure, settings: Settings, streams: Streams, month: int) -> None:
    """Let a crisis break out: once in the past, and by chance after the base year, with other victims."""
    rough, generator = settings.rough, streams.at("crisis", month + 1000)
    futures, sectors = now.crisis.shape
    happens = generator.random(futures)
    depth = np.asarray(generator.gamma(4.0, 0.25, futures))
    other = np.exp(generator.normal(0, 0.6, (futures, sectors)))
    if month < settings.history_years * 12:
        breaks, exposure = np.full(futures, month == _CRISIS_MONTH), np.ones((futures, sectors))
        depth = np.ones(futures)
    else:
        breaks, exposure = np.asarray(happens < rough["crisis_hazard"] / 12), other
    fall = rough["crisis_depth"] * depth[:, None] * fixed.crisis[None, :] * exposure
    now.crisis_target = 0.93 * now.crisis_target - np.where(breaks[:, None], np.minimum(fall, 0.3), 0.0)
    now.crisis = now.crisis + 0.5 * (now.crisis_target - now.crisis)


def _reforms(now: Economy, fixed: Structure, settings: Settings, streams: Streams, month: int) -> None:
    """Change norms for a group of occupations, and the retirement age: by chance after the base year."""
    rough, generator = settings.rough, streams.at("reform", month + 1000)
    futures = len(now.cycle)
    draws = generator.random((4, futures))
    size = generator.normal(0.0, rough["reform"], futures)
    past = month < settings.history_years * 12
    norm = np.full(futures, month == _REFORM_MONTH) if past else draws[0] < rough["reform_hazard"] / 12
    law = np.full(futures, month == _PENSION_MONTH) if past else draws[2] < rough["pension_hazard"] / 12
    concerned = fixed.groups[(draws[1] * len(fixed.groups)).astype(int)]
    now.reform_target = now.reform_target + (norm[:, None] & concerned) * size[:, None]
    now.reform = now.reform + (now.reform_target - now.reform) / 12
    years = rough["pension"] * np.where(draws[3] < 0.85, 1.0, -0.5)
    now.retirement_target = now.retirement_target + np.where(law, years, 0.0)
    now.retirement = now.retirement + np.clip(now.retirement_target - now.retirement, -1 / 24, 1 / 24)


def wanted(now: Economy, fixed: Structure, listed: Catalogue, month: int) -> tuple[Array, Array]:
    """Return the posts that employers want, and the first future's by sector.

    Returns
    -------
    posts : ndarray of shape (futures, occupations, regions)
    first : ndarray of shape (sectors, occupations, regions)
        Of the first future: they sum to its posts.
    """
    year = month / 12
    log = fixed.trend[None] * year + now.level + now.crisis[:, :, None]
    log = log + (now.cycle[:, None] * fixed.cycle[None, :] + fixed.season * _SEASON[month % 12])[:, :, None]
    sector = fixed.persons[None] * np.exp(log)
    weight = listed.staffing[None] * np.exp(fixed.pull * year + now.drift)[:, None, :]
    staffing = weight / weight.sum(axis=2, keepdims=True)
    local = fixed.local[None] * np.exp(now.local)
    gain = np.exp(now.reform)[:, :, None] * local
    per_post = sector / (staffing @ local)
    posts = np.swapaxes(staffing, 1, 2) @ per_post * gain
    return posts, staffing[0, :, :, None] * per_post[0, :, None, :] * gain[0]
