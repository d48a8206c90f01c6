"""Releases: what was served when, what changed, how each was tested, and a feed."""

from typing import Annotated, Any
from xml.etree import ElementTree

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from serve import answers, archived, changes, tabled
from serve.archive import Promotion
from serve.openapi import problems
from serve.paging import paging
from serve.query import (
    COMPARED,
    VARY,
    HorizonAsked,
    Lang,
    Latest,
    OccupationsAsked,
    Part,
    RegionAsked,
    codes,
    resolve,
)
from serve.release import Release
from serve.routes.bulk import cards
from serve.schemas_meta import Tested
from serve.schemas_releases import Backtests, Changes, OneRelease, ReleaseCard, Releases
from serve.schemas_releases import Served as Period

router = APIRouter(prefix="/v1", tags=["releases"])

FEED = "/v1/releases.atom"
ATOM = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"


@router.get("/releases", summary="Every release", responses=problems(503))
async def list_releases(request: Request, latest: Latest, part: Part) -> Releases:
    """Every release that was ever in service, the newest first, with when and why; old ones stay readable."""
    found = _cards(request, latest)
    return Releases(
        release=answers.block(latest),
        paging=paging(request, part, len(found)),
        feed=FEED,
        items=found[part.offset : part.stop],
    )


@router.get(
    "/releases.atom",
    summary="Feed of releases",
    responses={200: {"content": {ATOM: {"schema": {"type": "string"}}}}, **problems(503)},
    response_class=Response,
)
async def read_feed(request: Request, latest: Latest) -> Response:
    """Atom feed: one entry for each release, the newest first; subscribe to hear of a new one."""
    feed = ElementTree.Element("feed", xmlns=_ATOM)
    entries = _cards(request, latest)
    _add(feed, "title", "Competence forecast: releases")
    _add(feed, "id", "urn:competence-forecast:releases")
    _add(feed, "updated", max(card.served[-1].since for card in entries))
    ElementTree.SubElement(feed, "link", rel="self", href=FEED)
    _add(ElementTree.SubElement(feed, "author"), "name", "Competence forecast")
    for card in entries:
        entry = ElementTree.SubElement(feed, "entry")
        _add(entry, "title", f"Release {card.release}, version {card.model_version}")
        _add(entry, "id", f"urn:competence-forecast:release:{card.release}")
        _add(entry, "updated", card.served[-1].since)
        _add(entry, "summary", card.served[-1].why or "promoted")
        ElementTree.SubElement(entry, "link", href=card.address)
    body = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return Response(body, media_type=ATOM)


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text


def _cards(request: Request, latest: Release) -> list[ReleaseCard]:
    known = archived.promotions(request.app.state.store.archive, latest)
    newest = dict.fromkeys(each.champion.release for each in reversed(known))
    return [_card(request, latest, known, release) for release in newest]


def _card(request: Request, latest: Release, known: tuple[Promotion, ...], release: str) -> ReleaseCard:
    periods = [
        Period(
            model_version=each.champion.version,
            since=each.since,
            until=after.since if after else None,
            why=each.why or None,
            rollback_from=each.rollback_from,
        )
        for each, after in zip(known, [*known[1:], None], strict=True)
        if each.champion.release == release
    ]
    first = next(each.champion for each in known if each.champion.release == release)
    archive = request.app.state.store.archive
    return ReleaseCard(
        release=release,
        model_version=first.version,
        promoted_at=first.promoted_at,
        latest=release == latest.champion.release,
        available=release == latest.champion.release or archive.present(release),
        served=periods,
        address=f"/v1/releases/{release}",
    )


async def _named(request: Request, latest: Release, release: str) -> Release:
    """Return a release by its id, and let the answer's headers name it.

    Raises
    ------
    Refusal
        If it was never in service, was removed, or cannot be read.
    """
    archive = request.app.state.store.archive
    champion = archived.identity(archive, latest, release)
    return await run_in_threadpool(archived.load, archive, latest, champion)


async def _of_path(request: Request, latest: Release, release: str) -> Release:
    found = await _named(request, latest, release)
    request.state.serving = request.state.serving.showing(found)
    return found


@router.get("/releases/{release}", summary="One release", responses=problems(404, 410, 503))
async def read_release(request: Request, latest: Latest, release: str) -> OneRelease:
    """One release: when it was in service, its methods, every table with its files; or ``latest``."""
    found = await _of_path(request, latest, release)
    archive = request.app.state.store.archive
    known = archived.promotions(archive, latest)
    before = archived.previous(archive, latest, found.champion.release)
    manifest = found.manifest
    return OneRelease(
        release=answers.block(found),
        card=_card(request, latest, known, found.champion.release),
        as_of=manifest.get("as_of"),
        horizons=list(found.horizons),
        scenarios=list(found.scenarios),
        methods=manifest.get("methods", {}),
        tables=cards(found),
        changes=before and f"/v1/releases/{found.champion.release}/changes?from={before.release}",
        changes_reason=None if before else answers.reason("no_previous_release"),
    )


@router.get(
    "/releases/{release}/backtest", summary="How a release was tested", responses=problems(404, 410, 503)
)
async def read_backtest(request: Request, latest: Latest, release: str) -> Backtests:
    """Rolling-origin backtest beside named baselines, in all and by level and size."""
    found = await _of_path(request, latest, release)
    return Backtests(
        release=answers.block(found),
        items=[Tested.model_validate(row) for row in found.backtest],
        groups=[dict(row) for row in found.tables["backtest_groups"].records()],
    )


@router.get(
    "/releases/{release}/changes",
    summary="What changed between two releases",
    response_model=Changes,
    responses=problems(404, 410, 503),
)
async def read_changes(
    request: Request,
    latest: Latest,
    lang: Lang,
    part: Part,
    release: str,
    earlier: Annotated[
        str,
        Query(
            alias="from",
            description="id of the release to compare with, latest, or previous: in service just before",
            json_schema_extra=COMPARED,
        ),
    ],
    region: RegionAsked = None,
    horizon: HorizonAsked = None,
    occupation: OccupationsAsked = None,
) -> Response:
    """Gap scores of a region and horizon that differ from another release's, with methods and parameters.

    Both figures are given as published; nothing is subtracted.
    """
    after = await _of_path(request, latest, release)
    archive = request.app.state.store.archive
    champion = archived.compared(archive, latest, after.champion.release, earlier)
    before = await run_in_threadpool(archived.load, archive, latest, champion)
    wanted = codes(occupation)
    place, years = resolve(after, region, horizon, wanted)
    found = changes.changes(before, after, place, years, wanted, lang)
    resolved: dict[str, Any] = {
        "release": after.champion.release,
        "from": before.champion.release,
        "region": answers.named(place, lang),
        "horizon": years,
        "occupation": list(wanted) or None,
        "lang": lang,
    }
    same = answers.block(before).taxonomy == answers.block(after).taxonomy
    body = Changes(
        release=answers.block(after),
        before=answers.block(before),
        resolved=resolved,
        same_taxonomy=same,
        methods=changes.of_methods(before, after),
        parameters=changes.of_parameters(before, after),
        settings=changes.of_settings(before, after),
        tables=changes.of_tables(before, after),
        units={name: unit for name, unit in tabled.units("gaps").items() if name in changes.COMPARED},
        paging=paging(request, part, len(found)),
        items=found[part.offset : part.stop],
        reason=None if found else answers.reason("unchanged"),
    )
    headers = {"Content-Language": lang, "Vary": VARY}
    return Response(body.model_dump_json(), headers=headers, media_type="application/json")
