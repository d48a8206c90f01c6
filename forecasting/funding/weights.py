"""The rule of a funding weight: a cautious quantile, bands, a floor and a cap.

A weight rests on the *lower* quantile of the trainable gap, so that uncertainty does not buy money (METHOD.md
section 8.6). It is stated beside openings, so that small and large cells compare. No knowledge gives the
neutral weight; known to be nothing gives zero.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from forecasting.errors import ForecastingError
from forecasting.funding import words
from forecasting.parameters import Parameters
from forecasting.series.panel import Array

Ints = NDArray[np.int64]

NO_BAND: Final = -1
OCCUPATION: Final = "occupation"
SKILL: Final = "skill"

BAND: Final = words.BAND
NEUTRAL: Final = words.NEUTRAL
NOTHING_TRAINABLE: Final = words.NOTHING_TRAINABLE
MANDATORY_ONLY: Final = words.MANDATORY_ONLY
WORKING_CONDITIONS: Final = words.WORKING_CONDITIONS
UNCERTAIN: Final = words.UNCERTAIN
ZERO: Final = (NOTHING_TRAINABLE, MANDATORY_ONLY, WORKING_CONDITIONS, UNCERTAIN)


@dataclass(frozen=True)
class WeightRule:
    """How a trainable share becomes a weight.

    Parameters
    ----------
    quantile : float
        Of the trainable gap's draws; a lower one.
    edges : tuple of float
        Ascending shares of openings at which the next band begins.
    weights : tuple of float
        One per band, one more than there are edges, never falling.
    floor, cap : float
        Least and largest weight that is not zero, top-ups included.
    neutral : float
        Weight where nothing is known.
    step : float
        Largest change in a period.
    hysteresis : float
        Share of an edge that a cell must be past before it changes band.
    topups : mapping of str to float
        Factor by collection.
    topup_share : float
        Share of what is trainable that must be in the collection.
    conditions : float
        Share of unfilled openings due to working conditions from which they are the cause.
    groups : mapping of str to float
        Factor of an application for participants of a group.
    """

    quantile: float
    edges: tuple[float, ...]
    weights: tuple[float, ...]
    floor: float
    cap: float
    neutral: float
    step: float
    hysteresis: float
    topups: Mapping[str, float]
    topup_share: float
    conditions: float
    groups: Mapping[str, float]

    def __post_init__(self) -> None:
        """Refuse a rule that would contradict itself.

        Raises
        ------
        ForecastingError
            Naming what was given, what was expected and what to do.
        """
        factors = (*self.topups.values(), *self.groups.values())
        checks = {
            f"weight_quantile {self.quantile}": (0 < self.quantile <= 0.5, "above 0 and at most 0.5"),
            f"edges {self.edges}": (
                all(0 < low < high for low, high in zip(self.edges, self.edges[1:], strict=False))
                and min(self.edges, default=1.0) > 0,
                "ascending shares above 0",
            ),
            f"{len(self.weights)} weights": (
                len(self.weights) == len(self.edges) + 1,
                f"one per band: {len(self.edges) + 1}",
            ),
            f"weights {self.weights}": (list(self.weights) == sorted(self.weights), "none below the former"),
            f"floor {self.floor}, cap {self.cap}": (0 < self.floor <= self.cap, "0 < floor ≤ cap"),
            f"neutral {self.neutral}": (self.floor <= self.neutral <= self.cap, "from floor to cap"),
            f"step {self.step}": (self.step > 0, "above 0"),
            f"hysteresis {self.hysteresis}": (0 <= self.hysteresis < 1, "from 0 to below 1"),
            f"top-ups {factors}": (all(factor >= 1 for factor in factors), "factors of at least 1"),
        }
        for given, (right, expected) in checks.items():
            if not right:
                raise ForecastingError(
                    f"weight rule: {given}; expected {expected}. Do: correct parameters/funding.yaml."
                )

    @classmethod
    def of(
        cls, parameters: Parameters, kind: str = OCCUPATION, quantile: float | None = None
    ) -> "WeightRule":
        """Return the rule in force for occupations or skills; another quantile is a what-if."""
        rule, topups = parameters["weight_rule"], parameters["weight_topups"]
        return cls(
            quantile=parameters["weight_quantile"] if quantile is None else quantile,
            edges=tuple(rule["edges"][kind]),
            weights=tuple(rule["weights"]),
            **{name: rule[name] for name in ("floor", "cap", "neutral", "step", "hysteresis")},
            topups=topups["collections"],
            topup_share=topups["least_share"],
            conditions=parameters["conditions_cause"],
            groups=topups["groups"],
        )

    def clipped(self, weight: Array) -> Array:
        """Return weights between floor and cap; zero stays zero, NaN unknown."""
        return np.where(weight == 0, 0.0, np.clip(weight, self.floor, self.cap))

    def span(self, band: int) -> tuple[float, float]:
        """Return where a band begins and ends; the last has no end."""
        edges = (0.0, *self.edges, math.inf)
        return edges[band], edges[band + 1]


def order_of(quantile: float, draws: int) -> int:
    """Return which of the sorted draws is the quantile, from 0: a draw, not a point between two.

    Examples
    --------
    >>> order_of(0.25, 500)
    124
    """
    return max(math.ceil(quantile * draws - 1e-9), 1) - 1


def lower_quantile(draws: NDArray[np.floating], quantile: float) -> Array:
    """Return the quantile of each row, shape (cells,): one of its draws; NaN where any draw is unknown."""
    place = order_of(quantile, draws.shape[1])
    values = np.partition(draws, place, axis=1)[:, place].astype(np.float64)
    return np.where(np.isnan(draws).any(axis=1), np.nan, values)


def bands(share: Array, edges: tuple[float, ...]) -> Ints:
    """Return the band of each share, from 0; at an edge the higher one; `NO_BAND` where it is unknown."""
    found = np.searchsorted(np.array(edges), share, side="right")
    return np.where(np.isnan(share), NO_BAND, found).astype(np.int64)


def held_bands(share: Array, previous: Ints, rule: WeightRule) -> Ints:
    """Return bands that change only where the share is well past an edge.

    Parameters
    ----------
    previous : ndarray of int, shape (cells,)
        `NO_BAND` where there is none: the share's own band then.

    Notes
    -----
    Up only from edge × (1 + hysteresis) on, down only below edge × (1 − hysteresis): the former band, moved
    into the bands that are well reached.
    """
    up = bands(share, tuple(edge * (1 + rule.hysteresis) for edge in rule.edges))
    down = bands(share, tuple(edge * (1 - rule.hysteresis) for edge in rule.edges))
    own = bands(share, rule.edges)
    kept = np.clip(previous, up, down)
    return np.where((previous == NO_BAND) | (own == NO_BAND), own, kept).astype(np.int64)


def band_chance(draws: NDArray[np.floating], openings: Array, rule: WeightRule) -> Array:
    """Return the probability that a cell keeps its band if its draws were drawn again.

    Parameters
    ----------
    draws : ndarray of shape (cells, draws)
        Persons.
    openings : ndarray of shape (cells,)
        Persons, held.

    Notes
    -----
    The bootstrap of an order statistic in closed form: of n draws with replacement, those below an edge are
    binomial, and the quantile lies below the edge where at least its place of them do. No random numbers.
    """
    count = draws.shape[1]
    place = order_of(rule.quantile, count) + 1
    unit = np.where(openings > 0, openings, np.nan)
    share = lower_quantile(draws, rule.quantile) / unit
    below = [np.zeros(len(draws))]
    for edge in rule.edges:
        under = (draws < (edge * unit)[:, None]).sum(axis=1)
        below.append(binom.sf(place - 1, count, under / count))
    cumulated = np.stack([*below, np.ones(len(draws))])
    own = bands(share, rule.edges)
    at = np.arange(len(draws))
    chance = cumulated[np.clip(own, 0, None) + 1, at] - cumulated[np.clip(own, 0, None), at]
    return np.where(own == NO_BAND, np.nan, chance)


def banded(band: Ints, factor: Array, rule: WeightRule) -> Array:
    """Return the weight of each band with its top-ups, within floor and cap; neutral without a band."""
    weight = np.array(rule.weights)[np.clip(band, 0, None)] * factor
    return np.where(band == NO_BAND, rule.neutral, rule.clipped(weight))


def with_groups(weight: float, groups: tuple[str, ...], rule: WeightRule) -> float:
    """Return a weight with the inclusion top-ups of an application's participants: the largest one counts.

    Raises
    ------
    ForecastingError
        If a group is not declared.
    """
    unknown = [group for group in groups if group not in rule.groups]
    if unknown:
        raise ForecastingError(
            f"group {unknown[0]!r}; expected one of {', '.join(rule.groups)}. "
            "Do: use a declared group, or declare it in parameter weight_topups."
        )
    factor = max((rule.groups[group] for group in groups), default=1.0)
    return float(rule.clipped(np.array(weight * factor)))


def nullable(values: Any, known: Any, kind: str = "Int64") -> Any:
    """Return values as a column of pandas, null where they are not known."""
    column: Any = pd.Series(np.asarray(values))
    return column.astype(kind).where(pd.Series(np.asarray(known, dtype=bool))).array


def share_at_zero(weight: Array) -> float:
    """Return the share of the weights that are zero; NaN where there are none."""
    return float((weight == 0).mean()) if len(weight) else float("nan")
