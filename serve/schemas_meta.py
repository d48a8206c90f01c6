"""What the service says about the figures as a whole: the response models of /v1/meta and /v1/problems."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from serve.schemas import Body, Named


class Parameter(BaseModel):
    """A number of policy or method, with where it comes from."""

    value: JsonValue
    unit: str | None = None
    in_force_from: str | None = None
    reference: str | None = None
    description: str | None = None
    status: str | None = Field(default=None, description="verified, secondary or unverified")


class SourceCard(BaseModel):
    """A source of data, as its card describes it."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str
    publisher: str | None = None
    licence: str | None = None
    attribution: str | None = Field(default=None, description="sentence that the licence asks to show")
    vintage: str | None = None
    definition: str | None = None
    redistribute: JsonValue = Field(default=None, description="whether the data itself may be passed on")


class Tested(BaseModel):
    """One method in the rolling-origin backtest, at one horizon."""

    component: str
    method: str
    horizon: int
    origins: int | None
    cells: int | None
    mae: float | None
    mase: float | None
    log_mae: float | None
    coverage_80: float | None
    coverage_origins: int | None
    selected: bool | None
    note: str | None


class DeclaredColumn(BaseModel):
    """One column of the data dictionary."""

    name: str
    kind: str
    unit: str = Field(description="- for codes and text")
    meaning: str
    required: bool = Field(description="false where a value may be missing")


class DeclaredTable(BaseModel):
    """One table of the data dictionary."""

    name: str
    key: list[str]
    meaning: str
    columns: list[DeclaredColumn]


class LabelThresholds(BaseModel):
    """What the values of a label mean and which parameters decide them."""

    column: str = Field(description="table and column")
    values: list[str] = Field(description="every value; empty where it is a figure or an open list")
    meaning: str
    parameters: dict[str, JsonValue] = Field(
        description="value in this release of each parameter that decides it; null where it has none"
    )
    units: dict[str, str] = Field(description="unit of each parameter that the release has")


class ServedRegion(Named):
    """A region with scores."""

    role: str = Field(description="market: scored; aggregate: summed from its markets")


class Limits(BaseModel):
    """What a request may ask."""

    page_default: int
    page_largest: int
    batch_largest: int = Field(description="codes in one list")
    body_largest: int = Field(description="bytes of the body of a request")
    address_longest: int = Field(description="bytes of path and query together")
    headers_largest: int = Field(description="bytes of all header fields together")
    requests_per_minute_key: int | None = Field(description="per key, unless it has a limit of its own")
    requests_per_minute_address: int | None = Field(description="per client address, without a key")
    open_scopes: list[str] = Field(description="what can be read without a key")
    courses_largest: int = Field(description="courses scored at once")
    applications_largest: int = Field(description="applications divided over at once")
    grants_largest: int = Field(description="earlier grants beside them")
    languages: list[str]
    encoding: str


class Meta(Body):
    """Everything needed to read, repeat and quote the figures."""

    promoted_at: str
    as_of: str | None = Field(description="date at which rules and decisions were read")
    regions: list[ServedRegion]
    horizons: list[int] = Field(description="lengths of the windows, in years")
    draws: int | None = Field(description="how many futures were simulated")
    seed: int | None
    methods: dict[str, str] = Field(description="method of each component")
    backtest: list[Tested] = Field(description="what each method was tested on, beside its baselines")
    parameters: dict[str, Parameter] = Field(description="thresholds and other numbers of method or policy")
    sources: list[SourceCard]
    not_quotable: list[str] = Field(description="what these figures must not be used to say")
    limits: Limits
    reasons: dict[str, str] = Field(description="why a figure can be null")
    supply_sources: dict[str, str]
    tables: list[DeclaredTable] = Field(description="data dictionary: every table, column and unit")
    scenarios: list[str] = Field(description="sets of assumptions with gap scores, the release's own first")
    labels: list[LabelThresholds] = Field(description="every label with the thresholds that decide it")
    residuals: JsonValue = Field(description="how far what must add up does not")
    fingerprints: JsonValue = Field(description="hashes of the data that went in")
    code: JsonValue = Field(description="revision of the code that built the figures")


class ProblemKind(BaseModel):
    """One way in which the service says no."""

    code: str
    status: int
    title: str
    meaning: str


class ProblemKinds(BaseModel):
    """Every `code` that an answer of type application/problem+json can carry."""

    items: list[ProblemKind]
