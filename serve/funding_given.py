"""What was sent to the funding step, refused with every problem at once: which items, what is wrong."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from forecasting.errors import ROWS_SHOWN, ForecastingError, InputError, Problem
from serve.bodies import Given
from serve.problems import JSON, Fault, Refusal, shown

_HEADER: Final = 2
"""Line of the first row in a file with a header: how the method counts rows."""


class Located(Given):
    """A route that says which item of a body is at fault, and tells the same fault of many items once."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        answer = super().get_route_handler()

        async def located(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                found = error.errors()
                media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media != JSON or any(item["loc"][0] != "body" for item in found):
                    raise
                refuse(faults_of_shape(found))
                raise

        return located


def refuse(faults: Sequence[Fault]) -> None:
    """Refuse a request.

    Raises
    ------
    Refusal
        If there is any fault.
    """
    if faults:
        names = ", ".join(dict.fromkeys(fault.parameter for fault in faults))
        raise Refusal("bad_parameter", f"Cannot use: {names}. Do: see errors.", faults)


def faults_of_shape(found: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return what a body's shape has wrong, one fault for each kind, with the items concerned.

    Parameters
    ----------
    found : sequence of mapping
        Errors of pydantic: ``loc, input, msg``.
    """
    items: dict[tuple[str, str], list[int]] = {}
    first: dict[tuple[str, str], Any] = {}
    for error in found:
        place = [step for step in error["loc"][1:] if not str(step).startswith("function-")]
        message = "not sent; required" if error["type"] == "missing" else str(error["msg"])
        numbers = [step for step in place if isinstance(step, int)] if error["type"] != "json_invalid" else []
        named = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in place]
        if numbers and len(place) > 1:
            named[place.index(numbers[0])] = "[]"
        key = (shown("".join(named).lstrip(".")) or "body", message)
        if error["type"] == "json_invalid":
            key = ("body", f"not JSON: {error['ctx']['error']}")
        items.setdefault(key, []).extend(numbers[:1])
        first.setdefault(key, None if error["type"] in {"missing", "json_invalid"} else error.get("input"))
    return [
        Fault(
            parameter=name,
            value=None if first[name, message] is None else str(first[name, message]),
            message=message + among(items[name, message]),
        )
        for name, message in items
    ]


def among(items: Sequence[int]) -> str:
    """Return which items of a list are meant, counted from 0.

    Examples
    --------
    >>> among([]), among([4]), among(list(range(7)))
    ('', ' (item 4)', ' (items 0, 1, 2, 3, 4 and 2 more)')
    """
    distinct = sorted(set(items))
    if not distinct:
        return ""
    some = ", ".join(str(item) for item in distinct[:ROWS_SHOWN])
    more = len(distinct) - ROWS_SHOWN
    return f" (item{'s' if len(distinct) > 1 else ''} {some}{f' and {more:,} more' if more > 0 else ''})"


def refused(error: ForecastingError, parameter: str = "body") -> Refusal:
    """Return what the method refused as an answer, every problem of it.

    Parameters
    ----------
    parameter : str
        Named where the method names none.
    """
    problems = error.problems if isinstance(error, InputError) else ()
    faults = [_fault(problem) for problem in problems]
    if not faults:
        faults = [Fault(parameter=parameter, value=None, message=str(error))]
    names = ", ".join(dict.fromkeys(fault.parameter for fault in faults))
    return Refusal("bad_parameter", f"Cannot use: {names}. Do: see errors.", faults)


def _fault(problem: Problem) -> Fault:
    column = f"[].{problem.column}" if problem.column else ""
    items = among([row - _HEADER for row in problem.rows])
    told = f"expected {problem.expected}. Do: {problem.remedy}{items}"
    return Fault(parameter=f"{problem.where}{column}", value=problem.given, message=told)
