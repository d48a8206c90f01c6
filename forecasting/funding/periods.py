"""Weights from one budget period to the next: frozen within it, with notice, in small steps, no flicker.

Pure: the former period's weights, the day of announcement and the period are inputs, never the clock.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding import weights as rules
from forecasting.funding.reasons import why_cell, why_skill
from forecasting.funding.weights import WeightRule, held_bands
from forecasting.parameters import Parameters

FREEZE: Final = "freeze"
HYSTERESIS: Final = "hysteresis"
STEP: Final = "step"


@dataclass(frozen=True)
class Period:
    """A budget period.

    Parameters
    ----------
    start : date
        First day.
    months : int
        Length.
    notice : int
        Days between the announcement of a weight and the first period for which it counts.

    Examples
    --------
    >>> Period(dt.date(2027, 1, 1), 12, 90).name
    '2027-01-01 to 2027-12-31'
    """

    start: dt.date
    months: int
    notice: int

    @classmethod
    def of(cls, start: dt.date, parameters: Parameters) -> "Period":
        """Return the period in force that begins on a day."""
        rule = parameters["weight_period"]
        return cls(start, int(rule["months"]), int(rule["notice_days"]))

    @property
    def name(self) -> str:
        """Return first and last day: what a table's ``period`` says."""
        last = (pd.Timestamp(self.start) + pd.DateOffset(months=self.months)).date() - dt.timedelta(days=1)
        return f"{self.start} to {last}"

    def announced_in_time(self, day: dt.date) -> bool:
        """Return whether weights that are announced on a day may count for this period."""
        return day + dt.timedelta(days=self.notice) <= self.start


def carried(
    proposed: pd.DataFrame,
    former: pd.DataFrame | None,
    period: Period,
    announced: dt.date,
    rule: WeightRule,
) -> pd.DataFrame:
    """Return the weights of a budget period, held to those of the former one.

    Parameters
    ----------
    proposed : DataFrame
        Published table ``weights`` or ``skill_weights`` of a release.
    former : DataFrame or None
        The same table of the latest period that has weights: ``weight, band, period`` by key; None for the
        first.
    announced : date
        Day on which the proposed weights were made known.

    Returns
    -------
    DataFrame
        As `proposed`: ``weight, band, need, previous, held_by, period`` and the sentences follow the period.

    Raises
    ------
    InputError
        If a key of `former` repeats, or a weight in it is missing, negative or above the cap.
    ForecastingError
        If the first weights are announced too late: there is nothing to freeze them at.

    Notes
    -----
    Frozen: a weight of this very period stays, and so do all where notice is too short. Otherwise the band
    changes only where the share is well past an edge, then the weight moves by at most the step, to zero and
    to neutral as well: who relies on a weight can plan. A cell without a former weight takes the rule's.
    """
    frozen = not period.announced_in_time(announced)
    if former is None or former.empty:
        if frozen:
            raise ForecastingError(
                f"weights announced on {announced} for {period.name}; expected {period.notice} days "
                "of notice. Do: announce earlier, name a later period, or give the former period's weights."
            )
        return proposed.assign(period=period.name)
    before = _before(proposed, former, rule)
    weight, share = before["weight"].to_numpy(dtype=float), proposed["share_lower"].to_numpy(dtype=float)
    known = ~np.isnan(weight)
    frozen_here = known & (frozen | before["period"].eq(period.name).to_numpy())
    of_band = proposed["ground"].eq(rules.BAND).to_numpy()
    old_band = before["band"].fillna(rules.NO_BAND).to_numpy(dtype=np.int64)
    own_band = proposed["band"].fillna(rules.NO_BAND).to_numpy(dtype=np.int64)
    band = np.where(of_band & known, held_bands(share, old_band, rule), own_band)
    factor = proposed["factor"].fillna(1.0).to_numpy(dtype=float)
    target = np.where(band == own_band, proposed["weight"], rules.banded(band, factor, rule))
    stepped = np.clip(target, weight - rule.step, weight + rule.step)
    settled = np.where(known, np.where(frozen_here, weight, stepped), proposed["weight"])
    settled = np.round(settled.astype(float), 6)
    held = [
        _names(at, {FREEZE: frozen_here, HYSTERESIS: band != own_band, STEP: np.abs(stepped - target) > 1e-9})
        for at in range(len(proposed))
    ]
    kept = np.where(frozen_here, old_band, band)
    frame = proposed.assign(
        band=rules.nullable(kept, kept != rules.NO_BAND),
        weight=settled,
        previous=weight,
        held_by=held,
        period=period.name,
    )
    return _told(frame, rule)


