"""The region's classifications, and what experts and registers say of skills and bottlenecks."""

from typing import Final

import numpy as np
import pandas as pd

from forecasting.sources.simulation.catalogue import AGGREGATE, read_table
from forecasting.sources.simulation.revision import Revision
from forecasting.sources.simulation.world import World
from forecasting.vocabulary import TOTAL

Tables = dict[str, pd.DataFrame]

_EXPERTS_YEAR: Final = 4
"""Years that the experts' list is behind the base year."""
_LISTED: Final = 0.12
"""Chance of being asked from which experts list a skill."""
_ASKED: Final = 120
"""Job seekers per occupation whose skills a register knows."""
_BOTTLENECK_YEARS: Final = 6
_STRAIN: Final = (1.15, 0.95)
"""Vacancies over seekers, relative to the middle, above which an occupation gets on the list, and stays."""


def classifications(world: World, changed: Revision) -> Tables:
    """Return ``occupations, skills, sectors, fields, regions, concordance``, retired codes included."""
    listed = world.listed
    sectors = listed.sectors[["code", "label_nl", "label_en"]].assign(parent=TOTAL, level=1)
    root = {"code": TOTAL, "parent": "", "level": 0}
    all_sectors = pd.DataFrame([root | {"label_nl": "Alle sectoren", "label_en": "All sectors"}])
    markets = pd.DataFrame({"code": listed.regions, "parent": AGGREGATE, "level": 1, "role": "market"})
    markets["label_nl"] = [f"{place} (gesimuleerd)" for place in listed.places]
    markets["label_en"] = [f"{place} (simulated)" for place in listed.places]
    whole = {"code": AGGREGATE, "parent": "", "level": 0, "role": "aggregate"}
    whole |= {"label_nl": "Simulatieland (gesimuleerd)", "label_en": "Simulatia (simulated)"}
    return {
        "occupations": occupations(world, changed),
        "skills": _skills(world, changed),
        "sectors": pd.concat([all_sectors, sectors], ignore_index=True),
        "fields": listed.fields[["code", "label_nl", "label_en"]].assign(parent="", level=0),
        "regions": pd.concat([pd.DataFrame([whole]), markets], ignore_index=True),
        "concordance": changed.concordance(),
    }


def occupations(world: World, changed: Revision) -> pd.DataFrame:
    """Return occupations under their ISCO groups, and retired ones."""
    jobs, groups = world.listed.occupations, read_table("groups")
    isco = jobs["isco"].astype(str)
    used = set(isco.str[0]) | set(isco.str[:2])
    groups = groups[groups["code"].isin(used)]
    groups = groups.assign(parent=groups["code"].str[:-1].replace("", TOTAL), level=groups["code"].str.len())
    split = world.settings.variants > 1
    leaves = jobs[["code", "label_nl", "label_en"]].assign(
        parent=isco if split else isco.str[:2], level=4 if split else 3
    )
    parts = [groups, leaves]
    if split:
        whole = read_table("occupations")
        parts.append(whole.assign(parent=whole["code"].str[:2], level=3))
    old = changed.occupations.drop_duplicates("old_code")["old_code"]
    retired = pd.DataFrame({"code": old, "parent": old.str[:2], "level": 3})
    retired = retired.assign(label_nl="Vervallen beroep " + old, label_en="Retired occupation " + old)
    root = {"code": TOTAL, "parent": "", "level": 0}
    top = pd.DataFrame([root | {"label_nl": "Alle beroepen", "label_en": "All occupations"}])
    return pd.concat([top, *parts, retired], ignore_index=True)


def _skills(world: World, changed: Revision) -> pd.DataFrame:
    table = world.listed.skills
    marks = table["marks"]
    current = table[["code", "label_nl", "label_en"]].assign(
        kind=np.where(marks.str.contains("k"), "knowledge", "skill"),
        green=marks.str.contains("g"),
        digital=marks.str.contains("d"),
    )
    old = pd.Series(changed.skills["old_code"].unique())
    first = changed.skills.drop_duplicates("old_code")["new_code"].map(current.set_index("code")["label_en"])
    retired = pd.DataFrame({"code": old, "kind": "skill", "green": False, "digital": False})
    retired["label_en"] = "Retired: " + first.reset_index(drop=True)
    retired["label_nl"] = "Vervallen: " + old
    return pd.concat([current, retired], ignore_index=True).assign(parent="", level=0)


