"""The published tables of what vacancies say beside the score; empty where their fate is unknown."""

from typing import Final

from forecasting.columns import Column, Kind, Table


def _figure(name: str, unit: str, meaning: str) -> Column:
    return Column(name, "number", unit, meaning, required=False)


def _other(name: str, kind: Kind, meaning: str, unit: str = "-", *, required: bool = False) -> Column:
    return Column(name, kind, unit, meaning, required=required)


_REGION = Column("region", "code", "-", "region; of an aggregate the sum of its markets")
_OCCUPATION = Column("occupation", "code", "-", "occupation")
_YEAR = Column("year", "integer", "year", "calendar year of the vacancies")
_REASON = _other("reason", "text", "why the figures are null (see reasons)")
_HANDLED = _figure("handled", "vacancies", "vacancies filled or cancelled in the year")

_RULE = Table(
    "bottleneck_rule",
    ("region", "occupation"),
    (
        *(_REGION, _OCCUPATION, _YEAR),
        _other("listed", "boolean", "this rule lists it; not an official list"),
        _figure("probability", "probability", "that the rule lists it if as many vacancies were drawn again"),
        _other("enough_vacancies", "boolean", "enough handled to be judged"),
        _other("long_run_time", "boolean", "open longer than the median occupation's"),
        _other("low_fill_rate", "boolean", "filled less often than the median occupation's"),
        _other("candidate", "boolean", "both this year"),
        _other("persistent", "boolean", "a candidate often enough in the latest years"),
        _HANDLED,
        _figure("days", "days", "median time open, mean of the year's periods"),
        _figure("median_days", "days", "median over the region's occupations"),
        _figure("fill_rate", "share of handled", "filled over handled"),
        _figure("median_fill_rate", "share of handled", "median over the region's occupations"),
        _figure("seekers_per_vacancy", "persons per vacancy", "job seekers per open vacancy"),
        _figure("days_margin", "days", "time open less the median"),
        _figure("fill_rate_margin", "share of handled", "fill rate less the median"),
        _other("causes", "text", "of a listed one: quantitative, qualitative, working_conditions"),
        _other("causes_unknown", "text", "causes that cannot be told"),
        _REASON,
    ),
    "bottleneck occupations by a transparent rule in the spirit of VDAB's",
)

_AGREEMENT = Table(
    "list_agreement",
    ("region", "year"),
    (
        *(_REGION, _YEAR),
        _other("both", "integer", "listed by the rule and by the official list", "occupations"),
        _other("rule_only", "integer", "listed by the rule alone", "occupations"),
        _other("list_only", "integer", "on the official list alone", "occupations"),
        _other("neither", "integer", "listed by neither", "occupations"),
        _other("not_judged", "integer", "that the rule cannot judge", "occupations"),
        _figure("kappa", "ratio", "Cohen's κ: 0 is chance, 1 the same list"),
        _figure("precision", "share", "of those that the rule lists, on the official list"),
        _figure("recall", "share", "of those on the official list, listed by the rule"),
    ),
    "the rule held to an official list, where one is given",
)

_CONDITIONS = Table(
    "conditions",
    ("region", "occupation"),
    (
        *(_REGION, _OCCUPATION, _YEAR),
        *(
            _figure(f"p{percent}", "share", f"κ: otherwise filled openings that stay unfilled, P{percent}")
            for percent in (10, 50, 90)
        ),
        _figure("filled_per_vacancy", "ratio", "vacancies filled in the year per open one"),
        _figure("expected_per_vacancy", "ratio", "as many as tension and lacking skills let expect"),
        _REASON,
    ),
    "working conditions at the base year: outside the score, never in a weight",
)

_HARD = Table(
    "hard_to_fill",
    ("region", "occupation"),
    (
        *(_REGION, _OCCUPATION),
        _other("from_year", "integer", "last year of the vacancies", "year", required=True),
        _other("to_year", "integer", "year that is forecast", "year", required=True),
        _figure("probability", "probability", "to be on the list; the rule's candidates where there is none"),
        _other("status_method", "code", "last_list; combined or lightgbm where better in every way"),
        _other("listed_now", "boolean", "on the list in the last year"),
        *(
            _figure(f"unfilled_share_p{percent}", "share of vacancies", f"cancelled or long open: P{percent}")
            for percent in (10, 50, 90)
        ),
        _other("share_method", "code", "naive, mean, or lightgbm where it was better in every way"),
        _figure("unfilled_share_now", "share of vacancies", "observed in the last year"),
        _HANDLED,
        _other("status_reason", "text", "why the probability is null"),
        _REASON,
    ),
    "next year's unfilled share of vacancies and listing, from this year's indicators",
)

_SCORES = Table(
    "hard_to_fill_scores",
    ("method",),
    (
        _other("method", "code", "last_list, lightgbm, or combined: the mean of both", required=True),
        _other("origins", "integer", "rolling origins scored", "origins"),
        _other("cells", "integer", "forecasts scored over all origins", "cells"),
        _figure("brier", "probability", "mean squared error of the probability"),
        _figure("log_loss", "nats", "mean negative logarithm of the probability of what came"),
        _figure("auc", "probability", "that a listed occupation had the higher forecast"),
        _other("selected", "boolean", "whether the release uses this method"),
        _other("note", "text", "what the figure is not"),
    ),
    "rolling-origin backtest of the listing",
)

_RELIABILITY = Table(
    "hard_to_fill_reliability",
    ("method", "low"),
    (
        _other("method", "code", "last_list, lightgbm, or combined: the mean of both", required=True),
        _figure("low", "probability", "lower end of the fifth"),
        _figure("high", "probability", "upper end of the fifth"),
        _other("cells", "integer", "forecasts in it, over all origins", "cells"),
        _figure("forecast", "probability", "mean forecast"),
        _figure("listed", "share", "that were listed"),
    ),
    "forecast beside observed listing: equal where the probability is calibrated",
)

OBSERVABLES: Final[tuple[Table, ...]] = (_RULE, _AGREEMENT, _CONDITIONS, _HARD, _SCORES, _RELIABILITY)
"""In the order of the method."""
