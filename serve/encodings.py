"""How an answer is packed for its way: gzip or zstd, whichever the client takes and the service has."""

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import pyarrow as pa

PLAIN: Final = "identity"
SMALLEST: Final = 512
"""Bodies below this many bytes are sent as they are: packing would gain nothing."""


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(6, wbits=31)  # without a clock in the header: the same bytes give the same
    return packer.compress(body) + packer.flush()


def _zstd(body: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd", compression_level=6).compress(body, asbytes=True)
    return packed


PACKERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"zstd": _zstd, "gzip": _gzip}
"""In the order in which they are chosen where a client likes both as much."""


@lru_cache(maxsize=256)
def encoding(accepted: str) -> str:
    """Return the packing that a field ``Accept-Encoding`` likes best; plain where it names none of ours.

    Examples
    --------
    >>> encoding("gzip, deflate, br, zstd"), encoding("gzip;q=1.0, zstd;q=0.5"), encoding("br"), encoding("")
    ('zstd', 'gzip', 'identity', 'identity')
    >>> encoding("*;q=0.1, zstd;q=0")
    'gzip'
    """
    weights = dict(_wish(part) for part in accepted.split(",") if part.strip())
    anything = weights.get("*", 0.0)
    likings = {
        name: weights.get(name, weights.get("x-gzip", anything) if name == "gzip" else anything)
        for name in PACKERS
    }
    best = max(likings, key=lambda name: likings[name])
    return best if likings[best] > 0 and likings[best] >= weights.get(PLAIN, 0.0) else PLAIN


def _wish(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(";")
    try:
        liking = float(weight.strip().lower().removeprefix("q=")) if weight else 1.0
    except ValueError:
        liking = 0.0
    return name.strip().lower(), liking
