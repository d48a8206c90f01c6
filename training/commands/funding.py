"""The commands about money: divide a budget, approve it, and record what was paid on it."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from forecasting.errors import ForecastingError
from training.commands.options import Announced, Conditions, PeriodStart, Region, Release, Rule, day
from training.terminal import console, errors, told

Result = Annotated[Path, typer.Argument(help="Folder of an allocation.")]
Why = Annotated[str, typer.Option(help="Reason, kept in the ledger.")]
_Table = typer.Option(help="CSV or Parquet.")
_GIVEN: Final = ("applications", "grants", "courses", "undertakings", "conditions")
_RULES: Final = Path("rules")


def allocate(
    budget: Annotated[str | None, typer.Option(help="Euros, 1000000.00.")] = None,
    out: Annotated[Path | None, typer.Option(help="New folder for the result.")] = None,
    release: Release = None,
    applications: Annotated[Path | None, _Table] = None,
    grants: Annotated[Path | None, typer.Option(help="Aid received before, CSV or Parquet.")] = None,
    courses: Annotated[Path | None, typer.Option(help="Courses, by default those of the release.")] = None,
    undertakings: Annotated[Path | None, typer.Option(help="Register of who may apply.")] = None,
    previous: Annotated[
        Path | None, typer.Option(help="Last period's result: weights and amounts are held to it.")
    ] = None,
    announced: Announced = None,
    period: PeriodStart = None,
    corrects: Annotated[Path | None, typer.Option(help="Result that this one corrects.")] = None,
    on: Annotated[str | None, typer.Option("--day", help="Of the decision; by default today.")] = None,
    universal: Annotated[bool, typer.Option(help="A base for everybody who is eligible.")] = False,
    size: Annotated[str, typer.Option(help="eligible_cost or participant_hours; else the parameter.")] = "",
    conditions: Conditions = None,
    rule: Rule = "proportional",
    why: Why = "no reason given",
    region: Region = None,
    historical_demonstration: Annotated[
        bool, typer.Option(help="Allow a release whose data are historical.")
    ] = False,
    replay: Annotated[Path | None, typer.Option(help="trace.json to make again from its inputs.")] = None,
    verify: Annotated[Path | None, typer.Option(help="Result to check, offline.")] = None,
) -> None:
    """Divide a budget over applications, or over occupations where none are given, in whole cents.

    By weight within law, caps and change limits. With --replay or --verify: make a result again, or check it.
    Of the result only report.md is for publication; all else is the case file, by applicant.
    """
    with told():
        if verify is not None:
            _verify(verify)
            return
        if replay is not None:
            _replay(replay, out)
            return
        if budget is None or out is None:
            missing = "--budget" if budget is None else "--out"
            raise ForecastingError(f"no {missing}; expected a budget and a new folder. Do: give {missing}.")
        from training import api
        from training.allocation import cents_of, refuse_historical

        asked = (grants, courses, undertakings, previous, corrects, announced, period, conditions)
        if applications is None and (any(asked) or universal or size or rule != "proportional"):
            raise ForecastingError("no --applications; expected them with these options. Do: give the file.")
        cents, when = cents_of(budget), day(on, "--day") or dt.date.today()
        if not cents:
            raise ForecastingError("budget 0; expected more than 0. Do: give the budget in euros.")
        name, snapshot = api.release(release)
        aged = max(when, dt.date.today())  # an earlier --day makes no release younger
        refuse_historical(snapshot.manifest, name, aged, asked_by_name=historical_demonstration)
        if applications is None:
            _over_occupations(name, snapshot, cents, region, out)
        else:
            tables = (applications, grants, courses, undertakings, conditions)
            days = day(announced, "--announced"), day(period, "--period")
            options = (previous, corrects, universal, size, why, *days, rule)
            _over_applications(
                snapshot, (name, cents, when, dict(zip(_GIVEN, tables, strict=True))), options, out
            )
    if snapshot.manifest["status"]["label"] != "current":
        console.print(f"Note: {snapshot.manifest['status']['sentence']}", highlight=False)


def _over_applications(snapshot: Any, asked: tuple[Any, ...], options: tuple[Any, ...], out: Path) -> None:
    from forecasting.funding.words import NOT_FOR_SOLE_USE
    from training.allocation_award import Request, award
    from training.store import open_store

    totals = award(open_store(), snapshot, Request(*asked, *options), out)
    console.print(
        f"{out}: {totals['allocated_cents'] / 100:,.2f} of {totals['budget_cents'] / 100:,.2f} EUR for "
        f"{totals['paid']} of {totals['applications']} applications; {totals['refused']} refused by law.",
        highlight=False,
    )
    if totals["residual_cents"]:
        console.print(
            f"{totals['residual_cents'] / 100:,.2f} EUR is left: law, requests and limits take no more.",
            highlight=False,
        )
    console.print(NOT_FOR_SOLE_USE["en"], highlight=False)
    if totals["warning"]:
        console.print(totals["warning"], highlight=False)
    if totals["second_person"]:
        console.print(
            f"Proposed. Next, by a second person: python -m training approve {out}", highlight=False
        )


def _over_occupations(name: str, snapshot: Any, cents: int, region: str | None, out: Path) -> None:
    from forecasting.funding.words import NOT_FOR_SOLE_USE
    from training.allocation import allocation_table, grant
    from training.report import market
    from training.store import open_store

    code = market(snapshot, region)
    table = allocation_table(snapshot, code, cents)
    about = {
        "release": name,
        "region": code,
        "budget_cents": cents,
        "allocated_cents": int(table["cents"].sum()),
        "residual_cents": cents - int(table["cents"].sum()),
        "status": snapshot.manifest["status"],
        "not_for_sole_use": NOT_FOR_SOLE_USE,
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
        left = f"{about['residual_cents'] / 100:,.2f} EUR is left: every occupation with need reached its cap"
        console.print(f"{left} of {cap:.0%}.", highlight=False)
    console.print(NOT_FOR_SOLE_USE["en"], highlight=False)


def _verify(folder: Path) -> None:
    from training.allocation_verify import verify

    failures = verify(folder)
    for failure in failures:
        errors.print(failure, style="red", markup=False, highlight=False)
    if failures:
        errors.print(f"{len(failures)} failure(s).")
        raise typer.Exit(1)
    console.print(
        f"{folder}: holds; hashes, sums, caps, law, rule versions and rounding checked.", highlight=False
    )


def _replay(path: Path, out: Path | None) -> None:
    from training.allocation import aside_of
    from training.allocation_result import replay, write_files

    files, different, note = replay(path)
    if out is not None:
        with aside_of(out) as aside:
            write_files(aside, files)
    if note:
        console.print(f"Note: {note}.", highlight=False)
    if different:
        errors.print(f"{path}: not reproduced: {', '.join(different)}.", style="red", markup=False)
        raise typer.Exit(1)
    console.print(f"{path}: reproduced, {len(files)} files byte by byte.", highlight=False)


def approve(
    what: Annotated[Path, typer.Argument(help="Folder of an allocation, or the word rules.")],
    why: Why = "no reason given",
) -> None:
    """Approve an allocation as a second person, checked first; or the rule files in force: two persons."""
    with told():
        if what == _RULES and not what.exists():
            from training.rule_approval import PROPOSED, approve_rules
            from training.store import open_store

            entry = approve_rules(open_store(), why)
            following = " Next, by a second person: the same command." if entry["act"] == PROPOSED else ""
        else:
            from training.allocation_ledger import approve as approve_it

            _verify(what)
            entry, following = approve_it(what, why), ""
    console.print(f"{what}: {entry['act']} by {entry['by']}.{following}", highlight=False)


payments = typer.Typer(
    no_args_is_help=True, help="Payments, withdrawals and clawback of an allocation: only added."
)


@payments.command()
def add(
    folder: Result,
    application: Annotated[str, typer.Option(help="Id.")],
    amount: Annotated[str, typer.Option(help="Euros, 1000.00.")],
    kind: Annotated[str, typer.Option(help="payment, withdrawal or clawback.")] = "payment",
    on: Annotated[str | None, typer.Option(help="Day, 2026-11-22; by default today.")] = None,
    why: Why = "no reason given",
) -> None:
    """Record that money was paid, withdrawn before it was, or clawed back after."""
    with told():
        from training.allocation import cents_of
        from training.allocation_ledger import record

        when = day(on, "--on") or dt.date.today()
        entry = record(folder, kind, application, cents_of(amount), when, why)
    console.print(f"{folder}: {kind} of {entry['cents'] / 100:,.2f} EUR, {application}.", highlight=False)


@payments.command("list")
def list_payments(folder: Result) -> None:
    """Show the ledger and what is open; checks the chain of hashes."""
    with told():
        from training.allocation_ledger import balance, read_ledger, state

        entries = read_ledger(folder)
        standing = balance(folder, entries)
    for entry in entries:
        what = f" {entry['cents'] / 100:,.2f} EUR {entry['application']}" if "cents" in entry else ""
        console.print(
            f"{entry['at']} {entry['act']}{what}, by {entry['by']}: {entry['why']}",
            markup=False,
            highlight=False,
        )
    totals = {name: standing[name].sum() / 100 for name in standing.columns}
    sums = ", ".join(f"{name.replace('_', ' ')} {euros:,.2f}" for name, euros in totals.items())
    console.print(f"{state(entries)}; EUR {sums}.", highlight=False)
