"""The monthly labour market: stocks of persons and posts, and the flows between them, which always add up.

Each month: some leave for good, lose their job or look elsewhere; posts are advertised, filled or withdrawn;
who is not hired searches on, turns to another occupation or gives up; employers adapt. Persons are whole.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.sources.simulation.catalogue import Array
from forecasting.sources.simulation.population import AGES, exit_rates
from forecasting.sources.simulation.streams import Streams
from forecasting.sources.simulation.vacancies import Employers, Matches, Rates, accepted, adapt, match

Counts = NDArray[np.int64]

STOCKS: Final = ("employed", "vacancies", "entrant_pool", "short", "long")
FLOWS: Final = (
    *("exits", "job_losses", "returns", "entrants", "transfers_in", "transfers_out"),
    *("hires_entrants", "hires_jobseekers", "given_up", "posted", "filled", "cancelled"),
    *("lost_person", "lost_skills", "lost_conditions"),
)
LEAVING_SEASON: Final = np.array([0.82, 0.94, 0.94, 0.94, 0.94, 1.0, 1.06, 0.88, 1.06, 1.0, 0.94, 1.48])
ENTRY_SEASON: Final = np.array([0.62, 0.7, 0.48, 0.48, 0.48, 0.93, 2.65, 1.67, 1.6, 1.08, 0.7, 0.62])
POSTING_SEASON: Final = np.array([1.03, 1.02, 1.03, 1.02, 1.02, 1.02, 0.95, 0.96, 1.02, 1.02, 0.98, 0.93])


@dataclass
class Market:
    """Stocks; arrays of shape (futures, occupations, regions), whole persons or posts.

    Parameters
    ----------
    employed, vacancies : ndarray
        Persons at work; posts advertised and not filled.
    entrant_pool, short, long : ndarray
        Who look for work: school leavers, and others up to and beyond about a year.
    employers : Employers
        How they have adapted.
    ages : ndarray of shape (futures, occupations, regions, ages)
        Share of the employed by single age.
    """

    employed: Counts
    vacancies: Counts
    entrant_pool: Counts
    short: Counts
    long: Counts
    employers: Employers
    ages: Array

    def branched(self, futures: int) -> "Market":
        """Return the same standing once per future."""
        again = {name: np.repeat(getattr(self, name)[:1], futures, axis=0) for name in (*STOCKS, "ages")}
        employers = Employers(
            *(np.repeat(getattr(self.employers, f.name)[:1], futures, axis=0) for f in fields(Employers))
        )
        return replace(self, employers=employers, **again)


@dataclass(frozen=True)
class Setting:
    """What the market meets in a month besides its own stocks.

    Parameters
    ----------
    posts : ndarray of shape (futures, occupations, regions)
        That employers want.
    entrants : ndarray of shape (futures, occupations, regions)
        School leavers of the year.
    lack : ndarray of shape (sources, futures, occupations)
        By `skills.SOURCES`.
    retirement : ndarray of shape (futures,)
        Years by which the retirement age moved.
    leaving, moving, losing : ndarray of shape (occupations,)
        How readily workers leave early, look for another occupation or lose their job, factors.
    near : ndarray of shape (occupations, occupations)
        Where those turn to who change occupation.
    conditions : ndarray of shape (occupations, 1)
        Working conditions.
    """

    posts: Array
    entrants: Array
    lack: Array
    retirement: Array
    leaving: Array
    moving: Array
    losing: Array
    near: Array
    conditions: Array


def opened(posts: Array, older: Array, rates: Rates) -> Market:
    """Return a market that starts near its usual state.

    Parameters
    ----------
    posts : ndarray of shape (1, occupations, regions)
    older : ndarray of shape (occupations, 1)
        Years by which the occupation's workers are older than average.
    """
    employed = np.round(posts * (1 - rates["usual_vacancy_rate"])).astype(np.int64)
    peak = np.interp(AGES[None, None, :] - older[..., None], [15, 20, 27, 45, 55, 60, 66, 74], _SHAPE)
    ages = np.broadcast_to((peak / peak.sum(axis=-1, keepdims=True))[None], (*posts.shape, len(AGES)))
    none = np.zeros(posts.shape)
    return Market(
        employed,
        np.round(posts * rates["usual_vacancy_rate"]).astype(np.int64),
        np.round(0.004 * posts).astype(np.int64),
        np.round(0.025 * posts).astype(np.int64),
        np.round(0.02 * posts).astype(np.int64),
        Employers(none, none.copy(), none.copy(), none + rates["usual_vacancy_rate"]),
        ages.copy(),
    )


_SHAPE: Final = [0.03, 0.35, 1.0, 1.1, 1.0, 0.55, 0.06, 0.005]


def step(now: Market, met: Setting, rates: Rates, streams: Streams, month: int) -> dict[str, Array]:
    """Move the market by one month, in place, and return its flows (`FLOWS`)."""
    draw, season = streams.at("flows", month + 1000), month % 12
    employers = now.employers
    posts = met.posts * np.exp(-employers.automated)
    yearly = np.einsum("bora,ba->bor", now.ages, exit_rates(met.retirement))
    leaving = np.clip(yearly * met.leaving[None, :, None] / 12 * LEAVING_SEASON[season], 0, 0.5)
    exits = draw.binomial(now.employed, leaving)
    staying = now.employed - exits
    surplus = np.divide(staying - posts, staying, out=np.zeros(posts.shape), where=staying > 0)
    firing = rates["job_loss"] * met.losing[:, None] + rates["firing_speed"] * np.clip(surplus, 0, 1)
    losses = draw.binomial(staying, np.clip(firing, 0, 1))
    staying -= losses
    looking = draw.binomial(staying, np.clip(rates["search_elsewhere"] * met.moving[:, None], 0, 0.5))
    returns = draw.poisson(now.employed * rates["returns"])
    entering = draw.poisson(met.entrants * ENTRY_SEASON[season] / 12)
    posted, cancelled = _posts(now, posts, staying, rates, draw, season)
    now.vacancies = now.vacancies + posted - cancelled
    heads = np.stack(
        [
            now.entrant_pool + entering,
            now.short + 0.0,
            rates["long_search"] * now.long,
            np.swapaxes(np.swapaxes(looking, 1, 2) @ met.near, 1, 2),
        ]
    )
    accept = accepted(met.conditions[None], employers.pay)
    found = match(now.vacancies.astype(float), heads, met.lack, accept, employers.lowered, rates)
    hired = _hired(now, found, heads, entering, draw)
    filled = hired.sum(axis=0)
    out = _origins(hired[3], heads[3], looking, met.near)
    cause = {
        f"lost_{name}": cancelled * share
        for name, share in zip(
            ("person", "skills", "conditions"),
            (found.no_person, found.lacking_skills, found.conditions),
            strict=True,
        )
    }
    now.vacancies = now.vacancies - filled
    now.employed = staying + filled - out
    now.entrant_pool = now.entrant_pool + entering - hired[0]
    now.short = now.short + losses + returns - hired[1]
    now.long = now.long - hired[2]
    given_up = _search_on(now, met.near, rates, draw)
    adapt(employers, now.vacancies.astype(float), now.employed.astype(float), rates)
    still = now.vacancies
    return {
        **{"exits": exits, "job_losses": losses, "returns": returns, "entrants": entering},
        **{"transfers_in": hired[3], "transfers_out": out, "hires_entrants": hired[0]},
        **{"hires_jobseekers": hired[1] + hired[2], "given_up": given_up},
        **{"posted": posted, "filled": filled, "cancelled": cancelled},
        **cause,
        **{f"open_{name}": still * share for name, share in _shares(found).items()},
    }


def _shares(found: Matches) -> dict[str, Array]:
    return {"person": found.no_person, "skills": found.lacking_skills, "conditions": found.conditions}


def _posts(
    now: Market, posts: Array, staying: Counts, rates: Rates, draw: np.random.Generator, season: int
) -> tuple[Counts, Counts]:
    """Return posts advertised and withdrawn."""
    missing = posts - staying - now.vacancies
    pace = rates["hiring_speed"] * POSTING_SEASON[season]
    posted = draw.poisson(pace * np.clip(missing, 0, None))
    open_ = np.maximum(now.vacancies, 1)
    withdrawn = np.clip(rates["cancel"] + 0.5 * np.clip(-missing, 0, None) / open_, 0, 1)
    return posted, draw.binomial(now.vacancies, withdrawn)


def _hired(now: Market, found: Matches, heads: Array, entering: Counts, draw: np.random.Generator) -> Counts:
    """Return whole persons hired by source, never more than there are."""
    chance = np.divide(found.filled, now.vacancies, out=np.zeros(found.filled.shape), where=now.vacancies > 0)
    left = draw.binomial(now.vacancies, np.clip(chance, 0, 1))
    there = (now.entrant_pool + entering, now.short, now.long, np.floor(heads[3]).astype(np.int64))
    rest = np.ones(found.filled.shape)
    hired = np.empty(heads.shape, dtype=np.int64)
    for source, persons in enumerate(there):
        share = np.divide(found.weight[source], rest, out=np.zeros(rest.shape), where=rest > 1e-12)
        hired[source] = np.minimum(draw.binomial(left, np.clip(share, 0, 1)), persons)
        left = left - hired[source]
        rest = rest - found.weight[source]
    return hired


def _origins(moved: Counts, candidates: Array, looking: Counts, near: Array) -> Counts:
    """Return whole persons who left each occupation for another; per region they are those who moved."""
    success = np.divide(moved, candidates, out=np.zeros(candidates.shape), where=candidates > 0)
    expected = looking * np.swapaxes(np.swapaxes(success, 1, 2) @ near.T, 1, 2)
    return whole(expected)


def whole(expected: Array) -> Counts:
    """Round persons along the occupations so that each region keeps its sum, each within one person.

    Examples
    --------
    >>> whole(np.array([[[0.4], [0.4], [1.2]]]))[0, :, 0].tolist()
    [0, 1, 1]
    """
    running = np.round(np.cumsum(expected, axis=1)).astype(np.int64)
    return np.diff(running, axis=1, prepend=0)


def _search_on(now: Market, near: Array, rates: Rates, draw: np.random.Generator) -> Counts:
    """Let those not hired lose touch, give up (returned), or turn to a related occupation, in place."""
    older = [
        draw.binomial(np.maximum(pool, 0), rates["loss_of_tie"]) for pool in (now.entrant_pool, now.short)
    ]
    now.entrant_pool, now.short = now.entrant_pool - older[0], now.short - older[1]
    now.long = now.long + older[0] + older[1]
    lost = [
        draw.binomial(np.maximum(pool, 0), rates[name])
        for pool, name in ((now.short, "give_up_short"), (now.long, "give_up_long"))
    ]
    now.short, now.long = now.short - lost[0], now.long - lost[1]
    for name in ("entrant_pool", "short", "long"):
        pool = getattr(now, name)
        turning = draw.binomial(np.maximum(pool, 0), rates["change_target"])
        elsewhere = whole(np.swapaxes(np.swapaxes(turning, 1, 2) @ near, 1, 2))
        setattr(now, name, pool - turning + elsewhere)
    return lost[0] + lost[1]


def grow_older(now: Market, year: dict[str, Array], begun: Counts, met: Setting, entry_age: Array) -> None:
    """Let the employed of all occupations become a year older, in place, with the year's comings and goings.

    Parameters
    ----------
    year : dict of str to ndarray
        The year's flows.
    begun : ndarray of shape (futures, occupations, regions)
        Employed at the start of the year.
    entry_age : ndarray of shape (occupations,)
        Mean age at which school leavers enter.
    """
    persons = now.ages * begun[..., None]
    leaving = now.ages * exit_rates(met.retirement)[:, None, None, :]
    moving = now.ages * np.exp(-(AGES - 20) / 25)
    for weights, flow in ((leaving, year["exits"]), (moving, year["job_losses"] + year["transfers_out"])):
        total = weights.sum(axis=-1, keepdims=True)
        persons = persons - flow[..., None] * np.divide(
            weights, total, out=np.zeros_like(weights), where=total > 0
        )
    young = np.exp(-0.5 * ((AGES[None, :] - entry_age[:, None]) / 2.5) ** 2)
    mobile = np.exp(-((AGES - 20) / 25)) * (AGES >= 20) * (AGES < 63)
    persons = (
        persons + year["hires_entrants"][..., None] * (young / young.sum(axis=1, keepdims=True))[:, None, :]
    )
    others = year["hires_jobseekers"] + year["transfers_in"]
    persons = np.maximum(persons + others[..., None] * mobile / mobile.sum(), 0)
    persons[..., 1:] = persons[..., :-1].copy()
    persons[..., 0] = 0
    total = persons.sum(axis=-1, keepdims=True)
    now.ages = np.divide(persons, total, out=now.ages.copy(), where=total > 0)
