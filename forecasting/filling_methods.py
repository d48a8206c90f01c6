"""How next year's unfilled share and listing are forecast: last year's, and LightGBM, calibrated.

Every method sees pairs of years up to an origin, and forecasts the year after it.
"""

from collections.abc import Mapping
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from forecasting.filling_indicators import INDICATORS, Filling, recent_mean, stabilised
from forecasting.series.panel import Array

NAIVE: Final = "naive"
MEAN: Final = "mean"
LAST_LIST: Final = "last_list"
COMBINED: Final = "combined"
LIGHTGBM: Final = "lightgbm"

FROZEN: Final[Mapping[str, Any]] = {
    "learning_rate": 0.05,
    "num_leaves": 7,
    "min_data_in_leaf": 20,
    "lambda_l2": 10.0,
    "feature_fraction": 0.7,
    "num_threads": 1,  # sums in one order: the same forecast on any machine
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""One setting for every data set, chosen before any backtest was read and not tuned since. That the share's
departure is from the recent mean, with an absolute loss, was settled on seed 1 of the simulated region; that
the two probabilities of a listing are also combined, on seeds 1 to 4."""

ROUNDS: Final = 100
FOLDS: Final = 5
_TURNS: Final = 25


def share_forecasts(past: Filling, origin: int, seed: int) -> dict[str, Array]:
    """Return by method the unfilled share of the year after the origin, shape (occupations,).

    Parameters
    ----------
    past : Filling
    origin : int
        Position of the last known year; later ones are not read.
    """
    return {
        NAIVE: past.share[:, origin],
        MEAN: recent_mean(past.share[:, : origin + 1])[:, origin],
        LIGHTGBM: _boosted_share(past, origin, seed),
    }


def _boosted_share(past: Filling, origin: int, seed: int) -> Array:
    """Forecast how arcsin √share departs from the mean of the latest years; NaN where too few years tell."""
    share = past.share[:, : origin + 1]
    usual = stabilised(recent_mean(share))
    rows, targets = _pairs(past, stabilised(share)[:, 1:] - usual[:, :-1], origin)
    if len(targets) < 2 * FROZEN["min_data_in_leaf"]:
        return np.full(len(share), np.nan)
    change = _boosted(rows, targets, "regression_l1", seed).predict(past.known[:, origin])
    ahead = np.clip(usual[:, origin] + np.asarray(change), 0, np.pi / 2)
    return np.asarray(np.sin(ahead) ** 2)


def status_forecasts(past: Filling, origin: int, seed: int) -> dict[str, Array]:
    """Return by method the probability to be listed in the year after the origin, shape (occupations,).

    NaN where the origin's list is unknown, or no earlier change of a list tells. `COMBINED` is the plain mean
    of the two others (METHOD.md section 9.5).
    """
    now = past.listed[:, origin]
    last, boosted = _kept(past, origin), np.where(np.isnan(now), np.nan, _chance(past, origin, seed))
    return {LAST_LIST: last, COMBINED: (last + boosted) / 2, LIGHTGBM: boosted}


def _kept(past: Filling, origin: int) -> Array:
    """Return how often the listed stayed so, and the others came on; one more of each: none is sure."""
    before, after = past.listed[:, :origin], past.listed[:, 1 : origin + 1]
    chance = np.full(len(past.listed), np.nan)
    for state in (0.0, 1.0):
        came = after[(before == state) & np.isfinite(after)]
        if len(came):
            chance[past.listed[:, origin] == state] = (came.sum() + 1) / (len(came) + 2)
    return chance


def _chance(past: Filling, origin: int, seed: int) -> Array:
    """Return LightGBM's probability, calibrated on occupations that it had not seen.

    Platt's curve is fitted to the forecasts of five folds of occupations, each by the others, from the pairs
    of years up to the origin alone (Platt 1999).
    """
    rows, listed = _pairs(past, past.listed[:, 1 : origin + 1], origin)
    occupation, _ = _pairs(past, past.listed[:, 1 : origin + 1], origin, who=True)
    if len(listed) < 2 * FOLDS * FROZEN["min_data_in_leaf"] or listed.min() == listed.max():
        return np.full(len(past.listed), np.nan)
    apart = np.full(len(listed), np.nan)
    for fold in range(FOLDS):
        out = occupation % FOLDS == fold
        if out.any() and listed[~out].min() < listed[~out].max():
            apart[out] = _boosted(rows[~out], listed[~out], "binary", seed).predict(rows[out], raw_score=True)
    seen = np.isfinite(apart)
    slope, constant = platt(apart[seen], listed[seen])
    raw = np.asarray(_boosted(rows, listed, "binary", seed).predict(past.known[:, origin], raw_score=True))
    return np.asarray(1 / (1 + np.exp(-(slope * raw + constant))))


def _pairs(past: Filling, target: Array, origin: int, *, who: bool = False) -> tuple[Any, Array]:
    """Return the indicators (or the number of the occupation) of each known target up to the origin."""
    known = np.isfinite(target)
    return (np.nonzero(known)[0] if who else past.known[:, :origin][known]), target[known]


def _boosted(rows: Array, targets: Array, objective: str, seed: int) -> lgb.Booster:
    data = lgb.Dataset(rows, targets, feature_name=list(INDICATORS))
    return lgb.train({**FROZEN, "objective": objective, "seed": seed}, data, num_boost_round=ROUNDS)


def platt(raw: Array, listed: Array) -> tuple[float, float]:
    """Return slope and constant of the logistic curve from raw scores to probabilities.

    Parameters
    ----------
    raw : ndarray of shape (rows,)
        Log-odds as the model has them.
    listed : ndarray of shape (rows,)
        1 or 0. One more of each stands beside them, so that the curve is never vertical (Platt 1999).
    """
    yes, no = listed.sum(), len(listed) - listed.sum()
    target = np.where(listed == 1, (yes + 1) / (yes + 2), 1 / (no + 2))
    design = np.column_stack([raw, np.ones(len(raw))])
    found = np.array([1.0, 0.0])
    for _ in range(_TURNS):
        chance = 1 / (1 + np.exp(-(design @ found)))
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (target - chance))
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def auc(chance: Array, listed: NDArray[np.bool_]) -> float:
    """Return the probability that a listed occupation has the higher forecast; ties count half."""
    above = chance[listed][:, None] - chance[~listed][None, :]
    return float((np.sign(above) / 2 + 0.5).mean()) if above.size else float("nan")
