"""What the dialplan promises to an engine, and to the caller of an engine that breaks its word."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from phones import OutgoingCall, Phone, Stage, reject, ring_then_answer, tone_of
from telephony.agi.answer import Offer, write_answer
from tests.centre import Centre, running_centre
from tests.engine import one_after_the_other, playing_engine

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER_HZ, SEAT_HZ = tone_of(2), tone_of(9)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        quick = {"announce_after_s": 1, "overflow_after_s": 600, "turn_s": 0.3}
        patient = {"ask_s": 2, "heartbeat_s": 10, "too_short_s": 10}
        menu = {"timeout_s": 4}
        async with running_centre(Path(folder), sounds, fallback=quick | patient, silent_menu=menu) as centre:
            for language in ("zh", "en"):  # a menu in two words, so that nobody has to hear a long one out
                spoken = centre.state / "asterisk" / "sounds" / language
                for kind in ("wav", "wav16"):
                    shutil.copy(spoken / f"silent-thanks.{kind}", spoken / f"silent-menu.{kind}")
            yield centre
            await centre.spotless()


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    yield running
    phones = running.phones
    await running.hang_up(*phones)
    await running.manager.silence()
    assert all(not phone.unexpected for phone in phones)
    await running.no_groups()


async def talk(call: OutgoingCall, seat: Phone) -> None:
    """Both come to hear each other."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 20
    while not (talking := [each for each in seat.calls if each.stage is Stage.TALKING]):
        assert loop.time() < deadline, f"{seat.user} was not joined to anybody"
        await asyncio.sleep(0.02)
    await call.hears(SEAT_HZ)
    await talking[0].hears(CALLER_HZ)


async def waiting(centre: Centre) -> str:
    """The channel of the one caller, once he waits."""
    asking = centre.manager

    async def found() -> list[str]:
        rows = [row.split("!") for row in (await asking.command("core show channels concise")).splitlines()]
        return [row[0] for row in rows if row[0].startswith("PJSIP/city-") and row[1] == "waiting"]

    await centre.until("a caller waits", lambda: _any(found), True)
    (channel,) = await found()
    return channel


async def _any(found: Callable[[], Awaitable[list[str]]]) -> bool:
    return bool(await found())


async def application(centre: Centre, channel: str, field: int = 5) -> str:
    """What the dialplan does with this channel; field 6: with which data."""
    rows = [row.split("!") for row in (await centre.manager.command("core show channels concise")).splitlines()]
    return next((row[field] for row in rows if row[0] == channel), "")


async def waits_unanswered(centre: Centre, seat: Phone) -> str:
    """The channel of the one caller, once he waits, not to be answered for ten minutes; the offered seat rejects him.

    While a seat rings, how long he has waited stands still, and can be set.
    """
    at_seat = await seat.incoming()
    (channel,) = [name for name in await centre.manager.channels() if name.startswith("PJSIP/city-")]
    await centre.manager.ask("Setvar", Channel=channel, Variable="LD_WAITED", Value="-600")
    await at_seat.reject(486)
    return await waiting(centre)


async def waited(centre: Centre, channel: str, seconds: float) -> bool:
    """Whether the caller has waited for so long."""
    answer = await centre.manager.ask("Getvar", Channel=channel, Variable="LD_WAITED")
    return float(answer["Value"]) >= seconds


def rang(seat: Phone) -> int:
    """How often this seat was called."""
    return len(seat.calls)


async def test_the_engine_is_asked_once_and_only_the_seat_that_it_names_rings(centre: Centre) -> None:
    first, named = await centre.seat(1, ring_then_answer()), await centre.seat(3, ring_then_answer(), tone=SEAT_HZ)
    caller = await centre.caller()
    async with playing_engine(centre, lambda _: "offer+1+seat-03+10") as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, named)
        await call.hang_up()
        assert [question["asker"].partition("-")[0] for question in engine.questions] == ["PJSIP/city"]
    assert rang(first) == 0


async def test_a_seat_that_rejects_brings_the_question_back_to_the_engine(centre: Centre) -> None:
    named, other = await centre.seat(3), await centre.seat(4, ring_then_answer(), tone=SEAT_HZ)
    caller = await centre.caller()
    answers = iter(("offer+1+seat-03+10", "offer+2+seat-04+10"))
    async with playing_engine(centre, lambda _: next(answers)) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await (await named.incoming()).reject(486)
        await talk(call, other)
        await call.hang_up()
        assert [question["outcome"] for question in engine.questions] == ["", "BUSY"]


