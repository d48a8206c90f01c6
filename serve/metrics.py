"""Figures about the service itself, in the text format of Prometheus (exposition format 0.0.4).

Each worker counts in memory. Where there are several, each also writes its counts once a second into the
folder they share, and whichever is asked adds those of the others to its own: at most a second old. A worker
that starts takes over the counts of the one whose place it takes, so that counters never fall.
"""

import asyncio
import json
import os
import resource
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from serve.shared import Place
from serve.store import Serving

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds; the last group has no bound."""

SHARE_SECONDS: Final = 1.0

_COUNT, _SECONDS, _BYTES, _FIRST = 0, 1, 2, 3
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

Row = tuple[str, str, int]
"""Method, template of the route, status."""


class Metrics:
    """What this worker answered.

    Parameters
    ----------
    place : Place
        Where it counts, and the others.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._began = time.time()
        self._rows: dict[Row, list[float]] = _read(self._file(place.own))
        self.in_progress = 0

    def add(self, method: str, route: str, status: int, seconds: float, size: int) -> None:
        """Count one answer."""
        self.count(self.row(method, route, status), seconds, size)

    def row(self, method: str, route: str, status: int) -> list[float]:
        """Return where answers of one kind are counted, the same list for as long as the worker runs."""
        row = self._rows.get((method, route, status))
        if row is None:
            row = self._rows[method, route, status] = [0.0] * (_FIRST + len(BOUNDS) + 1)
        return row

    @staticmethod
    def count(row: list[float], seconds: float, size: int) -> None:
        """Count one answer of a kind."""
        row[_COUNT] += 1
        row[_SECONDS] += seconds
        row[_BYTES] += size
        row[_FIRST + bisect_left(BOUNDS, seconds)] += 1

    def _file(self, own: int) -> Path | None:
        return None if self._place.folder is None else self._place.folder / f"metrics-{own}.json"

    def share(self) -> None:
        """Write the counts where the other workers read them."""
        path = self._file(self._place.own)
        if path is not None:
            aside = path.with_suffix(".new")
            aside.write_text(json.dumps([[*row, *counts] for row, counts in self._rows.items()]), "utf-8")
            aside.replace(path)

    async def keep_sharing(self) -> None:
        """Share once a second, until cancelled."""
        while self._place.folder is not None:
            await asyncio.sleep(SHARE_SECONDS)
            self.share()

    def total(self) -> dict[Row, list[float]]:
        """Return the counts of all workers together."""
        total = {row: list(counts) for row, counts in self._rows.items()}
        for own in set(range(self._place.places)) - {self._place.own}:
            for row, counts in _read(self._file(own)).items():
                before = total.get(row, [0.0] * len(counts))
                total[row] = [a + b for a, b in zip(before, counts, strict=True)]
        return total

    def exposed(self, serving: Serving) -> str:
        """Return everything as text."""
        lines = [*_requests(self.total()), *_release(serving), *self._process()]
        return "\n".join(lines) + "\n"

    def _process(self) -> Iterator[str]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        said: list[tuple[str, str, str, float]] = [
            (
                "competence_http_requests_in_progress",
                "gauge",
                "being answered by this worker",
                self.in_progress,
            ),
            ("process_cpu_seconds_total", "counter", "of this worker", usage.ru_utime + usage.ru_stime),
            ("process_resident_memory_bytes", "gauge", "of this worker", _resident()),
            ("process_start_time_seconds", "gauge", "of this worker", self._began),
        ]
        for name, kind, meaning, value in said:
            yield from _family(name, kind, meaning, [({}, value)])


def _read(path: Path | None) -> dict[Row, list[float]]:
    """Return the counts in a file; none where there is none, or its writer was older."""
    try:
        rows = json.loads(path.read_text("utf-8")) if path is not None else []
    except (OSError, ValueError):
        return {}
    wanted = 3 + _FIRST + len(BOUNDS) + 1
    return {(row[0], row[1], row[2]): row[3:] for row in rows if len(row) == wanted}


def _requests(total: Mapping[Row, list[float]]) -> Iterator[str]:
    """Return the counts by method, route and status; durations and sizes by route."""
    routes: dict[str, list[float]] = {}
    for (_, route, _), counts in total.items():
        before = routes.get(route, [0.0] * len(counts))
        routes[route] = [a + b for a, b in zip(before, counts, strict=True)]
    answered = [
        ({"method": method, "route": route, "status": str(status)}, counts[_COUNT])
        for (method, route, status), counts in sorted(total.items())
    ]
    yield from _family("competence_http_requests_total", "counter", "answers", answered)
    sizes = [({"route": route}, counts[_BYTES]) for route, counts in sorted(routes.items())]
    yield from _family("competence_http_response_bytes_total", "counter", "bytes of bodies", sizes)
    name = "competence_http_request_seconds"
    yield from (f"# HELP {name} time until the last byte was handed over", f"# TYPE {name} histogram")
    for route, counts in sorted(routes.items()):
        below = 0.0
        for bound, more in zip((*map(str, BOUNDS), "+Inf"), counts[_FIRST:], strict=True):
            below += more
            yield _sample(f"{name}_bucket", {"route": route, "le": bound}, below)
        yield _sample(f"{name}_sum", {"route": route}, counts[_SECONDS])
        yield _sample(f"{name}_count", {"route": route}, counts[_COUNT])


def _release(serving: Serving) -> Iterator[str]:
    champion = serving.release.champion if serving.release else None
    named = [({"release": champion.release, "version": champion.version}, 1.0)] if champion else []
    yield from _family("competence_release_info", "gauge", "the release that answers", named)
    refused: list[tuple[dict[str, str], float]] = [({}, float(serving.refused is not None))]
    meaning = "1 while a newer release is promoted that cannot be loaded"
    yield from _family("competence_release_refused", "gauge", meaning, refused)


def _family(
    name: str, kind: str, meaning: str, samples: Iterable[tuple[Mapping[str, str], float]]
) -> Iterator[str]:
    yield from (f"# HELP {name} {meaning}", f"# TYPE {name} {kind}")
    yield from (_sample(name, labels, value) for labels, value in samples)


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value:.17g}" if told else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _resident() -> float:
    """Return the memory in use; 0 where the system does not tell."""
    try:
        return float(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
    except OSError:
        return 0.0
