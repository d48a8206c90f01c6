"""Courses on offer, and fictitious applications and grants: much is useful, some double or beside the point.

Everything is invented; undertakings are numbers.
"""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.sources.simulation.catalogue import TRANSVERSAL, Array
from forecasting.sources.simulation.world import World

_PROVIDERS: Final = (
    *("Avondschool Noordland", "CVO De Sprong", "Opleidingshuis Zuid", "Campus Maan", "Sectorfonds Bouw"),
    *(
        "Sectorfonds Zorg",
        "Hogeschool Sterre",
        "Leerwerkplaats Oost",
        "Digitale School",
        "Vormingscentrum West",
    ),
)
_LEVELS: Final = (("Basis", 24.0, 80.0), ("Verdieping", 48.0, 160.0), ("Praktijk", 80.0, 400.0))
"""Name, and least and most hours."""
_MANDATORY: Final = (
    "veilig werken",
    "voedselveiligheid (HACCP)",
    "ADR-goederen vervoeren",
    "AREI-voorschriften",
)
_USELESS: Final = 0.08
_DOUBLE: Final = 0.07
_UNTAUGHT: Final = 0.12
"""Share of skills that no course teaches: gaps without courses."""
_SIZES: Final = (("small", 0.6), ("medium", 0.27), ("large", 0.13))
_APPLICATIONS: Final = 0.75
_GRANTS: Final = 0.5
"""Applications and grants for each course on offer."""


def courses(world: World) -> pd.DataFrame:
    """Return the catalogue of courses."""
    draw, count = world.streams.at("courses"), world.settings.courses
    skills, codes = world.listed.skills, world.listed.occupations["code"].to_numpy()
    asked = world.profiles.at(world.settings.base_year)
    pull = np.where(asked.sum(axis=0) > 0, np.sqrt(asked.sum(axis=0)), 0)
    pull = pull * np.where(draw.random(len(skills)) < _UNTAUGHT, 0, 1)
    pull = np.where(skills["marks"].str.contains("d"), 1.4 * pull, pull)
    rows: list[dict[str, object]] = []
    for number in range(1, count + 1):
        if rows and draw.random() < _DOUBLE:
            again = dict(rows[int(draw.integers(len(rows)))])
            again |= {
                "provider": str(draw.choice(_PROVIDERS)),
                "price": _price(float(str(again["hours"])), draw),
            }
            rows.append(again | {"course": f"C{number:04d}"})
            continue
        main = int(draw.choice(len(skills), p=pull / pull.sum()))
        rows.append({"course": f"C{number:04d}"} | _course(main, asked, pull, world, codes, draw))
    return pd.DataFrame(rows)


def _course(
    main: int,
    asked: Array,
    pull: Array,
    world: World,
    codes: "np.ndarray[tuple[int], np.dtype[np.str_]]",
    draw: np.random.Generator,
) -> dict[str, object]:
    """Return one course about a skill, with some that go with it, for the occupations that ask it most."""
    skills = world.listed.skills
    title, low, high = _LEVELS[int(draw.integers(len(_LEVELS)))]
    label = str(skills["label_nl"].iloc[main])
    hours = float(np.round(draw.uniform(low, high) / 4) * 4)
    beside = skills["family"].to_numpy() == skills["family"].iloc[main]
    near = np.flatnonzero(beside & (pull > 0) & (np.arange(len(skills)) != main))
    more = draw.permutation(near)[: int(draw.integers(0, 4))]
    useless = draw.random() < _USELESS
    taught = [] if useless else sorted({main, *more.tolist()})
    wide = skills["family"].iloc[main] == TRANSVERSAL
    best = np.argsort(-asked[:, main], kind="stable")[: int(draw.integers(1, 4 if not wide else 3))]
    targets = [] if wide and draw.random() < 0.5 else sorted(codes[best].tolist())
    instruments = " ".join(name for name, chance in (("VOV", 0.7), ("KMO", 0.5)) if draw.random() < chance)
    return {
        "title": f"{title}: {label}" if not useless else f"Inspiratiedag: {label}",
        "provider": str(draw.choice(_PROVIDERS)),
        "hours": 8.0 if useless else hours,
        "price": _price(hours, draw),
        "skills": " ".join(skills["code"].to_numpy()[taught]),
        "occupations": " ".join(targets),
        "mandatory": bool(label in _MANDATORY or draw.random() < 0.03),
        "instruments": instruments,
    }


def _price(hours: float, draw: np.random.Generator) -> float:
    return float(np.round(hours * draw.lognormal(np.log(11), 0.5) / 5) * 5)


def applications(world: World, offered: pd.DataFrame) -> pd.DataFrame:
    """Return fictitious applications for aid in the year after the base year."""
    draw, year = world.streams.at("applications"), world.settings.base_year + 1
    count = int(_APPLICATIONS * len(offered))
    chosen = offered.iloc[draw.integers(0, len(offered), count)].reset_index(drop=True)
    people = 1 + draw.poisson(4, count)
    begin = pd.Timestamp(f"{year}-02-01") + pd.to_timedelta(draw.integers(0, 240, count), unit="D")
    asked = pd.to_timedelta(draw.integers(-20, 90, count), unit="D")  # some begin before they asked: no aid
    sizes = [name for name, _ in _SIZES]
    fee = (chosen["price"] * people).round(2)
    return pd.DataFrame(
        {
            "id": [f"A{number:05d}" for number in range(1, count + 1)],
            "undertaking": [f"SIM-U{number:05d}" for number in draw.integers(1, max(count // 2, 2), count)],
            "size_class": draw.choice(sizes, count, p=[share for _, share in _SIZES]),
            "region": draw.choice(list(world.listed.regions), count),
            "course": chosen["course"],
            "participants": people,
            "cost_course": fee,
            "cost_wages": (people * chosen["hours"] * draw.uniform(18, 45, count)).round(2),
            "cost_travel": (people * draw.uniform(0, 60, count)).round(2),
            "applied_on": (begin - asked).strftime("%Y-%m-%d"),
            "starts_on": begin.strftime("%Y-%m-%d"),
        }
    )


def grants(world: World, applied: pd.DataFrame) -> pd.DataFrame:
    """Return fictitious aid that the same undertakings got in three years before: de minimis and other."""
    draw, base = world.streams.at("grants"), world.settings.base_year
    count = int(_GRANTS * len(applied))
    granted = pd.Timestamp(f"{base - 2}-01-01") + pd.to_timedelta(draw.integers(0, 3 * 365, count), unit="D")
    return pd.DataFrame(
        {
            "id": [f"G{number:05d}" for number in range(1, count + 1)],
            "undertaking": draw.choice(applied["undertaking"].to_numpy(), count),
            "regime": draw.choice(["de_minimis", "gber_31"], count, p=[0.7, 0.3]),
            "amount": draw.lognormal(np.log(9000), 1.1, count).round(2),
            "granted_on": granted.strftime("%Y-%m-%d"),
        }
    )
