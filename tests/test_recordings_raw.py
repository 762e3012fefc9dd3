"""Raw files: names, damaged headers, profiles."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.error import BadCallId
from recordings.profile import joined, profile_of
from recordings.raw import DamagedHeader, Repair, Side, checked_call_id, measure, parse_name, scan
from tests.test_recordings_recorder import REAL_CLOSED_HEADER, REAL_KILLED_HEADER, header, voice


def test_a_file_closed_by_asterisk_needs_no_repair() -> None:
    extent = measure(REAL_CLOSED_HEADER, 384_044)
    assert (extent.rate, extent.frames, extent.repair) == (16_000, 192_000, None)


def test_a_file_of_a_killed_asterisk_is_measured_by_its_size_and_says_so() -> None:
    extent = measure(REAL_KILLED_HEADER, 131_116)
    assert (extent.rate, extent.frames, extent.repair) == (16_000, 65_536, Repair(0, 131_072, 0))


@given(rate=st.sampled_from([8_000, 16_000]), audio=st.binary(max_size=400), told=st.integers(0, 500))
def test_every_length_and_every_told_length_give_all_whole_samples_and_no_more(
    rate: int, audio: bytes, told: int
) -> None:
    extent = measure(header(rate, told), 44 + len(audio))
    assert extent.rate == rate
    assert extent.frames == len(audio) // 2
    whole = len(audio) // 2 * 2
    right = told == len(audio) == whole
    assert extent.repair == (None if right else Repair(told, whole, len(audio) % 2))


@given(st.binary(max_size=60))
def test_no_garbage_in_place_of_a_header_is_taken_for_audio(garbage: bytes) -> None:
    if len(garbage) < 44:
        assert measure(garbage, len(garbage)).frames == 0
    else:
        with pytest.raises(DamagedHeader):
            measure(garbage, len(garbage))


@given(st.integers(0, 43), st.integers(1, 255))
def test_a_header_with_one_wrong_byte_is_read_right_repaired_or_refused(at: int, flip: int) -> None:
    damaged = bytearray(header(8_000, 1_000))
    damaged[at] ^= flip
    try:
        extent = measure(bytes(damaged), 1_044)
    except DamagedHeader:
        return
    assert extent.frames == 500
    assert extent.rate == 8_000 or 24 <= at < 28


def test_names_tell_role_channel_time_and_side() -> None:
    name = parse_name("seat-01_pbx-1732374000.13_1732374000120.t.wav16")
    assert name is not None
    assert (name.role, name.channel, name.armed_ms, name.side, name.format) == (
        "seat-01", "pbx-1732374000.13", 1_732_374_000_120, Side.HEARD, "wav16",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["", "x.wav", "caller_1.2_17.r.wav", "caller_1.2_1732374000120.x.wav", "caller_1.2_1732374000120.r.wav\n",
     "caller_.._1732374000120.r.wav", "caller_1.2_1732374000120.r.wav32", "Caller_1.2_1732374000120.r.wav",
     "caller_1.2_１７３２３７４０００１２０.r.wav"],
)  # fmt: skip
def test_what_is_no_raw_files_name_is_nobodys(name: str) -> None:
    assert parse_name(name) is None


@pytest.mark.parametrize(
    "call_id", ["", ".", "..", "../x", "a/b", "a\\b", "a b", "a\n", "报警", "a\0", ".hidden", "*", "x" * 129]
)
def test_a_call_id_that_could_lead_elsewhere_is_refused(call_id: str) -> None:
    with pytest.raises(BadCallId):
        checked_call_id(call_id)


@given(st.integers(0, 5_000), st.lists(st.integers(0, 50), max_size=4))
def test_a_profile_made_in_parts_is_the_profile_of_the_whole(length: int, cuts: list[int]) -> None:
    samples = voice(length / 8_000, 8_000, seed=length)
    edges = [0, *sorted({min(cut * 800, length) for cut in cuts}), length]
    parts = [profile_of(samples[a:b], 8_000) for a, b in itertools.pairwise(edges) if a < b]
    whole = profile_of(samples, 8_000)
    assert np.array_equal(joined(parts).peak, whole.peak)
    assert np.allclose(joined(parts).mean_square, whole.mean_square)


def test_the_lowest_sample_of_all_has_a_peak_of_full_scale() -> None:
    profile = profile_of(np.full(8_000, -32768, np.int16), 8_000)
    assert profile.peak.tolist() == [32_768] * 10
    loudest = profile.loudest_second_dbfs()
    assert loudest is not None and abs(loudest) < 0.01


def test_a_scan_reads_a_file_of_several_blocks_to_its_odd_end(tmp_path: Path) -> None:
    samples = voice(130.0, 8_000)
    path = tmp_path / "x.wav"
    path.write_bytes(header(8_000, 0) + samples.tobytes() + b"\x7f")
    found = scan(path)
    assert found.extent is not None
    assert found.extent.frames == len(samples)
    assert found.extent.repair == Repair(0, len(samples) * 2, 1)
    assert np.array_equal(found.profile.peak, profile_of(samples, 8_000).peak)
