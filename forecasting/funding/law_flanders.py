"""Flemish training leave (VOV) and the kmo-portefeuille.

Source: METHOD.md sections 7.3 and 7.4. The amounts are in ``law.yaml``. The right to hours of leave is a
person's over a school year; persons are not known here, so hours used in other courses are not counted.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.funding.law_costs import Docket, granted_until
from forecasting.funding.law_findings import Shared, Verdict, cap, refuse, warn
from forecasting.funding.law_gber import most_aid
from forecasting.funding.law_rules import WHOLE, Cents, Mask
from forecasting.funding.law_sentences import told

_SMALL, _LARGE = 0, 2
_HOUR = 60
_HUNDREDTHS = 100
_UNKNOWN = -1


def minutes_of_leave(
    course: NDArray[np.int64],
    right_hours: NDArray[np.int64],
    fraction: NDArray[np.int64],
    times: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the minutes of leave of one participant: those of the course, within the right.

    Parameters
    ----------
    course : ndarray of int
        Minutes of the course.
    right_hours : ndarray of int
        Hours of a full-time worker.
    fraction : ndarray of int
        Employment in basis points of full time.
    times : ndarray of int
        2 on joint initiative, else 1.

    Examples
    --------
    >>> course, times = np.array([9000, 6000, 9000]), np.array([1, 1, 2])
    >>> minutes_of_leave(course, np.array([125]), np.array([8000]), times) / 60
    array([100., 100., 150.])
    """
    return np.minimum(course, right_hours * _HOUR * times * fraction // WHOLE)


def forfait(participants: NDArray[np.int64], minutes: NDArray[np.int64], hourly: Cents) -> Cents:
    """Return the lump sum for all participants in whole cents, rounded down.

    Examples
    --------
    >>> forfait(np.array([2]), np.array([32 * 60]), np.array([1491]))
    array([95424])
    """
    return participants * np.maximum(minutes, 0) * hourly // _HOUR


def judge_vov(docket: Docket) -> tuple[list[Verdict], list[Shared]]:
    """Return what the rules of training leave say of the applications under them."""
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    fraction, minutes, people = (cases[name].to_numpy() for name in ("fraction", "minutes", "participants"))
    joint = rules["vov_joint_initiative"].scaled(days)
    times = np.where(cases["joint_initiative"].to_numpy(), joint, 1)
    right = rules["vov_right"].scaled(days)
    taken = minutes_of_leave(minutes, right, np.maximum(fraction, 0), times)
    taken = taken if rules["vov_right"].binds else minutes
    hourly = rules["vov_forfait"].cents(days)
    most = forfait(people, taken, hourly)
    verdicts = [
        *refuse(
            rules["vov_right"], days, where & (minutes == _UNKNOWN),
            lambda _: told("hours_unknown"),
        ),
        *cap(
            rules["vov_forfait"], days, where & (minutes > 0) & (fraction > 0), most,
            lambda row: told("forfait", people=people[row], hours=taken[row] / _HOUR, hourly=hourly[row]),
        ),
    ]  # fmt: skip
    short = where & (taken < minutes) & (fraction > 0)
    if rules["vov_forfait"].binds:  # the same amount, said of the rule that made it so
        verdicts += cap(
            rules["vov_right"], days, short, most,
            lambda row: told("right", taken=taken[row] / _HOUR, hours=minutes[row] / _HOUR),
        )  # fmt: skip
    return [*verdicts, *_conditions_of_vov(docket), *_listed(docket, "vov")], []


def _conditions_of_vov(docket: Docket) -> list[Verdict]:
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    least, work, wages = rules["vov_minimum"], rules["vov_employment"], rules["vov_wage_cap"]
    fraction, minutes, credit = (cases[name].to_numpy() for name in ("fraction", "minutes", "credits"))
    weekly = cases["hours_per_week"].to_numpy()
    needed = least.scaled(days, "credits")
    short = (minutes < least.scaled(days, "hours") * _HOUR) & (credit < needed)
    share, hours = work.basis_points(days, "fraction"), work.scaled(days, "hours_per_week")
    hourly = (
        wages.cents(days, "month")
        * _HUNDREDTHS
        // np.maximum(wages.scaled(days, "hours_a_month", scale=_HUNDREDTHS), 1)
    )
    counted = cases["participants"].to_numpy() * np.maximum(minutes, 0) * hourly // _HOUR
    return [
        *refuse(
            least, days, where & (minutes != _UNKNOWN) & short,
            lambda row: told("short_course", hours=minutes[row] / _HOUR, credits=needed[row]),
        ),
        *refuse(
            work, days, where & (fraction == _UNKNOWN),
            lambda _: told("fraction_unknown"),
        ),
        *refuse(
            work, days, where & (fraction != _UNKNOWN) & (fraction < share),
            lambda row: told("fraction", fraction=fraction[row], least=share[row]),
        ),
        *refuse(
            work, days, where & (weekly < hours),
            lambda row: told("weekly", weekly=weekly[row], least=hours[row]),
        ),
        *warn(
            work, days, where & np.isnan(weekly) & (hours > 0),
            lambda row: told("weekly_unknown", least=hours[row]),
        ),
        *cap(
            wages, days, where & (minutes > 0) & (docket.eligible > counted), counted,
            lambda row: told("wages", hourly=hourly[row]),
        ),
    ]  # fmt: skip


def judge_kmo(docket: Docket) -> tuple[list[Verdict], list[Shared]]:
    """Return what the rules of the kmo-portefeuille say of applications under them, and their shared caps."""
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    size = cases["size"].to_numpy()
    share, rule_of = _share(docket)
    most = most_aid(docket.eligible, share)
    least, cost = rules["kmo_minimum"].cents(days), docket.eligible
    verdicts = refuse(rules["kmo_share"], days, where & (size == _LARGE), lambda _: told("large"))
    for name, raised in (("kmo_share", False), ("kmo_raised_share", True)):
        verdicts += cap(
            rules[name], days, where & (size < _LARGE) & (rule_of == raised), most,
            lambda row: told("fee", share=share[row], cost=cost[row]),
        )  # fmt: skip
    room, year = _year_room(docket)
    verdicts += [
        *cap(
            rules["kmo_year_cap"], days, where, room,
            lambda row: told("year", left=max(room[row], 0), year=year.iloc[row][:4]),
        ),
        *refuse(
            rules["kmo_minimum"], days, where & (cost < least),
            lambda row: told("least_fee", cost=cost[row], least=least[row]),
        ),
        *_who_and_what(docket),
        *_listed(docket, "kmo"),
    ]  # fmt: skip
    keys = ("kmo · " + year).where(pd.Series(where, cases.index))
    return verdicts, [Shared(rules["kmo_year_cap"], days, keys, room)]


def _share(docket: Docket) -> tuple[NDArray[np.int64], Mask]:
    """Return the share in basis points, and where it is the raised one."""
    cases, rules, days = docket.cases, docket.rules, docket.applied
    small = cases["size"].to_numpy() == _SMALL
    higher = rules["kmo_raised_share"]
    raised = higher.matches(days, cases["theme"], lambda cell, value: cell in value["themes"]) & higher.binds
    shares = [
        np.where(small, rules[name].basis_points(days, "small"), rules[name].basis_points(days, "medium"))
        for name in ("kmo_share", "kmo_raised_share")
    ]
    return np.where(raised, shares[1], shares[0]), raised


def _year_room(docket: Docket) -> "tuple[Cents, pd.Series[str]]":
    """Return the cents left to each undertaking in its calendar year of application, and year and name."""
    paid = granted_until(docket.ledger, docket.rules)
    paid = paid[paid["regime"].eq("kmo")]
    used = paid["cents"].groupby(_yearly(paid["granted_on"], paid["undertaking"])).sum()
    key = _yearly(docket.cases["applied_on"], docket.cases["undertaking"])
    ceiling = docket.rules["kmo_year_cap"].cents(docket.applied)
    return np.maximum(ceiling - key.map(used).fillna(0).to_numpy().astype(np.int64), 0), key


def _yearly(days: "pd.Series[pd.Timestamp]", names: "pd.Series[str]") -> "pd.Series[str]":
    return days.dt.year.astype(str) + " · " + names


def _who_and_what(docket: Docket) -> list[Verdict]:
    cases, rules, days, where = docket.cases, docket.rules, docket.applied, docket.where
    form = cases["legal_form"].str.lower()
    forms, mandatory = rules["kmo_legal_form"], rules["kmo_mandatory"]
    out, named = forms.matches(days, form, lambda cell, value: cell in value), form.tolist()
    required = (cases["mandatory"].to_numpy() == 1) & mandatory.holds(days)
    return [
        *refuse(forms, days, where & out, lambda row: told("legal_form", form=named[row])),
        *warn(forms, days, where & form.eq("").to_numpy(), lambda _: told("legal_form_unknown")),
        *refuse(mandatory, days, where & required, lambda _: told("course_required")),
    ]


def _listed(docket: Docket, regime: str) -> list[Verdict]:
    """Return refusals of courses whose instruments leave this one out, and warnings where none is named."""
    rule, days, cells = docket.rules[f"{regime}_listed"], docket.applied, docket.cases["instruments"]
    known = cells.ne("").to_numpy()
    on = rule.matches(days, cells, lambda cell, value: value in cell.split())
    course = docket.cases["course"].tolist()
    return [
        *refuse(rule, days, docket.where & known & ~on, lambda row: told("not_listed", course=course[row])),
        *warn(rule, days, docket.where & ~known, lambda row: told("instruments_unknown", course=course[row])),
    ]
