"""Gap scores of one region and horizon."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from serve import answers
from serve.openapi import problems
from serve.paging import paging
from serve.query import HorizonAsked, Lang, OccupationsAsked, Part, RegionAsked, Served, codes, resolve
from serve.ranking import select
from serve.schemas import Gaps, Level, Order, ResolvedGaps

router = APIRouter(prefix="/v1", tags=["gaps"])

_LEVEL = "cell: no scored occupation below; aggregate: their parents; default: cell, or all with occupation"


@router.get("/gaps", summary="Gap scores, ranked", responses=problems(404, 503))
async def read_gaps(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    region: RegionAsked = None,
    horizon: HorizonAsked = None,
    occupation: OccupationsAsked = None,
    level: Annotated[Level | None, Query(description=_LEVEL)] = None,
    order: Annotated[Order, Query(description="rank: largest median score first")] = "rank",
) -> Gaps:
    """Gap scores of a region, ranked: interval, parts, probability of shortage, and one sentence of why.

    A batch with any unknown occupation answers 404 and lists them all. An occupation without a score is
    answered by nulls and a reason.
    """
    wanted = codes(occupation)
    place, years = resolve(release, region, horizon, wanted)
    depth: Level = level or ("all" if wanted else "cell")
    rows = select(release, place, years, wanted, depth, order)
    return Gaps(
        release=answers.block(release),
        resolved=ResolvedGaps(
            region=answers.named(place, lang),
            horizon=years,
            occupation=list(wanted) or None,
            level=depth,
            order=order,
            lang=lang,
        ),
        paging=paging(request, part, len(rows)),
        units=answers.units("gaps"),
        items=[answers.gap(release, row, lang) for row in rows[part.offset : part.stop]],
    )
