"""The log of promotions: what was in service when, and what a rollback returns to."""

import datetime as dt
from itertools import pairwise
from pathlib import Path

from forecasting.records import Entry, read_chain


def read_log(path: Path) -> list[Entry]:
    """Return every promotion, oldest first, after checking the chain.

    Raises
    ------
    ForecastingError
        If a line was changed, removed or cannot be read.
    """
    return read_chain(path)


def standing(entries: list[Entry]) -> list[Entry]:
    """Return the promotions that no rollback took back, oldest first; the last is in service.

    A log that mirrors a registry may have missed the promotion that a rollback returns to.

    Examples
    --------
    >>> log = [{"release": "a"}, {"release": "b"}, {"release": "a", "rollback_from": "b"}, {"release": "c"}]
    >>> [entry["release"] for entry in standing(log)]
    ['a', 'c']
    >>> [entry["release"] for entry in standing([{"release": "c"}, {"release": "b", "rollback_from": "c"}])]
    ['b']
    """
    stack: list[Entry] = []
    for entry in entries:
        if taken_back := entry.get("rollback_from"):
            known = entry["release"] in {each["release"] for each in stack}
            while stack and (
                stack[-1]["release"] != entry["release"] if known else stack[-1]["release"] == taken_back
            ):
                stack.pop()
        if not stack or stack[-1]["release"] != entry["release"]:
            stack.append(entry)
    return stack


def since(entry: Entry) -> str:
    """Return when an entry came into service here: for one that mirrors a registry, when it was mirrored."""
    return str(entry.get("mirrored_at") or entry["promoted_at"])


def served_on(entries: list[Entry], day: dt.date) -> Entry | None:
    """Return the promotion in force at the end of a day (UTC), None before the first.

    Examples
    --------
    >>> log = [{"promoted_at": "2026-01-02T10:00:00Z", "version": "1"},
    ...        {"promoted_at": "2026-03-01T09:00:00Z", "version": "2"}]
    >>> served_on(log, dt.date(2026, 2, 1))["version"]
    '1'
    """
    earlier = [entry for entry in entries if since(entry)[:10] <= day.isoformat()]
    return earlier[-1] if earlier else None


def served_until(entries: list[Entry]) -> dict[str, str]:
    """Return when each release was last taken out of service; the one in service is not among them.

    Examples
    --------
    >>> log = [{"promoted_at": "2026-01-02T10:00:00Z", "release": "a"},
    ...        {"promoted_at": "2026-03-01T09:00:00Z", "release": "b"}]
    >>> served_until(log)
    {'a': '2026-03-01T09:00:00Z'}
    """
    ended = {str(entry["release"]): since(following) for entry, following in pairwise(entries)}
    return {release: end for release, end in ended.items() if release != entries[-1]["release"]}
