"""Forecasts of graduates: from enrolment and cohorts, with nothing from after the origin."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.entrants import entry_draws, spread_of
from forecasting.evidence import COMPONENTS, Evidence
from forecasting.graduates import (
    InProportion,
    cohort_base,
    enrolment_base,
    graduate_methods,
    graduate_panel,
    window_crops,
)
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.baselines import Mean, Naive

YEARS = range(2005, 2021)
AGES = {"default": (20, 24), "low": (15, 19)}
SHRINKS = 0.98


def counted(figures: dict[tuple[int, str], float], **more: str) -> pd.DataFrame:
    """Return graduates or pupils by year and level."""
    rows = [(year, level, persons) for (year, level), persons in figures.items()]
    table = pd.DataFrame(rows, columns=["year", "level", "persons"])
    return table.assign(region="R", field="f", **more)


def born(year: int) -> float:
    """Return the persons born in a year: 2 % fewer every year."""
    return 1000 * SHRINKS ** (year - 1980)


def inhabitants(years: range = YEARS) -> pd.DataFrame:
    """Return single ages 0 to 39 in which nobody dies or moves, and the rest."""
    rows = [(year, f"{age}-{age}", born(year - age)) for year in years for age in range(40)]
    rows += [(year, "40+", 9e9) for year in years]
    return pd.DataFrame(rows, columns=["year", "age_band", "persons"]).assign(region="R")


def of_age(year: int, ages: tuple[int, int]) -> float:
    return sum(born(year - age) for age in range(ages[0], ages[1] + 1))


GRADUATES = counted(
    {
        (year, level): share * of_age(year, AGES.get(level, AGES["default"]))
        for year in YEARS
        for level, share in (("low", 0.1), ("high", 0.2))
    }
)


def test_cohorts_that_shrink_two_per_cent_a_year_give_as_many_fewer_graduates() -> None:
    method = InProportion("cohort", cohort_base(inhabitants(), AGES))
    panel = graduate_panel(GRADUATES, 2015)
    found = method.forecast(panel, (1, 5, 10))
    np.testing.assert_allclose(found, panel.at(2015)[:, None] * SHRINKS ** np.array([1, 5, 10]))
    assert found[0, 2] < found[0, 1] < panel.at(2015)[0]


def test_wide_bands_are_aged_evenly() -> None:
    """100 a year of those aged 10-19, 50 a year of those aged 20-29: in five years 20-24 were 15-19."""
    population = pd.DataFrame(
        {"year": 2015, "region": "R", "age_band": ["10-19", "20-29"], "persons": [1000.0, 500.0]}
    )
    method = InProportion("cohort", cohort_base(population, AGES))
    panel = graduate_panel(counted({(2014, "high"): 30.0, (2015, "high"): 50.0}), 2015)
    assert method.forecast(panel, (1, 5, 6))[0].tolist() == pytest.approx([60.0, 100.0, 100.0])


def test_graduates_follow_their_own_enrolment() -> None:
    """Completion a quarter; after the lag nobody knows more than the latest pupils."""
    pupils = counted(
        {(2013, "high"): 160.0, (2014, "high"): 240.0, (2015, "high"): 400.0, (2016, "high"): 9e9}
    )
    panel = graduate_panel(counted({(2014, "high"): 40.0, (2015, "high"): 60.0}), 2015)
    method = InProportion("enrolment", enrolment_base(pupils, lag=1))
    assert method.forecast(panel, (1, 2, 10))[0].tolist() == pytest.approx([100.0, 100.0, 100.0])


@pytest.mark.parametrize("name", ["enrolment", "cohort"])
def test_nothing_from_after_the_origin_is_used(name: str, parameters: Parameters) -> None:
    pupils = counted({(year, level): 100.0 + year for year in YEARS for level in ("low", "high")})
    people = inhabitants()
    later_pupils, later_people = (table.copy() for table in (pupils, people))
    later_pupils.loc[later_pupils["year"] > 2010, "persons"] *= 7
    later_people.loc[later_people["year"] > 2010, "persons"] *= 7
    history = graduate_panel(GRADUATES, 2020).until(2010)
    plain = graduate_methods(pupils, people, parameters)[name].forecast(history, (1, 5, 10))
    other = graduate_methods(later_pupils, later_people, parameters)[name].forecast(history, (1, 5, 10))
    np.testing.assert_array_equal(plain, other)


def test_where_the_proportion_is_unknown_the_mean_stands_in() -> None:
    panel = graduate_panel(counted({(2014, "high"): 40.0, (2015, "high"): 60.0}), 2015)
    mean = Mean(2).forecast(panel, (1, 5))
    elsewhere = counted({(2014, "other"): 5.0})
    only_adults = inhabitants(range(2015, 2016)).query("age_band == '40+'")
    for base in (enrolment_base(elsewhere, 1), cohort_base(only_adults, AGES)):
        np.testing.assert_array_equal(InProportion("any", base).forecast(panel, (1, 5)), mean)


def trained(tiny: Region, parameters: Parameters, graduates: pd.DataFrame, people: pd.DataFrame) -> Evidence:
    settings = {**tiny.settings, "base_year": 2020}
    tables = {"graduates": graduates, "population": people, "regions": tiny.tables["regions"]}
    return COMPONENTS["graduates"].train(
        dataclasses.replace(tiny, settings=settings, tables=tables), parameters, 1
    )


def test_cohorts_ship_where_they_beat_no_change_and_only_there(tiny: Region, parameters: Parameters) -> None:
    ages = parameters["graduation_ages"]["default"]
    shrinking = counted({(year, "high"): 0.2 * of_age(year, ages) for year in YEARS})
    level = shrinking.assign(persons=500.0)
    draws = dataclasses.replace(parameters.values["bootstrap_draws"], value=10)
    parameters = dataclasses.replace(parameters, values={**parameters.values, "bootstrap_draws": draws})
    assert trained(tiny, parameters, shrinking, inhabitants()).method == "cohort"
    assert trained(tiny, parameters, level, inhabitants()).method == "naive"
    nothing = tiny.table("enrolment")
    assert list(graduate_methods(nothing, nothing, parameters)) == ["naive", "mean"]


def test_windows_hold_the_mean_of_their_years_from_the_last_year_known() -> None:
    """Graduates to 2015, base year 2017: a window of two years holds 2018 and 2019."""
    method = InProportion("cohort", cohort_base(inhabitants(), AGES))
    one, two = window_crops(GRADUATES[GRADUATES["year"] <= 2015], "R", 2017, method, (1, 2))
    last = GRADUATES.set_index(["year", "level"])["persons"][(2015, "high")]
    assert one[("f", "high")] == pytest.approx(last * SHRINKS**3)
    assert two[("f", "high")] == pytest.approx(last * (SHRINKS**3 + SHRINKS**4) / 2)


def test_one_level_that_shrinks_moves_the_spread_at_long_horizons() -> None:
    uneven = inhabitants().assign(persons=lambda table: np.where(table["age_band"].str.len() < 4, 1.0, 1e3))
    method = InProportion("cohort", cohort_base(uneven, AGES))
    near, far = window_crops(GRADUATES, "R", 2015, method, (1, 10))
    entry = pd.DataFrame(
        {"field": "f", "level": ["low", "high"], "occupation": ["a", "b"], "share": 1.0, "sample": np.nan}
    )
    drawn = entry_draws(entry, ("a", "b"), 1, seed=1)
    first, last = (spread_of(crop, drawn, 2) for crop in (near, far))
    assert first is not None
    assert last is not None
    assert last[0, 0] < first[0, 0], "the youngest cohorts are empty: fewer of the lower level"


@pytest.mark.parametrize(("method", "persons"), [(Naive(), 60.0), (Mean(2), 50.0)])
def test_methods_without_a_forecast_give_every_window_the_same_crop(
    method: Naive | Mean, persons: float
) -> None:
    table = counted({(2013, "high"): 9e9, (2014, "high"): 40.0, (2015, "high"): 60.0, (2016, "high"): 9e9})
    one, ten = window_crops(table, "R", 2015, method, (1, 10))
    assert one is ten
    assert one.to_dict() == {("f", "high"): persons}
    assert window_crops(table, "elsewhere", 2015, method, (1,))[0].empty
