"""The trace of an allocation: how every weight and euro came about, in one JSON document.

Nothing of a clock or a user is in it: who proposed and approved it, and when, is in the ledger beside it. It
is of the case file, by applicant and with small groups: not for publication.
"""

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

import pandas as pd

from forecasting.funding.conditions_told import PRICES, classes_told, conditions_told
from forecasting.funding.in_force import Carry, moves
from forecasting.funding.law_rules import Rulebook
from forecasting.funding.programme import Basis, Call, Decision
from forecasting.funding.programme_tables import COLUMNS, summary, with_findings
from forecasting.funding.words import NOT_FOR_SOLE_USE
from forecasting.parameters import Parameters
from training.allocation_inputs import Terms

SCHEMA: Final = 1
_DIVIDING: Final = (
    *("allocation_size", "allocation_change_limit", "allocation_interval", "allocation_top_share"),
    *("universal_base_share", "neediest_part", "deadweight_shares"),
)
_WEIGHING: Final = ("weight_quantile", "weight_rule", "weight_topups", "course_rule", "training_pace")
_WEIGHING_PERIOD: Final = "weight_period"
_WEIGHT: Final = (
    *("course_score", "course_band", "ground", "need", "course_weight", "course_previous_weight"),
    *("course_held_by", "groups", "group_factor", "weight", "size", "weighted_size"),
)
_MONEY: Final = (
    *("eligible_cents", "legal_cap_cents", "previous_cents", "base_cents", "floor_cents", "cap_cents"),
    *("change_limit_gave_way", "cents", "bound", "p_low_cents", "p50_cents", "p_high_cents"),
    *("probability_top", "participation_cents"),
)

_TOLD: Final = ("id", "undertaking", "course", "region", "refused", *_WEIGHT, *_MONEY)


def trace(
    terms: Terms,
    call: Call,
    basis: Basis,
    decision: Decision,
    manifest: Mapping[str, Any],
    approved: Mapping[str, Any],
    inputs: Mapping[str, str],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """Return the trace but for the applications, which `document` adds.

    Parameters
    ----------
    approved : mapping
        Of `training.rule_approval.approval`: who approved the rules.
    inputs, files : mapping of str to str
        SHA-256 of every input and every file of the result.
    """
    above, limits = decision.above, decision.limits
    return {
        "schema": SCHEMA,
        "not_for_sole_use": dict(NOT_FOR_SOLE_USE),
        "terms": asdict(terms),
        "size": call.size,
        "release": {
            "id": terms.release,
            "hash": terms.snapshot,
            "region": manifest["region"],
            "status": manifest["status"],
            "quantile": basis.rule.quantile,
        },
        "parameters": {
            "of_the_day": _entries(basis.dividing, _DIVIDING),
            "of_the_release": _entries(basis.weighing, (*_WEIGHING, _WEIGHING_PERIOD)),
        },
        "rules": dict(approved),
        "weights": None if call.carry is None else period_told(decision, call.carry),
        "law": cited(decision, basis.law),
        "summary": summary(call, decision),
        "level_cents_per_weighted_size": None if above.level is None else str(above.level),
        "group_levels": {
            f"{name} {label}": str(level) for (name, label), level in above.group_levels.items()
        },
        "rule": call.rule,
        "conditions": conditions_told(decision),
        "classes": classes_told(decision),
        "prices": PRICES,
        "price_of_budget": None if decision.under is None else round(decision.under.price_of_budget, 6),
        "shared_limits": _shared(decision),
        "limits_divided_among_members": list(limits.split),
        "rounding": "largest remainder, ties by id (METHOD.md section 8.7)",
        "columns": COLUMNS,
        "inputs": dict(inputs),
        "files": dict(files),
    }


def document(told: Mapping[str, Any], decision: Decision) -> Iterator[bytes]:
    """Yield a trace as JSON, one line an application: every cell on a line of its own is slow to write."""
    yield b'{"applications": [\n'
    encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode
    for at, each in enumerate(_applications(decision)):
        line = encode(each)
        yield f",\n{line}".encode() if at else line.encode()
    yield f"\n],{json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False)[1:]}\n".encode()


def period_told(decision: Decision, carry: Carry) -> dict[str, Any]:
    """Return the budget period and how the weights in force moved into it, by table."""
    period = carry.period
    return {
        "period": period.name,
        "announced": carry.announced.isoformat(),
        "notice_days": period.notice,
        "announced_in_time": period.announced_in_time(carry.announced),
        "former": sorted(carry.former),
        "moves": {name: _numbers(moves(name, table, carry)) for name, table in decision.in_force.items()},
    }


def _numbers(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if value is None or value != value else round(float(value), 6)
        for name, value in told.items()
    }


def _entries(parameters: Parameters, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: asdict(parameters.values[name]) for name in names if name in parameters.values}


def cited(decision: Decision, law: Rulebook) -> dict[str, Any]:
    """Return every rule that a finding or a shared limit cites, with all its versions."""
    names = {*decision.legal.findings["rule"], *decision.legal.groups["rule"]}
    return {"day": law.day.isoformat(), "rules": {k: v for k, v in law.as_dict().items() if k in names}}


def _shared(decision: Decision) -> list[dict[str, Any]]:
    """Return limits that applications share, with what their members got."""
    cents = decision.table.set_index("id")["cents"]
    members = decision.legal.membership.groupby("group")["application"].agg(list)
    return [
        {
            **{name: _plain(row[name]) for name in ("group", "rule", "version", "article", "cap_cents")},
            "members": members[row["group"]],
            "cents": int(cents.loc[members[row["group"]]].sum()),
        }
        for row in decision.legal.groups.to_dict("records")
    ]


def _applications(decision: Decision) -> Iterator[dict[str, Any]]:
    """Yield how each amount came about, in the order of ids."""
    columns = [str(name) for name in decision.legal.findings.columns if name != "application"]
    rows = with_findings(decision, _TOLD, columns)
    for (row, found), share in zip(rows, decision.above.shares, strict=True):
        yield {
            "id": row["id"],
            "undertaking": row["undertaking"],
            "course": row["course"],
            "region": row["region"],
            "weight": {name: row[name] for name in _WEIGHT},
            "law": {"refused": row["refused"], "findings": [_finding(each) for each in found]},
            "amount": {name: row[name] for name in _MONEY},
            "share_above_base": str(share),
        }


def _finding(row: dict[Hashable, Any]) -> dict[Hashable, Any]:
    del row["application"]
    return row


def _plain(value: Any) -> Any:
    """Return a cell as JSON holds it; what is unknown is null."""
    if value is None or (not isinstance(value, list | tuple) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
