"""The commands: python -m training --help."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from forecasting.errors import ForecastingError, InputError
from forecasting.parameters import load_parameters
from forecasting.region import problems_of, read_region, write_checked_region
from training.report import TOP, backtest_table, market, ranking_table, write_report
from training.terminal import console, told

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
_LARGEST_SEED: Final = 2**31 - 1

Folder = Annotated[Path, typer.Argument(help="Region folder: region.yaml and tables.")]


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
        region, parameters, code = read_region(folder), load_parameters(_day(as_of, "--as-of")), provenance()
    with console.status("Opening the store"):  # before the work, not after it
        store = open_store()
        connect(store)
    with console.status("Backtesting, forecasting and scoring"):
        snapshot = build_snapshot(region, parameters, seed, code.code)
    with console.status("Logging to MLflow"), tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "snapshot"
        write_snapshot(snapshot, path)
        return log_build(store, region, snapshot, path, code), snapshot


def _day(text: str | None, option: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ForecastingError(f"{option} {text!r}; expected a day as 2026-01-31. Do: correct it.") from error


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="Number of a registered version, or latest.")],
    why: Annotated[str, typer.Option(help="Reason, kept in the log.")] = "no reason given",
    force: Annotated[str | None, typer.Option(help="Reason to release against the gates; recorded.")] = None,
    approved_by: Annotated[str | None, typer.Option(help="Second person, where the setting asks.")] = None,
    gates: Annotated[bool, typer.Option("--gates", help="Show what every gate said.")] = False,
) -> None:
    """Hold a version to the gates and put it in service."""
    with told():
        from training.publish import promote as put_in_service
        from training.store import open_store

        with console.status(f"Promoting version {version}"):
            entry, verdicts = put_in_service(open_store(), version, why, force=force, approved_by=approved_by)
    passed = sum(verdict.passed for verdict in verdicts)
    console.print(f"{passed} of {len(verdicts)} gates passed.", highlight=False)
    for verdict in verdicts:
        if gates or not verdict.passed:
            shown = "pass" if verdict.passed else "FAIL"
            console.print(f"  {shown} {verdict.gate}: {verdict.sentence}", markup=False, highlight=False)
    console.print(f"Release {named(entry)} is in service. Next: python -m serve", highlight=False)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="Release id, or a version number.")],
    b: Annotated[str, typer.Argument(help="Release id, or a version number.")],
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    budget: Annotated[str, typer.Option(help="Reference budget in euros.")] = "60000000",
    out: Annotated[Path | None, typer.Option(help="File to write instead of the terminal.")] = None,
) -> None:
    """Say what changed between two releases: inputs, scores, ranks, weights, euros, who gains and loses."""
    from training.allocation import cents_of
    from training.diff import compare
    from training.diff_views import as_html, as_json, as_text

    views = {"text": as_text, "json": as_json, "html": as_html}
    with told():
        if form not in views:
            raise ForecastingError(f"--format {form!r}; expected one of {', '.join(views)}. Do: correct it.")
        found = compare(_snapshot(a), _snapshot(b), cents_of(budget), names=(a, b))
        shown = views[form](found)
        if out is not None:
            out.write_text(shown, encoding="utf-8")
    if out is None:
        typer.echo(shown)
    else:
        console.print(f"{out}: {form}.", highlight=False)


def _snapshot(name: str) -> Any:
    """Return a promoted release by id, or a registered version by number."""
    from forecasting.snapshot import ID_LENGTH, read_snapshot
    from training.store import open_store

    if len(name) == ID_LENGTH:
        return _release(name)[1]
    from training.tracking import fetch_snapshot, resolve_version

    store = open_store()
    with tempfile.TemporaryDirectory() as folder:
        path, _ = fetch_snapshot(store, resolve_version(store, name), Path(folder))
        return read_snapshot(path)


def named(entry: dict[str, Any]) -> str:
    """Return a release with its region, as the lines of a terminal name it."""
    region, status = entry.get("region", "region not noted"), entry.get("status", "status not noted")
    return f"{entry['release']} ({region}, {status})"


@app.command()
def rollback(
    why: Annotated[str, typer.Option(help="Reason, kept in the log.")] = "no reason given",
) -> None:
    """Return to the release that the present one replaced."""
    with told():
        from training.publish import rollback as return_to
        from training.store import open_store

        entry = return_to(open_store(), why)
    console.print(f"Release {named(entry)} is back in service.", highlight=False)


@app.command()
def log(
    on: Annotated[str | None, typer.Option(help="Day, 2026-03-14: what was served at its end (UTC).")] = None,
) -> None:
    """Say which release was in service when, by whom and why; checks the chain of hashes."""
    with told():
        from training.promotions import read_log, served_on
        from training.store import open_store

        entries = read_log(open_store().promotions)
        day = _day(on, "--on")
        if day is not None:
            found = served_on(entries, day)
            entries = [found] if found else []
    for entry in entries:
        act = "rollback to" if entry.get("rollback_from") else "release"
        forced = f" FORCED: {entry['forced']}" if entry.get("forced") else ""
        console.print(
            f"{entry['promoted_at']} {act} {named(entry)}, version {entry['version']}, "
            f"by {entry['promoted_by']}: {entry['why']}{forced}",
            markup=False,
            highlight=False,
        )
    if not entries:
        console.print("Nothing was in service.")


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
    if about["residual_cents"]:
        cap = snapshot.manifest["parameters"]["largest_share"]["value"]
        told_left = (
            f"{about['residual_cents'] / 100:,.2f} EUR is left: every occupation with need reached its cap"
        )
        console.print(f"{told_left} of {cap:.0%}.", highlight=False)
    if snapshot.manifest["status"]["label"] != "current":
        console.print(f"Note: {snapshot.manifest['status']['sentence']}", highlight=False)


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
