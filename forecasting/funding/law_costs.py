"""Costs that a legal basis may pay, and the public aid that the same cost items had before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.funding.law_cases import ITEMS
from forecasting.funding.law_rules import Cents, Days, Mask, Rule, Rulebook


@dataclass(frozen=True)
class Docket:
    """The applications of one legal basis, as its rules see them.

    Parameters
    ----------
    cases, ledger : DataFrame
        As `forecasting.funding.law_cases.read_cases` returns them: all applications, all grants.
    rules : Rulebook
        The law of the day.
    regime : str
        The legal basis.
    where : ndarray of bool, shape (applications,)
        Those that ask under it while it is in force.
    eligible : ndarray of int64, shape (applications,)
        Cents of the cost items it may pay.
    prior : ndarray of int64, shape (applications,)
        Cents of earlier aid for those cost items, whatever its legal basis.
    """

    cases: pd.DataFrame
    ledger: pd.DataFrame
    rules: Rulebook
    regime: str
    where: Mask
    eligible: Cents
    prior: Cents

    @property
    def applied(self) -> Days:
        """Day of each application."""
        return days_of(self.cases["applied_on"])

    @property
    def decided(self) -> Days:
        """Day of the decision, for each application."""
        return np.full(len(self.cases), np.datetime64(self.rules.day, "D"))


def docket(cases: pd.DataFrame, ledger: pd.DataFrame, rules: Rulebook, regime: str, where: Mask) -> Docket:
    """Return the applications of a legal basis with their eligible costs and earlier aid."""
    paid, costs = granted_until(ledger, rules), rules[f"{regime}_costs"]
    days = days_of(cases["applied_on"])
    eligible, prior = eligible_costs(cases, costs, days), prior_aid(cases, paid, costs, days)
    return Docket(cases, ledger, rules, regime, where, eligible, prior)


def days_of(dates: "pd.Series[pd.Timestamp]") -> Days:
    """Return days without hours."""
    return dates.to_numpy().astype("datetime64[D]")


def granted_until(ledger: pd.DataFrame, rules: Rulebook) -> pd.DataFrame:
    """Return the grants known on the day of the decision: a replay sees no later ones."""
    return ledger[ledger["granted_on"] <= pd.Timestamp(rules.day)]


def eligible_costs(cases: pd.DataFrame, costs: Rule, days: Days) -> Cents:
    """Return the cents of the cost items that the rule names on the day of each application."""
    total = np.zeros(len(cases), dtype=np.int64)
    for item in ITEMS:
        total += np.where(_named(costs, days, item), cases[item].to_numpy(), 0)
    return total


def prior_aid(cases: pd.DataFrame, paid: pd.DataFrame, costs: Rule, days: Days) -> Cents:
    """Return the cents that earlier grants paid of these cost items; a grant that names none counts whole."""
    by_root = paid[paid["root"].ne("")].groupby(["root", "cost_item"], observed=True)["cents"].sum()
    total = np.zeros(len(cases), dtype=np.int64)
    if by_root.empty:
        return total
    table = by_root.unstack(fill_value=0)
    for item in table.columns:
        found = cases["root"].map(table[item]).fillna(0).to_numpy().astype(np.int64)
        total += np.where((item == "") | _named(costs, days, item), found, 0)
    return total


def _named(costs: Rule, days: Days, item: str) -> Mask:
    return costs.holds(days, lambda value: item in value) | (not costs.binds)
