"""What a person reads in MLflow's pages: a summary of the build, and a nested run per component."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.demand import employment_panel
from forecasting.pipeline import lay_out
from forecasting.region import Region
from forecasting.series.boosting import FROZEN, ROUNDS, GlobalBoosting
from forecasting.snapshot import Snapshot
from training.store import MODEL

FIGURES: Final = ("mae", "mase", "log_mae", "coverage_80", "origins")
LONGEST_NOTE: Final = 7900
"""MLflow refuses a tag of more than 8000 characters."""
_NOT_IN_A_NAME: Final = re.compile(r"[^\w\-./ ]")


def run_name(manifest: Mapping[str, Any]) -> str:
    """Return the name of a build's run."""
    about = manifest["region"]
    return f"{about['name']} {about['base_year']}, as of {manifest['as_of']}, seed {manifest['seed']}"


def summary(snapshot: Snapshot) -> str:
    """Return what a build is and is not, in Markdown."""
    manifest = snapshot.manifest
    about = manifest["region"]
    cells = snapshot.tables["gaps"]
    scored = int(cells["score"].notna().sum())
    methods = ", ".join(f"{component}: **{name}**" for component, name in manifest["methods"].items())
    lines = [
        f"## {about['name']}, base year {about['base_year']}",
        "",
        f"**{manifest['status']['label']}**: {manifest['status']['sentence']}",
        "",
        f"- Data vintage: {about['data_vintage']}; as of {manifest['as_of']}; seed {manifest['seed']}, "
        f"{manifest['draws']} draws",
        f"- Selected method: {methods}",
        f"- {scored} of {len(cells)} cells have a score; windows of "
        f"{', '.join(map(str, manifest['horizons']))} years",
        f"- Registered as a version of `{MODEL}`: `python -m training promote VERSION`",
        "",
        "### Backtest",
        "",
        backtest_markdown(snapshot.tables["backtest"]),
        "### Do not quote",
        "",
        *(f"- {sentence}" for sentence in manifest["not_quotable"]),
    ]
    text = "\n".join(lines) + "\n"
    return text if len(text) <= LONGEST_NOTE else f"{text[:LONGEST_NOTE]}…"


def backtest_markdown(backtest: pd.DataFrame) -> str:
    """Return the backtest in Markdown; the method that ships is bold."""
    head = ("method", "years", "origins", "MAE", "MASE", "MAE, log", "80 % covers", "note")
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * 6 + "|---|"]
    for row in backtest.sort_values(["component", "horizon", "method"]).to_dict("records"):
        name = f"**{row['method']}**" if row["selected"] else str(row["method"])
        forms = {"mae": ",.0f", "mase": ".3f", "log_mae": ".4f", "coverage_80": ".1%"}
        figures = ["-" if pd.isna(row[key]) else format(row[key], form) for key, form in forms.items()]
        note = "" if pd.isna(row["note"]) else str(row["note"]).replace("|", "/")
        lines.append(
            "| " + " | ".join([name, str(row["horizon"]), str(row["origins"]), *figures, note]) + " |"
        )
    return "\n".join(lines) + "\n"


def backtest_metrics(backtest: pd.DataFrame) -> dict[str, float]:
    """Return the known figures of a backtest by ``method.h<horizon>.figure``."""
    return {
        f"{row['method']}.h{row['horizon']}.{figure}": float(row[figure])
        for row in backtest.to_dict("records")
        for figure in FIGURES
        if pd.notna(row[figure])
    }


def log_components(region: Region, snapshot: Snapshot) -> None:
    """Log one run per component of the build, nested in the run that is active."""
    import mlflow

    employment = "What sectors will employ. `*.txt` is the global LightGBM, fitted on all years, as text."
    with mlflow.start_run(run_name="sector_employment", nested=True, description=employment):
        _log_employment(mlflow, region, snapshot)
    gap = "Scores: what adds up (`residual.*`), rank correlation with vacancy rates, cells by reason."
    with mlflow.start_run(run_name="gap", nested=True, description=gap):
        mlflow.log_metrics(gap_metrics(snapshot))
        mlflow.log_text(snapshot.tables["gaps"].drop(columns="why").to_csv(index=False), "gaps.csv")
    weights = "Funding weights: a lower quantile of the score, so that uncertainty does not buy money."
    with mlflow.start_run(run_name="weights", nested=True, description=weights):
        given = snapshot.manifest["parameters"]
        mlflow.log_params({name: given[name]["value"] for name in ("weight_quantile", "weight_horizon")})
        mlflow.log_metrics(weight_metrics(snapshot.tables["weights"]))


