"""Parameters are dated and sourced, and the day decides."""

import datetime as dt
from pathlib import Path

import pytest

from forecasting.errors import ForecastingError
from forecasting.parameters import load_parameters

TWO_DATES = """
cap:
  description: A cap.
  unit: share
  status: verified
  values:
    - {from: 2024-01-01, value: 0.1, reference: old law}
    - {from: 2026-01-01, value: 0.2, reference: new law}
"""


def test_the_value_in_force_is_the_latest_on_or_before_the_day(tmp_path: Path) -> None:
    (tmp_path / "law.yaml").write_text(TWO_DATES)
    assert load_parameters(dt.date(2025, 12, 31), tmp_path)["cap"] == 0.1
    assert load_parameters(dt.date(2026, 1, 1), tmp_path)["cap"] == 0.2


def test_without_a_day_the_newest_value_holds_whatever_the_clock_says(tmp_path: Path) -> None:
    (tmp_path / "law.yaml").write_text(TWO_DATES)
    found = load_parameters(folder=tmp_path)
    assert (found.as_of, found["cap"]) == ("2026-01-01", 0.2)


def test_a_day_before_every_value_is_refused(tmp_path: Path) -> None:
    (tmp_path / "law.yaml").write_text(TWO_DATES)
    with pytest.raises(
        ForecastingError, match="parameter cap: no value in force on 2023-05-01; expected a day from 2024"
    ):
        load_parameters(dt.date(2023, 5, 1), tmp_path)
