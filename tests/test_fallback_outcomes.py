"""With no engine, whatever seats and neighbours do, a caller ends with a person."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import soundfile

from phones import (
    Ending,
    NeverCame,
    Phone,
    Policy,
    Side,
    Stage,
    What,
    ignore,
    reject,
    ring_then_answer,
    silent,
)
from tests.centre import TRUNK, Centre, running_centre
from tests.conversation import CALLER_HZ, OTHER_HZ, SEAT_HZ, taken, talk
from tests.sound import RATE_HZ, heard_to_its_end, sound_of, spans_of, voices

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {
    "ring_s": 6,
    "overflow_after_s": 2,
    "overflow_again_s": 30,
    "neighbour_ring_s": 6,
    "announce_after_s": 1,
    "turn_s": 0.3,
    "too_short_s": 4,  # in a scene a conversation that is lost later has lasted longer than that: the telephone died
    "seat_rtp_timeout_s": 6,
}
STARTING_S = 4  # so long after Asterisk's start nobody can tell that no seat is there


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def north() -> AsyncIterator[Phone]:
    """The neighbour's telephone."""
    async with Phone(("127.0.0.1", 9), "88880110", local=(TRUNK, 0)) as phone:
        yield phone


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path, north: Phone) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        async with running_centre(Path(folder), sounds, neighbour_port=north.address[1], fallback=QUICK) as centre:
            yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def neighbour(north: Phone) -> Phone:
    """The neighbour, who takes nobody unless the test says so, and has no calls of the test before."""
    north.policy = reject(480)
    with suppress(NeverCame):
        while True:
            await north.incoming(within=0)
    return north


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre, neighbour: Phone) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    yield running
    phones = running.phones
    await running.hang_up(*phones)
    await running.spotless()
    assert [surprise for phone in (*phones, neighbour) for surprise in phone.unexpected] == []


# Who answers.


async def who_is_there_is_known(centre: Centre) -> None:
    """Wait until seats had their time to register after Asterisk's start."""

    async def over() -> bool:
        read = await centre.manager.ask("Getvar", Variable="LD_LOADED")
        return time.time() - int(read["Value"]) >= STARTING_S

    await centre.until("Asterisk's start is over", over, True)


async def waited_before_the_neighbour(centre: Centre, caller: Phone) -> str:
    """So many seconds this caller, who is still there, had waited when the neighbour was rung."""
    begun = await centre.manager.wait(
        lambda event: event.get("Event") == "Newchannel" and event["CallerIDNum"] == caller.user
    )
    read = await centre.manager.ask("Getvar", Channel=begun["Channel"], Variable="LD_OVERFLOWED")
    return read["Value"]


async def test_with_no_seat_the_neighbour_is_rung_at_once_and_both_are_recorded(
    centre: Centre, neighbour: Phone
) -> None:
    neighbour.policy = ring_then_answer()
    await who_is_there_is_known(centre)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_neighbour = await taken(neighbour)
    assert await waited_before_the_neighbour(centre, caller) == "0"
    await talk(call, at_neighbour, last=1.0)
    await call.hang_up()
    evidence, folder = await centre.recording(caller)
    assert voices(evidence) == ["caller", "neighbour-north"]
    left, right = sound_of(evidence, folder)
    assert spans_of(left, CALLER_HZ)
    assert spans_of(right, SEAT_HZ)


async def test_with_nobody_at_all_the_caller_is_told_in_both_languages_until_a_seat_comes(
    centre: Centre, sounds: Path
) -> None:
    prompts = [sounds / language / "waiting.wav" for language in ("zh", "en")]
    both_s = sum(soundfile.info(prompt).duration for prompt in prompts)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await call.answered()

    async def long_enough() -> bool:
        return bool(call.position > (both_s + 1) * RATE_HZ)

    await centre.until("both announcements had their time", long_enough, True, within=2 * both_s + 30)
    for prompt in prompts:
        await heard_to_its_end(call, prompt)
    seat = await centre.seat(1, ring_then_answer(), free=False)
    await talk(call, await taken(seat), last=1.0)
    await call.hang_up()
    evidence, _ = await centre.recording(caller)
    assert voices(evidence) == ["caller", "seat-01"]
    assert evidence["findings"] == []


