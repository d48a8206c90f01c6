"""Cells, one occupation × region × window × scenario each, and their sums: draws aligned with an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.gaps import Gap, gap, sum_cells
from forecasting.markets import Market
from forecasting.parameters import Parameters
from forecasting.series.panel import Array
from forecasting.skills import Profiles
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS

SOURCES: Final = (ENTRANTS, JOBSEEKERS)
KEY: Final = ("region", "occupation", "scenario", "horizon")
_BY_DRAW: Final = ("employment", "expansion", "younger", "older")


@dataclass(frozen=True)
class Cells:
    """Scored cells.

    Parameters
    ----------
    index : DataFrame
        ``region, occupation, scenario, horizon``, ``base`` (persons employed at the base year), ``aggregate``
        and ``reason``; one row per cell.
    employment, expansion, younger, older : ndarray of shape (cells, draws)
        Persons; the last two are replacement by age. Zeros where the reason says they are unknown.
    supply : ndarray of shape (sources, cells, draws)
        Persons.
    lack : ndarray of shape (sources, cells)
        l_g; NaN where unknown.
    gap : Gap
        Arrays of shape (cells, draws).
    """

    index: pd.DataFrame
    employment: Array
    expansion: Array
    younger: Array
    older: Array
    supply: Array
    lack: Array
    gap: Gap


def score_cells(
    markets: Sequence[Market],
    occupations: tuple[str, ...],
    asked: Profiles,
    scenario: str,
    parameters: Parameters,
) -> Cells:
    """Score every cell of every market."""
    lack = np.stack([asked.lack(source) for source in SOURCES])
    return stack(
        [
            _window(market, position, years, occupations, lack, scenario, parameters["small_cell"])
            for market in markets
            for position, years in enumerate(parameters["horizons"])
        ]
    )


def _window(
    market: Market,
    position: int,
    years: int,
    occupations: tuple[str, ...],
    lack: Array,
    scenario: str,
    small_cell: float,
) -> Cells:
    """Score one market's cells for one window; what nobody says is zero here and has a reason."""
    employment = market.employment[position]
    zeros = np.zeros_like(employment)
    opened = market.openings[position] if market.openings else None
    supply = market.supply[position] if market.supply else None
    unknown = opened is None or supply is None
    reason = np.where(market.base < small_cell, "confidential", "unavailable" if unknown else "")
    index = pd.DataFrame({"occupation": occupations, "base": market.base, "reason": reason})
    persons = np.zeros((len(SOURCES), *zeros.shape)) if supply is None else supply
    openings = zeros if opened is None or unknown else opened.openings
    return Cells(
        index.assign(region=market.region, scenario=scenario, horizon=years, aggregate=False),
        employment,
        employment - market.base[:, None],
        opened.replacement_25_54 if opened else zeros,
        opened.replacement_55_plus if opened else zeros,
        persons,
        lack,
        gap(openings, persons, lack[:, :, None]),
    )


def stack(parts: Sequence[Cells]) -> Cells:
    """Put cells under each other."""
    found = {
        name: np.concatenate([getattr(part.gap, name) for part in parts], axis=-2)
        for name in ("openings", "no_person", "lacking_skills", "taken")
    }
    return Cells(
        index=pd.concat([part.index for part in parts], ignore_index=True),
        supply=np.concatenate([part.supply for part in parts], axis=1),
        lack=np.concatenate([part.lack for part in parts], axis=1),
        gap=Gap(**found),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _BY_DRAW},
    )


def with_aggregates(cells: Cells, occupations: pd.DataFrame, regions: pd.DataFrame) -> Cells:
    """Return the cells followed by every parent of their occupations and regions.

    Parents are sums over cells draw by draw (ΣU / ΣO). Suppressed and unknown cells are in no aggregate:
    subtraction then finds nothing, and an aggregate says what its known cells say.

    Parameters
    ----------
    occupations, regions : DataFrame
        Canonical tables; a region is an aggregate only if its ``role`` says so.
    """
    membership = _membership(cells.index, occupations, regions)
    if membership.empty:
        return cells
    key = list(KEY)
    parents = membership[key].drop_duplicates().sort_values(key, ignore_index=True)
    row = pd.MultiIndex.from_frame(parents).get_indexer(pd.MultiIndex.from_frame(membership[key]))
    members = np.zeros((len(parents), len(cells.index)))
    members[row, membership["cell"]] = 1.0
    base = members @ cells.index["base"].to_numpy(dtype=float)
    sums = Cells(
        index=parents.assign(base=base, aggregate=True, reason=""),
        supply=np.stack([members @ source for source in cells.supply]),
        lack=np.full((len(SOURCES), len(parents)), np.nan),
        gap=sum_cells(cells.gap, members),
        **{name: members @ getattr(cells, name) for name in _BY_DRAW},
    )
    return stack([cells, sums])


def _membership(index: pd.DataFrame, occupations: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per published cell and aggregate it belongs to, with the aggregate's key."""
    aggregate = set(regions.loc[regions["role"] == "aggregate", "code"])
    over = _lines(occupations)
    above = {
        code: [code, *(up for up in line[1:] if up in aggregate)] for code, line in _lines(regions).items()
    }
    cell = index[index["reason"] == ""].rename_axis("cell").reset_index()[["cell", *KEY]]
    crossed = cell.assign(
        in_region=cell["region"].astype(str).map(above),
        in_occupation=cell["occupation"].astype(str).map(over),
    )
    crossed = crossed.explode("in_region").explode("in_occupation")
    itself = (crossed["in_region"] == crossed["region"]) & (crossed["in_occupation"] == crossed["occupation"])
    found = crossed[~itself].drop(columns=["region", "occupation"])
    return found.rename(columns={"in_region": "region", "in_occupation": "occupation"})


def _lines(table: pd.DataFrame) -> Mapping[str, list[str]]:
    """Return every code followed by its parents up to the root."""
    parent = dict(zip(table["code"].astype(str), table["parent"].astype(str), strict=True))
    lines: dict[str, list[str]] = {}
    for code in parent:
        line = [code]
        while parent.get(line[-1]):
            line.append(parent[line[-1]])
        lines[code] = line
    return lines
