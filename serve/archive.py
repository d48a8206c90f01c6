"""Releases beside the one in service: what was served when, and older ones loaded when they are asked."""

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from forecasting.errors import ForecastingError
from forecasting.records import read_chain
from serve.about import rehearse
from serve.release import Champion, Release, load_release

PROMOTIONS: Final = "promotions.jsonl"
RELEASES: Final = "releases"
KEPT_BYTES: Final = 256 * 1024 * 1024
"""Tables of older releases that stay in memory; the one asked last stays, whatever its size."""


@dataclass(frozen=True)
class Promotion:
    """One line of the log of promotions.

    Parameters
    ----------
    champion : Champion
        What it put in service.
    since : str
        When it came into service here.
    why : str
        The reason given.
    rollback_from : str or None
        The release that it took back.
    """

    champion: Champion
    since: str
    why: str
    rollback_from: str | None


class Archive:
    """The releases of a store that were ever in service.

    Parameters
    ----------
    folder : Path
        The store.
    kept_bytes : int
        Bound of the tables in memory.
    """

    def __init__(self, folder: Path, kept_bytes: int = KEPT_BYTES) -> None:
        self.folder, self.kept_bytes = folder, kept_bytes
        self._loaded: OrderedDict[Champion, Release] = OrderedDict()
        self._lock = threading.Lock()
        self._log: tuple[object, tuple[Promotion, ...]] = (None, ())

    def promotions(self, current: Champion | None = None) -> tuple[Promotion, ...]:
        """Return every promotion, oldest first, ending with the one in service.

        Raises
        ------
        ForecastingError
            If the log's chain is broken.
        """
        path = self.folder / PROMOTIONS
        stat = path.stat() if path.exists() else None
        mark = None if stat is None else (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if mark is None or mark != self._log[0]:
            found = tuple(_promotion(entry) for entry in read_chain(path)) if mark else ()
            self._log = (mark, found)
        known = self._log[1]
        if current is not None and (not known or known[-1].champion.release != current.release):
            known = (*known, Promotion(current, current.promoted_at, "", None))
        return known

    def present(self, release: str) -> bool:
        """Return whether the release is still on the disk."""
        return (self.folder / RELEASES / release).is_dir()

    def load(self, champion: Champion, serving: Release | None) -> Release:
        """Return a release under the identity it was promoted with, from memory where it is there.

        Parameters
        ----------
        champion : Champion
            Which.
        serving : Release or None
            What is in service: its tables are shared, not read again.

        Raises
        ------
        ForecastingError
            If it cannot be read or presented.
        """
        if serving is not None and serving.champion == champion:
            return serving
        with self._lock:
            if champion not in self._loaded:
                self._loaded[champion] = self._read(champion, serving)
            self._loaded.move_to_end(champion)
            while len(self._loaded) > 1 and self.loaded_bytes > self.kept_bytes:
                self._loaded.popitem(last=False)
            return self._loaded[champion]

    @property
    def loaded_bytes(self) -> int:
        """Bytes of the tables that older releases keep in memory."""
        return sum(release.size for release in self._loaded.values())

    def _read(self, champion: Champion, serving: Release | None) -> Release:
        known = [release for release in (serving, *self._loaded.values()) if release is not None]
        for release in known:
            if release.champion.release == champion.release:
                return replace(release, champion=champion)
        release = load_release(self.folder / RELEASES / champion.release, champion)
        try:
            rehearse(release)
        except (KeyError, ValueError) as error:
            told = f"release {champion.release}: {type(error).__name__} while it was presented"
            raise ForecastingError(f"{told}. Do: serve it with the code that built it.") from error
        return release


def _promotion(entry: dict[str, Any]) -> Promotion:
    told = Champion(str(entry["release"]), str(entry["version"]), str(entry["promoted_at"]))
    since = str(entry.get("mirrored_at") or entry["promoted_at"])
    return Promotion(told, since, str(entry.get("why") or ""), entry.get("rollback_from"))


def served_on(promotions: Sequence[Promotion], day: dt.date) -> Champion | None:
    """Return what was in service at the end of a day (UTC), None before the first."""
    earlier = [each for each in promotions if each.since[:10] <= day.isoformat()]
    return earlier[-1].champion if earlier else None


def before(promotions: Sequence[Promotion], release: str) -> Champion | None:
    """Return the other release that was in service just before a release's last promotion, if any was."""
    ids = [each.champion.release for each in promotions]
    last = len(ids) - ids[::-1].index(release) if release in ids else 0
    return next(
        (each.champion for each in reversed(promotions[:last]) if each.champion.release != release), None
    )


def first_of(promotions: Sequence[Promotion], release: str) -> Champion | None:
    """Return the identity that a release was first promoted with: the one that never changes."""
    return next((each.champion for each in promotions if each.champion.release == release), None)
