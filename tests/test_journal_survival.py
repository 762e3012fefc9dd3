"""Killed writers, full disks, and readers that come and go."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from journal import (
    BadUrl,
    Committed,
    CommitUnknown,
    Draft,
    Journal,
    JournalTrouble,
    NotCommitted,
    Places,
    PublicKey,
    Refusal,
    Unit,
    facts_after,
    last_sequence,
    read_engine,
    sqlite_url,
    upgrade,
    verify,
    write_engine,
)
from journal import database as database_module
from journal.batch import Batch, Job
from journal.database import tidy
from journal.writer import Writer
from tests.journal_places import REGISTRY, START, WAIT_S, Clock, draft, until
from tests.journal_postgresql import Cluster

pytest_plugins = ["tests.journal_fixtures"]

WRITES = 200
WRITER = """
import sys
from pathlib import Path
from journal import Journal, Places
from tests.journal_places import REGISTRY, draft
journal = Journal.open(Places(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])), REGISTRY)
start = int(sys.argv[4])
for number in range(start, start + 200, 2):
    one = journal.submit(lambda unit: unit.record(draft(number)))
    two = journal.submit(lambda unit: unit.record(draft(number + 1)))
    journal.witness(draft(100_000 + number))
    for each in (one, two):
        print(each.result(30).value[0].id, flush=True)
