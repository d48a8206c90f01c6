"""The method as one chain of named steps: a region in, a snapshot out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecasting.cells import Cells, score_cells, with_aggregates
from forecasting.demand import (
    Industry,
    employment_panel,
    industry_by_occupation,
    industry_by_sector,
    vacancy_rates,
)
from forecasting.markets import Evidence, Market, backtest_sectors, forecast_market
from forecasting.parameters import Parameters
from forecasting.publication import gaps_table, openings_table, skill_gaps_table, supply_table, weights_table
from forecasting.region import Region, fingerprints
from forecasting.skills import profiles
from forecasting.snapshot import Snapshot
from forecasting.vocabulary import ALL_AGES, BASELINE, NET, TOTAL


def build_snapshot(region: Region, parameters: Parameters, seed: int, code: str) -> Snapshot:
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

    Returns
    -------
    Snapshot
        The same region, parameters, seed and code give the same snapshot.
    """
    base_year = int(region.settings["base_year"])
    industry = lay_out(region)
    panel = employment_panel(industry, base_year)
    evidence = backtest_sectors(panel, parameters, seed)
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
    cells = score_cells(markets, industry.occupations, asked, BASELINE, parameters)
    everything = with_aggregates(cells, region.table("occupations"), region.table("regions"))
    tables = {
        **{name: region.table(name) for name in ("occupations", "skills", "occupation_skills")},
        "regions": region.table("regions").query("role != 'reference'"),
        "gaps": gaps_table(everything, base_year, _tested(evidence), parameters),
        "openings": openings_table(everything),
        "supply": supply_table(everything),
        "skill_gaps": skill_gaps_table(everything, industry.occupations, asked),
        "employment": _employment_history(industry, markets, base_year, parameters["small_cell"]),
        "vacancy_rates": _vacancy_rates(region, industry, markets),
        "backtest": evidence.table,
        "weights": weights_table(everything, parameters),
    }
    manifest = _manifest(region, parameters, seed, code, evidence) | {
        "residuals": _residuals(everything, industry, markets, base_year),
        "comparison": _comparison(tables["gaps"], tables["vacancy_rates"]),
    }
    return Snapshot(tables, manifest, {"score": everything.gap.score, "openings": everything.gap.openings})


def lay_out(region: Region) -> Industry:
    """Return how the region counts employment: by sector and staffing, or by occupation itself."""
    if len(region.table("staffing")):
        return industry_by_sector(
            region.table("sector_employment"), region.table("sectors"), region.table("staffing")
        )
    return industry_by_occupation(region.table("occupation_employment"))


def market_codes(region: Region) -> list[str]:
    """Return the regions that are scored."""
    regions = region.table("regions")
    return sorted(regions.loc[regions["role"] == "market", "code"])


def _tested(evidence: Evidence) -> dict[int, str]:
    """Say per horizon what the selected method was tested on."""
    selected = evidence.table[evidence.table["selected"]]
    return {
        int(row["horizon"]): str(row["note"] or f"{row['origins']} rolling origins, {evidence.method.name}")
        for row in selected.to_dict("records")
    }


def _employment_history(
    industry: Industry, markets: Sequence[Market], base_year: int, small_cell: float
) -> pd.DataFrame:
    """Return employment by occupation for every past year: sector employment times staffing."""
    rows = industry.employment
    rows = rows[
        (rows["age_band"] == ALL_AGES) & (rows["year"] <= base_year) & rows["sector"].isin(industry.leaves)
    ]
    frames = []
    for market in markets:
        wide = rows[rows["region"] == market.region].pivot_table(
            index="year", columns="sector", values="persons"
        )
        wide = wide.reindex(columns=list(industry.leaves)).dropna(how="all").fillna(0)
        persons = pd.DataFrame(wide.to_numpy() @ industry.staffing, wide.index, list(industry.occupations))
        tidy = persons.reset_index().melt("year", var_name="occupation", value_name="persons")
        frames.append(tidy.assign(region=market.region))
    table = pd.concat(frames, ignore_index=True)
    reason = np.where(table["persons"] < small_cell, "confidential", "")
    return table.assign(persons=table["persons"].where(reason == ""), reason=reason)


def _vacancy_rates(region: Region, industry: Industry, markets: Sequence[Market]) -> pd.DataFrame:
    persons = {market.region: market.leaf_base for market in markets}
    rates = vacancy_rates(industry, region.table("sector_vacancies"), persons)
    return rates.assign(reason=np.where(rates["rate"].isna(), "unavailable", ""))


