"""British Columbia: employed and unemployed by occupation from a survey, and the official outlook beside it.

Rules in ``bc.yaml``; the numbers of the rules stand in the functions' docstrings.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.region import Region
from forecasting.sources.canonical import canonical
from forecasting.sources.cards import read_card, region_sources
from forecasting.sources.files import AGAIN, gather, require
from forecasting.sources.workbooks import read_sheets
from forecasting.vocabulary import ALL_AGES, TOTAL

STATUS_FILE: Final = "bc_lmo/labour_force_status_noc5_2015_2024.xlsx"
EMPLOYMENT_FILE: Final = "bc_lmo/employment_occupation.xlsx"
OPENINGS_FILE: Final = "bc_lmo/job_openings_occupation.xlsx"
FILES: Final = (STATUS_FILE, EMPLOYMENT_FILE, OPENINGS_FILE)

SOURCES: Final = ("bc",)
"""Cards that the region's settings list."""

_UNIT: Final = 5
_CODE: Final = r"\d{5}"
_EMPTY: Final = ("", "-")
_OUTLOOK_SHEET: Final = "Sheet1"
_OUTLOOK_KEYS: Final = ("NOC", "Description", "Variable", "Geographic Area")
_VARIABLES: Final = {
    "Employment": "employment",
    "Job Openings": "openings",
    "Expansion Demand": "expansion",
    "Retirements": "retirements",
    "Deaths": "deaths",
    "Replacement Demand": "replacement",
}


@dataclass(frozen=True)
class Raw:
    """The workbooks' sheets, verbatim.

    Parameters
    ----------
    employed, unemployed : DataFrame
        Title lines, then a line of headers ``Noc 5, Class Title, 2015 …``, then persons.
    employment, openings : DataFrame
        The outlook: title lines, then ``NOC, Description, Industry, Variable, Geographic Area, 2025 …``.
    """

    employed: pd.DataFrame
    unemployed: pd.DataFrame
    employment: pd.DataFrame
    openings: pd.DataFrame


def read(folder: Path) -> Raw:
    """Read the three workbooks, verbatim.

    Parameters
    ----------
    folder : Path
        Folder laid out as the project's ``shared/data``, with ``bc_lmo/``.

    Raises
    ------
    InputError
        With every missing file, or else with the problems of all files that cannot be read.
    """
    require(folder, FILES)
    found = gather(
        {
            "status": lambda: read_sheets(folder / STATUS_FILE, ("Employed", "Unemployed")),
            "employment": lambda: read_sheets(folder / EMPLOYMENT_FILE, (_OUTLOOK_SHEET,)),
            "openings": lambda: read_sheets(folder / OPENINGS_FILE, (_OUTLOOK_SHEET,)),
        }
    )
    employed, unemployed = found["status"]
    return Raw(employed, unemployed, found["employment"][0], found["openings"][0])


def tidy(raw: Raw) -> Region:
    """Turn the survey into a region with canonical tables; the outlook stays apart (`outlook`).

    Returns
    -------
    Region
        ``occupations``, ``regions``, ``occupation_employment`` and ``jobseekers``.

    Raises
    ------
    InputError
        If a sheet has another layout, or figures that are no persons.
    """
    card = read_card("bc")
    sheets = gather(
        {
            "employed": lambda: survey(raw.employed, "Employed"),
            "unemployed": lambda: survey(raw.unemployed, "Unemployed"),
        }
    )
    employed, unemployed = sheets["employed"], sheets["unemployed"]
    region = str(card["region"]["code"])
    labels = dict(zip(employed["occupation"], employed["title"], strict=True))
    known = employed.dropna(subset="persons")
    seekers = unemployed.dropna(subset="persons")
    seekers = seekers[seekers["occupation"].isin(known["occupation"])]
    tables = {
        "occupations": occupations(labels, card["broad_categories"]),
        "regions": canonical("regions", pd.DataFrame([card["region"] | {"level": 0}])),
        "occupation_employment": canonical(
            "occupation_employment", known.assign(region=region, age_band=ALL_AGES)
        ),
        "jobseekers": canonical(
            "jobseekers", seekers.assign(region=region, period=seekers["year"].astype(str))
        ),
    }
    settings = {
        "name": card["region"]["label_en"],
        "base_year": int(card["base_year"]),
        "data_vintage": card["vintage"],
        "classifications": card["classifications"],
        "sources": region_sources(SOURCES),
    }
    return Region(settings, tables)


