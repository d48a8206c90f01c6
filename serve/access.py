"""Who may ask what, and how often: the middleware in front of every route.

A key comes as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``, never in the address, which ends up in the
logs of proxies. What needs which scope goes by the path, so that an answer kept ready is guarded as well.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecasting.errors import InputError
from serve.keys import Key, Keyring
from serve.limits import Limiter, Spent, network, refuse_large, too_large
from serve.negotiation import acceptable
from serve.problems import Refusal, respond
from serve.settings import Grant, Settings

_FREE: Final = re.compile(r"/(healthz|readyz|docs|openapi\.json|static/.*|v1/problems)")
_FUNDING: Final = ("weights", "courses", "allocat", "simulat")
"""What the funding step publishes: addresses under /v1 that begin so, and tables in bulk so named."""

_READ: Final = frozenset({b"accept", b"authorization", b"x-api-key", b"content-length", b"transfer-encoding"})
_REALM: Final = 'Bearer realm="competence-forecast"'
_HOW: Final = "Send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`"


@lru_cache(maxsize=4096)
def needed(path: str) -> Grant | None:
    """Return the scope that a path needs; None for what everyone may see.

    Examples
    --------
    >>> needed("/v1/gaps"), needed("/v1/weights"), needed("/metrics"), needed("/docs")
    ('scores', 'weights', 'admin', None)
    """
    # By how they begin: a route also answers its path with a line feed behind it.
    if path.startswith("/metrics"):
        return "admin"
    below = path.removeprefix("/v1/")
    if below.startswith(_FUNDING) or (below.startswith("bulk/") and any(word in below for word in _FUNDING)):
        return "weights"
    return None if _FREE.fullmatch(path) else "scores"


class Fields(NamedTuple):
    """What the middleware reads of a request's header fields."""

    size: int
    secrets: frozenset[str]
    accept: str
    length: bytes | None
    chunked: bool


def read_fields(scope: Scope) -> Fields:
    """Return the fields that matter here, in one pass."""
    size, secrets, accept, length, chunked = 0, set[str](), "", None, False
    for name, value in scope["headers"]:
        size += len(name) + len(value) + 4
        if name not in _READ:
            continue
        if name == b"accept":
            accept += ("," if accept else "") + value.decode("latin-1")
        elif name == b"authorization":
            scheme, _, said = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer":
                secrets.add(said.strip())
        elif name == b"x-api-key":
            secrets.add(value.decode("latin-1").strip())
        elif name == b"content-length":
            length = value
        elif name == b"transfer-encoding":
            chunked = True
    return Fields(size, frozenset(secrets), accept, length, chunked)


