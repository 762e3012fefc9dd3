"""What is written down about orders. The journal adds sequence, time and hash.

Rules: *decided* facts are committed before anybody acts on them; they are what a new life of the engine starts from,
and `dispatch.store` makes the rows of them. *Witnessed* ones are journalled behind and are only history. `personal`
names the fields that tell of people or of what was said about them: they can be erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from dispatch.notification import Why
from dispatch.order import OrderState
from dispatch.outcome import Outcome

_NOBODY: frozenset[str] = frozenset()


class How(StrEnum):
    """How an order was acknowledged."""

    KEY = "key"
    """A person at a duty line pressed 1."""
    WORD = "word"
    """A department gave its word to the dispatcher, who says so."""
    REPORT = "report"
    """It reported from the road, or later."""


@dataclass(frozen=True, slots=True)
class AttemptDecided:
    """A line is to be dialled."""

    personal: ClassVar[frozenset[str]] = frozenset({"line"})
    order: str
    attempt: str
    fence: int
    round: int
    rung: int
    """Which line of the order's ladder, from 0."""
    line: str
    """What is dialled."""
    repeats: bool
    """Whether it says that it repeats."""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """A line is down, or was never dialled."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    attempt: str
    outcome: Outcome
    heard: bool
    """Whether the order may have been heard."""
    found: bool
    """Whether it was found out by asking Asterisk afterwards; its end itself was not seen."""


@dataclass(frozen=True, slots=True)
class OrderHeard:
    """The order was spoken to its end on a line of the department for the first time in a round."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    attempt: str
    round: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A person takes the order."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    round: int
    how: How
    attempt: str | None
    """On which call; None: by no call."""
    by: str | None
    """Who said so; None: whoever was at the line."""
    after_s: float
    """Since this round began."""


@dataclass(frozen=True, slots=True)
class Declined:
    """Somebody at a line pressed 9: this line can't take it."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    attempt: str


@dataclass(frozen=True, slots=True)
class Escalated:
    """The deadline has passed, or the ladder is at its end."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    round: int
    why: Why


@dataclass(frozen=True, slots=True)
class DispatcherTold:
    """The dispatcher is told that nobody has acknowledged an order, or that something else needs him."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    round: int
    why: Why
    times: int
    """How often he was told in this round, this time included; 0 if it is not about the deadline."""
    due: float | None
    """When he is told again, seconds since 1970; None: never."""


@dataclass(frozen=True, slots=True)
class OrderAgain:
    """The dispatcher has the ladder climbed once more."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    round: int
    """The new one."""
    by: str
    due: float
    """By when it has to be acknowledged now, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The order is taken back."""

    personal: ClassVar[frozenset[str]] = frozenset({"reason"})
    order: str
    round: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    """A department reports, or somebody for it."""

    personal: ClassVar[frozenset[str]] = frozenset({"words"})
    order: str
    feedback: str
    """Its id."""
    progress: OrderState | None
    """How far it says it is; None: only words."""
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class OrderClosed:
    """Nothing more is expected of an order: its incident is closed."""

    personal: ClassVar[frozenset[str]] = _NOBODY
    order: str
    by: str


Decided = (
    AttemptDecided
    | AttemptEnded
    | OrderHeard
    | Acknowledged
    | Declined
    | Escalated
    | DispatcherTold
    | OrderAgain
    | OrderCancelled
    | FeedbackGiven
    | OrderClosed
)
"""Facts that are committed before anybody acts on them."""


@dataclass(frozen=True, slots=True)
class AttemptRang:
    """The telephone of a duty line rang."""

    order: str
    attempt: str


@dataclass(frozen=True, slots=True)
class AttemptAccepted:
    """It was picked up, by whomever or whatever."""

    order: str
    attempt: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """Somebody at a duty line pressed a key."""

    order: str
    attempt: str
    key: str


@dataclass(frozen=True, slots=True)
class SightLost:
    """Nothing is known of an attempt for now; Asterisk is asked."""

    order: str
    attempt: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The outside said something of an attempt that cannot be; nothing was changed by it."""

    order: str
    attempt: str
    code: str
    """Stable name of the contradiction."""
    because: str
    """In words."""


Witnessed = AttemptRang | AttemptAccepted | KeyPressed | SightLost | Contradiction
"""Facts that are acted on from memory and journalled behind."""
