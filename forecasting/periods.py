"""Periods as the tables write them: 2025, 2025-Q1 or 2025-01."""

import pandas as pd


def year_of(periods: pd.Series) -> "pd.Series[int]":
    """Return the calendar year of each period.

    Examples
    --------
    >>> year_of(pd.Series(["2025", "2025-Q1", "2024-11"])).tolist()
    [2025, 2025, 2024]
    """
    return periods.astype(str).str.slice(0, 4).astype(int)
