"""Raking against the same arithmetic in plain loops."""

import numpy as np
import pytest

from forecasting.raking import rake


def rake_by_hand(seed, rows, columns, rounds=500):
    table = [list(map(float, line)) for line in seed]
    scale = sum(rows) / sum(columns)
    for _ in range(rounds):
        for j, column in enumerate(columns):
            total = sum(line[j] for line in table)
            for line in table:
                line[j] *= column * scale / total
        for line, row in zip(table, rows, strict=True):
            total = sum(line)
            for j in range(len(line)):
                line[j] *= row / total
    return table


@pytest.mark.parametrize("number", range(5))
def test_raking_equals_plain_loops_and_meets_both_margins(number):
    generator = np.random.default_rng(number)
    seed = generator.uniform(0.05, 50, (7, 6))
    rows, columns = generator.uniform(1, 800, 7), generator.uniform(1, 800, 6)

    table = rake(seed, rows, columns)

    np.testing.assert_allclose(table, rake_by_hand(seed, rows, columns), rtol=1e-6)
    np.testing.assert_allclose(table.sum(axis=1), rows, rtol=1e-12)
    np.testing.assert_allclose(table.sum(axis=0), columns * rows.sum() / columns.sum(), rtol=1e-7)


def test_a_seed_with_the_margins_stays_as_it_is():
    seed = np.array([[1.0, 2.0], [3.0, 4.0]])

    np.testing.assert_allclose(rake(seed, seed.sum(axis=1), seed.sum(axis=0)), seed)


def test_raking_keeps_the_odds_ratio_of_the_seed():
    table = rake(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 20.0]), np.array([15.0, 15.0]))

    odds = table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0])
    assert odds == pytest.approx(1 * 4 / (2 * 3))


def test_a_column_without_persons_stays_empty():
    table = rake(np.ones((2, 3)), np.array([2.0, 4.0]), np.array([1.0, 0.0, 1.0]))

    np.testing.assert_allclose(table, [[1, 0, 1], [2, 0, 2]])
