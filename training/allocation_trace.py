"""The trace of an allocation: how every weight and euro came about, in one JSON document.

Nothing of a clock or a user is in it: who proposed and approved it, and when, is in the ledger beside it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import pandas as pd

from forecasting.funding.law_rules import Rulebook
from forecasting.funding.programme import Basis, Call, Decision
from forecasting.funding.programme_tables import COLUMNS, summary
from forecasting.funding.weights import NOT_FOR_SOLE_USE
from forecasting.parameters import Parameters
from training.allocation_inputs import Terms

SCHEMA: Final = 1
_DIVIDING: Final = (
    *("allocation_size", "allocation_change_limit", "allocation_interval", "allocation_top_share"),
    *("universal_base_share", "neediest_part", "deadweight_shares"),
)
_WEIGHING: Final = ("weight_quantile", "weight_rule", "weight_topups", "course_rule", "training_pace")
_WEIGHT: Final = (
    *("course_score", "course_band", "ground", "need", "course_weight", "groups", "group_factor", "weight"),
    *("size", "weighted_size"),
)
_MONEY: Final = (
    *("eligible_cents", "legal_cap_cents", "previous_cents", "base_cents", "floor_cents", "cap_cents"),
    *("change_limit_gave_way", "cents", "bound", "p_low_cents", "p50_cents", "p_high_cents"),
    *("probability_top", "participation_cents"),
)


def trace(
    terms: Terms,
    call: Call,
    basis: Basis,
    decision: Decision,
    manifest: Mapping[str, Any],
    inputs: Mapping[str, str],
    files: Mapping[str, str],
) -> dict[str, Any]:
    """Return the trace.

    Parameters
    ----------
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
            "of_the_release": _entries(basis.weighing, _WEIGHING),
        },
        "law": cited(decision, basis.law),
        "summary": summary(call, decision),
        "level_cents_per_weighted_size": None if above.level is None else str(above.level),
        "group_levels": {
            f"{name} {label}": str(level) for (name, label), level in above.group_levels.items()
        },
        "shared_limits": _shared(decision),
        "limits_divided_among_members": list(limits.split),
        "rounding": "largest remainder, ties by id (METHOD.md section 8.7)",
        "columns": COLUMNS,
        "applications": _applications(decision),
        "inputs": dict(inputs),
        "files": dict(files),
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


def _applications(decision: Decision) -> list[dict[str, Any]]:
    """Return how each amount came about, in the order of ids."""
    findings: dict[str, list[dict[str, Any]]] = {}
    for row in decision.legal.findings.to_dict("records"):
        told = {str(name): _plain(value) for name, value in row.items() if name != "application"}
        findings.setdefault(str(row["application"]), []).append(told)
    return [
        {
            "id": row["id"],
            "undertaking": row["undertaking"],
            "course": row["course"],
            "region": row["region"],
            "weight": {name: _plain(row[name]) for name in _WEIGHT},
            "law": {"refused": bool(row["refused"]), "findings": findings.get(str(row["id"]), [])},
            "amount": {name: _plain(row[name]) for name in _MONEY},
            "share_above_base": str(share),
        }
        for row, share in zip(decision.table.to_dict("records"), decision.above.shares, strict=True)
    ]


def _plain(value: Any) -> Any:
    """Return a cell as JSON holds it; what is unknown is null."""
    if value is None or (not isinstance(value, list | tuple) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
