"""A region of Europe, Flanders by default, from Eurostat, JRC, ESCO and BLS files as published.

`read` opens the files verbatim, `tidy` turns them into a region by the rules of the cards. Everything but the
choice of regions lives in the sources' own modules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.region import Region
from forecasting.sources import bls, bls_projections, esco, jrc, jrc_fields, jvs, lfs, nuts, uoe
from forecasting.sources.cards import read_card, region_sources
from forecasting.sources.files import gather, require
from forecasting.sources.nace import sectors_table

FILES: Final = (
    *lfs.FILES,
    jvs.FILE,
    uoe.FILE,
    jrc.FILE,
    jrc_fields.FILE,
    *esco.FILES,
    bls.FILE,
    bls.CROSSWALK_FILE,
    bls_projections.VINTAGES[-1],
)
"""Files needed, relative to the folder of the raw data."""

SOURCES: Final = (
    "flanders",
    "eurostat",
    "lfs",
    "jvs",
    "uoe",
    "jrc",
    "jrc_fields",
    "esco",
    "bls",
    "bls_projections",
)
"""Cards that a region's settings list."""

FLANDERS: Final = "BE2"


@dataclass(frozen=True)
class Raw:
    """Every file as read by its source module, verbatim.

    Parameters
    ----------
    sectors, ages, unemployed : DataFrame
        `forecasting.sources.lfs`: thousands of persons.
    posts : DataFrame
        `forecasting.sources.jvs`: vacancies and occupied posts.
    graduates : DataFrame
        `forecasting.sources.uoe`: persons.
    tasks : DataFrame
        `forecasting.sources.jrc`: thousands of workers by division and occupation.
    entry : DataFrame
        `forecasting.sources.jrc_fields`: per cent.
    esco : esco.Raw
        Groups, titles, skills, relations.
    jobs, education, crosswalk : DataFrame
        `forecasting.sources.bls`: thousands of US jobs, per cent by education, and SOC to ISCO.
    leavers : bls_projections.Raw
        `forecasting.sources.bls_projections`: the US projection that publishes separations.
    """

    sectors: pd.DataFrame
    ages: pd.DataFrame
    unemployed: pd.DataFrame
    posts: pd.DataFrame
    graduates: pd.DataFrame
    tasks: pd.DataFrame
    entry: pd.DataFrame
    esco: esco.Raw
    jobs: pd.DataFrame
    education: pd.DataFrame
    crosswalk: pd.DataFrame
    leavers: bls_projections.Raw


def read(folder: Path) -> Raw:
    """Read every file needed, verbatim.

    Parameters
    ----------
    folder : Path
        Folder laid out as the project's ``shared/data``: ``eurostat/``, ``jrc/``, ``esco/``, ``bls/``,
        ``crosswalks/``.

    Raises
    ------
    InputError
        With every missing file, or else with the problems of all files that cannot be read.
    """
    require(folder, FILES)
    return Raw(
        **gather(
            {
                "sectors": lambda: lfs.read_sectors(folder),
                "ages": lambda: lfs.read_ages(folder),
                "unemployed": lambda: lfs.read_unemployed(folder),
                "posts": lambda: jvs.read(folder),
                "graduates": lambda: uoe.read(folder),
                "tasks": lambda: jrc.read(folder),
                "entry": lambda: jrc_fields.read(folder),
                "esco": lambda: esco.read(folder),
                "jobs": lambda: bls.read_employment(folder),
                "education": lambda: bls.read_education(folder),
                "crosswalk": lambda: bls.read_crosswalk(folder),
                "leavers": lambda: bls_projections.read(folder),
            }
        )
    )


