"""The AGI server against askers that a test plays: they say nothing, half of it, nonsense, or leave."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from telephony.agi.answer import Answer, Nothing, Offer, Wait
from telephony.agi.question import PhoneKind, PhoneQuestion, Progress, Question, Wish, WishKind
from telephony.agi.server import AgiServer, End, Granter, Handler, Limits, nobody
from telephony.agi.server import Asker as Answerer

WITHIN = 60.0  # seconds; generous
PATIENT = Limits(question_s=60, answer_s=60, wish_s=60, taking_s=60)
ASKED = (
    b"agi_network: yes\nagi_network_script: ask?call=a.1&asker=PJSIP%2Fcity-1&called=119&number=138&fence=0\n"
    b"agi_type: Local\n\n"
)
TAKEN = b'SET VARIABLE SHARED(LD_ANSWER,PJSIP/city-1) "offer+1+seat-01+10"\n'
CHECKED = b"GET FULL VARIABLE ${SHARED(LD_ANSWER,PJSIP/city-1)}\n"
OFFER = Offer(1, ("seat-01",), 10)
WISHED = (
    b"agi_network: yes\nagi_network_script: wish?kind=%s&asker=PJSIP%%2Fseat-01-1&seat=seat-01&staff=1001&reason=2\n"
    b"agi_type: Local\n\n"
)
PIN_ASKED = b"GET FULL VARIABLE ${LD_PIN}\n"


class Asker:
    """Plays the dialplan's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, data: bytes) -> None:
        self._writer.write(data)

    async def line(self) -> bytes:
        return await asyncio.wait_for(self._reader.readline(), WITHIN)

    async def left(self) -> bool:
        """Wait until the server has closed; whether it said nothing more."""
        try:
            return await asyncio.wait_for(self._reader.read(), WITHIN) == b""
        except ConnectionError:
            return True

    def leave(self) -> None:
        self._writer.close()


class Served:
    """A server, and what it told."""

    def __init__(self, handler: Handler, limits: Limits, wish: Granter, ask: Answerer) -> None:
        self.server = AgiServer(handler, lambda _, answer: self.unheard.append(answer), limits, wish=wish, ask=ask)
        self.unheard: list[Answer] = []
        self.port = 0

    async def asker(self) -> Asker:
        return Asker(*await asyncio.open_connection("127.0.0.1", self.port))

    async def ended(self, end: End, times: int = 1) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WITHIN
        while self.server.ends[end] < times:
            assert loop.time() < deadline, self.server.ends
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    handler: Handler, limits: Limits = PATIENT, wish: Granter = nobody, ask: Answerer = nobody
) -> AsyncIterator[Served]:
    served = Served(handler, limits, wish, ask)
    served.port = await served.server.start("127.0.0.1", 0)
    try:
        yield served
    finally:
        await served.server.stop()


async def offer(_: Question) -> Answer:
    return OFFER


async def answered(asker: Asker) -> None:
    """Take the answer as Asterisk does."""
    assert await asker.line() == TAKEN
    asker.say(b"200 result=1\n")
    assert await asker.line() == CHECKED
    asker.say(b"200 result=1 (offer+1+seat-01+10)\n")
    assert await asker.left()


async def test_a_question_gets_its_answer_and_the_server_leaves() -> None:
    heard: list[Question] = []

    async def handler(question: Question) -> Answer:
        heard.append(question)
        return OFFER

    async with serving(handler) as served:
        asker = await served.asker()
        asker.say(ASKED)
        await answered(asker)
        assert [(question.call, question.asker, question.called) for question in heard] == [
            ("a.1", "PJSIP/city-1", "119")
        ]
        await served.ended(End.ANSWERED)
        assert served.unheard == []


async def test_no_answer_is_an_end_at_once() -> None:
    async def nothing(_: Question) -> Answer:
        return Nothing()

    async with serving(nothing) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.left()
        await served.ended(End.NOTHING)


