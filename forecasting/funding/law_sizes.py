"""Small, medium or large: the class of an undertaking by its figures (Annex I of Regulation 651/2014).

Source: METHOD.md section 7.3. The bounds are in ``law.yaml``.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.funding.law_cases import SIZES
from forecasting.funding.law_costs import days_of
from forecasting.funding.law_findings import Verdict, warn
from forecasting.funding.law_rules import Mask, Rulebook
from forecasting.funding.law_sentences import told
from forecasting.series.panel import Array


def within(fte: Array, turnover: Array, balance: Array, bounds: dict[str, float]) -> Mask:
    """Return which undertakings are below a class's bounds: workers, and turnover or balance.

    Examples
    --------
    >>> bounds = {"fte": 50, "turnover": 10e6, "balance": 10e6}
    >>> within(np.array([49.0, 49, 50]), np.array([12e6, 12e6, 1e6]), np.array([9e6, 11e6, 1e6]), bounds)
    array([ True, False, False])
    """
    return (fte < bounds["fte"]) & ((turnover <= bounds["turnover"]) | (balance <= bounds["balance"]))


def known_class(cases: pd.DataFrame, rules: Rulebook) -> NDArray[np.int64]:
    """Return the class by figures on the day of application: 0 small, 1 medium, 2 large, -1 where unknown.

    Without turnover or balance an undertaking with few workers stays unknown; with many it is large.
    """
    rule, days = rules["enterprise_size"], days_of(cases["applied_on"])
    fte, turnover, balance = (cases[name].to_numpy(dtype=float) for name in ("fte", "turnover", "balance"))
    position, found = rule.position(days), np.full(len(cases), -1, dtype=np.int64)
    known = ~np.isnan(fte) & ~(np.isnan(turnover) & np.isnan(balance))
    for number, version in enumerate(rule.versions):
        small, medium = (within(fte, turnover, balance, version.value[name]) for name in SIZES[:2])
        here = np.where(small, 0, np.where(medium, 1, 2))
        told = (position == number) & (known | (fte >= version.value["medium"]["fte"]))
        found = np.where(told, here, found)
    return found


def sized(cases: pd.DataFrame, rules: Rulebook) -> tuple[pd.DataFrame, list[Verdict]]:
    """Return cases with the larger of the declared class and that by figures; a warning where they differ."""
    rule, days, names = rules["enterprise_size"], days_of(cases["applied_on"]), np.array(SIZES)
    declared, figures = cases["size"].to_numpy(), known_class(cases, rules)
    said, larger = cases["size_class"].tolist(), figures > declared
    warned = warn(
        rule, days, larger, lambda row: told("size_class", said=said[row], found=names[figures[row]])
    )
    if not rule.binds:
        return cases, warned
    size = np.where(larger, figures, declared)
    return cases.assign(size=size, size_class=names[size]), warned
