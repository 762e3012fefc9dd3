"""What stands in the database of orders that are not over: all that a new life of the engine knows of the last one.

`after` makes it from the facts, one by one; the rows in the database are made by it, and so is what a rehearsal
remembers. It holds the facts to the same tables as the core, so that a contradiction is found before it is on disk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatch import fact
from dispatch.notification import NOTIFICATION, OPEN, NotificationEvent, NotificationState, Why
from dispatch.order import ORDER, OVER, REPORTS, Order, OrderEvent, OrderState
from dispatch.outcome import Outcome
from intake.table import Bug, Theirs


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """One attempt."""

    id: str
    fence: int
    round: int
    rung: int
    line: str
    repeats: bool
    decided_at: float
    """Seconds since 1970, like every time here."""
    outcome: Outcome | None = None
    """What it came to; None: not known. A decline or an acknowledgement stands here before the end."""
    outcome_at: float | None = None
    heard: bool = False
    """Whether the order may have been heard; it means something when the attempt has ended."""
    ended: bool = False
    """Whether its line is known to be down."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """One order that is not over, or of which an attempt has not ended."""

    order: Order
    began_at: float
    """When this round began."""
    due: float
    """The next deadline; means nothing when nobody is waited for."""
    progress: OrderState = OrderState.ISSUED
    state: NotificationState = NotificationState.CALLING
    round: int = 1
    told: int = 0
    why: Why | None = None
    acknowledged_by: str | None = None
    attempts: tuple[StoredAttempt, ...] = ()
    """Of all rounds, in the order of their fences."""
    reports: frozenset[fact.FeedbackGiven] = frozenset()
    """What the department has reported."""

    @classmethod
    def issued(cls, order: Order) -> StoredOrder:
        """An order that is new."""
        return cls(order, order.issued_at, order.issued_at + order.deadline_s)

    @property
    def wanted(self) -> bool:
        """Whether a new life of the engine has to know of it."""
        return self.progress not in OVER or any(not each.ended for each in self.attempts)

    @property
    def open(self) -> bool:
        """Whether nobody has acknowledged yet."""
        return self.state in OPEN

    def attempt(self, id: str) -> StoredAttempt:
        """One attempt; KeyError if there is none of this id."""
        for each in self.attempts:
            if each.id == id:
                return each
        raise KeyError(id)


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything."""

    orders: tuple[StoredOrder, ...] = ()
    """In the order of their issue."""
    fence: int = 0
    """The last fence ever given."""


def after(stored: StoredOrder, told: fact.Decided, at: float) -> StoredOrder:
    """The order after one fact that was decided at this time. Raises Bug for one that cannot be."""
    match told:
        case fact.AttemptDecided():
            return _decided(stored, told, at)
        case fact.AttemptEnded():
            return _ended(stored, told, at)
        case fact.OrderHeard():
            return _progressed(stored, OrderEvent.HEARD)
        case fact.Acknowledged():
            return _acknowledged(stored, told, at)
        case fact.Declined():
            if stored.attempt(told.attempt).outcome is not None:
                raise Bug(f"{told.attempt} declines what it has come to something already")
            return _judged(stored, told.attempt, Outcome.DECLINED, at)
        case fact.Escalated():
            return _escalated(stored, told)
        case fact.DispatcherTold():
            if told.due is None:
                return stored
            return replace(stored, told=told.times, why=told.why, due=told.due)
        case fact.OrderAgain():
            return _again(stored, told, at)
        case fact.OrderCancelled():
            return _progressed(_settled(stored, NotificationEvent.CANCEL), OrderEvent.CANCEL)
        case fact.FeedbackGiven():
            return _reported(stored, told)
        case fact.OrderClosed():
            return _progressed(stored, OrderEvent.FINISHED)


def _decided(stored: StoredOrder, told: fact.AttemptDecided, at: float) -> StoredOrder:
    if stored.state not in OPEN or told.round != stored.round:
        raise Bug(f"{told.attempt} is decided for an order that nobody waits for")
    if any(told.fence <= each.fence for each in stored.attempts):
        raise Bug(f"{told.attempt} has a fence that is not new")
    new = StoredAttempt(told.attempt, told.fence, told.round, told.rung, told.line, told.repeats, at)
    return replace(stored, attempts=(*stored.attempts, new))


def _ended(stored: StoredOrder, told: fact.AttemptEnded, at: float) -> StoredOrder:
    before = stored.attempt(told.attempt)
    if before.ended:
        raise Bug(f"{told.attempt} ends twice")
    done = replace(before, outcome=told.outcome, heard=told.heard, ended=True)
    return _with(stored, done if before.outcome_at is not None else replace(done, outcome_at=at))


def _acknowledged(stored: StoredOrder, told: fact.Acknowledged, at: float) -> StoredOrder:
    if stored.state not in OPEN or told.round != stored.round:
        raise Bug(f"{told.order} is acknowledged twice")
    closed = _progressed(_settled(stored, NotificationEvent.ACKNOWLEDGE), OrderEvent.ACKNOWLEDGE)
    closed = replace(closed, acknowledged_by=told.attempt)
    if told.attempt is None or closed.attempt(told.attempt).ended:
        return closed
    return _judged(closed, told.attempt, Outcome.ACKNOWLEDGED, at)


def _escalated(stored: StoredOrder, told: fact.Escalated) -> StoredOrder:
    if told.why is Why.DEADLINE:
        return _settled(stored, NotificationEvent.DEADLINE)
    left = _settled(stored, NotificationEvent.LADDER_OVER)
    return _progressed(left, OrderEvent.DECLINE) if told.why is Why.DECLINED else left


def _again(stored: StoredOrder, told: fact.OrderAgain, at: float) -> StoredOrder:
    begun = _progressed(_settled(stored, NotificationEvent.AGAIN), OrderEvent.AGAIN)
    return replace(begun, round=told.round, began_at=at, due=told.due, told=0, why=None, acknowledged_by=None)


def _reported(stored: StoredOrder, told: fact.FeedbackGiven) -> StoredOrder:
    if any(each.feedback == told.feedback for each in stored.reports):
        raise Bug(f"{told.feedback} is reported twice")
    known = replace(stored, reports=stored.reports | {told})
    return known if told.progress is None else _progressed(known, REPORTS[told.progress])


def _judged(stored: StoredOrder, attempt: str, outcome: Outcome, at: float) -> StoredOrder:
    return _with(stored, replace(stored.attempt(attempt), outcome=outcome, outcome_at=at))


def _with(stored: StoredOrder, attempt: StoredAttempt) -> StoredOrder:
    return replace(stored, attempts=tuple(attempt if each.id == attempt.id else each for each in stored.attempts))


def _settled(stored: StoredOrder, what: NotificationEvent) -> StoredOrder:
    state = NOTIFICATION.after(stored.state, what)
    if isinstance(state, Theirs):
        raise Bug(f"{stored.order.id}: {what} in {stored.state}: {state.because}")
    return replace(stored, state=state)


def _progressed(stored: StoredOrder, what: OrderEvent) -> StoredOrder:
    progress = ORDER.after(stored.progress, what)
    if isinstance(progress, Theirs):
        raise Bug(f"{stored.order.id}: {what} in {stored.progress}: {progress.because}")
    return replace(stored, progress=progress)
