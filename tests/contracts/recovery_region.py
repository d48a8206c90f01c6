"""A made-up region with cells under the threshold at awkward places."""

import dataclasses
from collections.abc import Mapping
from typing import Final

import pandas as pd

from forecasting.parameters import Parameters
from forecasting.published import PUBLISHED
from forecasting.region import Region
from forecasting.snapshot import Snapshot, conform

Cell = tuple[str, str]
"""Region and occupation."""

YEARS: Final = range(2016, 2026)
BASE: Final = 2025
EMPLOYED: Final[Mapping[Cell, float]] = {
    **{("N", "22"): 4000, ("N", "25"): 2000, ("N", "26"): 12, ("N", "52"): 6000, ("N", "53"): 1500},
    **{("M", "22"): 3000, ("M", "25"): 14, ("M", "26"): 9, ("M", "52"): 2500, ("M", "53"): 900},
    **{("S", "22"): 1500, ("S", "25"): 800, ("S", "26"): 400, ("S", "52"): 2000, ("S", "53"): 16},
}
"""Employed at the base year. Under 20: one child in N, two in M; in S one that was larger before."""
SEEKING: Final[Mapping[Cell, float]] = {
    **{("N", "22"): 90, ("N", "25"): 60, ("N", "26"): 30, ("N", "52"): 700, ("N", "53"): 3},
    **{("M", "22"): 80, ("M", "25"): 40, ("M", "26"): 25, ("M", "52"): 300, ("M", "53"): 70},
    **{("S", "22"): 50, ("S", "25"): 30, ("S", "26"): 15, ("S", "52"): 200, ("S", "53"): 20},
}
"""Job seekers at the base year; few of them in a large cell of N."""
SMALL: Final[frozenset[Cell]] = frozenset({("N", "26"), ("M", "25"), ("M", "26"), ("S", "53")})
FEW_SEEKERS: Final[frozenset[Cell]] = frozenset({("N", "53")})
_AGES: Final = {"15-24": 0.12, "25-34": 0.25, "35-44": 0.26, "45-54": 0.24, "55-64": 0.13, "65+": 0.0}
_NAMES: Final = {"26": "Lawyers", "53": "Carers"}


def region_of(
    tiny: Region, employed: Mapping[Cell, float] = EMPLOYED, seeking: Mapping[Cell, float] = SEEKING
) -> Region:
    """Return three markets under one aggregate that count their occupations themselves.

    Totals do not follow the cells: of a survey they are estimated apart.
    """
    like = {"26": "25", "53": "22"}  # asked and taught as these are
    tables = {name: _with_more(table, like) for name, table in tiny.tables.items()}
    for name in ("staffing", "sector_employment", "sector_vacancies"):
        tables[name] = tables[name].iloc[:0]
    tables["occupations"] = pd.concat(
        [
            tiny.table("occupations"),
            pd.DataFrame(
                [_concept("26", "2", 2, "Lawyers"), _concept("53", "5", 2, "Carers")],
            ),
        ],
        ignore_index=True,
    )
    tables["regions"] = pd.DataFrame(
        [
            _concept("A", "", 0, "All", role="aggregate"),
            *(_concept(code, "A", 1, code, role="market") for code in "MNS"),
        ]
    )
    tables["occupation_employment"] = _employment(employed)
    tables["jobseekers"] = _seekers(seeking)
    tables["occupation_vacancies"] = _vacancies(EMPLOYED)
    listed = [
        (year, code, code in ("25", "52"), "") for year in YEARS for code in ("22", "25", "26", "52", "53")
    ]
    tables["bottlenecks"] = pd.DataFrame(listed, columns=["year", "occupation", "listed", "causes"])
    tables["graduates"] = pd.concat(
        [tiny.table("graduates").assign(region=code) for code in "MNS"], ignore_index=True
    )
    tables["separations"] = pd.DataFrame(
        [
            {"occupation": code, "kind": kind, "rate": rate, "flag": "e"}
            for code in ("22", "25", "26", "52", "53")
            for kind, rate in (("exit", 0.02 + int(code) / 2000), ("transfer", 0.04 + int(code) / 2000))
        ]
    )
    return dataclasses.replace(tiny, tables=tables)


