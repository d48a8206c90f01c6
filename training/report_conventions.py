"""Openings and supply of every group, net and gross side by side by scenario: CSV, Markdown, picture."""

import math
import textwrap
from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.snapshot import Snapshot
from forecasting.vocabulary import BASELINE, GROSS, NET, TOTAL

FILES: Final = ("conventions.csv", "conventions.md", "conventions.svg")
_CELL: Final = ["scenario", "horizon", "occupation"]
_OF_TOTAL: Final = ("openings", "supply")
_LABEL_WIDTH: Final = 56
_INK, _NET, _GROSS = "#1c2733", "#b3392f", "#9fb8c8"


def side_by_side(snapshot: Snapshot, region: str) -> pd.DataFrame:
    """Return a row per scenario, window and occupation of one region, aggregates last.

    Returns
    -------
    DataFrame
        ``scenario, horizon, occupation, label, aggregate``, then the mean of each component in each
        convention, persons over the window: ``net_openings``, ``gross_openings``, ``net_exits_25_54``…; a
        convention that the release does not have has no column.
    """
    rows = snapshot.tables["conventions"]
    rows = rows[rows["region"] == region]
    columns = rows["convention"].astype(str) + "_" + rows["component"].astype(str)
    wide = rows.assign(column=columns).pivot(index=_CELL, columns="column", values="mean")
    ordered = sorted(dict.fromkeys(map(str, columns)), key=lambda name: not name.startswith(f"{NET}_"))
    wide = wide[ordered].reset_index()
    known = snapshot.tables["occupations"].set_index("code")
    labels = known["label_nl"].where(known["label_nl"].fillna("").ne(""), known["label_en"])
    wide.insert(3, "label", wide["occupation"].map(labels).astype(object))
    order = {name: at for at, name in enumerate(snapshot.manifest.get("scenarios", [BASELINE]))}
    parents = set(known["parent"].dropna())
    wide.insert(4, "aggregate", wide["occupation"].isin(parents))
    place = ["horizon", "_scenario", "aggregate", "occupation"]
    wide = wide.assign(_scenario=wide["scenario"].map(order)).sort_values(place, ignore_index=True)
    return wide.drop(columns="_scenario").rename_axis(columns=None)


def totals(table: pd.DataFrame) -> str:
    """Return the region's total by window and scenario in Markdown, whole persons."""
    rows = table[table["occupation"] == TOTAL]
    shown = [f"{side}_{name}" for side in (NET, GROSS) for name in _OF_TOTAL if f"{side}_{name}" in rows]
    head = ["horizon", "scenario", *(name.replace("_", " ") for name in shown)]
    body = [
        [str(row["horizon"]), str(row["scenario"]), *(_persons(row[name]) for name in shown)]
        for row in rows.to_dict("records")
    ]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *body)]
    return "\n".join(lines) + "\n"


def residual_lines(snapshot: Snapshot) -> str:
    """Return what must add up, with its largest residual in any scenario."""
    found = snapshot.manifest.get("residuals", {})
    return "".join(f"- {name.replace('_', ' ')}: {value:.3g}\n" for name, value in found.items())


def write_conventions(snapshot: Snapshot, region: str, horizon: int, folder: Path) -> list[str]:
    """Write the comparison into a folder and return the names of the files; none without the table.

    Parameters
    ----------
    horizon : int
        Of the picture; the table has every window and scenario.
    """
    table = side_by_side(snapshot, region)
    if table.empty:
        return []
    table.round(0).to_csv(folder / FILES[0], index=False)
    base = snapshot.manifest["region"]["base_year"]
    text = (
        f"# Net and gross, {snapshot.manifest['region']['name']}, from {base}\n\n"
        "Persons over the window. Net: cohort flows; who changes occupation is not seen. Gross: exits and "
        "moves between occupations, which count on both sides. The score is net.\n\n"
        f"{totals(table)}\nResiduals of what must add up, largest of all scenarios:\n\n"
        f"{residual_lines(snapshot)}"
    )
    (folder / FILES[1]).write_text(text, encoding="utf-8")
    conventions_figure(table, horizon, str(snapshot.manifest["region"]["name"]), base, folder / FILES[2])
    return list(FILES)


def conventions_figure(table: pd.DataFrame, horizon: int, name: str, base_year: int, path: Path) -> None:
    """Draw openings (bar) and supply (dot) of each occupation in the baseline, net beside gross.

    The same table gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    chosen = table[(table["scenario"] == BASELINE) & (table["horizon"] == horizon)]
    sides = [side for side in (NET, GROSS) if f"{side}_openings" in table]
    rows = chosen[~chosen["aggregate"]].sort_values(f"{sides[-1]}_openings", ignore_index=True)
    with mpl.rc_context({"svg.hashsalt": "competence", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 1.4 + 0.3 * max(len(rows), 1)), layout="constrained")
        axes = figure.subplots()
        for at, (side, colour) in enumerate(zip(sides, (_NET, _GROSS), strict=False)):
            height = rows.index + 0.2 - 0.4 * at
            axes.barh(height, rows[f"{side}_openings"], 0.36, color=colour, label=f"{side} openings")
            axes.plot(
                rows[f"{side}_supply"], height, "D", color=_INK, markersize=3.5 if at else 4.5,
                markerfacecolor="white" if at else _INK, label=f"{side} supply",
            )  # fmt: skip
        axes.set_yticks(list(rows.index), [_short(row.label, row.occupation) for row in rows.itertuples()])
        axes.set_xlabel("persons over the window, mean", color=_INK)
        axes.set_title(f"{name}, {base_year} to {base_year + horizon}: net and gross", loc="left", color=_INK)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.margins(y=0.01)
        axes.legend(loc="lower right", frameon=False)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", color="#e3e8ec")
        axes.set_axisbelow(True)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _persons(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}"


def _short(label: object, code: object) -> str:
    return f"{textwrap.shorten(str(label), _LABEL_WIDTH, placeholder='…')} ({code})"
