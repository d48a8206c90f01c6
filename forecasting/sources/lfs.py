"""The EU labour force survey's regional tables: employment by sector and age, and the unemployed.

Rules in ``lfs.yaml``; the numbers of the rules stand in the functions' docstrings.
"""

from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.sources.ages import ALL, BANDS, SECTOR_AGES, bands_by_sector
from forecasting.sources.canonical import canonical, join_flags
from forecasting.sources.eurostat import read_tsv, vocabulary_flags, widen
from forecasting.sources.nace import GROUPS
from forecasting.sources.nuts import upwards
from forecasting.vocabulary import ALL_AGES, TOTAL

SECTORS_FILE: Final = "eurostat/lfst_r_lfe2en2.tsv.gz"
AGES_FILE: Final = "eurostat/lfst_r_lfe2emp.tsv.gz"
UNEMPLOYED_FILE: Final = "eurostat/lfst_r_lfu3pers.tsv.gz"
FILES: Final = (SECTORS_FILE, AGES_FILE, UNEMPLOYED_FILE)

_PERSONS: Final = 1000
_YOUNG: Final = "Y25-34"


def read_sectors(folder: Path) -> pd.DataFrame:
    """Read employed persons by NACE group and age (``lfst_r_lfe2en2``), thousands, verbatim."""
    keep = {"unit": ("THS",), "nace_r2": (TOTAL, *GROUPS), "age": SECTOR_AGES}
    return read_tsv(folder / SECTORS_FILE, ("unit", "nace_r2", "age", "geo"), keep)


def read_ages(folder: Path) -> pd.DataFrame:
    """Read employed persons by age (``lfst_r_lfe2emp``), both sexes together, thousands, verbatim."""
    keep = {"unit": ("THS",), "sex": ("T",), "age": (ALL, *BANDS)}
    return read_tsv(folder / AGES_FILE, ("unit", "sex", "age", "geo"), keep)


def read_unemployed(folder: Path) -> pd.DataFrame:
    """Read unemployed persons (``lfst_r_lfu3pers``), both sexes together, thousands, verbatim."""
    keep = {"unit": ("THS",), "sex": ("T",), "age": (ALL,)}
    return read_tsv(folder / UNEMPLOYED_FILE, ("unit", "age", "sex", "geo"), keep)


def with_figures(sectors: pd.DataFrame, year: int | None = None) -> set[str]:
    """Return the regions and countries with published total employment, in a year or in any."""
    rows = sectors[(sectors["nace_r2"] == TOTAL) & (sectors["age"] == ALL) & sectors["value"].notna()]
    return set(rows.loc[rows["year"].eq(year), "geo"] if year is not None else rows["geo"])


def sector_employment(
    sectors: pd.DataFrame, ages: pd.DataFrame, shares: pd.DataFrame, focus: list[str], others: list[str]
) -> pd.DataFrame:
    """Return the canonical table ``sector_employment``.

    Parameters
    ----------
    sectors, ages : DataFrame
        As returned by `read_sectors` and `read_ages`.
    shares : DataFrame
        ``region, parent, sector, share``: the sections' shares of their groups in `focus`.
    focus : list of str
        Regions that get ages and sections.
    others : list of str
        Reference regions: all ages of the total and the groups only.
    """
    published = groups(sectors, [*focus, *others])
    bands = bands_by_sector(sectors, ages, focus)
    bands = bands.assign(persons=_persons(bands["thousands"].astype(float)))
    detail = pd.concat([published[published["region"].isin(focus)], bands], ignore_index=True)
    parts = [published, region_totals(ages, published, focus), bands, sections(detail, shares)]
    return canonical("sector_employment", pd.concat(parts, ignore_index=True))


def groups(sectors: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return total and group employment as published (rule 1): persons; unpublished cells have no row.

    Returns
    -------
    DataFrame of shape (cells, 6)
        ``region, year, sector, age_band, persons, flag``.
    """
    rows = sectors[sectors["geo"].isin(regions) & (sectors["age"] == ALL) & sectors["value"].notna()]
    return _named(rows).assign(sector=rows["nace_r2"], age_band=ALL_AGES)


def region_totals(ages: pd.DataFrame, published: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return a region's total by age as published (rule 2), and of all ages for years before the sectors.

    A year with a band unknown gives no bands at all: a cohort cannot be followed through a hole.
    """
    rows = ages[ages["geo"].isin(regions) & ages["value"].notna()]
    banded = rows["age"].isin(list(BANDS))
    known = banded.groupby([rows["geo"], rows["year"]]).transform("sum")
    rows = rows[~banded | (known == len(BANDS))]
    named = _named(rows).assign(sector=TOTAL, age_band=rows["age"].map({**BANDS, ALL: ALL_AGES}))
    key = ["region", "year", "sector", "age_band"]
    have = pd.MultiIndex.from_frame(published[key])
    return named[~pd.MultiIndex.from_frame(named[key]).isin(have)]


def sections(employment: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Split groups into sections by fixed shares (rule 4), every age band alike."""
    rows = employment.rename(columns={"sector": "parent"}).merge(shares, on=["region", "parent"])
    flag = join_flags(rows["flag"], "e")
    return rows.assign(persons=rows["persons"] * rows["share"], flag=flag).drop(columns=["parent", "share"])


def jobseekers(unemployed: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return the canonical table ``jobseekers`` (rule 5), all under TOTAL: the survey knows no occupation."""
    rows = unemployed[unemployed["geo"].isin(regions) & unemployed["value"].notna()]
    named = _named(rows)
    return canonical("jobseekers", named.assign(period=named["year"].astype(str), occupation=TOTAL))


def group_shares(sectors: pd.DataFrame, region: str, within: str) -> "pd.Series[float]":
    """Return a region's share of the employment of what it lies in, indexed by group and year."""
    rows = sectors[sectors["geo"].isin([region, within]) & (sectors["age"] == ALL)]
    wide = widen(rows, ["nace_r2", "year"], "geo", "value", [region, within])
    return (wide[region] / wide[within]).dropna()


def young_shares(ages: pd.DataFrame, region: str) -> "pd.Series[float]":
    """Return a region's share of its country's employed persons aged 25 to 34, indexed by year."""
    country = upwards(region)[-1]
    rows = ages[(ages["age"] == _YOUNG)]
    wide = widen(rows, ["year"], "geo", "value", list(dict.fromkeys([region, country])))
    return (wide[region] / wide[country]).dropna()


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": rows["geo"],
            "year": rows["year"],
            "persons": _persons(rows["value"]),
            "flag": vocabulary_flags(rows["flag"]),
        }
    )


def _persons(thousands: "pd.Series[float]") -> "pd.Series[float]":
    return (thousands * _PERSONS).round(6)
