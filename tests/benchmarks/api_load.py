"""Requests at a constant rate over a fixed number of connections, and how long each took.

wrk 4.1 asks as fast as it is answered and has no rate to set. Here a request is due at a fixed moment whether
the earlier ones were answered or not, and its time counts from that moment: a server that stalls cannot hide
it (coordinated omission). The loop never sleeps, as wrk's does not: a timer would be late by a millisecond.

``python -m tests.benchmarks.api_load PORT RATE SECONDS CONNECTIONS`` with the request on standard input.
"""

import gc
import json
import os
import re
import select
import socket
import sys
import time
from collections import deque
from typing import Final

PERCENTILES: Final = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "largest": 1.0}
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_END: Final = b"\r\n\r\n"
_PIECE: Final = 1 << 18


def load(port: int, rate: float, seconds: float, connections: int, request: bytes) -> dict[str, float]:
    """Ask at a rate and return the percentiles of the time to the whole answer, in milliseconds.

    Notes
    -----
    A request costs this loop about ten microseconds: it must keep up with what it measures. So it reads and
    writes descriptors, and takes the length of bodies, all the same, from the first answer alone.
    """
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for each in sockets:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    length = _body(sockets[0], request)
    poll, free = select.epoll(), deque(each.fileno() for each in sockets)
    for number in free:
        poll.register(number, select.EPOLLIN)
    due_at, held, took = dict[int, float](), dict[int, bytes](), list[float]()
    total, sent = int(rate * seconds), 0
    gc.disable()
    began = time.perf_counter()
    while len(took) < total:
        while sent < total and free and (due := began + sent / rate) <= time.perf_counter():
            number = free.popleft()
            due_at[number] = due
            os.write(number, request)
            sent += 1
        for number, _ in poll.poll(0):
            got = held.pop(number, b"") + os.read(number, _PIECE)
            head = got.find(_END)
            if head < 0 or len(got) < head + len(_END) + length:
                held[number] = got
                continue
            took.append(time.perf_counter() - due_at[number])
            free.append(number)
            _check(got)
    reached = total / (time.perf_counter() - began)
    took.sort()
    at = {name: 1000 * took[min(int(part * total), total - 1)] for name, part in PERCENTILES.items()}
    return {**at, "rate": reached}


def _body(connection: socket.socket, request: bytes) -> int:
    """Ask once and return the bytes of the body."""
    connection.sendall(request)
    got = b""
    while (head := got.find(_END)) < 0:
        got += connection.recv(_PIECE)
    _check(got)
    said = _LENGTH.search(got, 0, head)
    length = int(said[1]) if said else 0
    while len(got) < head + len(_END) + length:
        got += connection.recv(_PIECE)
    return length


def _check(answer: bytes) -> None:
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304")):
        raise RuntimeError(f"answered {answer[:200]!r}")


def main(port: str, rate: str, seconds: str, connections: str) -> None:
    """Read the request, ask, and print the figures as JSON."""
    found = load(int(port), float(rate), float(seconds), int(connections), sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
