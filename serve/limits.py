"""How much one client may ask: requests in a minute, and the size of one request.

Requests are counted in windows of a minute by a count-min sketch (Cormode & Muthukrishnan 2005, "An improved
data stream summary"): a fixed amount of memory, however many addresses come by. Three rows of cells count
each client in three places, and the smallest count holds, so that two clients share one only where all three
places coincide (1,000 clients at once: 1 in 35,000). Each worker adds in cells of its own and reads those of
all: the limit is that of the service, not of a worker, and there is nothing to lock.
"""

import hashlib
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.types import Scope

from serve.problems import Refusal
from serve.shared import Place

WINDOW: Final = 60
"""Seconds in which requests are counted."""

ADDRESS_LONGEST: Final = 8192
"""Bytes of path and query together."""

HEADERS_LARGEST: Final = 32768
"""Bytes of all header fields together."""

BATCH_LARGEST: Final = 500
"""Codes in one list."""

_ROWS: Final = 3
_WIDTH: Final = 1 << 15
_COUNT: Final = 32
_MOST: Final = (1 << _COUNT) - 1


class Counter:
    """How often each client came in the present window.

    Parameters
    ----------
    place : Place
        Where this worker counts, and the others.
    clock : callable
        Seconds, the same for every process of the machine.
    """

    def __init__(self, place: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._own, self._places, self._clock = place.own, place.places, clock
        self._cells = place.cells("requests", _ROWS * _WIDTH * place.places)

    def add(self, who: str) -> tuple[int, int]:
        """Count one request.

        Returns
        -------
        count : int
            Requests of this client in the window, this one among them.
        left : int
            Seconds until the window ends.
        """
        now = self._clock()
        window = int(now // WINDOW) & _MOST
        counts = []
        for slot in _slots(who):
            own = slot * self._places + self._own
            mine = self._cells[own]
            mine = mine + 1 if mine >> _COUNT == window else window << _COUNT | 1
            self._cells[own] = mine
            counts.append((mine & _MOST) + (self._others(slot, window) if self._places > 1 else 0))
        return min(counts), WINDOW - int(now % WINDOW)

    def _others(self, slot: int, window: int) -> int:
        """Return what the other workers counted in one place."""
        first = slot * self._places
        cells = self._cells[first : first + self._places].tolist()
        del cells[self._own]
        return sum(cell & _MOST for cell in cells if cell >> _COUNT == window)


@lru_cache(maxsize=4096)
def _slots(who: str) -> tuple[int, ...]:
    digest = hashlib.blake2b(who.encode(), digest_size=4 * _ROWS).digest()
    numbers = (int.from_bytes(digest[4 * row : 4 * row + 4]) for row in range(_ROWS))
    return tuple(row * _WIDTH + number % _WIDTH for row, number in enumerate(numbers))


@dataclass(frozen=True)
class Spent:
    """What a client has left of its requests in this window."""

    policy: str
    limit: int
    count: int
    left: int

    @property
    def exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.count > self.limit

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers-10."""
        rest = max(self.limit - self.count, 0)
        return [
            (b"ratelimit-policy", f'"{self.policy}";q={self.limit};w={WINDOW}'.encode()),
            (b"ratelimit", f'"{self.policy}";r={rest};t={self.left}'.encode()),
        ]


class Limiter:
    """Requests in a minute per key, or per client address without one.

    Parameters
    ----------
    counter : Counter
        Where they are counted.
    rate, rate_open : int
        Limits with and without a key; 0 is none.
    """

    def __init__(self, counter: Counter, rate: int, rate_open: int) -> None:
        self._counter, self._rate, self._rate_open = counter, rate, rate_open

    @property
    def counts_strangers(self) -> bool:
        """Whether there is a limit for who comes without a key."""
        return self._rate_open > 0

    def spend(self, who: str, *, keyed: bool, rate: int | None = None) -> Spent | None:
        """Count one request; None where there is no limit.

        Parameters
        ----------
        who : str
            Id of the key, or the address.
        rate : int or None
            The key's own limit.
        """
        limit = rate or (self._rate if keyed else self._rate_open)
        if not limit:
            return None
        policy = "key" if keyed else "address"
        return Spent(policy, limit, *self._counter.add(f"{policy} {who}"))


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the 64 bits that one IPv6 subscriber has.

    Examples
    --------
    >>> network("192.0.2.7"), network("2001:db8::1"), network("testclient")
    ('192.0.2.7', '2001:db8::/64', 'testclient')
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((int(known) >> 64 << 64, 64)))


def refuse_large(scope: Scope, length: bytes | None, headers: int, body: int) -> None:
    """Refuse a request that is larger than is read, before it is read.

    Parameters
    ----------
    length : bytes or None
        What it says about the size of its body.
    headers : int
        Size of its header fields, in bytes.
    body : int
        Largest body.

    Raises
    ------
    Refusal
        With the limit in its detail.
    """
    address = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    if address > ADDRESS_LONGEST:
        told = (
            f"The address has {address} bytes; at most {ADDRESS_LONGEST} are read. Ask in several requests."
        )
        raise Refusal("address_too_long", told)
    if headers > HEADERS_LARGEST:
        told = f"The header fields have {headers} bytes; at most {HEADERS_LARGEST} are read."
        raise Refusal("headers_too_large", told)
    if length is not None and length.isdigit() and int(length) > body:
        raise Refusal("body_too_large", too_large(body))


def too_large(body: int) -> str:
    """Return what is told of a body that is too large."""
    return f"A body may have {body} bytes at most. Ask in several requests."
