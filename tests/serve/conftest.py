"""A small synthetic release: three occupations under one parent, a market and an aggregate, two horizons."""

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from forecasting.published import PUBLISHED
from forecasting.published_observables import OBSERVABLES
from forecasting.published_transitions import TRANSITIONS
from forecasting.snapshot import Snapshot, write_snapshot
from serve.app import create_app
from serve.settings import READS, Settings
from tests.serve.funding_service import read_back, service_of, store_of

CELL = {"scenario": "baseline"}

OPEN = Settings(open=READS, rate=0, rate_open=0, log=False)
"""Everyone may read, as often as they like."""


def gap(region, occupation, horizon, rank, score, **more):
    """Return a row of ``gaps`` whose figures follow from its mean score, so that rows differ."""
    openings = 1000.0 + horizon
    known = score is not None
    figures = {
        "score": score,
        "score_p10": score - 0.1 if known else None,
        "score_p50": score + 0.01 if known else None,
        "score_p90": score + 0.2 if known else None,
        "quantitative": score,
        "quantitative_p10": score - 0.15 if known else None,
        "quantitative_p50": score - 0.01 if known else None,
        "quantitative_p90": score + 0.15 if known else None,
        "qualitative": None,
        "qualitative_reason": "unavailable",
        "covers": "quantitative",
        "score_at_mean_inputs": score - 0.02 if known else None,
        "probability_of_shortage": 0.8 if known else None,
        "share_of_draws_with_openings": 0.75 if known else 0.25,
        "openings": openings if known else None,
        "supply": 700.0 if known else None,
        "unfilled": score * openings if known else None,
        "unfilled_p10": score * 900 if known else None,
        "unfilled_p50": score * 1000 if known else None,
        "unfilled_p90": score * 1200 if known else None,
        "annual_balance": 60.5 if known else None,
    }
    return {
        **CELL,
        "region": region,
        "occupation": occupation,
        "horizon": horizon,
        "from_year": 2025,
        "to_year": 2025 + horizon,
        "aggregate": False,
        "rank": rank,
        "reliability": "good",
        "backtest": f"tested at horizon {horizon}",
        "reason": None if known else "not_applicable",
        "why": f"{occupation} in {region} because & so on",
        "why_nl": f"{occupation} in {region} omdat & zo voort",
        **figures,
        **more,
    }


def gaps(shift=0.0):
    rows = []
    for horizon in (1, 5):
        for region in ("BE2", "BE"):
            total = {"aggregate": True, "covers": "both", "qualitative": 0.05, "qualitative_reason": None}
            total |= {"qualitative_p10": 0.01, "qualitative_p50": 0.04, "qualitative_p90": 0.11}
            rows += [
                gap(region, "A", horizon, 2, 0.2 + shift),
                gap(region, "B", horizon, 1, 0.5 + shift, reliability="caution"),
                gap(region, "C", horizon, None, None, reliability="sceptical"),
                gap(region, "TOTAL", horizon, None, 0.3 + shift, **total),
            ]
    return rows


def components(column, means):
    rows = []
    for row in gaps():
        place = {name: row[name] for name in ("region", "occupation", "scenario", "horizon")}
        for name, mean in means.items():
            spread = {"p10": mean - 5, "p50": mean + 1, "p90": mean + 7} if mean is not None else {}
            reason = None if mean is not None else "unavailable"
            rows.append({**place, column: name, "mean": mean, **spread, "reason": reason})
    return rows


def concept(code, parent, level, nl, en, **more):
    return {"code": code, "parent": parent, "level": level, "label_nl": nl, "label_en": en, **more}


def skill_gap(skill, asked, importance, unfilled):
    place = {"region": "BE2", "occupation": "A", "horizon": 5, **CELL, "skill": skill}
    reason = None if unfilled is not None else "unavailable"
    return {**place, "asked": asked, "importance": importance, "unfilled": unfilled, "reason": reason}


