"""`python -m serve`: the service on this machine."""

import os
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from forecasting.errors import InputError
from serve.app import DEFAULT_STORE, STORE
from serve.store import CHAMPION, read_champion

cli = typer.Typer(add_completion=False)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    store: Annotated[
        Path, typer.Option(envvar=STORE, help="Folder with champion.json and releases/.", file_okay=False)
    ] = Path(DEFAULT_STORE),
) -> None:
    """Serve the promoted release: pages at /, documentation at /docs, the API under /v1."""
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
    uvicorn.run(
        "serve.app:from_environment", factory=True, host=host, port=port, workers=workers, server_header=False
    )


def _stop(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    cli()
