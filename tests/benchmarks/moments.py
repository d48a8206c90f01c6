"""Part `moments`: the figures of real labour markets that the simulated one is held to.

``python -m tests.benchmarks moments``; the figures and bands stand in
``forecasting/sources/simulation/moments.yaml``, which a test holds to what is computed here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.sources import bc, bls_projections, jvs
from forecasting.sources.simulation.moments import moments_of, read_bands
from forecasting.vocabulary import TOTAL
from tests.benchmarks.data import cbs_series, job_sdf_panel, month_name
from tests.benchmarks.report import markdown

NEEDS: Final = ("bc_lmo", "bls", "cbs", "eurostat", "job_sdf")
"""Folders of real data without which this part cannot run."""

UNTIL: Final = "2023-06"
"""Last month of Job-SDF that is read: those after it are the benchmark's test window."""

SECTORS: Final = {
    "301000": "A",
    "300002": "B-E",
    "350000": "F",
    "300006": "G-I",
    "391600": "J",
    "396300": "K",
    "402000": "L",
    "300010": "M_N",
    "300012": "O-Q",
    "300014": "R-U",
}
"""Ten sectors without overlap, by the codes of CBS."""

SECTIONS: Final = {
    **dict.fromkeys(("305700", "307500", "346600", "348000"), "B-E"),
    **dict.fromkeys(("354200", "383100", "389100"), "G-I"),
    **dict.fromkeys(("417400", "419000", "422400"), "O-Q"),
    **dict.fromkeys(("428100", "435500"), "R-U"),
    **{code: SECTORS[code] for code in ("301000", "350000", "391600", "396300", "402000", "300010")},
}
"""The same from single sections, as the table by province has them."""

COUNTRY_PARTS: Final = ("LD01", "LD02", "LD03", "LD04")
NEIGHBOURS: Final = ("BE2", "BE", "DE", "NL", "UK")
"""Flanders first; the others are parts."""

_POSTS: Final = ("B-E", "F", "G-I", "J", "K", "L", "M_N", "O-Q", "R_S")
_SINCE: Final = 2006
"""CBS changed its register of firms in 2006; before, the season of its vacancies is another."""

_THIRDS: Final = ((2006, 2011), (2012, 2017), (2018, 2023))
_MINOR: Final = 4
"""Digits of a NOC minor group: 162 of them, about as many as a simulated market has occupations."""

_SMALLEST: Final = 15
"""Occupations of a broad category below which it is no part."""

Part = tuple[str, Mapping[str, pd.DataFrame], tuple[str, ...]]
"""Name, tables, and the beginnings of the names of the moments it is read for."""

Source = Callable[[Path], Iterator[Part]]

WHOLE: Final = "all"
"""The part that is the figure; all others say how far real figures spread."""


def real_moments(shared: Path, sources: Iterable[Source] | None = None) -> pd.DataFrame:
    """Return every moment of every source (or of those given) and part: ``moment, part, value``."""
    rows = []
    for source in SOURCES if sources is None else sources:
        for part, tables, wanted in source(shared):
            values = moments_of(tables).dropna()
            rows += [(name, part, value) for name, value in values.items() if str(name).startswith(wanted)]
    return pd.DataFrame(rows, columns=["moment", "part", "value"])


