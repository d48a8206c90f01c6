"""ETS and Theta of the library statsforecast, behind the interface of the methods held beside them."""

import importlib
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from forecasting.series.panel import Array, Panel

Model = Literal["AutoETS", "AutoTheta"]

LEAST_PERIODS: Final = 7
"""Known periods below which a series gets its last value: on six the library's ETS fails."""


@dataclass(frozen=True)
class LibraryModel:
    """A statsforecast model fitted to every series on its own: seconds per hundred series.

    Raises
    ------
    ModuleNotFoundError
        If the optional package is not installed; says how to install it.
    """

    model: Model = "AutoETS"

    @property
    def name(self) -> str:
        """Return the library's own name of the model."""
        return self.model

    def forecast(self, history: Panel, horizons: tuple[int, ...]) -> Array:
        """Fit each series from its first known value on; gaps inside keep the value before them."""
        library = _library()
        filled = pd.DataFrame(history.values).ffill(axis=1).to_numpy(dtype=float)
        known = np.isfinite(filled).sum(axis=1)
        forecast = np.repeat(filled[:, -1:], len(horizons), axis=1)
        fitted = np.flatnonzero(known >= LEAST_PERIODS)
        if len(fitted) == 0:
            return forecast
        rows, columns = np.nonzero(np.isfinite(filled[fitted]))
        tidy = pd.DataFrame({"unique_id": rows, "ds": columns, "y": filled[fitted][rows, columns]})
        model = getattr(library.models, self.model)(season_length=history.season)
        engine = library.StatsForecast(models=[model], freq=1, n_jobs=1)
        ahead = engine.forecast(df=tidy, h=max(horizons))
        table = ahead.sort_values(["unique_id", "ds"])[self.model].to_numpy(dtype=float)
        steps = np.asarray(horizons) - 1
        forecast[fitted] = np.maximum(table.reshape(len(fitted), max(horizons))[:, steps], 0)
        return forecast


def _library() -> Any:
    try:
        importlib.import_module("statsforecast.models")
        return importlib.import_module("statsforecast")
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "the library's ETS and Theta need the package statsforecast: "
            "pip install competence-forecast[baselines]"
        ) from missing
