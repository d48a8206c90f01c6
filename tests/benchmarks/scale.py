"""Part `scale`: demand and supply of a large made-up country, in a process of its own.

Every step from sectors and cohorts to openings and supply, for all regions and windows, kept in memory at
once as a build keeps them. Not in the time: the backtest, which is done before, and all scoring after it.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.demand import employment_panel
from forecasting.evidence import Evidence, train
from forecasting.layout import lay_out
from forecasting.markets import Market, forecast_market, grounds
from forecasting.parameters import Parameters, load_parameters
from forecasting.region import Region
from forecasting.scenarios import BASE
from forecasting.series.panel import Array
from tests.benchmarks.report import Verdict, markdown, verdict_lines
from tests.benchmarks.speed import Measured, measure

OCCUPATIONS, REGIONS, HORIZONS, DRAWS = 600, 10, tuple(range(1, 11)), 500
SECTORS, LEAVES, STAFFED = 21, 88, 60
"""As NACE has sections and divisions; so many occupations in each division."""
FIELDS, LEVELS, ENTERED = 30, ("ED35", "ED45", "ED5-8"), 40
"""Fields of education, levels, and occupations that each of them enters."""
BASE_YEAR, YEARS, SEED = 2024, range(2009, 2025), 1
BANDS: Final = ("15-24", "25-34", "35-44", "45-54", "55-64", "65+")
SECONDS, GIB = 20.0, 2.0

VARIANTS: Final = {
    "fixed": "staffing stays, the mean of the latest graduates",
    "moving": "staffing moves, a crop of graduates forecast for each window",
}


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del shared, until  # everything here is made up
    found = {name: measure(["tests.benchmarks.scale", name]) for name in VARIANTS}
    limits = [
        Verdict(VARIANTS[name], f"under {SECONDS:.0f} s and {GIB:.0f} GiB", _figure(one), _met(one))
        for name, one in found.items()
    ]
    return [
        f"{OCCUPATIONS} occupations × {REGIONS} regions × windows of 1 to {HORIZONS[-1]} years × {DRAWS} "
        f"draws, made up: {LEAVES} staffed sectors, {len(YEARS)} years, {FIELDS * len(LEVELS)} fields and "
        "levels with a survey's sample. *Seconds*: `grounds` and `forecast_market` of all regions, baseline. "
        "*Of a processor*: without waiting for others on the machine. "
        "*Peak*: of the process, with what Python and its libraries take and the backtest before. "
        "*Reference*: NumPy multiplies one number for each cell and draw, which no method can do without.",
        "",
        *markdown(pd.DataFrame([_row(VARIANTS[name], one) for name, one in found.items()])),
        *verdict_lines(limits),
    ]


def _row(name: str, found: Measured) -> dict[str, str]:
    inner = found.inner
    return {
        "what": name,
        "ground, s": f"{inner['ground']:.1f}",
        "windows, s": f"{inner['windows']:.1f}",
        "both, s": f"{inner['seconds']:.1f}",
        "of a processor, s": f"{inner['cpu']:.1f}",
        "reference, s": f"{inner['reference']:.2f}",
        "ratio": f"× {inner['seconds'] / inner['reference']:.0f}",
        "peak, GiB": f"{found.gib:.2f}",
        "of which before, GiB": f"{inner['before_gib']:.2f}",
    }


def _figure(found: Measured) -> str:
    return f"{found.inner['seconds']:.1f} s, {found.gib:.2f} GiB"


def _met(found: Measured) -> bool:
    return found.inner["seconds"] < SECONDS and found.gib < GIB


def codes(letter: str, count: int) -> list[str]:
    """Return so many codes that sort as they are numbered."""
    return [f"{letter}{number:03d}" for number in range(count)]


def classification(letter: str, count: int) -> pd.DataFrame:
    """Return a flat classification under TOTAL."""
    parents = pd.DataFrame({"code": ["TOTAL"], "parent": [""], "level": [0]})
    below = pd.DataFrame({"code": codes(letter, count), "parent": "TOTAL", "level": 1})
    return pd.concat([parents, below], ignore_index=True)


def crossed(**keys: object) -> pd.DataFrame:
    """Return one row for each combination of keys, the last one fastest."""
    return pd.MultiIndex.from_product(list(keys.values()), names=list(keys)).to_frame(index=False)


def work_tables(rng: np.random.Generator, *, moving: bool) -> dict[str, pd.DataFrame]:
    """Return sectors, their employment with ages, and who staffs them."""
    sectors = classification("S", SECTORS)
    leaves = pd.DataFrame({"code": codes("L", LEAVES), "level": 2})
    leaves["parent"] = [f"S{number % SECTORS:03d}" for number in range(LEAVES)]
    size = rng.lognormal(9, 1, (REGIONS, LEAVES))
    path = np.exp(rng.normal(0.002, 0.02, (REGIONS, LEAVES, len(YEARS))).cumsum(axis=2))
    persons = size[:, :, None] * path
    low = crossed(region=codes("R", REGIONS), sector=codes("L", LEAVES), year=YEARS)
    low = low.assign(persons=persons.ravel(), age_band="all")
    parent = dict(zip(leaves["code"], leaves["parent"], strict=True))
    high = low.assign(sector=low["sector"].map(parent))
    high = high.groupby(["region", "sector", "year"], as_index=False)["persons"].sum()
    total = high.groupby(["region", "year"], as_index=False)["persons"].sum().assign(sector="TOTAL")
    shares = np.array([0.07, 0.21, 0.25, 0.26, 0.18, 0.03])
    ages = pd.concat(
        [each.assign(age_band=band, persons=each["persons"] * share * rng.uniform(0.97, 1.03, len(each)))
         for each in (total, high) for band, share in zip(BANDS, shares, strict=True)]
    )  # fmt: skip
    employment = pd.concat([low, high.assign(age_band="all"), total.assign(age_band="all"), ages])
    tables = {
        "sectors": pd.concat([sectors, leaves], ignore_index=True),
        "sector_employment": employment.assign(flag="").reset_index(drop=True),
        "staffing": _staffing(rng),
    }
    return tables | ({"staffing_history": _history(rng, tables["staffing"])} if moving else {})


def _staffing(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for number, leaf in enumerate(codes("L", LEAVES)):
        first = number * OCCUPATIONS // LEAVES  # so that every occupation works somewhere
        chosen = (
            first + np.r_[0:8, 8 + rng.choice(OCCUPATIONS - 8, STAFFED - 8, replace=False)]
        ) % OCCUPATIONS
        share = rng.dirichlet(np.ones(STAFFED))
        names = [f"O{occupation:03d}" for occupation in chosen]
        rows.append(pd.DataFrame({"sector": leaf, "occupation": names, "share": share}))
    return pd.concat(rows, ignore_index=True).assign(flag="")


def _history(rng: np.random.Generator, staffing: pd.DataFrame) -> pd.DataFrame:
    past = [
        staffing.assign(year=year, share=staffing["share"] * rng.lognormal(0, 0.1, len(staffing)))
        for year in YEARS[-10:]
    ]
    table = pd.concat(past, ignore_index=True)
    table["share"] /= table.groupby(["year", "sector"])["share"].transform("sum")
    return table[["year", "sector", "occupation", "share"]].assign(relative_standard_error=0.1)


def supply_tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return graduates, where they enter, inhabitants and job seekers."""
    regions, occupations = codes("R", REGIONS), codes("O", OCCUPATIONS)
    graduates = crossed(region=regions, field=codes("F", FIELDS), level=LEVELS, year=YEARS[-8:])
    graduates["persons"] = rng.lognormal(5, 1, len(graduates))
    entry = []
    for field in codes("F", FIELDS):
        chosen = rng.choice(occupations, ENTERED, replace=False)
        entry += [
            pd.DataFrame({"field": field, "level": level, "occupation": chosen,
                          "share": rng.dirichlet(np.ones(ENTERED)), "sample": 400.0})
            for level in LEVELS
        ]  # fmt: skip
    seekers = crossed(period=[str(year) for year in YEARS[-8:]], region=regions, occupation=occupations)
    seekers["persons"] = rng.lognormal(3, 1, len(seekers))
    inhabitants = crossed(year=YEARS[-8:], region=regions, age_band=[f"{a}-{a + 4}" for a in range(0, 65, 5)])
    return {
        "fields": classification("F", FIELDS).iloc[1:],
        "graduates": graduates.assign(flag=""),
        "entry": pd.concat(entry, ignore_index=True).assign(flag=""),
        "population": inhabitants.assign(persons=rng.lognormal(10, 0.1, len(inhabitants)), flag=""),
        "jobseekers": seekers.assign(short_term=seekers["persons"] * 0.6, flag=""),
    }


