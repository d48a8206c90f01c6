"""The canonical tables of a region folder: key, columns, types, units and ranges, declared once.

Everything else reads this declaration: the check, the templates, the adapters and the data dictionary.
"""

from typing import Final

from forecasting.columns import Column, Table


def _code(name: str, refers_to: str | None, meaning: str) -> Column:
    return Column(name, "code", "-", meaning, refers_to=refers_to)


def _text(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "text", "-", meaning, required=required)


def _year(name: str = "year") -> Column:
    return Column(name, "integer", "year", "calendar year, annual average", 1950, 2150)


def _persons(name: str = "persons", meaning: str = "persons", *, required: bool = True) -> Column:
    return Column(name, "number", "persons", meaning, 0, 1e9, required=required)


def _share(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, "number", "share", meaning, 0, 1, required=required)


def _yes_no(name: str, meaning: str) -> Column:
    return Column(name, "boolean", "-", meaning, required=False)


_REGION = _code("region", "regions", "region of the figure")
_OCCUPATION = _code("occupation", "occupations", "occupation, a code of the region's classification")
_SECTOR = _code("sector", "sectors", "sector of economic activity")
_SKILL = _code("skill", "skills", "skill, a code of the region's classification")
_FIELD = _code("field", "fields", "field of education")
_LEVEL = Column("level", "code", "-", "level of education, as in the source (ISCED 2011 for Eurostat)")
_PERIOD = Column("period", "period", "-", "2025, 2025-Q1 or 2025-01")
_AGE = Column("age_band", "code", "-", "25-34, 65+ or all", required=False, default="all")
_RSE = Column(
    "relative_standard_error", "number", "share", "sampling error over the figure", 0, 10, required=False
)
_FLAG = _text("flag", "marks of the publisher or of the adapter (vocabulary.FLAGS)")
_LABELS = (
    _text("label_nl", "Dutch label"),
    _text("label_en", "English label"),
    _text("label_fr", "French label"),
)
_HIERARCHY = (
    _text("parent", "code of the parent; empty at the root"),
    Column("level", "integer", "depth", "0 for the root", 0, 20, required=False),
)


def _classification(name: str, meaning: str, *more: Column) -> Table:
    code = Column("code", "code", "-", "stable code")
    return Table(name, ("code",), (code, *_HIERARCHY, *_LABELS, *more), meaning)


def _vacancies(name: str, meaning: str) -> Column:
    return Column(name, "number", "vacancies", meaning, 0, 1e9, required=False)


_POSTS = (
    _vacancies("posted", "vacancies posted in the period"),
    _vacancies("open", "vacancies open at the reference moment"),
    _vacancies("filled", "vacancies filled in the period"),
    _vacancies("cancelled", "vacancies withdrawn unfilled in the period"),
    Column("median_days_open", "number", "days", "median time open", 0, 10_000, required=False),
    Column(
        "occupied", "number", "posts", "occupied posts, the base of a vacancy rate", 0, 1e9, required=False
    ),
    _FLAG,
)

