"""Pages for people: the ranked overview, and the API's documentation. They load nothing from elsewhere."""

from typing import cast

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from serve.assets import Asset, Pages
from serve.overview import overview
from serve.query import VARY, HorizonAsked, Lang, Part, RegionAsked, Served, resolve

router = APIRouter(include_in_schema=False)


@router.get("/")
async def read_overview(
    request: Request,
    release: Served,
    lang: Lang,
    part: Part,
    region: RegionAsked = None,
    horizon: HorizonAsked = None,
) -> HTMLResponse:
    """Occupations of a region ranked by their gap score, on one page."""
    place, years = resolve(release, region, horizon)
    pages = _pages(request)
    shown = overview(release, place, years, lang, part, pages.words[lang])
    headers = {"Content-Language": lang, "Vary": VARY}
    return HTMLResponse(pages.template("overview.html").render(shown), headers=headers)


@router.get("/docs")
async def read_docs(request: Request) -> HTMLResponse:
    """Show the API's documentation with Swagger UI."""
    return HTMLResponse(_pages(request).template("docs.html").render())


@router.get("/openapi.json")
async def read_openapi(request: Request) -> JSONResponse:
    """Describe the API as OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())


@router.get("/static/{name}")
async def read_asset(request: Request, name: str) -> Response:
    """Return a file that a page loads."""
    asset = cast(dict[str, Asset], request.app.state.assets).get(name)
    if asset is None:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _pages(request: Request) -> Pages:
    return cast(Pages, request.app.state.pages)
