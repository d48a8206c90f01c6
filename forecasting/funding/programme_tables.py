"""What is shown beside an allocation: who gains and loses, equity, deadweight, what nobody asked for."""

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.funding.applications import Cents
from forecasting.funding.deadweight import deadweight_table
from forecasting.funding.equity import equity_summary, gains
from forecasting.funding.programme import Call, Decision
from forecasting.funding.universalism import Violation, universalism_violations
from forecasting.parameters import Parameters

COLUMNS: Final[dict[str, str]] = {
    "id": "application",
    "undertaking": "pseudonymous id",
    "region": "region whose needs count",
    "course": "course applied for",
    "participants": "persons to be trained",
    "groups": "declared groups of the participants",
    "sector": "NACE code of the undertaking",
    "education": "education of the participants",
    "age": "age band of the participants",
    "regime": "legal basis",
    "size_class": "class of the undertaking that counts",
    "refused": "whether the law allows nothing",
    "law": "rules that set the legal cap: rule, version, article",
    "ground": "what determined the course's weight",
    "need": "need_to_have, nice_to_have, not_needed or unknown",
    "course_score": "share of the openings asking the course's skills that lack them, at the lower quantile",
    "course_weight": "weight of the course; not for sole use",
    "group_factor": "inclusion factor of the participants' groups",
    "weight": "weight of the application: the two multiplied, within floor and cap of the rule",
    "size": "what the weight is multiplied by: cents of eligible cost, or hours of all participants",
    "eligible_cents": "eligible costs",
    "legal_cap_cents": "most aid that is lawful",
    "previous_cents": "what the last period gave for the same undertaking, region and course",
    "base_cents": "base of progressive universalism",
    "floor_cents": "least amount, by base and change limit",
    "cap_cents": "most, by law and change limit",
    "change_limit_gave_way": "whether the change limit could not be kept",
    "share_cents": "amount before rounding",
    "cents": "amount",
    "euros": "the same in euros",
    "rounding_cents": "what rounding added",
    "bound": "what decides the amount: weight, floor, cap, law, rule, conditions, or a shared limit",
    "p_low_cents": "lower end of the interval under the kept draws",
    "p50_cents": "median under the kept draws",
    "p_high_cents": "upper end of the interval",
    "probability_top": "probability of being among the greatest amounts",
    "participation_cents": "amount were every weight 1: the baseline",
}
"""Columns of the result, in order, and what they mean."""

_AT_ONCE: Final = 5_000

_GROUPED: Final = ("region", "sector", "size_class", "need", "education", "age")
LOW_SKILLED: Final = "low_educated"


def result_table(decision: Decision) -> pd.DataFrame:
    """Return the rows of the result with the declared columns."""
    return decision.table[list(COLUMNS)]


def rows_of(table: pd.DataFrame) -> Iterator[dict[Hashable, Any]]:
    """Yield the rows of a large table as records of plain values, None where unknown; some at once."""
    names = list(table.columns)
    for start in range(0, len(table), _AT_ONCE):
        part = table.iloc[start : start + _AT_ONCE]
        for row in zip(*(_plain(part[name]) for name in names), strict=True):
            yield dict(zip(names, row, strict=True))


def _plain(column: pd.Series) -> list[Any]:
    """Return the cells of a column as JSON holds them."""
    if column.dtype.kind in "biu" and isinstance(column.dtype, np.dtype):
        return column.tolist()
    known = column.notna().to_numpy()
    cells: list[Any] = column.tolist()
    return cells if known.all() else [cell if own else None for cell, own in zip(cells, known, strict=True)]


def with_findings(
    decision: Decision, columns: Sequence[str], of_finding: Sequence[str]
) -> Iterator[tuple[dict[Hashable, Any], list[dict[Hashable, Any]]]]:
    """Yield each row of the result with its findings of law: both are in the order of applications."""
    found = groupby(rows_of(decision.legal.findings[["application", *of_finding]]), itemgetter("application"))
    name, own = next(found, (None, iter(())))
    for row in rows_of(decision.table[list(columns)]):
        findings = list(own) if row["id"] == name else []
        if row["id"] == name:
            name, own = next(found, (None, iter(())))
        yield row, findings


