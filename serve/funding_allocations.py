"""An allocation over applications: worked out from what is sent and the release, kept and logged nowhere."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from forecasting.errors import ForecastingError
from forecasting.funding.law_columns import GRANTS
from serve.funding_given import refuse, refused
from serve.funding_release import SKILL, caution, draws, frame, parameters, policy, records, rows_of
from serve.problems import Fault
from serve.release import Release
from serve.schemas import Language
from serve.schemas_funding import AllocationCall, GivenApplication

_LATEST: Final = ("current", "made up")
_OF_THE_DAY: Final = (
    *("allocation_size", "allocation_interval", "allocation_top_share", "universal_base_share"),
    "default_regime",
)
_OF_THE_RELEASE: Final = ("weight_quantile", "weight_rule", "weight_topups", "course_rule", "training_pace")
_TOLD: Final = ("allocation_change_limit", "allocation_interval", "allocation_top_share")
_ROUNDING: Final = "largest remainder, ties by id (METHOD.md section 8.7)"


def allocate(release: Release, store: Path, asked: AllocationCall) -> dict[str, Any]:
    """Return the answer to a call for money, without the block of the release.

    The same call and the same release give the same answer: the day is given, never the clock's.

    Raises
    ------
    Refusal
        With every problem of what was sent.
    """
    from forecasting.funding.programme import decide

    refuse([*_budget(asked), *_historical(release, asked)])
    dividing, _ = policy(asked.day)
    try:
        call, basis = _call(release, store, asked)
        decision = decide(call, basis)
    except ForecastingError as error:
        raise refused(error) from None
    from forecasting.funding.programme_tables import COLUMNS, summary
    from forecasting.funding.statements import statements

    name, items = release.champion.release, _items(decision, asked.lang)
    about = {each: dividing[each] for each in _TOLD}
    text = statements(call, decision, name, basis.rule.quantile, about, asked.lang)
    return {
        **caution(release, SKILL),
        "resolved": {
            "day": asked.day.isoformat(),
            "budget": f"{call.budget // 100}.{call.budget % 100:02d}",
            "universal": asked.universal,
            "size": call.size,
            "lang": asked.lang,
        },
        "summary": summary(call, decision),
        "columns": COLUMNS,
        "items": items,
        "trace": _trace(release, asked, basis, decision, items),
        "statements": text,
    }


def _budget(asked: AllocationCall) -> list[Fault]:
    if Decimal(asked.budget) > 0:
        return []
    return [
        Fault(parameter="budget", value=asked.budget, message="expected more than 0. Do: give the budget")
    ]


def _historical(release: Release, asked: AllocationCall) -> list[Fault]:
    """Refuse weights from history unless they are asked for: a day's money does not follow an old market."""
    status, oldest = release.manifest["status"], parameters(release)["oldest_current_data"]
    aged = status["label"] == "current" and asked.day.year - release.base_year > oldest
    if asked.historical_demonstration or (status["label"] in _LATEST and not aged):
        return []
    name = release.champion.release
    why = f"its base year {release.base_year} is more than {oldest} years before {asked.day}"
    told = f"a historical demonstration: {why if aged else status['sentence']} Do: ask a newer release, "
    return [Fault(parameter="release", value=name, message=told + "or send historical_demonstration as true")]


def _call(release: Release, store: Path, asked: AllocationCall) -> tuple[Any, Any]:
    """Return what is asked and what it is decided on, of the regions and courses that are named."""
    import pandas as pd

    from forecasting.funding.programme import Basis, Call

    applications = _rows(asked.applications, GivenApplication.model_fields)
    grants = _rows(asked.grants, [column.name for column in GRANTS.columns])
    dividing, law = policy(asked.day)
    weights = frame(release, "weights")
    known = sorted(weights["region"].astype(str).unique())
    named = {str(region).strip() for region in applications["region"].dropna()} or set(known[:1])
    at = rows_of(release, SKILL, sorted(named & set(known)))
    # A course is scored by its own skills alone, so that only those asked for need be.
    codes = {str(code).strip() for code in applications["course"]}
    courses = release.tables["courses"].where({"course": sorted(codes)})
    tables = {
        "skills": pd.DataFrame({"code": list(release.skills)}),
        "occupations": pd.DataFrame({"code": list(release.occupations)}),
        "weights": weights,
        "skill_weights": frame(release, "skill_weights", at),
    }
    basis = Basis(tables, draws(release, store, SKILL, at), parameters(release), dividing, law)
    offered = frame(release, "courses", courses, whole=True)
    size = asked.size or str(dividing["allocation_size"])
    budget = int(Decimal(asked.budget) * 100)
    call = Call(asked.day, budget, applications, grants, offered, None, None, asked.universal, size)
    return call, basis


def _rows(given: Iterable[BaseModel], columns: Iterable[str]) -> Any:
    import pandas as pd

    return pd.DataFrame([each.model_dump() for each in given], columns=list(columns), dtype=object)


def _items(decision: Any, lang: Language) -> list[dict[str, Any]]:
    """Return each application's amount with the findings of law that it follows from, in one language."""
    from forecasting.funding.programme_tables import result_table

    findings: dict[str, list[dict[str, Any]]] = {}
    found, spoken = decision.legal.findings, "detail_nl" if lang == "nl" else "detail"
    for row in records(found.assign(detail=found[spoken]).drop(columns="detail_nl")):
        findings.setdefault(str(row.pop("application")), []).append(row)
    sentence = "course_why_nl" if lang == "nl" else "course_why"
    more = decision.table[["course_band", "weighted_size"]].assign(course_why=decision.table[sentence])
    rows = zip(records(result_table(decision)), records(more), decision.above.shares, strict=True)
    return [
        {**row, **own, "share_above_base": str(share), "findings": findings.get(str(row["id"]), [])}
        for row, own, share in rows
    ]


def _trace(
    release: Release, asked: AllocationCall, basis: Any, decision: Any, items: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return levels, shared limits, law and parameters with versions, and hashes of all that went in."""
    above, legal = decision.above, decision.legal
    cents = decision.table.set_index("id")["cents"]
    members = legal.membership.groupby("group")["application"].agg(list)
    named = {*legal.findings["rule"], *legal.groups["rule"]}
    law = basis.law.as_dict()
    told = {
        "of_the_day": _entries(basis.dividing, _OF_THE_DAY),
        "of_the_release": _entries(basis.weighing, _OF_THE_RELEASE),
    }
    return {
        "level_cents_per_weighted_size": None if above.level is None else str(above.level),
        "group_levels": {f"{n} {label}": str(level) for (n, label), level in above.group_levels.items()},
        "shared_limits": [
            {**row, "members": members[row["group"]], "cents": int(cents.loc[members[row["group"]]].sum())}
            for row in records(legal.groups[["group", "rule", "version", "article", "cap_cents"]])
        ],
        "limits_divided_among_members": list(decision.limits.split),
        "rounding": _ROUNDING,
        "law": {name: rule for name, rule in law.items() if name in named},
        "parameters": told,
        "sha256": {
            "release": release.champion.release,
            "call": _digest(asked.model_dump(mode="json")),
            "parameters": _digest(told),
            "law": _digest(law),
            "items": _digest(items),
        },
    }


def _entries(known: Any, names: Iterable[str]) -> Mapping[str, Any]:
    return {name: asdict(known.values[name]) for name in names if name in known.values}


def _digest(content: Any) -> str:
    """Return the SHA-256 of JSON with sorted keys and no spaces."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