def made_up(*, moving: bool) -> Region:
    """Return the country: its regions are markets, in no aggregate."""
    rng = np.random.default_rng(SEED)
    regions = classification("R", REGIONS).iloc[1:].assign(parent="", role="market")
    tables = {"regions": regions, "occupations": classification("O", OCCUPATIONS)}
    sectors = {"name": "made-up sectors", "version": "1"}
    settings = {"name": "made up", "base_year": BASE_YEAR, "classifications": {"sectors": sectors}}
    return Region(settings, {**tables, **work_tables(rng, moving=moving), **supply_tables(rng)})


def set_for_scale() -> Parameters:
    """Return the parameters with these windows and draws; the backtest before needs no bootstrap."""
    parameters = load_parameters()
    given = {"horizons": list(HORIZONS), "draws": DRAWS, "bootstrap_draws": 2}
    changed = {name: replace(parameters.values[name], value=value) for name, value in given.items()}
    return replace(parameters, values={**parameters.values, **changed})


def timed(work: Callable[[], object]) -> float:
    """Return the seconds of a piece of work, the fastest of three."""
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def one_multiplication() -> float:
    """Return the seconds NumPy needs for one product of each cell and draw, region by region."""
    cells: Array = np.ones((OCCUPATIONS * len(HORIZONS), DRAWS))
    factor = np.full(DRAWS, 1.01)
    return timed(lambda: [cells * factor for _ in range(REGIONS)])


