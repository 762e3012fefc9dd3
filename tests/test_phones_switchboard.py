"""Many numbers behind one socket: each does what somebody would do who is called there."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from phones import (
    Ending,
    NeverCame,
    OutgoingCall,
    Phone,
    Side,
    Switchboard,
    engaged,
    hangs_up,
    not_there,
    picks_up,
    presses,
    share_heard,
    tone_of,
)
from phones.g711 import Codec, Samples

BUSY, FREE = "87000119", "87001119"


@pytest.fixture
async def trunk() -> AsyncIterator[Phone]:
    async with Phone(("127.0.0.1", 9), "city") as phone:
        yield phone


@pytest.fixture
async def city(trunk: Phone) -> AsyncIterator[Switchboard]:
    async with Switchboard(trunk) as switchboard:
        yield switchboard


@pytest.fixture
async def caller(trunk: Phone) -> AsyncIterator[Phone]:
    async with Phone(trunk.address, "centre") as phone:
        yield phone


async def refused(call: OutgoingCall) -> int | None:
    outcome = await call.ended()
    assert (outcome.ending, outcome.by) == (Ending.REJECTED, Side.OTHER)
    return outcome.status


async def test_each_number_does_its_own_and_one_that_is_not_connected_does_not_exist(
    city: Switchboard, caller: Phone
) -> None:
    city.connect(BUSY, engaged())
    city.connect(FREE, presses("19", ring_s=0.05, after_s=0.1))
    busy, free, nobody = [await caller.dial(number) for number in (BUSY, FREE, "87009999")]
    assert (await refused(busy), await refused(nobody)) == (486, 404)
    await free.answered()
    for _ in range(500):  # ten seconds, until both keys are heard
        if free.keys_heard != "19":
            await asyncio.sleep(0.02)
    assert free.keys_heard == "19"
    await free.hang_up()
    await (await city.called(FREE)).ended()
    assert [call.number for call in city.calls(BUSY)] == [BUSY]


async def test_the_next_call_meets_the_next_behaviour_and_the_last_one_stays(city: Switchboard, caller: Phone) -> None:
    city.connect(FREE, engaged(), engaged(603))
    assert [await refused(await caller.dial(FREE)) for _ in range(3)] == [486, 603, 603]
    await city.called(FREE, times=3)


async def test_somebody_who_is_not_there_rings_until_the_caller_gives_up(city: Switchboard, caller: Phone) -> None:
    city.connect(FREE, not_there())
    call = await caller.dial(FREE)
    await call.ringing()
    await call.cancel()
    assert (await call.ended()).ending is Ending.CANCELLED


async def test_who_picks_up_is_heard_and_presses_nothing(city: Switchboard, caller: Phone) -> None:
    city.connect(FREE, picks_up(0.05, speak=lambda call: call.play_tone(tone_of(3))))
    call = await caller.dial(FREE)
    await call.answered()
    await call.hears(tone_of(3))
    assert call.keys_heard == ""
    await call.hang_up()
    await (await city.called(FREE)).ended()


async def test_who_hangs_up_ends_the_call_and_a_caller_who_is_gone_before_harms_nothing(
    city: Switchboard, caller: Phone
) -> None:
    city.connect(FREE, hangs_up(0.05, 0.1))
    call = await caller.dial(FREE)
    assert (await call.ended()).by is Side.OTHER
    city.connect(FREE, presses("1", ring_s=0.3))
    gone = await caller.dial(FREE)
    await gone.ringing()
    await gone.cancel()
    await gone.ended()
    again = await caller.dial(FREE)
    await again.answered()
    await again.hang_up()


async def test_a_number_that_is_not_called_is_told(city: Switchboard) -> None:
    with pytest.raises(NeverCame, match="87001119 was called 0 and not 1 times within"):
        await city.called(FREE, within=0.05)


def chirps(seed: int) -> Samples:
    """Something like speech: half a minute of bursts of noise."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 4000, 10 * 8000) * np.repeat(random.uniform(0.2, 1, 100), 800)
    return noise.astype(np.int16)


def test_a_text_is_found_in_what_was_heard_of_it_and_in_nothing_else() -> None:
    text = chirps(1)
    heard = Codec.PCMA.decode(Codec.PCMA.encode(text))
    late = np.concatenate((np.zeros(4000, np.int16), heard, np.zeros(4000, np.int16)))
    assert share_heard(text, late) == 1.0
    assert 0.4 < share_heard(text, late[: late.size // 2]) < 0.6
    assert share_heard(text, chirps(2)) == 0.0
    assert share_heard(text, np.concatenate((heard[8000:16000], late, heard[:8000]))) == 1.0, "spoken twice, in parts"
    assert share_heard(text, np.concatenate((heard[40000:], heard[:40000]))) == pytest.approx(10 / 19), "out of order"
    hole = late.copy()
    hole[20000:24000] = 0
    assert share_heard(text, hole) == pytest.approx(18 / 19), "a piece that is lost costs itself alone"
    assert share_heard(text[:100], late) == 0.0
