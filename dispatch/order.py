"""An order (调度指令): what one department is asked to do in one incident, and how far it is.

    issued --> notified --> acknowledged --> en route --> on scene --> done
       |           |             |              |             |
       +-----------+-- declined  +--- cancelled-+-------------+

Rules:

- *Notified* means that the order was spoken to its end on a line of the department. It is no acknowledgement.
- An order that nobody has acknowledged is *open*: it has a next deadline, always, until somebody acknowledges or
  cancels it. That it was declined on every line changes nothing about that: the dispatcher has to find another way.
- Feedback may skip steps, and may come late; a department that reports from the road has acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from config.field import Language
from dispatch.ladder import Ladder
from intake.table import Goes, Ignored, Ours, Table, Theirs, among


class OrderState(StrEnum):
    """How far an order is."""

    ISSUED = "issued"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en-route"
    ON_SCENE = "on-scene"
    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class OrderEvent(StrEnum):
    """What moves an order."""

    HEARD = "heard"
    """It was spoken to its end."""
    ACKNOWLEDGE = "acknowledge"
    """A person takes it."""
    DECLINE = "decline"
    """The ladder is at its end, and on it somebody could not take it."""
    AGAIN = "again"
    """The dispatcher orders it again."""
    DEPARTED = "departed"
    """The department reports that it is on its way."""
    ARRIVED = "arrived"
    """It reports that it is there."""
    FINISHED = "finished"
    """It reports that it has done what was asked."""
    CANCEL = "cancel"
    """The dispatcher takes it back."""


_I, _N, _A, _R, _S, _D, _X, _C = OrderState
_OPEN = (_I, _N, _X)
_LATE = Ignored("reported late")
_DONE = Theirs("order_done", "it is done")
_GONE = Theirs("order_cancelled", "it was cancelled")
_FIRST = Ours("who reports has acknowledged before")

ORDER: Table[OrderState, OrderEvent] = Table(
    "order",
    OrderState,
    OrderEvent,
    {
        OrderEvent.HEARD: {
            _I: Goes(_N),
            **among((_N, _A, _R, _S, _D, _X, _C), Ignored("it is further already, or over")),
        },
        OrderEvent.ACKNOWLEDGE: {
            **among(_OPEN, Goes(_A)),
            **among((_A, _R, _S, _D), Ignored("somebody was first")),
            _C: Ignored("it was cancelled meanwhile"),
        },
        OrderEvent.DECLINE: {
            **among((_I, _N), Goes(_X)),
            _X: Ignored("declined before"),
            **among((_A, _R, _S, _D, _C), Ours("only an open order has a ladder")),
        },
        OrderEvent.AGAIN: {
            **among((_N, _A, _X), Goes(_I)),
            _I: Ignored("nobody has heard it yet"),
            **among((_R, _S), Theirs("under_way", "the department is under way")),
            _D: _DONE,
            _C: _GONE,
        },
        OrderEvent.DEPARTED: {
            _A: Goes(_R),
            **among((_R, _S), _LATE),
            **among(_OPEN, _FIRST),
            _D: _DONE,
            _C: _GONE,
        },
        OrderEvent.ARRIVED: {
            **among((_A, _R), Goes(_S)),
            _S: _LATE,
            **among(_OPEN, _FIRST),
            _D: _DONE,
            _C: _GONE,
        },
        OrderEvent.FINISHED: {
            **among((_A, _R, _S), Goes(_D)),
            **among(_OPEN, _FIRST),
            _D: _LATE,
            _C: _GONE,
        },
        OrderEvent.CANCEL: {
            **among((*_OPEN, _A, _R, _S), Goes(_C)),
            _C: Ignored("cancelled before"),
            _D: _DONE,
        },
    },
)
"""The one table of the order."""

REPORTS = {_R: OrderEvent.DEPARTED, _S: OrderEvent.ARRIVED, _D: OrderEvent.FINISHED}
"""What a department may report of itself, and what moves its order by that."""
OVER = frozenset({_D, _C})
"""Orders of which nothing more is expected."""


@dataclass(frozen=True, slots=True)
class Order:
    """What stands in an order, from its issue on and for ever."""

    id: str
    """`INCIDENT.DEPARTMENT.1`."""
    code: str
    """Four digits or more; no other order has it until this one is over. With it a department reports by telephone."""
    incident: str
    """For which incident."""
    department: str
    """Who is ordered."""
    language: Language
    """In which it is spoken."""
    text: str
    """What is spoken. Empty when it was erased."""
    ladder: Ladder
    """Whom it rings, as it was when the order was issued."""
    priority: int
    """10 is most urgent."""
    deadline_s: int
    """By when it has to be acknowledged, from each round's beginning on."""
    prompt_s: float
    """About how long it takes to speak it once."""
    issued_at: float
    """Seconds since 1970, UTC."""
