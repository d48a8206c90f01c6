"""Examples for the API's documentation: made-up figures in the shape of real answers."""

from typing import Any, Final

Example = dict[str, Any]

RELEASE: Final[Example] = {
    "release": "3f9c1d2ab407",
    "model_version": "3",
    "data_vintage": "2026-10",
    "base_year": 2025,
    "status": {"label": "made up", "sentence": "Made-up figures that show the shape of an answer."},
    "taxonomy": {
        "occupations": {"name": "ISCO-08", "version": "2008", "level": 2},
        "skills": {"name": "ESCO", "version": "1.2.0", "level": None},
    },
    "scenario": "baseline",
    "convention": "net",
}

_PERSONS: Final = "persons"
_REGION: Final[Example] = {"code": "BE2", "label": "Flanders"}
_NURSES: Final[Example] = {"code": "22", "label": "Health professionals"}

GAP: Final[Example] = {
    "region": "BE2",
    "occupation": _NURSES,
    "parent": "2",
    "scenario": "baseline",
    "horizon": 5,
    "from_year": 2025,
    "to_year": 2030,
    "aggregate": False,
    "rank": 1,
    "score": {"mean": 0.31, "p10": 0.18, "p50": 0.30, "p90": 0.45, "unit": "share of openings"},
    "covers": "quantitative",
    "lower_bound": True,
    "quantitative": 0.31,
    "qualitative": None,
    "qualitative_reason": "unavailable",
    "score_at_mean_inputs": 0.29,
    "probability_of_shortage": 0.93,
    "openings": 1000.0,
    "supply": 690.0,
    "unfilled": {"mean": 310.0, "p10": 170.0, "p50": 300.0, "p90": 460.0, "unit": _PERSONS},
    "annual_balance": 62.0,
    "reliability": "good",
    "backtest": "mean absolute error 2.1 % over 12 origins at this horizon",
    "reason": None,
    "why": "310 of 1,000 openings find no person, mostly because many leave.",
}

_UNITS: Final[dict[str, str]] = {"score": "share of openings", "openings": _PERSONS}

GAPS: Final[Example] = {
    "release": RELEASE,
    "resolved": {
        "region": _REGION,
        "horizon": 5,
        "occupation": ["22"],
        "level": "all",
        "state": None,
        "part": None,
        "scenario": "baseline",
        "order": "rank",
        "lang": "en",
    },
    "paging": {"total": 1, "limit": 100, "offset": 0, "next": None},
    "units": _UNITS,
    "items": [GAP],
}

OCCUPATION: Final[Example] = {
    **_NURSES,
    "labels": {"nl": "Gezondheidszorg", "en": "Health professionals"},
    "parent": "2",
    "level": 2,
    "scored": True,
}

_FIGURE: Final[Example] = {"mean": 620.0, "p10": 540.0, "p50": 618.0, "p90": 702.0, "unit": _PERSONS}

OCCUPATION_DETAIL: Final[Example] = {
    "release": RELEASE,
    "resolved": {"region": _REGION, "lang": "en"},
    "occupation": OCCUPATION,
    "children": [],
    "gaps": [GAP],
    "units": _UNITS,
    "openings": {
        "unit": _PERSONS,
        "meaning": "openings by component",
        "items": [{"horizon": 5, "component": "replacement_55_plus", "figure": _FIGURE, "reason": None}],
        "reason": None,
    },
    "supply": {
        "unit": _PERSONS,
        "meaning": "persons available over the window",
        "items": [{"horizon": 5, "source": "entrants", "figure": _FIGURE, "reason": None}],
        "reason": None,
    },
    "vacancy_rates": {
        "unit": "share of posts",
        "meaning": "open vacancies over open and occupied posts",
        "items": [{"year": 2025, "rate": 0.041, "reason": None}],
        "reason": None,
    },
    "employment": {
        "unit": _PERSONS,
        "meaning": "employed persons",
        "items": [],
        "reason": {"code": "unavailable", "meaning": "no source in the region folder says it"},
    },
}

SKILL_GAPS: Final[Example] = {
    "release": RELEASE,
    "resolved": {"region": _REGION, "occupation": _NURSES, "horizon": 5, "lang": "en"},
    "paging": {"total": 1, "limit": 100, "offset": 0, "next": None},
    "units": {"asked": "probability", "importance": "weight", "unfilled": _PERSONS},
    "items": [
        {
            "skill": {"code": "S1", "label": "plan care"},
            "kind": "skill",
            "green": False,
            "digital": False,
            "asked": 0.8,
            "importance": 1.0,
            "unfilled": None,
            "reason": {"code": "unavailable", "meaning": "no source in the region folder says it"},
        }
    ],
    "reason": None,
}
