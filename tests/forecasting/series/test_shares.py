"""Shares of the market and the raking of cells to margins."""

import numpy as np
import pandas as pd

from forecasting.series.shares import CELL_ALPHA, MARGIN_ALPHA, Cells, cells_of, market_shares, rake
from forecasting.series.smoothing import decaying_mean


def grid(entities: int = 3, items: int = 4) -> pd.DataFrame:
    keys = [(f"E{entity}", f"S{item}") for entity in range(entities) for item in range(items)]
    return pd.DataFrame(keys, columns=["entity", "skill"])


def test_margins_are_the_fast_ones_and_cells_keep_the_slow_odds() -> None:
    values = np.random.default_rng(1).gamma(2, 10, (12, 9))
    cells = cells_of(grid())
    found = market_shares(values, cells).reshape(3, 4)
    fast = (decaying_mean(values, MARGIN_ALPHA) / decaying_mean(values, MARGIN_ALPHA).sum()).reshape(3, 4)
    slow = decaying_mean(values, CELL_ALPHA).reshape(3, 4)
    np.testing.assert_allclose(found.sum(axis=1), fast.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), fast.sum(axis=0), rtol=1e-4)
    odds = found[0, 0] * found[1, 1] / found[0, 1] / found[1, 0]
    np.testing.assert_allclose(odds, slow[0, 0] * slow[1, 1] / slow[0, 1] / slow[1, 0])


def test_raking_is_the_plain_loop() -> None:
    random = np.random.default_rng(3)
    seed, target = random.gamma(1, 1, 12), random.dirichlet(np.ones(12))
    table, wanted = seed.reshape(3, 4).copy(), target.reshape(3, 4)
    for _ in range(5):
        table *= wanted.sum(axis=0) / table.sum(axis=0)
        table *= (wanted.sum(axis=1) / table.sum(axis=1))[:, None]
    np.testing.assert_allclose(rake(seed, target, cells_of(grid())), table.ravel())


def test_constant_entity_leaves_the_items_fast_share() -> None:
    index = pd.DataFrame({"r0_id": "all", "skill": list("abc")})
    values = np.random.default_rng(1).gamma(2, 10, (3, 8))
    fast = decaying_mean(values, MARGIN_ALPHA)
    np.testing.assert_allclose(market_shares(values, cells_of(index)), fast / fast.sum())


def test_one_key_makes_every_series_its_own_entity() -> None:
    values = np.random.default_rng(1).gamma(2, 10, (3, 8))
    fast = decaying_mean(values, MARGIN_ALPHA)
    found = market_shares(values, cells_of(pd.DataFrame({"sector": list("abc")})))
    np.testing.assert_allclose(found, fast / fast.sum())


def test_three_keys_join_all_but_the_last() -> None:
    index = pd.DataFrame({"region": list("aabb"), "job": list("xyxy"), "skill": list("pppq")})
    cells = cells_of(index)
    assert cells.entity.tolist() == [0, 1, 2, 3]
    assert cells.item.tolist() == [0, 0, 0, 1]


def test_empty_market_and_empty_margin() -> None:
    cells = Cells(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    assert market_shares(np.zeros((4, 3)), cells).tolist() == [0, 0, 0, 0]
    half = np.array([[1.0], [3.0], [0.0], [0.0]])
    np.testing.assert_allclose(market_shares(half, cells), [0.25, 0.75, 0, 0])
