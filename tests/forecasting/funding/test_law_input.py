"""Broken input to the law, one mistake each, and a broken file of rules: what is refused and what to do."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from forecasting.errors import InputError
from forecasting.funding.law import constrain, load_rules
from forecasting.funding.law_rules import LAW
from tests.forecasting.funding.law_tables import COURSES, DAY, NO_GRANTS, asked, granted

RULES = load_rules(DAY)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"size_class": "tiny"},
            r"column size_class, line 3: found 'tiny'; expected one of small, medium, large",
        ),
        (
            {"course": "C9"},
            "column course, line 3: found 'C9'; expected a course of courses. Do: add the course",
        ),
        (
            {"undertaking": ""},
            "column undertaking, line 3: found nothing; expected a value without control characters",
        ),
        ({"cost_course": -1.0}, "column cost_course, line 3: found -1; expected a figure from 0 to 1e"),
        ({"cost_wages": 10.005}, "found 10.005; .*in whole cents. Do: round to cents, at most two decimals"),
        ({"cost_travel": None}, "column cost_travel, line 3: found nothing; expected a figure from 0"),
        ({"cost_travel": float("inf")}, "column cost_travel, line 3: found inf"),
        ({"participants": 0}, "column participants, line 3: found 0; expected a whole figure from 1"),
        ({"participants": 1.5}, "found 1.5; expected a whole figure"),
        (
            {"id": "A1"},
            "column id, line 3: found 'A1'; expected each only once. Do: remove the repeated rows",
        ),
        ({"applied_on": "2026-13-01"}, "column applied_on, line 3: found '2026-13-01'; expected a day"),
        ({"applied_on": "2026-07-01"}, "found 2026-07-01; expected a day until the decision on 2026-06-30"),
        ({"applied_on": "2014-06-30"}, "found 2014-06-30; expected a day from 2014-07-01 on, when rule gber"),
        ({"applied_on": "2024-08-31", "regime": "vov"}, "expected a day from 2024-09-01 on, when rule vov"),
        ({"regime": "gift"}, "column regime, line 3: found 'gift'; expected one of gber_31, de_minimis"),
        (
            {"instrument": "KMO"},
            "column instrument, line 3: found 'KMO'; expected the same legal basis as regime",
        ),
        ({"vulnerable": "perhaps"}, "column vulnerable, line 3: found 'perhaps'; expected true or false"),
        (
            {"employment_fraction": 1.2},
            "column employment_fraction, line 3: found 1.2; expected a figure from 0 to 1",
        ),
        (
            {"employment_fraction": 0.0},
            "column employment_fraction, line 3: found 0; expected a share above 0",
        ),
        (
            {"same_costs_as": "A9"},
            "column same_costs_as, line 3: found 'A9'; expected an application of the same",
        ),
        ({"undertaking": "U2", "same_costs_as": "A1"}, "column same_costs_as, line 3"),
    ],
)
def test_a_broken_application_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"applications, .*{message}"):
        constrain(asked({}, row), NO_GRANTS, COURSES, RULES, DAY)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"amount": -5.0}, "column amount, line 2: found -5; expected a figure from 0"),
        ({"amount": 0.001}, "column amount, line 2: found 0.001; .*in whole cents"),
        ({"granted_on": None}, "column granted_on, line 2: found nothing; expected a day"),
        ({"regime": "gift"}, "column regime, line 2: found 'gift'; expected one of .*other"),
        (
            {"cost_item": "wages"},
            "column cost_item, line 2: found 'wages'; expected nothing, or one of cost_course",
        ),
        (
            {"undertaking": "U9", "application": "A1"},
            "column application, line 2: found 'A1'; expected an application of",
        ),
    ],
)
def test_a_broken_grant_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"grants, {message}"):
        constrain(asked({}), granted(row), COURSES, RULES, DAY)


def test_an_undertaking_is_in_one_single_undertaking() -> None:
    grants = granted({"single_undertaking": "OTHER"})
    with pytest.raises(
        InputError, match="column single_undertaking, line 2: found 'ONE'; expected one single"
    ):
        constrain(asked({"single_undertaking": "ONE"}), grants, COURSES, RULES, DAY)


def test_every_problem_is_told_at_once() -> None:
    rows = asked({"cost_course": -1.0}, {"cost_wages": 0.001}).drop(columns="participants")
    with pytest.raises(InputError) as caught:
        constrain(rows, granted({"amount": None}), COURSES, RULES, DAY)
    assert len(caught.value.problems) == 4
    assert "no column participants; expected persons to be trained (persons)" in str(caught.value)


def changed(tmp_path: Path, name: str, *, entry: dict[str, Any] | None = None, **first: Any) -> Path:
    """Write the law with one entry changed, or its first value."""
    law = yaml.safe_load(LAW.read_text(encoding="utf-8"))
    law[name] |= entry or {}
    law[name]["values"][0] |= first
    path = tmp_path / "law.yaml"
    path.write_text(yaml.safe_dump(law), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("gber_notification", {"reference": " "}, "gber_notification from 2014-07-01 without a reference"),
        ("gber_notification", {"article": ""}, "gber_notification from 2014-07-01 without an article"),
        (
            "gber_notification",
            {"until": dt.date(2023, 7, 1)},
            "and another from 2023-07-01; expected values that do not overlap in time. Do: end the",
        ),
        ("gber_notification", {"until": dt.date(2014, 1, 1)}, "expected a last day on or after the first"),
        ("gber_notification", {"value": "much"}, "with value 'much'; expected a number, 0 or more"),
        (
            "gber_31_intensity",
            {"value": {"base": 0.5}},
            "expected the keys base, cap, medium, small, vulnerable",
        ),
        ("kmo_costs", {"value": ["cost_dinner"]}, "expected some of cost_course, cost_wages, cost_travel"),
        ("kmo_share", {"from": dt.date(2026, 7, 1)}, "kmo_share only from 2026-07-01, the day is 2026-06-30"),
        (
            "kmo_share",
            {"entry": {"status": "sure"}},
            "status sure; expected one of verified, secondary, unverified",
        ),
        (
            "kmo_share",
            {"entry": {"regimes": ["gift"]}},
            "expected some of gber_31, de_minimis, sgei, vov, kmo",
        ),
    ],
)
def test_a_broken_rule_is_refused(tmp_path: Path, name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_rules(DAY, changed(tmp_path, name, **change))


def test_a_missing_rule_is_refused(tmp_path: Path) -> None:
    law = yaml.safe_load(LAW.read_text(encoding="utf-8"))
    del law["kmo_minimum"]
    (tmp_path / "law.yaml").write_text(yaml.safe_dump(law), encoding="utf-8")
    with pytest.raises(
        InputError, match="no rule kmo_minimum; expected every rule that the law modules apply"
    ):
        load_rules(DAY, tmp_path / "law.yaml")


def test_a_later_version_is_not_seen_on_an_earlier_day() -> None:
    assert [str(v.start) for v in load_rules(dt.date(2025, 12, 31))["kmo_raised_share"].versions] == [
        "2020-01-01",
        "2021-09-14",
    ]
    assert len(RULES["kmo_raised_share"].versions) == 3
    assert RULES.as_dict()["kmo_share"]["versions"][0]["from"] == "2020-01-01"