async def test_askers_who_say_nothing_or_half_do_nothing_to_others() -> None:
    async with serving(offer) as served:
        quiet = [await served.asker() for _ in range(20)]
        for asker in quiet[:10]:
            asker.say(ASKED[:30])
        asker = await served.asker()
        asker.say(ASKED)
        await answered(asker)
        for asker in quiet:
            asker.leave()
        await served.ended(End.NO_QUESTION, times=20)


async def test_a_question_that_does_not_end_in_time_is_left() -> None:
    async with serving(offer, Limits(question_s=0.05)) as served:
        asker = await served.asker()
        asker.say(ASKED[:-1])
        assert await asker.left()
        await served.ended(End.NO_QUESTION)


async def test_a_handler_that_is_too_slow_is_cancelled_and_nothing_is_said() -> None:
    cancelled = asyncio.Event()

    async def slow(_: Question) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async with serving(slow, replace(PATIENT, answer_s=0.05)) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.left()
        await served.ended(End.LATE)
        assert cancelled.is_set()


async def test_a_caller_who_leaves_while_the_handler_thinks_cancels_it() -> None:
    thinking, cancelled = asyncio.Event(), asyncio.Event()

    async def slow(_: Question) -> Answer:
        thinking.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async with serving(slow) as served:
        asker = await served.asker()
        asker.say(ASKED + b"HANGUP\n")
        await asyncio.wait_for(thinking.wait(), WITHIN)
        asker.leave()
        await asyncio.wait_for(cancelled.wait(), WITHIN)
        await served.ended(End.GONE)


async def test_a_handler_that_will_not_be_stopped_is_told_that_nobody_heard_it() -> None:
    async def stubborn(_: Question) -> Answer:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return OFFER
        raise AssertionError

    async with serving(stubborn, replace(PATIENT, answer_s=0.05)) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.left()
        await served.ended(End.LATE)
        assert served.unheard == [OFFER]


@pytest.mark.parametrize(
    "replies",
    [
        b"",
        b"200 result=1\n",
        b"200 result=0\n200 result=1 ()\n",
        b"200 result=1\n200 result=1 (offer+2+seat-02+10)\n",
        b"511 Command Not Permitted on a dead channel or intercept routine\n" * 2,
        b"HANGUP\n",
        b"2" * 100_000,
    ],
)
async def test_an_answer_that_is_not_taken_is_told_so_that_the_seat_is_released(replies: bytes) -> None:
    async with serving(offer) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.line() == TAKEN
        asker.say(replies)
        asker.leave()
        await served.ended(End.UNHEARD)
        assert served.unheard == [OFFER]


async def test_a_hang_up_between_the_replies_is_not_taken_for_one() -> None:
    async with serving(offer) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.line() == TAKEN
        asker.say(b"HANGUP\n200 result=1\nHANGUP\n200 result=1 (offer+1+seat-01+10)\n")
        await served.ended(End.ANSWERED)


async def test_more_askers_than_agreed_are_sent_away_at_once_and_the_first_ones_are_served() -> None:
    async with serving(offer, replace(PATIENT, connections=3)) as served:
        first = [await served.asker() for _ in range(3)]
        for asker in first:
            asker.say(ASKED[:10])
        fourth = await served.asker()
        assert await fourth.left()
        assert served.server.ends[End.TOO_MANY] == 1
        for asker in first:
            asker.say(ASKED[10:])
            await answered(asker)


async def test_a_handler_with_a_bug_is_seen_and_the_next_question_is_answered() -> None:
    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context.get("exception")))
    questions = 0

    async def once(_: Question) -> Answer:
        nonlocal questions
        questions += 1
        if questions == 1:
            raise ZeroDivisionError
        return OFFER

    async with serving(once) as served:
        first = await served.asker()
        first.say(ASKED)
        assert await first.left()
        second = await served.asker()
        second.say(ASKED)
        await answered(second)
    assert [type(each) for each in seen] == [ZeroDivisionError]


