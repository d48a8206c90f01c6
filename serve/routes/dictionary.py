"""The data dictionary, generated from the declarations of the tables: for machines, and as a page."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from serve import about
from serve.assets import Pages
from serve.openapi import problems
from serve.query import FALLBACK, VARY, Lang, Served
from serve.schemas_releases import Dictionary

router = APIRouter()


@router.get("/v1/dictionary", summary="Data dictionary", tags=["meta"], responses=problems(404, 410, 503))
async def read_dictionary(release: Served, lang: Lang, response: Response) -> Dictionary:
    """Every published table with its key, columns, units and meanings; every label with what decides it.

    The texts are in English, whatever `lang` says.
    """
    response.headers["Content-Language"] = FALLBACK
    return about.dictionary(release, lang)


@router.get("/dictionary", include_in_schema=False)
async def show_dictionary(request: Request, release: Served, lang: Lang) -> HTMLResponse:
    """Show the data dictionary as a page."""
    pages: Pages = request.app.state.pages
    said = about.dictionary(release, lang)
    words = {"say": pages.words[lang], "worded": about.worded, "lang": lang}
    body = pages.template("dictionary.html").render(said=said, **words)
    return HTMLResponse(body, headers={"Content-Language": lang, "Vary": VARY})
