"""Employed persons by sector and age band, made from what Eurostat publishes of each.

Eurostat gives 15-24, 25-64 and 65-74 by sector, many of them unpublished, and six bands for a region. The
bands of each sector are raked from a seed to the sector totals and the region's bands (``lfs.yaml``, rule 3).
"""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.raking import Floats, rake
from forecasting.sources.canonical import join_flags
from forecasting.sources.eurostat import vocabulary_flags, widen
from forecasting.sources.nace import GROUPS
from forecasting.sources.nuts import upwards

ALL: Final = "Y_GE15"
BANDS: Final[dict[str, str]] = {
    "Y15-24": "15-24",
    "Y25-34": "25-34",
    "Y35-44": "35-44",
    "Y45-54": "45-54",
    "Y55-64": "55-64",
    "Y_GE65": "65+",
}
"""Band of the canonical table by Eurostat's code, youngest first."""

SECTOR_AGES: Final = (ALL, "Y15-24", "Y15-64", "Y25-64", "Y65-74")
"""What the sector table publishes, and this module uses."""

_PRIME: Final = ("Y25-34", "Y35-44", "Y45-54", "Y55-64")
_ROW: Final = ["region", "year", "sector", "age_band", "thousands", "flag"]
_FLOOR: Final = 0.05
"""Half of the publisher's rounding unit, in thousands: the least a seed may be."""


def bands_by_sector(sectors: pd.DataFrame, ages: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Estimate the six age bands of every sector group, region and year.

    Parameters
    ----------
    sectors : DataFrame
        Table ``lfst_r_lfe2en2`` as read: employed persons in thousands by group and age.
    ages : DataFrame
        Table ``lfst_r_lfe2emp`` as read: employed persons in thousands by age.
    regions : list of str
        Regions to estimate.

    Returns
    -------
    DataFrame of shape (cells, 6)
        ``region, year, sector, age_band, thousands, flag``. Bands sum to their sector; sectors sum to the
        region's bands, scaled to the sectors' total. A sector or year without a total has no row.
    """
    totals = region_bands(ages, regions)
    wide, marks = _by_age(sectors, regions)
    wide = wide[wide[ALL].notna() & wide.index.droplevel("nace_r2").isin(totals.index)]
    if wide.empty:
        return pd.DataFrame(columns=_ROW)
    seed = _seed(wide, marks.reindex(wide.index), totals)
    years = wide[ALL].groupby(level=["geo", "year"])
    fitted = [_fitted(sums, seed.loc[sums.index], totals) for _, sums in years]
    raked = (
        pd.concat(fitted)
        .rename(columns=BANDS)
        .melt(ignore_index=False, var_name="age_band", value_name="thousands")
    )
    raked["flag"] = join_flags(vocabulary_flags(marks[ALL].reindex(raked.index)), "ue")
    raked = raked[raked["thousands"] > 0].reset_index()
    return raked.rename(columns={"geo": "region", "nace_r2": "sector"})


def region_bands(ages: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return a region's six bands, unpublished ones estimated.

    What the published bands leave of the total goes to the others in the proportions of the country, or
    evenly where it has none.

    Returns
    -------
    DataFrame of shape (region × year, 6)
        Thousands of persons, indexed by region and year; a year without a total or without any band is out.
    """
    both = ages[(ages["sex"] == "T") & ages["age"].isin([ALL, *BANDS])]
    wide = widen(both, ["geo", "year"], "age", "value", [ALL, *BANDS])
    own = wide[wide.index.get_level_values("geo").isin(regions)]
    own = own[own[ALL].notna() & own[list(BANDS)].notna().any(axis=1)]
    bands = own[list(BANDS)]
    countries = [(upwards(geo)[-1], year) for geo, year in own.index]
    pattern = wide[list(BANDS)].reindex(pd.MultiIndex.from_tuples(countries, names=wide.index.names))
    weight = pd.DataFrame(pattern.to_numpy(), own.index, bands.columns).where(bands.isna())
    weight = weight.where(weight.notna().any(axis=1), 1.0, axis=0).where(bands.isna()).fillna(0.0)
    rest = (own[ALL] - bands.sum(axis=1)).clip(lower=0.0)
    share = weight.div(weight.sum(axis=1).replace(0.0, 1.0), axis=0)
    return bands.fillna(share.mul(rest, axis=0))


def _by_age(sectors: pd.DataFrame, regions: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = sectors[sectors["geo"].isin(regions) & sectors["nace_r2"].isin(GROUPS)]
    key = ["geo", "year", "nace_r2"]
    values = widen(rows, key, "age", "value", SECTOR_AGES)
    return values, widen(rows, key, "age", "flag", SECTOR_AGES).fillna("")


def _seed(wide: pd.DataFrame, marks: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return a first guess of every band: published, else by subtraction, else the region's share.

    A figure the publisher marks confidential is never recovered by subtraction.
    """
    region = totals.reindex(wide.index.droplevel("nace_r2")).to_numpy()
    share = pd.DataFrame(region / region.sum(axis=1, keepdims=True), wide.index, totals.columns)
    guess = share.mul(wide[ALL], axis=0)
    under = (wide["Y15-64"] - wide["Y25-64"]).mask(marks["Y15-24"].str.contains("c"))
    young = wide["Y15-24"].fillna(under).fillna(guess["Y15-24"])
    over = (wide[ALL] - wide["Y15-64"]).mask(marks["Y65-74"].str.contains("c"))
    old = over.fillna(wide["Y65-74"]).fillna(guess["Y_GE65"])
    prime = wide["Y25-64"].fillna(wide[ALL] - young - old)
    middle = share[list(_PRIME)].div(share[list(_PRIME)].sum(axis=1), axis=0).mul(prime, axis=0)
    return middle.assign(**{"Y15-24": young, "Y_GE65": old})[list(BANDS)].clip(lower=_FLOOR)


def _fitted(sums: "pd.Series[float]", seed: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    region = _floats(totals.loc[sums.index[0][:2]])
    table = rake(_floats(seed), _floats(sums), region)
    return pd.DataFrame(table, index=seed.index, columns=seed.columns)


def _floats(figures: "pd.DataFrame | pd.Series[float]") -> Floats:
    return np.asarray(figures, dtype=np.float64)
