"""What is shown of orders that are not over: unchanging, for the feed and for people."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.attempt import Attempt, AttemptState
from dispatch.board import Board
from dispatch.notification import Notification, NotificationState, Why
from dispatch.order import OrderState
from dispatch.outcome import Outcome


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One dial."""

    id: str
    fence: int
    round: int
    line: str
    """What is dialled."""
    state: AttemptState
    verdict: Outcome | None
    """What it comes to, as soon as that is clear."""
    repeats: bool


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order, and how far its department is reached."""

    id: str
    code: str
    incident: str
    department: str
    priority: int
    progress: OrderState
    state: NotificationState
    round: int
    due: float | None
    """The next deadline, seconds since 1970 on the outer clock; None: nobody is waited for."""
    told: int
    """How often the dispatcher was told in this round."""
    why: Why | None
    """Why he was told the last time."""
    acknowledged_by: str | None
    """The attempt whose key acknowledged; None: nobody's, or it was no key."""
    waits: tuple[str, ...]
    """Lines that it wants and that another order has."""
    attempts: tuple[AttemptView, ...]
    """Of all rounds, in the order of their fences."""


def order_view(board: Board, notification: Notification) -> OrderView:
    """What is shown of an order now."""
    order = notification.order
    return OrderView(
        id=order.id,
        code=order.code,
        incident=order.incident,
        department=order.department,
        priority=order.priority,
        progress=notification.progress,
        state=notification.state,
        round=notification.round,
        due=board.shown(notification.due) if notification.open else None,
        told=notification.told,
        why=notification.why,
        acknowledged_by=notification.acknowledged_by,
        waits=tuple(order.ladder.lines[rung].key for rung in sorted(notification.waits)),
        attempts=tuple(map(_attempt, notification.attempts)),
    )


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        attempt.id, attempt.fence, attempt.round, attempt.line, attempt.state, attempt.verdict, attempt.repeats
    )
