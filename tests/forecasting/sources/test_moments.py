"""Moments: against plain loops on made-up tables, and the file of real figures against the real data."""

import math
import statistics
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.sources.simulation.moments import compare, moments_of, read_bands
from forecasting.sources.simulation.moments_of_ads import ad_volume, skill_mentions, vacancies
from forecasting.sources.simulation.moments_of_work import employment, separations, unemployment
from forecasting.vocabulary import TOTAL
from tests.benchmarks import moments as benchmark

SEASON = (0.05, 0.02, -0.03, -0.04)
QUARTERS = [f"{year}-Q{quarter}" for year in range(2014, 2022) for quarter in (1, 2, 3, 4)]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def vacancy_table(logs: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    rows = [
        {"period": period, "region": region, "sector": sector, "open": math.exp(value)}
        for (region, sector), values in logs.items()
        for period, value in zip(QUARTERS, values, strict=True)
    ]
    return pd.DataFrame(rows)


def test_a_season_on_a_trend_is_found_as_it_was_put_in() -> None:
    logs = [5 + 0.01 * at + SEASON[at % 4] for at in range(len(QUARTERS))]
    found = vacancies(vacancy_table({("R", "A"): logs}))
    for quarter in (1, 2, 3, 4):
        assert found[f"vacancy_season_q{quarter}"] == pytest.approx(SEASON[quarter - 1], abs=1e-12)
    assert found["vacancy_season_range"] == pytest.approx(0.09)
    assert found["vacancy_change_sd"] == pytest.approx(0, abs=1e-12)


def test_vacancies_against_plain_loops(rng: np.random.Generator) -> None:
    paths = {name: list(5 + rng.normal(0, 0.2, len(QUARTERS)).cumsum()) for name in "ABC"}
    found = vacancies(vacancy_table({("R", name): path for name, path in paths.items()}))
    change = {name: [path[at] - path[at - 4] for at in range(4, len(path))] for name, path in paths.items()}
    spread = statistics.median(statistics.stdev(one) for one in change.values())
    assert found["vacancy_change_sd"] == pytest.approx(spread)
    for lag, name in ((1, "vacancy_change_persistence"), (4, "vacancy_change_persistence_year")):
        each = [statistics.correlation(one[lag:], one[:-lag]) for one in change.values()]
        assert found[name] == pytest.approx(statistics.median(each))
    pairs = [statistics.correlation(change[a], change[b]) for a, b in ("AB", "AC", "BC")]
    assert found["vacancy_comovement"] == pytest.approx(statistics.median(pairs))


def test_regions_are_summed_and_a_missing_one_makes_the_quarter_unknown(rng: np.random.Generator) -> None:
    one = list(5 + rng.normal(0, 0.2, len(QUARTERS)).cumsum())
    half = [value - math.log(2) for value in one]
    whole = vacancies(vacancy_table({("R", "A"): one, ("R", TOTAL): half}))
    parts = vacancy_table({("R", "A"): half, ("S", "A"): half})
    assert vacancies(parts) == pytest.approx(whole, nan_ok=True)
    holed = parts.drop(index=parts.index[-1])
    shorter = vacancy_table({("R", "A"): one}).iloc[:-1]
    assert vacancies(holed) == pytest.approx(vacancies(shorter), nan_ok=True)


def test_months_count_as_the_last_of_their_quarter(rng: np.random.Generator) -> None:
    values = list(5 + rng.normal(0, 0.2, len(QUARTERS)).cumsum())
    table = vacancy_table({("R", "A"): values})
    months = [
        row
        | {
            "period": f"{row['period'][:4]}-{3 * int(row['period'][-1]) - back:02d}",
            "open": row["open"] + back,
        }
        for row in table.to_dict("records")
        for back in (0, 1, 2)
    ]
    assert vacancies(pd.DataFrame(months)) == pytest.approx(vacancies(table), nan_ok=True)


def test_the_vacancy_rate_is_open_over_all_posts() -> None:
    rows = [
        ("2020", "A", 2.0, 98.0),
        ("2020", "B", 10.0, 90.0),
        ("2021", "A", 4.0, 96.0),
        ("2021", "B", 4.0, 96.0),
    ]
    table = pd.DataFrame(rows, columns=["period", "sector", "open", "occupied"]).assign(region="R")
    found = vacancies(table)
    assert found == {"vacancy_rate": pytest.approx(0.05), "vacancy_rate_range": pytest.approx(0.07 - 0.03)}


def test_volume_of_ads_against_plain_loops(rng: np.random.Generator) -> None:
    counts = rng.integers(50, 200, 24).astype(float)
    months = [f"{2020 + at // 12}-{at % 12 + 1:02d}" for at in range(24)]
    table = pd.DataFrame({"month": months * 2, "ads": [*(0.25 * counts), *(0.75 * counts)]})
    found = ad_volume(table)
    steps = [math.log(b / a) for a, b in pairwise(counts)]
    ratios = [counts[at] / statistics.mean(counts[at - 3 : at]) for at in range(3, 24)]
    assert found["ad_volume_sd"] == pytest.approx(statistics.stdev(steps))
    assert found["ad_volume_ratio_p90"] == pytest.approx(np.quantile(ratios, 0.9))


def mention_table(counts: np.ndarray, periods: list[str]) -> pd.DataFrame:
    """Return periods × occupations × skills as a table without its zeros."""
    rows = [
        {
            "period": periods[i],
            "region": TOTAL,
            "occupation": f"o{j}",
            "skill": f"s{k:03d}",
            "mentions": count,
        }
        for (i, j, k), count in np.ndenumerate(counts)
        if count > 0
    ]
    return pd.DataFrame(rows)


def test_empty_cells_against_plain_loops(rng: np.random.Generator) -> None:
    counts = rng.poisson(rng.gamma(0.3, 12, (1, 3, 20)), (6, 3, 20)).astype(float)
    counts[:, :, 0] += 1  # every skill and occupation is asked in every month, or the grid would be smaller
    counts[:, 0, :] += 1
    months = [f"2021-{month:02d}" for month in range(1, 7)]
    found = skill_mentions(mention_table(counts, months))
    quarters = counts.reshape(2, 3, 3, 20).sum(axis=1)
    cells = [float(count) for count in quarters.ravel()]
    kept = 1 / (sum(cells) / len(cells))
    assert found["zero_cells_monthly"] == pytest.approx(np.mean(counts == 0))
    assert found["zero_cells_quarterly"] == pytest.approx(sum(count == 0 for count in cells) / len(cells))
    assert found["zero_cells_thinned"] == pytest.approx(
        statistics.mean((1 - kept) ** count for count in cells)
    )
    thinned = rng.binomial(quarters.astype(int), kept, (4000, *quarters.shape))
    assert found["zero_cells_thinned"] == pytest.approx((thinned == 0).mean(), abs=0.005)


def test_change_of_skills_against_plain_loops(rng: np.random.Generator) -> None:
    base = rng.gamma(0.5, 400, (1, 2, 40))
    counts = np.round(base * np.exp(rng.normal(0, 0.3, (2, 2, 40)))) + 1
    found = skill_mentions(mention_table(counts, ["2020-Q4", "2021-Q1"]))
    moved, turnover, top = [], [], []
    for job in range(2):
        one, two = counts[0, job], counts[1, job]
        total = chance = 0.0
        for a, b in zip(one, two, strict=True):
            p, q = a / sum(one), b / sum(two)
            mean = (p + q) / 2
            total += abs(q - p)
            chance += math.sqrt(2 / math.pi * mean * (1 - mean) * (1 / sum(one) + 1 / sum(two)))
        moved.append(total - chance)
        best = [sorted(range(40), key=lambda k, row=row: (-row[k], k))[:10] for row in (one, two)]
        turnover.append(1 - len(set(best[0]) & set(best[1])) / 10)
        top.append(sum(two[k] for k in best[1]) / sum(two))
    assert found["skill_change"] == pytest.approx(statistics.median(moved))
    assert found["skill_top_ten_turnover"] == pytest.approx(statistics.median(turnover))
    assert found["skill_top_ten_share"] == pytest.approx(statistics.median(top))


def test_sampling_alone_is_hardly_taken_for_change(rng: np.random.Generator) -> None:
    shares = rng.dirichlet(np.full(60, 0.5), 30)
    counts = np.stack([[rng.multinomial(4000, share) for share in shares] for _ in range(2)])
    found = skill_mentions(mention_table(counts, ["2020-Q1", "2021-Q1"]))
    assert found["skill_change"] < 0.02
    assert found["skill_log_share_change"] < 0.05
    moved = shares * np.exp(rng.normal(0, 0.25, shares.shape))
    counts[1] = [rng.multinomial(4000, share / share.sum()) for share in moved]
    changed = skill_mentions(mention_table(counts, ["2020-Q1", "2021-Q1"]))
    assert changed["skill_log_share_change"] == pytest.approx(0.25, abs=0.05)


def work_table(persons: np.ndarray, first: int = 2015) -> pd.DataFrame:
    """Return cells × years as a table."""
    rows = [
        {"year": first + year, "region": "R", "occupation": f"o{cell:03d}", "persons": count}
        for (cell, year), count in np.ndenumerate(persons)
    ]
    return pd.DataFrame(rows)


def test_employment_against_plain_loops(rng: np.random.Generator) -> None:
    size = np.exp(rng.normal(8, 1.2, (40, 1)))
    persons = size * np.exp(rng.normal(0, 0.2, (40, 8)))
    persons[0, :3] = 0
    found = employment(work_table(persons))
    changes: dict[str, list[float]] = {}
    growth: dict[int, list[float]] = {}
    for row in persons:
        mean = sum(row) / len(row)
        name = next(name for name, (low, high) in moments_sizes().items() if low <= mean < high)
        for a, b in pairwise(row):
            if a + b > 0:
                changes.setdefault(name, []).append(abs(2 * (b - a) / (a + b)))
        for start in range(2):
            ends = row[start] + row[start + 1], row[start + 5] + row[start + 6]
            if mean >= 3000 and min(ends) > 0:
                growth.setdefault(start, []).append(math.log(ends[1] / ends[0]))
    for name, values in changes.items():
        assert found[f"employment_change_{name}"] == pytest.approx(statistics.median(values))
    spreads = [float(np.quantile(one, 0.75) - np.quantile(one, 0.25)) / 1.349 for one in growth.values()]
    assert found["employment_growth_spread_5y"] == pytest.approx(statistics.mean(spreads))
    assert found["cells_zero"] == pytest.approx(3 / 320)
    ordered = sorted((sum(row) for row in persons), reverse=True)
    assert found["employment_in_largest_tenth"] == pytest.approx(sum(ordered[:4]) / sum(ordered))
    assert found["employment_in_smaller_half"] == pytest.approx(sum(ordered[20:]) / sum(ordered))


def moments_sizes() -> dict[str, tuple[float, float]]:
    return {
        "below_1000": (0, 1000),
        "1000_3000": (1000, 3000),
        "3000_10000": (3000, 10_000),
        "above_10000": (10_000, math.inf),
    }


def test_noise_alone_turns_back_by_half(rng: np.random.Generator) -> None:
    persons = 3000 * np.exp(rng.normal(0, 0.1, (800, 10)))
    assert employment(work_table(persons))["employment_change_autocorrelation"] == pytest.approx(
        -0.5, abs=0.03
    )
    walks = 3000 * np.exp(rng.normal(0, 0.05, (800, 10)).cumsum(axis=1))
    assert employment(work_table(walks))["employment_change_autocorrelation"] == pytest.approx(0, abs=0.04)


def test_unemployment_against_plain_loops(rng: np.random.Generator) -> None:
    work = np.full((12, 4), 5000.0) + np.arange(12)[:, None]
    seekers = np.outer(np.linspace(100, 900, 12), [1, 1.1, 0.9, 1.2]) * np.exp(rng.normal(0, 0.1, (12, 4)))
    table = work_table(seekers).rename(columns={"year": "period"})
    halves = [
        table.assign(period=table["period"].astype(str) + f"-Q{n}", persons=table["persons"] * w)
        for n, w in ((1, 0.8), (3, 1.2))
    ]
    total = pd.DataFrame([{"period": "2015-Q1", "region": "R", "occupation": TOTAL, "persons": 1e6}])
    found = unemployment(work_table(work), pd.concat([*halves, total]))
    rates = [sum(u) / (sum(u) + sum(e)) for u, e in zip(seekers, work, strict=True)]
    assert found["unemployment_median"] == pytest.approx(statistics.median(rates))
    assert found["unemployment_p90"] == pytest.approx(np.quantile(rates, 0.9))
    whole = [seekers[:, y].sum() / (seekers + work)[:, y].sum() for y in range(4)]
    steps = [math.log(b / a) for a, b in pairwise(whole)]
    assert found["unemployment_change_sd_total"] == pytest.approx(statistics.stdev(steps))
    early, late = (
        [sum(u[part]) / sum(u[part] + e[part]) for u, e in zip(seekers, work, strict=True)]
        for part in (slice(0, 2), slice(2, 4))
    )
    ranks = [[sorted(half).index(rate) for rate in half] for half in (early, late)]
    assert found["unemployment_persistence"] == pytest.approx(statistics.correlation(*ranks))


def test_separations_are_weighted_by_employment() -> None:
    rates = {"a": (0.02, 0.10), "b": (0.06, 0.05), "c": (0.04, 0.08)}
    table = pd.DataFrame(
        [
            (job, kind, rate)
            for job, pair in rates.items()
            for kind, rate in zip(("exit", "transfer"), pair, strict=True)
        ],
        columns=["occupation", "kind", "rate"],
    )
    jobs = pd.DataFrame(
        {"year": 2020, "region": "R", "occupation": list("abc"), "persons": [100.0, 300.0, 600.0]}
    )
    found = separations(table, jobs)
    assert found["exit_rate"] == pytest.approx(0.02 * 0.1 + 0.06 * 0.3 + 0.04 * 0.6)
    assert found["transfer_rate"] == pytest.approx(0.10 * 0.1 + 0.05 * 0.3 + 0.08 * 0.6)
    assert found["exit_rate_p10"] == pytest.approx(np.quantile([0.02, 0.06, 0.04], 0.1))
    assert found["exit_transfer_correlation"] == pytest.approx(
        statistics.correlation([0.02, 0.06, 0.04], [0.1, 0.05, 0.08])
    )


def test_only_moments_of_the_tables_given_are_found() -> None:
    jobs = work_table(4000.0 + np.arange(24.0).reshape(3, 8) ** 2)
    assert set(moments_of({"occupation_employment": jobs}).index) == set(employment(jobs))
    assert moments_of({}).empty


def test_the_verdict_is_that_of_the_mean_of_the_simulations() -> None:
    bands = {name: {"figure": 1.0, "band": [0.5, 1.5]} for name in ("in", "under", "over", "none")}
    bands["shown"] = {"figure": 1.0, "band": None}
    found = pd.DataFrame(
        {
            1: {"in": 0.4, "under": 0.3, "over": 1.6, "shown": 9},
            2: {"in": 0.8, "under": 0.4, "over": 1.6, "shown": 9},
        }
    )
    table = compare(found, bands)
    assert table["verdict"].to_dict() == {
        "in": "ok",
        "under": "low",
        "over": "high",
        "none": "absent",
        "shown": "shown",
    }
    assert table.loc["in", ["simulated", "least", "most"]].tolist() == pytest.approx([0.6, 0.4, 0.8])


def test_every_moment_says_what_it_is_and_where_it_comes_from() -> None:
    for name, band in read_bands().items():
        assert {"definition", "unit", "figure", "band", "slack", "source", "parts"} == set(band), name
        assert (band["band"] is None) == (band["slack"] is None), name
        if band["band"]:
            assert band["band"][0] <= band["figure"] <= band["band"][1], name


@pytest.mark.shared
def test_the_real_figures_of_vacancies_are_those_computed(shared: Path) -> None:
    held("vacancy", [benchmark.dutch_vacancies, benchmark.vacancy_survey], shared)


@pytest.mark.full
@pytest.mark.shared
def test_every_real_figure_is_the_one_computed(shared: Path) -> None:
    held("", benchmark.SOURCES, shared)


def held(beginning: str, sources: object, shared: Path) -> None:
    declared = {name: band for name, band in read_bands().items() if name.startswith(beginning)}
    computed = benchmark.bands_of(benchmark.real_moments(shared, sources), declared)
    for name, figures in computed.items():
        assert {key: declared[name][key] for key in ("figure", "band")} == figures, name
