"""The demo region: a simulated labour market whose truth is known and kept where no model looks.

Rules in ``demo.yaml``; the mechanisms in the package `forecasting.sources.simulation`.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from forecasting.errors import ForecastingError, InputError, Problem
from forecasting.region import Region, write_checked_region
from forecasting.sources.canonical import canonical
from forecasting.sources.cards import read_card, region_sources
from forecasting.sources.simulation import advertising, description, observation, offer
from forecasting.sources.simulation.referee import about, truth_tables
from forecasting.sources.simulation.revision import revision
from forecasting.sources.simulation.settings import declared, settings
from forecasting.sources.simulation.world import World, simulate

SOURCES: Final = ("demo",)
"""Cards that the region's settings list."""

FUNDING: Final = "funding"
"""Folder inside the region with applications and grants: no canonical tables."""
_TRUTH: Final = ".truth"
_ABOUT: Final = "truth.yaml"


@dataclass(frozen=True)
class Simulated:
    """A simulated region and its truth.

    Parameters
    ----------
    region : Region
        What models may see.
    truth : dict of str to DataFrame
        What they may not: ``flows, scores, skill_gaps, profiles, oracle``.
    funding : dict of str to DataFrame
        Fictitious ``applications`` and ``grants``.
    about : dict
        What ``truth.yaml`` says.
    world : World
        Everything that is true, for moments; never written.
    """

    region: Region
    truth: dict[str, pd.DataFrame]
    funding: dict[str, pd.DataFrame]
    about: dict[str, Any]
    world: World


def names(kind: str) -> tuple[str, ...]:
    """Return the names of ``sizes`` or ``difficulties``.

    Examples
    --------
    >>> names("difficulties")
    ('calm', 'normal', 'turbulent')
    """
    return tuple(declared()[kind])


def generate(seed: int = 1, difficulty: str = "normal", size: str = "demo") -> Simulated:
    """Simulate a region.

    Parameters
    ----------
    seed : int
        At least 0; the same seed, difficulty and size give the same bytes.

    Raises
    ------
    ForecastingError
        If the size or the difficulty is unknown, or the seed negative.
    """
    for kind, given in (("sizes", size), ("difficulties", difficulty)):
        if given not in names(kind):
            one = ", ".join(names(kind))
            raise ForecastingError(f"{kind} {given!r}: unknown; expected one of {one}. Do: correct the name.")
    if seed < 0:
        raise ForecastingError(f"seed {seed}: expected 0 or more. Do: give another.")
    with threadpool_limits(1):  # sums in one order on any machine: the same bytes
        world = simulate(settings(seed, difficulty, size))
        tables = _tables(world)
        parents = dict(zip(tables["occupations"]["code"], tables["occupations"]["parent"], strict=True))
        truth = truth_tables(world, parents)
        applied = offer.applications(world, tables["courses"])
    funding = {"applications": applied, "grants": offer.grants(world, applied)}
    return Simulated(Region(_settings(world), tables), truth, funding, about(world, truth), world)


def _tables(world: World) -> dict[str, pd.DataFrame]:
    changed = revision(world.listed, world.streams)
    found = {
        **description.classifications(world, changed),
        "occupation_skills": description.occupation_skills(world),
        **observation.employment(world),
        **observation.staffing(world, changed),
        "occupation_employment": observation.regional_survey(world, changed),
        "separations": observation.separations(world),
        "occupation_vacancies": advertising.by_occupation(world),
        "sector_vacancies": advertising.by_sector(world),
        "skill_mentions": advertising.mentions(world, changed),
        **observation.education(world),
        "population": observation.inhabitants(world),
        "jobseekers": observation.jobseekers(world),
        "jobseeker_skills": description.jobseeker_skills(world),
        "bottlenecks": description.bottlenecks(world),
        "courses": offer.courses(world),
    }
    return {name: canonical(name, frame) for name, frame in found.items()}


def _settings(world: World) -> dict[str, Any]:
    card, chosen = read_card("demo"), world.settings
    said = f"seed {chosen.seed}, {chosen.difficulty}, size {chosen.size}"
    return {
        "name": f"Simulatia (simulated: {said})",
        "base_year": chosen.base_year,
        "data_vintage": f"simulated, {said}",
        "made_up": True,
        "classifications": card["classifications"],
        "sources": region_sources(SOURCES),
    }


def truth_folder(folder: Path) -> Path:
    """Return where a region's truth lies: beside it, never inside.

    Examples
    --------
    >>> truth_folder(Path("regions/demo")).name
    'demo.truth'
    """
    return folder.with_name(folder.name + _TRUTH)


def write(found: Simulated, folder: Path) -> None:
    """Write the region, checked, with its fictitious applications, and the truth beside it.

    Raises
    ------
    InputError
        If the folder, or that of the truth, exists and is something else.
    """
    beside = truth_folder(folder)
    if beside.exists() and not (beside / _ABOUT).is_file():
        given, expected = "something that is not a simulated truth", f"a new folder, or one with {_ABOUT}"
        raise InputError([Problem(str(beside), given, expected, "give another folder for the region")])
    write_checked_region(found.region, folder)
    (folder / FUNDING).mkdir()
    for name, frame in found.funding.items():
        frame.to_csv(folder / FUNDING / f"{name}.csv", index=False, lineterminator="\n")
    aside = Path(tempfile.mkdtemp(prefix=f".{beside.name}-", dir=beside.parent))
    try:
        for name, frame in found.truth.items():
            frame.to_parquet(aside / f"{name}.parquet", index=False, compression="zstd")
        text = yaml.safe_dump(found.about, sort_keys=False, allow_unicode=True)
        (aside / _ABOUT).write_text(text, encoding="utf-8")
        aside.chmod(0o755)
        if beside.exists():
            shutil.rmtree(beside)
        aside.rename(beside)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
