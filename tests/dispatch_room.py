"""A room for the tests of notification: a rehearsed edge, and the rules that hold after every step of the core."""

from collections.abc import Iterator
from itertools import count
from typing import Any, TypeVar

from config.field import Language
from dispatch import command, fact, wish
from dispatch.attempt import AttemptState
from dispatch.board import Board
from dispatch.deadline import Due
from dispatch.department import Calling
from dispatch.escalation import Event
from dispatch.ladder import DutyLine, Ladder, Ring
from dispatch.notification import Notification, NotificationState
from dispatch.order import Order
from dispatch.outcome import Outcome
from dispatch.rehearsal import MemoryStore, RehearsedEdge
from dispatch.step import Step

T = TypeVar("T")
START = 1_800_000_000.0
"""Seconds since 1970 at which every test begins."""
RING_S, WAIT_S, DEADLINE_S, PROMPT_S = 20, 15, 120, 20.0


def ladder(*lines: str, ring: Ring = Ring.IN_TURN, tries: int = 2, wait_s: int = WAIT_S) -> Ladder:
    each = (DutyLine(number=line, ring_s=RING_S, tries=tries, wait_s=wait_s) for line in lines)
    return Ladder(ring=ring, lines=tuple(each))


def order(
    department: str = "fire",
    *lines: str,
    incident: str = "i1",
    priority: int = 5,
    deadline_s: int = DEADLINE_S,
    ring: Ring = Ring.IN_TURN,
    tries: int = 2,
    lineless: bool = False,
) -> Order:
    """An order to a department, by the lines 1 and 2 if none are given."""
    return Order(
        id=f"{incident}.{department}.1",
        code="0007",
        incident=incident,
        department=department,
        language=Language.ZH,
        text="民安路12号发生火灾，请立即出动。",
        ladder=Ladder() if lineless else ladder(*(lines or ("1", "2")), ring=ring, tries=tries),
        priority=priority,
        deadline_s=deadline_s,
        prompt_s=PROMPT_S,
        issued_at=START,
    )


