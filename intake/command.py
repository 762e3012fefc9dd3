"""What has to be done. The edge carries it out, in order, and reports what it hears; it never decides.

Rule: a command that changes what a caller hears carries a fence. Whoever obeys one must refuse an older one later.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """Answer to a question: ring these seats. `offer+FENCE+SEATS+SECONDS`."""

    question: str
    """Which question."""
    call: str
    """Which call."""
    fence: int
    """This decision's number."""
    seats: tuple[str, ...]
    """The seats that ring at once, best first."""
    ring_s: int
    """For how long."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Answer to a question: nobody is free, the caller waits and will be fetched. `wait+FENCE`."""

    question: str
    """Which question."""
    call: str
    """Which call."""
    fence: int
    """This decision's number."""


@dataclass(frozen=True, slots=True)
class UseNet:
    """Answer to a question: the dialplan's own net shall find a person. Nobody works at all, or the call was told to
    have ended. `net+FENCE`."""

    question: str
    """Which question."""
    call: str
    """Which call."""
    fence: int
    """This decision's number."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A caller who waits shall be taken out to these seats."""

    call: str
    """Which call."""
    fence: int
    """This decision's number."""
    seats: tuple[str, ...]
    """The seats that ring at once, best first."""
    ring_s: int
    """For how long."""


@dataclass(frozen=True, slots=True)
class Leave:
    """A caller who waits shall be given to the dialplan's net: nobody works any more."""

    call: str
    """Which call."""
    fence: int
    """This decision's number."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Hang up the channel that rings a dead telephone, so that its caller needn't wait for it. Never a joined one."""

    call: str
    """For which call it rings."""
    fence: int
    """The decision by which it rings."""
    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class AskCall:
    """Ask Asterisk where a call is; the answer comes as `CallFound`."""

    call: str
    """Which call."""
    turn: int
    """To be given back with the answer, which counts only if nothing is heard of it meanwhile."""


@dataclass(frozen=True, slots=True)
class AskSeat:
    """Ask Asterisk what a seat's telephone does; the answer comes as `SeatFound`."""

    seat: str
    """Which seat."""
    turn: int
    """To be given back with the answer, which counts only if nothing is heard of it meanwhile."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell a waiting caller where he stands."""

    call: str
    """Which call."""
    place: int
    """1: the next."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the supervisors."""

    about: str
    """What it is about, a stable word: `no-answer`, `rejected`, `busy`, `failed`, `nobody-works`."""
    seat: str | None = None
    """Which seat."""
    person: str | None = None
    """Who is there."""
    call: str | None = None
    """Which call showed it."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Write to AstDB who is at a seat, so that a next life of the engine finds it."""

    seat: str
    """Which seat."""
    person: str | None
    """Who; None: nobody, the entry goes."""
    reason: str | None = None
    """Why paused; None: not paused."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a wish."""

    wish: str
    """Which wish."""
    refused: str | None = None
    """Stable code of why not; None: it is done."""
    because: str = ""
    """Why not, in words."""


Command = Offer | Wait | UseNet | Fetch | Leave | Withdraw | AskCall | AskSeat | Announce | Tell | Mirror | Reply
"""Everything that the core can want."""
