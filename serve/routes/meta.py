"""What the figures are, and every way in which the service says no."""

from fastapi import APIRouter, Request

from serve import about
from serve.openapi import problems
from serve.problems import KINDS
from serve.query import Lang, Served
from serve.schemas_meta import Meta, ProblemKind, ProblemKinds

router = APIRouter(prefix="/v1", tags=["meta"])


@router.get("/meta", summary="What the figures are", responses=problems(404, 410, 503))
async def read_meta(request: Request, release: Served, lang: Lang) -> Meta:
    """Everything needed to read, repeat and quote the figures: sources, parameters, units, tests, limits."""
    return about.meta(release, lang, request.app.state.settings)


@router.get("/problems", summary="Codes of failures", responses=problems())
async def read_problems() -> ProblemKinds:
    """Every `code` that a failure can carry; answers even when there is no release."""
    return ProblemKinds(
        items=[
            ProblemKind(code=code, status=kind.status, title=kind.title, meaning=kind.meaning)
            for code, kind in KINDS.items()
        ]
    )
