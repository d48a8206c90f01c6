"""Reforms of the retirement age: later leaving, from their day on, in their country, and only when asked."""

import dataclasses
import datetime as dt
from collections.abc import Mapping

import numpy as np
import pytest

from forecasting.cohorts import Cohorts
from forecasting.errors import ForecastingError
from forecasting.evidence import Evidence, train
from forecasting.parameters import Parameters, load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.retirement import Reform, Retirement, read_reforms, retirement_of
from forecasting.scenarios import read_scenarios

LAW = {"country": "BE", "law": "a law", "enacted": "2015-08-10", "starts": "2025-02-01"}
STEP = LAW | {"from_age": 65, "to_age": 66}
BANDS = ("15-24", "25-34", "35-44", "45-54", "55-64", "65+")
RETENTION = np.array([2.0, 1.1, 0.9, 0.6, 0.1, 0.0])[:, None]


def cohorts(*reforms: Reform, base_year: int = 2015, take_up: float = 0.5) -> Cohorts:
    retirement = Retirement(reforms, base_year, take_up)
    return Cohorts(BANDS, np.arange(15.0, 75, 10), 10, np.full(6, 100.0), RETENTION, retirement)


def step(starts: str, from_age: float = 65, to_age: float = 66) -> Reform:
    return Reform("BE", "a law", dt.date(2015, 8, 10), dt.date.fromisoformat(starts), from_age, to_age)


def test_who_reaches_the_old_age_after_the_day_stays_to_the_new_one() -> None:
    """Ten years on, those aged 65 are a tenth of the band 55-64; nine in ten of it would have left."""
    before, after = (cohorts(*reforms).leaving(10)[:, 0] for reforms in ((), (step("2020-12-31"),)))
    np.testing.assert_allclose(before - after, [0, 0, 0, 0, 0.1 * 0.5 * 0.9, 0])


def test_eleven_months_of_a_reform_are_eleven_months() -> None:
    before, after = (cohorts(*reforms).leaving(10)[4, 0] for reforms in ((), (step("2025-02-01"),)))
    assert before - after == pytest.approx(333 / 365.25 / 10 * 0.5 * 0.9)


@pytest.mark.parametrize("years", [1, 5, 9])
def test_a_window_that_closes_before_the_day_is_as_without(years: int) -> None:
    plain, reformed = cohorts(), cohorts(step("2025-02-01"))
    np.testing.assert_array_equal(reformed.leaving(years), plain.leaving(years))
    np.testing.assert_array_equal(reformed.inflow(10), plain.inflow(10))


def test_what_cohorts_already_show_is_not_counted_again() -> None:
    old = cohorts(step("2005-01-01"))
    np.testing.assert_array_equal(old.leaving(10), cohorts().leaving(10))
    half = cohorts(step("2015-07-02"))  # half a year of it is in the base year
    kept = cohorts().leaving(10)[4, 0] - half.leaving(10)[4, 0]
    assert kept == pytest.approx(0.05 * 0.5 * 0.9, rel=0.01)


def test_steps_add_and_every_band_keeps_a_share() -> None:
    both = cohorts(step("2016-01-01"), step("2021-01-01", 66, 67), take_up=1.0)
    kept = cohorts().leaving(10) - both.leaving(10)
    np.testing.assert_allclose(kept[4, 0], 0.2 * 0.9)
    for years in range(1, 11):
        left = both.leaving(years)
        assert (left >= 0).all()
        assert (left <= cohorts().leaving(years)).all()


def test_narrow_bands_keep_the_one_that_has_the_age_at_the_end() -> None:
    bands, retention = ("50-54", "55-59", "60-64", "65+"), np.array([0.9, 0.8, 0.5, 0])[:, None]
    plain = Cohorts(bands, np.array([50.0, 55, 60, 65]), 5, np.full(4, 100.0), retention)
    reformed = dataclasses.replace(plain, retirement=Retirement((step("2016-01-01"),), 2015, 0.5))
    kept = (plain.leaving(10) - reformed.leaving(10))[:, 0]
    np.testing.assert_allclose(kept, [0, 0.2 * 0.5 * (1 - 0.8 * 0.5), 0, 0])


@pytest.fixture(scope="module")
def asked(parameters: Parameters) -> Parameters:
    """Few draws, a reform of the made-up country in 2031, and two scenarios."""
    value = [LAW | {"country": "TY", "starts": "2031-01-01", "from_age": 65, "to_age": 67}]
    changes = {
        "draws": 200,
        "retirement_reforms": value,
        "retirement_take_up": 0.5,
        "scenarios": {"law": {"description": "law", "retirement_reforms": True}},
    }
    changed = {name: dataclasses.replace(parameters.values[name], value=v) for name, v in changes.items()}
    return dataclasses.replace(parameters, values={**parameters.values, **changed})


