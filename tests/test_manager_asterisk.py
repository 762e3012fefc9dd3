"""The manager link on a real Asterisk, with calls up: told the truth after every break, and deaf to forgers."""

import asyncio
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import pytest
import pytest_asyncio

from config.secret import Secret
from phones import ring_then_answer
from telephony.agi.answer import Answer, Nothing, Offer, Wait
from telephony.agi.question import Question
from telephony.agi.server import AgiServer
from telephony.manager.backoff import Broken
from telephony.manager.error import BadAction
from telephony.manager.event import (
    Arrived,
    ContactChanged,
    DeviceChanged,
    DialEnded,
    Dialled,
    DialOutcome,
    Ended,
    Joined,
    Offered,
    Originated,
    Pressed,
    Reach,
    Stale,
    Unanswered,
)
from telephony.manager.event import Refused as NotLetIn
from telephony.manager.exchange import Gap, News, Origination, Place, Why
from telephony.manager.link import ManagerLink, Patience
from telephony.manager.outcome import Answered, LinkLost, Refused
from telephony.manager.snapshot import Present, Snapshot
from tests.centre import TRUNK, Centre, running_centre
from tests.proxy import Proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = 20.0  # seconds; generous
TURN_S = 5  # who asks much sooner than after this has been woken

N = TypeVar("N")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        quick = {"announce_after_s": 0, "overflow_after_s": 600}
        patient = {"turn_s": TURN_S, "ask_s": 2, "heartbeat_s": 10}
        async with running_centre(Path(folder), sounds, fallback=quick | patient) as centre:
            yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre) -> AsyncIterator[Centre]:
    """The centre; nothing is left after the test."""
    yield running
    await running.hang_up(*running.phones)
    await running.manager.silence()


class Listener:
    """Hears everything that a link tells."""

    def __init__(self, link: ManagerLink) -> None:
        self.link = link
        self.heard: list[News] = []

    async def until(self, kind: type[N], meant: Callable[[N], bool] = lambda _: True) -> N:
        """Listen until this is told."""
        async with asyncio.timeout(WITHIN):
            while True:
                news = await self.link.next()
                self.heard.append(news)
                if isinstance(news, kind) and meant(news):
                    return news


def secret(centre: Centre) -> Secret:
    return Secret((centre.state / "secrets" / "ami").read_text().strip())


@asynccontextmanager
async def linked(centre: Centre, port: int | None = None, password: Secret | None = None) -> AsyncIterator[Listener]:
    link = ManagerLink(
        "127.0.0.1", port or centre.port("ami"), "liandong", password or secret(centre), patience=Patience(ping_s=0.2)
    )
    running = asyncio.create_task(link.run())
    try:
        yield Listener(link)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Engine:
    """Answers questions, and beats."""

    def __init__(self, link: ManagerLink, answer: Callable[[Question], Answer]) -> None:
        self._link, self.answer = link, answer
        self.questions: list[Question] = []
        self.asked = asyncio.Event()
        self.unheard: list[Answer] = []

    async def decide(self, question: Question) -> Answer:
        self.questions.append(question)
        self.asked.set()
        return self.answer(question)

    async def beat(self) -> None:
        while True:
            await self._link.heartbeat(int(time.time()))
            await asyncio.sleep(0.5)


@asynccontextmanager
async def deciding(centre: Centre, link: ManagerLink, answer: Callable[[Question], Answer]) -> AsyncIterator[Engine]:
    engine = Engine(link, answer)
    server = AgiServer(engine.decide, lambda _, answer: engine.unheard.append(answer))
    await server.start("127.0.0.1", centre.port("agi"))
    assert await link.heartbeat(int(time.time())) == Answered(None)
    beating = asyncio.create_task(engine.beat())
    try:
        yield engine
    finally:
        beating.cancel()
        await server.stop()
        await link.heartbeat(1)


def callers(snapshot: Snapshot) -> dict[str, Present]:
    """Callers by their numbers."""
    return {each.channel.number: each for each in snapshot.channels if each.channel.endpoint == "city"}


