"""Joint draws of skill shares at several times, one occupation at a time: all at once would not fit memory.

The same seed gives the same draws whichever occupation is asked for first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from forecasting.series.panel import Array
from forecasting.skill_evidence import Spread
from forecasting.skill_mentions import Codes
from forecasting.skill_shares import Levels, shares_of

_STREAM: Final = 7
"""Beside the seed, so that profiles do not stray with employment's shocks."""


@dataclass(frozen=True)
class ShareDraws:
    """Shares of ads as draws.

    Parameters
    ----------
    levels : Levels
        Of all pairs.
    spread : Spread or None
        How far shares stray from their forecast; None where nothing says it, and then all draws are one.
    skill : ndarray of int, shape (pairs,)
        Whose occupations stray together.
    times : tuple of float
        Years from the base year, ascending, that may be asked for.
    draws : int
    seed : int
    """

    levels: Levels
    spread: Spread | None
    skill: Codes
    times: tuple[float, ...]
    draws: int
    seed: int

    @property
    def certain(self) -> bool:
        """Return whether all draws are the same."""
        if self.spread is None:
            return True
        moving = self.spread.variance[-1] + self.spread.own_at(self.spread.times[-1])
        return moving <= 0 and not self.levels.variance.any()

    @property
    def future(self) -> tuple[float, ...]:
        """Return the times after the base year."""
        return tuple(time for time in self.times if time > 0)

    @cached_property
    def _by_skill(self) -> Array:
        """Return the shocks that a skill's occupations share, shape (future times, skills, draws)."""
        if self.spread is None:
            raise ValueError("no spread; expected one of past errors")
        shape = (len(self.future), int(self.skill.max(initial=-1)) + 1, self.draws)
        generator = np.random.default_rng([self.seed, _STREAM])
        signs = generator.integers(0, 2, shape, dtype=np.int8) * 2 - 1
        return (generator.choice(self.spread.shocks.astype(np.float32), shape) * signs).astype(np.float32)

    def of(self, rows: Codes, number: int, times: Sequence[float]) -> dict[float, Array]:
        """Return the shares of one occupation's pairs by time, each of shape (pairs, draws).

        Parameters
        ----------
        rows : ndarray of int, shape (pairs,)
        number : int
            Of the occupation: its stream of random numbers.
        times : sequence of float
            Some of `times`.

        Notes
        -----
        The level of the base year is drawn with the error that ads leave; a past level follows it by the
        smoother's regression; a future one by its drift, and by what past forecasts missed, of its skill and
        of its occupation alone.
        """
        if self.spread is None or self.certain:
            return {time: shares_of(self.levels.at(time)[rows])[:, None] for time in times}
        generator = np.random.default_rng([self.seed, _STREAM, number])
        size = (len(rows), self.draws)
        variance = self.levels.variance[rows, -1]
        off = np.sqrt(variance)[:, None] * generator.standard_normal(size, dtype=np.float32)
        drawn: dict[float, Array] = {}
        for time in self.times:
            if time <= 0:
                drawn[time] = self._past(time, rows, off, generator)
        strayed, earlier = off, 0.0
        for place, time in enumerate(self.future):
            common = self.spread.at(time) - (self.spread.at(earlier) if earlier else 0.0)
            own = generator.standard_normal(size, dtype=np.float32)
            strayed = strayed + np.sqrt(max(common, 0.0)) * self._by_skill[place, self.skill[rows]]
            alone = self.spread.own_at(time) - (self.spread.own_at(earlier) if earlier else 0.0)
            strayed = strayed + np.sqrt(max(alone, 0.0)) * own
            drawn[time] = self.levels.at(time)[rows][:, None] + strayed
            earlier = time
        return {time: shares_of(drawn[time]) for time in times}

    def _past(self, time: float, rows: Codes, off: Array, generator: np.random.Generator) -> Array:
        variance, link = (values[rows] for values in self.levels.spread_at(time))
        left = np.maximum(variance - link**2 * self.levels.variance[rows, -1], 0.0)
        own = np.sqrt(left)[:, None] * generator.standard_normal(off.shape, dtype=np.float32)
        return np.asarray(self.levels.at(time)[rows][:, None] + link[:, None] * off + own)
