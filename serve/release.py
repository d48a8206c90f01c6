"""One release in memory: the tables of its snapshot, prepared once so that a question is a lookup."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecasting.errors import InputError, Problem
from forecasting.snapshot import ID_LENGTH, MANIFEST, Snapshot, read_snapshot

LABELLED: Final = ("nl", "en", "fr")
"""Languages that a label may have, in the order in which one stands in for another."""

Record = Mapping[str, Any]
"""One row of a published table; a missing value is None."""


@dataclass(frozen=True)
class Champion:
    """What ``champion.json`` says: which release, as which version of the registry, since when."""

    release: str
    version: str
    promoted_at: str


@dataclass(frozen=True)
class Concept:
    """One code of a classification with its labels."""

    code: str
    parent: str | None
    level: int | None
    labels: Mapping[str, str]
    row: Record

    def label(self, language: str) -> str:
        """Return the label in a language, else in another, else the code."""
        return self.labels.get(language) or next(iter(self.labels.values()), self.code)


class Lookup:
    """A published table, found by part of its key.

    Parameters
    ----------
    frame : DataFrame
        Rows in the order in which they are returned.
    by : sequence of str
        The columns, two or more, whose values identify a group of rows.
    """

    def __init__(self, frame: pd.DataFrame, by: Sequence[str]) -> None:
        self._columns = {str(name): _plain(frame[name]) for name in frame.columns}
        self._positions: Mapping[Any, Any] = frame.groupby(list(by), sort=False).indices if len(frame) else {}

    def count(self, *key: str | int) -> int:
        """Return how many rows the group has."""
        return len(self._positions.get(key, ()))

    def rows(self, *key: str | int, start: int = 0, stop: int | None = None) -> list[Record]:
        """Return the group's rows, or a slice of them; none for an unknown group."""
        positions = self._positions.get(key, ())[start:stop]
        return [{name: column[at] for name, column in self._columns.items()} for at in positions]


def _plain(series: pd.Series) -> list[Any]:
    """Return the values as Python's own, None where missing."""
    pairs = zip(series.tolist(), series.isna().tolist(), strict=True)
    return [None if missing else value for value, missing in pairs]


