"""The trial Asterisk: locked, checked, whole or absent."""

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.obtain import Kind, ObtainError, debian, lock, obtain, program
from telephony.obtain.lock import Lock
from telephony.obtain.trial import Trial, cache_folder
from tests.debian_mirror import LIBRARIES, Mirror, elf_file

PATIENCE_S = 60.0


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "KEYRINGS", (keyring,))
    return Mirror(tmp_path / "mirror with a space")


def asterisks(mirror: Mirror) -> list[str]:
    """What lies in the cache, apart from work in hand."""
    return sorted(path.name for path in (mirror.folder / "cache").iterdir() if path.name not in ("scratch", "busy"))


def fails_with(trial: Trial, code: str, match: str) -> None:
    with pytest.raises(ObtainError, match=match) as caught:
        trial.make()
    assert caught.value.code == code
    assert "LIANDONG_ASTERISK=" in str(caught.value)


def test_the_locked_packages_become_an_asterisk_that_starts(mirror: Mirror) -> None:
    locked = mirror.add_asterisk()
    mirror.commit(locked)
    assert mirror.trial().ready() is None
    made = mirror.trial().make()
    assert (made.kind, made.version) == (Kind.TRIAL, "22.10.1")
    assert Path(made.argv0[0]) == mirror.folder / "cache" / locked.id / "asterisk"
    assert made.has_module("app_dial")
    assert (made.modules.parents[4] / "lib").readlink() == Path("usr/lib")
    assert lock.read(mirror.folder / "cache" / locked.id / "lock.json", "amd64") == locked
    assert asterisks(mirror) == [locked.id]


