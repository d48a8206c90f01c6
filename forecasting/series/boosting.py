"""A global LightGBM over all series: next year's growth from the recent past of the series and its kin."""

from dataclasses import dataclass
from typing import Any, Final

import lightgbm as lgb
import numpy as np
import pandas as pd

from forecasting.series.panel import Array, Panel

FEATURES: Final = (
    "growth",
    "previous_growth",
    "log_level",
    "share_of_region",
    "sector_growth",
    "region_growth",
    "sector",
)

FROZEN: Final[dict[str, Any]] = {
    "objective": "regression_l1",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 1,  # sums in one order: the same forecast on any machine
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
"""One setting for every data set, chosen before any backtest was read and not tuned since."""

ROUNDS: Final = 200


@dataclass(frozen=True)
class GlobalBoosting:
    """One LightGBM on all series, applied a year at a time.

    Fitted anew on the history it is given, so an origin never sees later years. With one year of history
    there is no growth to learn from and it is the naive forecast.

    Parameters
    ----------
    seed : int
        Of the row and feature samples.
    """

    seed: int = 1
    name: str = "lightgbm"

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Predict growth year by year, each prediction feeding the next."""
        booster = self.fit(history)
        if booster is None:
            return np.repeat(history.values[:, -1:], len(horizons), axis=1)
        values = history.values
        for _ in range(max(horizons)):
            growth = np.asarray(booster.predict(features(values, history.index)))
            values = np.hstack([values, values[:, -1:] * np.exp(growth)[:, None]])
        first = history.values.shape[1] - 1
        return values[:, [first + horizon for horizon in horizons]]

    def fit(self, history: Panel) -> lgb.Booster | None:
        """Return the booster learnt from every pair of consecutive years, None if too few to split."""
        values = history.values
        blocks, targets = [], []
        for width in range(1, values.shape[1]):
            growth = _growth(values[:, width - 1], values[:, width])
            known = np.isfinite(growth)
            blocks.append(features(values[:, :width], history.index)[known])
            targets.append(growth[known])
        if sum(len(target) for target in targets) < 2 * FROZEN["min_data_in_leaf"]:
            return None
        data = lgb.Dataset(
            np.vstack(blocks),
            np.concatenate(targets),
            feature_name=list(FEATURES),
            categorical_feature=["sector"],
        )
        return lgb.train({**FROZEN, "seed": self.seed}, data, num_boost_round=ROUNDS)


def features(values: Array, index: pd.DataFrame) -> Array:
    """Return the features known at the last period, shape (series, len(FEATURES)).

    Parameters
    ----------
    values : ndarray of shape (series, periods)
        Persons up to and including the last known period.
    index : DataFrame
        With ``region`` and ``sector`` of every series.
    """
    last = values[:, -1]
    growth = _growth(values[:, -2], last) if values.shape[1] > 1 else np.full(len(last), np.nan)
    before = _growth(values[:, -3], values[:, -2]) if values.shape[1] > 2 else np.full(len(last), np.nan)
    region, sector = index["region"].to_numpy(), index["sector"].to_numpy()
    total = pd.Series(last).groupby(region).transform("sum").to_numpy()
    code = np.searchsorted(np.unique(sector), sector).astype(float)
    kin = pd.Series(growth)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = [
            growth,
            before,
            np.log(np.where(last > 0, last, np.nan)),
            last / total,
            kin.groupby(sector).transform("median").to_numpy(),
            kin.groupby(region).transform("median").to_numpy(),
            code,
        ]
    return np.column_stack(columns)


def _growth(before: Array, after: Array) -> Array:
    known = (before > 0) & (after > 0)
    return np.log(np.where(known, after, np.nan)) - np.log(np.where(known, before, np.nan))
