"""What the overview page shows: the ranked occupations of one region and horizon, in one language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from forecasting.vocabulary import OTHER_SOURCES, SUPPLY_SOURCES
from serve import about, answers
from serve.figures import Figures
from serve.paging import Slice
from serve.ranking import Narrowed, select
from serve.release import Concept, Release
from serve.schemas import LANGUAGES, Gap, Language
from serve.table import Record

Words = Mapping[str, Any]

LEFT: Final = 12.0
WIDTH: Final = 236.0
"""The axis from 0 to 100 % in the units of the drawing; the rest of its 260 is margin for labels."""


def place(share: float) -> float:
    """Return where a share stands on the axis."""
    return round(LEFT + WIDTH * share, 1)


TICKS: Final = tuple((place(share), f"{100 * share:.0f}") for share in (0.0, 0.25, 0.5, 0.75, 1.0))


@dataclass(frozen=True)
class Bar:
    """An interval on the axis."""

    start: float
    width: float
    dot: float


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    gap: Gap
    bar: Bar | None
    reason: str
    new_jobs: float | None
    replacement: float | None
    supply: Sequence[tuple[str, float | None]]
    vacancy_rate: float | None
    vacancy_year: int | None


@dataclass(frozen=True)
class Link:
    """A choice in a selector."""

    text: str
    address: str
    chosen: bool
    language: str | None = None


@dataclass(frozen=True)
class Asked:
    """What the page shows, resolved."""

    region: Concept
    horizon: int
    language: Language
    part: Slice

    def address(self, base: str = "", **changed: str | int) -> str:
        """Return the address of this page, or of what is under it, with some of it changed."""
        said = {"region": self.region.code, "horizon": self.horizon, "lang": self.language}
        return f"{base}?{urlencode({**said, **changed})}"


def overview(
    release: Release, region: Concept, horizon: int, language: Language, part: Slice, words: Words
) -> dict[str, Any]:
    """Return what the template needs."""
    asked = Asked(region, horizon, language, part)
    rows = select(release, region, horizon, (), Narrowed("cell"))
    return {
        "asked": asked,
        "say": words,
        "figure": Figures(language),
        "release": answers.block(release),
        "region": answers.named(region, language),
        "window": (release.base_year, release.base_year + horizon),
        "regions": _regions(release, asked),
        "horizons": _horizons(release, asked, words),
        "languages": _languages(asked, words),
        "summary": _summary(release, asked, words),
        "lines": [line(release, row, language, words) for row in rows[part.offset : part.stop]],
        "total": len(rows),
        "parts": _parts(asked, len(rows), words),
        "chance": _chance(release, language, words),
        "ticks": TICKS,
        "sources": about.sources(release),
        "not_quotable": release.manifest.get("not_quotable", []),
        "json_address": asked.address(
            "v1/gaps", level="cell", order="rank", limit=part.limit, offset=part.offset
        ),
    }


def _chance(release: Release, language: Language, words: Words) -> str:
    """Return what the probability of shortage is the probability of, with the release's threshold."""
    said = release.manifest.get("parameters", {}).get("shortage_threshold")
    if said is None:
        return str(words["chance"])
    share = float(said["value"])
    digits = 0 if round(100 * share, 6).is_integer() else 1
    return str(words["chance_above"]).format(threshold=Figures(language).share(share, digits))


def line(release: Release, row: Record, language: Language, words: Words) -> Line:
    """Return one row of the table with its openings and supply split."""
    region, code, horizon = row["region"], row["occupation"], row["horizon"]
    components = _means(release.openings.rows(region, code), "component", horizon)
    sources = _means(release.supply.rows(region, code), "source", horizon)
    rates = [known for known in release.vacancy_rates.rows(region, code) if known["rate"] is not None]
    latest: Record = max(rates, key=lambda known: int(known["year"]), default={"rate": None, "year": None})
    gap = answers.gap(release, row, language)
    return Line(
        gap=gap,
        bar=_bar(gap),
        reason=_why_missing(gap, words),
        new_jobs=components.get("new_jobs"),
        replacement=_sum(components.get(part) for part in ("replacement_25_54", "replacement_55_plus")),
        supply=[
            (source, sources.get(source))
            for source in (*SUPPLY_SOURCES, *(other for other in OTHER_SOURCES if other in sources))
        ],
        vacancy_rate=latest["rate"],
        vacancy_year=latest["year"],
    )


def _means(rows: Sequence[Record], column: str, horizon: int) -> dict[str, float | None]:
    return {row[column]: row["mean"] for row in rows if row["horizon"] == horizon}


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum, unknown if any part is."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def _bar(gap: Gap) -> Bar | None:
    score = gap.score
    if score is None or score.p10 is None or score.p50 is None or score.p90 is None:
        return None
    start = place(score.p10)
    return Bar(start, max(round(place(score.p90) - start, 1), 1.0), place(score.p50))


def _why_missing(gap: Gap, words: Words) -> str:
    code = gap.reason.code if gap.reason else "unavailable"
    return str(words["reasons"].get(code, code))


def _summary(release: Release, asked: Asked, words: Words) -> Line | None:
    """Return the row that stands for all occupations, where the release has one."""
    rows = select(release, asked.region, asked.horizon, (), Narrowed("aggregate"))
    roots = [row for row in rows if _is_root(release, row["occupation"])]
    return line(release, roots[0], asked.language, words) if len(roots) == 1 else None


def _is_root(release: Release, code: str) -> bool:
    concept = release.occupations.get(code)
    return concept is not None and concept.parent is None


def _regions(release: Release, asked: Asked) -> list[Link]:
    return [
        Link(
            region.label(asked.language), asked.address(region=region.code), region.code == asked.region.code
        )
        for region in release.regions.values()
    ]


def _horizons(release: Release, asked: Asked, words: Words) -> list[Link]:
    return [
        Link(
            f"{years} {words['years' if years > 1 else 'year']} ({release.base_year + years})",
            asked.address(horizon=years),
            years == asked.horizon,
        )
        for years in release.horizons
    ]


def _languages(asked: Asked, words: Words) -> list[Link]:
    return [
        Link(words["languages"][language], asked.address(lang=language), language == asked.language, language)
        for language in LANGUAGES
    ]


def _parts(asked: Asked, total: int, words: Words) -> list[Link]:
    """Return the links to the part before and the part after, where there are any."""
    part, links = asked.part, []
    if part.offset:
        links.append(Link(words["previous"], _part(asked, max(part.offset - part.limit, 0)), False))
    if part.stop < total:
        links.append(Link(words["next"], _part(asked, part.stop), False))
    return links


def _part(asked: Asked, offset: int) -> str:
    return asked.address(limit=asked.part.limit, offset=offset)
