"""What a person reads after a build: the backtest table, the top of the ranking, the picture."""

import shutil
import tempfile
import textwrap
from pathlib import Path
from typing import Final

import pandas as pd
from rich.table import Table

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.snapshot import Snapshot
from training.report_conventions import write_conventions

TOP: Final = 10
LABEL_WIDTH: Final = 48
_INK, _BAR, _DOT = "#1c2733", "#9fb8c8", "#b3392f"


def ranked(snapshot: Snapshot, region: str, horizon: int) -> pd.DataFrame:
    """Return the ranked cells of one region and horizon, largest median score first, with labels."""
    gaps = snapshot.tables["gaps"]
    gaps = gaps[gaps["scenario"] == snapshot.manifest["scenario"]]
    cells = gaps[(gaps["region"] == region) & (gaps["horizon"] == horizon) & ~gaps["aggregate"]]
    labels = snapshot.tables["occupations"].set_index("code")
    chosen = cells[cells["rank"].notna()].sort_values(["rank", "score"], ascending=[True, False])
    return chosen.assign(
        label=[_label(labels, code) for code in chosen["occupation"]],
    ).reset_index(drop=True)


def _label(labels: pd.DataFrame, code: str) -> str:
    row = labels.loc[code]
    return str(row["label_nl"] or row["label_en"] or code)


def _short(label: object, width: int = LABEL_WIDTH) -> str:
    return textwrap.shorten(str(label), width, placeholder="…")


def market(snapshot: Snapshot, region: str | None = None) -> str:
    """Return the market that is asked for, by default the first.

    Raises
    ------
    ForecastingError
        If the release has no such market.
    """
    regions = snapshot.tables["regions"]
    markets = sorted(regions.loc[regions["role"] == "market", "code"].astype(str))
    if region is not None and region not in markets:
        raise ForecastingError(
            f"region {region!r}; expected one of {', '.join(markets)}. Do: correct --region."
        )
    return region or markets[0]


def ranking_table(snapshot: Snapshot, region: str, horizon: int) -> Table:
    """Return the top of the ranking as a table for the terminal."""
    about, regions = snapshot.manifest["region"], snapshot.tables["regions"].set_index("code")
    title = (
        f"{_label(regions, region)} ({region}), {horizon} years from {about['base_year']}: "
        f"{snapshot.manifest['status']['label']}"
    )
    table = Table(title=title, title_justify="left")
    for name in ("rank", "occupation", "P10", "P50", "P90", "openings", "supply"):
        table.add_column(name, justify="left" if name == "occupation" else "right", no_wrap=True)
    for row in ranked(snapshot, region, horizon).head(TOP).to_dict("records"):
        table.add_row(
            f"{row['rank']:.0f}",
            f"{row['occupation']} {_short(row['label'], 26)}",
            *(f"{row[name]:.0%}" for name in ("score_p10", "score_p50", "score_p90")),
            f"{row['openings']:,.0f}",
            f"{row['supply']:,.0f}",
        )
    return table


def report_table(snapshot: Snapshot, region: str, horizon: int) -> pd.DataFrame:
    """Return the whole ranking with openings by cause, supply by source and the vacancy rate beside."""
    rows = ranked(snapshot, region, horizon)
    keys = ["region", "occupation", "scenario", "horizon"]
    causes = snapshot.tables["openings"].pivot_table(index=keys, columns="component", values="mean")
    sources = snapshot.tables["supply"].pivot_table(index=keys, columns="source", values="mean")
    rates = snapshot.tables["vacancy_rates"]
    rates = rates[rates["year"] == snapshot.manifest["region"]["base_year"]][["region", "occupation", "rate"]]
    table = rows.merge(causes.drop(columns="openings").reset_index(), on=keys).merge(
        sources.reset_index(), on=keys
    )
    return table.merge(
        rates.rename(columns={"rate": "vacancy_rate"}), on=["region", "occupation"], how="left"
    )


