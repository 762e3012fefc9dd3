"""The incident record, and how its facts make it. Pure.

`apply` is the only function that makes a record out of another one: the book uses it to write rows, and who doubts the
rows replays the facts with it. Every move of the state goes through the table of `state.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from intake.incident import fact
from intake.incident.content import Content
from intake.incident.fact import LinkedCall, Told
from intake.incident.kind import Relationship, Result, Side
from intake.incident.state import INCIDENT, OPEN, OVER, IncidentEvent, IncidentState
from intake.table import Bug, Theirs


@dataclass(frozen=True, slots=True)
class Link:
    """Another incident that has to do with one."""

    other: str
    """Its id."""
    relationship: Relationship
    """What it is to this one."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One structured record, linked with the calls that it is about."""

    id: str
    number: str
    """By day, as people say it: `20261125-0001`."""
    state: IncidentState
    content: Content
    created_at: datetime
    created_by: str
    changed_at: datetime
    """Time of the last fact. Versions order facts, times don't: a clock may step back."""
    changed_by: str
    version: int = 1
    """How many facts made it."""
    settled: int = 1
    """Version of the last fact that changed what people wrote or decided."""
    calls: tuple[LinkedCall, ...] = ()
    """In the order in which they were linked."""
    links: tuple[Link, ...] = ()
    merged_into: str | None = None
    """The incident in which this one goes on."""
    merged: tuple[str, ...] = ()
    """Those that go on in this one."""
    split_from: str | None = None
    """The incident of which this one was a part."""
    split_version: int | None = None
    """Up to this version of that incident its history is this one's, too."""
    split_into: tuple[str, ...] = ()
    """Those that were a part of this one."""
    submitted_at: datetime | None = None
    """When it first became the centre's affair."""
    ended_at: datetime | None = None
    """When it was closed or cancelled; None while it is neither."""
    result: Result | None = None
    """With what; None while it is neither."""
    erased: bool = False
    """What it said about persons was deleted, and nothing was said since."""

    @property
    def open(self) -> bool:
        """The centre's affair, not over, and not going on in another one."""
        return self.state in OPEN and self.merged_into is None

    @property
    def over(self) -> bool:
        """Closed or cancelled."""
        return self.state in OVER

    def call(self, id: str) -> LinkedCall | None:
        """The linked call of this id."""
        return next((each for each in self.calls if each.call == id), None)

    def link(self, other: str) -> Link | None:
        """The link with this incident."""
        return next((each for each in self.links if each.other == other), None)


def replay(facts: Iterable[Told]) -> Incident:
    """The record that one incident's facts make, from its first on."""
    incident = None
    for told in facts:
        incident = apply(incident, told)
    if incident is None:
        raise Bug("no fact makes no record")
    return incident


def apply(incident: Incident | None, told: Told) -> Incident:
    """The record with one more fact. Raises Bug when the fact cannot follow."""
    if incident is None:
        return _begun(told)
    if told.incident != incident.id or told.version != incident.version + 1:
        raise Bug(f"{told.type} {told.version} of {told.incident} after {incident.version} of {incident.id}")
    return replace(
        _with(incident, told),
        version=told.version,
        settled=told.version if told.disturbs else incident.settled,
        changed_at=told.at,
        changed_by=told.who.id,
        erased=isinstance(told, fact.Erased) or (incident.erased and not told.personal),
    )


def _begun(told: Told) -> Incident:
    if told.version != 1 or not isinstance(told, fact.Created | fact.SplitFrom):
        raise Bug(f"a record does not begin with {told.type} {told.version}")
    new = Incident(
        id=told.incident,
        number=told.number,
        state=IncidentState.DRAFT,
        content=Content().told(told.content),
        created_at=told.at,
        created_by=told.who.id,
        changed_at=told.at,
        changed_by=told.who.id,
    )
    if isinstance(told, fact.SplitFrom):
        new = replace(new, calls=told.calls, split_from=told.other, split_version=told.other_version)
        # What it was a part of had been submitted: so it is, and nobody has been sent on it.
        new = replace(new, state=_moved(new, IncidentEvent.SUBMIT), submitted_at=told.at)
    return new


def _with(old: Incident, told: Told) -> Incident:
    match told:
        case fact.Amended():
            return replace(old, content=old.content.told(told.after))
        case fact.Submitted():
            return replace(old, state=_moved(old, IncidentEvent.SUBMIT), submitted_at=told.at)
        case fact.Dispatched():
            return replace(old, state=_moved(old, IncidentEvent.DISPATCH))
        case fact.Begun():
            return replace(old, state=_moved(old, IncidentEvent.BEGIN))
        case fact.CallLinked():
            return replace(old, calls=(*old.calls, LinkedCall(told.call, told.at, told.who.id, told.caller)))
        case fact.CallUnlinked():
            return replace(old, calls=tuple(each for each in old.calls if each.call != told.call))
        case fact.Linked():
            return replace(old, links=(*old.links, Link(told.other, told.relationship)))
        case fact.Unlinked():
            return replace(old, links=tuple(each for each in old.links if each.other != told.other))
        case fact.Merged(side=Side.MERGED):
            return replace(old, merged_into=told.other)
        case fact.Merged():
            return replace(old, merged=(*old.merged, told.other))
        case fact.Unmerged(side=Side.MERGED):
            return replace(old, merged_into=None)
        case fact.Unmerged():
            return replace(old, merged=tuple(each for each in old.merged if each != told.other))
        case fact.SplitOff():
            kept = tuple(each for each in old.calls if each.call not in told.moved)
            return replace(old, calls=kept, split_into=(*old.split_into, told.other))
        case fact.Closed():
            return replace(old, state=_moved(old, IncidentEvent.CLOSE), ended_at=told.at, result=told.result)
        case fact.Cancelled():
            return replace(old, state=_moved(old, IncidentEvent.CANCEL), ended_at=told.at, result=told.result)
        case fact.Reopened():
            back = replace(old, state=_moved(old, IncidentEvent.REOPEN), ended_at=None, result=None)
            return back if back.submitted_at else replace(back, submitted_at=told.at)
        case fact.Erased():
            calls = tuple(replace(each, caller="") for each in old.calls)
            return replace(old, content=old.content.erased(), calls=calls)
        case fact.Noted() | fact.FedBack():
            return old
        case _:
            raise Bug(f"a record cannot go on with {told.type}")


def _moved(incident: Incident, event: IncidentEvent) -> IncidentState:
    state = INCIDENT.after(incident.state, event)
    if isinstance(state, Theirs):
        raise Bug(f"{event} in {incident.state} was written down: {state.because}")
    return state
