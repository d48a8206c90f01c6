"""Weights: cautious, banded, zero where nothing can be trained; held to plain loops and to properties."""

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError
from forecasting.funding import weights as rules
from forecasting.funding.weight_tables import occupation_weights, skill_weights
from forecasting.funding.weights import WeightRule, band_chance, bands, lower_quantile, with_groups
from forecasting.parameters import Parameters, load_parameters

RULE = WeightRule.of(load_parameters())
SKILL = WeightRule.of(load_parameters(), rules.SKILL)
few = settings(max_examples=30, deadline=None)
draws = st.lists(st.integers(0, 400), min_size=4, max_size=40)


def cells(persons: Any, openings: Any = 1000.0, **columns: Any) -> tuple[pd.DataFrame, np.ndarray]:
    """Return cells that nothing but their draws tells apart."""
    drawn = np.atleast_2d(np.asarray(persons, dtype=np.float32))
    frame = pd.DataFrame(
        {
            "region": "R",
            "occupation": [f"j{number:02d}" for number in range(len(drawn))],
            "scenario": "baseline",
            "horizon": 5,
            "reason": "",
            "openings": openings,
            "taught": 0.8,
            "fundable": 0.8,
            "green_share": 0.0,
            "digital_share": 0.0,
            "conditions_share": np.nan,
        }
    )
    return frame.assign(**columns), drawn


def weight(persons: list[int], **columns: Any) -> float:
    return float(occupation_weights(*cells(persons, **columns), RULE)["weight"].iloc[0])


@few
@given(draws, st.integers(1, 3000))
def test_a_weight_agrees_with_plain_loops_and_fractions(persons: list[int], openings: int) -> None:
    row = occupation_weights(*cells(persons, float(openings)), RULE).iloc[0]
    place = math.ceil(Fraction(1, 4) * len(persons))
    lower = sorted(persons)[place - 1]
    band = 0
    for edge in RULE.edges:
        if Fraction(lower, openings) >= Fraction(str(edge)):
            band += 1
    expected = RULE.weights[band] if lower > 0 else 0.0
    on_edge = any(Fraction(lower, openings) == Fraction(str(edge)) for edge in RULE.edges)
    assert row["trainable_lower"] == lower
    assert row["weight"] == expected or on_edge
    assert row["ground"] == ("band" if lower else "uncertain" if max(persons) else "nothing_trainable")
    assert row["need"] == row["weight"] * openings


@few
@given(draws, st.integers(0, 200))
def test_more_that_is_trainable_never_weighs_less(persons: list[int], more: int) -> None:
    assert weight([each + more for each in persons]) >= weight(persons)


