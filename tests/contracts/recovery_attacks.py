"""What an attacker can try who holds everything that is published and knows how it is made.

Each attack looks for an equality that the shown figures alone do not satisfy: what is left over is the hidden
cells'. It becomes a linear equation in their persons, the persons per head being taken from the same
occupation where it is shown. All equations together bound each hidden count by linear programming.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import linprog

Tables = Mapping[str, pd.DataFrame]
Cell = tuple[str, str]
Unknown = tuple[str, Cell]
"""``employed`` or ``seeking``, and the cell."""

WINDOW: Final = ["scenario", "horizon"]
KEY: Final = ["region", "occupation", *WINDOW]
_NOTHING: Final = 1e-6
"""Relative: less is what floating point leaves."""
_STRAY: Final = 0.1
"""Persons per head stray by so much between regions."""


@dataclass(frozen=True)
class Equation:
    """What is left over, persons, of hidden cells with so many of them a head."""

    of: Mapping[Unknown, float]
    left: float
    why: str


def interval(
    unknown: Unknown, equations: Sequence[Equation], most: float = 1e6, stray: float = _STRAY
) -> tuple[float, float]:
    """Return the least and the most that an unknown can be if every equation holds within `stray`."""
    names = sorted({unknown, *(name for each in equations for name in each.of)})
    rows = np.array([[each.of.get(name, 0.0) for name in names] for each in equations])
    rows = rows.reshape(-1, len(names))
    left = np.array([each.left for each in equations])
    reach = stray * np.abs(left)
    goal = np.array([float(name == unknown) for name in names])
    ends = [
        linprog(
            sign * goal,
            A_ub=np.vstack([rows, -rows]) if len(rows) else None,
            b_ub=np.r_[left + reach, reach - left] if len(rows) else None,
            bounds=(0, most),
        )
        for sign in (1, -1)
    ]
    if not all(end.success for end in ends):
        return 0.0, most  # equations that contradict each other tell nothing
    return float(ends[0].fun), float(-ends[1].fun)


def hidden_cells(published: Tables) -> set[Cell]:
    """Return the cells that the release itself says are hidden."""
    gaps = published["gaps"]
    rows = gaps[(gaps["reason"] == "confidential") & ~gaps["aggregate"].astype(bool)]
    return set(zip(rows["region"], rows["occupation"], strict=True))


@dataclass(frozen=True)
class Known:
    """What is published, and what an attacker makes of it before any sum."""

    published: Tables

    @cached_property
    def leaves(self) -> pd.DataFrame:
        """Return cells that are no aggregate, with why they have no score."""
        gaps = self.published["gaps"]
        return gaps[~gaps["aggregate"].astype(bool)][[*KEY, "reason"]]

    @cached_property
    def cells(self) -> set[Cell]:
        """Return the cells that are no aggregate."""
        return set(zip(self.leaves["region"], self.leaves["occupation"], strict=True))

    @cached_property
    def above(self) -> Mapping[str, set[str]]:
        """Return every code, of an occupation or a region, with itself and all above it."""
        parent = {
            code: up
            for name in ("occupations", "regions")
            for code, up in self.published[name][["code", "parent"]].itertuples(index=False)
        }
        lines = {}
        for code in parent:
            line = [code]
            while isinstance(up := parent.get(line[-1]), str) and up:
                line.append(up)
            lines[code] = set(line)
        return lines

    def under(self, region: str, occupation: str) -> set[Cell]:
        """Return the cells that an aggregate is over, hidden ones too."""
        return {
            (place, code)
            for place, code in self.cells
            if occupation in self.above[code] and region in self.above[place]
        }

    @cached_property
    def base(self) -> "pd.Series[float]":
        """Return employed persons at the base year where they are shown."""
        rows = self.published["shrinking_jobs"]
        return rows[rows["base"].notna()].groupby(["region", "occupation"])["base"].first()

    def heads(
        self, told: Mapping[tuple[object, ...], float], cells: Iterable[Cell], window: tuple[object, ...]
    ) -> dict[Cell, float]:
        """Return a figure per employed person of each cell, from its occupation in other regions."""
        found = {}
        for region, occupation in cells:
            shown = [
                told[place, occupation, *window] / self.base[place, occupation]
                for place in {place for place, _ in self.cells} - {region}
                if (place, occupation, *window) in told and (place, occupation) in self.base.index
            ]
            if shown:
                found[region, occupation] = float(np.mean(shown))
        return found


def additive(published: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every figure in persons that adds up over cells: its name, and the key with ``value``."""
    for name in ("openings", "supply", "unfilled"):
        yield f"gaps.{name}", published["gaps"][[*KEY, name]].rename(columns={name: "value"})
    yield "base", published["shrinking_jobs"][[*KEY, "base"]].rename(columns={"base": "value"})
    for table, by in (
        ("openings", ["component"]),
        ("supply", ["source"]),
        ("conventions", ["convention", "component"]),
    ):
        for label, rows in published[table].groupby(by):
            yield f"{table}.{' '.join(label)}", rows[[*KEY, "mean"]].rename(columns={"mean": "value"})
    for skill, rows in published["skill_gaps"].groupby("skill"):
        yield f"skill_gaps.{skill}", rows[[*KEY, "unfilled"]].rename(columns={"unfilled": "value"})


