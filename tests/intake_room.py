"""A room for the tests of call distribution: a distributor, a clock that tests wind, and the rules that always hold."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

from intake import command, event, fact, wish
from intake.call import Call
from intake.deadline import Due
from intake.distributor import Distributor, Event
from intake.hall import PROMISED, QUEUED, SPEAKING, Hall
from intake.line import Line
from intake.need import ANYBODY
from intake.people import Person
from intake.person import Presence
from intake.seat import Seat
from intake.settings import IntakeSettings
from intake.snapshot import CallSeen, Device, SeatSeen, SignedInSeen, Snapshot
from intake.stage import Stage
from intake.step import Step

C = TypeVar("C")

ANSWERS = (command.Offer, command.Wait, command.UseNet)
Answer = command.Offer | command.Wait | command.UseNet


def person(name: str, skills: dict[str, int] | None = None, languages: tuple[str, ...] = ("zh",)) -> Person:
    return Person.model_validate(
        {
            "id": name,
            "number": "1001",
            "name": {"zh": name, "en": name},
            "skills": skills or {"police": 5, "fire": 5, "medical": 5},
            "languages": languages,
        },
        strict=False,
    )


class Room:
    """Seats `a`, `b`, `c` …, at each a person of the same name in capitals, all signed in and free, unless told."""

    def __init__(
        self,
        seats: Sequence[str] = "abc",
        people: Iterable[Person] | None = None,
        signed_in: Sequence[str] | None = None,
        synced: bool = True,
        **settings: object,
    ) -> None:
        self.settings = IntakeSettings.model_validate_json(json.dumps(settings))
        staff = [person(f"p-{seat}") for seat in seats] if people is None else list(people)
        self.distributor = Distributor(self.settings, list(seats), staff)
        self.now = 1000.0
        self.steps: list[Step] = []
        self._names = (f"q{number}" for number in count(1))
        if synced:
            here = seats if signed_in is None else signed_in
            self.hear(event.Resync(snapshot(seats, here)))

    @property
    def hall(self) -> Hall:
        return self.distributor._hall

    # Time and events.

    def hear(self, heard: Event) -> Step:
        """One event; the rules are checked after it."""
        step = self.distributor.handle(heard, self.now)
        self.steps.append(step)
        keep_rules(self.hall, heard, step)
        return step

    def wind(self, seconds: float) -> list[Step]:
        """Let time pass, with a tick at every deadline."""
        end, steps = self.now + seconds, []
        while (due := self.distributor.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            steps.append(self.hear(event.Tick()))
        self.now = end
        return steps

    # What the dialplan does, in the words of a test.

    def ask(self, call: str, **known: object) -> Answer:
        """The dialplan's question; its answer."""
        question = next(self._names)
        step = self.hear(event.Asked(question, call, **known))  # type: ignore[arg-type]
        answer: Answer = only(ANSWERS, step)
        return answer

    def ring(self, call: str) -> None:
        """The dialplan obeys the live offer: every seat is dialled and rings."""
        seen = self.call(call)
        assert seen.fence is not None, f"{call} has no live offer"
        for seat in seen.seats:
            self.hear(event.Dialled(call, seat, seen.fence))
            self.hear(event.Rings(call, seat, seen.fence))

    def answer(self, call: str, seat: str | None = None) -> None:
        """The first seat of the live offer, or this one, answers."""
        self.hear(event.Joined(call, seat or self.call(call).seats[0]))

    def talk(self, call: str, **known: object) -> str:
        """From the question to the conversation; the seat."""
        self.ask(call, **known)
        self.ring(call)
        self.answer(call)
        seat = self.call(call).seat
        assert seat is not None
        return seat

    def hang_up(self, call: str) -> None:
        """A conversation ends as Asterisk reports it: the seat's channel first, then the caller's."""
        seat = self.call(call).seat
        assert seat is not None
        self.hear(event.HungUp(seat, call))
        self.hear(event.CallerGone(call))

    def grant(self, wanted: wish.Wish) -> Step:
        """A wish, committed."""
        step = self.hear(wanted)
        assert step.decided, step
        return self.hear(wish.Committed(wanted.wish))

    # What is seen.

    def call(self, name: str) -> "CallNow":
        return CallNow(self.hall.calls[name])

    def seat(self, name: str) -> Seat:
        return self.hall.seats[name]

    def stage(self, name: str) -> Stage | None:
        return self.hall.calls[name].stage if name in self.hall.calls else None

    def commands(self, kind: type[C], steps: Iterable[Step] | None = None) -> list[C]:
        return [each for step in steps or self.steps for each in step.commands if isinstance(each, kind)]

    def facts(self, kind: type[C]) -> list[C]:
        return [each for step in self.steps for each in step.witnessed if isinstance(each, kind)]


