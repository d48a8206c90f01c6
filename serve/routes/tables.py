"""Addresses that answer straight from a published table, made from their declarations."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from forecasting.published import PUBLISHED
from serve import answers, tabled
from serve.openapi import problems
from serve.paging import Slice, paging
from serve.query import (
    LISTED,
    VARY,
    Assumed,
    HorizonAsked,
    Lang,
    Part,
    RegionAsked,
    Served,
    codes,
    resolve,
)
from serve.release import Release
from serve.resources import RESOURCES, Resource
from serve.schemas import Language
from serve.unknown import refuse_codes, unknown_codes

router = APIRouter(prefix="/v1")

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def read(
    request: Request,
    resource: Resource,
    release: Release,
    lang: Language,
    part: Slice,
    said: Mapping[str, Any],
) -> Response:
    """Answer one request of a resource.

    Parameters
    ----------
    said : mapping of str to anything
        Values of its own parameters as they were given, None where left out.
    """
    asked = _resolve(resource, release, lang, said)
    content, total = tabled.body(release, resource, asked, lang, slice(part.offset, part.stop))
    content["paging"] = paging(request, part, total)
    headers = {"Content-Language": lang, "Vary": VARY}
    return Response(tabled.encoded(content), headers=headers, media_type="application/json")


def _resolve(resource: Resource, release: Release, lang: Language, said: Mapping[str, Any]) -> tabled.Asked:
    """Return what is asked with its defaults, after checking every code.

    Raises
    ------
    Refusal
        Naming everything that is unknown, or cannot be used.
    """
    wanted: dict[str, list[Any]] = {}
    echo: dict[str, Any] = {}
    listed = {name: codes(said[name], name) for name in resource.listed}
    of = {resource.of: (said["code"],)} if resource.of else {}
    occupations = {**listed, **of}.get("occupation", ())
    columns = {column.name for column in PUBLISHED[resource.table].columns}
    if "region" in columns:
        place, years = resolve(release, said["region"], said["horizon"], occupations)
        wanted["region"], echo["region"] = [place.code], answers.named(place, lang)
        horizon = years if resource.placed else said["horizon"]
        wanted |= {} if horizon is None else {"horizon": [horizon]}
        echo["horizon"] = horizon
    refuse_codes([fault for name, asked in listed.items() for fault in unknown_codes(release, name, asked)])
    wanted |= {name: list(asked) for name, asked in {**listed, **of}.items() if asked}
    wanted |= {name: [said[name]] for name in resource.choices if said[name] is not None}
    if resource.of:
        echo[resource.of] = answers.named(release.occupations[said["code"]], lang)
    echo |= {name: list(asked) or None for name, asked in listed.items()}
    echo |= {name: said[name] for name in resource.choices}
    echo |= {"scenario": release.scenario} if "scenario" in columns else {}
    return tabled.Asked(wanted, said["order"], {**echo, "order": said["order"], "lang": lang})


def _endpoint(resource: Resource) -> Callable[..., Any]:
    """Return the function that answers a resource; its signature is what the declaration says."""

    async def answer(
        request: Request, release: Release, lang: Language, part: Slice, **said: Any
    ) -> Response:
        return read(request, resource, release, lang, part, said)

    served = Assumed if resource.every_scenario else Served
    fixed = {"request": Request, "release": served, "lang": Lang, "part": Part}
    parameters = [inspect.Parameter(name, _KEYWORD, annotation=kind) for name, kind in fixed.items()]
    parameters += [
        inspect.Parameter(name, _KEYWORD, annotation=kind, default=default)
        for name, (kind, default) in _own(resource).items()
    ]
    answer.__name__, answer.__doc__ = resource.name, resource.meaning
    setattr(answer, "__signature__", inspect.Signature(parameters))  # noqa: B010  no attribute of functions
    return answer


def _own(resource: Resource) -> dict[str, tuple[Any, Any]]:
    """Return the annotation and the default of each parameter of a resource."""
    own: dict[str, tuple[Any, Any]] = {"code": (str, inspect.Parameter.empty)} if resource.of else {}
    columns = {column.name for column in PUBLISHED[resource.table].columns}
    if "region" in columns:
        own["region"] = RegionAsked, None
        own["horizon"] = HorizonAsked if resource.placed else _HORIZON, None
    for name in resource.listed:
        told = Query(
            description=f"codes of {name}s, separated by commas; default: all", json_schema_extra=LISTED
        )
        own[name] = Annotated[str | None, told], None
    for name, values in resource.choices.items():
        meaning = PUBLISHED[resource.table].column(name).meaning
        own[name] = Annotated[Literal[values] | None, Query(description=f"{meaning}; default: all")], None
    orders = tuple(resource.orders)
    own["order"] = (
        Annotated[Literal[orders], Query(description="what comes first; unknown comes last")],
        orders[0],
    )
    return own


_HORIZON = Annotated[int | None, Query(ge=1, description="years from the base year; default: every one")]


def _add(resource: Resource) -> None:
    title = "".join(word.capitalize() for word in resource.table.split("_"))
    router.add_api_route(
        f"/{resource.path.replace('{code}', '{code:path}')}",
        _endpoint(resource),
        name=resource.name,
        summary=resource.summary,
        tags=[resource.tag],
        response_model=tabled.model(resource.table, title),
        responses=problems(404, 410, 503),
        methods=["GET"],
    )


for _resource in RESOURCES:
    _add(_resource)
