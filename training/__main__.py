"""The commands: python -m training --help."""

import datetime as dt
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from forecasting.errors import ForecastingError, InputError
from forecasting.parameters import load_parameters
from forecasting.region import problems_of, read_region, write_checked_region
from training.report import TOP, backtest_table, market, ranking_table, write_report

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

_REGISTRY: Final = {"mlflow", "sqlalchemy", "alembic", "requests", "urllib3"}
"""Packages whose errors mean that the registry cannot be used."""
_LARGEST_SEED: Final = 2**31 - 1

Folder = Annotated[Path, typer.Argument(help="Region folder: region.yaml and tables.")]


@contextmanager
def told() -> Iterator[None]:
    """Turn an error that a user can act on into its message and exit status 1."""
    server = os.environ.get("MLFLOW_TRACKING_URI")  # MLflow itself sets it later
    try:
        yield
    except ForecastingError as error:
        errors.print(str(error), style="red", markup=False, highlight=False)
        if isinstance(error, InputError):
            errors.print(f"{len(error.problems)} problem(s).")
        raise typer.Exit(1) from None
    except Exception as error:
        message = _fault(error, server)
        if message is None:
            raise
        errors.print(message, style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


def _fault(error: Exception, server: str | None) -> str | None:
    """Return in one line what went wrong outside the program and what to do; None for a mistake inside it."""
    if {kind.__module__.split(".")[0] for kind in type(error).__mro__} & _REGISTRY:
        return _registry_fault(error, server)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename}: found a file; expected a folder or a new place. Do: give another place."
    if isinstance(error, OSError):  # disk full, no permission, no such place
        place, fault = error.filename or "a file", error.strerror or error
        return f"{place}: {fault}; nothing was left half-written. Do: free or correct the place."
    return None


def _registry_fault(error: Exception, server: str | None) -> str:
    from training.store import VARIABLE

    said = _without_login(" ".join(str(error).split()))[:300]
    if server is None:
        return f"the MLflow registry in the store: {said}. Do: correct {VARIABLE}, or move the store away."
    return (
        f"MLFLOW_TRACKING_URI {_without_login(server)}: found no MLflow server that answers as asked; "
        f"{said}. Do: start the server, correct the variable, or unset it to use the embedded store."
    )


def _without_login(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)


@app.command()
def sources() -> None:
    """List the adapters: what each reads, its licence and vintage."""
    from forecasting.sources.cards import cards

    for name, card in cards().items():
        console.print(f"[bold]{name}[/]  {card['title']}")
        console.print(f"  {card['publisher']}; {card['licence']}; vintage {card['vintage']}", highlight=False)
        console.print(f"  redistribute: {'yes' if card['redistribute'] else 'no'}", highlight=False)


@app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="Adapter; see: python -m training sources.")],
    origin: Annotated[Path, typer.Option("--from", help="Folder of the raw files.")],
    to: Annotated[Path, typer.Option("--to", help="Region folder to write.")],
    geo: Annotated[list[str] | None, typer.Option(help="NUTS region; repeat for several.")] = None,
    provinces: Annotated[bool, typer.Option(help="Score the region's provinces and sum them.")] = False,
) -> None:
    """Turn raw public files into a checked region folder."""
    with told():
        adapter = _adapter(source)
        with console.status(f"Reading {origin}"):
            raw = adapter.read(origin)
        with console.status("Tidying to canonical tables"):
            region = adapter.tidy(raw, geos=tuple(geo or ["BE2"]), provinces=provinces)
        with console.status("Checking and writing"):
            write_checked_region(region, to)
    rows = sum(len(table) for table in region.tables.values())
    console.print(f"{to}: {len(region.tables)} tables, {rows:,} rows.", highlight=False)


def _adapter(source: str) -> Any:
    import forecasting.sources.flanders

    adapters = {"flanders": forecasting.sources.flanders}
    if source not in adapters:
        raise ForecastingError(
            f"source {source!r}: unknown; expected one of {', '.join(adapters)}. "
            "Do: python -m training sources."
        )
    return adapters[source]


@app.command()
def check(
    region: Annotated[Path | None, typer.Argument(help="Region folder.")] = None,
    templates: Annotated[
        Path | None, typer.Option(help="Write empty tables to this new folder instead.")
    ] = None,
) -> None:
    """Report every problem of a region at once: table, column, rows, what was expected, what to do."""
    with told():
        if templates is not None:
            from training.templates import write_templates

            console.print(
                f"{templates}: {len(write_templates(templates))} files to fill in.", highlight=False
            )
            return
        if region is None:
            raise ForecastingError("no region given. Do: python -m training check REGION.")
        found = problems_of(region)
        if found:
            raise InputError(found)
    console.print(f"{region}: no problems.", highlight=False)


