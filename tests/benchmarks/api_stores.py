"""The stores that the part `api` serves: three releases of Flanders, and one made up at full size.

Kept in ``BENCH_CACHE`` (by default in the system's folder for temporary files) under the hash of what a
release declares; remove the folder to build anew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.published import PUBLISHED
from forecasting.snapshot import ID_LENGTH, Snapshot, write_snapshot
from tests.benchmarks.scale import codes, crossed
from tests.conftest import ROOT
from tests.serve.conftest import MANIFEST, gap, to_frames

NEEDED: Final = ("bls", "esco", "eurostat", "jrc")
SEEDS: Final = (1, 2, 3)
OCCUPATIONS, REGIONS, HORIZONS, SKILLS = 600, 10, (1, 5, 10), 100
SEED: Final = 1


def cache() -> Path:
    """Return where stores are kept between runs."""
    folder = os.environ.get("BENCH_CACHE") or Path(tempfile.gettempdir()) / "competence-bench"
    declared = repr([(table.name, table.columns) for table in PUBLISHED.values()])
    return Path(folder) / hashlib.sha256(declared.encode()).hexdigest()[:8]


def flanders(shared: Path) -> Path | None:
    """Return a store that three releases of Flanders were promoted in; None where its data is absent."""
    if not all((shared / name).is_dir() for name in NEEDED):
        return None
    store = cache() / "flanders"
    if not store.is_dir():
        aside = _aside(store)
        region = str(aside / "region")
        _training(aside, "ingest", "flanders", "--from", str(shared), "--to", region)
        for seed in SEEDS:
            _training(aside, "build", region, "--seed", str(seed))
            # Forced: whether it is good enough to be released is no matter of its speed.
            _training(aside, "promote", "latest", "--why", "benchmark", "--force", "benchmark of the API")
        aside.rename(store)
    return store


def _training(store: Path, *words: str) -> None:
    environment = {**os.environ, "COMPETENCE_STORE": str(store)}
    command = [sys.executable, "-m", "training", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip() or done.stdout.strip()}")


def large() -> Path:
    """Return a store with one made-up release of the size that the issue asks."""
    store = cache() / "large"
    if not store.is_dir():
        aside = _aside(store)
        digest = write_snapshot(Snapshot(made_up(), {**MANIFEST, "horizons": list(HORIZONS)}), aside / "new")
        release = digest[:ID_LENGTH]
        (aside / "releases").mkdir()
        (aside / "new").rename(aside / "releases" / release)
        champion = {"release": release, "version": "1", "promoted_at": "2026-11-22T10:00:00Z"}
        (aside / "champion.json").write_text(json.dumps(champion), encoding="utf-8")
        aside.rename(store)
    return store


def made_up() -> dict[str, pd.DataFrame]:
    """Return the tables of the large release; those that no page here shows stay small."""
    rng = np.random.default_rng(SEED)
    regions, skills = codes("R", REGIONS), codes("s", SKILLS)
    occupations = codes("O", OCCUPATIONS)
    known = to_frames()
    tables = {
        "regions": _concepts(regions, {"role": "market", "level": 1}),
        "occupations": pd.concat([_concepts(["TOTAL"]), _concepts(occupations, {"parent": "TOTAL"})]),
        "skills": _concepts(skills, {"kind": "skill", "green": False, "digital": False}),
        "occupation_skills": crossed(occupation=occupations, skill=skills),
        "gaps": pd.DataFrame([row for region in regions for row in _gaps(region, occupations, rng)]),
        "skill_gaps": crossed(region=regions, occupation=occupations, horizon=HORIZONS, skill=skills),
    }
    tables["occupation_skills"] = tables["occupation_skills"].assign(relation="essential", weight=1.0)
    rows = len(tables["skill_gaps"])
    figures = {name: rng.random(rows) for name in ("asked", "asked_now", "importance", "unfilled")}
    tables["skill_gaps"] = tables["skill_gaps"].assign(scenario="baseline", **figures)
    emptied = {name: known[name].iloc[:0] for name in ("openings", "supply", "employment", "vacancy_rates")}
    made = {**known, **emptied, **tables}
    return {
        name: table.reindex(columns=[column.name for column in PUBLISHED[name].columns])
        for name, table in made.items()
    }


def _concepts(names: list[str], more: dict[str, object] | None = None) -> pd.DataFrame:
    labels = {f"label_{language}": [f"{name} in words" for name in names] for language in ("nl", "en")}
    return pd.DataFrame({"code": names, "parent": None, "level": 0, **labels}).assign(**(more or {}))


def _gaps(region: str, occupations: list[str], rng: np.random.Generator) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for horizon in HORIZONS:
        ranks = rng.permutation(len(occupations)) + 1
        for code, rank in zip(occupations, ranks.tolist(), strict=True):
            rows.append(gap(region, code, horizon, rank, float(rng.random()), state="balanced"))
    return rows


def _aside(store: Path) -> Path:
    """Return a new folder beside the store's, which gets its name when it is whole."""
    aside = store.with_name(f".{store.name}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    return aside