async def test_a_decision_that_is_not_newer_than_the_last_one_rings_nobody_is_told_and_asked_again(
    centre: Centre,
) -> None:
    named, other = await centre.seat(3), await centre.seat(4, ring_then_answer(), tone=SEAT_HZ)
    caller = await centre.caller()
    since = len(centre.manager.events)
    answers = one_after_the_other("offer+7+seat-03+10", "offer+7+seat-04+10", "offer+8+seat-04+10")
    async with playing_engine(centre, answers) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await (await named.incoming()).reject(486)
        told = await centre.manager.wait(lambda event: event.get("UserEvent") == "Stale", since=since)
        assert (told["Fence"], rang(other)) == ("7", 0)
        await talk(call, other)
        assert [question["fence"] for question in engine.questions] == ["", "7", "7"]
        await call.hang_up()


async def test_an_engine_that_knows_only_stale_decisions_leaves_the_caller_to_the_free_seats(centre: Centre) -> None:
    await centre.seat(3, reject(486))
    caller = await centre.caller()
    since = len(centre.manager.events)
    async with playing_engine(centre, lambda _: "offer+7+seat-03+10"):
        call = await caller.dial("119", tone=CALLER_HZ)
        await centre.manager.wait(lambda event: event.get("UserEvent") == "Unanswered", since=since)
        other = await centre.seat(4, ring_then_answer(), tone=SEAT_HZ)
        await talk(call, other)
        await call.hang_up()


