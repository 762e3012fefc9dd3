"""Finishing a call: what is heard where, what is found, and what stays."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from recordings.archive import Recording, find, finish, unfinished
from recordings.error import BadCallId, BadTimeline, Conflict, NothingRecorded, StillGrowing
from recordings.evidence import Evidence
from recordings.finding import Kind, Level
from recordings.placement import Anchor
from recordings.settings import RecordingSettings
from recordings.verification import verify
from tests.test_recordings_recorder import CALL_ID, START_MS, Recorder, Samples, header, nothing, voice, zeros


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def heard(recording: Recording) -> tuple[Samples, Samples]:
    """Left and right."""
    assert recording.flac_path is not None
    samples, _ = soundfile.read(recording.flac_path, dtype="int16", always_2d=True)
    return samples[:, 0], samples[:, 1]


def kinds(recording: Recording) -> list[tuple[Kind, Level, str]]:
    return [(each.kind, each.level, each.role) for each in recording.evidence.findings]


def ordinary(recorder: Recorder) -> tuple[Samples, Samples]:
    """A caller of 20 s; the seat rang 8 s, then both talked; another seat only rang."""
    caller, seat = voice(20.0, seed=1), voice(12.0, seed=2)
    recorder.leg("caller", caller, np.concatenate([voice(8.0, seed=9), seat]))
    recorder.leg("seat-01", seat, caller[8 * 16_000 :], armed=500, ended=20_000)
    recorder.leg("seat-02", nothing(), nothing(), armed=510, ended=8_000)
    return caller, seat


def test_the_caller_is_left_the_seat_right_each_at_its_time_sample_for_sample(recorder: Recorder) -> None:
    caller, seat = ordinary(recorder)
    recording = finish(recorder.root, CALL_ID)
    left, right = heard(recording)
    assert np.array_equal(left, caller)
    assert np.array_equal(right, np.concatenate([zeros(8.0), seat]))
    assert recording.flac_path == recorder.root / "2024/11/23/1732374000.12.flac"
    assert recording.evidence_path == recorder.root / "2024/11/23/1732374000.12.json"
    assert kinds(recording) == []


def test_the_evidence_says_what_was_done(recorder: Recorder) -> None:
    ordinary(recorder)
    told = json.loads(finish(recorder.root, CALL_ID).evidence_path.read_bytes())
    assert (told["start"], told["end"]) == ("2024-11-23T15:00:00.120Z", "2024-11-23T15:00:20.120Z")
    assert told["audio"]["duration_ms"] == 20_000
    seat = told["legs"][1]
    assert (seat["role"], seat["channel"], seat["armed_ms"]) == ("seat-01", "seat-01.1", 500)
    assert (seat["said"]["offset_ms"], seat["said"]["late_ms"]) == (8_000, 7_500)
    assert sorted(each["name"] for each in told["without_audio"]) == sorted(
        name for name in recorder.hashes if "seat-02" in name
    )
    assert [(each["ear"], each["spare"]) for each in told["sources"]] == [("left", False), ("right", False)]


def test_the_raw_files_are_gone_afterwards_and_finishing_again_changes_nothing(recorder: Recorder) -> None:
    ordinary(recorder)
    first = finish(recorder.root, CALL_ID)
    assert not recorder.folder.exists() and unfinished(recorder.root / "raw") == ()
    before = first.evidence_path.read_bytes()
    assert finish(recorder.root, CALL_ID).evidence == first.evidence
    assert first.evidence_path.read_bytes() == before


def test_the_raw_files_are_kept_if_the_centre_wants_that(recorder: Recorder) -> None:
    ordinary(recorder)
    recording = finish(recorder.root, CALL_ID, RecordingSettings(keep_raw=True))
    assert recording.evidence.raw_kept
    kept = recorder.root / "kept" / CALL_ID
    assert {each.name: each.read_bytes() for each in kept.iterdir()} == recorder.hashes
    assert unfinished(recorder.root / "raw") == ()
    assert verify(recorder.root).ok == 1


def test_half_a_sample_more_or_less_never_shortens_a_leg(recorder: Recorder) -> None:
    caller = voice(3.0)[:-7]  # no whole ms
    recorder.leg("caller", caller, zeros(1.0))
    left, _ = heard(finish(recorder.root, CALL_ID))
    assert np.array_equal(left[: len(caller)], caller) and not left[len(caller) :].any()


def test_a_killed_recorder_loses_what_was_in_its_buffer_and_nothing_else(recorder: Recorder) -> None:
    caller = voice(10.0)
    recorder.leg("caller", caller, voice(10.0, seed=2), killed=True)
    path = recorder.folder / f"caller_caller.1_{START_MS}.r.wav16"
    stamp = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[: 44 + 5 * 32_768 + 1])
    os.utime(path, ns=(stamp, stamp))
    recording = finish(recorder.root, CALL_ID)
    left, _ = heard(recording)
    whole = caller[: 5 * 16_384]
    start = 10_000 - 5_120  # by its last write
    assert np.array_equal(left[start * 16 :], whole)
    said = recording.evidence.legs[0].said
    assert said is not None and said.repaired is not None
    assert (said.repaired.said_bytes, said.repaired.found_bytes, said.repaired.cut_bytes) == (0, 163_840, 1)
    assert (Kind.REPAIRED, Level.OBSERVATION, "caller") in kinds(recording)


def test_two_seats_at_once_are_added_and_cut_off_at_full_scale(recorder: Recorder) -> None:
    one, two = voice(4.0, seed=2, level=20_000), voice(2.0, seed=3, level=20_000)
    recorder.leg("caller", voice(4.0), voice(4.0, seed=4))
    recorder.leg("seat-01", one, voice(4.0))
    recorder.leg("neighbour-1", two, voice(2.0), armed=0, ended=3_000)
    _, right = heard(finish(recorder.root, CALL_ID))
    wanted = one.astype(np.int32)
    wanted[16_000:48_000] += two
    assert np.abs(wanted).max() > 40_000
    assert np.array_equal(right, np.clip(wanted, -32768, 32767))


def test_a_seat_whose_own_file_is_all_zeros_is_replaced_by_what_the_caller_was_sent(recorder: Recorder) -> None:
    caller, seat = voice(20.0), voice(12.0, seed=2)
    recorder.leg("caller", caller, np.concatenate([voice(8.0, seed=9), seat]))
    recorder.leg("seat-01", zeros(12.0), caller[8 * 16_000 :], armed=500, ended=20_000)
    recording = finish(recorder.root, CALL_ID)
    _, right = heard(recording)
    assert np.array_equal(right[8 * 16_000 :], seat) and not right[: 8 * 16_000].any()
    assert kinds(recording) == [(Kind.DIGITAL_ZEROS, Level.FAULT, "seat-01")]
    assert [each.spare for each in recording.evidence.sources] == [False, True]
    assert (recorder.root / "kept" / CALL_ID).is_dir(), "the raw files of a faulty call stay"


def test_a_caller_whose_file_is_missing_is_replaced_by_what_the_seats_were_sent(recorder: Recorder) -> None:
    caller = voice(20.0)
    recorder.leg("caller", None, voice(20.0, seed=2))
    recorder.leg("seat-01", voice(5.0, seed=3), caller[5 * 16_000 : 10 * 16_000], armed=1_000, ended=10_000)
    recorder.leg("seat-02", voice(8.0, seed=4), caller[12 * 16_000 :], armed=11_000, ended=20_000)
    recording = finish(recorder.root, CALL_ID)
    left, _ = heard(recording)
    wanted = caller.copy()
    wanted[: 5 * 16_000] = 0
    wanted[10 * 16_000 : 12 * 16_000] = 0
    assert np.array_equal(left, wanted)
    assert kinds(recording) == [(Kind.MISSING, Level.FAULT, "caller")]


def test_zeros_in_the_middle_are_filled_from_the_spare_and_only_there(recorder: Recorder) -> None:
    caller, seat = voice(30.0), voice(30.0, seed=2)
    lost = seat.copy()
    lost[10 * 16_000 : 20 * 16_000] = 0
    sent = voice(30.0, seed=2) // 2  # what the caller was sent, at another level, so that the two can be told apart
    recorder.leg("caller", caller, sent)
    recorder.leg("seat-01", lost, caller)
    recording = finish(recorder.root, CALL_ID)
    _, right = heard(recording)
    wanted = seat.copy()
    wanted[10 * 16_000 : 20 * 16_000] = sent[10 * 16_000 : 20 * 16_000]
    assert np.array_equal(right, wanted)
    fault = recording.evidence.findings[0]
    assert (fault.kind, fault.from_ms, fault.to_ms) == (Kind.DIGITAL_ZEROS, 10_000, 20_000)


def test_while_the_spare_stands_in_for_one_seat_the_other_is_not_heard_twice(recorder: Recorder) -> None:
    one, two = voice(20.0, seed=2), voice(20.0, seed=3)
    two[:160_000] = 0  # silent while the first is proved to be lost
    both = np.clip(one.astype(np.int32) + two, -32768, 32767).astype(np.int16)
    recorder.leg("caller", voice(20.0), both)
    recorder.leg("seat-01", zeros(20.0), voice(20.0))
    recorder.leg("seat-02", two, voice(20.0), armed=1)
    _, right = heard(finish(recorder.root, CALL_ID))
    assert np.array_equal(right[: 20 * 16_000], both)


def test_a_muted_seat_beside_one_that_talks_is_no_fault(recorder: Recorder) -> None:
    talking = voice(20.0, seed=2)
    recorder.leg("caller", voice(20.0), talking)
    recorder.leg("seat-01", talking, voice(20.0))
    recorder.leg("seat-02", zeros(20.0), voice(20.0))
    assert kinds(finish(recorder.root, CALL_ID)) == [(Kind.SILENT, Level.OBSERVATION, "seat-02")]


def test_a_muted_caller_in_mu_law_is_no_fault_even_if_a_law_makes_eights_of_it(recorder: Recorder) -> None:
    eights = np.where(np.arange(20 * 16_000) % 2, 8, -8).astype(np.int16)
    recorder.leg("caller", zeros(20.0), voice(20.0, seed=2))
    recorder.leg("seat-01", voice(20.0, seed=2), eights)
    assert kinds(finish(recorder.root, CALL_ID)) == [(Kind.SILENT, Level.OBSERVATION, "caller")]


def paused(recorder: Recorder) -> None:
    """A seat of 20 s with zeros from 5 to 12, which the caller was sent as well."""
    seat = voice(20.0, seed=2)
    seat[5 * 16_000 : 12 * 16_000] = 0
    recorder.leg("caller", voice(20.0), seat)
    recorder.leg("seat-01", seat, voice(20.0))


def test_zeros_that_the_other_side_heard_too_are_an_observation_when_no_packets_were_counted(
    recorder: Recorder,
) -> None:
    paused(recorder)
    recording = finish(recorder.root, CALL_ID)
    assert kinds(recording) == [(Kind.ZEROS, Level.OBSERVATION, "seat-01")]
    assert not recording.evidence.raw_kept
    assert [leg.packets_received for leg in recording.evidence.legs] == [None, None]


def test_zeros_while_packets_came_are_a_fault_that_names_both_causes_and_keeps_the_raw_files(
    recorder: Recorder,
) -> None:
    paused(recorder)
    recording = finish(recorder.root, CALL_ID, packets={"caller.1": 1_000, "seat-01.1": 1_000})
    (fault,) = recording.evidence.findings
    assert (fault.kind, fault.level, fault.role) == (Kind.DIGITAL_ZEROS, Level.FAULT, "seat-01")
    assert (fault.from_ms, fault.to_ms) == (5_000, 12_000)
    assert "1000 packets" in fault.text and "the recorder lost the voice" in fault.text
    assert "digital silence" in fault.text
    assert recording.evidence.raw_kept
    assert recording.evidence.legs[1].packets_received == 1_000
    assert not any(each.spare for each in recording.evidence.sources), "the spare has nothing that could stand in"


def test_zeros_while_no_packets_came_are_nothing_remarkable(recorder: Recorder) -> None:
    paused(recorder)
    assert kinds(finish(recorder.root, CALL_ID, packets={"caller.1": 1_000, "seat-01.1": 650})) == []


def test_a_leg_of_zeros_alone_is_a_fault_if_packets_came_and_silent_if_none_did(recorder: Recorder) -> None:
    eights = np.where(np.arange(20 * 16_000) % 2, 8, -8).astype(np.int16)
    recorder.leg("caller", zeros(20.0), voice(20.0, seed=2))
    recorder.leg("seat-01", voice(20.0, seed=2), eights)
    other = Recorder(recorder.root, "other-1.1")
    other.leg("caller", zeros(20.0), voice(20.0, seed=2))
    other.leg("seat-01", voice(20.0, seed=2), eights)
    came = finish(recorder.root, CALL_ID, packets={"caller.1": 1_000})
    assert kinds(came) == [(Kind.DIGITAL_ZEROS, Level.FAULT, "caller")]
    none = finish(recorder.root, "other-1.1", packets={"caller.1": 0})
    assert kinds(none) == [(Kind.SILENT, Level.OBSERVATION, "caller")]


def test_a_caller_who_is_answered_late_and_sends_nothing_before_is_nothing_remarkable(recorder: Recorder) -> None:
    recorder.leg("caller", np.concatenate([zeros(12.0), voice(8.0)]), voice(20.0, seed=2))
    recorder.leg("seat-01", voice(8.0, seed=2), voice(8.0), armed=100, ended=20_000)
    assert kinds(finish(recorder.root, CALL_ID, packets={"caller.1": 400, "seat-01.1": 400})) == []


def test_the_packets_of_a_channel_with_two_recorders_are_nobodys(recorder: Recorder) -> None:
    caller = voice(10.0)
    recorder.leg("caller", caller, voice(10.0, seed=2))
    recorder.leg("caller", caller[2 * 16_000 :], voice(8.0, seed=2), armed=2_000)
    recording = finish(recorder.root, CALL_ID, packets={"caller.1": 500})
    assert [leg.packets_received for leg in recording.evidence.legs] == [None, None]


def test_a_quiet_caller_is_an_observation_and_one_that_whispers_once_is_none(recorder: Recorder) -> None:
    whisper = voice(20.0, level=20.0)
    recorder.leg("caller", whisper, voice(20.0, seed=2))
    recorder.leg("seat-01", voice(20.0, seed=2), whisper)
    recording = finish(recorder.root, CALL_ID)
    assert kinds(recording) == [(Kind.QUIET, Level.OBSERVATION, "caller")]
    assert not recording.evidence.faulty and not recording.evidence.raw_kept
    other = Recorder(recorder.root, "other-1.1")
    spoke = np.concatenate([whisper, voice(1.5)])
    other.leg("caller", spoke, voice(21.5, seed=2))
    other.leg("seat-01", voice(21.5, seed=2), spoke)
    assert kinds(finish(recorder.root, "other-1.1")) == []


def test_a_spare_that_could_not_have_helped_is_told(recorder: Recorder) -> None:
    recorder.leg("caller", voice(20.0), zeros(20.0))
    recorder.leg("seat-01", voice(20.0, seed=2), voice(20.0))
    assert kinds(finish(recorder.root, CALL_ID)) == [(Kind.SPARE_ZEROS, Level.OBSERVATION, "caller")]


def test_a_caller_whom_nobody_answered_is_heard_with_what_it_was_sent(recorder: Recorder) -> None:
    sent = voice(6.0, seed=2)
    recorder.leg("caller", voice(6.0), sent)
    recorder.leg("seat-01", nothing(), nothing(), armed=100, ended=6_000)
    recording = finish(recorder.root, CALL_ID)
    assert np.array_equal(heard(recording)[1], sent)
    assert [each.spare for each in recording.evidence.sources] == [False, True]
    assert kinds(recording) == []


def test_a_call_without_any_audio_leaves_evidence_of_that(recorder: Recorder) -> None:
    recorder.leg("caller", nothing(), nothing())
    recorder.file(f"seat-01_s.1_{START_MS}.r", nothing(), 0, 0).write_bytes(b"")  # killed before the first write
    recording = finish(recorder.root, CALL_ID)
    assert recording.flac_path is None and recording.evidence.audio is None
    assert len(recording.evidence.without_audio) == 3
    assert not recorder.folder.exists() and verify(recorder.root).ok == 1


def test_a_file_with_a_damaged_header_is_told_replaced_and_kept(recorder: Recorder) -> None:
    seat = voice(10.0, seed=2)
    recorder.leg("caller", voice(10.0), seat)
    recorder.leg("seat-01", seat, voice(10.0))
    path = recorder.folder / f"seat-01_seat-01.1_{START_MS}.r.wav16"
    stamp = path.stat().st_mtime_ns
    path.write_bytes(b"\xff" * 44 + path.read_bytes()[44:])
    os.utime(path, ns=(stamp, stamp))
    recording = finish(recorder.root, CALL_ID)
    assert np.array_equal(heard(recording)[1], seat)
    assert (Kind.UNREADABLE, Level.FAULT, "seat-01") in kinds(recording)
    assert (recorder.root / "kept" / CALL_ID / path.name).is_file()


def test_a_channel_armed_twice_is_not_heard_twice(recorder: Recorder) -> None:
    caller = voice(10.0)
    recorder.leg("caller", caller, voice(10.0, seed=2))
    recorder.leg("caller", caller[2 * 16_000 :], voice(8.0, seed=2), armed=2_000)
    assert np.array_equal(heard(finish(recorder.root, CALL_ID))[0], caller)


def test_a_seat_that_dials_out_is_the_caller(recorder: Recorder) -> None:
    seat, line = voice(5.0), voice(3.0, seed=2)
    recorder.file(f"seat-01_{CALL_ID}_{START_MS}.r", seat, 0, 5_000)
    recorder.file(f"seat-01_{CALL_ID}_{START_MS}.t", voice(5.0, seed=3), 0, 5_000)
    recorder.leg("line", line, voice(3.0), armed=100, ended=5_000)
    left, right = heard(finish(recorder.root, CALL_ID))
    assert np.array_equal(left, seat)
    assert np.array_equal(right[2 * 16_000 :], line)


def test_a_leg_at_half_the_rate_is_brought_to_the_other_one(recorder: Recorder) -> None:
    time = np.arange(10 * 8_000) / 8_000
    tone = (8_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    recorder.leg("caller", voice(10.0), voice(10.0, seed=2))
    recorder.leg("seat-01", tone, voice(10.0, 8_000), rate=8_000)
    recording = finish(recorder.root, CALL_ID)
    assert recording.evidence.audio is not None and recording.evidence.audio.rate == 16_000
    right = heard(recording)[1].astype(np.float64)
    wanted = 8_000 * np.sin(2 * np.pi * 440 * np.arange(10 * 16_000) / 16_000)
    assert np.abs(right - wanted)[800:-800].max() < 80, "the same tone at the same time"


def test_two_formats_of_one_leg_lose_nothing(recorder: Recorder) -> None:
    recorder.leg("caller", voice(5.0), voice(5.0, seed=2))
    recorder.leg("caller", voice(5.0, 8_000), voice(5.0, 8_000), rate=8_000)
    recording = finish(recorder.root, CALL_ID)
    assert set(recording.evidence.raw_hashes()) == set(recorder.hashes)
    assert len(recording.evidence.legs) == 2


def test_files_that_are_nobodys_are_told_and_kept(recorder: Recorder) -> None:
    ordinary(recorder)
    (recorder.folder / "笔记.txt").write_text("?")
    (recorder.folder / "link.wav").symlink_to("/etc/hostname")
    recording = finish(recorder.root, CALL_ID)
    assert [kind for kind, _, _ in kinds(recording)] == [Kind.UNKNOWN_FILE] * 2
    assert (recorder.root / "kept" / CALL_ID / "笔记.txt").read_text() == "?"


def test_times_that_cannot_be_one_call_are_refused(recorder: Recorder) -> None:
    ordinary(recorder)
    recorder.leg("seat-03", voice(1.0), voice(1.0), armed=3 * 86_400_000)
    with pytest.raises(BadTimeline):
        finish(recorder.root, CALL_ID)
    assert recorder.untouched()


def test_raw_files_copied_without_their_times_are_placed_by_their_names(recorder: Recorder) -> None:
    ordinary(recorder)
    for each in recorder.folder.iterdir():
        os.utime(each)
    recording = finish(recorder.root, CALL_ID, ended_ms=START_MS + 20_000)
    said = [leg.said for leg in recording.evidence.legs]
    assert [(each.anchor, each.offset_ms) for each in said if each] == [
        (Anchor.ARMED_FOR_WANT_OF_BETTER, 0),
        (Anchor.ARMED_FOR_WANT_OF_BETTER, 500),
    ]


def test_a_call_that_left_nothing_is_told(recorder: Recorder) -> None:
    with pytest.raises(NothingRecorded):
        finish(recorder.root, CALL_ID)
    recorder.folder.mkdir(parents=True)
    with pytest.raises(NothingRecorded):
        finish(recorder.root, CALL_ID)
    assert unfinished(recorder.root / "raw") == ()


@pytest.mark.parametrize("call_id", ["..", "../raw", "x/../../y", "*"])
def test_no_call_id_leads_out_of_the_folder(tmp_path: Path, call_id: str) -> None:
    for act in (finish, find):
        with pytest.raises(BadCallId):
            act(tmp_path, call_id)


def test_calls_that_wait_are_listed(recorder: Recorder) -> None:
    ordinary(recorder)
    Recorder(recorder.root, "b-1.2").leg("caller", voice(1.0), voice(1.0))
    (recorder.root / "raw" / "a file").write_text("")
    assert unfinished(recorder.root / "raw") == (CALL_ID, "b-1.2")
    assert unfinished(recorder.root / "nowhere") == ()


def test_a_late_leg_makes_the_recording_anew_as_long_as_all_raw_files_are_there(recorder: Recorder) -> None:
    ordinary(recorder)
    first = finish(recorder.root, CALL_ID, RecordingSettings(keep_raw=True))
    (recorder.root / "kept" / CALL_ID).rename(recorder.folder)
    recorder.leg("seat-03", voice(2.0, seed=7), voice(2.0), armed=18_000)
    again = finish(recorder.root, CALL_ID)
    assert len(again.evidence.legs) == len(first.evidence.legs) + 1
    assert verify(recorder.root).ok == 1


def test_a_late_leg_after_the_raw_files_went_is_a_conflict_and_stays(recorder: Recorder) -> None:
    ordinary(recorder)
    finish(recorder.root, CALL_ID)
    recorder.hashes.clear()
    recorder.leg("seat-03", voice(2.0, seed=7), voice(2.0), armed=18_000)
    with pytest.raises(Conflict):
        finish(recorder.root, CALL_ID)
    assert recorder.untouched()


def test_edited_evidence_is_not_built_upon(recorder: Recorder) -> None:
    ordinary(recorder)
    first = finish(recorder.root, CALL_ID, RecordingSettings(keep_raw=True))
    (recorder.root / "kept" / CALL_ID).rename(recorder.folder)
    first.evidence_path.write_bytes(first.evidence_path.read_bytes().replace(b"seat-01", b"seat-09"))
    with pytest.raises(Conflict):
        finish(recorder.root, CALL_ID)
    assert recorder.untouched()


def test_a_call_is_finished_by_one_worker_at_a_time(recorder: Recorder) -> None:
    import fcntl

    ordinary(recorder)
    descriptor = os.open(recorder.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(StillGrowing):
        finish(recorder.root, CALL_ID)
    os.close(descriptor)
    assert recorder.untouched()
    finish(recorder.root, CALL_ID)


def test_a_file_that_still_grows_stops_the_work(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary(recorder)
    grown = recorder.folder / f"seat-02_seat-02.1_{START_MS + 510}.r.wav16"

    def growing(path: Path, blocks: object) -> None:
        grown.write_bytes(header(16_000, 0) + voice(1.0).tobytes())

    monkeypatch.setattr("recordings.flac.compare", growing)
    with pytest.raises(StillGrowing):
        finish(recorder.root, CALL_ID)
    assert find(recorder.root, CALL_ID) is None and len(list(recorder.folder.iterdir())) == 6


def test_evidence_is_read_back_as_it_was_written(recorder: Recorder) -> None:
    ordinary(recorder)
    recording = finish(recorder.root, CALL_ID)
    assert Evidence.from_bytes(recording.evidence_path.read_bytes()) == recording.evidence


def test_a_call_of_several_blocks_is_whole(recorder: Recorder) -> None:
    """More than one block of the scan and of the mix, at both rates, with an odd offset."""
    caller, seat = voice(125.0), voice(70.003, seed=2)
    recorder.leg("caller", caller, voice(125.0, seed=3))
    recorder.leg("seat-01", seat, voice(70.003, seed=1), armed=11, ended=70_014)
    left, right = heard(finish(recorder.root, CALL_ID))
    assert np.array_equal(left, caller)
    assert np.array_equal(right[11 * 16 : 11 * 16 + len(seat)], seat)
