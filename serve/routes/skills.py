"""Skills and regions: the lists, and everything about one skill."""

from typing import Any

import numpy as np
from fastapi import APIRouter, Request

from serve import answers, tabled
from serve.openapi import problems
from serve.paging import paging
from serve.query import (
    HorizonAsked,
    Lang,
    Part,
    RegionAsked,
    Served,
    TextAsked,
    resolve,
)
from serve.release import Concept, Release
from serve.schemas import Language, ResolvedSearch
from serve.schemas_skills import Region, Regions, Skill, SkillDetail, Skills
from serve.unknown import refuse_codes, unknown_codes

router = APIRouter(prefix="/v1")

_TABLES = ("emerging_skills", "skill_gaps")


@router.get("/regions", summary="Regions with scores", tags=["meta"], responses=problems(404, 410, 503))
async def list_regions(request: Request, release: Served, lang: Lang, part: Part) -> Regions:
    """Regions with scores, markets first; ``region`` takes the code or the name in any language."""
    known = list(release.regions.values())
    return Regions(
        release=answers.block(release),
        paging=paging(request, part, len(known)),
        items=[_region(concept, lang) for concept in known[part.offset : part.stop]],
    )


def _region(concept: Concept, lang: Language) -> Region:
    return Region(
        code=concept.code,
        label=concept.label(lang),
        labels=dict(concept.labels),
        parent=concept.parent,
        role=concept.row["role"] or "market",
    )


@router.get("/skills", summary="Skills, and search", tags=["skills"], responses=problems(404, 410, 503))
async def list_skills(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    q: TextAsked = None,
) -> Skills:
    """Skills of the classification with their labels; `q` searches."""
    found = [concept for concept in release.skills.values() if concept.matches(q)]
    return Skills(
        release=answers.block(release),
        resolved=ResolvedSearch(q=q, lang=lang),
        paging=paging(request, part, len(found)),
        items=[_skill(release, concept, lang) for concept in found[part.offset : part.stop]],
        reason=None if found else answers.reason(tabled.NO_MATCH),
    )


def _skill(release: Release, concept: Concept, lang: Language) -> Skill:
    return Skill(
        code=concept.code,
        label=concept.label(lang),
        labels=dict(concept.labels),
        parent=concept.parent,
        **{name: concept.row[name] for name in ("kind", "green", "digital")},
        successors=answers.successors(release, "skills", concept.code),
    )


@router.get(
    "/skills/{code:path}",
    summary="Everything about one skill",
    tags=["skills"],
    responses=problems(404, 410, 503),
)
async def read_skill(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    code: str,
    region: RegionAsked = None,
    horizon: HorizonAsked = None,
) -> SkillDetail:
    """One skill: labels, how it moves in ads, and which occupations of the region ask and lack it."""
    place, years = resolve(release, region, horizon)
    refuse_codes(unknown_codes(release, "skill", [code]))
    table = release.tables["skill_gaps"]
    here: dict[str, list[Any]] = {"skill": [code], "region": [place.code], "horizon": [years]}
    found = table.where(here, release.of_scenario("skill_gaps"))
    ordered = found[np.argsort(-np.nan_to_num(table.figures("asked")[found], nan=-1.0), kind="stable")]
    return SkillDetail(
        release=answers.block(release),
        resolved={"region": answers.named(place, lang), "horizon": years, "lang": lang},
        skill=_skill(release, release.skills[code], lang),
        movement=_movement(release, code, lang),
        units={name: tabled.units(name) for name in _TABLES},
        paging=paging(request, part, len(ordered)),
        asked_by=[
            tabled.item(release, "skill_gaps", row, lang)
            for row in table.records(ordered[part.offset : part.stop])
        ],
        reason=None if len(ordered) else answers.reason("unavailable"),
    )


def _movement(release: Release, code: str, lang: Language) -> dict[str, Any] | None:
    table = release.tables["emerging_skills"]
    rows = table.records(table.where({"skill": [code]}))
    return tabled.item(release, "emerging_skills", rows[0], lang) if rows else None
