"""Soak: half the service's maximum load for minutes, with another release promoted every twenty seconds.

Over plain HTTP, on `python -m serve` with keys, limits, logs and metrics on; ``SOAK_SECONDS`` shortens it.
"""

import asyncio
import gzip
import hashlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forecasting.pipeline import build_snapshot
from forecasting.records import append, replace_file
from forecasting.snapshot import Snapshot, write_snapshot
from forecasting.sources.demo import generate
from serve.keys import create_key

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
MOVE_EVERY = 20.0
CONNECTIONS = 16
BURST_SECONDS = 6.0
FOLLOWED_WITHIN = 5.0
MOST_GROWTH = 0.05
LEAST_PACE = 0.75
"""Of the rate asked: other work on the machine may slow a run after the maximum was measured."""
CATCH_UP = 1.0
"""Seconds of lateness that a caller makes good; a longer pause of this machine is not followed by a burst."""

PAGES = (
    *("/v1/gaps?limit=50", "/v1/gaps?limit=50&horizon=5&lang=nl", "/v1/gaps?order=rank&limit=10"),
    *("/v1/meta", "/v1/releases", "/v1/occupations", "/v1/regions", "/v1/skills?limit=20"),
    *("/v1/questions/shortages?limit=50", "/v1/weights?limit=20"),
)
"""Answered by whatever release is in service."""
PINNED = ("/v1/gaps?limit=50&release={}", "/v1/occupations?release={}")
WHOLE = ("/v1/bulk/gaps.csv", "/v1/bulk/openings.json", "/v1/bulk/supply.parquet", "/")
WHOLE_EVERY = 50
"""Whole tables are asked now and then: each costs as much as many pages."""
ENCODINGS = ("", "gzip", "gzip", "zstd")


@dataclass
class Response:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Account:
    """What the load saw: each complaint once with how often, and every body under its ETag."""

    faults: Counter[str] = field(default_factory=Counter)
    bodies: dict[tuple[str, str, str], tuple[str, bytes]] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    answered: int = 0
    not_modified: int = 0
    slowest: float = 0.0


