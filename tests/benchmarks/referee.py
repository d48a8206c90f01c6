"""Part `referee`: builds of simulated regions held to a truth that they never saw, beside yardsticks."""

import dataclasses
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.parameters import Parameters, load_parameters
from forecasting.pipeline import build_snapshot
from forecasting.sources import demo
from tests.benchmarks.report import Verdict, markdown, verdict_lines
from training.referee import causes, errors, held_to_truth, skill_order
from training.referee_measured import measured_past

RUNS: Final = (
    *((seed, "normal") for seed in range(521, 541)),
    *((seed, "turbulent") for seed in (521, 522)),
)
"""Regions that nothing was chosen on; others were looked at while the method was mended (MODEL_CARD.md)."""

_AT_ONCE: Final = 2

DRAWS: Final = 500
WAY: Final = {1: 0.3, 5: 0.4}
COVERED: Final = (0.72, 0.88)
RIGHT: Final = 0.75
_SHARES: Final = ("score", "quantitative", "qualitative")


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del shared, until  # the regions are simulated
    lines, verdicts = [], []
    for difficulty in dict.fromkeys(each for _, each in RUNS):
        seeds = [seed for seed, each in RUNS if each == difficulty]
        begun = time.perf_counter()
        with ProcessPoolExecutor(_AT_ONCE, get_context("spawn")) as pool:
            judged = list(pool.map(_judged, seeds, [difficulty] * len(seeds)))
        took = (time.perf_counter() - begun) / len(seeds)
        figures, named, ordered, grave = (
            _mean([each[part] for each in judged], keys) for part, keys in _PARTS
        )
        lines += [
            f"**{difficulty}**, seeds {', '.join(map(str, seeds))}, mean; {DRAWS} draws, the baseline alone; "
            f"{took:.0f} seconds a region, simulation and training in it.",
            "",
            *markdown(_shown(figures)),
            "Cells in shortage: the larger part of the gap named rightly by the build, by persistence and by "
            "the oracle; then of those beyond twice the threshold, where the parts lie further apart.",
            "",
            *markdown(named.round(2)),
            *markdown(grave.round(2)),
            "Order of skills within an occupation by persons lacking, mean Spearman.",
            "",
            *markdown(ordered.round(2)),
        ]
        if difficulty == "normal":
            verdicts = _verdicts(figures, named)
    return [_ABOUT, "", *lines, *verdict_lines(verdicts)]


_ABOUT: Final = (
    "Mean absolute error of the median, in persons, or in shares for the score and its parts. persistence: "
    "the true past window again, which nobody can see; measured: the past window's score as the region's own "
    "tables tell it, no model; naive: the region's true past figure for every occupation; flat: the median "
    "of its true past rates for every occupation, the constant that errs least; oracle: knows the true "
    "parameters and the state, not the shocks. way: (persistence − model) / (persistence − oracle)."
)
_PARTS: Final = ((0, ["figure", "horizon"]), (1, ["horizon"]), (2, ["horizon"]), (3, ["horizon"]))


def _judged(seed: int, difficulty: str) -> tuple[pd.DataFrame, ...]:
    simulated, parameters = demo.generate(seed=seed, difficulty=difficulty), _quick(load_parameters(None))
    snapshot = build_snapshot(simulated.region, parameters, seed=1, code="benchmark")
    measured = measured_past(simulated.region, parameters)
    held = held_to_truth(snapshot, simulated.truth, measured)
    named, grave = (
        causes(held, simulated.truth, times * parameters["shortage_threshold"]) for times in (1, 2)
    )
    return errors(held), named, skill_order(snapshot, simulated.truth), grave


def _quick(parameters: Parameters) -> Parameters:
    """Return the parameters with fewer draws and no scenario but the baseline."""
    values = dict(parameters.values)
    for name, value in (("draws", DRAWS), ("scenarios", {})):
        values[name] = dataclasses.replace(values[name], value=value)
    return dataclasses.replace(parameters, values=values)


def _mean(tables: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    return pd.concat(tables).groupby(keys, sort=False).mean(numeric_only=True).reset_index()


def _shown(figures: pd.DataFrame) -> pd.DataFrame:
    persons = ~figures["figure"].isin(_SHARES)
    shown = figures[["figure", "horizon"]].astype({"horizon": str})
    for name in ("model", "persistence", "measured", "naive", "flat", "oracle"):
        shown[name] = [
            "–" if np.isnan(value) else f"{value:,.0f}" if whole else f"{value:.3f}"
            for value, whole in zip(figures[name], persons, strict=True)
        ]
    room = figures["persistence"] - figures["oracle"]
    way = ((figures["persistence"] - figures["model"]) / room).where(room > 0)
    for name, values in (
        ("way", way),
        ("rank corr.", figures["spearman"]),
        ("of persistence", figures["spearman_persistence"]),
        ("of oracle", figures["spearman_oracle"]),
        ("80 % covers", figures["covered"]),
    ):
        shown[name] = ["–" if np.isnan(value) else f"{value:.2f}" for value in values]
    return shown


def _verdicts(figures: pd.DataFrame, named: pd.DataFrame) -> list[Verdict]:
    score = figures[figures["figure"] == "score"].set_index("horizon")
    found = []
    for horizon, bar in WAY.items():
        row = score.loc[horizon]
        way = (row["persistence"] - row["model"]) / (row["persistence"] - row["oracle"])
        told = f"{way:.2f} (error {row['model']:.3f}, {row['persistence']:.3f}, {row['oracle']:.3f})"
        asked = f"score, {horizon} y: at least {bar} of the way from persistence to the oracle"
        found.append(Verdict("simulated", asked, told, bool(way >= bar)))
        seen = (row["measured"] - row["model"]) / (row["measured"] - row["oracle"])
        told = f"{seen:.2f} (measured {row['measured']:.3f})"
        asked = f"the same from the past gap as measured, {horizon} y: at least {bar}"
        found.append(Verdict("simulated", asked, told, bool(seen >= bar)))
        mean = (row["naive"] - row["model"]) / (row["naive"] - row["oracle"])
        told = f"{mean:.2f} (naive {row['naive']:.3f})"
        asked = (
            f"the same from the region's true past score for every occupation, {horizon} y: at least {bar}"
        )
        found.append(Verdict("simulated", asked, told, bool(mean >= bar)))
    told = ", ".join(f"{row['model']:.3f} ({row['flat']:.3f})" for _, row in score.iterrows())
    asked = "score: errs less than the constant that errs least, at every horizon"
    found.append(Verdict("simulated", asked, told, bool((score["model"] < score["flat"]).all())))
    low, high = COVERED
    told = ", ".join(f"{value:.0%}" for value in score["covered"])
    inside = bool(score["covered"].between(low, high).all())
    found.append(
        Verdict("simulated", f"80 % intervals of the score cover {low:.0%}–{high:.0%}", told, inside)
    )
    told = ", ".join(f"{value:.0%}" for value in named["right"])
    right = bool((named["right"] >= RIGHT).all())
    best = ", ".join(f"{value:.0%}" for value in named["oracle"])
    asked = f"larger part named in {RIGHT:.0%} of shortages (oracle {best})"
    found.append(Verdict("simulated", asked, told, right))
    return found
