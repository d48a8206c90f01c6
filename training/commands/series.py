"""The command that forecasts any tidy table of series."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from forecasting.errors import ForecastingError
from training.terminal import console, told


class Absent(StrEnum):
    """What a period without a row means."""

    unknown = "unknown"
    zero = "zero"


def forecast(
    table: Annotated[Path, typer.Argument(help="Tidy Parquet or CSV: one row per keys and period.")],
    value: Annotated[str, typer.Option(help="Column of the count or level.")],
    time: Annotated[str, typer.Option(help="Column of the period: 2021-03, 2021-Q1, 2021…")],
    keys: Annotated[list[str], typer.Option(help="Column that names a series; repeat, coarse to fine.")],
    horizon: Annotated[int, typer.Option(help="Periods ahead, up to five years.")],
    out: Annotated[Path, typer.Option(help="File to write, .parquet or .csv.")],
    levels: Annotated[str, typer.Option(help="Of the intervals, percent.")] = "80,95",
    history_end: Annotated[str | None, typer.Option(help="Last period that may be seen.")] = None,
    hierarchy: Annotated[
        str | None,
        typer.Option(help="Sums that must hold: total, or levels as region,occupation,region*occupation."),
    ] = None,
    absent: Annotated[Absent, typer.Option(help="What a period without a row means.")] = Absent.unknown,
    method: Annotated[str, typer.Option(help="default, or a named baseline.")] = "default",
    breaks: Annotated[Path | None, typer.Option(help="File for the level shifts of the history.")] = None,
) -> None:
    """Forecast many related series with intervals, by one frozen configuration."""
    with told():
        from forecasting.series.breaks import find_breaks
        from forecasting.series.engine import forecast as forecast_series
        from forecasting.series.forecast_file import forecast_table, write_table
        from forecasting.series.hierarchy import build_hierarchy
        from forecasting.series.tidy import read_series

        _check_files(table, out, breaks)
        wanted, forecaster = _levels(levels), _method(method)
        parsed = _parsed(hierarchy, keys, time)
        with console.status(f"Reading {escape(str(table))}"):
            read = read_series(
                table, keys, time, value, history_end=history_end, horizon=horizon, absent=absent.value
            )
        tree = None if parsed is None else build_hierarchy(read.panel.index, parsed)
        with console.status(f"Forecasting {len(read.panel.index):,} series"), _package_of(method):
            found = forecast_series(read.panel, horizon, wanted, hierarchy=tree, forecaster=forecaster)
        with console.status("Looking for level shifts"):
            shifts = find_breaks(read.panel)
            shifts = shifts.assign(
                period=read.clock.column(shifts["period"].to_numpy(dtype=int)),
                until=read.clock.column(shifts["until"].to_numpy(dtype=int)),
            )
        rows = forecast_table(read, found.horizons, found.point, found.intervals, index=found.history.index)
        write_table(rows, out)
        if breaks is not None:
            write_table(shifts, breaks)
    _tell(read, found, shifts)
    _say(f"{out}: {len(rows):,} rows.")


def _check_files(table: Path, out: Path, breaks: Path | None) -> None:
    """Refuse, before the work, files that cannot be written or that would replace one another."""
    from forecasting.series.forecast_file import check_path

    taken = {table.resolve(): "the table that is read"}
    for name, path in (("--out", out), ("--breaks", breaks)):
        if path is None:
            continue
        check_path(path)
        if path.resolve() in taken:
            raise ForecastingError(
                f"{name} {path}: found {taken[path.resolve()]}; expected a file of its own. "
                "Do: give another name."
            )
        taken[path.resolve()] = f"the file of {name}"


def _levels(text: str) -> list[float]:
    from forecasting.series.engine import rounded_levels

    try:
        return rounded_levels([float(level) for level in text.split(",") if level.strip()])
    except ValueError as error:
        message = f"--levels: found {text!r}; expected percentages as 80,95. Do: correct it."
        raise ForecastingError(message) from error


def _method(name: str) -> Any:
    from forecasting.series.methods import named_forecasters

    methods = named_forecasters()
    if name not in methods:
        expected = ", ".join(methods)
        raise ForecastingError(f"--method: found {name!r}; expected one of {expected}. Do: correct it.")
    return methods[name]


@contextmanager
def _package_of(method: str) -> Iterator[None]:
    """Turn a library that is not installed into a message; only some methods need one."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise ForecastingError(f"--method {method}: {missing}, or take another method.") from missing


def _parsed(hierarchy: str | None, keys: list[str], time: str) -> tuple[tuple[str, ...], ...] | None:
    from forecasting.series.hierarchy import check_no_level, parse_hierarchy

    if hierarchy is None:
        return None
    if not hierarchy.strip(" ,"):
        raise ForecastingError(
            "--hierarchy: found nothing; expected total, or keys of the table. "
            "Do: name the sums, or leave it out."
        )
    check_no_level([*keys, time])
    return parse_hierarchy(hierarchy, keys)


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False)


def _tell(read: Any, found: Any, shifts: Any) -> None:
    panel = read.panel
    first, last = read.clock.write(panel.periods[0]), read.clock.write(panel.periods[-1])
    _say(f"{len(panel.index):,} series, {read.clock.frequency}, {first} to {last}.")
    for note in read.notes:
        _say(f"Note: {note}")
    if found.coherence is not None:
        unknown = int((panel.values != panel.values).sum())  # NaN
        if unknown:
            _say(
                f"Note: {unknown:,} unknown periods are filled for the sums: with the value before, or, "
                "before a series begins, with its first value moved as the other series moved"
            )
        _say(
            f"Sums missed by up to {found.coherence.before:,.4g} before reconciliation, "
            f"{found.coherence.after:.1g} after."
        )
    for row in shifts[shifts["scope"] == "market"].to_dict("records"):
        _say(
            f"Level shift of the whole market at {row['period']}: {row['change']:+.0%}, "
            f"{row['moved']:.0%} of the series moved with it."
        )
    single = int((shifts["scope"] == "series").sum())
    if single:
        _say(f"{single:,} level shifts of single series (--breaks FILE lists them).")
