"""What a count of packets says about zeros."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recordings.witness import OTHERS_MS, USUAL_MS, Arrival, Statement, witnessed

CAME, NONE, UNKNOWN = Arrival.CAME, Arrival.NONE, Arrival.UNKNOWN

SOUND_MS = st.integers(1_000, 4 * 3_600_000)
ZEROS_MS = st.integers(3_000, 600_000)


def packets(ms: float, length_ms: int = USUAL_MS) -> int:
    return round(ms / length_ms)


@given(SOUND_MS, ZEROS_MS, ZEROS_MS)
def test_without_a_count_nothing_is_known(sound: int, before: int, after: int) -> None:
    assert witnessed(None, sound, before, after) == Statement(UNKNOWN, UNKNOWN)


@given(sound=st.integers(1_000, 300_000), zeros=ZEROS_MS, lost=st.floats(0, 0.02))
def test_packets_throughout_prove_that_audio_came_even_if_some_were_lost(sound: int, zeros: int, lost: float) -> None:
    assume(lost * (sound + zeros) < zeros / 3)
    assert witnessed(packets((sound + zeros) * (1 - lost)), sound, 0, zeros).after is CAME
    assert witnessed(packets((sound + zeros) * (1 - lost)), sound, zeros, 0).before is CAME


@given(sound=SOUND_MS, zeros=ZEROS_MS, lost=st.floats(0, 0.02))
def test_packets_for_the_sound_alone_never_make_a_fault(sound: int, zeros: int, lost: float) -> None:
    count = packets(sound * (1 - lost))
    assert witnessed(count, sound, 0, zeros).after is NONE
    assert witnessed(count, sound, zeros, 0).before is NONE


@given(sound=SOUND_MS, before=ZEROS_MS, after=ZEROS_MS, a_second=st.floats(0, 5))
def test_comfort_noise_is_no_proof(sound: int, before: int, after: int, a_second: float) -> None:
    noise = a_second * after / 1000
    assert witnessed(packets(sound) + int(noise), sound, 0, after).after is not CAME
    assert witnessed(packets(sound) + int(noise), sound, before, after).after is not CAME


@given(sound=SOUND_MS, before=ZEROS_MS, after=ZEROS_MS)
def test_the_silence_before_the_answer_hides_no_loss_after_it(sound: int, before: int, after: int) -> None:
    assume(0.002 * sound < after)
    told = witnessed(packets(sound + after), sound, before, after)
    assert told.after is CAME
    assert told.before is not CAME


@given(sound=SOUND_MS, before=ZEROS_MS, after=ZEROS_MS)
def test_packets_for_everything_prove_both(sound: int, before: int, after: int) -> None:
    assume(0.002 * sound < min(before, after))
    assert witnessed(packets(sound + before + after), sound, before, after) == Statement(CAME, CAME)


@given(sound=st.integers(60_000, 600_000), zeros=ZEROS_MS, share=st.floats(0, 0.3))
def test_a_count_that_began_anew_in_the_middle_proves_nothing(sound: int, zeros: int, share: float) -> None:
    """0.3 and less, so that no packet length of ours makes up for what the count left out."""
    assume(zeros < sound)
    assert witnessed(packets((sound + zeros) * share), sound, 0, zeros).after is UNKNOWN


@pytest.mark.parametrize("length", [USUAL_MS, *OTHERS_MS])
def test_packets_of_another_length_prove_that_audio_came(length: int) -> None:
    assert witnessed(packets(95_000, length), 80_000, 0, 15_000).after is CAME


def test_packets_longer_than_usual_never_prove_that_none_came() -> None:
    """They may as well be fewer of the usual length, counted since the telephone began a new stream."""
    assert witnessed(packets(80_000, 30), 80_000, 0, 15_000).after is UNKNOWN
    assert witnessed(packets(80_000, 10), 80_000, 0, 15_000).after is NONE


def test_a_telephone_whose_numbering_jumps_after_a_second_is_told() -> None:
    """As seen on Asterisk 22.10: 1.1 s on record, zeros for 5, packets throughout."""
    assert witnessed(packets(6_100), 1_100, 0, 5_000).after is CAME


def test_a_share_between_proof_and_none_is_left_open() -> None:
    assert witnessed(packets(60_000 + 7_000), 60_000, 0, 20_000).after is UNKNOWN


@given(
    count=st.integers(0, 2**32), sound=st.integers(0, 2**31), before=st.integers(0, 2**31), after=st.integers(0, 2**31)
)
def test_any_count_is_judged_and_none_proves_audio_for_less_than_half_of_the_zeros(
    count: int, sound: int, before: int, after: int
) -> None:
    told = witnessed(count, sound, before, after)
    longest_ms = count * max(OTHERS_MS)
    if told.after is CAME:
        assert longest_ms >= sound + after / 2
    if told.before is CAME:
        assert longest_ms >= sound + after + before / 2
