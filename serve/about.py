"""What a release says about itself: the body of /v1/meta, and the rehearsal that a new release must pass."""

from collections.abc import Mapping
from typing import Any

from forecasting.columns import Column, Table
from forecasting.published import PUBLISHED
from forecasting.vocabulary import OTHER_SOURCES, REASONS, SUPPLY_SOURCES
from serve import answers
from serve.labels import LABELS
from serve.limits import ADDRESS_LONGEST, BATCH_LARGEST, HEADERS_LARGEST
from serve.paging import PAGE_DEFAULT, PAGE_LARGEST
from serve.release import Release
from serve.schemas import LANGUAGES, Language
from serve.schemas_funding import APPLICATIONS_LARGEST, COURSES_LARGEST, GRANTS_LARGEST
from serve.schemas_meta import (
    DeclaredColumn,
    DeclaredTable,
    LabelThresholds,
    Limits,
    Meta,
    Parameter,
    ServedRegion,
    SourceCard,
    Tested,
)
from serve.schemas_releases import Dictionary
from serve.settings import Settings


def meta(release: Release, language: Language, settings: Settings) -> Meta:
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
        limits=limits(settings),
        reasons=REASONS,
        supply_sources=SUPPLY_SOURCES | OTHER_SOURCES,
        tables=[_declared(table) for table in PUBLISHED.values()],
        scenarios=list(release.scenarios),
        labels=labels(release),
        residuals=manifest.get("residuals"),
        fingerprints=manifest.get("fingerprints"),
        code=manifest.get("code"),
    )


def limits(settings: Settings) -> Limits:
    """Return what a request may ask, as this service is run."""
    return Limits(
        page_default=PAGE_DEFAULT,
        page_largest=PAGE_LARGEST,
        batch_largest=BATCH_LARGEST,
        body_largest=settings.body,
        address_longest=ADDRESS_LONGEST,
        headers_largest=HEADERS_LARGEST,
        requests_per_minute_key=settings.rate or None,
        requests_per_minute_address=settings.rate_open or None,
        open_scopes=sorted(settings.open),
        courses_largest=COURSES_LARGEST,
        applications_largest=APPLICATIONS_LARGEST,
        grants_largest=GRANTS_LARGEST,
        languages=list(LANGUAGES),
        encoding="utf-8",
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


def dictionary(release: Release, language: Language) -> Dictionary:
    """Return the data dictionary, with the thresholds of the labels as this release has them."""
    return Dictionary(
        release=answers.block(release),
        resolved={"lang": language},
        tables=[_declared(table) for table in PUBLISHED.values()],
        labels=labels(release),
        reasons=answers.WHY_NULL,
    )


def worded(value: Any) -> str:
    """Return the value of a parameter as people read it.

    Examples
    --------
    >>> worded({"loss": 0.05, "of": ["jobs", "hours"]}), worded(None)
    ('loss 0.05, of (jobs, hours)', 'not in this release')
    """
    if value is None:
        return "not in this release"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_within(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_within(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ") if isinstance(value, str) else f"{value:,.10g}"


def _within(value: Any) -> str:
    return f"({worded(value)})" if isinstance(value, Mapping | list | tuple) else worded(value)


def labels(release: Release) -> list[LabelThresholds]:
    """Return every label with its values and the parameters that decide it."""
    said = release.manifest.get("parameters", {})
    return [
        LabelThresholds(
            column=f"{label.table}.{label.column}",
            values=list(label.values),
            meaning=PUBLISHED[label.table].column(label.column).meaning,
            parameters={name: said[name]["value"] if name in said else None for name in label.parameters},
            units={name: str(said[name]["unit"]) for name in label.parameters if name in said},
        )
        for label in LABELS
    ]


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
    meta(release, "en", Settings())
    for region in release.regions:
        for horizon in release.horizons:
            for row in release.gaps.rows(region, horizon):
                answers.gap(release, row, "en")
