"""Logs as lines of JSON: what happened to standard error, one line per request to standard output.

A line of the access log says when, which route, how long and how much; not from which address, with which
query, header or body: these can say who asked, and what a person can do.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from starlette.types import Scope

from serve.headers import named

UNKNOWN: Final = "-"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


class Lines(logging.Formatter):
    """One record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = {
            "time": _moment(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["cause"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def _moment(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


CONFIGURATION: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "serve.logs.Lines"}},
    "handlers": {
        "happened": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "lines"}
    },
    "root": {"handlers": ["happened"], "level": "INFO"},
}
"""For uvicorn, which sets it up in every worker."""


def template(scope: Scope) -> str:
    """Return the route that answered, without what was asked of it; ``-`` where none did.

    Whatever answers before the routes do, says which one it stands for in ``scope["state"]["route"]``.
    """
    said = scope["state"].get("route") or getattr(scope.get("route"), "path_format", None)
    return str(said or UNKNOWN)


def release_of(scope: Scope) -> str | None:
    """Return the id of the release that answered; its header comes first of those that name it."""
    headers = named(scope) if "serving" in scope["state"] else ()
    return headers[0][1].decode("ascii") if headers else None


def line(
    method: str, route: str, status: int, seconds: float, size: int, key: str | None, release: str | None
) -> str:
    """Return one line of the access log; nothing in it was written by the client."""
    return (
        f'{{"time": "{_moment(time.time())}", "method": "{method}", "route": {_quoted(route)}, '
        f'"status": {status}, "ms": {1000 * seconds:.2f}, "bytes": {size}, '
        f'"key": {_quoted(key)}, "release": {_quoted(release)}}}\n'
    )


@lru_cache(maxsize=1024)
def _quoted(text: str | None) -> str:
    return json.dumps(text)


def write(lines: str) -> None:
    """Write whole lines; a reader of the log that went away takes no answer with it."""
    try:
        sys.stdout.write(lines)
        sys.stdout.flush()
    except (OSError, ValueError):
        logging.getLogger(__name__).debug("the access log cannot be written")
