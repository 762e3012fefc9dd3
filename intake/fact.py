"""What is written down. The journal adds sequence, time and hash.

`nena` names the LogEvent of the NENA i3 logging service with the same meaning; empty where there is none. The
correspondence is of meaning: the other fields of those LogEvents are filled by whoever exports them.

Rules: *decided* facts (`Decided`) are committed before anybody acts on them, *witnessed* ones (`Witnessed`) are acted
on from memory and journalled behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from intake.outcome import Outcome


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person began to work at a seat."""

    nena: ClassVar[str] = "AgentStateChangeLogEvent"
    seat: str
    """Where."""
    person: str
    """Who."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A person ended work at a seat."""

    nena: ClassVar[str] = "AgentStateChangeLogEvent"
    seat: str
    """Where."""
    person: str
    """Who."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A person wanted no calls for now."""

    nena: ClassVar[str] = "AgentStateChangeLogEvent"
    seat: str
    """Where."""
    person: str
    """Who."""
    reason: str
    """Why."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A person wanted calls again."""

    nena: ClassVar[str] = "AgentStateChangeLogEvent"
    seat: str
    """Where."""
    person: str
    """Who."""
    by: str
    """Who asked for it."""


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A call is known from here on."""

    nena: ClassVar[str] = "CallStartLogEvent"
    call: str
    """Which call."""
    called: str
    """The number dialled."""
    caller: str
    """The caller's number; empty if withheld."""
    age_s: float = 0.0
    """How long it had lasted when we came to know it; more than 0 for an adopted one."""


@dataclass(frozen=True, slots=True)
class CallQueued:
    """Nobody was free: the caller waits."""

    nena: ClassVar[str] = "QueueStateChangeLogEvent"
    call: str
    """Which call."""
    waiting: int
    """How many wait now, this one included."""


@dataclass(frozen=True, slots=True)
class CallOffered:
    """Seats were chosen."""

    nena: ClassVar[str] = "RouteLogEvent"
    call: str
    """Which call."""
    fence: int
    """The decision's number."""
    seats: tuple[str, ...]
    """Which seats, best first."""
    tries: int
    """How many offers of this call had come to nothing before."""
    rule: str
    """By which strategy."""


@dataclass(frozen=True, slots=True)
class SeatRang:
    """The telephone of a seat rang for a call."""

    nena: ClassVar[str] = "CallStateChangeLogEvent"
    call: str
    """Which call."""
    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """A seat did not take an offered call."""

    nena: ClassVar[str] = "CallStateChangeLogEvent"
    call: str
    """Which call."""
    fence: int
    """The decision's number."""
    seat: str
    """Which seat."""
    outcome: Outcome
    """What ringing it came to; UNKNOWN if the offer ended by itself."""


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """A person and the caller hear each other."""

    nena: ClassVar[str] = "CallStateChangeLogEvent"
    call: str
    """Which call."""
    seat: str
    """Where."""
    person: str | None
    """Who; None: nobody is signed in there."""
    waited_s: float
    """Since the call arrived: the answer clock."""
    by_net: bool
    """Whether the dialplan joined them without a decision of ours."""


@dataclass(frozen=True, slots=True)
class CallHeld:
    """A seat put its caller on hold, or took him back."""

    nena: ClassVar[str] = "CallStateChangeLogEvent"
    call: str | None
    """Which call; None: the seat's own."""
    seat: str
    """Which seat."""
    over: bool
    """Whether the caller was taken back."""


@dataclass(frozen=True, slots=True)
class CallCameBack:
    """The one who had answered was lost at once; the caller is looked after again."""

    nena: ClassVar[str] = "CallStateChangeLogEvent"
    call: str
    """Which call."""
    seat: str | None
    """Who was lost."""


@dataclass(frozen=True, slots=True)
class CallLeft:
    """The dialplan's net looks after the caller."""

    nena: ClassVar[str] = "RouteLogEvent"
    call: str
    """Which call."""
    decided: bool
    """Whether we gave it there; else it went by itself."""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call is over."""

    nena: ClassVar[str] = "CallEndLogEvent"
    call: str
    """Which call."""
    answered: bool
    """Whether anybody ever answered it."""
    lasted_s: float
    """Since it arrived."""
    found: bool = False
    """Whether it was found to be gone; its end itself was not seen."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """The room paused a person who did not take a call."""

    nena: ClassVar[str] = "AgentStateChangeLogEvent"
    seat: str
    """Where."""
    person: str
    """Who."""
    reason: str
    """`no-answer` or `rejected`."""
    call: str
    """Which call showed it."""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """A person's time for writing up began or ended by itself."""

    nena: ClassVar[str] = "AgentStateChangeLogEvent"
    seat: str
    """Where."""
    person: str
    """Who."""
    over: bool
    """Whether it ended."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """The telephone of a seat went out of or back into service."""

    nena: ClassVar[str] = "ServiceStateChangeLogEvent"
    seat: str
    """Which seat."""
    over: bool
    """Whether it is well again."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What we believed was not so; it is put right."""

    nena: ClassVar[str] = ""
    believed: str
    """What we believed."""
    found: str
    """What Asterisk has."""
    call: str | None = None
    """Of which call it was believed."""
    seat: str | None = None
    """Or of which seat."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """The outside said something that cannot be; it is looked into, or left."""

    nena: ClassVar[str] = ""
    seat: str
    """Which seat."""
    code: str
    """Stable name of the contradiction."""
    because: str
    """In words."""


Decided = SignedIn | SignedOut | Paused | Resumed
"""Facts that are committed before anybody acts on them."""

Witnessed = (
    CallArrived
    | CallQueued
    | CallOffered
    | SeatRang
    | OfferFailed
    | CallAnswered
    | CallHeld
    | CallCameBack
    | CallLeft
    | CallEnded
    | Suspended
    | WrapUp
    | LineFault
    | Repaired
    | Discrepancy
)
"""Facts that are acted on from memory and journalled behind."""
