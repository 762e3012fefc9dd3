"""The board: every order that is not over, every attempt, every line. The only place that moves a state.

Rules: states move through their tables. Lines, deadlines, and what waits for a commit follow from the states and are
kept right by the same functions that move them, so that they never disagree.
"""

from __future__ import annotations

from collections import deque

from dispatch import command, fact
from dispatch.attempt import ATTEMPT, Attempt, AttemptEvent, AttemptState
from dispatch.deadline import Due
from dispatch.department import Calling
from dispatch.line import Line
from dispatch.notification import NOTIFICATION, Notification, NotificationEvent
from dispatch.order import ORDER, OVER, OrderEvent
from dispatch.outcome import HEARD, Outcome
from dispatch.step import Step, Write
from intake.deadline import Deadlines
from intake.table import Bug, Theirs


class Board:
    """The state of the core, and what the present step has written so far."""

    def __init__(self, calling: Calling) -> None:
        self.calling = calling
        self.notifications: dict[str, Notification] = {}
        """By order, in the order of becoming known."""
        self.attempts: dict[str, Attempt] = {}
        """Every attempt of those orders, ended ones as well: a key may be reported late."""
        self.lines: dict[str, Line] = {}
        """By key; every one that was ever wanted."""
        self.deadlines = Deadlines(Due)
        self.now = 0.0
        """Steady seconds."""
        self.lead = 0.0
        """Steady seconds less the outer clock's."""
        self.fence = 0
        self.restored = False
        self.stirred: dict[str, None] = {}
        """Orders of which the ladder is to be asked before the step ends."""
        self.freed: dict[str, None] = {}
        """Lines that may be granted before the step ends."""
        self._touched: dict[str, None] = {}
        """Orders that may be over since this step."""
        self._serial = 0
        self._written = 0
        self._committed = 0
        self._facts: list[fact.Decided] = []
        self._witnessed: list[fact.Witnessed] = []
        self._commands: list[command.Command] = []
        self._after: list[tuple[int | None, command.Command]] = []
        """Commands of this step that wait for a write; None: for this step's own."""
        self._pending: deque[tuple[int, command.Command]] = deque()

    # What the step writes.

    def do(self, wanted: command.Command) -> None:
        """A command that depends on no decision."""
        self._commands.append(wanted)

    def note(self, witnessed: fact.Witnessed) -> None:
        """A witnessed fact."""
        self._witnessed.append(witnessed)

    def record(self, decided: fact.Decided) -> None:
        """A decided fact of this step's write."""
        self._facts.append(decided)
        notification = self.notifications.get(decided.order)
        if notification is not None:
            notification.write = self._written + 1
            self._touched[decided.order] = None

    def after(self, wanted: command.Command, write: int | None = None) -> None:
        """A command that waits until a write is on disk: this step's, or an earlier one."""
        self._after.append((write, wanted))

    def commit(self, number: int) -> None:
        """Every write up to this one is on disk: what waited for it is commanded."""
        self._committed = max(self._committed, number)
        waiting, self._pending = self._pending, deque()
        for write, wanted in waiting:
            if write <= self._committed:
                self._release(wanted)
            else:
                self._pending.append((write, wanted))

    def taken(self) -> Step:
        """The step that was written, leaving an empty one."""
        write = None
        if self._facts:
            self._written += 1
            write = Write(self._written, self.shown(self.now), tuple(self._facts))
        for number, wanted in self._after:
            number = self._written if number is None else number
            if number <= self._committed:
                self._release(wanted)
            else:
                self._pending.append((number, wanted))
        step = Step(write, tuple(self._witnessed), tuple(self._commands))
        self._facts, self._witnessed, self._commands, self._after = [], [], [], []
        return step

    def _release(self, wanted: command.Command) -> None:
        """What the decision was for is done, unless it has lost its sense meanwhile."""
        match wanted:
            case command.Dial():
                attempt = self.attempts.get(wanted.attempt)
                if attempt is not None and attempt.state is AttemptState.DECIDED:
                    self.move(attempt, AttemptEvent.COMMITTED)
                    self._commands.append(wanted)
            case command.Say():
                if wanted.attempt in self.attempts and self.attempts[wanted.attempt].live:
                    self._commands.append(wanted)
            case command.StopRinging():
                # Who has picked up meanwhile is told why instead.
                stopping = wanted.attempt in self.attempts
                if stopping and self.attempts[wanted.attempt].state is AttemptState.STOPPING:
                    self._commands.append(wanted)
            case _:
                self._commands.append(wanted)

    # Time.

    def shown(self, steady: float) -> float:
        """What the outer clock shows at a steady time, seconds since 1970."""
        return steady - self.lead

    def steady(self, outer: float) -> float:
        """The steady time at which the outer clock shows this."""
        return outer + self.lead

    # Moving.

    def add(self, notification: Notification) -> None:
        """An order becomes known."""
        self.notifications[notification.order.id] = notification

    def next_serial(self) -> int:
        """The number of a newly known order."""
        self._serial += 1
        return self._serial

    def move(self, attempt: Attempt, what: AttemptEvent) -> bool:
        """Move an attempt; False if that cannot be, which is noted, and nothing has changed."""
        after = ATTEMPT.after(attempt.state, what)
        if isinstance(after, Theirs):
            self.note(fact.Contradiction(attempt.order, attempt.id, after.code, after.because))
            return False
        if after is attempt.state:
            return True
        attempt.state = after
        attempt.turn += 1
        self.await_report(attempt)
        return True

    def settle(self, notification: Notification, what: NotificationEvent) -> None:
        """Move a notification; what cannot be was refused before. Raises Bug."""
        after = NOTIFICATION.after(notification.state, what)
        if isinstance(after, Theirs):
            raise Bug(f"notification: {what} in {notification.state} was not refused: {after.because}")
        notification.state = after
        if not notification.open:
            self._close(notification)

    def progress(self, notification: Notification, what: OrderEvent) -> None:
        """Move an order; what cannot be was refused before. Raises Bug."""
        after = ORDER.after(notification.progress, what)
        if isinstance(after, Theirs):
            raise Bug(f"order: {what} in {notification.progress} was not refused: {after.because}")
        notification.progress = after

    def judge(self, attempt: Attempt, verdict: Outcome) -> None:
        """It is clear what an attempt comes to: the ladder goes on, whatever its line still does."""
        attempt.verdict, attempt.verdict_at = verdict, self.now
        self.stir(attempt.order)

    def end(self, attempt: Attempt, outcome: Outcome, found: bool = False) -> None:
        """An attempt's line is down; its state has been moved."""
        attempt.accepted = attempt.accepted or outcome in HEARD
        if attempt.verdict is None:
            self.judge(attempt, outcome)
        self.deadlines.drop(Due.ATTEMPT, attempt.id)
        self.record(fact.AttemptEnded(attempt.order, attempt.id, attempt.verdict or outcome, attempt.heard, found))
        line = self.lines[attempt.line]
        if line.attempt != attempt.id:
            raise Bug(f"attempt {attempt.id} ends on a line that {line.attempt} has")
        line.attempt = None
        self.freed[attempt.line] = None

    def stir(self, order: str) -> None:
        """Something about an order has changed: its ladder is asked before the step ends."""
        self.stirred[order] = None

    def await_order(self, notification: Notification, at: float) -> None:
        """The next deadline of an open order, steady seconds."""
        notification.due = at
        self.deadlines.put(Due.ORDER, notification.order.id, at)

    def line(self, key: str) -> Line:
        """A line, as it is used."""
        return self.lines.setdefault(key, Line())

    def forget(self) -> None:
        """Orders that are over and have no live attempt leave the board."""
        for order in self._touched:
            each = self.notifications.get(order)
            if each is None or each.progress not in OVER or any(attempt.live for attempt in each.attempts):
                continue
            del self.notifications[order]
            for attempt in each.attempts:
                del self.attempts[attempt.id]
        self._touched.clear()

    def await_report(self, attempt: Attempt) -> None:
        """By when an attempt has to go on, from now; one that is decided or has ended owes nothing."""
        order = self.notifications[attempt.order].order
        calling = self.calling
        line = order.ladder.lines[attempt.rung]
        # Spoken and listened to as often as may be; the estimate of the prompt may be half too short.
        hearing_s = calling.spoken * (1.5 * order.prompt_s + calling.key_s)
        within_s = {
            AttemptState.DIALLED: line.ring_s + calling.report_s,
            AttemptState.RINGING: line.ring_s + calling.report_s,
            AttemptState.SPEAKING: hearing_s + calling.report_s,
            AttemptState.LISTENING: hearing_s + calling.report_s,
            AttemptState.CLOSING: calling.last_words_s,
            AttemptState.STOPPING: calling.report_s,
            AttemptState.UNKNOWN: calling.ask_s,
        }.get(attempt.state)
        if within_s is None:
            self.deadlines.drop(Due.ATTEMPT, attempt.id)
        else:
            self.deadlines.put(Due.ATTEMPT, attempt.id, self.now + within_s)

    def _close(self, notification: Notification) -> None:
        """Nobody is dialled for it any more."""
        order = notification.order
        for rung in notification.waits:
            self.line(order.ladder.lines[rung].key).leave(order.id, rung)
        notification.waits.clear()
        self.deadlines.drop(Due.ORDER, order.id)
        self.deadlines.drop(Due.LOOK, order.id)
