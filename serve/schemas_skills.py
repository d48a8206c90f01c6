"""What the service says about skills, regions and transitions: the response models."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from serve.schemas import Body, Language, Named, Paging, Reason, ResolvedSearch, said
from serve.schemas_meta import Tested


class Skill(BaseModel):
    """A skill of the classification."""

    code: Annotated[str, said("skills", "code")]
    label: str = Field(description="label in the language of the answer")
    labels: dict[str, str] = Field(description="label by language")
    parent: Annotated[str | None, said("skills", "parent")]
    kind: Annotated[str | None, said("skills", "kind")]
    green: Annotated[bool | None, said("skills", "green")]
    digital: Annotated[bool | None, said("skills", "digital")]
    successors: list[str] | None = Field(
        description="codes that took its place; null unless it is retired (other addresses answer 410)"
    )


class Skills(Body):
    """Skills of the release."""

    resolved: ResolvedSearch
    paging: Paging
    items: list[Skill]
    reason: Reason | None = Field(description="why there is no item; null where there are some")


class SkillDetail(Body):
    """Everything the release says about one skill in one region and horizon."""

    resolved: dict[str, Any]
    skill: Skill
    movement: dict[str, Any] | None = Field(description="row of emerging_skills; null where ads do not say")
    units: dict[str, dict[str, str]] = Field(description="unit of every figure, by table")
    paging: Paging = Field(description="of `asked_by`")
    asked_by: list[dict[str, Any]] = Field(
        description="rows of skill_gaps: occupations that ask it, most asked first; TOTAL sums the region"
    )
    reason: Reason | None = Field(description="why nobody asks it here; null where somebody does")


class Region(Named):
    """A region of the release."""

    labels: dict[str, str] = Field(description="label by language")
    parent: Annotated[str | None, said("regions", "parent")]
    role: str = Field(description="market: scored; aggregate: summed from its markets")


class Regions(Body):
    """Regions with scores; each is found by code or by name."""

    paging: Paging
    items: list[Region]


class OccupationBacktest(Body):
    """How the figures of one occupation were tested."""

    resolved: dict[str, Any]
    horizons: list[dict[str, Any]] = Field(
        description="for each horizon: reliability of the cell, what was tested, why there is no score"
    )
    units: dict[str, str]
    items: list[dict[str, Any]] | None = Field(
        description="rows of this occupation alone; null where the release tested none by itself"
    )
    reason: Reason | None = Field(description="why there are no rows of its own; null where there are some")
    over_all_cells: list[Tested] = Field(
        description="rows of backtest: each component of the score beside its baselines, over all cells"
    )


class Person(BaseModel):
    """Skills of somebody; used for this answer only, never kept and never logged."""

    model_config = ConfigDict(extra="forbid")

    skills: list[str] = Field(min_length=1, max_length=1000, description="codes of the skills that are held")
    occupation: str | None = Field(
        default=None,
        description="code of the present or last occupation; else level and wage are unknown",
    )
    region: str | None = Field(default=None, description="code or name; default: the first market")
    horizon: int | None = Field(default=None, description="years from the base year; default: 5")
    lang: Language = Field(default="en", description="language of the labels")


class PersonTransitions(Body):
    """Where somebody with these skills can go, nearest first; near is not able."""

    resolved: dict[str, Any] = Field(
        description="region, horizon and occupation; the skills are not repeated"
    )
    meaning: str
    units: dict[str, str]
    thresholds: list[dict[str, Any]] = Field(description="rows of transition_thresholds: what counts as near")
    items: list[dict[str, Any]] = Field(
        description="destinations; `own`: whether it is the occupation given, null where none was"
    )
    reason: Reason | None = Field(description="why there is no destination; null where there are some")
