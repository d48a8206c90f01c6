"""Supply: every source adds up, nobody counts twice, and what is unknown stays unknown."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.cohorts import Cohorts
from forecasting.demand import Industry, industry_by_occupation
from forecasting.entrants import entrants, entry_draws, spread_of
from forecasting.jobseekers import jobseekers_by_occupation, short_term_share
from forecasting.supply import other_sources

BASE = np.array([300.0, 600.0])
FEW = settings(max_examples=20, deadline=None)


def work(employed: dict[int, float], codes: Mapping[str, float] | None = None) -> Industry:
    """Return an industry of two occupations whose total is known by year."""
    shares = codes or {"a": 1 / 3, "b": 2 / 3}
    rows = [
        (year, "R", sector, "all", share * persons)
        for year, persons in employed.items()
        for sector, share in {"TOTAL": 1.0, **shares}.items()
    ]
    columns = ["year", "region", "occupation", "age_band", "persons"]
    return industry_by_occupation(pd.DataFrame(rows, columns=columns))


def seeking(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Return job seekers: period, occupation, persons, and short-term ones where given."""
    full = [(*row, np.nan)[:4] for row in rows]
    return pd.DataFrame(full, columns=["period", "occupation", "persons", "short_term"]).assign(region="R")


# --- entrants ---


def crop_of(cells: dict[tuple[str, str], float]) -> "pd.Series[float]":
    index = pd.MultiIndex.from_tuples(cells, names=["field", "level"])
    return pd.Series(list(cells.values()), index=index)


def entry_of(cells: dict[tuple[str, str, str], float], sample: float = np.nan) -> pd.DataFrame:
    rows = [(*key, share, sample) for key, share in cells.items()]
    return pd.DataFrame(rows, columns=["field", "level", "occupation", "share", "sample"])


def entrant_shares(
    crop: "pd.Series[float]", entry: pd.DataFrame, occupations: tuple[str, ...], draws: int, seed: int
) -> np.ndarray | None:
    """Return the shares over occupations of a crop of graduates, (occupations × draws)."""
    return spread_of(crop, entry_draws(entry, occupations, draws, seed), len(occupations))


FIELDS, LEVELS, CODES = ("f", "g"), ("low", "high"), ("a", "b", "c")
figures = st.floats(0.1, 1e4)
crops = st.fixed_dictionaries({(field, level): figures for field in FIELDS for level in LEVELS})
weights = st.fixed_dictionaries(
    {(field, level, code): figures for field in FIELDS for level in LEVELS for code in CODES}
)


def shares_of(weight: dict[tuple[str, str, str], float]) -> dict[tuple[str, str, str], float]:
    """Scale weights so that those of a field and level sum to 0.9: a tenth goes elsewhere."""
    sums = {key[:2]: sum(weight[(*key[:2], code)] for code in CODES) for key in weight}
    return {key: 0.9 * each / sums[key[:2]] for key, each in weight.items()}


@FEW
@given(crops, weights)
def test_entrants_spread_as_plain_loops_say(
    crop: dict[tuple[str, str], float], weight: dict[tuple[str, str, str], float]
) -> None:
    shares = shares_of(weight)
    persons = dict.fromkeys(CODES, 0.0)
    for field in FIELDS:
        for level in LEVELS:
            for code in CODES:
                persons[code] += crop[(field, level)] * shares[(field, level, code)]
    total = sum(persons.values())
    found = entrant_shares(crop_of(crop), entry_of(shares), CODES, 2, seed=1)
    assert found is not None
    assert found[:, 0].tolist() == pytest.approx([persons[code] / total for code in CODES])
    np.testing.assert_allclose(found.sum(axis=0), 1)


@FEW
@given(crops, weights, st.floats(0.01, 100))
def test_entrants_do_not_depend_on_scale_or_order(
    crop: dict[tuple[str, str], float], weight: dict[tuple[str, str, str], float], factor: float
) -> None:
    entry = entry_of(shares_of(weight))
    plain = entrant_shares(crop_of(crop), entry, CODES, 1, seed=1)
    scaled = entrant_shares(crop_of(crop) * factor, entry, CODES, 1, seed=1)
    turned = entrant_shares(crop_of(crop)[::-1], entry[::-1], CODES[::-1], 1, seed=1)
    renamed = entrant_shares(
        crop_of({(f"new {field}", level): n for (field, level), n in crop.items()}),
        entry.assign(field="new " + entry["field"]),
        CODES,
        *(1, 1),
    )
    assert plain is not None
    for other in (scaled, None if turned is None else turned[::-1], renamed):
        np.testing.assert_allclose(other, plain)


def cohorts_of(draws: int = 1) -> Cohorts:
    """Return 1,000 of each band, of whom the youngest grow by half."""
    retention = np.repeat(np.array([[1.5], [0.9], [0.0]]), draws, axis=1)
    return Cohorts(("15-24", "25-34", "35+"), np.array([15.0, 25, 35]), 10, np.full(3, 1000.0), retention)