async def test_a_thousand_pieces_of_garbage_are_all_sent_away_and_every_question_is_answered() -> None:
    chance = random.Random(11)
    async with serving(offer, replace(PATIENT, connections=1100)) as served:

        async def garbage(data: bytes) -> None:
            asker = await served.asker()
            asker.say(data)
            asker.leave()

        for _ in range(100):
            pieces = []
            for _ in range(10):
                start = bytearray(ASKED[: chance.randrange(len(ASKED) - 2)])
                for _ in range(chance.randrange(20)):
                    start.insert(chance.randrange(len(start) + 1), chance.choice(b"\r\n: \x00\xff\xe5&%"))
                pieces.append(bytes(start))
            await asyncio.gather(*(garbage(piece) for piece in pieces))
            asker = await served.asker()
            asker.say(ASKED)
            await answered(asker)
        assert served.server.ends[End.ANSWERED] == 100


async def test_the_second_command_is_not_sent_before_the_first_is_done() -> None:
    async with serving(offer) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.line() == TAKEN
        asker.say(b"511 Command Not Permitted on a dead channel or intercept routine\n")
        assert await asker.left()  # Asterisk would never do a second one from the same packet
        assert served.unheard == [OFFER]


async def test_waiting_is_an_answer_too() -> None:
    async def wait(_: Question) -> Answer:
        return Wait(4)

    async with serving(wait) as served:
        asker = await served.asker()
        asker.say(ASKED)
        assert await asker.line() == TAKEN.replace(b"offer+1+seat-01+10", b"wait+4")


async def test_a_stopped_server_leaves_nobody_hanging() -> None:
    started = asyncio.Event()

    async def never(_: Question) -> Answer:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(never) as served:
        asker = await served.asker()
        asker.say(ASKED)
        await asyncio.wait_for(started.wait(), WITHIN)
        await served.server.stop()
        assert await asker.left()


