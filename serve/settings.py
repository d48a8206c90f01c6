"""How the service is run: read once from the environment, the same in every worker."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast, get_args

from forecasting.errors import InputError, Problem

Grant = Literal["scores", "weights", "admin"]
"""What a key may do: read scores, read what the funding step makes of them, watch the service."""

GRANTS: Final[tuple[Grant, ...]] = get_args(Grant)
READS: Final[frozenset[Grant]] = frozenset({"scores", "weights"})

OPEN: Final = "SERVE_OPEN"
RATE: Final = "SERVE_RATE"
RATE_OPEN: Final = "SERVE_RATE_OPEN"
ORIGINS: Final = "SERVE_ORIGINS"
BODY: Final = "SERVE_BODY"
LOG: Final = "SERVE_LOG"
SHARED: Final = "SERVE_SHARED"
WORKERS: Final = "SERVE_WORKERS"

_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Settings:
    """How the service is run.

    Parameters
    ----------
    open : frozenset of str
        What is granted to whoever brings no key; nothing, unless it is asked for.
    rate, rate_open : int
        Requests in a minute per key, and per client address without one; 0 is no limit.
    origins : frozenset of str
        Sites whose scripts may read the answers (CORS); ``*`` is every one.
    body : int
        Largest body of a request, in bytes.
    log : bool
        Whether each request is written to the access log.
    shared : Path or None
        Folder that the workers of one service share; None with one worker.
    workers : int
        How many processes answer.
    """

    open: frozenset[Grant] = field(default=frozenset())
    rate: int = 6000
    rate_open: int = 600
    origins: frozenset[str] = field(default=frozenset())
    body: int = 1 << 20
    log: bool = True
    shared: Path | None = None
    workers: int = 1


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment names, the defaults for the rest.

    Raises
    ------
    InputError
        Naming every variable that cannot be used.
    """
    said = os.environ if environment is None else environment
    reader = _Reader(said)
    settings = Settings(
        open=reader.grants(),
        rate=reader.count(RATE, Settings.rate),
        rate_open=reader.count(RATE_OPEN, Settings.rate_open),
        origins=frozenset(said.get(ORIGINS, "").replace(",", " ").split()),
        body=reader.count(BODY, Settings.body),
        log=reader.switch(LOG, Settings.log),
        shared=Path(said[SHARED]) if said.get(SHARED) else None,
        workers=reader.count(WORKERS, Settings.workers),
    )
    if reader.problems:
        raise InputError(reader.problems)
    return settings


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self.said, self.problems = said, list[Problem]()

    def grants(self) -> frozenset[Grant]:
        given = self.said.get(OPEN, "").strip().lower()
        if given in _YES:
            return READS
        named = set() if given in _NO else set(given.replace(",", " ").split())
        if named - set(GRANTS):
            self._refuse(OPEN, given, f"1, 0, or some of {', '.join(GRANTS)}")
        return frozenset(cast(Grant, name) for name in named)

    def count(self, name: str, default: int) -> int:
        given = self.said.get(name, "").strip()
        if given and not given.isdecimal():
            self._refuse(name, given, "a whole number, 0 or more")
            return default
        return int(given) if given else default

    def switch(self, name: str, default: bool) -> bool:
        given = self.said.get(name, "").strip().lower()
        if given not in _YES | _NO:
            self._refuse(name, given, "1 or 0")
        return given in _YES if given else default

    def _refuse(self, name: str, given: str, expected: str) -> None:
        self.problems.append(Problem(name, repr(given), expected, f"change the variable {name} or unset it"))
