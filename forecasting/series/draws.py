"""Draws of the future of a whole panel: one market shock a path, shared by all series.

Single series of a draw have the distribution whose quantiles `Calibration` gives. What draws add is that
their sums, over skills, occupations or the whole market, have the spread sums have.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from forecasting.series.conformal import GRID, Calibration
from forecasting.series.dependence import Numbers, group_numbers
from forecasting.series.market_shock import shared_normals
from forecasting.series.panel import Array, Panel

Draws = NDArray[np.float32]

_BLOCK: Final = 2_000_000
"""Draws of single cells held at a time."""


def draw(calibration: Calibration, forecast: Array, history: Panel, count: int, seed: int) -> Draws:
    """Return joint draws of the outcomes.

    Parameters
    ----------
    calibration : Calibration
    forecast : ndarray of shape (series, horizons)
        NaN gives NaN.
    history : Panel
        The same series up to the origin. Draws of two calls are not joint, so all that is to be summed goes
        in one call; `draw_sums` holds large panels.
    count : int
        Draws.

    Returns
    -------
    ndarray of shape (count, series, horizons)
        Never negative; whole numbers if the history is.
    """
    result = np.empty((count, *forecast.shape), dtype=np.float32)
    for rows, block in _blocks(calibration, forecast, history, count, seed):
        result[:, rows] = block
    return result


def draw_sums(
    calibration: Calibration, forecast: Array, history: Panel, groups: Numbers, count: int, seed: int
) -> Array:
    """Return joint draws of sums of series without holding the draws of the series.

    Parameters
    ----------
    groups : ndarray of int, shape (series,)
        Number of the sum each series goes into, from 0; all zeros for the market total.

    Returns
    -------
    ndarray of shape (count, sums, horizons)
        Series without a forecast are left out of their sum.
    """
    result = np.zeros((count, int(groups.max()) + 1, forecast.shape[1]))
    for rows, block in _blocks(calibration, forecast, history, count, seed):
        order = np.argsort(groups[rows], kind="stable")
        present, first = np.unique(groups[rows][order], return_index=True)
        ordered = np.nan_to_num(block[:, order].astype(float))
        result[:, present] += np.add.reduceat(ordered, first, axis=1)
    return result


def _blocks(
    calibration: Calibration, forecast: Array, history: Panel, count: int, seed: int
) -> Iterator[tuple[slice, Draws]]:
    """Yield the draws of a few series at a time, all with the same market and group shocks."""
    code = calibration.cells(forecast, history)
    middle = calibration.scale.forecasts(forecast)
    numbers = {
        name: number
        for name, number in group_numbers(history.index, calibration.label).items()
        if calibration.dependence.shared.get(name, 0) > 0
    }
    market, groups, own = np.random.default_rng(seed).spawn(3)
    shock = calibration.shock.draws(count, market)
    persistence, steps = calibration.dependence.persistence, len(calibration.horizons)
    common = {
        name: shared_normals(groups, (count, int(number.max()) + 1, steps), persistence)
        for name, number in numbers.items()
    }
    width = max(_BLOCK // max(count * steps, 1), 1)
    for start in range(0, len(forecast), width):
        rows = slice(start, min(start + width, len(forecast)))
        loading = calibration.loading[code[rows]]
        scores = shared_normals(own, (count, *loading.shape), persistence)
        here = {name: common[name][:, number[rows]] for name, number in numbers.items()}
        errors = _errors(calibration, code[rows], _mix(scores, here, loading, calibration.dependence.shared))
        yield (
            rows,
            calibration.scale.restore(middle[rows] + loading * shock[:, None] + errors).astype(np.float32),
        )


def _mix(scores: Draws, common: dict[str, Draws], loading: Array, shared: dict[str, float]) -> Draws:
    """Return standard normals that are partly a group's, by the squared loading of each cell."""
    mixed = scores * np.sqrt(1 - loading**2 * sum(shared[name] for name in common)).astype(np.float32)
    for name, one in common.items():
        mixed += (loading * np.sqrt(shared[name])).astype(np.float32) * one
    return mixed


def _errors(calibration: Calibration, code: Numbers, scores: Draws) -> Draws:
    """Return the errors that stand at normal scores in each cell's distribution, shape as `scores`."""
    size = len(GRID)
    start = (code * len(calibration.horizons) + np.arange(len(calibration.horizons))) * size
    position = np.clip(ndtr(scores) * np.float32(size) - np.float32(0.5), 0, size - 1)
    below = np.minimum(position.astype(np.int32), size - 2)
    flat = calibration.errors.astype(np.float32).ravel()
    lower, upper = flat[start + below], flat[start + below + 1]
    return lower + (position - below) * (upper - lower)
