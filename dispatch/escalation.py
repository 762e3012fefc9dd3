"""The escalation: one event and the time in, what to write and what to do out.

    escalation = Escalation(departments.calling)
    step = escalation.handle(event.Restored(store.restore(...)), now)   # the first event of every life
    # commit step.write after every earlier one, then handle(Committed(number)); journal step.witnessed; do
    # step.commands
    escalation.next_deadline()                                          # when `Tick` is due at the latest

Rules:

- No clock is read and nothing is awaited: the same events at the same times give the same steps, always.
- `now` is seconds since 1970 of one clock for all events. It may step back (`intake.steady`); better is the wall's
  clock at the start, and a monotonic one from there.
- Nothing is dialled, said to have been acknowledged, or stopped because of it, before the decision is on disk. A write
  that fails is tried again, for ever if it must be: meanwhile nothing that depends on it happens.
- A `Bug` means that the core contradicts itself. The process ends; the next one begins with `Restored`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dispatch import adoption, event, report, wish, wishing
from dispatch.answer import press
from dispatch.board import Board
from dispatch.calling import conclude, tell
from dispatch.deadline import Due
from dispatch.department import Calling
from dispatch.fact import Escalated
from dispatch.notification import Notification, NotificationEvent, NotificationState, Why
from dispatch.step import Step
from dispatch.view import OrderView, order_view
from intake.steady import SteadyTime
from intake.table import Bug

Event = event.Report | wish.Wish
"""Everything that the core can hear."""


class Escalation:
    """The notification of all departments of one centre."""

    def __init__(self, calling: Calling) -> None:
        self._board = Board(calling)
        self._time = SteadyTime()

    def handle(self, heard: Event, now: float) -> Step:
        """What one event comes to. Raises Bug."""
        board = self._board
        board.now = self._time.at(now)
        board.lead = board.now - now
        if not board.restored and not isinstance(heard, event.Restored):
            raise Bug(f"a life begins with what is stored, not with {heard}")
        _dispatch(board, heard)
        conclude(board)
        return board.taken()

    def next_deadline(self) -> float | None:
        """When the next `Tick` is due, in seconds of the outer clock; None: nothing is."""
        due = self._board.deadlines.next()
        return None if due is None else self._time.shown(due)

    @property
    def fence(self) -> int:
        """The number of the newest decision."""
        return self._board.fence

    def order(self, id: str) -> OrderView | None:
        """One order; None if it is over, or nobody has heard of it."""
        notification = self._board.notifications.get(id)
        return None if notification is None else order_view(self._board, notification)

    def orders(self) -> Iterator[OrderView]:
        """Every order that is not over, in the order of becoming known."""
        return (order_view(self._board, each) for each in self._board.notifications.values())


def _dispatch(board: Board, heard: Event) -> None:
    match heard:
        case event.Restored():
            adoption.restored(board, heard.stored)
        case event.Tick():
            _tick(board)
        case event.Committed():
            board.commit(heard.number)
        case event.Issued():
            adoption.issued(board, heard.orders)
        case event.Found():
            report.found(board, heard)
        case event.Missed():
            report.missed(board)
        case wish.Cancel() | wish.Again() | wish.TakeWord() | wish.Feedback() | wish.Close():
            wishing.wished(board, heard)
        case _:
            _report(board, heard)


def _report(
    board: Board,
    heard: event.Dialled
    | event.Rings
    | event.Accepted
    | event.PromptOver
    | event.Key
    | event.NoKey
    | event.Ended
    | event.LostSight,
) -> None:
    """What is reported of one attempt; of another fence, or of one that nobody knows any more, it changes nothing."""
    attempt = board.attempts.get(heard.attempt)
    if attempt is None or attempt.fence != heard.fence:
        return
    match heard:
        case event.Key():
            press(board, attempt, heard.key)
        case event.Ended():
            report.ended(board, attempt, heard.outcome)
        case event.LostSight():
            report.lose_sight(board, attempt)
        case _:
            report.went_on(board, attempt, heard)


def _tick(board: Board) -> None:
    """Do whatever is due."""
    for due, subject in board.deadlines.fallen(board.now):
        match due:
            case Due.ORDER:
                _overdue(board, board.notifications[subject])
            case Due.LOOK:
                board.stir(subject)
            case Due.ATTEMPT:
                report.overdue(board, board.attempts[subject])


def _overdue(board: Board, notification: Notification) -> None:
    """Nobody has acknowledged in time: every line rings now, and the dispatcher is told; later he is told again."""
    first = notification.state is NotificationState.CALLING
    board.settle(notification, NotificationEvent.DEADLINE)
    if first:
        board.record(Escalated(notification.order.id, notification.round, Why.DEADLINE))
        board.stir(notification.order.id)
    tell(board, notification, notification.why or Why.DEADLINE)
