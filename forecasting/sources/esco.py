"""ESCO: ISCO-08 groups as occupations, its skills, and the skills that the jobs of a two-digit group ask.

Rules in ``esco.yaml``.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from forecasting.sources.canonical import canonical
from forecasting.sources.files import gather, load, read_csv, unzip
from forecasting.vocabulary import TOTAL

CLASSIFICATION_FILE: Final = "esco/esco_v1.1.1_classification_en.zip"
RELATIONS_FILE: Final = "esco/esco_v1.1.1_relations.zip"
GROUPS_NL_FILE: Final = "esco/esco_v1.2.0_ISCOGroups_nl.csv"
SKILL_GROUPS_NL_FILE: Final = "esco/esco_v1.2.0_skillGroups_nl.csv"
FILES: Final = (CLASSIFICATION_FILE, RELATIONS_FILE, GROUPS_NL_FILE, SKILL_GROUPS_NL_FILE)

_UNIT: Final = 4
_SUB_MAJOR: Final = 2
_DECIMALS: Final = 6
_KINDS: Final = {"skill/competence": "skill", "knowledge": "knowledge"}
_FIELD: Final = r"/isced-f/(0\d|10)$"


@dataclass(frozen=True)
class Raw:
    """ESCO's files, verbatim: the columns used, all text.

    Parameters
    ----------
    groups, groups_nl : DataFrame
        ``code, preferredLabel`` of the ISCO-08 groups.
    titles : DataFrame
        ``conceptUri, iscoGroup`` of the ESCO occupations; the group is a four-digit unit group.
    skills : DataFrame
        ``conceptUri, skillType, preferredLabel``.
    green, digital : DataFrame
        ``conceptUri`` of the skills in the two collections.
    relations : DataFrame
        ``occupationUri, relationType, skillUri``.
    fields, fields_nl : DataFrame
        ``conceptUri, preferredLabel`` of the skill groups, ISCED-F fields among them.
    """

    groups: pd.DataFrame
    groups_nl: pd.DataFrame
    titles: pd.DataFrame
    skills: pd.DataFrame
    green: pd.DataFrame
    digital: pd.DataFrame
    relations: pd.DataFrame
    fields: pd.DataFrame
    fields_nl: pd.DataFrame


def read(folder: Path) -> Raw:
    """Read ESCO's bundles and the Dutch labels.

    Raises
    ------
    InputError
        With the problems of all files and members.
    """
    classes = folder / CLASSIFICATION_FILE
    label = ("conceptUri", "preferredLabel")
    relation = ("occupationUri", "relationType", "skillUri")
    frames = gather(
        {
            "groups": lambda: _member(classes, "ISCOGroups_en.csv", "code", "preferredLabel"),
            "groups_nl": lambda: _file(folder / GROUPS_NL_FILE, "code", "preferredLabel"),
            "titles": lambda: _member(classes, "occupations_en.csv", "conceptUri", "iscoGroup"),
            "skills": lambda: _member(classes, "skills_en.csv", *label, "skillType"),
            "green": lambda: _member(classes, "greenSkillsCollection_en.csv", "conceptUri"),
            "digital": lambda: _member(classes, "digitalSkillsCollection_en.csv", "conceptUri"),
            "relations": lambda: _member(folder / RELATIONS_FILE, "occupationSkillRelations.csv", *relation),
            "fields": lambda: _member(classes, "skillGroups_en.csv", *label),
            "fields_nl": lambda: _file(folder / SKILL_GROUPS_NL_FILE, *label),
        }
    )
    return Raw(**frames)


def _member(path: Path, name: str, *columns: str) -> pd.DataFrame:
    return read_csv(unzip(path, name), f"{path.name}/{name}", columns)


def _file(path: Path, *columns: str) -> pd.DataFrame:
    return read_csv(load(path), path.name, columns)


def occupations(raw: Raw, used: Collection[str]) -> pd.DataFrame:
    """Return the canonical table ``occupations``: TOTAL, one digit, two digits.

    Parameters
    ----------
    raw : Raw
        As returned by `read`.
    used : collection of str
        Two-digit groups to keep; their parents come along.
    """
    codes = sorted({code[:length] for code in used for length in (1, _SUB_MAJOR)})
    english = raw.groups.set_index("code")["preferredLabel"]
    dutch = raw.groups_nl.set_index("code")["preferredLabel"]
    rows = pd.DataFrame(
        {
            "code": codes,
            "parent": [code[:-1] or TOTAL for code in codes],
            "level": [len(code) for code in codes],
            "label_nl": dutch.reindex(codes).to_numpy(),
            "label_en": english.reindex(codes).to_numpy(),
        }
    )
    root = pd.DataFrame({"code": [TOTAL], "level": [0], "label_nl": ["Totaal"], "label_en": ["Total"]})
    return canonical("occupations", pd.concat([root, rows], ignore_index=True))


def skills(raw: Raw) -> pd.DataFrame:
    """Return the canonical table ``skills``: every skill and knowledge concept, English labels only.

    The code is the last part of the concept's URI. Skill groups are left out, so all stand at level 0.
    """
    rows = raw.skills
    frame = pd.DataFrame(
        {
            "code": _code(rows["conceptUri"]),
            "level": 0,
            "label_en": rows["preferredLabel"],
            "kind": rows["skillType"].map(_KINDS),
            "green": rows["conceptUri"].isin(raw.green["conceptUri"]),
            "digital": rows["conceptUri"].isin(raw.digital["conceptUri"]),
        }
    )
    return canonical("skills", frame)


def fields(raw: Raw) -> pd.DataFrame:
    """Return the canonical table ``fields``: the broad fields of ISCED-F 2013, coded as Eurostat does."""
    labels = {}
    for language, rows in (("label_en", raw.fields), ("label_nl", raw.fields_nl)):
        number = rows["conceptUri"].str.extract(_FIELD)[0]
        labels[language] = pd.Series(rows["preferredLabel"].to_numpy(), "F" + number).loc[
            lambda s: s.index.notna()
        ]
    frame = pd.DataFrame(labels).rename_axis("code").reset_index()
    return canonical("fields", frame.assign(level=0))


def units_with_titles(raw: Raw) -> list[str]:
    """Return the ISCO-08 unit groups that hold at least one ESCO occupation."""
    return sorted(set(raw.titles["iscoGroup"]))


def unit_groups(raw: Raw) -> list[str]:
    """Return all ISCO-08 unit groups."""
    return sorted(code for code in raw.groups["code"] if len(code) == _UNIT)


def occupation_skills(raw: Raw, weights: "pd.Series[float]", used: Collection[str]) -> pd.DataFrame:
    """Return the canonical table ``occupation_skills``: weighted, not a count of titles.

    Parameters
    ----------
    raw : Raw
        As returned by `read`.
    weights : Series of float
        Share of each unit group in the jobs of its two-digit group (`forecasting.sources.bls.unit_weights`).
    used : collection of str
        Two-digit groups to keep; one without ESCO occupations (63) gets no row.

    Notes
    -----
    A title carries its unit group's weight over the number of titles there. ``essential`` with the weight of
    the titles for which the skill is essential, if any; else ``optional`` with the weight of those for which
    it is optional.
    """
    titles = raw.titles[raw.titles["iscoGroup"].str[:_SUB_MAJOR].isin(used)]
    unit = titles["iscoGroup"]
    weight = unit.map(weights) / unit.groupby(unit).transform("size")
    by_title = pd.DataFrame(
        {"occupationUri": titles["conceptUri"], "occupation": unit.str[:_SUB_MAJOR], "weight": weight}
    )
    asked = raw.relations.merge(by_title, on="occupationUri")
    sums = asked.groupby(["occupation", "skillUri", "relationType"])["weight"].sum().reset_index()
    chosen = sums.sort_values(["occupation", "skillUri", "relationType"], kind="stable")
    chosen = chosen.drop_duplicates(["occupation", "skillUri"])  # "essential" sorts before "optional"
    return canonical(
        "occupation_skills",
        pd.DataFrame(
            {
                "occupation": chosen["occupation"],
                "skill": _code(chosen["skillUri"]),
                "relation": chosen["relationType"],
                "weight": chosen["weight"].round(_DECIMALS).clip(upper=1.0),
            }
        ),
    )


def _code(uris: "pd.Series[str]") -> "pd.Series[str]":
    return uris.str.rsplit("/", n=1).str[-1]
