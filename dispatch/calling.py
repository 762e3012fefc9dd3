"""The ladder is climbed: which line is wanted next, which is granted, and what happens when none is left."""

from __future__ import annotations

from dispatch import command, fact
from dispatch.attempt import Attempt, AttemptEvent, AttemptState
from dispatch.board import Board
from dispatch.climb import climb
from dispatch.command import Words
from dispatch.deadline import Due
from dispatch.notification import Notification, NotificationEvent, NotificationState, Why
from dispatch.order import OrderEvent
from dispatch.outcome import Outcome


def conclude(board: Board) -> None:
    """Ask every ladder that something has changed for, then grant what is free.

    Everybody says what he wants before anything is granted, so that of two orders of one moment the more urgent one
    gets the line.
    """
    while board.stirred or board.freed:
        stirred, board.stirred = board.stirred, {}
        for order in stirred:
            notification = board.notifications.get(order)
            if notification is not None and notification.open:
                _ask_ladder(board, notification)
        freed, board.freed = board.freed, {}
        for key in freed:
            _grant(board, key)
    board.forget()


def tell(board: Board, notification: Notification, why: Why) -> None:
    """The dispatcher is told that nobody has acknowledged, and told again later."""
    notification.told += 1
    notification.why = why
    board.await_order(notification, board.now + board.calling.remind_s)
    _tell(board, notification, why, notification.told, board.shown(notification.due))


def mention(board: Board, notification: Notification, why: Why) -> None:
    """The dispatcher is told of something else, once a round."""
    if (notification.round, why) not in notification.mentioned:
        notification.mentioned.add((notification.round, why))
        _tell(board, notification, why, 0, None)


def stop(board: Board, attempt: Attempt, words: Words) -> None:
    """An attempt isn't needed any more: it is never dialled, stops ringing, or who hears it is told why."""
    before, write = attempt.state, board.notifications[attempt.order].write
    board.move(attempt, AttemptEvent.STOP)
    if attempt.verdict is None:
        attempt.verdict, attempt.verdict_at = Outcome.STOPPED, board.now
    if before is AttemptState.UNKNOWN:
        board.after(command.Forgo(attempt.id, attempt.fence), write)
    elif attempt.state is before:
        return
    elif before is AttemptState.DECIDED:
        board.end(attempt, Outcome.STOPPED)
    elif attempt.accepted:
        board.after(command.Say(attempt.id, attempt.fence, words), write)
    else:
        board.after(command.StopRinging(attempt.id, attempt.fence), write)


def cut(board: Board, attempt: Attempt, verdict: Outcome) -> None:
    """A call has lasted beyond its time twice: it is hung up, whatever it does."""
    board.move(attempt, AttemptEvent.CUT)
    board.do(command.StopRinging(attempt.id, attempt.fence))
    if attempt.verdict is None:
        board.judge(attempt, verdict)


def _tell(board: Board, notification: Notification, why: Why, times: int, due: float | None) -> None:
    order = notification.order
    board.record(fact.DispatcherTold(order.id, notification.round, why, times, due))
    board.after(command.TellDispatcher(order.id, order.incident, order.department, why, times))


def _ask_ladder(board: Board, notification: Notification) -> None:
    order = notification.order
    together = notification.state is not NotificationState.CALLING
    said = climb(order.ladder, notification.of_round(), notification.waits, board.now, together)
    for rung in said.dial:
        notification.waits.add(rung)
        key = order.ladder.lines[rung].key
        board.line(key).want(notification, rung)
        board.freed[key] = None
    if said.look_at is None:
        board.deadlines.drop(Due.LOOK, order.id)
    else:
        board.deadlines.put(Due.LOOK, order.id, said.look_at)
    if said.over and notification.state is not NotificationState.UNREACHED:
        _exhausted(board, notification)


def _exhausted(board: Board, notification: Notification) -> None:
    """Nothing is left to dial: somebody has to know now, not only when the deadline passes."""
    board.settle(notification, NotificationEvent.LADDER_OVER)
    declined = any(each.verdict is Outcome.DECLINED for each in notification.of_round())
    left = Why.DECLINED if declined else Why.EXHAUSTED
    why = left if notification.order.ladder.lines else Why.NO_LINE
    board.record(fact.Escalated(notification.order.id, notification.round, why))
    if declined:
        board.progress(notification, OrderEvent.DECLINE)
    tell(board, notification, why)


def _grant(board: Board, key: str) -> None:
    """A line that is free goes to who is first; the attempt is decided, and dialled when that is on disk."""
    line = board.lines.get(key)
    if line is None or line.attempt is not None or not line.waiting:
        return
    order, rung = line.first()
    line.leave(order, rung)
    notification = board.notifications[order]
    notification.waits.discard(rung)
    board.fence += 1
    attempt = Attempt(
        id=f"{order}-{len(notification.attempts) + 1}",
        fence=board.fence,
        order=order,
        round=notification.round,
        rung=rung,
        line=key,
        repeats=any(each.line == key and each.heard for each in notification.attempts),
        decided_at=board.now,
    )
    notification.attempts.append(attempt)
    board.attempts[attempt.id] = attempt
    line.attempt = attempt.id
    decided = fact.AttemptDecided(order, attempt.id, attempt.fence, attempt.round, rung, key, attempt.repeats)
    board.record(decided)
    board.after(_dial(board, notification, attempt))


def _dial(board: Board, notification: Notification, attempt: Attempt) -> command.Dial:
    order = notification.order
    return command.Dial(
        attempt=attempt.id,
        fence=attempt.fence,
        order=order.id,
        department=order.department,
        line=order.ladder.lines[attempt.rung],
        language=order.language,
        text=order.text,
        code=order.code,
        repeats=attempt.repeats,
        spoken=board.calling.spoken,
        key_s=board.calling.key_s,
    )
