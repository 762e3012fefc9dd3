"""What the core hears besides wishes. Anything may come late, twice, or not at all.

Reports name the attempt and its fence; one with another fence changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dispatch.order import Order
from dispatch.outcome import Outcome
from dispatch.stored import Stored


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the database. The first event of every life, and only the first."""

    stored: Stored


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; due at `Escalation.next_deadline`."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Every write up to this one is on disk."""

    number: int


@dataclass(frozen=True, slots=True)
class Issued:
    """Orders were issued: they are on disk."""

    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Dialled:
    """Asterisk dials: the INVITE of an attempt is on the way."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Rings:
    """The telephone says that it rings."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The telephone accepted; the order is being spoken."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class PromptOver:
    """The order was spoken to its end, and a key is awaited."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody pressed a key: 1 takes it, 2 wants to hear it again, 9 can't take it; others mean nothing."""

    attempt: str
    fence: int
    key: str


@dataclass(frozen=True, slots=True)
class NoKey:
    """The order was spoken as often as it should and no key came; the dialplan ends the call."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The line is down."""

    attempt: str
    fence: int
    outcome: Outcome
    """One of `outcome.REPORTED`. HUNG_UP for every call that was accepted, whoever ended it."""


@dataclass(frozen=True, slots=True)
class LostSight:
    """What was sent to Asterisk about an attempt was not answered: nobody knows what became of it."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Missed:
    """Something may have been missed of every attempt: the link to Asterisk broke, or was too slow. It works again."""


class Sight(StrEnum):
    """Where Asterisk has an attempt."""

    RINGING = "ringing"
    """It is dialled, or rings."""
    SPEAKING = "speaking"
    """The order is being spoken."""
    LISTENING = "listening"
    """A key is awaited."""
    CLOSING = "closing"
    """A key that decides was pressed; the line is still up."""
    GONE = "gone"
    """It is down, and it is known what became of it."""
    ABSENT = "absent"
    """It is not there, and nothing is noted of it: it was never dialled, or it is over."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to `command.Ask`."""

    attempt: str
    turn: int
    """As it was asked."""
    at: float
    """As it was asked."""
    sight: Sight
    key: str = ""
    """The key that decides, as Asterisk has noted it, pressed by a person and perhaps never reported; empty: none."""
    outcome: Outcome = Outcome.UNKNOWN
    """What became of it, if it is gone."""
    taken_back: bool = False
    """Whether Asterisk has noted a 9 after that key, perhaps never reported."""


Report = (
    Restored
    | Tick
    | Committed
    | Issued
    | Dialled
    | Rings
    | Accepted
    | PromptOver
    | Key
    | NoKey
    | Ended
    | LostSight
    | Missed
    | Found
)
"""Everything that is reported."""
