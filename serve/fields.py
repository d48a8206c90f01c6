"""What a request's header fields decide: read once, in one pass, by the outermost layer."""

from collections.abc import Iterable
from itertools import chain
from typing import Final, NamedTuple

from starlette.types import Scope

from serve.encodings import encoding
from serve.query import preferred

_READ: Final = frozenset(
    {
        *(b"accept", b"accept-encoding", b"accept-language", b"authorization", b"content-length"),
        *(b"if-none-match", b"origin", b"transfer-encoding", b"x-api-key"),
    }
)

SECRET: Final = frozenset({b"authorization", b"x-api-key"})
"""Fields that can hold a key."""


class Fields(NamedTuple):
    """What is read of a request's header fields.

    Parameters
    ----------
    size : int
        Bytes of all of them.
    secrets : frozenset of str
        The keys that were presented.
    accept : str
        Media types that the client can read.
    length : bytes or None
        What it says about the size of its body.
    chunked : bool
        Whether a body of unknown size follows.
    language, encoding : str
        Of the labels, and of the packing.
    known : str
        Tags of what the client has.
    origin : str
        Site whose script asks.
    """

    size: int
    secrets: frozenset[str]
    accept: str
    length: bytes | None
    chunked: bool
    language: str
    encoding: str
    known: str
    origin: str


_NOBODY: Final[frozenset[str]] = frozenset()


def read_fields(scope: Scope) -> Fields:
    """Return the fields that matter here; a field given twice is a list, but the first language decides."""
    size, said, secrets = 0, dict[bytes, str](), set[str]()
    for name, value in scope["headers"]:
        size += len(name) + len(value) + 4
        if name in _READ:
            text = value.decode("latin-1")
            if name in said:
                _again(said, name, text)
            else:
                said[name] = text
            if name in SECRET:
                secrets.update(_secret(name, text))
    length = said.get(b"content-length")
    return Fields(
        size,
        frozenset(secrets) if secrets else _NOBODY,
        said.get(b"accept", ""),
        None if length is None else length.encode("latin-1"),
        b"transfer-encoding" in said,
        preferred(said.get(b"accept-language", "")),
        encoding(said.get(b"accept-encoding", "")),
        said.get(b"if-none-match", ""),
        said.get(b"origin", ""),
    )


def _again(said: dict[bytes, str], name: bytes, text: str) -> None:
    """Join what is a list; the routes read the first language, and nothing else is a list."""
    if name in {b"accept", b"accept-encoding", b"if-none-match"}:
        said[name] += f",{text}"
    elif name != b"accept-language":
        said[name] = text


def presented(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    """Return the keys among header fields."""
    held = (_secret(name, value.decode("latin-1")) for name, value in headers if name in SECRET)
    return frozenset(chain.from_iterable(held))


def _secret(name: bytes, text: str) -> tuple[str, ...]:
    if name == b"x-api-key":
        return (text.strip(),)
    scheme, _, key = text.partition(" ")
    return (key.strip(),) if scheme.lower() == "bearer" else ()


def fields_of(scope: Scope) -> Fields:
    """Return the fields of a request, read before or now."""
    state = scope["state"]
    if "fields" not in state:
        state["fields"] = read_fields(scope)
    fields: Fields = state["fields"]
    return fields
