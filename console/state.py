"""What the engine tells of: calls, seats and facts as values, on the local socket and in the HTTP interface alike.

Rules: each is whole, never a difference to something told before. Moments are UTC texts like
`2026-11-23T15:00:00.123456Z`. What a newer engine adds is ignored by an older reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from console.caller import IncidentName, JurisdictionState, KnownNumber, PositionState, SubscriberState, TroubleState
from console.told import Moment as Moment
from console.told import State as State
from intake.line import Line
from intake.person import Presence
from intake.stage import Stage
from journal import Fact
from journal.instant import to_text

Figure = bool | int | float | str | None
"""One value of the engine's status."""


class AnsweredBy(StrEnum):
    """Who joined a call with a seat."""

    ENGINE = "engine"
    NET = "net"


class CallState(State):
    """One live call."""

    id: str
    """The call's id, the same in the journal and in the recordings."""
    stage: Stage
    """Where it is."""
    called: str
    """The number dialled."""
    caller: str
    """The caller's number; empty if withheld."""
    service: str | None
    """Id of the service that is asked for."""
    language: str | None
    """The caller's language, if it is known."""
    priority: int
    """0 to 10, 10 most urgent."""
    arrived_at: Moment
    """When it arrived."""
    answered_at: Moment | None
    """When a person and the caller first heard each other."""
    answered: bool
    """Whether anybody ever answered it."""
    by: AnsweredBy | None
    """Who joined it: the engine's choice, or the dialplan's own net."""
    seat: str | None
    """The seat with which it is joined."""
    seats: tuple[str, ...]
    """The seats that ring for it."""
    place: int | None
    """Its place in the queue, 1 first; null if it is not queued."""
    tries: int
    """Offers that came to nothing."""
    positions: tuple[PositionState, ...] = ()
    """Where the caller may be, in the order in which that became known; nothing of it is ever replaced."""
    best: int | None = None
    """Index of the best of them; null: there is none."""
    jurisdictions: Mapping[str, JurisdictionState] = {}
    """By service, who is in charge at the best position."""
    subscriber: SubscriberState | None = None
    """Whose number it is, as the operators say."""
    known: KnownNumber | None = None
    """What is known of the number; null: not yet, or it is withheld."""
    incidents: tuple[IncidentName, ...] = ()
    """Those that this call is about."""
    troubles: tuple[TroubleState, ...] = ()
    """What was wrong with finding all that out."""


class PersonName(State):
    """What a person is called."""

    zh: str
    en: str


class SeatState(State):
    """One seat: its telephone and the person at it."""

    id: str
    number: str
    """What other seats dial to reach it."""
    line: Line
    """What its telephone does."""
    presence: Presence
    """What its person is there for."""
    person: str | None
    """Who is signed in."""
    person_name: PersonName | None
    """What that person is called."""
    reason: str | None
    """Why paused."""
    call: str | None
    """The call that is promised to it, rings at it or talks with it."""
    reachable: bool
    """Whether its telephone answers Asterisk."""
    free: bool
    """Whether it would get the next call."""
    free_since: Moment | None
    """Since when; null if it is not free."""


class FactState(State):
    """One fact of the journal."""

    sequence: int
    """From 1, without gaps; who has seen N has seen all up to N."""
    id: str
    type: str
    time: Moment
    """When it happened."""
    subjects: dict[str, str]
    """Kind and id of whatever it is about."""
    body: dict[str, Any]
    """What happened; nothing about a person."""
    personal: dict[str, Any] | None
    """What is about a person; null if there never was anything, or if it was erased."""

    @classmethod
    def of(cls, fact: Fact) -> Self:
        """A fact as it stands in the journal."""
        return cls(
            sequence=fact.sequence,
            id=fact.id,
            type=fact.type,
            time=to_text(fact.time),
            subjects=dict(fact.subjects),
            body=dict(fact.body),
            personal=None if fact.personal is None else dict(fact.personal),
        )


class Hello(State):
    """Where everything stands at the moment in which somebody begins to listen."""

    sequence: int = Field(ge=0)
    """Sequence of the last fact that was told; those after it will be."""
    calls: tuple[CallState, ...] = ()
    seats: tuple[SeatState, ...] = ()
    status: Mapping[str, Figure] = {}
    """The engine's own figures, flat."""


class Facts(State):
    """What was committed, in order."""

    facts: tuple[FactState, ...]


class Live(State):
    """What changed in memory; a fact confirms it later."""

    calls: tuple[CallState, ...] = ()
    """Calls that are new or changed, whole."""
    seats: tuple[SeatState, ...] = ()
    """Seats that changed, whole."""
    gone: tuple[str, ...] = ()
    """Ids of calls that are over."""


class Tell(State):
    """Somebody should look: supervisors, and dispatchers where it is about an order."""

    about: str
    """What it is about, a stable word, such as `no-answer`, `order-deadline`."""
    seat: str | None = None
    """Which seat."""
    person: str | None = None
    """Who is there."""
    call: str | None = None
    """Which call showed it."""
    order: str | None = None
    """Which order."""
    incident: str | None = None
    """Of which incident."""
    department: str | None = None
    """Of which department."""
    times: int | None = None
    """How often that was told, this time included; 0 or null: it is told once."""
