"""Tables and verdicts of the part `job_sdf`, from sums of errors per method, origin and horizon."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from forecasting.series.comparison import diebold_mariano, skill_interval
from tests.benchmarks.data import GRANULARITIES
from tests.benchmarks.report import Verdict, markdown, verdict_lines

BASELINES: Final = ("last", "mean-3", "mean-6", "ses-0.2", "ses-0.3", "theta")
"""Those that the default must beat."""

REFERENCE: Final = "mean-3"
WINDOWS: Final = 4
"""Origins of the benchmark's own protocol in each half-year: three months ahead stay inside it."""

GOAL: Final = {"r0": (161, 850), "region": (30.1, 178), "r1": (15.6, 175), "r2": (5.2, 82)}
"""MAE and RMSE asked for on the benchmark's own windows in July to December 2023."""

PUBLISHED: Final = {"r0": (190, 925), "region": (35.5, 194), "r1": (17.7, 201), "r2": (5.85, 90)}
"""Of the best published models that reproduce, same windows."""

PUBLISHED_MEAN: Final = {"r0": (171, 875), "region": (31.9, 182), "r1": (17.2, 192), "r2": (5.7, 88)}
"""Of a mean of the last three months there, as the issue has it."""

GOAL_PERIOD: Final = "2023H2"


def lines(table: pd.DataFrame) -> list[str]:
    """Return everything that is printed about the scores."""
    found: list[str] = []
    for granularity in GRANULARITIES:
        found += [f"**{granularity}**, all origins", "", *markdown(accuracy_table(_of(table, granularity)))]
    return [
        *found,
        f"MAE and RMSE in ads; relative ones (MAE/RMSE) to {REFERENCE}; bias is the sum of errors over the "
        "sum of outcomes. *True volume*: the method's shares times the volume that came, the bound of what "
        "a better volume forecast can bring; below it only better shares help.",
        "",
        "**Volume apart**: mean absolute log error of the market's total, %",
        "",
        *markdown(volume_table(table)),
        "**Better than the best baseline?** Skill 1 − loss/baseline's, 90 % interval from a block bootstrap "
        "over origins (blocks of 3), p of Diebold and Mariano; origins with all three outcomes",
        "",
        *markdown(skill_table(table)),
        "**The benchmark's own windows** (four origins a half-year, three months each inside it)",
        "",
        *markdown(window_table(table)),
        *verdict_lines([verdict for name in GRANULARITIES for verdict in verdicts(_of(table, name), name)]),
    ]


def _of(table: pd.DataFrame, granularity: str) -> pd.DataFrame:
    return table[table["granularity"] == granularity]


def in_windows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the benchmark's own protocol."""
    return table[(table["origin"] + 1) % 6 < WINDOWS]


