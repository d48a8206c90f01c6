"""Lists in parts, with their total and no hidden cap."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

from serve.schemas import Paging

PAGE_DEFAULT: Final = 100
PAGE_LARGEST: Final = 1000


@dataclass(frozen=True)
class Slice:
    """Which part of a list is asked."""

    limit: int
    offset: int

    @property
    def stop(self) -> int:
        """Where the next part starts."""
        return self.offset + self.limit


def paging(request: Request, part: Slice, total: int) -> Paging:
    """Return which part of a list this is, and where the next one is."""
    following = address(request, part.limit, part.stop) if part.stop < total else None
    return Paging(total=total, limit=part.limit, offset=part.offset, next=following)


def address(request: Request, limit: int, offset: int) -> str:
    """Return the address of another part of the list that a request asks, of the release that answers it."""
    query: dict[str, Any] = {**request.query_params, "limit": limit, "offset": offset}
    unpinned: str | None = getattr(request.state, "unpinned", None)
    if unpinned is not None:
        query["release"] = unpinned  # another may be promoted before the next part is asked
    return f"{request.url.path}?{urlencode(query, safe=',')}"
