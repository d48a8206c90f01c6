"""The method as one chain of named steps: a region in, a snapshot out."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from numpy.typing import NDArray

from forecasting.cells import Cells, score_cells, with_aggregates
from forecasting.conventions import conventions
from forecasting.demand import Industry, employment_panel
from forecasting.effects import scenario_effects
from forecasting.errors import ForecastingError
from forecasting.evidence import EMPLOYMENT, Evidence, backtests, train
from forecasting.funding.guards import bounded_region, influence_sentence, influence_told
from forecasting.funding.trainable import trainable_gaps
from forecasting.funding.weight_tables import skill_weights_table, weights_table
from forecasting.history import employment_history, published_vacancy_rates
from forecasting.indicators import indicators_table, with_spillover
from forecasting.layout import lay_out
from forecasting.manifest import comparison, largest, manifest, residuals
from forecasting.markets import Ground, Market, forecast_market, grounds
from forecasting.observables import observables
from forecasting.parameters import Parameters
from forecasting.publication import gaps_table, openings_table, supply_table
from forecasting.published import CANONICAL
from forecasting.questions import shortages_table, shrinking_jobs_table
from forecasting.region import Region
from forecasting.retirement import retirement_of
from forecasting.scenarios import Scenario, read_scenarios
from forecasting.skill_evidence import SKILL_SHARES
from forecasting.skill_forecast import SkillForecast, skill_forecast
from forecasting.skill_gaps import skill_gaps_table
from forecasting.skill_questions import skill_questions
from forecasting.snapshot import Snapshot
from forecasting.suppression import few_jobseekers, hide_draws, with_reasons, without_hidden
from forecasting.vocabulary import JOBSEEKERS


def build_snapshot(
    region: Region,
    parameters: Parameters,
    seed: int,
    code: str,
    evidence: Mapping[str, Evidence] | None = None,
) -> Snapshot:
    """Run the whole method on a region.

    Parameters
    ----------
    region : Region
        Checked, as `forecasting.region.read_region` returns it.
    parameters : Parameters
        As in force on the day that is asked for.
    seed : int
        Of every draw.
    code : str
        Hash of the method's own source, kept in the manifest.
    evidence : mapping of str to Evidence, optional
        Of every component of `forecasting.evidence.COMPONENTS`, as `train` returns it: what was trained
        before is not trained again.

    Returns
    -------
    Snapshot
        The same region, parameters, seed and code give the same snapshot.
    """
    given, (region, sources) = region, bounded_region(region, parameters)
    base_year = int(region.settings["base_year"])
    scenarios = read_scenarios(parameters["scenarios"])
    industry = lay_out(region)
    evidence = train(region, parameters, seed) if evidence is None else evidence
    shares = evidence[SKILL_SHARES]
    asked = skill_forecast(region, industry.occupations, shares.method, shares.errors, parameters, seed)
    starts = grounds(region, industry, employment_panel(industry, base_year), evidence, parameters, seed)
    told = _every_scenario(region, industry, starts, scenarios, asked, evidence[EMPLOYMENT], parameters)
    cells, gaps = told.cells, told.baseline["gaps"]
    small = parameters["small_cell"]
    rates = published_vacancy_rates(region, industry, told.markets, base_year, small)
    lacking = skill_gaps_table(cells, asked, region.table("regions"))
    lack = pd.Series(asked.lacks(JOBSEEKERS)[0].mean(axis=1), list(industry.occupations))
    seen = observables(without_hidden(region, cells.index), industry, lack, gaps, parameters, seed)
    trained = trainable_gaps(cells, asked, region.table("courses"), region.table("skills"), parameters)
    backtest, groups = backtests(evidence)
    tables = {
        **{name: region.table(name) for name in CANONICAL},
        "regions": region.table("regions").query("role != 'reference'"),
        **told.tables,
        "scenario_effects": scenario_effects(
            told.tables, scenarios, retirement_of(region.settings, parameters)
        ),
        "skill_gaps": lacking,
        **skill_questions(region, cells, lacking, asked, gaps, parameters),
        **with_reasons(seen.tables, cells.index, ("bottleneck_rule", "conditions")),
        "employment": employment_history(industry, told.markets, base_year, small),
        "vacancy_rates": rates,
        "backtest": pd.concat([backtest, seen.backtest], ignore_index=True)
        if len(seen.backtest)
        else backtest,
        "backtest_groups": groups,
        "weights": weights_table(cells, trained, seen.tables["conditions"], parameters),
        "skill_weights": skill_weights_table(trained, region.table("skills"), parameters),
    }
    about = manifest(given, parameters, seed, code, evidence, industry.top) | {
        "residuals": told.residuals,
        "comparison": comparison(gaps, rates),
        "unfilled_comparison": seen.comparison,
        "sources_of_ads": influence_told(sources, parameters["source_bound"]),
    }
    if len(region.table("skill_mentions")):
        about["not_quotable"].append(influence_sentence(about["sources_of_ads"]))
    kept = {"score": cells.gap.score, "openings": cells.gap.openings}
    draws: dict[str, NDArray[Any]] = {name: hide_draws(each, cells.index) for name, each in kept.items()}
    return Snapshot(tables, about, draws | trained.draws())


@dataclass(frozen=True)
class Told:
    """What all scenarios say, and what of the baseline further steps need.

    Parameters
    ----------
    markets : sequence of Market
    cells : Cells
    baseline : dict of str to DataFrame
        Its tables alone.
    tables : dict of str to DataFrame
        Those of all scenarios under each other.
    residuals : dict of str to float
        The largest of any scenario.
    """

    markets: Sequence[Market]
    cells: Cells
    baseline: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]
    residuals: dict[str, float]


def _every_scenario(
    region: Region,
    industry: Industry,
    starts: Sequence[Ground],
    scenarios: Sequence[Scenario],
    asked: SkillForecast,
    employment: Evidence,
    parameters: Parameters,
) -> Told:
    """Run the scenarios, the baseline first: only its draws are kept. The others run two at a time."""
    base_year, known = int(region.settings["base_year"]), not employment.errors.empty
    tested = _tested(employment)

    def run(scenario: Scenario) -> tuple[Sequence[Market], Cells]:
        return _run(region, industry, starts, scenario, asked, parameters, tested=known)

    def tell(markets: Sequence[Market], cells: Cells) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
        both = conventions(markets, cells, industry, region, parameters)
        tables = _told(cells, base_year, tested, parameters) | {"conventions": both.table}
        return tables, residuals(cells, industry, markets, base_year) | both.residuals

    base, *others = scenarios
    markets, cells = run(base)
    baseline, measured = tell(markets, cells)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = list(pool.map(lambda scenario: tell(*run(scenario)), others))
    stacked = {
        name: pd.concat([table, *(tables[name] for tables, _ in told)], ignore_index=True)
        for name, table in baseline.items()
    }
    return Told(markets, cells, baseline, stacked, largest([measured, *(found for _, found in told)]))


_AT_ONCE: Final = 2
"""Scenarios side by side: NumPy lets go of the lock, and each holds its draws in memory."""


def _run(
    region: Region,
    industry: Industry,
    starts: Sequence[Ground],
    scenario: Scenario,
    asked: SkillForecast,
    parameters: Parameters,
    *,
    tested: bool,
) -> tuple[Sequence[Market], Cells]:
    """Return one scenario's markets, and its cells followed by their aggregates."""
    markets = [forecast_market(region, industry, start, scenario, parameters) for start in starts]
    _refuse_losses(markets, parameters["adding_up"])
    jobseekers, base_year = region.table("jobseekers"), int(region.settings["base_year"])
    least = parameters["small_cell_jobseekers"]
    few = {
        market.region: few_jobseekers(jobseekers, market.region, base_year, industry.occupations, least)
        for market in markets
    }
    cells = score_cells(
        markets, industry.occupations, asked, scenario.name, parameters, tested=tested, few=few
    )
    recruitment = {start.region: start.recruitment for start in starts}
    cells = with_spillover(cells, industry.occupations, recruitment, parameters["passive_substitution"])
    return markets, with_aggregates(cells, region.table("occupations"), region.table("regions"))


