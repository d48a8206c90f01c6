"""Each rule of subsidy law by hand: what it refuses, caps or asks, and the article it cites."""

import datetime as dt
from dataclasses import replace
from functools import cache

import pytest

from forecasting.errors import ForecastingError
from forecasting.funding.law import Legal, Rulebook, constrain, load_rules
from forecasting.funding.law_rules import NAMES
from tests.forecasting.funding.law_tables import (
    COURSES,
    DAY,
    NO_GRANTS,
    asked,
    granted,
    greedy,
    random_tables,
)

RULES = load_rules(DAY)


def judged(*rows, grants=NO_GRANTS, day=DAY, rules=None, courses=COURSES) -> Legal:
    return constrain(asked(*rows), grants, courses, rules or load_rules(day), day)


def caps(legal: Legal) -> list[int]:
    return legal.applications["cap_cents"].tolist()


def findings(legal: Legal, kind: str) -> list[tuple[str, str]]:
    found = legal.findings[legal.findings["kind"] == kind]
    return list(zip(found["rule"], found["version"], strict=True))


@pytest.mark.parametrize(
    ("size", "vulnerable", "cents"),
    [
        ("large", False, 500_000),
        ("large", True, 600_000),
        ("medium", False, 600_000),
        ("medium", True, 700_000),
        ("small", False, 700_000),
        ("small", True, 700_000),
    ],
)
def test_training_aid_is_a_share_of_eligible_costs(size: str, vulnerable: bool, cents: int) -> None:
    legal = judged({"size_class": size, "vulnerable": vulnerable})
    assert legal.applications["eligible_cents"].tolist() == [1_000_000]
    assert caps(legal) == [cents]
    assert legal.applications["binding"].tolist() == [
        ("gber_31_intensity, from 2014-07-01, Reg. (EU) No 651/2014, art. 31(4)",)
    ]


@pytest.mark.parametrize(
    ("row", "rule", "version", "detail"),
    [
        ({"course": "C2"}, "gber_31_mandatory", "2014-07-01", "course C2 is required by law"),
        (
            {"starts_on": "2026-03-01"},
            "gber_incentive_effect",
            "2014-07-01",
            "applied on 2026-03-01, training starts on",
        ),
        (
            {"regime": "vov", "employment_fraction": 0.75},
            "vov_employment",
            "2025-09-01",
            "employed 75 %, at least 80 %",
        ),
        (
            {"regime": "vov", "hours_per_week": 27.0},
            "vov_employment",
            "2025-09-01",
            "27 hours a week, at least 28",
        ),
        ({"regime": "vov", "employment_fraction": None}, "vov_employment", "2025-09-01", "fraction unknown"),
        ({"regime": "vov", "course": "C4"}, "vov_minimum", "2024-09-01", "8 contact hours and no 3 credits"),
        ({"regime": "vov", "course": "C5"}, "vov_right", "2024-09-01", "contact hours of the course unknown"),
        (
            {"regime": "kmo", "size_class": "large"},
            "kmo_share",
            "2020-01-01",
            "a large undertaking gets no share",
        ),
        (
            {"regime": "kmo", "cost_course": 99.99},
            "kmo_minimum",
            "2020-01-01",
            "fee of €99.99, at least €100.00",
        ),
        (
            {"regime": "kmo", "legal_form": "vzw"},
            "kmo_legal_form",
            "2020-01-01",
            "legal form vzw is left out",
        ),
    ],
)
def test_a_refusal_cites_its_rule_and_says_why(row: dict, rule: str, version: str, detail: str) -> None:
    legal = judged(row)
    assert caps(legal) == [0]
    assert legal.applications["refused"].tolist() == [True]
    found = legal.findings[legal.findings["kind"].eq("refused") & legal.findings["rule"].eq(rule)]
    assert found["version"].tolist() == [version]
    assert detail in found["detail"].iloc[0]
    assert found["binding"].all()


def test_mandatory_training_may_have_de_minimis_aid() -> None:
    assert caps(judged({"course": "C2", "regime": "de_minimis"})) == [1_000_000]


def test_whether_training_is_mandatory_is_warned_of_where_it_is_unknown() -> None:
    legal = judged({"course": "C5"})
    assert caps(legal) == [700_000]
    assert findings(legal, "warning") == [("gber_31_mandatory", "2014-07-01")]


def test_three_million_a_project_however_it_is_split() -> None:
    large = {"cost_course": 2_999_000.0, "size_class": "small"}
    legal = judged(large, large)
    assert caps(legal) == [210_350_000, 210_350_000]
    assert legal.groups[["rule", "cap_cents", "members"]].to_numpy().tolist() == [
        ["gber_notification", 300_000_000, 2]
    ]
    one = judged({"cost_course": 5_000_000.0})
    assert caps(one) == [300_000_000]
    assert findings(one, "notify") == [("gber_notification", "2023-07-01")]
    assert judged(large, large | {"project": "another"}).groups.empty


