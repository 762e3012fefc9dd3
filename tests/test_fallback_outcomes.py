"""With no engine, whatever seats and neighbours do, a caller ends with a person, and both voices are on record."""

import asyncio
import hashlib
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio
import soundfile
import soxr  # type: ignore[import-untyped]

from phones import (
    Call,
    Ending,
    IncomingCall,
    NeverCame,
    OutgoingCall,
    Phone,
    Policy,
    Side,
    Stage,
    What,
    ignore,
    recognise,
    reject,
    ring_then_answer,
    silent,
    tone_of,
)
from tests.centre import TRUNK, Centre, running_centre

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLER_HZ, SEAT_HZ, OTHER_HZ = tone_of(2), tone_of(9), tone_of(15)
RATE_HZ = 8000
EDGES_S = 0.2  # what a tone may lose at its two ends when it is looked at in steps of 0.1 s

QUICK = {
    "ring_s": 2,
    "overflow_after_s": 2,
    "overflow_again_s": 30,
    "neighbour_ring_s": 2,
    "announce_after_s": 1,
    "turn_s": 0.3,
    "too_short_s": 1,
    "seat_rtp_timeout_s": 2,
}

Samples = npt.NDArray[np.int16]


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


# What the tests say.


async def taken(phone: Phone, within: float = 20.0) -> IncomingCall:
    """The next call that this telephone answers and keeps for a moment."""
    while True:
        call = await phone.incoming(within)
        try:
            await call.acknowledged()
        except NeverCame:
            continue
        if call.stage is Stage.TALKING:
            return call


async def talk(call: OutgoingCall, other: Call, hz: int = SEAT_HZ, last: float = 0.3) -> None:
    """Both hear each other for so many seconds."""
    other.play_tone(hz)
    await asyncio.gather(call.hears(hz, last + 5, last), other.hears(CALLER_HZ, last + 5, last))


def voices(evidence: dict[str, Any]) -> list[str]:
    """Whose voice was recorded."""
    return [leg["role"] for leg in evidence["legs"] if leg["said"]]


def sound_of(evidence: dict[str, Any], folder: Path) -> tuple[Samples, Samples]:
    """Left and right of a recording, 8 kHz, proved against its hash."""
    file = folder / evidence["audio"]["name"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == evidence["audio"]["sha256"]
    both, rate = soundfile.read(file, dtype="int16", always_2d=True)
    left, right = soxr.resample(both, rate, RATE_HZ).T
    return left, right


def told(heard: Samples, prompt: Path) -> float:
    """Which share of the prompt was heard, its pieces in their order."""
    text, rate = soundfile.read(prompt, dtype="int16")
    assert rate == RATE_HZ
    piece = RATE_HZ // 2
    pieces = [text[at : at + piece] for at in range(0, text.size - piece, piece)]
    places = [_place_of(each, heard) for each in pieces if not recognise(each).silent]
    in_order = [place for place, after in pairwise(places) if place is not None and after is not None and place < after]
    return len(in_order) / (len(places) - 1)


def _place_of(piece: Samples, heard: Samples) -> int | None:
    """Where the piece was heard: the correlation's best place, if it is good enough."""
    sound, wanted = heard.astype(np.float64), piece.astype(np.float64)
    size = 1 << (sound.size + wanted.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size)), size)
    total = np.concatenate(([0.0], np.cumsum(np.square(sound))))
    room = sound.size - wanted.size
    if room <= 0:
        return None
    windows = total[wanted.size : wanted.size + room] - total[:room]
    likeness = match[:room] / np.sqrt(np.maximum(windows, 1.0) * np.sum(np.square(wanted)))
    best = int(np.argmax(likeness))
    return best if likeness[best] > 0.8 else None


def spans_of(sound: Samples, hz: int) -> list[tuple[float, float]]:
    """From when to when a tone is in it, in seconds, looked at in steps of 0.1 s."""
    step = RATE_HZ // 10
    there = [recognise(sound[at : at + step]).has(hz) for at in range(0, sound.size - step, step)]
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    return [(int(begin) / 10, int(end) / 10) for begin, end in edges.reshape(-1, 2)]


# Who answers.


async def test_with_no_seat_the_neighbour_is_rung_at_once_and_both_are_recorded(
    centre: Centre, neighbour: Phone
) -> None:
    neighbour.policy = ring_then_answer()
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_neighbour = await taken(neighbour)
    dialled, called = call.time_of(What.DIALLED), at_neighbour.time_of(What.CALLED)
    assert dialled is not None
    assert called is not None
    assert called - dialled < 0.5
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

    await centre.until("both announcements had their time", long_enough, True, within=2 * both_s)
    shares = [await asyncio.to_thread(told, call.received, prompt) for prompt in prompts]
    assert min(shares) > 0.9, shares
    seat = await centre.seat(1, ring_then_answer())
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
    seat = await centre.seat(1, ring_then_answer())
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
    other = await centre.seat(2, ring_then_answer())
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
        at_once = ring_then_answer(0.02)
        skew = 0.0 if attempt < 4 else chance.uniform(0, 0.005)
        first, second = chance.sample(seats, 2)
        first.policy, second.policy = at_once, replace(at_once, answers_after=0.02 + skew)
        caller = await centre.caller()
        call = await caller.dial("119", tone=CALLER_HZ)
        calls = [await seat.incoming() for seat in seats]
        for each, hz in zip(calls, (SEAT_HZ, OTHER_HZ), strict=True):
            each.play_tone(hz)
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


