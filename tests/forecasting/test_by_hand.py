"""The made-up region with pencil and paper: employment held level, so that every draw is the same.

Nurses (22) are 80 % of health's 10,000, programmers (25) half of the market's 6,000, sales workers (52) the
rest: 8,000, 3,000 and 5,000. Of 16,000 employed, 4,000 aged 45-64 leave in ten years (half of 45-54, all of
55-64) and 800 of the 4,000 aged 35-44 (5,000 became 4,000): 30 % in ten years, 15 % in five. 2,000 enter
below 25 and the cohort doubles: 4,000 enter in ten years, 2,000 in five.
"""

import dataclasses

import pandas as pd
import pytest

from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot
from tests.conftest import baseline


@pytest.fixture(scope="module")
def level(tiny: Region, parameters: Parameters) -> Snapshot:
    """Build the tiny region with each sector at its base-year level in every year."""
    employment = tiny.tables["sector_employment"].copy()
    for sector, persons in (("Q", 10_000.0), ("X", 6_000.0)):
        employment.loc[employment["sector"] == sector, "persons"] = persons
    flat = dataclasses.replace(tiny, tables={**tiny.tables, "sector_employment": employment})
    return build_snapshot(flat, without_errors(parameters), seed=1, code="test")


def without_errors(parameters: Parameters) -> Parameters:
    """Return the parameters with supply as its tables say, in every draw."""
    sure = {
        name: dataclasses.replace(parameters.values[name], value=0.0)
        for name in ("entry_error", "jobseeker_error", "leaver_error", "lack_error")
    }
    return dataclasses.replace(parameters, values={**parameters.values, **sure})


def cell(table: pd.DataFrame, occupation: str, horizon: int = 5) -> pd.DataFrame:
    table = baseline(table)
    return table[(table["occupation"] == occupation) & (table["horizon"] == horizon)]


@pytest.mark.parametrize(
    ("occupation", "older", "younger"),
    [("22", 1000, 200), ("25", 375, 75), ("52", 625, 125)],
)
def test_openings_are_the_leavers(level: Snapshot, occupation: str, older: float, younger: float) -> None:
    mean = cell(level.tables["openings"], occupation).set_index("component")["mean"]
    assert mean["expansion"] == mean["new_jobs"] == 0
    assert mean["replacement_55_plus"] == pytest.approx(older)
    assert mean["replacement_25_54"] == pytest.approx(younger)
    assert mean["openings"] == pytest.approx(older + younger)


@pytest.mark.parametrize(
    ("occupation", "entering", "seeking"),
    # Entrants: 2,000 split as the yearly crop of 200 (98, 26, 76). Seekers: 800 less friction. The lowest
    # rate is 400 of 16,000 in 2019, so 2.5 % of today's 16,800 is friction: 420, and 380 are available.
    [("22", 980, 47.5), ("25", 260, 23.75), ("52", 760, 308.75)],
)
def test_supply_is_entrants_and_seekers_above_friction(
    level: Snapshot, occupation: str, entering: float, seeking: float
) -> None:
    mean = cell(level.tables["supply"], occupation).set_index("source")["mean"]
    assert mean["entrants"] == pytest.approx(entering)
    assert mean["jobseekers"] == pytest.approx(seeking)


@pytest.mark.parametrize(
    ("occupation", "no_person", "lacking", "openings"),
    # Nurses: 1,200 openings, 1,027.5 persons; seekers hold half of care (0.9 asked) and all Dutch (0.6):
    # they lack 0.45 of 1.5, so 0.3 of 47.5. Programmers: seekers hold half of code. Sales: entrants fill all.
    [("22", 172.5, 14.25, 1200), ("25", 166.25, 11.875, 450), ("52", 0, 0, 750)],
)
def test_score_and_its_parts(
    level: Snapshot, occupation: str, no_person: float, lacking: float, openings: float
) -> None:
    row = cell(level.tables["gaps"], occupation).iloc[0]
    assert row["quantitative"] == pytest.approx(no_person / openings)
    assert row["qualitative"] == pytest.approx(lacking / openings)
    assert row["score"] == pytest.approx((no_person + lacking) / openings)
    assert row["score_p10"] == row["score_p90"] == pytest.approx(row["score"])
    assert row["score_at_mean_inputs"] == pytest.approx(row["score"])


def test_aggregates_sum_unfilled_over_openings(level: Snapshot) -> None:
    total = cell(level.tables["gaps"], "TOTAL").iloc[0]
    unfilled = 172.5 + 14.25 + 166.25 + 11.875
    assert total["score"] == pytest.approx(unfilled / 2400)
    # Pooled, 2,400 openings meet 2,380 persons: a score of less than 1 % that nobody would find in the field.
    assert total["supply"] == pytest.approx(2380)


def test_persons_lacking_per_skill(level: Snapshot) -> None:
    nurses = cell(level.tables["skill_gaps"], "22").set_index("skill")["unfilled"]
    assert nurses["care"] == pytest.approx(172.5 * 0.9 + 47.5 * 0.45)
    assert nurses["dutch"] == pytest.approx(172.5 * 0.6)


def test_weights_are_the_band_of_what_courses_could_fill(level: Snapshot) -> None:
    weights = level.tables["weights"].set_index("occupation")
    # Courses teach care and Dutch in time, so all that nurses lack: 186.75 of 1,200 openings, 15.6 %, the
    # band from 10 % on.
    assert weights.loc["22", "trainable_lower"] == pytest.approx(172.5 + 14.25)
    assert weights.loc["22", "share_lower"] == pytest.approx((172.5 + 14.25) / 1200)
    assert weights.loc["22", ["band", "weight"]].tolist() == [4, 1.5]
    assert weights.loc["22", "need"] == pytest.approx(1.5 * 1200)
    assert weights.loc["52", ["ground", "weight"]].tolist() == ["nothing_trainable", 0]


def test_vacancy_rate_is_the_sectors_by_where_the_occupation_works(level: Snapshot) -> None:
    rates = level.tables["vacancy_rates"].query("year == 2025").set_index("occupation")["rate"]
    assert rates["22"] == pytest.approx(0.03)
    assert rates["25"] == pytest.approx(0.02)
    assert rates["52"] == pytest.approx((2000 * 0.03 + 3000 * 0.02) / 5000)
