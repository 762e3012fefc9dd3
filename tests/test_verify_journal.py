"""`liandong verify` looks at the journal, too: beside an engine that writes, on a copy, and after somebody's edits."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.state import State
from journal import Draft, Journal, Registry
from liandong.lock import Role, holding
from liandong.places import database, journal_places
from liandong.verify import verify

START = datetime(2026, 11, 23, 15, tzinfo=UTC)
ROOT = os.geteuid() == 0


class Told:
    """What a verification came to."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.lines = text.splitlines()

    @property
    def journal(self) -> str:
        """The last line."""
        return self.lines[-1]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.open(tmp_path / "v")


@pytest.fixture
def journal(state: State) -> Iterator[Journal]:
    """An engine's journal, with its lock."""
    with holding(state.run, Role.ENGINE):
        journal = Journal.open(journal_places(state), Registry(["Counted"]))
        yield journal
        journal.close()


@pytest.fixture
def closed(state: State) -> State:
    """A state directory with 40 facts, whose engine has ended."""
    with holding(state.run, Role.ENGINE):
        journal = Journal.open(journal_places(state), Registry(["Counted"]))
        write(journal, 40)
        journal.close()
    return state


def write(journal: Journal, count: int) -> None:
    for number in range(count):
        moment = START + timedelta(seconds=number)
        draft = Draft.of("Counted", moment, body={"number": number}, personal={"caller": f"138{number}"})
        submitted = journal.submit(lambda unit, draft=draft: unit.record(draft))
        assert not isinstance(submitted, str)
        submitted.result(30)


def told(state: State, capsys: pytest.CaptureFixture[str]) -> Told:
    code = verify(state.path)
    return Told(code, capsys.readouterr().out)


def edit(state: State, statement: str) -> None:
    with sqlite3.connect(database(state)) as connection:
        connection.execute(statement)
    connection.close()