def test_a_diploma_that_is_counted_twice_adds_nobody() -> None:
    """Who studies on is a graduate of two levels: the total is the cohorts' inflow, whatever is counted."""
    once = crop_of({("f", "low"): 100.0, ("g", "low"): 50.0})
    twice = crop_of({("f", "low"): 100.0, ("f", "high"): 100.0, ("g", "low"): 50.0})
    entry = entry_of({("f", "low", "a"): 1, ("f", "high", "b"): 1, ("g", "low", "c"): 1})
    totals = []
    for crop in (once, twice, twice * 7):
        shares = entrant_shares(crop, entry, CODES, 1, seed=1)
        assert shares is not None
        totals.append(entrants(shares, cohorts_of(), 5).sum())
    assert totals == pytest.approx([cohorts_of().inflow(5)[0]] * 3)
    assert totals[0] == pytest.approx((1000 + 500) / 2), "half of a width: the youngest, and the growth"


def test_graduates_of_whom_no_table_says_where_they_go_are_unknown() -> None:
    entry = entry_of({("f", "low", "c"): 1.0})
    assert entrant_shares(crop_of({("f", "low"): 10.0}), entry, ("a", "b"), 3, seed=1) is None
    assert entrant_shares(crop_of({("g", "low"): 10.0}), entry, CODES, 3, seed=1) is None


def test_entry_shares_are_drawn_from_their_survey() -> None:
    entry = entry_of({("f", "low", "a"): 0.3, ("f", "low", "b"): 0.7}, sample=100.0)
    found = entrant_shares(crop_of({("f", "low"): 10.0}), entry, ("a", "b"), 4000, seed=1)
    assert found is not None
    np.testing.assert_allclose(found.sum(axis=0), 1)
    assert found[0].mean() == pytest.approx(0.3, abs=0.005)
    assert found[0].std() == pytest.approx(
        np.sqrt(0.3 * 0.7 / 101), rel=0.05
    )  # of the Dirichlet distribution


# --- job seekers ---


def test_job_seekers_without_occupations_split_by_employment_and_sum_to_the_stock_above_friction() -> None:
    seekers = seeking(("2014", "TOTAL", 25.0), ("2015", "TOTAL", 100.0))
    found = jobseekers_by_occupation(seekers, work({2014: 975.0, 2015: 900.0}), "R", 2015, BASE, 2, 3.0)
    assert found is not None
    np.testing.assert_allclose(found, [25, 50])  # 2.5 % of 1,000 is friction


def test_a_total_in_early_years_and_occupations_later_are_one_history() -> None:
    seekers = seeking(("2014", "TOTAL", 25.0), ("2015", "a", 80.0), ("2015", "b", 20.0))
    found = jobseekers_by_occupation(seekers, work({2014: 975.0, 2015: 900.0}), "R", 2015, BASE, 2, 3.0)
    assert found is not None
    np.testing.assert_allclose(found, [60, 15])


def test_quarters_are_averaged_to_the_year() -> None:
    seekers = seeking(("2014", "a", 0.0), ("2015-Q1", "a", 10.0), ("2015-Q2", "a", 30.0))
    found = jobseekers_by_occupation(seekers, work({2014: 100.0, 2015: 80.0}), "R", 2015, BASE, 2, 3.0)
    assert found is not None
    assert found.tolist() == [20, 0]


@pytest.mark.parametrize(
    ("seekers", "why"),
    [
        (seeking(), "no rows"),
        (seeking(("2014", "a", 5.0)), "none at the base year"),
        (seeking(("2015", "a", 5.0)), "too short a history to know friction"),
    ],
)
def test_unknown_job_seekers_are_unknown(seekers: pd.DataFrame, why: str) -> None:
    found = jobseekers_by_occupation(seekers, work({2014: 90.0, 2015: 80.0}), "R", 2015, BASE, 2, 3.0)
    assert found is None, why


def test_search_of_less_than_three_months_is_friction_where_durations_are_known() -> None:
    rows = seeking(("2015", "a", 100.0), ("2015", "b", 60.0)).assign(short_term=[36.0, np.nan])
    found = jobseekers_by_occupation(rows, work({2015: 900.0}), "R", 2015, BASE, 5, 3.0)
    still_seeking = (1 - 0.36) ** 0.25  # after a quarter, where 64 % are after a year; b takes the share of a
    np.testing.assert_allclose(found, [100 * still_seeking, 60 * still_seeking])


years = st.lists(st.tuples(figures, figures, figures), min_size=3, max_size=3)


@FEW
@given(years)
def test_the_split_of_job_seekers_is_that_of_plain_loops(counts: list[tuple[float, float, float]]) -> None:
    rows, lowest, stock, force = [], np.inf, 0.0, 0.0
    for year, (first, second, employed) in zip((2013, 2014, 2015), counts, strict=True):
        rows += [(str(year), "a", first), (str(year), "b", second)]
        stock, force = first + second, first + second + employed
        lowest = min(lowest, stock / force)
    above = max(stock - lowest * force, 0.0)
    expected = [above * persons / stock for persons in counts[-1][:2]]
    industry = work(
        {year: employed for year, (_, _, employed) in zip((2013, 2014, 2015), counts, strict=True)}
    )
    found = jobseekers_by_occupation(seeking(*rows), industry, "R", 2015, BASE, 3, 3.0)
    assert found is not None
    assert found.tolist() == pytest.approx(expected, abs=1e-6)
    assert (found >= 0).all()


