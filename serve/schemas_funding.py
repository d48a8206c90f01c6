"""What the funding step is asked and answers by the API: weights, courses and allocations."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from forecasting.columns import Column, Table
from forecasting.funding.law_columns import APPLICATIONS, GRANTS
from serve.schemas import DAY_SCHEMA, Body, Day, Language, Named, Paging, Reason, read_day

Ground = Literal["band", "neutral", "nothing_trainable", "mandatory_only", "working_conditions", "uncertain"]
Unit = Literal["occupation", "skill"]
Size = Literal["eligible_cost", "participant_hours"]

COURSES_LARGEST: Final = 200
APPLICATIONS_LARGEST: Final = 2000
GRANTS_LARGEST: Final = 2000
SKILLS_LARGEST: Final = 200
TARGETS_LARGEST: Final = 50
BANDS_LARGEST: Final = 20
WORDS_LONGEST: Final = 300

_EUROS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


def _euros(given: Any) -> str:
    """Refuse money that is not text: a number of JSON does not hold every cent."""
    if isinstance(given, str) and _EUROS.fullmatch(given):
        return given
    raise PydanticCustomError("euros", 'expected euros as text with at most two decimals, as "1234.50"')


def _whole(given: Any) -> Any:
    """Return a number of JSON without a fraction as a whole one: 4.0 is 4 (JSON Schema, 6.1.1)."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


def _written(check: Callable[[Any], Any]) -> BeforeValidator:
    """Return a check that keeps a day as it was written: the law reads it from the table."""

    def checked(given: Any) -> Any:
        check(given)
        return given

    return BeforeValidator(checked)


_PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: no id has any, and not every table keeps them apart."""

_SOME: Final = f"^(?=.*[1-9]){_EUROS.pattern}$"
_MONEY_SCHEMA: Final = {"type": "string", "pattern": f"^{_EUROS.pattern}$", "examples": ["1234.50"]}

Euros = Annotated[str, BeforeValidator(_euros), WithJsonSchema(_MONEY_SCHEMA)]
DayText = Annotated[str, _written(read_day), WithJsonSchema(DAY_SCHEMA)]
Words = Annotated[str, Field(max_length=WORDS_LONGEST, pattern=_PLAIN, strict=True)]
Figure = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Yes = Annotated[bool, Field(strict=True)]
Codes = Annotated[list[Words], Field(max_length=SKILLS_LARGEST)]

_LANG: Any = Field(default="en", description="language of labels and sentences")
_REGION: Any = Field(default=None, description="code or name; default: the first market of the release")


def _asked(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class RuleChange(BaseModel):
    """What differs from the release's rule; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    quantile: Figure | None = Field(
        default=None,
        description="of the draws that a weight rests on; above 0 and at most 0.5",
        json_schema_extra={"exclusiveMinimum": 0, "maximum": 0.5},
    )
    edges: list[Figure] | None = Field(
        default=None,
        min_length=1,
        max_length=BANDS_LARGEST,
        description="ascending shares of openings at which the next band begins",
    )
    weights: list[Figure] | None = Field(
        default=None, max_length=BANDS_LARGEST + 1, description="one per band, none below the former"
    )
    floor: Figure | None = Field(default=None, description="least weight that is not zero")
    cap: Figure | None = Field(default=None, description="largest weight, top-ups included")
    neutral: Figure | None = Field(default=None, description="weight where nothing is known or told")
    topups: dict[Literal["green", "digital"], Figure] | None = Field(
        default=None, description="factor by collection; one that is left out has none"
    )
    topup_share: Annotated[Figure, Field(ge=0, le=1)] | None = Field(
        default=None, description="share of what is trainable that must be in the collection"
    )
    conditions: Annotated[Figure, Field(ge=0, le=1)] | None = Field(
        default=None,
        description="share of unfilled openings due to working conditions from which they are the cause",
    )


class Simulation(BaseModel):
    """Another rule for the weights of a region."""

    model_config = _asked({"unit": "occupation", "rule": {"quantile": 0.1}})

    unit: Unit = Field(default="occupation", description="weights of occupations, or of skills")
    region: Words | None = _REGION
    rule: RuleChange = Field(default_factory=RuleChange)
    changed_only: Yes = Field(default=False, description="only rows whose weight changes")
    lang: Language = _LANG


