"""What surrounds every answer: which release gave it, what a browser may do with it, and no traceback."""

import unicodedata
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import answers
from serve.problems import on_crash
from serve.release import Release
from serve.store import Store

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
DOCS_POLICY: Final = f"{POLICY}; img-src 'self' data:"
"""Swagger UI draws its icons from data: addresses; it needs no inline style (tried in Chromium)."""

SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


_DASHES: Final = str.maketrans("–—−", "---")


class Envelope:
    """Middleware that settles the release of a request, so that its body and headers name the same one.

    Parameters
    ----------
    app : ASGI application
        What answers.
    store : Store
        Where releases come from.
    """

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self.app, self.store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a crash becomes a problem without its cause."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        store = self.store
        serving = await run_in_threadpool(store.current) if store.stale() else store.serving
        scope.setdefault("state", {})["serving"] = serving
        extra = {**_security(scope["path"]), **(identity(serving.release) if serving.release else {})}
        begun = False

        async def send_enveloped(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(MutableHeaders(scope=message), extra)
            await send(message)

        try:
            await self.app(scope, receive, send_enveloped)
        except Exception as error:
            if begun:
                raise
            await on_crash(scope, error)(scope, receive, send_enveloped)


def _complete(headers: MutableHeaders, extra: dict[str, str]) -> None:
    for name, value in extra.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-cache")


def _security(path: str) -> dict[str, str]:
    return {**SECURITY, "Content-Security-Policy": DOCS_POLICY if path == "/docs" else POLICY}


def identity(release: Release) -> dict[str, str]:
    """Return the headers that name a release; they say what the body's ``release`` block says."""
    block = answers.block(release)
    taxonomy = ", ".join(f"{known.name} {known.version}" for known in block.taxonomy.values())
    said = {
        "X-Release": block.release,
        "X-Model-Version": block.model_version,
        "X-Data-Vintage": block.data_vintage,
        "X-Base-Year": str(block.base_year),
        "X-Status": block.status.label,
        "X-Taxonomy": taxonomy,
        "X-Scenario": block.scenario,
        "X-Convention": block.convention,
    }
    return {name: ascii_safe(value) for name, value in said.items()}


def ascii_safe(text: str) -> str:
    """Return text that may stand in a header: one line, no accents, ``?`` for the rest.

    Examples
    --------
    >>> ascii_safe("België – 2026")
    'Belgie - 2026'
    """
    text = text.translate(_DASHES)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.encode("ascii", "replace").decode("ascii").split())
