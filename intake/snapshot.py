"""What Asterisk really has, as one value: channels, bridges, device states, and the sign-ins kept in its AstDB.

Rule: ages instead of times. The clocks of two lives of the engine need not agree; how long ago something was does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Device(StrEnum):
    """A telephone's device state, as far as it matters here."""

    IDLE = "idle"
    """Reachable, and in no call that Asterisk knows (NOT_INUSE)."""
    BUSY = "busy"
    """It rings, or is in a call (INUSE, BUSY, RINGING, RINGINUSE, ONHOLD)."""
    UNREACHABLE = "unreachable"
    """No registration, or no answer to probes (UNAVAILABLE, INVALID, UNKNOWN)."""


class Place(StrEnum):
    """Where in the dialplan a caller's channel is."""

    ASKING = "asking"
    """In [asking]: a question is on its way, or will be."""
    WAITING = "waiting"
    """In [waiting], not for the net's sake, or in a menu that leads back there."""
    OFFERED = "offered"
    """In [offer]: seats are being dialled."""
    JOINED = "joined"
    """In one bridge with a seat, or put on hold by it."""
    NET = "net"
    """In [fallback] or below it."""


@dataclass(frozen=True, slots=True)
class CallSeen:
    """One caller's channel."""

    call: str
    """Which call."""
    place: Place
    """Where it is."""
    fence: int = 0
    """The newest decision that it has obeyed (LD_FENCE), 0 if none."""
    seats: tuple[str, ...] = ()
    """The seats that are dialled for it."""
    seat: str | None = None
    """The seat with which it is joined."""
    called: str = ""
    """The number dialled."""
    caller: str = ""
    """The caller's number."""
    service: str | None = None
    """The service wanted."""
    language: str | None = None
    """The language spoken."""
    priority: int | None = None
    """0 to 10; None: the service's own."""
    age_s: float = 0.0
    """How long ago the call arrived."""


@dataclass(frozen=True, slots=True)
class SeatSeen:
    """One seat's telephone."""

    seat: str
    """Which seat."""
    device: Device
    """What it does."""
    call: str | None = None
    """The call for which it has a channel; None if it has none or nobody knows."""
    joined: bool = False
    """Whether that channel is in a bridge."""
    held: bool = False
    """Whether the seat holds its caller."""


@dataclass(frozen=True, slots=True)
class SignedInSeen:
    """One sign-in, as AstDB has it."""

    seat: str
    """At which seat."""
    person: str
    """Who."""
    reason: str | None = None
    """Why paused; None: not paused."""
    since_s: float = 0.0
    """How long ago this was written."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment."""

    calls: tuple[CallSeen, ...] = ()
    """Every caller's channel, in order of arrival."""
    seats: tuple[SeatSeen, ...] = ()
    """Every seat; one that is missing is unreachable."""
    people: tuple[SignedInSeen, ...] = ()
    """Every sign-in."""
    fence: int = 0
    """The highest fence found anywhere, the journal included."""
