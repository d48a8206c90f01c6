"""Two of the four questions as tables: which jobs shrink, and where the shortages are greatest.

Every row has its interval, an answer or the reason why there is none, and one sentence of its figures.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.cells import KEY, Cells
from forecasting.indicators import COVERAGE, ITA, SEEKERS_PER_OPENING
from forecasting.parameters import Parameters
from forecasting.series.panel import Array
from forecasting.suppression import CONFIDENTIAL

YES: Final = "yes"
NO: Final = "no"
OPEN: Final = "open"
ABSTAIN: Final = "abstain"
ANSWERS: Final[dict[str, str]] = {
    YES: "likely",
    NO: "unlikely",
    OPEN: "neither likely nor unlikely",
    ABSTAIN: "no answer: see reason",
}

_CELL: Final = list(KEY)
_GROUP: Final = ["region", "scenario", "horizon"]
_PERCENTS: Final = (10, 50, 90)
_INDICATORS: Final = (ITA, COVERAGE, SEEKERS_PER_OPENING)
_TIES: Final = 3
"""Decimals of a score: equal to a tenth of a per cent ties."""


def quantiles(draws: Array, prefix: str) -> dict[str, Array]:
    """Return P10, P50 and P90 over the draws, by column name."""
    values = np.quantile(draws, [percent / 100 for percent in _PERCENTS], axis=1)
    return {name: values[row] for row, name in enumerate(_names(prefix))}


def _names(prefix: str) -> list[str]:
    return [f"{prefix}_p{percent}" for percent in _PERCENTS]


def answers(probability: Array, likely: float) -> Array:
    """Return yes, no or open for each probability.

    Examples
    --------
    >>> answers(np.array([0.9, 0.5, 0.1]), 0.66).tolist()
    ['yes', 'open', 'no']
    """
    return np.select([probability >= likely, probability <= 1 - likely], [YES, NO], OPEN)


def shrinking_jobs_table(cells: Cells, base_year: int, parameters: Parameters) -> pd.DataFrame:
    """Return the published table ``shrinking_jobs``: one row per cell and aggregate.

    Parameters
    ----------
    parameters : Parameters
        ``shrinking_loss, likely, question_floor``.

    Notes
    -----
    P(ΔE < −δE) over the draws of employment (METHOD.md section 3); openings stand beside, since a job that
    shrinks still replaces who leaves. No answer where the interval contains no change and the cell is smaller
    than the floor.
    """
    index, change = cells.index, cells.expansion
    base = index["base"].to_numpy(dtype=float)
    loss = parameters["shrinking_loss"]
    frame = index[_CELL].assign(
        from_year=base_year,
        to_year=base_year + index["horizon"].astype(int),
        base=base,
        **quantiles(change, "change"),
        **quantiles(cells.gap.openings, "openings"),
        probability=(change < -loss * base[:, None]).mean(axis=1),
        reason=index["reason_employment"].astype(str),
    )
    unclear = (base < parameters["question_floor"]) & (frame["change_p10"] < 0) & (frame["change_p90"] > 0)
    frame.loc[unclear & frame["reason"].eq(""), "reason"] = "low_reliability"
    hidden = index["reason_employment"].ne("")
    frame.loc[hidden, ["base", "probability", *_names("change")]] = np.nan
    frame.loc[index["reason_openings"].ne(""), _names("openings")] = np.nan
    answer = answers(frame["probability"].to_numpy(dtype=float), parameters["likely"])
    frame["answer"] = np.where(frame["reason"].eq(""), answer, ABSTAIN)
    floor = parameters["question_floor"]
    return frame.assign(why=[_shrinking(row, loss, floor) for row in frame.to_dict("records")])


def _shrinking(row: Mapping[Hashable, Any], loss: float, floor: float) -> str:
    span = f"{row['from_year']}-{row['to_year']}"
    if np.isnan(row["change_p50"]):
        return f"{span}: no answer, {row['reason']}."
    beside = "openings unknown"
    if np.isfinite(row["openings_p50"]):
        beside = f"still about {row['openings_p50']:,.0f} openings"
    told = (
        f"{span}: {row['change_p50']:+,.0f} of {row['base']:,.0f} employed (80 %: {row['change_p10']:+,.0f} "
        f"to {row['change_p90']:+,.0f}), a loss of more than {loss:.0%} with probability "
        f"{row['probability']:.0%}; {beside}"
    )
    if row["answer"] == ABSTAIN:
        return f"{told}; no answer: fewer than {floor:,.0f} employed, and no change is within the interval."
    return f"{told}."


def shortages_table(
    cells: Cells, gaps: pd.DataFrame, indicators: pd.DataFrame, base_year: int, parameters: Parameters
) -> pd.DataFrame:
    """Return the published table ``shortages``: one row per cell, aggregates left out.

    Parameters
    ----------
    gaps, indicators : DataFrame
        Published tables of the same cells; ``state`` is taken over where `gaps` has it.
    parameters : Parameters
        ``shortage_places, likely, question_floor``.

    Notes
    -----
    Openings less supply, with the indicators of the field, each with its interval (METHOD.md section 3). The
    rank is by the median score. A rank alone says too much: beside it stands the probability to be among the
    greatest, by score and by persons; cells that tie for the last places share them. Where no more cells are
    ranked than there are places, the question has no answer.
    """
    leaf = ~cells.index["aggregate"].to_numpy(dtype=bool)
    index = cells.index[leaf].reset_index(drop=True)
    openings, supply = cells.gap.openings[leaf], cells.supply[:, leaf].sum(axis=0)
    score = np.round(np.nan_to_num(cells.gap.score[leaf], nan=-1.0), _TIES)
    without = (openings > 0).mean(axis=1) < 0.5
    reason = index["reason"].where(index["reason"].ne("") | ~without, "not_applicable").astype(str)
    small = index["base"].to_numpy(dtype=float) < parameters["question_floor"]
    frame = index[_CELL].assign(
        from_year=base_year,
        to_year=base_year + index["horizon"].astype(int),
        **quantiles(openings - supply, "shortage"),
        reason=reason,
    )
    frame = frame.join(_wide(indicators), on=_CELL)
    ranked = reason.eq("").to_numpy() & ~small
    frame = frame.assign(**_places(frame, ranked, score, openings - supply, parameters["shortage_places"]))
    frame["reason"] = reason.where(reason.ne("") | ~small, "low_reliability")
    all_of_them = frame["rank"].notna() & frame["rank_probability"].isna()
    frame["reason"] = frame["reason"].mask(all_of_them, "not_applicable")
    if "state" in gaps:
        frame = frame.join(gaps.set_index(_CELL)["state"], on=_CELL)
    else:
        frame["state"] = ""
    frame.loc[index["reason"].ne(""), _names("shortage")] = np.nan
    frame.loc[index["reason"].eq(CONFIDENTIAL), _names(COVERAGE)] = np.nan  # still told in indicators
    answer = answers(frame["rank_probability"].to_numpy(dtype=float), parameters["likely"])
    frame["answer"] = np.where(frame["reason"].eq(""), answer, ABSTAIN)
    return frame.assign(
        why=[_shortage(row, parameters["shortage_places"]) for row in frame.to_dict("records")]
    )


def _wide(indicators: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles of the indicators, a column each, indexed by cell."""
    part = indicators[indicators["indicator"].isin(_INDICATORS)]
    by_name = {str(name): rows.set_index(_CELL) for name, rows in part.groupby("indicator")}
    columns = {
        f"{name}_p{percent}": by_name[name][f"p{percent}"] for name in _INDICATORS for percent in _PERCENTS
    }
    return pd.DataFrame(columns)