@pytest.mark.parametrize("who", ["seat", "caller"])
async def test_a_conversation_that_one_side_ends_is_over_for_both_and_one_recording(centre: Centre, who: str) -> None:
    seat = await centre.seat(1, ring_then_answer())
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await taken(seat)
    await talk(call, at_seat, last=2.0)
    leaving, left = (at_seat, call) if who == "seat" else (call, at_seat)
    await leaving.hang_up()
    outcome = await left.ended()
    assert (outcome.ending, outcome.by) == (Ending.HUNG_UP, Side.OTHER)
    evidence, folder = await centre.recording(caller)
    assert voices(evidence) == ["caller", "seat-01"]
    assert evidence["findings"] == []
    assert len(seat.calls) == 1
    for sound, hz in zip(sound_of(evidence, folder), (CALLER_HZ, SEAT_HZ), strict=True):
        ((begin, end),) = spans_of(sound, hz)
        assert end - begin >= 2.0 - EDGES_S


async def test_hold_and_resume_keep_both_voices_and_the_recording(centre: Centre) -> None:
    seat = await centre.seat(1, ring_then_answer())
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await taken(seat)
    await talk(call, at_seat, last=1.0)
    await at_seat.hold()
    spoken = call.packets_sent

    async def longer_than_a_dead_telephone() -> bool:
        return call.packets_sent - spoken > (QUICK["seat_rtp_timeout_s"] + 1.5) / 0.02

    await centre.until("the hold is longer than a telephone may be dead", longer_than_a_dead_telephone, True)
    await at_seat.resume()
    await talk(call, at_seat, last=1.0)
    await call.hang_up()
    await at_seat.ended()
    assert len(seat.calls) == 1
    evidence, folder = await centre.recording(caller)
    assert voices(evidence) == ["caller", "seat-01"]
    left, right = sound_of(evidence, folder)
    ((begin, end),) = spans_of(left, CALLER_HZ)
    before, after = spans_of(right, SEAT_HZ)
    assert end - begin >= 5.0
    assert after[0] - before[1] >= 3.0
    assert abs(end - after[1]) <= 0.3


# The recording of callers who waited.


@pytest.mark.parametrize("sequence", [10000, 50000])
@pytest.mark.parametrize("callers_sequence", [10000, 50000])
async def test_an_announcement_before_the_join_costs_nobody_the_voice(
    centre: Centre, sequence: int, callers_sequence: int
) -> None:
    caller = await centre.caller(first_sequence=callers_sequence)
    call = await caller.dial("119", tone=CALLER_HZ)
    await call.answered()
    await call.hears_something()
    seat = await centre.seat(1, ring_then_answer(1.0), first_sequence=sequence)
    at_seat = await taken(seat)
    await talk(call, at_seat, last=3.5)
    await call.hang_up()
    await at_seat.ended()
    evidence, folder = await centre.recording(caller)
    assert evidence["findings"] == []
    assert not any(source["spare"] for source in evidence["sources"])
    left, right = sound_of(evidence, folder)
    ((began, ended),) = spans_of(left, CALLER_HZ)
    ((joined, left_at),) = spans_of(right, SEAT_HZ)
    assert left_at - joined >= 3.5 - EDGES_S
    assert began < joined
    assert abs(ended - left_at) <= 0.3


@pytest.mark.parametrize("sequence", [10000, 50000])
async def test_a_seat_that_jumps_in_its_numbering_is_still_recorded(centre: Centre, sequence: int) -> None:
    seat = await centre.seat(1, ring_then_answer(), first_sequence=sequence)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await taken(seat)
    await talk(call, at_seat, last=1.0)
    at_seat.sequence_jump(40000)
    await talk(call, at_seat, last=5.0)
    await call.hang_up()
    evidence, folder = await centre.recording(caller)
    _, right = sound_of(evidence, folder)
    heard_s = sum(end - begin for begin, end in spans_of(right, SEAT_HZ))
    faults = [finding["kind"] for finding in evidence["findings"] if finding["level"] == "fault"]
    assert heard_s >= 6.0 - 2 * EDGES_S or "digital_zeros" in faults, f"{heard_s:.1f} s are on record; told: {faults}"


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
