"""What the service says about releases and their tables: the response models of /v1/releases and /v1/bulk."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from serve.schemas import Body, Language, Named, Paging, Reason, ReleaseBlock
from serve.schemas_meta import DeclaredTable, LabelThresholds, Tested


class Served(BaseModel):
    """One time in which a release was in service."""

    model_version: str = Field(description="version in the model registry")
    since: str = Field(description="when it came into service, UTC")
    until: str | None = Field(description="when it was replaced; null while it is in service")
    why: str | None = Field(description="reason given for the promotion; null where none was")
    rollback_from: str | None = Field(description="release that was taken back; null where none was")


class ReleaseCard(BaseModel):
    """A release that was in service at least once."""

    release: str = Field(description="12 hexadecimal digits of the hash of the figures")
    model_version: str = Field(description="version that it was first promoted as")
    promoted_at: str = Field(description="when it was first promoted, UTC")
    latest: bool = Field(description="whether it is in service now")
    available: bool = Field(description="whether its figures are still on this machine")
    served: list[Served] = Field(description="when it was in service, oldest first")
    address: str = Field(description="where it is described")


class Releases(Body):
    """Every release, the newest first; the block `release` is that of the one in service."""

    paging: Paging
    feed: str = Field(description="address of the Atom feed")
    items: list[ReleaseCard]


class TableCard(BaseModel):
    """One table of a release."""

    name: str
    meaning: str
    rows: int
    formats: dict[str, str] = Field(description="address by format; empty where it may not be passed on")
    reason: str | None = Field(description="why it may not be passed on; null where it may")


class OneRelease(Body):
    """One release and its tables."""

    card: ReleaseCard
    as_of: str | None = Field(description="date at which rules and decisions were read")
    horizons: list[int]
    scenarios: list[str]
    methods: dict[str, str]
    tables: list[TableCard]
    changes: str | None = Field(
        description="address of the changes from the release in service before; null for the first"
    )
    changes_reason: Reason | None = Field(description="why `changes` is null; null where it is not")


class Bulk(Body):
    """Every table of a release in bulk."""

    items: list[TableCard]


class Figure(BaseModel):
    """A figure in both releases, as each published it."""

    before: Any = Field(description="null where that release does not say it")
    after: Any = Field(description="null where that release does not say it")


class Change(BaseModel):
    """A gap score that differs between two releases."""

    occupation: Named
    region: str
    horizon: int
    kind: str = Field(description="added, removed or changed")
    figures: dict[str, Figure] = Field(description="what differs, by column of the table gaps")


class Changes(Body):
    """What differs between two releases, the largest change of score first."""

    before: ReleaseBlock = Field(description="the release compared with")
    resolved: dict[str, Any]
    same_taxonomy: bool = Field(description="false: codes may mean different things; compare with care")
    methods: dict[str, Figure] = Field(description="methods that differ, by component")
    parameters: dict[str, Figure] = Field(description="parameters whose value differs")
    settings: dict[str, Figure] = Field(description="how they were built: seed, draws, code and the like")
    tables: list[str] = Field(description="input tables whose content differs")
    units: dict[str, str]
    paging: Paging
    items: list[Change]
    reason: Reason | None = Field(description="why there is no item; null where there are some")


class Backtests(Body):
    """Rolling-origin backtest of a release."""

    items: list[Tested]
    groups: list[dict[str, Any]] = Field(description="the same by level and size: rows of backtest_groups")


class ResolvedWords(BaseModel):
    """In which language was asked."""

    lang: Language


class Dictionary(Body):
    """Data dictionary: every published table, column, unit and label."""

    resolved: ResolvedWords
    language: Literal["en"] = Field(default="en", description="of the texts, whatever language is asked")
    tables: list[DeclaredTable]
    labels: list[LabelThresholds]
    reasons: dict[str, str]
