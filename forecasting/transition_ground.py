"""What is known of occupations to go to: profiles, thresholds, level, wage, shortage and courses.

NumPy and pandas only, so that the service may import it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters
from forecasting.retraining import Offer, offer
from forecasting.series.panel import Array
from forecasting.skill_distance import SkillProfiles, coverage, thresholds
from forecasting.vocabulary import COLLECTIONS, TOTAL

FACTS: Final = ("occupation", "label", "isco", "group", "subgroup", "level", "wage")


@dataclass(frozen=True)
class Ground:
    """What is known of the occupations, ready to be looked up by position.

    Parameters
    ----------
    profiles : SkillProfiles
        Of the destinations.
    coverage : ndarray of shape (occupations, occupations)
        As `coverage` returns of them.
    viable, highly_viable : float
        Coverage from which a destination is so; NaN where unknown.
    isco : tuple of str
        ISCO-08 code of each, of any length; empty if none.
    level, wage, shortage : ndarray of shape (occupations,)
        Level, wage and probability of shortage; NaN where unknown.
    offered : Offer or None
        None where there is no table of courses.
    collections : mapping of str to ndarray of bool, shape (skills,)
        Which skills are in each collection; unknown is not inside.
    bounds : DataFrame
        As `thresholds` returns: to be published beside the destinations.
    names, skill_names : mapping of str to str
        English labels of occupations and skills by code, for sentences; one without a label is absent.
    parameters : Parameters
    """

    profiles: SkillProfiles
    coverage: Array
    viable: float
    highly_viable: float
    isco: tuple[str, ...]
    level: Array
    wage: Array
    shortage: Array
    offered: Offer | None
    collections: Mapping[str, NDArray[np.bool_]]
    bounds: pd.DataFrame
    names: Mapping[str, str]
    skill_names: Mapping[str, str]
    parameters: Parameters


def ground(
    profiles: SkillProfiles,
    facts: pd.DataFrame,
    parameters: Parameters,
    *,
    gaps: pd.DataFrame | None = None,
    courses: pd.DataFrame | None = None,
    skills: pd.DataFrame | None = None,
    bounds: pd.DataFrame | None = None,
) -> Ground:
    """Bring together what transitions need.

    Parameters
    ----------
    profiles : SkillProfiles
        Of all occupations.
    facts : DataFrame
        One row per occupation: ``occupation, isco``; the groupings that parameter ``transition_rule`` names
        (``group, subgroup``), empty for none; perhaps ``level``, ``wage`` and ``label``.
    gaps : DataFrame, optional
        Published table ``gaps`` of one region, scenario and horizon. An occupation takes the row of its own
        code, else of the finest ISCO group it is in.
    courses : DataFrame, optional
        Canonical table.
    skills : DataFrame, optional
        Canonical table: says which skills are green and digital, and their names. Without it none is known.
    bounds : DataFrame, optional
        Thresholds that were computed before, as `thresholds` returns them.

    Raises
    ------
    ForecastingError
        If `facts` or `gaps` has an occupation twice.
    """
    for name, table in (("facts", facts), ("gaps", gaps)):
        if table is not None and table["occupation"].duplicated().any():
            twice = table.loc[table["occupation"].duplicated(), "occupation"].iloc[0]
            raise ForecastingError(
                f"table {name}, column occupation: found {twice} twice; expected one row per occupation. "
                "Do: select one region, scenario and horizon."
            )
    rows = facts.set_index("occupation").reindex(list(profiles.occupations))
    isco = tuple(rows["isco"].fillna("").astype(str))
    rule, found = parameters["transition_rule"], coverage(profiles)
    if bounds is None:
        named = rows.columns.intersection([rule["viable"], rule["highly_viable"]])
        bounds = thresholds(found, {name: rows[name].fillna("").tolist() for name in named}, rule)
    viable, highly_viable = bounds.set_index("class").loc[["viable", "highly_viable"], "threshold"]
    return Ground(
        profiles,
        found,
        viable,
        highly_viable,
        isco,
        _levels(rows, isco, parameters["isco_skill_level"]),
        rows["wage"].to_numpy(dtype=float) if "wage" in rows else np.full(len(rows), np.nan),
        shortages(profiles.occupations, isco, gaps),
        None if courses is None else offer(courses, profiles.skills),
        _collections(profiles.skills, skills),
        bounds,
        _named(rows.reset_index(), "occupation", "label"),
        {} if skills is None else _named(skills, "code", "label_en"),
        parameters,
    )


def _named(table: pd.DataFrame, code: str, label: str) -> dict[str, str]:
    """Return the labels that are not empty, by code."""
    if label not in table:
        return {}
    given = table[[code, label]].fillna("").astype(str)
    return {each: name for each, name in given.itertuples(index=False, name=None) if name}


def _levels(rows: pd.DataFrame, isco: tuple[str, ...], by_prefix: Mapping[str, int]) -> Array:
    """Return the level that the facts give, else ISCO's skill level of the group."""
    implied = np.array([by_prefix.get(_longest(code, by_prefix), np.nan) for code in isco], dtype=float)
    given = rows["level"].to_numpy(dtype=float) if "level" in rows else np.full(len(rows), np.nan)
    return np.where(np.isnan(given), implied, given)


