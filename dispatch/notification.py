"""A notification: reaching one department for one order, until a person's key says that it is reached.

    calling --deadline--> overdue --ladder over--> unreached --again--> calling
       |                     |                        |
       +---------------------+--- acknowledge --------+--> acknowledged --again--> calling
       +---------------------+--- cancel -------------+--> cancelled

Rules:

- *Calling* climbs the ladder as it is written. *Overdue* means that the deadline has passed: the dispatcher was told,
  and from now on every line that has tries left rings at once. *Unreached* means that the ladder is at its end: nobody
  is dialled any more, and the dispatcher is told again and again until he does something.
- Calling, overdue and unreached are *open*: there is a next deadline, always.
- Only one acknowledgement closes it, the first. It may come by a key, by the word that a department gave to the
  dispatcher, or by a report from the road. It may come late, too: a key that was pressed before a crash counts when it
  is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from dispatch.attempt import Attempt
from dispatch.order import Order, OrderState
from intake.table import Goes, Ignored, Ours, Table, Theirs, among

if TYPE_CHECKING:
    from dispatch.fact import FeedbackGiven


class NotificationState(StrEnum):
    """How far the department is reached."""

    CALLING = "calling"
    OVERDUE = "overdue"
    UNREACHED = "unreached"
    ACKNOWLEDGED = "acknowledged"
    CANCELLED = "cancelled"


class NotificationEvent(StrEnum):
    """What moves a notification."""

    DEADLINE = "deadline"
    """The time by which it had to be acknowledged has passed."""
    LADDER_OVER = "ladder over"
    """Every line was tried as often as it may be."""
    ACKNOWLEDGE = "acknowledge"
    """A person takes the order."""
    CANCEL = "cancel"
    """The order is taken back."""
    AGAIN = "again"
    """The dispatcher wants the ladder to be climbed again."""


class Why(StrEnum):
    """Why the dispatcher is told of an order."""

    DEADLINE = "deadline"
    """Nobody has acknowledged in time."""
    EXHAUSTED = "exhausted"
    """Every line was tried and nobody acknowledged."""
    DECLINED = "declined"
    """On some line somebody could not take it, and no line is left."""
    NO_LINE = "no-line"
    """The department has no line at all."""
    TAKEN_BACK = "taken-back"
    """Who had acknowledged pressed 9 afterwards."""
    TELL_THEM = "tell-them"
    """An order that was acknowledged is cancelled: the department has to be told by word."""


_K, _O, _U, _A, _X = NotificationState
_OPEN = (_K, _O, _U)
_CLOSED = (_A, _X)

NOTIFICATION: Table[NotificationState, NotificationEvent] = Table(
    "notification",
    NotificationState,
    NotificationEvent,
    {
        NotificationEvent.DEADLINE: {
            _K: Goes(_O),
            **among((_O, _U), Ignored("the dispatcher is told once more")),
            **among(_CLOSED, Ours("what is closed has no deadline")),
        },
        NotificationEvent.LADDER_OVER: {
            **among((_K, _O), Goes(_U)),
            _U: Ignored("known already"),
            **among(_CLOSED, Ours("what is closed climbs no ladder")),
        },
        NotificationEvent.ACKNOWLEDGE: {
            **among(_OPEN, Goes(_A)),
            _A: Ignored("somebody was first"),
            _X: Ignored("it was cancelled meanwhile"),
        },
        NotificationEvent.CANCEL: {
            **among((*_OPEN, _A), Goes(_X)),
            _X: Ignored("cancelled before"),
        },
        NotificationEvent.AGAIN: {
            **among((_U, _A), Goes(_K)),
            **among((_K, _O), Theirs("still_calling", "its lines are being rung")),
            _X: Theirs("order_cancelled", "it was cancelled"),
        },
    },
)
"""The one table of the notification."""

OPEN = frozenset(_OPEN)
"""States in which nobody has acknowledged yet."""


@dataclass(slots=True)
class Notification:
    """An order and how far its department is reached. Moved by `dispatch.board.Board` alone, through the tables."""

    order: Order
    serial: int
    """Order of becoming known: decides between orders of one moment."""
    since: float
    """Steady seconds of its issue: decides between orders of one priority."""
    progress: OrderState = OrderState.ISSUED
    """How far the order is."""
    state: NotificationState = NotificationState.CALLING
    """How far the department is reached."""
    began: float = 0.0
    """Steady seconds of this round's beginning."""
    round: int = 1
    """How often the dispatcher has wanted the ladder climbed."""
    due: float = 0.0
    """Steady seconds of the next deadline: to be acknowledged by then; later, when the dispatcher is told again."""
    told: int = 0
    """How often the dispatcher was told in this round."""
    why: Why | None = None
    """Why he was told the last time."""
    attempts: list[Attempt] = field(default_factory=list)
    """Every attempt of all rounds, in the order of their fences."""
    acknowledged_by: str | None = None
    """The attempt whose key acknowledged; None: nobody's, or it was no key."""
    waits: set[int] = field(default_factory=set)
    """Lines of the ladder whose turn it is and that are in use, or about to be granted."""
    reports: set[FeedbackGiven] = field(default_factory=set)
    """What the department has reported: what is sent twice is one report."""
    mentioned: set[tuple[int, Why]] = field(default_factory=set)
    """What else the dispatcher was told, by round."""
    write: int = 0
    """The last write about it: what is said of it is said after that is on disk."""

    @property
    def open(self) -> bool:
        """Whether nobody has acknowledged yet."""
        return self.state in OPEN

    def of_round(self) -> list[Attempt]:
        """The attempts of the present round."""
        return [each for each in self.attempts if each.round == self.round]
