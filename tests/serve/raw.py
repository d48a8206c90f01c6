"""Bytes on a socket against the real server: what no HTTP client would let through."""

import contextlib
import re
import socket
import threading
import time

import uvicorn

from serve.wire import Wire

PATIENCE = 10


@contextlib.contextmanager
def serving(app):
    """Run the service on a free port and return it; stop it at the end."""
    config = uvicorn.Config(
        app, port=0, http=Wire, ws="none", log_level="critical", access_log=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


def request(method, target, headers=(), body=b""):
    """Return the bytes of a request; `host`, `connection` and `content-length` unless they are given."""
    given = {name.lower() for name, _ in headers}
    usual = [(b"host", b"test"), (b"connection", b"close")]
    usual += [(b"content-length", str(len(body)).encode())] if body else []
    lines = [(name, value) for name, value in usual if name not in given]
    lines += headers
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (
        method,
        target,
        b"".join(b"%s: %s\r\n" % pair for pair in lines),
        body,
    )


def ask(port, sent):
    """Send bytes and return status, headers and body of the answer, or None where the line was just cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        line.sendall(sent)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while not whole(received) and (piece := line.recv(65536)):
                received += piece
    return parsed(received)


def whole(received):
    """Return whether an answer is there with all of the body that it announces."""
    head, ended, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: ([0-9]+)", head.lower())
    return bool(ended and length) and len(body) >= int(length[1])


def parsed(received):
    """Return status, headers and body; None where nothing came."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    if not first:
        return None
    if first.startswith(b"HTTP/1.1 100 "):
        return parsed(body)
    named = {
        name.lower().decode(): value.strip().decode("latin-1")
        for name, _, value in (f.partition(b":") for f in fields)
    }
    return int(first.split()[1]), named, body
