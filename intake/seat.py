"""One seat: its line, and the person at it."""

from __future__ import annotations

from dataclasses import dataclass

from intake.line import Line
from intake.people import Person
from intake.person import Presence


@dataclass(slots=True)
class Seat:
    """A place of work. Its states are moved by `intake.hall.Hall` alone, through their tables."""

    id: str
    """As in `telephony.yaml`."""
    rank: int
    """Its place in that file, from 0."""
    line: Line = Line.FAULT
    """What its telephone does; in fault until Asterisk was asked."""
    presence: Presence = Presence.SIGNED_OUT
    """What its person is there for."""
    person: Person | None = None
    """Who is signed in."""
    reason: str | None = None
    """Why paused."""
    call: str | None = None
    """The call that is promised to it, rings at it or talks with it; None in idle, or if it is the seat's own."""
    fence: int | None = None
    """The live offer that names it, the only one; None while none does."""
    reachable: bool = False
    """Whether its telephone answers Asterisk."""
    since: float = 0.0
    """Steady time since which it is free; kept while an offer that is not its fault comes to nothing."""
    taken: int = 0
    """Calls answered since the sign-in."""
    free: bool = False
    """Whether it is listed as free."""
    serves: bool = False
    """Whether it counts as at work: a free seat, or one that will be free by itself."""
    turn: int = 0
    """How often its line has moved: an answer of Asterisk's counts only if nothing moved since the question."""
    wish: str | None = None
    """The wish that waits for its commit."""