async def test_a_neighbour_who_does_not_even_answer_costs_the_caller_nothing_but_time(
    centre: Centre, neighbour: Phone
) -> None:
    neighbour.policy = silent()
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await neighbour.incoming()
    await call.answered()
    await call.hears_something()
    seat = await centre.seat(1, ring_then_answer(), free=False)
    await talk(call, await taken(seat))
    await call.hang_up()


@pytest.mark.parametrize("nobody", [reject(486), ignore()], ids=["all reject", "all ignore"])
async def test_when_seats_ring_and_nobody_answers_they_are_rung_again_and_then_the_neighbour(
    centre: Centre, neighbour: Phone, nobody: Policy
) -> None:
    neighbour.policy = ring_then_answer()
    seats = [await centre.seat(1, nobody), await centre.seat(2, nobody)]
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(neighbour))
    assert all(seat.calls for seat in seats)
    await call.hang_up()
    evidence, _ = await centre.recording(caller)
    assert voices(evidence) == ["caller", "neighbour-north"]


async def test_when_all_seats_are_busy_the_neighbour_takes_the_caller(centre: Centre, neighbour: Phone) -> None:
    neighbour.policy = ring_then_answer()
    seat = await centre.seat(1, ring_then_answer())
    first, second = await centre.caller(), await centre.caller()
    call = await first.dial("119", tone=OTHER_HZ)
    at_seat = await taken(seat)
    waiting = await second.dial("110", tone=CALLER_HZ)
    await talk(waiting, await taken(neighbour))
    await at_seat.hears(OTHER_HZ)
    assert len(seat.calls) == 1
    await waiting.hang_up()
    await call.hang_up()
    evidence, _ = await centre.recording(second)
    assert voices(evidence) == ["caller", "neighbour-north"]


async def test_a_seat_that_becomes_free_takes_the_caller_who_waits(centre: Centre) -> None:
    seat = await centre.seat(1, ring_then_answer())
    first, second = await centre.caller(), await centre.caller()
    call = await first.dial("119")
    await taken(seat)
    waiting = await second.dial("110", tone=CALLER_HZ)
    await waiting.answered()
    await waiting.hears_something()
    await call.hang_up()
    await talk(waiting, await taken(seat))
    await waiting.hang_up()


async def test_a_seat_that_dies_while_ringing_leaves_the_caller_to_the_others(centre: Centre) -> None:
    dying, other = await centre.seat(1, ignore()), await centre.seat(2, ignore())
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await dying.incoming()
    at_other = await other.incoming()
    dying.vanish()
    await at_other.answer()
    await talk(call, at_other)
    await call.hang_up()
    await call.ended()
    await centre.seat(1)  # a telephone that comes back takes its place


async def test_when_the_only_seat_dies_while_ringing_the_next_round_rings_another(centre: Centre) -> None:
    dying = await centre.seat(1, ignore())
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await dying.incoming()
    dying.vanish()
    other = await centre.seat(2, ring_then_answer(), free=False)
    await talk(call, await taken(other))
    await call.hang_up()
    await centre.seat(1)


async def test_one_seat_rejects_and_one_ignores_and_the_third_answers(centre: Centre) -> None:
    await centre.seat(1, reject(486)), await centre.seat(2, ignore())
    third = await centre.seat(3)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_third = await third.incoming()
    rejecting, ignoring = centre.phones[:2]
    await (await rejecting.incoming()).ended()
    await at_third.answer()
    await talk(call, at_third)
    outcome = await (await ignoring.incoming()).ended()
    assert (outcome.ending, outcome.by) == (Ending.CANCELLED, Side.OTHER)
    await call.hang_up()


# Two at once, and seats that are lost again.


