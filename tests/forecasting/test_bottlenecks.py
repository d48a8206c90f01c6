"""The rule by hand, criterion by criterion; causes; agreement; conditions that explain nothing are none."""

import itertools
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.bottlenecks import COLUMNS, agreement_table, at_least, bottlenecks_table, judged
from forecasting.conditions import conditions_table
from forecasting.parameters import load_parameters
from forecasting.region import Region, problems_of
from forecasting.vacancy_indicators import scopes, yearly_indicators
from tests.conftest import ROOT

RULE = {"handled": 20, "candidate_years": 2, "of_years": 3}
OCCUPATIONS = ("a", "b", "c", "d", "e")
DAYS = dict(zip(OCCUPATIONS, (10.0, 20.0, 30.0, 40.0, 50.0), strict=True))
FILLED = dict(zip(OCCUPATIONS, (95.0, 90.0, 85.0, 80.0, 75.0), strict=True))
NOTHING = pd.DataFrame({"region": [], "occupation": [], "p10": []})
LACK = pd.Series(dict(zip(OCCUPATIONS, (0.1, 0.1, 0.1, 0.1, 0.3), strict=True)))


def years(*of_years: int, **changed: dict[str, Any]) -> pd.DataFrame:
    """Return indicators of five occupations, of 100 handled each; `changed` is of d, or of d_2024."""
    rows = [
        {"year": year, "region": "R", "occupation": code, "handled": 100.0, "seekers_per_vacancy": 5.0}
        | {"days": DAYS[code], "filled": FILLED[code]}
        | changed.get(code, {})
        | changed.get(f"{code}_{year}", {})
        for year in of_years or (2023, 2024, 2025)
        for code in OCCUPATIONS
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(
        cancelled=frame["handled"] - frame["filled"], fill_rate=frame["filled"] / frame["handled"]
    )


def of(code: str, frame: pd.DataFrame, **more: Any) -> pd.Series:
    table = bottlenecks_table(judged(frame, RULE), LACK, more.get("conditions", NOTHING), 2025, 2)
    return table.set_index("occupation").loc[code]


def test_rule_by_hand() -> None:
    table = bottlenecks_table(judged(years(), RULE), LACK, NOTHING, 2025, 2).set_index("occupation")
    assert table["listed"].tolist() == [False, False, False, True, True]  # c is the median itself
    assert (table["median_days"] == 30).all()
    assert table["median_fill_rate"].tolist() == pytest.approx([0.85] * 5)
    assert table["days_margin"].tolist() == [-20, -10, 0, 10, 20]
    assert table["fill_rate_margin"].tolist() == pytest.approx([0.1, 0.05, 0, -0.05, -0.1])
    assert (table["reason"] == "").all()


@pytest.mark.parametrize(
    ("changed", "criterion"),
    [
        ({"d_2025": {"days": 30.0}}, "long_run_time"),
        ({"d_2025": {"filled": 90.0}}, "low_fill_rate"),
        ({"d_2023": {"days": 9.0}, "d_2024": {"days": 9.0}}, "persistent"),
    ],
)
def test_each_criterion_takes_an_occupation_off(changed: dict[str, Any], criterion: str) -> None:
    found = of("d", years(**changed))
    assert not found["listed"]
    assert not found[criterion]
    assert found["reason"] == ""
    assert of("d", years())[["listed", criterion]].all()


def test_too_few_vacancies_cannot_be_judged_and_do_not_move_the_median() -> None:
    frame = years(d={"handled": 19.0, "filled": 15.0})
    found = of("d", frame)
    assert found["listed"] is pd.NA
    assert found["reason"] == "low_reliability"
    assert of("d", years(d={"handled": 20.0, "filled": 15.0}))["listed"]
    assert of("e", frame)["median_days"] == 25  # of 10, 20, 30, 50


def test_a_candidate_of_two_years_in_three_is_listed() -> None:
    assert of("d", years(d_2023={"days": 9.0}))["listed"]
    assert of("d", years(d_2024={"days": 9.0}))["listed"]


def test_what_is_unknown_leaves_the_listing_open_only_where_it_could_change_it() -> None:
    unknown: dict[str, Any] = {"days": math.nan}
    assert of("d", years(d_2025=unknown))["listed"] is pd.NA
    assert of("d", years(d_2025=unknown))["reason"] == "unavailable"
    assert not of("b", years(b_2025=unknown))["listed"]  # filled too often, however long it ran
    assert of("d", years(d_2023=unknown))["listed"]  # two known years suffice
    short = years(2025)
    assert of("d", short)["listed"] is pd.NA  # one year cannot show persistence
    assert not of("b", short)["listed"]


def test_relabelling_and_order_are_neutral() -> None:
    frame = years()
    names = dict(zip(OCCUPATIONS, "vzwyx", strict=True))
    renamed = frame.assign(occupation=frame["occupation"].map(names)).sample(frac=1, random_state=1)
    before = bottlenecks_table(judged(frame, RULE), LACK, NOTHING, 2025, 2)
    after = bottlenecks_table(judged(renamed, RULE), LACK.rename(names), NOTHING, 2025, 2)
    before = before.assign(occupation=before["occupation"].map(names))
    key = "occupation"
    pd.testing.assert_frame_equal(
        before.sort_values(key, ignore_index=True), after.sort_values(key, ignore_index=True)
    )


def test_probability_is_sure_far_from_the_medians_and_not_near_them() -> None:
    many = {code: {"handled": 1e6, "filled": FILLED[code] * 1e4} for code in OCCUPATIONS}
    sure, drawn = of("e", years(**many))["probability"], of("e", years())["probability"]
    assert sure == pytest.approx(1)
    assert 0.5 < drawn < sure
    assert of("a", years())["probability"] < 0.01


def test_probability_is_that_of_this_year_and_of_another_of_the_two_before() -> None:
    alone = judged(years(), {"handled": 20, "candidate_years": 1, "of_years": 1})["probability"]
    chance = alone.iloc[-2]  # of d, the same every year
    assert 0.2 < chance < 0.9
    assert of("d", years())["probability"] == pytest.approx(chance * (1 - (1 - chance) ** 2))


def test_at_least_is_the_sum_over_all_outcomes() -> None:
    chances = np.random.default_rng(1).random((4, 3))
    for needed in range(5):
        expected = [
            sum(
                math.prod(chance if won else 1 - chance for chance, won in zip(row, outcome, strict=True))
                for outcome in itertools.product((True, False), repeat=3)
                if sum(outcome) >= needed
            )
            for row in chances
        ]
        assert at_least(chances, needed) == pytest.approx(expected)


def test_causes() -> None:
    conditions = pd.DataFrame({"region": "R", "occupation": ["d", "e"], "p10": [0.05, 0.0]})
    few = years(d={"seekers_per_vacancy": 1.9})
    assert of("d", few, conditions=conditions)["causes"] == "quantitative working_conditions"
    assert of("e", few, conditions=conditions)["causes"] == "qualitative"
    assert of("e", few)["causes_unknown"] == "working_conditions"
    assert of("a", few, conditions=conditions)["causes"] == ""  # not listed
    unknown = years(e={"seekers_per_vacancy": math.nan})
    assert of("e", unknown)["causes_unknown"] == "quantitative qualitative working_conditions"


def test_agreement_by_hand() -> None:
    official = pd.DataFrame(
        {"year": 2025, "occupation": list(OCCUPATIONS), "listed": [False, False, True, False, True]}
    )
    found = agreement_table(judged(years(), RULE), official)
    assert len(found) == 1
    row = found.iloc[0]
    assert row[["both", "rule_only", "list_only", "neither", "not_judged"]].tolist() == [1, 1, 1, 2, 0]
    assert row["precision"] == 0.5
    assert row["recall"] == 0.5
    assert row["kappa"] == pytest.approx((0.6 - 0.52) / 0.48)  # by chance 0.4 × 0.4 + 0.6 × 0.6
    assert agreement_table(judged(years(), RULE), official.iloc[:0]).empty


def market(**tables: pd.DataFrame) -> Region:
    regions = pd.DataFrame(
        {"code": ["R1", "R2", "R"], "parent": ["R", "R", ""], "role": ["market", "market", "aggregate"]}
    )
    return Region({"base_year": 2025}, {"regions": regions} | tables)


def quarters(*, year: int = 2025, count: int = 4, **figures: Any) -> pd.DataFrame:
    told = {"posted": 10.0, "open": 30.0, "filled": 8.0, "cancelled": 2.0, "median_days_open": 50.0}
    periods = [f"{year}-Q{number + 1}" for number in range(count)]
    return pd.DataFrame({"period": periods, "region": "R1", "occupation": "a"} | told | figures)


def test_indicators_of_a_year_by_hand() -> None:
    other = quarters(region="R2", filled=[1.0, 1.0, 1.0, math.nan], cancelled=1.0, open=0.0)
    seekers = pd.DataFrame({"period": "2025-01", "region": ["R1"], "occupation": "a", "persons": 60.0})
    seekers = pd.concat([seekers.assign(period=f"2025-{month:02}") for month in range(1, 13)])
    region = market(occupation_vacancies=pd.concat([quarters(), other]), jobseekers=seekers)
    found = yearly_indicators(region, 2025, 91.3125).set_index("region")
    assert list(found.index) == ["R", "R1", "R2"]
    assert found["filled"].tolist() == [35, 32, 3]
    assert found["cancelled"].tolist() == [11, 8, 3]  # of the quarter without filled, neither counts
    assert found["fill_rate"].tolist() == pytest.approx([35 / 46, 0.8, 0.5])
    assert found["long_open"].tolist() == pytest.approx([20, 20, 0])  # 30 open, 10 of them of this quarter
    assert found["unfilled_share"].tolist() == pytest.approx([31 / 66, 28 / 60, 0.5])
    assert found["seekers_per_vacancy"].tolist()[:2] == [2, 2]
    assert math.isnan(found.loc["R2", "seekers_per_vacancy"])


def test_half_years_are_left_out_and_no_year_counts_twice() -> None:
    both = pd.concat(
        [
            quarters(),
            quarters(count=1).assign(period="2025"),
            quarters(year=2024, count=3),
            quarters(year=2026),
        ]
    )
    found = yearly_indicators(market(occupation_vacancies=both), 2025, 90)
    assert found["year"].unique().tolist() == [2025]
    assert found.loc[found["region"] == "R1", "posted"].tolist() == [40]


def test_no_vacancies_no_table() -> None:
    nothing = yearly_indicators(market(), 2025, 90)
    rows = judged(nothing, RULE)
    conditions = conditions_table(nothing, LACK, 2025, 10, 20)
    table = bottlenecks_table(rows, LACK, conditions, 2025, 2)
    assert table.empty
    assert list(table.columns) == COLUMNS
    assert conditions.empty


def test_markets_without_an_aggregate_have_a_total() -> None:
    regions = pd.DataFrame({"code": ["B", "A", "X"], "parent": "", "role": ["market", "market", "reference"]})
    assert scopes(regions) == {"A": ("A",), "B": ("B",), "TOTAL": ("A", "B")}


@pytest.mark.parametrize(
    ("column", "given"), [("filled", "-1"), ("median_days_open", "-3"), ("period", "soon")]
)
def test_a_broken_table_is_refused_before_the_rule(tmp_path: Path, column: str, given: str) -> None:
    folder = tmp_path / "region"
    shutil.copytree(ROOT / "tests" / "tiny", folder)
    code = pd.read_csv(folder / "occupations.csv", dtype=str)["code"].iloc[-1]
    where = pd.read_csv(folder / "regions.csv", dtype=str)["code"].iloc[0]
    row = {"period": "2025", "region": where, "occupation": code, "filled": "1"} | {column: given}
    pd.DataFrame([row]).to_csv(folder / "occupation_vacancies.csv", index=False)
    told = [str(problem) for problem in problems_of(folder)]
    assert any("occupation_vacancies" in line and column in line and given in line for line in told), told


def explained(
    spoilt: dict[int, float] | None = None, count: int = 30
) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Return indicators that tension and lack explain, but for what `spoilt` leaves unfilled of some."""
    random = np.random.default_rng(1)
    codes = [f"o{number:02}" for number in range(count)]
    seekers, lack = np.exp(random.normal(1, 0.7, count)), random.uniform(0, 0.4, count)
    kept = np.array([1 - (spoilt or {}).get(number, 0.0) for number in range(count)])
    rate = np.exp(1 + 0.5 * np.log(seekers) - 1.5 * lack) * kept
    frame = pd.DataFrame(
        {"year": 2025, "region": "R", "occupation": codes, "open": 1e6, "filled": rate * 1e6}
    )
    frame = frame.assign(handled=frame["filled"] * 1.1, seekers_per_vacancy=seekers, fill_rate=1 / 1.1)
    return frame, pd.Series(lack, codes)


def test_conditions_are_none_where_tension_and_skills_explain_everything() -> None:
    found = conditions_table(*explained(), 2025, 10, 20)
    assert (found[["p10", "p50", "p90"]] == 0).all(axis=None)
    assert found["filled_per_vacancy"].to_numpy() == pytest.approx(found["expected_per_vacancy"].to_numpy())


def test_conditions_find_who_leaves_vacancies_unfilled() -> None:
    found = conditions_table(*explained({3: 0.4, 11: 0.25}), 2025, 10, 20).set_index("occupation")["p50"]
    assert found["o03"] == pytest.approx(0.4, abs=0.05)
    assert found["o11"] == pytest.approx(0.25, abs=0.05)
    assert found.drop(["o03", "o11"]).max() < 0.05


def test_conditions_of_few_vacancies_are_drawn_to_none() -> None:
    frame, lack = explained({3: 0.4, 11: 0.25, 20: 0.3})
    few = frame["occupation"] == "o03"
    small = frame.assign(**{name: frame[name].where(~few, frame[name] / 2e5) for name in ("open", "filled")})
    of_many = conditions_table(frame, lack, 2025, 10, 0).set_index("occupation").loc["o03"]
    of_few = conditions_table(small, lack, 2025, 10, 0).set_index("occupation").loc["o03"]
    assert 0 < of_few["p50"] < 0.5 * of_many["p50"]


def test_conditions_say_why_they_are_unknown() -> None:
    frame, lack = explained()
    without = conditions_table(frame, lack.drop("o05"), 2025, 10, 20).set_index("occupation")
    assert without.loc["o05", "reason"] == "unavailable"
    assert math.isnan(without.loc["o05", "p50"])
    assert set(conditions_table(frame, lack, 2025, 31, 20)["reason"]) == {"low_reliability"}
    assert set(conditions_table(frame, pd.Series(dtype=float), 2025, 10, 20)["reason"]) == {"unavailable"}
    assert conditions_table(
        frame.assign(fill_rate=math.nan), lack, 2025, 10, 20
    ).empty  # no cancellations known


def test_the_parameters_are_whole() -> None:
    rule = load_parameters()["bottleneck_rule"]
    assert 1 <= rule["candidate_years"] <= rule["of_years"]
