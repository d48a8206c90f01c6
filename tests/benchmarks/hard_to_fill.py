"""Part `hard_to_fill`: bottlenecks and vacancies that stay open in the simulated region, as observed."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.filling_methods import auc
from forecasting.layout import lay_out
from forecasting.observables import Observables, observables
from forecasting.parameters import load_parameters
from forecasting.region import Region
from forecasting.skill_forecast import skill_forecast
from forecasting.skill_shares import MEAN
from forecasting.sources import demo
from forecasting.vacancy_indicators import whole
from forecasting.vocabulary import JOBSEEKERS
from tests.benchmarks.report import Verdict, markdown, verdict_lines

SEEDS: Final = (1, 2, 3, 4, 5, 6, 7)
SETTLED: Final = 4
"""Last seed on which the methods were settled: figures up to it are no test."""

SECONDS: Final = 6.0
NO_GAPS: Final = pd.DataFrame({"region": [], "occupation": [], "horizon": [], "score_p50": []})


@dataclass(frozen=True)
class Run:
    """One seed.

    Parameters
    ----------
    seed : int
    found : Observables
    seconds : float
        Of the processor.
    conditions : float
        AUC of κ against the official cause, among all occupations of the base year.
    """

    seed: int
    found: Observables
    seconds: float
    conditions: float


def report(shared: Path, until: str | None) -> list[str]:
    """Return the section of this part."""
    del shared, until  # the region is simulated
    runs = [run(demo.generate(seed=seed).region, seed) for seed in SEEDS]
    fresh = [each for each in runs if each.seed > SETTLED]
    share = sum(_ships(each.found.backtest) == "lightgbm" for each in fresh)
    listing = sum(_ships(each.found.tables["hard_to_fill_scores"]) != "last_list" for each in fresh)
    slowest = max(each.seconds for each in runs)
    return [
        f"Simulated region, {len(SEEDS)} seeds, as its services would publish; on seeds up to {SETTLED} the "
        "methods were settled. What is better than all simpler ones in every way ships.",
        "",
        "**Unfilled share of the next year**: MAE in points / over the mean yearly change / 80 % covers.",
        "",
        *markdown(pd.DataFrame([_share_row(each) for each in runs])),
        "**Official list of the next year**: Brier score, log loss, AUC.",
        "",
        *markdown(pd.DataFrame([_status_row(each) for each in runs])),
        "**Calibration of LightGBM's probability**, all seeds: forecast and listed, by fifth.",
        "",
        *markdown(_calibration(runs)),
        "**The rule beside the official list**, the last year; κ of conditions beside the official cause.",
        "",
        *markdown(pd.DataFrame([_rule_row(each) for each in runs])),
        *verdict_lines(
            [
                Verdict(
                    "unfilled share",
                    "LightGBM better in every way on most fresh seeds",
                    f"{share} of {len(fresh)}",
                    2 * share > len(fresh),
                ),
                Verdict(
                    "listing",
                    "better than last year's list in every way on most fresh seeds",
                    f"{listing} of {len(fresh)}",
                    2 * listing > len(fresh),
                ),
                Verdict("all of it", f"under {SECONDS:.0f} s", f"{slowest:.1f} s", slowest < SECONDS),
            ]
        ),
    ]


def run(region: Region, seed: int) -> Run:
    """Make every observable of a region."""
    parameters, industry = load_parameters(), lay_out(region)
    asked = skill_forecast(region, industry.occupations, MEAN, pd.DataFrame(), parameters, seed)
    lack = pd.Series(asked.lacks(JOBSEEKERS)[0].mean(axis=1), list(industry.occupations))
    begun = time.process_time()
    found = observables(region, industry, lack, NO_GAPS, parameters, seed)
    seconds = time.process_time() - begun
    conditions = found.tables["conditions"]
    now = conditions[(conditions["region"] == whole(region.table("regions"))) & conditions["p50"].notna()]
    official = region.table("bottlenecks")
    official = official[official["year"] == int(region.settings["base_year"])]
    both = now.merge(official, on="occupation")
    named = both["causes"].fillna("").str.contains("working").to_numpy(dtype=bool)
    return Run(seed, found, seconds, auc(both["p50"].to_numpy(dtype=float), named))


def _ships(table: pd.DataFrame) -> str:
    return str(table.loc[table["selected"], "method"].item())


def _share_row(each: Run) -> dict[str, str]:
    table = each.found.backtest.set_index("method")
    told = {
        name: f"{100 * row['mae']:.2f} / {row['mase']:.2f} / {row['coverage_80']:.0%}"
        for name, row in table.iterrows()
    }
    return {"seed": str(each.seed)} | told | {"ships": _ships(each.found.backtest)}


def _status_row(each: Run) -> dict[str, str]:
    table = each.found.tables["hard_to_fill_scores"]
    told = {
        name: f"{row['brier']:.3f} / {row['log_loss']:.3f} / {row['auc']:.3f}"
        for name, row in table.set_index("method").iterrows()
    }
    return {"seed": str(each.seed)} | told | {"ships": _ships(table)}


def _calibration(runs: list[Run]) -> pd.DataFrame:
    """Return the reliability of LightGBM over all seeds."""
    table = pd.concat([each.found.tables["hard_to_fill_reliability"] for each in runs])
    table = table[table["method"] == "lightgbm"]
    rows = [
        {
            "probability": f"{low:.1f} to {high:.1f}",
            "forecasts": f"{at['cells'].sum():,}",
            "forecast": f"{np.average(at['forecast'], weights=at['cells']):.2f}",
            "listed": f"{np.average(at['listed'], weights=at['cells']):.2f}",
        }
        for (low, high), at in table.groupby(["low", "high"])
    ]
    return pd.DataFrame(rows)


def _rule_row(each: Run) -> dict[str, str]:
    table = each.found.tables["list_agreement"]
    last = table[table["year"] == table["year"].max()]
    row = last.iloc[int(np.argmax(last[["both", "rule_only", "list_only", "neither"]].sum(axis=1)))]
    return {
        "seed": str(each.seed),
        "Cohen's κ": f"{row['kappa']:.2f}",
        "precision": f"{row['precision']:.2f}",
        "recall": f"{row['recall']:.2f}",
        "AUC of conditions": f"{each.conditions:.2f}",
    }
