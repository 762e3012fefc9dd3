"""Two telephones call each other over loopback, with sound; no exchange stands between them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from phones import (
    BY_HAND,
    Codec,
    Enclosure,
    Ending,
    IncomingCall,
    NeverCame,
    Outcome,
    OutgoingCall,
    Phone,
    Side,
    Stage,
    What,
    WrongMoment,
    answer_at_once,
    ignore,
    recognise,
    reject,
    ring_then_answer,
    tone_of,
)
from phones.pacer import CATCH_UP_FRAMES, Pacer
from phones.tone import sine

CALLER_HZ, SEAT_HZ = tone_of(3), tone_of(17)


@pytest.fixture
async def seat() -> AsyncIterator[Phone]:
    async with Phone(("127.0.0.1", 5060), "1001", name="一号席", first_sequence=50000) as phone:
        yield phone
        assert phone.unexpected == () and phone.garbage == 0


@pytest.fixture
async def caller(seat: Phone) -> AsyncIterator[Phone]:
    async with Phone(seat.address, "trunk", local=("127.0.0.2", 0), first_sequence=10000) as phone:
        yield phone
        assert phone.unexpected == () and phone.garbage == 0


async def _talk(caller: Phone, seat: Phone) -> tuple[OutgoingCall, IncomingCall]:
    seat.policy = answer_at_once()
    there = await caller.dial("119", caller="13800138000", tone=CALLER_HZ)
    here = await seat.incoming()
    here.play_tone(SEAT_HZ)
    await there.answered()
    await here.acknowledged()
    return there, here


def _whats(call: OutgoingCall | IncomingCall) -> list[What]:
    return [event.what for event in call.history if event.what is not What.VOICE_HEARD]


async def test_a_caller_and_a_seat_hear_each_other_until_the_seat_hangs_up(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    await asyncio.gather(there.hears(SEAT_HZ), here.hears(CALLER_HZ))
    assert there.heard().tones == (pytest.approx(SEAT_HZ, abs=3),)
    assert not there.heard().has(CALLER_HZ)
    await here.hang_up()
    assert await there.ended() == Outcome(Ending.HUNG_UP, Side.OTHER, 200)
    assert await here.ended() == Outcome(Ending.HUNG_UP, Side.ME, 200)
    assert _whats(there) == [
        What.DIALLED,
        What.TRYING,
        What.ANSWERED,
        What.ACKNOWLEDGED,
        What.BYE_CAME,
        What.ENDED,
    ]
    assert [event.at for event in there.history] == sorted(event.at for event in there.history)
    assert (there.packets.lost, here.packets.lost) == (0, 0)


async def test_the_seat_sees_who_calls_and_for_whom(caller: Phone, seat: Phone) -> None:
    pidf = Enclosure("application/pidf+xml", "<presence>长安街</presence>".encode(), "position@city")
    call = await caller.dial(
        "119",
        caller="13800138000",
        caller_name='张三 "老张"',
        headers={"Geolocation": "<cid:position@city>"},
        enclosures=(pidf,),
    )
    came = await seat.incoming()
    assert (came.number, came.caller, came.caller_name) == ("119", "13800138000", '张三 "老张"')
    assert came.invite.headers["Geolocation"] == "<cid:position@city>"
    assert came.body_of("application/pidf+xml") == pidf.body
    assert came.body_of("text/plain") is None
    await came.answer()  # the session description is found beside the other part
    await call.hang_up()


async def test_a_header_that_would_begin_another_is_refused(caller: Phone) -> None:
    with pytest.raises(ValueError, match="line break"):
        await caller.dial("119", headers={"Subject": "x\r\nRoute: <sip:evil>"})


async def test_a_seat_rings_and_answers_by_hand(caller: Phone, seat: Phone) -> None:
    there = await caller.dial("119")
    here = await seat.incoming()
    await there.trying()
    assert there.time_of(What.RINGING) is None
    await here.ring()
    await there.ringing()
    assert there.stage is Stage.CALLING
    await here.answer()
    await there.answered()
    assert there.stage is here.stage is Stage.TALKING
    with pytest.raises(WrongMoment):
        await here.ring()
    with pytest.raises(WrongMoment):
        await there.cancel()


async def test_a_seat_rings_by_itself_and_then_answers(caller: Phone, seat: Phone) -> None:
    seat.policy = ring_then_answer(after=0.05)
    call = await caller.dial("119")
    here = await seat.incoming()
    assert await here.answered() - await here.ringing() >= 0.04
    await call.ringing()
    await call.answered()


async def test_a_rejected_caller_learns_the_status_and_the_seat_gets_its_ack(caller: Phone, seat: Phone) -> None:
    seat.policy = reject(486)
    call = await caller.dial("119")
    assert await call.ended() == Outcome(Ending.REJECTED, Side.OTHER, 486, "Busy Here")
    with pytest.raises(NeverCame, match="rejected"):
        await call.answered()
    await call.hang_up()  # nothing
    assert seat.resent == 0


async def test_a_caller_gives_up_while_the_seat_rings(caller: Phone, seat: Phone) -> None:
    seat.policy = ignore()
    there = await caller.dial("119")
    here = await seat.incoming()
    await there.ringing()
    await there.cancel()
    with pytest.raises(WrongMoment):
        await there.cancel()
    assert await there.ended() == Outcome(Ending.CANCELLED, Side.ME, 487, "Request Terminated")
    assert await here.ended() == Outcome(Ending.CANCELLED, Side.OTHER, 487)
    with pytest.raises(WrongMoment):
        await here.answer()


async def test_a_caller_who_gives_up_exactly_as_the_seat_answers_leaves_no_call(caller: Phone, seat: Phone) -> None:
    for _ in range(20):
        there = await caller.dial("119")
        here = await seat.incoming()
        await there.trying()
        await here.answer()  # the 200 is in the caller's socket
        await there.cancel()
        assert await there.ended() == Outcome(Ending.CANCELLED, Side.ME, 200, crossed=True)
        assert (await here.ended()).by is Side.OTHER
        assert What.CANCEL_CAME in _whats(here) and What.ACKNOWLEDGED in _whats(here)


async def test_both_hang_up_at_once_and_nobody_is_surprised(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    await there.hang_up()
    await here.hang_up()
    assert (await there.ended()).by is Side.ME
    assert (await here.ended()).by is Side.ME


async def test_a_held_caller_hears_nothing_and_is_taken_back(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    await there.hears(SEAT_HZ)
    await here.hold()
    sent = here.packets_sent
    assert _whats(there)[-1] is What.HELD_BY_OTHER
    with pytest.raises(NeverCame, match="not heard"):
        await there.hears(SEAT_HZ, within=0.4)
    assert there.heard(0.2).silent
    assert here.packets_sent == sent
    await here.resume()
    assert _whats(there)[-1] is What.RESUMED_BY_OTHER
    await asyncio.gather(there.hears(SEAT_HZ), here.hears(CALLER_HZ))
    assert there.packets.lost == here.packets.lost == 0


async def test_six_keys_arrive_as_six_and_the_voice_goes_on(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    await there.send_keys("1590*#")
    await here.hears(CALLER_HZ)
    assert here.keys_heard == "1590*#"
    assert here.packets.lost == 0
    with pytest.raises(ValueError, match="is not a key"):
        await there.send_keys("12x")


async def test_keys_before_the_answer_are_a_wrong_moment(caller: Phone, seat: Phone) -> None:
    call = await caller.dial("119")
    with pytest.raises(WrongMoment):
        await call.send_keys("1")


async def test_a_jump_of_the_sequence_in_mid_call_is_heard_through(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    await here.hears(CALLER_HZ)
    there.sequence_jump(40000)
    await here.hears(CALLER_HZ)
    assert here.packets.late == 0


async def test_stopped_rtp_is_silence_without_packets_and_muted_is_silence_with_them(
    caller: Phone, seat: Phone
) -> None:
    there, here = await _talk(caller, seat)
    await here.hears(CALLER_HZ)
    there.mute()
    said = there.packets_sent
    async with asyncio.timeout(20):
        while here.packets.voice < said:  # noqa: ASYNC110 - what is on its way is no silence yet
            await asyncio.sleep(0.01)
    count = here.packets.voice
    with pytest.raises(NeverCame):
        await here.hears_something(within=0.4)
    assert here.packets.voice > count
    there.stop_rtp()
    count = there.packets_sent
    with pytest.raises(NeverCame):
        await here.hears_something(within=0.2)
    assert there.packets_sent == count
    there.play_tone(CALLER_HZ)
    await here.hears_something()


async def test_a_sound_file_of_another_rate_is_played_once_and_what_was_heard_is_saved(
    caller: Phone, seat: Phone, tmp_path: Path
) -> None:
    there, here = await _talk(caller, seat)
    wave = np.sin(2 * np.pi * 1500 * np.arange(22050 * 3) / 22050) * 0.3
    soundfile.write(tmp_path / "prompt.wav", wave, 22050)
    here.mute()
    here.play(tmp_path / "prompt.wav")
    await there.hears(1500)
    await here.finished_speaking()
    await here.hang_up()
    await there.ended()
    there.save(tmp_path / "heard.wav")
    heard, rate = soundfile.read(tmp_path / "heard.wav", dtype="int16")
    assert rate == 8000 and np.array_equal(heard, there.received)
    loud = np.flatnonzero(np.abs(heard) > 1000)
    assert recognise(heard[loud[-1] - 2400 : loud[-1]]).has(1500)


async def test_samples_can_be_repeated_for_ever(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    here.play(sine(1500, 1600), repeats=True)
    await there.hears(1500, last=0.5)


async def test_each_codec_carries_the_tones(caller: Phone, seat: Phone) -> None:
    async with Phone(seat.address, "other", codecs=(Codec.PCMU,)) as american:
        there, here = await _talk(american, seat)
        await asyncio.gather(there.hears(SEAT_HZ), here.hears(CALLER_HZ))


async def test_no_common_codec_is_refused_with_488(caller: Phone) -> None:
    async with (
        Phone(("127.0.0.1", 5060), "1002", codecs=(Codec.PCMA,), policy=answer_at_once()) as chinese,
        Phone(chinese.address, "other", codecs=(Codec.PCMU,)) as american,
    ):
        assert (await (await american.dial("119")).ended()).status == 488


async def test_early_media_is_heard_before_the_answer_and_goes_on_after_it(caller: Phone, seat: Phone) -> None:
    there = await caller.dial("119")
    here = await seat.incoming()
    here.play_tone(SEAT_HZ)
    await here.ring(early_media=True)
    await there.hears(SEAT_HZ)
    assert there.stage is Stage.CALLING and there.packets_sent == 0
    await here.answer()
    await there.hears(SEAT_HZ)
    assert there.packets.lost == 0


async def test_a_device_that_dies_says_nothing_and_its_port_stays_silent(seat: Phone) -> None:
    async with Phone(seat.address, "trunk") as caller:
        there, here = await _talk(caller, seat)
        await there.hears(SEAT_HZ)
        seat.vanish()
        assert (await here.ended()).ending is Ending.VANISHED
        with pytest.raises(NeverCame):
            await there.hears_something(within=0.3)
        assert there.stage is Stage.TALKING
        there.vanish()


async def test_a_polite_close_hangs_up_and_refuses(seat: Phone) -> None:
    seat.policy = BY_HAND
    async with Phone(seat.address, "trunk") as caller:
        waiting = await caller.dial("119")
        waits = await seat.incoming()
        there, here = await _talk(caller, seat)
    assert there.outcome == Outcome(Ending.HUNG_UP, Side.ME, 200)
    assert (await here.ended()).by is Side.OTHER
    assert waiting.outcome is not None and waiting.outcome.ending is Ending.CANCELLED
    assert (await waits.ended()).ending is Ending.CANCELLED


async def test_who_listens_to_a_call_that_ends_is_told_at_once(caller: Phone, seat: Phone) -> None:
    there, here = await _talk(caller, seat)
    listening = asyncio.create_task(there.hears(CALLER_HZ, within=60))
    await there.hears(SEAT_HZ)
    await here.hang_up()
    with pytest.raises(NeverCame, match="ended"):
        await listening


async def test_a_telephone_that_is_not_called_says_so(seat: Phone) -> None:
    with pytest.raises(NeverCame, match="1001 was not called"):
        await seat.incoming(within=0.01)


async def test_a_taken_port_is_an_error_of_the_system(seat: Phone) -> None:
    with pytest.raises(OSError, match="in use"):
        await Phone(("127.0.0.1", 5060), "1002", local=seat.address).open()


async def test_twelve_seats_and_twelve_callers_are_told_apart() -> None:
    async with asyncio.timeout(60):
        phones = [Phone(("127.0.0.1", 5060), str(number), policy=answer_at_once()) for number in range(24)]
        for phone in phones:
            await phone.open()
        pairs = []
        for at in range(12):
            phones[at].server = phones[12 + at].address
            there = await phones[at].dial("119", tone=tone_of(at))
            here = await phones[12 + at].incoming()
            here.play_tone(tone_of(12 + at))
            pairs.append((there, here))
        listening = [there.hears(tone_of(12 + at)) for at, (there, _) in enumerate(pairs)]
        listening += [here.hears(tone_of(at)) for at, (_, here) in enumerate(pairs)]
        await asyncio.gather(*listening)
        for phone in phones:
            await phone.close()
        assert [surprise for phone in phones for surprise in phone.unexpected] == []


async def test_a_late_tick_makes_up_for_little_and_skips_the_rest() -> None:
    class Clock:
        now = 100.0

        def time(self) -> float:
            return self.now

        def call_at(self, when: float, act: object) -> asyncio.TimerHandle:
            self.when = when
            return asyncio.get_running_loop().call_later(3600, lambda: None)

    class Talker:
        def __init__(self) -> None:
            self.spoken: list[tuple[int, int]] = []

        def speak(self, frames: int, skipped: int) -> None:
            self.spoken.append((frames, skipped))

    clock, talker = Clock(), Talker()
    pacer = Pacer(clock)  # type: ignore[arg-type]
    pacer.add(talker)
    for late in (0.001, 0.05, 0.21, 0.0):
        clock.now = clock.when + late
        pacer._tick()
        assert 0 < clock.when - clock.now <= 0.0201
    assert talker.spoken == [(1, 0), (3, 0), (CATCH_UP_FRAMES, 8), (1, 0)]
    pacer.remove(talker)