def test_the_second_time_nothing_is_asked_of_the_mirror(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    first = mirror.trial().make()
    asked = mirror.asked()
    mirror.go_offline()
    assert mirror.trial().ready() == first == mirror.trial().make()
    assert mirror.asked() == asked


def test_a_package_changed_on_the_way_is_refused_and_nothing_is_left(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    with mirror.file("libc6", "2.43-7").open("ab") as file:
        file.write(b"x")
    fails_with(mirror.trial(), "asterisk-package-damaged", "libc6_2.43-7_amd64.deb: SHA-256 is")
    assert asterisks(mirror) == []
    assert not list((mirror.folder / "cache").rglob("libc6*.deb"))


def test_an_index_that_names_another_content_for_a_locked_version_is_refused(mirror: Mirror) -> None:
    locked = mirror.add_asterisk()
    mirror.commit(locked)
    mirror.describe(replace(locked.packages[2], sha256="0" * 64))
    fails_with(mirror.trial(), "asterisk-package-damaged", "libc6 2.43-7: the mirror's index says SHA-256 0000")
    assert not any(line.startswith("download") for line in mirror.asked())


def test_after_a_break_right_downloads_are_kept_and_wrong_ones_fetched_again(mirror: Mirror) -> None:
    locked = mirror.add_asterisk()
    mirror.commit(locked)
    packages = mirror.folder / "cache/scratch/amd64/packages"
    packages.mkdir(parents=True)
    for package, content in zip(locked.packages[1:], (None, b"half"), strict=True):
        target = packages / debian.file_name(package, "amd64")
        target.write_bytes(content or mirror.file(package.name, package.version).read_bytes())
    mirror.trial().make()
    assert mirror.asked()[1:] == ["download asterisk=1:22.10.1-1", "download libc6=2.43-7"]


def test_when_the_locked_versions_are_gone_the_newest_are_taken_locked_and_told(mirror: Mirror) -> None:
    committed = mirror.add_asterisk()
    path = mirror.commit(committed)
    newest = mirror.add_asterisk("22.11.0")
    said: list[str] = []
    made = mirror.trial(said).make()
    assert made.version == "22.11.0"
    own = mirror.folder / "cache" / f"newest-{committed.id}.json"
    assert lock.read(own, "amd64") == newest
    assert any(str(own) in line and "no longer has the locked packages" in line for line in said)
    mirror.go_offline()
    assert mirror.trial().ready() == made
    # A new committed lock ends the stand-in.
    lock.write(path, [Lock("amd64", committed.packages[:1])])
    assert mirror.trial().ready() is None


def test_newest_packages_that_lack_a_module_are_refused(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    mirror.add("asterisk-modules", "1:23.0.0-1", {f"{LIBRARIES}/asterisk/modules/app_dial.so": elf_file()}, "libc6")
    fails_with(mirror.trial(), "asterisk-incomplete", "lacks .*res_pjsip.so")
    assert [name for name in asterisks(mirror) if not name.startswith("newest-")] == []


def test_an_unpacked_asterisk_that_no_longer_starts_is_made_anew(mirror: Mirror) -> None:
    locked = mirror.add_asterisk()
    mirror.commit(locked)
    made = mirror.trial().make()
    (mirror.folder / "cache" / locked.id / "root" / LIBRARIES / "ld-linux-x86-64.so.2").unlink()
    said: list[str] = []
    assert mirror.trial(said).ready() is None
    assert "damaged" in said[0]
    assert mirror.trial().make() == made
    assert asterisks(mirror) == [locked.id]


def test_relocking_locks_what_the_mirror_has_now(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    newest = mirror.add_asterisk("22.11.0")
    assert mirror.trial().relock() == newest
    assert asterisks(mirror) == []


CHILD = """
import sys
from pathlib import Path
from telephony.obtain import debian
from tests.debian_mirror import Mirror
from telephony.obtain.trial import Trial
folder, keyring, path = sys.argv[1:]
debian.KEYRINGS = (Path(keyring),)
cache, committed = Path(folder) / "cache", Path(folder) / "lock.json"
environment = {"PATH": path, "HOME": folder}
made = Trial(cache, "amd64", environment, lambda text: print(text, flush=True), committed=committed).make()
print("made", made.version, flush=True)
"""


def set_up(mirror: Mirror) -> "subprocess.Popen[str]":
    arguments = (str(mirror.folder), str(debian.KEYRINGS[0]), mirror.environment["PATH"])
    command = [sys.executable, "-c", CHILD, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)


def fifo(path: Path) -> int:
    """Make a named pipe; both ends are held, so neither opening nor writing ever waits for the other side."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


def test_a_kill_while_unpacking_leaves_nothing_and_the_next_waits_for_what_outlived_it(mirror: Mirror) -> None:
    locked = mirror.add_asterisk()
    mirror.commit(locked)
    resume, pause = fifo(mirror.folder / "resume"), fifo(mirror.folder / "pause")
    first = set_up(mirror)
    assert select.select([pause], [], [], PATIENCE_S)[0], "the first set-up never came to unpacking"
    first.send_signal(signal.SIGKILL)
    assert first.wait(PATIENCE_S) == -signal.SIGKILL
    assert asterisks(mirror) == []
    assert mirror.trial().ready() is None

    # The killed one's dpkg-deb still runs and would write into what the next one makes.
    second = set_up(mirror)
    assert second.stdout and second.stdout.readline() == "Another set-up is obtaining Asterisk; waiting for it\n"
    os.write(resume, b"\n")
    said, _ = second.communicate(timeout=PATIENCE_S)
    assert said.endswith("made 22.10.1\n")
    assert asterisks(mirror) == [locked.id]
    for end in (resume, pause):
        os.close(end)


def test_two_set_ups_at_once_download_once(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    both = [set_up(mirror), set_up(mirror)]
    answers = [child.communicate(timeout=PATIENCE_S)[0] for child in both]
    assert all(answer.endswith("made 22.10.1\n") for answer in answers)
    assert mirror.asked().count("update") == 1


def test_offline_is_told_with_the_mirror_and_the_way_out(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    mirror.go_offline()
    fails_with(
        mirror.trial(), "asterisk-mirror-unreachable", "http://mirror.example/debian/: Failed to fetch: no route"
    )


def test_a_mirror_that_has_no_asterisk_is_told(mirror: Mirror) -> None:
    mirror.add("libc6", "2.43-7", {"usr/x": b""})
    with pytest.raises(ObtainError, match="no package asterisk"):
        mirror.trial().make()


def test_a_package_that_the_index_has_and_the_mirror_does_not_give_is_named(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    mirror.file("libc6", "2.43-7").unlink()
    fails_with(mirror.trial(), "asterisk-packages-gone", "did not give libc6: Version of libc6=2.43-7 was not found")


def test_a_cache_that_cannot_be_written_is_told(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    (mirror.folder / "cache").write_text("a file where a folder should be")
    fails_with(mirror.trial(), "asterisk-cache-unwritable", "XDG_CACHE_HOME names another place")


def test_a_full_disk_is_told(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    tool = mirror.folder / "bin/dpkg-deb"
    tool.write_text("#!/bin/sh\necho 'tar: x: Cannot write: No space left on device' >&2\nexit 2\n")
    fails_with(mirror.trial(), "asterisk-cache-unwritable", "No space left on device")


def test_a_lock_file_that_is_none_is_refused(mirror: Mirror) -> None:
    (mirror.folder / "lock.json").write_text('{"format": 1, "architectures": {"amd64": [{"name": "x"}]}}')
    with pytest.raises(ObtainError, match="not a lock file") as caught:
        mirror.trial().ready()
    assert caught.value.code == "asterisk-lock-unreadable"


def test_other_processors_are_told_so() -> None:
    with pytest.raises(ObtainError, match="for amd64 and arm64 only, this is riscv64") as caught:
        Trial(Path("/nowhere"), "riscv64", {}, print)
    assert caught.value.code == "asterisk-unsupported-machine"


def test_without_debians_keys_nothing_is_fetched(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "KEYRINGS", (mirror.folder / "none",))
    mirror.commit(mirror.add_asterisk())
    fails_with(mirror.trial(), "asterisk-unsupported-machine", "Debian's archive keys")
    assert mirror.asked() == []


def test_without_leave_to_download_only_the_cache_is_looked_at(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "find", lambda environment: None)
    with pytest.raises(ObtainError, match="run script/setup") as caught:
        obtain(download=False, environment=mirror.environment)
    assert caught.value.code == "asterisk-absent"
    assert mirror.asked() == []


def test_hooks_and_further_indexes_of_the_machine_stay_behind(mirror: Mirror) -> None:
    mirror.commit(mirror.add_asterisk())
    tool = mirror.folder / "bin/apt-config"
    kept = 'Acquire::http::Proxy "http://proxy.example:3128";'
    left = 'APT::Update::Post-Invoke:: "touch /x";\nAcquire::IndexTargets::deb::Contents-deb::DefaultEnabled "true";'
    tool.write_text(f"#!/bin/sh\ncat <<'E'\n{left}\n{kept}\nE\n")
    mirror.go_offline()
    with pytest.raises(ObtainError):
        mirror.trial().make()
    written = (mirror.folder / "cache/scratch/amd64/apt.conf").read_text()
    assert kept in written
    assert "Post-Invoke" not in written and "IndexTargets" not in written


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/liandong/asterisk"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/liandong/asterisk"),
        ({"HOME": "/h"}, "/h/.cache/liandong/asterisk"),
    ],
)
def test_the_cache_lies_where_the_user_wants_it(environment: dict[str, str], folder: str) -> None:
    assert cache_folder(environment) == Path(folder)


def test_the_id_of_a_lock_is_that_of_its_content(mirror: Mirror) -> None:
    locked = mirror.add_asterisk()
    assert Lock("amd64", locked.packages[::-1]).id == locked.id
    assert Lock("arm64", locked.packages).id != locked.id
    assert Lock("amd64", (replace(locked.packages[0], sha256="0"), *locked.packages[1:])).id != locked.id
