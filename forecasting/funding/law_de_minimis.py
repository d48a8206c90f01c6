"""De minimis aid: Regulations (EU) 2023/2831 and, for services of general economic interest, 2023/2832.

Source: METHOD.md section 7.2. The amounts are in ``law.yaml``.
"""

import datetime as dt

import numpy as np
import pandas as pd

from forecasting.funding.law_costs import Docket
from forecasting.funding.law_findings import Shared, Verdict, cap, refuse, say
from forecasting.funding.law_gber import intensity, most_aid, rates_on
from forecasting.funding.law_rules import Cents, Mask, Rule
from forecasting.funding.law_sentences import told

KINDS = ("de_minimis", "sgei")


def in_window(granted_on: "pd.Series[pd.Timestamp]", day: dt.date, years: int) -> "pd.Series[bool]":
    """Return which grants count on a day: ``t - years < granted <= t``, rolling (art. 3(2)).

    Examples
    --------
    >>> granted = pd.Series(pd.to_datetime(["2023-11-22", "2023-11-23", "2026-11-22", "2026-11-23"]))
    >>> in_window(granted, dt.date(2026, 11, 22), 3).tolist()
    [False, True, True, False]
    """
    today = pd.Timestamp(day)
    return (granted_on > today - pd.DateOffset(years=years)) & (granted_on <= today)


def headroom(ceiling: int, granted: "pd.Series[int]") -> int:
    """Return what may still be granted, in cents: never below 0.

    Examples
    --------
    >>> headroom(300_000_00, pd.Series([250_000_00, 20_000_00]))
    3000000
    >>> headroom(300_000_00, pd.Series([310_000_00]))
    0
    """
    return max(ceiling - int(granted.sum()), 0)


def used_by(ledger: pd.DataFrame, regimes: tuple[str, ...], day: dt.date, years: int) -> "pd.Series[int]":
    """Return the cents granted within the window, by single undertaking."""
    counts = ledger["regime"].isin(regimes) & in_window(ledger["granted_on"], day, years)
    return ledger[counts].groupby("single_undertaking")["cents"].sum()


def judge(docket: Docket) -> tuple[list[Verdict], list[Shared]]:
    """Return what the de minimis rules say of the applications under them, and the caps that they share."""
    rules, where, rule = docket.rules, docket.where, docket.rules[f"{docket.regime}_ceiling"]
    room, used = _room(docket, rule, (docket.regime,))
    single = docket.cases["single_undertaking"].where(pd.Series(where, docket.cases.index))
    verdicts = cap(
        rule, docket.decided, where, room,
        lambda row: told("room", used=used[row], left=max(room[row], 0)),
    )  # fmt: skip
    together = rules["sgei_with_de_minimis"]
    both, all_used = _room(docket, together, KINDS)
    mixed = where & (all_used > used) & (docket.eligible > both)
    verdicts += cap(
        together, docket.decided, mixed, both,
        lambda row: told("both_kinds", used=all_used[row]),
    )  # fmt: skip
    shared = [
        Shared(rule, docket.decided, f"{docket.regime} · " + single, room),
        Shared(together, docket.decided, "de minimis, both kinds · " + single, both),
    ]
    return verdicts + (_of_2831(docket) if docket.regime == "de_minimis" else []), shared


def _room(docket: Docket, rule: Rule, regimes: tuple[str, ...]) -> tuple[Cents, Cents]:
    """Return the headroom of each application's single undertaking, and what it used; both in cents."""
    today = docket.decided[:1]
    if not len(today):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    years = int(rule.scaled(today, "years")[0])
    used = used_by(docket.ledger, regimes, docket.rules.day, years)
    found = docket.cases["single_undertaking"].map(used).fillna(0).to_numpy().astype(np.int64)
    return np.maximum(rule.cents(docket.decided, "ceiling") - found, 0), found


def _of_2831(docket: Docket) -> list[Verdict]:
    """Return sectors left out (art. 1), exempted aid for the same costs (art. 5), the register (art. 6)."""
    cases, rules, where = docket.cases, docket.rules, docket.where
    sectors, sums, register = (rules[f"de_minimis_{name}"] for name in ("sectors", "cumulation", "register"))
    left_out = sectors.matches(docket.applied, cases["sector"], lambda cell, by: cell.startswith(tuple(by)))
    rates = rules["gber_31_intensity"]
    size, vulnerable = cases["size"].to_numpy(), cases["vulnerable"].to_numpy()
    rate = intensity(size, vulnerable, rates_on(rates, docket.applied))
    left = most_aid(docket.eligible, rate) - docket.prior
    known = (rates.position(docket.applied) >= 0) & rates.binds
    exempted = where & _with_block_exempted(docket) & known
    sector = cases["sector"].tolist()
    return [
        *refuse(sectors, docket.applied, where & left_out, lambda row: told("sector", sector=sector[row])),
        *cap(
            sums, docket.applied, exempted, left,
            lambda row: told("exempted", paid=docket.prior[row]),
        ),
        *say(
            register, "publish", docket.decided, where & register.holds(docket.decided),
            lambda _: told("register"),
        ),
    ]  # fmt: skip


def _with_block_exempted(docket: Docket) -> Mask:
    """Return which applications' cost items had, or are asked for, aid under the block exemption."""
    ledger, cases = docket.ledger, docket.cases
    had = ledger["regime"].eq("gber_31") & (ledger["granted_on"] <= pd.Timestamp(docket.rules.day))
    asked = cases.loc[cases["regime"].eq("gber_31"), "root"]
    return cases["root"].isin((set(ledger.loc[had, "root"]) | set(asked)) - {""}).to_numpy()
