"""`python -m serve keys`: make, stop and list the keys of the API."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from forecasting.errors import ForecastingError
from serve.keys import KEYS, Key, create_key, read_keys, revoke_key
from serve.settings import GRANTS

keys = typer.Typer(no_args_is_help=True, help="Make, stop and list the keys of the API.")


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose key it is: a system, not a person.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="scores (default), weights, or admin, which reads /metrics; repeat it for several."
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Days until it expires; 0 is never.")] = 365,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Requests a minute; default: the service's limit.")
    ] = None,
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    with _Told():
        secret, key = create_key(context.obj, name, scope or ["scores"], days or None, rate)
    typer.echo(f"Key {key.id} of {key.name}: {_terms(key)}. It is shown this once.", err=True)
    typer.echo(secret)


@keys.command()
def revoke(
    context: typer.Context, its_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")]
) -> None:
    """Stop a key; the service sees it at its next request."""
    with _Told():
        key = revoke_key(context.obj, its_id)
    typer.echo(f"Key {key.id} of {key.name} was revoked on {key.revoked}.")


@keys.command(name="list")
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """List every key that was ever made, without its hash."""
    store: Path = context.obj
    with _Told():
        known = list(read_keys(store / KEYS).values())
    if as_json:
        typer.echo(json.dumps([_told(key) for key in known], ensure_ascii=False))
        return
    for key in known:
        typer.echo(f"{key.id}  {key.name}: {_terms(key)}")
    if not known:
        typer.echo(f"No keys in {store / KEYS}. Scopes are {', '.join(GRANTS)}.", err=True)


def _told(key: Key) -> dict[str, object]:
    shown = {name: getattr(key, name) for name in ("id", "name", "scopes", "created", "expires", "revoked")}
    return {**shown, "rate": key.rate, "live": key.ended(datetime.now(UTC)) is None}


def _terms(key: Key) -> str:
    until = f"until {key.expires}" if key.expires else "without end"
    paced = f", {key.rate} requests a minute" if key.rate else ""
    return f"{', '.join(key.scopes)}{paced}, {key.ended(datetime.now(UTC)) or until}"


class _Told:
    """Tells what went wrong without a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ForecastingError | OSError):
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
