"""Gross flows: who leaves work, who changes occupation, and where those go, beside the net convention.

Net sees a cohort shrink; it misses who changes occupation and is replaced (METHOD.md section 1.2). Gross adds
them the way BLS does: openings = growth + exits + occupational transfers (METHOD.md section 6). Of borrowed
rates only ratios are used: the level of exits is the region's own cohorts', that of transfers a parameter. A
region's own exit rates (no flag) count as they stand, in net and gross alike. The published score stays net.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.series.panel import Array

EXIT: Final = "exit"
OWN: Final = ""
"""Flag of a region's own figures: of these the level counts, of borrowed ones only the ratios."""
TRANSFER: Final = "transfer"

_SATURATED: Final = 1 - 1e-9
"""Share of those who can leave at which a level of exits is no longer looked for."""

_STEPS: Final = 200
_EXACT: Final = 1e-13
_NOWHERE: Final = 1e-6
"""Share of a region's openings below which the other occupations have as good as none for a mover."""


@dataclass(frozen=True)
class Rates:
    """How often people leave each occupation, in any unit: only ratios are used.

    Parameters
    ----------
    exits, transfers : ndarray of shape (occupations,)
        NaN in both where one of them is unknown.
    """

    exits: Array
    transfers: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return which occupations have rates."""
        return np.asarray(np.isfinite(self.exits))

    def only(self, occupations: NDArray[np.bool_]) -> "Rates":
        """Return the rates of some occupations, unknown for the others."""
        return Rates(*(np.where(occupations, each, np.nan) for each in (self.exits, self.transfers)))


def read_rates(separations: pd.DataFrame, occupations: tuple[str, ...]) -> Rates | None:
    """Return the rates of the occupations; None where none of them has both.

    Parameters
    ----------
    separations : DataFrame
        Canonical table.

    Raises
    ------
    ForecastingError
        If a kind is neither of the two.
    """
    foreign = sorted(set(separations["kind"]) - {EXIT, TRANSFER})
    if foreign:
        raise ForecastingError(
            f"separations: found kind {', '.join(map(repr, foreign))}; expected {EXIT} or {TRANSFER}. "
            "Do: correct the column kind."
        )
    wide = separations.set_index(["occupation", "kind"])["rate"].unstack("kind")
    wide = wide.reindex(index=list(occupations), columns=[EXIT, TRANSFER]).astype(float)
    both = wide.where(wide.notna().all(axis=1))
    if both.isna().all(axis=None):
        return None
    return Rates(both[EXIT].to_numpy(dtype=float), both[TRANSFER].to_numpy(dtype=float))


def own_exit_rates(separations: pd.DataFrame, occupations: tuple[str, ...]) -> Array | None:
    """Return the share of each occupation's workers who leave work in a year, as the region itself finds it.

    Parameters
    ----------
    separations : DataFrame
        Canonical table; rows with a flag are borrowed and not used.

    Returns
    -------
    ndarray of shape (occupations,), or None
        An occupation without a rate takes the mean of the others; None where none has one.
    """
    own = separations[(separations["kind"] == EXIT) & (separations["flag"] == OWN)]
    rates = own.set_index("occupation")["rate"].reindex(list(occupations)).astype(float)
    return None if rates.isna().all() else np.asarray(rates.fillna(rates.mean()), dtype=float)


def by_exit_rates(younger: Array, older: Array, base: Array, rates: Array) -> tuple[Array, Array]:
    """Spread leavers over occupations as their rates tell, each split by age as its cohorts' leavers.

    Parameters
    ----------
    younger, older : ndarray of shape (occupations, draws)
        Persons who leave, by the ages of each occupation alone.
    base, rates : ndarray of shape (occupations,)
        Persons at the base year; relative rates.
    """
    whole = younger + older
    exits = scaled_exits(base, whole.sum(axis=0), rates)
    share = np.where(whole > 0, _share(older, whole), _share(older.sum(axis=0), whole.sum(axis=0)))
    return exits * (1 - share), exits * share


@dataclass(frozen=True)
class Demand:
    """What makes the openings of one window, persons, each of shape (occupations, draws).

    openings = new_jobs + exits_25_54 + exits_55_plus + transfers_out - not_replaced, in every draw.

    Parameters
    ----------
    expansion : ndarray
        ΔE, below 0 where the occupation shrinks.
    exits_25_54, exits_55_plus : ndarray
        Who leaves, replaced or not.
    transfers_out : ndarray
        Who goes to another occupation; zero in the net convention, which does not see it.
    """

    expansion: Array
    exits_25_54: Array
    exits_55_plus: Array
    transfers_out: Array

    @property
    def new_jobs(self) -> Array:
        """Return max(ΔE, 0)."""
        return np.asarray(np.maximum(self.expansion, 0))

    @property
    def leaving(self) -> Array:
        """Return exits and transfers."""
        return self.exits_25_54 + self.exits_55_plus + self.transfers_out

    @property
    def not_replaced(self) -> Array:
        """Return the leavers whose jobs go with them: min(leaving, max(−ΔE, 0))."""
        return np.minimum(self.leaving, np.maximum(-self.expansion, 0))

    @property
    def openings(self) -> Array:
        """Return max(ΔE, 0) + max(leaving + min(ΔE, 0), 0)."""
        return self.new_jobs + (self.leaving - self.not_replaced)


def gross_demand(base: Array, net: Demand, rates: Rates, transfers_a_year: float, years: int) -> Demand:
    """Return one region's gross flows over a window.

    Parameters
    ----------
    base : ndarray of shape (occupations,)
        Persons at the base year.
    net : Demand
        Its leavers are the net outflow of the region's cohorts.
    rates : Rates
        Known for every occupation given: leave the others out, of `base` and `net` too.
    transfers_a_year : float
        Share of all workers who change occupation in a year (parameter ``occupational_transfers``).

    Notes
    -----
    Exits are E(1 − exp(−λx)), x the relative rate, with the one λ per draw at which the region's exits are
    its cohorts' net outflow; an occupation splits them by age as its cohorts' leavers. Transfers are
    (E − exits)(1 − (1 − τ)^years), τ the relative rate times the level, 1 on the average of the region's
    workers. Persons of the base year are followed: a job that changes hands twice counts once, so over a
    long window this is less than a yearly rate times its years. No occupation loses more than it has.
    """
    younger, older = by_exit_rates(net.exits_25_54, net.exits_55_plus, base, rates.exits)
    moving = _transfers(base, younger + older, rates.transfers, transfers_a_year, years)
    return Demand(net.expansion, younger, older, moving)


def scaled_exits(base: Array, total: Array, relative: Array) -> Array:
    """Return exits by occupation that sum to a total in every draw, shape (occupations, draws).

    Parameters
    ----------
    base : ndarray of shape (occupations,)
        Persons who may leave.
    total : ndarray of shape (draws,)
        Persons who leave; at most all of those whose rate is above zero.
    relative : ndarray of shape (occupations,)
        Rates, in any unit.

    Notes
    -----
    E(1 − exp(−λx)) with λ by Newton's method: the sum is concave in λ, so steps from 0 never overshoot.
    """
    mean = np.average(relative, weights=base) if base.sum() > 0 else 0.0
    if mean <= 0:
        return np.zeros((len(base), len(total)))
    rate = relative / mean
    goal = np.minimum(total, _SATURATED * base[rate > 0].sum())
    level = np.zeros(len(total))
    for _ in range(_STEPS):
        staying = base[:, None] * np.exp(-rate[:, None] * level)
        short = goal - (base[:, None] - staying).sum(axis=0)
        if (np.abs(short) <= _EXACT * base.sum()).all():
            break
        level = level + short / (rate[:, None] * staying).sum(axis=0)
    return np.asarray(-base[:, None] * np.expm1(-rate[:, None] * level))


def _transfers(base: Array, exits: Array, relative: Array, a_year: float, years: int) -> Array:
    """Return who changes occupation of those who stay at work; nobody where there is no other occupation."""
    mean = np.average(relative, weights=base) if base.sum() > 0 else 0.0
    yearly = np.clip(a_year * relative / mean, 0, 1) if mean > 0 else np.zeros(len(base))
    moved = np.where(base.sum() - base > 0, 1 - (1 - yearly) ** years, 0.0)
    return np.asarray(moved[:, None] * np.clip(base[:, None] - exits, 0, None))


def movers_in(transfers_out: Array, openings: Array, base: Array) -> Array:
    """Return who comes from another occupation of the region, persons, shape (occupations, draws).

    Parameters
    ----------
    transfers_out, openings : ndarray of shape (occupations, draws)
    base : ndarray of shape (occupations,)
        Persons at the base year.

    Notes
    -----
    Who leaves an occupation goes to one of the others in proportion to their gross openings: an assumption,
    for no source here says who goes where. Movers in sum to transfers out in every draw. From o to p:
    T_o · B_p / (ΣB − B_o), so p receives B_p · (Σ a − a_p) with a = T / (ΣB − B). Where the others have no
    openings, their workers take the place of these.
    """
    total = openings.sum(axis=0)
    hired = total - openings > _NOWHERE * total
    return _spread(np.where(hired, transfers_out, 0.0), openings) + _spread(
        np.where(hired, 0.0, transfers_out), base[:, None]
    )


def _spread(persons: Array, weight: Array) -> Array:
    """Spread each occupation's persons over the other occupations by weight."""
    others = weight.sum(axis=0) - weight
    each = np.divide(persons, others, out=np.zeros_like(persons), where=others > 0)
    return np.asarray(weight * (each.sum(axis=0) - each))


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
