"""What a snapshot says of itself: where its figures come from, what adds up, what not to quote."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.cells import Cells
from forecasting.demand import Industry, employed
from forecasting.evidence import EMPLOYMENT, STAFFING, Evidence
from forecasting.markets import Market
from forecasting.parameters import Parameters
from forecasting.region import Region, fingerprints
from forecasting.retirement import retirement_of
from forecasting.scenarios import given_path, read_scenarios, sections_by_sector
from forecasting.separations import EXIT, OWN
from forecasting.vocabulary import BASELINE, NET

USED: Final = frozenset(
    {
        "occupations",
        "skills",
        "sectors",
        "fields",
        "regions",
        "occupation_skills",
        "occupation_employment",
        "sector_employment",
        "employment_vintages",
        "staffing",
        "staffing_history",
        "sector_outlook",
        "sector_vacancies",
        "separations",
        "skill_mentions",
        "concordance",
        "graduates",
        "enrolment",
        "population",
        "entry",
        "occupation_vacancies",
        "bottlenecks",
        "courses",
        "jobseekers",
        "jobseeker_skills",
        "other_supply",
    }
)
"""Tables that this version reads; others are checked, and named as not used."""


def comparison(gaps: pd.DataFrame, rates: pd.DataFrame) -> list[dict[str, Any]]:
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


def residuals(
    cells: Cells, industry: Industry, markets: Sequence[Market], base_year: int
) -> dict[str, float]:
    """Measure what must add up, in persons or shares of openings."""
    found = cells.gap
    parts = found.openings - found.no_person - found.taken.sum(axis=0)
    split = found.openings - np.maximum(cells.expansion, 0) - cells.younger - cells.older
    alone = ~cells.index["aggregate"].to_numpy() & cells.index["reason"].eq("").to_numpy()
    return {
        "occupations_less_sectors_persons": float(
            max(abs(m.base.sum() - m.sector_base.sum()) for m in markets)
        ),
        "sectors_less_published_total_persons": float(
            max(abs(employed(industry, m.region)[base_year] - m.sector_base.sum()) for m in markets)
        ),
        "openings_less_unfilled_and_filled_persons": float(np.abs(parts).max()),
        "openings_less_components_persons": float(np.abs(split[alone]).max()) if alone.any() else 0.0,
    }


def largest(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the largest residual of all scenarios, by name."""
    return {name: max(each[name] for each in measured) for name in measured[0]}


