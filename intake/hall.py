"""The hall: every seat and every call, who is free, who waits. The only place that moves a state.

Rules: states move through their tables. The lists of free seats and waiting calls, the count of those at work and the
deadlines follow from the states and are kept right by the same functions that move them, so that they never disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from intake import command, fact
from intake.call import Call, LiveOffer
from intake.deadline import Deadlines, Due
from intake.line import LINE, Line, LineEvent
from intake.need import ANYBODY, Need
from intake.order import Order
from intake.people import Person
from intake.person import PERSON, PersonEvent, Presence
from intake.seat import Seat
from intake.settings import IntakeSettings
from intake.stage import STAGE, CallEvent, Stage
from intake.step import Decision, Step
from intake.strategy import SORTING
from intake.table import Bug, Theirs

QUEUED = frozenset((Stage.ASKING, Stage.WAITING))
"""The stages in which a seat may be chosen for a call."""
SPEAKING = frozenset((Line.TALKING, Line.HELD))
PROMISED = frozenset((Line.RESERVED, Line.OFFERED, Line.RINGING))
OWN_CALL_S = 30.0
"""A seat that telephones by itself is asked about so often: its end is told by a device state alone."""
_REMEMBERED = 1000
"""Ended calls that are remembered: a minute's worth at 15 calls/s, and no report is that late."""
_AT_WORK = frozenset((Presence.READY, Presence.WRAP_UP))


