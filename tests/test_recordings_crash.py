"""A worker that dies, a disk that is full: nothing is lost, and finishing again gives the same bytes."""

from __future__ import annotations

import os
import pickle
import resource
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from recordings.archive import finish, unfinished
from recordings.disk import Disk
from recordings.error import BadCallId, DiskFull, NothingRecorded, StillGrowing
from recordings.settings import RecordingSettings
from recordings.verification import State, verdicts, verify
from tests.test_recordings_recorder import CALL_ID, Recorder, voice

DIED = 77
"""Exit status of a worker that was killed by the test."""


class DyingDisk(Disk):
    """Kills its process before the nth change, as a power cut would: nothing is cleaned up."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def _step(self) -> None:
        if self._steps == 0:
            os._exit(DIED)
        self._steps -= 1

    def make_folder(self, folder: Path) -> None:
        self._step()
        super().make_folder(folder)

    def create(self, path: Path) -> int:
        self._step()
        return super().create(path)

    def sync(self, path: Path) -> None:
        self._step()
        super().sync(path)

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)

    def remove_folder(self, folder: Path) -> None:
        self._step()
        super().remove_folder(folder)


def in_a_child(act: Callable[[], object]) -> int:
    """Exit status of a process that does it: 0, DIED, or 1 for an error."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def a_call(root: Path) -> Recorder:
    recorder = Recorder(root, rate=8_000)
    recorder.leg("caller", voice(4.0, 8_000), voice(4.0, 8_000, seed=2))
    recorder.leg("seat-01", voice(2.0, 8_000, seed=2), voice(2.0, 8_000), armed=100, ended=4_000)
    return recorder


def finished_files(root: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(root)): each.read_bytes()
        for top in root.iterdir()
        if top.name != "raw"
        for each in top.rglob("*")
        if each.is_file()
    }


@pytest.mark.parametrize("keep_raw", [False, True])
def test_a_worker_killed_before_any_step_loses_nothing_and_the_next_one_makes_the_same(
    tmp_path: Path, keep_raw: bool
) -> None:
    settings = RecordingSettings(keep_raw=keep_raw)
    wanted_root = tmp_path / "wanted"
    a_call(wanted_root)
    finish(wanted_root, CALL_ID, settings)
    wanted = finished_files(wanted_root)

    for steps in count():
        root = tmp_path / str(steps)
        recorder = a_call(root)
        status = in_a_child(partial(finish, root, CALL_ID, settings, disk=DyingDisk(steps)))
        if status == 0:
            break
        assert status == DIED
        has_evidence = any(name.endswith(".json") for name in finished_files(root))
        assert recorder.untouched() or has_evidence, "raw files go only when the evidence stands"
        assert has_evidence or unfinished(root / "raw") == (CALL_ID,)
        assert State.DAMAGED not in {each.state for each in verdicts(root)}
        finish(root, CALL_ID, settings)
        assert finished_files(root) == wanted
        assert unfinished(root / "raw") == ()
        assert verify(root).ok == 1
    assert steps >= 14, "fewer changes than making folders, two files and clearing away need"


def test_a_worker_killed_while_it_encodes_leaves_the_raw_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = a_call(tmp_path)

    def die(*_: object) -> None:
        os._exit(DIED)

    with monkeypatch.context() as patch:
        patch.setattr("soundfile.SoundFile.write", die)
        assert in_a_child(lambda: finish(tmp_path, CALL_ID)) == DIED
    assert recorder.untouched()
    leftovers = [each for each in verdicts(tmp_path) if each.state is State.LEFTOVER]
    assert [each.path.name for each in leftovers] == [f".{CALL_ID}.flac.part"]
    finish(tmp_path, CALL_ID)
    assert verify(tmp_path).ok == 1 and verify(tmp_path).leftover == 0


@pytest.mark.parametrize("room", [0, 1, 4_096, 20_000])
def test_a_full_disk_is_told_by_name_and_can_be_tried_again(tmp_path: Path, room: int) -> None:
    """The kernel's own refusal, by a limit on the size of files in a child process."""
    recorder = a_call(tmp_path)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        with pytest.raises(DiskFull, match="raw files are safe"):
            finish(tmp_path, CALL_ID)

    assert in_a_child(limited) == 0
    assert recorder.untouched()
    assert finished_files(tmp_path) == {}
    finish(tmp_path, CALL_ID)
    assert verify(tmp_path).ok == 1


class FullDisk(Disk):
    """Has room for the FLAC and none for the evidence."""

    def create(self, path: Path) -> int:
        if path.name.endswith(".json.part"):
            return os.open("/dev/full", os.O_WRONLY)
        return super().create(path)


def test_a_disk_that_is_full_at_the_evidence_leaves_the_raw_files(tmp_path: Path) -> None:
    recorder = a_call(tmp_path)
    with pytest.raises(DiskFull) as caught:
        finish(tmp_path, CALL_ID, disk=FullDisk())
    assert caught.value.code == "recording_disk_full"
    assert recorder.untouched()
    finish(tmp_path, CALL_ID)
    assert verify(tmp_path).ok == 1


def test_a_device_without_room_is_told_too(tmp_path: Path) -> None:
    """`/dev/full` refuses with ENOSPC itself; the encoder alone would not tell."""

    class NoRoom(Disk):
        def create(self, path: Path) -> int:
            return os.open("/dev/full", os.O_RDWR)

    recorder = a_call(tmp_path)
    with pytest.raises(DiskFull):
        finish(tmp_path, CALL_ID, disk=NoRoom())
    assert recorder.untouched()


@pytest.mark.parametrize(
    "error", [BadCallId("../x"), NothingRecorded("1.2"), StillGrowing("a file grew"), DiskFull(28, "no room")]
)
def test_an_error_comes_whole_out_of_a_worker_process(error: Exception) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (type(error), str(error))
