"""Weights over budget periods: frozen, with notice, in steps, without flicker."""

import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import ForecastingError, InputError
from forecasting.funding import weights as rules
from forecasting.funding.periods import Period, band_changes, carried, expected_changes
from forecasting.funding.weight_tables import occupation_weights
from forecasting.funding.weights import WeightRule, held_bands, share_at_zero
from forecasting.parameters import load_parameters
from tests.forecasting.funding.test_weights import cells

RULE = WeightRule.of(load_parameters())
NEXT = Period.of(dt.date(2028, 1, 1), load_parameters())
IN_TIME = dt.date(2027, 9, 1)
few = settings(max_examples=25, deadline=None)
shares = st.lists(st.integers(0, 200), min_size=1, max_size=12)


def proposed(thousandths: list[int], **columns: Any) -> pd.DataFrame:
    """Return weights of cells of which so many of a thousand openings are trainable for certain."""
    return occupation_weights(*cells([[each] * 4 for each in thousandths], **columns), RULE)


def former(table: pd.DataFrame, weight: Any, band: Any = None, period: str = "2027") -> pd.DataFrame:
    given_band = table["band"] if band is None else pd.array(band, dtype="Int64")
    return table.assign(weight=weight, band=given_band, period=period)


@few
@given(shares, st.data())
def test_no_weight_moves_by_more_than_the_step(now: list[int], data: Any) -> None:
    table = proposed(now)
    before = data.draw(st.lists(st.floats(0, RULE.cap), min_size=len(now), max_size=len(now)))
    found = carried(table, former(table, before), NEXT, IN_TIME, RULE)
    moved = found["weight"] - found["previous"]
    assert (moved.abs() <= RULE.step + 1e-6).all()
    assert (
        (found["weight"] - table["weight"]).abs() <= (np.array(before) - table["weight"]).abs() + 1e-6
    ).all()
    held = found["held_by"].eq("step")
    assert ((found["weight"] - table["weight"]).abs()[~held] < 1e-6).all(), "held, and said so"


@few
@given(st.integers(0, 3), st.floats(-0.099, 0.099), st.integers(0, 4))
def test_a_share_about_an_edge_never_changes_the_band(edge: int, off: float, band: int) -> None:
    if band not in {edge, edge + 1}:
        return
    share = np.array([RULE.edges[edge] * (1 + off)])
    assert held_bands(share, np.array([band]), RULE).tolist() == [band]


@few
@given(st.floats(0, 0.3), st.integers(-1, 4))
def test_a_held_band_agrees_with_plain_steps(share: float, band: int) -> None:
    past = Fraction(RULE.hysteresis)
    up = sum(1 for edge in RULE.edges if share >= edge * (1 + RULE.hysteresis))
    down = sum(1 for edge in RULE.edges if share >= edge * (1 - RULE.hysteresis))
    own = sum(1 for edge in RULE.edges if share >= edge)
    expected = own if band == -1 else up if band < up else down if band > down else band
    assert past > 0
    assert held_bands(np.array([share]), np.array([band]), RULE).tolist() == [expected]


def test_a_weight_that_hysteresis_keeps_has_the_weight_of_its_band() -> None:
    table = proposed([52, 48, 60])  # the edge is 50, well past it 55
    found = carried(table, former(table, [1.0, 1.25, 1.0], [2, 3, 2]), NEXT, IN_TIME, RULE)
    assert found["band"].tolist() == [2, 3, 3]
    assert found["weight"].tolist() == [1.0, 1.25, 1.25]
    assert found["held_by"].tolist() == ["hysteresis", "hysteresis", ""]
    assert found["need"].tolist() == [1000, 1250, 1250]
    assert found["why"].iloc[0].endswith("; weight 1.00; kept in its former band within 10.0 % of the edge.")
    assert found["period"].eq("2028-01-01 to 2028-12-31").all()


def test_a_fall_to_zero_or_neutral_goes_in_steps_too() -> None:
    table = proposed([0, 60])
    table.loc[1, ["ground", "weight", "band", "share_lower"]] = [rules.NEUTRAL, 1.0, pd.NA, np.nan]
    found = carried(table, former(table, [1.5, 2.0], [4, 4]), NEXT, IN_TIME, RULE)
    assert found["weight"].tolist() == [1.25, 1.75]
    assert found["why_nl"].iloc[0].endswith("op 1,25 gehouden door de grootste stap van 0,25 vanaf 1,50.")


def test_a_period_is_frozen_once_it_has_weights_and_where_notice_is_short() -> None:
    table = proposed([60, 10])
    for before, day in ((NEXT.name, IN_TIME), ("2027", dt.date(2027, 12, 1))):
        found = carried(table, former(table, [0.75, 1.5], [1, 4], before), NEXT, day, RULE)
        assert found["weight"].tolist() == [0.75, 1.5]
        assert found["held_by"].tolist() == ["freeze", "freeze"]
        assert found["band"].tolist() == [1, 4]
    assert "frozen at 0.75 for the budget period 2028-01-01 to 2028-12-31" in found["why"].iloc[0]


def test_the_last_day_of_notice_is_in_time() -> None:
    assert NEXT.announced_in_time(dt.date(2027, 10, 3))
    assert not NEXT.announced_in_time(dt.date(2027, 10, 4))


def test_first_weights_are_the_rules_but_not_too_late() -> None:
    table = proposed([60, 10])
    assert carried(table, None, NEXT, IN_TIME, RULE)["weight"].tolist() == table["weight"].tolist()
    with pytest.raises(ForecastingError, match="expected 90 days of notice"):
        carried(table, None, NEXT, dt.date(2027, 12, 31), RULE)


def test_a_new_cell_takes_the_rules_weight() -> None:
    table = proposed([60, 10])
    found = carried(table, former(table, 0.5).head(1), NEXT, IN_TIME, RULE)
    assert found["weight"].tolist() == [0.75, table["weight"].iloc[1]]
    assert np.isnan(found["previous"].iloc[1])


def test_former_weights_that_cannot_be_are_refused() -> None:
    table = proposed([60, 10])
    with pytest.raises(InputError, match="twice; expected one row per key"):
        carried(table, pd.concat([former(table, 1.0)] * 2), NEXT, IN_TIME, RULE)
    with pytest.raises(InputError, match="column weight, line 3: found 9"):
        carried(table, former(table, [1.0, 9.0]), NEXT, IN_TIME, RULE)


def test_changes_of_band_between_releases_are_counted() -> None:
    old, new = proposed([60, 10, 0, 60]), proposed([60, 30, 30])
    new.loc[0, ["ground", "band"]] = [rules.NEUTRAL, pd.NA]
    counts = band_changes(old, new).set_index(["before", "after"])["cells"].to_dict()
    assert counts == {
        ("neutral", "neutral"): 1,
        ("band 0", "band 2"): 1,
        ("nothing_trainable", "band 2"): 1,
        ("band 3", "absent"): 1,
    }
    assert expected_changes(old) == 0
    assert share_at_zero(old["weight"].to_numpy()) == 0.25