class Guard:
    """Middleware that refuses who may not ask, asks too often or too much, or cannot read the answer.

    Parameters
    ----------
    app : ASGI application
        What answers.
    settings : Settings
        What is open, and how large a body may be.
    keyring : Keyring
        The keys.
    limiter : Limiter
        How often each client came.
    """

    def __init__(self, app: ASGIApp, settings: Settings, keyring: Keyring, limiter: Limiter) -> None:
        self.app, self.settings, self.keyring, self.limiter = app, settings, keyring, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        fields = read_fields(scope)
        spent: list[Spent] = []
        try:
            refuse_large(scope, fields.length, fields.size, self.settings.body)
            private = self._admit(scope, fields, spent)
        except Refusal as refusal:
            told = respond(scope, refusal.code, refusal.detail, refusal.errors, headers=refusal.headers)
            await told(scope, receive, _completed(send, spent, private=True))
            return
        if fields.length is not None or fields.chunked:
            receive = _counted(receive, self.settings.body)
        completed = _completed(send, spent, private=private)
        if fields.accept and "*/*" not in fields.accept:
            completed = _negotiated(scope, receive, completed, fields.accept)
        await self.app(scope, receive, completed)

    def _admit(self, scope: Scope, fields: Fields, spent: list[Spent]) -> bool:
        """Count the request and refuse it where it may not be asked.

        Returns
        -------
        bool
            Whether the answer is for this client only, not for a cache that others share.
        """
        need = needed(scope["path"])
        if need is None:
            return False
        client = network(scope["client"][0] if scope.get("client") else "unknown")
        try:
            key = self._known(fields.secrets)
        except Refusal:
            self._spend(spent, client, None)
            raise
        self._spend(spent, client, key)
        if key is not None:
            scope["state"]["key"] = key.id
        if need in self.settings.open:
            return False
        if key is None:
            raise Refusal("key_missing", f"This address needs a key. {_HOW}.", headers=_challenge())
        if need not in key.scopes:
            told = f"Key {key.id} may read {', '.join(key.scopes)}; this address needs scope {need}."
            raise Refusal("scope_missing", told, headers=_challenge("insufficient_scope", need))
        return True

    def _known(self, secrets: frozenset[str]) -> Key | None:
        """Return the key that was presented; None without one, a refusal where it does not hold."""
        if not secrets:
            return None
        if len(secrets) > 1:
            raise Refusal(
                "key_refused",
                "Two different keys were sent. Send one.",
                headers=_challenge("invalid_request"),
            )
        try:
            key = self.keyring.find(next(iter(secrets)))
        except InputError as error:
            raise Refusal(
                "keys_unreadable", "The file of keys cannot be read; the cause is in the log."
            ) from error
        ended = "is not known to this service" if key is None else key.ended(datetime.now(UTC))
        if key is None or ended:
            told = f"The key {ended}. {_HOW} that holds, or ask for a new one."
            raise Refusal("key_refused", told, headers=_challenge("invalid_token"))
        return key

    def _spend(self, spent: list[Spent], client: str, key: Key | None) -> None:
        counted = (
            self.limiter.spend(client, keyed=False)
            if key is None
            else self.limiter.spend(key.id, keyed=True, rate=key.rate)
        )
        if counted is None:
            return
        spent.append(counted)
        if counted.exceeded:
            told = f"{counted.limit} requests a minute are answered; ask again in {counted.left} seconds."
            raise Refusal("too_many_requests", told, headers={"Retry-After": str(counted.left)})


def _challenge(error: str | None = None, scope: Grant | None = None) -> Mapping[str, str]:
    """Return what a client must bring (RFC 6750, section 3)."""
    told = _REALM + (f', error="{error}"' if error else "") + (f', scope="{scope}"' if scope else "")
    return {"WWW-Authenticate": told}


def _counted(receive: Receive, most: int) -> Receive:
    """Return a receive that stops reading a body that is larger than it said it would be."""
    read = 0

    async def receive_counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413, too_large(most))
        return message

    return receive_counted


def _completed(send: Send, spent: list[Spent], *, private: bool) -> Send:
    """Return a send that tells what is left, and keeps what needed a key out of shared caches."""
    if not spent and not private:
        return send
    extra = spent[-1].headers() if spent else []

    async def send_completed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [_kept_private(pair) for pair in message["headers"]] if private else message["headers"]
            if private and not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"private, no-cache"))
            message = {**message, "headers": [*headers, *extra]}
        await send(message)

    return send_completed


def _kept_private(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = pair
    if name.lower() != b"cache-control":
        return name, value
    kept = (part.strip() for part in value.split(b",") if part.strip() not in {b"public", b"private"})
    return b"cache-control", b", ".join((b"private", *kept))


def _negotiated(scope: Scope, receive: Receive, send: Send, accept: str) -> Send:
    """Return a send that puts a refusal in the place of an answer that the client cannot read."""
    refused = False

    async def send_negotiated(message: Message) -> None:
        nonlocal refused
        if message["type"] == "http.response.start" and message["status"] == 200:
            media = dict(message["headers"]).get(b"content-type", b"").decode("latin-1")
            refused = bool(media) and not acceptable(accept, media)
            if refused:
                told = f"This address answers {media.partition(';')[0]}, which the field Accept excludes."
                await respond(scope, "not_acceptable", told)(scope, receive, send)
        if not refused:
            await send(message)

    return send_negotiated
