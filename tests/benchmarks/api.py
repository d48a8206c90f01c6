"""Part `api`: the service beside an ASGI application that only sends the same bytes, as wrk sees both.

One worker each, on the machine that wrk runs on too. Short rounds alternate between the two, and the median
of their ratios counts: what else runs on the machine slows both. The 99th percentile is taken at half the
rate that wrk reached, by `tests.benchmarks.api_load`, for wrk itself cannot ask at a rate.
"""

import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from serve.keys import KEYS, create_key
from tests.benchmarks.api_load import PERCENTILES
from tests.benchmarks.api_servers import CONNECTIONS, Answered, Server, free_port, running, wrk, wrk_command
from tests.benchmarks.api_stalls import ASKING, LEAST, Stalls, on_core, stalls
from tests.benchmarks.api_stores import HORIZONS, OCCUPATIONS, REGIONS, SKILLS, flanders, large
from tests.benchmarks.report import Verdict, markdown, verdict_lines
from tests.conftest import ROOT

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "6"))
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "5"))
PAGE: Final = "/v1/gaps?limit=50&level=all"
READ: Final = ("/v1/meta", "/v1/skills", "/v1/occupations", "/v1/questions/shortages")
"""Asked of every release before memory is read, beside the page."""

P99_MS, MEMORY_MIB, COLD_SECONDS = 10.0, 600.0, 3.0
STARTS: Final = 3
FLANDERS: Final = "Flanders"
LARGE: Final = f"{OCCUPATIONS} occupations × {REGIONS} regions × {len(HORIZONS)} horizons × {SKILLS} skills"

_GZIP: Final = {"Accept-Encoding": "gzip"}
_OPEN: Final = {"SERVE_OPEN": "1", "SERVE_RATE_OPEN": "0", "SERVE_LOG": "0"}
_KEYED: Final = {"SERVE_OPEN": "0", "SERVE_RATE": "1000000000", "SERVE_LOG": "1"}
"""Keys, limits (counted, never reached) and the access log; metrics are always on."""


@dataclass(frozen=True)
class Case:
    """One kind of request, and the share of the bare application's rate that the service must reach."""

    name: str
    bar: float | None
    headers: dict[str, str]
    keyed: bool = False


@dataclass(frozen=True)
class Round:
    """What wrk told of both: requests a second, and processor time for each in microseconds."""

    bare: tuple[float, float]
    service: tuple[float, float]


@dataclass(frozen=True)
class Result:
    """What one kind of request gave.

    Parameters
    ----------
    case : Case
    answer : Answered
        Of both.
    rounds : list of Round
    late : dict of str to float
        Percentiles in milliseconds at half the rate, the rate that was held, and the 99th percentile of the
        bare application at it; empty without a bar.
    """

    case: Case
    answer: Answered
    rounds: list[Round]
    late: dict[str, float]

    @property
    def ratios(self) -> list[float]:
        """Share of the bare application's rate in each round, lowest first."""
        return sorted(each.service[0] / each.bare[0] for each in self.rounds)

    def median(self, of: str) -> float:
        """Return a server's requests a second."""
        return statistics.median(getattr(each, of)[0] for each in self.rounds)


