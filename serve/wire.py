"""The wire below the routes: known requests are answered at once, and what is no HTTP as a problem.

``uvicorn`` starts a task for every request, which writes its answer field by field. What the front remembers
is written as it is instead, with the date, as soon as the request is read. And ``uvicorn`` answers a request
that its parser cannot read by itself, in plain text, before any application sees it: here it is a problem.
"""

from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from serve.front import Front, encoded
from serve.problems import KINDS, MEDIA_TYPE, ProblemBody

_TOLD: Final = "The request is not HTTP/1.1: its first line or a header field cannot be read (RFC 9112)."


def unreadable() -> bytes:
    """Return the whole answer to what is no HTTP."""
    kind = KINDS["bad_request"]
    body = ProblemBody(
        type="/v1/problems#bad_request",
        title=kind.title,
        status=kind.status,
        detail=_TOLD,
        code="bad_request",
        instance="",
    )
    content = body.model_dump_json(exclude_none=True).encode()
    head = (
        f"HTTP/1.1 {kind.status} {kind.title}\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\n"
        "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + content


class Wire(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, quicker where the answer is known, with problems for what is unreadable.

    Behind a proxy that is believed, uvicorn first rewrites who asks: then every request goes its usual way.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._front: Front | None = getattr(self.app, "front", None)
        self._first = False

    def data_received(self, data: bytes) -> None:
        """Read what came; of requests sent in one go only the first is answered at once: others wait too."""
        self._first = self._front is not None
        super().data_received(data)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request that the front remembers; start a task for any other, as uvicorn does."""
        alone = not self.pipeline and not self.flow.write_paused
        if self._front is None or not (self._first and alone and cycle.keep_alive and app is self.app):
            super()._start_asgi_task(cycle, app)
            return
        self._first = False
        said = self._front.at_once(cast(Any, cycle.scope))
        if said is None:
            super()._start_asgi_task(cycle, app)
            return
        head, body = said
        self.transport.write(b"".join((head, encoded(cycle.default_headers), b"\r\n", body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        self.on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  its words are not ours
        """Answer a request that the parser refused, and hang up."""
        self.transport.write(unreadable())
        self.transport.close()
