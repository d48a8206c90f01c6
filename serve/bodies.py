"""Bodies of requests: JSON in UTF-8 (RFC 8259), every field once, and no number that JSON does not have.

Python's own reader takes more: UTF-16, ``NaN``, and of a field that is given twice the last. Nothing that is
sent may be ignored, so each is refused here.
"""

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute


class Given(APIRoute):
    """A route that reads its body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        answer = super().get_route_handler()

        async def given(request: Request) -> Response:
            return await answer(_Strict(request.scope, request.receive))

        return given


class _Strict(Request):
    async def json(self) -> Any:
        return read_json(await self.body())


def read_json(body: bytes) -> Any:
    """Return what a body says.

    Raises
    ------
    json.JSONDecodeError
        If it is not JSON in UTF-8, gives a field twice, or holds ``NaN`` or ``Infinity``.

    Examples
    --------
    >>> read_json(b'{"a": 1}')
    {'a': 1}
    >>> read_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    json.decoder.JSONDecodeError: field a is given more than once: line 1 column 1 (char 0)
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("not UTF-8", "", error.start) from None
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)


def _once(fields: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(fields)
    if len(found) < len(fields):
        name, _ = Counter(name for name, _ in fields).most_common(1)[0]
        raise json.JSONDecodeError(f"field {name} is given more than once", "", 0)
    return found


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is no number of JSON", "", 0)
