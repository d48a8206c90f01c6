"""The service put together: store, envelope, problems, routes. Nothing happens on import."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from serve import problems
from serve.assets import load_assets, load_pages
from serve.headers import Envelope
from serve.openapi import DESCRIPTION, TAGS, Service
from serve.query import refuse_unknown
from serve.routes import gaps, health, meta, occupations, pages
from serve.store import Store

STORE: Final = "COMPETENCE_STORE"
DEFAULT_STORE: Final = "mlruns"


def create_app(store_folder: Path) -> FastAPI:
    """Return the service over a store of releases.

    Parameters
    ----------
    store_folder : Path
        Holds ``champion.json`` and ``releases/``; may still be empty, which answers 503.
    """
    store = Store(store_folder)

    @asynccontextmanager
    async def warm(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(store.current)
        yield

    app = Service(
        title="Competence forecast",
        version="1",
        description=DESCRIPTION + problems.table_of_codes(),
        openapi_tags=TAGS,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=warm,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(refuse_unknown)],
    )
    app.state.assets, app.state.pages = load_assets(), load_pages()
    for module in (meta, gaps, occupations, health, pages):
        app.include_router(module.router)
    app.add_exception_handler(problems.Refusal, problems.on_refusal)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.add_middleware(Envelope, store=store)
    return app


def from_environment() -> FastAPI:
    """Return the service over the store that ``COMPETENCE_STORE`` names; each worker process calls this."""
    return create_app(Path(os.environ.get(STORE, DEFAULT_STORE)))
