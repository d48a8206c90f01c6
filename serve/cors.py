"""Which sites' scripts may read the answers: the Fetch standard's cross-origin protocol (CORS)."""

from typing import Final

from starlette.types import Scope

Header = tuple[bytes, bytes]

_ALLOWED: Final = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"Authorization, X-API-Key, Content-Type, If-None-Match"),
    (b"access-control-max-age", b"600"),
]
_EXPOSED: Final = (
    b"ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Release, X-Model-Version, X-Data-Vintage, "
    b"X-Base-Year, X-Status, X-Taxonomy, X-Scenario, X-Convention"
)
_EXPOSE: Final = (b"access-control-expose-headers", _EXPOSED)
_VARIES: Final = (b"vary", b"Origin")
_EVERY: Final = "*"


class Cors:
    """Lets the scripts of some sites read the answers; cookies are never sent along.

    Parameters
    ----------
    origins : frozenset of str
        The sites, as ``https://example.org``; ``*`` is every one.
    """

    def __init__(self, origins: frozenset[str]) -> None:
        self.origins = origins

    def told(self, origin: str) -> tuple[Header, ...]:
        """Return who may read an answer, and last that another site may be told otherwise."""
        if not self.origins:
            return ()
        if _EVERY in self.origins:
            return (b"access-control-allow-origin", b"*"), _EXPOSE
        if origin not in self.origins:
            return (_VARIES,)
        return (b"access-control-allow-origin", origin.encode("latin-1")), _EXPOSE, _VARIES

    def asked_beforehand(self, scope: Scope) -> bool:
        """Return whether a request is a browser's question before the real one."""
        asks = bool(self.origins) and scope["method"] == "OPTIONS"
        return asks and any(name == b"access-control-request-method" for name, _ in scope["headers"])

    def allowed(self, origin: str) -> list[Header]:
        """Return what a site may ask.

        One that is not allowed gets the same answer without permission: its browser then refuses.
        """
        return list(_ALLOWED) if {_EVERY, origin} & self.origins else []


NOBODY: Final = Cors(frozenset())
