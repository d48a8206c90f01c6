"""Reconciled forecasts add up, and are those of the textbook, of a solver and of the library."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_array

from forecasting.errors import InputError
from forecasting.series.hierarchy import Hierarchy, aggregate, build_hierarchy, parse_hierarchy
from forecasting.series.panel import Panel
from forecasting.series.reconciliation import error_variance, reconcile


def index(regions: int = 3, jobs: int = 4) -> pd.DataFrame:
    keys = [(f"R{region}", f"J{job}") for region in range(regions) for job in range(jobs)]
    return pd.DataFrame(keys, columns=["region", "job"])


def tree(regions: int = 3, jobs: int = 4) -> Hierarchy:
    return build_hierarchy(index(regions, jobs), [("region",), ("job",)])


def dense(hierarchy: Hierarchy) -> np.ndarray:
    return hierarchy.total_up(np.eye(hierarchy.sums.shape[1]))


def case(seed: int, size: float = 20.0, columns: int = 3) -> tuple[Hierarchy, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    hierarchy = tree()
    base = hierarchy.total_up(rng.gamma(0.7, size, (12, columns)))
    base = base + rng.normal(0, 0.3 * size, base.shape)
    return hierarchy, base, hierarchy.members() * rng.gamma(2, 1, len(base))


def test_the_summing_matrix_adds_what_shares_a_key() -> None:
    hierarchy = build_hierarchy(index(2, 2), [("job",), ("region",)])
    expected = [[1, 1, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]]
    np.testing.assert_array_equal(dense(hierarchy), [*expected, *np.eye(4)])
    assert hierarchy.labels["level"].tolist() == ["total", *["job"] * 2, *["region"] * 2, *["region*job"] * 4]
    assert hierarchy.labels["region"].tolist() == ["TOTAL"] * 3 + ["R0", "R1", "R0", "R0", "R1", "R1"]


def test_levels_are_read_in_the_order_of_the_keys_and_once() -> None:
    keys = ["region", "job", "skill"]
    levels = parse_hierarchy("skill*region, job,region*skill,region*job*skill", keys)
    assert levels == (("region", "skill"), ("job",))
    assert parse_hierarchy("", keys) == ()


def test_a_level_that_is_no_key_is_refused() -> None:
    with pytest.raises(InputError, match="the level 'town'; expected keys of the table") as raised:
        parse_hierarchy("town,region*year", ["region", "job"])
    assert len(raised.value.problems) == 2


def test_totals_in_the_table_are_refused() -> None:
    with pytest.raises(InputError, match="column region: found the key TOTAL"):
        build_hierarchy(pd.DataFrame({"region": ["TOTAL", "N"], "job": ["a", "a"]}), [])


def test_an_aggregate_is_unknown_where_a_part_is() -> None:
    values = np.array([[1.0, 2], [3, np.nan], [5, 6], [7, 8]])
    total = aggregate(Panel(index(2, 2), (1, 2), values), build_hierarchy(index(2, 2), [("region",)]))
    np.testing.assert_array_equal(total.values[:3], [[16, np.nan], [4, np.nan], [12, 14]])
    with pytest.raises(InputError, match="found 2 series; expected 4"):
        aggregate(Panel(index(1, 2), (1, 2), values[:2]), build_hierarchy(index(2, 2), []))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_projection_of_the_textbook(seed: int) -> None:
    hierarchy, base, variance = case(seed)
    summing, weight = dense(hierarchy), np.diag(1 / variance)
    expected = summing @ np.linalg.solve(summing.T @ weight @ summing, summing.T @ weight @ base)
    found = reconcile(hierarchy, base, variance, nonnegative="no")
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-9)
    assert found.after == 0
    assert found.before == pytest.approx(np.abs(base[:8] - hierarchy.sums @ base[8:]).max())
    assert found.negatives == (expected[8:] < 0).sum()


@pytest.mark.parametrize("seed", range(20))
def test_the_nonnegative_answer_is_that_of_a_least_squares_solver(seed: int) -> None:
    hierarchy, base, variance = case(seed, size=8.0)
    scale = 1 / np.sqrt(variance)
    expected = [nnls(dense(hierarchy) * scale[:, None], column * scale)[0] for column in base.T]
    found = reconcile(hierarchy, base, variance)
    np.testing.assert_allclose(found.values[8:], np.array(expected).T, rtol=0, atol=1e-7)
    assert found.negatives > 0
    assert found.values.min() >= 0
    assert found.after == 0


def test_clipping_is_coherent_and_not_negative() -> None:
    hierarchy, base, variance = case(3, size=8.0)
    free = reconcile(hierarchy, base, variance, nonnegative="no").values[8:]
    clipped = reconcile(hierarchy, base, variance, nonnegative="clip")
    np.testing.assert_array_equal(clipped.values, hierarchy.total_up(np.maximum(free, 0)))


def test_forecasts_that_add_up_stay() -> None:
    hierarchy, base, variance = case(1)
    coherent = hierarchy.total_up(np.abs(base[8:]))
    np.testing.assert_allclose(reconcile(hierarchy, coherent, variance).values, coherent, atol=1e-9)


def test_many_columns_are_as_many_single_ones() -> None:
    hierarchy, base, variance = case(2, columns=1100)
    found = reconcile(hierarchy, base, variance, nonnegative="no").values
    for column in (0, 511, 512, 1099):
        single = reconcile(hierarchy, base[:, [column]], variance, nonnegative="no").values
        np.testing.assert_allclose(found[:, [column]], single, atol=1e-9)


def test_the_order_of_the_series_does_not_matter() -> None:
    _, base, variance = case(4)
    order = np.random.default_rng(0).permutation(12)
    turned = build_hierarchy(index().take(order), [("region",), ("job",)])
    straight = reconcile(tree(), base, variance).values
    moved = np.concatenate([base[:8], base[8:][order]])
    weights = np.concatenate([variance[:8], variance[8:][order]])
    np.testing.assert_allclose(reconcile(turned, moved, weights).values[8:], straight[8:][order], atol=1e-9)


def test_unknown_and_zero_variances_have_stated_weights() -> None:
    hierarchy, base, _ = case(5)
    members = hierarchy.members()
    structural = reconcile(hierarchy, base).values
    unknown = np.where(np.arange(20) < 2, 3 * members, np.nan)
    np.testing.assert_allclose(reconcile(hierarchy, base, unknown).values, structural, atol=1e-9)
    exact = np.where(np.arange(20) == 0, 0.0, members)
    total = reconcile(hierarchy, base, exact, nonnegative="no").values[0]
    np.testing.assert_allclose(total, base[0], rtol=1e-5)
    assert np.isfinite(reconcile(hierarchy, base, np.zeros(20)).values).all()


def test_error_variance_needs_a_few_errors() -> None:
    errors = np.array([[1.0, -1, 3], [1, np.nan, 2]])
    np.testing.assert_array_equal(error_variance(errors), [11 / 3, np.nan])


def test_unknown_base_forecasts_are_refused() -> None:
    hierarchy, base, _ = case(1)
    base[3, 1] = np.nan
    with pytest.raises(InputError, match=r"for 1 of 20 nodes \(the first: region R2 TOTAL"):
        reconcile(hierarchy, base)
    with pytest.raises(InputError, match="20 rows, one per node"):
        reconcile(hierarchy, base[1:])


# MinTraceSparse iterates to a relative residual of 1e-5 only: with variances far apart (wls_var) it was off
# by up to 4.8 on values of 180 here, where MinTrace, the textbook and ours agree to 1e-10.
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("MinTrace", "wls_var"),
        ("MinTrace", "wls_struct"),
        ("MinTraceSparse", "wls_struct"),
        ("MinTraceSparse", "ols"),
    ],
)
def test_it_is_the_library(name: str, method: str) -> None:
    library = pytest.importorskip("hierarchicalforecast.methods", reason="hierarchicalforecast not installed")
    hierarchy, base, _ = case(6, columns=4)
    rng = np.random.default_rng(0)
    outcome = rng.gamma(2, 10, (20, 30))
    errors = rng.normal(0, 1, outcome.shape) * rng.gamma(2, 2, (20, 1))
    given = {"y_insample": outcome, "y_hat_insample": outcome - errors} if method == "wls_var" else {}
    squares = error_variance(errors) + 2e-8  # as the library
    variance = {"wls_var": squares, "wls_struct": hierarchy.members(), "ols": np.ones(20)}[method]
    summing = csr_array(dense(hierarchy)) if name == "MinTraceSparse" else dense(hierarchy)
    expected = getattr(library, name)(method).fit_predict(S=summing, y_hat=base, **given)["mean"]
    found = reconcile(hierarchy, base, variance, nonnegative="no").values
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_fifty_thousand_series_take_a_moment() -> None:
    number = np.arange(50_000)
    keys = pd.DataFrame({"region": number % 35, "group": number // 35 % 43, "job": number // 35})
    hierarchy = build_hierarchy(keys, [("region",), ("group",), ("region", "group")])
    rng = np.random.default_rng(0)
    base = hierarchy.total_up(rng.gamma(2, 10, (50_000, 12)))
    base = base * rng.lognormal(0, 0.1, base.shape)
    begun = time.perf_counter()
    found = reconcile(hierarchy, base, nonnegative="clip")
    assert time.perf_counter() - begun < 2  # 0.1 s on a machine at rest
    assert found.after == 0
