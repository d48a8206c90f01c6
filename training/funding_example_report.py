"""The worked example as tables, a picture and the README's lines."""

import textwrap
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.funding.allocation import whole_cents
from forecasting.funding.applications import Cents
from forecasting.funding.equity import gains
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.panel import Array
from training.funding_example import (
    BEST,
    INFORMED,
    LIMITED,
    MILLION,
    PARTICIPATION,
    STEERED,
    Allocated,
    by_cell,
    education,
)
from training.funding_market import Market

ASKED_FROM: Final = {
    "applications": "participants of the region's fictitious applications",
    "workers": "one place a worker, in any course for the own occupation",
}
"""Where enrolments are from; the first is the example's."""

LABELS: Final = {
    PARTICIPATION: "Participation",
    LIMITED: "Demand-steered, first year",
    STEERED: "Demand-steered, no change limit",
    INFORMED: "Same rule, true gap known",
    BEST: "Most closed per euro, truth known",
}
_MARK, _BAR, _OTHER, _INK, _GRID = "#0b4f6c", "#9cc4d8", "#7d8b95", "#22303a", "#e3e8ec"


def group_table(
    region: Region, market: Market, found: Allocated, parameters: Parameters, name: str = STEERED
) -> pd.DataFrame:
    """Return what regions, levels of education and sectors gain or lose against participation.

    Parameters
    ----------
    region : Region
        Tables ``staffing, sector_employment``: an occupation's money follows its workers to sectors.
    name : str
        Allocation that is held against participation.

    Returns
    -------
    DataFrame
        ``by, group, label, cents, baseline, change, share, baseline_share, relative_change``, and
        ``cents_p10, cents_p90`` over the forecast's draws. Each ``by`` sums to the budget.
    """
    share, groups = _sectors(region, market)
    lines = groups.to_dict("list")

    def spread(cents: Array | Cents) -> Array:
        return np.asarray((by_cell(market, cents)[:, :, None] * share).ravel())

    table = gains(_whole(spread(found.cents[name])), _whole(spread(found.cents[PARTICIPATION])), groups)
    table = table.drop(columns=["applications", "gainers", "losers"])
    table.insert(2, "label", [_label(region, row.by, row.group) for row in table.itertuples()])
    drawn = np.array([spread(each) for each in found.drawn[name]])
    low, high = parameters["allocation_interval"]
    ends = []
    for row in table.itertuples():
        inside = np.array([label == row.group for label in lines[str(row.by)]])
        ends.append(np.quantile(drawn[:, inside].sum(axis=1), [low, high]))
    return table.assign(**dict(zip(("cents_p10", "cents_p90"), np.array(ends).T, strict=True)))


def _label(region: Region, by: object, group: object) -> str:
    """Return what a group is called in English."""
    if by == "education":
        return f"education: {group}"
    named = region.table(f"{by}s")
    label = named.loc[named["code"] == group, "label_en"]
    return str(label.iloc[0]) if len(label) else f"{by} {group}"


def _whole(shares: Array) -> Cents:
    total = round(float(shares.sum()))
    return whole_cents(shares, total, np.full(len(shares), total, dtype=np.int64))


def _sectors(region: Region, market: Market) -> tuple[Array, pd.DataFrame]:
    """Return shares of workers by sector, (regions, occupations, sectors), and the groups of each."""
    staffing, employed = region.table("staffing"), region.table("sector_employment")
    codes = list(market.offered.occupations)
    within = staffing.groupby(["sector", "occupation"])["share"].mean().unstack(fill_value=0)
    within = within.reindex(columns=codes, fill_value=0.0)
    rows = employed[(employed["year"] == employed["year"].max()) & (employed["age_band"] == "all")]
    size = rows.groupby(["region", "sector"])["persons"].sum().unstack(fill_value=0)
    size = size.reindex(index=list(market.regions), columns=within.index, fill_value=0.0)
    persons = np.einsum("rs,so->ros", size.to_numpy(dtype=float), within.to_numpy(dtype=float))
    whole = persons.sum(axis=2, keepdims=True)
    share = np.divide(persons, whole, out=np.full_like(persons, 1 / len(within)), where=whole > 0)
    lines = [
        (place, education(code), str(sector))
        for place in market.regions
        for code in codes
        for sector in within.index
    ]
    return share, pd.DataFrame(lines, columns=["region", "education", "sector"])


def across(regions: pd.DataFrame) -> pd.DataFrame:
    """Return what the allocations close over several simulated regions.

    Parameters
    ----------
    regions : DataFrame
        Rows of `training.funding_example.summary` with ``seed`` and ``asked``.

    Returns
    -------
    DataFrame
        ``asked, allocation, regions``; means of ``per_million, times, concentration_index,
        share_to_neediest, cost_per_additional, neutral, agreement``; ``…_p10, …_p90`` over regions of the
        first two; ``better``: regions where it closes more than participation.
    """
    rows = []
    for (asked, name), each in regions.groupby(["asked", "allocation"], sort=False):
        means = ["per_million", "times", "concentration_index", "share_to_neediest", "cost_per_additional"]
        means += ["neutral", "agreement"]
        row: dict[str, object] = {"asked": asked, "allocation": name, "regions": each["seed"].nunique()}
        row |= {column: float(each[column].mean()) for column in means}
        for column in ("per_million", "times"):
            row[f"{column}_p10"], row[f"{column}_p90"] = np.quantile(each[column], [0.1, 0.9])
        rows.append(row | {"better": int((each["times"] > 1).sum())})
    return pd.DataFrame(rows)


