"""What the journal promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from journal import (
    BadFact,
    Committed,
    Draft,
    DuplicateFact,
    Fact,
    Journal,
    JournalError,
    LogEvent,
    Own,
    Places,
    PublicKey,
    Refusal,
    Registry,
    Unit,
    UnknownType,
    fact_at,
    facts_about,
    facts_after,
    facts_named,
    facts_of,
    last_sequence,
    read_engine,
    to_erase,
    upgrade,
    verify,
    write_engine,
)
from journal.ledger import Ledger
from journal.tables import metadata
from journal.writer import Writer
from tests.journal_places import REGISTRY, START, WAIT_S, Clock, draft

pytest_plugins = ["tests.journal_fixtures"]

ROWS = MetaData()
counters = Table("counters", ROWS, Column("name", Text, primary_key=True), Column("value", Integer, nullable=False))
T = TypeVar("T")


def result(submitted: Future[Committed[T]] | Refusal) -> Committed[T]:
    assert not isinstance(submitted, Refusal)
    return submitted.result(WAIT_S)


def add_counter(url: str) -> None:
    """A table of another room, with one row."""
    engine = write_engine(url)
    with engine.begin() as connection:
        ROWS.create_all(connection)
        connection.execute(counters.insert().values(name="calls", value=0))
    engine.dispose()


@pytest.fixture
def journal(each_places: Places, clock: Clock) -> Iterator[Journal]:
    journal = Journal.open(each_places, REGISTRY, clock=clock)
    yield journal
    journal.close()


# --- migrations ------------------------------------------------------------------------------------------------------


def test_an_empty_database_is_brought_up_and_a_second_time_changes_nothing(empty_url: str) -> None:
    upgrade(empty_url)
    engine = read_engine(empty_url)
    with engine.connect() as connection:
        before = connection.execute(text("SELECT * FROM journal_head")).all()
    upgrade(empty_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM journal_head")).all() == before
    assert last_sequence(engine) == 0
    engine.dispose()


def test_two_processes_that_upgrade_at_once_end_with_one_journal(empty_url: str) -> None:
    troubles: list[BaseException] = []

    def run() -> None:
        try:
            upgrade(empty_url)
        except (SQLAlchemyError, ValueError) as error:
            troubles.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT_S)
    assert troubles == []
    assert last_sequence(read_engine(empty_url)) == 0


def test_models_and_migrations_agree(url: str) -> None:
    engine = write_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


ROOM = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "room_0001", None, ("room",), "journal_0001"
def upgrade():
    op.create_table("rooms", sa.Column("fact", sa.BigInteger, sa.ForeignKey("facts.sequence"), primary_key=True))
"""


