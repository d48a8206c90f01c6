"""Transitions from the tables that a snapshot publishes: of occupations once, of a person whenever one asks.

Both start from the same tables and the same thresholds, so the service answers for a person what the release
says of occupations. NumPy and pandas only, so that the service may import it.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.parameters import Parameters
from forecasting.retraining import QUADRANTS
from forecasting.skill_distance import person, published_profiles
from forecasting.transition_ground import Ground, ground, occupation_facts, shortages
from forecasting.transitions import transitions_by_window
from forecasting.vocabulary import BASELINE

WINDOW: Final = ["region", "scenario", "horizon", "from_year", "to_year"]


def published_ground(
    tables: Mapping[str, pd.DataFrame],
    classification: str,
    parameters: Parameters,
    bounds: pd.DataFrame | None = None,
) -> Ground:
    """Bring together what transitions need from published tables; it serves every region and horizon.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``skill_profiles, occupations, skills, gaps``, and ``courses``, empty where nobody lists any.
    classification : str
        Name of the classification of occupations.
    parameters : Parameters
        Of file ``transitions.yaml``.
    bounds : DataFrame, optional
        Published table ``transition_thresholds``; worked out where it is not given.
    """
    profiles, gaps, courses = tables["skill_profiles"], tables["gaps"], tables["courses"]
    leaves = gaps.loc[~gaps["aggregate"].astype(bool), "occupation"]
    occupations = sorted({*leaves.astype(str), *profiles["occupation"].astype(str)})
    skills = sorted({*tables["skills"]["code"].astype(str), *profiles["skill"].astype(str)})
    return ground(
        published_profiles(profiles, occupations, skills),
        occupation_facts(tables["occupations"], classification, parameters),
        parameters,
        courses=courses if len(courses) else None,
        skills=tables["skills"],
        bounds=bounds,
    )


def transition_tables(
    tables: Mapping[str, pd.DataFrame], classification: str, parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """Return the published tables ``transitions`` and ``transition_thresholds``, of the baseline.

    Parameters
    ----------
    tables, classification, parameters
        As `published_ground` takes them.

    Notes
    -----
    Profiles are those of the base year, so what is near does not depend on region or horizon; who is short
    does. METHOD.md section 10.5.
    """
    base = published_ground(tables, classification, parameters)
    gaps = tables["gaps"]
    told = _told(base, gaps[gaps["scenario"] == BASELINE], None)
    return {"transitions": told, "transition_thresholds": base.bounds}


def transitions_of_person(
    base: Ground, gaps: pd.DataFrame, held: Collection[str], occupation: str = ""
) -> pd.DataFrame:
    """Return where somebody with these skills can go, nearest first.

    Parameters
    ----------
    base : Ground
        As `published_ground` returns it, with the thresholds of the release.
    gaps : DataFrame
        Rows of the published table of one region, scenario and horizon.
    held : collection of str
        Codes of the skills; order and repetition do not matter.
    occupation : str, optional
        Code of the present or last occupation: without it, level, wage and quadrant are unknown.

    Returns
    -------
    DataFrame
        Columns of the published table ``transitions``; ``occupation`` is as given.

    Raises
    ------
    ForecastingError
        If `gaps` is of no window or of several, no skill is given, or a skill or the occupation is unknown.
    """
    windows = gaps[WINDOW].drop_duplicates()
    if len(windows) != 1:
        raise ForecastingError(
            f"table gaps: found {len(windows)} windows; expected the rows of one region, scenario and "
            "horizon. Do: select one."
        )
    return _told(base, gaps, person(held, base.profiles.skills, occupation))


def _told(base: Ground, gaps: pd.DataFrame, origins: Any) -> pd.DataFrame:
    """Return the published rows of every window of the gaps, with their sentences."""
    windows = gaps[WINDOW].drop_duplicates(ignore_index=True).sort_values(WINDOW, ignore_index=True)
    by_window = dict(list(gaps.groupby(WINDOW, sort=False)))
    short = [
        shortages(base.profiles.occupations, base.isco, by_window[key])
        for key in windows.itertuples(index=False, name=None)
    ]
    found = transitions_by_window(base, short, origins).rename(columns={"origin": "occupation"})
    found = found.join(windows, on="window").drop(columns="window")
    found["rank"] = found["rank"].fillna(0).astype(int)
    return found.assign(why=[_sentence(row, base) for row in found.to_dict("records")])


_RULED_OUT: Final = "none is near enough, of like level and wage, and likely to be short"
_NOTHING_KNOWN: Final = "its skills or the threshold of what is near are unknown"


def _sentence(row: Mapping[Hashable, Any], base: Ground) -> str:
    span, origin = f"{row['from_year']}-{row['to_year']}", "with these skills"
    if row["occupation"]:
        origin = f"from {base.names.get(row['occupation'], row['occupation'])}"
    if row["reason"]:
        why = _RULED_OUT if row["reason"] == "not_applicable" else _NOTHING_KNOWN
        return f"{span}, {origin}: no destination, {row['reason']}: {why}."
    return (
        f"{span}, {origin} to {base.names.get(row['destination'], row['destination'])}: "
        f"{row['coverage']:.0%} of what is asked there is held (the other way "
        f"{row['reverse_coverage']:.0%}), {row['class'].replace('_', ' ')}; "
        f"{_lacking(row, base)}; {_like(row)}; {_short(row)}."
    )


def _lacking(row: Mapping[Hashable, Any], base: Ground) -> str:
    if not row["missing"]:
        return "no skill is missing"
    told = f"most missing {', '.join(base.skill_names.get(code, code) for code in row['missing'].split())}"
    if np.isnan(row["taught"]):
        return f"{told}; nobody lists courses"
    if np.isnan(row["hours"]):
        return f"{told}; no listed course of known length teaches what one opening misses"
    place = QUADRANTS.get(row["quadrant"], "whether training is short is unknown")
    hours = f"courses of {row['hours']:,.0f} hours teach {row['taught']:.0%} of what one opening misses"
    return f"{told}; {hours}: {place}"


def _like(row: Mapping[Hashable, Any]) -> str:
    level, wage = row["level_difference"], row["wage_ratio"]
    told = "level unknown" if np.isnan(level) else f"level {level:+.0f}" if level else "same level"
    return f"{told}, wage unknown" if np.isnan(wage) else f"{told}, {wage:.0%} of the wage"


def _short(row: Mapping[Hashable, Any]) -> str:
    chance = row["probability_of_shortage"]
    return "shortage unknown" if np.isnan(chance) else f"a shortage there with probability {chance:.0%}"