def readme_table(one: pd.DataFrame, regions: pd.DataFrame) -> list[str]:
    """Return the README's table: one region's allocations, and what several regions say.

    Parameters
    ----------
    one : DataFrame
        Summary of one region.
    regions : DataFrame
        Of `across`, for the same way of asking.
    """
    named = regions.set_index("allocation")
    others = f"in {int(regions['regions'].iloc[0])} other regions"
    lines = [
        f"| allocation of €45 million | openings closed per €1 million | {others} | × participation | "
        f"{others} | concentration index | to the neediest quarter | € per additional trainee |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in one.to_dict("records"):
        beside: Any = named.loc[row["allocation"]]
        known = np.isfinite(row["per_million_p10"])
        figures = [
            f"{row['per_million']:.2f}"
            + (f" ({row['per_million_p10']:.2f}–{row['per_million_p90']:.2f})" if known else ""),
            f"{beside['per_million']:.2f} ({beside['per_million_p10']:.2f}–{beside['per_million_p90']:.2f})",
            f"{row['times']:.2f}" + (f" ({row['times_p10']:.2f}–{row['times_p90']:.2f})" if known else ""),
            f"{beside['times']:.2f} ({beside['times_p10']:.2f}–{beside['times_p90']:.2f})",
            f"{row['concentration_index']:.2f}",
            f"{row['share_to_neediest']:.0%}".replace("%", " %"),
            f"{row['cost_per_additional'] / 100:,.0f} ({row['cost_per_additional_low'] / 100:,.0f}–"
            f"{row['cost_per_additional_high'] / 100:,.0f})",
        ]
        lines.append(f"| {LABELS[row['allocation']]} | " + " | ".join(figures) + " |")
    lines[-len(one)] = lines[-len(one)].replace("1.00 (1.00–1.00)", "1.00")
    return lines


def picture(one: pd.DataFrame, groups: pd.DataFrame, regions: pd.DataFrame, path: Path) -> None:
    """Draw what each allocation closes, and who gains and loses; the same tables give the same bytes.

    Parameters
    ----------
    one, groups : DataFrame
        Summary and `group_table` of one region.
    regions : DataFrame
        Summaries of several, with ``seed``, for the same way of asking.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "competence", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(12, 1.6 + 0.27 * len(groups)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
        names = list(one["allocation"])[::-1]
        own = one.set_index("allocation").loc[names]
        height = np.arange(len(names))
        for at, name in enumerate(names):
            rows = regions.loc[regions["allocation"] == name, "times"]
            left.plot(rows, np.full(len(rows), at + 0.18), "|", color=_OTHER, markersize=8)
        left.hlines(height, own["times_p10"], own["times_p90"], color=_BAR, linewidth=7)
        left.plot(own["times"], height, "o", color=_MARK, markersize=5)
        left.axvline(1.0, color=_INK, linewidth=0.8)
        left.set_yticks(height, [textwrap.fill(LABELS[name], 20) for name in names])
        left.set_xlabel(
            "openings closed per euro, times participation: this region (dot), under\n"
            f"the forecast's draws P10 to P90 (bar), {regions['seed'].nunique()} other regions (ticks)",
            color=_INK,
        )
        left.set_title("Unfilled openings closed", loc="left", color=_INK)
        _gains(right, groups)
        for axes in (left, right):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.grid(axis="x", color=_GRID, zorder=0)
            axes.set_axisbelow(True)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _gains(axes: Any, groups: pd.DataFrame) -> None:
    """Draw who gains and loses, in millions of euros."""
    rows = groups.iloc[::-1].reset_index(drop=True)
    base = rows["baseline"].to_numpy(dtype=float)
    low, high = ((rows[f"cents_{end}"].to_numpy(dtype=float) - base) / MILLION for end in ("p10", "p90"))
    axes.hlines(rows.index, low, high, color=_BAR, linewidth=5)
    axes.plot(rows["change"] / MILLION, rows.index, "o", color=_MARK, markersize=4)
    axes.axvline(0.0, color=_INK, linewidth=0.8)
    axes.set_yticks(
        list(rows.index), [textwrap.shorten(label, 34, placeholder="…") for label in rows["label"]]
    )
    axes.set_xlabel(
        "demand-steered, no change limit: million euros\n"
        "against participation (dot), under the\nforecast's draws P10 to P90 (bar)",
        color=_INK,
    )
    axes.set_title("Who gains and loses", loc="left", color=_INK)