def pooled(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return errors pooled over cells, by the columns given."""
    grouped = table.assign(missed=100 * table["volume"].abs()).groupby(by, sort=False)
    sums = grouped[["absolute", "squared", "signed", "outcome", "cells"]].sum()
    return pd.DataFrame(
        {
            "mae": sums["absolute"] / sums["cells"],
            "rmse": np.sqrt(sums["squared"] / sums["cells"]),
            "bias": sums["signed"] / sums["outcome"],
            "volume": grouped["missed"].mean(),
        }
    )


def relative(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return pooled MAE and RMSE over the reference's, indexed by method and `by`."""
    found = pooled(table, ["method", *by])[["mae", "rmse"]]
    base = found.xs(REFERENCE, level="method") if by else found.loc[REFERENCE]
    return found.div(base, level=by[0]) if by else found / base


def accuracy_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return every method's pooled and relative errors, and both per half-year with the bias."""
    whole, share = pooled(table, ["method"]), relative(table, [])
    parts, biases = relative(table, ["half"]), pooled(table, ["method", "half"])["bias"]
    rows = []
    for method in whole.index:
        row = {
            "method": method,
            "MAE": f"{whole.loc[method, 'mae']:.4g}",
            "RMSE": f"{whole.loc[method, 'rmse']:.4g}",
            "relative": _pair(share.loc[method]),
        }
        for half in table["half"].unique():
            row[half] = _pair(parts.loc[(method, half)])
        for half in table["half"].unique():
            row[f"bias {half}"] = f"{biases[method, half]:+.1%}"
        rows.append(row)
    return pd.DataFrame(rows)


def _pair(errors: pd.Series) -> str:
    return f"{errors['mae']:.3f}/{errors['rmse']:.3f}"


def volume_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the error of the total per method and half-year, a row per granularity."""
    methods = [name for name in table["method"].unique() if "true volume" not in name]
    part = table[table["method"].isin(methods)]
    halves = pooled(part, ["granularity", "method", "half"])["volume"].unstack("half")
    halves["pooled"] = pooled(part, ["granularity", "method"])["volume"]
    shown = halves.loc[["r0"]]
    others = halves[(halves.index.get_level_values(0) != "r0")]
    shown = pd.concat([shown, others[others.index.get_level_values(1).isin(["default", REFERENCE])]])
    return shown.map("{:.1f}".format).reset_index()


def skill_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the default's skill over the best baseline of each granularity, and how sure it is."""
    rows = []
    for granularity in GRANULARITIES:
        part = _of(table, granularity)
        whole = part.groupby("origin")["horizon"].transform("max") == part["horizon"].max()
        sums = part[whole].groupby(["method", "origin"])[["absolute", "squared", "cells"]].sum()
        for name, loss, root in (("MAE", "absolute", np.abs), ("RMSE", "squared", np.sqrt)):
            losses = (sums[loss] / sums["cells"]).unstack("method")
            best = losses[list(BASELINES)].mean().idxmin()
            mine, theirs = losses["default"].to_numpy(), losses[best].to_numpy()
            skill, low, high = skill_interval(mine, theirs, 3, pooled=root)
            _, p = diebold_mariano(mine, theirs, 3)
            interval = f"{low:+.1%} to {high:+.1%}"
            rows.append((granularity, name, best, f"{skill:+.1%}", interval, f"{p:.3f}", len(losses)))
    columns = ["granularity", "loss", "best baseline", "skill", "90 % interval", "p", "origins"]
    return pd.DataFrame(rows, columns=columns)


def window_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return MAE/RMSE of the default and the reference in the benchmark's windows, the goal beside."""
    found = pooled(in_windows(table), ["half", "granularity", "method"])
    rows = [
        {"half-year": half, "method": method}
        | {name: _plain(found.loc[(half, name, method)]) for name in GRANULARITIES}
        for half in found.index.get_level_values("half").unique()
        for method in ("default", REFERENCE, "default, true volume")
    ]
    beside = {"goal": GOAL, "best published": PUBLISHED, f"{REFERENCE}, from the issue": PUBLISHED_MEAN}
    for method, figures in beside.items():
        row = {name: f"{mae:g}/{rmse:g}" for name, (mae, rmse) in figures.items()}
        rows.append({"half-year": GOAL_PERIOD, "method": method} | row)
    return pd.DataFrame(rows)


def _plain(errors: pd.Series) -> str:
    return f"{errors['mae']:.4g}/{errors['rmse']:.4g}"


def verdicts(table: pd.DataFrame, granularity: str) -> Iterator[Verdict]:
    """Yield the bars of the issue for one granularity."""
    whole = pooled(table, ["method"])
    ratios = whole.loc["default", ["mae", "rmse"]] / whole.loc[list(BASELINES), ["mae", "rmse"]]
    nearest = " / ".join(f"{ratios[loss].max():.3f} ({ratios[loss].idxmax()})" for loss in ("mae", "rmse"))
    yield Verdict(
        granularity,
        "beats all six baselines, pooled MAE / RMSE",
        f"over the best of them {nearest}",
        bool((ratios < 1).all(axis=None)),
    )
    parts = relative(table, ["half"]).loc["default"]
    yield Verdict(
        granularity,
        f"no half-year worse than {REFERENCE}",
        " / ".join(f"worst {parts[loss].max():.3f} ({parts[loss].idxmax()})" for loss in ("mae", "rmse")),
        bool((parts <= 1).all(axis=None)),
    )
    yield _bias_verdict(table, granularity, "all origins")
    yield _bias_verdict(in_windows(table), granularity, "the benchmark's windows")
    windows = pooled(in_windows(table), ["half", "method"])
    if (GOAL_PERIOD, "default") in windows.index:
        mine = windows.loc[(GOAL_PERIOD, "default")]
        mae, rmse = GOAL[granularity]
        met = bool(mine["mae"] <= mae and mine["rmse"] <= rmse)
        yield Verdict(granularity, f"{GOAL_PERIOD} at most {mae:g}/{rmse:g}", _plain(mine), met)


def _bias_verdict(table: pd.DataFrame, granularity: str, which: str) -> Verdict:
    bias = pooled(table, ["half", "method"])["bias"].unstack("method")[["default", REFERENCE]]
    pairs = zip(bias.index, bias["default"], bias[REFERENCE], strict=True)
    figure = ", ".join(f"{half} {mine:+.1%} ({theirs:+.1%})" for half, mine, theirs in pairs)
    met = bool((bias["default"].abs() < bias[REFERENCE].abs()).all())
    return Verdict(granularity, f"bias per half-year nearer zero than {REFERENCE}'s, {which}", figure, met)
