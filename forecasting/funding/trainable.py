"""Draws of the trainable gap: the unfilled openings that listed courses could help to fill in time.

Trainable gap = O × score × share of the missing skill mass that a listed course teaches within the window
(DESIGN.md section 2), in every draw. One occupation is worked out at a time, as for the skill gaps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cells import KEY, Cells
from forecasting.funding.skill_sums import SkillSums
from forecasting.parameters import Parameters
from forecasting.publication import score_reasons
from forecasting.series.panel import Array
from forecasting.skill_forecast import SkillForecast
from forecasting.skills import Demand
from forecasting.training_response import Window, catalogue

COLLECTIONS: Final = ("green", "digital")
"""Columns of the table ``skills`` that a weight may be topped up for."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Trainable:
    """The trainable gap of the cells of one window, and of the skills of each region.

    Parameters
    ----------
    index : DataFrame
        ``region, occupation, scenario, horizon`` and ``reason``: sorted by key, as the published table
        ``weights`` is, aggregates left out.
    persons : ndarray of float32, shape (cells, draws)
        NaN where unknown: the reason says why.
    openings : ndarray of shape (cells,)
        Mean persons over the window; NaN where the cell has no score.
    taught, fundable : ndarray of shape (cells,)
        Mean share of the missing skill mass that courses teach in time; of it by courses that no law
        requires.
    shares : mapping of str to ndarray of shape (cells,)
        By collection: share of what is trainable that is in it; NaN where nothing is.
    skills : DataFrame
        One row per region and skill asked there, sorted: ``region, skill, scenario, horizon``; ``asked`` and
        ``held`` (mean persons: openings that ask it; supply that holds it, of the occupations that ask it),
        ``importance`` (mean over these openings), ``taught`` (in time), ``fundable`` (of it, by a course that
        no law requires), ``listed`` (whether anybody lists courses), ``reason`` why the lacking are unknown.
    lacking : ndarray of float32, shape (rows of `skills`, draws)
        Persons lacking with the skill, taught or not; NaN where unknown.
    """

    index: pd.DataFrame
    persons: NDArray[np.float32]
    openings: Array
    taught: Array
    fundable: Array
    shares: Mapping[str, Array]
    skills: pd.DataFrame
    lacking: NDArray[np.float32]

    def draws(self) -> dict[str, NDArray[np.float32]]:
        """Return what the snapshot keeps unpublished.

        Rows are those of the published tables: of ``trainable`` as in ``weights``, of ``lacking_skills`` as
        in ``skill_weights``.
        """
        return {"trainable": self.persons, "lacking_skills": self.lacking}


def trainable_gaps(
    cells: Cells,
    forecast: SkillForecast,
    courses: pd.DataFrame,
    skills: pd.DataFrame,
    parameters: Parameters,
) -> Trainable:
    """Return the trainable gap of every cell of the weighted horizon.

    Parameters
    ----------
    cells : Cells
        Of the baseline; aggregates in it are left out.
    courses, skills : DataFrame
        Canonical tables. No courses at all: nobody lists them, so every cell is unknown.
    parameters : Parameters
        ``weight_horizon, training_pace``.

    Notes
    -----
    Missing mass of a skill in a draw: importance × (U1·p + Σ_g x_g·max(p − h_g, 0)). Skills of which nothing
    says what supply holds are left out where they carry no more of the asked mass than the forecast
    tolerates; else the cell is unknown. So is one whose missing skills only courses of unknown length teach.
    """
    years = int(parameters["weight_horizon"])
    chosen = ~cells.index["aggregate"].to_numpy(dtype=bool) & (cells.index["horizon"] == years).to_numpy()
    whole = cells.index[list(KEY)].assign(reason=score_reasons(cells), row=np.arange(len(cells.index)))
    index = whole[chosen].sort_values(list(KEY), ignore_index=True)
    offered = catalogue(courses, forecast.skills)
    window = Window.of(offered, years, parameters["training_pace"])
    marked = _marked(skills, forecast.skills)
    found = _Found.empty(len(index), cells.gap.openings.shape[1], tuple(marked))
    sums = SkillSums.empty(index, forecast, window, cells.gap.openings.shape[1])
    place = index.groupby("occupation", sort=False).indices
    for row, occupation in enumerate(forecast.occupations):
        mine = np.asarray(place.get(occupation, []), dtype=np.intp)
        demand = forecast.demand(row)[forecast.horizons.index(years)]
        if not len(mine) or not len(demand.skill):
            continue
        rows = index["row"].to_numpy()[mine]
        sources = [forecast.known_as(name) for name in cells.sources]
        drawn, unknown = missing(cells, rows, demand, sources)
        told = index["reason"].to_numpy()[mine] == ""
        found.put(mine, cells.gap.unfilled[rows], drawn, unknown, demand, window, marked, forecast.tolerated)
        sums.add(mine[told], drawn[told], unknown[told], demand, cells, rows[told], sources)
    return found.told(index, cells, sums, listed=len(courses) > 0)