def _by_key(figures: pd.DataFrame) -> dict[tuple[object, ...], float]:
    rows = figures.dropna(subset="value")
    keys = rows[KEY].itertuples(index=False, name=None)
    return dict(zip(keys, rows["value"].tolist(), strict=True))


def by_subtraction(published: Tables) -> Iterator[Equation]:
    """Subtract from every parent, of occupations and of regions, what is shown below it."""
    known = Known(published)
    scored = set(known.leaves[known.leaves["reason"].isna()][KEY].itertuples(index=False, name=None))
    for name, figures in additive(published):
        told = _by_key(figures)
        for (region, occupation, *window), value in told.items():
            below = known.under(str(region), str(occupation))
            if not below or (region, occupation) in below:
                continue
            shown = sum(told.get((*cell, *window), 0.0) for cell in below if (*cell, *window) in scored)
            hidden = [cell for cell in below if (*cell, *window) not in told]
            if hidden and value - shown > _NOTHING * max(abs(value), 1):
                heads = known.heads(told, hidden, tuple(window))
                if len(heads) == len(hidden):
                    of = {("employed", cell): head for cell, head in heads.items()}
                    yield Equation(of, value - shown, f"{name} {region}")


def by_conservation(published: Tables) -> Iterator[Equation]:
    """Hold flows to each other that are equal over all occupations of a region.

    Who leaves an occupation for another arrives in one; gross exits are the cohorts' net outflow.
    """
    known, rows = Known(published), published["conventions"]
    flow = rows["convention"] + " " + rows["component"]
    wide = rows.assign(flow=flow).pivot_table(index=KEY, columns="flow", values="mean")
    leaf = wide[[(place, code) in known.cells for place, code, *_ in wide.index]]
    for name, (one, other) in _CONSERVED.items():
        if not {*one, *other} <= set(leaf.columns):
            continue
        sides = [leaf[list(side)].sum(axis=1, min_count=len(side)) for side in (one, other)]
        surplus = (sides[0] - sides[1]).dropna()
        told = _by_key(surplus.rename("value").reset_index())
        for (region, *window), left in surplus.groupby(level=["region", *WINDOW]).sum().items():
            scale = sum(sides[0].get((*cell, *window), 0.0) for cell in known.cells if cell[0] == region)
            hidden = [cell for cell in known.cells if cell[0] == region and (*cell, *window) not in told]
            heads = known.heads(told, hidden, tuple(window))
            if hidden and abs(left) > _NOTHING * scale and len(heads) == len(hidden):
                of = {("employed", cell): -head for cell, head in heads.items()}
                yield Equation(of, left, f"{name} {region}")


_CONSERVED: Final = {
    "movers": (("gross movers_in",), ("gross transfers_out",)),
    "exits": (("gross exits_25_54", "gross exits_55_plus"), ("net exits_25_54", "net exits_55_plus")),
}
"""Flows that are equal over all occupations of a region."""


def stocks(published: Tables) -> dict[Cell, float]:
    """Return job seekers from ratios: seekers per open vacancy, and open vacancies from those filled."""
    rule, conditions = (published[name].set_index(["region", "occupation"]) for name in _OBSERVED)
    both = rule.join(conditions[["filled_per_vacancy"]], how="inner")
    opened = both["handled"] * both["fill_rate"] / both["filled_per_vacancy"]
    return {cell: value for cell, value in (both["seekers_per_vacancy"] * opened).items() if value == value}


_OBSERVED: Final = ("bottleneck_rule", "conditions")


def by_ratios(published: Tables) -> Iterator[Equation]:
    """Work job seekers out from ratios, of hidden cells and of sums over markets less what is shown."""
    known, found = Known(published), stocks(published)
    dark = hidden_cells(published)
    for (region, occupation), value in found.items():
        below = known.under(region, occupation)
        if (region, occupation) in dark:
            yield Equation({("seeking", (region, occupation)): 1.0}, value, f"ratios {region} {occupation}")
        hidden = [cell for cell in below if cell in dark]
        left = value - sum(found.get(cell, 0.0) for cell in below if cell not in dark)
        if hidden and (region, occupation) not in below and left > _NOTHING * value:
            yield Equation({("seeking", cell): 1.0 for cell in hidden}, left, f"ratios {region} less markets")


