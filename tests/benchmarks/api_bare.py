"""The yardstick of the part `api`: an ASGI application that only sends what was recorded, on uvicorn.

``python -m tests.benchmarks.api_bare PORT FILE``; the file holds status, headers and body for each path.
"""

import pickle
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

Recorded = dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]]


def bare(recorded: Recorded) -> ASGIApp:
    """Return the application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        status, headers, body = recorded[scope["path"]]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main(port: str, file: str) -> None:
    """Serve on one worker, as `python -m serve` runs uvicorn."""
    recorded: Recorded = pickle.loads(Path(file).read_bytes())  # noqa: S301  written by the part itself
    uvicorn.run(
        bare(recorded),
        port=int(port),
        lifespan="off",
        access_log=False,
        server_header=False,
        log_level="error",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
