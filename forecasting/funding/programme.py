"""One allocation from end to end: applications, law and a release's weights in, euros with their reasons out.

Pure: the same tables, rules and budget give the same result, whoever asks and whenever.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.allocation import Allocation, distribute
from forecasting.funding.applications import Applications, Cents
from forecasting.funding.conditioned import FAIREST, NEAREST, RULES, Conditioned
from forecasting.funding.conditions import Declared, in_force
from forecasting.funding.divided import Worth, divide, refuse_many
from forecasting.funding.in_force import COURSE_WEIGHTS, KEPT, Carry, kept, tables_in_force
from forecasting.funding.law import Legal, judged
from forecasting.funding.law_rules import Rulebook
from forecasting.funding.programme_columns import checked
from forecasting.funding.programme_limits import MATCHED, Limits, limits_of, previous_cents
from forecasting.funding.programme_rows import SIZES, group_factors, sizes_of, told
from forecasting.funding.programme_weights import weighed
from forecasting.funding.resampled import probability_of_top, quantiles
from forecasting.funding.universalism import base_per_head
from forecasting.funding.weights import WeightRule
from forecasting.parameters import Parameters
from forecasting.series.panel import Array


@dataclass(frozen=True)
class Call:
    """What is to be divided, over whom, by which rules.

    Parameters
    ----------
    day : date
        Of the decision: law and parameters are those of this day.
    budget : int
        Cents, more than 0.
    applications, grants, courses : DataFrame
        Columns of `forecasting.funding.programme_columns.ASKED`, `forecasting.funding.law_columns.GRANTS` and
        the canonical table ``courses``.
    previous : DataFrame or None
        ``undertaking, region, course, cents`` of the last period; None without change limits.
    register : DataFrame or None
        ``undertaking`` of all that may apply; None where nobody keeps one.
    universal : bool
        Progressive universalism: everybody who is eligible gets a base per head first.
    size : str
        One of `SIZES`: what a weight is multiplied by.
    carry : Carry or None
        Budget period and the former period's weights; None takes the release's weights as they are.
    conditions : DataFrame or None
        Columns of `forecasting.funding.conditions.CONDITIONS`; None for none.
    rule : str
        One of `forecasting.funding.conditioned.RULES`.
    """

    day: dt.date
    budget: int
    applications: pd.DataFrame
    grants: pd.DataFrame
    courses: pd.DataFrame
    previous: pd.DataFrame | None
    register: pd.DataFrame | None
    universal: bool
    size: str
    carry: Carry | None = None
    conditions: pd.DataFrame | None = None
    rule: str = NEAREST


@dataclass(frozen=True)
class Basis:
    """The release and the rules that a call is decided on.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Published tables ``skills, occupations, skill_weights, weights``.
    lacking : ndarray of shape (rows of ``skill_weights``, draws)
        Kept draws ``lacking_skills``.
    weighing : Parameters
        Those of the release: the rule that its weights were made by.
    dividing : Parameters
        Those of the day of the decision.
    law : Rulebook
        Of the same day.
    """

    tables: Mapping[str, pd.DataFrame]
    lacking: NDArray[np.floating]
    weighing: Parameters
    dividing: Parameters
    law: Rulebook

    @property
    def rule(self) -> WeightRule:
        """Return the rule of the weights."""
        return WeightRule.of(self.weighing, rules.SKILL)


@dataclass(frozen=True)
class Decision:
    """An allocation with everything that it rests on; rows and arrays in the order of the applications' ids.

    Parameters
    ----------
    table : DataFrame
        One row an application; see `forecasting.funding.programme_tables.COLUMNS`.
    legal : Legal
    limits : Limits
    above : Allocation
        How what is above the base was divided.
    scores : DataFrame
        Course scores of every region asked for.
    draws : int
        Kept draws that the intervals rest on.
    baseline : ndarray of int64
        Cents by participation alone: the same law and budget, every weight 1.
    in_force : mapping of str to DataFrame
        `forecasting.funding.in_force.KEPT`: the weights of the budget period; empty where none is given.
    declared : tuple of Declared
        Conditions in force on the day.
    under : Conditioned or None
        How they were kept; None where there are none and the rule is proportional.
    kept : mapping of str to float
        Share of the draws in which each condition is kept.
    """

    table: pd.DataFrame
    legal: Legal
    limits: Limits
    above: Allocation
    scores: pd.DataFrame
    draws: int
    baseline: Cents
    in_force: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    declared: tuple[Declared, ...] = ()
    under: Conditioned | None = None
    kept: Mapping[str, float] = field(default_factory=dict)


def decide(call: Call, basis: Basis) -> Decision:
    """Divide a budget over applications.

    Raises
    ------
    InputError
        With every problem of the tables, or floors that the budget does not pay, with the amounts.
    ForecastingError
        If the size is unknown, or release and rules do not fit.
    """
    for name, given, known in (("size", call.size, SIZES), ("rule", call.rule, RULES)):
        if given not in known:
            raise ForecastingError(f"{name} {given!r}; expected one of {', '.join(known)}. Do: correct it.")
    asked, cases, ledger = checked(
        call.applications, call.grants, call.courses, basis.law, markets(basis), basis.rule, call.register
    )
    legal = judged(cases, ledger, basis.law, call.day)
    tables = tables_in_force(basis.tables, call.carry, basis.weighing)
    scores, drawn = weighed(asked, call.courses, tables, basis.lacking, basis.weighing, call.carry)
    found = told(asked, legal, scores)
    sizes = sizes_of(found, call.size)
    factors = group_factors(found, basis.rule)
    weights = found["course_weight"].to_numpy(dtype=float) * factors
    # Never below a course's weight: while one is carried towards zero it may pass below the floor.
    weights = np.minimum(weights, basis.rule.cap).round(6).astype(np.float64)
    caps = legal.applications["cap_cents"].to_numpy(dtype=np.int64)
    previous = (
        None if call.previous is None else previous_cents(found[["id", *MATCHED]], sizes, call.previous)
    )
    heads = found["participants"].to_numpy(dtype=np.int64)
    limits = limits_of(
        caps,
        legal.shared_caps(),
        _bases(call, heads, caps, basis.dividing),
        previous,
        float(basis.dividing["allocation_change_limit"]),
    )
    declared = () if call.conditions is None else in_force(call.conditions, found, call.day, call.budget)
    if call.rule == FAIREST:
        refuse_many(len(found), int(basis.dividing["fairest_largest"]))
    drawn *= factors
    np.minimum(drawn, basis.rule.cap, out=drawn)
    shared = divide(call.budget, found, Worth(weights, drawn, sizes), limits, declared, call.rule)
    above, amounts = shared.above, shared.amounts
    alone = limits_of(caps, legal.shared_caps(), np.zeros_like(caps), None, 0.0)
    baseline = distribute(
        call.budget, Applications(tuple(found["id"]), sizes, alone.floors, alone.caps, alone.groups)
    ).cents
    found = found.assign(
        group_factor=factors,
        weight=weights,
        size=sizes,
        previous_cents=pd.array([pd.NA] * len(found) if previous is None else previous, dtype="Int64"),
    )
    table = _rows(found, limits, above, _moved(amounts, basis.dividing), baseline)
    weighed_by = {}
    if call.carry is not None:
        weighed_by = {
            name: kept(name, scores if name == COURSE_WEIGHTS else tables[name], call.carry) for name in KEPT
        }
    asked_for = pd.MultiIndex.from_frame(found[["region", "course"]])
    used = pd.MultiIndex.from_frame(scores[["region", "course"]]).isin(asked_for)
    scores = scores[used].reset_index(drop=True)
    told_of = (declared, shared.under, shared.kept)
    return Decision(table, legal, limits, above, scores, len(amounts), baseline, weighed_by, *told_of)


def markets(basis: Basis) -> list[str]:
    """Return the regions that a release has weights for, sorted."""
    return sorted(basis.tables["weights"]["region"].astype(str).unique())


def _bases(call: Call, heads: NDArray[np.int64], caps: Cents, parameters: Parameters) -> Cents:
    """Return the base of each application: a declared share of the budget, equal per eligible head."""
    if not call.universal:
        return np.zeros(len(heads), dtype=np.int64)
    lawful = np.where(caps > 0, heads, 0)
    return lawful * base_per_head(call.budget, lawful, parameters["universal_base_share"])


def _moved(amounts: Array, parameters: Parameters) -> dict[str, Array]:
    """Return how far each amount moves under the draws, as columns of the result."""
    low, high = parameters["allocation_interval"]
    places = max(1, round(amounts.shape[1] * parameters["allocation_top_share"]))
    names = ("p_low_cents", "p50_cents", "p_high_cents")
    found = dict(zip(names, np.round(quantiles(amounts, (low, high)), 2), strict=True))
    return found | {"probability_top": np.round(probability_of_top(amounts, places), 6)}


def _rows(
    found: pd.DataFrame, limits: Limits, above: Allocation, moved: Mapping[str, Array], baseline: Cents
) -> pd.DataFrame:
    """Return the rows of the result."""
    cents = limits.base + above.cents
    share = np.array([float(own) for own in above.shares]) + limits.base
    bound = np.where(found["refused"], "law", np.array(above.bound, dtype=object))
    table: Any = found.assign(
        base_cents=limits.base,
        floor_cents=limits.floors,
        cap_cents=limits.caps,
        change_limit_gave_way=limits.gave_way,
        weighted_size=found["weight"] * found["size"],
        share_cents=share,
        cents=cents,
        euros=[f"{own // 100}.{own % 100:02d}" for own in cents.tolist()],
        rounding_cents=cents - share,
        bound=bound.astype(str),
        **moved,
        participation_cents=baseline,
    )
    return table