@pytest.fixture(scope="module")
def evidence(tiny: Region, asked: Parameters) -> Mapping[str, Evidence]:
    """Train once: reforms train nothing."""
    return train(tiny, asked, 1)


def in_country(region: Region, code: str) -> Region:
    return dataclasses.replace(region, settings={**region.settings, "country": code})


def test_the_scenario_lowers_leavers_55_plus_only_after_the_day_and_says_so(
    tiny: Region, asked: Parameters, evidence: Mapping[str, Evidence]
) -> None:
    found = build_snapshot(in_country(tiny, "TY"), asked, 1, "test", evidence)
    effects = found.tables["scenario_effects"].set_index(["horizon", "occupation"])
    for horizon in (1, 5):
        assert (effects.loc[horizon, "replacement_55_plus"] == 0).all(), "until 2030"
        assert (effects.loc[horizon, "why"] == "No assumption of this scenario touches it.").all()
    late = effects.loc[10]
    assert (late["replacement_55_plus"] < 0).all()
    assert (late["employment"] == 0).all()
    assert (late["supply"] == 0).all()
    assert (
        late["why"]
        .str.contains("The legal retirement age rises to 67 from 2031-01-01 (a law)", regex=False)
        .all()
    )
    assert not any("no reform" in sentence for sentence in found.manifest["not_quotable"])


@pytest.mark.parametrize("country", ["XX", None])
def test_another_country_is_untouched_and_the_manifest_says_so(
    tiny: Region, asked: Parameters, evidence: Mapping[str, Evidence], country: str | None
) -> None:
    region = in_country(tiny, country) if country else tiny
    found = build_snapshot(region, asked, 1, "test", evidence)
    figures = found.tables["scenario_effects"][["replacement", "openings", "unfilled"]]
    assert (figures == 0).all(axis=None)
    assert any(
        "law: no reform of the legal retirement age" in each for each in found.manifest["not_quotable"]
    )


def test_the_baseline_never_binds(tiny: Region, asked: Parameters, evidence: Mapping[str, Evidence]) -> None:
    """With the country named or not, whatever is not the scenario's is the same to the last digit."""
    named, unnamed = (
        build_snapshot(each, asked, 1, "test", evidence) for each in (in_country(tiny, "TY"), tiny)
    )
    np.testing.assert_array_equal(named.draws["score"], unnamed.draws["score"])


def test_a_law_after_the_base_year_is_not_known_yet(parameters: Parameters) -> None:
    for base_year, known in ((2014, 0), (2015, 2)):
        found = retirement_of({"country": "BE", "base_year": base_year}, parameters)
        assert len(found.reforms) == known
    assert retirement_of({"base_year": 2015}, parameters).reforms == ()


def test_belgium_as_shipped() -> None:
    shipped = load_parameters()
    steps = read_reforms(shipped["retirement_reforms"])
    assert [(each.starts.isoformat(), each.to_age) for each in steps] == [
        ("2025-02-01", 66),
        ("2030-02-01", 67),
    ]
    assert all("10 August 2015" in each.law for each in steps)
    asking = [each.name for each in read_scenarios(shipped["scenarios"]) if each.retirement_reforms]
    assert asking == ["retirement_age"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (LAW, "expected exactly the keys country, law, enacted"),
        (STEP | {"age": 3}, "expected exactly the keys"),
        (STEP | {"starts": "2025-02-31"}, "expected days as 2025-02-01"),
        (STEP | {"to_age": "late"}, "expected days as 2025-02-01 and ages"),
        (STEP | {"to_age": 65}, "from_age 65, to_age 65; expected an age that rises"),
        ("66", "entry 2: found '66'"),
    ],
)
def test_what_is_no_reform_is_refused(entry: object, message: str) -> None:
    with pytest.raises(ForecastingError, match="retirement_reforms, entry 2") as caught:
        read_reforms([STEP, entry])  # type: ignore[list-item]
    assert message in str(caught.value)


def test_a_scenario_asks_with_true_or_false() -> None:
    with pytest.raises(ForecastingError, match="retirement_reforms 1; expected true or false"):
        read_scenarios({"law": {"description": "x", "retirement_reforms": 1}})