class GivenCourse(BaseModel):
    """A course as somebody plans it."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[Words, Field(min_length=1)] = Field(description="its own in this request")
    title: Words = Field(default="", description="compared with those of the catalogue")
    hours: Annotated[Figure, Field(ge=0, le=10_000)] | None = Field(
        default=None, description="contact hours; null where unknown"
    )
    skills: Codes = Field(default=[], description="codes of the skills that it teaches")
    occupations: Annotated[list[Words], Field(max_length=TARGETS_LARGEST)] = Field(
        default=[], description="codes of the occupations that it leads to"
    )
    mandatory: Yes | None = Field(default=None, description="required by law; null where unknown")


class CourseBatch(BaseModel):
    """Courses to be scored; nothing of them is kept."""

    model_config = _asked(
        {"courses": [{"id": "mine", "title": "Python", "hours": 80, "skills": [], "mandatory": False}]}
    )

    courses: Annotated[list[GivenCourse], Field(min_length=1, max_length=COURSES_LARGEST)]
    region: Words | None = _REGION
    lang: Language = _LANG


def _typed(column: Column) -> Any:
    """Return the type of a declared column as JSON gives it."""
    if column.unit == "EUR" and column.required:
        kind: Any = Euros
    elif column.kind == "date":
        kind = DayText
    else:
        kind = {"integer": Whole, "number": Figure, "boolean": Yes}.get(column.kind, Words)
        if column.kind in {"integer", "number"}:
            kind = Annotated[kind, Field(ge=column.low, le=column.high)]
    return kind if column.required else kind | None


def _row(name: str, table: Table, *more: Column) -> Any:
    """Return the model of a row of a declared table; what is left out or null is unknown."""
    fields: dict[str, Any] = {
        column.name: (
            _typed(column),
            Field(
                default=... if column.required else None,
                description=column.meaning + ("" if column.unit == "-" else f" ({column.unit})"),
            ),
        )
        for column in (*table.columns, *more)
    }
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=table.meaning, **fields)


def _told(name: str, meaning: str) -> Column:
    return Column(name, "text", "-", meaning, required=False)


GivenApplication: Any = _row(
    "GivenApplication",
    APPLICATIONS,
    _told("region", "code of the region whose needs count; else the only one"),
    _told("groups", "declared groups of the participants, with spaces"),
    _told("education", "education of the participants"),
    _told("age", "age band of the participants"),
)
GivenGrant: Any = _row("GivenGrant", GRANTS)


class AllocationCall(BaseModel):
    """A budget and who asks for it; nothing of it is kept or logged."""

    model_config = _asked(
        {
            "day": "2026-12-01",
            "budget": "10000.00",
            "applications": [
                {
                    "id": "A1",
                    "undertaking": "U1",
                    "size_class": "small",
                    "course": "C1",
                    "participants": 4,
                    "cost_course": "2000.00",
                    "cost_wages": "3000.00",
                    "cost_travel": "100.00",
                    "applied_on": "2026-11-23",
                    "starts_on": "2026-12-15",
                }
            ],
        }
    )

    day: Day = Field(description="of the decision: the law of this day holds; never the clock's")
    budget: Euros = Field(description="euros as text, more than 0", json_schema_extra={"pattern": _SOME})
    applications: Annotated[list[GivenApplication], Field(min_length=1, max_length=APPLICATIONS_LARGEST)]
    grants: Annotated[list[GivenGrant], Field(max_length=GRANTS_LARGEST)] = Field(
        default=[], description="aid received before"
    )
    universal: Yes = Field(default=False, description="a base per head for everybody who is eligible")
    size: Size | None = Field(
        default=None, description="what a weight is multiplied by; default: as the parameter says"
    )
    historical_demonstration: Yes = Field(
        default=False, description="allow a release whose data are historical on that day"
    )
    lang: Language = Field(default="en", description="language of the statements of reasons")


class Caution(Body):
    """What is said wherever weights are shown."""

    not_for_sole_use: dict[str, str] = Field(description="by language; to be shown beside every weight")
    rule: dict[str, Any] = Field(
        description="parameters of the rule, each with its value, the day it is in force from, its reference"
    )


class Weights(Caution):
    """Funding weights with everything that they follow from."""

    resolved: dict[str, Any]
    paging: Paging
    meaning: str
    units: dict[str, str] = Field(description="unit of every figure in an item")
    grounds: dict[str, str] = Field(description="what each ground means")
    items: list[dict[str, Any]] = Field(description="rows of the published table, codes named")
    reason: Reason | None = Field(description="why there is no item; null where there are some")


class Side(BaseModel):
    """A weight under one rule."""

    weight: float | None
    band: int | None
    ground: str | None
    quantile: float | None
    trainable_lower: float | None = Field(description="persons trainable at the quantile")
    share_lower: float | None = Field(description="the same over the openings")
    factor: float | None = Field(description="product of the top-ups")
    factors: str | None = Field(description="declared top-ups")


class Compared(BaseModel):
    """One weight under the release's rule and under the other."""

    occupation: Named | None = Field(default=None, exclude_if=lambda code: code is None)
    skill: Named | None = Field(default=None, exclude_if=lambda code: code is None)
    before: Side
    after: Side
    changed: bool
    reason: Reason | None
    why: str | None = Field(description="one sentence, under the other rule")


class BandChange(BaseModel):
    """How many cells went from one band or ground to another."""

    before: str
    after: str
    cells: int
    changed: bool


class Totals(BaseModel):
    """What the other rule changes in all."""

    cells: int
    change_band: int = Field(description="cells whose band or ground changes")
    change_weight: int
    zero_before: float | None = Field(description="share of the weights that are zero")
    zero_after: float | None
    changes: list[BandChange]


class Simulated(Caution):
    """Weights under another rule beside the release's."""

    resolved: dict[str, Any] = Field(description="region, horizon, and the whole rule that was applied")
    units: dict[str, str]
    grounds: dict[str, str]
    totals: Totals
    paging: Paging
    items: list[Compared]
    reason: Reason | None = Field(description="why there is no item; null where there are some")


class CourseScores(Caution):
    """Courses with score, weight, need, and what would move each into the next band."""

    resolved: dict[str, Any]
    needs: dict[str, str] = Field(description="what each answer means")
    levers: dict[str, str] = Field(description="what each lever of an appeal is")
    units: dict[str, str]
    items: list[dict[str, Any]] = Field(description="in the order given")


class Allocated(Caution):
    """An allocation with everything that it rests on."""

    resolved: dict[str, Any]
    summary: dict[str, Any] = Field(description="totals, in cents and counts")
    columns: dict[str, str] = Field(description="what each figure of an item means")
    items: list[dict[str, Any]] = Field(description="one for each application, by id")
    trace: dict[str, Any] = Field(
        description="levels, shared limits, law and parameters with versions, hashes"
    )
    statements: str = Field(description="reasons for each applicant, Markdown")
