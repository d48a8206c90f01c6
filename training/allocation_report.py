"""The report of an allocation: totals, who gains and loses, equity, deadweight, what nobody asked for."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd

from forecasting.funding.applications import euros
from forecasting.funding.conditioned import NEAREST
from forecasting.funding.conditions_told import PRICES, classes_told, conditions_told
from forecasting.funding.in_force import moves
from forecasting.funding.programme import Basis, Call, Decision
from forecasting.funding.programme_tables import (
    deadweight,
    equity,
    summary,
    unasked,
    violations,
    who_gains,
)
from forecasting.funding.words import NOT_FOR_SOLE_USE
from training.allocation_groups import (
    CASE_FILE,
    CLASS,
    FOR_PUBLICATION,
    NEEDIEST,
    TRAINEES,
    Shown,
    condition_way,
    limit_way,
    shown,
)

_MOST: Final = 25
"""Rows of a list that are shown; the files hold them all."""
_MONEY: Final = ("cents", "baseline", "change", "old", "new")
_NEVER: Final = (
    *("against", "by", "group", "rule", "version", "article", "allocation"),
    *("name", "least", "most", "reference"),
)
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
    part = float(basis.dividing["neediest_part"])
    told = shown(decision, part, int(basis.weighing["small_cell"]))
    parts = [
        f"# Allocation of {euros(call.budget)}, decision of {call.day}",
        f"**{NOT_FOR_SOLE_USE['en']}** {NOT_FOR_SOLE_USE['nl']}",
        f"{manifest['region']['name']}, {manifest['status']['label']}: {manifest['status']['sentence']}",
        FOR_PUBLICATION if changed is None else CASE_FILE,
        _totals(call, decision, told),
        _weights(call, decision),
        f"Figures of fewer than {told.least} applicants (single undertakings), or of fewer who are paid, are "
        f"not shown ({told.sign}), nor those of the smallest others where what is left of all tables of this "
        "report together would reveal them.",
        "## Who gains and who loses",
        "Against participation alone (the same law and budget, every weight 1), and the last period "
        "where given.",
        _markdown(_gains(decision, told)),
        "## Equity",
        "Need is the weight; heads are participants. The index runs from -1 to 1; 0 where need is "
        "of no matter.",
        _markdown(_equity(decision, basis, told)),
        _universal(call, decision, told),
        "## Deadweight",
        "Declared shares of trainees who would have trained anyway, low, central and high; no measurement.",
        _markdown(_costs(decision, basis, told)),
        _shared(decision, told),
        _conditions(call, decision, told),
        "The forecast reads no earlier grant or allocation, so a backtest has none to remove: money given "
        "before reaches a weight only through the people it trained, and through the step that holds it to "
        "the last period's. Earlier aid counts here for the law and the change limit.",
        _left(call, decision),
        *([] if changed is None else [_corrected(changed, told)]),
        "`inputs/` holds what replay needs, unpublished draws among it: keep it.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _totals(call: Call, decision: Decision, may: Shown) -> str:
    told = summary(call, decision)
    level = decision.above.level
    counted = ("paid", "refused", "weights_at_zero", "weights_neutral", "change_limit_gave_way")
    count = {name: may.count(name, told[name]) for name in counted}
    zero = "" if may.hides("weights_at_zero") else f" ({told['weights_at_zero'] / told['applications']:.1%})"
    lines = [
        f"{euros(told['allocated_cents'])} for {count['paid']} of {told['applications']:,} applications of "
        f"{told['undertakings']:,} undertakings; {count['refused']} are refused by law.",
        f"Weights: {count['weights_at_zero']} zero{zero}, "
        f"{count['weights_neutral']} neutral (nothing known), of {told['applications']:,} applications.",
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
        lines.append(f"For {count['change_limit_gave_way']} the change limit gave way to law.")
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


def _gains(decision: Decision, may: Shown) -> pd.DataFrame:
    """Return gains and losses, without the figures of groups that are too small."""
    columns = ["against", "by", "group", "applications", "gainers", "losers", "cents", "baseline", "change"]
    found = who_gains(decision)[columns]
    few = may.hide(*(found[name].astype(str).tolist() for name in ("by", "group", "against")))
    return _without(found, few, may)


def _equity(decision: Decision, basis: Basis, may: Shown) -> pd.DataFrame:
    found = equity(decision, basis.dividing)
    dark = [may.hides(NEEDIEST, against=name) for name in found["allocation"]]
    share = found["share_to_neediest"].astype(object).mask(pd.Series(dark, found.index), may.sign)
    return _without(found.assign(share_to_neediest=share), found["allocation"].isin(may.few), may)


def _without(table: pd.DataFrame, few: Any, may: Shown) -> pd.DataFrame:
    """Return a table with the figures of some rows replaced by why they are not shown."""
    found = table.astype(object)
    found.loc[few, [name for name in found.columns if name not in _NEVER]] = may.sign
    return found


def _costs(decision: Decision, basis: Basis, may: Shown) -> pd.DataFrame:
    table = deadweight(decision, basis.dividing)
    costs = [name for name in map(str, table.columns) if name.startswith("cost_per")]
    found = table[["group", "cents", "trainees", *costs]].copy()
    for name in costs:
        found[name] = found[name].map(lambda cents: "-" if pd.isna(cents) else euros(round(cents)))
    return _without(found, [may.hides(TRAINEES, group) for group in table["group"]], may)


def _universal(call: Call, decision: Decision, may: Shown) -> str:
    found = violations(decision)
    if call.universal and not found:
        return "Progressive universalism holds: all eligible have a base, need brings more per head."
    by_law = sum(each.at_cap for each in found)
    what = "chosen, and holds but for" if call.universal else "not chosen; an allocation by it would change"
    many = may.some(len({each.unit for each in found}), len(decision.table))
    capped = many if many == may.sign else may.some(by_law, len(found))
    return f"Progressive universalism is {what} {many} applications, {capped} at the legal cap."


def _shared(decision: Decision, may: Shown) -> str:
    """Return by rule what applications share; each limit with its members is in the trace."""
    groups = decision.legal.groups
    if not len(groups):
        return ""
    of = decision.table.set_index("id")[["cents"]]
    each = decision.legal.membership.join(of, on="application").merge(
        groups[["group", "rule", "version", "cap_cents"]], on="group"
    )
    by = ["rule", "version"]
    once = each.drop_duplicates([*by, "application"])  # an application may be in several limits of a rule
    table = once.groupby(by).agg(applications=("application", "size"), cents=("cents", "sum"))
    limits = each.drop_duplicates("group").groupby(by).agg(limits=("group", "size"), cap=("cap_cents", "sum"))
    found = table.join(limits.assign(cap=limits["cap"].map(euros))).reset_index()
    few = [may.hides(limit_way(rule, version)) for rule, version in found[by].itertuples(index=False)]
    return f"## Limits that applications share\n\n{_markdown(_without(found, few, may))}"


def _conditions(call: Call, decision: Decision, may: Shown) -> str:
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
    columns = ["name", "group", "least", "most", "applications", "cents", "binds", "price_of_least"]
    table = table[[*columns, "price_of_most", "kept_in_draws", "reference"]]
    few = [may.hides(condition_way(each.name)) for each in decision.declared]
    table = _without(table, few, may)  # where a side is known to bind, that amount is theirs
    return (
        f"## Conditions of the programme ({len(rows):,})\n\nBinds: the side that changes amounts. Prices: "
        f"{PRICES}. Kept in draws: share of the draws in which what has weight lets it be kept.\n\n"
        f"{_markdown(table)}" + (f"\n\n{_classes(decision, may)}" if call.rule == NEAREST else "")
    )


def _classes(decision: Decision, may: Shown) -> str:
    """Return what a unit of weight gets in each class of applications that binding conditions make.

    Of a class that shows nothing, and of one that a hidden condition binds, not even the conditions are
    named.
    """
    every = classes_told(decision)
    few = [
        may.hides(CLASS, number) or any(may.hides(condition_way(name)) for name in each["conditions"])
        for number, each in enumerate(every)
    ]
    told = [
        {
            "binding conditions": " + ".join(each["conditions"]) or "none",
            "applications": each["applications"],
            "cents a unit": None if level is None else float(Fraction(level)),
        }
        for each in every
        for level in [each["level_cents_per_weighted_size"]]
    ]
    head = "Cents for each unit of weight × size, by the binding conditions that an application is in"
    table = _without(pd.DataFrame(told), few, may)
    return f"{head}; a dash where all are at their cap.\n\n{_markdown(table)}"


def _left(call: Call, decision: Decision) -> str:
    left = unasked(call, decision)
    if not len(left):
        return ""
    names = ", ".join(f"{row.course} {row.title}" for row in left.head(_MOST).itertuples())
    return f"## Courses that nobody applied for ({len(left):,})\n\n{names}."


def _corrected(changed: pd.DataFrame, may: Shown) -> str:
    moved = changed[changed["change"] != 0]
    head = (
        f"## Corrections\n\n{may.some(len(moved), len(changed))} of {len(changed):,} amounts differ from the "
        "allocation corrected."
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
