"""The commands: python -m training --help."""

import typer

from training.commands.funding import allocate, approve, payments
from training.commands.models import backtest, build
from training.commands.referee import score
from training.commands.regions import check, ingest, sources
from training.commands.releases import diff, log, promote, report, rollback
from training.commands.retention import prune, restore
from training.commands.screening import screen
from training.commands.series import forecast
from training.commands.what_if import appeal, simulate

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
for command in (
    *(sources, ingest, check),
    *(forecast, backtest, build, score),
    *(promote, rollback, log, diff, report, prune, restore),
    *(allocate, approve, simulate, appeal, screen),
):
    app.command()(command)
app.add_typer(payments, name="payments")


if __name__ == "__main__":
    app()
