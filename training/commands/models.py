"""Commands that train: backtest and build."""

from pathlib import Path
from typing import Annotated, Final

import typer

from training.commands.options import AsOf, Folder, Seed, day
from training.terminal import console, told

_STEPS: Final = {
    "check the region": "Checking the region",
    "open the store": "Opening the store",
    "gap": "Forecasting and scoring",
    "register": "Logging the snapshot to MLflow",
}


def backtest(
    region: Folder,
    as_of: AsOf = None,
    seed: Seed = 1,
    component: Annotated[str | None, typer.Option(help="Only this one: sector_employment, cohorts…")] = None,
    out: Annotated[Path | None, typer.Option(help="New folder for tables and pictures.")] = None,
) -> None:
    """Hold every component to what came after, beside named baselines; registers nothing."""
    with told():
        from training import api
        from training.backtest_report import group_tables, headline_tables, unquotable, write_backtest

        with console.status("Forecasting from every past year"):
            whole, groups = api.backtest(region, day(as_of, "--as-of"), seed, component)
        if out is not None:
            write_backtest(whole, groups, out)
    for table in (*headline_tables(whole, groups), *group_tables(groups)):
        console.print(table)
    for sentence in unquotable(whole):
        console.print(f"Do not quote: {sentence}", highlight=False)
    if out is not None:
        console.print(f"{out}: {', '.join(sorted(path.name for path in out.iterdir()))}", highlight=False)


def build(
    region: Folder,
    as_of: AsOf = None,
    seed: Seed = 1,
    resume: Annotated[
        str | None, typer.Option(help="Run that stopped half-way, or latest: keep what it finished.")
    ] = None,
    retrain: Annotated[str | None, typer.Option(help="Train only this component anew.")] = None,
    of: Annotated[str | None, typer.Option(help="Version whose other components are kept.")] = None,
) -> None:
    """Train, forecast, score; log the run and register a version."""
    with told():
        from training import api
        from training.backtest_report import headline_tables
        from training.report import market, ranking_table

        with console.status("Checking the region") as status:
            built = api.build(
                region,
                day(as_of, "--as-of"),
                seed,
                resume=resume,
                retrain=retrain,
                of=of,
                tell=lambda step: status.update(_STEPS.get(step, f"Training and backtesting {step}")),
            )
    snapshot = built.snapshot
    for table in headline_tables(snapshot.tables["backtest"], snapshot.tables["backtest_groups"]):
        console.print(table)
    horizon = snapshot.manifest["parameters"]["weight_horizon"]["value"]
    console.print(ranking_table(snapshot, market(snapshot), horizon))
    for sentence in (snapshot.manifest["status"]["sentence"], *snapshot.manifest["not_quotable"]):
        console.print(f"Note: {sentence}", highlight=False)
    console.print(
        f"Version {built.version}. Next: python -m training promote {built.version}", highlight=False
    )
