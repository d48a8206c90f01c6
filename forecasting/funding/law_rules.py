"""The rulebook: each rule of subsidy law with its dated versions, articles and status, from ``law.yaml``.

Source: METHOD.md section 7. A rule is one entry of the file; its version is the first day of the value.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.parameters import FOLDER, STATUSES, read_declared

Cents = NDArray[np.int64]
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Words = NDArray[np.str_]

REGIMES: Final = ("gber_31", "de_minimis", "sgei", "vov", "kmo")
LAW: Final = FOLDER / "law.yaml"
WHOLE: Final = 10_000
"""Basis points in a whole: shares are counted in them, so that no cent hangs on a float."""

_EXACT: Final = 1e-6
_COSTS: Final = ("cost_course", "cost_wages", "cost_travel")
_SIZED: Final = {
    "enterprise_size": {"small": {"fte", "turnover", "balance"}, "medium": {"fte", "turnover", "balance"}},
    "gber_31_intensity": {"base", "medium", "small", "vulnerable", "cap"},
    "de_minimis_ceiling": {"ceiling", "years"},
    "sgei_ceiling": {"ceiling", "years"},
    "sgei_with_de_minimis": {"ceiling", "years"},
    "vov_minimum": {"hours", "credits"},
    "vov_employment": {"fraction", "hours_per_week"},
    "vov_wage_cap": {"month", "hours_a_month"},
    "kmo_share": {"small", "medium"},
    "kmo_raised_share": {"small", "medium", "themes"},
}
"""Keys of rules whose value is a mapping."""

_NUMBERS: Final = [
    "gber_incentive_effect",
    "gber_notification",
    "gber_publication",
    "gber_cumulation",
    "de_minimis_cumulation",
    "double_financing",
    "vov_forfait",
    "vov_right",
    "vov_joint_initiative",
    "kmo_year_cap",
    "kmo_minimum",
]
_LISTS: Final = [
    "gber_validity",
    "gber_31_costs",
    "de_minimis_validity",
    "de_minimis_costs",
    "de_minimis_sectors",
    "sgei_validity",
    "sgei_costs",
    "vov_costs",
    "kmo_costs",
    "kmo_legal_form",
]
_OTHERS: Final = ["gber_31_mandatory", "de_minimis_register", "vov_listed", "kmo_listed", "kmo_mandatory"]
NAMES: Final = (*_SIZED, *_NUMBERS, *_LISTS, *_OTHERS)
"""Rules that the law modules apply: each must be in the file."""


@dataclass(frozen=True)
class Version:
    """A rule's value from its first day to its last, if one is set, both included."""

    start: dt.date
    until: dt.date | None
    value: Any
    article: str
    reference: str


@dataclass(frozen=True)
class Rule:
    """One rule of law with its versions, oldest first.

    Parameters
    ----------
    name : str
        Entry of ``law.yaml``.
    regimes : tuple of str
        Legal bases under which it holds (`REGIMES`).
    unit, status, description : str
        As declared; an ``unverified`` rule warns and never binds.
    versions : tuple of Version
        Those with a first day on or before the rulebook's day.
    """

    name: str
    regimes: tuple[str, ...]
    unit: str
    status: str
    description: str
    versions: tuple[Version, ...]

    @property
    def binds(self) -> bool:
        """Whether the rule may refuse or cap."""
        return self.status != "unverified"

    def latest(self, days: Days) -> NDArray[np.int64]:
        """Return the position of the version that began last on or before each day, -1 before the first."""
        starts = np.array([version.start for version in self.versions], dtype="datetime64[D]")
        return np.searchsorted(starts, days, side="right").astype(np.int64) - 1

    def position(self, days: Days) -> NDArray[np.int64]:
        """Return the position of the version in force on each day, -1 where there is none."""
        ends = np.array([version.until or dt.date.max for version in self.versions], dtype="datetime64[D]")
        latest = self.latest(days)
        return np.where((latest >= 0) & (days <= ends[latest]), latest, -1)

    def scaled(self, days: Days, key: str | None = None, *, scale: int = 1) -> NDArray[np.int64]:
        """Return the value in force on each day as whole numbers, times `scale`; 0 where there is none.

        Raises
        ------
        ForecastingError
            If a value is no whole number after scaling: a tenth of a cent, a hundredth of a basis point.
        """
        values = [version.value if key is None else version.value[key] for version in self.versions]
        return np.array([*(self._whole(value, scale) for value in values), 0], dtype=np.int64)[
            self.position(days)
        ]

    def cents(self, days: Days, key: str | None = None) -> Cents:
        """Return an amount in euros as cents on each day."""
        return self.scaled(days, key, scale=100)

    def basis_points(self, days: Days, key: str | None = None) -> NDArray[np.int64]:
        """Return a share in basis points on each day."""
        return self.scaled(days, key, scale=WHOLE)

    def holds(self, days: Days, test: Callable[[Any], bool] = bool) -> Mask:
        """Return where `test` of the value in force is true, by default the value itself."""
        return np.array([*(test(version.value) for version in self.versions), False])[self.position(days)]

    def matches(self, days: Days, cells: "pd.Series[str]", test: Callable[[str, Any], bool]) -> Mask:
        """Return where `test(cell, value in force)` is true; each distinct cell is tested once a version."""
        which, names = pd.factorize(cells)
        table = [[test(name, version.value) for version in self.versions] + [False] for name in names]
        held = np.array(table, dtype=bool).reshape(len(names), len(self.versions) + 1)
        return np.asarray(held[which, self.position(days)])

    def cited(self, days: Days) -> tuple[Words, Words]:
        """Return version and article to cite for each day; after the last version, the last."""
        at = np.maximum(self.latest(days), 0)
        starts = np.array([version.start.isoformat() for version in self.versions])
        return starts[at], np.array([version.article for version in self.versions])[at]

    def _whole(self, value: float, scale: int) -> int:
        whole = round(value * scale)
        if abs(value * scale - whole) > _EXACT:
            raise ForecastingError(
                f"law.yaml, {self.name}: found {value}; expected at most {len(str(scale)) - 1} decimals. "
                "Do: correct the value."
            )
        return whole


