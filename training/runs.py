"""What a person reads in MLflow's pages: a summary of the build, and a nested run per component."""

import re
from collections import Counter
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.demand import employment_panel
from forecasting.evidence import EMPLOYMENT, Evidence
from forecasting.layout import lay_out
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.series.boosting import FROZEN, ROUNDS, GlobalBoosting
from forecasting.snapshot import Snapshot
from training.store import MODEL

FIGURES: Final = ("mae", "mase", "log_mae", "coverage_80", "origins")
LONGEST_NOTE: Final = 7900
"""MLflow refuses a tag of more than 8000 characters."""
_NOT_IN_A_NAME: Final = re.compile(r"[^\w\-./ ]")


def run_name(region: Region, parameters: Parameters, seed: int) -> str:
    """Return the name of a build's run."""
    about = region.settings
    return f"{about['name']} {about['base_year']}, as of {parameters.as_of}, seed {seed}"


def summary(snapshot: Snapshot) -> str:
    """Return what a build is and is not, in Markdown."""
    manifest = snapshot.manifest
    about = manifest["region"]
    cells = _served(snapshot)
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
    head = ("component", "method", "years", "origins", "MAE", "MASE", "MAE, log", "80 % covers", "note")
    lines = ["| " + " | ".join(head) + " |", "|---" * 2 + "|---:" * 6 + "|---|"]
    known = backtest[backtest["origins"] > 0]
    for row in known.sort_values(["component", "horizon", "method"]).to_dict("records"):
        name = f"**{row['method']}**" if row["selected"] else str(row["method"])
        forms = {"mae": ",.0f", "mase": ".3f", "log_mae": ".4f", "coverage_80": ".1%"}
        figures = ["-" if pd.isna(row[key]) else format(row[key], form) for key, form in forms.items()]
        note = "" if pd.isna(row["note"]) else str(row["note"]).replace("|", "/")
        lines.append(
            "| "
            + " | ".join(
                [str(row["component"]), name, str(row["horizon"]), str(row["origins"]), *figures, note]
            )
            + " |"
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


def log_evidence(name: str, evidence: Evidence, region: Region, seed: int) -> None:
    """Log what one component's past says to the run that is active."""
    import mlflow

    mlflow.log_params({"selected": evidence.method, "seed": seed})
    mlflow.log_metrics(backtest_metrics(evidence.table))
    mlflow.log_text(backtest_markdown(evidence.table), "backtest.md")
    mlflow.log_text(evidence.groups.to_csv(index=False), "backtest_groups.csv")
    if len(evidence.groups):
        mlflow.log_figure(skill_figure(name, evidence.groups), "skill.png")
    if name == EMPLOYMENT:
        _log_challenger(mlflow, region, seed)


def _log_challenger(mlflow: Any, region: Region, seed: int) -> None:
    """Log the global LightGBM, fitted on all years, as text with what it splits on."""
    panel = employment_panel(lay_out(region), int(region.settings["base_year"]))
    mlflow.log_params(
        {
            "series": len(panel.index),
            "years": f"{panel.periods[0]}-{panel.periods[-1]}",
            "lightgbm.rounds": ROUNDS,
            **{f"lightgbm.{name}": value for name, value in FROZEN.items()},
        }
    )
    booster = GlobalBoosting(seed).fit(panel)
    mlflow.set_tag("lightgbm", "fitted" if booster is not None else "too few years to fit")
    if booster is None:
        return
    importance = importance_table(booster)
    mlflow.log_text(booster.model_to_string(), "lightgbm.txt")
    mlflow.log_text(importance.to_csv(index=False), "feature_importance.csv")
    mlflow.log_figure(importance_figure(importance), "feature_importance.png")


def log_scores(snapshot: Snapshot) -> None:
    """Log the scores and the weights in a run each, nested in the run that is active."""
    import mlflow

    gap = "Scores: what adds up (`residual.*`), rank correlation with vacancy rates, cells by reason."
    with mlflow.start_run(run_name="gap", nested=True, description=gap):
        mlflow.log_metrics(gap_metrics(snapshot))
        mlflow.log_text(snapshot.tables["gaps"].drop(columns="why").to_csv(index=False), "gaps.csv")
    weights = "Funding weights: a lower quantile of the score, so that uncertainty does not buy money."
    with mlflow.start_run(run_name="weights", nested=True, description=weights):
        given = snapshot.manifest["parameters"]
        mlflow.log_params({name: given[name]["value"] for name in ("weight_quantile", "weight_horizon")})
        mlflow.log_metrics(weight_metrics(snapshot.tables["weights"]))


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


def skill_figure(component: str, groups: pd.DataFrame) -> Any:
    """Draw the skill of every method over the naive forecast by horizon, with its bootstrap interval."""
    from matplotlib.figure import Figure

    rows = groups[(groups["level"] == "cell") & (groups["size"] == "all") & (groups["method"] != "naive")]
    rows = rows.sort_values(["horizon", "method"], ascending=False).reset_index(drop=True)
    figure = Figure(figsize=(7, 1.2 + 0.4 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.hlines(rows.index, rows["skill_p10"] * 100, rows["skill_p90"] * 100, color="#9fb8c8", linewidth=6)
    axes.plot(rows["skill"] * 100, rows.index, "o", color="#1c2733")
    axes.axvline(0, color="#b3392f", linewidth=1)
    names = [
        f"{row['method']}{' (ships)' if row['selected'] else ''}, horizon {row['horizon']}"
        for row in rows.to_dict("records")
    ]
    axes.set_yticks(list(rows.index), names)
    axes.set_xlabel("error saved over the naive forecast, %; bar: P10 to P90 where it is known")
    axes.set_title(component, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def gap_metrics(snapshot: Snapshot) -> dict[str, float]:
    """Return residuals, comparison with vacancy rates, and how many cells are known, or not and why."""
    gaps, manifest = _served(snapshot), snapshot.manifest
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


def _served(snapshot: Snapshot) -> pd.DataFrame:
    """Return the gaps of the scenario that is served."""
    gaps = snapshot.tables["gaps"]
    return gaps[gaps["scenario"] == snapshot.manifest["scenario"]]


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
