"""The tables of a snapshot, as the service publishes them: one declaration for writer, reader and API."""

from typing import Final

from forecasting.columns import Column, Table
from forecasting.published_funding import FUNDING
from forecasting.published_observables import OBSERVABLES
from forecasting.published_questions import QUESTIONS
from forecasting.published_transitions import TRANSITIONS
from forecasting.tables import TABLES


def _figure(name: str, unit: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "number", unit, meaning, required=required)


def _interval(unit: str, what: str, prefix: str = "") -> tuple[Column, ...]:
    joined = f"{prefix}_" if prefix else ""
    return tuple(
        _figure(f"{joined}p{percent}", unit, f"{what}: {percent} % of the draws lie below")
        for percent in (10, 50, 90)
    )


_REGION = Column("region", "code", "-", "region")
_OCCUPATION = Column("occupation", "code", "-", "occupation, or a parent of occupations")
_SCENARIO = Column("scenario", "code", "-", "named set of assumptions")
_HORIZON = Column("horizon", "integer", "years", "length of the window from the base year")
_REASON = Column("reason", "text", "-", "why the figures are null (see reasons)", required=False)
_CELL = ("region", "occupation", "scenario", "horizon")
_CELL_COLUMNS = (_REGION, _OCCUPATION, _SCENARIO, _HORIZON)

_WITH_OPENINGS = "over the simulated futures in which there are openings"

_GAPS = Table(
    "gaps",
    _CELL,
    (
        *_CELL_COLUMNS,
        Column("from_year", "integer", "year", "base year: the window opens at its end"),
        Column("to_year", "integer", "year", "the window closes at its end"),
        Column("aggregate", "boolean", "-", "true for a parent: summed from its cells, draw by draw"),
        _figure(
            "score",
            "share of openings",
            f"mean share of openings that stay unfilled, known parts only, {_WITH_OPENINGS}",
        ),
        *_interval("share of openings", f"gap score {_WITH_OPENINGS}", "score"),
        _figure(
            "quantitative", "share of openings", f"part of the mean score: no person; mean {_WITH_OPENINGS}"
        ),
        *_interval("share of openings", f"quantitative part {_WITH_OPENINGS}", "quantitative"),
        _figure(
            "qualitative",
            "share of openings",
            f"part of the mean score: skills lacking; mean {_WITH_OPENINGS}; null where unknown",
        ),
        *_interval(
            "share of openings", f"qualitative part {_WITH_OPENINGS}; null where unknown", "qualitative"
        ),
        Column("qualitative_reason", "text", "-", "why the qualitative part is null", required=False),
        Column(
            "covers",
            "text",
            "-",
            "both: persons and skills; quantitative: persons only; partly: persons and the known part of the "
            "lack of skills, score less quantitative; the last two make the score a lower bound",
            required=False,
        ),
        _figure(
            "score_at_mean_inputs", "share of openings", "the score at mean employment, retention and supply"
        ),
        _figure(
            "probability_of_shortage",
            "probability",
            "chance that more than shortage_threshold (5 % unless the release says else) of openings stays "
            f"unfilled, {_WITH_OPENINGS}; it can be so where mean supply exceeds mean openings",
        ),
        _figure(
            "share_of_draws_with_openings",
            "share of draws",
            "share of the simulated futures in which there are openings: score, parts and probabilities are "
            "over these; openings, supply and unfilled over all",
        ),
        Column("rank", "integer", "-", "1 is the largest median score; null if sceptical", required=False),
        *(
            _figure(f"rank_p{percent}", "-", f"rank: {percent} % of the draws put the cell there or above")
            for percent in (10, 90)
        ),
        Column(
            "state",
            "code",
            "-",
            "shortage: short, mostly for no person; mismatch: short, mostly for skills; balanced; surplus: "
            "supply well above openings; unknown",
        ),
        _figure(
            "state_probability",
            "probability",
            f"probability that the state is right {_WITH_OPENINGS}; null if unknown",
        ),
        Column(
            "state_reason",
            "text",
            "-",
            "why the state is unknown (see reasons); no_likely_state: below state_rule's probability",
            required=False,
        ),
        _figure("openings", "persons", "mean openings over the window"),
        _figure("supply", "persons", "mean supply over the window"),
        _figure("unfilled", "persons", "mean unfilled openings over the window"),
        *_interval("persons", "unfilled openings", "unfilled"),
        _figure(
            "annual_balance",
            "persons a year",
            "openings less supply, a year; positive: more openings than supply",
        ),
        Column(
            "reliability",
            "code",
            "-",
            "good, caution or sceptical: by the size of the cell; caution if not backtested",
        ),
        Column("backtest", "text", "-", "what the employment forecast was tested on at this horizon"),
        _REASON,
        Column("why", "text", "-", "one generated sentence: openings and supply are means"),
        Column("why_nl", "text", "-", "the same in Dutch", required=False),
    ),
    "the gap score of every cell and aggregate",
)


