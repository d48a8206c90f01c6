"""Take quantiles, once, and lay the draws out as the published tables."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.cells import KEY, Cells
from forecasting.gap_sentences import Persons, why
from forecasting.gap_states import rank_intervals, states
from forecasting.gaps import TOLERANCE, gap, share_of_openings
from forecasting.parameters import Parameters
from forecasting.series.panel import Array
from forecasting.suppression import CONFIDENTIAL
from forecasting.vocabulary import ENTRANTS, JOBSEEKERS, SHORT_TERM

PERCENTS = (10, 50, 90)
CELL = list(KEY)


def score_reasons(cells: Cells) -> "pd.Series[str]":
    """Return why each cell has no score: its own reason, or that it has no openings in most draws."""
    without = (cells.gap.openings > 0).mean(axis=1) < 0.5
    reason = cells.index["reason"].where(cells.index["reason"].ne("") | ~without, "not_applicable")
    return reason.astype(str)


def gaps_table(
    cells: Cells, base_year: int, tested: Mapping[int, str], parameters: Parameters
) -> pd.DataFrame:
    """Return the published table ``gaps``.

    Parameters
    ----------
    tested : mapping of int to str
        What the employment forecast was tested on, by horizon.
    """
    found, reason = cells.gap, score_reasons(cells)
    horizon = cells.index["horizon"].astype(int)
    known = np.asarray(~found.unknown.any(axis=1))
    frame = cells.index[[*CELL, "aggregate"]].assign(
        from_year=base_year,
        to_year=base_year + horizon,
        **_scores(cells, known, parameters["shortage_threshold"]),
        **_persons(cells, horizon),
        reliability=_reliability(cells.index["base"], horizon.map(tested), parameters["reliability"]),
        backtest="employment: " + horizon.map(tested),
        reason=reason,
    )
    frame.loc[reason.ne(""), list(OF_SCORE)] = np.nan
    frame.loc[reason.ne(""), ["qualitative_reason", "covers"]] = ""
    for reasons, columns in HIDDEN_BY.items():
        hidden = cells.index[list(reasons)].map(bool).any(axis=1)
        frame[columns] = frame[columns].mask(hidden)
    of_openings = ["openings", "share_of_draws_with_openings"]
    frame[of_openings] = frame[of_openings].mask(reason.eq(CONFIDENTIAL))  # still told in the table openings
    frame["rank"] = _rank(frame)
    frame = frame.join(rank_intervals(found.score, frame, frame["rank"].notna().to_numpy()))
    supply, rule = cells.supply.sum(axis=0), parameters["state_rule"]
    limits = parameters["shortage_threshold"], parameters["surplus_band"]
    frame = frame.join(states(found, supply, frame["reliability"], reason, *limits, rule))
    return frame.join(_why(frame, cells, parameters["untold_draws"]))


OF_SCORE: Final = (
    "score",
    "score_p10",
    "score_p50",
    "score_p90",
    "quantitative",
    *(f"quantitative_p{percent}" for percent in PERCENTS),
    "qualitative",
    *(f"qualitative_p{percent}" for percent in PERCENTS),
    "score_at_mean_inputs",
    "probability_of_shortage",
)
_OF_SUPPLY: Final = (f"reason_{ENTRANTS}", f"reason_{JOBSEEKERS}")
HIDDEN_BY: Final = {
    ("reason_openings",): ["openings", "share_of_draws_with_openings"],
    _OF_SUPPLY: ["supply"],
    ("reason_openings", *_OF_SUPPLY): [
        "unfilled",
        "unfilled_p10",
        "unfilled_p50",
        "unfilled_p90",
        "annual_balance",
    ],
}
"""Figures in persons, by the reasons that hide them."""


def _scores(cells: Cells, known: NDArray[np.bool_], threshold: float) -> dict[str, Any]:
    found, score = cells.gap, cells.gap.score
    with_openings = found.openings > 0
    short = np.where(with_openings, score > threshold, np.nan)
    nobody = share_of_openings(found.no_person, found.openings)
    skills = np.where(known[:, None], share_of_openings(found.lacking_skills, found.openings), np.nan)
    some = _mean(score) - _mean(nobody) > TOLERANCE
    return {
        "score": _mean(score),
        **_quantiles(score, "score_"),
        "quantitative": _mean(nobody),
        **_quantiles(nobody, "quantitative_"),
        "qualitative": _mean(skills),
        **_quantiles(skills, "qualitative_"),
        "qualitative_reason": np.where(known, "", "unavailable"),
        "covers": np.select([known, some], ["both", "partly"], "quantitative"),
        "score_at_mean_inputs": _score_at_mean_inputs(cells),
        "probability_of_shortage": _mean(short),
        "share_of_draws_with_openings": with_openings.mean(axis=1),
    }


def _persons(cells: Cells, horizon: "pd.Series[int]") -> dict[str, Any]:
    found, supply = cells.gap, cells.supply.sum(axis=0)
    return {
        "openings": found.openings.mean(axis=1),
        "supply": supply.mean(axis=1),
        "unfilled": found.unfilled.mean(axis=1),
        **_quantiles(found.unfilled, "unfilled_"),
        "annual_balance": (found.openings - supply).mean(axis=1) / horizon,
    }


def _mean(draws: Array) -> Array:
    """Return the mean over the draws that have a value; NaN where none has."""
    valid = ~np.isnan(draws)
    total = np.where(valid, draws, 0).sum(axis=1)
    return np.divide(total, valid.sum(axis=1), out=np.full(len(draws), np.nan), where=valid.any(axis=1))


def _quantiles(draws: Array, prefix: str = "") -> dict[str, Array]:
    empty = np.asarray(np.isnan(draws).all(axis=1))
    safe = np.where(empty[:, None], 0.0, draws)
    levels = np.array(PERCENTS) / 100
    values = np.quantile(safe, levels, axis=1)
    some = np.isnan(values[0])  # with NaN among the draws
    if some.any():
        values[:, some] = np.nanquantile(safe[some], levels, axis=1)
    return {
        f"{prefix}p{percent}": np.where(empty, np.nan, values[row]) for row, percent in enumerate(PERCENTS)
    }


def _score_at_mean_inputs(cells: Cells) -> Array:
    """Return the score at mean employment, retention and supply; an aggregate is no cell and has none."""
    central = cells.index["central_openings"].to_numpy(dtype=float)
    found = gap(np.nan_to_num(central), cells.supply.mean(axis=2), cells.lack.mean(axis=2))
    return np.where(np.isnan(central), np.nan, found.score)


def _reliability(persons: pd.Series, tested: pd.Series, bounds: Mapping[str, float]) -> Array:
    """Judge a cell by its size, and never call a horizon good that was not backtested."""
    low = persons < bounds["sceptical"]
    caution = (persons < bounds["caution"]) | tested.str.startswith("not backtested")
    return np.select([low, caution], ["sceptical", "caution"], "good")


def _rank(frame: pd.DataFrame) -> pd.Series:
    """Rank cells by median score within region, scenario and horizon; equal to a tenth of a per cent ties.

    Cells too small for anything but scepticism have a score, but no rank.
    """
    cells = frame[~frame["aggregate"] & frame["score_p50"].notna() & (frame["reliability"] != "sceptical")]
    rounded = cells["score_p50"].round(3)
    rank = rounded.groupby([cells["region"], cells["scenario"], cells["horizon"]]).rank(
        method="min", ascending=False
    )
    return rank.reindex(frame.index)


def _why(frame: pd.DataFrame, cells: Cells, untold: float) -> pd.DataFrame:
    replaced = (cells.younger + cells.older).mean(axis=1)
    supply = {source: cells.supply[number].mean(axis=1) for number, source in enumerate(cells.sources)}
    persons = [Persons(*means) for means in zip(replaced, supply[ENTRANTS], supply[JOBSEEKERS], strict=True)]
    told = {
        column: [
            why(row, also, untold, language)
            for row, also in zip(frame.to_dict("records"), persons, strict=True)
        ]
        for column, language in (("why", "en"), ("why_nl", "nl"))
    }
    return pd.DataFrame(told, index=frame.index)


def component_table(
    index: pd.DataFrame, name: str, draws: Mapping[str, Array], reasons: Mapping[str, str]
) -> pd.DataFrame:
    """Return mean and quantiles of named components of every cell, null with a reason where unknown.

    Parameters
    ----------
    name : str
        Column that names the component.
    draws : mapping of str to ndarray of shape (cells, draws)
    reasons : mapping of str to str
        Column of the index that says why a component is unknown.
    """
    frames = []
    for component, values in draws.items():
        why = index[reasons[component]]
        figures = pd.DataFrame({"mean": values.mean(axis=1), **_quantiles(values)}).where(why.eq(""))
        frames.append(pd.concat([index[CELL], figures], axis=1).assign(**{name: component}, reason=why))
    return pd.concat(frames, ignore_index=True)


def openings_table(cells: Cells) -> pd.DataFrame:
    """Return the published table ``openings``.

    New jobs are expansion where it is positive, draw by draw: they and replacement add up to openings, also
    in the mean. Noise alone makes some of them, even where the expected change is zero.
    """
    components = {
        "employment": cells.employment,
        "expansion": cells.expansion,
        "new_jobs": np.clip(cells.gap.openings - cells.younger - cells.older, 0, None),
        "replacement_25_54": cells.younger,
        "replacement_55_plus": cells.older,
        "openings": cells.gap.openings,
    }
    reasons = dict.fromkeys(components, "reason_openings")
    reasons |= dict.fromkeys(("employment", "expansion"), "reason_employment")
    return component_table(cells.index, "component", components, reasons)


def supply_table(cells: Cells) -> pd.DataFrame:
    """Return the published table ``supply``: every source, and of the job seekers the short-term if known.

    The rows of the sources add up to the supply of the score; short-term job seekers are among the job
    seekers, not beside them.
    """
    sources = dict(zip(cells.sources, cells.supply, strict=True))
    reasons = {source: f"reason_{source}" for source in cells.sources}
    index, recent = cells.index, cells.index["short_term"].to_numpy(dtype=float)
    if np.isfinite(recent).any():
        why = index[f"reason_{JOBSEEKERS}"]
        why = why.where(why.ne("") | np.isfinite(recent), "unavailable")
        index, reasons[SHORT_TERM] = index.assign(reason_short_term=why), "reason_short_term"
        sources[SHORT_TERM] = np.nan_to_num(recent)[:, None]
    return component_table(index, "source", sources, reasons)
