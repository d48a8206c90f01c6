"""The machine under a benchmark: a core for each side, and how long it pauses a process by itself.

A server and what asks it, left to the scheduler, share a core at times, and one waits while the other spins.
So each has its own. What stays is measured by two processes that only read the clock, one for each core.

``python -m tests.benchmarks.api_stalls SECONDS`` is one of them. What is measured of a server holds
the pauses of the machine too: on a shared one they can be most of its 99th percentile.
"""

import json
import os
import subprocess
import sys
import time
from typing import Final, NamedTuple

from tests.conftest import ROOT

LEAST: Final = 0.002
"""Seconds from which on a gap between two readings is a pause."""

SECONDS: Final = 10.0

ANSWERING: Final = 0
ASKING: Final = 1
"""Which core a server has, and what asks it."""


class Stalls(NamedTuple):
    """Share of the time that was lost in pauses, the mean of both, and the longest pause in milliseconds."""

    share: float
    longest_ms: float


def stalls(seconds: float = SECONDS) -> Stalls:
    """Return how the machine pauses two processes that are always ready to run."""
    command = [sys.executable, "-m", "tests.benchmarks.api_stalls", str(seconds)]
    spinning = [
        subprocess.Popen([*on_core(side), *command], cwd=ROOT, stdout=subprocess.PIPE)
        for side in (ANSWERING, ASKING)
    ]
    lost = [json.loads(process.communicate()[0]) for process in spinning]
    longest = max((max(each, default=0.0) for each in lost), default=0.0)
    return Stalls(sum(map(sum, lost)) / (len(lost) * seconds), 1000 * longest)


def on_core(side: int) -> list[str]:
    """Return the words before a command that keep it on the core of its side (taskset, of util-linux)."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[side % len(cores)])]


def pauses(seconds: float) -> list[float]:
    """Return the gaps between readings of the clock that are pauses, in seconds."""
    found: list[float] = []
    last = time.perf_counter()
    until = last + seconds
    while last < until:
        now = time.perf_counter()
        if now - last > LEAST:
            found.append(now - last)
        last = now
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(pauses(float(sys.argv[1]))) + "\n")
