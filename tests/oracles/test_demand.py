"""Openings, staffing and vacancies in plain loops, cell by cell and draw by draw, beside the arrays."""

import math

import numpy as np
import pandas as pd
import pytest

from forecasting.cohorts import Cohorts
from forecasting.demand import Industry, industry_by_sector, occupation_draws, openings, vacancy_rates

CASES = range(80)
REGIONS, YEARS, BASE_YEAR = ("R", "S"), (2013, 2014, 2015, 2016), 2015


def opened(
    base: float, future: float, ages: list[float], left: list[float], older: list[bool]
) -> list[float]:
    """Return replacement of those under 55 and of the older, and openings: B = max(ΔE, 0) + V."""
    out = [0.0, 0.0]
    for persons, share, counts_as_older in zip(ages, left, older, strict=True):
        out[counts_as_older] += persons * share
    change = future - base
    leavers = sum(out)
    replaced = max(leavers + min(change, 0.0), 0.0)
    split = [replaced * part / leavers if leavers > 0 else 0.0 for part in out]
    return [*split, max(change, 0.0) + replaced]


@pytest.mark.parametrize("seed", CASES)
def test_openings(seed: int) -> None:
    generator = np.random.default_rng(seed)
    occupations, draws, bands = (int(number) for number in generator.integers(1, [6, 6, 7]))
    width, years = int(generator.choice([5, 10])), int(generator.integers(1, 13))
    ages_from = generator.choice([15.0, 25.0, 40.0]) + width * np.arange(bands)
    retention = generator.uniform(0, 1.4, (bands, draws)) * (generator.random((bands, 1)) > 0.2)
    cohorts = Cohorts(tuple(map(str, ages_from)), ages_from, width, np.ones(bands), retention)
    ages = generator.uniform(0, 1e4, (occupations, bands)) * (generator.random((occupations, 1)) > 0.2)
    base = ages.sum(axis=1)
    future = base[:, None] * generator.choice([0.0, 0.3, 1.0, 1.2], (occupations, draws))
    future += generator.uniform(0, 50, (occupations, draws)) * (generator.random((occupations, draws)) > 0.5)
    found = openings(base, future, ages, cohorts, years)
    left = cohorts.leaving(years)
    older = [bool(age + width >= 55) for age in ages_from]
    for row in range(occupations):
        for draw in range(draws):
            expected = opened(base[row], future[row, draw], ages[row].tolist(), left[:, draw].tolist(), older)
            given = (found.replacement_25_54, found.replacement_55_plus, found.openings)
            assert [part[row, draw] for part in given] == pytest.approx(expected, rel=1e-9, abs=1e-6)
            assert min(expected) >= 0


def staffed(seed: int) -> tuple[np.random.Generator, Industry, dict[str, dict[str, float]], dict[str, str]]:
    """Return an industry, its staffing by leaf and occupation, and the forecast sector of each leaf."""
    generator = np.random.default_rng(seed)
    top = [f"S{number}" for number in range(generator.integers(1, 4))]
    parents = dict.fromkeys(top, "TOTAL") | {"TOTAL": ""}
    leaves = {}
    for name in top:
        below = [f"{name}{number}" for number in range(generator.choice([0, 2, 3]))]
        parents |= dict.fromkeys(below, name)
        leaves |= dict.fromkeys(below or [name], name)
    occupations = [f"o{number}" for number in range(generator.integers(1, 5))]
    shares = {}
    for leaf in leaves:
        weight = generator.uniform(0, 1, len(occupations)) * (generator.random(len(occupations)) > 0.3)
        weight[0] += 0.01
        shares[leaf] = dict(zip(occupations, (weight / weight.sum()).tolist(), strict=True))
    rows = [(leaf, name, share) for leaf, each in shares.items() for name, share in each.items()]
    order = generator.permutation(len(rows))
    industry = industry_by_sector(
        pd.DataFrame({"year": [], "region": [], "sector": [], "age_band": [], "persons": []}),
        pd.DataFrame({"code": list(parents), "parent": list(parents.values())}),
        pd.DataFrame([rows[at] for at in order], columns=["sector", "occupation", "share"]),
    )
    return generator, industry, shares, leaves


@pytest.mark.parametrize("seed", CASES)
def test_occupations_are_staffed_from_their_sectors(seed: int) -> None:
    generator, industry, shares, leaves = staffed(seed)
    of_sector = generator.uniform(0, 1, len(leaves))
    persons = generator.uniform(0, 1e5, (len(industry.top), 2))
    found = occupation_draws(industry, of_sector, persons)
    for draw in range(2):
        expected = dict.fromkeys(industry.occupations, 0.0)
        for leaf, part in zip(industry.leaves, of_sector.tolist(), strict=True):
            in_leaf = persons[industry.top.index(leaves[leaf]), draw] * part
            for occupation, share in shares[leaf].items():
                expected[occupation] += in_leaf * share
        assert found[:, draw].tolist() == pytest.approx(list(expected.values()), rel=1e-9, abs=1e-6)


Rows = list[tuple[str, str, str, float, float]]


def rate(rows: Rows, persons: dict[str, float], shares: dict[str, float], year: int) -> float:
    """Return open over all posts, each sector by its staff in the occupation; NaN where no sector tells."""
    above, below = 0.0, 0.0
    for leaf, share in shares.items():
        posts = [(o, n) for period, _, sector, o, n in rows if (period[:4], sector) == (str(year), leaf)]
        posts = [(o, n) for o, n in posts if not (math.isnan(o) or math.isnan(n))]
        if posts:
            vacant = sum(o for o, _ in posts) / len(posts)
            taken = sum(n for _, n in posts) / len(posts)
            above += persons[leaf] * share * vacant / (vacant + taken)
            below += persons[leaf] * share
    return above / below if below > 0 else math.nan


@pytest.mark.parametrize("seed", CASES)
def test_vacancy_rates_are_the_staffed_mean_of_sectors(seed: int) -> None:
    generator, industry, shares, _ = staffed(seed)
    rows = [
        (f"{year}-Q{quarter}", region, leaf, generator.uniform(0, 99), generator.uniform(100, 9999))
        for region in (*REGIONS, "elsewhere")
        for year in YEARS
        for leaf in industry.leaves
        for quarter in (1, 2)
        if generator.random() > 0.4
    ]
    rows = [(*key, math.nan if generator.random() < 0.1 else o, n) for *key, o, n in rows]
    persons = {name: generator.uniform(0, 1e4, len(industry.leaves)) for name in REGIONS}
    table = pd.DataFrame(rows, columns=["period", "region", "sector", "open", "occupied"])
    found = vacancy_rates(industry, table, persons, BASE_YEAR)
    known = {(region, int(period[:4])) for period, region, _, o, _ in rows if not math.isnan(o)}
    expected = {(region, year) for region, year in known if region in REGIONS and year <= BASE_YEAR}
    assert set(zip(found["region"], found["year"], strict=True)) == expected
    for region, year, occupation, given in (
        found[["region", "year", "occupation", "rate"]].to_numpy().tolist()
    ):
        of_region = [row for row in rows if row[1] == region]
        staff = {leaf: each.get(occupation, 0.0) for leaf, each in shares.items()}
        people = dict(zip(industry.leaves, persons[region].tolist(), strict=True))
        assert given == pytest.approx(rate(of_region, people, staff, year), rel=1e-9, nan_ok=True)