class Connection:
    """One kept-alive connection: a request out, a response in, nothing more than the load needs."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, **headers: str) -> Response:
        """Ask once; an error of the connection is the caller's to count."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        reader, writer = self.streams
        lines = [f"GET {path} HTTP/1.1", "Host: soak", f"Authorization: Bearer {self.key}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head, *told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in told)}
        status = int(head.split()[1])
        if found.get("transfer-encoding") == "chunked":
            body = await _chunks(reader)
        else:
            body = await reader.readexactly(0 if status == 304 else int(found.get("content-length", "0")))
        if found.get("connection") == "close":
            self.close()
        return Response(status, found, body)

    def close(self) -> None:
        """Hang up."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


def judge(account: Account, path: str, asked: dict[str, str], got: Response, known: set[str]) -> None:
    """Count what is wrong with an answer: its status, its release, or a body that is not its ETag's."""
    etag, release = got.headers.get("etag", ""), got.headers.get("x-release", "")
    pinned = path.partition("release=")[2].partition("&")[0]
    if got.status not in (200, 304):
        account.faults[f"{got.status} {path}: {got.body[:200]!r}"] += 1
        return
    if release not in known or (pinned and release != pinned):
        account.faults[f"X-Release {release!r} {path}"] += 1
    if not etag:
        account.faults[f"no ETag {path}"] += 1
    if not pinned:
        account.seen.setdefault(release, time.monotonic())
    if got.status == 304:
        account.not_modified += 1
        if asked.get("If_None_Match") != etag:
            account.faults[f"304 with another ETag {path}"] += 1
        return
    digest = hashlib.blake2b(got.body, digest_size=16).digest()
    place = (path, got.headers.get("content-encoding", ""), etag)
    if place not in account.bodies:
        account.bodies[place] = (release, digest)
        if (inside := _release_of(got)) not in (None, release):
            account.faults[f"the body of {path} names {inside}, its header {release}"] += 1
    elif account.bodies[place] != (release, digest):
        account.faults[f"another body or release under the same ETag {place}"] += 1


def _release_of(got: Response) -> str | None:
    """Return the release that a JSON body says it is from; None where it has no such block."""
    encoding = got.headers.get("content-encoding", "")
    if "json" not in got.headers.get("content-type", "") or encoding not in ("", "gzip"):
        return None
    told = json.loads(gzip.decompress(got.body) if encoding else got.body)
    block = told.get("release") if isinstance(told, dict) else None
    return str(block["release"]) if isinstance(block, dict) else None


async def caller(
    number: int, port: int, key: str, account: Account, known: set[str], every: float, until: float
) -> None:
    """Ask again and again, `every` seconds apart, or at once where that is 0."""
    connection, turn, etags = Connection(port, key), number * 7, dict[str, str]()
    pages = [*PAGES, *(path.format(release) for path in PINNED for release in sorted(known))]
    due = time.monotonic() + every * number / CONNECTIONS
    while (now := time.monotonic()) < until:
        if every:
            await asyncio.sleep(max(due - now, 0))
            due = max(due + every, now - CATCH_UP)
        turn += 1
        paths = pages if turn % WHOLE_EVERY else WHOLE
        path, encoding = paths[turn // 2 % len(paths)], ENCODINGS[turn // len(paths) % len(ENCODINGS)]
        asked = {"Accept_Encoding": encoding}
        if turn % 3 == 0 and (path + encoding) in etags:
            asked["If_None_Match"] = etags[path + encoding]
        begun = time.monotonic()
        try:
            got = await asyncio.wait_for(connection.get(path, **asked), 30)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            account.faults[f"{type(error).__name__} {path}"] += 1
            connection.close()
            continue
        account.slowest = max(account.slowest, time.monotonic() - begun)
        account.answered += 1
        etags[path + encoding] = got.headers.get("etag", "")
        judge(account, path, asked, got, known)
    connection.close()


async def load(port: int, key: str, account: Account, known: set[str], rate: float, seconds: float) -> float:
    """Return requests a second over some seconds at a rate; as fast as it goes where that is 0."""
    begun, before = time.monotonic(), account.answered
    every = CONNECTIONS / rate if rate else 0.0
    calls = (
        caller(number, port, key, account, known, every, begun + seconds) for number in range(CONNECTIONS)
    )
    await asyncio.gather(*calls)
    return (account.answered - before) / (time.monotonic() - begun)


@dataclass
class Place:
    """A store with some releases, and the service over it."""

    store: Path
    releases: list[str]
    key: str
    moves: list[tuple[float, str]] = field(default_factory=list)

    def promote(self, release: str) -> None:
        """Promote as the command does: a line in the log, then the pointer, each in one step."""
        said = {"release": release, "version": str(self.releases.index(release) + 1)}
        said["promoted_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        append(self.store / "promotions.jsonl", {**said, "promoted_by": "soak", "why": "soak"})
        replace_file(self.store / "champion.json", json.dumps(said).encode())
        self.moves.append((time.monotonic(), release))


@pytest.fixture
def place(tmp_path: Path, parameters) -> Place:
    """Make three releases of the demonstration region that differ in their scores."""
    built = build_snapshot(generate(size="test").region, parameters, seed=1, code="soak")
    releases = []
    (tmp_path / "releases").mkdir()
    for number in range(3):
        gaps = built.tables["gaps"].copy()
        gaps["score"] = gaps["score"] * (1 - number / 100)
        made = tmp_path / "releases" / "made"
        changed = Snapshot({**built.tables, "gaps": gaps}, built.manifest, built.draws)
        name = write_snapshot(changed, made)[:12]
        made.rename(made.with_name(name))
        releases.append(name)
    secret, _ = create_key(tmp_path, "soak", ["scores", "weights", "admin"], None, 10**9)
    found = Place(tmp_path, releases, secret)
    for release in releases:  # each was in service once, so that each can be asked by its name
        found.promote(release)
    return found


@pytest.fixture
def server(place: Place):
    """Run the service as it is run, and stop it as a system stops it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "serve", "--port", str(port), "--store", str(place.store)]
    log = place.store / "served.log"
    with log.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=written) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield port, process
        process.send_signal(signal.SIGTERM)
        stopped = process.wait(timeout=60)
    assert stopped in (0, -signal.SIGTERM)
    assert "Traceback" not in log.read_text(errors="replace")


async def mover(place: Place, until: float) -> None:
    """Move the champion round the releases."""
    turn = 0
    while time.monotonic() + MOVE_EVERY < until:
        await asyncio.sleep(MOVE_EVERY)
        turn += 1
        await asyncio.to_thread(place.promote, place.releases[turn % len(place.releases)])


async def watcher(
    pid: int, port: int, place: Place, memory: list[float], late: list[str], until: float
) -> None:
    """Note the memory of the process in MiB each second, and which moves the service was slow to follow."""
    connection = Connection(port, place.key)
    while time.monotonic() < until:
        memory.append(resident(pid))
        moved, release = place.moves[-1]
        metrics = await connection.get("/metrics")
        got = await connection.get("/readyz")
        if metrics.status != 200 or got.status != 200:
            late.append(f"/metrics {metrics.status}, /readyz {got.status} {got.body[:300]!r}")
        if time.monotonic() - moved > FOLLOWED_WITHIN and got.headers.get("x-release") != release:
            late.append(f"{got.headers.get('x-release')} is served, {release} was promoted")
        await asyncio.sleep(1)
    connection.close()


def resident(pid: int) -> float:
    """Return resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_half_the_maximum_for_minutes_while_the_champion_moves(place: Place, server, capsys) -> None:
    port, process = server
    account, known = Account(), set(place.releases)
    memory: list[float] = []
    late: list[str] = []

    async def soak() -> tuple[float, float]:
        await load(port, place.key, account, known, 0, 2.0)
        most = await load(port, place.key, account, known, 0, BURST_SECONDS)
        until = time.monotonic() + SECONDS
        reached, *_ = await asyncio.gather(
            load(port, place.key, account, known, most / 2, SECONDS),
            mover(place, until),
            watcher(process.pid, port, place, memory, late, until),
        )
        return most, reached

    most, reached = asyncio.run(soak())
    warm = memory[int(min(3.5 * MOVE_EVERY, SECONDS / 3)) :]
    early, last = (statistics.median(part) for part in (warm[: len(warm) // 4], warm[-len(warm) // 4 :]))
    with capsys.disabled():
        sys.stdout.write(
            f"\nsoak: {SECONDS:.0f} s, maximum {most:,.0f}/s, held {reached:,.0f}/s, "
            f"{account.answered:,} answers ({account.not_modified:,} of them 304), "
            f"{len(place.moves) - 3} moves, slowest {account.slowest:.2f} s, "
            f"memory {memory[0]:.0f}, after warm-up {early:.0f}, at the end {last:.0f} MiB\n"
        )
    assert not account.faults, account.faults.most_common(10)
    assert not late, late[:5]
    assert set(account.seen) == {release for _, release in place.moves[2:]}
    assert reached >= LEAST_PACE * most / 2
    assert last <= (1 + MOST_GROWTH) * early
