"""How much better than the baseline, and how sure: skill scores with bootstrap intervals."""

from typing import Final

import numpy as np

from forecasting.series.panel import Array

LEVELS: Final = (0.1, 0.9)
"""Quantiles of the published interval."""


def skill(method: Array, baseline: Array, block: int, draws: int, seed: int) -> tuple[float, float, float]:
    """Return 1 − error of a method / error of the baseline, with its P10 and P90.

    Parameters
    ----------
    method, baseline : ndarray of shape (clusters, origins)
        Sums of absolute errors over the same cells; a cluster is what stays together, a region.
    block : int
        Origins that overlap, the horizon: they are resampled together.
    draws : int
        Bootstrap samples.

    Returns
    -------
    skill, low, high : float
        NaN where the baseline never errs; an interval of NaN where all origins overlap: they are one
        stretch of years, and say nothing of another.

    Notes
    -----
    The pigeonhole bootstrap: clusters and blocks of origins are resampled apart and their counts multiplied,
    which keeps errors together that share a region or a year, and errs on the wide side (Owen 2007,
    doi 10.1214/07-AOAS122). Blocks because origins overlap (METHOD.md section 9.4).

    Examples
    --------
    >>> skill(np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]]), 1, 50, seed=1)
    (0.5, 0.5, 0.5)
    """
    if baseline.sum() <= 0:
        return float("nan"), float("nan"), float("nan")
    found = 1 - float(method.sum() / baseline.sum())
    if baseline.shape[1] <= block:
        return found, float("nan"), float("nan")
    generator = np.random.default_rng(seed)
    clusters, origins = baseline.shape
    of_cluster = _counts(generator.integers(clusters, size=(draws, clusters)), clusters)
    of_origin = _counts(_blocks(generator, origins, block, draws), origins)
    over = [((of_cluster @ errors) * of_origin).sum(axis=1) for errors in (method, baseline)]
    ratio = np.divide(over[0], over[1], out=np.full(draws, np.nan), where=over[1] > 0)
    low, high = np.nanquantile(1 - ratio, LEVELS)
    return found, float(low), float(high)


def _counts(chosen: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", things: int) -> Array:
    """Return how often each thing was chosen in each sample, shape (draws, things)."""
    counts = np.zeros((len(chosen), things))
    np.add.at(counts, (np.arange(len(chosen))[:, None], chosen), 1.0)
    return counts


def _blocks(
    generator: np.random.Generator, origins: int, block: int, draws: int
) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    """Return origins drawn as circular blocks, shape (draws, origins)."""
    starts = generator.integers(origins, size=(draws, -(-origins // block)))
    chosen = (starts[:, :, None] + np.arange(block)) % origins
    return np.asarray(chosen.reshape(draws, -1)[:, :origins])