def _components(name: str, column: Column, meaning: str, unit: str = "persons") -> Table:
    columns = (*_CELL_COLUMNS, column, _figure("mean", unit, "mean of the draws"), *_interval(unit, "figure"))
    return Table(name, (*_CELL, column.name), (*columns, _REASON), meaning)


_OPENINGS = _components(
    "openings",
    Column("component", "code", "-", "employment, expansion, new_jobs, replacement_…, openings"),
    "openings = new_jobs + replacement, net; employment is the level at the end of the window, expansion its "
    "change, new_jobs the positive part of the change",
)
_SUPPLY = _components(
    "supply",
    Column(
        "source",
        "code",
        "-",
        "entrants, jobseekers, and where declared re_entrants, migrants, commuters: these add up; "
        "jobseekers_short_term: of the job seekers those of less than a year, not to be added",
    ),
    "persons available over the window",
)

_SKILL_GAPS = Table(
    "skill_gaps",
    (*_CELL, "skill"),
    (
        *_CELL_COLUMNS,
        Column("skill", "code", "-", "skill"),
        _figure("asked", "probability", "mean probability that an opening over the window asks the skill"),
        _figure("asked_now", "probability", "the same at the base year: the difference is the movement"),
        _figure("importance", "weight", "importance of the skill"),
        _figure(
            "unfilled",
            "persons",
            "mean openings that ask this skill and stay without it: nobody comes, or who comes lacks it; one "
            "opening may lack many skills, so it is no part of the occupation's unfilled and does not add up "
            "over skills; null where unknown",
        ),
        *_interval("persons", "persons lacking with this skill", "unfilled"),
        _REASON,
    ),
    "what each occupation's openings ask, and the persons lacking per skill; occupation TOTAL: the sum over "
    "the region's occupations",
)

_CONVENTIONS = Table(
    "conventions",
    (*_CELL, "convention", "component"),
    (
        *_CELL_COLUMNS,
        Column("convention", "code", "-", "net: cohort flows; gross: exits, and moves between occupations"),
        Column(
            "component",
            "code",
            "-",
            "demand: expansion, new_jobs, exits_25_54, exits_55_plus, transfers_out, not_replaced, openings; "
            "supply: a source, movers_in, supply",
        ),
        _figure("mean", "persons", "mean of the draws"),
        *_interval("persons", "figure"),
        _REASON,
    ),
    "openings = new_jobs + exits + transfers_out - not_replaced, supply = its sources + movers_in, net and "
    "gross side by side; gross only where rates of separation are given; the score is net",
)

_VACANCY_RATES = Table(
    "vacancy_rates",
    ("region", "occupation", "year"),
    (
        _REGION,
        _OCCUPATION,
        Column("year", "integer", "year", "calendar year"),
        _figure(
            "rate", "share of posts", "open vacancies over open and occupied posts, by sector and staffing"
        ),
        _REASON,
    ),
    "an observable to hold beside the score; never an input to it",
)

_INDICATORS = Table(
    "indicators",
    (*_CELL, "indicator"),
    (
        *_CELL_COLUMNS,
        Column(
            "indicator",
            "code",
            "-",
            "ita: supply over openings; ita_with_substitution: the same once entrants in surplus have taken "
            "unfilled openings of neighbouring occupations; coverage: entrants over openings; "
            "job_seekers_per_opening; openings_per_job_seeker",
        ),
        *_interval("ratio", "figure; null where infinite"),
        Column(
            "class", "text", "-", "likeliest class (parameters ita_classes, balance_classes)", required=False
        ),
        _figure("class_probability", "probability", "share of the draws in that class"),
        _figure("probability_above_one", "probability", "share of the draws above 1, infinite ones included"),
        _REASON,
    ),
    "indicators of the field, as ratios with their direction in the name",
)