async def test_who_is_woken_as_he_is_answered_is_heard_by_his_call_taker(centre: Centre) -> None:
    seat, caller = await centre.seat(3, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    answers = one_after_the_other("wait+5", "offer+6+seat-03+10")
    async with playing_engine(centre, answers, slow_s=0.15) as engine:  # longer than the gap between two keys
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        await engine.wake(await waiting(centre))
        await talk(call, seat)
        await call.hang_up()


async def test_a_stale_word_to_wait_or_to_use_the_net_is_told_too(centre: Centre) -> None:
    seat, caller = await centre.seat(3, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    since = len(centre.manager.events)
    answers = one_after_the_other("wait+5", "wait+5", "net+4", "offer+6+seat-03+10")
    async with playing_engine(centre, answers) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        await engine.wake(await waiting(centre))
        for fence in ("5", "4"):
            await centre.manager.wait(
                lambda event, fence=fence: event.get("UserEvent") == "Stale" and event["Fence"] == fence, since=since
            )
        await talk(call, seat)
        await call.hang_up()


async def test_a_caller_told_to_wait_hears_the_announcement_and_does_not_ask_before_he_is_woken(
    centre: Centre,
) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    answers = one_after_the_other("wait+1", "offer+2+seat-05+10")
    async with playing_engine(centre, answers) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        await call.hears_something()
        channel = await waiting(centre)
        await centre.until("six turns", lambda: waited(centre, channel, 1.8), True)
        assert (len(engine.questions), rang(seat)) == (1, 0)
        await engine.wake(channel)
        await talk(call, seat)
        assert [question["fence"] for question in engine.questions] == ["", "1"]
        assert float(engine.questions[1]["waited"]) >= 1.8
        await call.hang_up()


async def test_a_caller_who_only_hears_the_ringing_tone_is_woken_too(centre: Centre) -> None:
    seat, caller = await centre.seat(5), await centre.caller()
    answers = one_after_the_other("offer+1+seat-05+60", "wait+2", "offer+3+seat-05+60")
    async with playing_engine(centre, answers) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await engine.wake(await waits_unanswered(centre, seat))
        at_seat = await seat.incoming()
        assert call.stage is Stage.CALLING
        await at_seat.answer()
        at_seat.play_tone(SEAT_HZ)
        await call.hears(SEAT_HZ)
        await call.hang_up()


async def test_a_wake_that_comes_before_the_caller_waits_is_not_lost(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    wakes: list[asyncio.Task[None]] = []
    async with playing_engine(centre, lambda question: answered(question)) as engine:

        def answered(question: dict[str, str]) -> str:
            if wakes:
                return "offer+2+seat-05+10"
            wakes.append(asyncio.create_task(engine.wake(question["asker"])))
            return "wait+1"

        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        assert len(engine.questions) == 2
        await call.hang_up()


async def test_the_keys_of_the_engine_do_nothing_when_a_caller_presses_them(centre: Centre) -> None:
    caller = await centre.caller()
    since = len(centre.manager.events)
    async with playing_engine(centre, lambda _: "wait+1") as engine:
        call = await caller.dial("119")
        await call.answered()
        await call.send_keys("ABA")
        for key in "ABA":
            await centre.manager.wait(
                lambda event, key=key: event.get("Event") == "DTMFEnd" and event["Digit"] == key, since=since
            )
        channel = await waiting(centre)
        await centre.until("another turn", lambda: waited(centre, channel, 2.4), True)
        assert len(engine.questions) == 1
        await centre.until("he waits still", lambda: application(centre, channel), "WaitExten")
        await call.hang_up()


async def test_a_wake_that_comes_too_late_does_not_part_the_caller_from_the_seat(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: "offer+1+seat-05+10") as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        (channel,) = [name for name in await centre.manager.channels() if name.startswith("PJSIP/city-")]
        since = len(centre.manager.events)
        await engine.wake(channel)
        await engine.announce(channel, "place-1")
        await centre.manager.wait(lambda event: event.get("Event") == "DTMFEnd" and event["Digit"] == "B", since=since)
        await talk(call, seat)
        assert not [event for event in centre.manager.events[since:] if event.get("Event") == "BridgeLeave"]
        assert len(engine.questions) == 1
        await call.hang_up()


async def test_a_waiting_caller_hears_his_place_and_a_wake_cuts_it_short(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    answers = one_after_the_other("wait+1", "offer+2+seat-05+10")
    async with playing_engine(centre, answers) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        channel = await waiting(centre)
        await engine.announce(channel, "place-3")
        await centre.until("he hears his place", lambda: application(centre, channel), "BackGround")
        assert "/zh/place-3&" in await application(centre, channel, field=6)
        await call.hears_something()
        await engine.wake(channel)
        await talk(call, seat)
        await call.hang_up()


async def test_a_place_told_before_the_caller_is_answered_is_said_once_he_is(centre: Centre) -> None:
    seat, caller = await centre.seat(5), await centre.caller()
    async with playing_engine(centre, one_after_the_other("offer+1+seat-05+60", "wait+2")) as engine:
        call = await caller.dial("119")
        channel = await waits_unanswered(centre, seat)
        await engine.announce(channel, "place-many")
        assert call.stage is Stage.CALLING
        await centre.manager.ask("Setvar", Channel=channel, Variable="LD_WAITED", Value="1")
        await centre.until("he hears his place", lambda: application(centre, channel), "BackGround")
        await call.hang_up()


async def test_a_wake_that_was_lost_costs_half_a_minute_and_not_the_call(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    answers = one_after_the_other("wait+1", "offer+2+seat-05+10")
    async with playing_engine(centre, answers):
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        channel = await waiting(centre)
        await centre.manager.ask("Setvar", Channel=channel, Variable="LD_WAITED", Value="40")  # half a minute later
        await talk(call, seat)
        await call.hang_up()


async def test_an_engine_with_nobody_at_work_leaves_the_caller_to_the_free_seats_and_nothing_is_amiss(
    centre: Centre,
) -> None:
    seat, caller = await centre.seat(6, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    since = len(centre.manager.events)
    async with playing_engine(centre, lambda _: "net+1") as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        assert len(engine.questions) == 1
        await call.hang_up()
    told = [event["UserEvent"] for event in centre.manager.events[since:] if event.get("Event") == "UserEvent"]
    assert told == []


async def test_a_caller_in_the_net_asks_again_between_its_rounds_and_gets_who_signs_in(centre: Centre) -> None:
    caller = await centre.caller()
    seat = await centre.seat(5, reject(486), tone=SEAT_HZ)
    fences = iter(range(1, 1000))
    answers: Callable[[dict[str, str]], str] = lambda _: f"net+{next(fences)}"  # noqa: E731 - changed below
    async with playing_engine(centre, lambda question: answers(question)) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await engine.heard(questions=3)
        waits = [float(question["waited"]) for question in engine.questions]
        assert all(later - earlier >= 2 for earlier, later in pairwise(waits))  # not at each turn
        seat.policy = ring_then_answer()
        answers = lambda _: f"offer+{next(fences)}+seat-05+10"  # noqa: E731
        await talk(call, seat)
        await call.hang_up()


async def test_an_engine_that_dies_while_a_caller_waits_leaves_him_to_the_free_seats(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: "wait+1"):
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        assert rang(seat) == 0
    await talk(call, seat)
    await call.hang_up()


async def test_an_engine_that_comes_back_while_a_caller_waits_is_asked_about_him(centre: Centre) -> None:
    seat, caller = await centre.seat(5, reject(486), tone=SEAT_HZ), await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await call.answered()  # by [waiting]: the only seat rejects
    async with playing_engine(centre, lambda _: "offer+1+seat-05+10") as engine:
        seat.policy = ring_then_answer()
        await talk(call, seat)
        await call.hang_up()
        assert engine.questions


async def test_a_caller_whom_the_net_had_and_the_engine_told_to_wait_is_seen_to_wait_for_the_engine(
    centre: Centre,
) -> None:
    """A next engine takes him for one who waits, and wakes him; else he would wait for nobody."""
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    channel = await waiting(centre)

    async def path() -> str:
        return (await centre.manager.ask("Getvar", Channel=channel, Variable="LD_PATH"))["Value"]

    await centre.until("the net has him", path, "fallback")
    async with playing_engine(centre, one_after_the_other("net+1", "wait+2")):
        await centre.until("he waits for the engine", path, "engine")
        assert await waiting(centre) == channel
    await centre.until("the net has him again", path, "fallback")
    await call.hang_up()


async def test_a_frozen_engine_costs_a_moment_and_no_caller(centre: Centre) -> None:
    seat, caller = await centre.seat(6, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    since = len(centre.manager.events)
    async with playing_engine(centre, lambda _: None) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        assert len(engine.questions) == 1
        told = await centre.manager.wait(lambda event: event.get("UserEvent") == "Unanswered", since=since)
        assert told["Call"].startswith("liandong-")
        assert not [name for name in await centre.manager.channels() if name.startswith("Local/")]
        await call.hang_up()


async def test_an_engine_with_a_heartbeat_and_no_ear_costs_nothing(centre: Centre) -> None:
    seat, caller = await centre.seat(6, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: None) as engine:
        engine.stop_listening()
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        await call.hang_up()
        assert not engine.questions


@pytest.mark.parametrize("age_s", [-60, 14])
async def test_a_heartbeat_that_is_old_or_from_the_future_is_none(centre: Centre, age_s: int) -> None:
    seat, caller = await centre.seat(6, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: "wait+1") as engine:
        engine.stop_beating()
        await engine.beat(age_s)
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        await call.hang_up()
        assert not engine.questions


NONSENSE = [
    *("offer+x+no-such-seat+ever", "offer", "offer+1", "offer+1++10", "offer+1+seat-06", "offer+1+seat-06+10+x"),
    *("wait", "wait+", "wait+-1", "net+x", "hello+1", "i+1", "offer+1+PJSIP/seat-06,5+10", "${EPOCH}", "+", "(", "]"),
]


async def test_an_engine_that_talks_nonsense_is_an_engine_that_did_not_answer(centre: Centre) -> None:
    seat, caller = await centre.seat(6), await centre.caller()
    for nonsense in NONSENSE:
        since = len(centre.manager.events)
        async with playing_engine(centre, lambda _, nonsense=nonsense: nonsense):
            call = await caller.dial("119")
            at_seat = await seat.incoming()
            await centre.manager.wait(lambda event: event.get("UserEvent") == "Unanswered", since=since)
            await call.cancel()
            await at_seat.ended()
            await centre.free(seat)


@pytest.mark.parametrize("count", [1, 3, 60, 100])
async def test_an_offer_may_name_a_hundred_seats(centre: Centre, count: int) -> None:
    """All but the last one are strangers here, with names as long as the longest that a hundred may have."""
    seat, caller = await centre.seat(12, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    seats = [*(f"stranger-seat-{number:03}" for number in range(count - 1)), "seat-12"]
    offer = write_answer(Offer(1, tuple(seats), 10))
    async with playing_engine(centre, lambda _: offer):
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        await call.hang_up()


async def test_several_seats_ring_at_once_and_one_has_the_call(centre: Centre) -> None:
    seats = [await centre.seat(number) for number in (1, 2, 3)]
    caller = await centre.caller()
    async with playing_engine(centre, lambda _: "offer+1+seat-01&seat-02&seat-03+10"):
        call = await caller.dial("119", tone=CALLER_HZ)
        first, second, third = [await seat.incoming() for seat in seats]
        await second.answer()
        second.play_tone(SEAT_HZ)
        await call.hears(SEAT_HZ)
        await asyncio.gather(first.ended(), third.ended())
        await call.hang_up()


async def test_a_seat_that_has_another_call_already_is_told_as_refused_by_its_gate(centre: Centre) -> None:
    seat = await centre.seat(3)
    one, two = await centre.caller(), await centre.caller()
    since = len(centre.manager.events)
    fences = iter(range(1, 1000))
    answers = {one.user: lambda: "offer+1+seat-03+30", two.user: lambda: f"offer+{next(fences)}+seat-03+10"}
    async with playing_engine(centre, lambda question: answers[question["number"]]()) as engine:
        first = await one.dial("119")
        at_seat = await seat.incoming()
        second = await two.dial("119")
        refused = await centre.manager.wait(lambda event: event.get("UserEvent") == "Refused", since=since)
        assert (refused["Seat"], refused["Fence"], refused["Channel"][:13]) == ("seat-03", "1", "PJSIP/seat-03")
        offered = await centre.manager.wait(lambda event: event.get("UserEvent") == "Offered", since=since)
        assert (offered["Call"], offered["Raced"]) == (refused["Call"], "1")
        await engine.heard(questions=3)
        again = [question for question in engine.questions if question["number"] == two.user][1]
        assert (again["raced"], again["fence"]) == ("1", "1")
        assert len(seat.calls) == 1
        await second.cancel()
        await first.cancel()
        await at_seat.ended()


async def test_a_seat_that_is_lost_as_it_answers_brings_the_question_back(centre: Centre) -> None:
    hasty, other = await centre.seat(3), await centre.seat(4, ring_then_answer(), tone=SEAT_HZ)
    caller = await centre.caller()
    answers = one_after_the_other("offer+1+seat-03+10", "offer+2+seat-04+10")
    async with playing_engine(centre, answers) as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        at_seat = await hasty.incoming()
        await at_seat.answer()
        await at_seat.acknowledged()
        await at_seat.hang_up()
        await talk(call, other)
        assert [question["outcome"] for question in engine.questions] == ["", "ANSWER"]
        await call.hang_up()


async def test_offers_that_come_to_nothing_at_once_again_and_again_end_at_the_free_seats(centre: Centre) -> None:
    seat, caller = await centre.seat(4, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    since = len(centre.manager.events)
    fences = iter(range(1, 1000))
    async with playing_engine(centre, lambda _: f"offer+{next(fences)}+nobody-here+10") as engine:
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        await centre.manager.wait(lambda event: event.get("UserEvent") == "Unanswered", since=since)
        assert [question["outcome"] for question in engine.questions] == ["", *["CHANUNAVAIL"] * 9]
        await call.hang_up()


async def test_a_caller_who_cannot_speak_says_by_key_what_is_needed(centre: Centre) -> None:
    caller = await centre.caller()
    call = await caller.dial("119")
    await call.answered()
    await call.hears_something()
    since = len(centre.manager.events)
    await call.send_keys("5")
    await centre.manager.wait(lambda event: event.get("Event") == "DTMFEnd", since=since)
    await call.send_keys("2")
    told = await centre.manager.wait(lambda event: event.get("UserEvent") == "SilentCall", since=since)
    assert told["Service"] == "fire"
    seat = await centre.seat(7)
    at_seat = await seat.incoming()
    assert at_seat.caller_name == "静音报警 119"
    await at_seat.answer()
    await at_seat.acknowledged()
    await call.hang_up()


async def test_a_caller_who_presses_nothing_in_the_menu_still_reaches_a_person(centre: Centre) -> None:
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await call.answered()
    since = len(centre.manager.events)
    await call.send_keys("5")
    await centre.manager.wait(lambda event: event.get("Event") == "DTMFEnd", since=since)
    seat = await centre.seat(7, ring_then_answer(), tone=SEAT_HZ)
    await talk(call, seat)
    await call.hang_up()


async def test_the_call_taker_offers_the_keys_to_a_caller_who_does_not_speak_and_is_told_the_key(
    centre: Centre,
) -> None:
    seat, caller = await centre.seat(8, ring_then_answer()), await centre.caller()
    call = await caller.dial("119")
    at_seat = await seat.incoming()
    await at_seat.acknowledged()
    since = len(centre.manager.events)
    await at_seat.send_keys("*7")
    await call.hears_something()
    await call.send_keys("3")
    told = await centre.manager.wait(lambda event: event.get("UserEvent") == "SilentCall", since=since)
    assert told["Service"] == "medical"
    await at_seat.hears_something(within=8)
    call.play_tone(CALLER_HZ)
    at_seat.play_tone(SEAT_HZ)
    await at_seat.hears(CALLER_HZ)
    await call.hears(SEAT_HZ)
    await call.hang_up()