def summary(call: Call, decision: Decision) -> dict[str, Any]:
    """Return totals, in cents and counts; what is left of the budget is reported, never forced."""
    table, above = decision.table, decision.above
    spent = int(table["cents"].sum())
    lawful = table.loc[~table["refused"]]
    return {
        "budget_cents": call.budget,
        "allocated_cents": spent,
        "residual_cents": call.budget - spent,
        "capacity_cents": above.capacity + int(decision.limits.base.sum()),
        "base_cents": int(decision.limits.base.sum()),
        "applications": len(table),
        "refused": int(table["refused"].sum()),
        "paid": int((table["cents"] > 0).sum()),
        "undertakings": int(table["undertaking"].nunique()),
        "at_legal_cap": int((lawful["cents"] >= lawful["legal_cap_cents"]).sum()),
        "weights_at_zero": int((table["weight"] == 0).sum()),
        "weights_neutral": int((table["ground"] == "neutral").sum()),
        "change_limit_gave_way": int(table["change_limit_gave_way"].sum()),
        "eligible_cents": int(table["eligible_cents"].sum()),
        "draws": decision.draws,
    }


def baselines(decision: Decision) -> dict[str, Cents]:
    """Return what the allocation is held against: participation alone, and the last period where given."""
    found = {"participation": decision.baseline}
    if decision.table["previous_cents"].notna().any():
        found["last period"] = decision.table["previous_cents"].fillna(0).to_numpy(dtype=np.int64)
    return found


def grouped_by(table: pd.DataFrame) -> list[str]:
    """Return the columns that applications are grouped by, as far as anybody tells them."""
    return [name for name in _GROUPED if name in ("region", "size_class", "need") or table[name].ne("").any()]


def who_gains(decision: Decision) -> pd.DataFrame:
    """Return gains and losses by group against each baseline: ``against`` and the columns of `gains`."""
    table = decision.table
    groups = table[grouped_by(table)].replace("", pd.NA)
    cents = table["cents"].to_numpy(dtype=np.int64)
    parts = [gains(cents, base, groups).assign(against=name) for name, base in baselines(decision).items()]
    found = pd.concat(parts, ignore_index=True)
    return found[["against", *[name for name in found.columns if name != "against"]]]


def equity(decision: Decision, parameters: Parameters) -> pd.DataFrame:
    """Return concentration and the share to the neediest, by weight as need, of this and the baselines."""
    table = decision.table
    sides = [("this allocation", table["cents"].to_numpy(dtype=np.int64)), *baselines(decision).items()]
    heads = table["participants"].to_numpy(dtype=float)
    return equity_summary(sides, table["weight"].to_numpy(dtype=float), parameters["neediest_part"], heads)


def deadweight(decision: Decision, parameters: Parameters) -> pd.DataFrame:
    """Return the cost per additional trainee of whoever is paid, under declared shares."""
    paid = decision.table[decision.table["cents"] > 0]
    low = paid["groups"].map(lambda cell: LOW_SKILLED in cell.split())
    return deadweight_table(
        paid["cents"].to_numpy(dtype=np.int64),
        paid["participants"].to_numpy(dtype=float),
        ["low_skilled" if each else "others" for each in low],
        parameters["deadweight_shares"],
    )


def violations(decision: Decision) -> list[Violation]:
    """Return for whom the allocation is not universal or not progressive, among the eligible."""
    table = decision.table[~decision.table["refused"]]
    heads = table["participants"].to_numpy(dtype=np.int64)
    need = table["weighted_size"].to_numpy(dtype=float) / heads
    return universalism_violations(
        table["cents"].to_numpy(dtype=np.int64),
        list(table["id"]),
        heads,
        need,
        table["legal_cap_cents"].to_numpy(dtype=np.int64),
    )


def unasked(call: Call, decision: Decision) -> pd.DataFrame:
    """Return courses that nobody applied for: ``course, title``; money cannot reach them."""
    asked = set(decision.table["course"])
    rows = call.courses[~call.courses["course"].astype(str).isin(asked)]
    return rows[["course", "title"]].astype(str).sort_values("course", ignore_index=True)
