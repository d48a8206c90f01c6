"""Examples for the API's documentation: what the service answered about a small made-up release.

``python -m tests.serve.examples`` writes them, and a test holds them to the service's own answers; lists are
cut to their first item and maps to their first entry.
"""

import json
from importlib.resources import files
from typing import Any, TypedDict


class Example(TypedDict):
    """One call and its answer.

    Parameters
    ----------
    asked : str
        Method and address.
    body : object or None
        What was sent; None with GET.
    media : str
        Type of the answer.
    answer : object
        The answer's body.
    """

    asked: str
    body: Any
    media: str
    answer: Any


def examples() -> dict[str, Example]:
    """Return one example of each operation, by the operation's name."""
    written = files("serve") / "pages" / "examples.json"
    found: dict[str, Example] = json.loads(written.read_text(encoding="utf-8"))
    return found
