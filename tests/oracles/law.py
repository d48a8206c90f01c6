"""Subsidy law, application by application, in plain loops and fractions: the most aid, alone and together."""

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor, isnan
from pathlib import Path
from typing import Any

import yaml

Row = Mapping[str, Any]
ITEMS = ("cost_course", "cost_wages", "cost_travel")


def law_of(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def at(law: Row, name: str, day: dt.date) -> Any:
    """Return the value in force on a day, None where there is none."""
    found = None
    for value in law[name]["values"]:
        if value["from"] <= day:
            found = None if "until" in value and value["until"] < day else value["value"]
    return found


def exact(number: float) -> Fraction:
    return Fraction(str(number))


def cents(euros: float) -> int:
    return int(exact(round(euros, 2)) * 100)


def years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


class _Court:
    """What the law allows on one day, given everything asked and everything granted before."""

    def __init__(
        self, asked: Sequence[Row], granted: Sequence[Row], offered: Sequence[Row], law: Row, day: dt.date
    ):
        self.asked, self.law, self.day = asked, law, day
        self.granted = [grant for grant in granted if grant["granted_on"] <= day]
        self.courses = {course["course"]: course for course in offered}
        self.roots = {row["id"]: row["same_costs_as"] or row["id"] for row in asked}

    def value(self, name: str, row: Row) -> Any:
        return at(self.law, name, row["applied_on"])

    def eligible(self, row: Row) -> int:
        return sum(cents(row[item]) for item in self.value(f"{row['regime']}_costs", row))

    def prior(self, row: Row) -> int:
        items = self.value(f"{row['regime']}_costs", row)
        return sum(
            cents(grant["amount"])
            for grant in self.granted
            if self.roots.get(grant["application"]) == self.roots[row["id"]]
            and (grant["cost_item"] == "" or grant["cost_item"] in items)
        )

    def project(self, row: Row) -> tuple[str, str]:
        return row["undertaking"], row["course"]

    def paid_on_project(self, row: Row) -> int:
        inside = {self.roots[other["id"]] for other in self.asked if self.project(other) == self.project(row)}
        return sum(cents(g["amount"]) for g in self.granted if self.roots.get(g["application"]) in inside)

    def intensity(self, row: Row) -> Fraction:
        rates = {name: exact(rate) for name, rate in self.value("gber_31_intensity", row).items()}
        share = rates["base"] + rates.get(row["size_class"], Fraction(0)) * (row["size_class"] != "large")
        return min(share + rates["vulnerable"] * bool(row["vulnerable"]), rates["cap"])

    def used(self, row: Row, regime: str, years: int) -> int:
        return sum(
            cents(grant["amount"])
            for grant in self.granted
            if grant["regime"] == regime
            and grant["undertaking"] == row["undertaking"]
            and years_before(self.day, years) < grant["granted_on"] <= self.day
        )

    def room(self, row: Row) -> int:
        rule = at(self.law, f"{row['regime']}_ceiling", self.day)
        return rule["ceiling"] * 100 - self.used(row, row["regime"], rule["years"])

    def room_this_year(self, row: Row) -> int:
        year = row["applied_on"].year
        same = [g for g in self.granted if g["regime"] == "kmo" and g["undertaking"] == row["undertaking"]]
        paid = sum(cents(grant["amount"]) for grant in same if grant["granted_on"].year == year)
        return cents(self.value("kmo_year_cap", row)) - paid

    def most(self, row: Row) -> int:
        """Return the most aid for an application by itself, 0 where it is refused."""
        rules = {"gber_31": self.gber, "vov": self.vov, "kmo": self.kmo}
        return max(rules.get(row["regime"], self.small)(row), 0)

    def gber(self, row: Row) -> int:
        if at(self.law, "gber_validity", self.day) is None or self.value("gber_validity", row) is None:
            return 0
        if self.courses[row["course"]]["mandatory"] is True or row["applied_on"] >= row["starts_on"]:
            return 0
        exempt = cents(self.value("gber_notification", row)) - self.paid_on_project(row)
        return min(floor(self.eligible(row) * self.intensity(row)) - self.prior(row), exempt)

    def small(self, row: Row) -> int:
        most = min(self.eligible(row) - self.prior(row), self.room(row))
        root = self.roots[row["id"]]
        exempted = any(self.roots[o["id"]] == root and o["regime"] == "gber_31" for o in self.asked) or any(
            g["regime"] == "gber_31" and self.roots.get(g["application"]) == root for g in self.granted
        )
        if exempted and row["regime"] == "de_minimis":
            most = min(most, floor(self.eligible(row) * self.intensity(row)) - self.prior(row))
        return most

    def vov(self, row: Row) -> int:
        work, hourly = self.value("vov_employment", row), self.value("vov_forfait", row)
        course = self.courses[row["course"]]
        least, fraction = self.value("vov_minimum", row), row["employment_fraction"]
        if hourly is None or work is None or isnan(course["hours"]) or isnan(fraction):
            return 0
        if course["hours"] < least["hours"] or exact(fraction) < exact(work["fraction"]):
            return 0
        if row["hours_per_week"] < work["hours_per_week"] or (
            course["instruments"] and "VOV" not in course["instruments"].split()
        ):
            return 0
        right = self.value("vov_right", row) * exact(fraction)
        if row["joint_initiative"]:
            right *= self.value("vov_joint_initiative", row)
        minutes = floor(min(exact(course["hours"]), right) * 60)
        pay = floor(row["participants"] * Fraction(minutes, 60) * exact(hourly) * 100)
        return min(pay, self.eligible(row) - self.prior(row))

    def kmo(self, row: Row) -> int:
        course, fee = self.courses[row["course"]], self.eligible(row)
        if row["size_class"] == "large" or row["legal_form"] in self.value("kmo_legal_form", row):
            return 0
        if fee < cents(self.value("kmo_minimum", row)):
            return 0
        if course["instruments"] and "KMO" not in course["instruments"].split():
            return 0
        shares = self.value("kmo_raised_share", row)
        if course["theme"] not in shares["themes"]:
            shares = self.value("kmo_share", row)
        return min(
            floor(fee * exact(shares[row["size_class"]])), fee - self.prior(row), self.room_this_year(row)
        )

    def together(self) -> dict[frozenset[str], int]:
        """Return each set of applications that a shared cap could bind, with the cap."""
        most = {row["id"]: self.most(row) for row in self.asked}
        groups: dict[tuple[Any, ...], tuple[int, set[str]]] = {}
        for row in self.asked:
            if not most[row["id"]]:
                continue
            root = self.roots[row["id"]]
            same = [other for other in most if self.roots[other] == root]
            shared = [(("costs", root), max(most[other] for other in same))] if len(same) > 1 else []
            if row["regime"] == "gber_31":
                exempt = cents(self.value("gber_notification", row)) - self.paid_on_project(row)
                shared.append((("project", *self.project(row)), exempt))
            if row["regime"] in {"de_minimis", "sgei"}:
                shared.append(((row["regime"], row["undertaking"]), self.room(row)))
            if row["regime"] == "kmo":
                shared.append((("kmo", row["undertaking"], row["applied_on"].year), self.room_this_year(row)))
            for key, limit in shared:
                before, members = groups.get(key, (limit, set()))
                groups[key] = (min(before, limit), members | {row["id"]})
        return {
            frozenset(members): limit
            for limit, members in groups.values()
            if len(members) > 1 and sum(most[name] for name in members) > limit
        }


def court(
    asked: Sequence[Row], granted: Sequence[Row], offered: Sequence[Row], law: Row, day: dt.date
) -> _Court:
    """Return the law of one day before these applications, grants and courses."""
    return _Court(asked, granted, offered, law, day)
