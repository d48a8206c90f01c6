"""Files that outlive a crash: replaced in one step, chained line by line by hashes, held by one process.

What was served, why, and what was paid on it is kept in such files, by the commands and by the follower.
"""

import fcntl
import getpass
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from forecasting.errors import ForecastingError

Entry = dict[str, Any]

BUSY: Final = ".promotion.lock"
"""Held in a store by whoever changes what is in service, what is kept, or what was paid on it."""

_PAUSE: Final = 0.1


def read_chain(path: Path) -> list[Entry]:
    """Return every line of a chained file, oldest first, after checking the chain.

    Raises
    ------
    ForecastingError
        If a line was changed, removed or cannot be read.
    """
    entries: list[Entry] = []
    previous = ""
    for number, line in enumerate(_lines(path), start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {}
        if not isinstance(entry, dict) or entry.get("previous") != previous:
            raise ForecastingError(
                f"{path}, line {number}: found a broken chain; expected the hash of the line before. "
                "Do: restore the file from a backup; the releases themselves are untouched."
            )
        entries.append(entry)
        previous = hashlib.sha256(line).hexdigest()
    return entries


def chained(path: Path, entry: Mapping[str, Any]) -> bytes:
    """Return what a chained file holds once a line is added to it.

    Raises
    ------
    ForecastingError
        If the chain is broken: nothing is chained to a broken end.
    """
    read_chain(path)
    before = path.read_bytes() if path.is_file() else b""
    lines = _lines(path)
    previous = hashlib.sha256(lines[-1]).hexdigest() if lines else ""
    line = json.dumps({**entry, "previous": previous}, sort_keys=True, ensure_ascii=False).encode()
    return before + line + b"\n"


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add a line to a chained file, whole or not at all.

    Raises
    ------
    ForecastingError
        If the chain is broken: nothing is chained to a broken end.
    """
    replace_file(path, chained(path, entry))


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.is_file() else []


@contextmanager
def replacing(path: Path, content: bytes) -> Iterator[None]:
    """Have content ready on the disk, and put it in the place of a file in one step once the block succeeded.

    A full disk is so told before the block, not after it.
    """
    with naming(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    aside = Path(name)
    try:
        with naming(path), os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(0o644)
        yield
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes) -> None:
    """Put content in the place of a file in one step, on the disk before it counts."""
    with replacing(path, content):
        pass


def settle(folder: Path) -> None:
    """Wait until the files of a folder are on the disk, so that a pointer to it may be written."""
    for path in (*folder.rglob("*"), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def naming(place: Path) -> Iterator[None]:
    """Name the place in an error of the disk that names none."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(place)
        raise


@contextmanager
def held(path: Path, act: str, patience: float = 0) -> Iterator[None]:
    """Hold a lock file while the block runs; it goes with the process that holds it.

    Parameters
    ----------
    act : str
        What is done meanwhile, as those who find it held are told.
    patience : float
        Seconds to wait for another holder.

    Raises
    ------
    ForecastingError
        If another process holds it for longer.
    """
    deadline = time.monotonic() + patience
    with path.open("a+", encoding="utf-8") as lock:
        while not _locked(lock):
            if time.monotonic() >= deadline:
                lock.seek(0)
                raise ForecastingError(
                    f"{path.parent}: another {lock.read().strip() or act} is under way. "
                    "Do: wait until it has ended, then try again."
                )
            time.sleep(_PAUSE)
        _sign(lock, act)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(lock: IO[str], act: str) -> None:
    """Say who holds it; a disk too full for that is no reason to stop."""
    with suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), f"{act} by {getpass.getuser()}, process {os.getpid()},".encode())
