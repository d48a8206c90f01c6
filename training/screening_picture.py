"""A picture of a screened catalogue: by region what is needed, in euros where known, else in courses."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

import pandas as pd

from forecasting.funding.applications import euros
from forecasting.funding.courses import NEED, NICE, NOT_NEEDED, UNKNOWN
from forecasting.funding.screened_regions import ALL, ORDER, totals
from training.funding_frame import TEXT, WIDTH, framed

PICTURE: Final = "needs.svg"

_ROW, _TOP, _LEFT, _RIGHT = 30, 124, 150, 150
_SCALE: Final = WIDTH - _LEFT - _RIGHT
_COLOURS: Final = {NEED: "#7fb3d5", NICE: "#d4e6f1", UNKNOWN: "#e5e7e9", NOT_NEEDED: "#f0b27a"}
_NAMES: Final = {
    NEED: "need to have · nodig",
    NICE: "nice to have",
    UNKNOWN: "unknown · onbekend",
    NOT_NEEDED: "not needed · niet nodig",
}
_LEAST: Final = 0.09
"""Share of a bar from which it has room for its own figure."""


def picture(summary: pd.DataFrame, release: str) -> str:
    """Return one stacked bar for all regions and for each.

    Parameters
    ----------
    summary : DataFrame
        Of `forecasting.funding.screened_regions.Screened`.
    release : str
        Id of the release.
    """
    figure = "cents" if summary["cents"].notna().any() else "courses"
    regions = [ALL, *sorted(set(summary["region"]) - {ALL})]
    height = _TOP + _ROW * len(regions) + 20
    title = f"Courses by need, release {release} · Opleidingen naar nood, release {release}"
    key = (
        "share of the public euros that are known · aandeel van het gekende publieke geld"
        if figure == "cents"
        else "share of the courses, euros are unknown · aandeel van de opleidingen, geld onbekend"
    )
    rows = (line for at, region in enumerate(regions) for line in _bar(at, region, summary, figure))
    return framed(title, key, (*_legend(), *rows), height)


def _legend() -> Iterator[str]:
    for at, need in enumerate(ORDER):
        x = 16 + 190 * at
        yield f'<rect x="{x}" y="88" width="14" height="14" fill="{_COLOURS[need]}" stroke="#1a1a1a"/>'
        yield f'<text x="{x + 20}" y="100" {TEXT}>{escape(_NAMES[need])}</text>'


def _bar(at: int, region: str, summary: pd.DataFrame, figure: str) -> Iterator[str]:
    """Yield the marks of one region."""
    by = totals(summary, region, "need").set_index("need")[figure].fillna(0).astype(float)
    top, middle = _TOP + at * _ROW, _TOP + at * _ROW + 15
    name = "all · alle" if region == ALL else region
    yield f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end" {TEXT}>{escape(name)}</text>'
    whole, start = float(by.sum()), float(_LEFT)
    for need in ORDER:
        share = float(by[need]) / whole if whole else 0.0
        if share <= 0:
            continue
        width = _SCALE * share
        told = escape(f"{_NAMES[need]}: {_shown(by[need], figure)}")
        yield (
            f'<rect x="{start:.1f}" y="{top}" width="{width:.1f}" height="{_ROW - 8}" '
            f'fill="{_COLOURS[need]}" stroke="#1a1a1a"><title>{told}</title></rect>'
        )
        if share >= _LEAST:
            yield f'<text x="{start + 4:.1f}" y="{middle}" {TEXT}>{share:.0%}</text>'
        start += width
    yield f'<text x="{_LEFT + _SCALE + 8}" y="{middle}" {TEXT}>{escape(_shown(whole, figure))}</text>'


def _shown(value: Any, figure: str) -> str:
    return euros(int(value)) if figure == "cents" else f"{value:,.0f}"
