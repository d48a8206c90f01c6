"""Part `transitions`: all moves between ESCO's occupations, thresholds, and a spot table to be judged."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.parameters import load_parameters
from forecasting.series.panel import Array
from forecasting.skill_distance import SkillProfiles, coverage, listed_profiles, thresholds
from forecasting.sources.esco import CLASSIFICATION_FILE, RELATIONS_FILE
from forecasting.sources.files import read_csv, unzip
from forecasting.transition_ground import Ground, ground
from forecasting.transitions import transitions_table
from tests.benchmarks.report import Verdict, markdown, verdict_lines

SECONDS: Final = 30.0
SPOTS: Final = (
    "welder",
    "secretary",
    "cargo vehicle driver",
    "nurse assistant",
    "shop assistant",
    "bank teller",
)
COURSES: Final = 2_000
MINOR: Final = 3
"""Digits of an ISCO minor group."""

OTHERS: Final = 300_000
"""Pairs of different minor groups that are drawn to stand beside the related ones."""


@dataclass(frozen=True)
class Titles:
    """ESCO's occupations.

    Parameters
    ----------
    profiles : SkillProfiles
    facts : DataFrame
        ``occupation, label, isco, group, subgroup``, in the order of the profiles.
    labels : Series of str
        Names of the skills, by code.
    """

    profiles: SkillProfiles
    facts: pd.DataFrame
    labels: "pd.Series[str]"


def read_titles(shared: Path) -> Titles:
    """Read ESCO v1.1.1: every occupation, by its ESCO code.

    The group is the ISCO unit group; the subgroup the broad occupation at ESCO's fifth level: 7212.3 for
    7212.3.4. A relation of an occupation that the classification does not list is left out (67 rows of one).
    """
    zipped, linked = shared / CLASSIFICATION_FILE, shared / RELATIONS_FILE
    named = ("conceptUri", "preferredLabel")
    titles = _member(zipped, "occupations_en.csv", (*named, "iscoGroup", "code"))
    skills = _member(zipped, "skills_en.csv", named)
    asked = _member(linked, "occupationSkillRelations.csv", ("occupationUri", "relationType", "skillUri"))
    code = titles.set_index("conceptUri")["code"]
    asked = asked[asked["occupationUri"].isin(code.index)]
    table = pd.DataFrame(
        {
            "occupation": asked["occupationUri"].map(code),
            "skill": _tail(asked["skillUri"]),
            "relation": asked["relationType"],
            "weight": 1.0,
        }
    )
    facts = pd.DataFrame(
        {
            "occupation": titles["code"],
            "label": titles["preferredLabel"].str.strip(),
            "isco": titles["iscoGroup"],
            "group": titles["iscoGroup"],
            "subgroup": titles["code"].str.split(".").str[:2].str.join("."),
        }
    ).sort_values("occupation", ignore_index=True)
    labels = pd.Series(skills["preferredLabel"].to_numpy(), _tail(skills["conceptUri"])).sort_index()
    importance = load_parameters()["importance"]
    profiles = listed_profiles(table, facts["occupation"].tolist(), labels.index.tolist(), importance)
    return Titles(profiles, facts, labels)


def _member(path: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    return read_csv(unzip(path, name), f"{path.name}/{name}", columns)


def _tail(uris: "pd.Series[str]") -> "pd.Series[str]":
    return uris.str.rsplit("/", n=1).str[-1]


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del until  # of Job-SDF
    titles = read_titles(shared)
    begun = time.perf_counter()
    base = ground(titles.profiles, titles.facts, load_parameters())
    seconds = time.perf_counter() - begun
    table = transitions_table(base)
    whole = time.perf_counter() - begun
    begun = time.perf_counter()
    transitions_table(
        ground(titles.profiles, titles.facts, load_parameters(), courses=made_up(titles.profiles))
    )
    trained = time.perf_counter() - begun
    pairs = len(titles.facts) ** 2
    return [
        f"ESCO v1.1.1: {len(titles.facts):,} occupations, {len(titles.profiles.asked):,} relations, "
        f"{pairs:,} pairs. Coverage and thresholds {seconds:.1f} s; with the five best destinations of each "
        f"{whole:.1f} s; with {COURSES:,} made-up courses that close the difference {trained:.1f} s.",
        "",
        "**Thresholds on this taxonomy**: mean of the group means less one standard deviation.",
        "",
        *markdown(_threshold_rows(base.bounds)),
        *_spread(base, table),
        "**Does it help to weight a skill by its rarity?** AUC: chance that two occupations of one minor "
        "group, but not of one unit group, are nearer than two of different minor groups.",
        "",
        *markdown(rarity(titles)),
        "**Spot table**: the nearest destinations within one skill level; coverage there / back.",
        "",
        *markdown(spot_table(titles, base)),
        *verdict_lines(
            [Verdict("all ESCO occupations", f"under {SECONDS:.0f} s", f"{trained:.1f} s", trained < SECONDS)]
        ),
    ]


def made_up(profiles: SkillProfiles) -> pd.DataFrame:
    """Return courses that each teach skills of one occupation; no public table says what courses teach."""
    random = np.random.default_rng(1)
    taught = []
    for occupation in random.integers(0, len(profiles.occupations), COURSES).tolist():
        asked = profiles.skill[profiles.entries(occupation)]
        some = random.choice(asked, min(len(asked), random.integers(3, 16)), replace=False)
        taught.append(" ".join(profiles.skills[skill] for skill in some.tolist()))
    hours = random.integers(8, 400, COURSES)
    return pd.DataFrame({"course": [f"C{n:04d}" for n in range(COURSES)], "hours": hours, "skills": taught})


def _threshold_rows(bounds: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "class": bounds["class"],
            "groups of two or more": bounds["groups"].map("{:,}".format),
            "mean": bounds["mean"].map("{:.3f}".format),
            "standard deviation": bounds["standard_deviation"].map("{:.3f}".format),
            "threshold": bounds["threshold"].map("{:.3f}".format),
            "pairs within": bounds["pairs"].map("{:,}".format),
            "of them at or above": bounds["passing"].map("{:.0%}".format),
        }
    )


def _spread(base: Ground, table: pd.DataFrame) -> list[str]:
    """Say how many destinations an origin has, and how unlike the two directions are."""
    found = base.coverage.copy()
    np.fill_diagonal(found, np.nan)
    viable, highly = (found >= base.viable).sum(axis=1), (found >= base.highly_viable).sum(axis=1)
    upper = np.triu_indices(len(found), 1)
    there, back = found[upper], found.T[upper]
    either = np.maximum(there, back) >= base.viable
    one_way = (np.minimum(there, back) < base.viable)[either].mean()
    without = table["destination"].isna().sum()
    return [
        f"Viable destinations of an origin: median {np.median(viable):.0f} (highly viable "
        f"{np.median(highly):.0f}) of {len(found) - 1:,}, before any filter; {without} origins have none "
        "within one skill level. Of the pairs that are viable in a direction, "
        f"{one_way:.0%} are so in one only.",
        "",
    ]


def rarity(titles: Titles) -> pd.DataFrame:
    """Return how well coverage tells related occupations, with and without weight on rare skills."""
    profiles = titles.profiles
    asking = np.bincount(profiles.skill, minlength=len(profiles.skills))[profiles.skill]
    rare = np.log(len(profiles.occupations) / asking) / np.log(len(profiles.occupations))
    share = profiles.asked / np.bincount(profiles.occupation)[profiles.occupation]
    concentrated = share / (asking / len(profiles.asked)) > 1  # revealed comparative advantage
    weights = {
        "importance alone (chosen)": 1.0,
        "times log(n / occupations asking) / log(n)": rare,
        "times one over occupations asking": 1 / asking,
        "only where RCA > 1": concentrated,
    }
    return pd.DataFrame(
        [
            _rarity_row(name, replace(profiles, importance=profiles.importance * weight), titles.facts)
            for name, weight in weights.items()
        ]
    )


def _rarity_row(name: str, profiles: SkillProfiles, facts: pd.DataFrame) -> dict[str, str]:
    found = coverage(profiles)
    unit = pd.factorize(facts["isco"])[0]
    minor = pd.factorize(facts["isco"].str[:MINOR])[0]
    related = (minor[:, None] == minor) & (unit[:, None] != unit)
    apart = np.random.default_rng(1).integers(0, len(facts), (2, OTHERS))
    apart = apart[:, minor[apart[0]] != minor[apart[1]]]
    bounds = thresholds(found, facts.to_dict("list"), load_parameters()["transition_rule"])
    nearest = np.argsort(-np.where(np.eye(len(facts), dtype=bool), -1, found), axis=1, kind="stable")[:, :5]
    return {
        "weight of a skill": name,
        "AUC": f"{_auc(found[related], found[apart[0], apart[1]]):.3f}",
        "nearest five in the same minor group": f"{(minor[nearest] == minor[:, None]).mean():.0%}",
        "most often a nearest": f"{np.bincount(nearest.ravel()).max()}",
        "viable": f"{bounds['threshold'][0]:.3f}",
        "highly viable": f"{bounds['threshold'][1]:.3f}",
    }


def _auc(inside: Array, outside: Array) -> float:
    """Return the chance that a value of the first is larger than one of the second, ties by half."""
    ranks = pd.Series(np.concatenate([inside, outside])).rank().to_numpy()
    return float((ranks[: len(inside)].mean() - (len(inside) + 1) / 2) / len(outside))


def spot_table(titles: Titles, base: Ground) -> pd.DataFrame:
    """Return the nearest viable destinations of a few occupations, all and outside their unit group."""
    label, unit = titles.facts["label"].tolist(), titles.facts["isco"].to_numpy()
    rows = []
    for name in SPOTS:
        at = label.index(name)
        viable = (base.coverage[at] >= base.viable) & (np.abs(base.level - base.level[at]) <= 1)
        viable[at] = False
        told = []
        for allowed in (viable, viable & (unit != unit[at])):
            order = np.argsort(-np.where(allowed, base.coverage[at], -1), kind="stable")[:5]
            told.append(
                ", ".join(
                    f"{label[to]} ({base.coverage[at, to]:.2f} / {base.coverage[to, at]:.2f})"
                    for to in order[allowed[order]].tolist()
                )
            )
        rows.append({"from": name, "nearest": told[0], "nearest of another unit group": told[1]})
    return pd.DataFrame(rows)
