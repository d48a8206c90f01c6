"""The UOE collection on education: graduates by field and level, brought from the country to its regions.

Rules in ``uoe.yaml``; the numbers of the rules stand in the functions' docstrings.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.sources.canonical import canonical, join_flags
from forecasting.sources.eurostat import read_tsv, vocabulary_flags, widen
from forecasting.sources.files import AGAIN
from forecasting.sources.lfs import young_shares
from forecasting.sources.nuts import upwards

FILE: Final = "eurostat/educ_uoe_grad02.tsv.gz"

FIELDS: Final = tuple(f"F{number:02d}" for number in range(11))
"""Broad fields of ISCED-F 2013."""

LEVELS: Final = ("ED35", "ED45", "ED5-8")
"""Upper secondary vocational, post-secondary vocational, tertiary: no level holds another."""

_GENERIC: Final = "F00"
_TERTIARY: Final = "ED5-8"
_PARTS: Final = ("ED5", "ED6", "ED7", "ED8")
_NEEDED_PARTS: Final = ("ED6", "ED7")
_ALL: Final = "TOTAL"
_UNKNOWN: Final = "UNK"
_ROW: Final = ["year", "field", "persons", "level"]
_ROUNDING: Final = 5.0
_ROUNDING_SHARE: Final = 0.01


def read(folder: Path) -> pd.DataFrame:
    """Read graduates by level and field, both sexes together, persons, verbatim."""
    codes = (*FIELDS, _ALL, _UNKNOWN)
    keep = {"unit": ("NR",), "sex": ("T",), "isced11": (*LEVELS, *_PARTS), "iscedf13": codes}
    return read_tsv(folder / FILE, ("unit", "isced11", "iscedf13", "sex", "geo"), keep)


def graduates(published: pd.DataFrame, ages: pd.DataFrame, regions: list[str]) -> pd.DataFrame:
    """Return the canonical table ``graduates`` (rule 5): the country's by the region's share of the young.

    Parameters
    ----------
    published : DataFrame
        As returned by `read`.
    ages : DataFrame
        Employment by age as returned by `forecasting.sources.lfs.read_ages`.
    regions : list of str
        NUTS codes.

    Raises
    ------
    InputError
        If fields exceed the total of their level by more than rounding.
    """
    national = {country: by_field(published, country) for country in {upwards(geo)[-1] for geo in regions}}
    parts = []
    for region in regions:
        rows = national[upwards(region)[-1]]
        share = rows["year"].map(young_shares(ages, region))
        local = rows.assign(
            region=region, persons=rows["persons"] * share, flag=join_flags(rows["flag"], "e")
        )
        parts.append(local[share.notna()])
    return canonical("graduates", pd.concat(parts, ignore_index=True))


def by_field(published: pd.DataFrame, country: str) -> pd.DataFrame:
    """Complete a country's graduates by field (rules 1 to 4).

    Returns
    -------
    DataFrame of shape (cells, 5)
        ``year, level, field, persons, flag``; a field that nothing tells about has no row.
    """
    own = published[published["geo"] == country]
    levels = [level for level in LEVELS if own.loc[own["isced11"] == level, "value"].notna().any()]
    parts = [_of_level(published, level, country) for level in levels]
    rows = pd.concat(parts or [pd.DataFrame(columns=_ROW)], ignore_index=True)
    flags = own.rename(columns={"isced11": "level", "iscedf13": "field"})
    joined = rows.merge(flags[["level", "field", "year", "flag"]], on=["level", "field", "year"], how="left")
    return joined.assign(flag=vocabulary_flags(joined["flag"].fillna("").astype(str)))


def _of_level(published: pd.DataFrame, level: str, country: str) -> pd.DataFrame:
    pool = _across(published, level)
    if level == _TERTIARY:
        pool = _with_parts(pool, published)
    inside = pool.index.get_level_values("geo") == country
    own = pool[inside].droplevel("geo").dropna(how="all")
    others = pool[~inside][list(FIELDS)]
    _refuse_excess(own, f"{country}, {level}")
    completed = [
        _completed(year, row, own[list(FIELDS)], others)
        for year, row in zip(own.index, (own.iloc[place] for place in range(len(own))), strict=True)
    ]
    wide = pd.DataFrame(completed, index=own.index, columns=list(FIELDS))
    long = wide.melt(ignore_index=False, var_name="field", value_name="persons").dropna().reset_index()
    return long.assign(level=level)


def _across(published: pd.DataFrame, level: str) -> pd.DataFrame:
    rows = published[published["isced11"] == level]
    return widen(rows, ["geo", "year"], "iscedf13", "value", [*FIELDS, _ALL, _UNKNOWN])


def _with_parts(tertiary: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Fill a tertiary field that is not published by the sum of its published levels (rule 1)."""
    parts = {part: _across(published, part).reindex(tertiary.index)[list(FIELDS)] for part in _PARTS}
    sums = pd.concat([frame.fillna(0.0) for frame in parts.values()]).groupby(level=["geo", "year"]).sum()
    for needed in _NEEDED_PARTS:
        sums = sums.where(parts[needed].notna())
    return tertiary.fillna(sums)


def _completed(
    year: int, row: "pd.Series[float]", own: pd.DataFrame, others: pd.DataFrame
) -> "pd.Series[float]":
    """Fill the fields of one level and year, so that they sum to its total (rules 2 to 4)."""
    fields = row[list(FIELDS)]
    rest = max(_rest(row), 0.0)
    missing = [field for field in FIELDS if field != _GENERIC and pd.isna(row[field])]
    if missing and rest > 0:
        fields = fields.fillna(_pattern(year, own[missing], others[missing]) * rest)
        rest = 0.0
    unknown = rest + (0.0 if pd.isna(row[_UNKNOWN]) else float(row[_UNKNOWN]))
    known = float(fields.sum())
    return fields * (1 + unknown / known) if known > unknown else fields


def _rest(row: "pd.Series[float]") -> float:
    """Return what the published fields and UNK leave of the total; 0 where there is no total."""
    if pd.isna(row[_ALL]):
        return 0.0
    return float(row[_ALL] - row[[*FIELDS, _UNKNOWN]].sum())


def _pattern(year: int, own: pd.DataFrame, others: pd.DataFrame) -> "pd.Series[float]":
    """Return how missing fields share a rest: as in the country's nearest year, else in other countries."""
    for rows in (own.dropna(), others.dropna().groupby(level="year").sum()):
        full = rows[rows.sum(axis=1) > 0]
        if len(full):
            nearest = full.iloc[np.abs(full.index.to_numpy() - year).argmin()]
            return nearest / nearest.sum()
    return pd.Series(np.nan, index=own.columns)


def _refuse_excess(own: pd.DataFrame, where: str) -> None:
    """Refuse negative figures, and fields that exceed the total of their level by more than rounding."""
    over = own[[*FIELDS, _UNKNOWN]].sum(axis=1) - own[_ALL]
    bad = (over > (own[_ALL] * _ROUNDING_SHARE).clip(lower=_ROUNDING)) | (own < 0).any(axis=1)
    if bad.any():
        given = f"graduates of {where} in {own.index[bad][0]} that exceed their total, or are negative"
        raise InputError([Problem(Path(FILE).name, given, "fields that sum to their total", AGAIN)])
