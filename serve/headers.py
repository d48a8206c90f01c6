"""What surrounds every answer: which release gave it, what a browser may do with it, and no traceback."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import answers
from serve.cors import NOBODY, Cors, Header
from serve.fields import fields_of
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
    cors : Cors
        Which sites' scripts may read the answers; by default those of none.
    """

    def __init__(self, app: ASGIApp, store: Store, cors: Cors = NOBODY) -> None:
        self.app, self.store, self.cors = app, store, cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a crash becomes a problem without its cause."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        store = self.store
        serving = await run_in_threadpool(store.current) if store.stale() else store.serving
        scope.setdefault("state", {})["serving"] = serving
        told = self.cors.told(fields_of(scope).origin)
        begun = False

        async def send_enveloped(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": complete(scope, message["headers"], told, named(scope))}
            await send(message)

        if self.cors.asked_beforehand(scope):
            headers = self.cors.allowed(fields_of(scope).origin)
            await send_enveloped({"type": "http.response.start", "status": 204, "headers": headers})
            await send_enveloped({"type": "http.response.body"})
            return
        try:
            await self.app(scope, receive, send_enveloped)
        except Exception as error:
            if begun:
                raise
            await on_crash(scope, error)(scope, receive, send_enveloped)


def complete(
    scope: Scope, headers: Iterable[Header], told: tuple[Header, ...], named: tuple[Header, ...]
) -> list[Header]:
    """Return the headers of an answer with everything that surrounds it.

    Parameters
    ----------
    told : tuple of (bytes, bytes)
        Who may read it in a browser.
    named : tuple of (bytes, bytes)
        Which release gave it.
    """
    secure = _security(docs=scope["path"] == "/docs", encrypted=scope.get("scheme") == "https")
    completed = [*headers, *told, *secure, *named]
    if not any(name == b"cache-control" for name, _ in completed):
        completed.append((b"cache-control", b"no-cache"))
    return completed


def named(scope: Scope) -> tuple[Header, ...]:
    """Return the headers of the release that answered, which need not be the latest."""
    kept: tuple[Header, ...] | None = scope["state"].get("named")
    release: Release | None = scope["state"]["serving"].release
    if kept is not None or release is None:
        return kept or ()
    if release not in _IDENTITIES:
        _IDENTITIES[release] = _encoded(identity(release))
    return _IDENTITIES[release]


_IDENTITIES: Final[WeakKeyDictionary[Release, tuple[Header, ...]]] = WeakKeyDictionary()


def _encoded(headers: Mapping[str, str]) -> tuple[Header, ...]:
    return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers.items())


@cache
def _security(*, docs: bool, encrypted: bool) -> tuple[Header, ...]:
    secure = {**SECURITY, "Content-Security-Policy": DOCS_POLICY if docs else POLICY}
    # Told over TLS only (RFC 6797, section 7.2); the proxy in front says which it was.
    return _encoded({**secure, "Strict-Transport-Security": "max-age=31536000"} if encrypted else secure)


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
