"""What people at duty lines want, by key; and how an acknowledgement closes everything else."""

from __future__ import annotations

from dispatch import command, fact
from dispatch.attempt import Attempt, AttemptEvent, AttemptState
from dispatch.board import Board
from dispatch.calling import mention, stop
from dispatch.command import Words
from dispatch.fact import How
from dispatch.notification import Notification, NotificationEvent, NotificationState, Why
from dispatch.order import OrderEvent
from dispatch.outcome import Outcome


def press(board: Board, attempt: Attempt, key: str) -> None:
    """Somebody pressed a key on this call."""
    notification = board.notifications[attempt.order]
    if attempt.state is AttemptState.DECIDED:
        board.move(attempt, AttemptEvent.KEYED)  # notes that this cannot be
        return
    board.note(fact.KeyPressed(attempt.order, attempt.id, key))
    attempt.accepted = True
    if key == "1" and notification.open:
        acknowledge(board, notification, How.KEY, attempt=attempt)
    elif key == "9" and notification.open:
        _decline(board, notification, attempt)
    elif not notification.open:
        _too_late(board, notification, attempt, key)
    elif key == "2":
        _say_again(board, attempt)
    elif attempt.state in (AttemptState.SPEAKING, AttemptState.LISTENING):
        board.do(command.Say(attempt.id, attempt.fence, Words.KEYS))


def acknowledge(
    board: Board, notification: Notification, how: How, *, attempt: Attempt | None = None, by: str | None = None
) -> None:
    """A person takes the order, the first one: every other telephone of it stops."""
    order = notification.order.id
    board.settle(notification, NotificationEvent.ACKNOWLEDGE)
    board.progress(notification, OrderEvent.ACKNOWLEDGE)
    notification.acknowledged_by = attempt.id if attempt is not None else None
    after_s = round(board.now - notification.began, 3)
    board.record(fact.Acknowledged(order, notification.round, how, notification.acknowledged_by, by, after_s))
    if attempt is not None:
        board.move(attempt, AttemptEvent.KEYED)
        attempt.verdict, attempt.verdict_at = Outcome.ACKNOWLEDGED, board.now
        board.after(command.Say(attempt.id, attempt.fence, Words.THANKS))
    for other in notification.attempts:
        if other is not attempt and other.live:
            stop(board, other, Words.TAKEN)


def has_taken(notification: Notification, attempt: Attempt) -> bool:
    """Whether the order was taken on this call, and nothing has changed since."""
    return notification.acknowledged_by == attempt.id and notification.state is NotificationState.ACKNOWLEDGED


def last_words(notification: Notification, attempt: Attempt) -> Words:
    """What somebody hears on a call for an order that is closed."""
    if notification.state is NotificationState.CANCELLED:
        return Words.CANCELLED
    return Words.THANKS if notification.acknowledged_by == attempt.id else Words.TAKEN


def _decline(board: Board, notification: Notification, attempt: Attempt) -> None:
    if attempt.verdict is not None:
        return  # pressed again, or nobody waited for this line any more
    board.record(fact.Declined(attempt.order, attempt.id))
    board.move(attempt, AttemptEvent.KEYED)
    board.judge(attempt, Outcome.DECLINED)
    board.after(command.Say(attempt.id, attempt.fence, Words.NEXT))


def _too_late(board: Board, notification: Notification, attempt: Attempt, key: str) -> None:
    """The order is closed: who pressed is told so, unless it was he who closed it."""
    if has_taken(notification, attempt):
        if key == "9":
            mention(board, notification, Why.TAKEN_BACK)
        return
    if attempt.state in (AttemptState.CLOSING, AttemptState.ENDED):
        return  # he is being told already
    board.move(attempt, AttemptEvent.KEYED)
    if attempt.verdict is None:
        attempt.verdict, attempt.verdict_at = Outcome.STOPPED, board.now
    said = command.Say(attempt.id, attempt.fence, last_words(notification, attempt))
    board.after(said, notification.write)


def _say_again(board: Board, attempt: Attempt) -> None:
    board.move(attempt, AttemptEvent.AGAIN)
    if attempt.state is AttemptState.SPEAKING:
        board.await_report(attempt)  # the dialplan begins again, also when it had not ended
