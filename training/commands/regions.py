"""Commands about regions: sources, ingest, check."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forecasting.errors import ForecastingError, InputError
from training.terminal import console, told


def sources() -> None:
    """List the adapters: what each reads, its licence and vintage."""
    from forecasting.sources.cards import cards

    for name, card in cards().items():
        console.print(f"[bold]{name}[/]  {card['title']}")
        console.print(f"  {card['publisher']}; {card['licence']}; vintage {card['vintage']}", highlight=False)
        console.print(f"  redistribute: {'yes' if card['redistribute'] else 'no'}", highlight=False)


def ingest(
    source: Annotated[str, typer.Argument(help="Adapter; see: python -m training sources.")],
    to: Annotated[Path, typer.Option("--to", help="Region folder to write.")],
    origin: Annotated[
        Path | None, typer.Option("--from", help="Folder of the raw files; none for demo.")
    ] = None,
    geo: Annotated[list[str] | None, typer.Option(help="NUTS region; repeat for several.")] = None,
    provinces: Annotated[bool, typer.Option(help="Score the region's provinces and sum them.")] = False,
    seed: Annotated[int | None, typer.Option(help="Demo: seed of the simulation (1).")] = None,
    difficulty: Annotated[str | None, typer.Option(help="Demo: calm, normal (default) or turbulent.")] = None,
    size: Annotated[str | None, typer.Option(help="Demo: test, demo (default) or large.")] = None,
) -> None:
    """Turn raw public files into a checked region folder, or simulate one: ingest demo."""
    with told():
        chosen = {"seed": seed, "difficulty": difficulty, "size": size}
        chosen = {name: value for name, value in chosen.items() if value is not None}
        if source == "demo":
            if geo or provinces:
                raise ForecastingError("source demo: has no --geo or --provinces. Do: leave them out.")
            _simulate(to, chosen)
            return
        if chosen:
            given = ", ".join(f"--{name}" for name in chosen)
            raise ForecastingError(f"source {source}: has no {given}. Do: leave them out.")
        if origin is None:
            raise ForecastingError(f"source {source}: no raw files given. Do: add --from DIR.")
        from forecasting.region import write_checked_region

        adapter, options = _adapter(source), {}
        if source == "flanders":
            options = {"geos": tuple(geo or ["BE2"]), "provinces": provinces}
        elif geo or provinces:
            raise ForecastingError(f"source {source}: has no --geo or --provinces. Do: leave them out.")
        with console.status(f"Reading {origin}"):
            raw = adapter.read(origin)
        with console.status("Tidying to canonical tables"):
            region = adapter.tidy(raw, **options)
        with console.status("Checking and writing"):
            write_checked_region(region, to)
    rows = sum(len(table) for table in region.tables.values())
    console.print(f"{to}: {len(region.tables)} tables, {rows:,} rows.", highlight=False)


def _simulate(to: Path, chosen: dict[str, Any]) -> None:
    from forecasting.sources import demo

    with console.status("Simulating a labour market"):
        found = demo.generate(**chosen)
    with console.status("Checking and writing"):
        demo.write(found, to)
    rows = sum(len(table) for table in found.region.tables.values())
    said = f"{to}: {len(found.region.tables)} tables, {rows:,} rows, simulated."
    console.print(f"{said} The truth is in {demo.truth_folder(to)}.", highlight=False)


def _adapter(source: str) -> Any:
    import forecasting.sources.bc
    import forecasting.sources.flanders

    adapters = {"flanders": forecasting.sources.flanders, "bc": forecasting.sources.bc}
    if source not in adapters:
        raise ForecastingError(
            f"source {source!r}: unknown; expected one of {', '.join(adapters)}, demo. "
            "Do: python -m training sources."
        )
    return adapters[source]


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
        from forecasting.region import problems_of

        found = problems_of(region)
        if found:
            raise InputError(found)
    console.print(f"{region}: no problems.", highlight=False)