def ruled(parameters: Parameters, **values: object) -> Parameters:
    """Return parameters with some values replaced; few draws, windows and scenarios make it quick."""
    known = dict(parameters.values)
    low = {"low_growth": parameters["scenarios"]["low_growth"]}
    quick = {"draws": 200, "horizons": [1, 5], "scenarios": low}
    for name, value in {**quick, **values}.items():
        known[name] = dataclasses.replace(known[name], value=value)
    return dataclasses.replace(parameters, values=known)


def _concept(code: str, parent: str, level: int, label: str, **more: str) -> dict[str, object]:
    return {"code": code, "parent": parent, "level": level, "label_nl": label, "label_en": label, **more}


def _with_more(table: pd.DataFrame, like: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with the rows of some occupations again, for others."""
    if "occupation" not in table or not len(table):
        return table
    more = [table[table["occupation"] == old].assign(occupation=new) for new, old in like.items()]
    return pd.concat([table, *more], ignore_index=True)


def _employment(employed: Mapping[Cell, float]) -> pd.DataFrame:
    rows = []
    for (region, occupation), persons in employed.items():
        for year in YEARS:
            wave = 1 + 0.03 * ((year * 7 + int(occupation) + ord(region)) % 5 - 2) * (year < BASE)
            before = 25 if (region, occupation) == ("S", "53") and year < BASE else persons
            rows.append((year, region, occupation, "all", round(before * wave, 2)))
    for region in "MNS":
        whole = sum(persons for (place, _), persons in EMPLOYED.items() if place == region)
        rows += [(year, region, "TOTAL", "all", round(whole * (1 + (year - BASE) / 500))) for year in YEARS]
        rows += [
            (year, region, "TOTAL", band, round(whole * share))
            for year in (BASE - 11, BASE - 10, BASE - 1, BASE)
            for band, share in _AGES.items()
        ]
    columns = ["year", "region", "occupation", "age_band", "persons"]
    return pd.DataFrame(rows, columns=columns).astype({"persons": float}).assign(flag="")


def _seekers(seeking: Mapping[Cell, float]) -> pd.DataFrame:
    rows = [
        (str(year), region, occupation, persons * (1 + (BASE - year) % 3 / 10), persons * 0.6)
        for (region, occupation), persons in seeking.items()
        for year in YEARS
    ]
    for region in "MNS":
        whole = sum(persons for (place, _), persons in SEEKING.items() if place == region)
        rows += [
            (str(year), region, "TOTAL", whole * (1 + (BASE - year) % 3 / 10), whole * 0.6) for year in YEARS
        ]
    return pd.DataFrame(rows, columns=["period", "region", "occupation", "persons", "short_term"])


def _vacancies(employed: Mapping[Cell, float]) -> pd.DataFrame:
    rows = []
    for (region, occupation), persons in employed.items():
        for year in YEARS:
            posted = 40 + persons // 20 + (year + int(occupation)) % 7
            filled, cancelled = posted * 0.8 // 1, posted * (0.05 + int(occupation) / 400) // 1
            flows = (posted, 6 + persons // 100, filled, cancelled, 20.0 + int(occupation) % 9)
            rows.append((str(year), region, occupation, *flows))
    flows_of = ["posted", "open", "filled", "cancelled", "median_days_open"]
    found = pd.DataFrame(rows, columns=["period", "region", "occupation", *flows_of])
    return found.astype(dict.fromkeys(flows_of, float)).assign(occupied=float("nan"), flag="")


def told_of(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a published table with its numbers as floats, and None for what is empty."""
    columns = PUBLISHED[name].columns
    numbers = [column.name for column in columns if column.kind in ("number", "integer")]
    frame = conform(table, name).astype(dict.fromkeys(numbers, float))
    texts = [column.name for column in columns if column.kind in ("code", "text", "date")]
    as_read = frame[texts].astype(object)
    return frame.assign(**as_read.where(as_read.notna() & as_read.ne(""), None))


def plain(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return every published table of a snapshot as an attacker reads it."""
    return {name: told_of(name, snapshot.tables[name]) for name in PUBLISHED}
