"""What a release says about itself: the body of /v1/meta, and the rehearsal that a new release must pass."""

from forecasting.columns import Column, Table
from forecasting.published import PUBLISHED
from forecasting.vocabulary import OTHER_SOURCES, REASONS, SUPPLY_SOURCES
from serve import answers
from serve.paging import PAGE_DEFAULT, PAGE_LARGEST
from serve.release import Release
from serve.schemas import LANGUAGES, Language
from serve.schemas_meta import (
    DeclaredColumn,
    DeclaredTable,
    Limits,
    Meta,
    Parameter,
    ServedRegion,
    SourceCard,
    Tested,
)


def meta(release: Release, language: Language) -> Meta:
    """Return everything needed to read, repeat and quote a release's figures."""
    manifest = release.manifest
    return Meta(
        release=answers.block(release),
        promoted_at=release.champion.promoted_at,
        as_of=manifest.get("as_of"),
        regions=regions(release, language),
        horizons=list(release.horizons),
        draws=manifest.get("draws"),
        seed=manifest.get("seed"),
        methods=manifest.get("methods", {}),
        backtest=[Tested.model_validate(row) for row in release.backtest],
        parameters={
            name: Parameter.model_validate(said) for name, said in manifest.get("parameters", {}).items()
        },
        sources=sources(release),
        not_quotable=manifest.get("not_quotable", []),
        limits=Limits(
            page_default=PAGE_DEFAULT, page_largest=PAGE_LARGEST, languages=list(LANGUAGES), encoding="utf-8"
        ),
        reasons=REASONS,
        supply_sources=SUPPLY_SOURCES | OTHER_SOURCES,
        tables=[_declared(table) for table in PUBLISHED.values()],
        residuals=manifest.get("residuals"),
        fingerprints=manifest.get("fingerprints"),
        code=manifest.get("code"),
    )


def regions(release: Release, language: Language) -> list[ServedRegion]:
    """Return the regions with scores, markets first."""
    return [
        ServedRegion(code=region.code, label=region.label(language), role=region.row["role"] or "market")
        for region in release.regions.values()
    ]


def sources(release: Release) -> list[SourceCard]:
    """Return the cards of the sources."""
    return [SourceCard.model_validate(card) for card in release.manifest.get("sources", [])]


def _declared(table: Table) -> DeclaredTable:
    columns = [_column(column) for column in table.columns]
    return DeclaredTable(name=table.name, key=list(table.key), meaning=table.meaning, columns=columns)


def _column(column: Column) -> DeclaredColumn:
    return DeclaredColumn(
        name=column.name,
        kind=column.kind,
        unit=column.unit,
        meaning=column.meaning,
        required=column.required,
    )


def rehearse(release: Release) -> None:
    """Build what every answer needs, so that a release that cannot be presented is refused before it serves.

    Raises
    ------
    KeyError, ValueError
        If the manifest or a table lacks what an answer must say.
    """
    meta(release, "en")
    for region in release.regions:
        for horizon in release.horizons:
            for row in release.gaps.rows(region, horizon):
                answers.gap(release, row, "en")