async def test_a_link_that_is_cut_with_calls_up_is_told_who_talks_who_rings_and_who_waits(centre: Centre) -> None:
    await centre.seat(3, ring_then_answer())
    second = await centre.seat(4)
    talker, ringer, waiter = [await centre.caller() for _ in range(3)]
    decisions = {
        talker.user: Offer(1, ("seat-03",), 30),
        ringer.user: Offer(2, ("seat-04",), 60),
        waiter.user: Wait(3),
    }
    proxy = Proxy(centre.port("ami"))
    async with linked(centre, await proxy.start()) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda question: decisions[question.number]) as engine:
            assert await listener.link.keep("seat-03/person", "张三") == Answered(None)
            talking = await talker.dial("119")
            await listener.until(Joined, lambda event: event.channel.endpoint == "city")
            ringing = await ringer.dial("120")
            await second.incoming()
            waiting = await waiter.dial("110")
            await waiting.answered()

            proxy.cut()
            await listener.until(Gap, lambda gap: gap == Gap(Why.LINK))
            snapshot = await listener.until(Snapshot)

            up = callers(snapshot)
            began = {event.channel.number: event.channel.id for event in listener.heard if isinstance(event, Arrived)}
            assert {number: each.channel.id for number, each in up.items()} == began
            assert {question.number: question.call for question in engine.questions} == began
            called = {number: (each.channel.called, each.channel.fence) for number, each in up.items()}
            assert called == {talker.user: ("119", 1), ringer.user: ("120", 2), waiter.user: ("110", 3)}
            assert up[waiter.user].channel.context == "waiting"
            (bridge,) = snapshot.bridges
            assert len(bridge.channels) == 2
            assert began[talker.user] in bridge.channels
            seats = {each.channel.endpoint: each.channel.call for each in snapshot.channels}
            assert (seats["seat-03"], seats["seat-04"]) == (began[talker.user], began[ringer.user])
            assert snapshot.contacts["seat-03"] is Reach.REACHABLE
            assert snapshot.database["seat-03/person"] == "张三"

            for call in (talking, ringing, waiting):
                await call.hang_up()
            await listener.until(Ended, lambda event: event.channel.id == began[waiter.user])
            assert engine.unheard == []
    proxy.close()


async def test_a_waiting_caller_is_woken_asks_at_once_and_gets_the_seat(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer()), await centre.caller()
    fences = count(1)
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda _: Wait(next(fences))) as engine:
            call = await caller.dial("119")
            await call.answered()
            (question,) = engine.questions
            assert (question.called, question.number, question.fence) == ("119", caller.user, 0)
            assert question.more == {"silent": "", "waited": "0", "outcome": ""}
            took = [await woken(listener.link, engine, question.call) for _ in range(20)]
            assert sorted(took)[10] < TURN_S / 2, took  # by the key
            assert [each.fence for each in engine.questions] == [*range(21)]
            engine.answer = lambda _: Offer(next(fences), ("seat-05",), 10)
            await woken(listener.link, engine, question.call)
            joined = await listener.until(Joined, lambda event: event.channel.endpoint == "seat-05")
            assert (joined.channel.call, joined.channel.fence) == (question.call, 22)
            assert len(seat.calls) == 1
            assert await listener.link.hang_up(question.call) == Answered(None)
            ended = await listener.until(Ended, lambda event: event.channel.id == question.call)
            assert ended.channel.number == caller.user
            assert not [news for news in listener.heard if isinstance(news, Pressed)]  # the key was ours


async def woken(link: ManagerLink, engine: Engine, call: str) -> float:
    """Wake a caller who waits; how long it took until he asked, in seconds."""
    engine.asked.clear()
    await asyncio.sleep(0.06)  # Asterisk holds a second key back for 45 ms
    began = time.perf_counter()
    assert await link.wake(call) == Answered(None)
    async with asyncio.timeout(WITHIN):
        await engine.asked.wait()
    return time.perf_counter() - began


async def test_a_waiting_caller_is_told_his_place(centre: Centre) -> None:
    caller = await centre.caller()
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda _: Wait(1)) as engine:
            call = await caller.dial("119")
            await call.answered()
            with pytest.raises(BadAction):
                await listener.link.announce(engine.questions[0].call, "place-1&/etc/passwd")
            assert await listener.link.announce(engine.questions[0].call, "place-1") == Answered(None)

            async def hears() -> str:
                match await listener.link.look():
                    case Answered(Snapshot(channels=(present,))):
                        return present.application
                    case other:
                        return str(other)

            await centre.until("he hears his place", hears, "BackGround")
            await call.hang_up()


