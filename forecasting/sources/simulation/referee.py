"""The files of ``REGION.truth``: tables of `truth`, and the oracle, who knows all parameters but no shock."""

from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.sources.simulation.catalogue import Array
from forecasting.sources.simulation.truth import (
    CONVENTIONS,
    Cells,
    Figures,
    Window,
    cells,
    flows,
    profile_table,
    scores,
    skill_table,
    windows,
)
from forecasting.sources.simulation.world import World

_ADDED: Final = ("openings", "no_person", "lacking_skills", "unfilled")
_FORESEEN: Final = (
    *("employment_end", "employment_year", "expansion", "exits", "replacement_net", "replacement_gross"),
    *("openings_net", "openings_gross", "entrants", "jobseekers", "movers", "unfilled"),
)
SHORTAGE: Final = 0.05
"""Score from which ``truth.yaml`` counts a cell as short: friction is smaller."""


def truth_tables(world: World, parents: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Return the truth by table: ``flows, scores, skill_gaps, profiles, oracle``.

    Parameters
    ----------
    parents : dict of str to str
        Parent of every code of occupations.
    """
    there = cells(world, parents)
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in ("flows", "scores", "skill_gaps", "oracle")}
    for window in windows(world):
        found = flows(world, window)
        tables["flows"].append(_framed(there, window, {k: there.sums(v[:1])[0] for k, v in found.items()}))
        if window.when == "future":
            tables["oracle"] += _foreseen(there, window, {name: found[name] for name in _FORESEEN}, "")
        for convention in CONVENTIONS:
            told = scores(world, window, found, convention)
            tables["scores"].append(_scored(there, window, told, convention))
            if window.when == "future":
                tables["oracle"] += _foreseen(
                    there, window, {name: told[name] for name in _ADDED}, convention
                )
            if convention == "net":
                tables["skill_gaps"].append(skill_table(world, window, told))
    return {
        **{name: pd.concat(t, ignore_index=True) for name, t in tables.items()},
        "profiles": profile_table(world),
    }


def _framed(there: Cells, window: Window, figures: dict[str, Array]) -> pd.DataFrame:
    about = {"window": window.when, "horizon": window.years, "start": window.start, "end": window.end}
    index = {str(name): there.index[name] for name in there.index}
    return pd.DataFrame(index | about | figures)


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _scored(there: Cells, window: Window, told: Figures, convention: str) -> pd.DataFrame:
    """Return what came true; a sum's score is ΣU / ΣO, and its sources' lack is not defined."""
    figures = {name: there.sums(told[name][:1])[0] for name in _ADDED}
    figures["score"] = _share(figures["unfilled"], figures["openings"])
    figures["quantitative"] = _share(figures["no_person"], figures["openings"])
    figures["qualitative"] = _share(figures["lacking_skills"], figures["openings"])
    leaf = ~there.index["aggregate"].to_numpy()
    for name, lack in told.items():
        if name.startswith("lack_"):
            figures[name] = np.where(leaf, there.sums(lack[:1])[0], np.nan)
    return _framed(there, window, figures).assign(convention=convention)


def _foreseen(there: Cells, window: Window, figures: Figures, convention: str) -> list[pd.DataFrame]:
    """Return what the other futures say, the one that comes true left out."""
    drawn = {name: there.sums(figure[1:]) for name, figure in figures.items()}
    if convention:
        drawn["score"] = _share(drawn["unfilled"], drawn["openings"])
    frames = []
    for name, draws in drawn.items():
        known = np.isfinite(draws)
        count = known.sum(axis=0)
        total = np.where(known, draws, 0).sum(axis=0)
        low, middle, high = _quantiles(draws)
        spread = {"mean": _share(total, count.astype(float)), "p10": low, "p50": middle, "p90": high}
        frames.append(_framed(there, window, spread).assign(convention=convention, figure=name))
    return frames


def _quantiles(draws: Array) -> Array:
    """Return P10, P50 and P90 over futures; where a figure exists in some futures only, of those."""
    found = np.quantile(draws, [0.1, 0.5, 0.9], axis=0)
    for cell in np.flatnonzero(np.isnan(draws).any(axis=0)):
        known = draws[np.isfinite(draws[:, cell]), cell]
        found[:, cell] = np.quantile(known, [0.1, 0.5, 0.9]) if len(known) else np.nan
    return np.asarray(found)


def about(world: World, tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Return what ``truth.yaml`` says: of which simulation, by which rules, how many cells are short."""
    chosen = world.settings
    leaves = tables["scores"][~tables["scores"]["aggregate"]]
    short = leaves.assign(short=leaves["score"] > SHORTAGE).groupby(["convention", "window", "horizon"])[
        "short"
    ]
    shares = short.mean()
    return {
        "label": "simulated: no figure here is about a real place",
        "seed": chosen.seed,
        "difficulty": chosen.difficulty,
        "size": chosen.size,
        "base_year": chosen.base_year,
        "horizons": list(chosen.horizons),
        "replications": chosen.replications,
        "friction": f"{chosen.market['friction_months']:g} months of job losses",
        "shortage": SHORTAGE,
        "share_of_cells_short": {
            " ".join(map(str, key)): round(float(share), 4)
            for key, share in zip(shares.index.tolist(), shares, strict=True)
        },
    }
