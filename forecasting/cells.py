"""Cells, one occupation × region × window × scenario each, and their sums: draws aligned with an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from forecasting.gaps import Gap, gap, sum_cells
from forecasting.markets import Market
from forecasting.parameters import Parameters
from forecasting.series.panel import Array
from forecasting.skill_forecast import SkillForecast
from forecasting.suppression import CONFIDENTIAL
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS, OTHER_SOURCES

SOURCES: Final = (ENTRANTS, JOBSEEKERS)
"""Sources without which nothing says who is available; a region may declare further ones."""
KEY: Final = ("region", "occupation", "scenario", "horizon")
REASONS: Final = ("reason", "reason_employment", "reason_openings", "reason_entrants", "reason_jobseekers")
_BY_DRAW: Final = ("employment", "expansion", "younger", "older", "spilled")


@dataclass(frozen=True)
class Cells:
    """Scored cells.

    Parameters
    ----------
    index : DataFrame
        One row per cell: ``region, occupation, scenario, horizon``; ``base`` (persons employed at the base
        year); ``short_term`` (persons among the job seekers; NaN if unknown); ``central_openings`` (at mean
        inputs); ``aggregate``; ``reason`` why there is no score, and ``reason_openings``,
        ``reason_entrants``, ``reason_jobseekers`` why a part of it is unknown; so for further sources.
    employment, expansion, younger, older : ndarray of shape (cells, draws)
        Persons; the last two are replacement by age. Zeros where a reason says they are unknown.
    supply : ndarray of shape (sources, cells, draws)
        Persons; zeros where a reason says they are unknown.
    lack : ndarray of shape (sources, cells, draws)
        l_g, the profiles' draws, which those of persons use in turn; NaN where unknown, and of aggregates.
    spilled : ndarray of shape (cells, draws)
        Persons that passive substitution would bring, less those it would take; in no other figure.
    gap : Gap
        Arrays of shape (cells, draws).
    sources : tuple of str
        In the order of `supply` and `lack`: `SOURCES`, then those that any region declares.
    """

    index: pd.DataFrame
    employment: Array
    expansion: Array
    younger: Array
    older: Array
    supply: Array
    lack: Array
    spilled: Array
    gap: Gap
    sources: tuple[str, ...] = SOURCES


def score_cells(
    markets: Sequence[Market],
    occupations: tuple[str, ...],
    asked: SkillForecast,
    scenario: str,
    parameters: Parameters,
    *,
    tested: bool,
    few: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Cells:
    """Score every cell of every market.

    Parameters
    ----------
    tested : bool
        Whether any past error says how wide an interval is; without one no figure is reliable.
    few : mapping of str to ndarray of bool, shape (occupations,)
        By region, where too few seek work to show (`forecasting.suppression.few_jobseekers`); by default
        nowhere.
    """
    declared = {source for market in markets for source in market.others}
    sources = (*SOURCES, *(source for source in OTHER_SOURCES if source in declared))
    lack = {source: asked.lacks(source) for source in sources}
    return stack(
        [
            _window(
                *(market, position, years, occupations, lack, scenario, parameters["small_cell"]),
                tested=tested,
                few=(few or {}).get(market.region),
            )
            for market in markets
            for position, years in enumerate(parameters["horizons"])
        ]
    )


def _window(
    market: Market,
    position: int,
    years: int,
    occupations: tuple[str, ...],
    lack_by_source: Mapping[str, Array],
    scenario: str,
    small_cell: float,
    *,
    tested: bool,
    few: NDArray[np.bool_] | None,
) -> Cells:
    """Score one market's cells for one window; what nobody says is zero here and has a reason."""
    employment = market.employment[position]
    zeros = np.zeros_like(employment)
    opened = market.openings[position] if market.openings else None
    entering = market.entrants[position] if market.entrants else None
    seeking = None if market.jobseekers is None else market.jobseekers
    sources = tuple(lack_by_source)
    further = sources[len(SOURCES) :]
    others = [market.others[name][position] if name in market.others else None for name in further]
    supply = np.stack([zeros if source is None else source for source in (entering, seeking, *others)])
    lack = np.stack([each[position] for each in lack_by_source.values()])
    turn = np.arange(zeros.shape[1]) % lack.shape[2]  # the profiles' draws come in turn
    found = gap(zeros if opened is None else opened.openings, supply, lack[:, :, turn])
    index = _reasons(market.base, small_cell, opened, entering, seeking, tested=tested, few=few)
    index = _reasons_of_others(index, further, others).assign(
        occupation=occupations,
        base=market.base,
        short_term=np.nan if market.short_term is None else market.short_term,
        central_openings=market.central_openings[position] if market.central_openings else np.nan,
        region=market.region,
        scenario=scenario,
        horizon=years,
        aggregate=False,
    )
    return Cells(
        index,
        employment,
        employment - market.base[:, None],
        opened.replacement_25_54 if opened else zeros,
        opened.replacement_55_plus if opened else zeros,
        supply,
        lack,
        np.zeros_like(employment),
        found,
        sources,
    )


