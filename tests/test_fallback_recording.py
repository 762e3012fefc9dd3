"""With no engine, every second that the two sides speak is on record, however their call went."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from phones import Ending, Side, ring_then_answer
from tests.centre import Centre, running_centre
from tests.conversation import CALLER_HZ, SEAT_HZ, taken, talk
from tests.sound import EDGES_S, sound_of, spans_of, voices

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEAD_AFTER_S = 6  # a seat that sends no RTP for so long
TOGETHER_S = 0.3  # two voices that stop with the call: their ends are placed by the clock of a machine that may be busy

QUICK = {
    "ring_s": 6,
    "overflow_after_s": 2,
    "overflow_again_s": 30,
    "announce_after_s": 1,
    "turn_s": 0.3,
    "too_short_s": 1,
    "seat_rtp_timeout_s": DEAD_AFTER_S,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        async with running_centre(Path(folder), sounds, fallback=QUICK) as centre:
            yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    yield running
    phones = running.phones
    await running.hang_up(*phones)
    await running.spotless()
    assert [surprise for phone in phones for surprise in phone.unexpected] == []


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
        return call.packets_sent - spoken > (DEAD_AFTER_S + 1.5) / 0.02

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
    assert end - begin >= DEAD_AFTER_S + 3.0
    assert after[0] - before[1] >= DEAD_AFTER_S + 1.0
    assert round(abs(end - after[1]), 3) <= TOGETHER_S


@pytest.mark.parametrize("sequence", [10000, 50000])
@pytest.mark.parametrize("callers_sequence", [10000, 50000])
async def test_an_announcement_before_the_join_costs_nobody_the_voice(
    centre: Centre, sequence: int, callers_sequence: int
) -> None:
    caller = await centre.caller(first_sequence=callers_sequence)
    call = await caller.dial("119", tone=CALLER_HZ)
    await call.answered()
    await call.hears_something()
    seat = await centre.seat(1, ring_then_answer(1.0), free=False, first_sequence=sequence)
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
    assert round(abs(ended - left_at), 3) <= TOGETHER_S  # spans are counted in tenths: their difference is not exact


@pytest.mark.parametrize("sequence", [10000, 50000])
async def test_a_seat_that_jumps_in_its_numbering_is_recorded_or_its_loss_is_told(
    centre: Centre, sequence: int
) -> None:
    """Debian's Asterisk drops what seems to come late; others record it."""
    seat = await centre.seat(1, ring_then_answer(), first_sequence=sequence)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await taken(seat)
    await talk(call, at_seat, last=1.0)
    at_seat.sequence_jump(40000)
    await talk(call, at_seat)
    before = at_seat.packets_sent

    async def five_seconds_more() -> bool:
        return at_seat.packets_sent - before > 5.0 / 0.02

    await centre.until("the seat has said five seconds more", five_seconds_more, True)
    await call.hears(SEAT_HZ)
    await call.hang_up()
    evidence, folder = await centre.recording(caller)
    _, right = sound_of(evidence, folder)
    heard_s = sum(end - begin for begin, end in spans_of(right, SEAT_HZ))
    if heard_s >= 6.0 - 2 * EDGES_S:
        assert evidence["findings"] == []
        return
    ((kind, role, lost_s),) = [
        (finding["kind"], finding["role"], (finding["to_ms"] - finding["from_ms"]) / 1000)
        for finding in evidence["findings"]
        if finding["level"] == "fault"
    ]
    assert (kind, role) == ("digital_zeros", "seat-01")
    assert heard_s + lost_s >= 6.0 - 2 * EDGES_S
    assert evidence["raw_kept"]
    received = [leg["packets_received"] for leg in evidence["legs"]]
    assert received == [pytest.approx(spoken.packets_sent, abs=10) for spoken in (call, at_seat)]  # some after the end
