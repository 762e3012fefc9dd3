"""Recordings: their list, audio and evidence. Who asks is written down before anything is given out."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine

from console.api.acting import SeatQuery, ask
from console.api.byterange import ByteRange, Unsatisfiable, unchanged, wanted
from console.api.calls import CallId
from console.api.facts import After
from console.api.incidents import known
from console.api.problem import INVALID, UNAUTHORIZED, ProblemError, Responses, problems
from console.api.sound import FilePart, opened
from console.api.sources import Sources, SourcesOf
from console.api.token import Role, Supervisor
from console.recording import RecordingState
from dispatch import reading as orders_reading
from journal import Fact, facts_named, facts_of
from recordings.evidence import BadEvidence, Evidence
from recordings.fact import KEPT
from recordings.telling import kept_id

LIST_MAX = 200
FLAC = "audio/flac"  # RFC 9639

_AWAY = (
    HTTPStatus.SERVICE_UNAVAILABLE,
    "`engine_away`, `engine_silent`, `not_written_down`: that you ask could not be written down, so nothing is given "
    "out; `journal_trouble`",
)
_FORBIDDEN = (HTTPStatus.FORBIDDEN, "`forbidden`: a supervisor's alone")
_CONFLICT = (HTTPStatus.CONFLICT, "`nobody_signed_in`: at that seat")
_ONE = (
    UNAUTHORIZED,
    _FORBIDDEN,
    (HTTPStatus.NOT_FOUND, "`no_such_recording`; `no_audio`: nobody was heard"),
    _CONFLICT,
    (HTTPStatus.GONE, "`recording_gone`: the journal knows it, and it is not there"),
    INVALID,
    (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "`recording_damaged`: what lies there is not what was kept, see `liandong verify`; `internal`",
    ),
    _AWAY,
)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_AUDIO: Responses = {
    200: {"description": "All of it", "content": {FLAC: _BINARY}},
    206: {"description": "The bytes that `Range` asks for", "content": {FLAC: _BINARY}},
    304: {"description": "You have it: `If-None-Match`"},
}
_EVIDENCE: Responses = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}

router = APIRouter(prefix="/api/v1/recordings", tags=["recordings"])


class RecordingList(BaseModel):
    """Finished recordings, in the order in which they were finished."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    recordings: tuple[RecordingState, ...]
    more: bool
    """Whether others follow: ask again with `after` as the last sequence here."""


@router.get(
    "",
    summary="Finished recordings",
    responses=problems(
        UNAUTHORIZED,
        _FORBIDDEN,
        (HTTPStatus.NOT_FOUND, "`no_such_incident`; `no_such_order`"),
        _CONFLICT,
        INVALID,
        (HTTPStatus.INTERNAL_SERVER_ERROR, "`internal`: our mistake"),
        _AWAY,
    ),
)
async def recordings(
    sources: SourcesOf,
    role: Supervisor,
    incident: Annotated[
        str | None, Query(max_length=64, description="of its calls, and of those for its orders")
    ] = None,
    call: Annotated[str | None, Query(max_length=128, description="of this call")] = None,
    order: Annotated[str | None, Query(max_length=128, description="of the calls for this order")] = None,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 100,
    seat: SeatQuery = None,
) -> RecordingList:
    """Those of which all that is asked for is so; each with its length, size and digest."""
    calls = await _calls(sources, incident, call, order)
    query = {"incident": incident, "call": call, "order": order, "after": after or None, "limit": limit}
    await _audit(sources, role, "recordings-listed", call, query, seat)

    def read(engine: Engine) -> tuple[tuple[Fact, ...], Mapping[str, str]]:
        if calls is None:
            found = facts_of(engine, KEPT, after=after, most=limit + 1)
        else:
            found = tuple(each for each in facts_named(engine, map(kept_id, calls)) if each.sequence > after)
        return found, orders_reading.of_attempts(engine, (each.subjects["call"] for each in found[:limit]))

    found, of = await sources.history.read(read)
    states = tuple(RecordingState.of(each, of.get(each.subjects["call"])) for each in found[:limit])
    return RecordingList(recordings=states, more=len(found) > limit)