@dataclass(frozen=True)
class Rulebook:
    """The rules as known on one day.

    Parameters
    ----------
    day : date
        Later versions are left out: a replay sees the law of its day.
    rules : mapping of str to Rule
        By name.
    default_regime : str
        Legal basis of an application that names none.
    """

    day: dt.date
    rules: Mapping[str, Rule]
    default_regime: str

    def __getitem__(self, name: str) -> Rule:
        """Return a rule."""
        return self.rules[name]

    def of(self, regime: str) -> list[Rule]:
        """Return the rules of a legal basis, its validity first."""
        found = [rule for rule in self.rules.values() if regime in rule.regimes]
        return sorted(found, key=lambda rule: (not rule.name.endswith("_validity"), rule.name))

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return every version of every rule, for the trace of an allocation."""
        return {
            name: {
                "status": rule.status,
                "unit": rule.unit,
                "regimes": list(rule.regimes),
                "versions": [
                    {
                        "from": version.start.isoformat(),
                        "until": version.until.isoformat() if version.until else None,
                        "value": version.value,
                        "article": version.article,
                        "reference": version.reference,
                    }
                    for version in rule.versions
                ],
            }
            for name, rule in sorted(self.rules.items())
        }


def load_rules(day: dt.date, path: Path = LAW) -> Rulebook:
    """Read the rules of law as known on a day.

    Parameters
    ----------
    day : date
        Day of the decision.
    path : Path
        File of rules.

    Raises
    ------
    InputError
        With every rule that is missing, has no reference or article, overlaps itself in time, or has a
        value of another shape.

    Examples
    --------
    >>> rules = load_rules(dt.date(2026, 11, 22))
    >>> rules["gber_notification"].cents(np.array(["2023-06-30", "2023-07-01"], dtype="datetime64[D]"))
    array([200000000, 300000000])
    """
    declared = read_declared(path)
    problems = list(_problems(path.name, declared, day))
    if problems:
        raise InputError(problems)
    rules = {name: _rule(name, declared[name], day) for name in NAMES}
    default = [value["value"] for value in declared["default_regime"]["values"] if value["from"] <= day]
    return Rulebook(day, rules, str(default[-1]))


def _rule(name: str, entry: Mapping[str, Any], day: dt.date) -> Rule:
    versions = tuple(
        Version(each["from"], each.get("until"), each["value"], each["article"], each["reference"])
        for each in entry["values"]
        if each["from"] <= day
    )
    return Rule(name, tuple(entry["regimes"]), entry["unit"], entry["status"], entry["description"], versions)


def _problems(file: str, declared: Mapping[str, Any], day: dt.date) -> list[Problem]:
    problems = []
    for name in (*NAMES, "default_regime"):
        if name not in declared:
            remedy = "restore the entry; a rule that should not bind gets the status unverified"
            problems.append(Problem(file, f"no rule {name}", "every rule that the law modules apply", remedy))
            continue
        entry = declared[name]
        if name != "default_regime":
            problems += _of_entry(file, name, entry)
        if all(value["from"] > day for value in entry["values"]):
            given = f"{name} only from {entry['values'][0]['from']}, the day is {day}"
            remedy = "give a later day, or add the version that held on it"
            problems.append(Problem(file, given, "a version that began on or before the day", remedy))
    return problems


def _of_entry(file: str, name: str, entry: Mapping[str, Any]) -> list[Problem]:
    problems = []
    if not set(entry.get("regimes") or ["none"]) <= set(REGIMES):
        given, remedy = f"{name} with regimes {entry.get('regimes')}", "correct its regimes"
        problems.append(Problem(file, given, f"some of {', '.join(REGIMES)}", remedy))
    if entry.get("status") not in STATUSES:
        given, remedy = f"{name} with status {entry.get('status')}", "correct its status"
        problems.append(Problem(file, given, f"one of {', '.join(STATUSES)}", remedy))
    for value in entry["values"]:
        said = f"{name} from {value['from']}"
        if not str(value.get("article") or "").strip():
            problems.append(Problem(file, f"{said} without an article", "what is cited", "add its article"))
        expected = _shape(name, value.get("value"))
        if expected:
            given = f"{said} with value {value.get('value')!r}"
            problems.append(Problem(file, given, expected, "correct the value"))
    return problems


def _shape(name: str, value: Any) -> str:
    """Return what a value should have been, empty where it is that."""
    if name in _SIZED and (not isinstance(value, dict) or set(value) != set(_SIZED[name])):
        return f"the keys {', '.join(sorted(_SIZED[name]))}"
    if name in _NUMBERS and not _figure(value):
        return "a number, 0 or more"
    if name in _LISTS and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        return "a list of text"
    if name.endswith("_costs") and not set(value) <= set(_COSTS):
        return f"some of {', '.join(_COSTS)}"
    leaves = [leaf for leaf in value.values() if not isinstance(leaf, list | dict)] if name in _SIZED else []
    return "" if all(_figure(leaf) for leaf in leaves) else "figures, 0 or more"


def _figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
