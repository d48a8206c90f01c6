"""British Columbia: employment of 516 occupations forecast from their noisy past, held to what came."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.baselines import Forecaster, Mean, Naive, Trend
from forecasting.series.conformal import calibrate
from forecasting.series.panel import Array, Panel, panel_from_table
from forecasting.series.scores import interval_score
from forecasting.series.shrinkage import ConstantShare, LocalLevel, SamplingShrinkage
from forecasting.series.skill import skill
from forecasting.sources import bc
from tests.benchmarks.report import Verdict, markdown

ORIGINS: Final = tuple(range(2019, 2024))
HORIZONS: Final = (1, 2, 3)
SMALLEST: Final = 1000
"""Persons at the origin from which a cell counts (issue 5)."""

FLOOR: Final = 50
"""Persons: smaller outcomes and forecasts, zeros among them, are taken as this many by every method."""

CLASSES: Final = (1000, 3000, 10_000)
DRAWS: Final = 2000
LEVEL: Final = 0.8
OURS: Final = LocalLevel()
RIVALS: Final[tuple[Forecaster, ...]] = (
    Naive("no change"),
    ConstantShare(),
    Trend(name="longest trend"),
    Mean(3, "mean of three years"),
    SamplingShrinkage(),
)


def report(shared: Path) -> tuple[list[str], list[Verdict]]:
    """Return the tables of this source and its bars."""
    panel = bc_panel(shared)
    errors = scored(panel, (*RIVALS, OURS))
    gains, beaten = _gains(errors)
    covered, inside = _coverage(panel)
    hits = _directions(errors)
    lines = [
        f"**British Columbia**: {len(panel.index)} occupations, {panel.periods[0]}–{panel.periods[-1]}; "
        "origins "
        f"{ORIGINS[0]}–{ORIGINS[-1]}, {HORIZONS[0]} to {HORIZONS[-1]} years ahead; cells with {SMALLEST:,} "
        f"persons or more at the origin. Rule for zeros: outcomes and forecasts under {FLOOR} persons are "
        f"taken as {FLOOR}; no cell is left out. Error: absolute log of outcome over forecast. Parameters "
        "are estimated at each origin; the recipe was chosen on outcomes to 2019 (origins 2016–2018).",
        "",
        *markdown(_levels(errors)),
        "Per origin, weighted by employment, mean of the horizons reached; 2020 is the year of the pandemic:",
        "",
        *markdown(_origins(errors)),
        f"Error saved by {OURS.name}, share of the rival's; in brackets P10 to P90 over occupations and "
        "blocks of origins, then P2.5 to P97.5 over occupations alone (these years as given). Three years "
        "ahead all origins overlap: there is no interval over origins.",
        "",
        *markdown(gains),
        "Growth forecast in the right direction, share of cells that changed; up always: share that grew.",
        "",
        *markdown(hits),
        f"{LEVEL:.0%} intervals, all cells, by persons at the origin. `own` is the model's; `calibrated` is "
        "`series.conformal` around the same forecast.",
        "",
        *markdown(covered),
    ]
    return lines, [*beaten, *inside]


def bc_panel(shared: Path) -> Panel:
    """Return yearly employment by occupation."""
    table = bc.tidy(bc.read(shared)).tables["occupation_employment"]
    return panel_from_table(table, ["region", "occupation"])


def scored(panel: Panel, methods: Sequence[Forecaster], smallest: float = SMALLEST) -> pd.DataFrame:
    """Return one row per method, origin, horizon and cell: ``size, forecast, actual, error``."""
    rows = []
    for origin in ORIGINS:
        history, base = panel.until(origin), panel.at(origin)
        reached = tuple(horizon for horizon in HORIZONS if origin + horizon <= panel.periods[-1])
        for method in methods:
            forecasts = method.forecast(history, reached)
            for horizon, forecast in zip(reached, forecasts.T, strict=True):
                actual = panel.at(origin + horizon)
                used = np.flatnonzero(np.isfinite(base) & np.isfinite(actual) & (base >= smallest))
                error = np.log(np.maximum(actual, FLOOR) / np.maximum(forecast, FLOOR))[used]
                rows.append(
                    pd.DataFrame({"series": used, "size": base[used], "actual": actual[used]}).assign(
                        forecast=forecast[used],
                        error=np.abs(error),
                        method=method.name,
                        origin=origin,
                        horizon=horizon,
                    )
                )
    return pd.concat(rows, ignore_index=True)


def _mean(errors: pd.DataFrame, *, weighted: bool) -> float:
    weight = errors["size"] if weighted else None
    return float(np.average(errors["error"], weights=weight))


def _levels(errors: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, of_method in errors.groupby("method", sort=False):
        row = {"mean absolute log error": name}
        for weighted in (False, True):
            for horizon, at in of_method.groupby("horizon"):
                row[f"{'weighted' if weighted else 'plain'}, {horizon} y"] = (
                    f"{_mean(at, weighted=weighted):.4f}"
                )
        rows.append(row)
    return pd.DataFrame(rows)


def _origins(errors: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, of_method in errors.groupby("method", sort=False):
        row = {"method": name}
        for origin, at in of_method.groupby("origin"):
            row[str(origin)] = (
                f"{np.mean([_mean(one, weighted=True) for _, one in at.groupby('horizon')]):.3f}"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _gains(errors: pd.DataFrame) -> tuple[pd.DataFrame, list[Verdict]]:
    rows, verdicts = [], []
    for rival in RIVALS:
        row, saved, sure = {"rival": rival.name}, [], 0
        for weighted in (False, True):
            for horizon in HORIZONS:
                ours, theirs = (
                    _sums(errors, name, horizon, weighted=weighted) for name in (OURS.name, rival.name)
                )
                found, low, high = skill(ours, theirs, horizon, DRAWS, seed=1)
                lowest, highest = resampled(ours.sum(axis=1), theirs.sum(axis=1))
                over = f" [{low:.1%}, {high:.1%}]" if np.isfinite(low) else ""
                row[f"{'weighted' if weighted else 'plain'}, {horizon} y"] = (
                    f"{found:.1%}{over} ({lowest:.1%}, {highest:.1%})"
                )
                saved.append(found)
                sure += lowest > 0
        rows.append(row)
        figure = (
            f"saves {min(saved):.1%} to {max(saved):.1%}; interval over occupations above 0 in {sure} of 6"
        )
        bar = f"beats {rival.name} at every horizon, weighted and not"
        verdicts.append(Verdict("BC", bar, figure, min(saved) > 0))
    return pd.DataFrame(rows), verdicts


def _sums(errors: pd.DataFrame, method: str, horizon: int, *, weighted: bool) -> Array:
    """Return sums of errors by occupation and origin; 0 where a cell does not count."""
    at = errors[(errors["method"] == method) & (errors["horizon"] == horizon)]
    amount = at["error"] * (at["size"] if weighted else 1.0)
    wide = amount.groupby([at["series"], at["origin"]]).sum().unstack("origin")
    return wide.fillna(0.0).to_numpy(dtype=float)


def resampled(ours: Array, theirs: Array, seed: int = 1) -> tuple[float, float]:
    """Return P2.5 and P97.5 of 1 − our error / theirs over samples of the rows, each drawn as a whole."""
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(len(ours), np.full(len(ours), 1 / len(ours)), size=DRAWS)
    low, high = np.quantile(1 - (counts @ ours) / (counts @ theirs), (0.025, 0.975))
    return float(low), float(high)


def _directions(errors: pd.DataFrame) -> pd.DataFrame:
    rows = []
    moved = errors[errors["actual"] != errors["size"]]
    for name, of_method in moved.groupby("method", sort=False):
        if name == RIVALS[0].name:  # no change says no direction
            continue
        hit = np.sign(of_method["forecast"] - of_method["size"]) == np.sign(
            of_method["actual"] - of_method["size"]
        )
        row = {"method": name}
        for horizon in HORIZONS:
            row[f"{horizon} y"] = f"{hit[of_method['horizon'] == horizon].mean():.1%}"
        row["weighted, all"] = f"{np.average(hit, weights=of_method['size']):.1%}"
        rows.append(row)
    one = moved[moved["method"] == OURS.name]
    up = one["actual"] > one["size"]
    always = {f"{horizon} y": f"{up[one['horizon'] == horizon].mean():.1%}" for horizon in HORIZONS}
    rows.append(
        {"method": "up always"} | always | {"weighted, all": f"{np.average(up, weights=one['size']):.1%}"}
    )
    return pd.DataFrame(rows)


def _coverage(panel: Panel) -> tuple[pd.DataFrame, list[Verdict]]:
    found = pd.concat([_inside(panel, origin) for origin in ORIGINS], ignore_index=True)
    group = np.digitize(found["size"], CLASSES)
    names = ["under 1,000", "1,000 to 3,000", "3,000 to 10,000", "10,000 and over"]
    rows, verdicts = [], []
    for name, used in [
        ("all cells", group >= 0),
        (f"{SMALLEST:,} and over", group > 0),
        *((name, group == number) for number, name in enumerate(names)),
    ]:
        row = {"persons": name, "cells": f"{used.sum():,}"}
        for kind in ("own", "calibrated"):
            row[f"{kind}: inside"] = f"{found.loc[used, f'{kind} inside'].mean():.1%}"
            row[f"{kind}: interval score, roots"] = f"{found.loc[used, f'{kind} score'].mean():.2f}"
        rows.append(row)
    whole = float(found["own inside"].mean())
    verdicts.append(Verdict("BC", "80 % intervals cover 75–85 %", f"{whole:.1%}", 0.75 <= whole <= 0.85))
    parts = [float(found.loc[group == number, "own inside"].mean()) for number in range(len(names))]
    figure = ", ".join(f"{name} {part:.1%}" for name, part in zip(names, parts, strict=True))
    verdicts.append(
        Verdict("BC", "per size class 70–90 %", figure, all(0.7 <= part <= 0.9 for part in parts))
    )
    return pd.DataFrame(rows), verdicts


def _inside(panel: Panel, origin: int) -> pd.DataFrame:
    """Return whether each outcome lay inside, and the score on square roots, where small cells count too."""
    history, base = panel.until(origin), panel.at(origin)
    reached = tuple(horizon for horizon in HORIZONS if origin + horizon <= panel.periods[-1])
    own = OURS.intervals(history, reached, LEVEL)
    calibration = calibrate(history, OURS, reached)
    other = calibration.intervals(OURS.forecast(history, reached), history, (LEVEL,))[LEVEL]
    frames = []
    for column, horizon in enumerate(reached):
        actual = panel.at(origin + horizon)
        used = np.isfinite(actual) & np.isfinite(base)
        frame = {"size": base[used], "horizon": horizon}
        for kind, (low, high) in (("own", own), ("calibrated", other)):
            ends = low[used, column], high[used, column]
            frame[f"{kind} inside"] = (actual[used] >= ends[0]) & (actual[used] <= ends[1])
            roots = (np.sqrt(part) for part in (actual[used], *ends))
            frame[f"{kind} score"] = interval_score(*roots, 100 * LEVEL)
        frames.append(pd.DataFrame(frame))
    return pd.concat(frames)
