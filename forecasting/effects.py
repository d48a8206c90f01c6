"""What moved and why: each scenario's figures less the baseline's, cell by cell, and a sentence on it."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.cells import KEY
from forecasting.published import PUBLISHED
from forecasting.retirement import Reform, Retirement
from forecasting.scenarios import Scenario
from forecasting.suppression import CONFIDENTIAL
from forecasting.vocabulary import BASELINE

_OF_GAPS: Final = ("openings", "supply", "unfilled", "score_p50")
_OF_OPENINGS: Final = ("employment", "new_jobs", "replacement_25_54", "replacement_55_plus")
EFFECTS: Final = ("employment", "new_jobs", "replacement", "replacement_55_plus", *_OF_GAPS)
"""Figures whose difference to the baseline is published."""

_UNMOVED: Final = 1e-7
"""Log points a year: less is what floating point leaves of another order of summing."""


def scenario_effects(
    tables: Mapping[str, pd.DataFrame], scenarios: Sequence[Scenario], retirement: Retirement
) -> pd.DataFrame:
    """Return the published table ``scenario_effects``.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The published tables ``gaps`` and ``openings``, every scenario in them: differences are of what is
        published, so that what is suppressed there is null here.
    retirement : Retirement
        Reforms that apply to the region, for the scenarios that let them bind.
    """
    cell = [name for name in KEY if name != "scenario"]
    figures = _figures(tables["gaps"], tables["openings"])
    base = figures[figures["scenario"] == BASELINE].set_index(cell)
    others = [each for each in scenarios if each.name != BASELINE]
    frames = []
    for scenario in others:
        mine = figures[figures["scenario"] == scenario.name]
        beside = base.reindex(pd.MultiIndex.from_frame(mine[cell]))
        moved = mine[list(EFFECTS)].astype(float) - beside[list(EFFECTS)].to_numpy(dtype=float)
        own, theirs = (side["reason"].fillna("").to_numpy(dtype=object) for side in (mine, beside))
        growth = _growth(mine["employment"], beside["employment"], mine["horizon"])
        reason = np.where(own == "", theirs, own)
        moved[reason == CONFIDENTIAL] = np.nan
        frame = mine[list(KEY)].join(moved).assign(reason=reason)
        why = [
            _sentence(row, rate, scenario, retirement.binding(int(row["horizon"])))
            for row, rate in zip(frame.to_dict("records"), growth, strict=True)
        ]
        frames.append(frame.assign(why=why))
    columns = [column.name for column in PUBLISHED["scenario_effects"].columns]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _figures(gaps: pd.DataFrame, openings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell with every mean that is compared, null where it is not published."""
    causes = openings[openings["component"].isin(_OF_OPENINGS)]
    wide = causes.set_index([*KEY, "component"])["mean"].unstack("component")
    wide = wide.assign(replacement=wide["replacement_25_54"] + wide["replacement_55_plus"])
    return gaps[[*KEY, *_OF_GAPS, "reason"]].merge(wide.reset_index(), on=list(KEY), how="left")


def _growth(mine: pd.Series, beside: pd.Series, horizon: pd.Series) -> "np.ndarray[Any, Any]":
    """Return growth of employment beside the baseline, log points a year; NaN where it is unknown."""
    ratio = mine.to_numpy(dtype=float) / beside.where(beside > 0).to_numpy(dtype=float)
    return np.log(np.where(ratio > 0, ratio, np.nan)) / horizon.to_numpy(dtype=float)


def _sentence(
    row: Mapping[Hashable, Any], growth: float, scenario: Scenario, reforms: Sequence[Reform]
) -> str:
    """Say which assumptions touch a cell, and what they move; `reforms` are those within its window."""
    if not np.isfinite(row["employment"]):
        return f"No figures, {row['reason']}."
    causes = []
    if abs(growth) > _UNMOVED:
        causes.append(f"its sectors are assumed to grow by {100 * growth:+.2g} % a year beside the baseline")
    if scenario.older_retention > 0 and np.isfinite(row["replacement"]):
        causes.append(f"{scenario.older_retention:.0%} of those aged 55+ who would leave stay")
    if scenario.retirement_reforms and reforms and np.isfinite(row["replacement"]):
        steps = ", ".join(f"{each.to_age:g} from {each.starts} ({each.law})" for each in reforms)
        causes.append(f"the legal retirement age rises to {steps}")
    if not causes:
        return "No assumption of this scenario touches it."
    told = " and ".join(causes)
    if not np.isfinite(row["openings"]):
        return f"{told[0].upper()}{told[1:]}: employment {_signed(row['employment'])}; openings are unknown."
    supply = _signed(row["supply"]) if np.isfinite(row["supply"]) else "unknown"
    points = round(100 * row["score_p50"], 1) + 0.0 if np.isfinite(row["score_p50"]) else None  # no "-0.0"
    score = "unknown" if points is None else f"{points:+.1f} points"
    return (
        f"{told[0].upper()}{told[1:]}: {_signed(row['openings'])} openings ({_signed(row['new_jobs'])} new "
        f"jobs, {_signed(row['replacement'])} to replace leavers), supply {supply}, "
        f"median share unfilled {score}."
    )


def _signed(persons: float) -> str:
    return f"{round(persons):+,d}"
