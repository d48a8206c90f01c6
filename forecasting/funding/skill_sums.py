"""What a region's openings lack per skill, summed over its occupations draw by draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cells import Cells
from forecasting.series.panel import Array
from forecasting.skill_forecast import SkillForecast
from forecasting.skill_gaps import QUANTILE_DRAWS
from forecasting.skills import Demand
from forecasting.training_response import Window

_MARKET = ["region", "scenario", "horizon"]
_ORDER = ["region", "skill", "scenario", "horizon"]


@dataclass(frozen=True)
class SkillSums:
    """Sums over the occupations of each region, filled one occupation at a time.

    Parameters
    ----------
    markets : DataFrame
        ``region, scenario, horizon``.
    market : ndarray of int, shape (cells,)
        Position of each cell's market.
    codes : tuple of str
        Skills.
    taught, fundable : ndarray of bool, shape (skills,)
        By a course in time; by one that no law requires.
    tolerated : float
        Share of the openings asking a skill, and of supply, of which what they hold may be unknown.
    drawn : ndarray of float32, shape (markets, skills, draws)
        Persons lacking; at most as many draws as quantiles per skill are taken from.
    asked, hidden, weighed, held, holders, supply : ndarray of shape (markets, skills)
        Openings that ask the skill; those of which the lacking are unknown; weighed by importance; supply
        that holds it; supply of which that is known; all supply; of the occupations that ask it.
    """

    markets: pd.DataFrame
    market: NDArray[np.intp]
    codes: tuple[str, ...]
    taught: NDArray[np.bool_]
    fundable: NDArray[np.bool_]
    tolerated: float
    drawn: Any
    asked: Array
    hidden: Array
    weighed: Array
    held: Array
    holders: Array
    supply: Array

    @classmethod
    def empty(cls, index: pd.DataFrame, forecast: SkillForecast, window: Window, draws: int) -> "SkillSums":
        """Return empty sums for the regions that the cells lie in."""
        markets = index[_MARKET].drop_duplicates().sort_values(_MARKET, ignore_index=True)
        place = pd.MultiIndex.from_frame(markets).get_indexer(pd.MultiIndex.from_frame(index[_MARKET]))
        shape = (len(markets), len(forecast.skills))
        taught, count = window.taught, min(draws, QUANTILE_DRAWS)
        drawn = np.zeros((*shape, count), dtype=np.float32)
        sums = (np.zeros(shape) for _ in range(6))
        told = (forecast.skills, taught, window.free, forecast.tolerated, drawn)
        return cls(markets, place.astype(np.intp), *told, *sums)

    def add(
        self,
        mine: NDArray[np.intp],
        drawn: Array,
        unknown: NDArray[np.bool_],
        demand: Demand,
        cells: Cells,
        rows: NDArray[np.intp],
        sources: Sequence[str],
    ) -> None:
        """Add the cells of one occupation that have a score."""
        openings, asked = cells.gap.openings[rows].mean(axis=1), demand.asked.mean(axis=1)
        supply = cells.supply[:, rows].mean(axis=2)
        holds = [demand.held.get(source) for source in sources]
        share = np.stack([np.full(len(asked), np.nan) if h is None else h.mean(axis=1) for h in holds])
        for cell, place in enumerate(self.market[mine]):
            at = (place, demand.skill)
            weighed = openings[cell] * asked
            self.drawn[at] += drawn[cell, :, : self.drawn.shape[2]]
            self.asked[at] += weighed
            self.weighed[at] += weighed * demand.importance
            self.hidden[at] += np.where(unknown[cell], weighed, 0.0)
            self.held[at] += supply[:, cell] @ np.nan_to_num(share)
            self.holders[at] += supply[:, cell] @ np.isfinite(share)
            self.supply[at] += supply[:, cell].sum()

    def rows(self) -> tuple[pd.DataFrame, NDArray[np.float32]]:
        """Return one row per region and skill asked there, sorted, and its draws; NaN where unknown."""
        place, skill = np.nonzero(self.asked > 0)
        asked, supply, known = (each[place, skill] for each in (self.asked, self.supply, self.holders))
        told = known >= (1 - self.tolerated) * supply
        held = np.where(known > 0, self.held[place, skill] * supply / np.where(known > 0, known, 1), 0.0)
        hidden = self.hidden[place, skill] > self.tolerated * asked
        table = self.markets.iloc[place].reset_index(drop=True)
        table = table.assign(
            skill=np.array(self.codes, dtype=object)[skill],
            asked=asked,
            held=np.where(told, held, np.nan),
            importance=self.weighed[place, skill] / asked,
            taught=self.taught[skill],
            fundable=self.fundable[skill],
            reason=np.where(hidden, "unavailable", ""),
            at=np.arange(len(place)),
        ).sort_values(_ORDER, ignore_index=True)
        order = table["at"].to_numpy()
        drawn = self.drawn[place[order], skill[order]]
        drawn[table["reason"].ne("").to_numpy()] = np.nan
        return table.drop(columns="at"), drawn
