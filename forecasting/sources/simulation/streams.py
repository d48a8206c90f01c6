"""Random streams by name: each mechanism draws from its own, so that one more draw in one moves no other."""

import zlib

import numpy as np


class Streams:
    """Independent generators of one seed, by name and any whole numbers such as the month.

    Parameters
    ----------
    seed : int
        At least 0.

    Examples
    --------
    >>> one, other = Streams(1), Streams(1)
    >>> _ = one.at("skills").random()
    >>> bool(one.at("flows", 3).random() == other.at("flows", 3).random())
    True
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def at(self, name: str, *keys: int) -> np.random.Generator:
        """Return the generator of a mechanism at a moment, from its start."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode()), *keys])
