"""Processes of the part `api`: servers that are started and stopped, wrk, and what a server took."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.api_stalls import ANSWERING, ASKING, on_core
from tests.conftest import ROOT

PATIENCE: Final = 60.0
CONNECTIONS: Final = 16
MIB: Final = 2**20
_TICK: Final = os.sysconf("SC_CLK_TCK")
_REQUESTS: Final = re.compile(r"(\d+) requests in ")
_RATE: Final = re.compile(r"Requests/sec:\s+([\d.]+)")
_FAULT: Final = re.compile(r"Socket errors.*|Non-2xx.*")


@dataclass(frozen=True)
class Answered:
    """One whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True)
class Server:
    """One that runs.

    Parameters
    ----------
    port, pid : int
    started : float
        Seconds from the start of the process to its first answer.
    """

    port: int
    pid: int
    started: float

    def get(self, path: str, headers: Mapping[str, str]) -> Answered:
        """Return the answer to one request, without the date that uvicorn adds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers=dict(headers))
        with connection.getresponse() as response:
            told = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.getheaders()]
            body = response.read()
        connection.close()
        return Answered(response.status, [pair for pair in told if pair[0] != b"date"], body)

    def cpu(self) -> float:
        """Return the seconds of processor time that the process took so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> tuple[float, float]:
        """Return the memory in use and the most so far, in MiB."""
        told = Path(f"/proc/{self.pid}/status").read_text("ascii")
        now, most = (int(re.search(rf"{name}:\s+(\d+) kB", told)[1]) for name in ("VmRSS", "VmHWM"))  # type: ignore[index]
        return now * 1024 / MIB, most * 1024 / MIB


@contextmanager
def running(command: list[str], port: int, path: str, folder: Path, **settings: str) -> Iterator[Server]:
    """Run a Python module that listens on a port, until the block ends.

    Parameters
    ----------
    path : str
        Address whose first answer says that it is up; any status will do.
    folder : Path
        Gets its access log.
    settings : str
        Variables of its environment.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SERVE_")}
    with (folder / f"{port}.log").open("wb") as log:
        began = time.perf_counter()
        words = [*on_core(ANSWERING), sys.executable, "-m", *command]
        process = subprocess.Popen(words, cwd=ROOT, env={**kept, **settings}, stdout=log, stderr=log)
        try:
            _wait(process, port, path, folder / f"{port}.log")
            yield Server(port, process.pid, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def _wait(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            Server(port, process.pid, 0.0).get(path, {})
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no server on port {port}: {log.read_text('utf-8')[-2000:]}") from error
            time.sleep(0.01)
        else:
            return


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wrk_command(seconds: float, headers: Mapping[str, str], address: str) -> list[str]:
    """Return the words of one run of wrk: one thread, as one worker answers."""
    fields = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    return ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", *fields, address]


def wrk(server: Server, path: str, headers: Mapping[str, str], seconds: float) -> tuple[float, float]:
    """Return the requests a second that a server answered, and its processor's microseconds for each.

    Raises
    ------
    RuntimeError
        If an answer failed.
    """
    command, cpu = wrk_command(seconds, headers, f"http://127.0.0.1:{server.port}{path}"), server.cpu()
    told = subprocess.run([*on_core(ASKING), *command], capture_output=True, text=True, check=True).stdout
    spent = server.cpu() - cpu
    if fault := _FAULT.search(told):
        raise RuntimeError(f"{' '.join(command)}: {fault[0]}")
    rate, count = _RATE.search(told), _REQUESTS.search(told)
    if rate is None or count is None:
        raise RuntimeError(f"{' '.join(command)} told {told!r}")
    return float(rate[1]), 1e6 * spent / int(count[1])