@app.command()
def build(
    region: Folder,
    as_of: Annotated[str | None, typer.Option(help="Day whose parameters apply, 2026-01-31.")] = None,
    seed: Annotated[int, typer.Option(help="Of every draw.", min=0, max=_LARGEST_SEED)] = 1,
) -> None:
    """Train, forecast, score; log the run and register a version."""
    with told():
        version, snapshot = _build(region, as_of, seed)

    console.print(backtest_table(snapshot.tables["backtest"]))
    horizon = snapshot.manifest["parameters"]["weight_horizon"]["value"]
    console.print(ranking_table(snapshot, market(snapshot), horizon))
    for sentence in (snapshot.manifest["status"]["sentence"], *snapshot.manifest["not_quotable"]):
        console.print(f"Note: {sentence}", highlight=False)
    console.print(f"Version {version}. Next: python -m training promote {version}", highlight=False)


def _build(folder: Path, as_of: str | None, seed: int) -> tuple[str, Any]:
    from forecasting.pipeline import build_snapshot
    from forecasting.snapshot import write_snapshot
    from training.provenance import provenance
    from training.store import open_store
    from training.tracking import connect, log_build

    with console.status("Checking the region"):
        region, parameters, code = read_region(folder), load_parameters(_day(as_of)), provenance()
    with console.status("Opening the store"):  # before the work, not after it
        store = open_store()
        connect(store)
    with console.status("Backtesting, forecasting and scoring"):
        snapshot = build_snapshot(region, parameters, seed, code.code)
    with console.status("Logging to MLflow"), tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "snapshot"
        write_snapshot(snapshot, path)
        return log_build(store, region, snapshot, path, code), snapshot


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ForecastingError(f"--as-of {text!r}; expected a day as 2026-01-31. Do: correct it.") from error


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="Number of a registered version, or latest.")],
    why: Annotated[str, typer.Option(help="Reason, kept in the log.")] = "no reason given",
) -> None:
    """Put a version in service."""
    with told():
        from training.publish import promote as put_in_service
        from training.store import open_store

        with console.status(f"Promoting version {version}"):
            release = put_in_service(open_store(), version, why)
    console.print(f"Release {release} is in service. Next: python -m serve", highlight=False)


@app.command()
def allocate(
    budget: Annotated[str, typer.Option(help="Euros, 1000000.00.")],
    out: Annotated[Path, typer.Option(help="New folder for the result.")],
    release: Annotated[str | None, typer.Option(help="Release id; by default the one in service.")] = None,
    region: Annotated[str | None, typer.Option(help="Region code; by default the first.")] = None,
    historical_demonstration: Annotated[
        bool, typer.Option(help="Allow a release whose data are historical.")
    ] = False,
) -> None:
    """Divide a budget over occupations by capped shares of weighted openings, in whole cents."""
    from training.allocation import allocation_table, cents_of, refuse_historical, write_allocation

    with told():
        cents = cents_of(budget)
        name, snapshot = _release(release)
        refuse_historical(snapshot.manifest, name, dt.date.today(), asked_by_name=historical_demonstration)
        code = market(snapshot, region)
        table = allocation_table(snapshot, code, cents)
        about = {
            "release": name,
            "region": code,
            "budget_cents": cents,
            "allocated_cents": int(table["cents"].sum()),
            "residual_cents": cents - int(table["cents"].sum()),
            "status": snapshot.manifest["status"],
            "rule": {
                rule: snapshot.manifest["parameters"][rule]
                for rule in ("weight_quantile", "weight_horizon", "largest_share")
            },
        }
        write_allocation(table, about, out)
    zero = float((table["weight"] == 0).mean())
    console.print(
        f"{out}: {about['allocated_cents'] / 100:,.2f} of {cents / 100:,.2f} EUR over "
        f"{int((table['cents'] > 0).sum())} occupations; {zero:.0%} of the weights are zero.",
        highlight=False,
    )


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="New folder for the table and the picture.")],
    release: Annotated[str | None, typer.Argument(help="Release id; by default the one in service.")] = None,
    region: Annotated[str | None, typer.Option(help="Region code; by default the first.")] = None,
    horizon: Annotated[int, typer.Option(help="Years from the base year.")] = 5,
    top: Annotated[int, typer.Option(help="Occupations shown.", min=1)] = TOP,
) -> None:
    """Write the top of a release's ranking: a table beside vacancy rates, and a picture."""
    with told():
        _, snapshot = _release(release)
        if horizon not in snapshot.manifest["horizons"]:
            known = ", ".join(map(str, snapshot.manifest["horizons"]))
            raise ForecastingError(f"horizon {horizon}; expected one of {known}. Do: correct --horizon.")
        files = write_report(snapshot, market(snapshot, region), horizon, top, out)
    console.print(f"{out}: {', '.join(path.name for path in files)}", highlight=False)


def _release(name: str | None) -> tuple[str, Any]:
    from forecasting.snapshot import read_snapshot
    from training.publish import champion_release
    from training.store import open_store

    store = open_store()
    chosen = name or champion_release(store)
    if chosen not in {path.name for path in store.releases.glob("*")}:
        raise ForecastingError(
            f"release {chosen}: not among {store.releases}. Do: promote it, or correct the id."
        )
    return chosen, read_snapshot(store.releases / chosen)


if __name__ == "__main__":
    app()
