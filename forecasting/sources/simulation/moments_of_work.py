"""Moments of employment by occupation: size and change of cells, leaving, unemployment.

Definitions and real figures: ``moments.yaml``.
"""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.vocabulary import TOTAL

SIZES: Final = {
    "below_1000": (0.0, 1e3),
    "1000_3000": (1e3, 3e3),
    "3000_10000": (3e3, 1e4),
    "above_10000": (1e4, 1e9),
}
"""Classes of cells by the mean of their employed persons over the years."""

_IQR: Final = 1.349
"""Between the quartiles of a standard normal."""


def employment(occupation_employment: pd.DataFrame) -> dict[str, float]:
    """Return how employment by occupation and region is spread and how it moves, survey noise included.

    Parameters
    ----------
    occupation_employment : DataFrame
        Canonical, all ages together or summed; a printed zero is a zero.

    Notes
    -----
    Yearly change is 2(b − a)/(a + b): about the log change where it is small, and 2 where a cell appears.
    """
    wide = _cells(occupation_employment)
    size = wide.mean(axis=1)
    before, after = wide.iloc[:, :-1].to_numpy(), wide.iloc[:, 1:].to_numpy()
    both = np.where(before + after > 0, before + after, np.nan)
    change = pd.DataFrame(2 * (after - before) / both, index=wide.index)
    persons = wide.to_numpy()[wide.notna().to_numpy()]
    found = {
        "cells_zero": float((persons == 0).mean()),
        "cells_below_1000": float((persons < SIZES["below_1000"][1]).mean()),
    }
    for name, (low, high) in SIZES.items():
        values = np.abs(change[(size >= low) & (size < high)].to_numpy())
        known = values[np.isfinite(values)]
        found[f"employment_change_{name}"] = float(np.median(known)) if known.size else np.nan
    usual = change[(size >= SIZES["1000_3000"][0]) & (size < SIZES["3000_10000"][1])]
    found["employment_change_autocorrelation"] = _next_to(usual)
    found["employment_growth_spread_5y"] = _growth_spread(wide[size >= SIZES["3000_10000"][0]])
    return found | _concentration(occupation_employment)


def _cells(table: pd.DataFrame) -> pd.DataFrame:
    """Return persons, cells (region, occupation) × years."""
    rows = table[table["occupation"] != TOTAL]
    return rows.groupby(["region", "occupation", "year"])["persons"].sum().unstack("year").sort_index(axis=1)


def _next_to(change: pd.DataFrame) -> float:
    """Return the correlation of one year's change with the next; −0.5 would be noise alone."""
    first, second = change.iloc[:, :-1].to_numpy().ravel(), change.iloc[:, 1:].to_numpy().ravel()
    known = np.isfinite(first) & np.isfinite(second)
    return float(np.corrcoef(first[known], second[known])[0, 1]) if known.sum() > 2 else np.nan


def _growth_spread(wide: pd.DataFrame) -> float:
    """Return the spread over cells of growth in five years, means of two years at both ends."""
    pairs = (wide + wide.shift(-1, axis=1)) / 2
    logs = pairs.where(pairs > 0).transform(np.log).diff(5, axis=1).dropna(axis=1, how="all")
    return float(((logs.quantile(0.75) - logs.quantile(0.25)) / _IQR).mean()) if logs.shape[1] else np.nan


def _concentration(table: pd.DataFrame) -> dict[str, float]:
    """Return how much of employment the larger occupations have, regions and years summed."""
    rows = table[table["occupation"] != TOTAL]
    persons = rows.groupby("occupation")["persons"].sum().sort_values(ascending=False).to_numpy()
    shares = persons / persons.sum()
    return {
        "employment_in_largest_tenth": float(shares[: round(len(shares) / 10)].sum()),
        "employment_in_smaller_half": float(shares[len(shares) // 2 :].sum()),
    }


def unemployment(occupation_employment: pd.DataFrame, jobseekers: pd.DataFrame) -> dict[str, float]:
    """Return how unemployment differs over occupations and lasts; regions summed, means of years.

    Those unemployed for less than a year count, where the table knows them: the survey that the figure is
    taken from has no occupation of anybody who last worked longer ago.
    """
    rows = jobseekers[jobseekers["occupation"] != TOTAL]
    if "short_term" in rows and rows["short_term"].notna().any():
        rows = rows.assign(persons=rows["short_term"])
    periods = rows.groupby(["period", "occupation"])["persons"].sum().reset_index()
    years = periods.assign(year=periods["period"].astype(str).str[:4].astype(int))
    seekers = years.groupby(["occupation", "year"])["persons"].mean().unstack("year")
    work = _cells(occupation_employment).groupby("occupation").sum()
    seekers, work = seekers.align(work, join="inner")
    large = (seekers + work).mean(axis=1) >= SIZES["3000_10000"][0]
    seekers, work = seekers[large], work[large]
    half = seekers.shape[1] // 2
    rate, early, late = (
        seekers.iloc[:, part].sum(axis=1) / (seekers + work).iloc[:, part].sum(axis=1)
        for part in (slice(None), slice(None, half), slice(half, None))
    )
    total = seekers.sum() / (seekers + work).sum()
    return {
        "unemployment_median": float(rate.median()),
        "unemployment_p10": float(rate.quantile(0.1)),
        "unemployment_p90": float(rate.quantile(0.9)),
        "unemployment_persistence": float(early.corr(late, method="spearman")),
        "unemployment_change_sd_total": float(total.transform(np.log).diff().std()),
    }


def separations(table: pd.DataFrame, occupation_employment: pd.DataFrame) -> dict[str, float]:
    """Return mean and spread over occupations of the yearly rates of leaving.

    Parameters
    ----------
    table : DataFrame
        Canonical ``separations``, kinds exit and transfer.
    occupation_employment : DataFrame
        Weights of the means.
    """
    rates = table.set_index(["occupation", "kind"])["rate"].unstack("kind")
    rows = occupation_employment[occupation_employment["occupation"].isin(rates.index)]
    weights = rows.groupby("occupation")["persons"].sum().reindex(rates.index).fillna(0.0)
    found: dict[str, float] = {}
    for kind in ("exit", "transfer"):
        rate = rates[kind]
        found[f"{kind}_rate"] = float((rate * weights).sum() / weights.sum())
        found[f"{kind}_rate_p10"] = float(rate.quantile(0.1))
        found[f"{kind}_rate_p90"] = float(rate.quantile(0.9))
    return found | {"exit_transfer_correlation": float(rates["exit"].corr(rates["transfer"]))}
