"""Generated secrets: made once, kept from others, never shown."""

import multiprocessing
import os
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from config.secret import ALPHABET, LENGTH, Secret, Secrets
from config.state import State, StateError

NAMES = [f"race-{number}" for number in range(40)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return State.open(tmp_path / "var", least_free_bytes=0).secrets


def refused(folder: Path, name: str = "ami") -> StateError:
    with pytest.raises(StateError) as caught:
        Secrets(folder).get_or_make(name)
    return caught.value


def test_a_secret_is_made_once_and_found_again(folder: Path) -> None:
    first = Secrets(folder).get_or_make("ami")
    assert len(first.reveal()) == LENGTH
    assert set(first.reveal()) <= set(ALPHABET)
    assert Secrets(folder).get_or_make("ami") == first == Secrets(folder).get("ami")
    assert Secrets(folder).get_or_make("sip-1") != first


def test_length_and_letters_can_be_asked_for(folder: Path) -> None:
    pin = Secrets(folder).get_or_make("pin", length=6, alphabet="0123456789").reveal()
    assert len(pin) == 6
    assert pin.isdigit()


def test_only_the_owner_can_read_it_whatever_the_umask(folder: Path) -> None:
    was = os.umask(0)
    try:
        Secrets(folder).get_or_make("ami")
    finally:
        os.umask(was)
    assert stat.S_IMODE((folder / "ami").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["ami"], "no temporary file is left"


def test_a_secret_is_not_shown_by_printing_formatting_or_an_error() -> None:
    secret = Secret("hush")
    assert "hush" not in f"{secret} {secret!r} {secret!s} {[secret]} {StateError('x', str(secret))}"
    assert secret == Secret("hush")
    assert secret != Secret("hash")
    assert secret != "hush"
    assert len({secret, Secret("hush")}) == 1


@pytest.mark.parametrize(("mode", "told"), [(0o640, "640"), (0o604, "604"), (0o620, "620")])
def test_a_file_that_lets_others_in_is_refused(folder: Path, mode: int, told: str) -> None:
    (folder / "ami").write_text("hush")
    (folder / "ami").chmod(mode)
    error = refused(folder)
    assert error.code == "secret_unsafe"
    assert str(error) == f"{folder}/ami: mode {told} lets others in; chmod 600 it"
    assert (folder / "ami").read_text() == "hush"


def test_a_folder_that_lets_others_in_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    assert str(refused(folder)) == f"{folder}: mode 755 lets others in; chmod 700 it"
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(folder: Path) -> None:
    Secrets(folder).get_or_make("ami")
    os.chown(folder / "ami", 65534, 65534)
    error = refused(folder)
    assert error.code == "secret_unsafe"
    assert str(error) == f"{folder}/ami: belongs to user 65534, not to 0"


@pytest.mark.parametrize("data", [b"", b"\n", b"a\nb", b"\xff\xfe", b"a\0", b"x" * 5000])
def test_a_file_that_holds_no_secret_is_refused_and_kept(folder: Path, data: bytes) -> None:
    (folder / "ami").write_bytes(data)
    (folder / "ami").chmod(0o600)
    error = refused(folder)
    assert error.code == "secret_broken"
    assert str(error) == f"{folder}/ami: holds no secret (one line of text); remove it to make one"
    assert (folder / "ami").read_bytes() == data


def test_an_operators_own_secret_is_taken_without_its_line_end(folder: Path) -> None:
    (folder / "ami").write_text("my own\n")
    (folder / "ami").chmod(0o600)
    assert Secrets(folder).get_or_make("ami").reveal() == "my own"


def test_links_folders_and_pipes_are_no_secrets(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "dir").mkdir(0o700)
    os.mkfifo(folder / "pipe", 0o600)
    assert str(refused(folder, "link")) == f"{folder}/link: this is a link, not a file"
    assert str(refused(folder, "dangling")) == f"{folder}/dangling: this is a link, not a file"
    assert str(refused(folder, "dir")) == f"{folder}/dir: this is not a file"
    assert str(refused(folder, "pipe")) == f"{folder}/pipe: this is not a file"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "A", "a" * 99])
def test_a_name_cannot_lead_out_of_the_folder(folder: Path, name: str) -> None:
    assert refused(folder, name).code == "secret_name"


def test_asking_for_one_that_is_not_there_says_so(folder: Path) -> None:
    with pytest.raises(StateError) as caught:
        Secrets(folder).get("ami")
    assert caught.value.code == "secret_missing"


def _make_all(folder: Path, ready: Barrier, told: "multiprocessing.Queue[list[str]]") -> None:
    store = Secrets(folder)
    values = []
    for name in NAMES:
        ready.wait(60)
        values.append(store.get_or_make(name).reveal())
    told.put(values)


def test_processes_that_make_the_same_secret_at_once_end_with_one_value(folder: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, told = spawn.Barrier(4), spawn.Queue()
    processes = [spawn.Process(target=_make_all, args=(folder, ready, told)) for _ in range(4)]
    for process in processes:
        process.start()
    answers = [told.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) == len(NAMES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