class Desk:
    """Grants wishes with one word, and remembers them."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.wishes: list[Wish] = []
        self.may_speak = asyncio.Event()
        self.may_speak.set()
        self.asked = asyncio.Event()

    async def grant(self, wish: Wish) -> str:
        self.wishes.append(wish)
        self.asked.set()
        await self.may_speak.wait()
        return self.word


async def told(asker: Asker, word: bytes) -> None:
    """Take the word as Asterisk does."""
    assert await asker.line() == b'SET VARIABLE SHARED(LD_RESULT,PJSIP/seat-01-1) "%s"\n' % word
    asker.say(b"200 result=1\n")
    assert await asker.line() == b"GET FULL VARIABLE ${SHARED(LD_RESULT,PJSIP/seat-01-1)}\n"
    asker.say(b"200 result=1 (%s)\n" % word)
    assert await asker.left()


async def test_who_signs_in_is_asked_for_the_pin_and_told_a_word() -> None:
    desk = Desk("signed-in")
    async with serving(offer, wish=desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % b"sign-in")
        assert await asker.line() == PIN_ASKED
        asker.say(b"200 result=1 (271828)\n")
        await told(asker, b"signed-in")
        await served.ended(End.ANSWERED)
    (wish,) = desk.wishes
    assert (wish.kind, wish.seat, wish.staff, wish.pin.reveal()) == (WishKind.SIGN_IN, "seat-01", "1001", "271828")


@pytest.mark.parametrize("kind", ["sign-out", "pause", "ready"])
async def test_nobody_else_is_asked_for_one(kind: str) -> None:
    desk = Desk("refused")
    async with serving(offer, wish=desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % kind.encode())
        await told(asker, b"refused")
    (wish,) = desk.wishes
    assert (wish.kind.value, wish.reason, wish.pin.reveal()) == (kind, "2", "")


async def test_where_nobody_grants_wishes_everybody_is_away() -> None:
    async with serving(offer) as served:
        asker = await served.asker()
        asker.say(WISHED % b"ready")
        await told(asker, b"away")


@pytest.mark.parametrize("reply", [b"", b"HANGUP\n", b"511 Command Not Permitted\n", b"200 result=0\n"])
async def test_who_leaves_before_the_pin_wished_nothing(reply: bytes) -> None:
    desk = Desk("signed-in")
    async with serving(offer, wish=desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % b"sign-in")
        assert await asker.line() == PIN_ASKED
        asker.say(reply)
        asker.leave()
        await served.ended(End.NO_QUESTION)
    assert desk.wishes == []


async def test_a_pin_that_is_none_is_refused_and_stands_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk("signed-in")
    async with serving(offer, wish=desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % b"sign-in")
        assert await asker.line() == PIN_ASKED
        asker.say(b"200 result=1 (27 1828)\n")
        assert await asker.left()
        await served.ended(End.BAD_QUESTION)
    assert desk.wishes == []
    assert "seat-01" in caplog.text
    assert "1828" not in caplog.text


async def test_a_wish_is_granted_also_when_nobody_waits_for_the_word_any_more() -> None:
    desk = Desk("paused")
    desk.may_speak.clear()
    async with serving(offer, replace(PATIENT, wish_s=0.05), desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % b"pause")
        assert await asker.left()
        await served.ended(End.LATE)
        (granting,) = served.server.granting
        desk.may_speak.set()
        assert await granting == "paused"
        assert not served.server.granting


async def test_an_asker_who_leaves_does_not_take_the_wish_back() -> None:
    desk = Desk("paused")
    desk.may_speak.clear()
    async with serving(offer, wish=desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % b"pause")
        asker.leave()
        await asyncio.wait_for(desk.asked.wait(), WITHIN)
        (granting,) = served.server.granting
        desk.may_speak.set()
        assert await granting == "paused"
        await served.ended(End.UNHEARD)
        assert served.unheard == []  # nothing was reserved for it


async def test_slow_wishes_do_not_delay_a_question() -> None:
    desk = Desk("ready")
    desk.may_speak.clear()
    async with serving(offer, wish=desk.grant) as served:
        wishers = [await served.asker() for _ in range(50)]
        for wisher in wishers:
            wisher.say(WISHED % b"ready")
        asker = await served.asker()
        asker.say(ASKED)
        await answered(asker)
        desk.may_speak.set()
        for wisher in wishers:
            await told(wisher, b"ready")


async def test_a_stopped_server_grants_nothing_any_more() -> None:
    desk = Desk("ready")
    desk.may_speak.clear()
    async with serving(offer, wish=desk.grant) as served:
        asker = await served.asker()
        asker.say(WISHED % b"ready")
        await asyncio.wait_for(desk.asked.wait(), WITHIN)
        (granting,) = served.server.granting
        await served.server.stop()
        assert granting.cancelled()
        assert await asker.left()


# What is asked by the keys of a telephone that is no seat's.

PHONED = (
    b"agi_network: yes\nagi_network_script: phone?kind=%s&code=0012&progress=done&call=a.1&number=87000119"
    b"&asker=PJSIP%%2Fseat-01-1\nagi_type: Local\n\n"
)


async def test_who_reports_by_telephone_is_told_a_word_and_never_asked_for_a_pin() -> None:
    asked: list[PhoneQuestion] = []

    async def answer(question: PhoneQuestion) -> str:
        asked.append(question)
        return "feedback-noted"

    async with serving(offer, ask=answer) as served:
        asker = await served.asker()
        asker.say(PHONED % b"feedback")
        await told(asker, b"feedback-noted")
        await served.ended(End.ANSWERED)
    assert asked == [PhoneQuestion(PhoneKind.FEEDBACK, "PJSIP/seat-01-1", "a.1", "87000119", "0012", Progress.DONE)]


async def test_where_nobody_answers_telephones_everybody_is_away() -> None:
    async with serving(offer) as served:
        asker = await served.asker()
        asker.say(PHONED % b"code")
        await told(asker, b"away")


async def test_what_was_reported_is_written_down_also_when_nobody_waits_for_the_word_any_more() -> None:
    written = asyncio.Event()
    may_write = asyncio.Event()

    async def answer(question: PhoneQuestion) -> str:
        await may_write.wait()
        written.set()
        return "feedback-noted"

    async with serving(offer, replace(PATIENT, wish_s=0.05), ask=answer) as served:
        asker = await served.asker()
        asker.say(PHONED % b"feedback")
        assert await asker.left()
        await served.ended(End.LATE)
        may_write.set()
        await asyncio.wait_for(written.wait(), WITHIN)
