"""Where orders come from: newly issued ones, and those that the last life of the engine left behind."""

from __future__ import annotations

from dispatch.attempt import Attempt, AttemptState
from dispatch.board import Board
from dispatch.notification import Notification
from dispatch.order import Order
from dispatch.report import ask
from dispatch.stored import Stored, StoredAttempt, StoredOrder
from intake.table import Bug


def issued(board: Board, orders: tuple[Order, ...]) -> None:
    """Orders that are on disk. One that is known already was found there by the restoring."""
    for order in orders:
        if order.id in board.notifications:
            continue
        since = board.steady(order.issued_at)
        # A clock that was set meanwhile must not make the deadline longer.
        began = min(since, board.now)
        notification = Notification(order, board.next_serial(), since, began=began)
        board.add(notification)
        board.await_order(notification, began + order.deadline_s)
        board.stir(order.id)


def restored(board: Board, stored: Stored) -> None:
    """Everything that is not over. Whatever may be up in Asterisk is unknown until it has been asked."""
    if board.restored:
        raise Bug("a life begins once")
    board.restored = True
    board.fence = stored.fence
    for each in stored.orders:
        _restore(board, each)
    for attempt in list(board.attempts.values()):
        if attempt.live:
            ask(board, attempt)


def _restore(board: Board, stored: StoredOrder) -> None:
    order = stored.order
    notification = Notification(
        order,
        board.next_serial(),
        board.steady(order.issued_at),
        progress=stored.progress,
        state=stored.state,
        round=stored.round,
        began=board.steady(stored.began_at),
        told=stored.told,
        why=stored.why,
        acknowledged_by=stored.acknowledged_by,
        reports=set(stored.reports),
    )
    board.add(notification)
    for each in stored.attempts:
        attempt = _attempt(board, order.id, each)
        notification.attempts.append(attempt)
        board.attempts[attempt.id] = attempt
        if not attempt.live:
            continue
        line = board.line(attempt.line)
        if line.attempt is not None:
            raise Bug(f"{attempt.id} and {line.attempt} have one line")
        line.attempt = attempt.id
    if notification.open:
        longest_s = max(order.deadline_s, board.calling.remind_s)
        # A clock that was set while nobody ran must not make the deadline longer.
        board.await_order(notification, min(board.steady(stored.due), board.now + longest_s))
        board.stir(order.id)


def _attempt(board: Board, order: str, stored: StoredAttempt) -> Attempt:
    return Attempt(
        id=stored.id,
        fence=stored.fence,
        order=order,
        round=stored.round,
        rung=stored.rung,
        line=stored.line,
        repeats=stored.repeats,
        decided_at=board.steady(stored.decided_at),
        state=AttemptState.ENDED if stored.ended else AttemptState.UNKNOWN,
        verdict=stored.outcome,
        verdict_at=min(board.steady(stored.outcome_at), board.now) if stored.outcome_at is not None else 0.0,
        accepted=stored.heard,
        doubted_at=board.now,
    )
