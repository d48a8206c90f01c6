"""`python -m serve`: the service on this machine, and the process that mirrors a remote registry."""

import logging
import os
import signal
import sys
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn

from forecasting.errors import InputError
from serve.app import DEFAULT_STORE, STORE
from serve.keys import KEYS, read_keys
from serve.keys_command import keys
from serve.logs import CONFIGURATION
from serve.settings import OPEN, SHARED, WORKERS, read_settings
from serve.store import CHAMPION, read_champion

cli = typer.Typer(add_completion=False)
cli.add_typer(keys, name="keys")


@cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    store: Annotated[
        Path, typer.Option(envvar=STORE, help="Folder with champion.json and releases/.", file_okay=False)
    ] = Path(DEFAULT_STORE),
    everyone: Annotated[
        bool, typer.Option("--open", help=f"Let everyone read without a key ({OPEN}=1 does the same).")
    ] = False,
    proxies: Annotated[
        str,
        typer.Option(
            envvar="SERVE_PROXIES",
            help="Addresses of the proxies in front, whose X-Forwarded-For and -Proto are believed.",
        ),
    ] = "",
    grace: Annotated[
        int,
        typer.Option(min=0, envvar="SERVE_GRACE", help="Seconds to finish what is being answered at a stop."),
    ] = 30,
) -> None:
    """Serve the promoted release: pages at /, documentation at /docs, the API under /v1.

    A reader needs a key (see keys), unless --open says that none is needed.
    """
    context.obj = store
    if context.invoked_subcommand is not None:
        return
    if not (store / CHAMPION).exists():
        _stop(
            f"Nothing is promoted in {store.resolve()}: there is no {CHAMPION}.\n"
            "Build and promote a version first:\n"
            "  python -m training build REGION\n"
            "  python -m training promote VERSION\n"
            f"or name another store with --store DIR or {STORE}."
        )
    try:
        read_champion(store)
    except InputError as error:
        _stop(str(error))
    os.environ[STORE] = str(store.resolve())
    if everyone:
        os.environ[OPEN] = "1"
    _warn_of_nobody(store)
    with tempfile.TemporaryDirectory(prefix="competence-") if workers > 1 else nullcontext("") as shared:
        os.environ.update({SHARED: shared, WORKERS: str(workers)})
        uvicorn.run(
            "serve.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            server_header=False,
            access_log=False,  # its lines hold the query; serve.logs writes one without
            log_config=CONFIGURATION,
            http="serve.wire:Wire",  # what is no HTTP is refused as a problem too
            ws="none",
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            timeout_graceful_shutdown=grace,
        )


@cli.command()
def follow(
    context: typer.Context,
    store: Annotated[Path | None, typer.Option(help="As of the service.", file_okay=False)] = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks at the registry.")] = 60,
    once: Annotated[
        bool, typer.Option("--once", help="Look once; exit with status 1 if that fails.")
    ] = False,
) -> None:
    """Mirror the champion of the registry at MLFLOW_TRACKING_URI into the releases, beside the service."""
    from serve.follow import REGISTRY, follow

    if not os.environ.get(REGISTRY):
        _stop(f"{REGISTRY} is not set: no registry to follow. Do: set it to the registry's address.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # unwinds, so that nothing is left aside
    try:
        mirrored = follow(store or context.obj, every, once=once)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    raise typer.Exit(0 if mirrored else 1)


def _warn_of_nobody(store: Path) -> None:
    """Tell settings that cannot be used, and a service that will answer nobody."""
    try:
        settings, known = read_settings(), read_keys(store / KEYS).values()
    except InputError as error:
        _stop(str(error))
    if not settings.open and all(key.ended(datetime.now(UTC)) for key in known):
        typer.echo(
            f"No key holds in {store / KEYS}, so that every reader will be answered 401.\n"
            "Do: python -m serve keys create NAME, or start with --open to let everyone read.",
            err=True,
        )


def _stop(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    cli()
