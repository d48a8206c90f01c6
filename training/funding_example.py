"""A worked example: one budget over the courses of a simulated region, by participation and by demand.

Like the referee it reads the truth, only to count what each allocation would close. Assumed, alike for all:

- A place costs the course's price, all of it paid. A declared share of trainees would have trained anyway.
- Each other trainee learns all that the course teaches, whatever its hours, and takes one opening of a target
  occupation in the region (of any, where the course names none), as often as these have openings within the
  window. Whether that opening lacks what the course teaches is then a matter of the truth's averages.
- Trainees come on top of the supply that the truth counts; nobody's place falls empty elsewhere.
- Nobody refuses for working conditions or moves between regions; employers and courses change nothing else.

So the figures say which allocation buys more of what is missing, not what training does to a labour market:
the simulation trains nobody. The present steering pays every place alike: its money follows enrolments times
price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.funding import weights as rules
from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications, Cents
from forecasting.funding.closing import closed, spread_over
from forecasting.funding.course_draws import drawn_shares, drawn_weights
from forecasting.funding.courses import Needs, needs_of, score_courses
from forecasting.funding.deadweight import TOTAL, deadweight_table
from forecasting.funding.equity import concentration_index, share_to_neediest
from forecasting.funding.limits import change_limits
from forecasting.funding.linear import best_value
from forecasting.funding.resampled import resampled_amounts
from forecasting.funding.weights import WeightRule
from forecasting.parameters import Parameters
from forecasting.series.panel import Array
from forecasting.snapshot import Snapshot
from training.funding_market import Market

BUDGET: Final = 4_500_000_000
"""Cents: 45 million euros."""
MILLION: Final = 100_000_000
"""Cents."""

PARTICIPATION: Final = "participation"
LIMITED: Final = "demand, first year"
STEERED: Final = "demand"
INFORMED: Final = "demand, gap known"
BEST: Final = "most closed, gap known"
ALLOCATIONS: Final[dict[str, str]] = {
    PARTICIPATION: "money follows enrolments times price",
    LIMITED: "times the release's course weights, within the change limit against participation",
    STEERED: "times the release's course weights, without change limit",
    INFORMED: "times the weights that the same rule gives where the true gap is known",
    BEST: "by what a place truly closes for its price, each as if it were the first: no rule",
}


@dataclass(frozen=True)
class Allocated:
    """What each unit gets.

    Parameters
    ----------
    cents : mapping of str to ndarray of int64, shape (units,)
        By allocation.
    drawn : mapping of str to ndarray of shape (draws, units)
        Of the allocations that rest on the forecast: cents, were each draw's weights used.
    weights : DataFrame
        A row a unit: ``weight`` and its ``ground`` by the release, ``true_weight`` by the true gap.
    """

    cents: Mapping[str, Cents]
    drawn: Mapping[str, Array]
    weights: pd.DataFrame


def allocated(
    snapshot: Snapshot, market: Market, asked: Cents, budget: int, parameters: Parameters
) -> Allocated:
    """Divide the budget in every way of `ALLOCATIONS`, each within what is asked.

    Parameters
    ----------
    asked : ndarray of int64, shape (units,)
        Cents: cost of the places asked for.
    budget : int
        Cents.
    parameters : Parameters
        ``weight_rule, weight_topups, course_rule, training_pace, short_training, allocation_change_limit,
        deadweight_shares``.
    """
    used, drawn = forecast_weights(snapshot, market, parameters)
    used["true_weight"] = true_weights(snapshot, market, parameters)
    weights, known = (used[name].to_numpy(dtype=float) for name in ("weight", "true_weight"))
    nothing, ids, size = np.zeros_like(asked), market.ids, asked.astype(float)
    present = distribute(budget, Applications(ids, size, nothing, asked)).cents
    limit = change_limits(present, float(parameters["allocation_change_limit"]), nothing, asked)
    limited = Applications(ids, weights * size, limit.floors, limit.caps)
    free = Applications(ids, weights * size, nothing, asked)
    informed = Applications(ids, known * size, nothing, asked)
    value = first_places(market, parameters) / np.tile(market.price, len(market.regions)) * MILLION
    best = best_value(budget, value, Applications(ids, size, nothing, asked))
    return Allocated(
        {
            PARTICIPATION: present,
            LIMITED: distribute(budget, limited).cents,
            STEERED: distribute(budget, free).cents,
            INFORMED: distribute(budget, informed).cents,
            BEST: best.cents,
        },
        {
            LIMITED: resampled_amounts(budget, limited, drawn * size),
            STEERED: resampled_amounts(budget, free, drawn * size),
        },
        used,
    )


def forecast_weights(
    snapshot: Snapshot, market: Market, parameters: Parameters
) -> tuple[pd.DataFrame, Array]:
    """Return ``weight, ground`` of each unit by the release, and its weights by each kept draw.

    Neutral in a region of which the release knows no skill.
    """
    lacking, tables = snapshot.draws["lacking_skills"], snapshot.tables
    neutral = WeightRule.of(parameters, rules.SKILL).neutral
    weights, drawn, count = [], [], len(market.offered.codes)
    for region in market.regions:
        if not tables["skill_weights"]["region"].eq(region).any():
            weights.append(pd.DataFrame({"weight": [neutral] * count, "ground": rules.NEUTRAL}))
            drawn.append(np.full((lacking.shape[1], count), neutral))
            continue
        needs = needs_of(market.offered, region, tables["skill_weights"], tables["weights"])
        scores = score_courses(market.offered, needs, parameters)
        shares = drawn_shares(market.offered, region, tables["skill_weights"], lacking)
        weights.append(scores[["weight", "ground"]])
        drawn.append(drawn_weights(market.offered, needs, scores, shares, parameters))
    return pd.concat(weights, ignore_index=True), np.concatenate(drawn, axis=1)


def true_weights(snapshot: Snapshot, market: Market, parameters: Parameters) -> Array:
    """Return the weight of each unit by the same rule, fed with the true gap: a perfect forecast's."""
    marked = snapshot.tables["skills"].set_index("code").reindex(list(market.offered.skills))
    topped = WeightRule.of(parameters, rules.SKILL).topups
    inside = {name: np.asarray(marked[name].eq(True).fillna(False), dtype=float) for name in topped}
    taught = np.asarray(market.offered.teaches.sum(axis=0)).ravel() > 0
    found = []
    for row, region in enumerate(market.regions):
        asked, lacking = market.asked[row], market.lacking[row]
        share = np.divide(lacking, asked, out=np.zeros_like(asked), where=asked > 0)
        needs = Needs(
            region,
            market.years,
            np.minimum(share, 1.0),
            np.where(taught, market.importance * lacking, 0.0),
            asked,
            np.zeros(len(asked), dtype=bool),
            inside,
            (market.unfilled[row] > 0).astype(float),
            None,
        )
        found.append(score_courses(market.offered, needs, parameters)["weight"].to_numpy(dtype=float))
    return np.concatenate(found)


