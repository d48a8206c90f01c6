"""Who may ask what, and how often: the gate in front of every route.

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
from serve.cors import Header
from serve.fields import Fields, fields_of
from serve.keys import Key, Keyring
from serve.limits import Limiter, Spent, network, refuse_large, too_large
from serve.negotiation import acceptable
from serve.problems import Refusal, respond
from serve.settings import Grant, Settings

_FREE: Final = re.compile(r"/(healthz|readyz|docs|dictionary|openapi\.json|static/.*|v1/problems)")
_FUNDING: Final = ("weights", "courses", "allocat", "simulat")
"""What the funding step publishes: addresses under /v1 that begin so, and tables in bulk so named."""

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


class Admission(NamedTuple):
    """What the gate decided about one request.

    Parameters
    ----------
    refusal : Refusal or None
        Why it is not answered.
    private : bool
        Whether the answer is for this client only, not for a cache that others share.
    spent : Spent or None
        What the client has left; None where it is not counted.
    key : str or None
        Id of the key that was presented.
    """

    refusal: Refusal | None = None
    private: bool = False
    spent: Spent | None = None
    key: str | None = None

    def complete(self, headers: list[Header]) -> list[Header]:
        """Return an answer's headers with what is left, and kept out of shared caches if it needed a key."""
        headers = kept_private(headers) if self.private else headers
        return [*headers, *self.spent.headers()] if self.spent else headers


FREELY: Final = Admission()

Who = Key | Refusal | None
"""A key that holds, why the one that was presented does not, or nobody."""


class Gate:
    """Decides about each request once: its size, its key, the scope it needs, how often its client came.

    Parameters
    ----------
    settings : Settings
        What is open, and how large a body may be.
    keyring : Keyring
        The keys.
    limiter : Limiter
        How often each client came.
    """

    def __init__(self, settings: Settings, keyring: Keyring, limiter: Limiter) -> None:
        self.settings, self.keyring, self.limiter = settings, keyring, limiter

    def admit(self, scope: Scope, fields: Fields) -> Admission:
        """Count a request, and return whether it may be asked."""
        try:
            refuse_large(scope, fields.length, fields.size, self.settings.body)
        except Refusal as refusal:
            return Admission(refusal, private=True)
        return self.allow(scope, self.identify(fields.secrets))

    def private(self, path: str) -> bool:
        """Return whether what a path answers is for the holders of a key only."""
        need = needed(path)
        return need is not None and need not in self.settings.open

    def free(self, path: str) -> bool:
        """Return whether whoever shows no key is answered, and not counted."""
        need = needed(path)
        return need is None or (need in self.settings.open and not self.limiter.counts_strangers)

    def identify(self, secrets: frozenset[str]) -> Who:
        """Return the key that was presented, why it does not hold, or None without one."""
        try:
            return self._known(secrets) if secrets else None
        except Refusal as refusal:
            return refusal

    def allow(self, scope: Scope, who: Who) -> Admission:
        """Count a request of a reasonable size, and return whether its client may ask it."""
        if who is None and self.free(scope["path"]):
            return FREELY
        need = needed(scope["path"])
        if need is None:
            return FREELY
        key = who if isinstance(who, Key) else None
        refusal = who if isinstance(who, Refusal) else None
        if key is None:
            client = network(scope["client"][0] if scope.get("client") else "unknown")
            spent = self.limiter.spend(client, keyed=False)
        else:
            spent = self.limiter.spend(key.id, keyed=True, rate=key.rate)
        if spent is not None and spent.exceeded:
            told = f"{spent.limit} requests a minute are answered; ask again in {spent.left} seconds."
            refusal = Refusal("too_many_requests", told, headers={"Retry-After": str(spent.left)})
        elif refusal is None and need not in self.settings.open:
            refusal = _forbidden(key, need)
        private = refusal is not None or self.private(scope["path"])
        return Admission(refusal, private, spent, key.id if key is not None else None)

    def _known(self, secrets: frozenset[str]) -> Key:
        """Return the key that was presented; a refusal where it does not hold."""
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


def _forbidden(key: Key | None, need: Grant) -> Refusal | None:
    """Return why a key, or none, does not open an address that needs a scope; None where it does."""
    if key is None:
        return Refusal("key_missing", f"This address needs a key. {_HOW}.", headers=_challenge())
    if need not in key.scopes:
        told = f"Key {key.id} may read {', '.join(key.scopes)}; this address needs scope {need}."
        return Refusal("scope_missing", told, headers=_challenge("insufficient_scope", need))
    return None


class Guard:
    """Middleware that refuses who may not ask, asks too often or too much, or cannot read the answer.

    Parameters
    ----------
    app : ASGI application
        What answers.
    gate : Gate
        What decides, unless it already did for this request: then `scope["state"]["admission"]` says how.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        fields = fields_of(scope)
        admission: Admission = scope["state"].get("admission") or self.gate.admit(scope, fields)
        send, refusal = _completed(send, admission), admission.refusal
        scope["state"]["key"] = admission.key
        if refusal is not None:
            told = respond(scope, refusal.code, refusal.detail, refusal.errors, headers=refusal.headers)
            await told(scope, receive, send)
            return
        if fields.length is not None or fields.chunked:
            receive = _counted(receive, self.gate.settings.body)
        if fields.accept and "*/*" not in fields.accept:
            send = _negotiated(scope, receive, send, fields.accept)
        await self.app(scope, receive, send)


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


def _completed(send: Send, admission: Admission) -> Send:
    """Return a send that completes the headers of the answer."""
    if admission.spent is None and not admission.private:
        return send

    async def send_completed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": admission.complete(list(message["headers"]))}
        await send(message)

    return send_completed


def kept_private(headers: list[Header]) -> list[Header]:
    """Return headers that keep an answer out of the caches that clients share."""
    private = [_private(*pair) if pair[0].lower() == b"cache-control" else pair for pair in headers]
    if private == headers and not any(name == b"cache-control" for name, _ in headers):
        private.append((b"cache-control", b"private, no-cache"))
    return private


def _private(name: bytes, value: bytes) -> Header:
    kept = (part.strip() for part in value.split(b",") if part.strip() not in {b"public", b"private"})
    return name.lower(), b", ".join((b"private", *kept))


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
