"""The columns of applications and grants that the law reads, declared as the canonical tables are.

They lie beside a region (folder ``funding``), not among its tables. Empty means unknown, never zero.
"""

from typing import Final

from forecasting.columns import Column, Table


def _money(name: str, meaning: str) -> Column:
    return Column(name, "number", "EUR", f"{meaning}, whole cents", 0, 1e9)


def _optional(name: str, kind: str, unit: str, meaning: str, low: float = 0, high: float = 1) -> Column:
    if kind == "number":
        return Column(name, "number", unit, meaning, low, high, required=False)
    return Column(name, "boolean" if kind == "boolean" else "text", unit, meaning, required=False)


_LINKED: Final = _optional(
    "single_undertaking", "text", "-", "name that linked undertakings share; else its own"
)

APPLICATIONS: Final = Table(
    "applications",
    ("id",),
    (
        Column("id", "code", "-", "stable id"),
        Column("undertaking", "code", "-", "pseudonymous id"),
        Column("size_class", "code", "-", "small, medium or large"),
        Column("course", "code", "-", "course applied for", refers_to="courses"),
        Column("participants", "integer", "persons", "persons to be trained", 1, 1e6),
        _money("cost_course", "fee, without VAT"),
        _money("cost_wages", "wages of trainees for the hours they take part"),
        _money("cost_travel", "travel and other costs of trainees"),
        Column("applied_on", "date", "date", "day of application"),
        Column("starts_on", "date", "date", "first day of the training"),
        _optional("regime", "text", "-", "legal basis: gber_31, de_minimis, sgei, vov or kmo"),
        _optional("instrument", "text", "-", "the same, where regime is not given: VOV, KMO"),
        _optional("vulnerable", "boolean", "-", "trainees are workers with disabilities or disadvantaged"),
        _optional("employment_fraction", "number", "share", "employment of the trainees over full time"),
        _optional("hours_per_week", "number", "hours a week", "hours the trainees work", 0, 100),
        _optional("joint_initiative", "boolean", "-", "training leave on joint initiative with the employer"),
        _optional("sector", "text", "-", "NACE code of the undertaking"),
        _optional("legal_form", "text", "-", "legal form: bv, nv, vzw"),
        _optional("project", "text", "-", "training project of the undertaking; else undertaking and course"),
        _optional("same_costs_as", "text", "-", "id of another application for the same cost items"),
        _LINKED,
        _optional("fte", "number", "persons", "full-time equivalents", 0, 1e7),
        _optional("turnover", "number", "EUR a year", "turnover", 0, 1e13),
        _optional("balance", "number", "EUR", "balance sheet total", 0, 1e13),
    ),
    "applications for aid",
)

GRANTS: Final = Table(
    "grants",
    ("id",),
    (
        Column("id", "code", "-", "stable id"),
        Column("undertaking", "code", "-", "pseudonymous id"),
        Column("regime", "code", "-", "legal basis: gber_31, de_minimis, sgei, vov, kmo or other"),
        _money("amount", "aid granted, gross"),
        Column("granted_on", "date", "date", "day on which the right to it was given"),
        _optional("application", "text", "-", "id of the application whose costs it pays"),
        _optional("cost_item", "text", "-", "column of the cost it pays; empty: any"),
        _LINKED,
    ),
    "aid received before",
)

COURSES: Final = Table(
    "courses",
    ("course",),
    (
        Column("course", "code", "-", "stable code"),
        _optional("hours", "number", "hours", "contact hours", 0, 1e4),
        _optional("credits", "number", "credits", "study credits", 0, 1e3),
        _optional("mandatory", "boolean", "-", "required by law"),
        _optional("instruments", "text", "-", "instruments that may fund it, separated by spaces"),
        _optional("theme", "text", "-", "theme that raises a share: cybersecurity, energy"),
    ),
    "what the law asks of a course (canonical table courses)",
)