def _marked(skills: pd.DataFrame, codes: Sequence[str]) -> dict[str, Flags]:
    """Return which skills each collection holds; one that is not marked is not in it."""
    named = skills.set_index("code")
    return {
        name: np.asarray(named[name].reindex(list(codes)).eq(True).fillna(False), dtype=bool)
        for name in COLLECTIONS
        if name in named
    }


def missing(
    cells: Cells, rows: NDArray[np.intp], demand: Demand, sources: Sequence[str]
) -> tuple[Array, Flags]:
    """Return persons lacking per skill in each draw, and where nothing says it.

    Returns
    -------
    drawn : ndarray of shape (cells, skills, draws)
        U1·p + Σ_g x_g·max(p − h_g, 0); the least it can be where unknown.
    unknown : ndarray of bool, shape (cells, skills)
    """
    turn = np.arange(cells.gap.openings.shape[1]) % demand.asked.shape[1]
    drawn = cells.gap.no_person[rows][:, None, :] * demand.asked[:, turn]
    unknown = np.zeros(drawn.shape[:2], dtype=bool)
    for number, source in enumerate(sources):
        taken, short = cells.gap.taken[number][rows], demand.shortfall(source)
        unknown |= np.isnan(short).any(axis=1) & (taken.mean(axis=1) > 0)[:, None]
        drawn += taken[:, None, :] * np.nan_to_num(short)[:, turn]
    return drawn, unknown


@dataclass(frozen=True)
class _Found:
    """What is found of each cell, filled one occupation at a time."""

    persons: Any
    taught: Array
    fundable: Array
    shares: Mapping[str, Array]

    @classmethod
    def empty(cls, count: int, draws: int, collections: Sequence[str]) -> "_Found":
        one, persons = np.full(count, np.nan), np.full((count, draws), np.nan, dtype=np.float32)
        return cls(persons, one.copy(), one.copy(), {name: one.copy() for name in collections})

    def put(
        self,
        mine: NDArray[np.intp],
        unfilled: Array,
        drawn: Array,
        unknown: Flags,
        demand: Demand,
        window: Window,
        marked: Mapping[str, Flags],
        tolerated: float,
    ) -> None:
        """Work out the cells of one occupation."""
        asked = demand.importance * demand.asked.mean(axis=1)
        known = unknown @ asked <= tolerated * asked.sum()
        mass = drawn * demand.importance[:, None] * ~unknown[:, :, None]
        taught, free, untimed = (
            flags[demand.skill] for flags in (window.taught, window.free, window.untimed)
        )
        whole, part = mass.sum(axis=1), mass[:, taught].sum(axis=1)
        share = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
        mean = mass.mean(axis=2)
        of_all = mean.sum(axis=1)
        timeless = (mean[:, taught].sum(axis=1) <= 0) & (mean[:, untimed].sum(axis=1) > 0)
        known &= ~timeless
        self.persons[mine] = np.where(known[:, None], unfilled * share, np.nan)
        self.taught[mine] = np.where(known, _over(mean[:, taught].sum(axis=1), of_all), np.nan)
        self.fundable[mine] = np.where(known, _over(mean[:, free].sum(axis=1), of_all), np.nan)
        of_taught = mean[:, taught].sum(axis=1)
        for name, inside in marked.items():
            part_in = mean[:, taught & inside[demand.skill]].sum(axis=1)
            value = np.divide(part_in, of_taught, out=np.full(len(mine), np.nan), where=of_taught > 0)
            self.shares[name][mine] = np.where(known, value, np.nan)

    def told(self, index: pd.DataFrame, cells: Cells, sums: SkillSums, *, listed: bool) -> Trainable:
        """Return the result with its reasons."""
        silent = index["reason"].ne("").to_numpy()
        unknown = silent | ~np.isfinite(self.taught) | (not listed)
        self.persons[unknown] = np.nan
        reason = np.where(silent, index["reason"], np.where(unknown, "unavailable", ""))
        openings = np.where(silent, np.nan, cells.gap.openings[index["row"].to_numpy()].mean(axis=1))
        table, drawn = sums.rows()
        return Trainable(
            index[list(KEY)].assign(reason=reason),
            self.persons,
            openings,
            np.where(unknown, np.nan, self.taught),
            np.where(unknown, np.nan, self.fundable),
            {name: np.where(unknown, np.nan, share) for name, share in self.shares.items()},
            table.assign(listed=listed),
            drawn,
        )


def _over(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
