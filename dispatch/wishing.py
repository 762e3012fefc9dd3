"""Wishes are granted or refused. What is granted is answered when it is on disk.

So is that an order is not under way: who reports may have reported its end already, and looks there.
"""

from __future__ import annotations

import re
from dataclasses import fields

from dispatch import command, fact, wish
from dispatch.answer import acknowledge
from dispatch.board import Board
from dispatch.calling import mention, stop
from dispatch.command import Words
from dispatch.fact import How
from dispatch.notification import NOTIFICATION, Notification, NotificationEvent, NotificationState, Why
from dispatch.order import ORDER, OVER, REPORTS, OrderEvent, OrderState
from intake.table import Bug, Theirs

MOST_CHARACTERS = 2_000
"""Of one text: a report from the road, or why an order is taken back."""
NO_SUCH_ORDER = "no_such_order"
_IDS = frozenset({"order", "incident", "feedback", "by"})
_ID = re.compile(r"[A-Za-z0-9._:@/+-]{1,100}", re.ASCII)
_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def wished(board: Board, wanted: wish.Wish) -> None:
    """Grant a wish or refuse it."""
    unwritable = _unwritable(wanted)
    if unwritable is not None:
        _refuse(board, wanted, unwritable)
        return
    if isinstance(wanted, wish.Close):
        _close(board, wanted)
        return
    notification = board.notifications.get(wanted.order)
    if notification is None:
        board.after(command.Reply(wanted.wish, NO_SUCH_ORDER, "no order of this name is under way"))
        return
    refused = _granted(board, notification, wanted)
    if refused is not None:
        _refuse(board, wanted, refused)
    else:
        board.after(command.Reply(wanted.wish), notification.write)


def _refuse(board: Board, wanted: wish.Wish, refused: Theirs) -> None:
    board.do(command.Reply(wanted.wish, refused.code, refused.because))


def _unwritable(wanted: wish.Wish) -> Theirs | None:
    """Why a wish's texts could never be written: they would stop every later write, and are refused first."""
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if field.name in _IDS and not _ID.fullmatch(value):
            return Theirs("bad_id", f"{field.name} is 1 to 100 of letters, digits and ._:@/+-")
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            return Theirs("too_long", f"{field.name} has more than {MOST_CHARACTERS} characters")
        if isinstance(value, str) and _BAD.search(value):
            return Theirs("bad_text", f"{field.name} has control characters or halves of characters")
    return None


def _granted(
    board: Board, notification: Notification, wanted: wish.Cancel | wish.Again | wish.TakeWord | wish.Feedback
) -> Theirs | None:
    """Do it; or why not."""
    match wanted:
        case wish.Cancel():
            return _cancel(board, notification, wanted.by, wanted.reason)
        case wish.Again():
            return _again(board, notification, wanted)
        case wish.TakeWord():
            return _take_word(board, notification, wanted)
        case wish.Feedback():
            return _feedback(board, notification, wanted)


def _cancel(board: Board, notification: Notification, by: str, reason: str) -> Theirs | None:
    after = ORDER.after(notification.progress, OrderEvent.CANCEL)
    if isinstance(after, Theirs):
        return after
    if notification.progress is OrderState.CANCELLED:
        return None
    was_taken = notification.state is NotificationState.ACKNOWLEDGED
    board.settle(notification, NotificationEvent.CANCEL)
    board.progress(notification, OrderEvent.CANCEL)
    board.record(fact.OrderCancelled(notification.order.id, notification.round, by, reason))
    for attempt in notification.attempts:
        if attempt.live:
            stop(board, attempt, Words.CANCELLED)
    if was_taken:
        mention(board, notification, Why.TELL_THEM)
    return None


def _again(board: Board, notification: Notification, wanted: wish.Again) -> Theirs | None:
    for after in (
        ORDER.after(notification.progress, OrderEvent.AGAIN),
        NOTIFICATION.after(notification.state, NotificationEvent.AGAIN),
    ):
        if isinstance(after, Theirs):
            return after
    board.progress(notification, OrderEvent.AGAIN)
    board.settle(notification, NotificationEvent.AGAIN)
    notification.round += 1
    notification.began = board.now
    notification.told, notification.why, notification.acknowledged_by = 0, None, None
    board.await_order(notification, board.now + notification.order.deadline_s)
    due = board.shown(notification.due)
    board.record(fact.OrderAgain(notification.order.id, notification.round, wanted.by, due))
    board.stir(notification.order.id)
    return None


def _take_word(board: Board, notification: Notification, wanted: wish.TakeWord) -> Theirs | None:
    match notification.state:
        case NotificationState.ACKNOWLEDGED:
            return Theirs("acknowledged_already", "somebody has acknowledged it already")
        case NotificationState.CANCELLED:
            return Theirs("order_cancelled", "it was cancelled")
        case _:
            acknowledge(board, notification, How.WORD, by=wanted.by)
            return None


def _feedback(board: Board, notification: Notification, wanted: wish.Feedback) -> Theirs | None:
    if wanted.given in notification.reports:
        return None  # sent again by somebody who has heard no answer
    if any(each.feedback == wanted.feedback for each in notification.reports):
        return Theirs("key_used", "another report of this order has this name")
    if wanted.progress is not None:
        if wanted.progress not in REPORTS:
            return Theirs("no_progress", f"{wanted.progress} is nothing that a department reports")
        if notification.open:
            acknowledge(board, notification, How.REPORT, by=wanted.by)  # who is on the road needs no ringing
        what = REPORTS[wanted.progress]
        after = ORDER.after(notification.progress, what)
        if isinstance(after, Theirs):
            return after
        board.progress(notification, what)
    board.record(wanted.given)
    notification.reports.add(wanted.given)
    return None


def _close(board: Board, wanted: wish.Close) -> None:
    write: int | None = 0
    for notification in list(board.notifications.values()):
        if notification.order.incident != wanted.incident or notification.progress in OVER:
            continue
        write = None
        if notification.open:
            refused = _cancel(board, notification, wanted.by, "the incident was closed")
            if refused is not None:
                raise Bug(f"an open order is always cancelled: {refused.because}")
        else:
            board.progress(notification, OrderEvent.FINISHED)
            board.record(fact.OrderClosed(notification.order.id, wanted.by))
    board.after(command.Reply(wanted.wish), write)
