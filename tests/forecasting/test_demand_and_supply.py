"""Identities and directions of demand and supply."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.cohorts import Cohorts, fit_cohorts
from forecasting.demand import industry_by_occupation, openings
from forecasting.parameters import Parameters
from forecasting.pipeline import build_snapshot
from forecasting.region import Region
from forecasting.snapshot import Snapshot

BANDS = ("15-24", "25-34", "35-44", "45-54", "55-64", "65+")


def ages(then: list[float], now: list[float]) -> pd.DataFrame:
    rows = [(2005, band, n) for band, n in zip(BANDS, then, strict=True)]
    rows += [(2015, band, n) for band, n in zip(BANDS, now, strict=True)]
    return pd.DataFrame(rows, columns=["year", "age_band", "persons"])


counts = st.lists(st.floats(1, 1e5), min_size=6, max_size=6)


@given(counts, counts)
def test_change_is_inflow_less_outflow(then: list[float], now: list[float]) -> None:
    """METHOD.md section 1.2: ΔE = In − Out, here for the decade that was observed."""
    cohorts = fit_cohorts(ages(then, now), 2015, draws=2, seed=1)
    assert cohorts is not None
    past = dataclasses.replace(cohorts, persons=np.array(then))
    entered = past.inflow(10)[0] - then[0] + now[0]  # the youngest band was refilled at its later size
    left = (past.leaving(10)[:, 0] * np.array(then)).sum()
    assert entered - left == pytest.approx(sum(now) - sum(then), rel=1e-9, abs=1e-6)


def test_outflow_55_plus_is_the_cohort_aged_45_plus_ten_years_before() -> None:
    """Steunpunt Werk's definition in ten-year bands: E45+ then less E55+ now (METHOD.md 4)."""
    then, now = [20.0, 40, 50, 40, 20, 4], [20.0, 40, 40, 40, 22, 3]
    cohorts = fit_cohorts(ages(then, now), 2015, draws=2, seed=1)
    assert cohorts is not None
    past = dataclasses.replace(cohorts, persons=np.array(then))
    older = (past.leaving(10)[:, 0] * past.persons)[past.older].sum()
    assert older == pytest.approx((40 + 20 + 4) - (22 + 3))


def test_narrow_bands_are_carried_through_a_long_window() -> None:
    """Five-year bands: over ten years a cohort passes two of them, and two cohorts enter."""
    bands = ("50-54", "55-59", "60-64", "65+")
    cohorts = Cohorts(
        bands, np.array([50.0, 55, 60, 65]), 5, np.full(4, 100.0), np.array([0.9, 0.8, 0.5, 0])[:, None]
    )
    np.testing.assert_allclose(cohorts.leaving(5)[:, 0], [0.1, 0.2, 0.5, 1])
    np.testing.assert_allclose(cohorts.leaving(10)[:, 0], [1 - 0.9 * 0.8, 1 - 0.8 * 0.5, 1, 1])
    np.testing.assert_allclose(cohorts.inflow(10), 200)
    assert cohorts.older.tolist() == [True, True, True, True]


def test_an_unknown_band_is_not_an_empty_one() -> None:
    table = ages([20.0, 40, 50, 40, 20, 4], [20.0, 40, 40, 40, 22, 3])
    then = table[(table["year"] == 2005) & (table["age_band"] == "45-54")].index
    now = table[(table["year"] == 2015) & (table["age_band"] == "45-54")].index
    assert fit_cohorts(table.drop(then), 2015, 2, 1) is None
    assert fit_cohorts(table.drop(now), 2015, 2, 1) is None


def test_without_ages_nothing_is_said_of_leavers() -> None:
    everybody = pd.DataFrame({"year": [2015], "age_band": ["all"], "persons": [9.0]})
    assert fit_cohorts(everybody, 2015, draws=2, seed=1) is None


def test_years_after_the_base_year_are_not_used() -> None:
    table = ages([20.0, 40, 50, 40, 20, 4], [20.0, 40, 40, 40, 22, 3])
    later = table.assign(year=table["year"] + 5, persons=table["persons"] * 9)
    plain, with_later = (fit_cohorts(each, 2015, 2, 1) for each in (table, pd.concat([table, later])))
    assert plain is not None
    assert with_later is not None
    np.testing.assert_array_equal(plain.retention, with_later.retention)


@given(st.floats(10, 1e5), st.floats(0.2, 2), st.lists(st.floats(0, 2), min_size=6, max_size=6))
def test_openings_are_growth_plus_replaced_leavers(
    base: float, change: float, retention: list[float]
) -> None:
    cohorts = Cohorts(BANDS, np.arange(15.0, 75, 10), 10, np.ones(6), np.array(retention)[:, None])
    found = openings(np.array([base]), np.array([[base * change]]), np.full((1, 6), base / 6), cohorts, 10)
    replaced = found.replacement_25_54 + found.replacement_55_plus
    out = (base / 6 * np.clip(1 - np.array(retention), 0, 1)).sum()
    assert found.openings[0, 0] == pytest.approx(max(base * change - base, 0) + replaced[0, 0])
    assert replaced[0, 0] == pytest.approx(max(out + min(base * change - base, 0), 0), abs=1e-6)


@pytest.mark.parametrize(
    ("table", "column", "factor", "rises"),
    [("jobseekers", "persons", 2.0, False), ("sector_employment", "persons", 1.0, None)],
)
def test_more_job_seekers_never_raise_a_score(
    tiny: Region,
    parameters: Parameters,
    tiny_snapshot: Snapshot,
    table: str,
    column: str,
    factor: float,
    rises: bool,
) -> None:
    changed = tiny.tables[table].copy()
    latest = changed["period"].eq("2025") if "period" in changed else changed["year"].eq(2025)
    changed.loc[latest, column] *= factor
    other = build_snapshot(
        dataclasses.replace(tiny, tables={**tiny.tables, table: changed}), parameters, 1, "test"
    )
    before, after = (each.tables["gaps"]["score_p50"] for each in (tiny_snapshot, other))
    if rises is None:
        pd.testing.assert_series_equal(before, after)
    else:
        assert (after <= before + 1e-12).all()
        assert (after < before).any()


def test_a_region_that_counts_occupations_needs_no_staffing() -> None:
    employment = pd.DataFrame(
        {
            "year": 2025,
            "region": "R",
            "occupation": ["b", "a", "TOTAL"],
            "age_band": "all",
            "persons": [1.0, 2.0, 3.0],
        }
    )
    industry = industry_by_occupation(employment)
    assert industry.occupations == ("a", "b")
    np.testing.assert_array_equal(industry.staffing, np.eye(2))
