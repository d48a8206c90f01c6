"""How holding goes with asking: an oracle in plain loops, and what the curve promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.holding import Holding, fit_holding, short_by, strayed

RULE = {"fewest": 3, "least": 0.01}


def shares(seed: int, occupations: int = 40, skills: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.03, 0.9, (occupations, skills))


def test_the_curve_is_found_though_ads_err() -> None:
    rng = np.random.default_rng(1)
    asked = shares(2)
    held = asked * (1 + 0.4 * (1 - asked))
    noise = 0.3 * rng.standard_normal(asked.shape)
    seen = 1 / (1 + np.exp(-np.log(asked / (1 - asked)) - noise))
    found = fit_holding(seen, held, np.full(asked.shape, 0.09), RULE)
    assert found is not None
    assert found.more == pytest.approx(0.4, abs=0.08)
    assert found.apart < 0.03, "ads that err are no straying"
    assert found.alike < 0.01


def test_straying_of_occupations_is_told_from_that_of_skills() -> None:
    rng = np.random.default_rng(3)
    asked = shares(4, occupations=300)
    off = 0.3 * rng.standard_normal((300, 1)) + 0.5 * rng.standard_normal(asked.shape)
    held = strayed(Holding(0.2, 0.0, 0.0).of(asked), off)
    found = fit_holding(asked, held, np.zeros(asked.shape), RULE)
    assert found is not None
    assert found.alike == pytest.approx(0.09, rel=0.25)
    assert found.apart == pytest.approx(0.25, rel=0.25)


def test_sums_over_pairs_in_plain_loops() -> None:
    asked, held = shares(5, 6, 5), shares(6, 6, 5)
    held[0, 1:] = held[3] = np.nan
    asked[1, 2] = np.nan
    noise = np.full(asked.shape, 0.02)
    over, room, mass, squares, products, pairs = [0.0] * 6, [0.0] * 6, 0.0, 0.0, 0.0, 0.0
    known = [[s for s in range(5) if np.isfinite(held[o, s]) and np.isfinite(asked[o, s])] for o in range(6)]
    for o in range(6):
        for s in known[o]:
            over[o] += held[o, s] - asked[o, s]
            room[o] += asked[o, s] * (1 - asked[o, s])
    ratio = sum(over) / sum(room)
    error = sum((a - ratio * b) ** 2 for a, b in zip(over, room, strict=True)) / sum(room) ** 2
    more = min(max(ratio * max(1 - error / max(ratio**2, error), 0), -1), 1)

    def off(o: int, s: int) -> float:
        curve = asked[o, s] * (1 + more * (1 - asked[o, s]))
        return float(np.log(held[o, s] / (1 - held[o, s])) - np.log(curve / (1 - curve)))

    for o in range(6):
        for s in known[o]:
            mass += asked[o, s]
            squares += asked[o, s] * (off(o, s) ** 2 - 0.02)
            for t in known[o]:
                if t != s:
                    products += asked[o, s] * off(o, s) * asked[o, t] * off(o, t)
                    pairs += asked[o, s] * asked[o, t]
    found = fit_holding(asked, held, noise, RULE)
    assert found is not None
    assert found.more == pytest.approx(more)
    assert found.alike == pytest.approx(max(products / pairs, 0))
    assert found.apart == pytest.approx(max(squares / mass - found.alike, 0))


def test_too_few_occupations_tell_nothing() -> None:
    asked = shares(7, 2)
    assert fit_holding(asked, asked, np.zeros(asked.shape), RULE) is None


def test_who_holds_what_is_asked_is_left_as_is() -> None:
    asked = shares(8)
    found = fit_holding(asked, asked, np.zeros(asked.shape), RULE)
    assert found == Holding(0.0, 0.0, 0.0)
    np.testing.assert_array_equal(found.of(asked), asked)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_held_is_a_probability_that_rises_with_what_is_asked(more: float, one: float, other: float) -> None:
    low, high = Holding(more, 0.0, 0.0).of(np.sort([one, other]))
    assert -1e-12 <= low <= high + 1e-12 <= 1 + 2e-12


def test_what_nobody_or_everybody_holds_does_not_stray_and_unknown_stays_unknown() -> None:
    found = strayed(np.array([0.0, 1.0, np.nan, 0.5]), np.array([2.0, -2.0, 1.0, 0.0]))
    np.testing.assert_allclose(found, [0.0, 1.0, np.nan, 0.5])


def test_what_is_short_strays_and_nothing_else_does() -> None:
    asked, held = shares(8), shares(9)
    held[0, 0] = np.nan
    for factor in (0.0, 0.4, 1.0, 3.0):
        found = short_by(asked, held, np.full(asked.shape[1], factor))
        enough = held >= asked
        np.testing.assert_array_equal(found[enough], held[enough])
        short = held < asked
        expected = np.minimum(factor * (asked - held), asked)
        np.testing.assert_allclose((asked - found)[short], expected[short], atol=1e-12)
        assert np.isnan(found[0, 0])