_BACKTEST = Table(
    "backtest",
    ("component", "method", "horizon"),
    (
        Column("component", "code", "-", "sector_employment, staffing, cohorts, graduates or jobseekers"),
        Column(
            *("method", "code", "-"),
            "naive, mean, trend, level, pooled, local_level, shrinkage, lightgbm, cohorts…",
        ),
        _HORIZON,
        Column(
            "origins", "integer", "origins", "rolling origins scored; they overlap when the horizon exceeds 1"
        ),
        Column("cells", "integer", "cells", "forecasts scored over all origins"),
        _figure("mae", "persons", "mean absolute error"),
        _figure("mase", "ratio", "mean absolute error over the series' mean absolute yearly change"),
        _figure("log_mae", "log points", "mean absolute error of the logarithm"),
        _figure("coverage_80", "share", "share of outcomes inside the 80 % interval made at the origin"),
        Column("coverage_origins", "integer", "origins", "origins with past errors to make an interval from"),
        Column("selected", "boolean", "-", "whether the release uses this method"),
        Column("note", "text", "-", "what the figure is not", required=False),
    ),
    "rolling-origin backtest beside named baselines",
)

_BACKTEST_GROUPS = Table(
    "backtest_groups",
    ("component", "method", "horizon", "level", "size"),
    (
        Column("component", "code", "-", "sector_employment, staffing, cohorts, graduates or jobseekers"),
        Column(
            *("method", "code", "-"),
            "naive, mean, trend, level, pooled, local_level, shrinkage, lightgbm, cohorts…",
        ),
        _HORIZON,
        Column("level", "code", "-", "cell, or the key over which cells are summed: region, sector, field…"),
        Column("size", "code", "-", "all, or the size at the origin, persons: under 10000, 10000 to 100000…"),
        Column("origins", "integer", "origins", "rolling origins scored"),
        Column("cells", "integer", "cells", "forecasts scored over all origins"),
        _figure("mae", "persons", "mean absolute error"),
        _figure("log_mae", "log points", "mean absolute error of the logarithm"),
        _figure("bias", "log points", "mean error of the logarithm; above 0 the outcome was higher"),
        _figure("coverage_80", "share", "share of outcomes inside the 80 % interval made at the origin"),
        _figure("skill", "share", "1 less the log error over the naive forecast's; below 0 it is worse"),
        _figure("skill_p10", "share", "lower end of the bootstrap interval of the skill, P10"),
        _figure("skill_p90", "share", "upper end of the bootstrap interval of the skill, P90"),
        Column("selected", "boolean", "-", "whether the release uses this method"),
        Column("note", "text", "-", "why the row must not be quoted", required=False),
    ),
    "the backtest per level, size group and horizon",
)

_EMPLOYMENT = Table(
    "employment",
    ("region", "occupation", "year"),
    (
        _REGION,
        _OCCUPATION,
        Column("year", "integer", "year", "calendar year"),
        _figure("persons", "persons", "employed persons: sector employment times staffing"),
        Column("flag", "text", "-", "marks of the sectors with a tenth of it or more", required=False),
        _REASON,
    ),
    "employment by occupation as derived for the past",
)

_SCENARIO_EFFECTS = Table(
    "scenario_effects",
    _CELL,
    (
        *_CELL_COLUMNS,
        _figure("employment", "persons", "mean employment at the end of the window, less the baseline's"),
        _figure("new_jobs", "persons", "mean new jobs (expansion where positive), less the baseline's"),
        _figure("replacement", "persons", "mean replacement demand, less the baseline's"),
        _figure("replacement_55_plus", "persons", "of which of leavers aged 55+, less the baseline's"),
        _figure("openings", "persons", "mean openings, less the baseline's"),
        _figure("supply", "persons", "mean supply, less the baseline's"),
        _figure("unfilled", "persons", "mean unfilled openings, less the baseline's"),
        _figure("score_p50", "share of openings", "median score, less the baseline's"),
        _REASON,
        Column("why", "text", "-", "one generated sentence: the assumptions that touch the cell"),
    ),
    "what each scenario moves beside the baseline, and why; the draws are the same",
)

CANONICAL: Final = ("occupations", "skills", "regions", "occupation_skills", "courses", "concordance")
"""Tables of the region that are published as they are, but for regions that only train the models."""

PUBLISHED: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        *(TABLES[name] for name in CANONICAL),
        _GAPS,
        _OPENINGS,
        _SUPPLY,
        _CONVENTIONS,
        _INDICATORS,
        _SKILL_GAPS,
        _EMPLOYMENT,
        _VACANCY_RATES,
        _BACKTEST,
        _BACKTEST_GROUPS,
        *FUNDING,
        _SCENARIO_EFFECTS,
        *QUESTIONS,
        *TRANSITIONS,
        *OBSERVABLES,
    )
}
"""Every table of a snapshot by name; a snapshot holds all of them, some perhaps empty."""
