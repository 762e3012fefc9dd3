"""Calls and seats as people see them now: what the core believes, with moments of the calendar and people's names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.edge.about import NOTHING, About
from intake.people import Person
from intake.view import CallView, SeatView


@dataclass(frozen=True, slots=True)
class CallNow:
    """One live call."""

    view: CallView
    """What the core believes."""
    called: str
    """The number dialled."""
    caller: str
    """The caller's number; empty if withheld."""
    arrived_at: datetime
    """When it arrived."""
    answered_at: datetime | None
    """When somebody first answered it."""
    by_net: bool
    """Whether the dialplan joined it without a decision."""
    about: About = NOTHING
    """What is known of the caller."""


@dataclass(frozen=True, slots=True)
class SeatNow:
    """One seat."""

    view: SeatView
    """What the core believes."""
    person: Person | None
    """Who is signed in."""
    free_since: datetime | None
    """Since when it is free; None if it isn't."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from what was told before."""

    calls: tuple[CallNow, ...] = ()
    seats: tuple[SeatNow, ...] = ()
    gone: tuple[str, ...] = ()
    """Calls that have ended."""

    def __bool__(self) -> bool:
        return bool(self.calls or self.seats or self.gone)
