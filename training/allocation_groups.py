"""Which figures of groups the report of an allocation may show: only the report is for publication.

Everything else in the folder (tables, statements, trace, picture, inputs) is the case file of the authority,
by applicant; a simulation and an appeal are of the case file as well. So what must not be told is what the
report's own tables tell together: gains, equity, deadweight, shared limits, conditions, classes and counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.funding.equity import UNKNOWN, inside_neediest
from forecasting.funding.programme import Decision
from forecasting.funding.programme_tables import LOW_SKILLED, baselines, grouped_by
from forecasting.funding.small_groups import hidden_across, labels

FOR_PUBLICATION: Final = (
    "Of this folder only this report is for publication. The tables, statements, `amounts.svg`, `trace.json` "
    "and `inputs/` are the case file of the authority: they tell of single applicants and of small groups."
)
CASE_FILE: Final = (
    "The whole folder is the case file of the authority, this report too: beside the published report of "
    "another allocation over the same applications it could reveal a small group."
)
OWN: Final = "this allocation"
NEEDIEST: Final = "neediest"
TRAINEES: Final = "trainees"
CLASS: Final = "class"
_INSIDE: Final = "True"


def limit_way(rule: object, version: object) -> str:
    """Return the way of grouping of what is in a shared limit of a rule."""
    return f"limit {rule} {version}"


def condition_way(name: str) -> str:
    """Return the way of grouping of what is in a condition."""
    return f"condition {name}"


@dataclass(frozen=True)
class Shown:
    """What may be shown of an allocation.

    Parameters
    ----------
    least : int
        Parameter ``small_cell``: fewer applicants (single undertakings) are too few.
    dark : mapping of str to set of (str, str)
        By what is held against (`OWN`, or the name of a baseline): way of grouping and label of the groups
        that show nothing.
    few : frozenset of str
        Baselines that fewer than `least` applicants got money by, though more apply.
    """

    least: int
    dark: Mapping[str, set[tuple[str, str]]]
    few: frozenset[str]

    @property
    def sign(self) -> str:
        """Return what stands for a figure that is not shown."""
        return f"n<{self.least}"

    def hides(self, way: str, label: object = _INSIDE, against: str = OWN) -> bool:
        """Return whether a group shows nothing; by default those that are inside of what has no labels."""
        return (way, str(label)) in self.dark[against]

    def hide(self, ways: Sequence[str], named: Sequence[object], against: Sequence[str]) -> NDArray[np.bool_]:
        """Return which of several groups show nothing."""
        rows = zip(ways, named, against, strict=True)
        return np.array([self.hides(way, label, base) for way, label, base in rows], dtype=bool)

    def count(self, way: str, number: int) -> str:
        """Return a count of those inside, if it may be shown."""
        return self.sign if self.hides(way) else f"{number:,}"

    def some(self, number: int, of: int) -> str:
        """Return a count that stands alone, if neither it nor the rest is small."""
        return self.sign if 0 < number < self.least or 0 < of - number < self.least else f"{number:,}"


def shown(decision: Decision, neediest_part: float, least: int) -> Shown:
    """Return what the report of an allocation may show.

    Parameters
    ----------
    neediest_part : float
        Parameter ``neediest_part``.

    Notes
    -----
    A sum of amounts is of those who got one. So groups are looked at among all that applied, among those who
    are paid, and among those whom each baseline pays; what is hidden in one is hidden.
    """
    ways, own = _ways(decision, neediest_part), decision.table["single_undertaking"]

    def among(inside: NDArray[np.bool_]) -> set[tuple[str, str]]:
        rows = np.flatnonzero(inside)
        return hidden_across(ways.iloc[rows], own.iloc[rows], least)

    always = among(np.ones(len(own), dtype=bool)) | among((decision.table["cents"] > 0).to_numpy())
    pays = {name: np.asarray(cents > 0) for name, cents in baselines(decision).items()}
    always |= among(pays["participation"])
    dark = {OWN: always} | {name: always | among(inside) for name, inside in pays.items()}
    many = own.nunique() >= least
    few = frozenset(name for name, inside in pays.items() if many and 0 < own[inside].nunique() < least)
    return Shown(least, dark, few)


def _ways(decision: Decision, neediest_part: float) -> pd.DataFrame:
    """Return the label of each application in every way that the report groups by, sums or counts."""
    table, legal = decision.table, decision.legal
    low = table["groups"].map(lambda cell: LOW_SKILLED in cell.split()).to_numpy(dtype=bool)
    rules = legal.membership.merge(legal.groups[["group", "rule", "version"]], on="group")
    need, heads = (table[name].to_numpy(dtype=float) for name in ("weight", "participants"))
    found: dict[str, Any] = {by: labels(table, by, UNKNOWN) for by in grouped_by(table)}
    found[TRAINEES] = np.where(low, "low_skilled", "others")
    found[NEEDIEST] = inside_neediest(need, neediest_part, heads) > 0
    for (rule, version), rows in rules.groupby(["rule", "version"]):
        found[limit_way(rule, version)] = table["id"].isin(rows["application"])
    for each in decision.declared:
        found[condition_way(each.name)] = np.asarray(each.members(table), dtype=bool)
    if decision.under is not None:
        found[CLASS] = decision.under.of_class
    found |= {
        "refused": table["refused"],
        "paid": table["cents"] > 0,
        "weights_at_zero": table["weight"] == 0,
        "weights_neutral": table["ground"] == "neutral",
        "change_limit_gave_way": table["change_limit_gave_way"],
    }
    return pd.DataFrame({name: pd.Series(np.asarray(each)).astype(str) for name, each in found.items()})
