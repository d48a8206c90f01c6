"""From rows of a release to the bodies of answers."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final
from weakref import WeakKeyDictionary

from forecasting.published import PUBLISHED
from forecasting.vocabulary import REASONS
from serve import schemas
from serve.release import Concept, Release
from serve.schemas import Interval, Language, Named, Reason
from serve.table import Record

_QUANTILES = ("p10", "p50", "p90")


WHY_NULL: Final = {
    **REASONS,
    "unchanged": "both releases publish the same figures here",
    "no_previous_release": "no other release was in service before this one",
    "no_destination": "no occupation reached the threshold of coverage (see thresholds) at a like level and "
    "wage while being likely to be short",
    "no_match": "the release has rows here, but none that matches what is asked",
    "not_by_occupation": "the parts of the score were tested over all cells together; no row is of one "
    "occupation",
}
"""Why a figure is null, or a list empty."""


@cache
def unit(table: str, column: str) -> str:
    """Return the unit that a published table declares for a column."""
    return PUBLISHED[table].column(column).unit


@cache
def units(table: str) -> dict[str, str]:
    """Return the unit of every figure of a published table; a quantile has its figure's."""
    figures = [column for column in PUBLISHED[table].columns if column.kind == "number"]
    return {figure.name: figure.unit for figure in figures if not figure.name.endswith(_QUANTILES)}


def block(release: Release) -> schemas.ReleaseBlock:
    """Return which release answers."""
    if release not in _BLOCKS:
        _BLOCKS[release] = _block(release)
    return _BLOCKS[release]


_BLOCKS: Final[WeakKeyDictionary[Release, schemas.ReleaseBlock]] = WeakKeyDictionary()


def _block(release: Release) -> schemas.ReleaseBlock:
    manifest, region = release.manifest, release.manifest["region"]
    return schemas.ReleaseBlock(
        release=release.champion.release,
        model_version=release.champion.version,
        data_vintage=str(region["data_vintage"]),
        base_year=release.base_year,
        status=schemas.Status.model_validate(manifest["status"]),
        taxonomy={
            name: schemas.Classification.model_validate({**said, "version": str(said["version"])})
            for name, said in region["classifications"].items()
        },
        scenario=release.scenario,
        convention=manifest["convention"],
    )


def named(concept: Concept, language: Language) -> Named:
    """Return a code with its label."""
    return Named(code=concept.code, label=concept.label(language))


def label_of(concepts: Mapping[str, Concept], code: str, language: Language) -> Named:
    """Return a code with its label, or with itself where the classification does not have it."""
    return named(concepts[code], language) if code in concepts else Named(code=code, label=code)


def reason(code: str | None) -> Reason | None:
    """Return a reason in words; a sentence that is not in the vocabulary stands for itself."""
    return None if code is None else Reason(code=code, meaning=WHY_NULL.get(code, code))


def why_null(row: Record, figure: str) -> Reason | None:
    """Return a row's reason; a null without one is unavailable, so that no null stays unexplained."""
    return reason(row["reason"] or ("unavailable" if row[figure] is None else None))


def interval(row: Record, mean: str, prefix: str, its_unit: str) -> Interval | None:
    """Return an uncertain figure, or None where nothing of it is known."""
    figures = {"mean": row[mean], **{name: row[f"{prefix}{name}"] for name in _QUANTILES}}
    if all(value is None for value in figures.values()):
        return None
    return Interval(**figures, unit=its_unit)


_PLAIN = (
    *("region", "scenario", "horizon", "from_year", "to_year", "aggregate", "rank", "covers"),
    *("quantitative", "qualitative", "score_at_mean_inputs", "probability_of_shortage"),
    *("openings", "supply", "annual_balance", "reliability", "backtest", "why"),
)
"""Columns of the table ``gaps`` that the answer repeats as they are."""

_LATER = (
    *("rank_p10", "rank_p90", "state", "state_probability", "state_reason"),
    *("share_of_draws_with_openings", "why_nl"),
)
"""The same, but releases from before them are served too."""


_BOUNDS: Final = frozenset({"quantitative", "partly"})
"""What a score that is a lower bound covers."""