@few
@given(draws, st.integers(1, 5))
def test_a_wider_interval_at_the_same_median_never_weighs_more(persons: list[int], times: int) -> None:
    ordered = sorted(each + 2000 for each in persons)
    middle = ordered[len(ordered) // 2]
    wider = [max(middle + times * (each - middle), 0) for each in ordered]
    assert weight(wider, openings=20000.0) <= weight(ordered, openings=20000.0)


@few
@given(st.lists(st.lists(st.integers(0, 400), min_size=6, max_size=6), min_size=2, max_size=8), st.randoms())
def test_codes_and_order_of_cells_and_draws_are_neutral(rows: list[list[int]], random: Any) -> None:
    frame, drawn = cells(rows)
    found = occupation_weights(frame, drawn, RULE)
    order = list(range(len(rows)))
    random.shuffle(order)
    turned = frame.iloc[order].assign(occupation=[f"x{at}" for at in range(len(order))])
    again = occupation_weights(turned, drawn[order][:, ::-1], RULE)
    assert again["weight"].tolist() == found["weight"].iloc[order].tolist()


@few
@given(draws, st.integers(2, 50))
def test_size_alone_is_neutral(persons: list[int], times: int) -> None:
    large = [each * times for each in persons]
    assert weight(large, openings=1000.0 * times) == weight(persons)


def test_twice_the_openings_without_more_trainable_weighs_no_more() -> None:
    assert weight([60, 60, 60, 60], openings=2000.0) <= weight([60, 60, 60, 60])


@pytest.mark.parametrize(
    ("columns", "ground", "expected"),
    [
        ({"reason": "unavailable", "persons": np.nan}, "neutral", RULE.neutral),
        ({"reason": "confidential", "openings": np.nan}, "neutral", RULE.neutral),
        ({"taught": 0.0}, "nothing_trainable", 0),
        ({"fundable": 0.0}, "mandatory_only", 0),
        ({"conditions_share": 0.6}, "working_conditions", 0),
        ({"conditions_share": 0.4}, "band", 1.25),
        ({"green_share": 0.3}, "band", 1.375),
        ({"green_share": 0.3, "digital_share": 0.9}, "band", 1.5125),
        ({"green_share": np.nan}, "band", 1.25),
    ],
)
def test_what_determines_a_weight(columns: dict[str, Any], ground: str, expected: float) -> None:
    persons = columns.pop("persons", 60.0)
    row = occupation_weights(*cells([persons] * 8, **columns), RULE).iloc[0]
    assert row["ground"] == ground
    assert row["weight"] == pytest.approx(expected)
    if ground == "neutral":
        hidden = ["quantile", "trainable_lower", "trainable_p50", "share_lower", "band", "factor"]
        assert row[hidden].isna().all()
        assert np.isnan(row["need"]) == (columns["reason"] == "confidential")


def test_top_ups_never_pass_the_cap_nor_lift_zero() -> None:
    high = dataclasses.replace(RULE, cap=1.3)
    frame, drawn = cells([[60] * 4, [0] * 4], green_share=1.0)
    assert occupation_weights(frame, drawn, high)["weight"].tolist() == [1.3, 0]


def test_groups_count_once_and_within_the_cap() -> None:
    assert with_groups(1.0, ("aged_55_plus", "low_educated"), RULE) == pytest.approx(1.2)
    assert with_groups(1.9, ("disability",), RULE) == RULE.cap
    assert with_groups(0.0, ("disability",), RULE) == 0
    with pytest.raises(ForecastingError, match="group 'rich'; expected one of low_educated"):
        with_groups(1.0, ("rich",), RULE)


def test_the_chance_to_keep_a_band_is_that_of_drawing_again() -> None:
    rng = np.random.default_rng(3)
    persons = rng.gamma(4, 8, (6, 80))
    unit = np.full(6, 1000.0)
    chance = band_chance(persons, unit, RULE)
    again = rng.integers(0, 80, (4000, 80))
    for row in range(6):
        lower = lower_quantile(persons[row][again], RULE.quantile)
        own = bands(lower_quantile(persons[[row]], RULE.quantile) / 1000, RULE.edges)[0]
        assert chance[row] == pytest.approx((bands(lower / 1000, RULE.edges) == own).mean(), abs=0.03)


def test_the_chance_of_certain_draws_is_one_and_of_unknown_ones_null() -> None:
    chance = band_chance(np.array([[30.0] * 9, [np.nan] * 9]), np.array([1000.0, 1000.0]), RULE)
    assert chance[0] == 1
    assert np.isnan(chance[1])


def test_a_skill_weighs_what_a_course_teaches_and_keeps_what_it_lacks() -> None:
    frame = pd.DataFrame(
        {
            "region": "R",
            "skill": ["a", "b", "c", "d", "e"],
            "scenario": "baseline",
            "horizon": 5,
            "reason": "",
            "asked": 100.0,
            "held": [90.0, 90.0, 200.0, np.nan, 90.0],
            "taught": [True, False, True, True, True],
            "fundable": [True, False, True, False, True],
            "listed": True,
            "green_share": 0.0,
            "digital_share": [1.0, 0.0, 0.0, 0.0, 0.0],
        }
    )
    lacking = np.array([[30.0] * 4, [30.0] * 4, [1.0] * 4, [30.0] * 4, [np.nan] * 4])
    found = skill_weights(frame, lacking, SKILL, 0.25).set_index("skill")
    assert found["ground"].tolist() == ["band", "nothing_trainable", "band", "mandatory_only", "neutral"]
    assert found["weight"].tolist() == pytest.approx([1.375, 0, 0.5, 0, 1.0])
    assert found["lacking_share"].tolist()[:4] == pytest.approx([0.3, 0.3, 0.01, 0.3])
    assert found["in_surplus"].tolist() == [False, False, True, pd.NA, pd.NA]
    unlisted = skill_weights(frame.assign(listed=False), lacking, SKILL, 0.25)
    assert unlisted["ground"].eq("neutral").all(), "nobody lists courses: unknown, not zero"
    assert unlisted["lacking_share"].iloc[0] == pytest.approx(0.3)


def test_every_number_in_the_sentence_is_the_rows() -> None:
    row = occupation_weights(*cells([61.5] * 8, 1234.0, green_share=0.5), RULE).iloc[0]
    assert row["why"] == (
        "61.5 of 1,234 openings are trainable at P25: 5.0 %, in the band 2.5 % to 5.0 %; "
        "weight 1.10 with green 1.1."
    )
    assert row["why_nl"] == (
        "61,5 van 1.234 baanopeningen zijn opleidbaar bij P25: 5,0 %, in de band 2,5 % tot 5,0 %; "
        "gewicht 1,10 met green 1.1."
    )
    none = occupation_weights(*cells([0, 0, 0, 8], 1234.0), RULE).iloc[0]
    assert none["why"] == (
        "At P25 nothing is trainable, at the median 0.0 of 1,234 openings: too uncertain, weight 0."
    )


def test_another_quantile_is_the_same_table_by_another_rule(parameters: Parameters) -> None:
    frame, drawn = cells(np.arange(1, 101), 1000.0)
    table = occupation_weights(frame, drawn, RULE)
    median = occupation_weights(table, drawn, WeightRule.of(parameters, quantile=0.5))
    assert median["trainable_lower"].tolist() == [50]
    assert occupation_weights(median, drawn, RULE).equals(table), "and back again"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"quantile": 0.75}, "weight_quantile 0.75; expected above 0 and at most 0.5"),
        ({"edges": (0.1, 0.1, 0.2, 0.3)}, "expected ascending shares above 0"),
        ({"weights": (0.5, 1.0)}, "2 weights; expected one per band: 5"),
        ({"weights": (0.5, 0.4, 1.0, 1.2, 1.5)}, "expected none below the former"),
        ({"floor": 3.0}, "expected 0 < floor ≤ cap"),
        ({"neutral": 0.1}, "expected from floor to cap"),
        ({"step": 0.0}, "step 0.0; expected above 0"),
        ({"hysteresis": 1.0}, "expected from 0 to below 1"),
        ({"topups": {"green": 0.9}}, "expected factors of at least 1"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ForecastingError, match=told):
        dataclasses.replace(RULE, **change)


def test_draws_of_another_release_are_refused() -> None:
    frame, drawn = cells([[1, 2], [3, 4]])
    with pytest.raises(ForecastingError, match="table weights: 2 rows beside 1 rows of draws"):
        occupation_weights(frame, drawn[:1], RULE)
