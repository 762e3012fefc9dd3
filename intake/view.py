"""The hall as others see it: for the API, the feed and the tests. Values, made when asked for."""

from __future__ import annotations

from dataclasses import dataclass

from intake.call import Call
from intake.hall import Hall
from intake.line import Line
from intake.need import Need
from intake.person import Presence
from intake.seat import Seat
from intake.stage import Stage


@dataclass(frozen=True, slots=True)
class CallView:
    """One call."""

    id: str
    """The dialplan's `LD_CALL`."""
    stage: Stage
    """Where it is."""
    called: str
    """The number dialled."""
    caller: str
    """The caller's number; empty if withheld."""
    need: Need
    """What it needs of the person now; nothing in particular once it has waited too long for a skill."""
    priority: int
    """0 to 10, 10 most urgent."""
    arrived: float
    """Steady time of its arrival, seconds; never changes."""
    fence: int | None
    """Its live offer."""
    seats: tuple[str, ...]
    """The seats of its live offer that are not out of it."""
    seat: str | None
    """With whom it is joined."""
    place: int | None
    """Its place in the queue, from 1; None if it isn't queued."""
    tries: int
    """Offers that came to nothing."""
    answered: bool
    """Whether anybody ever answered it."""


@dataclass(frozen=True, slots=True)
class SeatView:
    """One seat."""

    id: str
    """As in `telephony.yaml`."""
    line: Line
    """What its telephone does."""
    presence: Presence
    """What its person is there for."""
    person: str | None
    """Who is signed in."""
    reason: str | None
    """Why paused."""
    call: str | None
    """The call that is promised to it, rings at it or talks with it."""
    fence: int | None
    """The live offer that names it."""
    reachable: bool
    """Whether its telephone answers Asterisk."""
    free: bool
    """Whether it would get the next call."""
    free_since: float | None
    """Steady time since which it is free, seconds; None if it isn't."""


def call_view(hall: Hall, call: Call) -> CallView:
    """One call, now."""
    offer = call.offer
    return CallView(
        id=call.id,
        stage=call.stage,
        called=call.called,
        caller=call.caller,
        need=call.wanted,
        priority=call.priority,
        arrived=call.arrived,
        fence=offer.fence if offer is not None else None,
        seats=tuple(offer.seats) if offer is not None else (),
        seat=call.seat,
        place=hall.queue.place(call.id) if call.id in hall.queue else None,
        tries=call.tries,
        answered=call.answered,
    )


def seat_view(hall: Hall, seat: Seat) -> SeatView:
    """One seat, now."""
    return SeatView(
        id=seat.id,
        line=seat.line,
        presence=seat.presence,
        person=seat.person.id if seat.person is not None else None,
        reason=seat.reason,
        call=seat.call,
        fence=seat.fence,
        reachable=seat.reachable,
        free=seat.free,
        free_since=seat.since if seat.free else None,
    )
