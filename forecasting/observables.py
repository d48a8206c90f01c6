"""Observables beside the score, where vacancies filled and cancelled are known: never an input of it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecasting.bottlenecks import agreement_table, bottlenecks_table, judged
from forecasting.conditions import conditions_table
from forecasting.demand import Industry
from forecasting.hard_to_fill import gap_comparison, hard_to_fill
from forecasting.parameters import Parameters
from forecasting.region import Region
from forecasting.vacancy_indicators import yearly_indicators


@dataclass(frozen=True)
class Observables:
    """What vacancies say.

    Parameters
    ----------
    tables : dict of str to DataFrame
        As `forecasting.published_observables` declares them; empty where the region does not know.
    backtest : DataFrame
        Rows of the published table ``backtest``, none where nothing was forecast.
    comparison : list of dict
        The scores held to observed unfilled shares, for the manifest.
    """

    tables: dict[str, pd.DataFrame]
    backtest: pd.DataFrame
    comparison: list[dict[str, Any]]


def observables(
    region: Region,
    industry: Industry,
    lack: "pd.Series[float]",
    gaps: pd.DataFrame,
    parameters: Parameters,
    seed: int,
) -> Observables:
    """Judge bottlenecks, tell conditions, forecast hard-to-fill vacancies, and hold the scores to them.

    Parameters
    ----------
    lack : Series of float
        Lack of job seekers by occupation at the base year; NaN where unknown.
    gaps : DataFrame
        Published table ``gaps`` of the baseline.
    seed : int
        Of LightGBM's samples.
    """
    base_year, rule = int(region.settings["base_year"]), parameters["bottleneck_rule"]
    seen = yearly_indicators(region, base_year + 1, parameters["long_open_days"])
    indicators = seen[seen["year"] <= base_year]
    rows = judged(indicators, rule)
    least = parameters["conditions_occupations"]
    conditions = conditions_table(indicators, lack, base_year, least, rule["handled"])
    filling = hard_to_fill(region, industry, indicators, rows, parameters, seed)
    tables = {
        "bottleneck_rule": bottlenecks_table(rows, lack, conditions, base_year, parameters["few_jobseekers"]),
        "list_agreement": agreement_table(rows, region.table("bottlenecks")),
        "conditions": conditions,
        "hard_to_fill": filling.table,
        "hard_to_fill_scores": filling.scores,
        "hard_to_fill_reliability": filling.reliability,
    }
    return Observables(tables, filling.backtest, gap_comparison(gaps, seen, rule["handled"]))
