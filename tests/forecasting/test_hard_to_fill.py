"""Hard-to-fill forecasts: nothing leaks from after the origin, and LightGBM ships only where it is better."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from forecasting.bottlenecks import judged
from forecasting.demand import industry_by_occupation
from forecasting.filling_indicators import INDICATORS, Filling, filling
from forecasting.filling_methods import LAST_LIST, LIGHTGBM, auc, platt
from forecasting.hard_to_fill import (
    COLUMNS,
    HardToFill,
    gap_comparison,
    hard_to_fill,
    interval,
    share_errors,
    status_errors,
)
from forecasting.observables import observables
from forecasting.parameters import load_parameters
from forecasting.published_observables import OBSERVABLES
from forecasting.region import Region
from forecasting.series.panel import Array
from forecasting.vacancy_indicators import yearly_indicators

FIRST, LAST = 2016, 2025
PARAMETERS = load_parameters()


@cache
def made_up(*, foretold: bool, occupations: int = 80, first: int = FIRST) -> Region:
    """Return a market whose shares and list follow last year's tension; or only its list, last year's."""
    random = np.random.default_rng(1)
    codes = [f"o{number:03}" for number in range(occupations)]
    level = random.normal(0, 1, occupations)
    rows, listed = [], []
    pressure, on_list = level, level > 0
    for year in range(first, LAST + 1):
        tension = 0.5 * level + random.normal(0, 1, occupations)
        cause = pressure if foretold else random.normal(0, 1, occupations)
        stays = random.random(occupations) < 0.85
        on_list = cause > 0.5 if foretold else on_list == stays
        share = 1 / (1 + np.exp(2.5 - cause))
        handled = random.integers(200, 2000, occupations)
        cancelled = random.binomial(handled, share)
        frame = {"period": str(year), "region": "R", "occupation": codes, "posted": handled, "open": 50.0}
        frame |= {"filled": handled - cancelled, "cancelled": cancelled, "persons": 50 / np.exp(tension)}
        rows.append(pd.DataFrame(frame).assign(median_days_open=20 + 10 * random.random(occupations)))
        listed.append(pd.DataFrame({"year": year, "occupation": codes, "listed": on_list}))
        pressure = tension
    flows = pd.concat(rows, ignore_index=True).astype({"filled": float, "cancelled": float, "posted": float})
    work = [(year, "R", code, "all", 1000.0) for year in range(first, LAST + 1) for code in codes]
    tables = {
        "regions": pd.DataFrame({"code": ["R"], "parent": [""], "role": ["market"]}),
        "occupation_vacancies": flows.drop(columns="persons"),
        "jobseekers": flows[["period", "region", "occupation", "persons"]],
        "bottlenecks": pd.concat(listed, ignore_index=True),
        "occupation_employment": pd.DataFrame(
            work, columns=["year", "region", "occupation", "age_band", "persons"]
        ),
    }
    return Region({"base_year": LAST}, tables)


def past_of(region: Region) -> Filling:
    industry = industry_by_occupation(region.table("occupation_employment"))
    indicators = yearly_indicators(region, LAST, 90)
    found = filling(region, industry, indicators, region.table("bottlenecks"), LAST, 3)
    assert found is not None
    return found


@cache
def forecast(*, foretold: bool, occupations: int = 80, first: int = FIRST) -> HardToFill:
    region = made_up(foretold=foretold, occupations=occupations, first=first)
    industry = industry_by_occupation(region.table("occupation_employment"))
    indicators = yearly_indicators(region, LAST, 90)
    rule = judged(indicators, PARAMETERS["bottleneck_rule"])
    return hard_to_fill(region, industry, indicators, rule, PARAMETERS, 1)


def selected(table: pd.DataFrame) -> str:
    return str(table.loc[table["selected"], "method"].item())


def test_lightgbm_ships_where_this_year_foretells_the_next() -> None:
    found = forecast(foretold=True)
    assert selected(found.backtest) == LIGHTGBM
    assert selected(found.scores) == LIGHTGBM
    for table, better in (
        (found.backtest, ("mae", "mase", "log_mae")),
        (found.scores, ("brier", "log_loss")),
    ):
        figures = table.set_index("method")[list(better)]
        assert (figures.loc[LIGHTGBM] < figures.drop(LIGHTGBM)).all(axis=None)
    assert set(found.table["share_method"]) == {LIGHTGBM}


def test_the_baseline_ships_where_nothing_foretells() -> None:
    found = forecast(foretold=False)
    assert selected(found.scores) == LAST_LIST
    chance = found.table["probability"]
    assert chance.nunique() == 2  # of those on the list, and of the others


def test_the_baseline_ships_where_origins_are_too_few() -> None:
    found = forecast(foretold=True, first=LAST - 2)
    assert selected(found.backtest) == "naive"
    assert found.backtest["note"].str.startswith("not backtested").all()
    assert selected(found.scores) == LAST_LIST


def test_last_list_is_how_often_the_listed_stayed() -> None:
    region, found = made_up(foretold=False), forecast(foretold=False)
    wide = region.table("bottlenecks").pivot(index="occupation", columns="year", values="listed")
    stayed = came = known = others = 0
    for year in range(FIRST, LAST):
        for now, after in zip(wide[year], wide[year + 1], strict=True):
            known, stayed = known + now, stayed + (now and after)
            others, came = others + (not now), came + (not now and after)
    expected = wide[LAST].map({True: (stayed + 1) / (known + 2), False: (came + 1) / (others + 2)})
    assert found.table["probability"].to_numpy() == pytest.approx(expected.to_numpy(dtype=float))


def test_probabilities_are_calibrated_and_intervals_cover() -> None:
    found = forecast(foretold=True)
    of_model = found.reliability[found.reliability["method"] == LIGHTGBM]
    assert of_model["cells"].sum() == found.scores["cells"].max()
    off = (of_model["forecast"] - of_model["listed"]).abs()
    assert (off * of_model["cells"]).sum() / of_model["cells"].sum() < 0.06
    covered = found.backtest.set_index("method")["coverage_80"]
    assert covered.drop(LIGHTGBM).between(0.7, 0.9).all()
    assert covered[LIGHTGBM] > 0.7  # it errs less and less, and its intervals lag behind
    table = found.table
    assert (table["unfilled_share_p10"] <= table["unfilled_share_p50"]).all()
    assert (table["unfilled_share_p50"] <= table["unfilled_share_p90"]).all()
    assert table["probability"].between(0, 1).all()
    assert (table["to_year"] == LAST + 1).all()


def later_changed(region: Region, year: int) -> Region:
    """Return the region with every row after a year turned upside down."""
    tables = dict(region.tables)
    flows = tables["occupation_vacancies"].copy()
    late = flows["period"].astype(int) > year
    flows.loc[late, ["filled", "cancelled"]] = flows.loc[late, ["cancelled", "filled"]].to_numpy()
    flows.loc[late, "median_days_open"] *= 7
    people, listed = tables["jobseekers"].copy(), tables["bottlenecks"].copy()
    people.loc[people["period"].astype(int) > year, "persons"] *= 9
    listed.loc[listed["year"] > year, "listed"] ^= True
    work = tables["occupation_employment"].copy()
    work.loc[work["year"] > year, "persons"] *= 5
    changed = {"occupation_vacancies": flows, "jobseekers": people, "bottlenecks": listed}
    return Region(region.settings, tables | changed | {"occupation_employment": work})


def test_nothing_leaks_from_after_the_origin() -> None:
    region, year = made_up(foretold=True), 2021
    before, after = past_of(region), past_of(later_changed(region, year))
    for errors in (lambda past: share_errors(past, 20, 1), lambda past: status_errors(past, 1)):
        told, again = (errors(past) for past in (before, after))
        told, again = (each[each["origin"] < year].reset_index(drop=True) for each in (told, again))
        pd.testing.assert_frame_equal(told, again)
        assert LIGHTGBM in set(told["method"])
    at = list(before.years).index(year)
    np.testing.assert_array_equal(before.known[:, : at + 1], after.known[:, : at + 1])
    assert not np.array_equal(before.known[:, at + 1 :], after.known[:, at + 1 :], equal_nan=True)


def test_older_workers_skill_lack_and_growth_by_hand() -> None:
    region = made_up(foretold=False, occupations=2, first=2022)
    bands = pd.DataFrame(
        [
            (2025, "R", "o000", "25-54", 30.0),
            (2025, "R", "o000", "55-64", 8.0),
            (2025, "R", "o000", "65+", 2.0),
        ],
        columns=["year", "region", "occupation", "age_band", "persons"],
    )
    work = region.table("occupation_employment").copy()
    work.loc[(work["year"] == 2025) & (work["occupation"] == "o000"), "persons"] = 1100.0
    asked = pd.DataFrame(
        [
            ("2022", "s", 10.0, 5.0),
            ("2022", "t", 10.0, 5.0),
            ("2025", "s", 20.0, 15.0),
            ("2025", "t", 20.0, 5.0),
        ],
        columns=["period", "skill", "ads", "mentions"],
    ).assign(region="TOTAL", occupation="o000")
    tables = dict(region.tables) | {
        "occupation_employment": pd.concat([work, bands]),
        "skill_mentions": asked,
    }
    known = past_of(Region(region.settings, tables)).known[0, -1]
    found = dict(zip(INDICATORS, known, strict=True))
    assert found["older_share"] == pytest.approx(0.25)
    assert found["employment_growth"] == pytest.approx(math.log(1.1))
    assert found["skill_lack"] == pytest.approx(0.25)  # s from 0.5 to 0.75, of 1.0 asked now


def test_the_same_seed_gives_the_same_bytes() -> None:
    past = past_of(made_up(foretold=True))
    pd.testing.assert_frame_equal(share_errors(past, 20, 3), share_errors(past, 20, 3))


def test_platt_undoes_what_a_model_exaggerates() -> None:
    random = np.random.default_rng(1)
    odds = random.normal(0, 1.5, 20_000)
    listed = (random.random(20_000) < 1 / (1 + np.exp(-odds))).astype(float)
    slope, constant = platt(2 * odds + 1, listed)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert constant == pytest.approx(-0.5, abs=0.06)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    chance, listed = np.array([0.1, 0.4, 0.4, 0.8, 0.3]), np.array([False, True, False, True, True])
    pairs = [(yes, no) for yes in chance[listed] for no in chance[~listed]]
    assert auc(chance, listed) == np.mean([(yes > no) + 0.5 * (yes == no) for yes, no in pairs])


def test_an_interval_of_few_vacancies_is_wider() -> None:
    errors = pd.DataFrame({"forecast": [0.1, 0.2], "actual": [0.12, 0.17], "next_handled": [500.0, 400.0]})

    def width(handled: float) -> Array:
        low, high = interval(np.array([0.1]), np.array([handled]), errors)
        return high - low

    assert width(20) > width(2000) > 0
    assert np.isnan(interval(np.array([0.1]), np.array([20.0]), errors.iloc[:0])).all()


def test_without_cancellations_there_is_no_table() -> None:
    region = made_up(foretold=True)
    flows = region.table("occupation_vacancies").assign(cancelled=math.nan, median_days_open=math.nan)
    silent = Region(region.settings, dict(region.tables) | {"occupation_vacancies": flows})
    industry = industry_by_occupation(region.table("occupation_employment"))
    found = observables(silent, industry, pd.Series(dtype=float), GAPS, PARAMETERS, 1)
    assert all(table.empty for name, table in found.tables.items() if name != "list_agreement")
    assert list(found.tables["hard_to_fill"].columns) == COLUMNS
    assert found.backtest.empty
    assert found.comparison == []


GAPS = pd.DataFrame(
    {"region": "R", "occupation": [f"o{number:03}" for number in range(80)], "horizon": 1}
    | {"from_year": LAST, "to_year": LAST + 1, "score_p50": np.linspace(0, 1, 80)}
)


def test_scores_are_held_to_the_year_ahead_else_to_the_base_year() -> None:
    seen = GAPS[["region", "occupation"]].assign(
        handled=100.0, year=LAST, unfilled_share=np.linspace(1, 0, 80)
    )
    ahead = seen.assign(year=LAST + 1, unfilled_share=np.linspace(0, 0.3, 80))
    assert gap_comparison(GAPS, seen, 20) == [
        {"region": "R", "year": LAST, "occupations": 80, "spearman": -1.0}
    ]
    both = gap_comparison(GAPS, pd.concat([seen, ahead]), 20)
    assert both == [{"region": "R", "year": LAST + 1, "occupations": 80, "spearman": 1.0}]
    assert gap_comparison(GAPS, ahead.assign(handled=19.0), 20) == []


def test_every_table_has_the_columns_that_are_declared() -> None:
    region = made_up(foretold=True)
    industry = industry_by_occupation(region.table("occupation_employment"))
    lack = pd.Series(np.linspace(0, 0.3, 80), list(industry.occupations))
    found = observables(region, industry, lack, GAPS, PARAMETERS, 1).tables
    assert list(found) == [table.name for table in OBSERVABLES]
    for table in OBSERVABLES:
        assert {column.name for column in table.columns} == set(found[table.name].columns)
        assert not found[table.name].duplicated(list(table.key)).any()
        assert len(found[table.name])
