"""The state directory: its folders, its errors, and files that appear whole."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.state import State, StateError, state_error, write_file


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who isn't root: root may write everywhere."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def refused(path: Path, least_free_bytes: int = 0) -> StateError:
    with pytest.raises(StateError) as caught:
        State.open(path, least_free_bytes)
    return caught.value


def test_a_state_directory_is_made_with_its_folders_whatever_the_umask(tmp_path: Path) -> None:
    was = os.umask(0o777)
    try:
        state = State.open(tmp_path / "var", least_free_bytes=0)
    finally:
        os.umask(was)
    modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in state.path.iterdir()}
    assert modes.pop("secrets") == "0o700"
    assert modes == dict.fromkeys(("run", "log", "asterisk", "recordings"), "0o750")
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o750
    assert state.free_bytes() > 0


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    state = State.open(tmp_path / "var", least_free_bytes=0)
    state.log.chmod(0o770)
    (state.run / "x").touch()
    assert State.open(tmp_path / "var", least_free_bytes=0) == state
    assert stat.S_IMODE(state.log.stat().st_mode) == 0o770
    assert [path.name for path in state.run.iterdir()] == ["x"]


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert State.open(Path("var"), least_free_bytes=0).run == tmp_path / "var" / "run"


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    assert refused(tmp_path / "var").code == "state_is_file"
    assert str(refused(tmp_path / "var")) == f"{tmp_path}/var: a file stands where a folder is needed"
    assert refused(tmp_path / "var" / "below").code == "state_is_file"
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "log").symlink_to("nowhere")
    assert str(refused(tmp_path / "good")) == f"{tmp_path}/good/log: a file stands where a folder is needed"


def test_a_place_that_cannot_be_written_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        State.open(Path(name) / "var", least_free_bytes=0)
        (Path(name) / "var").chmod(0o755)
        with nobody():
            new, old = refused(Path(name) / "new"), refused(Path(name) / "var")
    if os.geteuid() == 0:
        assert new.code == old.code == "state_denied"
        assert str(old) == f"{name}/var/run: no permission to write here; change it, or use another --state"


def test_too_little_space_is_told_before_anything_starts(tmp_path: Path) -> None:
    error = refused(tmp_path / "var", least_free_bytes=2**60)
    assert error.code == "state_full"
    assert str(error).endswith(f"MiB of disk are free, at least {2**40} are needed")


def test_a_full_disk_is_told_in_our_words() -> None:
    error = state_error(OSError(errno.ENOSPC, "No space left on device"), Path("/var/x"))
    assert (error.code, str(error)) == ("state_full", "/var/x: the disk is full")


def test_free_space_of_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        State(tmp_path / "gone").free_bytes()


def test_a_written_file_replaces_the_old_one_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_file(tmp_path / "x", b"old")
    write_file(tmp_path / "x", b"new", 0o600)
    assert (tmp_path / "x").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(StateError):
        write_file(tmp_path / "x", b"new")
    with pytest.raises(StateError) as caught:
        write_file(tmp_path / "gone" / "x", b"new")
    assert caught.value.code == "state_broken"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_disk_that_fills_up_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_file(tmp_path / "x", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError) as caught:
        write_file(tmp_path / "x", b"new")
    assert str(caught.value) == f"{tmp_path}/x: the disk is full"
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
