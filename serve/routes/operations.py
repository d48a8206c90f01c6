"""For the machine that draws how the service does: figures about itself, apart from those it serves."""

from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import Response

from serve.metrics import MEDIA_TYPE, Metrics
from serve.query import ServingNow

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def read_metrics(request: Request, serving: ServingNow) -> Response:
    """Counters of requests by route and status, durations, sizes, memory, and the release that answers."""
    metrics = cast(Metrics, request.app.state.metrics)
    return Response(metrics.exposed(serving), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
