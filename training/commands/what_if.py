"""The commands of what might be: an allocation by other rules, and an appeal against a course's weight."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from forecasting.errors import ForecastingError
from training.commands.options import Announced, Conditions, PeriodStart, Region, Release, Rule, day
from training.terminal import console, told

_Table = typer.Option(help="CSV or Parquet.")
_Result = Annotated[Path, typer.Argument(help="Folder of an allocation.")]


def simulate(
    budget: Annotated[str, typer.Option(help="Euros, 1000000.00.")],
    applications: Annotated[Path, _Table],
    out: Annotated[Path, typer.Option(help="New folder for the simulation.")],
    quantile: Annotated[float | None, typer.Option(help="Of the draws, instead of the rule's.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Another value, weight_rule.step=0.5; may be repeated.")
    ] = None,
    release: Release = None,
    grants: Annotated[Path | None, typer.Option(help="Aid received before, CSV or Parquet.")] = None,
    courses: Annotated[Path | None, typer.Option(help="Courses, by default those of the release.")] = None,
    undertakings: Annotated[Path | None, typer.Option(help="Register of who may apply.")] = None,
    previous: Annotated[Path | None, typer.Option(help="Last period's result.")] = None,
    announced: Announced = None,
    period: PeriodStart = None,
    on: Annotated[str | None, typer.Option("--day", help="Of the decision; by default today.")] = None,
    universal: Annotated[bool, typer.Option(help="A base for everybody who is eligible.")] = False,
    size: Annotated[str, typer.Option(help="eligible_cost or participant_hours; else the parameter.")] = "",
    conditions: Conditions = None,
    rule: Rule = "proportional",
) -> None:
    """Divide a budget by other rules, beside the rules in force: nothing is granted or recorded."""
    with told():
        from training import api
        from training.allocation import cents_of
        from training.allocation_award import Request
        from training.allocation_simulation import NOT_GRANTED, changes_of
        from training.allocation_simulation import simulate as simulate_it
        from training.store import open_store

        changes = changes_of(change or [])
        if quantile is not None:
            changes["weight_quantile"] = quantile
        if not changes:
            raise ForecastingError("nothing to change; expected another rule. Do: give --quantile or --set.")
        name, snapshot = api.release(release)
        files = {"applications": applications, "grants": grants, "courses": courses}
        days = day(announced, "--announced"), day(period, "--period")
        when = day(on, "--day") or dt.date.today()
        given = {**files, "undertakings": undertakings, "conditions": conditions}
        asked_for = (previous, None, universal, size, "", *days, rule)
        request = Request(name, cents_of(budget), when, given, *asked_for)
        found = simulate_it(open_store(), snapshot, request, changes, out)
    before, after = (found[side]["allocated_cents"] / 100 for side in ("rules_in_force", "simulated"))
    console.print(f"{NOT_GRANTED['en']} {NOT_GRANTED['nl']}", highlight=False)
    console.print(
        f"{out}: {after:,.2f} EUR, {before:,.2f} EUR by the rules in force; who gains gets "
        f"{found['gained_cents'] / 100:,.2f} EUR more, {found['weights_that_differ']} weights differ.",
        highlight=False,
    )


def appeal(
    folder: _Result,
    course: Annotated[str, typer.Option(help="Code of the course.")],
    region: Region = None,
) -> None:
    """Show which inputs would move a course into the next band, and by how much; in Dutch and English."""
    with told():
        from forecasting.funding.words import NOT_FOR_SOLE_USE
        from training.allocation_appeal import appeals

        found = appeals(folder, course, region)
    for each in found:
        lines = [f"{each.course} {each.title}, {each.region}", "", each.why_nl]
        lines += [f"- {lever.why_nl}" for lever in each.levers] + [dutch for _, dutch in each.notes]
        lines += ["", each.why, *(f"- {lever.why}" for lever in each.levers)]
        lines += [english for english, _ in each.notes]
        console.print("\n".join(lines), markup=False, highlight=False)
    console.print(f"{NOT_FOR_SOLE_USE['nl']} {NOT_FOR_SOLE_USE['en']}", highlight=False)