@FEW
@given(years, st.floats(0.01, 100))
def test_job_seekers_scale_with_the_region_and_ignore_names(
    counts: list[tuple[float, float, float]], factor: float
) -> None:
    def found(times: float, names: tuple[str, str]) -> list[float]:
        rows = [
            (str(year), name, times * persons)
            for year, each in zip((2013, 2014, 2015), counts, strict=True)
            for name, persons in zip(names, each[:2], strict=True)
        ]
        employed = {year: times * each[2] for year, each in zip((2013, 2014, 2015), counts, strict=True)}
        industry = work(employed, dict(zip(names, (0.5, 0.5), strict=True)))
        persons = jobseekers_by_occupation(seeking(*rows), industry, "R", 2015, times * BASE, 3, 3.0)
        assert persons is not None
        at = dict(zip(industry.occupations, persons, strict=True))
        return [float(at[name]) for name in names]

    plain = found(1.0, ("a", "b"))
    assert found(factor, ("a", "b")) == pytest.approx([factor * each for each in plain], rel=1e-6, abs=1e-6)
    assert found(1.0, ("y", "x")) == pytest.approx(plain, abs=1e-9)


def test_the_short_term_share_is_the_occupations_own_else_the_regions() -> None:
    seekers = seeking(
        ("2014", "a", 9.0, 9.0),
        ("2015", "a", 80.0, 20.0),
        ("2015", "b", 20.0),
        ("2015", "TOTAL", 120.0, 60.0),
    )
    found = short_term_share(seekers, "R", 2015, ("a", "b"))
    assert found is not None
    assert found.tolist() == [0.25, 0.5]


def test_an_unknown_short_term_share_is_not_zero() -> None:
    assert short_term_share(seeking(("2015", "a", 80.0)), "R", 2015, ("a", "b")) is None
    assert short_term_share(seeking(("2014", "a", 80.0, 20.0)), "R", 2015, ("a", "b")) is None
    found = short_term_share(seeking(("2015", "a", 80.0, 20.0), ("2015", "b", 5.0)), "R", 2015, ("a", "b"))
    assert found is not None
    assert found[0] == 0.25
    assert np.isnan(found[1])


# --- further sources ---

SPREAD = np.array([[0.25, 0.5], [0.75, 0.5]])


def declared(*rows: tuple[int, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["year", "occupation", "source", "persons"]).assign(region="R")


def test_a_total_spreads_as_entrants_do_and_is_the_mean_of_the_latest_years() -> None:
    table = declared(
        *((2012, "TOTAL", "migrants", 9e9), (2014, "TOTAL", "migrants", 40.0)),
        *((2015, "TOTAL", "migrants", 80.0), (2016, "TOTAL", "migrants", 9e9)),
    )
    found = other_sources(table, "R", 2015, ("a", "b"), SPREAD, 2)
    np.testing.assert_allclose(found["migrants"], 60 * SPREAD)


def test_named_occupations_say_the_split_and_a_total_the_level() -> None:
    table = declared(
        *((2015, "a", "commuters", 30.0), (2015, "b", "commuters", 10.0)),
        *((2015, "TOTAL", "re_entrants", 100.0), (2015, "b", "re_entrants", 1.0)),
    )
    found = other_sources(table, "R", 2015, ("a", "b"), SPREAD, 3)
    assert list(found) == ["re_entrants", "commuters"], "in the order of the vocabulary"
    np.testing.assert_allclose(found["commuters"], [[30, 30], [10, 10]])
    np.testing.assert_allclose(found["re_entrants"], [[0, 0], [100, 100]])


@FEW
@given(st.lists(figures, min_size=4, max_size=4), st.floats(0.01, 100))
def test_further_sources_add_up_and_scale(persons: list[float], factor: float) -> None:
    cells = [(year, code) for year in (2014, 2015) for code in ("a", "b")]
    table = declared(*((*cell, "migrants", n) for cell, n in zip(cells, persons, strict=True)))
    found = other_sources(table, "R", 2015, ("a", "b"), SPREAD, 2)["migrants"]
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=0), sum(persons) / 2)
    more = other_sources(table.assign(persons=table["persons"] * factor), "R", 2015, ("a", "b"), SPREAD, 2)
    np.testing.assert_allclose(more["migrants"], factor * found)


def test_a_region_that_declares_none_has_none() -> None:
    table = declared((2015, "TOTAL", "migrants", 80.0))
    assert other_sources(table, "elsewhere", 2015, ("a", "b"), SPREAD, 2) == {}
    assert other_sources(table, "R", 2014, ("a", "b"), SPREAD, 2) == {}, "nothing from after the base year"
