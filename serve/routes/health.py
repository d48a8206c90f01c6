"""For the machine that watches the service; apart from /v1/meta."""

from fastapi import APIRouter

from serve import answers
from serve.openapi import problems
from serve.query import Latest, ServingNow
from serve.schemas import Live, Ready, RefusedRelease

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers", responses=problems())
async def read_live() -> Live:
    """Whether the process answers."""
    return Live()


@router.get("/readyz", summary="There is a release to answer from", responses=problems(503))
async def read_ready(serving: ServingNow, release: Latest) -> Ready:
    """Whether there is a release to answer from; a newer but broken one is named, and the old serves on."""
    refused = serving.refused
    return Ready(
        release=answers.block(release),
        refused=RefusedRelease(release=refused.release, why=refused.why) if refused else None,
    )
