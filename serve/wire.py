"""The wire below the routes: what is no HTTP is refused in the same shape as everything else.

``uvicorn`` answers a request that its parser cannot read by itself, in plain text, before any application
sees it; this class says it as a problem.
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
    """HTTP/1.1 as uvicorn speaks it, with problems for what cannot be read."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  its words are not ours
        """Answer a request that the parser refused, and hang up."""
        self.transport.write(unreadable())
        self.transport.close()
