"""Parameters are dated and sourced, and the day decides."""

import datetime as dt
from pathlib import Path

import pytest

from forecasting.errors import ForecastingError, InputError
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


def lasting(tmp_path: Path, first: str, second: str = "") -> Path:
    values = "\n".join(f"    - {{{value}, value: 1, reference: law}}" for value in (first, second) if value)
    text = f"cap:\n  description: A cap.\n  unit: share\n  status: verified\n  values:\n{values}\n"
    (tmp_path / "law.yaml").write_text(text)
    return tmp_path


def test_a_lapsed_value_is_an_error_only_where_it_is_read(tmp_path: Path) -> None:
    folder = lasting(tmp_path, "from: 2024-01-01, until: 2026-12-31")
    assert load_parameters(dt.date(2026, 12, 31), folder)["cap"] == 1
    found = load_parameters(dt.date(2027, 1, 1), folder)
    assert found.as_dict() == {}
    with pytest.raises(ForecastingError, match="parameter cap: its last value ended on 2026-12-31"):
        _ = found["cap"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from: 2024-01-01, until: 2026-01-01", "from: 2026-01-01"),
        ("from: 2024-01-01", "from: 2024-01-01"),
    ],
)
def test_values_that_overlap_are_refused(tmp_path: Path, first: str, second: str) -> None:
    with pytest.raises(InputError, match=r"cap from 2024-01-01 .*expected values that do not overlap"):
        load_parameters(dt.date(2026, 1, 1), lasting(tmp_path, second, first))


def test_a_value_without_a_reference_is_refused(tmp_path: Path) -> None:
    (tmp_path / "law.yaml").write_text(TWO_DATES.replace("old law", '""'))
    with pytest.raises(InputError, match="found cap from 2024-01-01 without a reference"):
        load_parameters(dt.date(2026, 1, 1), tmp_path)
