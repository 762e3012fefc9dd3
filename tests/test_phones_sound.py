"""Sound: G.711, tones, keys, what is said and what is heard."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.dtmf import KEYS, KeyReader, frames_of
from phones.ear import Ear
from phones.errors import DamagedMessage
from phones.g711 import RATE_HZ, Codec, Samples
from phones.mouth import Mouth
from phones.rtp import FRAME_SAMPLES, Packet, Stream
from phones.tone import TONES_HZ, level_of, recognise, sine, tone_of

MILLIWATT = {  # ITU-T G.711, tables 5 and 6: 1 kHz at 0 dBm0
    Codec.PCMA: bytes.fromhex("342121 34b4a1a1b4"),
    Codec.PCMU: bytes.fromhex("1e0b0b1e9e8b8b9e"),
}


@pytest.mark.parametrize("codec", Codec)
def test_the_milliwatt_of_g711_is_a_tone_of_1_khz_at_its_level(codec: Codec) -> None:
    heard = recognise(codec.decode(MILLIWATT[codec] * 300))
    assert heard.tones == (pytest.approx(1000, abs=1),)
    assert heard.level_dbfs == pytest.approx(-6.17, abs=0.05)  # 3.14 dBm0 (µ-law: 3.17) is full scale of a sine


@pytest.mark.parametrize("codec", Codec)
def test_every_byte_survives_decoding_and_encoding(codec: Codec) -> None:
    every = bytes(range(256))
    again = codec.encode(codec.decode(every))
    differing = [(one, other) for one, other in zip(every, again, strict=True) if one != other]
    assert differing == ([(0x7F, 0xFF)] if codec is Codec.PCMU else [])  # µ-law has two zeros


@pytest.mark.parametrize("codec", Codec)
def test_every_sample_comes_back_within_half_a_step(codec: Codec) -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)
    exact = samples.astype(int)
    error = np.abs(codec.decode(codec.encode(samples)) - exact)
    assert np.all(error <= np.maximum((np.abs(exact) + 132) / 32, 8) + 1)  # 16 steps for each doubling
    assert codec.encode(np.zeros(1, np.int16))[0] == codec.silence


def test_there_are_tones_for_a_dozen_seats_and_a_dozen_callers() -> None:
    assert len(TONES_HZ) >= 24
    assert all(300 < hz < 3300 for hz in TONES_HZ)
    assert tone_of(0) == TONES_HZ[0]
    for beyond in (-1, len(TONES_HZ)):
        with pytest.raises(IndexError):
            tone_of(beyond)


def test_no_tone_is_near_another_or_near_its_harmonics() -> None:
    assert min(high - low for low, high in pairwise(sorted(TONES_HZ))) >= 50
    for hz in TONES_HZ:
        for harmonic in (2 * hz, 3 * hz):
            image = min(harmonic % RATE_HZ, RATE_HZ - harmonic % RATE_HZ)
            assert all(abs(image - other) >= 20 for other in TONES_HZ), (hz, harmonic)


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("hz", TONES_HZ)
def test_each_tone_is_told_from_all_others_in_a_tenth_of_a_second(codec: Codec, hz: int) -> None:
    heard = recognise(codec.decode(codec.encode(sine(hz, RATE_HZ // 10))))
    assert [other for other in TONES_HZ if heard.has(other)] == [hz]
    assert heard.tone == pytest.approx(hz, abs=3)


@pytest.mark.parametrize(("one", "other"), list(pairwise(TONES_HZ)))
def test_two_voices_mixed_are_both_heard_and_no_third(one: int, other: int) -> None:
    mixed = sine(one, 2400) + sine(other, 2400, -18)
    heard = recognise(Codec.PCMA.decode(Codec.PCMA.encode(mixed)))
    assert {hz for hz in TONES_HZ if heard.has(hz)} == {one, other}


def test_noise_and_silence_have_no_tone() -> None:
    noise = np.random.default_rng(7).normal(0, 3000, 2400).astype(np.int16)
    assert recognise(noise).tones == () and not recognise(noise).silent
    assert recognise(np.zeros(2400, np.int16)).silent
    assert recognise(np.zeros(0, np.int16)).level_dbfs == -120
    assert level_of(sine(1000, 8000, -20)) == pytest.approx(-20, abs=0.1)


def test_a_key_has_one_marker_growing_durations_and_three_ends() -> None:
    packets = [packet for frame in frames_of("5") for packet in frame]
    assert [packet.first for packet in packets] == [True] + [False] * 7
    assert {packet.payload[0] for packet in packets} == {5}
    assert [packet.payload[1] >> 7 for packet in packets] == [0, 0, 0, 0, 0, 1, 1, 1]
    durations = [int.from_bytes(packet.payload[2:], "big") for packet in packets]
    assert durations == [160, 320, 480, 640, 800, 960, 960, 960]
    for wrong in ("", "x", "12"):
        with pytest.raises(ValueError, match="is not a key"):
            frames_of(wrong)


def _say(mouth: Mouth, frames: int) -> list[Packet]:
    return [Packet.parse(data) for _ in range(frames) for data in mouth.next_packets()]


def _mouth(sequence: int = 0, timestamp: int = 0) -> Mouth:
    mouth = Mouth(Stream(sequence, timestamp, ssrc=7), Codec.PCMA)
    mouth.agree(Codec.PCMA, 101)
    return mouth


def test_keys_share_the_timestamp_of_their_beginning_and_the_voice_goes_on_in_time() -> None:
    mouth = _mouth(sequence=65530, timestamp=2**32 - 480)
    mouth.keys("1#")
    assert mouth.busy
    packets = _say(mouth, 30)
    assert not mouth.busy
    assert [packet.sequence for packet in packets] == [(65530 + at) % 65536 for at in range(len(packets))]
    events = [packet for packet in packets if packet.payload_type == 101]
    assert len({packet.timestamp for packet in events}) == 2
    assert [packet.marker for packet in events].count(True) == 2
    voice = [packet for packet in packets if packet.payload_type == 8]
    assert voice[-1].timestamp == (2**32 - 480 + 29 * FRAME_SAMPLES) % 2**32


@given(st.text(alphabet=KEYS, min_size=1, max_size=8), st.data())
def test_keys_are_read_whichever_packets_of_each_arrive(keys: str, data: st.DataObject) -> None:
    mouth = _mouth()
    mouth.keys(keys)
    events = [packet for packet in _say(mouth, 200) if packet.payload_type == 101]
    reader, read = KeyReader(), ""
    for timestamp in sorted({packet.timestamp for packet in events}):
        mine = [packet for packet in events if packet.timestamp == timestamp]
        for packet in data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=8)):
            read += reader.read(packet.ssrc, packet.timestamp, packet.payload) or ""
    assert read == keys


def test_a_recording_is_said_once_and_then_there_is_silence() -> None:
    mouth = _mouth()
    mouth.samples(sine(700, 250), repeats=False)
    first, second, third = _say(mouth, 3)
    assert first.marker and not second.marker
    assert second.payload.endswith(bytes([Codec.PCMA.silence]) * 70)
    assert third.payload == bytes([Codec.PCMA.silence]) * FRAME_SAMPLES and not mouth.busy
    assert third.marker  # a new spurt


def test_a_stopped_mouth_lets_time_pass_and_sends_nothing() -> None:
    mouth = _mouth()
    mouth.sending = False
    assert _say(mouth, 5) == []
    mouth.tone(700)
    assert _say(mouth, 1)[0].timestamp == 5 * FRAME_SAMPLES


def _voice(sequence: int, timestamp: int, sound: Samples, ssrc: int = 1) -> Packet:
    return Packet(8, sequence % 65536, timestamp % 2**32, ssrc, Codec.PCMA.encode(sound))


def test_packets_out_of_order_fall_into_place_and_a_lost_one_leaves_zeros() -> None:
    ear = Ear()
    wave = sine(700, 8 * FRAME_SAMPLES)
    for at in (0, 2, 1, 3, 5, 7, 6):
        piece = wave[at * FRAME_SAMPLES : (at + 1) * FRAME_SAMPLES]
        ear.hear(_voice(65533 + at, 2**32 - 320 + at * FRAME_SAMPLES, piece), 0.02 * at, 101)
    expected = Codec.PCMA.decode(Codec.PCMA.encode(wave))
    expected[4 * FRAME_SAMPLES : 5 * FRAME_SAMPLES] = 0
    assert np.array_equal(ear.samples, expected)
    assert (ear.count.lost, ear.count.late) == (1, 2)


def test_a_new_source_stands_where_its_arrival_says() -> None:
    ear = Ear()
    piece = sine(700, FRAME_SAMPLES)
    ear.hear(_voice(10, 1000, piece), 10.0, 101)
    ear.hear(_voice(50000, 77, piece, ssrc=2), 10.5, 101)
    assert ear.position == RATE_HZ // 2 + FRAME_SAMPLES
    assert not np.any(ear.window(FRAME_SAMPLES, RATE_HZ // 2))
    assert ear.count.lost == 0


def test_a_jump_of_the_sequence_in_mid_call_is_no_loss_and_no_hole() -> None:
    ear = Ear()
    for at in range(20):
        jump = 40000 if at >= 10 else 0
        ear.hear(_voice(30000 + at + jump, at * FRAME_SAMPLES, sine(700, FRAME_SAMPLES)), 0.02 * at, 101)
    assert (ear.count.lost, ear.count.late, ear.position) == (0, 0, 20 * FRAME_SAMPLES)


def test_what_an_exchange_leaves_out_during_a_hold_is_no_loss() -> None:
    ear = Ear()
    ear.hear(_voice(10, 0, sine(700, FRAME_SAMPLES)), 0.0, 101)
    ear.pause()
    ear.hear(_voice(35, 25 * FRAME_SAMPLES, sine(700, FRAME_SAMPLES)), 0.5, 101)
    ear.hear(_voice(37, 27 * FRAME_SAMPLES, sine(700, FRAME_SAMPLES)), 0.54, 101)
    assert ear.count.lost == 1


def test_a_direct_current_is_no_tone() -> None:
    hum = np.full(2400, 3000, np.int16) + sine(50, 2400, -20)
    assert recognise(hum.astype(np.int16)).tones == ()


def test_only_the_newest_is_kept_and_positions_go_on_counting() -> None:
    ear = Ear(keep_s=1.0)
    for at in range(200):
        ear.hear(_voice(at, at * FRAME_SAMPLES, sine(700, FRAME_SAMPLES)), 0.02 * at, 101)
    assert ear.position == 200 * FRAME_SAMPLES
    assert 0.5 * RATE_HZ <= ear.samples.size <= RATE_HZ
    assert recognise(ear.window(ear.position - 800, ear.position)).has(700)
    assert ear.window(0, 100).tolist() == [0] * 100


def test_absent_packets_are_silence_to_who_listens_now() -> None:
    ear = Ear()
    ear.hear(_voice(0, 0, sine(700, FRAME_SAMPLES)), 5.0, 101)
    end = ear.newest(6.0)
    assert end == pytest.approx(0.9 * RATE_HZ, abs=1)
    assert recognise(ear.window(end - 2400, end)).silent


@given(st.lists(st.tuples(st.binary(max_size=200), st.floats(0, 100)), max_size=20))
def test_no_datagram_hurts_the_ear(datagrams: list[tuple[bytes, float]]) -> None:
    ear = Ear()
    for at, (data, now) in enumerate(datagrams):
        for candidate in (data, b"\x80\x08" + data, b"\x80\x65" + data):
            try:
                packet = Packet.parse(candidate)
            except DamagedMessage:
                continue
            ear.hear(packet, at + now, 101)
    assert ear.samples.size <= ear.position


def test_a_packet_is_read_behind_sources_extension_and_padding() -> None:
    head = bytes([0x80 | 0x20 | 0x10 | 2, 0x88]) + (7).to_bytes(2, "big") + bytes(8)
    packet = Packet.parse(head + bytes(8) + b"\0\0\0\1" + bytes(4) + b"voice" + b"\0\0\3")
    assert (packet.payload, packet.marker, packet.payload_type, packet.sequence) == (b"voice", True, 8, 7)
    assert Packet.parse(bytes(packet)) == packet


def test_a_report_that_strays_into_the_port_is_not_taken_for_voice() -> None:
    with pytest.raises(DamagedMessage):
        Packet.parse(bytes([0x80, 200]) + bytes(26))