def by_spread(published: Tables) -> Iterator[Equation]:
    """Read hidden job seekers from how far the sum of the others strays: all together are counted."""
    supply, known, stock = published["supply"], Known(published), stocks(published)
    rows = supply[(supply["source"] == "jobseekers") & (supply["scenario"] == "baseline")]
    rows = rows[rows["horizon"] == rows["horizon"].min()].set_index(["region", "occupation"])
    width = (rows["p90"] - rows["p10"]).dropna()
    dark = hidden_cells(published)
    for region in "MNS":
        cells = known.under(region, "TOTAL")
        hidden = [cell for cell in cells if cell in dark]
        shown = [cell for cell in cells if cell in width.index and cell in stock]
        whole = (region, "TOTAL")
        if hidden and shown and whole in width and width[whole] > _NOTHING * rows["mean"][whole]:
            small = min(shown, key=lambda cell: rows["mean"][cell])
            a_person = width[small] / stock[small]
            yield Equation(
                {("seeking", cell): a_person for cell in hidden}, width[whole], f"spread of {region}"
            )


def by_backtest(published: Tables) -> dict[str, float]:
    """Return what the naive forecast's published error holds beyond the errors of the shown history.

    Returns
    -------
    dict
        ``persons`` of absolute error, and ``cells``, over all origins one year ahead.
    """
    history = published["employment"].pivot_table(
        index=["region", "occupation"], columns="year", values="persons"
    )
    row = (
        published["backtest"]
        .query("component == 'sector_employment' and method == 'naive' and horizon == 1")
        .iloc[0]
    )
    change = history.diff(axis=1).iloc[:, -int(row["origins"]) :]
    return {
        "persons": float(row["mae"] * row["cells"] - change.abs().sum().sum()),
        "cells": float(row["cells"] - change.notna().sum().sum()),
    }


def seekers_of(published: Tables, cell: Cell, horizon: int = 5) -> dict[str, float]:
    """Return a cell's available job seekers by every formula over its other figures that gives a number."""

    def at(table: str, **where: object) -> "pd.Series[float]":
        rows = published[table]
        asked = {"region": cell[0], "occupation": cell[1], "scenario": "baseline", "horizon": horizon} | where
        for name, value in asked.items():
            rows = rows[rows[name] == value]
        return rows.iloc[0]

    gaps, entrants = at("gaps"), at("supply", source="entrants")["mean"]
    openings = at("openings", component="openings")
    ratio = {
        name: at("indicators", indicator=name)["p50"]
        for name in ("ita", "coverage", "job_seekers_per_opening", "openings_per_job_seeker")
    }
    net, gross = (at("conventions", convention=name, component="supply")["mean"] for name in ("net", "gross"))
    moved = at("conventions", convention="gross", component="movers_in")["mean"]
    found = {
        "supply": at("supply", source="jobseekers")["mean"],
        "supply of the score less entrants": gaps["supply"] - entrants,
        "balance": openings["mean"] - horizon * gaps["annual_balance"] - entrants,
        "net supply less entrants": net - entrants,
        "gross supply less entrants and movers": gross - entrants - moved,
        "ITA less coverage": (ratio["ita"] - ratio["coverage"]) * openings["p50"],
        "per opening": ratio["job_seekers_per_opening"] * openings["p50"],
        "openings per seeker": openings["p50"] / ratio["openings_per_job_seeker"],
        "shortage": openings["p50"] - at("shortages")["shortage_p50"] - entrants,
        "unfilled": openings["mean"] - gaps["unfilled"] - entrants,
        "score at mean inputs": openings["mean"] * (1 - gaps["score_at_mean_inputs"]) - entrants,
    }
    return {name: float(value) for name, value in found.items() if pd.notna(value)}


def by_release(before: Tables, after: Tables) -> Iterator[Equation]:
    """Subtract from the change of every parent the changes of what is shown below it, in gaps alone."""
    then, now = Known(before), Known(after)
    for name in ("openings", "supply", "unfilled"):
        old, new = (
            _by_key(each["gaps"][[*KEY, name]].rename(columns={name: "value"})) for each in (before, after)
        )
        scored = [set(known.leaves[known.leaves["reason"].isna()][KEY].itertuples(index=False, name=None))
                  for known in (then, now)]  # fmt: skip
        for region, occupation, *window in old.keys() & new.keys():
            below = now.under(str(region), str(occupation))
            if not below or (region, occupation) in below:
                continue
            left = new[region, occupation, *window] - old[region, occupation, *window]
            for cell in below:
                left -= new.get((*cell, *window), 0.0) * ((*cell, *window) in scored[1])
                left += old.get((*cell, *window), 0.0) * ((*cell, *window) in scored[0])
            dark = [cell for cell in below if (*cell, *window) not in new]
            if dark and abs(left) > _NOTHING * max(new[region, occupation, *window], 1):
                yield Equation({("employed", cell): 1.0 for cell in dark}, left, f"change of {name} {region}")