def _reasons(
    base: Array,
    small_cell: float,
    opened: object,
    entering: object,
    seeking: object,
    *,
    tested: bool,
    few: NDArray[np.bool_] | None,
) -> pd.DataFrame:
    """Say of each cell why a part is not published; the score needs all of them."""
    whole = np.where(base < small_cell, CONFIDENTIAL, "" if tested else "low_reliability").astype(object)
    parts = {
        f"reason_{name}": np.where((whole == "") & (part is None), "unavailable", whole)
        for name, part in (("openings", opened), (ENTRANTS, entering), (JOBSEEKERS, seeking))
    }
    if few is not None and seeking is not None:
        parts[f"reason_{JOBSEEKERS}"] = np.where((whole == "") & few, CONFIDENTIAL, whole)
    frame = pd.DataFrame({"reason_employment": whole, **parts})
    return frame.assign(reason=[next(filter(None, reasons), "") for reasons in frame.itertuples(index=False)])


def _reasons_of_others(
    index: pd.DataFrame, sources: Sequence[str], others: Sequence[Array | None]
) -> pd.DataFrame:
    """Add why a further source of supply is not published: the score does not need it."""
    whole = index["reason_employment"]
    reasons = {
        f"reason_{name}": whole.where(whole.ne("") | (persons is not None), "unavailable")
        for name, persons in zip(sources, others, strict=True)
    }
    return index.assign(**reasons)


def stack(parts: Sequence[Cells]) -> Cells:
    """Put cells under each other."""
    found = {
        name: np.concatenate([getattr(part.gap, name) for part in parts], axis=-2)
        for name in ("openings", "no_person", "lacking_skills", "unknown", "taken")
    }
    return Cells(
        index=pd.concat([part.index for part in parts], ignore_index=True),
        supply=np.concatenate([part.supply for part in parts], axis=1),
        lack=np.concatenate([part.lack for part in parts], axis=1),
        gap=Gap(**found),
        sources=parts[0].sources,
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
    parents, members = parents_of(cells.index, occupations, regions)
    if parents.empty:
        return cells
    base = members @ cells.index["base"].to_numpy(dtype=float)
    added = sparse.csr_array(members)  # most cells are in few parents
    sums = Cells(
        index=parents.assign(
            base=base,
            short_term=_sum_of_known(members, cells.index["short_term"].to_numpy(dtype=float)),
            aggregate=True,
            central_openings=np.nan,
            **dict.fromkeys(REASONS, ""),
            **_told_by_any(cells, members),
        ),
        supply=np.stack([added @ source for source in cells.supply]),
        lack=np.full((len(cells.sources), len(parents), cells.lack.shape[2]), np.nan),
        sources=cells.sources,
        gap=sum_cells(cells.gap, added),
        **{name: added @ getattr(cells, name) for name in _BY_DRAW},
    )
    return stack([cells, sums])


def _told_by_any(cells: Cells, members: Array) -> dict[str, Array]:
    """Return why a further source of an aggregate is unknown: none of its cells tells it."""
    further = [f"reason_{name}" for name in cells.sources[len(SOURCES) :]]
    known = {name: members @ cells.index[name].eq("").to_numpy(dtype=float) > 0 for name in further}
    return {name: np.where(told, "", "unavailable") for name, told in known.items()}


def _sum_of_known(members: Array, persons: Array) -> Array:
    """Return sums over members, shape (aggregates,); NaN where one of them is unknown."""
    unknown = np.isnan(persons)
    return np.where(members @ unknown > 0, np.nan, members @ np.nan_to_num(persons))


def parents_of(
    index: pd.DataFrame, occupations: pd.DataFrame, regions: pd.DataFrame
) -> tuple[pd.DataFrame, Array]:
    """Return the key of every aggregate, and which cells it sums.

    Parameters
    ----------
    index : DataFrame
        Of cells, none of them an aggregate; a cell with a ``reason`` is in none.

    Returns
    -------
    parents : DataFrame
        Columns `KEY`, sorted.
    members : ndarray of shape (parents, cells)
        1 where the cell belongs to the aggregate, else 0.
    """
    membership = _membership(index, occupations, regions)
    key = list(KEY)
    parents = membership[key].drop_duplicates().sort_values(key, ignore_index=True)
    members = np.zeros((len(parents), len(index)))
    if len(parents):
        row = pd.MultiIndex.from_frame(parents).get_indexer(pd.MultiIndex.from_frame(membership[key]))
        members[row, membership["cell"]] = 1.0
    return parents, members


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
