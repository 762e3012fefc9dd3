"""Somebody reports on an order by telephone, and a waiting caller asks about his report; a person is never far."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from intake.edge.hearing import Hearing
from intake.edge.history import History
from phones import OutgoingCall, Phone, ring_then_answer
from telephony.agi.answer import Answer, Nothing, Offer, Wait, Word
from telephony.agi.question import PhoneKind, PhoneQuestion, Progress, Question
from telephony.agi.server import AgiServer
from telephony.cel import rows_in
from telephony.manager.event import Arrived
from telephony.manager.outcome import Answered
from tests.centre import Centre
from tests.conversation import CALLER_HZ, taken, talk
from tests.duty_room import DutyRoom, duty_room
from tests.sound import heard_to_its_end

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "87000000"
CODE = "0012"
SEATS = ("seat-01", "seat-02")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[DutyRoom]:
    quick = {"announce_after_s": 1, "overflow_after_s": 600, "turn_s": 0.3}
    patient = {"ask_s": 2, "heartbeat_s": 10}
    async with duty_room(sounds, fallback=quick | patient) as room:
        yield room


@pytest_asyncio.fixture(loop_scope="module")
async def room(running: DutyRoom) -> AsyncIterator[DutyRoom]:
    running.heard.clear()
    yield running
    await running.centre.hang_up(*running.centre.phones)
    await running.centre.manager.silence()


class Asked:
    """An engine that answers telephones as told."""

    def __init__(
        self, room: DutyRoom, say: Callable[[PhoneQuestion], str], offer: Callable[[Question], Answer]
    ) -> None:
        self._room, self._say, self._offer = room, say, offer
        self.asked: list[PhoneQuestion] = []
        self.questions: list[Question] = []

    async def say(self, question: PhoneQuestion) -> str:
        self.asked.append(question)
        return self._say(question)

    async def decide(self, question: Question) -> Answer:
        self.questions.append(question)
        return self._offer(question)

    async def beat(self) -> None:
        while True:
            assert await self._room.link.heartbeat(int(time.time())) == Answered(None)
            await asyncio.sleep(0.5)


def nothing(_: Question) -> Answer:
    return Nothing()


def usual(question: PhoneQuestion) -> str:
    """Knows one order, and notes everything about it."""
    match question.kind:
        case PhoneKind.CODE:
            return Word.CODE_KNOWN if question.code == CODE else Word.CODE_UNKNOWN
        case PhoneKind.FEEDBACK:
            return Word.FEEDBACK_NOTED
        case _:
            return Word.REPORT_DISPATCHED


@asynccontextmanager
async def engine(
    room: DutyRoom, say: Callable[[PhoneQuestion], str] = usual, offer: Callable[[Question], Answer] = nothing
) -> AsyncIterator[Asked]:
    asked = Asked(room, say, offer)
    server = AgiServer(asked.decide, lambda _, __: None, ask=asked.say)
    await server.start("127.0.0.1", room.centre.port("agi"))
    assert await room.link.heartbeat(int(time.time())) == Answered(None)
    beating = asyncio.create_task(asked.beat())
    try:
        yield asked
    finally:
        beating.cancel()
        await server.stop()
        await room.link.heartbeat(1)


async def doing(centre: Centre, what: str, phone: str = "city") -> None:
    """Wait until the one telephone hears or is asked this: an application with its data."""

    async def done() -> bool:
        rows = [row.split("!") for row in (await centre.manager.command("core show channels concise")).splitlines()]
        return any(what in f"{row[5]} {row[6]}" for row in rows if row[0].startswith(f"PJSIP/{phone}-"))

    await centre.until(what, done, True, within=30)


async def keyed_code(room: DutyRoom, phone: Phone, code: str = CODE, trunk: str = "city") -> OutgoingCall:
    """Dials the feedback number and keys a code in."""
    call = await phone.dial(NUMBER, tone=CALLER_HZ)
    await doing(room.centre, "Read LD_CODE,", trunk)
    await call.hears_something()
    await call.send_keys(code)
    return call


async def hears(room: DutyRoom, call: OutgoingCall, prompt: str) -> None:
    await heard_to_its_end(call, room.centre.state / "asterisk" / "sounds" / "zh" / f"{prompt}.wav")


def journal_of(room: DutyRoom) -> list[str]:
    """What the catch-up would tell of all calls so far: ids of facts."""
    log = room.centre.state / "log" / "asterisk" / "cel-custom" / "cel.csv"
    history = History(SEATS)
    return [each.id for _, event in rows_in(log.read_bytes()).events for each in history.feed(event)]


async def written(room: DutyRoom, *facts: str) -> None:
    """Wait until Asterisk has written what the catch-up makes these facts of."""

    async def there() -> bool:
        return set(facts) <= set(journal_of(room))

    await room.centre.until(f"{facts} are written", there, True)


# --- it works --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "progress"), [("1", Progress.EN_ROUTE), ("2", Progress.ON_SCENE), ("3", Progress.DONE)]
)
async def test_a_department_reports_how_far_it_is_by_its_code_and_a_key(
    room: DutyRoom, key: str, progress: Progress
) -> None:
    caller = await room.centre.caller()
    async with engine(room) as asked:
        call = await keyed_code(room, caller)
        await doing(room.centre, "Read LD_KEY,")
        await call.hears_something()
        await call.send_keys(key)
        await call.ended(30)
    code, feedback = asked.asked
    assert (code.kind, code.code, code.number) == (PhoneKind.CODE, CODE, caller.user)
    assert (feedback.kind, feedback.code, feedback.progress) == (PhoneKind.FEEDBACK, CODE, progress)
    assert feedback.call == code.call
    await hears(room, call, "feedback-noted")
    assert asked.questions == []


async def test_it_is_no_callers_call_and_is_recorded_under_its_own_role(room: DutyRoom) -> None:
    caller = await room.centre.caller()
    before = journal_of(room)
    async with engine(room):
        call = await keyed_code(room, caller)
        await doing(room.centre, "Read LD_KEY,")
        (present,) = (await room.sight()).channels
        assert present.channel.path == "feedback"
        assert not Hearing(SEATS).is_callers(present.channel)
        await call.send_keys("1")
        await call.ended(30)
    evidence, _ = await room.centre.recording(caller)
    assert [leg["role"] for leg in evidence["legs"]] == ["feedback"]
    assert evidence["call_id"] == present.channel.id
    assert journal_of(room) == before


async def test_who_leaves_words_is_noted_before_he_speaks_and_his_words_are_recorded(room: DutyRoom) -> None:
    caller = await room.centre.caller()
    async with engine(room) as asked:
        call = await keyed_code(room, caller)
        await doing(room.centre, "Read LD_KEY,")
        await call.hears_something()
        await call.send_keys("4")
        await doing(room.centre, "Read LD_END,")
        assert [each.progress for each in asked.asked] == [None, Progress.WORDS]
        await asyncio.sleep(1.0)  # he speaks
        await call.send_keys("#")
        await call.ended(30)
    await hears(room, call, "feedback-words")
    await hears(room, call, "feedback-noted")
    evidence, _ = await room.centre.recording(caller)
    assert [leg["said"] is not None for leg in evidence["legs"]] == [True]


async def test_a_seat_reports_as_well(room: DutyRoom) -> None:
    seat = await room.centre.seat(3)
    async with engine(room) as asked:
        call = await keyed_code(room, seat, trunk="seat-03")
        await doing(room.centre, "Read LD_KEY,", "seat-03")
        await call.hears_something()
        await call.send_keys("2")
        await call.ended(30)
    assert [each.progress for each in asked.asked] == [None, Progress.ON_SCENE]


async def test_a_duty_telephone_reports_and_may_call_a_seat_and_nobody_else(room: DutyRoom) -> None:
    secret = (room.centre.state / "secrets" / "duty-room-1").read_text().strip()
    async with Phone(room.centre.sip, "duty-room-1", secret) as duty:
        await duty.register()
        async with engine(room) as asked:
            call = await keyed_code(room, duty, trunk="duty-room-1")
            await doing(room.centre, "Read LD_KEY,", "duty-room-1")
            await call.hears_something()
            await call.send_keys("3")
            await call.ended(30)
        assert [each.progress for each in asked.asked] == [None, Progress.DONE]
        seat = await room.centre.seat(2, ring_then_answer())
        before = journal_of(room)
        call = await duty.dial("8002", tone=CALLER_HZ)
        await talk(call, await taken(seat))
        await call.hang_up()
        await call.ended()
        refused = await duty.dial("119")
        assert (await refused.ended()).status == 404
        await room.centre.manager.silence()
        assert journal_of(room) == before


async def test_a_duty_telephone_is_rung_as_a_duty_line(room: DutyRoom) -> None:
    secret = (room.centre.state / "secrets" / "duty-room-1").read_text().strip()
    async with Phone(room.centre.sip, "duty-room-1", secret, policy=ring_then_answer()) as duty:
        await duty.register()
        await room.centre.free(duty)
        attempt = await room.call(dial="PJSIP/duty-room-1")
        call = await taken(duty)
        await call.send_keys("1")
        await room.keys(attempt, "1")
        await room.say(attempt, "thanks")
        await call.ended(30)


# --- a person is never far -------------------------------------------------------------------------------------------


async def is_a_caller(room: DutyRoom, call: OutgoingCall, caller: Phone, asked: Asked, seat: Phone) -> None:
    """From here on he is one like any other: the engine is asked, and a person answers."""
    at_seat = await taken(seat, within=90)
    await talk(call, at_seat)
    (question, *_) = asked.questions
    assert (question.called, question.number) == (NUMBER, caller.user)
    present = next(each for each in (await room.sight()).channels if each.channel.id == question.call)
    assert present.channel.path == "engine"
    assert Hearing(SEATS, [NUMBER]).is_callers(present.channel)
    await call.hang_up()
    await call.ended()
    await written(room, f"{question.call}:start", f"{question.call}:end")
    evidence, _ = await room.centre.recording(caller)
    assert [leg["role"] for leg in evidence["legs"]] == ["feedback", "caller", "seat-01"]


def to_seat(question: Question) -> Answer:
    return Offer(question.fence + 1, ("seat-01",), 10)


@pytest.mark.parametrize("keys", [("0#",), ("9999", "9998", "9997"), ("", "")], ids=["zero", "wrong", "nothing"])
async def test_who_gets_no_further_at_the_code_is_answered_by_a_person(room: DutyRoom, keys: tuple[str, ...]) -> None:
    seat = await room.centre.seat(1, ring_then_answer())
    caller = await room.centre.caller()
    async with engine(room, offer=to_seat) as asked:
        call = await caller.dial(NUMBER, tone=CALLER_HZ)
        for number, key in enumerate(keys):
            if key:
                await room.until("the code before was asked", lambda number=number: len(asked.asked) >= number)
                await doing(room.centre, "Read LD_CODE,")
                await call.hears_something()
                await call.send_keys(key)
        await is_a_caller(room, call, caller, asked, seat)
    assert [each.code for each in asked.asked] == [key for key in keys if key and key != "0#"]


async def test_who_presses_zero_in_the_menu_is_answered_by_a_person(room: DutyRoom) -> None:
    seat = await room.centre.seat(1, ring_then_answer())
    caller = await room.centre.caller()
    async with engine(room, offer=to_seat) as asked:
        call = await keyed_code(room, caller)
        await doing(room.centre, "Read LD_KEY,")
        await call.hears_something()
        await call.send_keys("0")
        await is_a_caller(room, call, caller, asked, seat)
    await hears(room, call, "feedback-person")


async def test_who_reports_on_an_order_that_is_over_is_told_and_answered_by_a_person(room: DutyRoom) -> None:
    def over(question: PhoneQuestion) -> str:
        return Word.CODE_KNOWN if question.kind is PhoneKind.CODE else Word.FEEDBACK_REFUSED

    seat = await room.centre.seat(1, ring_then_answer())
    caller = await room.centre.caller()
    async with engine(room, over, to_seat) as asked:
        call = await keyed_code(room, caller)
        await doing(room.centre, "Read LD_KEY,")
        await call.hears_something()
        await call.send_keys("1")
        await is_a_caller(room, call, caller, asked, seat)
    await hears(room, call, "feedback-refused")


async def test_with_no_engine_the_net_brings_him_to_a_person(room: DutyRoom) -> None:
    seat = await room.centre.seat(1, ring_then_answer())
    caller = await room.centre.caller()
    call = await caller.dial(NUMBER, tone=CALLER_HZ)
    at_seat = await taken(seat, within=90)
    await talk(call, at_seat)
    await call.hang_up()
    await call.ended()
    await room.centre.manager.silence()
    (arrived,) = [each for each in room.heard if isinstance(each, Arrived)]
    assert not Hearing(SEATS, [NUMBER]).is_callers(arrived.channel)  # as he arrives he only reports
    await written(room, f"{arrived.channel.id}:start")


async def test_an_engine_that_knows_nothing_of_it_is_no_engine(room: DutyRoom) -> None:
    seat = await room.centre.seat(1, ring_then_answer())
    caller = await room.centre.caller()
    async with engine(room, lambda _: Word.AWAY, to_seat) as asked:
        call = await keyed_code(room, caller)
        await is_a_caller(room, call, caller, asked, seat)


def waits(question: Question) -> Answer:
    return Wait(question.fence + 1)


# --- a waiting caller asks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        (Word.REPORT_NONE, "report-none"),
        (Word.REPORT_IN_PROGRESS, "report-in-progress"),
        (Word.AWAY, "report-away"),
    ],
)
async def test_who_waits_asks_what_became_of_his_report_and_waits_on(room: DutyRoom, word: Word, prompt: str) -> None:
    caller = await room.centre.caller()
    async with engine(room, lambda _: word.value, waits) as asked:
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        await doing(room.centre, "WaitExten")
        await call.send_keys("5")
        await doing(room.centre, "Read LD_KEY,")
        await call.send_keys("8")
        await hears(room, call, prompt)
        (question,) = asked.asked
        assert (question.kind, question.number, question.code) == (PhoneKind.REPORT, caller.user, "")
        assert question.call == asked.questions[0].call
        await doing(room.centre, "WaitExten")
        assert [each.more["silent"] for each in asked.questions] == [""]
    await call.hang_up()