def _comparison(gaps: pd.DataFrame, rates: pd.DataFrame) -> list[dict[str, Any]]:
    """Hold the ranking beside the vacancy rates of the base year: an observable, never an input."""
    cells = gaps[~gaps["aggregate"] & gaps["score_p50"].notna()]
    both = cells.merge(rates.dropna(subset="rate"), on=["region", "occupation"], suffixes=("", "_of_rate"))
    both = both[both["year"] == both["from_year"]]
    return [
        {
            "region": str(rows["region"].iloc[0]),
            "horizon": int(rows["horizon"].iloc[0]),
            "occupations": len(rows),
            "spearman": _rounded(rows["score_p50"].corr(rows["rate"], method="spearman")),
        }
        for _, rows in both.groupby(["region", "horizon"])
    ]


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _residuals(
    cells: Cells, industry: Industry, markets: Sequence[Market], base_year: int
) -> dict[str, float]:
    """Measure what must add up, in persons or shares of openings."""
    found = cells.gap
    parts = found.openings - found.no_person - found.taken.sum(axis=0)
    split = found.openings - np.maximum(cells.expansion, 0) - cells.younger - cells.older
    alone = ~cells.index["aggregate"].to_numpy() & cells.index["reason"].eq("").to_numpy()
    return {
        "occupations_less_sectors_persons": float(
            max(abs(m.base.sum() - m.leaf_base.sum()) for m in markets)
        ),
        "sectors_less_published_total_persons": float(
            max(abs(_published_total(industry, m.region, base_year) - m.leaf_base.sum()) for m in markets)
        ),
        "openings_less_unfilled_and_filled_persons": float(np.abs(parts).max()),
        "openings_less_components_persons": float(np.abs(split[alone]).max()) if alone.any() else 0.0,
    }


def _published_total(industry: Industry, region: str, year: int) -> float:
    rows = industry.employment
    at = rows[(rows["region"] == region) & (rows["year"] == year) & (rows["age_band"] == ALL_AGES)]
    total = at.loc[at["sector"] == TOTAL, "persons"]
    return (
        float(total.sum()) if len(total) else float(at.loc[at["sector"].isin(industry.top), "persons"].sum())
    )


def _manifest(
    region: Region, parameters: Parameters, seed: int, code: str, evidence: Evidence
) -> dict[str, Any]:
    settings = region.settings
    return {
        "region": {key: settings[key] for key in ("name", "base_year", "data_vintage", "classifications")},
        "status": status(settings, parameters),
        "as_of": parameters.as_of,
        "scenario": BASELINE,
        "horizons": parameters["horizons"],
        "draws": parameters["draws"],
        "seed": seed,
        "convention": NET,
        "methods": {"sector_employment": evidence.method.name},
        "parameters": parameters.as_dict(),
        "sources": settings["sources"],
        "fingerprints": fingerprints(region),
        "code": code,
        "not_quotable": not_quotable(region, evidence),
    }


def status(settings: Mapping[str, Any], parameters: Parameters) -> dict[str, str]:
    """Say whether the figures are current, historical or made up.

    Examples
    --------
    >>> from forecasting.parameters import load_parameters
    >>> status({"base_year": 2015}, load_parameters())["label"]
    'historical demonstration'
    """
    base = int(settings["base_year"])
    if settings.get("made_up"):
        return {
            "label": "made up",
            "sentence": "The data are made up: no real labour market is described.",
        }
    age = int(parameters.as_of[:4]) - base
    if age > parameters["oldest_current_data"]:
        return {
            "label": "historical demonstration",
            "sentence": f"Base year {base}: {age} years before {parameters.as_of}. The windows lie in the "
            "past; weights are refused unless asked for by name.",
        }
    return {"label": "current", "sentence": f"Base year {base}."}


def not_quotable(region: Region, evidence: Evidence) -> list[str]:
    """Return in plain sentences what the figures must not be quoted for."""
    weak = evidence.table[evidence.table["selected"] & evidence.table["note"].ne("")]
    sentences = [
        f"Horizon {row.horizon}: employment {row.note}; its interval is carried from shorter horizons."
        for row in weak.itertuples()
    ]
    sentences.append(
        "Replacement and supply are not backtested in this version: quote no interval of theirs alone."
    )
    if not len(region.table("jobseeker_skills")):
        sentences.append(
            "Nothing says what supply can do: the score is its quantitative part, a lower bound."
        )
    if len(region.table("staffing")):
        sentences.append("Staffing is fixed and taken as exact: the intervals leave its noise out.")
    return sentences