def _told(
    cells: Cells, base_year: int, tested: Mapping[int, str], parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """Return the tables that are published of every scenario; the others are the baseline's alone."""
    gaps = gaps_table(cells, base_year, tested, parameters)
    indicators = indicators_table(cells, parameters["ita_classes"], parameters["balance_classes"])
    return {
        "gaps": gaps,
        "openings": openings_table(cells),
        "supply": supply_table(cells),
        "indicators": indicators,
        "shrinking_jobs": shrinking_jobs_table(cells, base_year, parameters),
        "shortages": shortages_table(cells, gaps, indicators, base_year, parameters),
    }


def _tested(evidence: Evidence) -> dict[int, str]:
    """Say per horizon what the selected method was tested on."""
    selected = evidence.table[evidence.table["selected"]]
    return {
        int(row["horizon"]): str(row["note"] or f"{row['origins']} rolling origins, {evidence.method}")
        for row in selected.to_dict("records")
    }


def _refuse_losses(markets: Sequence[Market], tolerance: float) -> None:
    """Refuse a layout that loses or doubles persons between sectors and occupations.

    Raises
    ------
    ForecastingError
        Naming the region and the persons.
    """
    for market in markets:
        lost = market.sector_base.sum() - market.base.sum()
        if abs(lost) > tolerance * market.sector_base.sum():
            raise ForecastingError(
                f"region {market.region}: sectors hold {market.sector_base.sum():,.0f} persons, "
                f"their occupations {market.base.sum():,.0f}; expected the same within {tolerance:.1%}. "
                "Do: complete staffing, and the base year of every staffed sector."
            )
