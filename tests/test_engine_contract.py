"""What the dialplan promises to an engine, and to the caller of an engine that breaks its word."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from phones import OutgoingCall, Phone, Stage, reject, ring_then_answer, tone_of
from tests.centre import Centre, running_centre
from tests.engine import playing_engine

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER_HZ, SEAT_HZ = tone_of(2), tone_of(9)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        quick = {"announce_after_s": 1, "overflow_after_s": 600, "turn_s": 0.3}
        async with running_centre(Path(folder), sounds, fallback=quick, silent_menu={"timeout_s": 4}) as centre:
            yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    yield running
    phones = running.phones
    await running.hang_up(*phones)
    await running.quiet()
    assert all(not phone.unexpected for phone in phones)
    assert "busy" not in await running.manager.command("group show channels")


async def talk(call: OutgoingCall, seat: Phone) -> None:
    """Both come to hear each other."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 20
    while not (talking := [each for each in seat.calls if each.stage is Stage.TALKING]):
        assert loop.time() < deadline, f"{seat.user} was not joined to anybody"
        await asyncio.sleep(0.02)
    await call.hears(SEAT_HZ)
    await talking[0].hears(CALLER_HZ)


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
        assert len(engine.questions) == 2


async def test_a_decision_that_is_not_newer_than_the_last_one_rings_nobody(centre: Centre) -> None:
    named, other = await centre.seat(3), await centre.seat(4, ring_then_answer(), tone=SEAT_HZ)
    caller = await centre.caller()
    answers = iter(("offer+7+seat-03+10", "offer+7+seat-04+10"))
    async with playing_engine(centre, lambda _: next(answers)):
        call = await caller.dial("119", tone=CALLER_HZ)
        await (await named.incoming()).reject(486)
        await call.answered()  # it waits: the stale decision led to [waiting], which answers
        assert rang(other) == 0
        waiting = next(name for name in await centre.manager.channels() if name.startswith("PJSIP/city-"))
        await centre.manager.ask("Redirect", Channel=waiting, Context="offer", Exten="8+seat-04+10", Priority="1")
        await talk(call, other)
        await call.hang_up()


async def test_a_caller_told_to_wait_hears_the_announcement_and_is_taken_out_by_a_redirect(centre: Centre) -> None:
    seat, caller = await centre.seat(5, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: "wait+1"):
        call = await caller.dial("119", tone=CALLER_HZ)
        await call.answered()
        await call.hears_something()
        assert rang(seat) == 0
        waiting = next(name for name in await centre.manager.channels() if name.startswith("PJSIP/city-"))
        await centre.manager.ask("Redirect", Channel=waiting, Context="offer", Exten="2+seat-05+10", Priority="1")
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


async def test_a_frozen_engine_costs_half_a_second_and_no_caller(centre: Centre) -> None:
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


@pytest.mark.parametrize("age_s", [-5, 4])
async def test_a_heartbeat_that_is_old_or_from_the_future_is_none(centre: Centre, age_s: int) -> None:
    seat, caller = await centre.seat(6, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: "wait+1") as engine:
        engine.stop_beating()
        await engine.beat(age_s)
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
        await call.hang_up()
        assert not engine.questions


async def test_an_engine_that_talks_nonsense_is_an_engine_that_did_not_answer(centre: Centre) -> None:
    seat, caller = await centre.seat(6, ring_then_answer(), tone=SEAT_HZ), await centre.caller()
    async with playing_engine(centre, lambda _: "offer+x+no-such-seat+ever"):
        call = await caller.dial("119", tone=CALLER_HZ)
        await talk(call, seat)
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