def shortages(codes: tuple[str, ...], isco: tuple[str, ...], gaps: pd.DataFrame | None) -> Array:
    """Return the probability of shortage of each occupation, or of the ISCO group that it is in."""
    if gaps is None:
        return np.full(len(codes), np.nan)
    value = dict(zip(gaps["occupation"].astype(str), gaps["probability_of_shortage"], strict=True))
    own = [code if code in value else _longest(group, value) for code, group in zip(codes, isco, strict=True)]
    return np.array([value.get(code, np.nan) for code in own], dtype=float)


def _longest(code: str, known: Collection[Any]) -> str:
    """Return the longest prefix of a code that is known; empty if none is."""
    return next((code[:length] for length in range(len(code), 0, -1) if code[:length] in known), "")


def _collections(codes: tuple[str, ...], skills: pd.DataFrame | None) -> dict[str, NDArray[np.bool_]]:
    if skills is None:
        return {name: np.zeros(len(codes), dtype=bool) for name in COLLECTIONS}
    marked = skills.set_index("code").reindex(list(codes))
    return {name: marked[name].eq(True).fillna(False).to_numpy(dtype=bool) for name in COLLECTIONS}


def occupation_facts(occupations: pd.DataFrame, classification: str, parameters: Parameters) -> pd.DataFrame:
    """Return what the classification itself says of its occupations.

    Parameters
    ----------
    occupations : DataFrame
        Canonical table: ``code, parent``, perhaps ``skill_level`` and ``wage``.
    classification : str
        Its name, from ``region.yaml``: codes of those that parameter ``isco_classifications`` names begin
        with an ISCO-08 group.

    Returns
    -------
    DataFrame
        Columns `FACTS`. The group of an occupation is the parent of its parent, and its subgroup the parent:
        in ESCO unit group and broad occupation. Where only one level lies between it and the root, that is
        the group, and nothing is finer: the root holds everything, which is no measure of what is near.
    """
    parent = dict(
        zip(occupations["code"].astype(str), occupations["parent"].fillna("").astype(str), strict=True)
    )
    lines = [_line(code, parent) for code in parent]
    is_isco = any(name in classification for name in parameters["isco_classifications"])
    code = occupations["code"].astype(str).reset_index(drop=True)
    return pd.DataFrame(
        {
            "occupation": code,
            "label": occupations["label_en"].reset_index(drop=True) if "label_en" in occupations else "",
            "isco": code.str.extract(r"^(\d{1,4})", expand=False).fillna("") if is_isco else "",
            "group": [line[min(1, len(line) - 1)] if line else "" for line in lines],
            "subgroup": [line[0] if len(line) > 1 else "" for line in lines],
            "level": _number(occupations, "skill_level"),
            "wage": _number(occupations, "wage"),
        }
    )


def _line(code: str, parent: Mapping[str, str]) -> list[str]:
    """Return the parents of an occupation, the nearest first, without the root."""
    line, up = [], parent.get(code, "")
    while up and up != TOTAL:
        line.append(up)
        up = parent.get(up, "")
    return line


def _number(table: pd.DataFrame, name: str) -> Array:
    if name not in table:
        return np.full(len(table), np.nan)
    return np.asarray(pd.to_numeric(table[name]).to_numpy(dtype=float, na_value=np.nan), dtype=float)
