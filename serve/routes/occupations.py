"""Occupations: the list, everything about one, and the skills it asks."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from serve import answers, tabled
from serve.openapi import problems
from serve.paging import paging
from serve.query import HorizonAsked, Lang, Part, RegionAsked, Served, TextAsked, resolve
from serve.ranking import unscored
from serve.release import Concept, Release
from serve.schemas import (
    Gap,
    KnownOf,
    Language,
    OccupationDetail,
    Occupations,
    ResolvedOccupation,
    ResolvedSearch,
    ResolvedSkills,
    SkillGaps,
    SkillOrder,
)
from serve.schemas_meta import Tested
from serve.schemas_skills import OccupationBacktest

router = APIRouter(prefix="/v1/occupations", tags=["occupations"])

_SKILL_ORDER: Final = (
    "importance: what is asked most, weighed by importance, first; lacking: what most persons lack on "
    "average first, unknown last"
)


@router.get("", summary="Occupations, and search", responses=problems(404, 410, 503))
async def list_occupations(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    q: TextAsked = None,
) -> Occupations:
    """Occupations of the classification with their labels and parents; `q` searches."""
    found = [concept for concept in release.occupations.values() if concept.matches(q)]
    shown = found[part.offset : part.stop]
    return Occupations(
        release=answers.block(release),
        resolved=ResolvedSearch(q=q, lang=lang),
        paging=paging(request, part, len(found)),
        items=[answers.occupation(release, concept, lang) for concept in shown],
        reason=None if found else answers.reason(tabled.NO_MATCH),
    )


# A code may hold slashes (ESCO's are addresses), so the longer route comes first.
@router.get(
    "/{code:path}/skills", summary="Skills that an occupation asks", responses=problems(404, 410, 503)
)
async def read_skills(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    code: str,
    region: RegionAsked = None,
    horizon: HorizonAsked = None,
    order: Annotated[SkillOrder, Query(description=_SKILL_ORDER)] = "importance",
) -> SkillGaps:
    """Skills that the occupation's openings ask, with the persons lacking and their interval."""
    place, years = resolve(release, region, horizon, [code])
    key = (place.code, code, years)
    ordered = release.lacking if order == "lacking" else release.skill_gaps
    found = ordered.positions(*key)
    total, table = len(found), release.tables["skill_gaps"]
    rows = table.records(found[part.offset : part.stop]) if total else []
    return SkillGaps(
        release=answers.block(release),
        resolved=ResolvedSkills(
            region=answers.named(place, lang),
            occupation=answers.named(release.occupations[code], lang),
            horizon=years,
            order=order,
            lang=lang,
        ),
        paging=paging(request, part, total),
        units=answers.units("skill_gaps"),
        persons_lacking=KnownOf(known=table.known("unfilled", found), total=total),
        items=[answers.skill_gap(release, row, lang) for row in rows],
        reason=None if total else answers.reason("unavailable"),
    )


@router.get(
    "/{code:path}/backtest", summary="How an occupation was tested", responses=problems(404, 410, 503)
)
async def read_occupation_backtest(
    release: Served, lang: Lang, code: str, region: RegionAsked = None
) -> OccupationBacktest:
    """How far the figures of one occupation can be trusted: reliability, and what was tested.

    A release tests the parts of the score over all cells together, not each occupation: `items` is null then
    and has a reason.
    """
    place, _ = resolve(release, region, None, [code])
    return OccupationBacktest(
        release=answers.block(release),
        resolved={
            "region": answers.named(place, lang),
            "occupation": answers.named(release.occupations[code], lang),
            "lang": lang,
        },
        horizons=[
            {
                "horizon": gap.horizon,
                "reliability": gap.reliability,
                "backtest": gap.backtest,
                "reason": gap.reason,
            }
            for gap in _gaps(release, place, code, lang)
        ],
        units=tabled.units("backtest"),
        items=None,
        reason=answers.reason("not_by_occupation"),
        over_all_cells=[Tested.model_validate(row) for row in release.backtest],
    )


@router.get("/{code:path}", summary="Everything about one occupation", responses=problems(404, 410, 503))
async def read_occupation(
    release: Served, lang: Lang, code: str, region: RegionAsked = None
) -> OccupationDetail:
    """Everything about one occupation in a region: gaps, openings, supply, vacancy rates, employment."""
    place, _ = resolve(release, region, None, [code])
    concept = release.occupations[code]
    children = [release.occupations[child] for child in _children(release, code)]
    return OccupationDetail(
        release=answers.block(release),
        resolved=ResolvedOccupation(region=answers.named(place, lang), lang=lang),
        occupation=answers.occupation(release, concept, lang),
        children=[answers.named(child, lang) for child in children],
        gaps=_gaps(release, place, code, lang),
        units=answers.units("gaps"),
        openings=answers.openings(release, place.code, code),
        supply=answers.supply(release, place.code, code),
        vacancy_rates=answers.vacancy_rates(release, place.code, code),
        employment=answers.employment(release, place.code, code),
    )


def _children(release: Release, code: str) -> list[str]:
    """Return the codes directly below an occupation that are in use."""
    retired = release.retired.get("occupations", {})
    return [child for child in release.children.get(code, ()) if child not in retired]


def _gaps(release: Release, region: Concept, code: str, language: Language) -> list[Gap]:
    """Return the gap at every horizon; nulls and a reason where the release has none."""
    found = {row["horizon"]: row for row in release.gaps_of.rows(region.code, code)}
    rows = [found.get(years) or unscored(release, region, code, years) for years in release.horizons]
    return [answers.gap(release, row, language) for row in rows]