_DECLARED: Final[tuple[Table, ...]] = (
    _classification(
        "occupations",
        "occupations; the root TOTAL stands for all",
        Column("skill_level", "integer", "level", "skill level; empty: ISCO's", 1, 9, required=False),
        Column("wage", "number", "money", "median gross wage; only ratios are used", 0, 1e9, required=False),
    ),
    _classification(
        "skills",
        "skills and knowledge",
        _text("kind", "skill or knowledge"),
        _yes_no("green", "in the classification's green collection"),
        _yes_no("digital", "in the classification's digital collection"),
    ),
    _classification("sectors", "sectors of economic activity; the root TOTAL stands for all"),
    _classification("fields", "fields of education"),
    _classification(
        "regions",
        "regions; `role` says what is done with each",
        Column(
            "role",
            "code",
            "-",
            "market: scored; aggregate: summed from its markets; reference: only trains the models",
            required=False,
            default="market",
        ),
    ),
    Table(
        "concordance",
        ("classification", "old_code", "new_code"),
        (
            Column("classification", "code", "-", "table whose codes changed: occupations, skills…"),
            Column("old_code", "code", "-", "retired code"),
            Column("new_code", "code", "-", "successor"),
            _share("weight", "share of the old code that went to the successor"),
            Column("valid_from", "date", "date", "first day of the new code"),
        ),
        "retired codes and their successors; series breaks",
    ),
    Table(
        "occupation_skills",
        ("occupation", "skill"),
        (
            _OCCUPATION,
            _SKILL,
            Column("relation", "code", "-", "essential or optional"),
            _share("weight", "share of the occupation's jobs for which the relation holds"),
        ),
        "the skills an occupation asks according to the classification",
    ),
    Table(
        "occupation_employment",
        ("year", "region", "occupation", "age_band"),
        (_year(), _REGION, _OCCUPATION, _AGE, _persons(meaning="employed persons"), _RSE, _FLAG),
        "employed persons by occupation; beside staffing: a market's own survey of its mix",
    ),
    Table(
        "sector_employment",
        ("year", "region", "sector", "age_band"),
        (_year(), _REGION, _SECTOR, _AGE, _persons(meaning="employed persons"), _RSE, _FLAG),
        "employed persons by sector; sector TOTAL with ages gives the cohorts",
    ),
    Table(
        "employment_vintages",
        ("vintage", "year", "region", "sector"),
        (
            Column("vintage", "date", "date", "day on which this figure was published"),
            _year(),
            _REGION,
            Column("sector", "code", "-", "a sector, or an occupation where those are counted"),
            _persons(meaning="employed persons of all ages, as published that day"),
        ),
        "earlier publications of employment: a backtest sees the first that has its year",
    ),
    Table(
        "staffing",
        ("sector", "occupation"),
        (_SECTOR, _OCCUPATION, _share("share", "share of the sector's employment"), _FLAG),
        "occupations within sectors; each sector sums to 1",
    ),
    Table(
        "staffing_history",
        ("year", "sector", "occupation"),
        (_year(), _SECTOR, _OCCUPATION, _share("share", "share of the sector's employment that year"), _RSE),
        "staffing of past years, as a survey found it: lets shares move; each sector and year sums to 1",
    ),
    Table(
        "separations",
        ("occupation", "kind"),
        (
            _OCCUPATION,
            Column("kind", "code", "-", "exit: leaves work; transfer: leaves for another occupation"),
            Column("rate", "number", "share", "share of the occupation's workers who leave in a year", 0, 1),
            _FLAG,
        ),
        "yearly rates at which workers leave an occupation: without a flag they are the region's own, and "
        "exits count as they stand; of flagged (borrowed) rates, and of transfers, only the ratios are used",
    ),
    Table(
        "sector_outlook",
        ("year", "region", "sector", "scenario"),
        (
            _year(),
            _REGION,
            _SECTOR,
            Column("scenario", "code", "-", "named path", required=False, default="baseline"),
            _persons(meaning="employed persons"),
        ),
        "optional exogenous path of sector employment",
    ),
    Table(
        "occupation_vacancies",
        ("period", "region", "occupation"),
        (_PERIOD, _REGION, _OCCUPATION, *_POSTS),
        "vacancies by occupation",
    ),
    Table(
        "sector_vacancies",
        ("period", "region", "sector"),
        (_PERIOD, _REGION, _SECTOR, *_POSTS),
        "vacancies by sector",
    ),
    Table(
        "skill_mentions",
        ("period", "region", "occupation", "skill", "source"),
        (
            _PERIOD,
            Column(
                "region", "code", "-", "region of the ads; TOTAL for all", required=False, default="TOTAL"
            ),
            _OCCUPATION,
            _SKILL,
            Column("ads", "number", "ads", "ads of the occupation in the period", 0, 1e9),
            Column("mentions", "number", "ads", "ads that ask the skill", 0, 1e9),
            Column(
                "source",
                "text",
                "-",
                "pseudonym of the employer or agency, where known; ads and mentions are its own",
                required=False,
            ),
        ),
        "job ads that ask a skill",
    ),
    Table(
        "graduates",
        ("year", "region", "field", "level"),
        (_year(), _REGION, _FIELD, _LEVEL, _persons(meaning="graduates in the year"), _FLAG),
        "graduates by field and level; no row may be a total of others",
    ),
    Table(
        "enrolment",
        ("year", "region", "field", "level"),
        (_year(), _REGION, _FIELD, _LEVEL, _persons(meaning="pupils and students in the year"), _FLAG),
        "those in education by field and level, of whom graduates come",
    ),
    Table(
        "population",
        ("year", "region", "age_band"),
        (_year(), _REGION, _AGE, _persons(meaning="inhabitants"), _FLAG),
        "inhabitants by age: the size of coming cohorts; years after the base year are not used",
    ),
    Table(
        "entry",
        ("field", "level", "occupation"),
        (
            _FIELD,
            _LEVEL,
            _OCCUPATION,
            _share("share", "share of those with this field and level who work in the occupation"),
            Column(
                "sample",
                "number",
                "persons",
                "survey respondents behind the field's shares",
                1,
                1e9,
                required=False,
            ),
            _FLAG,
        ),
        "where graduates enter; each field and level sums to at most 1",
    ),
    Table(
        "jobseekers",
        ("period", "region", "occupation"),
        (
            _PERIOD,
            _REGION,
            _OCCUPATION,
            _persons(meaning="unemployed persons who seek work"),
            _persons("short_term", "of whom unemployed for less than a year", required=False),
            _FLAG,
        ),
        "job seekers; occupation TOTAL where the source knows no occupations",
    ),
    Table(
        "jobseeker_skills",
        ("occupation", "skill"),
        (_OCCUPATION, _SKILL, _share("share", "share of job seekers for the occupation who hold the skill")),
        "what job seekers can do",
    ),
    Table(
        "other_supply",
        ("year", "region", "occupation", "source"),
        (
            _year(),
            _REGION,
            _OCCUPATION,
            Column("source", "code", "-", "re_entrants, migrants or commuters"),
            _persons(meaning="persons a year who come to work, net of those who go"),
            _FLAG,
        ),
        "yearly supply besides education and job seekers; occupation TOTAL is spread as entrants are",
    ),
    Table(
        "bottlenecks",
        ("year", "occupation"),
        (_year(), _OCCUPATION, _yes_no("listed", "on the official list"), _text("causes", "as published")),
        "an official list, for comparison only",
    ),
    Table(
        "courses",
        ("course",),
        (
            Column("course", "code", "-", "stable code"),
            _text("title", "title", required=True),
            _text("provider", "provider"),
            Column("hours", "number", "hours", "contact hours", 0, 10_000, required=False),
            Column("price", "number", "EUR", "price for one participant", 0, 1e6, required=False),
            _text("skills", "skill codes taught, separated by spaces"),
            _text("occupations", "target occupation codes, separated by spaces"),
            _yes_no("mandatory", "required by law: no aid under GBER art. 31(2)"),
            _text("instruments", "instruments that may fund it, separated by spaces"),
            _text("theme", "theme that raises a share of aid: cybersecurity, energy"),
            Column("credits", "number", "credits", "study credits", 0, 1000, required=False),
        ),
        "courses on offer",
    ),
    Table(
        "overrides",
        ("id",),
        (
            Column("id", "code", "-", "stable id"),
            _text("target", "figure that is replaced", required=True),
            Column("value", "number", "as target", "value of the expert"),
            _text("author", "who decided", required=True),
            _text("reason", "why", required=True),
            _text("evidence", "where the evidence is"),
            Column("expiry", "date", "date", "last day of validity"),
        ),
        "decisions of experts beside the model; the model's value is kept",
    ),
)

TABLES: Final[dict[str, Table]] = {table.name: table for table in _DECLARED}
"""Every canonical table by name. Funding's own tables (applications, grants) join with the law step."""
