"""What openings ask over each window, and what each source of supply holds of it, as draws.

Openings ask what is asked at the middle of the window. Who enters work then was taught what was asked when
the curriculum was set, and who seeks work at its start holds what was asked when last at work: so what became
asked since is lacking, and obsolescence follows from profiles that moved. How holding goes with asking is
learnt from what a table says job seekers hold (`forecasting.holding`), which of them comes first; without
one, as many hold a skill as it was asked of. Of further sources nothing says what they hold: a parameter
names whose skills they are taken to have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.holding import Holding, fit_holding, short_by, strayed
from forecasting.over_asking import base_rates, without_base_rate
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.panel import Array
from forecasting.share_draws import ShareDraws
from forecasting.skill_evidence import fit_share_spread, middle
from forecasting.skill_mentions import Codes, lay_out_ads, spread_pairs, successors, under_new_codes, yearly
from forecasting.skill_shares import MEAN, share_methods, shares_of
from forecasting.skills import Demand, matrix
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS

NOW = 0.0
"""The base year, in years from it."""
_STREAM: Final = 11
_SHORT: Final = 13
"""Beside the seed: what is held strays apart from what is asked, and what is short apart from both."""


@dataclass(frozen=True)
class SkillForecast:
    """Skills asked and held, by occupation and window.

    Parameters
    ----------
    occupations, skills : tuple of str
        Codes.
    horizons : tuple of int
        Lengths of the windows, years.
    importance : ndarray of shape (occupations, skills)
        Weight w of the skill in the lack.
    listed : ndarray of shape (occupations, skills)
        p by the classification, for occupations without ads; NaN where it lists nothing.
    seekers : ndarray of shape (occupations, skills)
        h of job seekers by the table ``jobseeker_skills``; NaN where it is silent.
    pairs : tuple of ndarray
        Rows of the shares of each occupation's ads; empty where it has none.
    columns : ndarray of int, shape (pairs,)
        Position of each pair's skill.
    shares : ShareDraws or None
        None where no occupation has ads.
    rates : ndarray of shape (skills,)
        What ads ask whatever the job (`forecasting.over_asking`).
    lags : mapping of str to float
        Years since each source learnt what it holds; none where profiles do not move.
    tolerated : float
        Share of the asked mass that may be unknown.
    alike : mapping of str to str
        Whose skills a further source is taken to have; absent where unknown.
    holding : Holding or None
        How what is held goes with what was asked; None where nothing tells: they are the same.
    strays : float
        How far all that a source falls short strays (parameter ``lack_error``).
    """

    occupations: tuple[str, ...]
    skills: tuple[str, ...]
    horizons: tuple[int, ...]
    importance: Array
    listed: Array
    seekers: Array
    pairs: tuple[Codes, ...]
    columns: Codes
    shares: ShareDraws | None
    rates: Array
    lags: Mapping[str, float]
    tolerated: float
    alike: Mapping[str, str]
    holding: Holding | None = None
    strays: float = 0.0

    def demand(self, row: int) -> tuple[Demand, ...]:
        """Return what an occupation asks in each window, in the order of the horizons."""
        if self.shares is not None and len(self.pairs[row]):
            return self._by_ads(row, self.shares)
        asked = np.nan_to_num(self.listed[row])
        skill = np.flatnonzero(asked > 0)
        held = {JOBSEEKERS: self.seekers[row, skill][:, None]}
        one = Demand(skill, asked[skill, None], asked[skill], self.importance[row, skill], held)
        return (one,) * len(self.horizons)

    def _by_ads(self, row: int, shares: ShareDraws) -> tuple[Demand, ...]:
        pairs = self.pairs[row]
        skill = self.columns[pairs]
        rates = self.rates[skill][:, None]
        drawn = {
            time: without_base_rate(values, rates)
            for time, values in shares.of(pairs, row, shares.times).items()
        }
        told, windows = self._told(row, skill), []
        for years in self.horizons:
            at = middle(years) if self.lags else NOW
            held = {ENTRANTS: drawn[at]}
            if self.lags:
                held[ENTRANTS] = self._learnt(drawn[at - self.lags[ENTRANTS]], row, ENTRANTS)
            if self.lags and told is None:
                held[JOBSEEKERS] = self._learnt(drawn[NOW - self.lags[JOBSEEKERS]], row, JOBSEEKERS)
            elif told is not None:
                held[JOBSEEKERS] = told
            held = {source: self._short(row, source, drawn[at], each) for source, each in held.items()}
            windows.append(
                Demand(skill, drawn[at], drawn[NOW].mean(axis=1), self.importance[row, skill], held)
            )
        return tuple(windows)

    def _learnt(self, asked: Array, row: int, source: str) -> Array:
        """Return what is held by those who learnt when that was asked, shape (skills, draws)."""
        if self.holding is None:
            return asked
        return strayed(self.holding.of(asked), self._straying(row, source, asked.shape))

    def _told(self, row: int, skill: Codes) -> Array | None:
        """Return what the table says job seekers hold; None where it is silent about the occupation."""
        if self.lags and not np.isfinite(self.seekers[row]).any():
            return None
        told = self.seekers[row, skill][:, None]
        if self.holding is None or self.draws == 1:
            return told
        return strayed(told, self._straying(row, JOBSEEKERS, (1, self.draws)))

    def _short(self, row: int, source: str, asked: Array, held: Array) -> Array:
        """Return what is held where all that a source falls short strays alike, the same in every window."""
        if self.shares is None or asked.shape[1] == 1:
            return held
        stream = [self.shares.seed, _SHORT, row, (ENTRANTS, JOBSEEKERS).index(source)]
        shocks = np.random.default_rng(stream).standard_normal(asked.shape[1])
        factor = np.exp(self.strays * shocks - self.strays**2 / 2)
        return short_by(asked, held, factor)

    def _straying(self, row: int, source: str, shape: tuple[int, ...]) -> Array:
        """Return log-odds by which what is held strays: the same in every window; none of a single draw."""
        if self.holding is None or self.shares is None or shape[1] == 1:
            return np.zeros(shape)
        stream = [self.shares.seed, _STREAM, row, (ENTRANTS, JOBSEEKERS).index(source)]
        generator = np.random.default_rng(stream)
        common = np.sqrt(self.holding.alike) * generator.standard_normal((1, shape[1]))
        own = np.sqrt(self.holding.apart) * generator.standard_normal(shape) if shape[0] > 1 else 0.0
        return np.asarray(common + own)

    @cached_property
    def described(self) -> NDArray[np.bool_]:
        """Return which occupations anything says the skills of, shape (occupations,)."""
        return np.isfinite(self.listed).any(axis=1) | np.array([len(rows) > 0 for rows in self.pairs], bool)

    @cached_property
    def draws(self) -> int:
        """Return how many joint draws of profiles there are; 1 where they do not stray."""
        return 1 if self.shares is None or self.shares.certain else self.shares.draws

    @cached_property
    def _lacks(self) -> dict[str, Array]:
        found = {source: np.full(self._shape, np.nan) for source in (ENTRANTS, JOBSEEKERS)}
        for row in np.flatnonzero(self.described):
            for window, demand in enumerate(self.demand(int(row))):
                for source, lacking in found.items():
                    lacking[window, row] = demand.lack(source, self.tolerated)
        return found

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.horizons), len(self.occupations), self.draws

    def lacks(self, source: str) -> Array:
        """Return l of a source of supply, shape (horizons, occupations, draws); NaN where unknown."""
        return self._lacks.get(self.known_as(source), np.full(self._shape, np.nan))

    def known_as(self, source: str) -> str:
        """Return the source whose skills a source has, or is taken to have."""
        return self.alike.get(source, source)


def skill_forecast(
    region: Region,
    occupations: tuple[str, ...],
    method: str,
    errors: pd.DataFrame,
    parameters: Parameters,
    seed: int,
) -> SkillForecast:
    """Forecast the skills that a region's openings ask and its supply holds.

    Parameters
    ----------
    method : str
        That ships (`forecasting.skill_evidence.choose_share_method`).
    errors : DataFrame
        Its past errors: where too few tell how far shares stray, profiles stay as they are in every draw and
        entrants hold them.

    Notes
    -----
    A skill under the code it retired from counts under its successor: a concept that is listed twice is one.
    """
    base_year = int(region.settings["base_year"])
    moves = successors(region.table("concordance"), base_year)
    listing = _listing(region.table("occupation_skills"), moves, parameters["importance"])
    seekers = _once(under_new_codes(region.table("jobseeker_skills"), moves), "share")
    ads = lay_out_ads(
        *(region.table("skill_mentions"), region.table("occupations"), region.table("concordance")),
        base_year,
        parameters,
    )
    skills = tuple(sorted({*listing["skill"], *ads.index["skill"]}))
    relation = matrix(listing, "importance", occupations, skills)
    weight = matrix(listing, "weight", occupations, skills)
    spread = fit_share_spread(errors, parameters["minimum_origins"]) if len(errors) else None
    lags = {ENTRANTS: parameters["curriculum_lag"], JOBSEEKERS: parameters["last_work_lag"]} if spread else {}
    horizons = tuple(parameters["horizons"])
    shares, holding = None, None
    base, rates = np.zeros((0, len(skills))), np.zeros(len(skills))
    held = matrix(seekers, "share", occupations, skills)
    if len(ads.index):
        counts = yearly(ads, base_year, parameters)
        levels = share_methods(parameters["profile_damping"])[method if spread else MEAN](counts)
        times = _times(horizons, lags)
        shares = ShareDraws(levels, spread, ads.skill, times, parameters["profile_draws"], seed)
        base = spread_pairs(shares_of(levels.at(NOW)), ads, occupations, skills)
        known = base.any(axis=1)
        rates = base_rates(base[known], weight[known], parameters["over_asking"])
        base = np.where(known[:, None], without_base_rate(base, rates), np.nan)
        if lags:
            then = spread_pairs(shares_of(levels.at(NOW - lags[JOBSEEKERS])), ads, occupations, skills)
            noise, _ = levels.spread_at(NOW - lags[JOBSEEKERS])
            noise = spread_pairs(noise, ads, occupations, skills)
            holding = fit_holding(without_base_rate(then, rates), held, noise, parameters["holding"])
    row = pd.Index(occupations).get_indexer(pd.Index(ads.index["occupation"]))
    return SkillForecast(
        occupations,
        skills,
        horizons,
        np.where(np.isfinite(relation), relation, parameters["importance"]["optional"]),
        _as_asked(weight, relation, base, parameters),
        held,
        tuple(np.flatnonzero(row == number) for number in range(len(occupations))),
        pd.Index(skills).get_indexer(pd.Index(ads.index["skill"])).astype(np.intp),
        shares,
        rates,
        lags,
        parameters["tolerated_unknown"],
        {source: known for source, known in parameters["skills_as"].items() if known},
        holding,
        parameters["lack_error"],
    )


def _times(horizons: Sequence[int], lags: Mapping[str, float]) -> tuple[float, ...]:
    """Return when shares are needed, ascending: only now where profiles do not move."""
    if not lags:
        return (NOW,)
    windows = {middle(years) - lag for years in horizons for lag in (0.0, lags[ENTRANTS])}
    return tuple(sorted({NOW, NOW - lags[JOBSEEKERS], *windows}))


def _listing(table: pd.DataFrame, moves: pd.DataFrame, importance: Mapping[str, float]) -> pd.DataFrame:
    """Return the classification's list under today's codes, each concept once, with its importance."""
    listed = under_new_codes(table, moves)
    listed = listed.assign(importance=listed["relation"].map(importance).astype(float))
    return listed.groupby(["occupation", "skill"], as_index=False)[["weight", "importance"]].max()


def _once(table: pd.DataFrame, value: str) -> pd.DataFrame:
    return table.groupby(["occupation", "skill"], as_index=False)[[value]].max()


def _as_asked(weight: Array, relation: Array, base: Array, parameters: Parameters) -> Array:
    """Return p by the classification: its weight times how often ads ask what it lists, by relation.

    The ratio is that of the occupations with ads where enough listed pairs tell it, else a parameter.
    """
    asked = np.full(weight.shape, np.nan)
    for name, importance in parameters["importance"].items():
        mine = relation == importance
        ratio = parameters["listed_share"][name]
        if base.shape == weight.shape:
            told = mine & np.isfinite(base)
            if told.sum() >= parameters["listed_pairs"] and weight[told].sum() > 0:
                ratio = base[told].sum() / weight[told].sum()
        asked = np.where(mine, np.minimum(weight * ratio, 1.0), asked)
    return asked