def _log_employment(mlflow: Any, region: Region, snapshot: Snapshot) -> None:
    """Log the backtest, and the challenger as LightGBM text with what it splits on."""
    manifest, backtest = snapshot.manifest, snapshot.tables["backtest"]
    seed, panel = int(manifest["seed"]), employment_panel(lay_out(region), manifest["region"]["base_year"])
    mlflow.log_params(
        {
            "selected": manifest["methods"]["sector_employment"],
            "seed": seed,
            "series": len(panel.index),
            "years": f"{panel.periods[0]}-{panel.periods[-1]}",
            "lightgbm.rounds": ROUNDS,
            **{f"lightgbm.{name}": value for name, value in FROZEN.items()},
        }
    )
    rows = backtest[backtest["component"] == "sector_employment"]
    mlflow.log_metrics(backtest_metrics(rows))
    mlflow.log_text(backtest_markdown(rows), "backtest.md")
    booster = GlobalBoosting(seed).fit(panel)
    mlflow.set_tag("lightgbm", "fitted" if booster is not None else "too few years to fit")
    if booster is None:
        return
    importance = importance_table(booster)
    mlflow.log_text(booster.model_to_string(), "lightgbm.txt")
    mlflow.log_text(importance.to_csv(index=False), "feature_importance.csv")
    mlflow.log_figure(importance_figure(importance), "feature_importance.png")


def importance_table(booster: Any) -> pd.DataFrame:
    """Return each feature's number of splits and share of the gain, largest gain first."""
    gain = booster.feature_importance("gain")
    table = pd.DataFrame(
        {
            "feature": booster.feature_name(),
            "splits": booster.feature_importance("split"),
            "share_of_gain": gain / gain.sum() if gain.sum() > 0 else np.zeros(len(gain)),
        }
    )
    return table.sort_values(["share_of_gain", "feature"], ascending=[False, True], ignore_index=True)


def importance_figure(importance: pd.DataFrame) -> Any:
    """Draw the share of the gain per feature."""
    from matplotlib.figure import Figure

    rows = importance.iloc[::-1]
    figure = Figure(figsize=(7, 0.8 + 0.35 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.barh(rows["feature"], rows["share_of_gain"] * 100, color="#9fb8c8")
    axes.set_xlabel("share of the gain of all splits, %")
    axes.set_title("What the global LightGBM splits on", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def gap_metrics(snapshot: Snapshot) -> dict[str, float]:
    """Return residuals, comparison with vacancy rates, and how many cells are known, or not and why."""
    gaps, manifest = snapshot.tables["gaps"], snapshot.manifest
    counts = Counter({"cells": len(gaps), "cells.aggregate": int(gaps["aggregate"].sum())})
    counts["cells.scored"] = int(gaps["score"].notna().sum())
    for column, prefix in (("reason", "no_score"), ("reliability", "reliability"), ("covers", "covers")):
        for value, rows in gaps[column].dropna().value_counts().items():
            if value:
                counts[f"cells.{prefix}.{value}"] = int(rows)
    beside = {
        _named(f"comparison.{entry['region']}.h{entry['horizon']}.{figure}"): float(entry[figure])
        for entry in manifest["comparison"]
        for figure in ("spearman", "occupations")
        if entry[figure] is not None
    }
    residual = {f"residual.{name}": float(value) for name, value in manifest["residuals"].items()}
    return {_named(name): float(number) for name, number in counts.items()} | beside | residual


def weight_metrics(weights: pd.DataFrame) -> dict[str, float]:
    """Return how many weights there are, and the share of them that is zero, by horizon."""
    metrics = {"weights": float(len(weights))}
    for horizon, rows in weights.groupby("horizon"):
        metrics[f"h{horizon}.share_zero"] = float((rows["weight"] == 0).mean())
        metrics[f"h{horizon}.share_neutral"] = float(rows["score_lower"].isna().mean())
        metrics[f"h{horizon}.mean"] = float(rows["weight"].mean())
    return metrics


def _named(text: str) -> str:
    return _NOT_IN_A_NAME.sub("_", text)
