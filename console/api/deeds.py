"""What people do with incidents: one route a deed. What each says, and how it is done, is in `deed`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response

from console.api import deed
from console.api.acting import KEYED, Act, Key, SeatQuery, act_problems
from console.api.deed import Done, do
from console.api.incidents import NO_SUCH_INCIDENT, PREVIEW, VALUES, IncidentId, PlanPreviews, id_of, preview
from console.api.problem import Responses
from console.api.sources import SourcesOf
from console.api.token import Anybody, CallStaff

_CHANGED = "`incident_changed`: somebody was first; with `incident` as it is now and what was done `since`"
_OVER = "`incident_closed`, `incident_cancelled`, `incident_merged`"

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


def _problems(conflict: str) -> Responses:
    return act_problems(NO_SUCH_INCIDENT, conflict=f"{conflict}; {KEYED}", invalid=VALUES)


@router.post(
    "",
    summary="Begin an incident record",
    status_code=HTTPStatus.CREATED,
    responses=act_problems(conflict=f"`incident_exists`: with this id; {KEYED}", invalid=VALUES),
)
async def create_incident(
    sources: SourcesOf, role: CallStaff, key: Key, response: Response, wanted: deed.Create
) -> Done:
    """A draft with a number by day; with `call`, that call is linked with it."""
    args = {"changes": wanted.changes, "call": wanted.call}
    args |= {"incident": wanted.id} if wanted.id is not None else {}
    done = await deed.asked(sources, role, "create", args, wanted.seat, key)
    response.headers["Location"] = f"{router.prefix}/{done.incident.id}"
    return done


@router.patch("/{incident}", summary="Change what an incident record says", responses=_problems(f"{_CHANGED}; {_OVER}"))
async def amend_incident(
    sources: SourcesOf, role: CallStaff, key: Key, incident: IncidentId, wanted: deed.Amend
) -> Done:
    """Both what it said before and what it says now are kept. A submitted one starts the plans that it meets by now."""
    return await do(sources, role, "amend", incident, {"changes": wanted.changes}, wanted, key)


@router.post(
    "/{incident}/submit",
    summary="Hand an incident over to those who act",
    responses=_problems(f"{_CHANGED}; `already_submitted`; {_OVER}"),
)
async def submit_incident(
    sources: SourcesOf, role: CallStaff, key: Key, incident: IncidentId, wanted: deed.Submit
) -> Done:
    """Plans that it meets start, and their departments are rung."""
    return await do(sources, role, "submit", incident, {"changes": wanted.changes}, wanted, key)


@router.post("/{incident}/plans/preview", summary="The plans that would start with changes", responses=PREVIEW)
async def changed_plans_preview(
    sources: SourcesOf, role: Anybody, incident: IncidentId, wanted: deed.Preview
) -> PlanPreviews:
    """What would start if the record were submitted (or reopened) with these changes. Nothing is written."""
    return await preview(sources, role, incident, wanted.changes)


@router.post(
    "/{incident}/close", summary="Close an incident", responses=_problems(f"{_CHANGED}; `not_submitted`; {_OVER}")
)
async def close_incident(sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: deed.End) -> Done:
    """It is over; orders that nobody has acknowledged are taken back."""
    args = {"result": wanted.result.value, "words": wanted.words}
    return await do(sources, role, "close", incident, args, wanted, key)


@router.post(
    "/{incident}/cancel", summary="Cancel an incident", responses=_problems(f"{_CHANGED}; `has_merged`; {_OVER}")
)
async def cancel_incident(sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: deed.End) -> Done:
    """It never was one for us; orders that nobody has acknowledged are taken back."""
    args = {"result": wanted.result.value, "words": wanted.words}
    return await do(sources, role, "cancel", incident, args, wanted, key)


@router.post(
    "/{incident}/reopen",
    summary="Open an incident again",
    responses=_problems(f"{_CHANGED}; `incident_open`; `incident_merged`"),
)
async def reopen_incident(
    sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: deed.Reopen
) -> Done:
    """It is not over after all; plans that it meets by now start, and whose orders were all taken back is rung anew."""
    args = {"words": wanted.words, "changes": wanted.changes}
    return await do(sources, role, "reopen", incident, args, wanted, key)


@router.post(
    "/{incident}/merge",
    summary="Let an incident go on in another one",
    responses=_problems(f"{_CHANGED}; `same_incident`, `not_submitted`, {_OVER}"),
)
async def merge_incident(sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: deed.Merge) -> Done:
    """Two reports are one event. Nothing is copied: undone, both are again exactly what they were."""
    return await do(sources, role, "merge", incident, {"into": await id_of(sources, wanted.into)}, wanted, key)


@router.post("/{incident}/unmerge", summary="Undo a merge", responses=_problems("`not_merged`"))
async def unmerge_incident(
    sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: Act | None = None
) -> Done:
    """They are not one event: this one is again what it was, and orders as after a reopening. It needs no body."""
    return await do(sources, role, "unmerge", incident, {}, wanted, key)


@router.post(
    "/{incident}/split",
    summary="Make two incidents of one",
    responses=_problems(
        f"{_CHANGED}; `incident_exists`; `call_not_linked`; `too_many_calls`; `not_submitted`; {_OVER}"
    ),
)
async def split_incident(
    sources: SourcesOf, role: CallStaff, key: Key, incident: IncidentId, wanted: deed.Split
) -> Done:
    """A new one begins as a copy with these changes and takes these calls along; it is the first of `others`."""
    args = {"changes": wanted.changes, "calls": wanted.calls}
    args |= {"new": wanted.id} if wanted.id is not None else {}
    return await do(sources, role, "split", incident, args, wanted, key)


@router.post("/{incident}/notes", summary="Write something down", responses=_problems("none of its own"))
async def note_on_incident(
    sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: deed.Note
) -> Done:
    """Always possible, also when it is over."""
    return await do(sources, role, "note", incident, {"words": wanted.words}, wanted, key)


@router.post(
    "/{incident}/calls", summary="Link a call", responses=_problems("`too_many_calls`: an incident has 2,000 at most")
)
async def link_call(sources: SourcesOf, role: CallStaff, key: Key, incident: IncidentId, wanted: deed.LinkCall) -> Done:
    """A call is about this incident. One that is linked already stays so."""
    return await do(sources, role, "link-call", incident, {"call": wanted.call}, wanted, key)


@router.delete("/{incident}/calls/{call}", summary="Unlink a call", responses=_problems("none of its own"))
async def unlink_call(
    sources: SourcesOf,
    role: CallStaff,
    key: Key,
    incident: IncidentId,
    call: Annotated[str, Path(max_length=128)],
    seat: SeatQuery = None,
) -> Done:
    """A call was not about this incident."""
    return await do(sources, role, "unlink-call", incident, {"call": call}, Act(seat=seat), key)


@router.post(
    "/{incident}/links",
    summary="Link another incident",
    responses=_problems("`already_linked`: as something else; `same_incident`"),
)
async def link_incident(
    sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, wanted: deed.LinkIncident
) -> Done:
    """Two incidents have to do with each other, and both go on."""
    args = {"other": await id_of(sources, wanted.other), "relationship": wanted.relationship.value}
    return await do(sources, role, "link-incident", incident, args, wanted, key)


@router.delete("/{incident}/links/{other}", summary="Unlink another incident", responses=_problems("none of its own"))
async def unlink_incident(
    sources: SourcesOf, role: Anybody, key: Key, incident: IncidentId, other: IncidentId, seat: SeatQuery = None
) -> Done:
    """Two incidents have nothing to do with each other."""
    args = {"other": await id_of(sources, other)}
    return await do(sources, role, "unlink-incident", incident, args, Act(seat=seat), key)