def _before(proposed: pd.DataFrame, former: pd.DataFrame, rule: WeightRule) -> pd.DataFrame:
    """Return the former weight of each proposed row; refuse a table that cannot be one."""
    key = _key(proposed)
    repeated = former.duplicated(key)
    value = former["weight"].astype(float)
    bad = value.isna() | (value < 0) | (value > rule.cap)
    problems = []
    if repeated.any():
        row = former.loc[repeated, key].iloc[0].tolist()
        problems.append(
            Problem("former weights", f"{row} twice", "one row per key", "keep one", ", ".join(key))
        )
    if bad.any():
        given, expected = f"{value[bad].iloc[0]}", f"a weight from 0 to the cap {rule.cap:g}"
        lines = tuple(int(at) + 2 for at in np.flatnonzero(bad))
        problems.append(Problem("former weights", given, expected, "correct it", "weight", lines))
    if problems:
        raise InputError(problems)
    place = pd.MultiIndex.from_frame(former[key].astype(str))
    rows = former.set_index(place)[["weight", "band", "period"]]
    return rows.reindex(pd.MultiIndex.from_frame(proposed[key].astype(str))).reset_index(drop=True)


def _key(frame: pd.DataFrame) -> list[str]:
    unit = "occupation" if "occupation" in frame else "skill"
    return ["region", unit, "scenario", "horizon"]


def _names(at: int, holds: dict[str, Any]) -> str:
    """Return what held a row; a frozen one is held by nothing else."""
    names = [name for name, where in holds.items() if where[at]]
    return FREEZE if FREEZE in names else " ".join(names)


def _told(frame: pd.DataFrame, rule: WeightRule) -> pd.DataFrame:
    """Return the rows with need and sentences of the settled weights."""
    why = why_cell if "occupation" in frame else why_skill
    rows = frame.to_dict("records")
    sentences = {name: [why(row, rule, language) for row in rows] for name, language in _WHYS.items()}
    frame = frame.assign(**sentences)
    return frame.assign(need=frame["weight"] * frame["openings"]) if "need" in frame else frame


_WHYS: Final = {"why": "en", "why_nl": "nl"}


def band_changes(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Count how weights moved between bands from one release to another.

    Parameters
    ----------
    old, new : DataFrame
        Published tables ``weights`` or ``skill_weights`` of two releases.

    Returns
    -------
    DataFrame
        ``before, after, cells, changed``: grounds or bands ("band 2"), absent where a release lacks the cell;
        sorted. A cell that is hidden in either is counted as neutral: its band is nobody's to know.
    """
    key = _key(old)
    sides = [
        side[key].astype(str).assign(**{name: _place(side)})
        for side, name in ((old, "before"), (new, "after"))
    ]
    joined = sides[0].merge(sides[1], on=key, how="outer").fillna("absent")
    hidden = (joined["before"] == rules.NEUTRAL) | (joined["after"] == rules.NEUTRAL)
    both = joined["before"].ne("absent") & joined["after"].ne("absent")
    joined.loc[hidden & both, ["before", "after"]] = rules.NEUTRAL
    counts = joined.groupby(["before", "after"], as_index=False).size().rename(columns={"size": "cells"})
    return counts.assign(changed=counts["before"] != counts["after"])


def _place(table: pd.DataFrame) -> Any:
    band = table["band"].map(lambda value: "" if pd.isna(value) else f"band {int(value)}")
    return band.where(table["ground"].eq(rules.BAND), table["ground"])


def expected_changes(table: pd.DataFrame) -> float:
    """Return how many weights would change band if every cell's draws were drawn again: Σ (1 − chance)."""
    return float((1 - table["band_probability"].dropna()).sum())
