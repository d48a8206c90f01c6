"""What the workers of one service share: a folder for as long as it runs, and a place in it for each."""

import fcntl
import mmap
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from forecasting.errors import ForecastingError

SPARE: Final = 2
"""Places more than workers: one that is being replaced may still hold its own."""


@dataclass(frozen=True)
class Place:
    """Where one worker counts.

    Parameters
    ----------
    folder : Path or None
        What all share; None where one worker is alone, and counts in its own memory.
    own : int
        Its number, below ``places``.
    places : int
        How many there are.
    """

    folder: Path | None = None
    own: int = 0
    places: int = 1
    lock: int = field(default=-1, repr=False)

    def cells(self, name: str, count: int) -> memoryview:
        """Return whole numbers of 64 bits, zero at first, that every worker reads and writes."""
        size = 8 * count
        if self.folder is None:
            return memoryview(bytearray(size)).cast("Q")
        handle = os.open(self.folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, size)
            return memoryview(mmap.mmap(handle, size)).cast("Q")
        finally:
            os.close(handle)


def take_place(folder: Path | None, workers: int) -> Place:
    """Return the first free place; it becomes free again when the process ends, however it ends.

    Raises
    ------
    ForecastingError
        If more workers run than the folder was made for.
    """
    if folder is None:
        return Place()
    places = workers + SPARE
    for own in range(places):
        lock = os.open(folder / f"worker-{own}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return Place(folder, own, places, lock)
    raise ForecastingError(f"{folder}: {places} workers already share it. Do: start one service at a time.")
