"""Whole tables of a release as files."""

import hashlib
import zlib
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from serve import answers
from serve.bulk import FORMATS, WRITTEN_AS, formats, withheld, written
from serve.encodings import encoding
from serve.kept import PINNED, etag, known_to
from serve.openapi import problems
from serve.problems import Fault, Refusal
from serve.query import Served
from serve.release import Release
from serve.schemas_releases import Bulk, TableCard

router = APIRouter(prefix="/v1/bulk", tags=["releases"])

_SHAPES: Final = {"application/json": {"type": "object"}, "text/csv; charset=utf-8": {"type": "string"}}
_BYTES: Final = {"type": "string", "format": "binary"}
_FILE: Final[dict[str, Any]] = {
    media: {"schema": _SHAPES.get(media, _BYTES)} for media in sorted({*FORMATS.values()})
}


def cards(release: Release) -> list[TableCard]:
    """Return every table of a release, with the addresses of its files."""
    return [_card(release, name) for name in release.tables]


def _card(release: Release, name: str) -> TableCard:
    why = withheld(release, name)
    base = f"/v1/bulk/{name}"
    asked = f"?release={release.champion.release}"
    return TableCard(
        name=name,
        meaning=release.tables[name].declared.meaning,
        rows=len(release.tables[name]),
        formats={} if why else {kind: f"{base}.{kind}{asked}" for kind in formats(name)},
        reason=why,
    )


@router.get("", summary="Tables in bulk", responses=problems(404, 410, 503))
async def list_bulk(release: Served) -> Bulk:
    """Every published table with the address of each file; what may not be passed on says why."""
    return Bulk(release=answers.block(release), items=cards(release))


@router.get(
    "/{file}",
    summary="One table as a file",
    response_class=StreamingResponse,
    responses={200: {"content": _FILE}, **problems(403, 404, 410, 503)},
)
def read_bulk(request: Request, release: Served, file: str) -> Response:
    """One table as ``NAME.parquet``, ``.csv``, ``.json`` or ``.jsonstat``: the same rows, all scenarios.

    Numbers are equal to the last digit in every format. What is suppressed in a table is so in its files.
    """
    name, kind = _asked(release, file)
    why = withheld(release, name)
    if why:
        raise Refusal("not_redistributable", f"Table {name}: {why}. Its figures are in the other addresses.")
    champion = release.champion
    said = f"{champion.release} {champion.version} {file} {WRITTEN_AS}"
    tag = hashlib.sha256(said.encode()).hexdigest()[:32]
    gzipped = kind != "parquet" and encoding(request.headers.get("accept-encoding", "")) != "identity"
    headers = {
        "ETag": etag(tag, "gzip" if gzipped else "identity").decode(),
        "Vary": "Accept-Encoding",
        **(
            {"Cache-Control": PINNED.decode()}
            if request.query_params.get("release") == champion.release
            else {}
        ),
    }
    known = request.headers.get("if-none-match")
    if known and known_to(tag, known):
        return Response(status_code=304, headers=headers)
    headers |= {"Content-Disposition": f'attachment; filename="{name}-{champion.release}.{kind}"'}
    headers |= {"Content-Encoding": "gzip"} if gzipped else {}
    chunks = written(release, name, kind)
    return StreamingResponse(
        _gzipped(chunks) if gzipped else chunks, headers=headers, media_type=FORMATS[kind]
    )


def _asked(release: Release, file: str) -> tuple[str, str]:
    """Return the table and the format that a file name means.

    Raises
    ------
    Refusal
        If there is no such table, or it has no such format.
    """
    name, _, kind = file.rpartition(".")
    if name in release.tables and kind in formats(name):
        return name, kind
    if name in release.tables:
        told = f"formats are {', '.join(formats(name))}"
    else:
        near = get_close_matches(name, release.tables)
        told = f"nearest are {', '.join(near)}; " if near else ""
        told += "tables are at /v1/bulk"
    raise Refusal(
        "unknown_code", f"No file {file}: {told}.", [Fault(parameter="file", value=file, message=told)]
    )


def _gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, wbits=31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()
