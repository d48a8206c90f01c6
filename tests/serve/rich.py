"""A release with every kind of table in it, for the addresses that answer from tables."""

import json

import pandas as pd

from forecasting.parameters import load_parameters
from forecasting.published import PUBLISHED
from forecasting.records import chained
from forecasting.transition_answers import transition_tables
from tests.oracles.transition_country import ISCO
from tests.oracles.transition_country import tables as country

PLACE = {"region": "BE2", "scenario": "baseline", "horizon": 5, "from_year": 2025, "to_year": 2030}
TENTH = 0.1 + 0.2
"""0.30000000000000004: a number that shows whether the last digit survives."""


def row(table, **known):
    """Return a row with what is known, null elsewhere."""
    return {column.name: None for column in PUBLISHED[table].columns} | known


def fill(frames):
    """Add rows to the usual tables."""
    add(
        frames,
        "shrinking_jobs",
        {"occupation": "A", "answer": "yes", "probability": TENTH, "base": 1e5 / 3, "why": "A shrinks."},
        {"occupation": "B", "answer": "abstain", "reason": "confidential", "why": "B is small."},
    )
    second = {"answer": "no", "rank": 2.0, "shortage_p50": 1.5, "state": "balanced"}
    first = {"answer": "yes", "rank": 1.0, "shortage_p50": 9e9, "state": "shortage"}
    shortages = ({"occupation": "A", "why": "A.", **second}, {"occupation": "B", "why": "B.", **first})
    add(frames, "shortages", *shortages)
    trainable = {"answer": "trainable", "trainable_p50": 7.0}
    add(frames, "training_response", {"occupation": "A", "why": "A.", **trainable})
    add(frames, "weights", {"occupation": "A", "ground": "band", "weight": 1.25, "why": "A", "why_nl": "A"})
    add(frames, "skill_weights", {"skill": "s1", "ground": "band", "weight": 0.75, "why": "s", "why_nl": "s"})
    emerging = [
        row("emerging_skills", skill="s1", direction="emerging", log_odds_p50=0.4, persistent=True, why="s"),
        row("emerging_skills", skill="s2", direction="fading", log_odds_p50=-0.4, persistent=True, why="s"),
    ]
    frames["emerging_skills"] = pd.DataFrame(emerging)
    frames["concordance"] = pd.DataFrame(
        [
            row(
                "concordance",
                classification="occupations",
                old_code="OLD",
                new_code=code,
                weight=0.5,
                valid_from="2020-01-01",
            )
            for code in ("A", "B")
        ]
    )
    other = frames["gaps"].query("horizon == 5").assign(scenario="green", score=0.9, state="shortage")
    frames["gaps"] = pd.concat([frames["gaps"].assign(state="balanced"), other], ignore_index=True)
    frames["gaps"].loc[frames["gaps"]["occupation"] == "A", "qualitative"] = TENTH
    return frames


def add(frames, table, *rows):
    """Replace a table by rows of the usual place."""
    declared = {column.name for column in PUBLISHED[table].columns}
    place = {name: value for name, value in PLACE.items() if name in declared}
    frames[table] = pd.DataFrame([row(table, **place, **known) for known in rows])


NUMBERS = (TENTH, -1e-300, 1e22 / 3)
"""Figures of which a careless writer loses the last digit."""

DAY = "2026-11-22"
TEXT = 'a "quoted", é\nsecond line; =1+1 \u202e\U0001f600'
CODES = {"region": ("BE2", "BE"), "occupation": ("A", "B"), "destination": ("B", "A"), "skill": ("s1", "s2")}
CODES |= {"scenario": ("baseline",) * 2, "reason": (None, "confidential")}


def fill_rest(frames):
    """Add two rows to every table that has none: one of awkward numbers and texts, one of nulls."""
    for name, table in PUBLISHED.items():
        if name not in frames or frames[name].empty:
            rows = [{column.name: _awkward(table, column, at) for column in table.columns} for at in (0, 1)]
            frames[name] = pd.DataFrame(rows)
    return frames


def _awkward(table, column, at):
    if column.name in CODES and column.kind != "number":
        return CODES[column.name][at]
    if column.name not in table.key and at and column.kind != "code":
        return None
    number = NUMBERS[sum(map(ord, column.name)) % len(NUMBERS)]
    kinds = {"integer": at + 5, "number": number * (at + 1), "boolean": True, "date": DAY}
    kinds |= {"text": TEXT}
    return kinds.get(column.kind, f"{column.name} {at}")


def abroad(frames):
    """Put the made-up country of sixteen occupations into the usual tables."""
    given = country()
    told = transition_tables(given, ISCO, load_parameters())
    for name in ("occupations", "skills", "courses", "gaps", "skill_profiles"):
        rows = given[name].astype(object).where(given[name].notna(), None).to_dict("records")
        frames[name] = pd.DataFrame([row(name, **known) for known in rows])
    frames["regions"] = pd.DataFrame(
        [row("regions", code=code, level=0, label_en=code, role="market") for code in ("R1", "R2")]
    )
    frames["gaps"] = frames["gaps"].assign(state="balanced", reliability="good", backtest="no", why="none")
    return frames | told


def log(store, *entries):
    """Write a log of promotions and point to the last."""
    path = store.root / "promotions.jsonl"
    path.unlink(missing_ok=True)
    for number, (release, version, moment) in enumerate(entries):
        entry = {"release": release, "version": version, "promoted_at": moment, "why": f"number {number}"}
        path.write_bytes(chained(path, entry))
    release, version, moment = entries[-1]
    store.point(json.dumps({"release": release, "version": version, "promoted_at": moment}))
