"""Answers kept ready: encoded once per release and question, packed, with a strong ETag and 304.

A release never changes, so neither does an answer from it. What is kept is bounded in bytes; a promotion
makes every key new, so nothing old is ever answered as the latest.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, cast

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.cors import Header
from serve.encodings import PACKERS, PLAIN, SMALLEST
from serve.fields import Fields, fields_of
from serve.headers import named
from serve.logs import template
from serve.negotiation import acceptable

KEPT_BYTES: Final = 64 * 1024 * 1024
LARGEST: Final = 8 * 1024 * 1024
"""A longer body is packed and sent, but not kept."""

PINNED: Final = b"max-age=31536000, immutable"
"""Said of an address that names its release: its answer never changes."""

_PACKED: Final = (b"application/json", b"application/atom", b"text/")
_OWN: Final = (b"content-length", b"etag", b"content-encoding", b"cache-control")
_OF_A_BODY: Final = (b"content-length", b"content-encoding", b"content-type")
_APART: Final = ("/health", "/metrics", "/readyz")
_RELEASE: Final = re.compile(rb"(?:^|&)release=[0-9a-f]{12}(?:&|$)")
_FROM: Final = re.compile(rb"(?:^|&)from=[0-9a-f]{12}(?:&|$)")
_BACKTEST: Final = re.compile(rb"/v1/releases/[0-9a-f]{12}/backtest")
_CHANGES: Final = re.compile(rb"/v1/releases/[0-9a-f]{12}/changes")
_OVERHEAD: Final = 4000


class Packed(NamedTuple):
    """A body in one packing, with the headers of its answer, and of the answer that it did not change."""

    body: bytes
    headers: list[Header]
    unchanged: list[Header]


@dataclass(frozen=True)
class Answer:
    """One body with its headers, plain and packed.

    Parameters
    ----------
    tag : str
        Hash of the plain body.
    media : str
        Its media type.
    ready : dict of str to Packed
        By packing; always with the plain one.
    named : tuple of (bytes, bytes)
        Headers that name the release that gave it.
    route : str
        Template of the address, under which it is counted and logged.
    """

    tag: str
    media: str
    ready: dict[str, Packed]
    named: tuple[Header, ...]
    route: str

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(len(packed.body) for packed in self.ready.values()) + _OVERHEAD

    def to(self, fields: Fields) -> tuple[int, list[Header], bytes]:
        """Return status, headers and body for a client: packed where that is worth it, or only unchanged."""
        packed = self.ready.get(fields.encoding) or self.ready[PLAIN]
        if fields.known and known_to(self.tag, fields.known):
            return 304, packed.unchanged, b""
        return 200, packed.headers, packed.body

    def readable(self, fields: Fields) -> bool:
        """Return whether the client can read it; one that has it already need not."""
        free = not fields.accept or "*/*" in fields.accept or not self.media
        return free or acceptable(fields.accept, self.media) or self.to(fields)[0] == 304


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


class Kept:
    """Answers by what was asked, bounded in bytes; what was asked longest ago goes first.

    Parameters
    ----------
    most : int
        The bound.

    Attributes
    ----------
    bytes, dropped : int
        Bytes of what is kept, and how many answers went.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self.most, self.bytes, self.dropped = most, 0, 0
        self.mark: object = None
        self.answers: OrderedDict[tuple[object, ...], Answer] = OrderedDict()

    def find(self, mark: object, scope: Scope, fields: Fields) -> Answer | None:
        """Return what was answered to the same question, None where it is not kept."""
        key = _question(mark, scope, fields)
        answer = self.answers.get(key)
        if answer is not None:
            self.answers.move_to_end(key)
        return answer

    def keep(self, mark: object, scope: Scope, fields: Fields, answer: Answer) -> None:
        """Keep an answer; what was kept before a promotion is never asked again, and goes."""
        if mark != self.mark:
            self.dropped += len(self.answers)
            self.answers.clear()
            self.bytes, self.mark = 0, mark
        key = _question(mark, scope, fields)
        before = self.answers.pop(key, None)
        self.bytes += answer.size - (before.size if before else 0)
        self.answers[key] = answer
        while self.bytes > self.most:
            self.bytes -= self.answers.popitem(last=False)[1].size
            self.dropped += 1


def _question(mark: object, scope: Scope, fields: Fields) -> tuple[object, ...]:
    """Return what decides an answer, but not how it is packed; a promotion makes every one new."""
    return mark, scope.get("raw_path"), scope["path"], scope["query_string"], fields.language


class Answers:
    """Middleware that keeps what was answered; inside the one that settles the release of a request.

    Parameters
    ----------
    app : ASGI application
        What answers.
    kept : Kept
        Where answers are kept.
    """

    def __init__(self, app: ASGIApp, kept: Kept) -> None:
        self.app, self.kept = app, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, else keep what is answered."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(_APART):
            await self.app(scope, receive, send)
            return
        fields, mark = fields_of(scope), scope["state"]["serving"].mark
        answer = self.kept.find(mark, scope, fields)
        if answer is None:
            answer = await _Recorder(self.app, send).record(scope, receive)
            if answer is None:
                return
            self.kept.keep(mark, scope, fields, answer)
        else:
            scope["state"]["named"], scope["state"]["route"] = answer.named, answer.route
        status, headers, body = answer.to(fields)
        await send({"type": "http.response.start", "status": status, "headers": headers})
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
        packed = await run_in_threadpool(_packed, body, headers, said or _lasting(scope))
        return Answer(*packed, named(scope), template(scope))

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


def _packed(
    body: bytes, headers: list[Header], cached_as: bytes | None
) -> tuple[str, str, dict[str, Packed]]:
    """Return the tag and media type of a body, and the body in every packing that is worth it."""
    kind = dict(headers).get(b"content-type", b"")
    bodies = {PLAIN: body}
    if len(body) >= SMALLEST and kind.startswith(_PACKED):
        bodies |= {how: pack(body) for how, pack in PACKERS.items()}
    tag = hashlib.sha256(body).hexdigest()[:32]
    ready = {}
    for how, packed in bodies.items():
        own = _headers(how, packed, tag, headers, cached_as)
        ready[how] = Packed(packed, own, [header for header in own if header[0] not in _OF_A_BODY])
    return tag, kind.decode("latin-1"), ready


def _headers(how: str, body: bytes, tag: str, headers: list[Header], cached_as: bytes | None) -> list[Header]:
    own = [(b"content-length", str(len(body)).encode()), (b"etag", etag(tag, how))]
    own += [(b"content-encoding", how.encode())] if how != PLAIN else []
    own += [(b"cache-control", cached_as)] if cached_as else []
    return [*headers, *own]
