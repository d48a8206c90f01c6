"""The EU job vacancy survey: vacancies and occupied posts by sector, and how groups split into sections.

Rules in ``jvs.yaml``.
"""

from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.sources.canonical import canonical, join_flags
from forecasting.sources.eurostat import read_tsv, vocabulary_flags, widen
from forecasting.sources.lfs import group_shares
from forecasting.sources.nace import GROUPS, SECTORS, SPLIT
from forecasting.sources.nuts import upwards

FILE: Final = "eurostat/jvs_a_nace2.tsv.gz"

_OTHER_SERVICES: Final = ("R-U", "R_S")
"""The group, and what the survey has instead: it leaves out households (T) and embassies (U)."""
_OCCUPIED: Final = "JOBOCC"
_OPEN: Final = "JOBVAC"
_POSTS: Final = {_OPEN: "open", _OCCUPIED: "occupied"}
_GROUP: Final = {sector.code: sector.code if sector.code in GROUPS else sector.parent for sector in SECTORS}


def read(folder: Path) -> pd.DataFrame:
    """Read vacancies and occupied posts of all size classes and occupations, numbers, verbatim."""
    codes = {sector.code for sector in SECTORS} | set(_OTHER_SERVICES)
    keep = {"sizeclas": ("TOTAL",), "isco08": ("TOTAL",), "indic_em": tuple(_POSTS), "nace_r2": codes}
    return read_tsv(folder / FILE, ("nace_r2", "sizeclas", "isco08", "indic_em", "geo"), keep)


def section_shares(posts: pd.DataFrame, workers: "pd.Series[float]", regions: list[str]) -> pd.DataFrame:
    """Return each section's share of its group (rule 1).

    Parameters
    ----------
    posts : DataFrame
        As returned by `read`.
    workers : Series of float
        Workers by section in the EU15, for regions whose country publishes no occupied posts.
    regions : list of str
        NUTS codes.

    Returns
    -------
    DataFrame of shape (regions × sections, 4)
        ``region, parent, sector, share``; the shares of a group sum to 1.
    """
    occupied = posts[(posts["indic_em"] == _OCCUPIED) & posts["value"].notna()]
    occupied = occupied[~occupied["flag"].str.contains("b")]
    rows = []
    for region in regions:
        for group, codes in SPLIT.items():
            shares = _shares(occupied, region, list(codes), workers)
            rows += [(region, group, code, share) for code, share in shares.items()]
    return pd.DataFrame(rows, columns=["region", "parent", "sector", "share"])


def _shares(
    occupied: pd.DataFrame, region: str, codes: list[str], workers: "pd.Series[float]"
) -> "pd.Series[float]":
    for geo in upwards(region):
        rows = occupied[(occupied["geo"] == geo) & occupied["nace_r2"].isin(codes)]
        wide = widen(rows, ["year"], "nace_r2", "value", codes).dropna()
        if len(wide):
            return wide.div(wide.sum(axis=1), axis=0).mean()
    return workers.reindex(codes) / workers.reindex(codes).sum()


def sector_vacancies(posts: pd.DataFrame, sectors: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return the canonical table ``sector_vacancies`` (rules 2 and 3); empty where no figure is published.

    Parameters
    ----------
    posts : DataFrame
        As returned by `read`.
    sectors : DataFrame
        Employment as returned by `forecasting.sources.lfs.read_sectors`, to bring figures to a region.
    regions : list of str
        NUTS codes.
    """
    known = _other_services(posts[posts["value"].notna()])
    parts = [_of_region(known, sectors, region) for region in regions]
    return canonical("sector_vacancies", pd.concat(parts, ignore_index=True))


def _other_services(posts: pd.DataFrame) -> pd.DataFrame:
    """Take R_S for R-U where a region does not have R-U itself, marked ``d``."""
    group, instead = _OTHER_SERVICES
    have = set(posts.loc[posts["nace_r2"] == group, "geo"])
    swapped = posts["nace_r2"].eq(instead) & ~posts["geo"].isin(have)
    flag = vocabulary_flags(posts["flag"])
    kept = posts.assign(
        nace_r2=posts["nace_r2"].mask(swapped, group), flag=flag.mask(swapped, join_flags(flag, "d"))
    )
    return kept[kept["nace_r2"].ne(instead)]


def _of_region(posts: pd.DataFrame, sectors: pd.DataFrame, region: str) -> pd.DataFrame:
    published = set(posts["geo"])
    source = next((geo for geo in upwards(region) if geo in published), region)
    rows = posts[posts["geo"] == source].rename(columns={"nace_r2": "sector"})
    wide = widen(rows, ["sector", "year"], "indic_em", "value", list(_POSTS)).rename(columns=_POSTS)
    flags = rows.groupby(["sector", "year"])["flag"].sum()
    figures = wide.assign(flag=join_flags(flags.reindex(wide.index), "")).reset_index()
    if source != region:
        figures = _brought_down(figures, group_shares(sectors, region, source))
    return figures.assign(region=region, period=figures["year"].astype(str))


def _brought_down(figures: pd.DataFrame, shares: "pd.Series[float]") -> pd.DataFrame:
    """Give a region its share of employment of what it lies in (rule 3); without a share, no row."""
    key = pd.MultiIndex.from_arrays([figures["sector"].map(_GROUP), figures["year"]])
    share = shares.reindex(key).to_numpy()
    moved = figures.assign(
        open=figures["open"] * share,
        occupied=figures["occupied"] * share,
        flag=join_flags(figures["flag"], "e"),
    )
    return moved[pd.notna(share)]
