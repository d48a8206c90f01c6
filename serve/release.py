"""One release in memory: the tables of its snapshot, prepared once so that a question is a lookup."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from forecasting.errors import InputError, Problem
from forecasting.published import PUBLISHED
from forecasting.snapshot import ID_LENGTH, MANIFEST, checked_manifest
from serve.table import Lookup, Positions, Record, Rows, read_rows

LABELLED: Final = ("nl", "en", "fr")
"""Languages that a label may have, in the order in which one stands in for another."""

PLACE: Final = ("region", "occupation")


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

    def matches(self, text: str | None) -> bool:
        """Return whether the code begins with a text, or a label in any language holds it; all match None."""
        if text is None:
            return True
        wanted = text.strip().casefold()
        return self.code.casefold().startswith(wanted) or any(
            wanted in label.casefold() for label in self.labels.values()
        )


@dataclass(frozen=True, eq=False)
class Release:
    """A release, ready to answer about one scenario.

    Parameters
    ----------
    champion : Champion
        Its identity.
    manifest : mapping
        The snapshot's manifest.
    tables : mapping of str to Rows
        Every published table, with all its scenarios.
    scenario : str
        Name of the set of assumptions.
    """

    champion: Champion
    manifest: Record
    tables: Mapping[str, Rows]
    scenario: str

    @cached_property
    def occupations(self) -> Mapping[str, Concept]:
        """Occupations by code."""
        return _concepts(self.tables["occupations"])

    @cached_property
    def skills(self) -> Mapping[str, Concept]:
        """Skills by code."""
        return _concepts(self.tables["skills"])

    @cached_property
    def regions(self) -> Mapping[str, Concept]:
        """Regions with scores by code, markets before aggregates, each in the order of their codes."""
        scored = set(self.tables["gaps"].values("region"))
        known = [concept for concept in _concepts(self.tables["regions"]).values() if concept.code in scored]
        known.sort(key=lambda concept: (concept.row["role"] != "market", concept.code))
        return {concept.code: concept for concept in known}

    @cached_property
    def gaps(self) -> Lookup:
        """Gap scores by region and horizon."""
        return self._lookup("gaps", "region", "horizon")

    @cached_property
    def gaps_of(self) -> Lookup:
        """Gap scores by region and occupation."""
        return self._lookup("gaps", *PLACE)

    @cached_property
    def openings(self) -> Lookup:
        """Openings by region and occupation."""
        return self._lookup("openings", *PLACE)

    @cached_property
    def supply(self) -> Lookup:
        """Supply by region and occupation."""
        return self._lookup("supply", *PLACE)

    @cached_property
    def employment(self) -> Lookup:
        """Employment by region and occupation."""
        return self._lookup("employment", *PLACE)

    @cached_property
    def vacancy_rates(self) -> Lookup:
        """Vacancy rates by region and occupation."""
        return self._lookup("vacancy_rates", *PLACE)

    @cached_property
    def lacking(self) -> Lookup:
        """Skills by region, occupation and horizon; what most persons lack first, unknown last."""
        table = self.tables["skill_gaps"]
        by = (("unfilled", True), ("skill", False))
        return Lookup(table, (*PLACE, "horizon"), table.sorted(by, self.of_scenario("skill_gaps")))

    @cached_property
    def skill_gaps(self) -> Lookup:
        """Skills by region, occupation and horizon; what is asked most, weighted by importance, first."""
        table = self.tables["skill_gaps"]
        demand = table.figures("asked") * table.figures("importance")
        among = table.sorted((("skill", False),), self.of_scenario("skill_gaps"))
        weighed = np.nan_to_num(-demand[among], nan=np.inf)
        return Lookup(table, (*PLACE, "horizon"), among[np.argsort(weighed, kind="stable")])

    @cached_property
    def backtest(self) -> Sequence[Record]:
        """Rows of the published table."""
        return self.tables["backtest"].records()

    @cached_property
    def scored(self) -> frozenset[str]:
        """Occupations with a row among the gap scores."""
        return frozenset(self.tables["gaps"].values("occupation"))

    @cached_property
    def parents(self) -> frozenset[str]:
        """Occupations that stand above a scored one."""
        return _ancestors(self.scored, self.occupations)

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Sets of assumptions with gap scores, the release's own first."""
        own = str(self.manifest["scenario"])
        return (own, *(name for name in self.tables["gaps"].values("scenario") if name != own))

    @cached_property
    def retired(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Successors of codes retired by the base year, by classification and code; none that is in use."""
        last = f"{self.base_year}-12-31"
        moves = [
            row
            for row in (self.tables["concordance"].records() if "concordance" in self.tables else ())
            if (row["valid_from"] or "") <= last
        ]
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for row in moves:
            codes = found.setdefault(row["classification"], {})
            codes[row["old_code"]] = (*codes.get(row["old_code"], ()), row["new_code"])
        for name, codes in found.items():
            used = self._used(name) | {row["new_code"] for row in moves if row["classification"] == name}
            found[name] = {old: new for old, new in codes.items() if old not in used}
        return found

    def _used(self, classification: str) -> frozenset[str]:
        """Return the codes that the release has figures of, and those above them."""
        if classification == "occupations":
            return self.scored | self.parents
        used = (
            frozenset(self.tables["skill_gaps"].values("skill"))
            if classification == "skills"
            else frozenset()
        )
        return used | _ancestors(used, self.skills)

    @cached_property
    def _views(self) -> dict[str, "Release"]:
        return {self.scenario: self}

    def under(self, scenario: str) -> "Release":
        """Return the same release under another set of assumptions."""
        if scenario not in self._views:
            self._views[scenario] = replace(self, scenario=scenario)
        return self._views[scenario]

    def of_scenario(self, name: str) -> Positions:
        """Return the positions of a table's rows that are of this scenario, or of none."""
        table = self.tables[name]
        with_scenario = "scenario" in table.columns.column_names
        return table.where({"scenario": [self.scenario]}) if with_scenario else table.everything()

    def _lookup(self, name: str, *by: str) -> Lookup:
        return Lookup(self.tables[name], by, self.of_scenario(name))

    @cached_property
    def size(self) -> int:
        """Bytes of its tables in memory."""
        return sum(table.size for table in self.tables.values())

    @cached_property
    def base_year(self) -> int:
        """Year at whose end every window opens."""
        return int(self.manifest["region"]["base_year"])

    @cached_property
    def horizons(self) -> tuple[int, ...]:
        """Lengths of the windows, in years."""
        return tuple(sorted(int(horizon) for horizon in self.manifest["horizons"]))

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
    manifest = checked_manifest(folder)
    _refuse_foreign(folder, champion.release)
    tables = {
        name: read_rows(folder / "tables" / f"{name}.parquet", declared)
        for name, declared in PUBLISHED.items()
    }
    release = Release(champion, manifest, tables, str(manifest["scenario"]))
    _refuse_incomplete(release)
    return release


def _refuse_foreign(folder: Path, release: str) -> None:
    """Refuse a folder whose manifest does not hash to its id: its figures are not those promoted."""
    found = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:ID_LENGTH]
    if found != release:
        where = str(folder / MANIFEST)
        expected = f"hash {release}, as promoted"
        raise InputError([Problem(where, f"hash {found}", expected, "promote the version again")])


def _concepts(table: Rows) -> dict[str, Concept]:
    return {row["code"]: _concept(row) for row in table.records()}


def _concept(row: Record) -> Concept:
    labels = {language: row[f"label_{language}"] for language in LABELLED if row[f"label_{language}"]}
    return Concept(row["code"], row["parent"] or None, row["level"], labels, row)


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
