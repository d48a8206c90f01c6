"""Weights, courses and allocations: an aid to a decision, never its sole ground.

What is posted is computed and forgotten: nothing of it is kept or logged, and the same body on the same
release gives the same bytes.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from serve import answers, funding_weights, tabled
from serve.funding_allocations import allocate
from serve.funding_courses import score
from serve.funding_given import Located
from serve.funding_release import OCCUPATION, SKILL
from serve.openapi import problems
from serve.paging import paging
from serve.query import (
    LISTED,
    VARY,
    Lang,
    OccupationsAsked,
    Part,
    RegionAsked,
    Served,
    codes,
    resolve,
)
from serve.release import Release
from serve.schemas import Language
from serve.schemas_funding import (
    Allocated,
    AllocationCall,
    CourseBatch,
    CourseScores,
    Ground,
    Simulated,
    Simulation,
    Weights,
)
from serve.unknown import refuse_codes, unknown_codes

router = APIRouter(prefix="/v1", tags=["funding"], route_class=Located)

AT_ONCE: Final = 2
"""Computations of one worker at a time; others wait their turn, without holding a thread."""

_TURNS: Final = RunVar[CapacityLimiter]("funding")
_PROBLEMS: Final = problems(404, 410, 503)
_SKILLS = Annotated[
    str | None,
    Query(description="codes of skills, separated by commas; default: all", json_schema_extra=LISTED),
]
_GROUND = Annotated[Ground | None, Query(description="what determined the weight; default: all")]
_ORDER = "what comes first; unknown comes last"


async def _in_turn(work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what a computation returns, in a thread once it is its turn."""
    try:
        turns = _TURNS.get()
    except LookupError:
        turns = CapacityLimiter(AT_ONCE)
        _TURNS.set(turns)
    return await to_thread.run_sync(work, limiter=turns)


def _computed(release: Release, content: Mapping[str, Any], lang: Language) -> Response:
    """Return a computed answer, which no cache may keep."""
    body = tabled.encoded({"release": answers.block(release).model_dump(mode="json"), **content})
    headers = {"Cache-Control": "no-store", "Content-Language": lang}
    return Response(body, headers=headers, media_type="application/json")


def _store(request: Request) -> Path:
    folder: Path = request.app.state.store.archive.folder
    return folder


@router.get("/weights", summary="Funding weights of occupations", response_model=Weights, responses=_PROBLEMS)
async def read_weights(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    region: RegionAsked = None,
    occupation: OccupationsAsked = None,
    ground: _GROUND = None,
    order: Annotated[Literal["weight", "need", "code"], Query(description=_ORDER)] = "weight",
) -> Response:
    """Weights by the dated rule, from a lower quantile of the trainable gap; not for sole use.

    Each with its ground, band, quantile, top-ups and reason. Where nothing is known, or a cell is hidden, the
    weight is neutral.
    """
    return _listed(request, release, lang, part, OCCUPATION, (region, occupation, ground, order))


@router.get(
    "/weights/skills", summary="Funding weights of skills", response_model=Weights, responses=_PROBLEMS
)
async def read_skill_weights(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    region: RegionAsked = None,
    skill: _SKILLS = None,
    ground: _GROUND = None,
    order: Annotated[Literal["weight", "code"], Query(description=_ORDER)] = "weight",
) -> Response:
    """Weights of skills, the base of the scores of courses; not for sole use."""
    return _listed(request, release, lang, part, SKILL, (region, skill, ground, order))


def _listed(
    request: Request,
    release: Release,
    lang: Language,
    part: Part,
    unit: str,
    asked: tuple[str | None, str | None, Ground | None, str],
) -> Response:
    region, listed, ground, order = asked
    wanted = codes(listed, unit)
    where, _ = resolve(release, region, None, wanted if unit == OCCUPATION else ())
    refuse_codes(unknown_codes(release, unit, wanted))
    rows = slice(part.offset, part.stop)
    content, total = funding_weights.published(release, unit, where, wanted, ground, order, lang, rows)
    content["paging"] = paging(request, part, total)
    headers = {"Content-Language": lang, "Vary": VARY}
    return Response(tabled.encoded(content), headers=headers, media_type="application/json")


@router.post(
    "/weights/simulate",
    summary="The same weights under another rule",
    response_model=Simulated,
    responses=_PROBLEMS,
)
async def simulate_weights(request: Request, release: Served, part: Part, asked: Simulation) -> Response:
    """Weights of a region under another quantile, other bands, bounds or top-ups, beside the release's own.

    Before a former budget period holds them. What the release hides stays hidden under every rule.
    """
    work = partial(_simulated, request, release, part, asked)
    return _computed(release, await _in_turn(work), asked.lang)


def _simulated(request: Request, release: Release, part: Part, asked: Simulation) -> Mapping[str, Any]:
    found = funding_weights.simulate(release, _store(request), asked)
    shown = found.rows[part.offset : part.stop]
    items = [funding_weights.item(release, asked.unit, row, asked.lang) for row in shown]
    return {**found.body, "paging": paging(request, part, len(found.rows)), "items": items}


@router.post(
    "/courses/score",
    summary="Score courses by what the region lacks",
    response_model=CourseScores,
    responses=_PROBLEMS,
)
async def score_courses(release: Served, asked: CourseBatch) -> Response:
    """Score, band and need of courses, with reasons, near-duplicates, and what would move each a band up.

    At most 200 courses at once. `appeal` is null where no other score would change the weight (see `ground`),
    empty in the last band; `near_duplicates` is null where this service cannot compare titles.
    """
    return _computed(release, await _in_turn(partial(score, release, asked)), asked.lang)


@router.post(
    "/allocations",
    summary="Divide a budget over applications",
    response_model=Allocated,
    responses=_PROBLEMS,
)
async def allocate_budget(request: Request, release: Served, asked: AllocationCall) -> Response:
    """Cents per application within the law, by weight, with the trace of each and its statement of reasons.

    A pure computation: nothing is granted, kept or logged. At most 2,000 applications and 2,000 grants at
    once, of courses that the release has. Money is text: a JSON number does not hold every cent.
    """
    work = partial(allocate, release, _store(request), asked)
    return _computed(release, await _in_turn(work), asked.lang)
