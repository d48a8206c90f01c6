"""Which gap scores are asked, and in which order."""

from collections.abc import Sequence
from typing import Any

from forecasting.published import PUBLISHED
from serve.problems import Fault, Refusal
from serve.release import Concept, Record, Release
from serve.schemas import Level, Order

UNSCORED = "The release has no score for this occupation here."


def select(
    release: Release, region: Concept, horizon: int, occupations: Sequence[str], level: Level, order: Order
) -> list[Record]:
    """Return the rows of the table ``gaps`` that are asked, in the order that is asked.

    An occupation asked by its code that has no row is answered by a row of nulls with a reason.

    Raises
    ------
    Refusal
        If an occupation is asked by its code at a level where it does not stand.
    """
    _refuse_misplaced(release, occupations, level)
    rows = [_one(release, region, code, horizon) for code in occupations]
    if not occupations:
        every = release.gaps.rows(region.code, horizon)
        rows = [row for row in every if stands_at(release, row["occupation"], level)]
    return sorted(rows, key=_by_rank if order == "rank" else _by_code)


def _one(release: Release, region: Concept, occupation: str, horizon: int) -> Record:
    rows = release.gaps_of.rows(region.code, occupation)
    found = (row for row in rows if row["horizon"] == horizon)
    return next(found, None) or unscored(release, region, occupation, horizon)


def stands_at(release: Release, occupation: str, level: Level) -> bool:
    """Return whether an occupation belongs to a level: cells have no scored occupation below them."""
    return level == "all" or (occupation in release.parents) == (level == "aggregate")


def unscored(release: Release, region: Concept, occupation: str, horizon: int) -> Record:
    """Return the row of an occupation without a score: nulls and the reason."""
    row: dict[str, Any] = dict.fromkeys(column.name for column in PUBLISHED["gaps"].columns)
    window = {"horizon": horizon, "from_year": release.base_year, "to_year": release.base_year + horizon}
    place = {"region": region.code, "occupation": occupation, "scenario": release.scenario}
    return {**row, **place, **window, "reason": "unavailable", "why": UNSCORED}


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


def _by_code(row: Record) -> str:
    return str(row["occupation"])
