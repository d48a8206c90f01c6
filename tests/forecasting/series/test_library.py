"""The library's models behind the common interface."""

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest

from forecasting.series.library import LibraryModel
from forecasting.series.panel import Panel


def panel(values: list[list[float]]) -> Panel:
    array = np.array(values, dtype=float)
    return Panel(pd.DataFrame({"key": np.arange(len(array))}), tuple(range(array.shape[1])), array, 4)


def test_says_how_to_install_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install competence-forecast\[baselines\]"):
        LibraryModel().forecast(panel([[1.0, 2, 3, 4]]), (1,))


@pytest.mark.skipif(
    importlib.util.find_spec("statsforecast") is None, reason="the extra `baselines` is not installed"
)
@pytest.mark.parametrize("model", ["AutoETS", "AutoTheta"])
def test_rows_come_back_in_order_and_unknown_stays_unknown(model: str) -> None:
    level = np.random.default_rng(1).normal(0, 0.1, (12, 20))
    rows = level + np.arange(12)[:, None] * 10 + 5
    rows[3, :6] = np.nan
    rows[4] = np.nan
    rows[5, :-1] = np.nan
    found = LibraryModel(model).forecast(panel(rows.tolist()), (1, 3))
    assert found.shape == (12, 2)
    assert np.isnan(found[4]).all()
    known = np.delete(np.arange(12), 4)
    np.testing.assert_allclose(found[known], np.repeat(known[:, None] * 10.0 + 5, 2, axis=1), atol=1)
