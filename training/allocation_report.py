"""The report of an allocation: totals, who gains and loses, equity, deadweight, what nobody asked for."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.funding.applications import euros
from forecasting.funding.conditioned import NEAREST
from forecasting.funding.conditions_told import PRICES, classes_told, conditions_told
from forecasting.funding.equity import UNKNOWN
from forecasting.funding.in_force import moves
from forecasting.funding.programme import Basis, Call, Decision
from forecasting.funding.programme_tables import (
    LOW_SKILLED,
    deadweight,
    equity,
    summary,
    unasked,
    violations,
    who_gains,
)
from forecasting.funding.small_groups import applicants, hidden, hidden_across, labels
from forecasting.funding.words import NOT_FOR_SOLE_USE

_MOST: Final = 25
"""Rows of a list that are shown; the files hold them all."""
_MONEY: Final = ("cents", "baseline", "change", "old", "new")
_NEVER: Final = ("against", "by", "group", "rule", "version", "article")
"""Columns that name a row: shown where its figures are not."""


def report(
    call: Call, basis: Basis, decision: Decision, manifest: Mapping[str, Any], changed: pd.DataFrame | None
) -> str:
    """Return the report in Markdown.

    Parameters
    ----------
    changed : DataFrame or None
        Of `corrections`, where this corrects an earlier allocation.
    """
    least = int(basis.weighing["small_cell"])
    parts = [
        f"# Allocation of {euros(call.budget)}, decision of {call.day}",
        f"**{NOT_FOR_SOLE_USE['en']}** {NOT_FOR_SOLE_USE['nl']}",
        f"{manifest['region']['name']}, {manifest['status']['label']}: {manifest['status']['sentence']}",
        _totals(call, decision),
        _weights(call, decision),
        f"Figures of fewer than {least} applicants (single undertakings) are not shown (n<{least}), nor "
        "those of the smallest others where a total minus the rest would reveal them.",
        "## Who gains and who loses",
        "Against participation alone (the same law and budget, every weight 1), and the last period "
        "where given.",
        _markdown(_gains(decision, least)),
        "## Equity",
        "Need is the weight; heads are participants. The index runs from -1 to 1; 0 where need is "
        "of no matter.",
        _markdown(equity(decision, basis.dividing)),
        _universal(call, decision),
        "## Deadweight",
        "Declared shares of trainees who would have trained anyway, low, central and high; no measurement.",
        _markdown(_costs(decision, basis, least)),
        _shared(decision, least),
        _conditions(call, decision, least),
        "The forecast reads no earlier grant or allocation, so a backtest has none to remove: money given "
        "before reaches a weight only through the people it trained, and through the step that holds it to "
        "the last period's. Earlier aid counts here for the law and the change limit.",
        _left(call, decision),
        *([] if changed is None else [_corrected(changed)]),
        "`amounts.svg` shows the largest amounts with their intervals, `allocation.csv` and the statements "
        "every application by its pseudonymous id: they are of single applicants.",
        "`inputs/` holds what replay needs, unpublished draws among it: keep it, do not publish it.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _totals(call: Call, decision: Decision) -> str:
    told = summary(call, decision)
    level = decision.above.level
    lines = [
        f"{euros(told['allocated_cents'])} for {told['paid']:,} of {told['applications']:,} applications of "
        f"{told['undertakings']:,} undertakings; {told['refused']:,} are refused by law.",
        f"Weights: {told['weights_at_zero']:,} zero ({told['weights_at_zero'] / told['applications']:.1%}), "
        f"{told['weights_neutral']:,} neutral (nothing known), of {told['applications']:,} applications.",
        _level(call, level),
        f"Intervals: each of {told['draws']:,} kept draws taken as the truth. The amount rests on a cautious "
        "quantile, so it may lie outside its interval.",
    ]
    if told["residual_cents"]:
        lines.append(
            f"Undersubscribed: {euros(told['residual_cents'])} is left. Law, requests and limits "
            f"take at most {euros(told['capacity_cents'])}; nothing is forced."
        )
    if told["change_limit_gave_way"]:
        lines.append(f"For {told['change_limit_gave_way']:,} the change limit gave way to law.")
    return "\n".join(f"- {line}" for line in lines)


def _level(call: Call, level: Fraction | None) -> str:
    if call.rule != NEAREST:
        return f"Divided by rule {call.rule}, not in proportion to weight."
    if level is None:
        return "Everybody is at the cap, or in a condition that decides."
    return f"{float(level):.6g} cents for each unit of weight × {call.size}, where nothing else limits."


def _weights(call: Call, decision: Decision) -> str:
    """Return how the weights in force moved into the budget period."""
    carry = call.carry
    if carry is None:
        return ""
    told = [{"of": name, **moves(name, table, carry)} for name, table in decision.in_force.items()]
    names = {"changed_band": "changed band between releases", "expected_to_change": "expected by resampling"}
    period, in_time = carry.period, carry.period.announced_in_time(carry.announced)
    if carry.former:
        notice = "kept" if in_time else "too short: the former weights stay"
    else:
        notice = "no former weights, so the release's count as they are" + (
            "" if in_time else ", without notice"
        )
    head = (
        f"## Weights of {period.name}\n\nAnnounced on {carry.announced}, notice of {period.notice} days: "
        f"{notice}. Held by the freeze of the period, by hysteresis at an edge, or by the largest step; "
        "`course_weights.parquet` says which by course."
    )
    return f"{head}\n\n{_markdown(pd.DataFrame(told).rename(columns=names))}"


def _gains(decision: Decision, least: int) -> pd.DataFrame:
    """Return gains and losses, without the figures of groups that are too small."""
    columns = ["against", "by", "group", "applications", "gainers", "losers", "cents", "baseline", "change"]
    found = who_gains(decision)[columns]
    table, ways = decision.table, dict.fromkeys(found["by"].astype(str))
    groups = pd.DataFrame({by: labels(table, by, UNKNOWN) for by in ways})
    dark = hidden_across(groups, table["single_undertaking"], least, _shown_beside(decision, least))
    small = [(str(by), str(group)) in dark for by, group in zip(found["by"], found["group"], strict=True)]
    return _without(found, pd.Series(small, found.index), least)


def _shown_beside(decision: Decision, least: int) -> list[NDArray[np.bool_]]:
    """Return the applications of every other sum of amounts that the report shows."""
    table, legal = decision.table, decision.legal
    rules = legal.membership.merge(legal.groups[["group", "rule", "version"]], on="group")
    low = table["groups"].map(lambda cell: LOW_SKILLED in cell.split()).to_numpy(dtype=bool)
    sets = [
        *(table["id"].isin(each).to_numpy() for _, each in rules.groupby(["rule", "version"])["application"]),
        *(np.asarray(each.members(table), dtype=bool) for each in decision.declared),
        *(low, ~low),
    ]
    return [each for each in sets if table.loc[each, "single_undertaking"].nunique() >= least]


def _without(table: pd.DataFrame, small: "pd.Series[bool]", least: int) -> pd.DataFrame:
    """Return a table with the figures of some rows replaced by why they are not shown."""
    found = table.astype(object)
    found.loc[small, [name for name in found.columns if name not in _NEVER]] = f"n<{least}"
    return found


def _costs(decision: Decision, basis: Basis, least: int) -> pd.DataFrame:
    table, paid = deadweight(decision, basis.dividing), decision.table[decision.table["cents"] > 0]
    low = paid["groups"].map(lambda cell: "low_skilled" if LOW_SKILLED in cell.split() else "others")
    members = applicants(paid.assign(group=low), "group", UNKNOWN).reindex(table["group"]).fillna(0)
    small = pd.Series(hidden(members.tolist(), least), table.index)
    costs = [name for name in map(str, table.columns) if name.startswith("cost_per")]
    found = table[["group", "cents", "trainees", *costs]].copy()
    for name in costs:
        found[name] = found[name].map(lambda cents: "-" if pd.isna(cents) else euros(round(cents)))
    return _without(found, small, least)


def _universal(call: Call, decision: Decision) -> str:
    found = violations(decision)
    if call.universal and not found:
        return "Progressive universalism holds: all eligible have a base, need brings more per head."
    by_law = sum(each.at_cap for each in found)
    what = "chosen, and holds but for" if call.universal else "not chosen; an allocation by it would change"
    return f"Progressive universalism is {what} {len(found):,} applications, {by_law:,} at the legal cap."


def _shared(decision: Decision, least: int) -> str:
    """Return by rule what applications share; each limit with its members is in the trace."""
    groups = decision.legal.groups
    if not len(groups):
        return ""
    of = decision.table.set_index("id")[["cents", "single_undertaking"]]
    each = decision.legal.membership.join(of, on="application").merge(
        groups[["group", "rule", "version", "cap_cents"]], on="group"
    )
    by = ["rule", "version"]
    table = each.groupby(by).agg(applications=("application", "nunique"), cents=("cents", "sum"))
    limits = each.drop_duplicates("group").groupby(by).agg(limits=("group", "size"), cap=("cap_cents", "sum"))
    few = each.groupby(by)["single_undertaking"].nunique() < least  # no total is shown to subtract from
    shown = table.join(limits.assign(cap=limits["cap"].map(euros))).reset_index()
    told = _without(shown, few.reset_index(drop=True), least)
    return f"## Limits that applications share ({len(groups):,})\n\n{_markdown(told)}"


def _conditions(call: Call, decision: Decision, least: int) -> str:
    """Return what the programme's conditions asked, gave and cost."""
    rows = conditions_told(decision)
    if not rows:
        return ""
    table = pd.DataFrame(rows)
    money = {
        name: [euros(int(each)) if pd.notna(each) else "-" for each in table[f"{name}_cents"]]
        for name in ("least", "most")
    }
    table = table.assign(**money, group=table["column"] + ": " + table["values"].str.join(" "))
    shown = ["name", "group", "least", "most", "applications", "cents", "binds", "price_of_least"]
    members = [each.members(decision.table) for each in decision.declared]
    own = decision.table["single_undertaking"]
    few = pd.Series([own[inside].nunique() < least for inside in members], table.index)
    table = table[[*shown, "price_of_most", "kept_in_draws", "reference"]].astype(object)
    table.loc[few, ["applications", "cents"]] = f"n<{least}"
    return (
        f"## Conditions of the programme ({len(rows):,})\n\nBinds: the side that changes amounts. Prices: "
        f"{PRICES}. Kept in draws: share of the draws in which what has weight lets it be kept.\n\n"
        f"{_markdown(table)}" + (f"\n\n{_classes(decision)}" if call.rule == NEAREST else "")
    )


def _classes(decision: Decision) -> str:
    """Return what a unit of weight gets in each class of applications that binding conditions make."""
    told = [
        {
            "binding conditions": " + ".join(each["conditions"]) or "none",
            "applications": each["applications"],
            "cents a unit": None if level is None else float(Fraction(level)),
        }
        for each in classes_told(decision)
        for level in [each["level_cents_per_weighted_size"]]
    ]
    head = "Cents for each unit of weight × size, by the binding conditions that an application is in"
    return f"{head}; a dash where all are at their cap.\n\n{_markdown(pd.DataFrame(told))}"


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
    return f"{head} `corrections.csv` has them all." if len(moved) else head


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
    if name in _MONEY and not isinstance(value, str):
        return euros(int(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