async def test_a_look_tells_what_is_now_and_the_news_go_on(centre: Centre) -> None:
    caller = await centre.caller()
    async with linked(centre) as listener:
        told = await listener.until(Snapshot)
        look = await listener.link.look()
        assert isinstance(look, Answered)
        assert (look.value.channels, look.value.devices.keys()) == ((), told.devices.keys())
        async with deciding(centre, listener.link, lambda _: Wait(1)) as engine:
            call = await caller.dial("119")
            await call.answered()
            looks = await asyncio.gather(*(listener.link.look() for _ in range(10)))
            for look in looks:
                assert isinstance(look, Answered)
                assert [each.channel.id for each in look.value.channels] == [engine.questions[0].call]
            await call.hang_up()
        await listener.until(Ended)
        assert [type(news) for news in listener.heard].count(Snapshot) == 1
        assert listener.link.snapshots == 1
    assert await listener.link.look() == LinkLost()


async def test_a_seat_that_has_another_call_is_told_as_refused_and_a_stale_decision_as_stale(centre: Centre) -> None:
    seat = await centre.seat(6)
    first, second = await centre.caller(), await centre.caller()
    answers = {first.user: iter([Offer(1, ("seat-06",), 30)]), second.user: iter([Offer(2, ("seat-06",), 10), Wait(2)])}
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda question: next(answers[question.number], Wait(3))) as engine:
            ringing = await first.dial("119")
            at_seat = await seat.incoming()
            waiting = await second.dial("119")
            refused = await listener.until(NotLetIn)
            assert (refused.seat, refused.fence, refused.channel.endpoint) == ("seat-06", 2, "seat-06")
            offered = await listener.until(Offered)
            assert (offered.channel.call, offered.fence, offered.raced) == (refused.channel.call, 2, True)
            stale = await listener.until(Stale)
            assert (stale.channel.call, stale.fence) == (refused.channel.call, 2)
            again = [question.more for question in engine.questions if question.number == second.user][1]
            assert again["raced"] == "1"
            await waiting.hang_up()
            await ringing.cancel()
            await at_seat.ended()


async def test_a_seat_that_rejects_is_told_and_the_question_comes_back_with_the_fence(centre: Centre) -> None:
    seat, caller = await centre.seat(6), await centre.caller()
    answers = iter((Offer(41, ("seat-06",), 10), Wait(42)))
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda _: next(answers)) as engine:
            call = await caller.dial("119")
            await (await seat.incoming()).reject(486)
            dialled = await listener.until(Dialled)
            ended = await listener.until(DialEnded)
            await call.answered()
            assert dialled.by is not None
            assert (dialled.by.id, ended.outcome) == (engine.questions[0].call, DialOutcome.BUSY)
            assert [question.fence for question in engine.questions] == [0, 41]
            await call.hang_up()


async def test_an_engine_that_is_too_late_is_told_so(centre: Centre) -> None:
    caller = await centre.caller()
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda _: Nothing()) as engine:
            call = await caller.dial("119")
            told = await listener.until(Unanswered)
            assert told.channel.call == engine.questions[0].call
            await call.hang_up()


async def test_acts_on_nobody_are_refused_in_asterisks_words(centre: Centre) -> None:
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        link = listener.link
        assert isinstance(await link.redirect("nobody", Place("waiting", "s")), Refused)
        assert await link.hang_up("nobody") == Refused("No such channel")
        assert await link.set_variable("nobody", "X", "1") == Refused("No such channel")
        assert await link.variable("nobody", "X") == Refused("No such channel")


async def test_what_is_kept_in_asterisks_database_comes_back_as_it_was(centre: Centre) -> None:
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        link, words = listener.link, '张三; "接警员" \\ 100%, {a}'
        assert await link.keep("test/person", words) == Answered(None)
        assert await link.kept("test/person") == Answered(words)
        assert await link.drop("test/person") == Answered(None)
        assert await link.drop("test/person") == Answered(None)
        assert await link.kept("test/person") == Answered(None)


async def test_an_origination_has_our_id_and_its_outcome_comes_as_an_event(centre: Centre) -> None:
    seat = await centre.seat(7, ring_then_answer())
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        wanted = Origination(
            "attempt-1",
            "PJSIP/seat-07",
            Place("tell", "none"),
            ring_s=10,
            caller_number="119",
            caller_name="联动中心",
            variables={"LD_CALL": "attempt-1", "LD_CALLED": "城关 x=1;y"},
        )
        assert await listener.link.originate(wanted) == Answered(None)
        assert (await seat.incoming()).caller_name == "联动中心"
        told = await listener.until(Originated)
        assert (told.channel_id, told.outcome) == ("attempt-1", DialOutcome.ACCEPTED)
        assert await listener.link.variable("attempt-1", "LD_CALLED") == Answered("城关 x=1;y")
        await listener.link.hang_up("attempt-1")
        await listener.until(Ended, lambda event: event.channel.id == "attempt-1")
        nowhere = Origination("attempt-2", "PJSIP/seat-12", Place("tell", "none"), ring_s=10)
        assert await listener.link.originate(nowhere) == Answered(None)
        assert (await listener.until(Originated)).outcome is DialOutcome.FAILED


