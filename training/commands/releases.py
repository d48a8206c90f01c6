"""Commands about releases: promote, rollback, log, diff, report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from forecasting.errors import ForecastingError
from training.commands.options import Region, day
from training.terminal import console, told


def promote(
    version: Annotated[str, typer.Argument(help="Number of a registered version, or latest.")],
    why: Annotated[str, typer.Option(help="Reason, kept in the log.")] = "no reason given",
    force: Annotated[str | None, typer.Option(help="Reason to release against the gates; recorded.")] = None,
    approved_by: Annotated[str | None, typer.Option(help="Second person, where the setting asks.")] = None,
    gates: Annotated[bool, typer.Option("--gates", help="Show what every gate said.")] = False,
) -> None:
    """Hold a version to the gates and put it in service."""
    with told():
        from training import api

        with console.status(f"Promoting version {version}"):
            entry, verdicts = api.promote(version, why, force=force, approved_by=approved_by)
    passed = sum(verdict.passed for verdict in verdicts)
    console.print(f"{passed} of {len(verdicts)} gates passed.", highlight=False)
    for verdict in verdicts:
        if gates or not verdict.passed:
            shown = "pass" if verdict.passed else "FAIL"
            console.print(f"  {shown} {verdict.gate}: {verdict.sentence}", markup=False, highlight=False)
    console.print(f"Release {named(entry)} is in service. Next: python -m serve", highlight=False)


def rollback(
    why: Annotated[str, typer.Option(help="Reason, kept in the log.")] = "no reason given",
) -> None:
    """Return to the release that the present one replaced."""
    with told():
        from training import api

        entry = api.rollback(why)
    console.print(f"Release {named(entry)} is back in service.", highlight=False)


def log(
    on: Annotated[str | None, typer.Option(help="Day, 2026-03-14: what was served at its end (UTC).")] = None,
) -> None:
    """Say which release was in service when, by whom and why; checks the chain of hashes."""
    with told():
        from training import api

        entries = api.log(day(on, "--on"))
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


def named(entry: dict[str, Any]) -> str:
    """Return a release with its region, as the lines of a terminal name it."""
    region, status = entry.get("region", "region not noted"), entry.get("status", "status not noted")
    return f"{entry['release']} ({region}, {status})"


def diff(
    a: Annotated[str, typer.Argument(help="Release id, or a version number.")],
    b: Annotated[str, typer.Argument(help="Release id, or a version number.")],
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    budget: Annotated[str, typer.Option(help="Reference budget in euros.")] = "60000000",
    out: Annotated[Path | None, typer.Option(help="File to write instead of the terminal.")] = None,
) -> None:
    """Say what changed between two releases: inputs, scores, ranks, weights, euros, who gains and loses."""
    with told():
        from training import api
        from training.allocation import cents_of
        from training.diff_views import as_html, as_json, as_text

        views = {"text": as_text, "json": as_json, "html": as_html}
        if form not in views:
            raise ForecastingError(f"--format {form!r}; expected one of {', '.join(views)}. Do: correct it.")
        shown = views[form](api.diff(a, b, cents_of(budget)))
        if out is not None:
            out.write_text(shown, encoding="utf-8")
    if out is None:
        typer.echo(shown)
    else:
        console.print(f"{out}: {form}.", highlight=False)


def report(
    out: Annotated[Path, typer.Option(help="New folder for the table and the picture.")],
    release: Annotated[str | None, typer.Argument(help="Release id; by default the one in service.")] = None,
    region: Region = None,
    horizon: Annotated[int, typer.Option(help="Years from the base year.")] = 5,
    top: Annotated[int, typer.Option(help="Occupations shown.", min=1)] = 10,
) -> None:
    """Write the top of a release's ranking: a table beside vacancy rates, and a picture."""
    with told():
        from training import api
        from training.report import market, write_report

        _, snapshot = api.release(release)
        if horizon not in snapshot.manifest["horizons"]:
            known = ", ".join(map(str, snapshot.manifest["horizons"]))
            raise ForecastingError(f"horizon {horizon}; expected one of {known}. Do: correct --horizon.")
        files = write_report(snapshot, market(snapshot, region), horizon, top, out)
    console.print(f"{out}: {', '.join(path.name for path in files)}", highlight=False)
