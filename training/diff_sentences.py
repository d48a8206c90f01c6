"""Say in plain sentences what differs between two snapshots."""

import textwrap
from collections.abc import Hashable, Mapping
from typing import Any, Final

import pandas as pd

_TOLD: Final = 5
_LONGEST: Final = 100
"""Characters of a value that are told; the JSON has all of it."""
_VISIBLE: Final = 0.005
"""Half a percentage point: smaller changes get no sentence of their own."""


def percent(share: Any, places: int = 0) -> str:
    """Return a share as a percentage; a dash where there is none.

    Examples
    --------
    >>> percent(0.3772), percent(0.3772, 1), percent(float("nan"))
    ('38 %', '37.7 %', '–')
    """
    return "–" if pd.isna(share) else f"{100 * float(share):.{places}f} %"


def points(change: Any) -> str:
    """Return a change of a share in percentage points, with its sign.

    Examples
    --------
    >>> points(-0.0912)
    '−9.1 pp'
    """
    if pd.isna(change):
        return "–"
    return f"{round(100 * float(change), 1) + 0.0:+.1f} pp".replace("-", "−")


def euros_of(cents: Any, *, sign: bool = False) -> str:
    """Return cents as euros, exact.

    Examples
    --------
    >>> euros_of(123456789), euros_of(-5, sign=True)
    ('1,234,567.89', '−0.05')
    """
    amount = int(cents)
    front = "−" if amount < 0 else "+" if sign and amount else ""
    return f"{front}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def sentences(
    given: pd.DataFrame,
    rules: pd.DataFrame,
    cells: pd.DataFrame,
    euros: pd.DataFrame,
    regions: pd.DataFrame,
    summary: Mapping[str, Any],
    budget: int,
) -> list[str]:
    """Return the comparison in words: what went in, scores, states, money.

    Parameters
    ----------
    given, rules, cells, euros, regions, summary, budget
        As in `training.diff.Difference`.
    """
    told = [
        *_inputs(given),
        *_rules(rules),
        *_scores(cells),
        *_states(cells),
        *_money(euros, regions, budget),
    ]
    if not summary["cells_compared"]:
        told.insert(0, "No cell is in both: they are of different regions, or of different years ahead.")
    elif not len(cells):
        compared = summary["cells_compared"]
        told.append(f"No cell differs: {compared} {_plural('cell', compared)} compared.")
    if not len(given) and not len(rules) and not len(cells) and not summary["moved_cents"]:
        told.insert(0, "Nothing differs.")
    return told


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _inputs(given: pd.DataFrame) -> list[str]:
    tables = given[given["kind"] == "table"]
    told = [
        f"Input {_plural('table', len(rows))} {change}: {', '.join(rows['name'])}."
        for change, rows in tables.groupby("change")
    ]
    others = given[given["kind"] != "table"].to_dict("records")
    return told + [f"{_named(row)}: {_arrow(row)}." for row in others]


def _rules(rules: pd.DataFrame) -> list[str]:
    return [f"{_named(row)}: {_arrow(row)}." for row in rules.to_dict("records")]


def _named(row: Mapping[Hashable, Any]) -> str:
    field = "" if row["field"] == "value" else f", {row['field']}"
    return f"{str(row['kind']).capitalize()} {row['name']}{field}"


def _arrow(row: Mapping[Hashable, Any]) -> str:
    old, new = (textwrap.shorten(str(row[side]), _LONGEST, placeholder="…") for side in ("old", "new"))
    if row["change"] == "changed":
        return f"{old} → {new}"
    return f"{row['change']} ({new if row['change'] == 'added' else old})"


def _place(row: Mapping[Hashable, Any]) -> str:
    years = "1 year" if row["horizon"] in (1, "1") else f"{row['horizon']} years"
    return f"{row['occupation']} {row['label']} ({row['region']}, {years})"


def _scores(cells: pd.DataFrame) -> list[str]:
    moved = cells[cells["change"].abs() >= _VISIBLE]
    told = [_score(row) for row in moved.head(_TOLD).to_dict("records")]
    more = len(moved) - len(told)
    if more > 0:
        verb = "changes" if more == 1 else "change"
        told.append(f"The score of {more} more {_plural('cell', more)} {verb} by half a point or more.")
    return told


