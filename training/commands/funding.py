"""The command that divides money."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from training.commands.options import Region, Release
from training.terminal import console, told


def allocate(
    budget: Annotated[str, typer.Option(help="Euros, 1000000.00.")],
    out: Annotated[Path, typer.Option(help="New folder for the result.")],
    release: Release = None,
    region: Region = None,
    historical_demonstration: Annotated[
        bool, typer.Option(help="Allow a release whose data are historical.")
    ] = False,
) -> None:
    """Divide a budget over occupations by capped shares of weighted openings, in whole cents."""
    with told():
        from training import api
        from training.allocation import allocation_table, cents_of, grant, refuse_historical
        from training.report import market
        from training.store import open_store

        cents = cents_of(budget)
        name, snapshot = api.release(release)
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
        grant(open_store(), table, about, out)
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
