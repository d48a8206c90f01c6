"""Which release is served: the champion on disk, followed without a restart and without ever going dark."""

import gc
import json
import logging
import re
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from forecasting.errors import ForecastingError, InputError, Problem
from serve.about import rehearse
from serve.archive import Archive
from serve.release import Champion, Release, load_release

logger = logging.getLogger(__name__)

CHAMPION: Final = "champion.json"
RELEASES: Final = "releases"
PROMOTIONS: Final = "promotions.jsonl"
RETRY_SECONDS: Final = 30.0
"""A refused release is tried again after this long: the disk may have been at fault, not the release."""

_ID: Final = re.compile(r"[0-9a-f]{12}")
_Mark = tuple[int, int, int] | None


@dataclass(frozen=True)
class Refused:
    """A release that could not be loaded.

    Parameters
    ----------
    release : str or None
        Its id, where the pointer could be read.
    why : str
        What is wrong with it and what to do.
    retry_at : float
        When to try again, on the monotonic clock.
    """

    release: str | None
    why: str
    retry_at: float


@dataclass(frozen=True)
class Serving:
    """What is served at one moment; replaced as a whole, never changed.

    Parameters
    ----------
    release : Release or None
        The release that answers.
    refused : Refused or None
        A newer one that was promoted but cannot be loaded.
    mark : tuple or None
        Identity of the pointer file that led here; None while there is no pointer.
    """

    release: Release | None = None
    refused: Refused | None = None
    mark: _Mark = None

    def showing(self, release: Release) -> "Serving":
        """Return the same moment, as seen by a request that asks for another release."""
        return replace(self, release=release)


class Store:
    """The releases in a folder.

    Parameters
    ----------
    folder : Path
        Holds ``champion.json`` and ``releases/``; may still be empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.archive = folder, Archive(folder)
        self._pointer = folder / CHAMPION
        self._serving = Serving()
        self._lock = threading.Lock()

    @property
    def serving(self) -> Serving:
        """What is served now, without looking at the disk."""
        return self._serving

    def stale(self) -> bool:
        """Return whether the pointer on disk changed, or a refused release is due for another try."""
        serving = self._serving
        due = serving.refused is not None and time.monotonic() >= serving.refused.retry_at
        return due or _mark(self._pointer) != serving.mark

    def current(self) -> Serving:
        """Return what is served, after loading a newly promoted release.

        One thread loads; the others are answered by the old release meanwhile, or wait if there is none.
        """
        if self.stale() and self._lock.acquire(blocking=self._serving.release is None):
            try:
                if self.stale():
                    self._serving = self._follow()
                    give_back()
            finally:
                self._lock.release()
        return self._serving

    def _follow(self) -> Serving:
        """Return the state that the pointer asks for; a failure keeps the release that is served."""
        before = self._serving
        mark = _mark(self._pointer)
        if mark is None and before.release is None:
            return Serving()
        champion = None
        try:
            champion = read_champion(self.folder)
            if before.release is not None and before.release.champion == champion:
                return replace(before, refused=None, mark=mark)
            release = load_release(self.folder / RELEASES / champion.release, champion)
            rehearse(release)
        except Exception as error:  # whatever is wrong with a new release, the old one serves on
            logger.exception("refused the release named in %s", self.folder / CHAMPION)
            return replace(before, mark=mark, refused=self._refused(champion, error))
        logger.info("serving release %s, version %s", champion.release, champion.version)
        return Serving(release, None, mark)

    def _refused(self, champion: Champion | None, error: Exception) -> Refused:
        """Return what readiness tells: where in the store, not where on this machine."""
        known = isinstance(error, ForecastingError)
        why = str(error) if known else f"{type(error).__name__}; the cause is in the log"
        release = champion.release if champion else None
        return Refused(release, why.replace(f"{self.folder}/", ""), time.monotonic() + RETRY_SECONDS)


def give_back() -> None:
    """Return the memory of releases that nobody is answered from any more.

    A release and its views of scenarios hold each other, so that it would wait for a full collection, and
    many moves in a row would hold many releases.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()


def _mark(path: Path) -> _Mark:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


def read_champion(folder: Path) -> Champion:
    """Return what ``champion.json`` points to.

    Raises
    ------
    InputError
        If it is missing, cannot be read, or names no release in the folder.
    """
    path = folder / CHAMPION
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        champion = Champion(str(said["release"]), str(said["version"]), str(said["promoted_at"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        given = f"{type(error).__name__} {error}"
        raise _unusable(path, given, "a pointer with release, version and promoted_at") from error
    if not _ID.fullmatch(champion.release):
        raise _unusable(path, f"release {champion.release!r}", "12 lowercase hexadecimal digits")
    if not (folder / RELEASES / champion.release).is_dir():
        raise _unusable(path, f"release {champion.release}", f"a folder of that name in {folder / RELEASES}")
    return champion


def _unusable(path: Path, given: str, expected: str) -> InputError:
    remedy = "promote a version: python -m training promote VERSION"
    return InputError([Problem(str(path), given, expected, remedy)])
