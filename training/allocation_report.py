"""The report of an allocation: totals, who gains and loses, equity, deadweight, what nobody asked for."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from forecasting.funding.applications import euros
from forecasting.funding.programme import Basis, Call, Decision
from forecasting.funding.programme_tables import deadweight, equity, summary, unasked, violations, who_gains
from forecasting.funding.weights import NOT_FOR_SOLE_USE

_MOST: Final = 25
"""Rows of a list that are shown; the files hold them all."""
_MONEY: Final = ("cents", "baseline", "change", "old", "new")


def report(
    call: Call, basis: Basis, decision: Decision, manifest: Mapping[str, Any], changed: pd.DataFrame | None
) -> str:
    """Return the report in Markdown.

    Parameters
    ----------
    changed : DataFrame or None
        Of `corrections`, where this corrects an earlier allocation.
    """
    parts = [
        f"# Allocation of {euros(call.budget)}, decision of {call.day}",
        f"**{NOT_FOR_SOLE_USE['en']}** {NOT_FOR_SOLE_USE['nl']}",
        f"{manifest['region']['name']}, {manifest['status']['label']}: {manifest['status']['sentence']}",
        _totals(call, decision),
        "## Who gains and who loses",
        "Against participation alone (the same law and budget, every weight 1), and the last period "
        "where given.",
        _markdown(_gains(decision)),
        "## Equity",
        "Need is the weight; heads are participants. The index runs from -1 to 1; 0 where need is "
        "of no matter.",
        _markdown(equity(decision, basis.dividing)),
        _universal(call, decision),
        "## Deadweight",
        "Declared shares of trainees who would have trained anyway, low, central and high; no measurement.",
        _markdown(_costs(deadweight(decision, basis.dividing))),
        _shared(decision),
        _left(call, decision),
        *([] if changed is None else [_corrected(changed)]),
        "`inputs/` holds what replay needs, unpublished draws among it: keep it, do not publish it.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _totals(call: Call, decision: Decision) -> str:
    told = summary(call, decision)
    level = decision.above.level
    lines = [
        f"{euros(told['allocated_cents'])} for {told['paid']:,} of {told['applications']:,} applications of "
        f"{told['undertakings']:,} undertakings; {told['refused']:,} are refused by law.",
        f"Weights: {told['weights_at_zero']:,} zero, {told['weights_neutral']:,} neutral (nothing known).",
        "Everybody is at the cap."
        if level is None
        else f"{float(level):.6g} cents for each unit of weight × {call.size}, where nothing else limits.",
        f"Intervals: each of {told['draws']:,} kept draws taken as the truth. The amount rests on a cautious "
        "quantile, so it may lie outside its interval.",
    ]
    if told["residual_cents"]:
        lines.append(
            f"Undersubscribed: {euros(told['residual_cents'])} is left. Law, requests and change limits "
            f"take at most {euros(told['capacity_cents'])}; nothing is forced."
        )
    if told["change_limit_gave_way"]:
        lines.append(f"For {told['change_limit_gave_way']:,} the change limit gave way to law.")
    return "\n".join(f"- {line}" for line in lines)


def _gains(decision: Decision) -> pd.DataFrame:
    columns = ["against", "by", "group", "applications", "gainers", "losers", "cents", "baseline", "change"]
    return who_gains(decision)[columns]


def _costs(table: pd.DataFrame) -> pd.DataFrame:
    costs = [name for name in map(str, table.columns) if name.startswith("cost_per")]
    found = table[["group", "cents", "trainees", *costs]].copy()
    for name in costs:
        found[name] = found[name].map(lambda cents: "-" if pd.isna(cents) else euros(round(cents)))
    return found


def _universal(call: Call, decision: Decision) -> str:
    found = violations(decision)
    if call.universal and not found:
        return "Progressive universalism holds: all eligible have a base, need brings more per head."
    by_law = sum(each.at_cap for each in found)
    what = "chosen, and holds but for" if call.universal else "not chosen; an allocation by it would change"
    head = f"Progressive universalism is {what} {len(found):,} applications, {by_law:,} at the legal cap."
    return head + "".join(f"\n- {each.sentence}" for each in found[:_MOST])


def _shared(decision: Decision) -> str:
    groups = decision.legal.groups
    if not len(groups):
        return ""
    cents = decision.table.set_index("id")["cents"]
    got = (
        decision.legal.membership.assign(cents=decision.legal.membership["application"].map(cents))
        .groupby("group")["cents"]
        .sum()
    )
    table = groups[["group", "rule", "version", "cap_cents", "members"]].head(_MOST)
    shown = table.assign(cap_cents=table["cap_cents"].map(euros), got=table["group"].map(got).map(euros))
    return f"## Limits that applications share ({len(groups):,})\n\n{_markdown(shown)}"


def _left(call: Call, decision: Decision) -> str:
    left = unasked(call, decision)
    if not len(left):
        return ""
    names = ", ".join(f"{row.course} {row.title}" for row in left.head(_MOST).itertuples())
    return f"## Courses that nobody applied for ({len(left):,})\n\n{names}."


def _corrected(changed: pd.DataFrame) -> str:
    moved = changed[changed["change"] != 0]
    head = (
        f"## Corrections\n\n{len(moved):,} of {len(changed):,} amounts differ from the allocation corrected."
    )
    return f"{head}\n\n{_markdown(moved.head(_MOST))}" if len(moved) else head


def corrections(decision: Decision, corrected: pd.DataFrame) -> pd.DataFrame:
    """Return ``id, old, new, change`` in cents of every application of either allocation, sorted.

    Parameters
    ----------
    corrected : DataFrame
        ``id, cents`` of the allocation that is corrected; null where an application was not in it.
    """
    old, new = (frame.set_index("id")["cents"] for frame in (corrected, decision.table))
    both = (
        pd.concat([old.rename("old"), new.rename("new")], axis=1).sort_index().rename_axis("id").reset_index()
    )
    both = both.astype({"old": "Int64", "new": "Int64"})
    return both.assign(change=both["new"].fillna(0) - both["old"].fillna(0))


def _markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown: cents as euros, shares to four places, nothing as a dash."""
    names = [name.replace("_", " ") for name in table.columns]
    rows = [_row(row) for row in table.to_dict("records")]
    return "\n".join(["| " + " | ".join(names) + " |", "|---" * len(names) + "|", *rows])


def _row(row: Mapping[Any, Any]) -> str:
    return "| " + " | ".join(_cell(str(name), value) for name, value in row.items()) + " |"


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return "-"
    if name in _MONEY:
        return euros(int(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