class Hall:
    """The state of the core, and what the present step has written so far."""

    def __init__(self, settings: IntakeSettings, seats: Iterable[str], people: Iterable[Person]) -> None:
        self.settings = settings
        self.people: Mapping[str, Person] = {person.id: person for person in people}
        self.seats: Mapping[str, Seat] = {name: Seat(name, rank) for rank, name in enumerate(seats)}
        self.calls: dict[str, Call] = {}
        self.now = 0.0
        self.fence = 0
        self.synced = False
        self.deadlines = Deadlines(Due)
        self.free: dict[Need, Order] = {}
        self.waiting: dict[Need, Order] = {}
        self.queue = Order()
        self.staff: Counter[Need] = Counter()
        self.questions: dict[str, None] = {}
        """Calls whose question must be answered in this step, in order."""
        self.wishes: dict[str, Decision] = {}
        self.ended: dict[str, None] = {}
        """The last calls that were told to have ended, oldest first: what is still reported of them changes nothing."""
        self._serial = 0
        self._sorting = SORTING[settings.strategy]
        self._decided: list[Decision] = []
        self._witnessed: list[fact.Witnessed] = []
        self._commands: list[command.Command] = []

    # What the step writes.

    def do(self, wanted: command.Command) -> None:
        """Add a command to the step."""
        self._commands.append(wanted)

    def note(self, witnessed: fact.Witnessed) -> None:
        """Add a witnessed fact to the step."""
        self._witnessed.append(witnessed)

    def decide(self, decision: Decision) -> None:
        """Add a decided fact to the step."""
        self._decided.append(decision)

    def taken(self) -> Step:
        """The step that was written, leaving an empty one."""
        step = Step(tuple(self._decided), tuple(self._witnessed), tuple(self._commands))
        self._decided, self._witnessed, self._commands = [], [], []
        return step

    def next_fence(self) -> int:
        """The number of a new decision."""
        self.fence += 1
        return self.fence

    def newer(self, fence: int) -> None:
        """A fence was seen outside: ours never fall behind it, whoever gave it."""
        self.fence = max(self.fence, fence)

    # Moving a line.

    def move_line(self, seat: Seat, what: LineEvent) -> None:
        """Move a seat's line; a contradiction is noted and Asterisk is asked."""
        before = seat.line
        after = LINE.after(before, what)
        if isinstance(after, Theirs):
            self.note(fact.Discrepancy(seat.id, after.code, after.because))
            self.ask_seat(seat)
            return
        if after is before:
            return
        seat.line, seat.turn = after, seat.turn + 1
        if after is Line.IDLE and what is not LineEvent.RELEASED:
            seat.since = self.now
        if Line.FAULT in (before, after) and self.synced:  # a new life knows of no line yet: that is no fault
            self.note(fact.LineFault(seat.id, over=before is Line.FAULT))
        if after is Line.FAULT:
            self.await_line(seat, self.settings.fault_s)
        elif after is Line.IDLE:
            self.deadlines.drop(Due.LINE, seat.id)  # any other state keeps it: it is looked at when it falls due
        self.list_seat(seat)
        if after is Line.IDLE and not seat.reachable:
            self.move_line(seat, LineEvent.UNREACHABLE)  # its telephone died while it was in use

    def await_line(self, seat: Seat, within_s: float) -> None:
        """A seat's line should change by then; if it doesn't, Asterisk is asked."""
        self.deadlines.put(Due.LINE, seat.id, self.now + within_s)

    def doubt_line(self, seat: Seat) -> None:
        """Asterisk is asked about a seat now, and again until it is settled."""
        self.ask_seat(seat)
        self.await_line(seat, self.settings.report_s)

    def ask_seat(self, seat: Seat) -> None:
        """Asterisk is asked about a seat."""
        self.do(command.AskSeat(seat.id, seat.turn))

    # Moving a person.

    def move_person(self, seat: Seat, what: PersonEvent) -> None:
        """Move the person at a seat; what can't be was refused before. Raises Bug."""
        before = seat.presence
        after = PERSON.after(before, what)
        if isinstance(after, Theirs):
            raise Bug(f"person: {what} in {before} was not refused: {after.because}")
        if after is before:
            return
        seat.presence = after
        if after is Presence.READY:
            seat.since = self.now
        if after is not Presence.PAUSED:
            seat.reason = None
        if after is Presence.WRAP_UP:
            self.deadlines.put(Due.WRAP_UP, seat.id, self.now + self.settings.wrap_up_s)
        else:
            self.deadlines.drop(Due.WRAP_UP, seat.id)
        self.list_seat(seat)

    def list_seat(self, seat: Seat) -> None:
        """Bring the lists of free seats and the count of those at work in line with a seat."""
        person = seat.person
        serves = person is not None and seat.presence in _AT_WORK and seat.line is not Line.FAULT
        free = serves and seat.presence is Presence.READY and seat.line is Line.IDLE and seat.reachable
        if person is None or (serves == seat.serves and free == seat.free):
            return
        for need in person.needs():
            self.staff[need] += serves - seat.serves
            if free:
                key = self._sorting(person.level(need), seat.since, seat.taken, seat.rank)
                self.free.setdefault(need, Order()).put(seat.id, key)
            elif seat.free:
                self.free[need].drop(seat.id)
        seat.serves, seat.free = serves, free

    def unlist_seat(self, seat: Seat) -> None:
        """Take a seat out of the lists, so that what they are sorted by can change; `list_seat` puts it back."""
        if seat.person is None:
            return
        for need in seat.person.needs():
            self.staff[need] -= seat.serves
            if seat.free:
                self.free[need].drop(seat.id)
        seat.serves = seat.free = False

    # Moving a call.

    def arrive(self, call: str, age_s: float = 0.0, called: str = "", caller: str = "") -> Call:
        """A call becomes known; where it is, the caller of this function says next.

        Nobody arrives in the future, though ages are told by a clock that may have been set back.
        """
        age_s = max(0.0, age_s)
        self._serial += 1
        self.ended.pop(call, None)
        new = self.calls[call] = Call(call, self._serial, self.now - age_s, called, caller)
        self.note(fact.CallArrived(call, called, caller, age_s))
        return new

    def move_call(self, call: Call, what: CallEvent) -> None:
        """Move a call; it is queued, and its report awaited, as its stage wants."""
        after = STAGE.after(call.stage, what)
        if isinstance(after, Theirs):
            raise Bug(f"call: no report is refused, but {what} in {call.stage} was")
        before, call.stage = call.stage, after
        call.turn += before is not after
        if before in QUEUED and after not in QUEUED:
            self._unqueue(call)
        elif after in QUEUED:
            self.enqueue(call)
        if after not in (Stage.NET, Stage.ASKING, Stage.UNKNOWN):
            call.in_net = False
        self.await_report(call)

    def await_report(self, call: Call) -> None:
        """By when the dialplan owes a report about a call; None is owed while it waits, talks or is the net's."""
        report_s = self.settings.report_s
        if call.stage is Stage.OFFERED:
            self.deadlines.put(Due.REPORT, call.id, self.now + self.settings.offer_s + report_s)
        elif call.stage in (Stage.WAITING, Stage.NET) or (call.stage is Stage.JOINED and call.seat is not None):
            self.deadlines.drop(Due.REPORT, call.id)
        else:
            self.deadlines.put(Due.REPORT, call.id, self.now + report_s)

    def enqueue(self, call: Call) -> None:
        """Put a call at its place in the order, or move it there if its need or priority has changed."""
        self._unlist(call)
        relax_at = call.arrived + self.settings.relax_s
        # If nobody at work has the skill there is nothing to wait for.
        call.relaxed = self.now >= relax_at or not self.staff[call.need]
        self.waiting.setdefault(call.wanted, Order()).put(call.id, call.key)
        self.queue.put(call.id, call.key)
        if call.relaxed:
            self.deadlines.drop(Due.RELAX, call.id)
        else:
            self.deadlines.put(Due.RELAX, call.id, relax_at)
        if call.stage is Stage.WAITING:
            told = call.told_at
            first = call.arrived + self.settings.place_first_s
            due = first if told is None else told + self.settings.place_again_s
            self.deadlines.put(Due.PLACE, call.id, max(due, self.now))

    def change(self, call: Call, need: Need, priority: int) -> None:
        """More is known of what a call needs; if it is queued it moves, and keeps its time of arrival."""
        queued = call.stage in QUEUED
        if queued:
            self._unqueue(call)
        call.need, call.priority = need, priority
        if queued:
            self.enqueue(call)

    def _unqueue(self, call: Call) -> None:
        self._unlist(call)
        self.queue.drop(call.id)
        self.deadlines.drop(Due.RELAX, call.id)
        self.deadlines.drop(Due.PLACE, call.id)

    def _unlist(self, call: Call) -> None:
        for need in (call.need, ANYBODY):
            order = self.waiting.get(need)
            if order is not None:
                order.drop(call.id)
                if not order:
                    del self.waiting[need]

    def lose_sight(self, call: Call) -> None:
        """We don't know where a call is: Asterisk is asked."""
        self.move_call(call, CallEvent.LOST_SIGHT)
        self.ask_call(call)

    def ask_call(self, call: Call) -> None:
        """Asterisk is asked about a call."""
        self.do(command.AskCall(call.id, call.turn))

    def forget(self, call: Call, found: bool = False) -> None:
        """A call has ended; whatever seat was promised to it is free before.

        One that was only `found` to be over may be up after all: it is one like any other if it asks.
        """
        if call.offer is not None:
            raise Bug(f"call {call.id} is forgotten with a live offer")
        self._unqueue(call)
        self.deadlines.drop(Due.REPORT, call.id)
        self.questions.pop(call.id, None)
        del self.calls[call.id]
        if not found:
            self.remember_end(call.id)
        self.note(fact.CallEnded(call.id, call.answered, self.now - call.arrived, found))

    def remember_end(self, call: str) -> None:
        """Call ids are never used again: whatever is still reported of this one is late."""
        self.ended[call] = None
        if len(self.ended) > _REMEMBERED:
            del self.ended[next(iter(self.ended))]

    # Offers.

    def promise(self, call: Call, seats: list[str], fence: int) -> None:
        """Reserve idle lines for a call; its stage is the caller's business."""
        call.offer = LiveOffer(fence, [], 0)
        call.fence = fence
        for name in seats:
            self.add_seat(call, call.offer, name)

    def add_seat(self, call: Call, offer: LiveOffer, name: str) -> None:
        """Reserve one more idle line for an offer."""
        seat = self.seats[name]
        self.move_line(seat, LineEvent.RESERVE)
        seat.call, seat.fence = call.id, offer.fence
        offer.seats.append(name)
        offer.width += 1

    def leave_offer(self, call: Call, seat: Seat) -> None:
        """Take a seat out of its call's live offer; its line is the caller's business."""
        if call.offer is None or seat.fence != call.offer.fence:
            raise Bug(f"seat {seat.id} is in no live offer of call {call.id}")
        call.offer.seats.remove(seat.id)
        seat.call = seat.fence = None
