"""Compare two snapshots: what went in, what came out, and whose money moves.

A cell that is suppressed in either snapshot shows no figure of either, and takes no part in ranks and euros:
a figure published before must not come back through the comparison (DESIGN.md section 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.snapshot import Snapshot
from training.allocation import by_need
from training.diff_inputs import inputs, parameters
from training.diff_sentences import sentences

TOP: Final = 10
CELL: Final = ["region", "occupation", "horizon"]
SUPPRESSED: Final = "suppressed"
UNALLOCATED: Final = ""
"""Occupation of the line that holds what the caps leave unspent: with it, both sides add to the budget."""

_SIDES: Final = ("old", "new")
_FIGURES: Final = ("p10", "p50", "p90", "rank")
_EUROS: Final = (
    "region",
    "occupation",
    "label",
    "weight_old",
    "weight_new",
    "weight_change",
    "cents_old",
    "cents_new",
    "change_cents",
)
_NOISE: Final = 1e-9
"""Shares closer than this are the same: what floating point leaves of another order of summing."""

_SUPPRESSIBLE: Final = ("gaps", "openings", "supply", "skill_gaps", "weights", "scenario_effects")
STATES: Final = (
    "compared",
    "added",
    "removed",
    "newly scored",
    "no longer scored",
    "not scored",
    SUPPRESSED,
)
Hidden = set[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Difference:
    """What differs between two snapshots.

    Parameters
    ----------
    names : tuple of str
        Of the old and the new one.
    budget_cents : int
        Reference budget of each region.
    inputs, parameters : DataFrame
        Tables, source cards and settings that differ; parameters that differ: old and new as text.
    cells : DataFrame
        Cells that differ, largest change of the median score first; ``state`` says which kind of change.
    rankings : DataFrame
        Agreement of the ranks per region and horizon: cells, ``spearman``, ``top_ten_overlap``.
    euros : DataFrame
        Weight and cents of every occupation, and a line ``UNALLOCATED``; largest change first.
    regions : DataFrame
        Totals of `euros` per region. ``moved_cents`` is half the sum of the absolute changes, what is left
        unallocated included, so that it is a whole number.
    summary : mapping
        Figures of the whole comparison; null where there is nothing to measure.
    sentences : tuple of str
        The comparison in words.
    """

    names: tuple[str, str]
    budget_cents: int
    inputs: pd.DataFrame
    parameters: pd.DataFrame
    cells: pd.DataFrame
    rankings: pd.DataFrame
    euros: pd.DataFrame
    regions: pd.DataFrame
    summary: Mapping[str, Any]
    sentences: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (
            len(self.inputs) or len(self.parameters) or len(self.cells) or _money_differs(self.euros).any()
        )


def compare(a: Snapshot, b: Snapshot, budget_cents: int, names: tuple[str, str] = ("A", "B")) -> Difference:
    """Compare an old snapshot with a new one.

    Parameters
    ----------
    a, b : Snapshot
        Old and new.
    budget_cents : int
        Given to every region that both have, each snapshot with its own weights and cap.
    names : tuple of str, optional
        What to call them.

    Raises
    ------
    ForecastingError
        If the budget is negative.
    """
    hidden = _hidden(a) | _hidden(b)
    every = _cells(a, b, hidden)
    rankings = _rankings(every)
    euros = _euros(a, b, hidden, budget_cents)
    regions = _regions(euros, every, budget_cents)
    summary = _summary(every, rankings, regions, budget_cents)
    given, rules = inputs(a, b), parameters(a, b)
    cells = every[_differs(every)].reset_index(drop=True)
    told = sentences(given, rules, cells, euros, regions, summary, budget_cents)
    return Difference(
        names, budget_cents, given, rules, cells, rankings, euros, regions, summary, tuple(told)
    )


def _hidden(snapshot: Snapshot) -> Hidden:
    """Return region and occupation of every cell that is suppressed at any horizon, in any table."""
    found: Hidden = set()
    for name in _SUPPRESSIBLE:
        table = snapshot.tables[name]
        rows = table.loc[table["reason"].eq("confidential").fillna(False), ["region", "occupation"]]
        found.update(zip(rows["region"].astype(str), rows["occupation"].astype(str), strict=True))
    return found


def _is_hidden(frame: pd.DataFrame, hidden: Hidden) -> pd.Series:
    pairs = zip(frame["region"], frame["occupation"], strict=True)
    return pd.Series([pair in hidden for pair in pairs], index=frame.index, dtype=bool)


def _labels(a: Snapshot, b: Snapshot, table: str) -> dict[str, str]:
    """Return labels by code; the new snapshot's where both have one."""
    return {
        str(row["code"]): str(row["label_nl"] or row["label_en"] or row["code"])
        for snapshot in (a, b)
        for row in snapshot.tables[table].fillna({"label_nl": "", "label_en": ""}).to_dict("records")
    }


def _of_scenario(snapshot: Snapshot, name: str) -> pd.DataFrame:
    table = snapshot.tables[name]
    return table[table["scenario"] == snapshot.manifest["scenario"]]


