"""A picture of the largest amounts of an allocation with their intervals, as SVG."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

import pandas as pd

from forecasting.funding.applications import euros
from training.funding_frame import TEXT, WIDTH, framed

PICTURE: Final = "amounts.svg"
MOST: Final = 20
"""Applications that are shown."""

_ROW, _TOP, _LEFT, _RIGHT = 24, 96, 200, 110
_SCALE: Final = WIDTH - _LEFT - _RIGHT


def picture(table: pd.DataFrame, interval: tuple[float, float], day: object) -> str:
    """Return the largest amounts as bars, the interval as a line and participation alone as a mark.

    Parameters
    ----------
    table : DataFrame
        ``id, cents, p_low_cents, p_high_cents, participation_cents``; equal amounts in order of id.
    interval : tuple of float
        Probabilities of its ends.
    """
    shown = table[table["cents"] > 0].sort_values(["cents", "id"], ascending=[False, True]).head(MOST)
    height = _TOP + _ROW * max(len(shown), 1) + 40
    span = f"P{100 * interval[0]:g}–P{100 * interval[1]:g}"
    title = f"Largest amounts, decision of {day} · Grootste bedragen, beslissing van {day}"
    key = (
        f"bar: amount · bedrag; line: {span} under the draws · lijn: {span} over de trekkingen; "
        "diamond: participation alone · ruit: naar deelname alleen"
    )
    rows = (line for at, row in enumerate(shown.to_dict("records")) for line in _row(at, row, _most(shown)))
    return framed(title, key, rows, height)


def _most(shown: pd.DataFrame) -> float:
    columns = ["cents", "p_high_cents", "participation_cents"]
    return max(float(shown[columns].to_numpy(dtype=float).max(initial=0.0)), 1.0)


def _row(at: int, row: Any, most: float) -> Iterator[str]:
    """Yield the marks of one application."""
    top = _TOP + at * _ROW
    middle = top + _ROW / 2 - 3
    low, high, end, alone = (
        round(_LEFT + _SCALE * float(row[name]) / most, 1)
        for name in ("p_low_cents", "p_high_cents", "cents", "participation_cents")
    )
    name = str(row["id"])
    shown = name if len(name) <= 24 else f"{name[:23]}…"
    yield f'<text x="{_LEFT - 8}" y="{middle + 4}" text-anchor="end" {TEXT}>{escape(shown)}</text>'
    yield f'<rect x="{_LEFT}" y="{top}" width="{round(end - _LEFT, 1)}" height="{_ROW - 6}" fill="#7fb3d5"/>'
    yield f'<line x1="{low}" x2="{high}" y1="{middle}" y2="{middle}" stroke="#1a1a1a" stroke-width="2"/>'
    diamond = f"{alone},{middle - 5} {alone + 5},{middle} {alone},{middle + 5} {alone - 5},{middle}"
    yield f'<polygon points="{diamond}" fill="#c0392b"/>'
    told = escape(euros(int(row["cents"])))
    yield f'<text x="{max(end, high, alone + 5) + 6}" y="{middle + 4}" {TEXT}>{told}</text>'
