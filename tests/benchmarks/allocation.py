"""Part `allocation`: a budget over many applications, made up, each piece in a process of its own."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.funding.allocation import distribute
from forecasting.funding.applications import Applications, GroupCaps
from forecasting.funding.limits import change_limits
from forecasting.funding.linear import Condition, best_value
from forecasting.funding.resampled import resampled_amounts, spread
from forecasting.parameters import load_parameters
from forecasting.series.panel import Array
from tests.benchmarks.report import Verdict, markdown, verdict_lines
from tests.benchmarks.speed import Measured, measure

APPLICATIONS, COURSES, RESAMPLES = 100_000, 5_000, 500
BOUNDS, DRAWS_ALONE = 200, 20
"""Halvings of a bisection, and the resamples that the reference is scaled from."""
SEED, SPENT = 1, 0.35
SECONDS, GIB = 10.0, 2.0


@dataclass(frozen=True)
class Piece:
    """One thing that is measured, and what it is held beside."""

    what: str
    reference: str
    barred: bool = True


PIECES: Final = {
    "applications": Piece(
        "100,000 applications of 60,000 undertakings, to the cent",
        "bisection of METHOD.md 8.1, 200 halvings, no limits of undertakings, no cents",
    ),
    "resamples": Piece(
        "5,000 courses of 1,500 undertakings × 500 resamples, intervals and ranks",
        "the same bisection for each resample, scaled from 20",
    ),
    "programme": Piece(
        "value of 5,000 courses, 20 least amounts, 1,500 limits, with prices",
        "the same without either",
        False,
    ),
}


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del shared, until  # everything here is made up
    found = {name: measure(["tests.benchmarks.allocation", name]) for name in PIECES}
    rows = [_row(PIECES[name], one) for name, one in found.items()]
    limits = [
        Verdict(PIECES[name].what, f"under {SECONDS:.0f} s and {GIB:.0f} GiB", _figure(one), _met(one))
        for name, one in found.items()
        if PIECES[name].barred
    ]
    return [
        "A third of the applications have a floor, half a previous amount and so a change limit; "
        "undertakings share limits half way from their floors to their caps. *Seconds*: with the checks of "
        "the input. *Of a processor*: without waiting for others on the machine. *Peak*: of the process, "
        "with what Python and its libraries take.",
        "",
        *markdown(pd.DataFrame(rows)),
        *verdict_lines(limits),
    ]


def _row(piece: Piece, found: Measured) -> dict[str, str]:
    inner = found.inner
    return {
        "what": piece.what,
        "seconds": f"{inner['seconds']:.2f}",
        "of a processor": f"{inner['cpu']:.2f}",
        "reference": piece.reference,
        "its seconds": f"{inner['reference']:.2f}",
        "ratio": f"× {inner['seconds'] / inner['reference']:.1f}",
        "peak, GiB": f"{found.gib:.2f}",
    }


def _figure(found: Measured) -> str:
    return f"{found.inner['seconds']:.1f} s, {found.gib:.2f} GiB"


def _met(found: Measured) -> bool:
    return found.inner["seconds"] < SECONDS and found.gib < GIB


def programme(count: int, undertakings: int) -> tuple[int, Applications]:
    """Return a budget and made-up applications with floors, change limits and shared headroom."""
    rng = np.random.default_rng(SEED)
    asked = rng.integers(10_000, 2_000_000, count)
    floors = np.where(rng.random(count) < 1 / 3, asked // 10, 0)
    previous = np.where(rng.random(count) < 1 / 2, asked // 3, 0)
    limited = change_limits(previous, load_parameters()["allocation_change_limit"], floors, asked)
    labels = [f"u{number}" for number in rng.integers(0, undertakings, count)]
    room: dict[str, int] = {}
    for label, low, high in zip(labels, limited.floors.tolist(), limited.caps.tolist(), strict=True):
        room[label] = room.get(label, 0) + (low + high) // 2
    return int(asked.sum() * SPENT), Applications(
        [f"a{number}" for number in range(count)],
        rng.lognormal(0, 1.5, count),
        limited.floors,
        limited.caps,
        [GroupCaps("de minimis headroom", labels, dict(room))],
    )


def bisection(budget: float, weights: Array, low: Array, high: Array) -> Array:
    """Return the shares as METHOD.md section 8.1 has them."""
    below, above = 0.0, 1.0
    while np.clip(above * weights, low, high).sum() < min(budget, high.sum()):
        above *= 2
    for _ in range(BOUNDS):
        middle = (below + above) / 2
        under = np.clip(middle * weights, low, high).sum() < budget
        below, above = (middle, above) if under else (below, middle)
    return np.clip(above * weights, low, high)


def _applications() -> dict[str, float]:
    budget, asked = programme(APPLICATIONS, 60_000)
    took = _timed(lambda: distribute(budget, asked))
    alone = _timed(lambda: bisection(budget, asked.weights, asked.floors, asked.caps))
    return took | {"reference": alone["seconds"]}


def _resamples() -> dict[str, float]:
    budget, asked = programme(COURSES, 1_500)
    rng = np.random.default_rng(SEED + 1)
    weights = asked.weights * rng.lognormal(0, 0.3, (RESAMPLES, COURSES))
    took = _timed(lambda: spread(resampled_amounts(budget, asked, weights), (0.1, 0.9), COURSES // 10))

    def one_by_one() -> None:
        for own in weights[:DRAWS_ALONE]:
            bisection(budget, own, asked.floors, asked.caps)

    return took | {"reference": _timed(one_by_one)["seconds"] * RESAMPLES / DRAWS_ALONE}


def _programme() -> dict[str, float]:
    budget, asked = programme(COURSES, 1_500)
    rng = np.random.default_rng(SEED + 1)
    sector = rng.integers(0, 20, COURSES)
    least = [
        Condition(f"sector {each}", (sector == each).astype(float), least=budget // 50) for each in range(20)
    ]
    values = rng.uniform(0, 1, COURSES)
    took = _timed(lambda: best_value(budget, values, asked, least))
    free = replace(asked, groups=())
    alone = _timed(lambda: best_value(budget, values, free))
    return took | {"reference": alone["seconds"]}


def _timed(work: Callable[[], object]) -> dict[str, float]:
    begun, processor = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - processor}


if __name__ == "__main__":
    works = {"applications": _applications, "resamples": _resamples, "programme": _programme}
    sys.stdout.write(json.dumps(works[sys.argv[1]]()) + "\n")