def backtest(method, mase, selected):
    figures = {"origins": 12, "cells": 240, "mae": 900.0, "mase": mase, "log_mae": 0.02}
    coverage = {"coverage_80": 0.81, "coverage_origins": 10, "selected": selected, "note": None}
    return {"component": "sector_employment", "method": method, "horizon": 5, **figures, **coverage}


def all_rows(shift=0.0):
    openings = {
        "employment": 9000.0,
        "expansion": 240.0,
        "new_jobs": 240.0,
        "replacement_25_54": 300.0,
        "replacement_55_plus": 460.0,
        "openings": 1000.0,
    }
    return {
        "occupations": [
            concept("TOTAL", None, 0, "Alle beroepen", "All occupations"),
            concept("A", "TOTAL", 1, "Verpleegkundigen", "Nurses"),
            concept("B", "TOTAL", 1, "Lassers", "Welders"),
            concept("C", "TOTAL", 1, "Hoefsmeden", None),
            concept("D", "TOTAL", 1, "Vuurtorenwachters", "Lighthouse keepers"),
        ],
        "skills": [
            concept("s1", None, 0, "zorg plannen", "plan care", kind="skill", green=False, digital=False),
            concept("s2", None, 0, "data lezen", "read data", kind="knowledge", green=None, digital=True),
        ],
        "regions": [
            concept("BE", None, 0, "België", "Belgium", role="aggregate"),
            concept("BE2", "BE", 1, "Vlaams Gewest", "Flanders", role="market"),
            concept("NL", None, 0, "Nederland", "Netherlands", role="reference"),
        ],
        "occupation_skills": [{"occupation": "A", "skill": "s1", "relation": "essential", "weight": 1.0}],
        "gaps": gaps(shift),
        "openings": components("component", openings),
        "supply": components("source", {"entrants": 500.0, "jobseekers": None}),
        "skill_gaps": [
            skill_gap("s1", 0.5, 0.5, None),
            skill_gap("s2", 0.9, 0.4, 33.0),
            skill_gap("s3", 0.1, 1.0, None),
        ],
        "employment": [
            {"region": "BE2", "occupation": "A", "year": year, "persons": 8000.0 + year}
            for year in (2024, 2025)
        ],
        "vacancy_rates": [
            {"region": "BE2", "occupation": "A", "year": 2024, "rate": 0.0412, "reason": None},
            {"region": "BE2", "occupation": "A", "year": 2025, "rate": None, "reason": "unavailable"},
        ],
        "backtest": [backtest("naive", 0.9, True), backtest("lightgbm", 1.1, False)],
        "backtest_groups": [],
        "conventions": [],
        "indicators": [],
        "weights": [],
        "scenario_effects": [],
        "shrinking_jobs": [],
        "emerging_skills": [],
        "shortages": [],
        "training_response": [],
        "collections": [],
        **{name: [] for name in ("courses", "concordance", "skill_weights")},
        **{table.name: [] for table in (*TRANSITIONS, *OBSERVABLES)},
    }


def to_frames(shift=0.0):
    """Return the tables of the snapshot."""
    return {
        name: pd.DataFrame(rows, columns=[column.name for column in PUBLISHED[name].columns])
        for name, rows in all_rows(shift).items()
    }


