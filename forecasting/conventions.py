"""Net and gross side by side: what makes openings and supply in each convention, as a published table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from forecasting.cells import KEY, SOURCES, Cells, parents_of
from forecasting.cohorts import band_shares
from forecasting.demand import Industry, leavers, occupation_ages
from forecasting.markets import Market
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.separations import Demand, Rates, gross_demand, movers_in, own_exit_rates, read_rates
from forecasting.series.panel import Array
from forecasting.vocabulary import GROSS, NET

_QUANTILES: Final = (0.1, 0.5, 0.9)
_OF_DEMAND: Final = ("expansion", "new_jobs", "exits_25_54", "exits_55_plus", "transfers_out", "not_replaced")
_UNKNOWN: Final = "unavailable"


@dataclass(frozen=True)
class Conventions:
    """The published table ``conventions`` of one scenario, and what must be zero in it.

    Parameters
    ----------
    table : DataFrame
    residuals : dict of str to float
        Persons, by name.
    """

    table: pd.DataFrame
    residuals: dict[str, float]


@dataclass(frozen=True)
class _Side:
    """One convention: draws by component, rows as the cells that are no aggregate."""

    demand: Demand
    movers: Array | None
    known: NDArray[np.bool_]


def conventions(
    markets: Sequence[Market], cells: Cells, industry: Industry, region: Region, parameters: Parameters
) -> Conventions:
    """Lay net and gross openings and supply of one scenario side by side.

    Parameters
    ----------
    markets : sequence of Market
        Of one scenario.
    cells : Cells
        The same scenario's, in the order of the markets, windows and occupations; aggregates are made anew.
    region : Region
        Its table ``separations`` gives the gross rows; without it there are none.
    parameters : Parameters
        With ``horizons`` and ``occupational_transfers``.

    Notes
    -----
    Net leavers are the cohorts' net outflow, and whom the region's own exit rates find beyond it. An
    occupation without rates has no gross figures: its leavers stay out of the total that the others' exits
    sum to, and nobody moves to it. So it is with a cell that is too small to show: gross flows add up over
    the shown ones, and tell nothing of the others.
    """
    horizons = tuple(parameters["horizons"])
    rates = read_rates(region.table("separations"), industry.occupations)
    own = own_exit_rates(region.table("separations"), industry.occupations)
    level = parameters["occupational_transfers"]
    sides: dict[str, list[_Side]] = {NET: [], GROSS: []}
    for market in markets:
        ages = _ages(market, industry, int(region.settings["base_year"]))
        for future, years in zip(market.employment, horizons, strict=True):
            net = _net(market, ages, future, years, own)
            sides[NET].append(_Side(net, None, np.full(len(market.base), ages is not None)))
            if rates is not None:
                shown = rates.only(market.base >= parameters["small_cell"])
                sides[GROSS].append(_gross(market.base, net, shown, level, years, known=ages is not None))
    frames = [_table(cells, name, each, region) for name, each in sides.items() if each]
    return Conventions(pd.concat(frames, ignore_index=True), _residuals(cells, sides[NET], sides[GROSS]))


def _ages(market: Market, industry: Industry, base_year: int) -> Array | None:
    """Return persons by occupation and age band at the base year; None where ages are unknown."""
    if market.cohorts is None:
        return None
    bands = band_shares(industry.employment, "sector", market.region, base_year, market.cohorts)
    return occupation_ages(industry.in_region(market.region), bands, market.leaf_base)


def _net(market: Market, ages: Array | None, future: Array, years: int, exit_rates: Array | None) -> Demand:
    zeros = np.zeros_like(future)
    younger, older = (zeros, zeros)
    if ages is not None and market.cohorts is not None:
        younger, older = leavers(ages, market.cohorts, years, exit_rates, market.leavers_stray)
    return Demand(future - market.base[:, None], younger, older, zeros)


def _gross(base: Array, net: Demand, rates: Rates, level: float, years: int, *, known: bool) -> _Side:
    """Return the gross side over the occupations with rates; zeros in the others."""
    rows = rates.known
    inside = Demand(
        net.expansion[rows], net.exits_25_54[rows], net.exits_55_plus[rows], net.transfers_out[rows]
    )
    of_these = Rates(rates.exits[rows], rates.transfers[rows])
    found = gross_demand(base[rows], inside, of_these, level, years)
    moved = movers_in(found.transfers_out, found.openings, base[rows])

    def everywhere(values: Array) -> Array:
        filled = np.zeros((len(base), values.shape[1]))
        filled[rows] = values
        return filled

    flows = (found.exits_25_54, found.exits_55_plus, found.transfers_out)
    return _Side(Demand(net.expansion, *map(everywhere, flows)), everywhere(moved), rows & known)


def _stacked(sides: Sequence[_Side]) -> _Side:
    parts = ("expansion", "exits_25_54", "exits_55_plus", "transfers_out")
    demand = Demand(*(np.concatenate([getattr(side.demand, name) for side in sides]) for name in parts))
    moved = [side.movers for side in sides if side.movers is not None]
    known = np.concatenate([side.known for side in sides])
    return _Side(demand, np.concatenate(moved) if moved else None, known)


def _table(cells: Cells, convention: str, sides: Sequence[_Side], region: Region) -> pd.DataFrame:
    """Return the rows of one convention: cells, then aggregates summed from them draw by draw."""
    side = _stacked(sides)
    alone = ~cells.index["aggregate"].to_numpy(dtype=bool)
    index = cells.index[alone].reset_index(drop=True)
    hidden = pd.Series(np.where(side.known, "", _UNKNOWN), dtype=object)
    own_reasons = {
        name: index[name].mask(index[name].eq(""), hidden) for name in ("reason", "reason_openings")
    }
    index = index.assign(**own_reasons)
    parents, among = parents_of(index, region.table("occupations"), region.table("regions"))
    members = sparse.csr_array(among)
    of_sources = index[[f"reason_{source}" for source in SOURCES]].max(axis=1)
    frames = []
    for component, draws, why in _components(side, cells, alone, index, of_sources):
        figures = _figures(draws)
        own = pd.DataFrame(figures, columns=["mean", "p10", "p50", "p90"]).where(why.eq(""))
        sums = pd.DataFrame(_figures(members @ draws), columns=own.columns)
        frames += [
            pd.concat([index[list(KEY)], own], axis=1).assign(component=component, reason=why),
            pd.concat([parents[list(KEY)], sums], axis=1).assign(component=component, reason=""),
        ]
    return pd.concat(frames, ignore_index=True).assign(convention=convention)


def _components(
    side: _Side,
    cells: Cells,
    alone: NDArray[np.bool_],
    index: pd.DataFrame,
    of_sources: "pd.Series[str]",
) -> "Sequence[tuple[str, Array, pd.Series[str]]]":
    """Return name, draws and reasons of every component; moves between occupations are not in the net."""
    gross, supply = side.movers is not None, cells.supply[:, alone]
    opened, whole = index["reason_openings"], index["reason_employment"]
    rows = [
        (name, getattr(side.demand, name), whole if name == "expansion" else opened)
        for name in (*_OF_DEMAND, "openings")
        if gross or name != "transfers_out"
    ]
    rows += [(source, supply[at], index[f"reason_{source}"]) for at, source in enumerate(cells.sources)]
    total = supply.sum(axis=0)
    if side.movers is not None:
        rows.append(("movers_in", side.movers, opened))
        return [*rows, ("supply", total + side.movers, of_sources.where(of_sources.ne(""), opened))]
    return [*rows, ("supply", total, of_sources)]


def _figures(draws: Array) -> Array:
    """Return mean and quantiles, shape (rows, 4)."""
    if not len(draws):
        return np.empty((0, 1 + len(_QUANTILES)))
    return np.column_stack([draws.mean(axis=1), *np.quantile(draws, _QUANTILES, axis=1)])


def _residuals(cells: Cells, net: Sequence[_Side], gross: Sequence[_Side]) -> dict[str, float]:
    """Measure what must be zero, persons: net as scored, and gross flows that meet their totals."""
    alone = ~cells.index["aggregate"].to_numpy(dtype=bool)
    openings = np.concatenate([side.demand.openings * side.known[:, None] for side in net])
    found = {"net_openings_less_scored_persons": _largest(openings - cells.gap.openings[alone])}
    if not gross:
        return found
    pairs = list(zip(net, gross, strict=True))
    return found | {
        "net_less_gross_expansion_persons": max(
            _largest(n.demand.expansion - g.demand.expansion) for n, g in pairs
        ),
        "gross_exits_less_cohort_outflow_persons": max(
            _largest(((g.demand.leaving - g.demand.transfers_out) - n.demand.leaving)[g.known].sum(axis=0))
            for n, g in pairs
        ),
        "gross_movers_in_less_transfers_out_persons": max(
            _largest((g.movers - g.demand.transfers_out).sum(axis=0)) for g in gross if g.movers is not None
        ),
    }


def _largest(draws: Array) -> float:
    return float(np.abs(draws).max(initial=0.0))