def manifest(
    region: Region,
    parameters: Parameters,
    seed: int,
    code: str,
    evidence: Mapping[str, Evidence],
    sectors: Sequence[str],
) -> dict[str, Any]:
    """Return what the manifest says before residuals and comparison are measured.

    Parameters
    ----------
    sectors : sequence of str
        That are forecast.
    """
    settings = region.settings
    scenarios = read_scenarios(parameters["scenarios"])
    return {
        "region": {key: settings[key] for key in ("name", "base_year", "data_vintage", "classifications")},
        "status": status(settings, parameters),
        "as_of": parameters.as_of,
        "scenario": BASELINE,
        "scenarios": [each.name for each in scenarios],
        "horizons": parameters["horizons"],
        "draws": parameters["draws"],
        "seed": seed,
        "convention": NET,
        "methods": {name: found.method for name, found in evidence.items()},
        "parameters": parameters.as_dict(),
        "sources": settings["sources"],
        "fingerprints": fingerprints(region),
        "code": code,
        "not_quotable": [
            *not_quotable(region, evidence),
            _of_score(parameters["simulated_coverage"]),
            *_of_scenarios(region, parameters, sectors),
        ],
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


def _of_score(covered: Mapping[str, float]) -> str:
    """Say what a score's interval is worth, from where alone that can be known."""
    shares = " and ".join(", ".join(f"{100 * share:.0f}" for share in covered.values()).rsplit(", ", 1))
    years = " and ".join(", ".join(covered).rsplit(", ", 1))
    return (
        "No real region shows its gap, so no backtest holds the score: in simulated ones its 80 % intervals "
        f"held {shares} % of the true scores, {years} years ahead. Quote none as tested here."
    )


def not_quotable(region: Region, evidence: Mapping[str, Evidence]) -> list[str]:
    """Return in plain sentences what the figures must not be quoted for."""
    sentences = [
        f"Horizon {horizon}: employment {note}; its interval is carried from shorter horizons."
        for horizon, note in _untested(evidence[EMPLOYMENT]).items()
    ]
    sentences.extend(
        f"{name}: not backtested at {', '.join(map(str, _untested(found)))} years: quote no interval of it."
        for name, found in evidence.items()
        if name != EMPLOYMENT and _untested(found)
    )
    stays = evidence[STAFFING].errors.empty
    untested = "Where graduates enter" + (
        " and what shares of a sector an occupation has are" if stays else " is"
    )
    sentences.append(f"{untested} not backtested: no source here has their outcome.")
    if region.table("employment_vintages").empty:
        sentences.append(
            "No earlier publications of the employment figures are given: the backtest saw revised ones."
        )
    without = [name for name in ("graduates", "entry", "jobseekers") if not len(region.table(name))]
    if without:
        sentences.append(f"No score: without {', '.join(without)} nothing says who is available.")
    elif not len(region.table("jobseeker_skills")):
        sentences.append(
            "Nothing says what supply can do: the score is its quantitative part, a lower bound."
        )
    if len(region.table("staffing")):
        sentences.append(_of_staffing(region, stays=stays))
    if len(region.table("separations")):
        sentences.append(_of_leavers(region.table("separations")))
    if len(region.table("other_supply")):
        sentences.append(
            "Re-entrants, migrants and commuters are added as given: persons whom the cohorts already hold "
            "would count twice. Nothing tests them."
        )
    unused = sorted(name for name, table in region.tables.items() if len(table) and name not in USED)
    if unused:
        sentences.append(f"Given but not used in this version: {', '.join(unused)}.")
    if evidence[EMPLOYMENT].errors.empty:
        sentences.append(
            "No past forecast can be held to an outcome: no figure has an interval, none is published."
        )
    return sentences


def _of_leavers(separations: pd.DataFrame) -> str:
    gross = "a level of moves between occupations; who goes where is assumed. Nothing tests"
    if ((separations["kind"] == EXIT) & (separations["flag"] == OWN)).any():
        return (
            "Leavers are as many as the region's own exit rates say, straying by a declared error, and as "
            "many more enter as its cohorts do not show. "
            f"Gross openings and supply borrow {gross} it. The score is net."
        )
    return (
        f"Gross openings and supply borrow how often people leave each occupation, and {gross} them, and "
        "their intervals leave the error of what is borrowed out. The score is net."
    )


def _of_staffing(region: Region, *, stays: bool) -> str:
    """Say whether staffing moves, which markets have one of their own, and what the intervals leave out."""
    sentence = (
        "Staffing is fixed and taken as exact: the intervals leave its noise out."
        if stays
        else "Staffing moves as its history says; sectors without history keep theirs."
    )
    survey = region.table("occupation_employment")
    surveyed = set(survey.loc[survey["occupation"].isin(region.table("staffing")["occupation"]), "region"])
    codes = sorted(surveyed & set(region.table("regions").query("role == 'market'")["code"]))
    if codes:
        sentence += (
            f" Of {', '.join(codes)} it starts from their own survey, drawn to the common one by its noise; "
            "the intervals leave out what that still gets wrong."
        )
    return sentence


def _of_scenarios(region: Region, parameters: Parameters, sectors: Sequence[str]) -> list[str]:
    """Say what the scenarios are not, which of them this region cannot show, and what path was given."""
    _, *others = read_scenarios(parameters["scenarios"])
    sentences = []
    if others:
        sentences.append(
            f"Scenarios {', '.join(each.name for each in others)} are assumptions, not forecasts: nothing "
            "tests them, and their intervals are the baseline's around another path."
        )
    by_section = [each.name for each in others if each.sector_growth]
    if by_section and not any(sections_by_sector(region, sectors)):
        sentences.append(
            f"Scenarios {', '.join(by_section)}: this region forecasts no sections of NACE Rev. 2, so growth "
            "by section moves nothing."
        )
    by_law = [each.name for each in others if each.retirement_reforms]
    if by_law and not retirement_of(region.settings, parameters).binding(max(parameters["horizons"])):
        sentences.append(
            f"Scenarios {', '.join(by_law)}: no reform of the legal retirement age is known for this region "
            "and its windows (country in region.yaml, parameter retirement_reforms), so it moves nothing."
        )
    rows = region.table("sector_outlook")
    if len(rows):
        names = [BASELINE, *(each.name for each in others)]
        codes = region.table("regions").query("role == 'market'")["code"]
        paths = [
            given_path(region, code, sectors, parameters["horizons"], name)
            for code in codes
            for name in names
        ]
        used = sum(int(np.isfinite(path).sum()) for path in paths)
        sentences.append(
            f"sector_outlook: {used} of {len(rows)} figures are a forecast sector at the end of a window in "
            "a known scenario; draws are scaled to them, and the backtest is that of the own forecast."
        )
    return sentences


def _untested(evidence: Evidence) -> dict[int, str]:
    """Return by horizon why the method that ships was not held to enough outcomes."""
    weak = evidence.table[evidence.table["selected"] & evidence.table["note"].ne("")]
    return {int(row["horizon"]): str(row["note"]) for row in weak.to_dict("records")}