def test_another_room_brings_its_own_tables_from_its_own_folder(empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "v0001_room.py").write_text(ROOM)
    upgrade(empty_url)
    upgrade(empty_url, [tmp_path])
    upgrade(empty_url, [tmp_path])
    engine = read_engine(empty_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM rooms")).all() == []
    engine.dispose()


def test_a_version_that_fails_leaves_nothing_behind(empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "v0001_room.py").write_text(ROOM + "    op.execute('SELECT * FROM no_such_table')\n")
    with pytest.raises(SQLAlchemyError):
        upgrade(empty_url, [tmp_path])
    engine = read_engine(empty_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    engine.dispose()


# --- facts -----------------------------------------------------------------------------------------------------------


async def test_a_fact_comes_back_as_it_was_given(journal: Journal) -> None:
    done = await journal.record(draft(1))
    assert isinstance(done, Committed)
    (fact,) = done.value
    assert done.facts == done.value
    assert fact_at(journal.reader, 1) == fact
    assert (fact.sequence, fact.id, fact.type) == (1, "fact-1", "Counted")
    assert fact.subjects == {"call": "call-1", "seat": "seat-01"}
    assert fact.body == {"number": 1, "words": "火警 é \u2028 \x00 \"'\\"}
    assert fact.personal == {"ani": "13800000001"} and not fact.erased
    assert "1380000" not in fact.text


async def test_facts_are_found_by_sequence_subject_and_type(journal: Journal) -> None:
    await journal.record(*map(draft, range(20)))
    await journal.record(Draft.of(LogEvent.CALL_START, START, subjects={"call": "call-3"}))
    assert [each.sequence for each in facts_after(journal.reader, 15)] == [16, 17, 18, 19, 20, 21]
    assert [each.sequence for each in facts_after(journal.reader, 3, most=2)] == [4, 5]
    assert [each.sequence for each in facts_about(journal.reader, "call", "call-3")] == [4, 11, 18, 21]
    assert [each.type for each in facts_of(journal.reader, LogEvent.CALL_START)] == ["CallStartLogEvent"]
    every = facts_after(journal.reader, 0)
    assert facts_named(journal.reader, [*(each.id for each in reversed(every)), "none", every[0].id]) == every
    assert facts_after(journal.reader, 21) == () and fact_at(journal.reader, 22) is None
    assert last_sequence(journal.reader) == 21


async def test_a_decided_fact_twice_is_refused_and_the_journal_goes_on(journal: Journal) -> None:
    await journal.record(draft(1))
    with pytest.raises(DuplicateFact) as caught:
        await journal.record(draft(2), draft(1))
    assert caught.value.code == "journal_duplicate_fact"
    with pytest.raises(DuplicateFact):
        await journal.record(draft(5), draft(5))
    await journal.record(draft(2))
    assert [each.id for each in facts_after(journal.reader, 0)] == ["fact-1", "fact-2"]


async def test_a_type_that_nobody_registered_is_refused(journal: Journal) -> None:
    with pytest.raises(UnknownType):
        await journal.record(draft(1, type="Conted"))
    with pytest.raises(UnknownType):
        journal.witness(draft(1, type="Conted"))
    assert last_sequence(journal.reader) == 0


# --- the unit of work ------------------------------------------------------------------------------------------------


async def test_rows_and_facts_are_committed_together_or_not_at_all(journal: Journal, each_places: Places) -> None:
    add_counter(each_places.url)

    def count(unit: Unit) -> int:
        unit.connection.execute(update(counters).values(value=counters.c.value + 1))
        value = unit.connection.scalars(select(counters.c.value)).one()
        unit.record(draft(value))
        if value == 2:
            raise RuntimeError("a bug")
        return value

    assert isinstance(done := await journal.decide(count), Committed) and done.value == 1
    with pytest.raises(RuntimeError, match="a bug"):
        await journal.decide(count)
    with journal.reader.connect() as connection:
        assert connection.scalars(select(counters.c.value)).one() == 1
    assert last_sequence(journal.reader) == 1


async def test_a_work_that_fails_does_not_take_its_group_with_it(journal: Journal) -> None:
    """Held together by a first work that waits until all others are queued."""
    go = threading.Event()

    def fail(unit: Unit) -> None:
        unit.record(draft(100))
        unit.connection.execute(text("SELECT * FROM no_such_table"))

    first = journal.submit(lambda unit: go.wait(WAIT_S))
    before = [journal.submit(lambda unit, number=number: unit.record(draft(number))) for number in (1, 2)]
    bad = journal.submit(fail)
    after = journal.submit(lambda unit: unit.record(draft(3)))
    go.set()
    for each in (first, *before, after):
        result(each)
    assert not isinstance(bad, Refusal)
    with pytest.raises(SQLAlchemyError):
        bad.result(WAIT_S)
    assert [each.id for each in facts_after(journal.reader, 0)] == ["fact-1", "fact-2", "fact-3"]


async def test_the_order_of_handing_in_is_the_order_of_sequences(journal: Journal) -> None:
    submitted = [journal.submit(lambda unit, number=number: unit.record(draft(number))) for number in range(500)]
    sequences = [result(each).facts[0].sequence for each in submitted]
    assert sequences == list(range(1, 501))
    assert [each.body["number"] for each in facts_after(journal.reader, 0)] == list(range(500))


async def test_a_full_queue_is_a_value_and_nothing_of_the_work_happens(url: str) -> None:
    writer = Writer(engine := write_engine(url), REGISTRY, queue=3)
    go, running = threading.Event(), threading.Event()

    def hold(unit: Unit) -> None:
        running.set()
        go.wait(WAIT_S)

    writer.start()
    held = writer.submit(hold)
    assert running.wait(WAIT_S)
    taken = [writer.submit(lambda unit, number=number: unit.record(draft(number))) for number in range(3)]
    assert writer.submit(lambda unit: unit.record(draft(9))) is Refusal.FULL
    go.set()
    for each in (held, *taken):
        result(each)
    writer.close()
    assert writer.submit(lambda unit: unit.record(draft(9))) is Refusal.CLOSED
    assert [each.id for each in facts_after(engine, 0)] == ["fact-0", "fact-1", "fact-2"]
    engine.dispose()


async def test_the_event_loop_runs_while_a_commit_waits(journal: Journal) -> None:
    go = threading.Event()
    waiting = asyncio.ensure_future(journal.decide(lambda unit: go.wait(WAIT_S)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    assert isinstance(await waiting, Committed)


async def test_a_decision_that_is_cancelled_before_its_turn_is_not_made(journal: Journal) -> None:
    go, running = threading.Event(), threading.Event()

    def hold(unit: Unit) -> None:
        running.set()
        go.wait(WAIT_S)

    held = journal.submit(hold)
    assert running.wait(WAIT_S)
    waiting = asyncio.ensure_future(journal.record(draft(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    result(held)
    result(journal.submit(lambda unit: unit.record(draft(2))))
    assert [each.id for each in facts_after(journal.reader, 0)] == ["fact-2"]


async def test_listeners_hear_every_fact_once_in_order_after_it_can_be_read(journal: Journal) -> None:
    heard: list[int] = []
    readable: list[bool] = []

    def listener(facts: tuple[Fact, ...]) -> None:
        heard.extend(each.sequence for each in facts)
        readable.append(last_sequence(journal.reader) >= facts[-1].sequence)

    def broken(facts: tuple[Fact, ...]) -> None:
        raise RuntimeError("a bug in a feed")

    take_off_broken = journal.listen(broken)
    take_off = journal.listen(listener)
    await asyncio.gather(*(journal.record(draft(number)) for number in range(50)))
    await journal.decide(lambda unit: None)  # listeners are told of a commit after who waited for it, before the next
    take_off_broken()
    take_off()
    await journal.record(draft(99))
    await journal.decide(lambda unit: None)
    assert heard == list(range(1, 51)) and all(readable)


# --- several writers -------------------------------------------------------------------------------------------------


def test_eight_writers_times_twenty_increments_give_160(url: str) -> None:
    add_counter(url)

    def increment(unit: Unit) -> None:
        value = unit.connection.scalars(select(counters.c.value)).one()  # read first, write later: how updates get lost
        unit.connection.execute(update(counters).values(value=value + 1))
        unit.record(Draft.of("Counted", START, body={"value": value + 1}))

    engines = [write_engine(url) for _ in range(8)]
    writers = [Writer(engine, REGISTRY) for engine in engines]
    for writer in writers:
        writer.start()
    submitted = [writer.submit(increment) for _ in range(20) for writer in writers]
    for each in submitted:
        result(each)
    for writer in writers:
        writer.close()
    with engines[0].connect() as connection:
        assert connection.scalars(select(counters.c.value)).one() == 160
    found = facts_after(engines[0], 0)
    assert [each.sequence for each in found] == list(range(1, 161))
    assert [each.body["value"] for each in found] == list(range(1, 161))
    for engine in engines:
        engine.dispose()


def test_who_has_seen_a_fact_has_seen_all_before_it(url: str) -> None:
    """A follower reads while four writers write: it never meets a gap that is filled later."""
    engines = [write_engine(url) for _ in range(4)]
    writers = [Writer(engine, REGISTRY, group=3) for engine in engines]
    for writer in writers:
        writer.start()
    submitted = [
        writer.submit(lambda unit: unit.record(Draft.of("Counted", START))) for _ in range(50) for writer in writers
    ]
    reader, seen = read_engine(url), 0
    while seen < 200:
        for each in facts_after(reader, seen, most=7):
            assert each.sequence == seen + 1
            seen = each.sequence
    for each in submitted:
        result(each)
    for writer in writers:
        writer.close()
    for engine in (*engines, reader):
        engine.dispose()


def test_a_transaction_that_is_rolled_back_leaves_no_hole(url: str) -> None:
    engine = write_engine(url)

    def record(number: int, *, keep: bool) -> None:
        with engine.connect() as connection, connection.begin() as transaction:
            ledger = Ledger(connection, REGISTRY)
            ledger.record([draft(number)])
            ledger.close()
            if not keep:
                transaction.rollback()

    record(1, keep=True)
    record(2, keep=False)
    record(3, keep=True)
    assert [(each.sequence, each.id) for each in facts_after(engine, 0)] == [(1, "fact-1"), (2, "fact-3")]
    engine.dispose()


def test_the_read_engine_cannot_write(url: str) -> None:
    engine: Engine = read_engine(url)
    with pytest.raises(SQLAlchemyError), engine.connect() as connection:
        connection.execute(text("UPDATE journal_head SET sequence = 7"))
    assert last_sequence(engine) == 0
    engine.dispose()


# --- erasing ---------------------------------------------------------------------------------------------------------


async def test_erasing_deletes_for_good_and_the_journal_stays_sound(journal: Journal, each_places: Places) -> None:
    await journal.record(*map(draft, range(10)))
    old = to_erase(journal.reader, START.replace(second=4))
    assert old == (1, 2, 3, 4)
    done = await journal.decide(lambda unit: unit.erase(old, "calls after 180 days", START))
    assert isinstance(done, Committed) and done.value.type == Own.PERSONAL_ERASED
    assert done.value.body == {"reason": "calls after 180 days", "sequences": [1, 2, 3, 4]}
    first, fifth = fact_at(journal.reader, 1), fact_at(journal.reader, 5)
    assert first and first.personal is None and first.erased
    assert fifth and fifth.personal and not fifth.erased
    with pytest.raises(BadFact):
        await journal.decide(lambda unit: unit.erase([1, 2], "again", START))
    journal.close()
    report = verify(journal.reader, PublicKey.load(each_places.public_key), each_places.heads_file)
    assert report.sound and (report.facts, report.last, report.signed, report.erased) == (11, 11, 11, 4)


def test_verification_goes_on_beside_the_writer_and_raises_no_false_alarm(each_places: Places, clock: Clock) -> None:
    """Every group is signed, for the clock runs; facts are recorded and erased while it looks again and again."""
    journal = Journal.open(each_places, REGISTRY, clock=lambda: clock.wind(11))
    ended = threading.Event()

    def write() -> None:
        for number in range(150):
            result(journal.submit(lambda unit, number=number: unit.record(draft(number))))
            if number % 10 == 9:
                last = last_sequence(journal.reader)
                old = to_erase(journal.reader, START + timedelta(days=1), most=5)
                done = result(journal.submit(lambda unit, old=old: unit.erase(old, "test", START)))
                assert done.value.sequence == last + 1
        ended.set()

    thread = threading.Thread(target=write)
    thread.start()
    engine, looks = read_engine(each_places.url), 0
    while not ended.is_set() or not looks:
        report = verify(engine, PublicKey.load(each_places.public_key), each_places.heads_file)
        assert report.findings == ()
        looks += 1
    thread.join(WAIT_S)
    journal.close()
    report = verify(engine, PublicKey.load(each_places.public_key), each_places.heads_file)
    assert report.sound and (report.facts, report.signed, report.erased) == (165, 165, 75)
    engine.dispose()


@pytest.mark.parametrize(
    "name",
    ["", "seatPaused", "Seat Paused", "SeatPausedLogEvent", "S", "A" * 65, "Séat"],
)
def test_a_name_out_of_form_is_refused(name: str) -> None:
    with pytest.raises(JournalError):
        Registry([name])