FORGED = quote(
    "\r\n\r\nEvent: DeviceStateChange\r\nTimestamp: 1\r\nDevice: PJSIP/seat-99\r\nState: INUSE\r\n\r\nX: ", safe=""
)


@pytest.mark.parametrize(
    ("user", "dialled"), [(f"138{FORGED}", "119"), ("138", f"119{FORGED}"), (f"1{FORGED}", f"1{FORGED}")]
)
async def test_a_caller_who_writes_events_into_his_number_forges_nothing_and_is_answered(
    centre: Centre, user: str, dialled: str
) -> None:
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        async with deciding(centre, listener.link, lambda _: Wait(1)) as engine:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
                sip.bind((TRUNK, 0))
                sip.setblocking(False)
                sip.connect(centre.sip)
                sip.send(invite(user, dialled, sip.getsockname()[1]))
                while not engine.questions:
                    told = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sip, 65536), WITHIN)
                    assert told.startswith((b"SIP/2.0 1", b"SIP/2.0 200")), told
            (question,) = engine.questions
            assert "\r" not in question.number + question.called
            assert question.called.startswith("1")
            await listener.until(Snapshot, lambda snapshot: question.call in {e.channel.id for e in snapshot.channels})
            await listener.link.hang_up(question.call)
            await listener.until(Ended, lambda event: event.channel.id == question.call)
            assert listener.link.damages > 0
            assert not [
                news for news in listener.heard if isinstance(news, DeviceChanged) and news.endpoint == "seat-99"
            ]


def invite(user: str, dialled: str, port: int) -> bytes:
    """An INVITE that no decent telephone would send."""
    address = f"{TRUNK}:{port}"
    sdp = (
        f"v=0\r\no=- 1 1 IN IP4 {TRUNK}\r\ns=-\r\nc=IN IP4 {TRUNK}\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    )
    return (
        f"INVITE sip:{dialled}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{port}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:{user}@{TRUNK}>;tag=a\r\nTo: <sip:119@127.0.0.1>\r\nCall-ID: {port}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:x@{address}>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(sdp)}\r\n\r\n{sdp}"
    ).encode()


async def test_a_seat_that_dials_out_is_told_with_the_number_that_it_dialled(centre: Centre) -> None:
    seat = await centre.seat(9)
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        call = await seat.dial("+8613900001111")
        arrived = await listener.until(Arrived)
        assert (arrived.channel.endpoint, arrived.channel.extension) == ("seat-09", "+8613900001111")
        ended = await listener.until(Ended)  # nobody is behind this trunk
        assert (ended.channel.id, ended.channel.call, ended.channel.path) == (arrived.channel.id,) * 2 + ("seat",)
        await call.hang_up()


async def test_a_wrong_secret_is_found_out_and_asked_once(centre: Centre) -> None:
    async with linked(centre, password=Secret("wrong")) as listener:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WITHIN
        while listener.link.broken is not Broken.SECRET:
            assert loop.time() < deadline, listener.link.broken
            await asyncio.sleep(0.02)
        assert await listener.link.hang_up("x") == LinkLost()


async def test_a_seat_that_registers_is_told(centre: Centre) -> None:
    async with linked(centre) as listener:
        await listener.until(Snapshot)
        await centre.seat(8)
        await listener.until(
            ContactChanged, lambda event: event.endpoint == "seat-08" and event.reach is Reach.REACHABLE
        )


async def test_an_asterisk_that_is_killed_comes_back_with_a_snapshot_in_which_nobody_is_left(running: Centre) -> None:
    caller = await running.caller()
    async with linked(running) as listener:
        await listener.until(Snapshot)
        async with deciding(running, listener.link, lambda _: Wait(1)):
            await (await caller.dial("119")).answered()
            os.kill(running.asterisk_pid, signal.SIGKILL)
            await listener.until(Gap)
            assert await listener.link.hang_up("x") == LinkLost()
            assert (await listener.until(Snapshot)).channels == ()
        await running.manager.close()
        await running.listen()
