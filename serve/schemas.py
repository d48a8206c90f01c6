"""What the service answers: the response models, their units and meanings read from the published tables."""

import datetime as dt
import re
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from forecasting.published import PUBLISHED

Item = TypeVar("Item")

Language = Literal["nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
Level = Literal["cell", "aggregate", "all"]
Order = Literal["rank", "code", "score", "quantitative", "qualitative", "unfilled", "probability_of_shortage"]
State = Literal["shortage", "mismatch", "balanced", "surplus", "unknown"]
Share = Literal["quantitative", "qualitative"]
SkillOrder = Literal["importance", "lacking"]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day(given: Any) -> dt.date:
    """Return the day that a text names; nothing else is taken for one, no moment and no number."""
    try:
        if isinstance(given, str) and _DAY.fullmatch(given):
            return dt.date.fromisoformat(given)
    except ValueError:
        pass
    raise PydanticCustomError("day", 'expected a day that exists, as "2026-12-01"')


DAY_SCHEMA: Final = {"type": "string", "format": "date"}
Day = Annotated[dt.date, BeforeValidator(read_day), WithJsonSchema(DAY_SCHEMA)]


def said(table: str, column: str) -> Any:
    """Return the description and unit that a published table declares for a column."""
    declared = PUBLISHED[table].column(column)
    unit = "" if declared.unit == "-" else f" ({declared.unit})"
    field: FieldInfo = Field(description=declared.meaning + unit, json_schema_extra={"x-unit": declared.unit})
    return field


class Status(BaseModel):
    """How far the figures may be trusted as a picture of today."""

    label: str = Field(description="current, historical demonstration, or made up")
    sentence: str = Field(description="the same in one sentence, to be shown beside every figure")


class Classification(BaseModel):
    """A classification that codes belong to."""

    name: str = Field(description="for example ISCO-08 or ESCO")
    version: str = Field(description="version of the classification")
    level: int | str | None = Field(default=None, description="depth that is scored")


class ReleaseBlock(BaseModel):
    """Which release answered; the headers X-Release, X-Model-Version and so on say the same."""

    release: str = Field(description="12 hexadecimal digits of the hash of the figures")
    model_version: str = Field(description="version in the model registry")
    data_vintage: str = Field(description="what the data knew, and when")
    base_year: int = Field(description="last year of data: every window opens at its end")
    status: Status
    taxonomy: dict[str, Classification]
    scenario: str = Field(description="named set of assumptions")
    convention: str = Field(description="net or gross: how replacement demand and supply are counted")


class Named(BaseModel):
    """A stable code and its label in the language of the answer."""

    code: str
    label: str


class Reason(BaseModel):
    """Why a figure is null."""

    code: str = Field(description="stable reason")
    meaning: str = Field(description="the reason in words")


class Interval(BaseModel):
    """An uncertain figure: mean and quantiles of the simulated draws."""

    mean: float | None = Field(description="mean of the draws")
    p10: float | None = Field(description="10 % of the draws lie below")
    p50: float | None = Field(description="half of the draws lie below")
    p90: float | None = Field(description="90 % of the draws lie below")
    unit: str = Field(description="unit of all four")


class Body(BaseModel):
    """Every answer names the release that gave it."""

    release: ReleaseBlock


class Paging(BaseModel):
    """Which part of a list this is."""

    total: int = Field(description="how many items there are in all")
    limit: int
    offset: int
    next: str | None = Field(description="address of the next part; null at the end")


class Gap(BaseModel):
    """The gap score of one occupation in one region over one window."""

    region: Annotated[str, said("gaps", "region")]
    occupation: Named
    parent: str | None = Field(description="code of the parent occupation")
    scenario: Annotated[str, said("gaps", "scenario")]
    horizon: Annotated[int, said("gaps", "horizon")]
    from_year: Annotated[int, said("gaps", "from_year")]
    to_year: Annotated[int, said("gaps", "to_year")]
    aggregate: Annotated[bool | None, said("gaps", "aggregate")]
    rank: Annotated[int | None, said("gaps", "rank")]
    rank_p10: Annotated[int | None, said("gaps", "rank_p10")] = None
    rank_p90: Annotated[int | None, said("gaps", "rank_p90")] = None
    state: Annotated[str | None, said("gaps", "state")] = None
    state_probability: Annotated[float | None, said("gaps", "state_probability")] = None
    state_reason: Annotated[str | None, said("gaps", "state_reason")] = None
    score: Annotated[Interval | None, said("gaps", "score")]
    covers: Annotated[str | None, said("gaps", "covers")]
    lower_bound: bool = Field(description="true where the lack of skills is unknown, or known in part only")
    quantitative: Annotated[float | None, said("gaps", "quantitative")]
    quantitative_interval: Interval | None = Field(
        default=None, description="the quantitative part with P10, P50 and P90: its mean is quantitative"
    )
    qualitative: Annotated[float | None, said("gaps", "qualitative")]
    qualitative_interval: Interval | None = Field(
        default=None,
        description="the qualitative part with P10, P50 and P90: its mean is qualitative; null where unknown",
    )
    qualitative_reason: Annotated[str | None, said("gaps", "qualitative_reason")]
    score_at_mean_inputs: Annotated[float | None, said("gaps", "score_at_mean_inputs")]
    probability_of_shortage: Annotated[float | None, said("gaps", "probability_of_shortage")]
    share_of_draws_with_openings: Annotated[float | None, said("gaps", "share_of_draws_with_openings")] = None
    openings: Annotated[float | None, said("gaps", "openings")]
    supply: Annotated[float | None, said("gaps", "supply")]
    unfilled: Annotated[Interval | None, said("gaps", "unfilled")]
    annual_balance: Annotated[float | None, said("gaps", "annual_balance")]
    reliability: Annotated[str | None, said("gaps", "reliability")]
    backtest: Annotated[str | None, said("gaps", "backtest")]
    reason: Reason | None = Field(description="why figures of this row are null; null where none is")
    why: Annotated[str | None, said("gaps", "why")]
    why_nl: Annotated[str | None, said("gaps", "why_nl")] = None


class ResolvedGaps(BaseModel):
    """What was asked, defaults and names resolved."""

    region: Named
    horizon: int
    occupation: list[str] | None = Field(description="codes asked for; null for all")
    level: Level
    state: State | None = Field(default=None, description="only rows in this state; null for all")
    part: Share | None = Field(
        default=None, description="only rows with this part of the score; null for all"
    )
    scenario: str = Field(description="set of assumptions")
    order: Order
    lang: Language


class Gaps(Body):
    """Gap scores of one region and horizon."""

    resolved: ResolvedGaps
    paging: Paging
    units: dict[str, str] = Field(description="unit of every figure in an item")
    items: list[Gap]
    reason: Reason | None = Field(default=None, description="why there is no item; null where there are some")


class Occupation(BaseModel):
    """An occupation of the classification."""

    code: Annotated[str, said("occupations", "code")]
    label: str = Field(description="label in the language of the answer")
    labels: dict[str, str] = Field(description="label by language")
    parent: Annotated[str | None, said("occupations", "parent")]
    level: Annotated[int | None, said("occupations", "level")]
    scored: bool = Field(description="whether the release has a gap score for it")
    successors: list[str] | None = Field(
        description="codes that took its place; null unless it is retired (other addresses answer 410)"
    )


class ResolvedSearch(BaseModel):
    """What was asked of the list of occupations."""

    q: str | None = Field(description="text searched for in codes and labels")
    lang: Language


class Occupations(Body):
    """Occupations of the release."""

    resolved: ResolvedSearch
    paging: Paging
    items: list[Occupation]
    reason: Reason | None = Field(default=None, description="why there is no item; null where there are some")


class Series(BaseModel, Generic[Item]):
    """Figures of one kind; where there are none, the reason."""

    unit: str
    meaning: str
    items: list[Item]
    reason: Reason | None = Field(description="why there is no item; null where there are some")


class Component(BaseModel):
    """One part of the openings over a window."""

    horizon: Annotated[int, said("openings", "horizon")]
    component: Annotated[str, said("openings", "component")]
    figure: Interval | None
    reason: Reason | None


class Source(BaseModel):
    """Persons available from one source over a window."""

    horizon: Annotated[int, said("supply", "horizon")]
    source: Annotated[str, said("supply", "source")]
    figure: Interval | None
    reason: Reason | None


class VacancyRate(BaseModel):
    """The vacancy rate of one year."""

    year: Annotated[int, said("vacancy_rates", "year")]
    rate: Annotated[float | None, said("vacancy_rates", "rate")]
    reason: Reason | None


class Employment(BaseModel):
    """Employed persons in one year."""

    year: Annotated[int, said("employment", "year")]
    persons: Annotated[float | None, said("employment", "persons")]
    reason: Reason | None


class ResolvedOccupation(BaseModel):
    """What was asked of one occupation."""

    region: Named
    lang: Language


class OccupationDetail(Body):
    """Everything the release says about one occupation in one region."""

    resolved: ResolvedOccupation
    occupation: Occupation
    children: list[Named]
    gaps: list[Gap] = Field(description="one for each horizon")
    units: dict[str, str] = Field(description="unit of every figure in a gap")
    openings: Series[Component]
    supply: Series[Source]
    vacancy_rates: Series[VacancyRate]
    employment: Series[Employment]


class SkillGap(BaseModel):
    """A skill that an occupation's openings ask."""

    skill: Named
    kind: Annotated[str | None, said("skills", "kind")]
    green: Annotated[bool | None, said("skills", "green")]
    digital: Annotated[bool | None, said("skills", "digital")]
    asked: Annotated[float | None, said("skill_gaps", "asked")]
    asked_now: Annotated[float | None, said("skill_gaps", "asked_now")]
    importance: Annotated[float | None, said("skill_gaps", "importance")]
    unfilled: Annotated[float | None, said("skill_gaps", "unfilled")]
    unfilled_p10: Annotated[float | None, said("skill_gaps", "unfilled_p10")]
    unfilled_p50: Annotated[float | None, said("skill_gaps", "unfilled_p50")]
    unfilled_p90: Annotated[float | None, said("skill_gaps", "unfilled_p90")]
    reason: Reason | None = Field(description="why a figure of this row is null; null where none is")


class ResolvedSkills(BaseModel):
    """What was asked of an occupation's skills."""

    region: Named
    occupation: Named
    horizon: int
    order: SkillOrder
    lang: Language


class KnownOf(BaseModel):
    """Of how many rows a figure is known."""

    known: int = Field(description="rows with the figure")
    total: int = Field(description="all rows, whatever part is shown")


class SkillGaps(Body):
    """Skills of one occupation, in the order asked."""

    resolved: ResolvedSkills
    paging: Paging
    units: dict[str, str] = Field(description="unit of every figure in an item")
    persons_lacking: KnownOf = Field(description="of how many of the skills the persons lacking are known")
    items: list[SkillGap]
    reason: Reason | None = Field(description="why there is no item; null where there are some")


class Live(BaseModel):
    """The process answers."""

    live: Literal[True] = True


class RefusedRelease(BaseModel):
    """A promoted release that could not be loaded; the one before it serves on."""

    release: str | None = Field(description="its id, where it could be read")
    why: str = Field(description="what is wrong and what to do")


class Ready(Body):
    """The service has a release to answer from."""

    ready: Literal[True] = True
    refused: RefusedRelease | None = Field(description="a newer but broken release; null where all is well")
