"""Intermittent methods against plain loops over one series, and the library."""

import numpy as np
import pandas as pd
import pytest

from forecasting.series.intermittent import SBA, TSB, Croston
from forecasting.series.panel import Array, Panel


def sparse(rows: int = 12, periods: int = 50) -> Panel:
    random = np.random.default_rng(5)
    values = random.poisson(random.uniform(0.05, 0.8, rows)[:, None], (rows, periods)).astype(float)
    values[:, 4] = 2  # at least one demand each
    return Panel(pd.DataFrame({"key": np.arange(rows)}), tuple(range(periods)), values, 12)


def croston(row: Array, alpha: float) -> float:
    at = np.flatnonzero(row)
    gaps = np.diff(at, prepend=-1)
    size, gap = row[at[0]], float(gaps[0])
    for place, wait in zip(at[1:], gaps[1:], strict=True):
        size += alpha * (row[place] - size)
        gap += alpha * (wait - gap)
    return size / gap


def test_croston_is_size_over_interval() -> None:
    panel = sparse()
    expected = [croston(row, 0.1) for row in panel.values]
    np.testing.assert_allclose(Croston().forecast(panel, (1, 2))[:, 1], expected)
    np.testing.assert_allclose(SBA().forecast(panel, (1,))[:, 0], np.array(expected) * 0.95)


def test_tsb_falls_when_demand_stops() -> None:
    panel = sparse()
    values = np.hstack([panel.values, np.zeros((len(panel.values), 10))])
    quiet = Panel(panel.index, tuple(range(60)), values, 12)
    before, after = TSB().forecast(panel, (1,)), TSB().forecast(quiet, (1,))
    np.testing.assert_allclose(after, before * 0.9**10)
    np.testing.assert_allclose(Croston().forecast(quiet, (1,)), Croston().forecast(panel, (1,)))


def test_equal_to_the_library() -> None:
    models = pytest.importorskip("statsforecast.models", reason="the extra `baselines` is not installed")
    panel = sparse()
    pairs = (
        (Croston(), models.CrostonClassic()),
        (SBA(), models.CrostonSBA()),
        (TSB(0.2, 0.1), models.TSB(alpha_d=0.2, alpha_p=0.1)),
    )
    for ours, theirs in pairs:
        expected = [theirs.forecast(row, h=1)["mean"][0] for row in panel.values]
        np.testing.assert_allclose(ours.forecast(panel, (1,))[:, 0], expected, rtol=1e-6)
