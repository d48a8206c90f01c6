"""Moments of a labour market's tables: one figure each for how seasonal, volatile, sparse or lasting it is.

The same functions read simulated and real tables, so that a simulated market can be held to real ones. What
each figure is, the real figure, its source and its band stand in ``moments.yaml``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from forecasting.sources.simulation.moments_of_ads import ad_volume, skill_mentions, vacancies
from forecasting.sources.simulation.moments_of_work import employment, separations, unemployment
from forecasting.vocabulary import TOTAL

_OBSERVED: Final = ("sector_vacancies", "skill_mentions", "separations")

FILE: Final = Path(__file__).with_suffix(".yaml")


def moments_of(tables: Mapping[str, pd.DataFrame]) -> "pd.Series[float]":
    """Return every moment that the tables allow, by name.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Canonical tables (`forecasting.tables`), of which are read ``sector_vacancies``, ``skill_mentions``,
        ``occupation_employment``, ``jobseekers`` and ``separations``; and ``ads`` (``month, ads``). The rows
        of a table must not include sums of others, but for the code TOTAL, which is left out.

    Returns
    -------
    Series of float
        A moment whose table is absent is absent; one that the rows are too few for is NaN.
    """
    found: dict[str, float] = {}
    for name, function in _FUNCTIONS.items():
        if name in tables:
            found |= function(tables[name])
    if {"occupation_employment", "jobseekers"} <= set(tables):
        found |= unemployment(tables["occupation_employment"], tables["jobseekers"])
    if {"occupation_employment", "separations"} <= set(tables):
        found |= separations(tables["separations"], tables["occupation_employment"])
    return pd.Series(found, dtype=float)


def simulated_tables(
    tables: Mapping[str, pd.DataFrame], counts: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return what `moments_of` reads of a simulated region: its tables as observed, and its finer counts.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The region's canonical tables; figures of regions that are no market are left out.
    counts : mapping of str to DataFrame
        As `forecasting.sources.simulation.counts.counts` returns them: the canonical tables have no
        employment by occupation, and a register of job seekers instead of a survey.
    """
    found = {name: tables[name] for name in _OBSERVED if name in tables}
    if "regions" in tables:
        regions = tables["regions"]
        markets = {TOTAL, *regions.loc[regions["role"] == "market", "code"]}
        for name in {"sector_vacancies", "skill_mentions"} & set(found):
            found[name] = found[name][found[name]["region"].isin(markets)]
    return found | {
        "occupation_employment": counts["employment"],
        "jobseekers": counts["unemployed"].rename(columns={"year": "period"}),
        "ads": counts["ads"],
    }


def read_bands(file: Path = FILE) -> dict[str, dict[str, Any]]:
    """Return each moment's real ``figure``, ``band``, ``unit``, ``definition``, ``source`` and ``parts``."""
    bands: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return bands


def compare(found: pd.DataFrame, bands: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Hold simulated moments to the real ones.

    Parameters
    ----------
    found : DataFrame of shape (moments, simulations)
        Indexed by name.
    bands : mapping
        As returned by `read_bands`.

    Returns
    -------
    DataFrame
        Per moment ``real, low, high, simulated`` (mean of the simulations), ``least, most`` (of them) and
        ``verdict``: ok, low, high; absent where no simulation has the moment, shown where it has no band.
    """
    values = found.reindex(list(bands))
    table = pd.DataFrame(
        {
            "real": [band["figure"] for band in bands.values()],
            "low": [band["band"][0] if band["band"] else np.nan for band in bands.values()],
            "high": [band["band"][1] if band["band"] else np.nan for band in bands.values()],
            "simulated": values.mean(axis=1).to_numpy(),
            "least": values.min(axis=1).to_numpy(),
            "most": values.max(axis=1).to_numpy(),
        },
        index=pd.Index(bands, name="moment"),
    )
    verdict = np.select(
        [
            table["simulated"].isna(),
            table["low"].isna(),
            table["simulated"] < table["low"],
            table["simulated"] > table["high"],
        ],
        ["absent", "shown", "low", "high"],
        "ok",
    )
    return table.assign(verdict=verdict)


_FUNCTIONS: Final[Mapping[str, Callable[[pd.DataFrame], dict[str, float]]]] = {
    "sector_vacancies": vacancies,
    "ads": ad_volume,
    "skill_mentions": skill_mentions,
    "occupation_employment": employment,
}
