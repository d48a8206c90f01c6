"""The log of promotions: JSON lines, each with the hash of the line before, so no change goes unseen."""

import datetime as dt
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecasting.errors import ForecastingError

Entry = dict[str, Any]


def read_log(path: Path) -> list[Entry]:
    """Return every promotion, oldest first, after checking the chain.

    Raises
    ------
    ForecastingError
        If a line was changed, removed or cannot be read.
    """
    lines = path.read_bytes().splitlines() if path.is_file() else []
    entries: list[Entry] = []
    previous = ""
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {}
        if not isinstance(entry, dict) or entry.get("previous") != previous:
            raise ForecastingError(
                f"{path}, line {number}: found a broken chain; expected the hash of the line before. "
                "Do: restore the file from a backup; the releases themselves are untouched."
            )
        entries.append(entry)
        previous = hashlib.sha256(line).hexdigest()
    return entries


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add a line to the log, whole or not at all.

    Raises
    ------
    ForecastingError
        If the log is broken: nothing is chained to a broken end.
    """
    read_log(path)
    before = path.read_bytes() if path.is_file() else b""
    lines = before.splitlines()
    previous = hashlib.sha256(lines[-1]).hexdigest() if lines else ""
    line = json.dumps({**entry, "previous": previous}, sort_keys=True, ensure_ascii=False).encode()
    replace_file(path, before + line + b"\n")


def replace_file(path: Path, content: bytes) -> None:
    """Put content in the place of a file in one step, on the disk before it counts."""
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def standing(entries: list[Entry]) -> list[Entry]:
    """Return the promotions that no rollback took back, oldest first; the last is in service.

    Examples
    --------
    >>> log = [{"release": "a"}, {"release": "b"}, {"release": "a", "rollback_from": "b"}, {"release": "c"}]
    >>> [entry["release"] for entry in standing(log)]
    ['a', 'c']
    """
    stack: list[Entry] = []
    for entry in entries:
        if entry.get("rollback_from"):
            while len(stack) > 1 and stack[-1]["release"] != entry["release"]:
                stack.pop()
        elif not stack or stack[-1]["release"] != entry["release"]:
            stack.append(entry)
    return stack


def served_on(entries: list[Entry], day: dt.date) -> Entry | None:
    """Return the promotion in force at the end of a day (UTC), None before the first.

    Examples
    --------
    >>> log = [{"promoted_at": "2026-01-02T10:00:00Z", "version": "1"},
    ...        {"promoted_at": "2026-03-01T09:00:00Z", "version": "2"}]
    >>> served_on(log, dt.date(2026, 2, 1))["version"]
    '1'
    """
    earlier = [entry for entry in entries if str(entry["promoted_at"])[:10] <= day.isoformat()]
    return earlier[-1] if earlier else None
