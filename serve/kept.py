"""Answers kept ready: encoded once per release and question, packed, with a strong ETag and 304.

A release never changes, so neither does an answer from it. What is kept is bounded in bytes; a promotion
makes every key new, so nothing old is ever answered as the latest.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.encodings import PACKERS, PLAIN, SMALLEST, encoding
from serve.headers import named
from serve.logs import template
from serve.query import preferred

KEPT_BYTES: Final = 64 * 1024 * 1024
LARGEST: Final = 8 * 1024 * 1024
"""A longer body is packed and sent, but not kept."""

PINNED: Final = b"max-age=31536000, immutable"
"""Said of an address that names its release: its answer never changes."""

_Header = tuple[bytes, bytes]
_PACKED: Final = (b"application/json", b"application/atom", b"text/")
_OWN: Final = (b"content-length", b"etag", b"content-encoding", b"cache-control")
_OF_A_BODY: Final = (b"content-length", b"content-encoding", b"content-type")
_APART: Final = ("/health", "/metrics", "/readyz")
_RELEASE: Final = re.compile(rb"(?:^|&)release=[0-9a-f]{12}(?:&|$)")
_FROM: Final = re.compile(rb"(?:^|&)from=[0-9a-f]{12}(?:&|$)")
_BACKTEST: Final = re.compile(rb"/v1/releases/[0-9a-f]{12}/backtest")
_CHANGES: Final = re.compile(rb"/v1/releases/[0-9a-f]{12}/changes")
_OVERHEAD: Final = 4000


@dataclass(frozen=True)
class Answer:
    """One body with its headers, plain and packed.

    Parameters
    ----------
    tag : str
        Hash of the plain body.
    ready : dict of str to (bytes, list of headers)
        By packing; always with the plain one.
    named : tuple of (bytes, bytes)
        Headers that name the release that gave it.
    route : str
        Template of the address, under which it is counted and logged.
    """

    tag: str
    ready: dict[str, tuple[bytes, list[_Header]]]
    named: tuple[_Header, ...]
    route: str

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(len(body) for body, _ in self.ready.values()) + _OVERHEAD

    def packed(self, how: str) -> tuple[bytes, list[_Header]]:
        """Return the body in a packing, plain where it is not worth one, and its headers."""
        return self.ready.get(how) or self.ready[PLAIN]

    def known_to(self, said: str) -> bool:
        """Return whether a field ``If-None-Match`` names this body, in whatever packing."""
        return known_to(self.tag, said)


@lru_cache(maxsize=512)
def known_to(tag: str, said: str) -> bool:
    """Return whether a field ``If-None-Match`` names a body, in whatever packing.

    Examples
    --------
    >>> known_to("ab12", '"ab12-gzip"'), known_to("ab12", 'W/"x", "ab12"'), known_to("ab12", '"ab1"')
    (True, True, False)
    """
    tags = [part.strip().removeprefix("W/").strip('"') for part in said.split(",")]
    return "*" in tags or any(known.partition("-")[0] == tag for known in tags)


def etag(tag: str, how: str = PLAIN) -> bytes:
    """Return the strong tag of a body in a packing."""
    return f'"{tag}"'.encode() if how == PLAIN else f'"{tag}-{how}"'.encode()


@dataclass(frozen=True)
class Fields:
    """What decides which bytes a client gets.

    Parameters
    ----------
    language, encoding, known : str
        Of the labels, of the packing, and the tags of what the client has.
    """

    language: str
    encoding: str
    known: str


def read_fields(scope: Scope) -> Fields:
    """Return the fields of a request, read once."""
    language = packing = known = ""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            packing = value.decode("latin-1")
        elif name == b"if-none-match":
            known = value.decode("latin-1")
        elif name == b"accept-language":
            language = value.decode("latin-1")
    return Fields(preferred(language), encoding(packing), known)


class Answers:
    """Middleware that keeps what was answered; inside the one that settles the release of a request.

    Parameters
    ----------
    app : ASGI application
        What answers.
    kept_bytes : int
        Bound of what is kept.
    """

    def __init__(self, app: ASGIApp, kept_bytes: int = KEPT_BYTES) -> None:
        self.app, self.kept_bytes = app, kept_bytes
        self._kept: OrderedDict[tuple[object, ...], Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, else keep what is answered."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(_APART):
            await self.app(scope, receive, send)
            return
        fields = read_fields(scope)
        serving = scope["state"]["serving"]
        key = (serving.mark, scope.get("raw_path"), scope["path"], scope["query_string"], fields.language)
        answer = self._kept.get(key)
        if answer is None:
            answer = await _Recorder(self.app, send).record(scope, receive)
            if answer is None:
                return
            self._keep(key, answer)
        else:
            self._kept.move_to_end(key)
            scope["state"]["named"], scope["state"]["route"] = answer.named, answer.route
        await _send(answer, fields, send)

    def _keep(self, key: tuple[object, ...], answer: Answer) -> None:
        """Keep an answer, and let go of what was asked longest ago."""
        before = self._kept.pop(key, None)
        self._bytes += answer.size - (before.size if before else 0)
        self._kept[key] = answer
        while self._bytes > self.kept_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].size


async def _send(answer: Answer, fields: Fields, send: Send) -> None:
    body, headers = answer.packed(fields.encoding)
    status = 200
    if fields.known and answer.known_to(fields.known):
        status, body = 304, b""
        headers = [header for header in headers if header[0] not in _OF_A_BODY]
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


class _Recorder:
    """Takes down one answer; one that cannot be kept goes straight on to the client."""

    def __init__(self, app: ASGIApp, send: Send) -> None:
        self.app, self.send = app, send
        self.start: Message | None = None
        self.chunks: list[bytes] = []
        self.through = False

    async def record(self, scope: Scope, receive: Receive) -> Answer | None:
        """Return the answer, or None where it was sent on."""
        await self.app(scope, receive, self._take)
        if self.through or self.start is None:
            return None
        headers = [header for header in self.start["headers"] if header[0] not in _OWN]
        said = dict(self.start["headers"]).get(b"cache-control")
        body = b"".join(self.chunks)
        ready = await run_in_threadpool(_ready, body, headers, said or _lasting(scope))
        return Answer(*ready, named(scope), template(scope))

    async def _take(self, message: Message) -> None:
        if self.through:
            await self.send(message)
        elif message["type"] == "http.response.start":
            self.start = message
            if message["status"] != 200 or b"etag" in dict(message["headers"]):
                await self._let_through()
        else:
            self.chunks.append(message.get("body", b""))
            if sum(map(len, self.chunks)) > LARGEST:
                await self._let_through(more=message.get("more_body", False))

    async def _let_through(self, *, more: bool = True) -> None:
        self.through = True
        await self.send(cast(Message, self.start))
        if self.chunks:
            await self.send({"type": "http.response.body", "body": b"".join(self.chunks), "more_body": more})


def _lasting(scope: Scope) -> bytes | None:
    """Return how long an address may be kept: for ever where it names a release by its id."""
    query, path = scope["query_string"], scope["path"].encode()
    compared = _CHANGES.fullmatch(path) and _FROM.search(query)
    return PINNED if _RELEASE.search(query) or _BACKTEST.fullmatch(path) or compared else None


def _ready(
    body: bytes, headers: list[_Header], cached_as: bytes | None
) -> tuple[str, dict[str, tuple[bytes, list[_Header]]]]:
    """Return the tag of a body, and the body in every packing that is worth it."""
    kind = dict(headers).get(b"content-type", b"")
    bodies = {PLAIN: body}
    if len(body) >= SMALLEST and kind.startswith(_PACKED):
        bodies |= {how: pack(body) for how, pack in PACKERS.items()}
    tag = hashlib.sha256(body).hexdigest()[:32]
    return tag, {
        how: (packed, _headers(how, packed, tag, headers, cached_as)) for how, packed in bodies.items()
    }


def _headers(
    how: str, body: bytes, tag: str, headers: list[_Header], cached_as: bytes | None
) -> list[_Header]:
    own = [(b"content-length", str(len(body)).encode()), (b"etag", etag(tag, how))]
    own += [(b"content-encoding", how.encode())] if how != PLAIN else []
    own += [(b"cache-control", cached_as)] if cached_as else []
    return [*headers, *own]