def occupation_skills(world: World) -> pd.DataFrame:
    """Return the experts' list: some years old, a few skills missing, a few too many."""
    year, draw = world.settings.base_year - _EXPERTS_YEAR, world.streams.at("experts")
    judged = world.profiles.at(year) * np.exp(draw.normal(0, 0.25, world.curves.ceiling.shape))
    stray = draw.random(judged.shape) < 0.004
    seen = ((judged > _LISTED) & (draw.random(judged.shape) < 0.92)) | stray
    core = (world.curves.importance > 0.9) ^ (draw.random(judged.shape) < 0.08)
    rows, places = np.nonzero(seen)
    return pd.DataFrame(
        {
            "occupation": world.listed.occupations["code"].to_numpy()[rows],
            "skill": world.listed.skills["code"].to_numpy()[places],
            "relation": np.where(core[rows, places], "essential", "optional"),
            "weight": np.clip(judged[rows, places].astype(float), 0.05, 1).round(3),
        }
    )


def jobseeker_skills(world: World) -> pd.DataFrame:
    """Return what registered job seekers say they can do: a sample, a little too favourable, with gaps."""
    base, draw, curves = world.settings.base_year, world.streams.at("registered"), world.curves
    held = sum(world.profiles.held(curves, source, base, base)[0] for source in ("short", "long")) / 2
    said = draw.binomial(_ASKED, np.clip(held + 0.03 * (held > 0), 0, 1)) / _ASKED
    asked = (world.profiles.at(base) > 0.02) & (draw.random(said.shape) < 0.95)
    rows, places = np.nonzero(asked)
    return pd.DataFrame(
        {
            "occupation": world.listed.occupations["code"].to_numpy()[rows],
            "skill": world.listed.skills["code"].to_numpy()[places],
            "share": said[rows, places].round(4),
        }
    )


def bottlenecks(world: World) -> pd.DataFrame:
    """Return a list as officials make one: vacancies over job seekers; who is on it stays a while."""
    first, base = world.settings.first_year, world.settings.base_year
    mean = {
        name: world.past.mean(name)[:, 0].sum(axis=2)
        for name in ("vacancies", "entrant_pool", "short", "long")
    }
    filled = world.past.flow("filled")[:, 0].sum(axis=2)
    seekers = mean["entrant_pool"] + mean["short"] + mean["long"]
    strain = mean["vacancies"] / np.maximum(seekers, 1)
    strain = strain * np.exp(world.streams.at("officials").normal(0, 0.15, strain.shape))
    relative = strain / np.median(strain)
    days = mean["vacancies"] / np.maximum(filled / 12, 1e-9)
    heavy = world.listed.occupations["conditions"].to_numpy(dtype=float) < -0.35
    codes, listed, frames = world.listed.occupations["code"].to_numpy(), np.zeros(strain.shape[1], bool), []
    for year in range(base - _BOTTLENECK_YEARS + 1, base + 1):
        now = relative[year - first]
        listed = (now > _STRAIN[0]) | (listed & (now > _STRAIN[1]))
        slow = days[year - first] > np.median(days[year - first])
        few = seekers[year - first] < mean["vacancies"][year - first] * 2
        causes = [
            " ".join(
                name
                for name, holds in (("quantitative", a), ("qualitative", b), ("working conditions", c))
                if holds
            )
            or "qualitative"
            for a, b, c in zip(few, slow & ~few, heavy, strict=True)
        ]
        told = np.where(listed, np.array(causes, dtype=object), "")
        frames.append(pd.DataFrame({"year": year, "occupation": codes, "listed": listed, "causes": told}))
    return pd.concat(frames, ignore_index=True)