print("all", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("after", [1, 57, 120, 199])
def test_every_acknowledged_decision_of_a_killed_writer_is_there(each_places: Places, after: int) -> None:
    """Killed once in the middle, then a second one of the same places to its end."""
    acknowledged = killed(each_places, 0, after)
    acknowledged += killed(each_places, 1_000, WRITES + 1)
    engine = read_engine(each_places.url)
    found = facts_after(engine, 0, most=10_000)
    ids = [each.id for each in found]
    decided = [each for each in acknowledged if each.startswith("fact-")]
    assert [each for each in ids if each in set(decided)] == decided
    assert len(set(ids)) == len(ids)
    assert [each.sequence for each in found] == list(range(1, len(found) + 1))
    witnessed = [each.body["number"] for each in found if each.body["number"] >= 100_000]
    assert witnessed == sorted(witnessed)
    assert verify(engine, PublicKey.load(each_places.public_key), each_places.heads_file).findings == ()
    engine.dispose()


def killed(places: Places, start: int, after: int) -> list[str]:
    """What a writer had acknowledged when it was killed, after so many lines."""
    arguments = [sys.executable, "-c", WRITER, places.url, places.spool, places.key, str(start)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
    assert process.returncode == -signal.SIGKILL
    return lines


def test_a_database_that_may_not_grow_refuses_and_goes_on_when_there_is_room(places: Places) -> None:
    upgrade(places.url)
    engine = write_engine(places.url)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    writer = Writer(engine, REGISTRY)
    writer.start()
    outcomes = []
    for number in range(200):
        submitted = writer.submit(lambda unit, number=number: unit.record(draft(number)))
        assert not isinstance(submitted, Refusal)
        error = submitted.exception(WAIT_S)
        outcomes.append(getattr(error, "code", type(error).__name__) if error else None)
    assert outcomes[0] is None and outcomes[-1] is not None
    assert len(facts_after(engine, 0)) == outcomes.count(None)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    again = writer.submit(lambda unit: unit.record(draft(999)))
    assert not isinstance(again, Refusal)
    assert again.result(WAIT_S).facts[0].sequence == outcomes.count(None) + 1
    writer.close()
    engine.dispose()


def test_a_reader_never_blocks_the_writer_nor_sees_half_a_commit(opened: Journal) -> None:
    with opened.reader.connect() as reader:
        before = reader.exec_driver_sql("SELECT count(*) FROM facts").scalar_one()
        submitted = opened.submit(lambda unit: unit.record(*map(draft, range(50))))
        assert not isinstance(submitted, Refusal)
        assert isinstance(submitted.result(WAIT_S), Committed)
        assert reader.exec_driver_sql("SELECT count(*) FROM facts").scalar_one() == before == 0
    assert last_sequence(opened.reader) == 50


def test_the_wal_is_folded_in_while_readers_come_and_go(
    places: Places, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Four readers overlap all the time, so that SQLite's own checkpoint hardly ever may begin anew."""
    monkeypatch.setattr(database_module, "WAL_BYTES", 1 << 20)
    journal = Journal.open(places, REGISTRY, clock=clock)
    stop = threading.Event()

    def read() -> None:
        seen = 0
        while not stop.is_set():
            found = facts_after(journal.reader, seen, most=200)
            seen = found[-1].sequence if found else 0

    readers = [threading.Thread(target=read) for _ in range(4)]
    for each in readers:
        each.start()
    wal, largest, written = tmp_path / "journal.db-wal", 0, 0
    body = {"text": "x" * 2_000}
    for _ in range(120):
        drafts = [Draft.of("Counted", START, body=body) for _ in range(50)]
        clock.wind(6)
        submitted = journal.submit(lambda unit, drafts=drafts: unit.record(*drafts))
        assert not isinstance(submitted, Refusal)
        submitted.result(WAIT_S)
        written += 50 * 2_000
        largest = max(largest, wal.stat().st_size)
    stop.set()
    for each in readers:
        each.join(WAIT_S)
    journal.close()
    assert written == 12_000_000
    assert largest < 10_000_000
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_reader_that_stays_in_its_transaction_delays_the_folding_but_not_the_writer(places: Places) -> None:
    upgrade(places.url)
    engine, reader = write_engine(places.url), read_engine(places.url)
    writer = Writer(engine, REGISTRY)
    writer.start()
    wal = Path(f"{engine.url.database}-wal")
    with reader.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM journal_head").all()
        drafts = [Draft.of("Counted", START, body={"text": "x" * 20_000}) for _ in range(1_000)]
        submitted = writer.submit(lambda unit: unit.record(*drafts))
        assert not isinstance(submitted, Refusal)
        submitted.result(WAIT_S)
        writer.close()
        assert wal.stat().st_size > database_module.WAL_BYTES
        before = time.monotonic()
        assert not tidy(engine)
        assert time.monotonic() - before < 5.0
    assert tidy(engine)
    assert wal.stat().st_size == 0
    engine.dispose()
    reader.dispose()


def test_the_database_is_made_for_its_owner_and_group(places: Places, tmp_path: Path) -> None:
    was = os.umask(0)
    try:
        upgrade(places.url)
    finally:
        os.umask(was)
    assert oct((tmp_path / "journal.db").stat().st_mode & 0o777) == "0o640"


def test_every_pragma_that_the_promises_rest_on_is_set(places: Places) -> None:
    engine = write_engine(places.url)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5_000,
    }
    engine.dispose()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://host/name"])
def test_another_database_is_refused_by_name(url: str) -> None:
    with pytest.raises(BadUrl) as caught:
        write_engine(url)
    assert caught.value.code == "journal_bad_url"


def test_erased_personal_data_are_in_no_byte_of_the_database(places: Places, clock: Clock, tmp_path: Path) -> None:
    journal = Journal.open(places, REGISTRY, clock=clock)
    submitted = journal.submit(lambda unit: unit.record(*map(draft, range(100))))
    assert not isinstance(submitted, Refusal)
    submitted.result(WAIT_S)
    done = journal.submit(lambda unit: unit.erase(range(1, 101), "test", START))
    assert not isinstance(done, Refusal)
    done.result(WAIT_S)
    journal.close()
    assert sqlite_url(tmp_path / "journal.db") == places.url
    assert all(b"1380000" not in each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())


def test_a_connection_that_dies_costs_its_own_group_and_the_next_one_is_committed(
    postgresql: Cluster, tmp_path: Path
) -> None:
    url = postgresql.new_database()
    journal = Journal.open(Places(url, tmp_path / "spool", tmp_path / "head"), REGISTRY)

    def die(unit: Unit) -> None:
        unit.record(draft(1))
        unit.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    died = journal.submit(die)
    assert not isinstance(died, Refusal)
    assert isinstance(died.exception(WAIT_S), NotCommitted)
    alive = journal.submit(lambda unit: unit.record(draft(2)))
    assert not isinstance(alive, Refusal)
    assert alive.result(WAIT_S).facts[0].sequence == 1
    journal.close()


def committed_batch(places: Places, *, commit: bool) -> tuple[Batch, Engine]:
    """A batch of one fact whose transaction is over, one way or the other."""
    upgrade(places.url)
    engine = write_engine(places.url)
    batch = Batch([Job(lambda unit: unit.record(draft(1)), Future())], REGISTRY)
    with engine.connect() as connection, connection.begin() as transaction:
        batch.run(connection, None, START)
        if not commit:
            transaction.rollback()
    return batch, engine


LOST = DBAPIError("COMMIT", {}, OSError("connection lost"), connection_invalidated=True)


def test_after_a_lost_commit_the_database_is_asked_and_what_it_says_counts(places: Places) -> None:
    batch, engine = committed_batch(places, commit=True)
    assert batch.failure(LOST, engine) is None
    engine.dispose()


def test_after_a_lost_commit_that_did_not_happen_the_work_is_not_done(places: Places) -> None:
    batch, engine = committed_batch(places, commit=False)
    assert isinstance(batch.failure(LOST, engine), NotCommitted)
    engine.dispose()


def test_no_error_tells_what_was_to_be_written(each_places: Places, clock: Clock) -> None:
    journal = Journal.open(each_places, REGISTRY, clock=clock)

    def fail(unit: Unit) -> None:
        unit.connection.execute(text("INSERT INTO nowhere VALUES (:who)"), {"who": "张三 13800000001"})

    failed = journal.submit(fail)
    assert not isinstance(failed, Refusal)
    told = str(failed.exception(WAIT_S))
    assert "nowhere" in told
    assert "13800000001" not in told
    engine = read_engine(each_places.url)
    with pytest.raises(DBAPIError) as raised, engine.connect() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE who = :who"), {"who": "13800000001"})
    assert "13800000001" not in str(raised.value)
    engine.dispose()
    lost = DBAPIError("INSERT INTO facts VALUES (1)", {"who": "13800000001"}, OSError("no space left"))
    failure = Batch([], REGISTRY).failure(lost, engine)
    assert isinstance(failure, NotCommitted)
    assert str(failure) == "(builtins.OSError) no space left"
    journal.close()


def test_after_a_lost_commit_of_a_database_that_does_not_answer_nobody_knows(places: Places, tmp_path: Path) -> None:
    batch, engine = committed_batch(places, commit=True)
    engine.dispose()
    elsewhere = write_engine(sqlite_url(tmp_path / "no such folder" / "journal.db"))
    failure = batch.failure(LOST, elsewhere)
    assert isinstance(failure, CommitUnknown) and failure.code == "journal_commit_unknown"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_writer_is_seen_and_nobody_waits_for_ever(
    places: Places, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(places, REGISTRY, clock=clock)
    go, running = threading.Event(), threading.Event()

    def hold(unit: Unit) -> None:
        running.set()
        go.wait(WAIT_S)

    held = journal.submit(hold)
    assert running.wait(WAIT_S)
    waiting = journal.submit(lambda unit: unit.record(draft(1)))
    last = journal.submit(lambda unit: unit.record(draft(2)))
    monkeypatch.setattr(Batch, "tell", broken_once(Batch.tell))
    go.set()
    for each in (waiting, last):
        assert not isinstance(each, Refusal)
        assert isinstance(each.exception(WAIT_S), NotCommitted)
    assert not isinstance(held, Refusal)
    until(lambda: journal.submit(lambda unit: None) is Refusal.CLOSED)
    journal.close()


def broken_once(tell: Callable[[Batch, JournalTrouble | None], None]) -> Callable[[Batch, JournalTrouble | None], None]:
    """A bug that strikes the first time."""
    left = [RuntimeError("a bug")]

    def told(batch: Batch, failure: JournalTrouble | None) -> None:
        if left:
            raise left.pop()
        tell(batch, failure)

    return told
