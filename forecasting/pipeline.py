"""The method as one chain of named steps: a region in, a snapshot out."""

from collections.abc import Mapping, Sequence

from forecasting.cells import score_cells, with_aggregates
from forecasting.demand import employment_panel
from forecasting.errors import ForecastingError
from forecasting.evidence import EMPLOYMENT, Evidence, backtests, train
from forecasting.history import employment_history, published_vacancy_rates
from forecasting.indicators import indicators_table
from forecasting.layout import lay_out, market_codes
from forecasting.manifest import comparison, manifest, residuals
from forecasting.markets import Market, forecast_market
from forecasting.parameters import Parameters
from forecasting.publication import gaps_table, openings_table, skill_gaps_table, supply_table, weights_table
from forecasting.region import Region
from forecasting.skills import profiles
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import BASELINE


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
    base_year = int(region.settings["base_year"])
    industry = lay_out(region)
    panel = employment_panel(industry, base_year)
    evidence = train(region, parameters, seed) if evidence is None else evidence
    employment = evidence[EMPLOYMENT]
    backtest, groups = backtests(evidence)
    markets = [
        forecast_market(region, market, industry, panel, evidence, parameters, seed)
        for market in market_codes(region)
    ]
    asked = profiles(
        industry.occupations,
        region.table("occupation_skills"),
        region.table("skill_mentions"),
        region.table("jobseeker_skills"),
        base_year,
        parameters["importance"],
    )
    _refuse_losses(markets, parameters["adding_up"])
    cells = score_cells(
        markets, industry.occupations, asked, BASELINE, parameters, tested=not employment.errors.empty
    )
    everything = with_aggregates(cells, region.table("occupations"), region.table("regions"))
    tables = {
        **{name: region.table(name) for name in ("occupations", "skills", "occupation_skills")},
        "regions": region.table("regions").query("role != 'reference'"),
        "gaps": gaps_table(everything, base_year, _tested(employment), parameters),
        "openings": openings_table(everything),
        "supply": supply_table(everything),
        "indicators": indicators_table(everything, parameters["ita_classes"]),
        "skill_gaps": skill_gaps_table(everything, industry.occupations, asked),
        "employment": employment_history(industry, markets, base_year, parameters["small_cell"]),
        "vacancy_rates": published_vacancy_rates(region, industry, markets, base_year),
        "backtest": backtest,
        "backtest_groups": groups,
        "weights": weights_table(everything, parameters),
    }
    about = manifest(region, parameters, seed, code, evidence) | {
        "residuals": residuals(everything, industry, markets, base_year),
        "comparison": comparison(tables["gaps"], tables["vacancy_rates"]),
    }
    return Snapshot(tables, about, {"score": everything.gap.score, "openings": everything.gap.openings})


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
