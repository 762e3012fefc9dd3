"""Whoever touches a finished recording is found out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.archive import finish
from recordings.settings import RecordingSettings
from recordings.verification import State, Verdict, verdicts, verify
from tests.test_recordings_recorder import CALL_ID, Recorder, voice, zeros

DAY = "2024/11/23"


def made(root: Path, call_id: str = CALL_ID, keep_raw: bool = False) -> Path:
    """A finished recording; its FLAC."""
    recorder = Recorder(root, call_id, rate=8_000)
    recorder.leg("caller", voice(1.0, 8_000), voice(1.0, 8_000, seed=2))
    recorder.leg("seat-01", voice(1.0, 8_000, seed=2), voice(1.0, 8_000))
    path = finish(root, call_id, RecordingSettings(keep_raw=keep_raw)).flac_path
    assert path is not None
    return path


def damage(root: Path) -> list[str]:
    return [each.text for each in verdicts(root) if each.state is State.DAMAGED]


def edit(change: Callable[[dict[str, object]], None], reseal: bool = False) -> Callable[[Path], None]:
    """An edit of the evidence beside a FLAC, by somebody who may know how it is sealed."""

    def act(flac: Path) -> None:
        path = flac.with_suffix(".json")
        told = json.loads(path.read_bytes())
        change(told)
        if reseal:
            told["evidence_sha256"] = ""
            blank = (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
            told["evidence_sha256"] = hashlib.sha256(blank).hexdigest()
        path.write_bytes((json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())

    return act


def longer(told: dict[str, object]) -> None:
    audio = told["audio"]
    assert isinstance(audio, dict)
    audio["frames"] += 1


def another_day(told: dict[str, object]) -> None:
    told["start"] = "2024-11-24T15:00:00.120Z"


def another_call(told: dict[str, object]) -> None:
    told["call_id"] = "1.1"


def no_audio(told: dict[str, object]) -> None:
    told["audio"] = None


def shorten(flac: Path) -> None:
    flac.write_bytes(flac.read_bytes()[:-1])


def swap(flac: Path) -> None:
    other = made(flac.parents[3], "1732374000.13")
    other.write_bytes(b"fLaC" + flac.read_bytes()[4:-1] + b"\0")


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "flac removed": (lambda flac: flac.unlink(), "missing"),
    "evidence removed": (lambda flac: flac.with_suffix(".json").unlink(), "evidence is missing"),
    "flac shortened": (shorten, "shortened"),
    "flac lengthened": (lambda flac: flac.write_bytes(flac.read_bytes() + b"\0"), "not the one"),
    "another's flac": (swap, "not the one"),
    "evidence no json": (lambda flac: flac.with_suffix(".json").write_bytes(b"{"), "evidence"),
    "evidence reindented": (
        lambda flac: flac.with_suffix(".json").write_text(
            json.dumps(json.loads(flac.with_suffix(".json").read_text()))
        ),
        "edited",
    ),
    "evidence edited": (edit(lambda told: told.update(end="2024-11-23T16:00:00.000Z")), "edited"),
    "unknown key": (edit(lambda told: told.update(note="x"), reseal=True), "not evidence"),
    "wrong length, sealed again": (edit(longer, reseal=True), "frames"),
    "wrong day, sealed again": (edit(another_day, reseal=True), "another day"),
    "wrong call, sealed again": (edit(another_call, reseal=True), "is of call"),
    "audio denied, sealed again": (edit(no_audio, reseal=True), "by the evidence"),
    "moved to another day": (
        lambda flac: shutil.move(str(flac.parent), str(flac.parent.parent / "24")),
        "another day",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_named(tmp_path: Path, name: str) -> None:
    act, told = TAMPERINGS[name]
    flac = made(tmp_path)
    assert verify(tmp_path).sound
    act(flac)
    assert any(told in text for text in damage(tmp_path)), damage(tmp_path)
    assert not verify(tmp_path).sound


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_single_changed_byte_of_a_recording_or_its_evidence_is_found(tmp_path: Path, data: st.DataObject) -> None:
    flac = tmp_path / DAY / f"{CALL_ID}.flac"
    if not flac.exists():
        made(tmp_path)
    path = data.draw(st.sampled_from([flac, flac.with_suffix(".json")]))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    try:
        assert len(damage(tmp_path)) == 1
    finally:
        path.write_bytes(whole)


def test_kept_raw_files_are_part_of_what_is_checked(tmp_path: Path) -> None:
    made(tmp_path, keep_raw=True)
    raw = sorted((tmp_path / "kept" / CALL_ID).iterdir())[0]
    raw.write_bytes(raw.read_bytes()[:-2] + b"\x01\x02")
    assert "kept raw file" in damage(tmp_path)[0]
    raw.unlink()
    assert "is missing" in damage(tmp_path)[0]


def test_kept_raw_files_without_evidence_are_damage(tmp_path: Path) -> None:
    (tmp_path / "kept" / CALL_ID).mkdir(parents=True)
    assert damage(tmp_path) == ["kept raw files without evidence"]


def test_a_call_that_goes_on_is_neither_sound_nor_damaged(tmp_path: Path) -> None:
    made(tmp_path)
    Recorder(tmp_path, "b-1.2").leg("caller", voice(1.0), zeros(1.0))
    report = verify(tmp_path)
    assert (report.ok, report.unfinished, report.leftover, report.damaged) == (1, 1, 0, 0)


def test_what_is_nobodys_is_told_and_is_no_damage(tmp_path: Path) -> None:
    made(tmp_path)
    for place in ("notes.txt", "2024/notes.txt", f"{DAY}/notes", f"{DAY}/.x.flac.part", "raw/..x", "kept/[x]"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("")
    assert verify(tmp_path).leftover == 6
    assert verify(tmp_path).sound


def test_every_recording_is_told_in_the_order_of_days_and_names(tmp_path: Path) -> None:
    for call_id in ("1732374000.2", "1732374000.10", "a-1.1"):
        made(tmp_path, call_id)
    told: list[Verdict] = []
    assert verify(tmp_path, told.append).ok == 3
    assert [each.path.name for each in told] == ["1732374000.10.json", "1732374000.2.json", "a-1.1.json"]


def test_no_folder_at_all_is_sound(tmp_path: Path) -> None:
    report = verify(tmp_path / "none")
    assert report.sound and report.ok == 0
