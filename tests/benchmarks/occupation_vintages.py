"""US Employment Projections: growth from one vintage's base year to the next one's, with and without them."""

from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.projections import blended_growth, common_growth, projected_growth
from forecasting.series.panel import Array
from forecasting.sources import bls_projections
from forecasting.sources.bls_projections import Vintage
from forecasting.sources.cards import read_card
from tests.benchmarks.occupation_survey import resampled
from tests.benchmarks.report import Verdict, markdown

DAMPING: Final = 0.5
"""The constant of the rival, as declared before looking; the best one in hindsight is printed beside it."""

HISTORY: Final = 10
"""Years over which the card gives the labour force's growth."""

WITHOUT: Final = "ours, without the projection"
WITH: Final = "ours, with the projection"
RIVALS: Final = ("no change", "official projection", "official, halved")


def report(shared: Path) -> tuple[list[str], list[Verdict]]:
    """Return the tables of every pair of vintages at hand and their bars."""
    vintages = [bls_projections.tidy(bls_projections.read(shared, file)) for file in bls_projections.VINTAGES]
    lines, verdicts = [], []
    for earlier, later in pairwise(vintages):
        found, bars = _pair(earlier, later)
        lines += found
        verdicts += bars
    return lines, verdicts


def _pair(earlier: Vintage, later: Vintage) -> tuple[list[str], list[Verdict]]:
    both = bls_projections.matched(earlier, later)
    years = later.base_year - earlier.base_year
    actual = np.log(both["actual"] / both["base"]).to_numpy(dtype=float)
    jobs = both["base"].to_numpy(dtype=float)
    forecasts = _forecasts(both, earlier, years)
    best = _best_constant(actual, forecasts["official projection"])
    forecasts[f"official × {best:.2f}, best in hindsight"] = best * forecasts["official projection"]
    share = jobs.sum() / earlier.line_items()["base"].sum()
    where = f"BLS {earlier.base_year}–{earlier.target_year % 100}"
    lines = [
        f"**{where}, growth {earlier.base_year}→{later.base_year}**: {len(both)} line items matched (same "
        "code, line item in both vintages, same title but for case, punctuation and footnotes), "
        f"{share:.0%} of {earlier.base_year}'s jobs. The official growth is spread evenly over its "
        f"{earlier.years} years. Nothing is fitted; constants: the labour force's growth over the {HISTORY} "
        f"years before {earlier.base_year}, equal weights. Met: lower error, plain and weighted; the figure "
        "says how many of the two intervals are above 0.",
        "",
        *markdown(_levels(forecasts, actual, jobs)),
        "Error saved, share of the rival's, with P2.5 to P97.5 over occupations (paired):",
        "",
    ]
    table, verdicts = _gains(forecasts, actual, jobs, where)
    return [*lines, *markdown(table)], verdicts


def _forecasts(both: pd.DataFrame, earlier: Vintage, years: int) -> dict[str, Array]:
    growth = read_card("bls_projections")["labour_force_growth"][earlier.base_year]["value"]
    common = common_growth(growth, HISTORY, years, len(both))
    ends = both["base"].to_numpy(dtype=float), both["target"].to_numpy(dtype=float)
    official = projected_growth(*ends, earlier.years, years)
    return {
        "no change": np.zeros(len(both)),
        "official projection": official,
        "official, halved": DAMPING * official,
        WITHOUT: common,
        WITH: blended_growth(common, official),
    }


def _best_constant(actual: Array, official: Array) -> float:
    grid = np.arange(0, 1.51, 0.05)
    return float(grid[np.argmin([np.abs(actual - constant * official).mean() for constant in grid])])


def _levels(forecasts: dict[str, Array], actual: Array, jobs: Array) -> pd.DataFrame:
    rows = []
    faster = actual > np.median(actual)
    for name, forecast in forecasts.items():
        error, spread = np.abs(actual - forecast), np.ptp(forecast) > 0
        told = np.sign(forecast) != 0
        rank = pd.Series(forecast).corr(pd.Series(actual), method="spearman") if spread else np.nan
        right = (forecast > np.median(forecast)) == faster
        rows.append(
            {
                "mean absolute log error of growth": name,
                "plain": f"{error.mean():.4f}",
                "weighted by jobs": f"{np.average(error, weights=jobs):.4f}",
                "direction right": f"{(np.sign(forecast) == np.sign(actual))[told].mean():.1%}"
                if told.any()
                else "–",
                "faster than the median right": f"{right.mean():.1%}" if spread else "–",
                "rank correlation": f"{rank:.2f}" if spread else "–",
            }
        )
    return pd.DataFrame(rows)


def _gains(
    forecasts: dict[str, Array], actual: Array, jobs: Array, where: str
) -> tuple[pd.DataFrame, list[Verdict]]:
    rows, verdicts = [], []
    for line in (WITHOUT, WITH):
        for rival in (name for name in forecasts if name not in {WITHOUT, WITH}):
            row, found = {"line": line, "rival": rival}, []
            for name, weight in (("plain", np.ones(len(jobs))), ("weighted by jobs", jobs)):
                ours, theirs = (np.abs(actual - forecasts[which]) * weight for which in (line, rival))
                low, high = resampled(ours, theirs)
                found.append((1 - ours.sum() / theirs.sum(), low))
                row[name] = f"{found[-1][0]:+.1%} ({low:+.1%}, {high:+.1%})"
            rows.append(row)
            sure = sum(low > 0 for _, low in found)
            figure = f"{row['plain']} plain, {row['weighted by jobs']} weighted; {sure} of 2 above 0"
            met = min(saved for saved, _ in found) > 0
            if rival in RIVALS:  # a constant chosen in hindsight is no rival
                verdicts.append(Verdict(where, f"{line}: beats {rival}", figure, met))
    return pd.DataFrame(rows), verdicts
