"""Gap scores of one region and horizon."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from serve import answers, tabled
from serve.openapi import problems
from serve.paging import paging
from serve.query import (
    VARY,
    Assumed,
    HorizonAsked,
    Lang,
    OccupationsAsked,
    Part,
    RegionAsked,
    codes,
    resolve,
)
from serve.ranking import Narrowed, select
from serve.schemas import Gaps, Level, Order, ResolvedGaps, Share, State

router = APIRouter(prefix="/v1", tags=["gaps"])

_PART = (
    "only rows where this part of the score is known and its mean above 0, the largest mean first unless "
    "order is given"
)
_ORDER = (
    "rank: largest median score first; code; or a figure, largest first (score, its parts and unfilled by "
    "their mean), cells too weak to quote after the others, unknown last; default: rank"
)
_LEVEL = "cell: no scored occupation below; aggregate: their parents; default: cell, or all with occupation"


@router.get("/gaps", summary="Gap scores, ranked", response_model=Gaps, responses=problems(404, 410, 503))
async def read_gaps(
    request: Request,
    release: Assumed,
    lang: Lang,
    paged: Part,
    region: RegionAsked = None,
    horizon: HorizonAsked = None,
    occupation: OccupationsAsked = None,
    level: Annotated[Level | None, Query(description=_LEVEL)] = None,
    state: Annotated[State | None, Query(description="only rows in this state; default: all")] = None,
    part: Annotated[Share | None, Query(description=_PART)] = None,
    order: Annotated[Order | None, Query(description=_ORDER)] = None,
) -> Response:
    """Gap scores of a region, ranked: interval, parts, probability of shortage, and one sentence of why.

    A batch with any unknown occupation answers 404 and lists them all. An occupation without a score is
    answered by nulls and a reason.
    """
    wanted = codes(occupation)
    place, years = resolve(release, region, horizon, wanted)
    asked = Narrowed(level or ("all" if wanted else "cell"), state, part, order or part or "rank")
    rows = select(release, place, years, wanted, asked)
    body = Gaps(
        release=answers.block(release),
        resolved=ResolvedGaps(
            region=answers.named(place, lang),
            horizon=years,
            occupation=list(wanted) or None,
            level=asked.level,
            state=state,
            part=part,
            scenario=release.scenario,
            order=asked.order,
            lang=lang,
        ),
        paging=paging(request, paged, len(rows)),
        units=answers.units("gaps"),
        items=[answers.gap(release, row, lang) for row in rows[paged.offset : paged.stop]],
        reason=None if rows else answers.reason(tabled.NO_MATCH),
    )
    headers = {"Content-Language": lang, "Vary": VARY}
    return Response(body.model_dump_json(), headers=headers, media_type="application/json")
