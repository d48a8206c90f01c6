"""What a request asks, checked: no parameter is ignored, no name is guessed, every default is resolved."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from serve.archived import pinned
from serve.limits import BATCH_LARGEST
from serve.paging import PAGE_DEFAULT, PAGE_LARGEST, Slice
from serve.problems import Fault, Refusal
from serve.release import Concept, Release
from serve.schemas import LANGUAGES, Day, Language
from serve.store import Serving
from serve.unknown import refuse, refuse_codes, unknown_codes, unknown_region

FALLBACK: Final[Language] = "en"
VARY: Final = "Accept-Language, Accept-Encoding"
_TWICE: Final = "given more than once; give it once"
_TWICE_LISTED: Final = "given more than once; give it once, codes separated by commas"
_EMPTY: Final = "empty; leave it out for the default"
_GAP: Final = "an empty place in the list of codes"

_VISIBLE: Final = r"[^\s\x00-\x1f\x7f-\x9f\ufeff]"
"""A character that can be seen: spaces and control characters alone say nothing."""

_ONE: Final = f"[^,]*{_VISIBLE}[^,]*"
SAID: Final[dict[str, Any]] = {"minLength": 1, "pattern": _VISIBLE}
"""What the description says of a text: it must not be empty (`refuse_unknown` sees to it)."""

LISTED: Final[dict[str, Any]] = {"minLength": 1, "pattern": f"^{_ONE}(,{_ONE}){{0,{BATCH_LARGEST - 1}}}$"}
"""The same of a list of codes: see `codes`."""

RELEASE: Final[dict[str, Any]] = {"pattern": "^([0-9a-f]{12}|latest)$"}
COMPARED: Final[dict[str, Any]] = {"pattern": "^([0-9a-f]{12}|latest|previous)$"}
_SEEN: Final = re.compile(_VISIBLE)


async def refuse_unknown(request: Request) -> None:
    """Refuse a query parameter that the route does not have, is given twice, or is empty."""
    known = _declared(request.scope["route"].dependant)
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    unknown = [Fault(parameter=n, value=v, message=_expected(known)) for n, v in given if n not in known]
    if unknown:
        listed = ", ".join(dict.fromkeys(fault.parameter for fault in unknown))
        told = f"This address has no parameter {listed}. {_expected(known)}."
        raise Refusal("unknown_parameter", told, unknown)
    lists = {"occupation", "skill"} & known
    twice = [
        Fault(parameter=n, value=v, message=_TWICE_LISTED if n in lists else _TWICE)
        for n, v in given
        if names.count(n) > 1
    ]
    empty = [Fault(parameter=n, value=v, message=_EMPTY) for n, v in given if not _SEEN.search(v)]
    refuse("bad_parameter", twice + empty)


def _declared(dependant: Any) -> set[str]:
    """Return the names of the query parameters of a route and of everything it depends on."""
    names = {field.alias for field in dependant.query_params}
    return names.union(*(_declared(below) for below in dependant.dependencies))


def _expected(known: set[str]) -> str:
    return f"It has {', '.join(sorted(known))}" if known else "It has none"


async def _serving(request: Request) -> Serving:
    return cast(Serving, request.state.serving)


async def _latest(serving: Annotated[Serving, Depends(_serving)]) -> Release:
    """Return the release in service.

    Raises
    ------
    Refusal
        If there is none.
    """
    if serving.release is not None:
        return serving.release
    if serving.refused is not None:
        raise Refusal("release_refused", f"The promoted release cannot be read. {serving.refused.why}")
    raise Refusal(
        "no_champion", "Nothing is promoted yet: build a version and promote it (python -m training)."
    )


async def _release(
    request: Request,
    latest: Annotated[Release, Depends(_latest)],
    release: Annotated[
        str | None,
        Query(
            description="12 hexadecimal digits, see /v1/releases; default: latest", json_schema_extra=RELEASE
        ),
    ] = None,
    as_of: Annotated[
        Day | None, Query(description="what was in service at the end of this day (UTC), as 2026-11-22")
    ] = None,
) -> Release:
    """Return the release that answers this request, and let its headers name it."""
    if release is None and as_of is None:
        request.state.unpinned = latest.champion.release
        return latest
    chosen = await run_in_threadpool(pinned, request.app.state.store.archive, latest, release, as_of)
    request.state.serving = request.state.serving.showing(chosen)
    return chosen


async def _under(
    request: Request,
    release: Annotated[Release, Depends(_release)],
    scenario: Annotated[
        str | None,
        Query(
            description="set of assumptions; default: the release's own, see /v1/meta", json_schema_extra=SAID
        ),
    ] = None,
) -> Release:
    """Return the release under the assumptions asked, and let its headers name them."""
    if scenario is None:
        return release
    if scenario not in release.scenarios:
        told = f"the release has {', '.join(release.scenarios)}"
        refuse("unknown_code", [Fault(parameter="scenario", value=scenario, message=told)])
    chosen = release.under(scenario)
    request.state.serving = request.state.serving.showing(chosen)
    return chosen


async def _language(
    response: Response,
    lang: Annotated[
        Language | None, Query(description="language of the labels; default: Accept-Language, else en")
    ] = None,
    accept_language: Annotated[str | None, Header(description="used where lang is left out")] = None,
) -> Language:
    """Return the language of the answer and say so in its headers."""
    chosen = lang or preferred(accept_language or "")
    response.headers["Content-Language"] = chosen
    response.headers["Vary"] = VARY
    return chosen


@lru_cache(maxsize=512)
def preferred(accepted: str) -> Language:
    """Return the language that an Accept-Language header likes best.

    Examples
    --------
    >>> preferred("fr-BE, nl-BE;q=0.8, en;q=0.5")
    'nl'
    >>> preferred("")
    'en'
    """
    ranked = sorted((_wish(part) for part in accepted.split(",")), reverse=True, key=lambda wish: wish[0])
    liked = (known for weight, tag in ranked for known in LANGUAGES if weight > 0 and tag == known)
    return next(liked, FALLBACK)


def _wish(part: str) -> tuple[float, str]:
    tag, _, weight = part.strip().partition(";")
    try:
        liking = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        liking = 0.0
    return liking, tag.strip().partition("-")[0].lower()


async def _slice(
    limit: Annotated[int, Query(ge=1, le=PAGE_LARGEST, description="items in this part")] = PAGE_DEFAULT,
    offset: Annotated[int, Query(ge=0, description="items before this part")] = 0,
) -> Slice:
    return Slice(limit, offset)


ServingNow = Annotated[Serving, Depends(_serving)]
Latest = Annotated[Release, Depends(_latest)]
Served = Annotated[Release, Depends(_release)]
Assumed = Annotated[Release, Depends(_under)]
Lang = Annotated[Language, Depends(_language)]
Part = Annotated[Slice, Depends(_slice)]
RegionAsked = Annotated[
    str | None,
    Query(
        description="code or name of a region; default: the first market of the release",
        json_schema_extra=SAID,
    ),
]
HorizonAsked = Annotated[
    int | None,
    Query(ge=1, description="years from the base year; default: 5, else the shortest of the release"),
]
OccupationsAsked = Annotated[
    str | None,
    Query(description="codes, separated by commas; default: all", json_schema_extra=LISTED),
]
TextAsked = Annotated[
    str | None,
    Query(description="text to find in codes and labels, in any language", json_schema_extra=SAID),
]


def codes(asked: str | None, parameter: str = "occupation") -> tuple[str, ...]:
    """Return the codes of a comma-separated list, each once.

    Raises
    ------
    Refusal
        If a place between commas is empty, or there are more codes than are answered at once.
    """
    parts = [part.strip() for part in asked.split(",")] if asked else []
    if len(parts) > BATCH_LARGEST:
        told = f"at most {BATCH_LARGEST} are answered at once; ask in several requests"
        refuse("bad_parameter", [Fault(parameter=parameter, value=f"{len(parts)} codes", message=told)])
    if not all(_SEEN.search(part) for part in parts):
        refuse("bad_parameter", [Fault(parameter=parameter, value=asked, message=_GAP)])
    return tuple(dict.fromkeys(parts))


def resolve(
    release: Release, region: str | None, horizon: int | None = None, occupations: Sequence[str] = ()
) -> tuple[Concept, int]:
    """Return the region and horizon that are meant, after checking that every code is known.

    Raises
    ------
    Refusal
        Naming everything that is unknown (404), or every value that cannot be used (422).
    """
    regions = _matching(release, region)
    bad = _ambiguous(region, regions) + _bad_horizon(release, horizon)
    unknown = [] if regions else [unknown_region(release, str(region))]
    unknown += unknown_codes(release, "occupation", occupations)
    refuse("bad_parameter", bad)
    refuse_codes(unknown)
    return regions[0], release.default_horizon if horizon is None else horizon


def _matching(release: Release, asked: str | None) -> list[Concept]:
    """Return the regions of that code, else of that name in any language."""
    if asked is None:
        return [release.default_region]
    wanted = asked.strip().casefold()
    by_code = [concept for concept in release.regions.values() if concept.code.casefold() == wanted]
    return by_code or [
        concept
        for concept in release.regions.values()
        if wanted in {label.casefold() for label in concept.labels.values()}
    ]


def _ambiguous(asked: str | None, regions: Sequence[Concept]) -> list[Fault]:
    if len(regions) < 2:
        return []
    message = f"several regions have this name: give one of the codes {', '.join(r.code for r in regions)}"
    return [Fault(parameter="region", value=asked, message=message)]


def _bad_horizon(release: Release, horizon: int | None) -> list[Fault]:
    if horizon is None or horizon in release.horizons:
        return []
    offered = ", ".join(str(year) for year in release.horizons)
    return [Fault(parameter="horizon", value=str(horizon), message=f"this release has {offered}")]