MANIFEST = {
    "region": {
        "name": "Vlaanderen, verzonnen",
        "base_year": 2025,
        "data_vintage": "2026-10 – België",
        "classifications": {
            "occupations": {"name": "ISCO-08", "version": "2008", "level": 2},
            "skills": {"name": "ESCO", "version": "1.2.0"},
        },
    },
    "status": {"label": "made up", "sentence": "Made-up figures: <b>nothing</b> here is real."},
    "as_of": "2026-11-01",
    "scenario": "baseline",
    "horizons": [1, 5],
    "draws": 100,
    "seed": 7,
    "convention": "net",
    "methods": {"sector_employment": "naive"},
    "parameters": {
        "shortage_threshold": {
            "value": 0.1,
            "unit": "share of openings",
            "in_force_from": "2026-01-01",
            "reference": "METHOD.md",
            "status": "verified",
        },
        "reliability_labels": {
            "value": {"good": 500, "caution": 100},
            "unit": "persons",
            "in_force_from": "2026-01-01",
            "reference": "METHOD.md",
            "status": "secondary",
        },
    },
    "sources": [
        {
            "id": "esco",
            "title": "ESCO",
            "publisher": "European Commission",
            "licence": "CC BY 4.0",
            "attribution": "This service uses the ESCO classification of the European Commission.",
            "vintage": "1.2.0",
            "definition": "skills of occupations",
            "redistribute": True,
        }
    ],
    "fingerprints": {"occupations": "ab12"},
    "code": "deadbeef",
    "residuals": {"openings": 0.0},
    "not_quotable": ["A score of a cell with fewer than 100 persons."],
}


class Folder:
    """A store that a test promotes to."""

    def __init__(self, root: Path, built: Path) -> None:
        self.root, self.built = root, built

    def build(self, *, shift=0.0, tables=None, **changed) -> str:
        """Write a release and return its id."""
        made = self.root / "new"
        if tables or changed:
            write_snapshot(Snapshot(tables or to_frames(shift), {**MANIFEST, **changed}), made)
        else:
            shutil.copytree(self._usual(shift), made)
        release = hashlib.sha256((made / "manifest.json").read_bytes()).hexdigest()[:12]
        (self.root / "releases").mkdir(exist_ok=True)
        made.rename(self.root / "releases" / release)
        return release

    def _usual(self, shift: float) -> Path:
        """Return a release that many tests use, written once: writing is what takes time here."""
        folder = self.built / str(shift)
        if not folder.exists():
            write_snapshot(Snapshot(to_frames(shift), MANIFEST), folder)
        return folder

    def point(self, text: str) -> None:
        """Replace the pointer at once, as promotion does."""
        aside = self.root / ".champion.json"
        aside.write_text(text, encoding="utf-8")
        aside.replace(self.root / "champion.json")

    def promote(self, release: str, version: str = "3") -> None:
        """Point to a release."""
        champion = {"release": release, "version": version, "promoted_at": "2026-11-22T10:00:00Z"}
        self.point(json.dumps({**champion, "promoted_by": "someone"}))


@pytest.fixture
def store(tmp_path, built):
    """Make a store with nothing in it."""
    return Folder(tmp_path / "store", built)


@pytest.fixture
def client_of():
    """Make a client of the service over a store; a crash is answered, not raised."""
    return lambda store: TestClient(create_app(store.root, OPEN), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Keep the releases that many tests use."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture(scope="session")
def served(tmp_path_factory, built):
    """Make one store with one release, for every test that only reads."""
    folder = Folder(tmp_path_factory.mktemp("served"), built)
    folder.promote(folder.build())
    return folder


@pytest.fixture(scope="session")
def client(served):
    """Make a client of the service over that store."""
    return TestClient(create_app(served.root, OPEN), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def tables():
    """Return the tables that were written, as rows."""
    return all_rows()


@pytest.fixture
def frames():
    """Make the tables anew, for a test that changes them."""
    return to_frames


@pytest.fixture
def keyed(served, tmp_path):
    """Make a store of the shared release with room for keys of its own."""
    (tmp_path / "releases").symlink_to(served.root / "releases")
    shutil.copy(served.root / "champion.json", tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def funded_store(tiny_snapshot, tmp_path_factory):
    """Return a store whose release was built from the made-up region: with draws, weights and courses."""
    return store_of(tiny_snapshot, tmp_path_factory.mktemp("funded"))


@pytest.fixture(scope="session")
def service(funded_store):
    return service_of(funded_store)


@pytest.fixture(scope="session")
def funded(funded_store):
    return read_back(funded_store)