@dataclass(frozen=True)
class Release:
    """A release, ready to answer.

    Parameters
    ----------
    champion : Champion
        Its identity.
    manifest : mapping
        The snapshot's manifest.
    occupations, skills, regions : mapping of str to Concept
        By code; the regions are those with scores, markets first.
    gaps : Lookup
        By region and horizon.
    gaps_of, openings, supply, employment, vacancy_rates : Lookup
        By region and occupation.
    skill_gaps : Lookup
        By region, occupation and horizon; what is asked most, weighted by importance, comes first.
    backtest : list of mapping
        Rows of the published table.
    parents : frozenset of str
        Occupations that stand above a scored one.
    """

    champion: Champion
    manifest: Record
    occupations: Mapping[str, Concept]
    skills: Mapping[str, Concept]
    regions: Mapping[str, Concept]
    gaps: Lookup
    gaps_of: Lookup
    openings: Lookup
    supply: Lookup
    employment: Lookup
    vacancy_rates: Lookup
    skill_gaps: Lookup
    backtest: Sequence[Record]
    scored: frozenset[str]
    parents: frozenset[str]

    @cached_property
    def base_year(self) -> int:
        """Year at whose end every window opens."""
        return int(self.manifest["region"]["base_year"])

    @cached_property
    def horizons(self) -> tuple[int, ...]:
        """Lengths of the windows, in years."""
        return tuple(sorted(int(horizon) for horizon in self.manifest["horizons"]))

    @cached_property
    def scenario(self) -> str:
        """Name of the set of assumptions."""
        return str(self.manifest["scenario"])

    @property
    def default_region(self) -> Concept:
        """The first market, or the first aggregate where no market is scored."""
        return next(iter(self.regions.values()))

    @property
    def default_horizon(self) -> int:
        """Five years where the release has it."""
        return 5 if 5 in self.horizons else self.horizons[0]

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Codes directly below an occupation."""
        below: dict[str, tuple[str, ...]] = {}
        for concept in self.occupations.values():
            if concept.parent is not None:
                below[concept.parent] = (*below.get(concept.parent, ()), concept.code)
        return below


def load_release(folder: Path, champion: Champion) -> Release:
    """Return the release in a folder, every byte checked.

    Raises
    ------
    InputError
        If a file is missing or changed, or the manifest is not the one the id was made from.
    """
    snapshot = read_snapshot(folder)
    _refuse_foreign(folder, champion.release)
    return _prepare(snapshot, champion)


def _refuse_foreign(folder: Path, release: str) -> None:
    """Refuse a folder whose manifest does not hash to its id: its figures are not those promoted."""
    found = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:ID_LENGTH]
    if found != release:
        where = str(folder / MANIFEST)
        expected = f"hash {release}, as promoted"
        raise InputError([Problem(where, f"hash {found}", expected, "promote the version again")])


def _prepare(snapshot: Snapshot, champion: Champion) -> Release:
    scenario = snapshot.manifest["scenario"]
    tables = {name: _of_scenario(frame, scenario) for name, frame in snapshot.tables.items()}
    occupations = _concepts(tables["occupations"])
    gaps, place = tables["gaps"], ("region", "occupation")
    scored = frozenset(gaps["occupation"])
    release = Release(
        champion=champion,
        manifest=snapshot.manifest,
        occupations=occupations,
        skills=_concepts(tables["skills"]),
        regions=_regions(tables["regions"], frozenset(gaps["region"])),
        gaps=Lookup(gaps, ("region", "horizon")),
        gaps_of=Lookup(gaps, place),
        openings=Lookup(tables["openings"], place),
        supply=Lookup(tables["supply"], place),
        employment=Lookup(tables["employment"], place),
        vacancy_rates=Lookup(tables["vacancy_rates"], place),
        skill_gaps=Lookup(_by_demand(tables["skill_gaps"]), (*place, "horizon")),
        backtest=records(tables["backtest"]),
        scored=scored,
        parents=_ancestors(scored, occupations),
    )
    _refuse_incomplete(release)
    return release


def _of_scenario(frame: pd.DataFrame, scenario: str) -> pd.DataFrame:
    if "scenario" not in frame:
        return frame
    return frame[frame["scenario"] == scenario].reset_index(drop=True)


def records(frame: pd.DataFrame) -> list[Record]:
    """Return a frame's rows as mappings of Python's own values, None where missing."""
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    return [{name: column[at] for name, column in columns.items()} for at in range(len(frame))]


def _concepts(frame: pd.DataFrame) -> dict[str, Concept]:
    return {row["code"]: _concept(row) for row in records(frame)}


def _concept(row: Record) -> Concept:
    labels = {language: row[f"label_{language}"] for language in LABELLED if row[f"label_{language}"]}
    return Concept(row["code"], row["parent"] or None, row["level"], labels, row)


def _regions(frame: pd.DataFrame, scored: frozenset[str]) -> dict[str, Concept]:
    """Return the scored regions, markets before aggregates, each in the order of their codes."""
    concepts = [concept for code, concept in _concepts(frame).items() if code in scored]
    concepts.sort(key=lambda concept: (concept.row["role"] != "market", concept.code))
    return {concept.code: concept for concept in concepts}


def _by_demand(skill_gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the skills that matter most first."""
    demand = skill_gaps["asked"] * skill_gaps["importance"]
    ordered = skill_gaps.assign(demand=demand).sort_values(["demand", "skill"], ascending=[False, True])
    return ordered.drop(columns="demand").reset_index(drop=True)


def _ancestors(codes: frozenset[str], concepts: Mapping[str, Concept]) -> frozenset[str]:
    """Return every code above any of the codes; a loop in the parents ends where it closes."""
    above: set[str] = set()
    for code in codes & concepts.keys():
        parent = concepts[code].parent
        while parent is not None and parent not in above:
            above.add(parent)
            parent = concepts[parent].parent if parent in concepts else None
    return frozenset(above)


def _refuse_incomplete(release: Release) -> None:
    """Refuse a release that could not answer the first question asked of it."""
    if not release.regions or not release.horizons:
        given, expected = "no scored region or no horizon", "at least one of each"
        raise InputError([Problem("gaps", given, expected, "build the version again")])
