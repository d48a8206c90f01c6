"""The weights in force for one budget period: a release's, held to those of the former period.

A release proposes, a period decides: within it weights are frozen, and from one to the next they move by at
most the declared step and only well past an edge (`forecasting.funding.periods`). The weights in force are
kept with the allocation, so that the next one can carry them. Source: METHOD.md section 8.2.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from forecasting.funding import weights as rules
from forecasting.funding.periods import (
    FREEZE,
    HYSTERESIS,
    STEP,
    Former,
    Period,
    band_changes,
    carried,
    expected_changes,
)
from forecasting.funding.weights import WeightRule, share_at_zero
from forecasting.parameters import Parameters

WEIGHTS: Final = "weights"
SKILL_WEIGHTS: Final = "skill_weights"
COURSE_WEIGHTS: Final = "course_weights"
KEPT: Final = (WEIGHTS, SKILL_WEIGHTS, COURSE_WEIGHTS)
"""Tables of the weights in force, of occupations, skills and courses."""

_KINDS: Final = {WEIGHTS: rules.OCCUPATION, SKILL_WEIGHTS: rules.SKILL, COURSE_WEIGHTS: rules.SKILL}
_COLUMNS: Final = (
    *("region", "occupation", "skill", "course", "scenario", "horizon", "share_lower", "score", "ground"),
    *("band_by_rule", "weight_by_rule", "band_probability", "band", "factor", "weight"),
    *("previous", "held_by", "period"),
)


@dataclass(frozen=True)
class Carry:
    """The budget period of an allocation, and the weights of the one before it.

    Parameters
    ----------
    period : Period
    announced : date
        Day on which the release's weights were made known.
    former : mapping of str to DataFrame
        Tables `KEPT` of the latest period; empty for the first allocation, whose weights are the release's.
    """

    period: Period
    announced: dt.date
    former: Mapping[str, pd.DataFrame]

    def held(self, name: str, proposed: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
        """Return a table's weights in force, with ``band_by_rule, weight_by_rule`` beside them.

        Raises
        ------
        InputError
            If the former table has a repeated key, or a weight that cannot be one.
        """
        proposed = proposed.assign(
            band_by_rule=proposed["band"],
            weight_by_rule=proposed["weight"],
            previous=float("nan"),
            held_by="",
        )
        if self._former(name) is None:
            return proposed.assign(period=self.period.name)
        rule = WeightRule.of(parameters, _KINDS[name])
        return carried(proposed, self._former(name), self.period, self.announced, rule)

    def former_of(self, name: str, proposed: pd.DataFrame, parameters: Parameters) -> Former | None:
        """Return the former weight of each proposed row, for draws to be held to; None without any."""
        former = self._former(name)
        if former is None:
            return None
        rule = WeightRule.of(parameters, _KINDS[name])
        return Former.of(proposed, former, self.period, self.announced, rule)

    def _former(self, name: str) -> pd.DataFrame | None:
        table = self.former.get(name)
        return None if table is None or table.empty else table


def tables_in_force(
    tables: Mapping[str, pd.DataFrame], carry: Carry | None, parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """Return a release's tables with the weights of occupations and skills in force."""
    found = dict(tables)
    if carry is not None:
        found |= {name: carry.held(name, tables[name], parameters) for name in (WEIGHTS, SKILL_WEIGHTS)}
    return found


def kept(name: str, table: pd.DataFrame, carry: Carry) -> pd.DataFrame:
    """Return the rows that the next period will hold to, with those of the former that none takes over.

    Courses are scored where they are applied for: of any other the former weight stays the latest.
    """
    now = table[[column for column in _COLUMNS if column in table]].reset_index(drop=True)
    former = carry.former.get(name)
    if name != COURSE_WEIGHTS or former is None or former.empty:
        return now
    key = ["region", "course"]
    here = pd.MultiIndex.from_frame(former[key].astype(str))
    left = former[~here.isin(pd.MultiIndex.from_frame(now[key].astype(str)))]
    both = pd.concat([now, left], ignore_index=True) if len(left) else now
    return both.sort_values(key, ignore_index=True)


def moves(name: str, now: pd.DataFrame, carry: Carry) -> dict[str, Any]:
    """Return how the weights of a table moved from one period to the next.

    Parameters
    ----------
    now : DataFrame
        Of `kept`.

    Returns
    -------
    dict
        ``weights, at_zero, share_at_zero, neutral``; ``changed_band`` between the two releases, None without
        a former one; ``expected_to_change`` under resampling, None where no chance is known; how many
        ``freeze, hysteresis, step`` hold.
    """
    here = now[now["period"] == carry.period.name]
    former = carry.former.get(name)
    changed = None
    if former is not None and not former.empty:
        old, new = (side.assign(band=side["band_by_rule"]) for side in (former, here))
        counts = band_changes(old, new)
        both = counts["changed"] & counts["before"].ne("absent") & counts["after"].ne("absent")
        changed = int(counts.loc[both, "cells"].sum())
    names = here["held_by"].str.split()
    return {
        "weights": len(here),
        "at_zero": int((here["weight"] == 0).sum()),
        "share_at_zero": share_at_zero(here["weight"].to_numpy(dtype=float)),
        "neutral": int(here["ground"].eq(rules.NEUTRAL).sum()),
        "changed_band": changed,
        "expected_to_change": expected_changes(here) if "band_probability" in here else None,
        **{by: sum(by in each for each in names) for by in (FREEZE, HYSTERESIS, STEP)},
    }
