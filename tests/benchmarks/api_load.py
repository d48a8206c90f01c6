"""Requests at a constant rate over a fixed number of connections, and how long each took.

wrk 4.1 asks as fast as it is answered and has no rate to set. Here a request is due at a fixed moment whether
the earlier ones were answered or not, and its time counts from that moment: a server that stalls cannot hide
it (coordinated omission). The loop never sleeps, as wrk's does not: a timer would be late by a millisecond.

``python -m tests.benchmarks.api_load PORT RATE SECONDS CONNECTIONS`` with the request on standard input.
"""

import gc
import json
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


class Connection:
    """One connection that has at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due, self.got = 0.0, b""

    def ask(self, request: bytes, due: float) -> None:
        """Send a request that was due at a moment."""
        self.due, self.got = due, b""
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Read, and return whether the answer is whole."""
        self.got += self.socket.recv(1 << 18)
        head = self.got.find(_END)
        if head < 0:
            return False
        if not self.got.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304")):
            raise RuntimeError(f"answered {self.got[:200]!r}")
        length = _LENGTH.search(self.got, 0, head)
        return len(self.got) >= head + len(_END) + (int(length[1]) if length else 0)


def load(port: int, rate: float, seconds: float, connections: int, request: bytes) -> dict[str, float]:
    """Ask at a rate and return the percentiles of the time to the whole answer, in milliseconds."""
    poll, free = select.epoll(), deque(Connection(port) for _ in range(connections))
    by_number = {each.socket.fileno(): each for each in free}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    total, sent, took = int(rate * seconds), 0, list[float]()
    gc.disable()
    began = time.perf_counter()
    while len(took) < total:
        due = began + sent / rate
        while sent < total and free and time.perf_counter() >= due:
            free.popleft().ask(request, due)
            sent += 1
            due = began + sent / rate
        for number, _ in poll.poll(0):
            connection = by_number[number]
            if connection.answered():
                took.append(time.perf_counter() - connection.due)
                free.append(connection)
    reached = total / (time.perf_counter() - began)
    took.sort()
    at = {name: 1000 * took[min(int(part * total), total - 1)] for name, part in PERCENTILES.items()}
    return {**at, "rate": reached}


def main(port: str, rate: str, seconds: str, connections: str) -> None:
    """Read the request, ask, and print the figures as JSON."""
    found = load(int(port), float(rate), float(seconds), int(connections), sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
