"""Which gap scores are asked, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forecasting.published import PUBLISHED
from serve.problems import Fault, Refusal
from serve.release import Concept, Release
from serve.schemas import Level, Order, Share, State
from serve.table import Record

UNSCORED = "The release has no score for this occupation here."
_UNSCORED_NL = "De release heeft hier geen score voor dit beroep."


@dataclass(frozen=True)
class Narrowed:
    """Which rows of a region and horizon are asked.

    Parameters
    ----------
    level : str
        Cells, their parents, or both.
    state : str or None
        Only rows in this state.
    part : str or None
        Only rows where this part of the score is known and above zero.
    order : str
        What comes first.
    """

    level: Level
    state: State | None = None
    part: Share | None = None
    order: Order = "rank"

    def holds(self, release: Release, row: Record) -> bool:
        """Return whether a row is asked."""
        return (
            stands_at(release, row["occupation"], self.level)
            and (self.state is None or row["state"] == self.state)
            and (self.part is None or (row[self.part] or 0.0) > 0.0)
        )


def select(
    release: Release, region: Concept, horizon: int, occupations: Sequence[str], asked: Narrowed
) -> list[Record]:
    """Return the rows of the table ``gaps`` that are asked, in the order that is asked.

    An occupation asked by its code that has no row is answered by a row of nulls with a reason, unless
    only rows of a state or with a part are asked.

    Raises
    ------
    Refusal
        If an occupation is asked by its code at a level where it does not stand.
    """
    _refuse_misplaced(release, occupations, asked.level)
    every = release.gaps.rows(region.code, horizon)
    if occupations:
        found = {row["occupation"]: row for row in every}
        every = [found.get(code) or unscored(release, region, code, horizon) for code in occupations]
    rows = [row for row in every if asked.holds(release, row)]
    if asked.order == "code":
        return sorted(rows, key=_by_code)
    if asked.order == "rank":
        return sorted(rows, key=_by_rank)
    return sorted(rows, key=lambda row: _by_figure(row, asked.order))


def stands_at(release: Release, occupation: str, level: Level) -> bool:
    """Return whether an occupation belongs to a level: cells have no scored occupation below them."""
    return level == "all" or (occupation in release.parents) == (level == "aggregate")


def unscored(release: Release, region: Concept, occupation: str, horizon: int) -> Record:
    """Return the row of an occupation without a score: nulls and the reason."""
    row: dict[str, Any] = dict.fromkeys(column.name for column in PUBLISHED["gaps"].columns)
    window = {"horizon": horizon, "from_year": release.base_year, "to_year": release.base_year + horizon}
    place = {"region": region.code, "occupation": occupation, "scenario": release.scenario}
    return {**row, **place, **window, "reason": "unavailable", "why": UNSCORED, "why_nl": _UNSCORED_NL}


def _refuse_misplaced(release: Release, occupations: Sequence[str], level: Level) -> None:
    misplaced = [code for code in occupations if not stands_at(release, code, level)]
    if misplaced:
        told = f"not at level {level}: leave level out, or ask all"
        faults = [Fault(parameter="occupation", value=code, message=told) for code in misplaced]
        raise Refusal("bad_parameter", f"{', '.join(misplaced)}: {told}.", faults)


def _by_rank(row: Record) -> tuple[bool, int, float, str]:
    """Order by rank; what has none follows by its median score, then by its code."""
    rank, median = row["rank"], row["score_p50"]
    return rank is None, rank or 0, -median if median is not None else 1.0, row["occupation"]


def _by_figure(row: Record, name: str) -> tuple[bool, bool, float, str]:
    """Order by a figure, the largest first; then what is too weak to quote; last what has none, by code."""
    value, weak = row[name], row["state_reason"] == "low_reliability"
    return value is None, weak, -(value or 0.0), row["occupation"]


def _by_code(row: Record) -> str:
    return str(row["occupation"])
