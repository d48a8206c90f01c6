"""Tables for the tests of the law: one application under each legal basis, and random ones."""

import datetime as dt
import random
from typing import Any

import pandas as pd

from forecasting.funding.law import Legal
from forecasting.funding.law_cases import ITEMS

DAY = dt.date(2026, 6, 30)
BASE: dict[str, Any] = {
    "id": "A1",
    "undertaking": "U1",
    "size_class": "small",
    "region": "R1",
    "course": "C1",
    "participants": 4,
    "cost_course": 4000.0,
    "cost_wages": 5000.0,
    "cost_travel": 1000.0,
    "applied_on": "2026-03-01",
    "starts_on": "2026-04-01",
    "regime": "gber_31",
    "legal_form": "bv",
    "employment_fraction": 1.0,
    "hours_per_week": 38.0,
}
COURSES = pd.DataFrame(
    {
        "course": ["C1", "C2", "C3", "C4", "C5"],
        "title": ["Lassen", "Veilig werken", "Cyber", "Inspiratiedag", "Zorg"],
        "hours": [40.0, 40.0, 200.0, 8.0, None],
        "mandatory": [False, True, False, False, None],
        "instruments": ["VOV KMO", "VOV KMO", "VOV KMO", "KMO", ""],
        "theme": ["", "", "cybersecurity", "energy", ""],
    }
)
NO_GRANTS = pd.DataFrame({"id": [], "undertaking": [], "regime": [], "amount": [], "granted_on": []})


def asked(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return applications like `BASE` with these changes, numbered A1, A2 and on."""
    return pd.DataFrame([BASE | {"id": f"A{number}"} | row for number, row in enumerate(rows, start=1)])


def granted(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return grants to undertaking U1 of €1,000 de minimis aid with these changes."""
    base = {"undertaking": "U1", "regime": "de_minimis", "amount": 1000.0, "granted_on": "2025-01-01"}
    return pd.DataFrame([base | {"id": f"G{number}"} | row for number, row in enumerate(rows, start=1)])


def greedy(legal: Legal) -> int:
    """Return the most aid for all together: caps filled in order, each within what its groups have left."""
    left = dict(zip(legal.groups["group"], legal.groups["cap_cents"].astype(int), strict=True))
    inside: dict[int, list[str]] = {}
    for row, group in zip(legal.membership["row"], legal.membership["group"], strict=True):
        inside.setdefault(int(row), []).append(group)
    total = 0
    for row, most in enumerate(legal.applications["cap_cents"].astype(int)):
        given = min([most, *(left[group] for group in inside.get(row, []))])
        for group in inside.get(row, []):
            left[group] -= given
        total += given
    return total


def random_tables(seed: int, count: int = 20) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return applications and grants of a few undertakings, amounts near the ceilings among them."""
    draw = random.Random(seed)
    rows, grants = [], []
    for _ in range(count):
        regime = draw.choice(["gber_31", "gber_31", "de_minimis", "de_minimis", "sgei", "vov", "kmo"])
        begin = dt.date(2025, 9, 5) + dt.timedelta(draw.randrange(290))
        scale = draw.choice([0.01, 1, 5] if regime in {"vov", "kmo"} else [1, 10, 1000])
        rows.append(
            {
                "undertaking": f"U{draw.randrange(max(count // 5, 2))}",
                "regime": regime,
                "size_class": draw.choice(["small", "medium", "large"]),
                "course": draw.choice(COURSES["course"].tolist()),
                "participants": draw.randrange(1, 9),
                **{item: round(draw.uniform(0, 4000) * scale, 2) for item in ITEMS},
                "applied_on": begin.isoformat(),
                "starts_on": (begin + dt.timedelta(draw.randrange(-3, 30))).isoformat(),
                "vulnerable": draw.choice([True, False, None]),
                "employment_fraction": draw.choice([0.5, 0.8, 0.9, 1.0, None]),
                "hours_per_week": draw.choice([20.0, 30.0, 38.0]),
                "joint_initiative": draw.choice([True, False]),
                "legal_form": draw.choice(["bv", "vzw", "nv"]),
                "same_costs_as": "",
            }
        )
    for row in rows[1:]:
        if row["undertaking"] == rows[0]["undertaking"] and draw.random() < 0.5:
            row["same_costs_as"] = "A1"
    for _ in range(count):
        of = draw.randrange(count)
        linked = draw.random() < 0.4
        grants.append(
            {
                "undertaking": rows[of]["undertaking"],
                "regime": draw.choice(["gber_31", "de_minimis", "sgei", "kmo", "other"]),
                "amount": round(draw.choice([10, 500, 3000, 120000]) * draw.random(), 2),
                "granted_on": (dt.date(2022, 6, 1) + dt.timedelta(draw.randrange(1600))).isoformat(),
                "application": f"A{of + 1}" if linked else "",
                "cost_item": draw.choice(["", "cost_course", "cost_wages"]) if linked else "",
            }
        )
    return asked(*rows), granted(*grants)