class CallNow:
    """What a test looks at in a call."""

    def __init__(self, call: Call) -> None:
        self.stage, self.seat, self.tries, self.need = call.stage, call.seat, call.tries, call.wanted
        self.fence = call.offer.fence if call.offer is not None else None
        self.seats = tuple(call.offer.seats) if call.offer is not None else ()


def snapshot(
    seats: str, signed_in: str = "", calls: tuple[CallSeen, ...] = (), busy: tuple[SeatSeen, ...] = (), fence: int = 0
) -> Snapshot:
    """Reality: these seats registered and idle but for the busy ones, these people signed in, the first for longest."""
    lines = {seat: SeatSeen(seat, Device.IDLE) for seat in seats} | {seen.seat: seen for seen in busy}
    people = tuple(SignedInSeen(seat, f"p-{seat}", since_s=1000 - rank) for rank, seat in enumerate(signed_in))
    return Snapshot(calls, tuple(lines.values()), people, fence)


def only(kinds: type[C] | tuple[type[Any], ...], step: Step) -> Any:
    """The one command of these kinds."""
    found = [each for each in step.commands if isinstance(each, kinds)]
    assert len(found) == 1, step.commands
    return found[0]


# The rules that hold after every step, whatever was heard.


def keep_rules(hall: Hall, heard: Event, step: Step) -> None:
    for broken in _broken(hall, heard, step):
        raise AssertionError(f"{broken} after {heard}: {step}")


def _broken(hall: Hall, heard: Event, step: Step) -> Iterator[str]:
    yield from _offers(hall)
    yield from _joins(hall)
    yield from _lists(hall)
    yield from _deadlines(hall)
    yield from _order(hall, step)
    answers = [each.question for each in step.commands if isinstance(each, ANSWERS)]
    if answers != ([heard.question] if isinstance(heard, event.Asked) else []):
        yield f"questions answered: {answers}"
    if hall.questions or any(call.question for call in hall.calls.values()):
        yield "a question is left open"


def _offers(hall: Hall) -> Iterator[str]:
    named: dict[str, str] = {}
    for call in hall.calls.values():
        if call.stage in (Stage.RESERVED, Stage.OFFERED) and call.offer is None:
            yield f"{call.id} is {call.stage} without an offer"
        if call.offer is None:
            continue
        if call.stage not in (Stage.RESERVED, Stage.OFFERED, Stage.UNKNOWN):
            yield f"{call.id} is {call.stage} with a live offer"
        if call.offer.fence > hall.fence:
            yield f"{call.id} has a fence from the future"
        for name in call.offer.seats:
            if name in named:
                yield f"{name} has two live offers"
            named[name] = call.id
            if (hall.seats[name].call, hall.seats[name].fence) != (call.id, call.offer.fence):
                yield f"{name} does not know of its offer"
    for seat in hall.seats.values():
        if (seat.fence is not None) != (seat.id in named):
            yield f"{seat.id} has a fence and no offer, or an offer and no fence"
        if seat.fence is not None and seat.line not in PROMISED:
            yield f"{seat.id} is {seat.line} in a live offer"
        if seat.line is Line.RESERVED and seat.call not in hall.calls:
            yield f"{seat.id} is reserved for a call that is gone"
        if seat.line is Line.IDLE and not seat.reachable:
            yield f"{seat.id} is idle and unreachable"
        if seat.line is Line.IDLE and seat.call is not None:
            yield f"{seat.id} is idle with a call"