def survey(sheet: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return one sheet of the survey as rows (rules 1 and 3).

    Returns
    -------
    DataFrame of shape (unit groups · years, 4)
        ``occupation, title, year, persons``; NaN where nothing is printed.

    Raises
    ------
    InputError
        If there is no line of headers, no unit group, or a figure that is no number of persons.
    """
    wide = _below_header(sheet, "Noc 5", name, STATUS_FILE)
    wide = wide[wide["Noc 5"].astype(str).str.fullmatch(_CODE)]
    years = [column for column in wide.columns if str(column).isdigit()]
    long = wide.melt(["Noc 5", "Class Title"], years, "year", "persons")
    long = long.set_axis(["occupation", "title", "year", "persons"], axis=1)
    long["persons"] = _figures(long["persons"], name, STATUS_FILE, low=0.0)
    return long.assign(year=long["year"].astype(int), title=long["title"].astype(str).str.strip())


def outlook(raw: Raw) -> pd.DataFrame:
    """Return the official outlook beside the survey (rule 5).

    Returns
    -------
    DataFrame of shape (occupations · areas · years, 9)
        ``occupation`` (TOTAL for all), ``area``, ``year``, then persons: ``employment`` (stock) and the
        flows of the year ``openings, expansion, retirements, deaths, replacement``, NaN where not given.

    Raises
    ------
    InputError
        If a sheet has another layout, or figures that are no numbers.
    """
    parts = [_outlook(raw.employment, EMPLOYMENT_FILE), _outlook(raw.openings, OPENINGS_FILE)]
    key = ["occupation", "area", "year"]
    wide = pd.concat(parts).set_index([*key, "figure"])["value"].unstack("figure")
    return wide.reindex(columns=list(_VARIABLES.values())).reset_index().rename_axis(columns=None)


def _outlook(sheet: pd.DataFrame, file: str) -> pd.DataFrame:
    wide = _below_header(sheet, "NOC", _OUTLOOK_SHEET, file)
    years = [column for column in wide.columns if str(column).isdigit()]
    long = wide.melt(list(_OUTLOOK_KEYS), years, "year", "value")
    code = long["NOC"].astype(str).str.lstrip("#")
    figures = pd.DataFrame(
        {
            "occupation": code.where(code != "T", TOTAL),
            "area": long["Geographic Area"].astype(str),
            "year": long["year"].astype(int),
            "figure": long["Variable"].map(_VARIABLES),
            "value": _figures(long["value"], _OUTLOOK_SHEET, file),
        }
    )
    return figures[figures["figure"].notna() & figures["occupation"].str.fullmatch(rf"{_CODE}|{TOTAL}")]


def occupations(labels: dict[str, str], broad: dict[str, str]) -> pd.DataFrame:
    """Return the canonical table ``occupations``: unit groups and all groups above them (rule 2).

    Parameters
    ----------
    labels : dict of str to str
        English titles by unit group.
    broad : dict of str to str
        English titles by broad category, the first digit.

    Examples
    --------
    >>> table = occupations({"10010": "Financial managers"}, {"1": "Business"})
    >>> table[["code", "parent", "level"]].to_numpy().tolist()[:3]
    [['1', 'TOTAL', 1], ['10', '1', 2], ['100', '10', 3]]
    """
    codes = sorted({code[:digits] for code in labels for digits in range(1, _UNIT + 1)})
    rows = [
        {
            "code": code,
            "parent": code[:-1] or TOTAL,
            "level": len(code),
            "label_en": labels.get(code) or broad.get(code, ""),
        }
        for code in codes
    ]
    root = {"code": TOTAL, "parent": "", "level": 0, "label_en": "All occupations"}
    return canonical("occupations", pd.DataFrame([root, *rows]))


def _below_header(sheet: pd.DataFrame, first: str, name: str, file: str) -> pd.DataFrame:
    """Return the lines under the one whose cells include `first`, by its headers."""
    found = [row for row in sheet.index[:20] if first in set(sheet.loc[row].astype(str).str.strip())]
    if not found:
        expected = f"a line of headers with {first} among the first 20"
        raise InputError([Problem(Path(file).name, f"no {first} in sheet {name}", expected, AGAIN)])
    header = [_header(cell) for cell in sheet.loc[found[0]]]
    body = sheet.loc[found[0] + 1 :].set_axis(header, axis=1)
    return body.loc[:, [cell != "" for cell in header]]


def _header(cell: object) -> str:
    if isinstance(cell, float):
        return "" if cell != cell else f"{cell:.0f}"
    return str(cell).strip()


def _figures(cells: pd.Series, name: str, file: str, low: float | None = None) -> "pd.Series[float]":
    """Return cells as numbers, refusing text and what lies below `low`; empty cells are NaN."""
    empty = cells.isna() | cells.astype(str).str.strip().isin(_EMPTY)
    numbers = pd.to_numeric(cells.where(~empty), errors="coerce").astype(float)
    bad = numbers.isna() & ~empty
    if low is not None:
        bad |= numbers < low
    if bad.any():
        given, expected = repr(cells[bad].iloc[0]), "persons, or an empty cell"
        raise InputError([Problem(Path(file).name, f"{given} in sheet {name}", expected, AGAIN)])
    return numbers