def files(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_centre_that_never_had_an_engine_has_no_journal_and_is_judged_by_its_recordings(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(state, capsys).lines == ["recordings: 0 ok, 0 damaged, 0 not finished yet", "journal: none yet"]
    day = state.recordings / "2026" / "11" / "23"
    day.mkdir(parents=True)
    (day / "x-1.1.json").write_text("{}")
    damaged = told(state, capsys)
    assert (damaged.code, damaged.journal) == (1, "journal: none yet")


def test_an_engine_that_died_in_the_middle_of_its_first_start_leaves_no_journal(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    database(state).parent.mkdir()
    database(state).touch()
    assert told(state, capsys).journal == "journal: none yet"


def test_a_journal_that_is_whole_is_told_with_its_last_signed_fact(
    closed: State, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = told(closed, capsys)
    assert (whole.code, whole.journal) == (0, "journal: 40 facts ok, signed until 40")


def test_erased_personal_data_are_told_and_are_no_damage(
    state: State, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    write(journal, 5)
    submitted = journal.submit(lambda unit: unit.erase([2, 3], "retention", START))
    assert not isinstance(submitted, str)
    submitted.result(30)
    assert told(state, capsys).journal.startswith("journal: 6 facts ok, signed until ")
    assert told(state, capsys).journal.endswith(", personal data of 2 erased")


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE facts SET text = replace(text, '\"number\":6', '\"number\":7') WHERE sequence = 7", "fact 7: edited"),
        ("DELETE FROM fact_personal WHERE sequence = 9", "fact 9: personal_missing"),
        ("DELETE FROM signed_heads", "head_removed"),
        ("UPDATE journal_head SET sequence = 39", "fact 40: head_edited"),
    ],
    ids=["a fact", "a caller's number", "the heads", "the end"],
)
def test_each_finding_is_told_with_its_fact(
    closed: State, statement: str, finding: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(closed, statement)
    unsound = told(closed, capsys)
    assert unsound.code == 1
    assert any(line.startswith("damaged: journal: ") and finding in line for line in unsound.lines), unsound.lines
    assert "facts, " in unsound.journal


def test_a_database_that_is_gone_is_found_by_its_signed_heads(
    closed: State, capsys: pytest.CaptureFixture[str]
) -> None:
    database(closed).unlink()
    assert told(closed, capsys).lines[-1] == f"damaged: {database(closed)}: is gone; heads are signed until 40"
    assert told(closed, capsys).code == 1


def test_a_database_that_was_emptied_is_found_by_its_signed_heads(
    closed: State, capsys: pytest.CaptureFixture[str]
) -> None:
    database(closed).write_bytes(b"")
    assert told(closed, capsys).code == 1


def test_a_database_that_is_rubbish_is_told_in_one_line(closed: State, capsys: pytest.CaptureFixture[str]) -> None:
    database(closed).write_bytes(os.urandom(20_000))
    unsound = told(closed, capsys)
    assert unsound.code == 1
    assert len(unsound.lines) == 2
    assert unsound.lines[1].startswith(f"damaged: {database(closed)}: ")


def test_without_the_public_key_nothing_is_proved(closed: State, capsys: pytest.CaptureFixture[str]) -> None:
    journal_places(closed).public_key.unlink()
    unsound = told(closed, capsys)
    assert unsound.code == 1
    assert "journal-key.pub: is gone" in unsound.journal


def test_beside_an_engine_that_writes_there_is_no_false_alarm(
    state: State, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            write(journal, 5)

    writing = threading.Thread(target=go_on)
    writing.start()
    try:
        seen = [told(state, capsys) for _ in range(15)]
    finally:
        over.set()
        writing.join()
    assert [each.lines for each in seen if each.code] == []
    assert "journal: 0 facts" not in seen[-1].journal


def test_an_engine_that_begins_to_write_in_the_middle_is_no_false_alarm(
    closed: State, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from liandong import verify as module

    looks = 0
    first_look = module._verify

    def look(folder: State) -> object:
        nonlocal looks
        looks += 1
        if looks > 1:
            return first_look(folder)
        edit(closed, "UPDATE journal_head SET sequence = 39")
        try:
            return first_look(folder)
        finally:
            edit(closed, "UPDATE journal_head SET sequence = 40")
            lock.__enter__()

    lock = holding(closed.run, Role.ENGINE)
    monkeypatch.setattr(module, "_verify", look)
    assert told(closed, capsys).journal == "journal: 40 facts ok, signed until 40"
    assert looks == 2
    lock.__exit__(None, None, None)


def test_a_copy_is_verified_and_nothing_is_changed_in_it(
    closed: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(closed.path, copy)
    before = files(copy)
    assert told(State(copy), capsys).journal == "journal: 40 facts ok, signed until 40"
    assert files(copy) == before


def test_what_an_engine_that_was_killed_has_not_folded_in_is_read_as_well(
    state: State, journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(journal, 30)
    copy = tmp_path / "copy"
    shutil.copytree(state.path, copy)
    assert (copy / "journal" / "journal.db-wal").stat().st_size > 0
    assert told(State(copy), capsys).journal.startswith("journal: 30 facts ok, signed until ")


@pytest.mark.skipif(not ROOT, reason="only root can mount a folder read-only, so that is NOT PROVED here")
@pytest.mark.parametrize("killed", [False, True], ids=["ended", "killed"])
def test_a_copy_that_cannot_be_written_is_verified(
    state: State, journal: Journal, tmp_path: Path, killed: bool
) -> None:
    write(journal, 30)
    if not killed:
        journal.close()
    copy = tmp_path / "copy"
    shutil.copytree(state.path, copy)
    read_only = f'mount --bind {copy} {copy} && mount -o remount,ro,bind {copy} && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", read_only, "sh", sys.executable, "-m", "liandong.command"]
    run = subprocess.run([*command, "verify", "--state", copy], capture_output=True, text=True, timeout=60)
    assert run.stdout.splitlines()[1].startswith("journal: 30 facts ok, signed until "), run
    assert run.returncode == 0