def _score(row: Mapping[Hashable, Any]) -> str:
    inside = row["p10_old"] <= row["p50_new"] <= row["p90_old"]
    where = "within its old interval" if inside else "outside its old interval"
    apart = "" if row["overlap"] else ", and the intervals do not overlap"
    verb = "rises" if row["change"] > 0 else "falls"
    before, after = (percent(row[f"p50_{side}"]) for side in ("old", "new"))
    if before == after:
        before, after = (percent(row[f"p50_{side}"], 1) for side in ("old", "new"))
    return f"The score of {_place(row)} {verb} from {before} to {after}: {where}{apart}."


_SAID: Final = {
    "added": "{cell} is new in this comparison.",
    "removed": "{cell} is gone.",
    "newly scored": "{cell} is newly scored; before: {old}.",
    "no longer scored": "{cell} is no longer scored: {new}.",
    "suppressed": "{cell} is suppressed in {where}: no figure of either is shown.",
}


def _states(cells: pd.DataFrame) -> list[str]:
    told = []
    for state, text in _SAID.items():
        rows = _over_horizons(cells[cells["state"] == state])
        told += [
            text.format(
                cell=_place(row),
                old=_reason(row["reason_old"]),
                new=_reason(row["reason_new"]),
                where=_where(row),
            )
            for row in rows[:_TOLD]
        ]
        more = len(rows) - _TOLD
        if more > 0:
            told.append(f"{more} more {_plural('occupation', more)}: {state}.")
    return told


def _over_horizons(cells: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return one row where the horizons of an occupation share state and reasons."""
    found: dict[tuple[Any, ...], dict[Hashable, Any]] = {}
    for row in cells.fillna({"reason_old": "absent", "reason_new": "absent"}).to_dict("records"):
        key = tuple(row[name] for name in ("region", "occupation", "reason_old", "reason_new"))
        before = f"{found[key]['horizon']}, " if key in found else ""
        found[key] = {**row, "horizon": f"{before}{row['horizon']}"}
    return list(found.values())


def _reason(reason: Any) -> str:
    return str(reason).replace("_", " ") or "no reason given"


def _where(row: Mapping[Hashable, Any]) -> str:
    sides = [side for side in ("old", "new") if row[f"reason_{side}"] == "confidential"]
    return f"the {sides[0]} one" if len(sides) == 1 else "both" if sides else "another window"


def _money(euros: pd.DataFrame, regions: pd.DataFrame, budget: int) -> list[str]:
    told: list[str] = []
    for row in regions.to_dict("records"):
        lines = euros[(euros["region"] == row["region"]) & (euros["occupation"] != "")]
        if row["moved_cents"]:
            told.append(
                f"Of {euros_of(budget)} EUR in {row['region']}, {euros_of(row['moved_cents'])} moves "
                f"({percent(row['share_moved'], 1)})."
            )
        told += _extremes(lines)
        told += _unallocated(row)
        if row["left_out"]:
            count = row["left_out"]
            told.append(
                f"{row['region']}: {count} suppressed {_plural('occupation', count)} left out of the "
                "reference allocation of both sides."
            )
    return told


def _extremes(lines: pd.DataFrame) -> list[str]:
    told = []
    for verb, sign in (("gains", 1), ("loses", -1)):
        moved = lines[lines["change_cents"] * sign > 0]
        if len(moved):
            first = moved.iloc[0]
            told.append(
                f"{first['occupation']} {first['label']} ({first['region']}) {verb} most: "
                f"{euros_of(abs(first['change_cents']))} EUR, from {euros_of(first['cents_old'])} "
                f"to {euros_of(first['cents_new'])}."
            )
    return told


def _unallocated(row: Mapping[Hashable, Any]) -> list[str]:
    before, after = row["unallocated_old"], row["unallocated_new"]
    if before == after:
        return []
    return [
        f"{row['region']}: what the caps leave unallocated goes from {euros_of(before)} to "
        f"{euros_of(after)} EUR."
    ]