async def test_of_two_seats_that_answer_within_5_ms_exactly_one_keeps_the_call(centre: Centre) -> None:
    seats = [await centre.seat(1), await centre.seat(2)]
    chance = random.Random(110)
    both_answered = 0
    for attempt in range(20):
        together = attempt % 2 == 0
        skewed = replace(ring_then_answer(), answers_after=0.02 + chance.uniform(0, 0.005))
        first, second = chance.sample(seats, 2)
        first.policy, second.policy = (ignore(), ignore()) if together else (ring_then_answer(0.02), skewed)
        caller = await centre.caller()
        call = await caller.dial("119", tone=CALLER_HZ)
        calls = [await seat.incoming() for seat in seats]
        for each, hz in zip(calls, (SEAT_HZ, OTHER_HZ), strict=True):
            each.play_tone(hz)
        if together:  # both answers leave before Asterisk can have read either
            for each in chance.sample(calls, 2):
                await each.answer()
        ends = [asyncio.create_task(each.ended()) for each in calls]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        ((kept, hz),) = ((each, hz) for each, hz in zip(calls, (SEAT_HZ, OTHER_HZ), strict=True) if not each.outcome)
        (released,) = (each for each in calls if each is not kept)
        both_answered += released.time_of(What.ANSWERED) is not None
        assert released.outcome is not None
        assert released.outcome.by is Side.OTHER
        assert kept.stage is Stage.TALKING
        await asyncio.gather(call.hears(hz, last=0.2), kept.hears(CALLER_HZ, last=0.2))
        await call.hang_up()
        outcome = await kept.ended()
        assert (outcome.ending, outcome.by) == (Ending.HUNG_UP, Side.OTHER)
        for seat in seats:
            await centre.free(seat)
    assert both_answered >= 10  # else the two did not cross and nothing was proved


async def test_a_seat_that_answers_and_hangs_up_at_once_does_not_lose_the_caller(centre: Centre) -> None:
    hasty, other = await centre.seat(1), await centre.seat(2)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_hasty = await hasty.incoming()
    cancelled = await other.incoming()
    await at_hasty.answer()
    await at_hasty.acknowledged()
    await at_hasty.hang_up()
    await cancelled.ended()
    again = await other.incoming()
    await again.answer()
    await talk(call, again)
    assert call.outcome is None
    await call.hang_up()
    evidence, _ = await centre.recording(caller)
    assert voices(evidence)[-1] == "seat-02"


async def test_a_caller_whose_seat_dies_in_mid_conversation_rings_again_and_is_answered(centre: Centre) -> None:
    dying, other = await centre.seat(1, ring_then_answer()), await centre.seat(2)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(dying), last=1.0)
    await (await other.incoming()).ended()  # the first one was taken by the other
    dying.vanish()
    again = await other.incoming()
    await again.answer()
    await talk(call, again, OTHER_HZ, last=1.0)
    await call.hang_up()
    evidence, folder = await centre.recording(caller)
    assert voices(evidence) == ["caller", "seat-01", "seat-02"]
    _, right = sound_of(evidence, folder)
    assert spans_of(right, SEAT_HZ)[0] < spans_of(right, OTHER_HZ)[0]
    await centre.seat(1)


# Numbers and names.


@pytest.mark.parametrize("number", ["sos", "+8610110", "911", "1", "*110#"])
async def test_a_number_never_seen_still_reaches_a_seat(centre: Centre, number: str) -> None:
    seat = await centre.seat(1, ring_then_answer())
    caller = await centre.caller()
    call = await caller.dial(number, tone=CALLER_HZ)
    await talk(call, await taken(seat))
    await call.hang_up()


async def test_a_chinese_name_comes_whole_to_the_seats_display(centre: Centre) -> None:
    seat = await centre.seat(1, ring_then_answer())
    caller = await centre.caller()
    name = "北京市朝阳区建国路八十八号三单元 欧阳震华"
    call = await caller.dial("119", caller_name=name, tone=CALLER_HZ)
    at_seat = await taken(seat)
    assert at_seat.caller_name == f"119 {name}"
    assert at_seat.caller == caller.user
    await talk(call, at_seat)
    await call.hang_up()