def tidy(raw: Raw, geos: Sequence[str] = (FLANDERS,), *, provinces: bool = False) -> Region:
    """Turn the files into a region with canonical tables.

    Parameters
    ----------
    raw : Raw
        As returned by `read`.
    geos : sequence of str, default=("BE2",)
        NUTS regions (or countries) to score, NUTS version 2013.
    provinces : bool, default=False
        Score the regions one level below instead, and make each of `geos` their aggregate.

    Returns
    -------
    Region
        Tables without a row for these regions are left out (vacancies in France, for one).

    Raises
    ------
    InputError
        If a region is unknown, overlaps another or has nothing below it.

    Notes
    -----
    NUTS 2 regions elsewhere come along as references, for models to train on. What is not published
    stays absent; what is estimated carries ``e``. The rules stand in the sources' cards.
    """
    card = read_card("flanders")
    base_year = int(raw.sectors["year"].max())
    roles = _roles(raw, geos, base_year, card["regions"], provinces=provinces)
    markets = [code for code, role in roles.items() if role == nuts.MARKET]
    tables = {
        **_classifications(raw),
        "regions": nuts.regions_table(roles, card["regions"]),
        **_work(raw, roles, markets),
        **_education(raw, markets),
    }
    filled = {name: table for name, table in tables.items() if len(table)}
    return Region(_settings(card, geos, base_year, provinces=provinces), filled)


def _roles(
    raw: Raw, geos: Sequence[str], base_year: int, labels: Mapping[str, Mapping[str, str]], *, provinces: bool
) -> dict[str, str]:
    known = {geo for geo in lfs.with_figures(raw.sectors, base_year) if not nuts.is_union(geo)}
    names = {code: label["nl"] for code, label in labels.items()}
    chosen = nuts.choose(geos, known, names, provinces=provinces)
    others = sorted(geo for geo in lfs.with_figures(raw.sectors) if nuts.is_reference(geo, chosen))
    return chosen | dict.fromkeys(others, nuts.REFERENCE)


def _classifications(raw: Raw) -> dict[str, pd.DataFrame]:
    used = sorted(set(jrc.occupation_labels(raw.tasks).values()))
    merged = read_card("bls")["merged"]
    us_jobs = bls.unit_group_jobs(raw.jobs, raw.crosswalk, esco.unit_groups(raw.esco), merged)
    weights = bls.unit_weights(us_jobs, esco.units_with_titles(raw.esco))
    return {
        "occupations": esco.occupations(raw.esco, used),
        "skills": esco.skills(raw.esco),
        "occupation_skills": esco.occupation_skills(raw.esco, weights, used),
        "sectors": sectors_table(),
        "fields": esco.fields(raw.esco),
    }


def _work(raw: Raw, roles: Mapping[str, str], markets: list[str]) -> dict[str, pd.DataFrame]:
    focus = [code for code, role in roles.items() if role != nuts.REFERENCE]
    others = [code for code, role in roles.items() if role == nuts.REFERENCE]
    shares = jvs.section_shares(raw.posts, jrc.section_workers(raw.tasks), focus)
    leavers, used = bls_projections.tidy(raw.leavers), set(jrc.occupation_labels(raw.tasks).values())
    return {
        "sector_employment": lfs.sector_employment(raw.sectors, raw.ages, shares, focus, others),
        "staffing": jrc.staffing(raw.tasks),
        "separations": bls_projections.separations(leavers, raw.crosswalk, used),
        "sector_vacancies": jvs.sector_vacancies(raw.posts, raw.sectors, markets),
        "jobseekers": lfs.jobseekers(raw.unemployed, markets),
    }


def _education(raw: Raw, markets: list[str]) -> dict[str, pd.DataFrame]:
    education = bls.education_shares(
        raw.jobs, raw.education, raw.crosswalk, esco.unit_groups(raw.esco), read_card("bls")
    )
    return {
        "graduates": uoe.graduates(raw.graduates, raw.ages, markets),
        "entry": jrc_fields.entry(raw.entry, jrc.occupation_labels(raw.tasks), education),
    }


def _settings(
    card: Mapping[str, Any], geos: Sequence[str], base_year: int, *, provinces: bool
) -> dict[str, Any]:
    names = []
    for geo in dict.fromkeys(geos):
        label = f"{card['regions'][geo]['nl']} ({geo})" if geo in card["regions"] else geo
        names.append(f"{label}, per NUTS {len(geo) - 1}" if provinces else label)
    countries = {geo[:2] for geo in geos}
    return {
        "name": "; ".join(names),
        **({"country": countries.pop()} if len(countries) == 1 else {}),
        "base_year": base_year,
        "data_vintage": card["vintage"],
        "classifications": card["classifications"],
        "sources": region_sources(SOURCES),
    }