def forecast_all(region: Region, evidence: dict[str, Evidence], parameters: Parameters) -> dict[str, float]:
    """Return the seconds of both stages over all regions; every market stays in memory."""
    industry = lay_out(region)
    panel = employment_panel(industry, BASE_YEAR)
    begun, cpu = time.perf_counter(), time.process_time()
    starts = grounds(region, industry, panel, evidence, parameters, SEED)
    grounded = time.perf_counter()
    markets = [forecast_market(region, industry, start, BASE, parameters) for start in starts]
    ended, cpu = time.perf_counter(), time.process_time() - cpu
    _refuse_a_lighter_task(markets)
    return {"ground": grounded - begun, "windows": ended - grounded, "seconds": ended - begun, "cpu": cpu}


def _refuse_a_lighter_task(markets: list[Market]) -> None:
    """Check that every cell has its draws, so that the time is of the whole task."""
    shape = (OCCUPATIONS, DRAWS)
    assert len(markets) == REGIONS
    for market in markets:
        assert market.openings is not None
        assert market.entrants is not None
        assert market.jobseekers is not None
        for opened, entering, employed in zip(
            market.openings, market.entrants, market.employment, strict=True
        ):
            assert opened.openings.shape == entering.shape == employed.shape == shape
            assert (entering.std(axis=1) > 0).any()


def peak_gib() -> float:
    """Return the largest memory of this process so far."""
    import resource

    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return kib / 2**20


def main(words: list[str]) -> None:
    """Do the work of one variant and print what it took as JSON."""
    moving = words == ["moving"]
    region, parameters = made_up(moving=moving), set_for_scale()
    evidence = train(region, parameters, SEED)
    evidence["graduates"] = replace(evidence["graduates"], method="cohort" if moving else "mean")
    before, reference = peak_gib(), one_multiplication()
    found = forecast_all(region, evidence, parameters)
    sys.stdout.write(json.dumps({**found, "reference": reference, "before_gib": before}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
