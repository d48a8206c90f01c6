"""What several commands take."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Final

import typer

from forecasting.errors import ForecastingError

LARGEST_SEED: Final = 2**31 - 1

Folder = Annotated[Path, typer.Argument(help="Region folder: region.yaml and tables.")]
AsOf = Annotated[str | None, typer.Option(help="Day whose parameters apply, 2026-01-31.")]
Release = Annotated[str | None, typer.Option(help="Release id; by default the one in service.")]
Region = Annotated[str | None, typer.Option(help="Region code; by default the first.")]
Announced = Annotated[
    str | None, typer.Option(help="Day the weights were made known; by default of the promotion.")
]
PeriodStart = Annotated[
    str | None, typer.Option(help="First day of the budget period; by default the previous one's, or --day.")
]
Conditions = Annotated[
    Path | None, typer.Option(help="Conditions on groups: least and largest amounts, CSV or Parquet.")
]
Rule = Annotated[
    str, typer.Option(help="proportional (within the conditions), value (most of it) or fairest.")
]
Seed = Annotated[int, typer.Option(help="Of every draw.", min=0, max=LARGEST_SEED)]


def day(text: str | None, option: str) -> dt.date | None:
    """Return a day that was typed.

    Raises
    ------
    ForecastingError
        If it is none.
    """
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ForecastingError(f"{option} {text!r}; expected a day as 2026-01-31. Do: correct it.") from error