def _scores(snapshot: Snapshot, side: str) -> pd.DataFrame:
    gaps = _of_scenario(snapshot, "gaps")
    rows = gaps[~gaps["aggregate"].astype(bool)]
    known = {"p10": "score_p10", "p50": "score_p50", "p90": "score_p90", "rank": "rank"}
    return pd.DataFrame(
        {
            "region": rows["region"].astype(str),
            "occupation": rows["occupation"].astype(str),
            "horizon": rows["horizon"].astype("int64"),
            **{f"{name}_{side}": rows[column].astype(float) for name, column in known.items()},
            f"reason_{side}": rows["reason"].fillna("").astype(str).astype(object),
        }
    )


def _cells(a: Snapshot, b: Snapshot, hidden: Hidden) -> pd.DataFrame:
    """Return every cell of either snapshot, without the figures of suppressed ones."""
    cells = _scores(a, "old").merge(_scores(b, "new"), on=CELL, how="outer")
    dark = _is_hidden(cells, hidden)
    cells.loc[dark, [f"{name}_{side}" for name in _FIGURES for side in _SIDES]] = np.nan
    for side in _SIDES:  # a hole in the published ranks would tell where the suppressed cell stands
        ranks = cells.groupby(["region", "horizon"])[f"rank_{side}"].rank(method="min")
        cells[f"rank_{side}"] = ranks.astype("Int64")
    low, high = cells[["p10_old", "p10_new"]], cells[["p90_old", "p90_new"]]
    both = cells["p50_old"].notna() & cells["p50_new"].notna()
    labels = _labels(a, b, "occupations")
    cells = cells.assign(
        label=[labels.get(code, code) for code in cells["occupation"]],
        state=_states(cells, dark),
        change=_without_noise(cells["p50_new"] - cells["p50_old"]),
        overlap=(low.max(axis=1) <= high.min(axis=1)).astype("boolean").where(both),
        rank_change=cells["rank_new"] - cells["rank_old"],
    )
    ordered = cells.assign(size=-cells["change"].abs()).sort_values(["size", *CELL], ignore_index=True)
    figures = [f"{name}_{side}" for name in _FIGURES for side in _SIDES]
    return ordered[
        [*CELL, "label", "state", *figures, "change", "overlap", "rank_change", "reason_old", "reason_new"]
    ]


def _states(cells: pd.DataFrame, dark: pd.Series) -> list[str]:
    scored = [cells[f"p50_{side}"].notna() for side in _SIDES]
    there = [cells[f"reason_{side}"].notna() for side in _SIDES]
    return [
        str(state)
        for state in np.select(
            [dark, ~there[0], ~there[1], scored[0] & scored[1], scored[1], scored[0]],
            [SUPPRESSED, "added", "removed", "compared", "newly scored", "no longer scored"],
            "not scored",
        )
    ]


def _without_noise(change: pd.Series) -> pd.Series:
    return change.mask(change.abs() < _NOISE, 0.0)


def _differs(cells: pd.DataFrame) -> pd.Series:
    """Say which cells differ: in a figure beyond noise, in being there at all, or in the reason."""
    old, new = (cells[[f"{name}_{side}" for name in _FIGURES]].astype(float).to_numpy() for side in _SIDES)
    figures = ~np.isclose(old, new, rtol=0, atol=_NOISE, equal_nan=True)
    reasons = cells["reason_old"].fillna("absent") != cells["reason_new"].fillna("absent")
    return reasons | figures.any(axis=1)


def _rankings(cells: pd.DataFrame) -> pd.DataFrame:
    ranked = cells[cells["rank_old"].notna() | cells["rank_new"].notna()]
    rows = [(region, horizon, *_agreement(group)) for (region, horizon), group in ranked.groupby(CELL[::2])]
    return pd.DataFrame(rows, columns=["region", "horizon", "cells", "spearman", "top_ten_overlap"])


def _agreement(group: pd.DataFrame) -> tuple[int, float, float]:
    """Return cells ranked in both, their Spearman correlation, and the share of the top ten that stays."""
    both = group.dropna(subset=["rank_old", "rank_new"])
    ranks = [both[f"rank_{side}"].astype(float).rank() for side in _SIDES]
    varied = all(side.min() < side.max() for side in ranks)
    tops = [group[f"rank_{side}"].le(TOP).fillna(False).astype(bool) for side in _SIDES]
    overlap = (tops[0] & tops[1]).sum() / max(tops[0].sum(), tops[1].sum())
    return len(both), round(float(ranks[0].corr(ranks[1])), 6) if varied else float("nan"), float(overlap)


def _needs(snapshot: Snapshot, hidden: Hidden, side: str) -> pd.DataFrame:
    """Return weight and need of the cells that show; a neutral weight, a mean of others, is left out."""
    table = _of_scenario(snapshot, "weights").astype({"region": str, "occupation": str})
    rows = table[~_is_hidden(table, hidden)].sort_values(["region", "occupation"])
    known = rows["need"].notna()
    weight, need = rows["weight"].astype(float), rows["need"].astype(float)
    return rows[["region", "occupation"]].assign(
        **{f"weight_{side}": weight.where(known), f"need_{side}": need}
    )


