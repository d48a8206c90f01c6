"""The command that holds a build of a simulated region to its truth."""

from pathlib import Path
from typing import Annotated, Final

import pandas as pd
import typer
from rich.table import Table

from training.terminal import console, told

_MISSED: Final = (
    "cells",
    "model",
    "persistence",
    "measured",
    "naive",
    "flat",
    "oracle",
    "way",
    "way_measured",
)
_ORDER: Final = {
    "spearman": "model",
    "spearman_persistence": "persistence",
    "spearman_oracle": "oracle",
    "covered": "within",
    "oracle_covered": "oracle's",
}
_PERSONS: Final = frozenset(("model", "persistence", "naive", "oracle"))
_MEANINGS: Final = (
    "Mean absolute errors, in persons, or in shares for scores. persistence: the past window again; naive:",
    "the region's past figure, spread as employment is; oracle: knows the true parameters, not the shocks.",
    "flat: the median of the region's true past scores for every occupation, the constant that errs least.",
    "measured: the past window's score as the region's own tables tell it, which a service could know.",
    "way, way_measured: share of the way from persistence, or from what was measured, to the oracle.",
)


def score(
    truth: Annotated[Path, typer.Argument(help="REGION.truth, which ingest demo writes beside its region.")],
    version: Annotated[str, typer.Option(help="Release id, number of a version, or latest.")] = "latest",
) -> None:
    """Hold a build of a simulated region to the truth that no model sees."""
    with told():
        from forecasting.parameters import load_parameters
        from forecasting.region import read_region
        from training import api, referee
        from training.referee_measured import measured_past

        with console.status("Reading the build and the truth"):
            snapshot, known = api.snapshot(version), referee.read_truth(truth)
            beside, parameters = truth.with_suffix(""), load_parameters(None)
            seen = None
            if (beside / "region.yaml").is_file():
                seen = measured_past(read_region(beside), parameters)
        held = referee.held_to_truth(snapshot, known, seen)
        missed = referee.errors(held)
        tables = {
            "Mean absolute error": missed[["figure", "horizon", *_MISSED]],
            "Rank correlation with the truth, and outcomes within P10 to P90": missed[
                ["figure", "horizon", *_ORDER]
            ].rename(columns=_ORDER),
            "Larger part of the gap named, cells in shortage": referee.causes(
                held, known, parameters["shortage_threshold"]
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
        heading = "years" if name == "horizon" else str(name)
        shown.add_column(heading, justify="left" if name == "figure" else "right", no_wrap=True)
    for row in table.to_dict("records"):
        shown.add_row(*(_cell(str(name), value) for name, value in row.items()))
    return shown


def _cell(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if pd.isna(value):
        return "-"
    return f"{value:,.0f}" if name in _PERSONS and abs(value) > 1 else f"{value:.3f}"