def _joins(hall: Hall) -> Iterator[str]:
    seats: dict[str, str] = {}
    for call in hall.calls.values():
        if call.seat is None:
            continue
        if call.seat in seats:
            yield f"{call.seat} is joined with two calls"
        seats[call.seat] = call.id
        if call.stage not in (Stage.JOINED, Stage.UNKNOWN):
            yield f"{call.id} is {call.stage} with a seat"
        if hall.seats[call.seat].call != call.id or hall.seats[call.seat].line not in SPEAKING:
            yield f"{call.seat} does not talk with {call.id}"


def _lists(hall: Hall) -> Iterator[str]:
    queued = {call.id for call in hall.calls.values() if call.stage in QUEUED}
    if set(hall.queue) != queued:
        yield "the queue is wrong"
    for need, order in hall.waiting.items():
        if not order or set(order) != {name for name in queued if hall.calls[name].wanted == need}:
            yield f"the queue of {need} is wrong"
    staff = 0
    for seat in hall.seats.values():
        works = seat.presence in (Presence.READY, Presence.WRAP_UP) and seat.line is not Line.FAULT
        free = works and seat.presence is Presence.READY and seat.line is Line.IDLE and seat.reachable
        staff += works
        if (seat.presence is Presence.SIGNED_OUT) != (seat.person is None):
            yield f"{seat.id} is {seat.presence} with {seat.person}"
        if seat.person is not None:
            for need in seat.person.needs():
                if (seat.id in hall.free.get(need, ())) != free:
                    yield f"{seat.id} is {'not ' if free else ''}listed as free for {need}"
    if hall.staff[ANYBODY] != staff:
        yield "those at work are counted wrongly"
    if not staff and any(hall.calls[name].stage is Stage.WAITING for name in queued):
        yield "somebody waits for nobody"
    for name in queued:
        if hall.free.get(hall.calls[name].wanted):
            yield f"{name} waits while a seat that fits is free"


def _deadlines(hall: Hall) -> Iterator[str]:
    due = {name for _, name in hall.deadlines._order._entries}
    for call in hall.calls.values():
        rests = call.stage in (Stage.WAITING, Stage.NET) or (call.stage is Stage.JOINED and call.seat is not None)
        if (f"{Due.REPORT} {call.id}" in due) == rests:
            yield f"{call.id} is {call.stage}, report awaited: {not rests}"
        if call.stage is Stage.WAITING and f"{Due.PLACE} {call.id}" not in due:
            yield f"{call.id} waits and is never told its place"
        if call.stage in QUEUED and call.wanted != ANYBODY and f"{Due.RELAX} {call.id}" not in due:
            yield f"{call.id} waits for a skill for ever"
    for seat in hall.seats.values():
        alone = seat.line in SPEAKING and seat.id not in {call.seat for call in hall.calls.values()}
        by_net = seat.line in PROMISED and seat.fence is None
        in_fault = seat.line is Line.FAULT and hall.synced
        if (alone or by_net or in_fault) and f"{Due.LINE} {seat.id}" not in due:
            yield f"{seat.id} is {seat.line} for ever"
        if seat.presence is Presence.WRAP_UP and f"{Due.WRAP_UP} {seat.id}" not in due:
            yield f"{seat.id} is in wrap-up for ever"
    for name in due:
        kind, _, subject = name.partition(" ")
        if subject not in (hall.seats if kind in (Due.LINE, Due.WRAP_UP) else hall.calls):
            yield f"a deadline of something that is gone: {name}"


def _order(hall: Hall, step: Step) -> Iterator[str]:
    fences = [each.fence for each in step.witnessed if isinstance(each, fact.CallOffered)]
    if fences != sorted(set(fences)):
        yield f"fences do not grow: {fences}"
    for offered in (each for each in step.witnessed if isinstance(each, fact.CallOffered)):
        chosen = hall.seats[offered.seats[0]].person
        for name in hall.queue:
            earlier = hall.calls[name]
            if chosen is not None and chosen.meets(earlier.wanted) and earlier.key < hall.calls[offered.call].key:
                yield f"{offered.call} was served before {name}"