def education(occupation: str) -> str:
    """Return the level of an occupation of ISCO-08: its skill level 1, 2, or 3 and 4.

    Examples
    --------
    >>> education("9112"), education("5223"), education("2512")
    ('low', 'middle', 'high')
    """
    return "low" if occupation[:1] == "9" else "high" if occupation[:1] in "123" else "middle"


def deadweight_groups(market: Market) -> list[str]:
    """Return the group of declared deadweight of each occupation."""
    return ["low_skilled" if education(code) == "low" else "others" for code in market.offered.occupations]


def additional(market: Market, parameters: Parameters, case: str = "central") -> Array:
    """Return the share of trainees who would not have trained anyway, by occupation."""
    declared = parameters["deadweight_shares"]
    return np.array([1 - declared[group][case] for group in deadweight_groups(market)])


def first_places(market: Market, parameters: Parameters) -> Array:
    """Return the openings that the first place of each unit would close."""
    share = additional(market, parameters)
    need = true_scores(market)
    return np.concatenate(
        [(each.spread * share * each.taught) @ need[row] for row, each in enumerate(market.seats)]
    )


def true_scores(market: Market) -> Array:
    """Return the share of openings that truly stay unfilled, (regions, occupations); 0 without openings."""
    openings = market.openings
    return np.divide(market.unfilled, openings, out=np.zeros_like(openings), where=openings > 0)


def closed_openings(
    market: Market, cents: Array | Cents, parameters: Parameters, *, led: bool = False, case: str = "central"
) -> Array:
    """Return the unfilled openings that amounts would close in all regions.

    Parameters
    ----------
    cents : ndarray of shape (cases, units)
    led : bool
        As `forecasting.funding.closing.closed`.
    case : str
        Which declared deadweight.

    Returns
    -------
    ndarray of shape (cases,)
    """
    trainees = market.by_region(np.asarray(cents, dtype=float)) / market.price
    added = additional(market, parameters, case)
    return np.asarray(
        sum(
            closed(trainees[:, row], each, added, led=led).sum(axis=1)
            for row, each in enumerate(market.seats)
        )
    )