REPORTED = {
    "rank": ".0f", "occupation": "", "label": "", "score_p10": ".0%", "score_p50": ".0%", "score_p90": ".0%",
    "openings": ",.0f", "new_jobs": ",.0f", "replacement_25_54": ",.0f", "replacement_55_plus": ",.0f",
    "entrants": ",.0f", "jobseekers": ",.0f", "vacancy_rate": ".1%",
}  # fmt: skip


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the reported columns as a file keeps them: whole persons, shares to four decimals."""
    places = {name: 4 if form.endswith("%") else 0 for name, form in REPORTED.items() if form}
    return table[list(REPORTED)].round(places)


def markdown(table: pd.DataFrame) -> str:
    """Return the reported columns of a table in Markdown."""
    head = [
        "| " + " | ".join(name.replace("_", " ") for name in REPORTED) + " |",
        "|---" * len(REPORTED) + "|",
    ]
    body = [
        "| "
        + " | ".join(
            "-" if pd.isna(row[name]) else format(row[name], form) for name, form in REPORTED.items()
        )
        + " |"
        for row in table.to_dict("records")
    ]
    return "\n".join([*head, *body]) + "\n"


def _beside(snapshot: Snapshot, region: str, horizon: int) -> str:
    """Say how the ranking compares with the vacancy rates, where there are any."""
    return "".join(
        f"\nSpearman rank correlation with the vacancy rate: {entry['spearman']} "
        f"over {entry['occupations']} occupations.\n"
        for entry in snapshot.manifest["comparison"]
        if (entry["region"], entry["horizon"]) == (region, horizon)
    )


def write_report(snapshot: Snapshot, region: str, horizon: int, top: int, folder: Path) -> list[Path]:
    """Write the ranking as CSV, its top as Markdown and as a picture, all or nothing; return the files.

    Net and gross stand beside it (`training.report_conventions`).

    Raises
    ------
    InputError
        If the folder exists.
    """
    if folder.exists():
        raise InputError([Problem(str(folder), "an existing folder", "a new one", "give another --out")])
    table = report_table(snapshot, region, horizon)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        rounded(table).to_csv(aside / "ranking.csv", index=False)
        text = markdown(table.head(top)) + _beside(snapshot, region, horizon)
        (aside / "top.md").write_text(text, encoding="utf-8")
        ranking_figure(snapshot, horizon, aside / "top.svg", region, top)
        beside = write_conventions(snapshot, region, horizon, aside)
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return [folder / name for name in ("ranking.csv", "top.md", "top.svg", *beside)]


def ranking_figure(
    snapshot: Snapshot, horizon: int, path: Path, region: str | None = None, top: int = 40
) -> None:
    """Draw the ranked gap scores with their intervals to an SVG or PNG file.

    The same snapshot gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = ranked(snapshot, region or market(snapshot), horizon).head(top).iloc[::-1]
    manifest = snapshot.manifest
    with mpl.rc_context({"svg.hashsalt": "competence", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9, 1.1 + 0.27 * max(len(rows), 1)), layout="constrained")
        axes = figure.subplots()
        height = range(len(rows))
        axes.hlines(height, rows["score_p10"] * 100, rows["score_p90"] * 100, color=_BAR, linewidth=7)
        axes.plot(rows["score_p50"] * 100, height, "o", color=_DOT, markersize=5)
        axes.set_yticks(
            list(height), [f"{_short(row.label)} ({row.occupation})" for row in rows.itertuples()]
        )
        axes.set_xlim(0, 100)
        axes.set_xlabel("openings that stay unfilled, %: median (dot) and P10 to P90 (bar)", color=_INK)
        axes.set_title(
            f"{manifest['region']['name']}, {horizon} years from {manifest['region']['base_year']}"
            f" ({manifest['status']['label']})",
            loc="left",
            color=_INK,
        )
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", color="#e3e8ec", zorder=0)
        axes.set_axisbelow(True)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
