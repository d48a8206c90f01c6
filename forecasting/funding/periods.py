"""Weights from one budget period to the next: frozen within it, with notice, in small steps, no flicker.

Pure: the former period's weights, the day of announcement and the period are inputs, never the clock.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.funding import weights as rules
from forecasting.funding.reasons import held_text, why_cell, why_skill
from forecasting.funding.weights import Ints, WeightRule, held_bands
from forecasting.parameters import Parameters
from forecasting.series.panel import Array

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
    def last(self) -> dt.date:
        """Return the last day."""
        return (pd.Timestamp(self.start) + pd.DateOffset(months=self.months)).date() - dt.timedelta(days=1)

    @property
    def name(self) -> str:
        """Return first and last day: what a table's ``period`` says."""
        return f"{self.start} to {self.last}"

    def announced_in_time(self, day: dt.date) -> bool:
        """Return whether weights that are announced on a day may count for this period."""
        return day + dt.timedelta(days=self.notice) <= self.start


@dataclass(frozen=True)
class Former:
    """The weights of the latest period, for rows of a later one.

    Parameters
    ----------
    weight : ndarray of shape (rows,)
        NaN where there is none.
    band : ndarray of int, shape (rows,)
        `forecasting.funding.weights.NO_BAND` where there is none.
    frozen : ndarray of bool, shape (rows,)
        Where the weight stays: it is of this very period, or notice is too short.
    """

    weight: Array
    band: Ints
    frozen: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        proposed: pd.DataFrame,
        former: pd.DataFrame,
        period: Period,
        announced: dt.date,
        rule: WeightRule,
    ) -> "Former":
        """Return the former weight of each proposed row; arguments and errors as `carried`."""
        before = _before(proposed, former, rule)
        weight = before["weight"].to_numpy(dtype=float)
        same = before["period"].eq(period.name).to_numpy()
        frozen = ~np.isnan(weight) & (same | (not period.announced_in_time(announced)))
        return cls(weight, before["band"].fillna(rules.NO_BAND).to_numpy(dtype=np.int64), frozen)

    def settle(
        self, share: Array, band: Ints, target: Array, factor: Array, rule: WeightRule
    ) -> tuple[Ints, Array, dict[str, NDArray[np.bool_]]]:
        """Return band, weight and what holds each row: freeze, else hysteresis, then the largest step.

        Parameters
        ----------
        share, target, factor : ndarray of shape (rows,) or (rows, draws)
            Share that makes the band, the weight by the rule and its top-ups.
        band : ndarray of int, of the same shape
            By the rule; `forecasting.funding.weights.NO_BAND` where the ground is no band.
        """
        shape = (-1, *[1] * (share.ndim - 1))
        own, old, frozen = self.weight.reshape(shape), self.band.reshape(shape), self.frozen.reshape(shape)
        known = ~np.isnan(own)
        held = np.where((band != rules.NO_BAND) & known, held_bands(share, old, rule), band)
        target = np.where(held == band, target, rules.banded(held, factor, rule))
        stepped = np.clip(target, own - rule.step, own + rule.step)
        weight = np.where(known, np.where(frozen, own, stepped), target)
        holds = {
            FREEZE: frozen,
            HYSTERESIS: held != band,
            STEP: np.abs(stepped - target) > 1e-9,
        }
        return np.where(frozen, old, held), np.round(weight.astype(float), 6), holds


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
        Published table ``weights`` or ``skill_weights`` of a release, or scores of courses.
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
    if former is None or former.empty:
        if not period.announced_in_time(announced):
            raise ForecastingError(
                f"weights announced on {announced} for {period.name}; expected {period.notice} days "
                "of notice. Do: announce earlier, name a later period, or give the former period's weights."
            )
        return proposed.assign(period=period.name)
    before = Former.of(proposed, former, period, announced, rule)
    by_rule = np.where(
        proposed["ground"].eq(rules.BAND), proposed["band"].fillna(rules.NO_BAND), rules.NO_BAND
    ).astype(np.int64)
    kept, settled, holds = before.settle(
        proposed[_SHARE.get(_unit(proposed), "share_lower")].to_numpy(dtype=float),
        by_rule,
        proposed["weight"].to_numpy(dtype=float),
        proposed["factor"].fillna(1.0).to_numpy(dtype=float),
        rule,
    )
    frame = proposed.assign(
        band=rules.nullable(kept, kept != rules.NO_BAND),
        weight=settled,
        previous=before.weight,
        held_by=[_names(at, holds) for at in range(len(proposed))],
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


_SHARE: Final = {"course": "score"}
"""Column of the share that makes the band, where it is not ``share_lower``."""


def _unit(frame: pd.DataFrame) -> str:
    return next(unit for unit in ("course", "occupation", "skill") if unit in frame)


def _key(frame: pd.DataFrame) -> list[str]:
    """Return the key: a course is scored for one scenario and horizon."""
    unit = _unit(frame)
    return ["region", unit] if unit == "course" else ["region", unit, "scenario", "horizon"]


def _names(at: int, holds: dict[str, Any]) -> str:
    """Return what held a row; a frozen one is held by nothing else."""
    names = [name for name, where in holds.items() if where[at]]
    return FREEZE if FREEZE in names else " ".join(names)


def _told(frame: pd.DataFrame, rule: WeightRule) -> pd.DataFrame:
    """Return the rows with need and sentences of the settled weights."""
    rows, unit = frame.to_dict("records"), _unit(frame)
    if unit == "course":  # the course's own sentences, then what holds its weight
        return frame.assign(
            **{
                name: [f"{str(row[name])[:-1]}{held_text(row, rule, language)}." for row in rows]
                for name, language in _WHYS.items()
            }
        )
    why = why_cell if unit == "occupation" else why_skill
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