def _euros(a: Snapshot, b: Snapshot, hidden: Hidden, budget: int) -> pd.DataFrame:
    """Return the reference allocation of both sides over the cells suppressed in neither."""
    old, new = _needs(a, hidden, "old"), _needs(b, hidden, "new")
    common = sorted(set(old["region"]) & set(new["region"]))
    joined = old.merge(new, on=["region", "occupation"], how="outer", sort=True)
    joined = joined[joined["region"].isin(common)]
    caps = [snapshot.manifest["parameters"]["largest_share"]["value"] for snapshot in (a, b)]
    parts = [_allocated(rows, caps, budget) for _, rows in joined.groupby("region")]
    euros = pd.concat(parts) if parts else _allocated(joined, caps, 0).head(0)
    labels = _labels(a, b, "occupations") | {UNALLOCATED: "not allocated"}
    change = euros["cents_new"] - euros["cents_old"]
    euros = euros.assign(
        label=[labels.get(code, code) for code in euros["occupation"]],
        weight_change=_without_noise(euros["weight_new"] - euros["weight_old"]),
        change_cents=change,
        size=-change.abs(),
    ).sort_values(["region", "size", "occupation"], ignore_index=True)
    return euros[list(_EUROS)]


def _allocated(rows: pd.DataFrame, caps: list[float], budget: int) -> pd.DataFrame:
    """Return one region's cents on both sides, and the line of what is left."""
    shown = rows[["region", "occupation", "weight_old", "weight_new"]].copy()
    left: dict[str, Any] = {"region": rows["region"].min(), "occupation": UNALLOCATED}
    for side, cap in zip(_SIDES, caps, strict=True):
        need = rows[f"need_{side}"].to_numpy(dtype=float)
        shown[f"cents_{side}"] = by_need(budget, rows["occupation"].astype(str).tolist(), need, cap)
        left[f"cents_{side}"] = budget - int(shown[f"cents_{side}"].sum())
    rest = pd.DataFrame([left | {"weight_old": np.nan, "weight_new": np.nan}])
    return pd.concat([shown, rest[list(shown)].astype(shown.dtypes.to_dict())])


def _money_differs(euros: pd.DataFrame) -> pd.Series:
    missing = euros["weight_old"].isna() != euros["weight_new"].isna()
    return missing | euros["change_cents"].ne(0) | euros["weight_change"].fillna(0.0).ne(0)


def _regions(euros: pd.DataFrame, every: pd.DataFrame, budget: int) -> pd.DataFrame:
    """Return what was allocated, gained, lost and moved in each region, in cents."""
    dark = every[every["state"] == SUPPRESSED]
    rows = []
    for region, lines in euros.groupby("region"):
        cells, rest = lines[lines["occupation"] != UNALLOCATED], lines[lines["occupation"] == UNALLOCATED]
        change = cells["change_cents"]
        moved = int(lines["change_cents"].abs().sum()) // 2  # even: both sides sum to the budget
        rows.append(
            {
                "region": region,
                "allocated_old": int(cells["cents_old"].sum()),
                "allocated_new": int(cells["cents_new"].sum()),
                "unallocated_old": int(rest["cents_old"].sum()),
                "unallocated_new": int(rest["cents_new"].sum()),
                "gained_cents": int(change.clip(lower=0).sum()),
                "lost_cents": int(-change.clip(upper=0).sum()),
                "moved_cents": moved,
                "share_moved": moved / budget if budget else float("nan"),
                "left_out": dark.loc[dark["region"] == region, "occupation"].nunique(),
            }
        )
    columns = ["region", "allocated_old", "allocated_new", "unallocated_old", "unallocated_new"]
    columns += ["gained_cents", "lost_cents", "moved_cents", "share_moved", "left_out"]
    return pd.DataFrame(rows, columns=columns)


def _summary(
    cells: pd.DataFrame, rankings: pd.DataFrame, regions: pd.DataFrame, budget: int
) -> dict[str, Any]:
    """Return the figures of the whole; of several rankings the one that agrees least."""
    states = cells["state"].value_counts()
    size = cells["change"].abs().dropna()
    whole = budget * len(regions)
    return {
        **{f"cells_{state.replace(' ', '_')}": int(states.get(state, 0)) for state in STATES},
        "cells_changed": int((_differs(cells) & cells["state"].eq("compared")).sum()),
        "median_score_change": _or_none(size.median()),
        "largest_score_change": _or_none(size.max()),
        "intervals_apart": int((~cells["overlap"].dropna()).sum()),
        "spearman": _or_none(rankings["spearman"].min()),
        "top_ten_overlap": _or_none(rankings["top_ten_overlap"].min()),
        "moved_cents": int(regions["moved_cents"].sum()),
        "share_of_budget_moved": int(regions["moved_cents"].sum()) / whole if whole else None,
    }


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
