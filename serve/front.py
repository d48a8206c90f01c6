"""The outermost layer: answers what is kept ready at once, and counts and logs every answer.

What is kept ready goes to the client without a walk through the framework: the gate, one look into what is
kept, and the same headers as inside. Whatever else is asked goes in, and so does whatever is refused, cannot
be read by the client, or comes while a release changes.

A request that is equal to an earlier one in every byte but its key is answered as that one was, once the gate
admits it; on our own wire before anything is made for an application (`serve.wire`). What costs a call of
the system is done once for all requests that the event loop found at once, within a turn of it: the look
whether another release is promoted, the look whether the keys changed, and the writing of the access log. A
crash loses the lines of that turn.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from serve.access import FREELY, Admission, Gate, Who, kept_private
from serve.cors import Cors, Header
from serve.fields import SECRET, Fields, presented, read_fields
from serve.headers import complete
from serve.kept import Answer, Kept
from serve.logs import METHODS, line, release_of, template, write
from serve.metrics import Metrics
from serve.store import Store

REMEMBERED: Final = 1024
"""Requests that are known again; one more, and all are forgotten."""

LONGEST: Final = 8192
"""Bytes of header fields of a request that is answered here."""

SECRET_LONGEST: Final = 256
"""Bytes of the fields with a key; ours have 55."""

_READS: Final = frozenset({"GET", "HEAD"})

Asked = tuple[object, ...]


class Ready(NamedTuple):
    """An answer with everything that surrounds it, but what its client has left.

    Parameters
    ----------
    status : int
    headers : list of (bytes, bytes)
    head : bytes
        Both, as they go over the wire.
    body : bytes
    route : str
        Template of the address.
    release : str or None
        Id of the release that answered.
    free : bool
        Whether whoever shows no key is answered, and not counted.
    counts : list of float
        Where such answers are counted.
    """

    status: int
    headers: list[Header]
    head: bytes
    body: bytes
    route: str
    release: str | None
    free: bool
    counts: list[float]


class Front:
    """Middleware around everything else: answers HEAD as GET without its body, counts, and writes the log.

    Parameters
    ----------
    app : ASGI application
        What answers.
    store : Store
        Where releases come from.
    gate : Gate
        Who may ask.
    kept : Kept
        Answers that are ready.
    cors : Cors
        Which sites' scripts may read them.
    metrics : Metrics
        Where answers are counted.
    log : bool
        Whether each is written to the access log.
    """

    def __init__(
        self, app: ASGIApp, store: Store, gate: Gate, kept: Kept, cors: Cors, metrics: Metrics, log: bool
    ) -> None:
        self.app, self.store, self.gate, self.kept, self.cors = app, store, gate, kept, cors
        self.metrics, self.log = metrics, log
        self._remembered: dict[Asked, Ready] = {}
        self._of: tuple[object, int] = (None, 0)
        self._turn: asyncio.AbstractEventLoop | None = None
        self._unchanged = False
        self._known: dict[tuple[Header, ...], Who] = {}
        self._lines: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and note it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        self._begin_turn()
        self.metrics.in_progress += 1
        try:
            judged = "admission" in (scope.get("state") or ())
            found = None if judged else self._find(scope, remember=True)
            if found is None:
                await self._ask(scope, receive, send, began)
                return
            ready, admission = found
            headers = [*ready.headers, *_left(admission)]
            await send({"type": "http.response.start", "status": ready.status, "headers": headers})
            await send({"type": "http.response.body", "body": ready.body})
            self._note_ready(scope["method"], ready, began, admission.key)
        finally:
            self.metrics.in_progress -= 1

    def at_once(self, scope: Scope) -> tuple[bytes, bytes] | None:
        """Return what a request that is remembered is answered: head, open for more fields, and body.

        It is counted and logged as answered. None for any other, which must be asked as an application is;
        what the gate said of it stays with it, so that no request is counted twice.
        """
        began = time.perf_counter()
        self._begin_turn()
        found = self._find(scope, remember=False)
        if found is None:
            return None
        ready, admission = found
        self._note_ready(scope["method"], ready, began, admission.key)
        return ready.head + encoded(_left(admission)), ready.body

    def _find(self, scope: Scope, *, remember: bool) -> tuple[Ready, Admission] | None:
        """Return the answer to a request that is remembered, or can be now, if the gate lets its client in.

        None where the service must be asked; a refusal is left for it in the request's state.
        """
        if scope["method"] not in _READS or self._changed():
            return None
        asked, held = _asked(scope)
        ready = self._remembered.get(asked) or (self._ready(scope, asked) if remember else None)
        if ready is None:
            return None
        if ready.free and not held:
            return ready, FREELY
        admission = self.gate.allow(scope, self._who(held) if held else None)
        if admission.refusal is None:
            return ready, admission
        scope.setdefault("state", {})["admission"] = admission
        return None

    def _begin_turn(self) -> None:
        loop = asyncio.get_running_loop()
        if self._turn is not loop:
            self._turn, self._unchanged = loop, False
            self._known.clear()
            loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._turn = None
        self._known.clear()
        if self._lines:
            write("".join(self._lines))
            self._lines.clear()

    def _changed(self) -> bool:
        """Return whether another release is promoted; forget what is of an earlier one, or let go."""
        if not self._unchanged:
            if self.store.stale():
                return True
            self._unchanged = True
        of = self._of
        if of[0] is not self.store.serving or of[1] != self.kept.dropped:
            self._remembered.clear()
            self._of = (self.store.serving, self.kept.dropped)
        return False

    def _who(self, held: tuple[Header, ...]) -> Who:
        """Return whose key was presented."""
        if held not in self._known:
            self._known[held] = self.gate.identify(presented(held))
        return self._known[held]

    def _ready(self, scope: Scope, asked: Asked) -> Ready | None:
        """Return the answer, where it is kept and the client can read it, and remember it."""
        fields = read_fields(scope)
        answer = self.kept.find(self.store.serving.mark, scope, fields)
        readable = answer is not None and answer.readable(fields)
        if answer is None or not readable or fields.length is not None or fields.size > LONGEST:
            return None
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        ready = self._remembered[asked] = self._surrounded(scope, fields, answer)
        return ready

    def _surrounded(self, scope: Scope, fields: Fields, answer: Answer) -> Ready:
        status, own, body = answer.to(fields)
        own = kept_private(own) if self.gate.private(scope["path"]) else own
        headers = complete(scope, own, self.cors.told(fields.origin), answer.named)
        release = answer.named[0][1].decode("ascii") if answer.named else None
        body = b"" if scope["method"] == "HEAD" else body
        counts = self.metrics.row(scope["method"], answer.route, status)
        head, free = STATUS_LINE[status] + encoded(headers), self.gate.free(scope["path"])
        return Ready(status, headers, head, body, answer.route, release, free, counts)

    async def _ask(self, scope: Scope, receive: Receive, send: Send, began: float) -> None:
        """Let the service answer; what the gate decided already it does not decide again."""
        method = scope["method"]
        head = method == "HEAD"
        state = {**(scope.get("state") or {}), "fields": read_fields(scope)}
        scope = {**scope, "method": "GET" if head else method, "state": state}
        status, size = 500, 0

        async def send_noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif head:
                message = {**message, "body": b""}
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            key, release = scope["state"].get("key"), release_of(scope)
            self._note(method, template(scope), status, began, size, key, release)

    def _note_ready(self, method: str, ready: Ready, began: float, key: str | None) -> None:
        seconds = time.perf_counter() - began
        self.metrics.count(ready.counts, seconds, len(ready.body))
        if self.log:
            self._write(method, ready.route, ready.status, seconds, len(ready.body), key, ready.release)

    def _note(
        self,
        method: str,
        route: str,
        status: int,
        began: float,
        size: int,
        key: str | None,
        release: str | None,
    ) -> None:
        """Count an answer of so many bytes and write its line."""
        seconds = time.perf_counter() - began
        method = method if method in METHODS else "OTHER"
        self.metrics.add(method, route, status, seconds, size)
        if self.log:
            self._write(method, route, status, seconds, size, key, release)

    def _write(self, *told: Any) -> None:
        """Write the line of an answer by the end of this turn; told as to `serve.logs.line`."""
        self._begin_turn()
        self._lines.append(line(*told))


def encoded(headers: Iterable[Header]) -> bytes:
    """Return header fields as they go over the wire."""
    return b"".join([b"%s: %s\r\n" % pair for pair in headers])


def _left(admission: Admission) -> list[Header]:
    """Return the fields that say what a client has left."""
    return admission.spent.headers() if admission.spent else []


def _asked(scope: Scope) -> tuple[Asked, tuple[Header, ...]]:
    """Return every byte of a request without a body but its key, and the fields that can hold one."""
    headers: Sequence[Header] = scope["headers"]
    others = tuple(headers)
    held: tuple[Header, ...] = ()
    for name, _ in headers:
        if name in SECRET:
            others = tuple([pair for pair in headers if pair[0] not in SECRET])
            held = tuple([pair for pair in headers if pair[0] in SECRET])
            break
    if held and sum(len(value) for _, value in held) > SECRET_LONGEST:
        others = tuple(headers)  # no key of ours; its size decides whether the request is read at all
    address = scope.get("raw_path"), scope["path"], scope["query_string"]
    return (scope["method"], scope.get("scheme"), *address, others), held
