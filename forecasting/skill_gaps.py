"""Persons lacking per skill: of each occupation's openings, and of a region's.

A region's are the sum over its cells, draw by draw (DESIGN.md section 2: ΣU). One occupation is worked out
at a time, since all its regions share its profile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.cells import KEY, Cells
from forecasting.series.panel import Array
from forecasting.skill_forecast import SkillForecast
from forecasting.skill_mentions import Codes
from forecasting.skills import Demand
from forecasting.vocabulary import TOTAL

QUANTILE_DRAWS: Final = 200
"""Draws at most from which quantiles per skill are taken; means are of all draws."""

_PERCENTS: Final = (10, 50, 90)
_FIGURES: Final = ("asked", "asked_now", "importance", "unfilled", "reason")


def skill_gaps_table(cells: Cells, forecast: SkillForecast, regions: pd.DataFrame) -> pd.DataFrame:
    """Return the published table ``skill_gaps``.

    Parameters
    ----------
    cells : Cells
        Of one scenario; aggregates in it are left out, and summed here per skill over the occupations.
    regions : DataFrame
        Canonical table: which regions are summed to which.
    """
    leaf = np.flatnonzero(~cells.index["aggregate"].to_numpy(dtype=bool))
    index = cells.index.iloc[leaf].reset_index(drop=True)
    sums = _Sums.of(index, forecast, regions, min(QUANTILE_DRAWS, cells.gap.openings.shape[1]))
    frames = []
    for row, occupation in enumerate(forecast.occupations):
        windows = forecast.demand(row)
        for years, demand in zip(forecast.horizons, windows, strict=True):
            mine = np.flatnonzero((index["occupation"] == occupation) & (index["horizon"] == years))
            if len(mine) and len(demand.skill):
                one = _unfilled(
                    cells, leaf[mine], demand, [forecast.known_as(name) for name in cells.sources]
                )
                frames.append(_rows(index.iloc[mine], one, demand, forecast.skills))
                sums.add(index.iloc[mine], one, demand)
    parts = [*frames, sums.rows(forecast.skills, forecast.tolerated)]
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    at = pd.MultiIndex.from_frame(index[list(KEY)])
    place = at.get_indexer(pd.MultiIndex.from_frame(table[list(KEY)]))
    order = np.lexsort((np.arange(len(table)), np.where(place < 0, len(index), place)))
    return table.iloc[order].reset_index(drop=True)


@dataclass(frozen=True)
class _Unfilled:
    """Persons lacking of some cells of one occupation and window.

    Parameters
    ----------
    mean : ndarray of shape (cells, skills)
        NaN where unknown.
    draws : ndarray of shape (cells, skills, draws)
        Of the first draws; the least it can be where unknown.
    openings : ndarray of shape (cells,)
    """

    mean: Array
    draws: Array
    openings: Array


def _unfilled(cells: Cells, rows: Codes, demand: Demand, sources: Sequence[str]) -> _Unfilled:
    """Return U1·p + Σ_g x_g·max(p − h, 0) of some cells, each draw with its own profile."""
    profiles = demand.asked.shape[1]
    first = slice(0, min(QUANTILE_DRAWS, cells.gap.openings.shape[1]))
    nobody = cells.gap.no_person[rows]
    mean = _mean_product(nobody, demand.asked)
    drawn = nobody[:, None, first] * _in_turn(demand.asked, profiles, first)
    unknown = np.zeros(mean.shape, dtype=bool)
    for number, source in enumerate(sources):
        taken, lacking = cells.gap.taken[number][rows], demand.shortfall(source)
        unknown |= np.isnan(lacking).any(axis=1) & (taken.mean(axis=1) > 0)[:, None]
        lacking = np.nan_to_num(lacking)
        if lacking.any():
            mean += _mean_product(taken, lacking)
            drawn = drawn + taken[:, None, first] * _in_turn(lacking, profiles, first)
    return _Unfilled(np.where(unknown, np.nan, mean), drawn, cells.gap.openings[rows].mean(axis=1))


def _mean_product(persons: Array, probability: Array) -> Array:
    """Return the mean over draws of persons × probability, shape (cells, skills); profiles come in turn."""
    profiles, draws = probability.shape[1], persons.shape[1]
    used = min(profiles, draws)
    summed = np.stack([persons[:, place::profiles].sum(axis=1) for place in range(used)], axis=1)
    return np.asarray(summed @ probability[:, :used].T / draws)


def _in_turn(probability: Array, profiles: int, draws: slice) -> Array:
    """Return the probability that goes with each draw, shape (1, skills, draws)."""
    return probability[None, :, np.arange(draws.stop) % profiles]


def _rows(index: pd.DataFrame, found: _Unfilled, demand: Demand, skills: Sequence[str]) -> pd.DataFrame:
    """Return the published rows of some cells: one per skill that is asked now or in the window."""
    asked = demand.asked.mean(axis=1)
    cell, skill = np.nonzero(np.broadcast_to((asked > 0) | (demand.now > 0), found.mean.shape))
    why = index["reason"].to_numpy(dtype=object)[cell]
    persons = np.where(why == "", found.mean[cell, skill], np.nan)
    known = np.isfinite(persons)
    quantiles = np.full((len(_PERCENTS), len(cell)), np.nan)
    if known.any():
        drawn = found.draws[cell[known], skill[known]]
        quantiles[:, known] = np.quantile(drawn, np.array(_PERCENTS) / 100, axis=1)
    return (
        index.iloc[cell][list(KEY)]
        .reset_index(drop=True)
        .assign(
            skill=np.array(skills, dtype=object)[demand.skill[skill]],
            asked=asked[skill],
            asked_now=demand.now[skill],
            importance=demand.importance[skill],
            unfilled=persons,
            **{f"unfilled_p{percent}": quantiles[row] for row, percent in enumerate(_PERCENTS)},
            reason=np.where(~known & (why == ""), "unavailable", why),
        )
    )


@dataclass
class _Sums:
    """Sums over the occupations of each region and window, filled one occupation at a time.

    Parameters
    ----------
    keys : DataFrame
        ``region, scenario, horizon``.
    above : mapping of str to tuple of str
        Every region and the aggregates it is summed to.
    drawn : ndarray of shape (keys, skills, draws)
        Persons lacking.
    figures : ndarray of shape (5, keys, skills)
        Mean persons lacking, openings that ask the skill, those that ask it now, weighed by importance, and
        those of which the lacking are unknown.
    openings : ndarray of shape (keys,)
    """

    keys: pd.DataFrame
    above: Mapping[str, tuple[str, ...]]
    drawn: Any
    figures: Array
    openings: Array

    @classmethod
    def of(cls, index: pd.DataFrame, forecast: SkillForecast, regions: pd.DataFrame, draws: int) -> "_Sums":
        """Return empty sums for the regions that the cells lie in."""
        above = _above(regions)
        keys = index[["region", "scenario", "horizon"]].drop_duplicates()
        keys = keys.assign(region=keys["region"].astype(str).map(above)).explode("region").drop_duplicates()
        keys = keys.sort_values(["region", "scenario", "horizon"], ignore_index=True)
        shape = (len(keys), len(forecast.skills))
        drawn = np.zeros((*shape, draws), dtype=np.float32)
        return cls(keys, above, drawn, np.zeros((5, *shape)), np.zeros(len(keys)))

    def add(self, index: pd.DataFrame, found: _Unfilled, demand: Demand) -> None:
        """Add the cells of one occupation and window that have a score."""
        place = pd.MultiIndex.from_frame(self.keys)
        asked, unknown = demand.asked.mean(axis=1), np.isnan(found.mean)
        for cell, (region, scenario, horizon, reason) in enumerate(
            index[["region", "scenario", "horizon", "reason"]].itertuples(index=False)
        ):
            if reason:
                continue
            weighed = found.openings[cell] * asked
            figures = np.stack(
                [
                    np.nan_to_num(found.mean[cell]),
                    weighed,
                    found.openings[cell] * demand.now,
                    weighed * demand.importance,
                    np.where(unknown[cell], weighed, 0.0),
                ]
            )
            for code in self.above[str(region)]:
                row = place.get_loc((code, scenario, horizon))
                self.drawn[row, demand.skill] += found.draws[cell]
                self.figures[:, row, demand.skill] += figures
                self.openings[row] += found.openings[cell]

    def rows(self, skills: Sequence[str], tolerated: float) -> pd.DataFrame:
        """Return the published rows: occupation TOTAL, unknown where too many of those asked are."""
        persons, asked, now, weighed, hidden = self.figures
        key, skill = np.nonzero((asked > 0) | (now > 0))
        known = hidden[key, skill] <= tolerated * asked[key, skill]
        quantiles = np.full((len(_PERCENTS), len(key)), np.nan)
        if known.any():
            drawn = self.drawn[key[known], skill[known]]
            quantiles[:, known] = np.quantile(drawn, np.array(_PERCENTS) / 100, axis=1)
        of_asked = np.where(asked[key, skill] > 0, asked[key, skill], 1.0)
        return (
            self.keys.iloc[key]
            .reset_index(drop=True)
            .assign(
                occupation=TOTAL,
                skill=np.array(skills, dtype=object)[skill],
                asked=asked[key, skill] / self.openings[key],
                asked_now=now[key, skill] / self.openings[key],
                importance=weighed[key, skill] / of_asked,
                unfilled=np.where(known, persons[key, skill], np.nan),
                **{f"unfilled_p{percent}": quantiles[row] for row, percent in enumerate(_PERCENTS)},
                reason=np.where(known, "", "unavailable"),
            )
        )


def _above(regions: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return every region with the aggregates that it is summed to."""
    parent = dict(zip(regions["code"].astype(str), regions["parent"].astype(str), strict=True))
    summed = set(regions.loc[regions["role"] == "aggregate", "code"].astype(str))
    lines = {}
    for code in parent:
        line, up = [code], parent[code]
        while up:
            line += [up] if up in summed else []
            up = parent.get(up, "")
        lines[code] = tuple(line)
    return lines
