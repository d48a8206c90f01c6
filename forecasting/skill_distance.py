"""How much of what one occupation asks another already holds, and from where on that counts as near.

NumPy only, so that the service may import it. Profiles are kept as entries, one per occupation and skill
that it asks: the 3,007 occupations of ESCO meet in 6.5 million entries, not in 3,007 × 3,007 × 13,896.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import ROWS_SHOWN, ForecastingError
from forecasting.series.panel import Array

Positions = NDArray[np.int64]

PAIRS_AT_ONCE: Final = 2_000_000
"""Meetings of entries that are held in memory together: about 100 MB."""


@dataclass(frozen=True)
class SkillProfiles:
    """What occupations, or one person, ask or hold; entries sorted by occupation, then skill.

    Parameters
    ----------
    occupations, skills : tuple of str
        Codes; the skills are all of the classification, asked or not.
    occupation, skill : ndarray of int, shape (entries,)
        Positions in them.
    asked : ndarray of shape (entries,)
        Probability p that an opening asks the skill; of an origin, that somebody there holds it.
    importance : ndarray of shape (entries,)
        Weight w of the skill in the lack.
    """

    occupations: tuple[str, ...]
    skills: tuple[str, ...]
    occupation: Positions
    skill: Positions
    asked: Array
    importance: Array

    @property
    def mass(self) -> Array:
        """Return Σ w·p, shape (occupations,)."""
        whole = np.bincount(self.occupation, self.importance * self.asked, minlength=len(self.occupations))
        return whole.astype(float)  # without entries NumPy counts in integers

    def entries(self, row: int) -> slice:
        """Return where the entries of one occupation are."""
        first, after = np.searchsorted(self.occupation, [row, row + 1])
        return slice(int(first), int(after))

    def held(self, row: int) -> Array:
        """Return the probability h that somebody of an occupation holds each skill, shape (skills,)."""
        found = np.zeros(len(self.skills))
        found[self.skill[self.entries(row)]] = self.asked[self.entries(row)]
        return found


def listed_profiles(
    occupation_skills: pd.DataFrame,
    occupations: Sequence[str],
    skills: Sequence[str],
    importance: Mapping[str, float],
) -> SkillProfiles:
    """Return the profiles that a classification lists.

    Parameters
    ----------
    occupation_skills : DataFrame
        Canonical table: ``occupation, skill, relation, weight``; the weight is the probability p.
    occupations, skills : sequence of str
        Codes; a row with any other is refused.
    importance : mapping of str to float
        Weight w by relation (parameter ``importance``).

    Raises
    ------
    ForecastingError
        If a row names an unknown code, or an occupation and skill twice.
    """
    rows = pd.Index(occupations).get_indexer(pd.Index(occupation_skills["occupation"]))
    columns = pd.Index(skills).get_indexer(pd.Index(occupation_skills["skill"]))
    for name, found in (("occupation", rows), ("skill", columns)):
        _refuse(name, occupation_skills.loc[found < 0, name])
    if occupation_skills.duplicated(["occupation", "skill"]).any():
        twice = occupation_skills[occupation_skills.duplicated(["occupation", "skill"])].iloc[0]
        raise ForecastingError(
            f"table occupation_skills: found {twice['occupation']} and {twice['skill']} twice; expected "
            "one row per occupation and skill. Do: merge the rows."
        )
    order = np.lexsort((columns, rows))
    return SkillProfiles(
        tuple(occupations),
        tuple(skills),
        rows[order].astype(np.int64),
        columns[order].astype(np.int64),
        occupation_skills["weight"].to_numpy(dtype=float)[order],
        np.array([importance[relation] for relation in occupation_skills["relation"]], dtype=float)[order],
    )


def dense_profiles(
    occupations: Sequence[str], skills: Sequence[str], asked: Array, importance: Array
) -> SkillProfiles:
    """Return profiles from whole matrices, as those of a region (`forecasting.skills.Profiles`).

    Parameters
    ----------
    asked, importance : ndarray of shape (occupations, skills)
        Probability p and weight w.
    """
    row, column = np.nonzero(asked)
    return SkillProfiles(
        tuple(occupations), tuple(skills), row, column, asked[row, column], importance[row, column]
    )


def published_profiles(
    skill_profiles: pd.DataFrame, occupations: Sequence[str], skills: Sequence[str]
) -> SkillProfiles:
    """Return what is asked at the base year.

    Parameters
    ----------
    skill_profiles : DataFrame
        Published table: ``occupation, skill, horizon, asked_now, importance``; a skill that is not asked yet
        is no entry.
    occupations, skills : sequence of str
        Codes; they cover those of the table.
    """
    asked = skill_profiles[skill_profiles["asked_now"] > 0].drop_duplicates(["occupation", "skill"])
    row = pd.Index(occupations).get_indexer(pd.Index(asked["occupation"]))
    column = pd.Index(skills).get_indexer(pd.Index(asked["skill"]))
    order = np.lexsort((column, row))
    return SkillProfiles(
        tuple(occupations),
        tuple(skills),
        row[order].astype(np.int64),
        column[order].astype(np.int64),
        asked["asked_now"].to_numpy(dtype=float)[order],
        asked["importance"].to_numpy(dtype=float)[order],
    )


def person(held: Collection[str], skills: tuple[str, ...], occupation: str = "") -> SkillProfiles:
    """Return the profile of one person: each skill held for certain, the others not.

    Parameters
    ----------
    held : collection of str
        Codes of the skills; order and repetition do not matter.
    skills : tuple of str
        All codes of the classification.
    occupation : str, optional
        Code of the present or last occupation: gives level, wage and whether a move stays in the occupation.

    Raises
    ------
    ForecastingError
        If no skill is given, or some are not in the classification: all of them are named.
    """
    if not held:
        raise ForecastingError("skills: found none; expected at least one code. Do: give what is held.")
    codes = pd.Index(sorted(set(held)))
    columns = pd.Index(skills).get_indexer(codes)
    if (columns < 0).any():
        raise ForecastingError(
            f"skills: found unknown codes {', '.join(codes[columns < 0])}; expected codes of the "
            "classification. Do: look them up in the table skills, or leave them out."
        )
    ones = np.ones(len(codes))
    return SkillProfiles(
        (occupation,), skills, np.zeros(len(codes), dtype=np.int64), np.sort(columns), ones, ones
    )


def _refuse(name: str, unknown: "pd.Series[str]") -> None:
    if len(unknown):
        codes = sorted(set(unknown))
        more = f" and {len(codes) - ROWS_SHOWN:,} more" if len(codes) > ROWS_SHOWN else ""
        raise ForecastingError(
            f"table occupation_skills, column {name}: found {', '.join(codes[:ROWS_SHOWN])}{more}; expected "
            f"codes of the table {name}s. Do: add them there, or drop these rows."
        )


def coverage(destinations: SkillProfiles, origins: SkillProfiles | None = None) -> Array:
    """Return the share of each destination's skill mass that each origin holds.

    Parameters
    ----------
    destinations : SkillProfiles
    origins : SkillProfiles, optional
        With the same skills; by default the destinations themselves.

    Returns
    -------
    ndarray of shape (origins, destinations)
        c = Σ w_d·min(p_d, h_o) / Σ w_d·p_d, in [0, 1]; NaN where nothing is known of one of the two.

    Notes
    -----
    1 − c is the lack l of the gap score (DESIGN.md section 2) with the origin as the source of supply, since
    min(p, h) = p − max(p − h, 0). So it is asymmetric, as in METHOD.md section 10.5; nothing lacks of one's
    own profile; and importance belongs to the concept: a skill listed as two must split it over them.
    Importance is not multiplied by a skill's rarity: that would part from the lack of the score, and on ESCO
    it finds related occupations no better (``make bench PARTS=transitions``).

    Raises
    ------
    ForecastingError
        If the two sides do not share their skills.
    """
    sources = origins or destinations
    if sources.skills != destinations.skills:
        raise ForecastingError(
            f"coverage: found {len(sources.skills):,} skills of origins beside {len(destinations.skills):,} "
            "of destinations; expected the same codes in the same order. Do: build both on one table skills."
        )
    shared = np.zeros((len(destinations.occupations), len(sources.occupations)))
    by_skill = np.argsort(sources.skill, kind="stable")
    held, holder = sources.asked[by_skill], sources.occupation[by_skill]
    ordered = sources.skill[by_skill]
    first = np.searchsorted(ordered, destinations.skill, "left")
    after = np.searchsorted(ordered, destinations.skill, "right")
    for block in _blocks(destinations, after - first):
        meets = (after - first)[block]
        entry = np.repeat(np.arange(block.start, block.stop), meets)
        source = np.arange(meets.sum()) + np.repeat(first[block] - np.cumsum(meets) + meets, meets)
        value = destinations.importance[entry] * np.minimum(destinations.asked[entry], held[source])
        row = destinations.occupation[block][0]
        rows = destinations.occupation[block][-1] + 1 - row
        cell = (destinations.occupation[entry] - row) * shared.shape[1] + holder[source]
        sums = np.bincount(cell, value, minlength=rows * shared.shape[1])
        shared[row : row + rows] = sums.reshape(rows, -1)
    mass = np.where(destinations.mass > 0, destinations.mass, np.nan)
    known = np.bincount(sources.occupation, minlength=len(sources.occupations)) > 0
    return np.where(known[:, None], shared.T / mass, np.nan)


def _blocks(destinations: SkillProfiles, meets: Positions) -> Iterator[slice]:
    """Cut the entries between occupations so that a block has few meetings, or one occupation."""
    ends = np.flatnonzero(np.diff(destinations.occupation, append=-1)) + 1
    total = np.concatenate([[0], np.cumsum(meets)])[ends]
    start, done = 0, 0
    for position, end in enumerate(ends):
        last = position == len(ends) - 1
        if last or total[position + 1] - done > PAIRS_AT_ONCE:
            yield slice(start, int(end))
            start, done = int(end), total[position]


def thresholds(found: Array, groups: Mapping[str, Sequence[str]], rule: Mapping[str, Any]) -> pd.DataFrame:
    """Return from which coverage on a destination is viable and highly viable, on the taxonomy at hand.

    Parameters
    ----------
    found : ndarray of shape (occupations, occupations)
        As `coverage` returns of all occupations.
    groups : mapping of str to sequence of str
        By the grouping's name, the group of each occupation; empty for none.
    rule : mapping
        Parameter ``transition_rule``.

    Returns
    -------
    DataFrame
        One row per class: ``class, grouping, threshold, mean, standard_deviation`` (of the group means),
        ``groups``, ``pairs`` (ordered), ``passing`` (share of the pairs that reach it), ``reason``. The
        threshold is null where too few groups have two known occupations.

    Notes
    -----
    METHOD.md section 10.5: groups count once each, however many occupations a classification makes of them.
    """
    rows = []
    for name in ("viable", "highly_viable"):
        pairs = [_within(found, members) for members in _members(groups.get(rule[name], ()))]
        known = [values for values in pairs if len(values)]
        means = np.array([values.mean() for values in known])
        values = np.concatenate(known) if known else np.array([])
        enough = len(means) >= rule["minimum_groups"]
        mean, deviation = (means.mean(), means.std()) if enough else (np.nan, np.nan)
        threshold = mean - rule["standard_deviations"] * deviation
        rows.append(
            {
                "class": name,
                "grouping": rule[name],
                "threshold": threshold,
                "mean": mean,
                "standard_deviation": deviation,
                "groups": len(means),
                "pairs": len(values),
                "passing": float((values >= threshold).mean()) if enough else np.nan,
                "reason": "" if enough else "unavailable",
            }
        )
    return pd.DataFrame(rows)


def _members(codes: Sequence[str]) -> list[Positions]:
    """Return the positions of each group's occupations, groups in order of their code."""
    every = np.array(list(codes), dtype=object)
    return [np.flatnonzero(every == code) for code in sorted(set(codes) - {""})]


def _within(found: Array, members: Positions) -> Array:
    """Return the coverage of all ordered pairs of two different known occupations of a group."""
    block = found[np.ix_(members, members)]
    values = block[~np.eye(len(members), dtype=bool)]
    return values[~np.isnan(values)]