@router.get(
    "/{call}/audio",
    summary="Listen to a recording",
    response_class=Response,
    responses=_AUDIO
    | problems(*_ONE, (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "`range_not_satisfiable`: no byte of it exists")),
)
async def audio(
    sources: SourcesOf,
    role: Supervisor,
    call: CallId,
    wish: Annotated[str | None, Header(alias="Range", description="one range of bytes (RFC 9110, section 14)")] = None,
    if_range: Annotated[str | None, Header(description="only then, if the ETag is still this")] = None,
    if_none_match: Annotated[str | None, Header(description="ETags of what you have")] = None,
    seat: SeatQuery = None,
) -> Response:
    """FLAC, the caller on the left, everybody else on the right; its ETag is its SHA-256."""
    fact = await _known(sources, call)
    path, sha256 = _audio_of(sources, fact)
    query = {"range": wish}
    await _audit(sources, role, "recording-played", call, query, seat)
    etag = f'"{sha256}"'
    headers = _headers(call, sha256)
    if unchanged(if_none_match, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    file, size = await _opened(path, fact)
    try:
        part = wanted(wish, if_range, etag, size)
    except Unsatisfiable as error:
        file.close()
        told = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        raise ProblemError(status, error.code, str(error), headers=told) from error
    if part is None:
        return FilePart(file, ByteRange(0, size - 1), HTTPStatus.OK, headers, FLAC)
    headers["Content-Range"] = part.told(size)
    return FilePart(file, part, HTTPStatus.PARTIAL_CONTENT, headers, FLAC)


@router.head("/{call}/audio", summary="What there is to listen to", response_class=Response, include_in_schema=False)
async def audio_head(sources: SourcesOf, role: Supervisor, call: CallId, seat: SeatQuery = None) -> Response:
    """The same headers, and no bytes."""
    fact = await _known(sources, call)
    path, sha256 = _audio_of(sources, fact)
    await _audit(sources, role, "recordings-listed", call, {"head": True}, seat)
    file, size = await _opened(path, fact)
    file.close()
    return Response(headers={**_headers(call, sha256), "Content-Length": str(size)}, media_type=FLAC)


@router.get(
    "/{call}/evidence",
    summary="What proves a recording",
    response_class=Response,
    responses=_EVIDENCE | problems(*_ONE),
)
async def evidence(sources: SourcesOf, role: Supervisor, call: CallId, seat: SeatQuery = None) -> Response:
    """The evidence as it was written beside the audio, byte for byte: every raw file, digest and finding."""
    fact = await _known(sources, call)
    path = _inside(sources, fact.body["evidence"])
    await _audit(sources, role, "recording-played", call, {"evidence": True}, seat)
    try:
        data = await asyncio.to_thread(path.read_bytes)
        proof = Evidence.from_bytes(data)
    except OSError as error:
        raise _gone(call) from error
    except BadEvidence as error:
        raise _damaged(call) from error
    if proof.evidence_sha256 != fact.body["evidence_sha256"]:
        raise _damaged(call)
    return Response(data, headers={"ETag": f'"{proof.evidence_sha256}"'}, media_type="application/json")


def _headers(call: str, sha256: str) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return {
        "ETag": f'"{sha256}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{call}.flac"',
        "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530: whoever has all parts can prove them
    }


async def _calls(sources: Sources, incident: str | None, call: str | None, order: str | None) -> list[str] | None:
    """The calls that are asked for; None: all. Raises ProblemError, HistoryAway."""
    wishes: list[set[str]] = [] if call is None else [{call}]
    if incident is not None:
        record = await known(sources, incident)
        made = await sources.history.read(lambda engine: orders_reading.orders_of(engine, record.id))
        attempts = (each.id for one in made for each in one.stored.attempts)
        wishes.append({*(each.call for each in record.calls), *attempts})
    if order is not None:
        found = await sources.history.read(lambda engine: orders_reading.order(engine, order))
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "no_such_order", f"there is no order {order}")
        wishes.append({each.id for each in found.stored.attempts})
    return sorted(set.intersection(*wishes)) if wishes else None


async def _audit(
    sources: Sources, role: Role, what: str, call: str | None, query: Mapping[str, Any], seat: str | None
) -> None:
    """Have it written down who asks; returns when it is on disk. Raises Refused, EngineAway."""
    said = {"what": what, "query": {name: value for name, value in query.items() if value is not None}}
    await ask(sources, "audit", said | ({"call": call} if call is not None else {}), role, seat, None)


async def _known(sources: Sources, call: str) -> Fact:
    found = await sources.history.read(lambda engine: facts_named(engine, [kept_id(call)]))
    if not found or found[0].type != KEPT:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_such_recording", f"no recording of call {call} is finished")
    return found[0]


def _audio_of(sources: Sources, fact: Fact) -> tuple[Path, str]:
    if fact.body["path"] is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "no_audio", "nobody was heard in this call: there is no audio")
    return _inside(sources, fact.body["path"]), str(fact.body["sha256"])


def _inside(sources: Sources, name: object) -> Path:
    place = PurePosixPath(str(name))
    if place.is_absolute() or ".." in place.parts:
        raise ProblemError(HTTPStatus.GONE, "recording_gone", "it does not lie in the folder of recordings")
    return sources.recordings / place


async def _opened(path: Path, fact: Fact) -> tuple[Any, int]:
    call = fact.subjects["call"]
    try:
        file, size = await asyncio.to_thread(opened, path)
    except OSError as error:
        raise _gone(call) from error
    if size != fact.body.get("bytes", size) or size == 0:
        file.close()
        raise _damaged(call)
    return file, size


def _gone(call: str) -> ProblemError:
    return ProblemError(HTTPStatus.GONE, "recording_gone", f"the recording of call {call} is not where it was kept")


def _damaged(call: str) -> ProblemError:
    detail = f"what lies there is not what was kept of call {call}: see `liandong verify`"
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "recording_damaged", detail)