class Room(RehearsedEdge):
    """An edge with short words for what tests do."""

    def __init__(self, *orders: Order, store: MemoryStore | None = None, **calling: Any) -> None:
        self._names = (f"w{number}" for number in count(1))
        super().__init__(Calling(**calling), START, store)
        if orders:
            self.issue(*orders)
            self.run()

    clock_was_set = False

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the outer clock, forward or back."""
        self.now += seconds
        self.clock_was_set = True

    def hear(self, heard: Event) -> Step:
        step = super().hear(heard)
        keep_rules(self, heard, step)
        return step

    # What people do; everything that follows arrives at once.

    def rings(self, line: str) -> None:
        self.asterisk.rings(line)
        self.run()

    def picks_up(self, line: str) -> None:
        self.asterisk.rings(line)
        self.asterisk.picks_up(line)
        self.run()

    def hears_all(self, line: str) -> None:
        self.picks_up(line)
        self.asterisk.hears_all(line)
        self.run()

    def presses(self, line: str, key: str) -> None:
        self.asterisk.presses(line, key)
        self.run()

    def answers(self, line: str, key: str) -> None:
        """It rings, is picked up, and the key is pressed."""
        self.picks_up(line)
        self.presses(line, key)

    def presses_nothing(self, line: str) -> None:
        self.asterisk.presses_nothing(line)
        self.run()

    def hangs_up(self, line: str) -> None:
        self.asterisk.hangs_up(line)
        self.run()

    def hangs_up_silently(self, line: str) -> None:
        """The line is down, and nobody hears of it."""
        self.asterisk.hangs_up(line)
        self.asterisk.reports.clear()

    def comes_to(self, line: str, outcome: Outcome) -> None:
        self.asterisk.comes_to(line, outcome)
        self.run()

    def wish(self, kind: type[Any], **values: Any) -> command.Reply:
        """Wish something and return the reply."""
        name = next(self._names)
        self.hear(kind(wish=name, by="zhang-wei", **values))
        self.run()
        (reply,) = [each for each in self.replies if each.wish == name]
        return reply

    def cancel(self, order: str = "i1.fire.1") -> command.Reply:
        return self.wish(wish.Cancel, order=order)

    # What is seen.

    @property
    def board(self) -> Board:
        return self.core._board

    def of(self, order: str = "i1.fire.1") -> Notification:
        return self.board.notifications[order]

    @property
    def calling_now(self) -> list[str]:
        """Lines that are called now."""
        return [each.dial.line.key for each in self.asterisk.calls.values() if each.outcome is None]

    @property
    def dialled(self) -> list[str]:
        """Every line that was ever dialled, in order; one that was told that it repeats with an r."""
        return [each.dial.line.key + "r" * each.dial.repeats for each in self.asterisk.calls.values()]

    def said(self, line: str) -> list[str]:
        """What the last call of a line heard besides the order."""
        calls = [each for each in self.asterisk.calls.values() if each.dial.line.key == line]
        return [words.value for words in calls[-1].said]

    def facts(self, kind: type[T]) -> list[T]:
        return [told for _, told in self.store.facts if isinstance(told, kind)]

    def outcomes(self) -> list[str]:
        return [told.outcome.value for told in self.facts(fact.AttemptEnded)]

    def told_of(self) -> list[str]:
        """Why the dispatcher was told, each time."""
        return [each.why.value for each in self.told]


# The rules.


def keep_rules(room: Room, heard: Event, step: Step) -> None:
    for broken in _broken(room, step):
        raise AssertionError(f"{broken} after {heard}: {step}")


def _broken(room: Room, step: Step) -> Iterator[str]:
    board = room.board
    yield from _lines(board)
    yield from _orders(board)
    yield from _attempts(board)
    yield from _commands(room, step)
    if not room.writes:
        yield from _disk(board, room.store, room.clock_was_set)


def _lines(board: Board) -> Iterator[str]:
    users: dict[str, str] = {}
    for attempt in board.attempts.values():
        if attempt.live and users.setdefault(attempt.line, attempt.id) != attempt.id:
            yield f"{attempt.line} has two attempts"
    for key, line in board.lines.items():
        if line.attempt != users.get(key):
            yield f"{key} believes in {line.attempt}, used by {users.get(key)}"
        if line.attempt is None and line.waiting:
            yield f"{key} is free and somebody waits for it"
    waiting = {(name, key) for key, line in board.lines.items() for name in line.waiting}
    wanted = {
        (f"{rung} {each.order.id}", each.order.ladder.lines[rung].key)
        for each in board.notifications.values()
        for rung in each.waits
    }
    if waiting != wanted:
        yield f"lines are waited for by {waiting}, and wanted by {wanted}"


def _orders(board: Board) -> Iterator[str]:
    for each in board.notifications.values():
        due = board.deadlines.has(Due.ORDER, each.order.id)
        look = board.deadlines.has(Due.LOOK, each.order.id)
        if each.open and not due:
            yield f"{each.order.id} is open without a deadline"
        if not each.open and (due or look or each.waits):
            yield f"{each.order.id} is closed and goes on"
        running = any(attempt.running for attempt in each.of_round()) or bool(each.waits)
        if each.open and each.state is not NotificationState.UNREACHED and not running and not look:
            yield f"{each.order.id} is {each.state} and nothing is under way"
        fences = [attempt.fence for attempt in each.attempts]
        if fences != sorted(set(fences)) or any(fence > board.fence for fence in fences):
            yield f"{each.order.id} has the fences {fences}"


def _attempts(board: Board) -> Iterator[str]:
    pending = {wanted.attempt for _, wanted in board._pending if isinstance(wanted, command.Dial)}
    for attempt in board.attempts.values():
        due = board.deadlines.has(Due.ATTEMPT, attempt.id)
        owes = attempt.live and attempt.state is not AttemptState.DECIDED
        if due != owes:
            yield f"{attempt.id} is {attempt.state}, deadline: {due}"
        if attempt.state is AttemptState.DECIDED and attempt.id not in pending:
            yield f"{attempt.id} is decided and will never be dialled"
        if not attempt.live and attempt.verdict is None:
            yield f"{attempt.id} came to nothing that is known"


def _commands(room: Room, step: Step) -> Iterator[str]:
    board, store = room.board, room.store
    for wanted in step.commands:
        if isinstance(wanted, command.Say) and not board.attempts[wanted.attempt].live:
            yield f"something is said on {wanted.attempt}, which has ended"
        match wanted:
            case command.Dial():
                notification = board.notifications[wanted.order]
                if not notification.open:
                    yield f"{wanted.attempt} is dialled for an order that is {notification.state}"
                if wanted.attempt not in {each.id for each in store.orders[wanted.order].attempts}:
                    yield f"{wanted.attempt} is dialled before it is on disk"
            case command.Say(words=command.Words.THANKS):
                stored = store.orders[board.attempts[wanted.attempt].order]
                if stored.acknowledged_by != wanted.attempt:
                    yield f"{wanted.attempt} is thanked before its acknowledgement is on disk"
            case command.Say(words=command.Words.TAKEN):
                stored = store.orders[board.attempts[wanted.attempt].order]
                if stored.state is not NotificationState.ACKNOWLEDGED:
                    yield f"{wanted.attempt} is told that somebody has it before that is on disk"
            case command.Reply(refused=None) if step.write is not None:
                yield "a wish is answered before what it decided is on disk"
            case command.TellDispatcher():
                if not any(isinstance(told, fact.DispatcherTold) for _, told in store.facts):
                    yield "the dispatcher is told before it is on disk"


def _disk(board: Board, store: MemoryStore, clock_was_set: bool) -> Iterator[str]:
    """With nothing under way, what is on disk is what the core believes."""
    for each in board.notifications.values():
        stored = store.orders[each.order.id]
        believed = (each.progress, each.state, each.round, each.acknowledged_by, each.told)
        if believed != (stored.progress, stored.state, stored.round, stored.acknowledged_by, stored.told):
            yield f"{each.order.id} is believed to be {believed}, on disk: {stored}"
        late_s = board.shown(each.due) - stored.due
        if each.open and (late_s > 1e-3 or (late_s < -1e-3 and not clock_was_set)):
            yield f"{each.order.id} is due at {board.shown(each.due)}, on disk at {stored.due}"
        ended = {attempt.id: not attempt.live for attempt in each.attempts}
        if ended != {attempt.id: attempt.ended for attempt in stored.attempts}:
            yield f"the attempts of {each.order.id} differ"