@dataclass(frozen=True)
class Measured:
    """Everything about one store.

    Parameters
    ----------
    results : list of Result
    memory : tuple of float
        In use after all of it, and the most, in MiB.
    cold : float
        Seconds from the start of the process to the first page.
    stalls : list of Stalls
        Pauses of the machine itself, before and after.
    """

    results: list[Result]
    memory: tuple[float, float]
    cold: float
    stalls: list[Stalls]


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part.

    Raises
    ------
    SystemExit
        If wrk is not there.
    """
    del until  # nothing here is of a month
    if shutil.which("wrk") is None:
        raise SystemExit("The part api needs wrk. Do: apt-get install wrk")
    stores = {FLANDERS: flanders(shared), LARGE: large()}
    found = {name: measure(store) for name, store in stores.items() if store is not None}
    absent = (
        [] if FLANDERS in found else [f"{FLANDERS} left out: its data is not in {shared} (SHARED_DATA).", ""]
    )
    return [
        *_explained(),
        *absent,
        *markdown(pd.DataFrame([row for name, one in found.items() for row in _rows(name, one)])),
        *markdown(pd.DataFrame([row for name, one in found.items() for row in _late_rows(name, one)])),
        *_paused([each for one in found.values() for each in one.stalls]),
        *verdict_lines(verdict for name, one in found.items() for verdict in _verdicts(name, one)),
    ]


def _explained() -> list[str]:
    machine = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown"
    )
    command = " ".join(wrk_command(SECONDS, _GZIP, f"http://127.0.0.1:PORT{PAGE}"))
    return [
        f"{machine}, {os.cpu_count()} cores, one for the server and one for what asks it. `{command}`, with "
        "`If-None-Match` for 304 and `X-API-Key` for *keyed*. *Open*: `SERVE_OPEN=1 SERVE_RATE_OPEN=0 "
        "SERVE_LOG=0`; *keyed*: a key for each request, its limit counted, the access log into a file; "
        "metrics always. *Bare*: `tests.benchmarks.api_bare`, the same status, headers and body. "
        f"{ROUNDS} rounds that alternate; *ratio*: the median of theirs, and the range. "
        "*Processor*: user and system time of the server for each request, the least of the rounds: what "
        "else runs on the machine only adds to it. At half the rate: `tests.benchmarks.api_load`, for wrk "
        "has no rate to set; the median of as many runs.",
        "",
    ]


def _paused(found: list[Stalls]) -> list[str]:
    shares = ", ".join(f"{each.share:.2%} (longest {each.longest_ms:.1f} ms)" for each in found)
    return [
        "**The machine itself**, before and after each store: two processes that only read the clock lost "
        f"{shares} of their time in pauses over {1000 * LEAST:g} ms. A server's percentiles hold these too.",
        "",
    ]


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text("utf-8").splitlines() if path.exists() else []


def measure(store: Path) -> Measured:
    """Run everything over one store."""
    (store / KEYS).unlink(missing_ok=True)
    before = stalls()
    secret, _ = create_key(store, "benchmark", ["scores"], 1)
    cases = _cases(secret)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        started = [_start(store, folder) for _ in range(STARTS + 1)][1:]  # the first compiles
        opened = stack.enter_context(_service(store, folder, _OPEN))
        keyed = stack.enter_context(_service(store, folder, _KEYED))
        cases = [_conditional(case, opened) for case in cases]
        served = [keyed if case.keyed else opened for case in cases]
        answers = [server.get(PAGE, case.headers) for case, server in zip(cases, served, strict=True)]
        bare = stack.enter_context(_bare(folder, answers))
        rounds: list[list[Round]] = [[] for _ in cases]
        for turn in range(ROUNDS):
            for number, (case, server) in enumerate(zip(cases, served, strict=True)):
                rounds[number].append(_round(turn, case, server, bare, number))
        late = [
            _load(case, turns, server, bare, number)
            for number, (case, turns, server) in enumerate(zip(cases, rounds, served, strict=True))
        ]
        results = [Result(*each) for each in zip(cases, answers, rounds, late, strict=True)]
        for release in sorted(each.name for each in (store / "releases").iterdir() if each.is_dir()):
            for address in (PAGE, *READ):
                opened.get(f"{address}{'&' if '?' in address else '?'}release={release}", _GZIP)
        return Measured(results, opened.memory(), statistics.median(started), [before, stalls()])


def _cases(secret: str) -> list[Case]:
    return [
        Case("page, open", 0.70, _GZIP),
        Case("304, open", 0.85, {**_GZIP, "If-None-Match": ""}),
        Case("page, keyed", 0.40, {**_GZIP, "X-API-Key": secret}, keyed=True),
        Case("page not packed, open", None, {}),
    ]


def _conditional(case: Case, server: Server) -> Case:
    """Return a case that names the tag of the page, where it names one."""
    if "If-None-Match" not in case.headers:
        return case
    tag = dict(server.get(PAGE, _GZIP).headers)[b"etag"].decode()
    return Case(case.name, case.bar, {**case.headers, "If-None-Match": tag}, case.keyed)


def _service(store: Path, folder: Path, settings: dict[str, str]) -> AbstractContextManager[Server]:
    port = free_port()
    return running(["serve", "--port", str(port), "--store", str(store)], port, PAGE, folder, **settings)


def _bare(folder: Path, answers: list[Answered]) -> AbstractContextManager[Server]:
    recorded = {_path(number): (a.status, a.headers, a.body) for number, a in enumerate(answers)}
    (folder / "recorded").write_bytes(pickle.dumps(recorded))
    port = free_port()
    command = ["tests.benchmarks.api_bare", str(port), str(folder / "recorded")]
    return running(command, port, _path(0), folder)


def _start(store: Path, folder: Path) -> float:
    """Return the seconds from the start of the process to its first page."""
    with _service(store, folder, _OPEN) as server:
        return server.started


def _path(number: int) -> str:
    """Return an address of the bare application that is as long as that of the page."""
    return f"/{number}{'x' * (len(PAGE) - 2)}"


def _round(turn: int, case: Case, service: Server, bare: Server, number: int) -> Round:
    """Return what both reach; who is first changes from round to round."""
    pair = [(bare, _path(number)), (service, PAGE)]
    told = [wrk(server, path, case.headers, SECONDS) for server, path in (pair if turn % 2 else pair[::-1])]
    first, second = told if turn % 2 else told[::-1]
    return Round(first, second)


def _load(case: Case, rounds: list[Round], service: Server, bare: Server, number: int) -> dict[str, float]:
    """Return the percentiles at half the rate that wrk reached, and what the bare application takes then."""
    if case.bar is None:
        return {}
    rate = statistics.median(each.service[0] for each in rounds) / 2
    runs = [(_asked(service, PAGE, case, rate), _asked(bare, _path(number), case, rate)) for _ in rounds]
    found = {name: statistics.median(one[name] for one, _ in runs) for name in runs[0][0]}
    return found | {"bare": statistics.median(one["p99"] for _, one in runs)}


def _asked(server: Server, path: str, case: Case, rate: float) -> dict[str, float]:
    """Return the percentiles of one run at a rate."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in case.headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode()
    words = [str(server.port), f"{rate:.0f}", f"{SECONDS:g}", str(CONNECTIONS)]
    command = [*on_core(ASKING), sys.executable, "-m", "tests.benchmarks.api_load", *words]
    done = subprocess.run(command, cwd=ROOT, input=request, capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _rows(store: str, found: Measured) -> Iterator[dict[str, str]]:
    for each in found.results:
        bare, service = (min(getattr(one, of)[1] for one in each.rounds) for of in ("bare", "service"))
        ratio = f"{statistics.median(each.ratios):.2f} ({each.ratios[0]:.2f}–{each.ratios[-1]:.2f})"
        yield {
            "what": f"{store}: {each.case.name}",
            "answer": f"{each.answer.status}, {len(each.answer.body):,} bytes",
            "bare, requests/s": f"{each.median('bare'):,.0f}",
            "service, requests/s": f"{each.median('service'):,.0f}",
            "ratio": ratio,
            "bar": "" if each.case.bar is None else f"{each.case.bar:.2f}",
            "processor, µs": f"{bare:.0f} → {service:.0f}",
            "of processor": f"{bare / service:.2f}",
        }


def _late_rows(store: str, found: Measured) -> Iterator[dict[str, str]]:
    for each in found.results:
        if each.late:
            yield {
                "at half the rate": f"{store}: {each.case.name}",
                "requests/s": f"{each.late['rate']:,.0f}",
                **{f"{name}, ms": f"{each.late[name]:.2f}" for name in PERCENTILES},
                "bare p99, ms": f"{each.late['bare']:.2f}",
            }


def _verdicts(store: str, found: Measured) -> Iterator[Verdict]:
    barred = [(each, each.case.bar) for each in found.results if each.case.bar is not None]
    for each, bar in barred:
        ratio, told = statistics.median(each.ratios), f"at least {bar:.0%} of the bare application"
        yield Verdict(f"{store}: {each.case.name}", told, f"{ratio:.0%}", ratio >= bar)
    for each, _ in barred:
        late, told = each.late["p99"], f"99th percentile under {P99_MS:.0f} ms at half the rate"
        yield Verdict(f"{store}: {each.case.name}", told, f"{late:.2f} ms", late < P99_MS)
    if store == FLANDERS:
        now, most = found.memory
        told = f"under {MEMORY_MIB:.0f} MB with every release asked"
        yield Verdict(f"{store}: memory", told, f"{now:.0f} MiB, at most {most:.0f}", most < MEMORY_MIB)
        told = f"first page under {COLD_SECONDS:.0f} s after the start"
        yield Verdict(f"{store}: cold start", told, f"{found.cold:.2f} s", found.cold < COLD_SECONDS)
