"""The past beside the forecast: employment by occupation, and vacancy rates, as derived from sectors."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demand import Industry, vacancy_rates
from forecasting.markets import Market
from forecasting.region import Region
from forecasting.series.panel import Array
from forecasting.suppression import CONFIDENTIAL
from forecasting.vocabulary import ALL_AGES

MAIN_SECTOR: Final = 0.1
"""Share of an occupation from which a sector's marks are the occupation's."""


def employment_history(
    industry: Industry, markets: Sequence[Market], base_year: int, small_cell: float
) -> pd.DataFrame:
    """Return employment by occupation for every past year: sector employment times staffing.

    Unknown where a sector that the occupation works in is unknown; a flag is that of any sector with a
    tenth of the occupation or more. Of a cell that is too small at the base year every year is hidden: where
    staffing stays, the past and the other occupations would tell it.
    """
    rows = industry.employment
    rows = rows[
        (rows["age_band"] == ALL_AGES) & (rows["year"] <= base_year) & rows["sector"].isin(industry.leaves)
    ]
    frames = [
        _history(industry.in_region(code), rows[rows["region"] == code]).assign(region=code)
        for code in (market.region for market in markets)
    ]
    table = pd.concat(frames, ignore_index=True)
    small = (table["persons"] < small_cell) | _too_small(table, industry, markets, small_cell)
    reason = np.select([small, table["persons"].isna()], [CONFIDENTIAL, "unavailable"], "")
    return table.assign(persons=table["persons"].where(~small), reason=reason)


def _too_small(
    table: pd.DataFrame, industry: Industry, markets: Sequence[Market], small_cell: float
) -> NDArray[np.bool_]:
    """Return which rows are of cells with too few employed persons at the base year."""
    cells = {
        (m.region, code) for m in markets for code in np.array(industry.occupations)[m.base < small_cell]
    }
    return np.asarray(pd.MultiIndex.from_frame(table[["region", "occupation"]]).isin(list(cells)))


def _history(industry: Industry, rows: pd.DataFrame) -> pd.DataFrame:
    leaves, index = list(industry.leaves), ["year", "sector"]
    wide = rows.set_index(index)["persons"].unstack("sector").reindex(columns=leaves)
    flags = rows.set_index(index)["flag"].unstack("sector").reindex(columns=leaves).fillna("")
    known, works = wide.fillna(0).to_numpy(dtype=float), industry.staffing > 0
    unknown = (wide.isna().to_numpy().astype(float) @ works) > 0
    persons = np.where(unknown, np.nan, known @ industry.staffing)
    frames = [
        pd.DataFrame(
            {
                "year": year,
                "occupation": industry.occupations,
                "persons": persons[row],
                "flag": _main_flags(industry.staffing * known[row][:, None], flags.loc[year].tolist()),
            }
        )
        for row, year in enumerate(wide.index)
    ]
    return pd.concat(frames)


def _main_flags(by_sector: Array, flags: Sequence[str]) -> list[str]:
    """Return each occupation's marks: those of sectors that hold a tenth of it or more."""
    main = by_sector >= MAIN_SECTOR * by_sector.sum(axis=0)
    return [
        "".join(sorted({mark for flag, counts in zip(flags, column, strict=True) if counts for mark in flag}))
        for column in main.T
    ]


def published_vacancy_rates(
    region: Region, industry: Industry, markets: Sequence[Market], base_year: int, small_cell: float
) -> pd.DataFrame:
    """Return the published table ``vacancy_rates``, null with a reason where no sector of it is surveyed."""
    persons = {market.region: market.leaf_base for market in markets}
    rates = vacancy_rates(industry, region.table("sector_vacancies"), persons, base_year)
    small = _too_small(rates, industry, markets, small_cell)
    reason = np.select([small, rates["rate"].isna()], [CONFIDENTIAL, "unavailable"], "")
    return rates.assign(rate=rates["rate"].mask(small), reason=reason)