def bands_of(found: pd.DataFrame, bands: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the figure and the band of each moment of ``moments.yaml``, as the file should have them.

    The band runs from the least to the most of the real figures (whole and parts), widened by the moment's
    slack: ``times`` divides and multiplies, ``plus`` takes off and adds. A moment without slack has no band.
    """
    computed: dict[str, dict[str, Any]] = {}
    for name, declared in bands.items():
        values = found[found["moment"] == name]
        figure = values.loc[values["part"] == WHOLE, "value"].item()
        ends = values["value"].min(), values["value"].max()
        slack = declared.get("slack")
        if slack and "times" in slack:
            ends = ends[0] / slack["times"], ends[1] * slack["times"]
        elif slack:
            ends = ends[0] - slack["plus"], ends[1] + slack["plus"]
        band = [rounded(end) for end in ends] if slack else None
        computed[name] = {"figure": rounded(figure), "band": band}
    return computed


def rounded(value: float) -> float:
    """Return a figure to three digits that count, at most four decimals.

    Examples
    --------
    >>> rounded(0.0123456), rounded(0.000049)
    (0.0123, 0.0)
    """
    return round(float(f"{value:.3g}"), 4)


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # the months read are those of `UNTIL`
    found, bands = real_moments(shared), read_bands()
    computed = bands_of(found, bands)
    rows = []
    for name, declared in bands.items():
        parts = found.loc[(found["moment"] == name) & (found["part"] != WHOLE), "value"]
        band = computed[name]["band"]
        same = all(declared[key] == computed[name][key] for key in ("figure", "band"))
        other = f"**NOT MET**: {declared['figure']}, {declared['band']}"
        rows.append(
            {
                "moment": name,
                "unit": declared["unit"],
                "real": f"{computed[name]['figure']:g}",
                "parts": f"{len(parts)}: {parts.min():.3g} to {parts.max():.3g}",
                "band": f"{band[0]:g} to {band[1]:g}" if band else "not held",
                "in the file": "the same" if same else other,
            }
        )
    sources = "; ".join(dict.fromkeys(str(band["source"]) for band in bands.values()))
    return [
        "Moments of real labour markets that the simulated region is held to "
        "(`forecasting/sources/simulation/moments.yaml`, definitions there; simulated beside real in the "
        f"README of that folder). Sources: {sources}.",
        "",
        *markdown(pd.DataFrame(rows)),
    ]


def dutch_vacancies(shared: Path) -> Iterator[Part]:
    """Yield open vacancies of the Netherlands (CBS); parts: thirds in time, four parts of the country."""
    panel = cbs_series(shared).panel
    names = panel.index.iloc[:, 0].str.strip().map(SECTORS)
    wide = pd.DataFrame(panel.values, index=names, columns=list(panel.periods))
    country = _vacancies(wide[wide.index.notna()], "NL")
    year = country["period"].str[:4].astype(int)
    every = ("vacancy",)
    yield WHOLE, {"sector_vacancies": country[year >= _SINCE]}, every
    for first, last in _THIRDS:
        yield f"{first}–{last}", {"sector_vacancies": country[year.between(first, last)]}, every
    regions = pd.read_csv(shared / "cbs" / "vacatures_regio.csv", dtype=str, encoding="utf-8-sig")
    regions = regions.set_axis(["id", "sector", "region", "period", "open"], axis=1)
    text = regions.dropna(subset="open").map(str.strip)
    text = text[text["period"].str.contains("KW") & text["sector"].isin(SECTIONS)]
    table = text.assign(
        sector=text["sector"].map(SECTIONS),
        period=text["period"].str.replace("KW0", "-Q"),
        open=pd.to_numeric(text["open"], errors="coerce"),
    )
    sums = table.groupby(["region", "period", "sector"], as_index=False)["open"].sum()
    for code in COUNTRY_PARTS:
        yield code, {"sector_vacancies": sums[sums["region"] == code]}, every


def _vacancies(wide: pd.DataFrame, region: str) -> pd.DataFrame:
    """Return sectors × quarters as a canonical table."""
    long = wide.rename_axis("sector").reset_index().melt("sector", var_name="number", value_name="open")
    number = long["number"].astype(int)
    period = (number // 4).astype(str) + "-Q" + (number % 4 + 1).astype(str)
    return long.assign(period=period, region=region).dropna(subset="open")


def vacancy_survey(shared: Path) -> Iterator[Part]:
    """Yield open vacancies and occupied posts of Flanders (Eurostat); parts: neighbours, and single years."""
    posts = jvs.read(shared)
    posts = posts[posts["nace_r2"].isin(_POSTS) & posts["value"].notna()]
    for geo in NEIGHBOURS:
        rows = posts[posts["geo"] == geo]
        wide = rows.set_index(["year", "nace_r2", "indic_em"])["value"].unstack("indic_em").dropna()
        whole = wide.groupby("year").filter(lambda year: len(year) == len(_POSTS))
        table = whole.reset_index().rename(
            columns={"nace_r2": "sector", "JOBVAC": "open", "JOBOCC": "occupied"}
        )
        table = table.assign(period=table["year"].astype(str), region=geo)
        yield WHOLE if geo == NEIGHBOURS[0] else geo, {"sector_vacancies": table}, ("vacancy_rate",)
        for year, rows in table.groupby("period"):
            yield f"{geo} {year}", {"sector_vacancies": rows}, ("vacancy_rate",)


@cache
def ads_table(shared: Path, granularity: str) -> pd.DataFrame:
    """Return Job-SDF as a canonical table of mentions, without zeros, months to `UNTIL`."""
    panel = job_sdf_panel(shared, granularity, UNTIL)
    months = [month_name(number) for number in panel.periods]
    wide = (
        panel.index.astype(str)
        .set_axis(["occupation", "skill"], axis=1)
        .join(pd.DataFrame(panel.values, columns=months, index=panel.index.index))
    )
    long = wide.melt(["occupation", "skill"], months, "period", "mentions")
    return long[long["mentions"] > 0].assign(region=TOTAL).reset_index(drop=True)


def job_ads(shared: Path) -> Iterator[Part]:
    """Yield skills asked in job ads (Job-SDF, 52 occupations); parts: its halves, its seven regions."""
    table = ads_table(shared, "r2")
    skills, volume = ("skill", "zero"), ("ad",)
    yield WHOLE, {"skill_mentions": table, "ads": _volume(table)}, (*skills, *volume)
    yield "from 2021-07", {"skill_mentions": _earlier(table[table["period"] >= "2021-07"], 6)}, skills
    even = table["occupation"].astype(int) % 2 == 0
    for name, half in (("even codes", even), ("odd codes", ~even)):
        yield name, {"skill_mentions": table[half]}, skills
    mentions = table.groupby("occupation")["mentions"].sum()
    large = table["occupation"].isin(mentions[mentions >= mentions.median()].index)
    for name, half in (("larger half", large), ("smaller half", ~large)):
        yield name, {"skill_mentions": table[half]}, skills
    early = table["period"] <= "2022-03"
    for name, months in (("to 2022-03", early), ("from 2022-04", ~early)):
        yield name, {"ads": _volume(table[months])}, volume
    for code, rows in ads_table(shared, "region").groupby("occupation"):
        yield f"region {code}", {"ads": _volume(rows)}, volume


def _volume(mentions: pd.DataFrame) -> pd.DataFrame:
    """Return mentions as a measure of ads by month: the files do not count ads."""
    return mentions.groupby("period")["mentions"].sum().rename_axis("month").rename("ads").reset_index()


def _earlier(table: pd.DataFrame, months: int) -> pd.DataFrame:
    """Return the table with its months moved back, so that its first year is a calendar year."""
    moved = {
        name: month_name(int(name[:4]) * 12 + int(name[5:]) - 1 - months) for name in table["period"].unique()
    }
    return table.assign(period=table["period"].map(moved))


def canadian_survey(shared: Path) -> Iterator[Part]:
    """Yield employed and unemployed of British Columbia by unit group; parts: years, codes, categories."""
    tables = bc.tidy(bc.read(shared)).tables
    employed, seekers = tables["occupation_employment"], tables["jobseekers"]
    both = {"occupation_employment": employed, "jobseekers": seekers}
    change, growth, out = ("employment_change",), ("employment_growth",), ("unemployment",)
    yield WHOLE, both, (*change, *growth, *out, "cells")
    years = sorted(employed["year"].unique())
    for length, wanted in ((3, change), (7, growth)):
        for first in years[: len(years) - length + 1]:
            span = employed[employed["year"].between(first, first + length - 1)]
            yield f"{first}–{first + length - 1}", {"occupation_employment": span}, wanted
    for first in (years[0], years[len(years) // 2]):
        half = employed[employed["year"].between(first, first + 4)]
        yield f"{first}–{first + 4}", both | {"occupation_employment": half}, out
    even = employed["occupation"].astype(int) % 2 == 0
    for name, half in (("even codes", even), ("odd codes", ~even)):
        yield name, both | {"occupation_employment": employed[half]}, (*out, *growth)
    for code, rows in employed.groupby(employed["occupation"].str[0]):
        if rows["occupation"].nunique() >= _SMALLEST:
            yield f"category {code}", {"occupation_employment": rows}, ("cells",)


def sizes(shared: Path) -> Iterator[Part]:
    """Yield employment by minor group of British Columbia; parts: unit groups, the US by two classes."""
    employed = bc.tidy(bc.read(shared)).tables["occupation_employment"]
    minor = employed.assign(occupation=employed["occupation"].str[:_MINOR])
    items = _line_items(shared)
    jobs = _jobs(items)
    for part, table in (
        (WHOLE, minor),
        ("unit groups", employed),
        ("US line items", jobs),
        ("US minor groups", jobs.assign(occupation=jobs["occupation"].str[:_MINOR])),
    ):
        yield part, {"occupation_employment": table}, ("employment_in",)


def projections(shared: Path) -> Iterator[Part]:
    """Yield rates of leaving of the US (BLS 2016–26) by occupation; parts: halves by size and by code."""
    items = _line_items(shared).dropna(subset=["exits", "transfers"])
    large = items["base"] >= items["base"].median()
    even = items.index.str[-1].astype(int) % 2 == 0
    halves = {"larger half": large, "smaller half": ~large, "even codes": even, "odd codes": ~even}
    for part, rows in {WHOLE: items["base"].notna(), **halves}.items():
        yield part, _leaving(items[rows]), ("exit", "transfer")


def _line_items(shared: Path) -> pd.DataFrame:
    return bls_projections.tidy(bls_projections.read(shared)).line_items()


def _jobs(items: pd.DataFrame) -> pd.DataFrame:
    """Return jobs of the US at the base year as a canonical table."""
    persons = items["base"].to_numpy() * 1000
    return pd.DataFrame({"occupation": items.index, "persons": persons, "year": 2016, "region": "US"})


def _leaving(items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rates = items.rename(columns={"exits": "exit", "transfers": "transfer"})[["exit", "transfer"]]
    long = (
        rates.rename_axis("occupation").reset_index().melt("occupation", var_name="kind", value_name="rate")
    )
    return {"separations": long, "occupation_employment": _jobs(items)}


SOURCES: Final[tuple[Source, ...]] = (
    dutch_vacancies,
    vacancy_survey,
    job_ads,
    canadian_survey,
    sizes,
    projections,
)
