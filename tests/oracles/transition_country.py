"""A made-up country of sixteen occupations in eight groups, as a snapshot would publish it."""

from typing import Any

import numpy as np
import pandas as pd

ISCO = "ISCO-08 (made up)"
GROUPS = ("21", "22", "31", "41", "51", "71", "72", "81")
OCCUPATIONS = tuple(f"{group}{number}1" for group in GROUPS for number in (1, 2))
UNKNOWN = "9999"
SKILLS = tuple(f"s{number:02d}" for number in range(30))


def declared_occupations() -> pd.DataFrame:
    """Return the classification: unit groups under sub-major groups, major groups and the root."""
    parents = {code: code[:2] for code in (*OCCUPATIONS, UNKNOWN)}
    parents |= {code[:2]: code[0] for code in parents}
    parents |= {code[0]: "TOTAL" for code in list(parents)} | {"TOTAL": ""}
    codes = list(parents)
    labels = ["" if code == "2111" else f"Job {code}" for code in codes]
    return pd.DataFrame({"code": codes, "parent": [parents[code] for code in codes], "label_en": labels})


def skill_profiles() -> pd.DataFrame:
    """Return profiles of which those of a group are alike, moving over the longer window."""
    random, rows = np.random.default_rng(4), []
    for group in GROUPS:
        common = np.where(random.random(len(SKILLS)) < 0.5, random.random(len(SKILLS)), 0)
        common[:5] = 0.6
        for occupation in (code for code in OCCUPATIONS if code.startswith(group)):
            asked = np.clip(common + np.where(common > 0, random.normal(0, 0.2, len(SKILLS)), 0), 0, 1)
            rows += [
                (occupation, skill, years, p, p * (1 + 0.02 * years), 0.5 + (number % 2) / 2)
                for number, (skill, p) in enumerate(zip(SKILLS, asked.tolist(), strict=True))
                for years in (1, 5)
                if p > 0
            ]
    return pd.DataFrame(rows, columns=["occupation", "skill", "horizon", "asked_now", "asked", "importance"])


def gaps() -> pd.DataFrame:
    rows = [
        (region, occupation, "baseline", years, 2025, 2025 + years, occupation == "TOTAL", chance)
        for region, shift in (("R1", 0.0), ("R2", 0.3))
        for years in (1, 5)
        for number, occupation in enumerate((*OCCUPATIONS, UNKNOWN, "TOTAL"))
        for chance in [np.nan if number == 2 else min(1.0, shift + 0.06 * number + 0.02 * years)]
    ]
    key = ["region", "occupation", "scenario", "horizon", "from_year", "to_year"]
    table = pd.DataFrame(rows, columns=[*key, "aggregate", "probability_of_shortage"])
    return pd.concat([table, table.assign(scenario="slow", probability_of_shortage=1.0)], ignore_index=True)


def tables(**others: Any) -> dict[str, pd.DataFrame]:
    numbers = np.arange(len(SKILLS))
    skills = pd.DataFrame({"code": SKILLS, "label_en": [f"skill {number}" for number in numbers]})
    skills = skills.assign(
        green=numbers % 3 == 0, digital=pd.array([None, *(numbers % 5 == 1)[1:]], "boolean")
    )
    courses = pd.DataFrame(
        {
            "course": [f"C{number:02d}" for number in range(15)],
            "hours": [20.0 + 4 * number for number in range(14)] + [np.nan],
            "skills": [f"s{2 * number:02d} s{(2 * number + 1) % 30:02d}" for number in range(15)],
        }
    )
    given = {"occupations": declared_occupations(), "skills": skills, "courses": courses}
    return given | {"skill_profiles": skill_profiles(), "gaps": gaps()} | others


def window(region: str = "R2", horizon: int = 5) -> pd.DataFrame:
    found = gaps()
    return found[
        (found["region"] == region) & (found["horizon"] == horizon) & (found["scenario"] == "baseline")
    ]


def most_asked(occupation: str, count: int) -> list[str]:
    mine = skill_profiles()
    mine = mine[(mine["occupation"] == occupation) & (mine["horizon"] == 1)]
    return mine.nlargest(count, "asked_now")["skill"].tolist()
