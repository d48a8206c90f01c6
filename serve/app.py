"""The service put together: store, envelope, problems, routes. Nothing happens on import."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from serve import problems
from serve.access import Gate, Guard
from serve.assets import load_assets, load_pages
from serve.cors import Cors
from serve.front import Front
from serve.headers import Envelope
from serve.kept import Answers, Kept
from serve.keys import KEYS, Keyring
from serve.limits import Counter, Limiter
from serve.metrics import Metrics
from serve.openapi import DESCRIPTION, TAGS, Service
from serve.query import refuse_unknown
from serve.routes import (
    bulk,
    dictionary,
    funding,
    gaps,
    health,
    meta,
    occupations,
    operations,
    pages,
    releases,
    skills,
    tables,
    transitions,
)
from serve.settings import Settings, read_settings
from serve.shared import take_place
from serve.store import Store

STORE: Final = "COMPETENCE_STORE"
DEFAULT_STORE: Final = "mlruns"


def create_app(store_folder: Path, settings: Settings | None = None) -> FastAPI:
    """Return the service over a store of releases.

    Parameters
    ----------
    store_folder : Path
        Holds ``champion.json`` and ``releases/``; may still be empty, which answers 503.
    settings : Settings or None
        How it is run; by default nothing is open and every reader needs a key.
    """
    settings = settings or Settings()
    store = Store(store_folder)
    metrics, limiter = _counting(settings)

    @asynccontextmanager
    async def warm(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(store.current)
        sharing = asyncio.create_task(metrics.keep_sharing())
        yield
        sharing.cancel()
        metrics.share()

    app = _Fronted(
        title="Competence forecast",
        version="1",
        description=DESCRIPTION + problems.table_of_codes(),
        openapi_tags=TAGS,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it would pass the query on
        redirect_slashes=False,
        lifespan=warm,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(refuse_unknown)],
    )
    app.state.store, app.state.assets, app.state.pages = store, load_assets(), load_pages()
    resources = (meta, dictionary, gaps, funding, tables, occupations, skills, transitions, releases, bulk)
    for module in (*resources, health, operations, pages):
        app.include_router(module.router)
    app.add_exception_handler(problems.Refusal, problems.on_refusal)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.state.settings, app.state.metrics = settings, metrics
    kept, gate, cors = Kept(), Gate(settings, Keyring(store_folder / KEYS), limiter), Cors(settings.origins)
    # The last one is the outermost: whatever the others refuse is named and completed.
    app.add_middleware(Answers, kept=kept)
    app.add_middleware(Guard, gate=gate)
    app.add_middleware(Envelope, store=store, cors=cors)
    app.front = Front(super(_Fronted, app).__call__, store, gate, kept, cors, metrics, settings.log)
    return app


class _Fronted(Service):
    """The service with its front before everything that the framework itself puts around an answer."""

    front: Front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self.front(scope, receive, send)


def _counting(settings: Settings) -> tuple[Metrics, Limiter]:
    """Return where this worker counts its answers, and where all of them count their clients."""
    place = take_place(settings.shared, settings.workers)
    return Metrics(place), Limiter(Counter(place), settings.rate, settings.rate_open)


def from_environment() -> FastAPI:
    """Return the service over the store that ``COMPETENCE_STORE`` names; each worker process calls this.

    What was imported stays for as long as the process: searching it for garbage would take a tenth of a
    second at a time, while every client waits.
    """
    app = create_app(Path(os.environ.get(STORE, DEFAULT_STORE)), read_settings())
    gc.collect()
    gc.freeze()
    return app