def _places(
    frame: pd.DataFrame, ranked: Array, score: Array, persons: Array, places: int
) -> dict[str, Array]:
    """Return rank, cells tied with it, cells ranked, and both probabilities; NaN where not ranked."""
    names = ("rank", "tied", "ranked", "rank_probability", "rank_probability_persons")
    found = {name: np.full(len(frame), np.nan) for name in names}
    for _, rows in frame[ranked].groupby(_GROUP):
        at = rows.index.to_numpy()
        middle = pd.Series(np.round(np.median(score[at], axis=1), _TIES))
        found["rank"][at] = middle.rank(method="min", ascending=False)
        found["tied"][at] = middle.groupby(middle).transform("size") - 1
        found["ranked"][at] = len(at)
        found["rank_probability"][at] = chance_of_place(score[at], places)
        found["rank_probability_persons"][at] = chance_of_place(persons[at], places)
    return found


def chance_of_place(draws: Array, places: int) -> Array:
    """Return the probability of each row to be among the largest; rows that tie share what places are left.

    Parameters
    ----------
    draws : ndarray of shape (rows, draws)

    Returns
    -------
    ndarray of shape (rows,)
        They sum to the number of places; NaN where there are no more rows than places.

    Examples
    --------
    >>> chance_of_place(np.array([[3.0, 1.0], [2.0, 1.0], [2.0, 0.0]]), 2).tolist()
    [1.0, 0.75, 0.25]
    """
    if len(draws) <= places:
        return np.full(len(draws), np.nan)
    last = -np.sort(-draws, axis=0)[places - 1]
    above, level = draws > last, draws == last
    share = (places - above.sum(axis=0)) / level.sum(axis=0)
    return np.asarray((above + level * share).mean(axis=1))


def _shortage(row: Mapping[Hashable, Any], places: int) -> str:
    span = f"{row['from_year']}-{row['to_year']}"
    if row["reason"] == "not_applicable" and np.isnan(row["rank"]):
        return f"{span}: no openings, so nothing to be short of."
    if np.isnan(row["shortage_p50"]):
        return f"{span}: no answer, {row['reason']}."
    short = row["shortage_p50"]
    told = (
        f"{span}: {abs(short):,.0f} {'more' if short >= 0 else 'fewer'} openings than persons available "
        f"(80 %: {row['shortage_p10']:+,.0f} to {row['shortage_p90']:+,.0f})"
    )
    for name, words in ((ITA, "{:.2f} persons an opening"), (COVERAGE, "of them {:.2f} entrants")):
        if np.isfinite(row[f"{name}_p50"]):
            told += f", {words.format(row[f'{name}_p50'])}"
    if np.isnan(row["rank"]):
        return f"{told}; not ranked, {row['reason']}."
    tied = f", level with {row['tied']:.0f} others" if row["tied"] else ""
    told += f"; rank {row['rank']:.0f} of {row['ranked']:.0f} by share unfilled{tied}"
    if row["answer"] == ABSTAIN:
        return f"{told}; no more than {places} are ranked, so all are among them."
    return (
        f"{told}, among the first {places} with probability {row['rank_probability']:.0%}, by persons "
        f"{row['rank_probability_persons']:.0%}."
    )