@pytest.mark.parametrize(("euros", "published"), [(142_857.14, False), (142_857.15, True)])
def test_awards_from_100_000_euros_are_published(euros: float, published: bool) -> None:
    legal = judged({"cost_course": euros, "cost_wages": 0.0, "cost_travel": 0.0})
    assert bool(findings(legal, "publish")) is published


@pytest.mark.parametrize(
    ("grant", "cents"),
    [
        ({"regime": "other", "application": "A1"}, 600_000),
        ({"regime": "other", "application": "A1", "cost_item": "cost_wages"}, 600_000),
        ({"regime": "other", "application": "A1", "amount": 7000.0}, 0),
        ({"regime": "other", "application": "A1", "granted_on": "2026-07-01"}, 700_000),
        ({"regime": "other", "application": "A1", "granted_on": "2026-06-30"}, 600_000),
        ({"regime": "other"}, 700_000),
    ],
)
def test_other_aid_for_the_same_costs_counts(grant: dict, cents: int) -> None:
    assert caps(judged({}, grants=granted(grant))) == [cents]


def test_aid_for_another_item_does_not_count() -> None:
    grants = granted({"regime": "other", "application": "A1", "cost_item": "cost_wages"})
    assert caps(judged({"regime": "kmo"}, grants=grants)) == [120_000]


def test_one_cost_item_is_not_paid_twice_by_two_applications() -> None:
    legal = judged(
        {}, {"regime": "kmo", "same_costs_as": "A1"}, {"regime": "de_minimis", "same_costs_as": "A1"}
    )
    assert caps(legal) == [700_000, 120_000, 700_000]
    assert legal.groups[["rule", "cap_cents", "members"]].to_numpy().tolist() == [
        ["double_financing", 700_000, 3]
    ]
    assert greedy(legal) == 700_000
    assert (
        legal.findings.query("rule == 'double_financing' and binding")["detail"]
        .iloc[0]
        .startswith("3 applications")
    )


def test_the_block_exemption_says_when_it_has_ended() -> None:
    for row, day in (
        ({}, dt.date(2027, 1, 2)),
        ({"applied_on": "2027-01-04", "starts_on": "2027-03-01"}, dt.date(2027, 2, 1)),
    ):
        legal = judged(row, day=day)
        assert caps(legal) == [0]
        found = legal.findings[legal.findings["rule"] == "gber_validity"]
        assert found["article"].tolist() == ["Reg. (EU) No 651/2014, art. 59"]
        assert "the rule ended on 2026-12-31. Do: ask under another legal basis" in found["detail"].iloc[0]
        assert caps(judged(row | {"regime": "de_minimis"}, day=day)) == [1_000_000]


def test_training_leave_of_2026_27_is_not_known_yet() -> None:
    legal = judged(
        {"regime": "vov", "applied_on": "2026-10-01", "starts_on": "2026-11-01"}, day=dt.date(2026, 11, 22)
    )
    assert findings(legal, "refused")[0] == ("vov_employment", "2025-09-01")
    assert "ended on 2026-08-31" in legal.findings["detail"].iloc[0]


@pytest.mark.parametrize(
    ("granted_on", "cents"),
    [("2023-06-30", 1_000_000), ("2023-07-01", 500_000), ("2026-06-30", 500_000), ("2026-07-01", 1_000_000)],
)
def test_de_minimis_looks_back_three_years_from_the_day(granted_on: str, cents: int) -> None:
    grants = granted({"amount": 295_000.0, "granted_on": granted_on})
    assert caps(judged({"regime": "de_minimis"}, grants=grants)) == [cents]


def test_headroom_is_shared_by_all_applications_of_linked_undertakings() -> None:
    rows = [
        {"regime": "de_minimis", "undertaking": name, "single_undertaking": "GROUP"} for name in ("U1", "U2")
    ]
    legal = judged(*rows, grants=granted({"amount": 285_000.0, "undertaking": "U2"}))
    assert caps(legal) == [1_000_000, 1_000_000]
    assert legal.groups[["group", "cap_cents"]].to_numpy().tolist() == [["de_minimis · GROUP", 1_500_000]]
    assert legal.membership["application"].tolist() == ["A1", "A2"]
    assert legal.shared_caps() == {
        "de_minimis_ceiling": (["de_minimis · GROUP"] * 2, {"de_minimis · GROUP": 1_500_000})
    }
    assert ("de_minimis_register", "2026-01-01") in findings(legal, "publish")


def test_a_service_of_general_interest_has_its_own_ceiling_and_the_sum_of_both_only_warns() -> None:
    grants = granted({"amount": 740_000.0, "regime": "sgei"}, {"amount": 5000.0})
    legal = judged({"regime": "sgei"}, {"regime": "de_minimis"}, grants=grants)
    assert caps(legal) == [1_000_000, 1_000_000]
    assert ("sgei_with_de_minimis", "2024-01-01") in findings(legal, "warning")