def by_cell(market: Market, figures: Array | Cents) -> Array:
    """Return a figure of units by region and occupation of those who sit there; its sum stays.

    Parameters
    ----------
    figures : ndarray of shape (units,)
        Cents or persons. A course whose targets have no openings counts where its workers are.

    Returns
    -------
    ndarray of shape (regions, occupations)
    """
    parts = []
    for row, each in enumerate(market.seats):
        aimed = spread_over(market.offered.targets.toarray(), np.maximum(market.employed[row], 1.0))
        seated = np.where(each.spread.sum(axis=1, keepdims=True) > 0, each.spread, aimed)
        parts.append(market.by_region(figures.astype(float))[row] @ seated)
    return np.array(parts)


def summary(market: Market, found: Allocated, parameters: Parameters) -> pd.DataFrame:
    """Return one row per allocation.

    Returns
    -------
    DataFrame
        ``allocation, cents``; ``unpaid`` (share of the units with nothing); ``trainees``;
        ``additional`` (central), ``cost_per_additional`` (cents) and ``…_low, …_high``; ``closed`` openings
        and ``per_million`` euros, with ``…_p10, …_p90`` over the forecast's draws (null where no forecast is
        used); ``per_million_led``; ``times`` participation with ``times_p10, times_p90``;
        ``concentration_index`` with ``…_p10, …_p90``, ``share_to_neediest``; of what rests on the forecast
        ``neutral`` (share of the weights that are, for nothing is known) and ``agreement`` (rank correlation
        of the weights with those by the true gap).

    Notes
    -----
    Weights rest on the cautious quantile of all draws, an interval on each draw's own weights: the figure
    need not lie inside it. Need is the true score, heads are workers.
    """
    rows = []
    need, heads = true_scores(market).ravel(), market.employed.ravel()
    part, base = parameters["neediest_part"], float("nan")
    for name, cents in found.cents.items():
        got = float(closed_openings(market, cents[None], parameters)[0])
        base = got if name == PARTICIPATION else base
        million = float(cents.sum()) / MILLION
        money = by_cell(market, cents).ravel()
        row = {
            "allocation": name,
            "cents": int(cents.sum()),
            "unpaid": float((cents == 0).mean()),
            **_trainees(market, cents, parameters),
            "closed": got,
            "per_million": got / million,
            "per_million_led": float(closed_openings(market, cents[None], parameters, led=True)[0]) / million,
            "times": got / base,
            "concentration_index": concentration_index(money, need, heads),
            "share_to_neediest": share_to_neediest(money, need, part, heads),
        }
        if name in found.drawn:
            row |= _spread(market, found.drawn[name], base, million, parameters)
            row["neutral"] = float(found.weights["ground"].eq(rules.NEUTRAL).mean())
            row["agreement"] = _agreement(found.weights)
        rows.append(row)
    return pd.DataFrame(rows)


def _agreement(weights: pd.DataFrame) -> float:
    own, true = weights["weight"], weights["true_weight"]
    varied = own.std() > 0 and true.std() > 0
    return float(own.corr(true, method="spearman")) if varied else float("nan")


def _trainees(market: Market, cents: Cents, parameters: Parameters) -> dict[str, float]:
    places = by_cell(market, cents / np.tile(market.price, len(market.regions)))
    money: Cents = np.round(by_cell(market, cents)).astype(np.int64)
    groups = deadweight_groups(market) * len(market.regions)
    table = deadweight_table(money.ravel(), places.ravel(), groups, parameters["deadweight_shares"])
    whole = table.set_index("group").loc[TOTAL]
    return {
        "trainees": float(whole["trainees"]),
        "additional": float(whole["additional_central"]),
        "cost_per_additional": float(whole["cost_per_additional_central"]),
        "cost_per_additional_low": float(whole["cost_per_additional_low"]),
        "cost_per_additional_high": float(whole["cost_per_additional_high"]),
    }


def _spread(
    market: Market, drawn: Array, base: float, million: float, parameters: Parameters
) -> dict[str, float]:
    low, high = parameters["allocation_interval"]
    got = closed_openings(market, drawn, parameters)
    need, heads = true_scores(market).ravel(), market.employed.ravel()
    index = [concentration_index(by_cell(market, each).ravel(), need, heads) for each in drawn]
    found = {"per_million": got / million, "times": got / base, "concentration_index": np.array(index)}
    return {
        f"{name}_{end}": float(np.quantile(values, at))
        for name, values in found.items()
        for end, at in (("p10", low), ("p90", high))
    }
