"""Training aid under the block exemption: Regulation (EU) No 651/2014, art. 4, 6, 8, 9 and 31.

Source: METHOD.md section 7.1. The amounts are in ``law.yaml``.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.funding.law_costs import Docket, granted_until
from forecasting.funding.law_findings import Shared, Verdict, cap, refuse, say, warn
from forecasting.funding.law_rules import WHOLE, Cents, Days, Mask, Rule
from forecasting.funding.law_sentences import told

_SMALL, _MEDIUM = 0, 1


def intensity(
    size: NDArray[np.int64], vulnerable: Mask, rates: "dict[str, NDArray[np.int64]]"
) -> NDArray[np.int64]:
    """Return the highest aid intensity in basis points (art. 31(4)).

    Parameters
    ----------
    size : ndarray of int, shape (applications,)
        0 small, 1 medium, 2 large.
    vulnerable : ndarray of bool, shape (applications,)
        Workers with disabilities or disadvantaged workers.
    rates : dict of str to ndarray of int
        Basis points: ``base, medium, small, vulnerable, cap``.

    Examples
    --------
    >>> rates = {"base": 5000, "medium": 1000, "small": 2000, "vulnerable": 1000, "cap": 7000}
    >>> rates = {name: np.array([value]) for name, value in rates.items()}
    >>> sizes = np.array([2, 1, 0])
    >>> intensity(sizes, np.zeros(3, bool), rates), intensity(sizes, np.ones(3, bool), rates)
    (array([5000, 6000, 7000]), array([6000, 7000, 7000]))
    """
    more = np.select([size == _SMALL, size == _MEDIUM], [rates["small"], rates["medium"]], 0)
    return np.minimum(rates["base"] + more + vulnerable * rates["vulnerable"], rates["cap"])


def rates_on(rule: Rule, days: Days) -> "dict[str, NDArray[np.int64]]":
    """Return the rates of art. 31(4) in basis points on each day."""
    return {key: rule.basis_points(days, key) for key in ("base", "medium", "small", "vulnerable", "cap")}


def too_late(applied: Days, starts: Days, least: NDArray[np.int64]) -> Mask:
    """Return where an application did not come at least `least` days before the training (art. 6(2)).

    Examples
    --------
    >>> day = np.array(["2026-03-01"], dtype="datetime64[D]")
    >>> bool(too_late(day, day, np.array([1]))[0]), bool(too_late(day, day + 1, np.array([1]))[0])
    (True, False)
    """
    return (starts - applied).astype(np.int64) < least


def most_aid(eligible: Cents, basis_points: NDArray[np.int64]) -> Cents:
    """Return a share of eligible costs in whole cents, rounded down.

    Examples
    --------
    >>> most_aid(np.array([101]), np.array([5000]))
    array([50])
    """
    return eligible * basis_points // WHOLE


def judge(docket: Docket) -> tuple[list[Verdict], list[Shared]]:
    """Return what the block exemption says of the applications under it, and the caps that they share."""
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    rate = intensity(
        cases["size"].to_numpy(), cases["vulnerable"].to_numpy(), rates_on(rules["gber_31_intensity"], days)
    )
    most = most_aid(docket.eligible, rate)
    together = most if rules["gber_31_intensity"].binds else docket.eligible
    left = most_aid(together, rules["gber_cumulation"].basis_points(days)) - docket.prior
    costs, size = docket.eligible, cases["size_class"].tolist()
    verdicts = [
        *_conditions(docket),
        *cap(
            rules["gber_31_intensity"], days, where, most,
            lambda row: told("intensity", share=rate[row], costs=costs[row], size=size[row]),
        ),
        *cap(
            rules["gber_cumulation"], days, where & (docket.prior > 0), left,
            lambda row: told("cumulation", paid=docket.prior[row], most=most[row]),
        ),
    ]  # fmt: skip
    more, shared = _thresholds(docket, np.minimum(together, left))
    return verdicts + more, shared


def _conditions(docket: Docket) -> list[Verdict]:
    """Return refusals of mandatory training (art. 31(2)) and of training already begun (art. 6)."""
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    mandatory, effect = rules["gber_31_mandatory"], rules["gber_incentive_effect"]
    starts = cases["starts_on"].to_numpy().astype("datetime64[D]")
    late = too_late(days, starts, effect.scaled(days))
    asked, course = mandatory.holds(days), cases["course"].tolist()
    required = cases["mandatory"].to_numpy()
    return [
        *refuse(
            mandatory, days, where & asked & (required == 1),
            lambda row: told("required", course=course[row]),
        ),
        *warn(
            mandatory, days, where & asked & (required < 0),
            lambda row: told("required_unknown", course=course[row]),
        ),
        *refuse(
            effect, days, where & late,
            lambda row: told("too_late", applied=days[row], starts=starts[row]),
        ),
    ]  # fmt: skip


def _thresholds(docket: Docket, left: Cents) -> tuple[list[Verdict], list[Shared]]:
    """Return notification (art. 4(1)(n)), by application and by project, and publication (art. 9(1)(c))."""
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    notify, publish = rules["gber_notification"], rules["gber_publication"]
    project = cases["project"].where(pd.Series(where, cases.index), "")
    limit = notify.cents(days) - _paid_on_project(docket)
    above = where & (left > limit)
    asked = publish.cents(days)
    verdicts = [
        *cap(notify, days, above, limit, lambda row: told("project_limit", limit=limit[row])),
        *say(
            notify, "notify", days, above & (limit > 0),
            lambda row: told("notify", left=left[row]), limit,
        ),
        *say(
            publish, "publish", days, where & (np.minimum(left, limit) >= asked),
            lambda row: told("publish", asked=asked[row]), asked,
        ),
    ]  # fmt: skip
    return verdicts, [Shared(notify, days, "project · " + project.where(project.ne("")), limit)]


def _paid_on_project(docket: Docket) -> Cents:
    """Return the aid that all applications of the same project had before, whatever its legal basis."""
    paid = granted_until(docket.ledger, docket.rules).groupby("root")["cents"].sum().drop("", errors="ignore")
    pairs = docket.cases[["project", "root"]].drop_duplicates()
    by_project = pairs["root"].map(paid).fillna(0).groupby(pairs["project"]).sum()
    return docket.cases["project"].map(by_project).to_numpy().astype(np.int64)
