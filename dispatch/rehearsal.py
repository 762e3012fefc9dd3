"""An edge without a database and without an Asterisk, on a clock that whoever rehearses winds.

It carries out what the core wants in the smallest steps, so that a test can look, or kill, between any two of them:

    commit   the oldest write goes to disk
    confirm  the core hears that it did
    act      the oldest command is carried out
    news     the oldest report is heard

`RehearsedAsterisk` does what the dialplan does; people ring, press and hang up when whoever rehearses lets them.
What has been dialled, pressed and noted there, and what is in `MemoryStore`, outlives a killed core.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum

from dispatch import command, event, fact
from dispatch.command import Dial, Words
from dispatch.department import Calling
from dispatch.escalation import Escalation, Event
from dispatch.event import Sight
from dispatch.order import Order
from dispatch.outcome import Outcome
from dispatch.step import Step, Write
from dispatch.stored import Stored, StoredOrder, after

_LAST = frozenset({Words.THANKS, Words.NEXT, Words.TAKEN, Words.CANCELLED})
"""After these words the dialplan hangs up."""


class MemoryStore:
    """What is on disk."""

    def __init__(self) -> None:
        self.orders: dict[str, StoredOrder] = {}
        self.facts: list[tuple[float, fact.Decided]] = []
        """Every decided fact with its time, in order."""
        self.fence = 0

    def issue(self, order: Order) -> Order:
        """An order is issued; returns it as it stands on disk."""
        self.orders[order.id] = StoredOrder.issued(order)
        return order

    def write(self, write: Write) -> None:
        """A write is committed, all of it."""
        orders = dict(self.orders)
        for told in write.facts:
            orders[told.order] = after(orders[told.order], told, write.at)
            if isinstance(told, fact.AttemptDecided):
                self.fence = max(self.fence, told.fence)
        self.orders = orders
        self.facts += [(write.at, told) for told in write.facts]

    def restore(self) -> Stored:
        """What a new life has to know."""
        return Stored(tuple(each for each in self.orders.values() if each.wanted), self.fence)


@dataclass(slots=True)
class Call:
    """An attempt as Asterisk has it, from its dial on."""

    dial: Dial
    sight: Sight = Sight.RINGING
    outcome: Outcome | None = None
    """What became of it; None: it is up."""
    key: str = ""
    """The first key that decides, as the dialplan has noted it."""
    taken_back: bool = False
    """Whether it has noted a 9 after that."""
    accepted: bool = False
    said: list[Words] = field(default_factory=list)


class RehearsedAsterisk:
    """Everything that was ever dialled. Whoever is dead hears no report."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        """By attempt, in the order of dialling."""
        self.reports: deque[Event] = deque()
        """What nobody has heard yet."""
        self.remembers = True
        """Whether it notes what became of a call; else a call that is over leaves no trace."""
        self.reachable = True
        """Whether commands arrive; else nothing is done and nothing is told."""

    # What it is told to do.

    def dial(self, wanted: Dial) -> None:
        """Dial a line. That an id is used twice, or a line is in use, is told to whoever rehearses."""
        if wanted.attempt in self.calls:
            raise AssertionError(f"{wanted.attempt} is dialled twice")
        if self.on_line(wanted.line.key) is not None:
            raise AssertionError(f"{wanted.line.key} is dialled while it is in use")
        self.calls[wanted.attempt] = Call(wanted)
        self.reports.append(event.Dialled(wanted.attempt, wanted.fence))

    def stop(self, wanted: command.StopRinging) -> None:
        """Hang up."""
        call = self._of(wanted.attempt, wanted.fence)
        if call is not None:
            self._end(call, Outcome.HUNG_UP if call.accepted else Outcome.NO_ANSWER)

    def say(self, wanted: command.Say) -> None:
        """Say something to who is on the line; a line that only rings has nobody."""
        call = self._of(wanted.attempt, wanted.fence)
        if call is None or not call.accepted:
            return
        call.said.append(wanted.words)
        if wanted.words in _LAST:
            call.sight = Sight.CLOSING

    def ask(self, wanted: command.Ask) -> event.Found:
        """Where an attempt is, and what is noted of it."""
        attempt, turn, at = wanted.attempt, wanted.turn, wanted.at
        call = self.calls.get(attempt)
        if call is None or (call.outcome is not None and not self.remembers):
            return event.Found(attempt, turn, at, Sight.ABSENT)
        if call.outcome is not None:
            return event.Found(attempt, turn, at, Sight.GONE, call.key, call.outcome, call.taken_back)
        return event.Found(attempt, turn, at, call.sight, call.key, taken_back=call.taken_back)

    # What people do.

    def on_line(self, line: str) -> Call | None:
        """The call that a line has now."""
        return next((each for each in self.calls.values() if each.dial.line.key == line and each.outcome is None), None)

    def rings(self, line: str) -> None:
        """The telephone rings."""
        self._tell(self._up(line), event.Rings)

    def picks_up(self, line: str) -> None:
        """Somebody, or something, answers: the order is spoken."""
        call = self._up(line)
        call.accepted, call.sight = True, Sight.SPEAKING
        self._tell(call, event.Accepted)

    def hears_all(self, line: str) -> None:
        """The order was spoken to its end."""
        call = self._up(line)
        call.sight = Sight.LISTENING
        self._tell(call, event.PromptOver)

    def presses(self, line: str, key: str) -> None:
        """A key is pressed. The dialplan notes one that decides, and waits for what it shall say; 2 begins anew."""
        call = self._up(line)
        if key in ("1", "9") and not call.key:
            call.key, call.sight = key, Sight.CLOSING
        elif key == "9" and not _LAST.intersection(call.said):
            call.taken_back = True
        elif key == "2" and call.sight is Sight.LISTENING:
            call.sight = Sight.SPEAKING
        self.reports.append(event.Key(call.dial.attempt, call.dial.fence, key))

    def presses_nothing(self, line: str) -> None:
        """The dialplan has waited for a key as often as it should, and ends the call."""
        call = self._up(line)
        self._tell(call, event.NoKey)
        self._end(call, Outcome.HUNG_UP)

    def hangs_up(self, line: str) -> None:
        """Whoever answered hangs up."""
        self._end(self._up(line), Outcome.HUNG_UP)

    def comes_to(self, line: str, outcome: Outcome) -> None:
        """The telephone is not answered: busy, no answer, rejected, failed."""
        self._end(self._up(line), outcome)

    def _of(self, attempt: str, fence: int) -> Call | None:
        """The live call of this decision; a stale decision finds none."""
        call = self.calls.get(attempt)
        return call if call is not None and call.outcome is None and call.dial.fence == fence else None

    def _up(self, line: str) -> Call:
        call = self.on_line(line)
        if call is None:
            raise AssertionError(f"nobody is called on {line}")
        return call

    def _tell(self, call: Call, kind: type[event.Rings | event.Accepted | event.PromptOver | event.NoKey]) -> None:
        self.reports.append(kind(call.dial.attempt, call.dial.fence))

    def _end(self, call: Call, outcome: Outcome) -> None:
        call.outcome, call.sight = outcome, Sight.GONE
        self.reports.append(event.Ended(call.dial.attempt, call.dial.fence, outcome))


class Micro(Enum):
    """One smallest step of the edge."""

    COMMIT = "commit"
    CONFIRM = "confirm"
    ACT = "act"
    NEWS = "news"


class RehearsedEdge:
    """A core, what is on disk, an Asterisk, and what is under way between them."""

    def __init__(self, calling: Calling, now: float, store: MemoryStore | None = None) -> None:
        self.calling = calling
        self.now = now
        self.store = store or MemoryStore()
        self.asterisk = RehearsedAsterisk()
        self.told: list[command.TellDispatcher] = []
        self.replies: list[command.Reply] = []
        self.steps: list[Step] = []
        """Every step of this life."""
        self.writes: deque[Write] = deque()
        self.written: deque[int] = deque()
        self.commands: deque[command.Command] = deque()
        self.core = Escalation(calling)
        self.begin()

    # Lives.

    def begin(self) -> None:
        """A new life of the core, from what is on disk."""
        self.core = Escalation(self.calling)
        self.steps = []
        self.hear(event.Restored(self.store.restore()))

    def kill(self) -> None:
        """The core dies as it stands: what is not on disk, not done and not heard is gone."""
        for under_way in (self.writes, self.written, self.commands, self.asterisk.reports):
            under_way.clear()

    def restart(self) -> None:
        """It dies, and a new life begins."""
        self.kill()
        self.begin()

    # Steps.

    def hear(self, heard: Event) -> Step:
        """The core hears something; what it wants is under way now."""
        step = self.core.handle(heard, self.now)
        self.steps.append(step)
        if step.write is not None:
            self.writes.append(step.write)
        self.commands.extend(step.commands)
        return step

    def issue(self, *orders: Order) -> None:
        """Orders are issued now: on disk first, then heard."""
        self.hear(event.Issued(tuple(self.store.issue(replace(each, issued_at=self.now)) for each in orders)))

    def ready(self) -> tuple[Micro, ...]:
        """The steps that can be made now."""
        heaps = (
            (Micro.COMMIT, self.writes),
            (Micro.CONFIRM, self.written),
            (Micro.ACT, self.commands),
            (Micro.NEWS, self.asterisk.reports),
        )
        return tuple(micro for micro, heap in heaps if heap)

    def make(self, micro: Micro) -> None:
        """Make one smallest step."""
        match micro:
            case Micro.COMMIT:
                write = self.writes.popleft()
                self.store.write(write)
                self.written.append(write.number)
            case Micro.CONFIRM:
                self.hear(event.Committed(self.written.popleft()))
            case Micro.ACT:
                self._do(self.commands.popleft())
            case Micro.NEWS:
                self.hear(self.asterisk.reports.popleft())

    def run(self) -> None:
        """Everything that is under way arrives."""
        while ready := self.ready():
            self.make(ready[0])

    def wind(self, seconds: float, *, run: bool = True) -> None:
        """Let time pass, with a tick at every deadline."""
        end = self.now + seconds
        while (due := self.core.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.hear(event.Tick())
            if run:
                self.run()
        self.now = end

    def _do(self, wanted: command.Command) -> None:
        match wanted:
            case command.TellDispatcher():
                self.told.append(wanted)
            case command.Reply():
                self.replies.append(wanted)
            case _ if not self.asterisk.reachable:
                if isinstance(wanted, command.Dial):
                    self.asterisk.reports.append(event.LostSight(wanted.attempt, wanted.fence))
            case command.Dial():
                self.asterisk.dial(wanted)
            case command.StopRinging():
                self.asterisk.stop(wanted)
            case command.Forgo():
                pass  # its dial was commanded before, and is carried out in order
            case command.Say():
                self.asterisk.say(wanted)
            case command.Ask():
                self.hear(self.asterisk.ask(wanted))
