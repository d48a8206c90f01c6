"""Which sites' scripts may read the answers: the Fetch standard's cross-origin protocol (CORS)."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALLOWED: Final = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"Authorization, X-API-Key, Content-Type, If-None-Match"),
    (b"access-control-max-age", b"600"),
]
_EXPOSED: Final = (
    b"ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Release, X-Model-Version, X-Data-Vintage, "
    b"X-Base-Year, X-Status, X-Taxonomy, X-Scenario, X-Convention"
)


class Cors:
    """Middleware that lets the scripts of some sites read the answers; cookies are never sent along.

    Parameters
    ----------
    app : ASGI application
        What answers.
    origins : frozenset of str
        The sites, as ``https://example.org``; ``*`` is every one.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a browser's question beforehand, and tell in every other answer who may read it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = dict(scope["headers"])
        told = self._told(asked.get(b"origin", b"").decode("latin-1"))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in asked:
            # A site that is not allowed gets the same 204 without permission: its browser then refuses.
            headers = [*told, *_ALLOWED] if told[:-1] else told
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body"})
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        await self.app(scope, receive, send_told)

    def _told(self, origin: str) -> list[tuple[bytes, bytes]]:
        """Return who may read the answer, and last that another site may be told otherwise."""
        if "*" in self.origins:
            every = (b"access-control-allow-origin", b"*")
            return [every, (b"access-control-expose-headers", _EXPOSED)]
        varies = (b"vary", b"Origin")
        if origin not in self.origins:
            return [varies]
        one = (b"access-control-allow-origin", origin.encode("latin-1"))
        return [one, (b"access-control-expose-headers", _EXPOSED), varies]
