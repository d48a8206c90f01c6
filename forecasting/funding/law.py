"""Subsidy law as hard constraints: how much aid each application may lawfully get, and why not more.

Source: METHOD.md sections 7 and 8.5. Each rule is a small function beside its neighbours (``law_gber``,
``law_de_minimis``, ``law_flanders``); its figures, dates and articles are in ``law.yaml``. Law is a
constraint, not a preference: nothing here knows a weight.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.funding import law_de_minimis, law_flanders, law_gber
from forecasting.funding.law_cases import read_cases
from forecasting.funding.law_costs import Docket, days_of, docket
from forecasting.funding.law_findings import Shared, Verdict, cap, refuse, warn
from forecasting.funding.law_rules import Cents, Mask, Rule, Rulebook, load_rules
from forecasting.funding.law_sentences import Said, told
from forecasting.funding.law_sizes import sized

__all__ = ["Legal", "Rulebook", "constrain", "load_rules"]

Judge = Callable[[Docket], tuple[list[Verdict], list[Shared]]]

_JUDGES: Final[dict[str, Judge]] = {
    "gber_31": law_gber.judge,
    "de_minimis": law_de_minimis.judge,
    "sgei": law_de_minimis.judge,
    "vov": law_flanders.judge_vov,
    "kmo": law_flanders.judge_kmo,
}
_FINDINGS: Final = (
    "application",
    "rule",
    "version",
    "article",
    "kind",
    "detail",
    "detail_nl",
    "cents",
    "binding",
)
_NONE: Final = Verdict("", "warning", np.zeros(0, dtype=np.intp), np.array([], str), np.array([], str), [])
_KEPT: Final = ("undertaking", "single_undertaking", "project", "regime", "size_class")
_NO_LIMIT: Final = np.iinfo(np.int64).max
_INNERMOST_FIRST: Final = (
    *("double_financing", "gber_notification", "kmo_year_cap"),
    *("de_minimis_ceiling", "sgei_ceiling", "sgei_with_de_minimis"),
)
_ORDER: Final = {"refused": 0, "cap": 1, "notify": 2, "publish": 3, "warning": 4}


@dataclass(frozen=True)
class Legal:
    """What the law allows.

    Parameters
    ----------
    day : date
        Day of the decision.
    applications : DataFrame
        One row an application, in the order given: ``application, undertaking, single_undertaking, project,
        regime, size_class`` (the class that counts), ``eligible_cents`` and ``cap_cents`` (int64; the most
        aid that is lawful), ``refused`` (exactly where the cap is 0) and ``binding``: tuple of texts
        "rule, from version, article".
    groups : DataFrame
        Caps that applications share, only those that could bind: ``group, rule, version, article, cap_cents,
        members_cents`` (sum of the members' own caps) and ``members``.
    membership : DataFrame
        ``row`` (position in `applications`), ``application, group``: an application may be in several.
    findings : DataFrame
        ``application, rule, version, article, kind`` (refused, cap, notify, publish, warning), ``detail,
        detail_nl, cents`` (Int64, may be empty) and ``binding``: whether it sets the result. Of a refused
        application only refusals and warnings are kept.
    """

    day: dt.date
    applications: pd.DataFrame
    groups: pd.DataFrame
    membership: pd.DataFrame
    findings: pd.DataFrame

    def shared_caps(self) -> dict[str, tuple[list[str], dict[str, int]]]:
        """Return, for each rule that sets shared caps, the label of each application and the cap by label.

        Innermost first: costs, projects, years, undertakings. An application in no group has an empty label.
        """
        found = {}
        for rule in [rule for rule in _INNERMOST_FIRST if rule in set(self.groups["rule"])]:
            caps = self.groups[self.groups["rule"] == rule].set_index("group")["cap_cents"]
            inside = self.membership[self.membership["group"].isin(caps.index)]
            groups = dict(zip(inside["row"], inside["group"], strict=True))
            labels = [str(groups.get(row, "")) for row in range(len(self.applications))]
            found[rule] = (labels, {str(group): int(cents) for group, cents in caps.items()})
        return found


def constrain(
    applications: pd.DataFrame, grants: pd.DataFrame, courses: pd.DataFrame, rules: Rulebook, day: dt.date
) -> Legal:
    """Return the most aid that the law allows each application, alone and together: see `judged`.

    Parameters
    ----------
    applications, grants, courses : DataFrame
        Columns as in `forecasting.funding.law_columns`; amounts in euros with whole cents. Grants after the
        day do not count.
    rules : Rulebook
        Of the same day.
    day : date
        Day on which aid is granted: the windows of de minimis aid end on it.

    Raises
    ------
    InputError
        With every problem of the tables: unknown class or course, part of a cent, a day before a rule's.
    ForecastingError
        If the rulebook is of another day.

    Notes
    -----
    The rules are those in force on the day of application; aid under European law must also be granted while
    its regulation is in force. An application outside that is refused and the finding says so.
    """
    return judged(*read_cases(applications, grants, courses, rules), rules, day)


def judged(cases: pd.DataFrame, ledger: pd.DataFrame, rules: Rulebook, day: dt.date) -> Legal:
    """Return what the law allows cases that `forecasting.funding.law_cases.read_cases` has read."""
    if rules.day != day:
        raise ForecastingError(
            f"rules as of {rules.day}, decision on {day}; expected the same day. "
            "Do: load_rules of the day of the decision."
        )
    cases, verdicts = sized(cases, rules)
    eligible, shared = np.zeros(len(cases), dtype=np.int64), list[Shared]()
    for regime, judge in _JUDGES.items():
        asked = cases["regime"].eq(regime).to_numpy()
        if not asked.any():
            continue
        live, lapsed = _in_force(cases, rules, regime, asked)
        heard = docket(cases, ledger, rules, regime, live)
        found, together = judge(heard)
        verdicts += [*lapsed, *found, *_paid_once(heard)]
        shared += together
        eligible = np.where(asked, heard.eligible, eligible)
    return _result(cases, eligible, verdicts, shared, rules)


def _in_force(cases: pd.DataFrame, rules: Rulebook, regime: str, asked: Mask) -> tuple[Mask, list[Verdict]]:
    """Return which applications every rule of their legal basis covers, and refusals of the others."""
    days, live, verdicts = days_of(cases["applied_on"]), asked.copy(), list[Verdict]()
    today = np.full(len(cases), np.datetime64(rules.day, "D"))
    for rule in rules.of(regime):
        for what, when in (("applied", days), ("decided", today)):
            if what == "decided" and not _asks(rule, "granted_on"):
                continue
            ended = live & (rule.position(when) < 0) & (rule.latest(when) >= 0)
            verdicts += refuse(rule, when, ended, _ended(rule, what, when))
            live &= ~(ended & rule.binds)
    return live, verdicts


def _ended(
    rule: Rule, what: str, when: "np.ndarray[tuple[int], np.dtype[np.datetime64]]"
) -> Callable[[int], Said]:
    def detail(row: int) -> Said:
        last = rule.versions[int(rule.latest(when[row : row + 1])[0])].until
        return told("ended", what=what, day=when[row], last=last)

    return detail


def _asks(rule: Rule, what: str) -> bool:
    return any(isinstance(version.value, list) and what in version.value for version in rule.versions)


def _paid_once(heard: Docket) -> list[Verdict]:
    """Return the cap of what earlier aid left unpaid of the cost items; none eligible is a refusal.

    Under the block exemption its own rule of cumulation says so.
    """
    rule, which = heard.rules["double_financing"], heard.rules[f"{heard.regime}_costs"]
    left = law_gber.most_aid(heard.eligible, rule.basis_points(heard.applied)) - heard.prior
    costs, paid = heard.eligible, heard.prior
    open_ = heard.where & (not which.binds)
    unsure = warn(which, heard.applied, open_, lambda _: told("items_unverified"))
    if heard.regime == "gber_31":
        return unsure
    return unsure + cap(
        rule, heard.applied, heard.where, left,
        lambda row: told("paid_once", costs=costs[row], paid=paid[row]),
    )  # fmt: skip


def _result(
    cases: pd.DataFrame, eligible: Cents, verdicts: list[Verdict], shared: list[Shared], rules: Rulebook
) -> Legal:
    most, refused = eligible.copy(), np.zeros(len(cases), dtype=bool)  # aid never exceeds costs
    for verdict in verdicts:
        if verdict.kind == "refused":
            refused[verdict.rows] = True
        elif verdict.kind == "cap" and verdict.cents is not None:
            most[verdict.rows] = np.minimum(most[verdict.rows], verdict.cents)
    most = np.where(refused, 0, most)
    refused |= most <= 0
    shared = [*shared, _same_costs(cases, most, rules)]
    groups, membership, together = _groups(cases, most, shared)
    findings = _findings(cases, most, verdicts, together)
    result = pd.DataFrame(
        {
            "application": cases["id"],
            **{name: cases[name] for name in _KEPT},
            "eligible_cents": eligible,
            "cap_cents": most,
            "refused": refused,
            "binding": _binding(findings, len(cases)),
        }
    )
    return Legal(rules.day, result, groups, membership, findings.drop(columns="row"))


def _same_costs(cases: pd.DataFrame, most: Cents, rules: Rulebook) -> Shared:
    """Return the cap on applications for the same cost items: the most that one of them may get."""
    together = pd.Series(most, cases.index).groupby(cases["root"]).transform("max").to_numpy()
    keys = ("costs · " + cases["root"]).where(cases["root"].duplicated(keep=False))
    days = days_of(cases["applied_on"])
    return Shared(rules["double_financing"], days, keys, together)


def _groups(
    cases: pd.DataFrame, most: Cents, shared: Iterable[Shared]
) -> tuple[pd.DataFrame, pd.DataFrame, list[Verdict]]:
    """Return shared caps that could bind, who is in them, and a finding for each member."""
    groups, members, verdicts = [], [], list[Verdict]()
    for each in (each for each in shared if each.rule.binds):
        rows = np.flatnonzero(each.keys.notna().to_numpy() & (most > 0))
        table = pd.DataFrame({"row": rows, "group": each.keys.to_numpy()[rows]})
        table = table.assign(cap=each.cents[rows], own=most[rows])
        by_group = table.groupby("group")
        totals = by_group.agg(cap_cents=("cap", "min"), members_cents=("own", "sum"), members=("row", "size"))
        totals = totals[(totals["members_cents"] > totals["cap_cents"]) & (totals["members"] > 1)]
        table = table[table["group"].isin(totals.index)]
        where, limit, count = (
            np.zeros(len(cases), dtype=bool),
            most.copy(),
            np.zeros(len(cases), dtype=np.int64),
        )
        where[table["row"]] = True
        limit[table["row"]] = table["group"].map(totals["cap_cents"])
        count[table["row"]] = table["group"].map(totals["members"])
        verdicts += cap(each.rule, each.days, where, limit, _sharing(limit, count))
        first = table.groupby("group")["row"].min().loc[totals.index].to_numpy()
        version, article = each.rule.cited(each.days[first])
        groups.append(totals.reset_index().assign(rule=each.rule.name, version=version, article=article))
        members.append(table[["row", "group"]].assign(application=cases["id"].to_numpy()[table["row"]]))
    columns = ["group", "rule", "version", "article", "cap_cents", "members_cents", "members"]
    found = pd.concat(groups, ignore_index=True)[columns].sort_values("group", ignore_index=True)
    inside = pd.concat(members, ignore_index=True)[["row", "application", "group"]]
    return found, inside.sort_values(["row", "group"], ignore_index=True), verdicts


def _sharing(limit: Cents, count: Cents) -> Callable[[int], Said]:
    return lambda row: told("sharing", count=count[row], limit=limit[row])


def _findings(
    cases: pd.DataFrame, most: Cents, verdicts: list[Verdict], together: list[Verdict]
) -> pd.DataFrame:
    """Return the findings in the order of the applications, refusals first; see `Legal`."""
    parts = [verdict.table().assign(shared=False) for verdict in verdicts]
    parts += [verdict.table().assign(shared=True) for verdict in together]
    found = pd.concat(parts, ignore_index=True) if parts else _NONE.table().assign(shared=False)
    rows = found["row"].to_numpy(dtype=np.intp)
    kept = (most[rows] > 0) | found["kind"].isin(["refused", "warning"]).to_numpy()
    found, rows = found[kept], rows[kept]
    sets = found["kind"].eq("cap") & (found["shared"] | (found["cents"].fillna(_NO_LIMIT) <= most[rows]))
    found = found.assign(
        application=cases["id"].to_numpy()[rows], binding=(sets | found["kind"].eq("refused")).astype(bool)
    )
    order = np.lexsort((found["rule"], found["kind"].map(_ORDER), rows))
    return found.iloc[order][["row", *_FINDINGS]].reset_index(drop=True)


def _binding(findings: pd.DataFrame, count: int) -> list[tuple[str, ...]]:
    """Return for each application the rules that set its result, as cited."""
    binds = findings[findings["binding"]]
    cited = [
        f"{rule}, from {version}, {article}"
        for rule, version, article in zip(binds["rule"], binds["version"], binds["article"], strict=True)
    ]
    bounds = np.searchsorted(binds["row"].to_numpy(dtype=np.intp), np.arange(count + 1))
    return [tuple(dict.fromkeys(cited[a:b])) for a, b in pairwise(bounds)]
