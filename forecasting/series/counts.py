"""A global LightGBM over all series: what the plain shares miss, learnt from every origin of the history."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import lightgbm as lgb
import numpy as np

from forecasting.series.combination import Decomposition, fill_unknown
from forecasting.series.panel import Array, Panel
from forecasting.series.seasonality import adjusted, restored, shrunk_indices
from forecasting.series.shares import Cells, cells_of, market_shares
from forecasting.series.smoothing import decaying_mean
from forecasting.series.volume import forecast_volume

FEATURES: Final = (
    "log_count",
    "last",
    "second_last",
    "third_last",
    "mean_6",
    "mean_all",
    "median_6",
    "peak",
    "spread_6",
    "part_non_zero_6",
    "item_last",
    "item_recent",
    "entity_last",
    "entity_recent",
    "horizon",
)

FROZEN: Final[dict[str, Any]] = {
    "objective": "poisson",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "num_threads": 1,  # sums in one order: the same forecast on any machine
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""One setting for every table; absolute errors and Poisson weights in full were tried to 2022-12 too."""

ROUNDS: Final = 60
ORIGINS: Final = 12
STEPS: Final = 3
"""Longest horizon learnt; longer ones take its correction."""
LEAST_PERIODS: Final = 3
LEAST_COUNT: Final = 0.05
"""Expected count below which a row is not learnt from: its ratio to nothing is noise."""
LARGEST: Final = 150_000
"""Rows learnt from; more are sampled."""
PSEUDO: Final = 0.5
"""Added to both counts of every log ratio, so that a zero has one."""


@dataclass(frozen=True)
class CountBoosting:
    """Poisson boosting of the ratio of a series to its plain share, direct for every horizon.

    On the ``share`` scale the ratio is to the share times the true volume of the target period, so that
    the market's shocks are not learnt as if they were the series' own, and the forecast is multiplied by
    the forecast volume; on the ``count`` scale it is to the share times the volume's level at the origin.

    Not in the frozen default: on Job-SDF to 2022-12 a half-and-half mean with the plain shares gained in
    2021H2 and did not in 2022.

    Parameters
    ----------
    seed : int
        Of the row and feature samples.
    """

    seed: int = 1
    scale: Literal["share", "count"] = "share"
    name: str = "count boosting"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Correct the plain shares; with too little to learn from, the frozen default."""
        known = np.isfinite(history.values).any(axis=1, keepdims=True)
        values = np.where(known, fill_unknown(history.values), 0)
        indices = shrunk_indices(values, history.season)
        plain, cells = adjusted(values, indices), cells_of(history.index)
        booster = self._fit(plain, cells)
        if booster is None:
            return Decomposition().forecast(history, horizons)
        share = market_shares(plain, cells)
        columns = [
            share * np.asarray(booster.predict(features(plain, share, cells, min(horizon, STEPS))))
            for horizon in horizons
        ]
        corrected = np.column_stack(columns)
        if self.scale == "share":
            corrected /= np.maximum(corrected.sum(axis=0), np.finfo(float).tiny)
            volume = forecast_volume(plain.sum(axis=0), history.season, horizons)
        else:
            volume = np.full(len(horizons), _level(plain))
        forecast = restored(corrected * volume, indices, values.shape[1], horizons)
        return np.where(known, forecast, np.nan)

    def _fit(self, values: Array, cells: Cells) -> lgb.Booster | None:
        """Return the booster learnt from the last origins, None where there are too few rows to split."""
        rows, ratios, weights = [], [], []
        periods = values.shape[1]
        for origin in range(max(LEAST_PERIODS, periods - ORIGINS), periods):
            past = values[:, :origin]
            share = market_shares(past, cells)
            for step in range(1, min(STEPS, periods - origin) + 1):
                target = values[:, origin + step - 1]
                expected = share * (target.sum() if self.scale == "share" else _level(past))
                learnt = expected > LEAST_COUNT
                rows.append(features(past, share, cells, step)[learnt])
                ratios.append(target[learnt] / expected[learnt])
                weights.append(np.sqrt(expected[learnt]))  # between the count itself (Poisson) and none
        if sum(len(ratio) for ratio in ratios) < 2 * FROZEN["min_data_in_leaf"]:
            return None
        if not any(ratio.any() for ratio in ratios):
            return None
        inputs, ratio, weight = np.vstack(rows), np.concatenate(ratios), np.concatenate(weights)
        if len(ratio) > LARGEST:
            drawn = np.random.default_rng(self.seed).choice(len(ratio), LARGEST, replace=False)
            inputs, ratio, weight = inputs[drawn], ratio[drawn], weight[drawn]
        data = lgb.Dataset(inputs, ratio, weight=weight, feature_name=list(FEATURES))
        return lgb.train({**FROZEN, "seed": self.seed}, data, num_boost_round=ROUNDS)


def features(values: Array, share: Array, cells: Cells, horizon: int) -> Array:
    """Return what is known at the last period, shape (series, len(FEATURES)).

    Counts are put on today's volume first; most columns are log ratios to the series' plain share of it, so
    that a tree learnt on large series reads small ones alike.

    Parameters
    ----------
    values : ndarray of shape (series, periods)
        Known throughout, without season, at least three periods.
    share : ndarray of shape (series,)
        From `market_shares` on the same values.
    """
    totals = values.sum(axis=0)
    level = _level(values)
    scaled = values * np.where(totals > 0, level / np.where(totals > 0, totals, 1), 0)
    count, recent = share * level, scaled[:, -6:]
    item, entity = _by_margin(scaled, cells.item), _by_margin(scaled, cells.entity)
    return np.column_stack(
        [
            np.log(count + PSEUDO),
            *(_log_ratio(scaled[:, -back], count) for back in (1, 2, 3)),
            _log_ratio(recent.mean(axis=1), count),
            _log_ratio(scaled.mean(axis=1), count),
            _log_ratio(np.median(recent, axis=1), count),
            _log_ratio(scaled.max(axis=1), count),
            recent.std(axis=1) / (count + PSEUDO),
            (recent > 0).mean(axis=1),
            *(ratio[cells.item] for ratio in item),
            *(ratio[cells.entity] for ratio in entity),
            np.full(len(values), float(horizon)),
        ]
    )


def _by_margin(scaled: Array, codes: np.ndarray) -> tuple[Array, Array]:
    """Return log ratios of the last and of the last three periods' mean to the whole past, per margin."""
    count = int(codes.max()) + 1
    parts = (scaled[:, -1], scaled[:, -3:].mean(axis=1), scaled.mean(axis=1))
    last, recent, whole = (np.bincount(codes, part, count).astype(float) for part in parts)
    return _log_ratio(last, whole), _log_ratio(recent, whole)


def _log_ratio(above: Array, below: Array) -> Array:
    return np.log((above + PSEUDO) / (below + PSEUDO))


def _level(values: Array) -> float:
    """Return the volume's level at the last period: one fast clock, for scale only."""
    return float(decaying_mean(values.sum(axis=0)[None], 0.3)[0])