def gap(release: Release, row: Record, language: Language) -> schemas.Gap:
    """Return one row of the table ``gaps``."""
    concept = release.occupations.get(row["occupation"])
    return schemas.Gap(
        occupation=label_of(release.occupations, row["occupation"], language),
        parent=concept.parent if concept else None,
        score=interval(row, "score", "score_", unit("gaps", "score")),
        unfilled=interval(row, "unfilled", "unfilled_", unit("gaps", "unfilled")),
        quantitative_interval=interval(row, "quantitative", "quantitative_", unit("gaps", "quantitative")),
        qualitative_interval=interval(row, "qualitative", "qualitative_", unit("gaps", "qualitative")),
        lower_bound=row["covers"] in _BOUNDS and row["score"] is not None,
        qualitative_reason=row["qualitative_reason"]
        or (row["reason"] if row["qualitative"] is None else None),
        reason=why_null(row, "score"),
        **{name: row[name] for name in _PLAIN},
        **{name: row.get(name) for name in _LATER},
    )


def occupation(release: Release, concept: Concept, language: Language) -> schemas.Occupation:
    """Return an occupation of the classification."""
    return schemas.Occupation(
        code=concept.code,
        label=concept.label(language),
        labels=dict(concept.labels),
        parent=concept.parent,
        level=concept.level,
        scored=concept.code in release.scored,
        successors=successors(release, "occupations", concept.code),
    )


def successors(release: Release, classification: str, code: str) -> list[str] | None:
    """Return the codes that took the place of a retired one; None for a code in use."""
    found = release.retired.get(classification, {}).get(code)
    return None if found is None else list(found)


def _absent(items: Sequence[object]) -> Reason | None:
    return None if items else reason("unavailable")


def _figure(row: Record, table: str) -> Interval | None:
    return interval(row, "mean", "", unit(table, "mean"))


def openings(release: Release, region: str, code: str) -> schemas.Series[schemas.Component]:
    """Return the openings of an occupation by horizon and component."""
    items = [
        schemas.Component(
            horizon=row["horizon"],
            component=row["component"],
            figure=_figure(row, "openings"),
            reason=why_null(row, "mean"),
        )
        for row in release.openings.rows(region, code)
    ]
    table = PUBLISHED["openings"]
    return schemas.Series(
        unit=unit("openings", "mean"), meaning=table.meaning, items=items, reason=_absent(items)
    )


def supply(release: Release, region: str, code: str) -> schemas.Series[schemas.Source]:
    """Return the supply of an occupation by horizon and source."""
    items = [
        schemas.Source(
            horizon=row["horizon"],
            source=row["source"],
            figure=_figure(row, "supply"),
            reason=why_null(row, "mean"),
        )
        for row in release.supply.rows(region, code)
    ]
    table = PUBLISHED["supply"]
    return schemas.Series(
        unit=unit("supply", "mean"), meaning=table.meaning, items=items, reason=_absent(items)
    )


def vacancy_rates(release: Release, region: str, code: str) -> schemas.Series[schemas.VacancyRate]:
    """Return the vacancy rates of an occupation by year."""
    items = [
        schemas.VacancyRate(year=row["year"], rate=row["rate"], reason=why_null(row, "rate"))
        for row in release.vacancy_rates.rows(region, code)
    ]
    column = PUBLISHED["vacancy_rates"].column("rate")
    return schemas.Series(unit=column.unit, meaning=column.meaning, items=items, reason=_absent(items))


def employment(release: Release, region: str, code: str) -> schemas.Series[schemas.Employment]:
    """Return the employment of an occupation by year."""
    items = [
        schemas.Employment(year=row["year"], persons=row["persons"], reason=why_null(row, "persons"))
        for row in release.employment.rows(region, code)
    ]
    column = PUBLISHED["employment"].column("persons")
    return schemas.Series(unit=column.unit, meaning=column.meaning, items=items, reason=_absent(items))


def skill_gap(release: Release, row: Record, language: Language) -> schemas.SkillGap:
    """Return one skill that an occupation's openings ask."""
    concept = release.skills.get(row["skill"])
    marks = {name: concept.row[name] if concept else None for name in ("kind", "green", "digital")}
    return schemas.SkillGap(
        skill=label_of(release.skills, row["skill"], language),
        **marks,
        asked=row["asked"],
        asked_now=row["asked_now"],
        importance=row["importance"],
        unfilled=row["unfilled"],
        **{f"unfilled_{name}": row[f"unfilled_{name}"] for name in _QUANTILES},
        reason=why_null(row, "unfilled"),
    )
