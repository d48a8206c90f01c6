"""The referee: a build of a simulated region held to the truth that its models never saw.

A gap can be observed in no real region. A simulation knows it, and this module, alone, reads what it knows:
``REGION.truth/``, which no command that trains opens.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import BASELINE, NET

CELL: Final = ["horizon", "region", "occupation"]
_EMPLOYMENT: Final = "employment"
_FLOWS: Final = {
    _EMPLOYMENT: "employment_year",
    "expansion": "expansion",
    "openings": "openings_net",
    "entrants": "entrants",
    "jobseekers": "jobseekers",
}
"""Figures of a snapshot in persons, and the column of the truth that holds each."""

_RATES: Final = ("score", "quantitative", "qualitative")
_PARTS: Final = {"no_person": "quantitative", "lacking_skills": "qualitative"}
"""Persons of the oracle's futures, and the part of the score that they are."""

FILES: Final = ("flows", "scores", "skill_gaps", "oracle")


def read_truth(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the truth of a simulated region.

    Raises
    ------
    InputError
        Naming every file that is missing.
    """
    missing = [f"{name}.parquet" for name in FILES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        remedy = "give the folder REGION.truth that python -m training ingest demo wrote"
        raise InputError([Problem(str(folder), f"no {', '.join(missing)}", "a truth folder", remedy)])
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in FILES}


def outcomes(truth: Mapping[str, pd.DataFrame], window: str) -> pd.DataFrame:
    """Return what happened by cell and figure: ``horizon, region, occupation, figure, value``.

    Parameters
    ----------
    window : {"future", "past"}
        The windows from the base year, or those of the same length that end there.
    """
    flows, scores = truth["flows"], truth["scores"]
    flows = flows[(flows["window"] == window) & ~flows["aggregate"]]
    scores = scores[(scores["window"] == window) & ~scores["aggregate"] & (scores["convention"] == NET)]
    persons = flows.rename(columns={column: name for name, column in _FLOWS.items()})[[*CELL, *_FLOWS]]
    rates = scores[[*CELL, *_RATES, "unfilled"]]
    return persons.merge(rates, on=CELL).melt(CELL, var_name="figure", value_name="value")


def forecasts(snapshot: Snapshot) -> pd.DataFrame:
    """Return what a build says by cell and figure: P10, P50 and P90 of the baseline."""
    frames = []
    for table, column in (("openings", "component"), ("supply", "source")):
        rows = snapshot.tables[table]
        rows = rows[(rows["scenario"] == BASELINE) & rows[column].isin(_FLOWS)]
        frames.append(rows.rename(columns={column: "figure"})[[*CELL, "figure", "p10", "p50", "p90"]])
    gaps = snapshot.tables["gaps"]
    gaps = gaps[(gaps["scenario"] == BASELINE) & ~gaps["aggregate"]]
    for figure in ("score", "unfilled"):
        named = {f"{figure}_p{percent}": f"p{percent}" for percent in (10, 50, 90)}
        frames.append(gaps[[*CELL, *named]].rename(columns=named).assign(figure=figure))
    parts = [gaps[CELL].assign(figure=part, p50=gaps[part]) for part in ("quantitative", "qualitative")]
    return pd.concat([*frames, *parts], ignore_index=True)


def yardsticks(truth: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what three others would have said of each cell and figure.

    Returns
    -------
    DataFrame
        ``persistence``: the past window again. ``naive``: the region's past figure, spread over occupations
        as employment is, and one score for all; employment stays. ``oracle``: the median of futures drawn
        by one who knows the true parameters and the state at the base year, but not the shocks; with
        ``oracle_p10`` and ``oracle_p90``.
    """
    past = outcomes(truth, "past").rename(columns={"value": "persistence"})
    sums = _naive(past)
    oracle = truth["oracle"]
    of_flows = oracle["figure"].isin(_FLOWS.values()) & (oracle["convention"] == "")
    of_scores = oracle["figure"].isin([*_RATES, "unfilled"]) & (oracle["convention"] == NET)
    oracle = oracle[of_flows | of_scores]
    names = {column: name for name, column in _FLOWS.items()}
    oracle = oracle.assign(figure=oracle["figure"].replace(names)).rename(
        columns={"p50": "oracle", "p10": "oracle_p10", "p90": "oracle_p90"}
    )
    columns = [*CELL, "figure", "oracle", "oracle_p10", "oracle_p90"]
    return past.merge(sums, on=[*CELL, "figure"]).merge(oracle[columns], on=[*CELL, "figure"], how="left")


def _naive(past: pd.DataFrame) -> pd.DataFrame:
    wide = past.set_index([*CELL, "figure"])["persistence"].unstack("figure")
    market = wide.groupby(["horizon", "region"])
    share = wide[_EMPLOYMENT] / market[_EMPLOYMENT].transform("sum")
    found = {_EMPLOYMENT: wide[_EMPLOYMENT]}
    for figure in (*list(_FLOWS)[1:], "unfilled"):
        found[figure] = market[figure].transform("sum") * share
    for rate in _RATES:
        persons = (wide[rate] * wide["openings"]).groupby(["horizon", "region"]).transform("sum")
        found[rate] = persons / market["openings"].transform("sum")
    return pd.DataFrame(found).reset_index().melt(CELL, var_name="figure", value_name="naive")


def held_to_truth(
    snapshot: Snapshot, truth: Mapping[str, pd.DataFrame], measured: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return every cell's outcome beside the forecast and the yardsticks.

    Parameters
    ----------
    measured : DataFrame, optional
        As `training.referee_measured.measured_past` returns it: the score of the past window as the region's
        own tables tell it; without it the column is empty.

    Returns
    -------
    DataFrame
        With ``flat`` too: of a rate, the median of the region's true past rates for every occupation, the
        constant that errs least.

    Notes
    -----
    Cells without a forecast (suppressed, unknown) or without an outcome (no openings) are left out: the
    table of `errors` says how many stay.
    """
    actual = outcomes(truth, "future").rename(columns={"value": "actual"})
    joined = actual.merge(forecasts(snapshot), on=[*CELL, "figure"], how="left")
    joined = joined.merge(yardsticks(truth), on=[*CELL, "figure"], how="left")
    joined["measured"] = np.nan
    if measured is not None:
        told = measured.set_index(CELL)["measured"].reindex(pd.MultiIndex.from_frame(joined[CELL]))
        joined["measured"] = np.where(joined["figure"] == "score", told.to_numpy(dtype=float), np.nan)
    middle = joined.groupby(["horizon", "region", "figure"])["persistence"].transform("median")
    joined["flat"] = middle.where(joined["figure"].isin(_RATES))
    return joined.dropna(subset=["actual", "p50", "persistence"]).reset_index(drop=True)


def errors(held: pd.DataFrame) -> pd.DataFrame:
    """Return mean absolute errors by figure and horizon: the forecast's and each yardstick's.

    Returns
    -------
    DataFrame
        ``figure, horizon, cells, model, persistence, naive, oracle``, ``measured`` and ``flat``; ``way``:
        the share of the way from persistence to the oracle, (persistence − model) / (persistence − oracle),
        and ``way_measured``, the same from the past gap as measured; ``spearman`` of the
        forecast, ``spearman_persistence``, ``spearman_oracle``; ``covered`` and ``oracle_covered``: share of
        outcomes between P10 and P90.
    """
    rows = []
    for (figure, horizon), cells in held.groupby(["figure", "horizon"], sort=False):
        missed = {
            name: float((cells[column] - cells["actual"]).abs().mean())
            for name, column in {
                "model": "p50", "persistence": "persistence", "naive": "naive", "oracle": "oracle",
                "measured": "measured", "flat": "flat",
            }.items()
        }  # fmt: skip
        room, wide = (missed[name] - missed["oracle"] for name in ("persistence", "measured"))
        rows.append(
            {"figure": figure, "horizon": horizon, "cells": len(cells)}
            | missed
            | {"way": (missed["persistence"] - missed["model"]) / room if room > 0 else np.nan}
            | {"way_measured": (missed["measured"] - missed["model"]) / wide if wide > 0 else np.nan}
            | {
                f"spearman{suffix}": _spearman(cells["actual"], cells[column])
                for suffix, column in {"": "p50", "_persistence": "persistence", "_oracle": "oracle"}.items()
            }
            | {"covered": _covered(cells, "p10", "p90")}
            | {"oracle_covered": _covered(cells, "oracle_p10", "oracle_p90")}
        )
    return pd.DataFrame(rows)


def _spearman(one: "pd.Series[float]", other: "pd.Series[float]") -> float:
    return float(one.corr(other, method="spearman")) if one.std() > 0 and other.std() > 0 else np.nan


def _covered(cells: pd.DataFrame, low: str, high: str) -> float:
    known = cells.dropna(subset=[low, high])
    return float(known["actual"].between(known[low], known[high]).mean()) if len(known) else np.nan


def causes(held: pd.DataFrame, truth: Mapping[str, pd.DataFrame], threshold: float) -> pd.DataFrame:
    """Return in which share of the cells in shortage the larger part of the gap was named.

    Parameters
    ----------
    threshold : float
        Score above which a cell is in shortage (parameter ``shortage_threshold``).

    Returns
    -------
    DataFrame
        ``horizon, shortages`` (cells in shortage), ``right``; ``persistence``: the same for the past window's
        larger part; ``oracle``: for the one that is larger in the mean over the oracle's futures. A cell
        whose qualitative part is unknown counts as wrong.
    """
    wide = held.pivot(index=CELL, columns="figure", values=["actual", "p50", "persistence"])
    short = wide[wide["actual", "score"] > threshold]
    foreseen = truth["oracle"]
    foreseen = foreseen[foreseen["figure"].isin(_PARTS) & (foreseen["convention"] == NET)]
    parts = foreseen.pivot(index=CELL, columns="figure", values="mean").rename(columns=_PARTS)
    parts = parts.reindex(index=short.index, columns=list(_PARTS.values()))
    named = {
        "right": pd.DataFrame(short["p50"]),
        "persistence": pd.DataFrame(short["persistence"]),
        "oracle": parts,
    }
    true = short["actual", "quantitative"] > short["actual", "qualitative"]
    right = {
        name: said["qualitative"].notna() & ((said["quantitative"] > said["qualitative"]) == true)
        for name, said in named.items()
    }
    cells = pd.DataFrame(right).groupby(level="horizon")
    found = cells.mean().assign(shortages=cells.size()).reset_index()
    return found[["horizon", "shortages", "right", "persistence", "oracle"]]


def skill_order(snapshot: Snapshot, truth: Mapping[str, pd.DataFrame], least: int = 5) -> pd.DataFrame:
    """Return how well skills are ordered within occupations, by persons lacking: mean Spearman over cells.

    Parameters
    ----------
    least : int
        Skills with an outcome that a cell must have.
    """
    key = [*CELL, "skill"]
    true = truth["skill_gaps"]
    future = true[true["window"] == "future"].set_index(key)["persons"].rename("actual")
    past = true[true["window"] == "past"].set_index(key)["persons"].rename("persistence")
    rows = snapshot.tables["skill_gaps"]
    said = rows[rows["scenario"] == BASELINE].set_index(key)["unfilled"].rename("model")
    beside = pd.concat([future, past, said], axis=1, join="inner").dropna()
    found = []
    for horizon, skills in beside.groupby("horizon"):
        cells = skills.groupby(["region", "occupation"]).filter(lambda cell: len(cell) >= least)
        order = pd.DataFrame(cells.groupby(["region", "occupation"]).rank())
        mean = {name: float(_correlation(order, "actual", name).mean()) for name in ("model", "persistence")}
        found.append({"horizon": horizon, "cells": cells.groupby(["region", "occupation"]).ngroups} | mean)
    return pd.DataFrame(found, columns=["horizon", "cells", "model", "persistence"])


def _correlation(ranks: pd.DataFrame, one: str, other: str) -> "pd.Series[float]":
    """Return Pearson's correlation of ranks within each region and occupation."""
    cell = ["region", "occupation"]
    centred = ranks - ranks.groupby(cell).transform("mean")
    products = pd.DataFrame(
        {"both": centred[one] * centred[other], "one": centred[one] ** 2, "other": centred[other] ** 2}
    )
    sums = products.groupby(cell).sum()
    return pd.Series(sums["both"] / np.sqrt(sums["one"] * sums["other"]))
