"""Tables and verdicts of the part `intervals`, from sums per origin, horizon and size group."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from tests.benchmarks.data import GRANULARITIES, month_name
from tests.benchmarks.empirical_intervals import GROUPS
from tests.benchmarks.report import Verdict, markdown, verdict_lines

FIRST_LARGE: Final = GROUPS.index("[5,20)")
LARGE: Final = {False: "<5", True: ">=5"}
COVERAGE: Final = {"80": (0.75, 0.85), "95": (0.92, 0.98)}
GROUP_COVERAGE: Final = (0.70, 0.90)
LEAST: Final = {"80": 0.77, "95": 0.92}
"""Coverage of small series: nominal less three points."""

PIT: Final = {"80": (0.77, 0.83), "95": (0.93, 0.97)}


def lines(cells: pd.DataFrame, totals: pd.DataFrame) -> list[str]:
    """Return everything that is printed about intervals and draws."""
    cells = cells.assign(part=(cells["size"] >= FIRST_LARGE).map(LARGE))
    found: list[str] = []
    for granularity in GRANULARITIES:
        one = cells[cells["granularity"] == granularity]
        groups = one.assign(group=[GROUPS[number] for number in one["size"]])
        parts = [means(one, ["part"]), means(groups.sort_values("size"), ["group"])]
        found += [f"**{granularity}**, by size", "", *markdown(pd.concat(map(shown, parts)))]
        found += [f"**{granularity}**, by half-year and horizon", "", *markdown(_periods(one))]
    bars = [bar for name in GRANULARITIES for bar in verdicts(cells[cells["granularity"] == name], name)]
    return [
        *found,
        "Coverage of the intervals; mean interval score S (lower is better) beside a mean of three with "
        "each series' own empirical errors (*own*) and with relative errors pooled by size (*pool*).",
        "",
        *_total_lines(totals),
        *verdict_lines(bars),
    ]


def means(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return shares and mean scores pooled over cells, by the columns given."""
    names = [name for name in table if name.endswith((" 80", " 95")) or name in ("pit 80", "pit 95")]
    sums = table.groupby(by, sort=False)[["cells", *names]].sum()
    return sums[names].div(sums["cells"], axis=0).assign(cells=sums["cells"])


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the figures as text."""
    columns = {"": [" ".join(map(str, np.atleast_1d(name))) for name in table.index]}
    columns["cells"] = [f"{count:,}" for count in table["cells"]]
    for level in ("80", "95"):
        columns[f"cover {level}"] = table[f"default coverage {level}"].map("{:.3f}".format).tolist()
        columns[f"PIT {level}"] = table[f"pit {level}"].map("{:.3f}".format).tolist()
    for level in ("80", "95"):
        for name, title in (("default", "S"), ("own", "own S"), ("pool", "pool S")):
            columns[f"{title} {level}"] = table[f"{name} score {level}"].map("{:.4g}".format).tolist()
    return pd.DataFrame(columns)


def _periods(table: pd.DataFrame) -> pd.DataFrame:
    ahead = table.assign(ahead=[f"{horizon} ahead" for horizon in table["horizon"]])
    ordered = table.sort_values(["part", "half"])
    parts = [means(ordered, ["part", "half"]), means(ahead.sort_values(["part", "ahead"]), ["part", "ahead"])]
    return pd.concat(map(shown, parts))


def _total_lines(totals: pd.DataFrame) -> list[str]:
    """Return how often the market's total lay in its interval, and every miss."""
    for level in ("80", "95"):
        inside = totals["outcome"].between(totals[f"low {level}"], totals[f"high {level}"])
        totals = totals.assign(**{f"in {level}": inside})
    shares = totals.groupby(["granularity", "half"], sort=False)[["in 80", "in 95"]].mean()
    shares = shares.unstack("half").sort_index(axis=1, level=[0, 1])
    whole = totals.groupby("granularity", sort=False)[["in 80", "in 95"]].mean()
    table = pd.DataFrame({"granularity": shares.index})
    for level in ("in 80", "in 95"):
        for half in shares[level]:
            table[f"{level} {half}"] = shares[level][half].map("{:.2f}".format).to_numpy()
        table[f"{level} pooled"] = whole.loc[shares.index, level].map("{:.3f}".format).to_numpy()
    return [
        "**The market's total**: share of months within its interval from draws, 1,999 of them for r0, 199 "
        "for the others",
        "",
        *markdown(table),
        "Misses of the 80 % interval, r0 (log of outcome over forecast; what the interval allowed):",
        "",
        *_misses(totals[(totals["granularity"] == "r0") & ~totals["in 80"]]),
        "",
    ]


def _misses(missed: pd.DataFrame) -> list[str]:
    found = []
    for row in missed.to_dict("records"):
        off, low, high = np.log([row[name] / row["forecast"] for name in ("outcome", "low 80", "high 80")])
        also = "" if row["in 95"] else "; the 95 % interval too"
        origin, target = month_name(row["origin"]), month_name(row["target"])
        found.append(f"- {target} from {origin}: {off:+.2f} ({low:+.2f} to {high:+.2f}{also})")
    return found or ["- none"]


def verdicts(table: pd.DataFrame, granularity: str) -> Iterator[Verdict]:
    """Yield the bars of the issue for one granularity."""
    parts, groups = means(table, ["part"]), means(table, ["part", "size"])
    large, small = parts.loc[LARGE[True]], parts.loc[LARGE[False]]
    for level, (low, high) in COVERAGE.items():
        share = large[f"default coverage {level}"]
        bar = f">=5: {level} % covers {low:.0%} to {high:.0%}"
        yield Verdict(granularity, bar, f"{share:.1%}", low <= share <= high)
    each = groups.loc[LARGE[True], "default coverage 80"]
    low, high = GROUP_COVERAGE
    bar = f">=5: 80 % covers {low:.0%} to {high:.0%} in each size group"
    figure = f"{each.min():.1%} to {each.max():.1%}"
    yield Verdict(granularity, bar, figure, bool(each.between(low, high).all()))
    every = means(table[table["part"] == LARGE[False]], ["half", "size"])
    for level, least in LEAST.items():
        worst = every[f"default coverage {level}"]
        half, size = worst.idxmin()
        figure = f"least {worst.min():.1%} ({GROUPS[size]} in {half})"
        bar = f"<5: {level} % covers {least:.0%} or more in every size group and half-year"
        yield Verdict(granularity, bar, figure, bool((worst >= least).all()))
    for level, (low, high) in PIT.items():
        share = small[f"pit {level}"]
        yield Verdict(
            granularity,
            f"<5: PIT from draws, {low:.0%} to {high:.0%} in the central {level} %",
            f"{share:.1%} (>=5: {large[f'pit {level}']:.1%})",
            low <= share <= high,
        )
    yield from _score_verdicts(parts, groups, granularity)


def _score_verdicts(parts: pd.DataFrame, groups: pd.DataFrame, granularity: str) -> Iterator[Verdict]:
    for level in PIT:
        ratio = parts[f"default score {level}"] / parts[f"own score {level}"]
        each = groups[f"default score {level}"] / groups[f"own score {level}"]
        worst = GROUPS[each.idxmax()[1]]
        yield Verdict(
            granularity,
            f"interval score {level} over that of mean-3's empirical errors below 1, <5 and >=5",
            f"{ratio[LARGE[False]]:.3f}, {ratio[LARGE[True]]:.3f}; worst size {each.max():.3f} ({worst})",
            bool((ratio < 1).all()),
        )