@pytest.mark.parametrize(
    ("row", "cents"),
    [
        ({}, 4 * 40 * 1491),
        ({"applied_on": "2025-08-31", "starts_on": "2025-10-01"}, 4 * 40 * 2130),
        ({"course": "C3", "cost_wages": 90_000.0}, 4 * 125 * 1491),
        ({"course": "C3", "cost_wages": 90_000.0, "employment_fraction": 0.8}, 4 * 100 * 1491),
        ({"course": "C3", "cost_wages": 90_000.0, "joint_initiative": True}, 4 * 200 * 1491),
        ({"cost_wages": 2000.0}, 200_000),
    ],
)
def test_training_leave_pays_hours_within_the_right(row: dict, cents: int) -> None:
    assert caps(judged({"regime": "vov"} | row)) == [cents]


def test_credits_do_where_hours_are_few() -> None:
    courses = COURSES.assign(credits=[None, None, None, 3, None], instruments="VOV")
    assert caps(judged({"regime": "vov", "course": "C4"}, courses=courses)) == [4 * 8 * 1491]


@pytest.mark.parametrize(
    ("row", "cents"),
    [
        ({}, 120_000),
        ({"size_class": "medium"}, 80_000),
        ({"course": "C3"}, 180_000),
        ({"course": "C3", "size_class": "medium"}, 140_000),
        ({"course": "C4"}, 180_000),
        ({"course": "C4", "applied_on": "2026-01-31"}, 120_000),
        ({"cost_course": 40_000.0}, 750_000),
    ],
)
def test_the_portefeuille_pays_a_share_of_the_fee(row: dict, cents: int) -> None:
    assert caps(judged({"regime": "kmo"} | row)) == [cents]


def test_the_portefeuille_has_a_ceiling_a_calendar_year() -> None:
    rows = {"regime": "kmo", "cost_course": 20_000.0}
    legal = judged(
        rows,
        rows,
        rows | {"applied_on": "2025-12-31"},
        grants=granted({"regime": "kmo", "granted_on": "2026-01-02"}),
    )
    assert caps(legal) == [600_000, 600_000, 600_000]
    assert legal.groups[["group", "cap_cents", "members"]].to_numpy().tolist() == [
        ["kmo · 2026 · U1", 650_000, 2]
    ]


def test_a_class_is_that_of_the_figures_where_they_say_larger() -> None:
    figures = {"fte": 60.0, "turnover": 8e6, "balance": 8e6}
    legal = judged(figures)
    assert (caps(legal), legal.applications["size_class"].tolist()) == ([600_000], ["medium"])
    assert findings(legal, "warning") == [("enterprise_size", "2014-07-01")]
    assert caps(judged({"fte": 60.0, "size_class": "large"})) == [500_000]


def test_an_instrument_names_the_legal_basis_and_block_exemption_is_the_default() -> None:
    legal = judged({"regime": None, "instrument": "KMO"}, {"regime": None})
    assert legal.applications["regime"].tolist() == ["kmo", "gber_31"]


@cache
def strict() -> Legal:
    return constrain(*random_tables(7, 60), COURSES, RULES, DAY)


@pytest.mark.parametrize("part", range(5))
def test_an_unverified_rule_warns_and_never_binds(part: int) -> None:
    (applications, grants), bound, names = random_tables(7, 60), strict(), NAMES[part::5]
    unsure = {name: replace(RULES[name], status="unverified") for name in names}
    loose = Rulebook(DAY, {**RULES.rules, **unsure}, RULES.default_regime)
    free = constrain(applications, grants, COURSES, loose, DAY)
    said = free.findings[free.findings["rule"].isin(names)]
    assert not said["kind"].isin(["refused", "cap"]).any()
    more = {"enterprise_size", "kmo_raised_share"} & set(names)  # without these an undertaking may get less
    assert more or (free.applications["cap_cents"] >= bound.applications["cap_cents"]).all()
    hard = bound.findings[bound.findings["rule"].isin(names) & bound.findings["kind"].eq("refused")]
    warned = said.loc[said["detail"].str.startswith("not applied, rule unverified"), ["application", "rule"]]
    assert set(map(tuple, hard[["application", "rule"]].to_numpy())) <= set(map(tuple, warned.to_numpy()))


def test_rules_and_decision_are_of_the_same_day() -> None:
    with pytest.raises(
        ForecastingError, match="rules as of 2026-06-30, decision on 2026-07-01; expected the same day"
    ):
        constrain(asked({}), NO_GRANTS, COURSES, RULES, dt.date(2026, 7, 1))


def test_no_applications_give_empty_tables() -> None:
    legal = constrain(asked({}).iloc[:0], NO_GRANTS, COURSES, RULES, DAY)
    assert [len(legal.applications), len(legal.groups), len(legal.membership), len(legal.findings)] == [
        0,
        0,
        0,
        0,
    ]
