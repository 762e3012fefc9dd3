"""Incident records as the engine tells them and as the HTTP interface shows them: one form for both."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from console.told import Moment, State
from intake.incident import EventClass, Grade, Incident, IncidentState, Relationship, Result
from intake.incident.content import NAMES
from journal.instant import to_text


class SpotState(State):
    """Where it is, on the map."""

    lat: float
    """Degrees, WGS-84."""
    lon: float
    """Degrees, WGS-84."""
    source: str
    """Who or what says so: `call-taker`, `sip`, `subscriber` …"""
    at: Moment
    """When it was so."""
    datum: str
    """What it came in: wgs84, cgcs2000, gcj02, bd09. It is WGS-84 here in any case."""
    radius_m: float | None = None
    """Metres around the point; null: not known."""
    confidence: float | None = None
    """0 to 1, that the truth lies within the radius; null: not known."""
    shape: str | None = None
    """The whole shape as JSON text; null: the point and its radius are all."""


class ContentState(State):
    """What people fill in; what is empty or null is not known."""

    called: str = ""
    """The number that was dialled."""
    form: str = ""
    """Service id whose form it is."""
    type: str = ""
    """Type id of the centre's list."""
    event_class: EventClass | None = None
    """The type's class."""
    grade: Grade | None = None
    """I is the gravest."""
    injured: int | None = None
    trapped: int | None = None
    involved: int | None = None
    """People, those injured or trapped included."""
    hazards: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    """Ids of the jurisdictions in which it lies."""
    reporter: str = ""
    """The reporter's name."""
    callback: str = ""
    """The number under which he can be reached."""
    place: str = ""
    """Where, in words."""
    spot: SpotState | None = None
    summary: str = ""
    """What happened."""


class LinkedCallState(State):
    """A call that is about it."""

    call: str
    at: Moment
    """When it was linked."""
    by: str
    """Who linked it."""
    caller: str
    """Its number; empty if withheld, not known or erased."""


class LinkState(State):
    """Another incident that has to do with it."""

    other: str
    """Its id."""
    relationship: Relationship
    """What it is to this one."""


class IncidentRecord(State):
    """One incident record, whole."""

    id: str
    number: str
    """By day, as people say it: `20261125-0001`."""
    state: IncidentState
    open: bool
    """The centre's affair, not over, and not going on in another one."""
    version: int
    """How many changes made it; an amendment names the version that it was decided on."""
    content: ContentState
    calls: tuple[LinkedCallState, ...]
    links: tuple[LinkState, ...]
    merged_into: str | None
    """The incident in which this one goes on."""
    merged: tuple[str, ...]
    """Those that go on in this one."""
    split_from: str | None
    split_into: tuple[str, ...]
    created_at: Moment
    created_by: str
    changed_at: Moment
    changed_by: str
    submitted_at: Moment | None
    ended_at: Moment | None
    """When it was closed or cancelled."""
    result: Result | None
    """With what."""
    erased: bool
    """What it said about persons was deleted."""

    @classmethod
    def of(cls, incident: Incident) -> Self:
        """A record as the database has it."""
        return cls(
            **{name: getattr(incident, name) for name in _SAME},
            content=ContentState.model_validate(incident.content.plain(NAMES)),
            calls=tuple(
                LinkedCallState(call=each.call, at=to_text(each.at), by=each.by, caller=each.caller)
                for each in incident.calls
            ),
            links=tuple(LinkState(other=each.other, relationship=each.relationship) for each in incident.links),
            created_at=to_text(incident.created_at),
            changed_at=to_text(incident.changed_at),
            submitted_at=_moment(incident.submitted_at),
            ended_at=_moment(incident.ended_at),
        )

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return self.model_dump(mode="json")


_SAME = (
    *("id", "number", "state", "open", "version", "merged_into", "merged", "split_from", "split_into"),
    *("created_by", "changed_by", "result", "erased"),
)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)
