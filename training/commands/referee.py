"""The command that holds a build of a simulated region to its truth."""

from pathlib import Path
from typing import Annotated, Final

import pandas as pd
import typer
from rich.table import Table

from training.terminal import console, told

_ERRORS: Final = {
    **dict.fromkeys(("model", "persistence", "naive", "oracle"), "error"),
    "way": ".2f",
    **dict.fromkeys(("spearman", "spearman_persistence", "spearman_oracle"), ".2f"),
    **dict.fromkeys(("covered", "oracle_covered"), ".0%"),
}
_MEANINGS: Final = (
    "Mean absolute errors, in persons, or in shares for scores. persistence: the past window again; naive:",
    "the region's past figure, spread as employment is; oracle: knows the true parameters, not the shocks.",
    "way: share of the way from persistence to the oracle. covered: outcomes between P10 and P90.",
)


def score(
    truth: Annotated[Path, typer.Argument(help="REGION.truth, which ingest demo writes beside its region.")],
    version: Annotated[str, typer.Option(help="Release id, number of a version, or latest.")] = "latest",
) -> None:
    """Hold a build of a simulated region to the truth that no model sees."""
    with told():
        from forecasting.parameters import load_parameters
        from training import api, referee

        with console.status("Reading the build and the truth"):
            snapshot, known = api.snapshot(version), referee.read_truth(truth)
        held = referee.held_to_truth(snapshot, known)
        tables = {
            "Held to the truth": referee.errors(held),
            "Larger part of the gap named, cells in shortage": referee.causes(
                held, load_parameters(None)["shortage_threshold"]
            ),
            "Order of skills within an occupation, mean Spearman": referee.skill_order(snapshot, known),
        }
    for title, table in tables.items():
        console.print(_shown(title, table))
    for line in _MEANINGS:
        console.print(line, highlight=False)


def _shown(title: str, table: pd.DataFrame) -> Table:
    shown = Table(title=title, title_justify="left")
    for name in table.columns:
        shown.add_column(str(name).replace("_", " "), justify="left" if name == "figure" else "right")
    for row in table.to_dict("records"):
        shown.add_row(*(_cell(str(name), value) for name, value in row.items()))
    return shown


def _cell(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if pd.isna(value):
        return "-"
    form = _ERRORS.get(name, ".2f")
    if form != "error":
        return format(value, form)
    return f"{value:.4f}" if value < 1 else f"{value:,.0f}"
